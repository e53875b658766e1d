package engine_test

import (
	"context"
	"testing"

	"fairlot/engine"
	"fairlot/store"
)

// TestCloseEarly closes a campaign without draws before its end by two persons, cut off in the middle too, and refuses it with draws.
func TestCloseEarly(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	if _, err := w.RequestCloseEarly(ctx, chen, w.open(rules()).ID); reason(err) != engine.TooEarly {
		t.Errorf("with draws: %v", err)
	}
	for _, at := range []string{"", "approved", "moved", "rewritten"} {
		c := w.open(surveyOnly(rules()))
		for i := range 7 {
			w.enter(w.client(c, i, ""))
		}
		asked := must(w.RequestCloseEarly(ctx, chen, c.ID))(t)
		if _, err := w.Approve(ctx, chen, asked.ID, asked.Digest()); reason(err) != engine.ApprovalSelf {
			t.Errorf("by oneself: %v", err)
		}
		w.SetStep(func(name string) {
			if name == at {
				panic("cut")
			}
		})
		func() {
			defer func() {
				if p := recover(); (p != nil) != (at != "") {
					t.Errorf("at %q: %v", at, p)
				}
			}()
			must(w.Approve(ctx, lin, asked.ID, asked.Digest()))(t)
		}()
		w.SetStep(nil)
		if at != "" {
			w.reopen()
			must(w.Approve(ctx, lin, asked.ID, asked.Digest()))(t)
		}
		now := must(w.Registry.Campaign(ctx, c.ID))(t)
		if a := must(w.Approval(ctx, asked.ID))(t); a.State != store.ApprovalDone || now.State != store.Closed {
			t.Errorf("at %q: approval %d, campaign %d", at, a.State, now.State)
		}
		if all := must(w.rooms.Answers.Responses(ctx, c.ID, [16]byte{}, 100))(t); len(all) != 7 {
			t.Errorf("at %q: %d responses", at, len(all))
		}
	}
}
