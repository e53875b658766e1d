package main

import (
	"bytes"
	"fmt"

	"fairlot/crypto/custody"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type claimOpened struct {
	opening  `embed:""`
	came     `embed:""`
	Campaign string `arg:"" help:"Slug or id."`
	Yes      bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (claimOpened) Help() string {
	return `For a winner who comes with the ID card alone. Which seat it is they know from the notice, or from the list by what is left of the receipt. Two persons want that one
seat opened (fairlot release prepare --purpose claim --rank N), the log counts it for everybody to see, and custodians hand over their shares. Here the identity that was
sealed at entry is opened, in memory only, and compared with the card that you type: it is shown to nobody. Then the claim is recorded. There is no --accept-unproven: it was said when the release was asked for.

Until the close a person who has lost the secret needs none of this: the desk can erase the entry (fairlot desk erase), and they enter again.

Example: fairlot claim opened autumn-reading --key notifier.key --request claim.json --bundle drawn.tar --share maria.shares --share chen.shares`
}

// Run compares, and records a claim.
func (cmd *claimOpened) Run(a *app) error {
	p, err := cmd.read(a, custody.Claim)
	if err != nil {
		return err
	}
	defer p.Files.Close()
	list, err := readMasked(cmd.Masked, p.Checked)
	if err != nil {
		return err
	}
	people, err := cmd.identities(p)
	if err != nil {
		return err
	}
	winner := people[0] // a release for a claim is of one
	defer clear(winner.Text)
	if winner.Vacated != "" {
		return fmt.Errorf("rank %d of stratum %d holds no seat any more (%s): hand nothing out", winner.Line.Rank, winner.Line.Stratum, winner.Vacated)
	}
	n := p.request.Draw
	a.prize(p.Checked, n, winner.Line)
	text, err := cmd.card(a, p.Checked)
	defer clear(text)
	if err != nil {
		return err
	}
	if !bytes.Equal(text, winner.Text) {
		return differs(text, winner.Text)
	}
	way, err := cmd.accept(a, p.Checked, n, winner.Line, text, list)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	found, name, err := a.findDraw(conn, cmd.Campaign, n)
	if err != nil {
		return err
	}
	if found.Name != "campaigns/"+p.request.Campaign.String() {
		return fmt.Errorf("%s is the request of another campaign than %s", cmd.Request, cmd.Campaign)
	}
	return a.record(conn, &fairlotv1.RecordClaimRequest{Name: name, Way: way, Stratum: int32(winner.Line.Stratum), Rank: int64(winner.Line.Rank)}, cmd.Yes, list)
}

// differs says where the card and what was sealed part, and never what was sealed.
func differs(card, sealed []byte) error {
	have, err1 := draw.ParseIdentity(card)
	want, err2 := draw.ParseIdentity(sealed)
	if err1 != nil || err2 != nil || have.IDNumber != want.IDNumber || have.IDType != want.IDType {
		return fmt.Errorf("%w (the number is another)", errNotThisCard)
	}
	return fmt.Errorf("%w (the number is the one that was sealed; something else was typed otherwise)", errNotThisCard)
}
