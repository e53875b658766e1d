package custodian_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/fairlot/scene"
	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/verify"
)

// town is a campaign of five entrants, two seats and two alternates, with 2 of 3 custodians.
type town struct {
	t        *testing.T
	keys     []*custodian.Key
	notifier *custody.Key
	scene    *scene.Scene
	pin      custodian.Pin
}

type maker func([]draw.Custodian, int, []string, []scene.Person, int) (*scene.Scene, error)

func found(t *testing.T, make maker) *town {
	t.Helper()
	w := &town{t: t}
	var public []draw.Custodian
	for _, label := range []string{"a.example", "b.example", "c.example"} {
		k := must(custodian.New(label))(t)
		w.keys = append(w.keys, k)
		public = append(public, draw.Custodian{Recipient: k.Age.Recipient(), VKey: k.Cosigner.VKey().String()})
	}
	w.notifier = must(custody.NewKey())(t)
	w.scene = must(make(public, 2, []string{w.notifier.Recipient()}, scene.People(5), 2))(t)
	w.pin = must(custodian.NewPin(w.check(w.scene)))(t)
	return w
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *town) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) check(s *scene.Scene) *bundle.Checked { return w.checkAt(s, time.Time{}) }

// checkAt checks as the commands do at a time.
func (w *town) checkAt(s *scene.Scene, now time.Time) *bundle.Checked {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "b.tar")
	w.ok(os.WriteFile(path, must(s.Tar())(w.t), 0o600))
	f := must(bundle.Open(context.Background(), path, nil))(w.t)
	w.t.Cleanup(func() { f.Close() })
	return must(f.Check(verify.Options{Now: now}))(w.t)
}

// drawn closes, has the keys cosign at a time that counts, and draws.
func (w *town) drawn(signers ...*custodian.Key) {
	w.t.Helper()
	w.ok(w.scene.Close())
	c := w.check(w.scene)
	d, _ := c.Draw(1)
	for _, k := range signers {
		signed := must(k.Cosign(c, w.pin, d.Deadline.Add(-time.Minute)))(w.t)
		w.ok(w.scene.Cosigned(signed.Note))
	}
	w.ok(w.scene.Draw())
}

func (w *town) request(count int64, unproven bool, ranks ...int) (*release.Request, *release.Release) {
	w.t.Helper()
	req := must(release.Parse(must(w.scene.Opened(count, unproven, ranks...))(w.t)))(w.t)
	return req, must(req.Pick(0))(w.t)
}

func TestKeyFile(t *testing.T) {
	k := must(custodian.New("maria.library.example"))(t)
	back := must(custodian.ParseKey(k.File()))(t)
	if back.Age.Recipient() != k.Age.Recipient() || back.Cosigner.VKey() != k.Cosigner.VKey() {
		t.Error("a key file does not give back its key")
	}
	plain := must(custody.ParseKey(k.File()))(t)
	if plain.Recipient() != k.Age.Recipient() {
		t.Error("the file is not an age identity file")
	}
	if _, err := custodian.ParseKey(k.Age.File()); !errors.Is(err, custodian.ErrNoCosigner) {
		t.Errorf("without cosigning key: %v", err)
	}
	if _, err := custodian.ParseKey(append(k.File(), k.File()...)); err == nil {
		t.Error("two keys in one file were taken")
	}
	for _, label := range []string{"", "A", "a b", "a+b", ".a", strings.Repeat("a", 65)} {
		if _, err := custodian.New(label); !errors.Is(err, custodian.ErrLabel) {
			t.Errorf("label %q: %v", label, err)
		}
	}
}

