package draw

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
)

// Leaves can be read any number of times, in ascending order of id. Each calls f for every leaf and stops at the first
// error, which it returns.
type Leaves interface {
	Each(f func(Leaf) error) error
}

// Slice is Leaves in memory. It does not sort.
type Slice []Leaf

// Each calls f for every leaf.
func (s Slice) Each(f func(Leaf) error) error {
	for _, l := range s {
		if err := f(l); err != nil {
			return err
		}
	}
	return nil
}

// ErrList says that an entry list breaks a rule of SPEC section 4.
var ErrList = errors.New("not an entry list")

// List is an entry list (entrants.bin) that is read in pieces: memory does not grow with it. It may be used from several
// goroutines if its reader may.
type List struct {
	r    io.ReaderAt
	from int64 // leaves before the first
	n    int64
	buf  *piece // to read into, of a List that one goroutine has to itself; nil: made anew
}

type piece [1024 * LeafSize]byte

// NewList makes a List of size bytes, which must be a multiple of 52.
func NewList(r io.ReaderAt, size int64) (*List, error) {
	if size < 0 || size%LeafSize != 0 {
		return nil, fmt.Errorf("%w: %d bytes are not a multiple of %d", ErrList, size, LeafSize)
	}
	return &List{r: r, n: size / LeafSize}, nil
}

// Len is the number of leaves.
func (l *List) Len() int64 { return l.n }

// Each calls f for every leaf, in the order of the file.
func (l *List) Each(f func(Leaf) error) error {
	return l.pieces(func(b []byte) error {
		for ; len(b) > 0; b = b[LeafSize:] {
			if err := f(LeafOf([LeafSize]byte(b[:LeafSize]))); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachEntrant is Each for who needs neither commitment nor copies: id is f's until it returns.
func eachEntrant(leaves Leaves, f func(id *EntrantID, stratum, chances uint16) error) error {
	l, ok := leaves.(*List)
	if !ok {
		return leaves.Each(func(l Leaf) error { return f(&l.ID, l.Stratum, l.Chances) })
	}
	return l.pieces(func(b []byte) error {
		for ; len(b) > 0; b = b[LeafSize:] {
			if err := f((*EntrantID)(b), binary.BigEndian.Uint16(b[16:]), binary.BigEndian.Uint16(b[18:])); err != nil {
				return err
			}
		}
		return nil
	})
}

// pieces calls f for some leaves at a time, which it may look at until it returns.
func (l *List) pieces(f func(leaves []byte) error) error {
	buf := l.buf
	if buf == nil {
		buf = new(piece)
	}
	at := l.from * LeafSize
	for left := l.n; left > 0; {
		n := min(left, int64(len(buf)/LeafSize))
		b := buf[:n*LeafSize]
		if read, err := l.r.ReadAt(b, at); read < len(b) {
			return fmt.Errorf("read entry list: %w", err)
		}
		if err := f(b); err != nil {
			return err
		}
		left, at = left-n, at+int64(len(b))
	}
	return nil
}

// At reads leaf i, counting from 0.
func (l *List) At(i int64) (Leaf, error) {
	var b [LeafSize]byte
	if i < 0 || i >= l.n {
		return Leaf{}, fmt.Errorf("read entry list: no leaf %d of %d", i, l.n)
	}
	if _, err := l.r.ReadAt(b[:], (l.from+i)*LeafSize); err != nil && !errors.Is(err, io.EOF) {
		return Leaf{}, fmt.Errorf("read entry list: %w", err)
	}
	return LeafOf(b), nil
}

// Find returns the leaf with this id and its place, counting from 0; ok is false if the list does not hold it. The list
// must be in order.
func (l *List) Find(id EntrantID) (leaf Leaf, at int64, ok bool, err error) {
	i := sort.Search(int(l.n), func(i int) bool {
		x, e := l.At(int64(i))
		if e != nil {
			err = e
			return true
		}
		return bytes.Compare(x.ID[:], id[:]) >= 0
	})
	if err != nil || int64(i) == l.n {
		return Leaf{}, 0, false, err
	}
	leaf, err = l.At(int64(i))
	return leaf, int64(i), err == nil && leaf.ID == id, err
}

// Count is what CheckList counts.
type Count struct {
	Entrants int64   // all leaves
	Zero     int64   // those with chances 0
	Strata   []int64 // Strata[i−1] is n_i, the leaves of stratum i with chances > 0
}

// Ranked is the number of leaves with chances > 0.
func (c Count) Ranked() int64 { return c.Entrants - c.Zero }

// CheckList goes once through leaves and tells whether ids ascend and are unique, strata are 1 to strata and chances at most
// cap; it counts as it goes. Errors wrap ErrList.
func CheckList(leaves Leaves, strata, cap int) (Count, error) {
	c := checker{strata: strata, cap: cap}
	c.Strata = make([]int64, strata)
	err := leaves.Each(func(l Leaf) error { return c.take(&l.ID, l.Stratum, l.Chances) })
	return c.Count, err
}

// checker looks at leaves one after another, from some place of a list on.
type checker struct {
	Count
	strata, cap int
	at          int64 // place of the next leaf
	started     bool
	first, last EntrantID
}

func (c *checker) take(id *EntrantID, stratum, chances uint16) error {
	if c.started && !id.after(&c.last) {
		return descends(c.at)
	}
	if !c.started {
		c.started, c.first = true, *id
	}
	if stratum < 1 || int(stratum) > c.strata {
		return fmt.Errorf("%w: leaf %d: stratum %d, want 1 to %d", ErrList, c.at, stratum, c.strata)
	}
	if int(chances) > c.cap {
		return fmt.Errorf("%w: leaf %d: %d chances, more than %d", ErrList, c.at, chances, c.cap)
	}
	c.last = *id
	c.at++
	c.Entrants++
	if chances == 0 {
		c.Zero++
	} else {
		c.Strata[stratum-1]++
	}
	return nil
}

// after is how bytes.Compare orders ids, without the call.
func (id *EntrantID) after(other *EntrantID) bool {
	a, b := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(other[:8])
	if a != b {
		return a > b
	}
	return binary.BigEndian.Uint64(id[8:]) > binary.BigEndian.Uint64(other[8:])
}

func descends(at int64) error { return fmt.Errorf("%w: leaf %d: id does not ascend", ErrList, at) }

// RootOf is the tree's root over leaves, with memory for one hash a level.
func RootOf(leaves Leaves) (Root, error) {
	var t Tree
	err := leaves.Each(func(l Leaf) error {
		b := l.Bytes()
		t.Add(b[:])
		return nil
	})
	return t.Root(), err
}
