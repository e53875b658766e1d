package engine

import (
	"testing"
	"time"

	"fairlot/store"
)

// TestLapsedLeaseRenewed renews a lease in the instant in which its time is over and the timer that ends it has not run yet. Whoever asked in that instant was told
// that it is not held, and left what is due undone: Run must be told to look again.
func TestLapsedLeaseRenewed(t *testing.T) {
	l := newLease(nil, &Sharing{Door: "a"})
	l.take(store.Lease{Term: 1, Beat: 1, Holder: l.me}, time.Now())
	t.Cleanup(l.drop)
	<-l.taken
	for _, lapsed := range []bool{false, true} {
		if lapsed {
			l.mu.Lock()
			l.renewed = time.Now().Add(-stepDown)
			l.mu.Unlock()
		}
		if _, _, err := l.holding(); (err != nil) != lapsed {
			t.Fatalf("lapsed %v, holding says %v", lapsed, err)
		}
		if l.renew(store.Lease{Term: 1, Beat: 2, Holder: l.me}, time.Now()) {
			t.Fatal("the holding had ended")
		}
		if told := len(l.taken) == 1; told != lapsed {
			t.Errorf("lapsed %v, Run was told: %v", lapsed, told)
		}
	}
}