func TestPinHasOneEncoding(t *testing.T) {
	w := found(t, scene.Make)
	b := w.pin.Marshal()
	if p := must(custodian.ParsePin(b))(t); p != w.pin {
		t.Errorf("got %+v", p)
	}
	for _, bad := range [][]byte{nil, b[:len(b)-1], append(bytes.Clone(b), '\n'), bytes.Replace(b, []byte("size "), []byte("size 0"), 1),
		bytes.ToUpper(b), bytes.Replace(b, []byte("pin"), []byte("pi"), 1)} {
		if _, err := custodian.ParsePin(bad); !errors.Is(err, custodian.ErrPin) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestCosignRefusals(t *testing.T) {
	w := found(t, scene.Make)
	now := time.Now()
	k := w.keys[0]
	if _, err := k.Cosign(w.check(w.scene), w.pin, now); !errors.Is(err, custodian.ErrNotClosed) {
		t.Errorf("before the close: %v", err)
	}
	fork := must(w.scene.Fork())(t)
	w.ok(w.scene.Close())
	c := w.check(w.scene)
	stranger := must(custodian.New("x.example"))(t)
	if _, err := stranger.Cosign(c, w.pin, now); !errors.Is(err, custodian.ErrNotNamed) {
		t.Errorf("a stranger: %v", err)
	}
	mixed := &custodian.Key{Age: w.keys[0].Age, Cosigner: w.keys[1].Cosigner}
	if _, err := mixed.Cosign(c, w.pin, now); !errors.Is(err, custodian.ErrKeysApart) {
		t.Errorf("keys of two custodians: %v", err)
	}
	other := found(t, scene.Make)
	if _, err := k.Cosign(c, other.pin, now); !errors.Is(err, custodian.ErrForked) {
		t.Errorf("pinned to another log: %v", err)
	}
	signed := must(k.Cosign(c, w.pin, now))(t)
	if len(signed.Late) != 0 || signed.Size != 2 || signed.Pin.Extended(c) != nil {
		t.Errorf("cosigned %+v", signed)
	}
	w.ok(fork.Close())
	if _, err := k.Cosign(w.check(fork), signed.Pin, now); !errors.Is(err, custodian.ErrForked) {
		t.Errorf("a forked log: %v", err)
	}
	d, _ := c.Draw(1)
	late := must(k.Cosign(c, w.pin, d.Deadline.Add(time.Second)))(t)
	if len(late.Late) != 1 || late.Late[0].Draw != 1 {
		t.Errorf("after the deadline: %+v", late.Late)
	}
}

// TestProvenRelease is the usual case, on the public beacon and cosigned in time.
func TestProvenRelease(t *testing.T) {
	w := found(t, scene.MakePast)
	w.drawn(w.keys[0], w.keys[1])
	req, rel := w.request(2, false, 1, 2)
	c := w.check(w.scene)
	if c.Outcome.Reason != verify.ReasonProven {
		t.Fatalf("the scene is not proven: %s", c.Outcome.Reason)
	}
	plan := must(w.keys[0].Share(c, w.pin, custodian.Released{}, req, rel, false))(t)
	if plan.Number != 1 || !plan.Proven || len(plan.Shares) != 2 || len(plan.Seats) != 2 {
		t.Errorf("plan %+v", plan)
	}
	sealed := must(plan.Seal(c.Outcome.Open))(t)
	if shares := must(custody.ReadReleased(w.notifier, sealed, plan.Release))(t); len(shares) != 2 {
		t.Errorf("%d shares", len(shares))
	}
	if _, err := custody.ReadReleased(w.keys[1].Age, sealed, plan.Release); !errors.Is(err, custody.ErrWrongKey) {
		t.Errorf("another custodian reads the shares: %v", err)
	}
	// The third did not cosign, so it hands over nothing unless it accepts that.
	if _, err := w.keys[2].Share(c, w.pin, custodian.Released{}, req, rel, false); !errors.Is(err, custodian.ErrNotCosigned) {
		t.Errorf("without own cosignature: %v", err)
	}
	if _, err := w.keys[2].Share(c, w.pin, custodian.Released{}, req, rel, true); err != nil {
		t.Error(err)
	}
}

func TestUnprovenNeedsConsentAndARecord(t *testing.T) {
	w := found(t, scene.MakePast)
	w.drawn(w.keys[0]) // one of two that the policy wants
	req, rel := w.request(2, true, 1, 2)
	c := w.check(w.scene)
	if _, err := w.keys[0].Share(c, w.pin, custodian.Released{}, req, rel, false); !errors.Is(err, custodian.ErrUnproven) {
		t.Errorf("unproven: %v", err)
	}
	if _, err := w.keys[0].Share(c, w.pin, custodian.Released{}, req, rel, true); err != nil {
		t.Error(err)
	}
	fresh := found(t, scene.MakePast) // the log says that it is proven
	fresh.drawn(fresh.keys[0])
	req, rel = fresh.request(2, false, 1, 2)
	if _, err := fresh.keys[0].Share(fresh.check(fresh.scene), fresh.pin, custodian.Released{}, req, rel, true); !errors.Is(err, custodian.ErrOpened) {
		t.Errorf("a record that lies: %v", err)
	}
}

func TestReleaseRefusals(t *testing.T) {
	w := found(t, scene.MakePast)
	w.drawn(w.keys...)
	before := w.check(w.scene)
	req, rel := w.request(2, false, 1, 2)
	c := w.check(w.scene)
	k := w.keys[0]
	copied := func(change func(*release.Release)) *release.Release {
		r := &release.Release{Ordinal: rel.Ordinal, Opened: rel.Opened, Entrants: append([]release.Entrant(nil), rel.Entrants...)}
		change(r)
		return r
	}
	lines := must(w.scene.Lines())(t)
	alternate := must(w.scene.Answer(scene.Given{Opened: rel.Opened, Ranks: []int{3}}))(t).Releases[0].Entrants[0]
	outsider := w.outsider(lines)
	var mismatch *seal.MismatchError
	for _, x := range []struct {
		name string
		c    *bundle.Checked
		key  *custodian.Key
		rel  *release.Release
		want error
	}{
		{"not announced yet", before, k, rel, custodian.ErrOpened},
		{"another record", c, k, copied(func(r *release.Release) { r.Opened = c.Outcome.OpenHash }), custodian.ErrOpened},
		{"one more than announced", c, k, copied(func(r *release.Release) { r.Entrants = append(r.Entrants, r.Entrants[0]) }), custodian.ErrOpened},
		{"one fewer than announced", c, k, copied(func(r *release.Release) { r.Entrants = r.Entrants[:1] }), custodian.ErrOpened},
		{"one twice", c, k, copied(func(r *release.Release) { r.Entrants[1] = r.Entrants[0] }), custodian.ErrRequest},
		{"another rank", c, k, copied(func(r *release.Release) { r.Entrants[1].Rank = 5 }), custodian.ErrRequest},
		{"an alternate", c, k, copied(func(r *release.Release) {
			r.Entrants[1] = release.Entrant{ID: lines[2].ID, Stratum: 1, Rank: 3, Locks: alternate.Locks, Envelope: alternate.ContactEnvelope}
		}), custodian.ErrNoWinner},
		{"nobody's rank", c, k, copied(func(r *release.Release) { r.Entrants[1] = outsider }), custodian.ErrNoWinner},
		{"an outsider's lock under a winner's name", c, k, copied(func(r *release.Release) { r.Entrants[1].Locks = outsider.Locks }), errMismatch},
		{"the locks in another order", c, k, copied(func(r *release.Release) {
			l := r.Entrants[1].Locks
			r.Entrants[1].Locks = [][]byte{l[1], l[0], l[2]}
		}), custody.ErrWrongKey},
		{"a lock too few", c, k, copied(func(r *release.Release) { r.Entrants[1].Locks = r.Entrants[1].Locks[:2] }), custodian.ErrRequest},
		{"a damaged lock", c, k, copied(func(r *release.Release) {
			l := append([][]byte(nil), r.Entrants[1].Locks...)
			l[0] = append(bytes.Clone(l[0][:len(l[0])-1]), l[0][len(l[0])-1]^1)
			r.Entrants[1].Locks = l
		}), seal.ErrDamaged},
	} {
		_, err := x.key.Share(x.c, w.pin, custodian.Released{}, req, x.rel, false)
		if x.want == errMismatch {
			if !errors.As(err, &mismatch) || mismatch.Field != "id" {
				t.Errorf("%s: %v", x.name, err)
			}
		} else if !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", x.name, err, x.want)
		}
	}
	other := found(t, scene.MakePast)
	if _, err := k.Share(c, other.pin, custodian.Released{}, req, rel, false); !errors.Is(err, custodian.ErrForked) {
		t.Errorf("bundle of another log: %v", err)
	}
	elsewhere := *req
	elsewhere.Campaign[0] ^= 1
	if _, err := k.Share(c, w.pin, custodian.Released{}, &elsewhere, rel, false); !errors.Is(err, custodian.ErrRequest) {
		t.Errorf("request of another campaign: %v", err)
	}
	elsewhere = *req
	elsewhere.Draw = 2
	if _, err := k.Share(c, w.pin, custodian.Released{}, &elsewhere, rel, false); !errors.Is(err, custodian.ErrNotDrawn) {
		t.Errorf("request of another draw: %v", err)
	}
}

var errMismatch = errors.New("a *seal.MismatchError")

// outsider is the entrant who is neither winner nor alternate.
func (w *town) outsider(lines []draw.Line) release.Entrant {
	ranked := map[draw.EntrantID]bool{}
	for _, l := range lines {
		ranked[l.ID] = true
	}
	for _, e := range w.scene.Entrants {
		if !ranked[e.Leaf.ID] {
			return release.Entrant{ID: e.Leaf.ID, Stratum: 1, Rank: 2, Locks: e.Locks, Envelope: e.Contact}
		}
	}
	w.t.Fatal("everybody is ranked")
	return release.Entrant{}
}

func TestReplacedWinnerIsLeftOut(t *testing.T) {
	w := found(t, scene.MakePast)
	w.drawn(w.keys...)
	req, rel := w.request(2, false, 1, 2)
	w.ok(w.scene.Replace(1, 3))
	c := w.check(w.scene)
	plan := must(w.keys[0].Share(c, w.pin, custodian.Released{}, req, rel, false))(t)
	if len(plan.Shares) != 1 || len(plan.Skipped) != 1 || plan.Skipped[0].Line.Rank != 1 || plan.Seats[0].Rank != 2 {
		t.Errorf("plan %+v", plan)
	}
	// The alternate who was called is a winner now, under a record of its own.
	req, rel = w.request(1, false, 3)
	plan = must(w.keys[0].Share(w.check(w.scene), w.pin, custodian.Released{}, req, rel, false))(t)
	if len(plan.Shares) != 1 || plan.Seats[0].Rank != 3 || plan.Seats[0].Seat != 1 {
		t.Errorf("plan %+v", plan)
	}
	// If nobody is left, it is refused.
	w.ok(w.scene.Replace(3, 4))
	if _, err := w.keys[0].Share(w.check(w.scene), w.pin, custodian.Released{}, req, rel, false); !errors.Is(err, custodian.ErrNoWinner) {
		t.Errorf("only replaced winners: %v", err)
	}
}

// TestCosignLeavesEarlierToVerify has the list of a draw that leaves out who won before, in bundles that verify: one whose earlier draw is void, and one whose earlier draw
// was, as beacon-dead, when that list was closed, and is to be held since its round came. The tool has no rule of its own about it.
func TestCosignLeavesEarlierToVerify(t *testing.T) {
	for _, earlier := range []verify.State{verify.StateClosed, verify.StateVoid} {
		w := found(t, scene.Make)
		w.ok(w.scene.Close())
		c := w.check(w.scene)
		rules := c.Outcome.Open.Draws[0]
		rules.EarlierWinnersOut = true
		c.Outcome.Open.Draws = append(c.Outcome.Open.Draws, rules)
		c.Outcome.Draws = append([]verify.Draw{{N: 9, State: earlier, Deadline: time.Now().Add(time.Hour)}}, c.Outcome.Draws...)
		c.Outcome.Draws[0].N = 1
		if _, err := w.keys[0].Cosign(c, w.pin, time.Now()); err != nil {
			t.Errorf("%s: %v", earlier, err)
		}
	}
}

// TestCosignWhileADrawWaits has a second draw without a close: it may be so only while it leaves out who wins the first, and that one is not held.
func TestCosignWhileADrawWaits(t *testing.T) {
	for name, x := range map[string]struct {
		out   bool
		first verify.State
		ok    bool
	}{
		"waits":                {true, verify.StateClosed, true},
		"takes winners in":     {false, verify.StateClosed, false},
		"the first is held":    {true, verify.StateDrawn, false},
		"nobody won the first": {true, verify.StateVoid, false},
	} {
		w := found(t, scene.Make)
		w.ok(w.scene.Close())
		c := w.check(w.scene)
		second := c.Outcome.Open.Draws[0]
		second.EarlierWinnersOut = x.out
		c.Outcome.Open.Draws = append(c.Outcome.Open.Draws, second)
		c.Outcome.Draws[0].State = x.first
		c.Outcome.Draws[0].RoundTime = time.Now().Add(-time.Hour)
		c.Outcome.Draws = append(c.Outcome.Draws, verify.Draw{N: 2, State: verify.StateOpen, Deadline: time.Now().Add(time.Hour)})
		_, err := w.keys[0].Cosign(c, w.pin, time.Now())
		if x.ok && err != nil || !x.ok && !errors.Is(err, custodian.ErrNotClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
