package custodian_test

import (
	"errors"
	"slices"
	"testing"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/fairlot/scene"
	"fairlot/cmd/fairlot/unseal"
	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
)

// sampledTown has five entrants, of whom the audit sample is three, and an auditor beside the notifier.
func sampledTown(t *testing.T) (*town, *custody.Key) {
	t.Helper()
	auditor := must(custody.NewKey())(t)
	w := found(t, func(c []draw.Custodian, k int, notifiers []string, people []scene.Person, seats int) (*scene.Scene, error) {
		return scene.MakeSampled(c, k, append(notifiers, auditor.Recipient()), people, seats, 3)
	})
	w.drawn(w.keys...)
	return w, auditor
}

func (w *town) requestSample(count int64, places ...int) (*release.Request, *release.Release) {
	w.t.Helper()
	req := must(release.Parse(must(w.scene.OpenedFor(custody.Audit, count, false, places...))(w.t)))(w.t)
	return req, must(req.Pick(1))(w.t)
}

// TestSampleIsShared: the shares of the whole sample go to the auditor alone, who opens identities and nothing else.
func TestSampleIsShared(t *testing.T) {
	w, auditor := sampledTown(t)
	req, rel := w.requestSample(3, 1, 2, 3)
	c := w.check(w.scene)
	var files [][]byte
	for _, k := range w.keys[:2] {
		plan := must(k.Share(c, w.pin, custodian.Released{}, req, rel, false))(t)
		if plan.Sample != 3 || len(plan.Shares) != 3 || !slices.Equal(plan.Readers, []int{2}) || plan.Release.Kind != seal.Identity {
			t.Errorf("plan %+v", plan)
		}
		files = append(files, must(plan.Seal(c.Outcome.Open))(t))
		if _, err := custody.ReadReleased(w.notifier, files[0], plan.Release); !errors.Is(err, custody.ErrWrongKey) {
			t.Errorf("the notifier reads the shares of the sample: %v", err)
		}
	}
	all := must(unseal.OpenSample(c, auditor, req, rel, files))(t)
	for i, s := range all {
		e := must(w.scene.Picked(i + 1))(t)
		if s.Place != i+1 || s.ID != e.Leaf.ID || s.Identity == nil || *s.Identity != e.Card {
			t.Errorf("place %d: %v, %v", i+1, s, s.Why)
		}
	}
	if _, err := unseal.OpenSample(c, w.notifier, req, rel, files); !errors.Is(err, custodian.ErrReader) {
		t.Errorf("the notifier opens the sample: %v", err)
	}
	// What winners are told with is not for the auditor.
	req, rel = w.request(2, false, 1, 2)
	c = w.check(w.scene)
	plan := must(w.keys[0].Share(c, w.pin, custodian.Released{}, req, rel, false))(t)
	sealed := must(plan.Seal(c.Outcome.Open))(t)
	if _, err := custody.ReadReleased(auditor, sealed, plan.Release); !slices.Equal(plan.Readers, []int{1}) || !errors.Is(err, custody.ErrWrongKey) {
		t.Errorf("the auditor reads the shares of winners, sealed to %v: %v", plan.Readers, err)
	}
	if _, err := unseal.Open(c, auditor, req, rel, [][]byte{sealed}); !errors.Is(err, custodian.ErrReader) {
		t.Errorf("the auditor opens winners: %v", err)
	}
}

// sampleLies are what a daemon that was changed on purpose could ask custodians for. Each is refused, and for what it is.
var sampleLies = []struct {
	name   string
	count  int64
	places []int
	want   error
}{
	{"one more than the sample instead of one of it", 3, []int{1, 2, 4}, custodian.ErrNoSample},
	{"only somebody whom the seed did not pick", 1, []int{5}, custodian.ErrNoSample},
	{"one of it twice", 2, []int{1, 1}, custodian.ErrRequest},
	{"more than the log announces", 2, []int{1, 2, 3}, custodian.ErrOpened},
	{"fewer than the log announces", 3, []int{1, 2}, custodian.ErrOpened},
	{"nobody of whom anything is kept", 2, []int{-1, -2}, custodian.ErrRequest},
}

