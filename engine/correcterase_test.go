package engine_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"fairlot/engine"
	"fairlot/store"
)

func (l *loose) Erase(ctx context.Context, campaign store.CampaignID, id store.EntrantID, zero string, tag *store.Hash) (store.Erasure, error) {
	if l.how == "answers stay" {
		zero = "superseded"
	}
	return l.Identity.Erase(ctx, campaign, id, zero, tag)
}

// corrected corrects the contact of a client's entry and returns who stands in its place.
func (w *world) corrected(c engine.Campaign, x *client, email string) *client {
	w.t.Helper()
	ask, s := w.correction(c, x, email)
	return &client{s: s, req: x.req, got: must(w.CorrectEntry(context.Background(), ask))(w.t)}
}

// faultsOfErasingCorrected has three entries corrected, one of them twice, while all answers wait; two persons erase themselves by the newest receipt, one of them at the
// desk. It says whose answers are mixed who should not be, or the other way round.
func faultsOfErasingCorrected(t *testing.T, how string) (faults []string) {
	w := newWorld(t)
	ctx := context.Background()
	if how != "" {
		w.cfg.Identity = &loose{w.rooms.Identity, how, map[store.EntrantID]*store.Hash{}}
		w.reopen()
	}
	c := w.open(rules())
	codes := w.tokens(c, 9)
	var all []*client
	for i := range 9 {
		all = append(all, w.client(c, i, codes[i]))
		w.enter(all[i])
	}
	twice := w.corrected(c, w.corrected(c, all[2], "a@example.org"), "b@example.org")
	atDesk := w.corrected(c, all[5], "c@example.org")
	w.corrected(c, all[7], "d@example.org")
	w.erase(c, twice)
	must(w.EraseAtDesk(ctx, engine.EraseAtDeskRequest{Campaign: c.ID, Receipt: atDesk.got.Note, IDType: all[5].req.Identity.IDType, IDNumber: all[5].req.Identity.IDNumber}))(t)
	w.mustClose(c)
	var got []int
	for n := range w.numbers(c) {
		got = append(got, n)
	}
	slices.Sort(got)
	if want := []int{0, 1, 3, 4, 6, 7, 8}; !slices.Equal(got, want) {
		faults = append(faults, fmt.Sprintf("the answers of %v are mixed, want %v", got, want))
	}
	for _, x := range append(all, twice, atDesk) {
		if row := must(w.rooms.Identity.Entrant(ctx, c.ID, x.got.ID))(t); row.Waits != (store.Waiting{}) {
			faults = append(faults, "after the mixing an entry still says whose place it took")
		}
	}
	return faults
}

// TestErasedCorrectedLeaveNoAnswers: who was corrected and is erased by the newest receipt takes along the answers that wait under the first entry.
func TestErasedCorrectedLeaveNoAnswers(t *testing.T) {
	if faults := faultsOfErasingCorrected(t, ""); len(faults) > 0 {
		t.Error(faults)
	}
	if faults := faultsOfErasingCorrected(t, "answers stay"); len(faults) == 0 {
		t.Error("a room where the answers stay is not caught")
	}
}

// TestErasedCorrectedStayErased brings back an identity room from before the correction and from after it: in neither are the answers of the erased mixed.
func TestErasedCorrectedStayErased(t *testing.T) {
	for _, before := range []bool{true, false} {
		w := newWorld(t)
		ctx := context.Background()
		c := w.open(rules())
		codes := w.tokens(c, 8)
		var all []*client
		for i := range 8 {
			all = append(all, w.client(c, i, codes[i]))
			w.enter(all[i])
		}
		y := all[3]
		correct := func() { y = w.corrected(c, all[3], "better@example.org") }
		if !before {
			correct()
		}
		w.stop()
		restore := w.copies("identity")
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
		if before {
			correct()
		}
		w.erase(c, y)
		if b := must(os.ReadFile(w.list("erased", c)))(t); !strings.Contains(string(b), fmt.Sprintf("%x erased\n", y.got.ID)) {
			t.Fatalf("the list says\n%s", b)
		}
		w.stop()
		restore()
		w.cfg.AcceptRestored = true
		if err := w.begin(); err != nil {
			t.Fatalf("before the correction %v: %v", before, err)
		}
		w.wantGone(c, all[3])
		for _, x := range []*client{all[3], y} {
			if row, err := w.rooms.Identity.Entrant(ctx, c.ID, x.got.ID); err == nil && row.Chances > 0 {
				t.Errorf("before the correction %v: %+v", before, row)
			}
		}
		w.mustClose(c)
		if got := w.numbers(c); got[3] || len(got) != 7 {
			t.Errorf("before the correction %v: the answers of %v are mixed", before, got)
		}
	}
}
