package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
)

// sealedOf returns what is kept sealed of an entry.
func (w *world) sealedOf(c engine.Campaign, x *client) store.Sealed {
	w.t.Helper()
	return must(w.rooms.Identity.Sealed(context.Background(), c.ID, []store.EntrantID{x.got.ID}))(w.t)[0]
}

func (w *world) wantGone(c engine.Campaign, x *client) {
	w.t.Helper()
	if s := w.sealedOf(c, x); len(s.Lock)+len(s.Identity)+len(s.Contact) > 0 {
		w.t.Errorf("envelopes of entry %x are kept", x.got.ID)
	}
}

func (w *world) erase(c engine.Campaign, x *client) engine.EntryStatus {
	w.t.Helper()
	return must(w.EraseEntry(context.Background(), c.ID, x.s))(w.t)
}

// TestEraseBeforeTheClose: listed with chances 0, counted by reason, never ranked; nothing sealed is kept, the response is not mixed, and the person
// may enter again.
func TestEraseBeforeTheClose(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(rules())
	codes := w.tokens(c, 12)
	var all []*client
	for i := range 10 {
		all = append(all, w.client(c, i, codes[i]))
		w.enter(all[i])
	}
	stranger := w.client(c, 50, "")
	_, err := w.EraseEntry(ctx, c.ID, stranger.s)
	wantReason(t, err, engine.EntryNotFound, "")
	_, err = w.EraseEntry(ctx, store.CampaignID{1}, all[3].s)
	wantReason(t, err, engine.CampaignNotFound, "")
	for range 2 {
		if s := w.erase(c, all[3]); s.Counting != engine.CountingNotCounted || s.Reason != "erased" || s.Erasure != store.ErasureDone {
			t.Errorf("erased: %+v", s)
		}
	}
	w.wantGone(c, all[3])
	_, err = w.Enter(ctx, all[3].req)
	wantReason(t, err, engine.EntryErased, "")
	again := w.client(c, 3, codes[3])
	_, err = w.Enter(ctx, again.req)
	wantReason(t, err, engine.TokenUsed, "token")
	again = w.client(c, 3, codes[10])
	again.req.Response = []byte(response(63))
	again.req.AnswerSecretHash = w.client(c, 63, "").req.AnswerSecretHash
	w.enter(again)
	desk := func(x *client, i int, note []byte) (engine.EntryStatus, error) {
		return w.EraseAtDesk(ctx, engine.EraseAtDeskRequest{Campaign: c.ID, Receipt: note, IDType: "citizen", IDNumber: idNumber(i)})
	}
	_, err = desk(all[4], 5, all[4].got.Note)
	wantReason(t, err, engine.ReceiptMismatch, "")
	_, err = desk(all[3], 3, all[3].got.Note) // already: nothing to find out
	if err != nil {
		t.Error(err)
	}
	_, err = desk(all[4], 4, append([]byte("x"), all[4].got.Note...))
	wantReason(t, err, engine.ReceiptMismatch, "")
	_, err = w.EraseAtDesk(ctx, engine.EraseAtDeskRequest{Campaign: c.ID, Receipt: all[4].got.Note, IDType: "citizen", IDNumber: "A12345678"})
	wantReason(t, err, engine.IDInvalid, "id_number")
	for range 2 {
		if s := must(desk(all[4], 4, all[4].got.Note))(t); s.Reason != "erased-at-desk" || s.Erasure != store.ErasureDone {
			t.Errorf("erased at the desk: %+v", s)
		}
	}
	w.wantGone(c, all[4])
	closed := w.mustClose(c)
	w.wantClosed(closed, 11, 2)
	w.wantAnswers(c, []int{0, 1, 2, 5, 6, 7, 8, 9, 63})
	_, err = desk(all[5], 5, all[5].got.Note)
	wantReason(t, err, engine.TooLate, "")
	records := must(w.rooms.Registry.LogRecords(ctx, 0, 100))(t)
	if text := string(records[len(records)-1]); !strings.Contains(text, "zero erased 1\nzero erased-at-desk 1\n") {
		t.Errorf("the close says\n%s", text)
	}
	if b := must(os.ReadFile(w.list("erased", c)))(t); strings.Count(string(b), "\n") != 2 {
		t.Errorf("remembered outside the rooms: %q", b)
	}
}

