package draw

import (
	"errors"
	"reflect"
	"runtime"
	"testing"
)

// serial hides that leaves are a List, so that they are read from start to end.
type serial struct{ Leaves }

// spoilt is a reader of another in which one leaf is altered, or cannot be read.
type spoilt struct {
	made
	at      int64
	leaf    func(*Leaf)
	missing bool
}

var errSpoilt = errors.New("spoilt")

func (s spoilt) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.made.ReadAt(p, off)
	if from := s.at*LeafSize - off; from >= 0 && from < int64(n) {
		if s.missing {
			return int(from), errSpoilt
		}
		l := s.made.leaf(s.at)
		s.leaf(&l)
		b := l.Bytes()
		copy(p[from:n], b[:])
	}
	return n, err
}

// TestInPartsAsInOne compares what several goroutines find with what one does, errors too.
func TestInPartsAsInOne(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	const three = 3*partLeaves + 17
	for _, n := range []made{0, 1, partLeaves - 1, partLeaves, partLeaves + 1, 2 * partLeaves, 4 * partLeaves, three} {
		compareParts(t, n.list(t))
	}
	low, stratum, chances := func(l *Leaf) { l.ID = EntrantID{} }, func(l *Leaf) { l.Stratum = 4 }, func(l *Leaf) { l.Chances = 9 }
	for _, at := range []int64{1, partLeaves - 1, partLeaves, partLeaves + 1, 2*partLeaves + 5, 3 * partLeaves, three - 1} {
		for _, change := range []func(*Leaf){low, stratum, chances, nil} {
			list, err := NewList(spoilt{three, at, change, change == nil}, three*LeafSize)
			if err != nil {
				t.Fatal(err)
			}
			if err := compareParts(t, list); err == nil || errors.Is(err, errSpoilt) != (change == nil) {
				t.Errorf("leaf %d is spoilt, and the error is %v", at, err)
			}
		}
	}
}

func compareParts(t *testing.T, l *List) error {
	t.Helper()
	count, err := CheckList(serial{l}, 3, 3)
	got, root, gotErr := l.Check(3, 3)
	if (err == nil) != (gotErr == nil) || err != nil && err.Error() != gotErr.Error() {
		t.Fatalf("%d leaves: from the start %v, in parts %v", l.n, err, gotErr)
	}
	if err != nil {
		return err
	}
	if want, err := RootOf(serial{l}); err != nil || root != want || !reflect.DeepEqual(got, count) {
		t.Fatalf("%d leaves: root %v and %+v, in parts %v and %+v (%v)", l.n, want, count, root, got, err)
	}
	plan := MakePlan(&threeStrata, 10, count.Strata)
	want, err := Rank(plan, serial{l}, Seed{7})
	lines, gotErr := Rank(plan, l, Seed{7})
	if err != nil || gotErr != nil || !reflect.DeepEqual(lines, want) {
		t.Fatalf("%d leaves: another ranking in parts (%v, %v)", l.n, err, gotErr)
	}
	sample, _ := Audit(serial{l}, Seed{7}, 40)
	if got, err := Audit(l, Seed{7}, 40); err != nil || !reflect.DeepEqual(got, sample) {
		t.Fatalf("%d leaves: another audit sample in parts (%v)", l.n, err)
	}
	return nil
}
