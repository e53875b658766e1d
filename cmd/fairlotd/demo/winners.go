package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

const (
	requestFile = "winners.request"
	bundleFile  = librarySlug + ".tar"
)

// releaseLibrary has the notifier ask and two custodians share; one alone is not enough.
func (s *story) releaseLibrary(ctx context.Context) error {
	s.say.text("The notifier asks for the winners' contacts, an officer approves. That is logged first, in public. What comes out is still sealed: each custodian holds one share of each key.")
	if err := s.prepare(ctx, requestFile, bundleFile); err != nil {
		return err
	}
	s.say.text("Each custodian checks the draw again from the file, offline, and releases shares for these winners and nobody else. The draw rests on the demonstration's beacon, " +
		"so they must say that they accept it.")
	if _, err := s.fairlot(ctx, 0, s.shareArgs(1, requestFile, bundleFile, "custodian-1/share")...); err != nil {
		return err
	}
	s.say.text("With one share nobody can open anything:")
	if _, err := s.fairlot(ctx, 1, s.notifyArgs(requestFile, bundleFile, "custodian-1/share")...); err != nil {
		return err
	}
	if n := len(s.mail.all()); n != 0 {
		return fmt.Errorf("%d mails were sent with one share", n)
	}
	s.say.text("The second custodian shares too. The third is on holiday, and is not needed.")
	args := s.shareArgs(2, requestFile, bundleFile, "custodian-2/share")
	r, err := s.must(ctx, args...)
	if err != nil {
		return err
	}
	s.say.echo(shown("fairlot", args), result{stdout: "…\n" + lastLine([]byte(r.stdout))})
	s.say.holds("two of three custodians released %d contacts, and no other", s.winners)
	return nil
}

// prepare asks for a release and downloads the bundle that proves it, after its opened record.
func (s *story) prepare(ctx context.Context, request, bundle string, more ...string) error {
	args := []string{"--token-file", notifierFile, "release", "prepare", librarySlug, "1", "--accept-unproven", "--out", request}
	args = append(args, more...)
	asked, err := s.fairlot(ctx, 0, args...)
	if err != nil {
		return err
	}
	show := func(ctx context.Context, args ...string) (result, error) { return s.fairlot(ctx, 0, args...) }
	if err := s.approve(ctx, show, asked); err != nil {
		return err
	}
	if _, err := s.fairlot(ctx, 0, args...); err != nil {
		return err
	}
	b, err := s.site.bundle(ctx, s.library.id)
	if err != nil {
		return err
	}
	return s.write(bundle, b)
}

func (s *story) shareArgs(i int, request, bundle, out string) []string {
	return []string{"release", "share", "--key", keyFile(i, librarySlug), "--request", request + ".locks", "--bundle", bundle, "--out", out, "--accept-unproven", "--yes"}
}

func (s *story) notifyArgs(request, bundle string, shares ...string) []string {
	args := []string{"--token-file", notifierFile, "notify", "--key", notifierKey(librarySlug), "--request", request, "--bundle", bundle}
	for _, share := range shares {
		args = append(args, "--share", share)
	}
	return append(args, "--smtp", s.mail.addr, "--smtp-tls", "none", "--from", "Demo City Library <library@example.org>",
		"--campaign-url", s.site.base+"/c/"+librarySlug, "--yes")
}

// notifyLibrary sends the mails and looks at them.
func (s *story) notifyLibrary(ctx context.Context) error {
	s.say.text("The mail server of this demonstration delivers nothing; it keeps each mail in %s/, as it came (.eml) and to be read (.txt).", mailDir)
	if _, err := s.fairlot(ctx, 0, s.notifyArgs(requestFile, bundleFile, "custodian-1/share", "custodian-2/share")...); err != nil {
		return err
	}
	if err := s.oneEach(ctx, s.winners); err != nil {
		return err
	}
	s.say.text("Again, as after a mistake: nobody gets a second mail.")
	r, err := s.silent(ctx, s.notifyArgs(requestFile, bundleFile, "custodian-1/share", "custodian-2/share")...)
	if err != nil {
		return err
	}
	if r.status != 0 {
		return fmt.Errorf("fairlot notify, run again, ended with status %d", r.status)
	}
	if err := s.oneEach(ctx, s.winners); err != nil {
		return err
	}
	counts, err := s.statuses(ctx, "campaigns/"+s.library.id+"/draws/1")
	if err != nil {
		return err
	}
	if counts[fairlotv1.NotificationState_NOTIFICATION_STATE_SENT] != s.winners {
		return fmt.Errorf("the daemon knows of %d sent notices, want %d", counts[fairlotv1.NotificationState_NOTIFICATION_STATE_SENT], s.winners)
	}
	s.say.holds("%d winners, %d mails, each to one address; the daemon knows states, no address", s.winners, s.winners)
	return s.showLetter(s.mail.all()[0])
}

// oneEach asks that n mails came, to n winners who entered, one each.
func (s *story) oneEach(ctx context.Context, n int) error {
	d, err := s.draw(ctx, s.library)
	if err != nil {
		return err
	}
	people := map[string]*person{}
	for _, a := range s.taken {
		people[a.entry.id] = a.entry.person
	}
	owed := map[string]bool{}
	for _, seat := range d.GetSeats() {
		if seat.GetTier() > 0 || seat.GetVacated() != "" {
			owed[people[seat.GetEntryId()].email] = true
		}
	}
	mails := s.mail.all()
	if len(mails) != n || len(owed) != n {
		return fmt.Errorf("%d mails for %d winners, want %d", len(mails), len(owed), n)
	}
	for _, m := range mails {
		if len(m.to) != 1 || !owed[m.to[0]] {
			return fmt.Errorf("%s went to somebody who is no winner, or to several", m.file)
		}
		delete(owed, m.to[0])
	}
	return nil
}