// TestErasureShowsNobody: with proof none an erased duplicate looks like an erased entry, before and after, and frees nobody else's chance; at the desk a
// chance that nobody holds goes to the entry of the person.
func TestErasureShowsNobody(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	c := w.open(noProof(rules()))
	first, second, other := w.client(c, 1, ""), w.client(c, 1, ""), w.client(c, 2, "")
	for _, x := range []*client{first, second, other} {
		w.enter(x)
	}
	shows := func(x *client) string {
		s := w.erase(c, x)
		s.ID = store.EntrantID{}
		r, err := w.Enter(ctx, x.req)
		return fmt.Sprintf("%+v %d %v", s, len(r.Note), err)
	}
	if a, b := shows(second), shows(other); a != b {
		t.Errorf("an erased duplicate shows\n%s\nanother\n%s", a, b)
	}
	thief := first // who entered with the number of somebody else, and takes the entry back
	w.erase(c, thief)
	owner := w.client(c, 1, "")
	w.enter(owner)
	squatted := w.client(c, 2, "")
	w.enter(squatted) // the number is free again
	w.setClock(c.Rules.EntriesEnd.Add(time.Second))
	for _, x := range []*client{owner, squatted} {
		if s := must(w.EntryStatus(ctx, c.ID, x.got.ID))(t); s.Counting != engine.CountingReceived && s.Counting != engine.CountingCounted {
			t.Errorf("%+v", s)
		}
	}
	w.wantClosed(w.mustClose(c), 5, 3)
}

// TestChanceNobodyHolds: whoever had taken a person's chance and was erased leaves it to the person, at the desk.
func TestChanceNobodyHolds(t *testing.T) {
	w := newWorld(t)
	c := w.open(noProof(rules()))
	thief, owner := w.client(c, 1, ""), w.client(c, 1, "")
	w.enter(thief)
	w.enter(owner)
	w.setClock(c.Rules.EntriesEnd.Add(time.Second))
	w.erase(c, thief)
	s := must(w.MoveChance(context.Background(), engine.MoveChanceRequest{Campaign: c.ID, S: owner.s, Receipt: owner.got.Note,
		Identity: *owner.req.Identity, ContactCommitment: [32]byte(owner.got.ContactCommitment)}))(t)
	if s.Counting != engine.CountingCounted || s.Chances != 1 {
		t.Errorf("%+v", s)
	}
	w.wantClosed(w.mustClose(c), 2, 1)
}

// drawnWith takes a campaign of n entrants to its result, and returns them by the rank they hold.
func (k *clockwork) drawnWith(n int) (engine.Campaign, map[int64]*client, []*client) {
	k.t.Helper()
	c := k.open(k.timed())
	var all []*client
	for i := range n {
		all = append(all, k.client(c, i, ""))
		k.enter(all[i])
	}
	k.drawn(c)
	return c, k.ranks(c, all), all
}

func (k *clockwork) ranks(c engine.Campaign, all []*client) map[int64]*client {
	k.t.Helper()
	by := map[int64]*client{}
	for _, s := range must(k.Draw(context.Background(), c.ID, 1))(k.t).Seats {
		for _, x := range all {
			if x.got.ID == s.ID {
				by[s.Rank] = x
			}
		}
	}
	return by
}

// seatsOf says of each rank what became of it.
func (k *clockwork) seatsOf(c engine.Campaign) string {
	k.t.Helper()
	var out []string
	for _, s := range must(k.Draw(context.Background(), c.ID, 1))(k.t).Seats {
		out = append(out, fmt.Sprintf("%d:%d%s", s.Rank, s.Tier, s.Vacated))
	}
	return strings.Join(out, " ")
}

