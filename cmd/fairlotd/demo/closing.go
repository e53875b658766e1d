package demo

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// closeLibrary waits for the end, closes the large campaign, and has two custodians cosign in time.
func (s *story) closeLibrary(ctx context.Context) error {
	if left := time.Until(s.library.ends); left < 0 {
		return fmt.Errorf("entries took %s longer than planned: this machine is too busy for the story; try again", (-left).Round(time.Second))
	}
	s.say.text("Nobody ends entries by hand; the clock does, at the instant that the open record states.")
	if err := s.waitFor(ctx, "the end of entries", s.library.ends); err != nil {
		return err
	}
	p := s.people.next()
	body, err := protojson.Marshal(newEntry(&p, s.taken[0].entry.token, respond(s.people.rng)).request(s.library))
	if err != nil {
		return err
	}
	_, err = s.site.send(ctx, s.library, body)
	var late *refusal
	if !errors.As(err, &late) || late.Reason != "CAMPAIGN_ENDED" {
		return fmt.Errorf("an entry after the end was answered with: %w", errors.Join(err, errors.New("want CAMPAIGN_ENDED")))
	}
	s.say.line("an entry a moment later: %d %s", late.HTTP, late.Reason)
	s.say.line("    %s", late.Sentence)
	if err := s.closing(ctx, librarySlug, s.library); err != nil {
		return err
	}
	s.say.holds("the list was fixed and confirmed by two custodians before the beacon's round existed")
	return nil
}

// closing closes a campaign and has custodians 1 and 2 cosign its log; the third stays away.
func (s *story) closing(ctx context.Context, slug string, c *campaign) error {
	if _, err := s.fairlot(ctx, 0, "campaign", "close", slug); err != nil {
		return err
	}
	b, err := s.site.bundle(ctx, c.id)
	if err != nil {
		return err
	}
	name := slug + ".closed.tar"
	if err := s.write(name, b); err != nil {
		return err
	}
	s.say.text("The list of entries is public now: numbers and commitments, no names. Custodians download it as one file, check it on their own machines and cosign the log. " +
		"From then on nobody can present another list.")
	for i := 1; i <= 2; i++ {
		out := fmt.Sprintf("custodian-%d/%s.cosigned", i, slug)
		if _, err := s.fairlot(ctx, 0, "cosign", "--key", keyFile(i, slug), "--bundle", name, "--out", out); err != nil {
			return err
		}
		if _, err := s.fairlot(ctx, 0, "cosignature", "add", out); err != nil {
			return err
		}
	}
	d, err := s.draw(ctx, c)
	if err != nil {
		return err
	}
	if len(d.GetCosignedBy()) < 2 {
		return fmt.Errorf("the close of %s is cosigned by %d custodians, want 2", slug, len(d.GetCosignedBy()))
	}
	if late := time.Until(s.due[slug].Add(-margin * time.Second)); late < 0 {
		return fmt.Errorf("the custodians cosigned too late for the round: this machine is too busy for the story; try again")
	}
	return nil
}

// draw reads draw 1 of a campaign from the public door.
func (s *story) draw(ctx context.Context, c *campaign) (*fairlotv1.Draw, error) {
	var d fairlotv1.Draw
	return &d, s.site.call(ctx, http.MethodGet, "/v1/campaigns/"+c.id+"/draws/1", nil, &d)
}

// desk shows who counts in the small campaign, and moves a chance.
func (s *story) desk(ctx context.Context) error {
	s.say.text("Entries of the small campaign have ended too. For a while everybody can ask about their own entry, by the number on their receipt.")
	ask := func(want1, want2 fairlotv1.EntryStatus_Counting) error {
		for i, e := range []*entry{s.first, s.second} {
			st, err := s.said(ctx, s.small, e.id)
			if err != nil {
				return err
			}
			s.say.line("%s entry  %s  %s", pick(i == 0, " first", "second"), e.id, sayStatus(st))
			if want := []fairlotv1.EntryStatus_Counting{want1, want2}[i]; st.GetCounting() != want {
				return fmt.Errorf("the status is %s, want %s", st.GetCounting(), want)
			}
		}
		return nil
	}
	s.say.write("\n")
	if err := ask(fairlotv1.EntryStatus_COUNTING_COUNTED, fairlotv1.EntryStatus_COUNTING_NOT_COUNTED); err != nil {
		return err
	}
	s.say.text("Suppose the first entry was sent by somebody who knew the ID number. The person comes to the desk with the ID card and the saved receipt of the second entry. " +
		"The clerk types the identity as it stands on the card; the chance moves, the answers stay where they are.")
	if err := s.moveChance(ctx); err != nil {
		return err
	}
	s.say.write("\n")
	if err := ask(fairlotv1.EntryStatus_COUNTING_NOT_COUNTED, fairlotv1.EntryStatus_COUNTING_COUNTED); err != nil {
		return err
	}
	s.say.holds("one person, one chance, and it is where the person wants it")
	return nil
}

