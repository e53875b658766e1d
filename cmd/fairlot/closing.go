package main

import (
	"fmt"
	"time"

	"fairlot/cmd/instant"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type campaignClose struct {
	Name  string `arg:"" help:"Slug or id."`
	Early bool   `help:"Ask to close a campaign without draws before the end of its entries; another officer approves it."`
}

// Help is shown below the usage.
func (campaignClose) Help() string {
	return `Repeating it does no harm. From then on the entry list is public; custodians cosign it before the deadline of each draw.

Example: fairlot campaign close autumn-reading`
}

// Run closes a campaign.
func (cmd *campaignClose) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	if cmd.Early {
		asked, err := fairlotv1.NewCampaignServiceClient(conn).CloseCampaignEarly(a.ctx, &fairlotv1.CloseCampaignEarlyRequest{Name: c.Name})
		if err != nil {
			return a.explain("close campaign "+cmd.Name+" early", err)
		}
		a.asked(asked)
		return nil
	}
	if c, err = fairlotv1.NewCampaignServiceClient(conn).CloseCampaign(a.ctx, &fairlotv1.CloseCampaignRequest{Name: c.Name}); err != nil {
		return a.explain("close campaign "+cmd.Name, err)
	}
	a.printf("%s is closed\nbundle %s\n", c.Slug, a.bundleAddress(c))
	if len(c.Draws) == 0 {
		return nil
	}
	rec, err := draw.ParseRecord([]byte(c.OpenRecord))
	if err != nil {
		return fmt.Errorf("read the open record of %s: %w", c.Slug, err)
	}
	open, ok := rec.(*draw.Open)
	if !ok {
		return fmt.Errorf("read the open record of %s: the daemon sent a record of the kind %s", c.Slug, rec.Kind())
	}
	draws, err := a.draws(conn, c)
	if err != nil {
		return err
	}
	a.next(c.Slug, open, draws)
	return nil
}

// next says what is to be done after a close, and until when.
func (a *app) next(slug string, open *draw.Open, draws []*fairlotv1.Draw) {
	void := func(i int) bool { return i < len(draws) && draws[i].State == fairlotv1.DrawState_DRAW_STATE_VOID }
	for i := range open.Draws {
		d := open.Draws[i]
		if i < len(draws) { // it may have been put off
			d.Round = uint64(draws[i].Round)
		}
		if void(i) {
			a.printf("draw %d: %s\n", i+1, voidText(draws[i], int32(open.Threshold), time.Now()))
			continue
		}
		if i < len(draws) && draws[i].WaitsFor > 0 {
			a.printf("抽獎 %d 的名單待第 %d 次抽獎定案後結束 draw %[1]d: its list leaves earlier winners out, and is closed once draw %[2]d has its result or is void; custodians must cosign that before %s\n",
				i+1, draws[i].WaitsFor, instant.Text(d.Deadline(d.Round)))
			continue
		}
		if i < len(draws) && a.missed(i+1, &d, draws[i].CosignedBy, open.Threshold) {
			continue
		}
		a.printf("draw %d: %s of %s must have cosigned before %s; the draw is due %s\n", i+1, plural(int64(open.Threshold), "custodian", "custodians"),
			fmt.Sprint(len(open.Custodians)), instant.Text(d.Deadline(d.Round)), instant.Text(draw.RoundTime(d.Beacon, d.Round)))
	}
	a.printf("next: each custodian   fairlot cosign --key FILE --bundle … --out NOTE   (with that bundle)\n" +
		"      an officer       fairlot cosignature add NOTE   (for each)\n")
	for i := range open.Draws {
		if void(i) {
			continue
		}
		a.printf("      after the round  fairlot draw run %s %d\n", slug, i+1)
	}
}

// missed says of a draw whose deadline is over how it stands, and whether it is.
func (a *app) missed(n int, d *draw.DrawRules, by []string, threshold int) bool {
	deadline := d.Deadline(d.Round)
	if !time.Now().After(deadline) {
		return false
	}
	text := cosigners(by, int32(threshold))
	if custodiansOf(by) < threshold {
		a.printf("抽獎 %d 已過副署期限，副署不足 draw %d: the deadline for cosignatures was %s; in time %s. Unless notes cosigned before it are handed in before the round, the draw is held and never confirmed from outside: tell the public\n",
			n, n, instant.Text(deadline), text)
	} else {
		a.printf("抽獎 %d 已如期副署 draw %d: cosigned in time by %s; the draw is due %s\n", n, n, text, instant.Text(draw.RoundTime(d.Beacon, d.Round)))
	}
	return true
}
