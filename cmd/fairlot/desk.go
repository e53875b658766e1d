package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	"fairlot/cmd/fairlot/private"
	"fairlot/crypto/receipt"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type deskCmd struct {
	MoveChance deskMoveChance `cmd:"" help:"During the objection period: give the chance of a person, who shows ID card and saved receipt, to the entry of that receipt."`
}

type deskMoveChance struct {
	Campaign     string `arg:"" help:"Slug or id."`
	SavedReceipt string `required:"" placeholder:"FILE" help:"The person's saved receipt, mode 0600. Delete your copy afterwards."`
	IdentityFile string `placeholder:"FILE" help:"Identity as typed at entry, JSON of mode 0600: {\"name\":…, \"idType\":\"ID_TYPE_CITIZEN\", \"idNumber\":…}. Asked on the terminal if not given."`
}

// Help is shown below the usage.
func (deskMoveChance) Help() string {
	return `For campaigns whose proof of person is none. The answers of both entries stay where they are; only the chance moves, and the
number of such moves is public.

Example: fairlot desk move-chance autumn-reading --saved-receipt receipt.txt`
}

// Run moves a chance.
func (cmd *deskMoveChance) Run(a *app) error {
	b, err := private.Read(cmd.SavedReceipt, receipt.MaxSaved)
	if err != nil {
		return err
	}
	saved, err := receipt.ParseSaved(b)
	if err != nil {
		return fmt.Errorf("read %s: %w: the person needs the file that the page let them save", cmd.SavedReceipt, err)
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Campaign)
	if err != nil {
		return err
	}
	id, err := cmd.identity(a, c)
	if err != nil {
		return err
	}
	st, err := fairlotv1.NewEntryServiceClient(conn).MoveChance(a.ctx, &fairlotv1.MoveChanceRequest{
		Parent: c.Name, S: saved.S[:], Receipt: string(saved.Note), Identity: id, ContactCommitment: saved.Contact[:]})
	if err != nil {
		return a.explain("move chance", err)
	}
	if st.Counting == fairlotv1.EntryStatus_COUNTING_COUNTED {
		a.printf("the entry of this receipt counts now, with %s; the other entry of this person does not\n", plural(int64(st.Chances), "chance", "chances"))
	} else {
		a.printf("the entry does not count: %s\n", st.Reason)
	}
	return nil
}

// identity reads who the person is, from a file or by asking what the campaign's form asked.
func (cmd *deskMoveChance) identity(a *app, c *fairlotv1.Campaign) (*fairlotv1.Identity, error) {
	id := &fairlotv1.Identity{}
	if cmd.IdentityFile != "" {
		b, err := private.Read(cmd.IdentityFile, 8192)
		if err != nil {
			return nil, err
		}
		if err := protojson.Unmarshal(b, id); err != nil {
			// protojson quotes what it read, which is personal here.
			return nil, fmt.Errorf(`read %s: want JSON like {"name": "…", "idType": "ID_TYPE_CITIZEN", "idNumber": "…"}`, cmd.IdentityFile)
		}
		return id, nil
	}
	if !terminal(a.in) {
		return nil, usage("nobody can be asked here: give --identity-file FILE")
	}
	in := bufio.NewReader(io.LimitReader(a.in, 8192))
	ask := func(what string, to *string) error {
		fmt.Fprintf(a.errw, "%s: ", what)
		s, err := in.ReadString('\n')
		*to = strings.TrimSpace(s)
		return err
	}
	fmt.Fprintln(a.errw, "As on the card, and as typed at entry:")
	var kind string
	if err := ask("name", &id.Name); err != nil {
		return nil, err
	}
	if err := ask("citizen or resident", &kind); err != nil {
		return nil, err
	}
	id.IdType = fairlotv1.IdType(fairlotv1.IdType_value["ID_TYPE_"+strings.ToUpper(kind)])
	if id.IdType == fairlotv1.IdType_ID_TYPE_UNSPECIFIED {
		return nil, usage("want the word citizen or the word resident")
	}
	if err := ask("ID number", &id.IdNumber); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		rule fairlotv1.FieldRule
		what string
		to   *string
	}{{c.Form.GetBirth(), "date of birth, YYYY-MM-DD (empty if not given at entry)", &id.Birth}, {c.Form.GetCard(), "library card number (empty if not given at entry)", &id.Card},
		{c.Form.GetGuardian(), "guardian's name (empty if not given at entry)", &id.Guardian}} {
		if f.rule == fairlotv1.FieldRule_FIELD_RULE_UNSPECIFIED {
			continue
		}
		if err := ask(f.what, f.to); err != nil {
			return nil, err
		}
	}
	return id, nil
}