func TestSampleRefusals(t *testing.T) {
	t.Parallel()
	for _, x := range sampleLies {
		t.Run(x.name, func(t *testing.T) {
			w, _ := sampledTown(t)
			req, rel := w.requestSample(x.count, x.places...)
			if _, err := w.keys[0].Share(w.check(w.scene), w.pin, custodian.Released{}, req, rel, true); !errors.Is(err, x.want) {
				t.Errorf("%v, want %v", err, x.want)
			}
		})
	}
	w, _ := sampledTown(t)
	req, rel := w.requestSample(2, 1, 2)
	c := w.check(w.scene)
	changed := func(change func(*release.Release)) *release.Release {
		r := *rel
		r.Entrants = slices.Clone(rel.Entrants)
		change(&r)
		return &r
	}
	fourth := must(w.scene.Picked(4))(t)
	var mismatch *seal.MismatchError
	for name, bad := range map[string]*release.Release{
		"another place":  changed(func(r *release.Release) { r.Entrants[0].Rank = 3 }),
		"a seat":         changed(func(r *release.Release) { r.Entrants[0].Stratum = 1 }),
		"another's lock": changed(func(r *release.Release) { r.Entrants[0].Locks = fourth.Locks }),
	} {
		_, err := w.keys[0].Share(c, w.pin, custodian.Released{}, req, bad, false)
		if !errors.Is(err, custodian.ErrRequest) && !errors.As(err, &mismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A second release of the same draw, within the number that the rules allow.
	if _, err := w.scene.OpenedFor(custody.Audit, 1, false, 3); err != nil {
		t.Fatal(err)
	}
	res := must(w.scene.Answer(w.scene.Releases...))(t)
	again := must(release.Parse(must(release.Marshal(req.Campaign, 1, custody.Audit, res))(t)))(t)
	if _, err := w.keys[0].Share(w.check(w.scene), w.pin, custodian.Released{}, again, must(again.Pick(2))(t), false); !errors.Is(err, custodian.ErrNoSample) {
		t.Errorf("a second release: %v", err)
	}
	// Rules without a sample.
	plain := found(t, scene.MakePast)
	plain.drawn(plain.keys...)
	tax := must(release.Parse(must(plain.scene.OpenedFor(custody.Tax, 1, false, 1))(t)))(t)
	tax.Purpose = custody.Audit
	if _, err := custodian.Holders(plain.check(plain.scene), tax, must(tax.Pick(0))(t)); !errors.Is(err, custodian.ErrOpened) {
		t.Errorf("without a sample: %v", err)
	}
}

// TestCustodianWithoutTheSeed is the mutant of the refusals: a custodian's tool that checks all of a request but whom the seed picked hands over who is not in the sample,
// so the check above is what holds.
func TestCustodianWithoutTheSeed(t *testing.T) {
	w, _ := sampledTown(t)
	lie := sampleLies[0]
	req, rel := w.requestSample(lie.count, lie.places...)
	c := w.check(w.scene)
	d, _ := c.Draw(1)
	for _, e := range rel.Entrants { // what the tool would think of the seed
		if !slices.Contains(d.Audit, e.ID) {
			d.Audit[e.Rank-2] = e.ID
		}
	}
	rel.Entrants[2].Rank = 3
	plan, err := w.keys[0].Share(c, w.pin, custodian.Released{}, req, rel, false)
	if err != nil || len(plan.Shares) != 3 {
		t.Errorf("refused for something else: %v", err)
	}
}

// TestErasedOfTheSample: of who was erased since nothing is handed over, and the auditor sees each of them, and each who was left out, as not opened.
func TestErasedOfTheSample(t *testing.T) {
	w, auditor := sampledTown(t)
	req, rel := w.requestSample(2, 1, -3)
	c := w.check(w.scene)
	files := w.sampleShares(c, req, rel)
	all := must(unseal.OpenSample(c, auditor, req, rel, files))(t)
	if all[0].Identity == nil || !errors.Is(all[1].Why, unseal.ErrLeftOut) || !errors.Is(all[2].Why, unseal.ErrSaidErased) || all[1].Identity != nil || all[2].Identity != nil {
		t.Errorf("got %v %v, %v %v", all[0], all[0].Why, all[1].Why, all[2].Why)
	}
}

func (w *town) sampleShares(c *bundle.Checked, req *release.Request, rel *release.Release) (files [][]byte) {
	w.t.Helper()
	for _, k := range w.keys[:2] {
		plan := must(k.Share(c, w.pin, custodian.Released{}, req, rel, false))(w.t)
		files = append(files, must(plan.Seal(c.Outcome.Open))(w.t))
	}
	return files
}

// TestSwappedIdentity: an operator who has another identity ready for an invented entry is refused it by the entry list, and the auditor reads the rest.
func TestSwappedIdentity(t *testing.T) {
	w, auditor := sampledTown(t)
	req, rel := w.requestSample(3, 1, 2, 3)
	c := w.check(w.scene)
	files := w.sampleShares(c, req, rel)
	rel.Entrants[1].Envelope = rel.Entrants[2].Envelope
	rel.Entrants[2].Envelope = nil
	all := must(unseal.OpenSample(c, auditor, req, rel, files))(t)
	if all[0].Identity == nil || all[1].Identity != nil || !errors.Is(all[1].Why, unseal.ErrShares) || all[2].Identity != nil || all[2].Why == nil {
		t.Errorf("%v; %v; %v", all[0].Why, all[1].Why, all[2].Why)
	}
	rel.Entrants[0].Envelope = nil
	if _, err := unseal.OpenSample(c, auditor, req, rel, files); err == nil {
		t.Error("none opens, and it is no error")
	}
}