// drawLibrary waits for the round and draws.
func (s *story) drawLibrary(ctx context.Context) error {
	d, err := s.draw(ctx, s.library)
	if err != nil {
		return err
	}
	s.say.text("The draw uses the signature of round %d of the beacon, named when the campaign opened. Nobody could know it when the list was closed. (%s)", d.GetRound(), notProof)
	if err := s.waitFor(ctx, "the beacon's round", d.GetRoundTime().AsTime().Add(300*time.Millisecond)); err != nil {
		return err
	}
	if d, err = s.run(ctx, librarySlug, s.library); err != nil {
		return err
	}
	if n := len(d.GetSeats()); n != 19 || d.GetQuicknet() {
		return fmt.Errorf("the draw lists %d seats and alternates, want 14 and 5, on the demonstration's beacon", n)
	}
	known := map[string]bool{}
	for _, a := range s.taken {
		known[a.entry.id] = true
	}
	for _, seat := range d.GetSeats() {
		if !known[seat.GetEntryId()] {
			return errors.New("an entry was drawn that nobody sent")
		}
		if seat.GetTier() > 0 {
			s.winners++
		}
	}
	s.say.holds("14 winners and 5 alternates, every one of them an entry of which a receipt exists")
	return nil
}

// run draws draw 1 of a campaign.
func (s *story) run(ctx context.Context, slug string, c *campaign) (*fairlotv1.Draw, error) {
	if _, err := s.fairlot(ctx, 0, "draw", "run", slug, "1"); err != nil {
		return nil, err
	}
	d, err := s.draw(ctx, c)
	if err == nil && d.GetState() != fairlotv1.DrawState_DRAW_STATE_DRAWN {
		err = fmt.Errorf("the draw of %s is %s", slug, d.GetState())
	}
	return d, err
}

// closeSmall closes the small campaign after its objection period.
func (s *story) closeSmall(ctx context.Context) error {
	s.say.text("When nobody can object any more, this campaign is closed like the other.")
	if err := s.waitFor(ctx, "the end of objections", s.small.record.ObjectionsEnd.Add(100*time.Millisecond)); err != nil {
		return err
	}
	if err := s.closing(ctx, smallSlug, s.small); err != nil {
		return err
	}
	record, err := s.closeRecord(ctx, s.small)
	if err != nil {
		return err
	}
	zero := map[string]int64{}
	for _, z := range record.Zero {
		zero[z.Reason] = z.Count
	}
	if record.Entrants != smallEntries || zero["duplicate"] != duplicates-1 || zero["superseded"] != 1 {
		return fmt.Errorf("the close record counts %d entries and %v without a chance", record.Entrants, zero)
	}
	s.say.holds("the close record says it to everybody: %d entries listed, %d of them without a chance: %d second entries, %d whose chance moved at the desk", record.Entrants, duplicates, zero["duplicate"], zero["superseded"])
	return nil
}

// closeRecord reads the close record of a campaign from the public log.
func (s *story) closeRecord(ctx context.Context, c *campaign) (*draw.Close, error) {
	for start := int64(0); ; {
		var page fairlotv1.ListRecordsResponse
		if err := s.site.call(ctx, http.MethodGet, fmt.Sprintf("/v1/log/records?start=%d&pageSize=100", start), nil, &page); err != nil {
			return nil, err
		}
		for _, text := range page.GetRecords() {
			if !strings.Contains(text, "\nopen "+hex.EncodeToString(c.open[:])+"\n") {
				continue
			}
			record, err := draw.ParseRecord([]byte(text))
			if err != nil {
				return nil, err
			}
			if r, ok := record.(*draw.Close); ok {
				return r, nil
			}
		}
		if start = page.GetNextStart(); start == 0 {
			return nil, errors.New("the log has no close record of this campaign")
		}
	}
}

// drawSmall draws the small campaign and verifies it.
func (s *story) drawSmall(ctx context.Context) error {
	s.say.text("Its round comes out, and three gifts are drawn. Whoever has no chance cannot be among them.")
	if err := s.waitFor(ctx, "the beacon's round", s.due[smallSlug].Add(1300*time.Millisecond)); err != nil {
		return err
	}
	d, err := s.run(ctx, smallSlug, s.small)
	if err != nil {
		return err
	}
	for _, seat := range d.GetSeats() {
		if seat.GetEntryId() == s.first.id {
			return errors.New("an entry without a chance was drawn")
		}
	}
	b, err := s.site.bundle(ctx, s.small.id)
	if err != nil {
		return err
	}
	if err := s.write(smallSlug+".tar", b); err != nil {
		return err
	}
	return s.verify(ctx, "--quiet", smallSlug+".tar")
}

// moveChance has the desk move the chance of one person to the second entry. The identity goes through a pipe: it is in no file.
func (s *story) moveChance(ctx context.Context) error {
	const receipt = "desk.receipt.txt"
	if err := s.write(receipt, s.second.saved()); err != nil {
		return err
	}
	identity, err := protojson.Marshal(s.second.person.identity())
	if err != nil {
		return err
	}
	args := s.addressed([]string{"desk", "move-chance", smallSlug, "--saved-receipt", receipt, "--identity-file", "/dev/fd/3"})
	r, err := execute(ctx, s.dir, s.env(), identity, s.tool, args...)
	if err != nil {
		return err
	}
	s.say.echo(shown("fairlot", args), r)
	if r.status != 0 {
		return fmt.Errorf("fairlot desk move-chance ended with status %d", r.status)
	}
	return nil
}
