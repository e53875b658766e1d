package draw

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"
)

// made is an entry list of n leaves that is computed while it is read. Ids ascend; chances are 1 to 3.
type made int64

func (m made) leaf(i int64) Leaf {
	var l Leaf
	binary.BigEndian.PutUint64(l.ID[:], uint64(i)<<16)
	l.ID[15] = byte(i * 7)
	l.Stratum, l.Chances = uint16(i%3+1), uint16(i%3+1)
	l.Person[0] = byte(i)
	return l
}

func (m made) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) && off < int64(m)*LeafSize {
		b := m.leaf(off / LeafSize).Bytes()
		k := copy(p[n:], b[off%LeafSize:])
		n, off = n+k, off+int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (m made) list(t testing.TB) *List {
	l, err := NewList(m, int64(m)*LeafSize)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var threeStrata = DrawRules{Strata: 3, Tiers: []Tier{{1, 1, 2}, {1, 2, 30}, {2, 1, 5}, {3, 1, 5}}, Alternates: 20}

// TestRankAgainstSorting compares the streaming ranking with one that sorts everything.
func TestRankAgainstSorting(t *testing.T) {
	for _, n := range []made{0, 1, 2, 5, 60, 301} {
		for batch := 1; batch < 200; batch += 66 {
			list := n.list(t)
			count, err := CheckList(list, 3, 3)
			if err != nil {
				t.Fatal(err)
			}
			plan := MakePlan(&threeStrata, batch, count.Strata)
			seed := Seed(sha256.Sum256([]byte{byte(n), byte(batch)}))
			got, err := Rank(plan, list, seed)
			if err != nil {
				t.Fatal(err)
			}
			var want []Line
			for _, e := range plan.Effective {
				var rows []Line
				for i := range int64(n) {
					l := n.leaf(i)
					if plan.Into[l.Stratum-1] == e.Stratum {
						rows = append(rows, Line{Stratum: e.Stratum, ID: l.ID, Score: ScoreOf(seed, l.ID, l.Chances)})
					}
				}
				slices.SortFunc(rows, func(a, b Line) int { return bytes.Compare(a.Score[:], b.Score[:]) })
				var seats []int
				for t, c := range e.Tiers {
					seats = append(seats, slices.Repeat([]int{t + 1}, c)...)
				}
				seats = append(seats, make([]int, e.Alternates)...)
				for i := range min(len(rows), len(seats)) {
					rows[i].Rank, rows[i].Seat = i+1, seats[i]
					want = append(want, rows[i])
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d leaves, batch %d: streaming and sorting disagree", n, batch)
			}
		}
	}
}

func TestMakePlan(t *testing.T) {
	for _, c := range []struct {
		batch  int
		counts []int64
		into   []int
	}{
		{10, []int64{3}, []int{1}},
		{10, []int64{10, 10}, []int{1, 2}},
		{10, []int64{9, 10}, []int{2, 2}},
		{10, []int64{10, 9}, []int{1, 1}},
		{10, []int64{1, 1, 1}, []int{3, 3, 3}},
		{10, []int64{10, 5, 4}, []int{1, 1, 1}},
		{10, []int64{10, 5, 5, 3}, []int{1, 3, 3, 3}},
		{10, []int64{0, 0, 20, 0}, []int{3, 3, 3, 3}},
	} {
		d := DrawRules{Strata: len(c.counts), Proportional: 7}
		p := MakePlan(&d, c.batch, c.counts)
		if !slices.Equal(p.Into, c.into) {
			t.Errorf("%v: joined into %v, want %v", c.counts, p.Into, c.into)
		}
		seats := 0
		for _, e := range p.Effective {
			seats += e.Seats()
		}
		if seats != 7 {
			t.Errorf("%v: %d proportional seats, want 7", c.counts, seats)
		}
	}
	if p := MakePlan(&DrawRules{Strata: 2, Proportional: 7}, 1, []int64{0, 0}); len(p.Effective) != 1 || p.Effective[0].Seats() != 0 {
		t.Errorf("seats of an empty list: %+v", p)
	}
}

func TestProofs(t *testing.T) {
	for n := int64(1); n <= 20; n++ {
		list := made(n).list(t)
		root, err := RootOf(list)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			proof, err := Prove(list, i, n)
			if err != nil {
				t.Fatal(err)
			}
			leaf := made(n).leaf(i)
			if err := CheckInclusion(leaf, i, n, proof, root); err != nil {
				t.Fatalf("leaf %d of %d: %v", i, n, err)
			}
			if at, index, ok, err := list.Find(leaf.ID); !ok || index != i || at != leaf || err != nil {
				t.Fatalf("leaf %d of %d is not found", i, n)
			}
			other := leaf
			other.Chances++
			for name, err := range map[string]error{
				"other leaf":  CheckInclusion(other, i, n, proof, root),
				"other place": CheckInclusion(leaf, (i+1)%n, n, proof, root),
				"longer":      CheckInclusion(leaf, i, n, append(slices.Clone(proof), [32]byte{}), root),
				"other root":  CheckInclusion(leaf, i, n, proof, Root{}),
				"outside":     CheckInclusion(leaf, n, n, proof, root),
			} {
				if err == nil && !(name == "other place" && n == 1) {
					t.Errorf("leaf %d of %d: a proof with %s passes", i, n, name)
				}
			}
			if len(proof) > 0 && CheckInclusion(leaf, i, n, proof[1:], root) == nil {
				t.Errorf("leaf %d of %d: a cut proof passes", i, n)
			}
		}
		if _, _, ok, err := list.Find(EntrantID{0xff}); ok || err != nil {
			t.Error("found an id that is not there")
		}
	}
}

// TestMemoryFlat shows that checking, hashing, ranking and sampling allocate no more for ten times the leaves.
func TestMemoryFlat(t *testing.T) {
	spent := func(n made) int64 {
		list := n.list(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		count, err := CheckList(list, 3, 3)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := RootOf(list); err != nil {
			t.Fatal(err)
		}
		if _, err := Rank(MakePlan(&threeStrata, 10, count.Strata), list, Seed{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := Audit(list, Seed{1}, 50); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	spent(100_000)
	small, large := spent(100_000), spent(400_000)
	if large > small+64<<10 { // a few hashes for each part
		t.Errorf("100,000 leaves allocate %d bytes, 400,000 allocate %d", small, large)
	}
}

func TestSeats(t *testing.T) {
	lines := []Line{{Stratum: 1, Rank: 1, Seat: 1}, {Stratum: 1, Rank: 2, Seat: 2}, {Stratum: 1, Rank: 3}, {Stratum: 1, Rank: 4},
		{Stratum: 2, Rank: 1, Seat: 1}}
	s := NewSeats(lines, false)
	steps := []struct {
		stratum, vacated, next int
		ok                     bool
	}{
		{1, 3, 4, false}, // never called
		{1, 2, 4, false}, // not the next
		{1, 2, 0, false}, // there is one
		{1, 2, 3, true},
		{1, 2, 4, false}, // gone already
		{1, 3, 4, true},  // an alternate who was called
		{2, 1, 4, false}, // another stratum's alternate
		{2, 1, 0, true},
		{1, 1, 0, true},
		{3, 1, 0, false},
	}
	for _, c := range steps {
		err := s.Apply(&Replace{Stratum: c.stratum, Vacated: c.vacated, Next: c.next})
		if (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if w := s.Winners(lines); len(w) != 1 || w[0].Rank != 4 || w[0].Seat != 2 {
		t.Errorf("winners %v", w)
	}
	if s.Called() != 5 {
		t.Errorf("%d called, want 5", s.Called())
	}
	f := NewSeats(lines, true)
	if f.Apply(&Replace{Stratum: 1, Vacated: 1, Next: 3}) == nil || f.Apply(&Replace{Stratum: 1, Vacated: 1}) != nil {
		t.Error("a forfeited seat must stay empty")
	}
}

func TestCheckListCountsAndRefuses(t *testing.T) {
	good := Slice{{ID: EntrantID{1}, Stratum: 1, Chances: 2}, {ID: EntrantID{2}, Stratum: 2}, {ID: EntrantID{3}, Stratum: 2, Chances: 1}}
	c, err := CheckList(good, 2, 2)
	if err != nil || c.Entrants != 3 || c.Zero != 1 || c.Ranked() != 2 || fmt.Sprint(c.Strata) != "[1 1]" {
		t.Fatalf("%+v, %v", c, err)
	}
	for name, change := range map[string]func(Slice){
		"twice":      func(s Slice) { s[1].ID = s[0].ID },
		"descending": func(s Slice) { s[1].ID[0] = 0 },
		"stratum 0":  func(s Slice) { s[0].Stratum = 0 },
		"stratum 3":  func(s Slice) { s[0].Stratum = 3 },
		"chances 3":  func(s Slice) { s[0].Chances = 3 },
	} {
		s := slices.Clone(good)
		change(s)
		if _, err := CheckList(s, 2, 2); err == nil {
			t.Errorf("%s: passes", name)
		}
	}
}

func BenchmarkScore(b *testing.B) {
	id := made(0).leaf(5).ID
	for b.Loop() {
		ScoreOf(Seed{1}, id, 1)
	}
}

func inMemory(b *testing.B, n int64) *List {
	buf := make([]byte, n*LeafSize)
	if _, err := made(n).ReadAt(buf, 0); err != nil {
		b.Fatal(err)
	}
	l, err := NewList(bytes.NewReader(buf), int64(len(buf)))
	if err != nil {
		b.Fatal(err)
	}
	return l
}

func BenchmarkRoot1e6(b *testing.B) {
	list := inMemory(b, 1_000_000)
	for b.Loop() {
		if _, err := RootOf(list); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRank1000Of1e6(b *testing.B) {
	list := inMemory(b, 1_000_000)
	plan := MakePlan(&DrawRules{Strata: 3, Proportional: 900, Alternates: 33}, 1, []int64{333_334, 333_333, 333_333})
	for b.Loop() {
		if _, err := Rank(plan, list, Seed{1}); err != nil {
			b.Fatal(err)
		}
	}
}