// TestErasureWaitsForTheDraw: between close and round the list stands; then the seat is vacated, in order, and the envelopes go. A bundle of it verifies.
func TestErasureWaitsForTheDraw(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	c := k.open(k.timed())
	var all []*client
	for i := range 9 {
		all = append(all, k.client(c, i, ""))
		k.enter(all[i])
	}
	k.goTo(c.Rules.ObjectionsEnd)
	k.pass(5*time.Second, time.Second)
	k.wantState(c, store.Closed)
	due := must(k.Draw(ctx, c.ID, 1))(t).RoundTime
	for range 2 {
		for _, x := range all[:8] {
			if s := k.erase(c, x); s.Erasure != store.ErasureWaits || s.Counting != engine.CountingCounted || !s.ErasureAt.Equal(due) {
				t.Fatalf("%+v, want to wait for %s", s, due)
			}
		}
	}
	k.pass(5*time.Minute, time.Minute)
	if s := k.sealedOf(c, all[0]); len(s.Contact) == 0 {
		t.Error("erased before the round")
	}
	k.goTo(due.Add(6 * time.Second))
	for range 4 {
		k.pass(time.Minute, time.Second)
	}
	for _, x := range all[:8] {
		k.wantGone(c, x)
		if s := must(k.EntryStatus(ctx, c.ID, x.got.ID))(t); s.Erasure != store.ErasureDone || s.Counting != engine.CountingCounted {
			t.Errorf("after the draw: %+v", s)
		}
	}
	if s := k.sealedOf(c, all[8]); len(s.Contact) == 0 {
		t.Error("somebody else was erased")
	}
	for _, s := range must(k.Draw(ctx, c.ID, 1))(t).Seats {
		erased := s.ID != all[8].got.ID
		if erased && s.Tier > 0 || !erased && s.Vacated != "" || s.Vacated != "" && s.Vacated != "erased" {
			t.Errorf("rank %d holds %d, vacated %q", s.Rank, s.Tier, s.Vacated)
		}
	}
	var bundle strings.Builder
	if err := k.WriteBundle(ctx, c.ID, &bundle); err != nil {
		t.Fatal(err)
	}
	wantVerified(t, []byte(bundle.String()))
	if k.errs.Len() > 0 && strings.Contains(k.errs.String(), "ERROR") {
		t.Error(k.errs.String())
	}
}

// TestWinnerIsErased: a winner whose contact was released is not written to any more, an alternate who was erased is called in vain, and
// what was released can still be fetched for the others.
func TestWinnerIsErased(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	c, by, _ := k.drawnWith(9) // two seats, two alternates
	k.releaseAll(c)
	k.erase(c, by[3]) // an alternate
	k.pass(3*time.Minute, time.Second)
	k.wantGone(c, by[3])
	if got := k.seatsOf(c); got != "1:1 2:1 3:0 4:0" {
		t.Fatalf("seats %s", got)
	}
	ask := engine.CaseRequest{ID: [16]byte{1}, Campaign: c.ID, Kind: engine.CaseAccess, Entrants: []store.EntrantID{by[3].got.ID}}
	_, err := k.OpenCase(ctx, engine.Actor{Token: "00000000000000ff", Label: "Chen", Role: engine.RoleOfficer}, ask) // nobody would be asked to approve what cannot be opened
	wantReason(t, err, engine.CaseState, "")
	if s := k.erase(c, by[1]); s.Erasure != store.ErasureWaits {
		t.Errorf("%+v", s)
	}
	_, err = k.ReportNotification(ctx, c.ID, 1, 1, 1, 1, 2) // before the daemon has come to it
	wantReason(t, err, engine.NotificationMoved, "")
	k.pass(3*time.Minute, time.Second)
	k.wantGone(c, by[1])
	if got := k.seatsOf(c); got != "1:0erased 2:1 3:0erased 4:1" {
		t.Fatalf("seats %s", got)
	}
	_, err = k.ReportNotification(ctx, c.ID, 1, 1, 1, 1, 2)
	wantReason(t, err, engine.NotificationMoved, "")
	must(k.ReportNotification(ctx, c.ID, 1, 1, 2, 1, 2))(t)
	all := k.releaseAll(c)
	if len(all) != 2 || len(all[0].Entrants) != 2 || len(all[1].Entrants) != 1 || all[1].Entrants[0].Rank != 4 {
		t.Fatalf("%d releases", len(all))
	}
	for _, x := range all[0].Entrants {
		if gone := x.Rank == 1; (len(x.Contact) == 0) != gone || (len(x.Locks) == 0) != gone {
			t.Errorf("rank %d comes with %d bytes", x.Rank, len(x.Contact))
		}
	}
	if k.kinds()["replace"] != 2 {
		t.Errorf("%v", k.kinds())
	}
}

