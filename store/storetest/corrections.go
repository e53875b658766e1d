package storetest

import (
	"errors"
	"fmt"
	"time"

	"fairlot/store"
)

// correction is an entry to stand in the place of another one.
func correction(of store.Entry) store.Entry {
	e := entry(of.Campaign)
	e.Tag, e.Response, e.Chances, e.Consents = of.Tag, nil, 0, nil
	return e
}

func (t *T) correct(old store.EntrantID, e store.Entry, want store.Outcome) store.EntryResult {
	t.Helper()
	r, err := t.Identity.Correct(t.ctx, clock, old, e)
	t.ok(err)
	t.same(r.Outcome, want)
	return r
}

func (t *T) notCorrected(old store.EntrantID, e store.Entry, want error) {
	t.Helper()
	_, err := t.Identity.Correct(t.ctx, clock, old, e)
	t.is(err, want)
}

func (t *T) waits(c store.CampaignID, id store.EntrantID, want store.Waiting) {
	t.Helper()
	e, err := t.Identity.Entrant(t.ctx, c, id)
	t.ok(err)
	t.same(e.Waits, want)
}

var correctionTests = []test{
	{"the new entry takes all but the response", func(t *T) {
		id := t.gate()
		old, other := entry(id), entry(id)
		t.enter(old, other)
		e := correction(old)
		e.Day = "2026-11-02"
		stranger := correction(other)
		t.notCorrected(random16(), e, store.ErrNotFound)
		t.correct(old.ID, stranger, store.OtherPerson)
		taken := correction(old)
		taken.ID = other.ID
		t.notCorrected(old.ID, taken, store.ErrExists)
		t.row(id, old.ID, "2  0")
		t.same(t.correct(old.ID, e, store.Entered).Chances, uint16(2))
		t.erased(id, old.ID, "0 superseded 0")
		t.row(id, e.ID, "2  0")
		s, err := t.Identity.Sealed(t.ctx, id, []store.EntrantID{e.ID})
		t.ok(err)
		t.same(s, []store.Sealed{{ID: e.ID, Lock: e.Lock, Identity: e.Identity, Contact: e.Contact}})
		t.same(t.correct(old.ID, e, store.Exists).Present.Person, e.Person)
		t.notCorrected(old.ID, correction(old), store.ErrConflict) // once
		t.counted(id, 1, 2, 0)
		pending, err := t.Identity.SealedResponses(t.ctx, id, 1, 1, store.EntrantID{}, 10)
		t.ok(err)
		t.same(len(pending), 2) // the old one's among them, and none of the new
		third := entry(id)
		third.Tag = old.Tag
		t.outcomes(t.enter(third), store.PersonEntered)
		again := correction(e)
		t.correct(e.ID, again, store.Entered)
		t.correct(old.ID, e, store.Exists)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateClosed, 1))
		t.correct(e.ID, again, store.Exists)
		t.correct(other.ID, correction(other), store.GateShut)
		c, err := t.Identity.Counts(t.ctx, id)
		t.ok(err)
		t.same(c.Entrants, int64(4))
		t.same(c.Zero, map[string]int64{"superseded": 2})
		t.same(c.Strata, map[uint16]int64{1: 2})
		var days int64
		for _, n := range c.Days {
			days += n
		}
		t.same(days, c.Entrants)
		t.same(c.Days["2026-11-02"], int64(1))
	}},
	{"so often, and no more", func(t *T) {
		id := t.gate()
		old, other := entry(id), entry(id)
		t.enter(old, other)
		t.correct(old.ID, correction(other), store.OtherPerson)
		first := correction(old)
		t.correct(old.ID, first, store.Entered)
		last := first
		for range store.CorrectionTries - 2 {
			next := correction(old)
			t.correct(last.ID, next, store.Entered)
			last = next
		}
		row, err := t.Identity.Entrant(t.ctx, id, last.ID)
		t.ok(err)
		t.same(row.Tries, store.CorrectionTries)
		t.correct(last.ID, correction(old), store.CorrectedOut)
		t.correct(last.ID, correction(other), store.CorrectedOut) // which tells nothing of the person
		t.correct(old.ID, first, store.Exists)
		t.row(id, last.ID, "2  0")
		guesses := race(store.CorrectionTries+5, func(int) string { // none is forgotten
			r, err := t.Identity.Correct(t.ctx, clock, other.ID, correction(entry(id)))
			return fmt.Sprint(r.Outcome, verdict(err))
		})
		want := map[string]int{fmt.Sprint(store.OtherPerson, "ok"): store.CorrectionTries, fmt.Sprint(store.CorrectedOut, "ok"): 5}
		if delete(guesses, fmt.Sprint(0, store.ErrUnavailable)); guesses[fmt.Sprint(store.OtherPerson, "ok")] > store.CorrectionTries || len(guesses) > len(want) {
			t.Fatalf("%v", guesses)
		}
	}},
	{"a duplicate stays one", func(t *T) {
		id := t.gate()
		holder, twin := entry(id), entry(id)
		twin.Tag, twin.DuplicateCounts0 = holder.Tag, true
		t.enter(holder, twin)
		a, b := correction(twin), correction(holder)
		t.same(t.correct(twin.ID, a, store.EnteredDuplicate).Chances, uint16(0))
		t.erased(id, twin.ID, "0 superseded 0")
		t.row(id, a.ID, "0 duplicate 0")
		t.correct(a.ID, correction(entry(id)), store.OtherPerson)
		t.correct(a.ID, correction(a), store.EnteredDuplicate)
		t.correct(holder.ID, b, store.Entered)
		t.row(id, b.ID, "2  0")
		t.counted(id, 1, 1, 1)
	}},
	{"neither the erased nor the late", func(t *T) {
		id := t.gate()
		gone, late := entry(id), entry(id)
		t.enter(gone, late)
		t.erase(id, gone.ID, "erased", store.ErasureDone)
		t.notCorrected(gone.ID, correction(gone), store.ErrConflict)
		e := correction(late)
		r, err := t.Identity.Correct(t.ctx, func() time.Time { return end }, late.ID, e)
		t.ok(err)
		t.same(r.Outcome, store.GateShut)
		t.row(id, late.ID, "2  0")
		_, err = t.Identity.Entrant(t.ctx, id, e.ID)
		t.is(err, store.ErrNotFound)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateEnded, 1))
		t.correct(late.ID, e, store.GateShut)
		t.row(id, late.ID, "2  0")
	}},
	{"the corrected are not erased by their old entry", func(t *T) {
		id := t.gate()
		old := entry(id)
		t.enter(old)
		e := correction(old)
		t.correct(old.ID, e, store.Entered)
		for _, tag := range []*store.Hash{nil, old.Tag} {
			_, err := t.Identity.Erase(t.ctx, id, old.ID, "erased", tag)
			t.is(err, store.ErrConflict)
		}
		t.erased(id, old.ID, "0 superseded 0")
		t.row(id, e.ID, "2  0")
		t.erase(id, e.ID, "erased", store.ErasureDone)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateClosed, 1))
		_, err := t.Identity.Erase(t.ctx, id, old.ID, "erased", nil)
		t.is(err, store.ErrConflict)
	}},
	{"erased, the corrected take their waiting response along", func(t *T) {
		id := t.gate()
		first, other, mixed := entry(id), entry(id), entry(id)
		t.enter(first, other, mixed)
		second, last := correction(first), correction(first)
		t.correct(first.ID, second, store.Entered)
		t.correct(second.ID, last, store.Entered)
		t.waits(id, last.ID, store.Waiting{ID: first.ID, Epoch: 1})
		t.erase(id, last.ID, "superseded", store.ErasureDone) // its correction was lost with a copy: the answers are not taken back
		t.counted(id, 1, 3, 0)
		y := correction(other)
		t.correct(other.ID, y, store.Entered)
		for range 2 {
			t.erase(id, y.ID, "erased", store.ErasureDone)
			t.counted(id, 1, 2, 1)
		}
		pending, err := t.Identity.SealedResponses(t.ctx, id, 1, 1, store.EntrantID{}, 10)
		t.ok(err)
		for _, p := range pending {
			t.same(p.Dropped, p.ID == other.ID)
		}
		m := correction(mixed)
		t.correct(mixed.ID, m, store.Entered)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateOpen, 2))
		t.ok(t.Identity.PutBatch(t.ctx, id, store.Batch{First: 1, Last: 1}))
		t.ok(t.Identity.ClearBatch(t.ctx, id, 1, 1))
		for _, e := range []store.EntrantID{last.ID, y.ID, m.ID} { // nothing says any more whose place they took
			t.waits(id, e, store.Waiting{})
		}
		late := correction(m)
		t.correct(m.ID, late, store.Entered)
		t.waits(id, late.ID, store.Waiting{})
		t.erase(id, late.ID, "erased", store.ErasureDone)
	}},
	{"corrected and erased while their batch is cleared", func(t *T) {
		id := t.gate()
		old, new := make([]store.Entry, 24), make([]store.Entry, 24)
		for i := range old {
			old[i] = entry(id)
			new[i] = correction(old[i])
		}
		t.enter(old...)
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateOpen, 2))
		t.ok(t.Identity.PutBatch(t.ctx, id, store.Batch{First: 1, Last: 1}))
		got := race(len(old)+1, func(i int) string {
			if i == len(old)/2 {
				return verdict(t.Identity.ClearBatch(t.ctx, id, 1, 1))
			}
			i %= len(old)
			r, err := t.Identity.Correct(t.ctx, clock, old[i].ID, new[i])
			if err == nil && i%3 == 0 {
				_, err = t.Identity.Erase(t.ctx, id, new[i].ID, "erased", nil)
			}
			return fmt.Sprint(r.Outcome, verdict(err))
		})
		for _, e := range new {
			row, err := t.Identity.Entrant(t.ctx, id, e.ID)
			if errors.Is(err, store.ErrNotFound) { // the one whose place in the race the mixing took
				continue
			}
			t.ok(err)
			if row.Waits != (store.Waiting{}) {
				t.Fatalf("%v: an entry still names whose place it took", got)
			}
		}
	}},
	{"what came back from a copy is superseded again, and its response mixed", func(t *T) {
		id := t.gate()
		old := entry(id)
		t.enter(old)
		for range 2 {
			t.erase(id, old.ID, "superseded", store.ErasureDone)
			t.erased(id, old.ID, "0 superseded 0")
		}
		t.counted(id, 1, 1, 0)
		again := entry(id)
		again.Tag = old.Tag
		t.outcomes(t.enter(again), store.Entered)
	}},
	{"corrected, erased and entered at once", func(t *T) {
		id := t.gate()
		old := entry(id)
		t.enter(old)
		got := race(7, func(i int) string {
			switch i {
			case 5:
				_, err := t.Identity.Erase(t.ctx, id, old.ID, "erased", nil)
				return "erase " + verdict(err)
			case 6:
				e := entry(id)
				e.Tag = old.Tag
				r, err := t.Identity.Enter(t.ctx, clock, []store.Entry{e})
				return fmt.Sprint("enter ", r, verdict(err))
			}
			r, err := t.Identity.Correct(t.ctx, clock, old.ID, correction(old))
			return fmt.Sprint(r.Outcome, verdict(err))
		})
		t.ok(t.Identity.MoveGate(t.ctx, id, store.GateOpen, 1, store.GateClosed, 1))
		c, err := t.Identity.Counts(t.ctx, id)
		t.ok(err)
		if c.Strata[1] > 1 || c.Entrants > 2 || c.Zero["erased"]+c.Zero["superseded"] != 1 { // of one person, never two chances
			t.Fatalf("%v: %+v", got, c)
		}
	}},
}
