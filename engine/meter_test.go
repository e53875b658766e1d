package engine

import (
	"context"
	"testing"
	"time"
)

// TestDeserted looks at a lease that stands still, at one that is held here, and at an engine that shares with nobody.
func TestDeserted(t *testing.T) {
	long := time.Now().Add(-desertedFor)
	_, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, c := range []struct {
		name string
		l    *lease
		want bool
	}{
		{"shares with nobody", &lease{since: long}, false},
		{"has not looked yet", &lease{sharing: &Sharing{}}, false},
		{"another renews", &lease{sharing: &Sharing{}, since: time.Now()}, false},
		{"stands still", &lease{sharing: &Sharing{}, since: long}, true},
		{"held here", &lease{sharing: &Sharing{}, since: long, cancel: cancel}, false},
	} {
		if got := c.l.deserted(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