// showLetter shows a mail without its address.
func (s *story) showLetter(m caught) error {
	b, err := os.ReadFile(filepath.Join(s.dir, mailDir, m.file))
	if err != nil {
		return err
	}
	l, err := readLetter(b)
	if err != nil {
		return fmt.Errorf("%s: %w", m.file, err)
	}
	if !strings.Contains(l.text, "165") {
		return errors.New("the mail lacks the sentence against fraud")
	}
	s.say.text("The first of them, %s/%s:", mailDir, m.file)
	s.say.write("\n")
	s.say.line("From: %s", l.from)
	s.say.line("To: (the winner's address, not shown here)")
	s.say.line("Subject: %s", l.subject)
	s.say.line("Message-ID: %s", l.messageID)
	for line := range strings.Lines(strings.TrimSpace(l.text)) {
		for _, part := range wrap(strings.TrimRight(line, "\n"), width-10) {
			s.say.line("%s", strings.TrimRight("│ "+part, " "))
		}
	}
	return nil
}

// replaceWinner vacates rank 2 and notifies the alternate who is called.
func (s *story) replaceWinner(ctx context.Context) error {
	s.say.text("The winner of rank 2 declines. The order of the alternates was fixed by the draw, so nobody chooses who moves up.")
	if _, err := s.fairlot(ctx, 0, "draw", "replace", librarySlug, "1", "--rank", "2", "--reason", "declined", "--yes"); err != nil {
		return err
	}
	d, err := s.draw(ctx, s.library)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(d.GetSeats(), func(x *fairlotv1.Seat) bool { return x.GetCalled() })
	if at < 0 || d.GetSeats()[at].GetRank() != int64(s.winners+1) || d.GetSeats()[at].GetTier() != 2 {
		return fmt.Errorf("want the first alternate, rank %d, on the seat of tier 2", s.winners+1)
	}
	const request, bundle = "alternate.request", "library-survey.replaced.tar"
	if err := s.prepare(ctx, request, bundle); err != nil {
		return err
	}
	for i := 1; i <= 2; i++ {
		r, err := s.must(ctx, s.shareArgs(i, request, bundle, fmt.Sprintf("custodian-%d/alternate.share", i))...)
		if err != nil {
			return err
		}
		if i == 1 {
			s.say.text("Custodians 1 and 2 share as before. Only the new winner's contact is opened.")
			s.say.echo(shown("fairlot", s.shareArgs(i, request, bundle, "custodian-1/alternate.share")), r)
		}
	}
	if _, err := s.fairlot(ctx, 0, s.notifyArgs(request, bundle, "custodian-1/alternate.share", "custodian-2/alternate.share")...); err != nil {
		return err
	}
	if err := s.oneEach(ctx, s.winners+1); err != nil {
		return err
	}
	s.say.holds("rank %d moved up and got a mail; nobody else moved, nobody else got one", s.winners+1)
	return nil
}

// claimPrize has rank 1 claim at the desk, after somebody else tried with the same receipt. Cards go through a pipe: they are in no file.
func (s *story) claimPrize(ctx context.Context) error {
	d, err := s.draw(ctx, s.library)
	if err != nil {
		return err
	}
	var winner, other *entry
	for _, a := range s.taken {
		if seat := d.GetSeats()[0]; a.entry.id == seat.GetEntryId() {
			winner = a.entry
		} else if other == nil {
			other = a.entry
		}
	}
	const receipt = "claim.receipt.txt"
	if err := s.write(receipt, winner.saved()); err != nil {
		return err
	}
	claim := func(want int, card *entry) error {
		identity, err := protojson.Marshal(card.person.identity())
		if err != nil {
			return err
		}
		args := s.addressed([]string{"claim", librarySlug, "1", "--saved-receipt", receipt, "--bundle", "library-survey.replaced.tar", "--identity-file", "/dev/fd/3", "--masked", maskedFile, "--accept-unproven", "--yes"})
		r, err := execute(ctx, s.dir, s.env(), identity, s.tool, args...)
		if err != nil {
			return err
		}
		s.say.echo(shown("fairlot", args), r)
		if r.status != want {
			return fmt.Errorf("fairlot claim ended with status %d, want %d: %s", r.status, want, lastLine([]byte(r.stderr)))
		}
		for _, secret := range []string{card.person.identity().GetName(), card.person.identity().GetIdNumber()} {
			if strings.Contains(r.stdout+r.stderr, secret) {
				return errors.New("fairlot claim prints who somebody is")
			}
		}
		return nil
	}
	s.say.text("The winner of rank 1 shows the saved receipt and an ID card. Somebody who found the receipt comes first, with another card.")
	for _, try := range []struct {
		want int
		card *entry
	}{{1, other}, {0, winner}, {0, winner}} {
		if err := claim(try.want, try.card); err != nil {
			return err
		}
	}
	if _, err := s.fairlot(ctx, 1, "draw", "replace", librarySlug, "1", "--rank", "1", "--reason", "unreachable", "--yes"); err != nil {
		return err
	}
	if _, err := s.fairlot(ctx, 0, "claim", "list", librarySlug, "1"); err != nil {
		return err
	}
	s.say.holds("one claim is recorded, of which the daemon was told the entry and no name, and nobody can take the seat from who has claimed it")
	return nil
}
