package draw

import (
	"bytes"
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// SeedOf is SHA-256("fairlot/v1 seed\n" ‖ SHA-256(close record) ‖ SHA-256(σ_R)).
func SeedOf(closeRecord Hash, sig Signature) Seed {
	randomness := sha256.Sum256(sig[:])
	return labelled("seed", closeRecord[:], randomness[:])
}

// ScoreOf is the least of SHA-256(seed ‖ id ‖ u32 j) over j = 0 … chances − 1. Chances must be at least 1; 0 gives the
// worst score of all, which is never ranked.
func ScoreOf(seed Seed, id EntrantID, chances uint16) Score {
	s := newScorer(seed)
	return s.score(&id, chances)
}

// scorer is what a score hashes: seed, id, j. It belongs to one goroutine.
type scorer [52]byte

func newScorer(seed Seed) (s scorer) {
	*(*Seed)(s[:]) = seed
	return s
}

func (s *scorer) score(id *EntrantID, chances uint16) Score {
	if chances == 0 {
		return worst
	}
	*(*EntrantID)(s[32:]) = *id
	binary.BigEndian.PutUint32(s[48:], 0)
	best := Score(sha256.Sum256(s[:]))
	for j := uint32(1); j < uint32(chances); j++ {
		binary.BigEndian.PutUint32(s[48:], j)
		if other := Score(sha256.Sum256(s[:])); bytes.Compare(other[:], best[:]) < 0 {
			best = other
		}
	}
	return best
}

var worst = Score(bytes.Repeat([]byte{0xff}, 32))

// Line is one line of the ranking file: rank Rank of effective stratum Stratum. Seat is the tier number, 0 for an
// alternate.
type Line struct {
	Stratum int
	Rank    int
	ID      EntrantID
	Score   Score
	Seat    int
}

// Effective is one effective stratum: its number, the seats of its tiers (Tiers[t−1] of tier t, where a tier that no joined
// stratum has is 0) and the alternates.
type Effective struct {
	Stratum    int
	Tiers      []int
	Alternates int
}

// Seats is the number of seats of all tiers.
func (e Effective) Seats() int {
	n := 0
	for _, t := range e.Tiers {
		n += t
	}
	return n
}

// Plan is how the strata of a draw are joined, and who has how many seats (SPEC section 5).
type Plan struct {
	Into      []int // Into[i−1] is the effective stratum of stratum i
	Effective []Effective
}

// MakePlan joins strata that have fewer than batch leaves and gives out the seats. counts[i−1] is n_i.
func MakePlan(d *DrawRules, batch int, counts []int64) Plan {
	n := len(counts)
	into := make([]int, n) // next stratum joined to; itself if it stands
	sum := slices.Clone(counts)
	for i := range n {
		into[i] = i
		if n == 1 || sum[i] >= int64(batch) {
			continue
		}
		if i < n-1 {
			into[i] = i + 1
			sum[i+1] += sum[i]
			continue
		}
		for j := n - 2; j >= 0; j-- {
			if into[j] == j {
				into[i] = j
				break
			}
		}
	}
	stand := func(i int) int {
		for into[i] != i {
			i = into[i]
		}
		return i
	}
	p := Plan{Into: make([]int, n)}
	joined := make([]int64, n) // n_i of the effective strata
	for i := range n {
		p.Into[i] = stand(i) + 1
		joined[stand(i)] += counts[i]
	}
	tiers := make([][]int, n)
	for _, t := range seatsOf(d, joined) {
		e := stand(t.Stratum - 1)
		for len(tiers[e]) < t.Tier {
			tiers[e] = append(tiers[e], 0)
		}
		tiers[e][t.Tier-1] += t.Count
	}
	for i := range n {
		if into[i] == i {
			p.Effective = append(p.Effective, Effective{i + 1, tiers[i], d.Alternates})
		}
	}
	return p
}

// seatsOf are the tiers of the rules, or the shares of the proportional one among the effective strata: whole quotas first,
// the seats left over to the largest remainders, ties to the lower stratum.
func seatsOf(d *DrawRules, counts []int64) []Tier {
	if d.Proportional == 0 {
		return d.Tiers
	}
	total := int64(0)
	for _, n := range counts {
		total += n
	}
	if total == 0 {
		return nil
	}
	t := int64(d.Proportional)
	tiers := make([]Tier, len(counts))
	order := make([]int, len(counts))
	left := t
	for i, n := range counts {
		share := t * n / total
		tiers[i] = Tier{i + 1, 1, int(share)}
		left -= share
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		ra, rb := t*counts[a]%total, t*counts[b]%total
		switch {
		case ra > rb:
			return -1
		case ra < rb:
			return 1
		}
		return 0
	})
	for _, i := range order[:left] {
		tiers[i].Count++
	}
	return tiers
}

// best keeps the limit smallest of what is offered, the largest of them on top.
type best struct {
	limit int
	items []scored
}

type scored struct {
	score Score
	id    EntrantID
}

func (a scored) compare(b scored) int {
	if c := bytes.Compare(a.score[:], b.score[:]); c != 0 {
		return c
	}
	return bytes.Compare(a.id[:], b.id[:])
}

func (b *best) Len() int           { return len(b.items) }
func (b *best) Less(i, j int) bool { return b.items[i].compare(b.items[j]) > 0 }
func (b *best) Swap(i, j int)      { b.items[i], b.items[j] = b.items[j], b.items[i] }
func (b *best) Push(x any)         { b.items = append(b.items, x.(scored)) }
func (b *best) Pop() any {
	x := b.items[len(b.items)-1]
	b.items = b.items[:len(b.items)-1]
	return x
}

