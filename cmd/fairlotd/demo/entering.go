package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// smallEntries is how many entries the small campaign gets, duplicates how many of them are second ones of a person.
const smallEntries, duplicates = 60, 3

// helpers is how many get a code with two chances.
const helpers = 20

// tokens makes the codes of the large campaign: one each, some with two chances, one that is withdrawn, one that expires at once.
func (s *story) tokens(ctx context.Context, entrants int) (single, double []string, k codes, err error) {
	if _, err = s.fairlot(ctx, 0, "token", "members", librarySlug, "--count", strconv.Itoa(entrants-helpers+badTokens), "--out", "library.codes"); err != nil {
		return nil, nil, k, err
	}
	if single, err = s.lines("library.codes"); err != nil {
		return nil, nil, k, err
	}
	k.spare, single = single[:badTokens], single[badTokens:]
	if _, err = s.fairlot(ctx, 0, "token", "members", librarySlug, "--count", strconv.Itoa(helpers), "--chances", "2", "--out", "helpers.codes"); err != nil {
		return nil, nil, k, err
	}
	if double, err = s.lines("helpers.codes"); err != nil {
		return nil, nil, k, err
	}
	one := func(file string, more ...string) (string, error) {
		if _, err := s.must(ctx, append([]string{"token", "members", librarySlug, "--count", "1", "--out", file}, more...)...); err != nil {
			return "", err
		}
		l, err := s.lines(file)
		if err != nil || len(l) != 1 {
			return "", errors.Join(err, fmt.Errorf("%s holds no code", file))
		}
		return l[0], nil
	}
	if k.revoked, err = one("withdrawn.code"); err != nil {
		return nil, nil, k, err
	}
	if _, err = s.must(ctx, "token", "members-revoke", librarySlug, "--codes-file", "withdrawn.code"); err != nil {
		return nil, nil, k, err
	}
	k.expires = time.Now().Add(2 * time.Second).Truncate(time.Second)
	if k.expired, err = one("expired.code", "--expires", k.expires.UTC().Format(time.RFC3339)); err != nil {
		return nil, nil, k, err
	}
	k.expires = k.expires.Add(50 * time.Millisecond)
	return single, double, k, nil
}

// enterLibrary sends the made-up entries of the large campaign, the bad ones among them.
func (s *story) enterLibrary(ctx context.Context) error {
	entrants := s.Entries - badCount
	s.say.text("Codes are handed out to members, a few with two chances for those who help in the library. %d entries come in, %d people at a time. Among them are mistakes, "+
		"and people who try twice. Every receipt is checked by whoever gets it.", s.Entries, workers)
	single, double, k, err := s.tokens(ctx, entrants)
	if err != nil {
		return err
	}
	s.say.write("\n")
	for i := range entrants {
		p := s.canary
		if i > 0 {
			q := s.people.next()
			p = &q
		}
		a := good(newEntry(p, "", respond(s.people.rng)))
		if i < len(single) {
			a.entry.token, a.entry.chances = single[i], 1
		} else {
			a.entry.token, a.entry.chances = double[i-len(single)], 2
		}
		s.taken = append(s.taken, a)
	}
	bads := s.badEntries(s.taken[1:6], k)
	queue := s.queueOf(s.taken, bads)
	if len(bads) != badCount || len(queue) != s.Entries {
		return fmt.Errorf("the story has %d entries instead of %d", len(queue), s.Entries)
	}
	early := slices.DeleteFunc(slices.Clone(queue), func(a *attempt) bool { return !a.early })
	late := slices.DeleteFunc(slices.Clone(queue), func(a *attempt) bool { return a.early })
	began := time.Now()
	if err := s.site.playAll(ctx, s.library, early, func(int) {}); err != nil {
		return err
	}
	if err := s.site.playAll(ctx, s.library, late, func(done int) { s.say.progress(len(early)+done, len(queue), "entries") }); err != nil {
		return err
	}
	took := time.Since(began)
	s.say.holds("%d entries taken in %.1f s, each durable before its receipt was signed; all %d receipts hold", entrants, took.Seconds(), entrants)
	s.say.text("Refused, each with a number and a reason for programs and a sentence for people, and nothing of it kept:")
	s.say.write("\n")
	s.refusals(bads)
	s.say.holds("%d refused as they should be; one sent twice got the same receipt twice", badCount-1)
	return nil
}

// enterSmall sends the entries of the small campaign; duplicates are answered like everybody.
func (s *story) enterSmall(ctx context.Context) error {
	s.say.text("Here nobody has a code: proof of person is `none`. If a second entry of a person were refused, anybody could find out by trying who has entered. " +
		"So a second entry gets the same answer; which one counts is said after the end.")
	var queue []*attempt
	for range smallEntries - duplicates {
		p := s.people.next()
		queue = append(queue, good(newEntry(&p, "", respondShort(s.people.rng))))
	}
	for i := range duplicates {
		again := good(newEntry(queue[i].entry.person, "", respondShort(s.people.rng)))
		again.after = queue[i]
		queue = append(queue, again)
	}
	s.first, s.second = queue[0].entry, queue[smallEntries-duplicates].entry
	if err := s.site.playAll(ctx, s.small, queue, func(int) {}); err != nil {
		return err
	}
	if s.second.id == s.first.id {
		return errors.New("a second entry got the id of the first")
	}
	s.say.text("The first and the second entry of one person, as answered:")
	for _, e := range []*entry{s.first, s.second} {
		lines := strings.Split(e.receipt, "\n")
		s.say.line("200 OK   %s   %s   %s   (nothing about chances)", cut(lines[2], 16), cut(lines[3], 20), lines[4])
	}
	status, err := s.status(ctx, s.small, s.second.id)
	if err != nil {
		return err
	}
	if status.GetCounting() != fairlotv1.EntryStatus_COUNTING_RECEIVED {
		return fmt.Errorf("before the end the status says %s", status.GetCounting())
	}
	s.say.holds("%d entries taken; before the end the status of each says only `received`", smallEntries)
	return nil
}

// status asks the public door what became of an entry.
func (s *story) status(ctx context.Context, c *campaign, id string) (*fairlotv1.EntryStatus, error) {
	var st fairlotv1.EntryStatus
	return &st, s.site.call(ctx, http.MethodGet, "/v1/campaigns/"+c.id+"/entries/"+id+":status", nil, &st)
}

// said waits a moment for the daemon to say whether an entry counts: it looks at the clock once a second.
func (s *story) said(ctx context.Context, c *campaign, id string) (*fairlotv1.EntryStatus, error) {
	for deadline := time.Now().Add(5 * time.Second); ; {
		st, err := s.status(ctx, c, id)
		if err != nil || st.GetCounting() != fairlotv1.EntryStatus_COUNTING_RECEIVED || time.Now().After(deadline) {
			return st, err
		}
		if err := until(ctx, time.Now().Add(50*time.Millisecond)); err != nil {
			return nil, err
		}
	}
}

// sayStatus is a status as people read it.
func sayStatus(st *fairlotv1.EntryStatus) string {
	words := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(st.GetCounting().String(), "COUNTING_")), "_", " ")
	if st.GetReason() != "" {
		words += " (" + st.GetReason() + ")"
	}
	return words
}
