package engine_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"

	"fairlot/engine"
	"fairlot/store"
)

// TestLinker joins what the two rooms show, as somebody could who gets the files: once at the end, and once after every batch. The rows of the
// answers room are taken in the order of their ids, the entrants in the order of their ids within a batch, in that of their arrival, and those whose contact was
// corrected, which the linker saw happen, first or last, in the order of that or of the ids that they got by it. With the shuffle it does no better than guessing one of k; without it, it finds nearly everybody, so that the test is worth something.
func TestLinker(t *testing.T) {
	const n, k = 1000, 50
	for _, unmixed := range []bool{false, true} {
		w := newWorld(t)
		if unmixed {
			w.SetUnmixed()
		}
		r := noProof(rules())
		r.Batch, r.Threshold = k, 1
		r.Custodians = r.Custodians[:1]
		c := w.open(r)
		l := &linker{w: w, c: c, seen: map[[16]byte]bool{}, truth: map[store.EntrantID]int{}}
		for from := 0; from < n; from += k {
			l.enter(from, from+k)
			l.correct(from, 5) // some while their answers wait
			w.work()
			l.snapshot()
			if from >= 2*k {
				l.correct(from-2*k+1, 5) // and some when they are mixed
			}
		}
		w.mustClose(c)
		l.snapshot()
		end, byID, byArrival := l.linkEnd(), l.linkBatches(false), l.linkBatches(true)
		corrected := l.linkCorrected()
		t.Logf("unmixed %v: linked %d at the end, %d by batch, %d by arrival, %d by corrections, of %d", unmixed, end, byID, byArrival, corrected, n)
		const guess = n/k + 20 // guessing finds n/k, with a standard deviation of its root: 20 are four and a half of them
		switch {
		case unmixed && max(end, byID) < n*95/100:
			t.Errorf("without the shuffle only %d and %d are linked: the linker is worth nothing", end, byID)
		case !unmixed && max(end, byID, byArrival, corrected) > guess:
			t.Errorf("linked %d, %d, %d, %d of %d, a guess finds %d", end, byID, byArrival, corrected, n, n/k)
		}
	}
}

type linker struct {
	w        *world
	c        engine.Campaign
	truth    map[store.EntrantID]int
	arrival  []store.EntrantID
	seen     map[[16]byte]bool
	batches  [][]store.Response // new rows of each snapshot, by id
	entrants [][]store.EntrantID
	linked   int // entrants of the batches so far
	clients  []*client
	better   map[store.EntrantID]store.EntrantID // of who was corrected: the new id
	order    map[store.EntrantID]int             // and when
}

// correct has every step-th of those who have entered since from corrected, the last first.
func (l *linker) correct(from, step int) {
	if l.better == nil {
		l.better, l.order = map[store.EntrantID]store.EntrantID{}, map[store.EntrantID]int{}
	}
	for i := min(from+50, len(l.clients)) - 1; i >= from; i -= step {
		x := l.clients[i]
		req, _ := l.w.correction(l.c, x, "better@example.org")
		got, err := l.w.CorrectEntry(context.Background(), req)
		if err != nil {
			l.w.t.Error(err)
		}
		l.better[x.got.ID], l.order[x.got.ID] = got.ID, len(l.order)
	}
}

// linkCorrected takes who was corrected first, and then last, in either order, and the best of all.
func (l *linker) linkCorrected() (best int) {
	for _, byNewID := range []bool{false, true} {
		for _, sign := range []int{1, -1} {
			hits := 0
			for i, rows := range l.batches {
				ids := slices.Clone(l.entrants[i])
				slices.SortFunc(ids, func(a, b store.EntrantID) int {
					x, xOK := l.better[a]
					y, yOK := l.better[b]
					switch {
					case xOK != yOK:
						if xOK {
							return -sign
						}
						return sign
					case xOK && byNewID:
						return bytes.Compare(x[:], y[:])
					case xOK:
						return l.order[a] - l.order[b]
					}
					return bytes.Compare(a[:], b[:])
				})
				hits += l.hits(rows, ids)
			}
			best = max(best, hits)
		}
	}
	return best
}

func (l *linker) enter(from, to int) {
	var wg sync.WaitGroup
	clients := make([]*client, to-from)
	for i := range clients {
		clients[i] = l.w.client(l.c, from+i, "")
	}
	for p := range 4 {
		wg.Go(func() {
			for i := p; i < len(clients); i += 4 {
				got, err := l.w.Enter(context.Background(), clients[i].req)
				if err != nil {
					l.w.t.Error(err)
				}
				clients[i].got = got
			}
		})
	}
	wg.Wait()
	l.clients = append(l.clients, clients...)
	for i, x := range clients {
		l.truth[x.got.ID] = from + i
		l.arrival = append(l.arrival, x.got.ID)
	}
}

// snapshot takes what is new in the answers room, and whom the identity room says to be mixed since the last time.
func (l *linker) snapshot() {
	var rows []store.Response
	for _, r := range l.w.responses(l.c) {
		if !l.seen[r.ID] {
			l.seen[r.ID] = true
			rows = append(rows, r)
		}
	}
	if len(rows) > 0 {
		l.batches = append(l.batches, rows)
		l.entrants = append(l.entrants, l.arrival[l.linked:l.linked+len(rows)])
		l.linked += len(rows)
	}
}

func (l *linker) linkBatches(arrival bool) (hits int) {
	for i, rows := range l.batches {
		ids := slices.Clone(l.entrants[i])
		if !arrival {
			slices.SortFunc(ids, func(a, b store.EntrantID) int { return bytes.Compare(a[:], b[:]) })
		}
		hits += l.hits(rows, ids)
	}
	return hits
}

// linkEnd has only the files of the end: all rows by id against all entrants by epoch and id.
func (l *linker) linkEnd() int {
	ctx := context.Background()
	batches := must(l.w.rooms.Identity.Batches(ctx, l.c.ID))(l.w.t)
	var ids []store.EntrantID
	batch := map[store.EntrantID]int{}
	for _, leaf := range must(l.w.rooms.Identity.Leaves(ctx, l.c.ID, store.EntrantID{}, 100000))(l.w.t) {
		row := must(l.w.rooms.Identity.Entrant(ctx, l.c.ID, leaf.ID))(l.w.t)
		if row.Epoch == 0 { // brought no response
			continue
		}
		ids = append(ids, leaf.ID)
		batch[leaf.ID] = slices.IndexFunc(batches, func(b store.Batch) bool { return b.First <= row.Epoch && row.Epoch <= b.Last })
	}
	slices.SortStableFunc(ids, func(a, b store.EntrantID) int { return batch[a] - batch[b] })
	return l.hits(l.w.responses(l.c), ids)
}

func (l *linker) hits(rows []store.Response, ids []store.EntrantID) (n int) {
	if len(rows) != len(ids) {
		l.w.t.Fatalf("%d responses of %d entrants", len(rows), len(ids))
	}
	for i, r := range rows {
		if l.truth[ids[i]] == number(r) {
			n++
		}
	}
	return n
}
