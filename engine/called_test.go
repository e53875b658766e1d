package engine_test

import (
	"slices"
	"testing"
	"time"

	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

// logged are the places in the log of the records about a draw that are of a kind.
func (j *jury) logged(c engine.Campaign, n int, kind string) (at []int64) {
	j.t.Helper()
	for i, b := range must(j.rooms.Registry.LogRecords(j.t.Context(), 0, 10000))(j.t) {
		r := must(draw.ParseRecord(b))(j.t)
		if open, about := r.About(); about == n && r.Kind() == kind && store.Hash(open) == c.OpenHash {
			at = append(at, int64(i))
		}
	}
	return at
}

// seated is since which record of the log each of those who hold a seat of a draw now has it: the result, or the replacement that called them.
func (j *jury) seated(c engine.Campaign, n int) map[store.EntrantID]int64 {
	j.t.Helper()
	since := map[store.EntrantID]int64{}
	seats := j.info(c, n).Seats
	records := must(j.rooms.Registry.LogRecords(j.t.Context(), 0, 10000))(j.t)
	for _, s := range seats {
		if s.Tier == 0 {
			continue
		}
		since[s.ID] = j.logged(c, n, "result")[0]
		for _, at := range j.logged(c, n, "replace") {
			if r := must(draw.ParseRecord(records[at]))(j.t).(*draw.Replace); r.Stratum == s.Stratum && int64(r.Next) == s.Rank {
				since[s.ID] = at
			}
		}
	}
	return since
}

// ids are who hold a seat.
func ids(d engine.DrawInfo) (all []store.EntrantID) {
	for _, s := range d.Seats {
		if s.Tier > 0 {
			all = append(all, s.ID)
		}
	}
	return all
}

// wantCalledSince wants that whoever of some has chances in the list of draw n and holds a seat of an earlier draw got it when the log was past the close of n, and returns how many these are.
// Some do: nothing keeps an alternate of an earlier draw from being called later, who takes part in this one or has won it.
func (j *jury) wantCalledSince(c engine.Campaign, n int, some []store.EntrantID) (called int) {
	j.t.Helper()
	closed := j.logged(c, n, "close")[0]
	for m := 1; m < n; m++ {
		for id, at := range j.seated(c, m) {
			if !slices.Contains(some, id) {
				continue
			}
			if called++; at < closed {
				j.t.Errorf("draw %d, closed at entry %d: %x has chances and holds a seat of draw %d since entry %d", n, closed, id, m, at)
			}
		}
	}
	return called
}

// TestErasedLeaveTheirSeatsFirst has the winner of a draw ask for erasure before the next list is closed: the daemon knows that the seat is given up, and that an alternate will
// hold it, so that alternate is called first and left out of that list.
func TestErasedLeaveTheirSeatsFirst(t *testing.T) { t.Parallel(); newJury(t).erasedLeaveFirst(t) }

func (j *jury) erasedLeaveFirst(t *testing.T) {
	c, all := j.staged(2)
	j.shut(c)
	j.goTo(j.info(c, 1).RoundTime.Add(time.Second))
	first := must(j.RunDraw(t.Context(), c.ID, 1))(t).Seats
	at := slices.IndexFunc(all, func(x *client) bool { return x.got.ID == first[0].ID })
	j.erase(c, all[at])
	j.pass(5*time.Second, time.Second)
	called := first[slices.IndexFunc(first, func(s engine.Seat) bool { return s.Tier == 0 })].ID
	if !slices.Contains(j.holders(c, 1), draw.EntrantID(called)) {
		t.Fatalf("%x was not called: %+v", called, j.info(c, 1))
	}
	j.wantOut(c, 2, j.holders(c, 1)...)
	if replaced, closed := j.logged(c, 1, "replace"), j.logged(c, 2, "close"); len(replaced) != 1 || len(closed) != 1 || closed[0] < replaced[0] {
		t.Errorf("replaced at %v, closed at %v", replaced, closed)
	}
}

// TestCalledAfterTheNextDraw: with earlier winners out of the second draw, whoever has won that one is still called as an alternate of the first, and holds seats of both. The order of
// alternates is strict, and the list of the second draw knew only who held a seat when it was closed.
func TestCalledAfterTheNextDraw(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	c, _ := j.staged(2, func(r *engine.Rules) { r.Draws[1].Tiers = []engine.Tier{{Count: 12, Title: engine.Texts{"en": "Pen"}}} }) // for all who are left
	j.shut(c)
	j.cosign(0, 1)
	j.hold(c, 1)
	left := j.holders(c, 1)
	j.cosign(0, 1)
	j.hold(c, 2)
	for _, rank := range []int64{1, 2} {
		j.replace(c, 1, rank)
	}
	j.wantOut(c, 2, left...)
	second := ids(j.info(c, 2))
	if called := j.wantCalledSince(c, 2, second); called != 2 || len(second) != 10 {
		t.Errorf("%d of %d winners of the second draw hold a seat of the first", called, len(second))
	}
	j.wantThree(c, 3, verify.ReasonBeacon)
}
