package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
)

// maskedFile is what the desk notes for the list of winners.
const maskedFile = "desk.masked"

// holder is who holds a rank of the library's draw.
func (s *story) holder(ctx context.Context, rank int64) (*entry, error) {
	d, err := s.draw(ctx, s.library)
	if err != nil {
		return nil, err
	}
	for _, seat := range d.GetSeats() {
		for _, a := range s.taken {
			if seat.GetRank() == rank && seat.GetTier() > 0 && seat.GetEntryId() == a.entry.id {
				return a.entry, nil
			}
		}
	}
	return nil, fmt.Errorf("nobody holds a seat at rank %d", rank)
}

// shareBoth has two custodians share, and shows the first.
func (s *story) shareBoth(ctx context.Context, request, bundle, share string) error {
	for i := 1; i <= 2; i++ {
		args := s.shareArgs(i, request, bundle, fmt.Sprintf("custodian-%d/%s", i, share))
		r, err := s.must(ctx, args...)
		if err != nil {
			return err
		}
		if i == 1 {
			s.say.echo(shown("fairlot", args), r)
		}
	}
	return nil
}

// lostReceipt has rank 3 claim with the card alone, after somebody else tried with another's.
func (s *story) lostReceipt(ctx context.Context) error {
	const request, bundle = "claim.request", "library-survey.claim.tar"
	winner, err := s.holder(ctx, 3)
	if err != nil {
		return err
	}
	other, err := s.holder(ctx, 4)
	if err != nil {
		return err
	}
	s.say.text("The winner of rank 3 got the mail, but has lost the receipt. Nothing on the server leads from an ID card to an entry any more, so this one seat is opened: asked for, approved, counted in the log, shared by two custodians.")
	if err := s.prepare(ctx, request, bundle, "--purpose", "claim", "--rank", "3"); err != nil {
		return err
	}
	if err := s.shareBoth(ctx, request, bundle, "claim.share"); err != nil {
		return err
	}
	for _, try := range []struct {
		want int
		card *entry
	}{{1, other}, {0, winner}} {
		identity, err := protojson.Marshal(try.card.person.identity())
		if err != nil {
			return err
		}
		args := s.addressed([]string{"--token-file", notifierFile, "claim", "opened", librarySlug, "--key", notifierKey(librarySlug), "--request", request, "--bundle", bundle,
			"--share", "custodian-1/claim.share", "--share", "custodian-2/claim.share", "--identity-file", "/dev/fd/3", "--masked", maskedFile, "--yes"})
		r, err := execute(ctx, s.dir, s.env(), identity, s.tool, args...)
		if err != nil {
			return err
		}
		s.say.echo(shown("fairlot", args), r)
		if r.status != try.want {
			return fmt.Errorf("fairlot claim opened ended with status %d, want %d: %s", r.status, try.want, lastLine([]byte(r.stderr)))
		}
		for _, p := range []*entry{winner, other} {
			if id := p.person.identity(); strings.Contains(r.stdout+r.stderr, id.GetName()) || strings.Contains(r.stdout+r.stderr, id.GetIdNumber()) {
				return errors.New("fairlot claim opened prints who somebody is")
			}
		}
	}
	s.say.holds("one seat was opened for one claim; what was sealed there was compared, and shown to nobody")
	return nil
}

// taxAndList opens the one prize above the sum for tax, and prints the list of winners.
func (s *story) taxAndList(ctx context.Context) error {
	const request, bundle, out = "tax.request", "library-survey.tax.tar", "tax.csv"
	winner, err := s.holder(ctx, 1)
	if err != nil {
		return err
	}
	s.say.text("The rules say what prizes are worth. The first, NT$ 9,990, has to be reported; the vouchers of NT$ 1,000 and the bags have not, and nobody can have those winners opened for it.")
	if err := s.prepare(ctx, request, bundle, "--purpose", "tax"); err != nil {
		return err
	}
	if err := s.shareBoth(ctx, request, bundle, "tax.share"); err != nil {
		return err
	}
	if _, err := s.fairlot(ctx, 0, "release", "tax", "--key", notifierKey(librarySlug), "--request", request, "--bundle", bundle, "--share", "custodian-1/tax.share", "--share", "custodian-2/tax.share",
		"--out", out, "--yes"); err != nil {
		return err
	}
	lines, err := s.lines(out)
	if err != nil {
		return err
	}
	if id := winner.person.identity(); len(lines) != 2 || !strings.HasPrefix(lines[1], id.GetName()+",") || !strings.Contains(lines[1], ","+id.GetIdNumber()+",") || !strings.HasSuffix(strings.TrimSpace(lines[1]), ",9990") {
		return errors.New("the file for the tax office does not hold exactly the winner of the first prize")
	}
	if err := os.Remove(s.file(out)); err != nil {
		return err
	}
	s.say.text("It held one line, of the first prize, and is deleted again. The list of winners to publish has receipt numbers, and the masked names of those two who came:")
	r, err := s.fairlot(ctx, 0, "winners", "1", "--bundle", bundle, "--masked", maskedFile, "--accept-unproven")
	if err != nil {
		return err
	}
	if n := strings.Count(r.stdout, winner.id); n != 1 || !strings.Contains(r.stdout, "○") && !strings.Contains(r.stdout, "***") {
		return errors.New("the list of winners lacks the first prize, or its masked name")
	}
	s.say.holds("%d winners were opened to be told, one for tax, one for a claim: each counted in public, and no other", s.winners+1)
	return nil
}
