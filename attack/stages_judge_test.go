package attack

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// judge looks at the whole log and bundle.
func (s *stages) judge(n network, excluded map[draw.EntrantID]bool) {
	t, d := s.t, s.d
	conn, _ := d.staff()
	defer conn.Close()
	var logged []string
	for next := int64(0); next > 0 || len(logged) == 0; {
		page, err := fairlotv1.NewLogServiceClient(conn).ListRecords(context.Background(), &fairlotv1.ListRecordsRequest{Start: next, PageSize: 100})
		if err != nil {
			t.Fatal(err)
		}
		logged, next = append(logged, page.Records...), page.NextStart
	}
	seen, amends := map[string]int{}, map[int64]int{}
	for _, text := range logged {
		r, err := draw.ParseRecord([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		about, n := r.About()
		if a, ok := r.(*draw.Amend); ok {
			amends[int64(a.Round)]++
		} else if about == s.c.open {
			seen[fmt.Sprintf("%s %d", r.Kind(), n)]++
		}
	}
	for round, k := range amends {
		if k != 1 {
			s.fault("round %d was logged %d times", round, k)
		}
	}
	for round := range s.logged {
		if amends[round] == 0 {
			s.fault("round %d was acknowledged and is not in the log", round)
		}
	}
	for i := 1; i <= 3; i++ {
		for _, kind := range []string{"close", "result", "opened"} {
			if k := seen[fmt.Sprintf("%s %d", kind, i)]; k != 1 {
				s.fault("%d records %s of draw %d", k, kind, i)
			}
		}
	}
	won := map[string]int{}
	var rounds []uint64
	for i := 1; i <= 3; i++ {
		x, err := fairlotv1.NewDrawServiceClient(conn).GetDraw(context.Background(), &fairlotv1.GetDrawRequest{Name: fmt.Sprintf("%s/draws/%d", s.c.name, i)})
		if err != nil {
			t.Fatal(err)
		}
		rounds = append(rounds, uint64(x.Round))
		for _, seat := range x.Seats {
			id, _ := hex.DecodeString(seat.EntryId)
			if excluded[draw.EntrantID(id)] {
				s.fault("who is excluded is ranked in draw %d", i)
			}
			if seat.Tier > 0 && seat.Vacated == "" {
				if won[seat.EntryId]++; won[seat.EntryId] > 1 {
					s.fault("one entrant won again in draw %d", i)
				}
			}
		}
	}
	if len(won) != 7 {
		s.fault("%d winners", len(won))
	}
	file := s.c.bundle()
	python := []string{"python3", "-B", "../spec/verify.py", file}
	for _, round := range rounds {
		sig, err := n.ask(n.relays[0], round)
		if err != nil {
			t.Fatal(err)
		}
		python = append(python, "--known", fmt.Sprintf("%x:%d:%s", n.chain.Hash, round, hex.EncodeToString(sig[:])))
	}
	for _, run := range [][]string{{tool.built(t), "verify", file}, {"node", "../web/verify.mjs", file}, python} {
		program, err := exec.LookPath(run[0])
		if err != nil {
			t.Logf("NOT VERIFIED BY %s, which is not here", run[0])
			continue
		}
		out, _ := exec.Command(program, run[1:]...).CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if last := lines[len(lines)-1]; !strings.HasPrefix(last, "verify: ok (") {
			s.fault("%s: %s", filepath.Base(run[0]), last)
		} else {
			t.Logf("%s: %s", filepath.Base(run[0]), last)
		}
	}
}

// refuses wants that what comes too late, or from who may not, is refused with a reason and leaves nothing behind, and that what is done again is the same.
func (s *stages) refuses() {
	d := s.doors[0]
	chen, done := s.with(context.Background(), d, "officer", "Chen")
	defer done()
	wu, done2 := s.with(context.Background(), d, "notifier", "Wu")
	defer done2()
	campaigns, draws := fairlotv1.NewCampaignServiceClient(chen.conn), fairlotv1.NewDrawServiceClient(chen.conn)
	state := func() string {
		a, err := fairlotv1.NewApprovalServiceClient(chen.conn).ListApprovals(chen.ctx, &fairlotv1.ListApprovalsRequest{All: true, PageSize: 100})
		x, err2 := campaigns.GetCampaign(chen.ctx, &fairlotv1.GetCampaignRequest{Name: s.draft})
		y, err3 := campaigns.GetCampaign(chen.ctx, &fairlotv1.GetCampaignRequest{Name: s.c.name})
		head, err4 := fairlotv1.NewLogServiceClient(chen.conn).GetCheckpoint(chen.ctx, &fairlotv1.GetCheckpointRequest{})
		if err := errors.Join(err, err2, err3, err4); err != nil {
			s.t.Fatal(err)
		}
		size := strings.Split(head.Note, "\n")[1]
		return fmt.Sprintf("%d approvals, list %s, campaign %s with list %s, log of %s", len(a.Approvals), x.Excluded.GetHash(), y.State, y.Excluded.GetHash(), size)
	}
	if err := within(20*time.Second, func() error { return s.cosign(chen.ctx, d) }); err != nil { // no amend waits
		s.fault("cosign: %v", err)
	}
	was := state()
	list, hour := s.lists[s.set], timestamppb.New(time.Now().Add(time.Hour))
	set := func(who caller, name string, list []byte) error {
		_, err := campaigns.SetExclusionList(who.ctx, &fairlotv1.SetExclusionListRequest{Name: name, List: slices.Clone(list)})
		return err
	}
	amend := func(who caller, name string, at *timestamppb.Timestamp) error {
		_, err := draws.AmendDraw(who.ctx, &fairlotv1.AmendDrawRequest{Name: name + "/draws/1", DrawTime: at})
		return err
	}
	sample := func(who caller, name string) error {
		_, err := draws.PrepareRelease(who.ctx, &fairlotv1.PrepareReleaseRequest{Name: name + "/draws/1", Purpose: fairlotv1.ReleasePurpose_RELEASE_PURPOSE_AUDIT, AcceptUnproven: true})
		return err
	}
	forged := func(method, path string) error {
		req, err := http.NewRequest(method, "http://"+d.http+"/v1/"+path, strings.NewReader("{}"))
		if err != nil {
			return err
		}
		for _, h := range []string{"Authorization", "Grpc-Metadata-Authorization"} {
			req.Header.Set(h, "Bearer "+d.tokens["officer Chen"])
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode < 400 {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		return errors.Join(errors.New(string(b)), err)
	}
	crlf := bytes.ReplaceAll(list, []byte("\n"), []byte("\r\n"))
	for _, x := range []struct {
		what, says string
		try        func() error
	}{
		{"a list after the opening", "cannot change", func() error { return set(chen, s.c.name, list) }},
		{"a list from a notifier", "somebody who is editor or officer", func() error { return set(wu, s.draft, list) }},
		{"a list with CRLF", "make one with `fairlot exclusion new`", func() error { return set(chen, s.draft, crlf) }},
		{"a list with a byte order mark", "make one with `fairlot exclusion new`", func() error { return set(chen, s.draft, append([]byte("\ufeff"), list...)) }},
		{"a person twice", "on it twice", func() error { return set(chen, s.draft, append(slices.Clone(list), list[65:]...)) }},
		{"a list of one line without end", "the end of the list is missing", func() error {
			return set(chen, s.draft, append(slices.Clone(list), bytes.Repeat([]byte("A"), 150000)...))
		}},
		{"a drawn draw put off", "has its result", func() error { return amend(chen, s.c.name, hour) }},
		{"a draw put off to the past", "only be put off to a later round", func() error { return amend(chen, s.later, timestamppb.New(time.Unix(0, 0))) }},
		{"a draw put off by years", "90 days at most", func() error { return amend(chen, s.later, timestamppb.New(time.Now().AddDate(3, 0, 0))) }},
		{"a draw put off by a notifier", "somebody who is officer", func() error { return amend(wu, s.later, hour) }},
		{"a sample that the rules do not have", "has no result", func() error { return sample(wu, s.later) }},
		{"a sample for an officer", "somebody who is notifier", func() error { return sample(chen, s.c.name) }},
		{"the draft by forged headers", "there is no campaign", func() error { return forged(http.MethodGet, s.draft) }},
		{"a close by forged headers", "does not take this method", func() error { return forged(http.MethodPost, s.c.name+":close") }},
	} {
		if err := x.try(); err == nil || !strings.Contains(err.Error(), x.says) {
			s.fault("%s: %v", x.what, err)
		}
		if now := state(); now != was {
			s.fault("%s left %s, and it was %s", x.what, now, was)
			was = now
		}
	}
	if err := errors.Join(s.c.close(), sample(wu, s.c.name)); err != nil || state() != was {
		s.fault("closed and sampled again: %v, %s", err, state())
	}
}
