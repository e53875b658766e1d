package custodian_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/notify"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/fairlot/scene"
	"fairlot/cmd/fairlot/unseal"
	"fairlot/crypto/custody"
	"fairlot/draw"
	"fairlot/verify"
)

// picked is what a daemon that names these releases would make a custodian read, and the n-th of them.
func (w *town) picked(n int, releases ...scene.Given) (*release.Request, *release.Release) {
	w.t.Helper()
	open, _ := w.scene.Open()
	res := must(w.scene.Answer(releases...))(w.t)
	req := must(release.Parse(must(release.Marshal(open.Campaign, 1, custody.Notice, res))(w.t)))(w.t)
	return req, must(req.Pick(n))(w.t)
}

// TestOneRecordOpensOneSetOfEntrants: a daemon shows one opened record of one winner again and again, each time with another.
func TestOneRecordOpensOneSetOfEntrants(t *testing.T) {
	w := found(t, scene.MakePast)
	w.drawn(w.keys...)
	req, rel := w.request(1, false, 1)
	c := w.check(w.scene)
	k := w.keys[0]
	first := must(k.Share(c, w.pin, custodian.Released{}, req, rel, false))(t)
	again, other := w.picked(0, scene.Given{Opened: rel.Opened, Ranks: []int{2}})
	if _, err := k.Share(c, w.pin, first.Released, again, other, false); !errors.Is(err, custodian.ErrReleasedOthers) {
		t.Errorf("another winner under the same record: %v", err)
	}
	// Named as if it were of a second record, which the log does not hold.
	again, other = w.picked(2, scene.Given{Opened: rel.Opened, Ranks: []int{1}}, scene.Given{Opened: rel.Opened, Ranks: []int{2}})
	if _, err := k.Share(c, w.pin, first.Released, again, other, false); !errors.Is(err, custodian.ErrOpened) {
		t.Errorf("as a second release: %v", err)
	}
	same := must(k.Share(c, w.pin, first.Released, req, rel, false))(t)
	if !bytes.Equal(same.Released.Marshal(), first.Released.Marshal()) || len(same.Shares) != 1 {
		t.Errorf("the same release once more: %s", same.Released.Marshal())
	}
}

// TestReplacedWinnerDoesNotBreakARepeatedRelease: what counts is whom the release names, not who is left of them.
func TestReplacedWinnerDoesNotBreakARepeatedRelease(t *testing.T) {
	w := found(t, scene.MakePast)
	w.drawn(w.keys...)
	req, rel := w.request(2, false, 1, 2)
	k := w.keys[0]
	first := must(k.Share(w.check(w.scene), w.pin, custodian.Released{}, req, rel, false))(t)
	w.ok(w.scene.Replace(1, 3))
	c := w.check(w.scene)
	second := must(k.Share(c, w.pin, first.Released, req, rel, false))(t)
	if len(second.Shares) != 1 || len(second.Skipped) != 1 {
		t.Errorf("%d shares, %d skipped", len(second.Shares), len(second.Skipped))
	}
	// The other way round: released when the first was replaced already, then asked with the alternate in their place.
	late := must(k.Share(c, w.pin, custodian.Released{}, req, rel, false))(t)
	changed, other := w.picked(0, scene.Given{Opened: rel.Opened, Ranks: []int{3, 2}})
	if _, err := k.Share(c, w.pin, late.Released, changed, other, false); !errors.Is(err, custodian.ErrReleasedOthers) {
		t.Errorf("an alternate in place of who was left out: %v", err)
	}
}

// TestEqualRecordsAreToldApart: two replacements of one winner each are announced by the same bytes twice.
func TestEqualRecordsAreToldApart(t *testing.T) {
	w := found(t, scene.MakePast)
	w.drawn(w.keys...)
	w.request(2, false, 1, 2)
	w.ok(w.scene.Replace(1, 3))
	w.request(1, false, 3)
	w.ok(w.scene.Replace(2, 4))
	req, newest := w.request(1, false, 4)
	if len(req.Releases) != 3 || req.Releases[1].Opened != req.Releases[2].Opened || newest.Ordinal != 3 {
		t.Fatal("the scene does not hold two equal records")
	}
	c := w.check(w.scene)
	files := map[int][][]byte{}
	for _, k := range w.keys[:2] {
		var released custodian.Released
		for _, n := range []int{3, 2} {
			plan := must(k.Share(c, w.pin, released, req, must(req.Pick(n))(t), false))(t)
			if len(plan.Seats) != 1 || plan.Seats[0].Rank != n+1 {
				t.Errorf("release %d: %+v", n, plan.Seats)
			}
			released = plan.Released
			files[n] = append(files[n], must(plan.Seal(c.Outcome.Open))(t))
		}
	}
	for n := 2; n <= 3; n++ {
		winners := must(notify.Open(c, w.notifier, req, must(req.Pick(n))(t), files[n]))(t)
		if len(winners) != 1 || winners[0].Line.Rank != n+1 || winners[0].Contact.Email == "" {
			t.Errorf("release %d: %v", n, winners)
		}
	}
	for _, mixed := range [][][]byte{files[2], {files[3][0], files[2][1]}} {
		if _, err := notify.Open(c, w.notifier, req, newest, mixed); !errors.Is(err, unseal.ErrShares) {
			t.Errorf("shares of another release: %v", err)
		}
	}
	// In another order than the log's, the same custodian refuses.
	plan := must(w.keys[0].Share(c, w.pin, custodian.Released{}, req, must(req.Pick(2))(t), false))(t)
	turned, rel := w.picked(2, w.scene.Releases[0], w.scene.Releases[2], w.scene.Releases[1])
	if _, err := w.keys[0].Share(c, w.pin, plan.Released, turned, rel, false); !errors.Is(err, custodian.ErrReleasedOthers) {
		t.Errorf("releases in another order: %v", err)
	}
}

