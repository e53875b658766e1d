package engine_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
)

// TestOpenings counts what the log announces, of draws and of cases, and nothing of another campaign.
func TestOpenings(t *testing.T) {
	w := newWorld(t)
	c, other := w.open(rules()), w.open(rules())
	if got := must(w.Openings(t.Context(), c.ID, 1))(t); len(got) != 0 {
		t.Errorf("nothing was opened, and %+v", got)
	}
	a, b := [16]byte{1}, [16]byte{2}
	for _, o := range []draw.Opened{
		{Draw: 1, Purpose: "notice", Count: 2}, {Draw: 1, Purpose: "notice", Count: 1}, {Draw: 1, Purpose: "tax", Count: 1},
		{Purpose: "court", Case: &a, Count: 3}, {Purpose: "court", Case: &a, Count: 1}, {Purpose: "court", Case: &b, Count: 5}, {Purpose: "person", Case: &b, Count: 1},
	} {
		for i, x := range []engine.Campaign{c, other} {
			if i == 1 && o.Purpose != "court" {
				continue
			}
			o.Open = draw.Hash(x.OpenHash)
			record := must(o.Marshal())(t)
			if err := w.rooms.Registry.Append(t.Context(), must(w.rooms.Registry.LogSize(t.Context()))(t), record, store.Transition{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := must(w.Openings(t.Context(), c.ID, 1))(t)
	want := []engine.Opening{{"notice", 3, 0}, {"tax", 1, 0}, {"court", 9, 2}, {"person", 1, 1}}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := must(w.Openings(t.Context(), other.ID, 1))(t); !slices.Equal(got, []engine.Opening{{"court", 9, 2}}) {
		t.Errorf("of the other campaign: %+v", got)
	}
}

// gateless is an identity room that the connection to is lost as a campaign opens.
type gateless struct {
	store.Identity
	cut bool
}

func (g *gateless) CreateGate(ctx context.Context, gate store.Gate) error {
	if g.cut {
		return errors.Join(store.ErrUnavailable, errors.New("cut"))
	}
	return g.Identity.CreateGate(ctx, gate)
}

// TestOpenedWithoutAGate closes a campaign whose opening was cut off before the identity room heard of it, before anything else made its gate.
func TestOpenedWithoutAGate(t *testing.T) {
	w := newWorld(t)
	room := &gateless{Identity: w.cfg.Identity, cut: true}
	w.cfg.Identity = room
	w.reopen()
	c := must(w.CreateCampaign(t.Context(), "autumn", rules(), ""))(t)
	if _, err := w.OpenCampaign(t.Context(), c.ID, c.Etag); reason(err) != engine.StorageUnavailable {
		t.Fatalf("opened without a gate: %v", err)
	}
	w.setClock(rules().EntriesEnd.Add(30 * 24 * time.Hour))
	if _, err := w.CloseCampaign(t.Context(), c.ID); reason(err) != engine.StorageUnavailable {
		t.Fatalf("closed without a gate: %v", err)
	}
	room.cut = false
	w.mustClose(c)
}