// TestErasedWithThePrize: whoever has claimed a prize and is erased afterwards keeps the seat, so that nobody else gets a second prize; what is sealed goes.
func TestErasedWithThePrize(t *testing.T) {
	k := newClockwork(t)
	var ticks atomic.Int64
	k.cfg.Now = func() time.Time { return k.now().Add(time.Duration(ticks.Add(1))) } // no two looks at a real clock are alike
	k.restart()
	c, by, _ := k.drawnWith(9)
	if _, _, err := k.claim(c, by[1], engine.ClaimSelf); err != nil {
		t.Fatal(err)
	}
	k.erase(c, by[1])
	k.erase(c, by[2])
	k.pass(3*time.Minute, time.Second)
	k.wantGone(c, by[1])
	k.wantGone(c, by[2])
	if got := k.seatsOf(c); got != "1:1 2:0erased 3:1 4:0" {
		t.Errorf("seats %s", got)
	}
	if got := k.claims(c); !strings.HasPrefix(got, "1:1:") {
		t.Errorf("claims %q", got)
	}
}

// TestNobodyErasedIsReleased: who asked after the close is not opened in the minute until the daemon has vacated the seat.
func TestNobodyErasedIsReleased(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	c, by, _ := k.drawnWith(9)
	_, a, err := k.PrepareRelease(ctx, one, c.ID, 1, engine.ReleaseOf{Purpose: engine.PurposeNotice, AcceptUnproven: true})
	if err != nil {
		t.Fatal(err)
	}
	k.erase(c, by[2])
	_, err = k.Approve(ctx, two, a.ID, a.Digest())
	wantReason(t, err, engine.ApprovalChanged, "")
	all := k.releaseAll(c)
	if len(all) != 1 || len(all[0].Entrants) != 1 || all[0].Entrants[0].Rank != 1 {
		t.Errorf("released: %+v", all)
	}
}

// TestErasureCutOffAnywhere kills the daemon at each step of it. In the end the seats are what they would have been, and nothing is kept.
func TestErasureCutOffAnywhere(t *testing.T) {
	steps := 0
	for at := 0; ; at++ {
		k := newClockwork(t)
		c, by, _ := k.drawnWith(9)
		n := 0
		cut := errors.New("cut")
		k.SetStep(func(string) {
			if n++; n == at+1 {
				panic(cut)
			}
		})
		died := func() (died bool) {
			defer func() {
				if r := recover(); r != nil {
					if r != cut { //nolint:errorlint // the very one
						panic(r)
					}
					died = true
				}
			}()
			for _, rank := range []int64{3, 1} {
				if _, err := k.EraseEntry(context.Background(), c.ID, by[rank].s); err != nil {
					t.Fatal(err)
				}
			}
			k.pass(3*time.Minute, time.Second)
			return false
		}()
		if died {
			k.Engine = nil // as killed
			k.restart()
			for _, rank := range []int64{3, 1} {
				k.erase(c, by[rank])
			}
			k.pass(3*time.Minute, time.Second)
		}
		k.wantGone(c, by[1])
		k.wantGone(c, by[3])
		if got := k.seatsOf(c); got != "1:0erased 2:1 3:0erased 4:1" {
			t.Errorf("cut at step %d: seats %s", at, got)
		}
		if !died {
			steps = at
			break
		}
		if at > 60 {
			t.Fatal("it never ends")
		}
	}
	if steps < 6 {
		t.Errorf("%d steps were cut off", steps)
	}
}

// TestErasedStayErased brings back an identity room of before. The list in the key folder makes the engine erase again what the copy brought
// back; without the list the person would be there again, which this shows too.
func TestErasedStayErased(t *testing.T) {
	for _, list := range []string{"of this program", "of an earlier one", ""} {
		w := newWorld(t)
		c := w.open(noProof(rules()))
		var all []*client
		for i := range 6 {
			all = append(all, w.client(c, i, ""))
			w.enter(all[i])
		}
		w.stop()
		restore := w.copies("identity")
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		w.erase(c, all[2])
		w.stop()
		restore()
		w.changeList("erased", c, list)
		w.cfg.AcceptRestored = true
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		row := must(w.rooms.Identity.Entrant(context.Background(), c.ID, all[2].got.ID))(t)
		if gone := row.Zero == "erased" && len(w.sealedOf(c, all[2]).Contact) == 0; gone != (list != "") {
			t.Errorf("with a list %s: erased: %v", list, gone)
		}
		if n := len(w.sealedOf(c, all[1]).Contact); n == 0 {
			t.Error("somebody else was erased")
		}
	}
}