func TestReleasedHasOneEncoding(t *testing.T) {
	var r custodian.Released
	if got := string(r.Marshal()); got != "fairlot/v1 released\n" {
		t.Errorf("nothing released: %q", got)
	}
	a, b := draw.EntrantID{1}, draw.EntrantID{2}
	r = must(r.With(7, draw.Hash{7}, []draw.EntrantID{b, a}))(t)
	r = must(r.With(3, draw.Hash{7}, []draw.EntrantID{b}))(t)
	want := fmt.Sprintf("fairlot/v1 released\n3 %s %s\n7 %s %s %s\n", draw.Hash{7}, b, draw.Hash{7}, a, b)
	if got := string(r.Marshal()); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	back := must(custodian.ParseReleased([]byte(want)))(t)
	if _, err := back.With(7, draw.Hash{7}, []draw.EntrantID{a, b}); err != nil {
		t.Errorf("the same in another order: %v", err)
	}
	for _, ids := range [][]draw.EntrantID{{a}, {a, b, {3}}, {a, {3}}, nil} {
		if _, err := back.With(7, draw.Hash{7}, ids); !errors.Is(err, custodian.ErrReleasedOthers) {
			t.Errorf("%v: %v", ids, err)
		}
	}
	if _, err := back.With(3, draw.Hash{8}, []draw.EntrantID{b}); !errors.Is(err, custodian.ErrReleasedOthers) {
		t.Errorf("another record there: %v", err)
	}
	h := draw.Hash{7}.String()
	for _, bad := range []string{"", "fairlot/v1 released", "fairlot/v1 pin\n", want + "\n", want[:len(want)-1],
		"fairlot/v1 released\n3 " + h + "\n", "fairlot/v1 released\n03 " + h + " " + a.String() + "\n", "fairlot/v1 released\n-1 " + h + " " + a.String() + "\n",
		"fairlot/v1 released\n3 " + h + " " + b.String() + " " + a.String() + "\n", "fairlot/v1 released\n3 " + h + " " + a.String() + " " + a.String() + "\n",
		"fairlot/v1 released\n3 " + h + " " + a.String() + "\n3 " + h + " " + b.String() + "\n"} {
		if _, err := custodian.ParseReleased([]byte(bad)); !errors.Is(err, custodian.ErrReleased) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestWrongClockDoesNotCosign: a machine that booted with a dead battery must not make a late draw look as if it were in time.
func TestWrongClockDoesNotCosign(t *testing.T) {
	w := found(t, scene.MakePast)
	w.ok(w.scene.Close())
	c := w.check(w.scene)
	d, _ := c.Draw(1)
	open, _ := w.scene.Open()
	for _, now := range []time.Time{time.Unix(1, 0), open.ObjectionsEnd.Add(-time.Second)} {
		if _, err := w.keys[0].Cosign(c, w.pin, now); !errors.Is(err, custodian.ErrClock) {
			t.Errorf("at %s, before the list could be closed: %v", now, err)
		}
	}
	late := d.Deadline.Add(time.Hour)
	for _, k := range w.keys[:2] {
		w.ok(w.scene.Cosigned(must(k.Cosign(c, w.pin, late))(t).Note))
	}
	closed := w.check(w.scene)
	// Repeated with a clock that was put back, it is the late one still.
	again := must(w.keys[0].Cosign(closed, w.pin, d.Deadline.Add(-time.Minute)))(t)
	if !again.Again || !again.Time.Equal(late) || len(again.Late) != 1 || again.Pin.Extended(closed) != nil {
		t.Errorf("cosigned once more: %+v", again)
	}
	w.ok(w.scene.Draw())
	drawn := w.check(w.scene)
	for _, now := range []time.Time{time.Unix(1, 0), d.Deadline, d.RoundTime.Add(-time.Second)} {
		for _, k := range w.keys { // the third never cosigned
			if _, err := k.Cosign(drawn, w.pin, now); !errors.Is(err, custodian.ErrClock) {
				t.Errorf("at %s, after the round: %v", now, err)
			}
		}
	}
	again = must(w.keys[0].Cosign(drawn, w.pin, time.Now()))(t)
	if !again.Again || again.Size != 2 || !again.Time.Equal(late) {
		t.Errorf("on the checkpoint of the result: %+v", again)
	}
	w.ok(w.scene.Cosigned(again.Note))
	if r := w.check(w.scene).Outcome.Reason; r == verify.ReasonProven {
		t.Error("the late draw is proven now")
	}
}
