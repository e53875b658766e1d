package draw

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// partLeaves is how many leaves one goroutine takes at a time. Of a tree, so many are a full subtree.
const (
	partLevel  = 12
	partLeaves = 1 << partLevel
)

// inParts has leaves read by as many goroutines as there are processors, if they are a List, part after part; worker makes the function that one of them calls, and is called
// before any of them starts. The error is the one that reading from the start would meet first.
func inParts(leaves Leaves, worker func() func(part int, leaves Leaves) error) error {
	l, ok := leaves.(*List)
	if !ok || l.n <= partLeaves {
		return worker()(0, leaves)
	}
	parts := int((l.n + partLeaves - 1) / partLeaves)
	errs := make([]error, parts)
	var next atomic.Int64
	var failed atomic.Bool
	var working sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), parts) {
		do := worker()
		working.Go(func() {
			part := &List{r: l.r, buf: new(piece)}
			for !failed.Load() { // parts before one that fails were taken before it, and are done to their end
				i := int(next.Add(1)) - 1
				if i >= parts {
					return
				}
				from := int64(i) * partLeaves
				part.from, part.n = l.from+from, min(partLeaves, l.n-from)
				if errs[i] = do(i, part); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	working.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Check is CheckList and RootOf in one reading, on all processors.
func (l *List) Check(strata, cap int) (Count, Root, error) {
	type part struct {
		checker
		tree Tree
		err  error
	}
	parts := make([]part, max(1, (l.n+partLeaves-1)/partLeaves))
	var counts [][]int64 // of each worker, by stratum
	err := inParts(l, func() func(int, Leaves) error {
		strataOf, tree := make([]int64, strata), Tree{}
		counts = append(counts, strataOf)
		return func(i int, leaves Leaves) error {
			p := &parts[i]
			p.checker = checker{strata: strata, cap: cap, at: int64(i) * partLeaves, Count: Count{Strata: strataOf}}
			p.err = leaves.(*List).pieces(func(b []byte) error {
				for ; len(b) > 0; b = b[LeafSize:] {
					tree.addHash(leafHash((*[LeafSize]byte)(b)))
					if err := p.take((*EntrantID)(b), binary.BigEndian.Uint16(b[16:]), binary.BigEndian.Uint16(b[18:])); err != nil {
						return err
					}
				}
				return nil
			})
			p.tree = Tree{n: tree.n, stack: slices.Clone(tree.stack)} // one hash, but for the last part
			tree.n, tree.stack = 0, tree.stack[:0]
			return p.err
		}
	})
	total := Count{Strata: make([]int64, strata)}
	var tree Tree
	for i := range parts {
		p := &parts[i]
		if i > 0 && p.started && parts[i-1].err == nil && bytes.Compare(parts[i-1].last[:], p.first[:]) >= 0 {
			return total, Root{}, descends(int64(i) * partLeaves)
		}
		if p.err != nil {
			return total, Root{}, p.err
		}
		if err == nil {
			total.Entrants, total.Zero = total.Entrants+p.Entrants, total.Zero+p.Zero
			tree.join(&p.tree)
		}
	}
	for _, c := range counts {
		for i, n := range c {
			total.Strata[i] += n
		}
	}
	return total, tree.Root(), err
}
