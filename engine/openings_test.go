package engine_test

import (
	"slices"
	"testing"

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
