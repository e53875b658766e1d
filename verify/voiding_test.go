package verify_test

import (
	"testing"
	"time"

	"fairlot/verify"
)

// TestVoidingBeforeItCounts checks bundles with a void that does not count, as somebody does who is about to cosign: it is no failure, and what it is follows from
// the time. A plain check of the same fails, which TestVectors wants.
func TestVoidingBeforeItCounts(t *testing.T) {
	const second, dead = time.Second, 30 * 24 * time.Hour // as the vectors' rules have it
	type want struct {
		state           verify.State
		voiding, missed string
	}
	for _, x := range []struct {
		vector string
		after  time.Duration // the deadline
		want   want
	}{
		{"void-one-witness", -time.Hour, want{verify.StateClosed, "cancelled", ""}},
		{"void-one-witness", 0, want{verify.StateClosed, "cancelled", ""}},
		{"void-one-witness", second, want{verify.StateClosed, "", "cancelled"}},
		{"void-late", second, want{verify.StateClosed, "", "regret"}},
		{"void-late", dead * 2, want{verify.StateClosed, "", "regret"}},
		{"void-in-time", second, want{verify.StateVoid, "", ""}},
		{"void-before-close", second, want{verify.StateVoid, "", ""}},
		{"void-twice", -time.Hour, want{verify.StateVoid, "", ""}},
		{"void-late-beside-result", -time.Hour, want{verify.StateDrawn, "", "regret"}},
		{"beacon-dead-too-early", -time.Hour, want{verify.StateClosed, "beacon-dead", ""}},
		{"beacon-dead-too-early", second, want{verify.StateClosed, "", "beacon-dead"}},
		{"beacon-dead-too-early", dead * 2, want{verify.StateClosed, "beacon-dead", ""}},
		{"beacon-dead-refuted", dead * 2, want{verify.StateClosed, "", "beacon-dead"}},
	} {
		v := byName(t, x.vector)
		files, err := verify.Folder(mapFS(v.Parts))
		if err != nil {
			t.Fatal(err)
		}
		opts := options(v)
		opts.Now = time.Unix(1, 0) // only to learn the deadline
		out, err := verify.Bundle(files, opts)
		if err != nil {
			t.Errorf("%s: %v", x.vector, err)
			continue
		}
		opts.Now = out.Draws[0].Deadline.Add(x.after)
		if out, err = verify.Bundle(files, opts); err != nil {
			t.Errorf("%s, %v after the deadline: %v", x.vector, x.after, err)
			continue
		}
		d := out.Draws[0]
		if got := (want{d.State, d.Voiding, d.Missed}); got != x.want {
			t.Errorf("%s, %v after the deadline: %+v, want %+v", x.vector, x.after, got, x.want)
		}
		if d.State == verify.StateClosed && out.Status == verify.StatusProven {
			t.Errorf("%s: proven although its void does not count", x.vector)
		}
	}
	v := byName(t, "result-beside-void") // this cannot become right by any cosignature
	opts := options(v)
	opts.Now = time.Unix(1, 0)
	files, err := verify.Folder(mapFS(v.Parts))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.Bundle(files, opts); err == nil {
		t.Error("a result beside a void that counts passes")
	}
}
