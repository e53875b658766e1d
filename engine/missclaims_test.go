package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"fairlot/crypto/trail"
	"fairlot/engine"
)

// TestLostClaimsAreSaid brings back an identity room from before some claims: the daemon says of which draw how many may be missing, of whom it names nobody, and
// of a copy that has them all it says nothing.
func TestLostClaimsAreSaid(t *testing.T) {
	t.Parallel()
	for _, lost := range []int{0, 2} {
		k := newClockwork(t)
		ctx := context.Background()
		r := k.timed()
		r.Draws[0].Tiers[0].Count = 3
		c, by, _ := k.drawnBy(r)
		come := func(rank int64, outcome, resource string) { // as the door of staff writes it down
			t.Helper()
			a := engine.Act{By: two, Method: "ClaimService/RecordClaim", Resource: resource}
			n := must(k.BeginAct(ctx, a))(t)
			if outcome == trail.OK {
				if _, _, err := k.claim(c, by[rank], engine.ClaimSelf); err != nil {
					t.Fatal(err)
				}
			}
			if err := k.EndAct(ctx, a, n, outcome); err != nil {
				t.Fatal(err)
			}
		}
		byID, bySlug := fmt.Sprintf("campaigns/%x/draws/1", c.ID[:]), "campaigns/"+c.Slug+"/draws/1"
		come(1, trail.OK, byID)
		come(2, "SEAT_CLAIMED", byID)
		rest := func() {
			come(2, trail.OK, byID)
			come(3, trail.OK, bySlug)
		}
		if lost == 0 {
			rest()
		}
		k.stop()
		restore := k.copies("identity")
		if err := k.begin(); err != nil {
			t.Fatal(err)
		}
		if lost > 0 {
			rest()
		}
		k.stop()
		restore()
		k.cfg.AcceptRestored = true
		if err := k.begin(); err != nil {
			t.Fatal(err)
		}
		said := k.errs.String()
		if lost == 0 && strings.Contains(said, "claims that staff recorded") {
			t.Errorf("nothing is lost, and it says\n%s", said)
		}
		if lost > 0 && (!strings.Contains(said, "claims that staff recorded are not in the copy") || !strings.Contains(said, `draw=1 "missing at most"=2`)) {
			t.Errorf("two claims are lost, and it says\n%s", said)
		}
	}
}