func (b *best) offer(score Score, id *EntrantID) {
	switch {
	case b.limit == 0:
	case len(b.items) < b.limit:
		heap.Push(b, scored{score, *id})
	case score[0] <= b.items[0].score[0]:
		if x := (scored{score, *id}); x.compare(b.items[0]) < 0 {
			b.items[0] = x
			heap.Fix(b, 0)
		}
	}
}

func (b *best) sorted() []scored {
	slices.SortFunc(b.items, scored.compare)
	return b.items
}

// Rank is the ranking of a draw: winners and alternates, by effective stratum and rank. It reads leaves once; memory
// grows with seats and alternates only, once for each processor. The plan comes from MakePlan, every leaf's stratum must be one of its strata.
func Rank(p Plan, leaves Leaves, seed Seed) ([]Line, error) {
	var all [][]*best // of each worker, by effective stratum
	err := inParts(leaves, func() func(int, Leaves) error {
		heaps := make([]*best, len(p.Into)+1)
		for _, e := range p.Effective {
			heaps[e.Stratum] = &best{limit: e.Seats() + e.Alternates}
		}
		all = append(all, heaps)
		s := newScorer(seed)
		return func(_ int, part Leaves) error {
			return eachEntrant(part, func(id *EntrantID, stratum, chances uint16) error {
				if chances == 0 {
					return nil
				}
				if stratum < 1 || int(stratum) > len(p.Into) {
					return fmt.Errorf("%w: stratum %d, want 1 to %d", ErrList, stratum, len(p.Into))
				}
				heaps[p.Into[stratum-1]].offer(s.score(id, chances), id)
				return nil
			})
		}
	})
	if err != nil {
		return nil, err
	}
	heaps := all[0]
	for _, others := range all[1:] {
		for _, e := range p.Effective {
			for _, x := range others[e.Stratum].items {
				heaps[e.Stratum].offer(x.score, &x.id)
			}
		}
	}
	var lines []Line
	for _, e := range p.Effective {
		tier, left := 0, 0
		for i, x := range heaps[e.Stratum].sorted() {
			for left == 0 && tier < len(e.Tiers) {
				left = e.Tiers[tier]
				tier++
			}
			line := Line{Stratum: e.Stratum, Rank: i + 1, ID: x.id, Score: x.score}
			if left > 0 {
				line.Seat = tier
				left--
			}
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// Audit is the audit sample: the n leaves with chances > 0 that come first by SHA-256("fairlot/v1 audit\n" ‖ seed ‖ id), in
// that order; fewer if there are not so many.
func Audit(leaves Leaves, seed Seed, n int) ([]EntrantID, error) {
	var all []*best // of each worker
	err := inParts(leaves, func() func(int, Leaves) error {
		b := &best{limit: n}
		all = append(all, b)
		return func(_ int, part Leaves) error {
			return eachEntrant(part, func(id *EntrantID, _, chances uint16) error {
				if chances > 0 {
					b.offer(labelled("audit", seed[:], id[:]), id)
				}
				return nil
			})
		}
	})
	if err != nil {
		return nil, err
	}
	b := all[0]
	for _, other := range all[1:] {
		for _, x := range other.items {
			b.offer(x.score, &x.id)
		}
	}
	var ids []EntrantID
	for _, x := range b.sorted() {
		ids = append(ids, x.id)
	}
	return ids, nil
}

// MarshalRanking prints the ranking file: a line `STRATUM RANK ID SCORE SEAT` each; zero bytes for no lines.
func MarshalRanking(lines []Line) []byte {
	b := []byte{}
	for _, l := range lines {
		b = append(b, l.String()...)
		b = append(b, '\n')
	}
	return b
}

// String is the line of the ranking file, without its LF.
func (l Line) String() string {
	seat := "alt"
	if l.Seat > 0 {
		seat = strconv.Itoa(l.Seat)
	}
	return fmt.Sprintf("%d %d %s %s %s", l.Stratum, l.Rank, l.ID, l.Score, seat)
}

// ParseRanking reads a ranking file in its one encoding: strata ascending, ranks from 1 without gaps, seats by tier and
// then alternates. It does not tell whether the ranking is right.
func ParseRanking(b []byte) ([]Line, error) {
	var lines []Line
	var last Line
	for s := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(s, "\n"), " ")
		bad := func(what string) error { return fmt.Errorf("ranking file: line %d: %s", len(lines)+1, what) }
		if len(f) != 5 {
			return nil, bad("not five values")
		}
		var l Line
		stratum, ok1 := parseDec(f[0])
		rank, ok2 := parseDec(f[1])
		seat, ok3 := int64(0), true
		if f[4] != "alt" {
			seat, ok3 = parseDec(f[4])
		}
		if !ok1 || !ok2 || !ok3 || !parseHex(l.ID[:], f[2]) || !parseHex(l.Score[:], f[3]) {
			return nil, bad("a value is malformed")
		}
		l.Stratum, l.Rank, l.Seat = int(stratum), int(rank), int(seat)
		if l.String()+"\n" != s {
			return nil, bad("not in its one encoding")
		}
		next := l.Stratum == last.Stratum && l.Rank == last.Rank+1 &&
			(l.Seat == 0 || last.Seat > 0 && l.Seat >= last.Seat)
		first := l.Stratum > last.Stratum && l.Rank == 1
		if !next && !first {
			return nil, bad("out of order")
		}
		lines = append(lines, l)
		last = l
	}
	return lines, nil
}
