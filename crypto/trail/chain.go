package trail

import (
	"crypto/sha256"
	"fmt"
	"slices"
)

// Head is what the public log says of the trail: that it had Count acts, and that SHA-256 of the last of them was Hash. Index is the place of
// the record in the log.
type Head struct {
	Index int64
	Day   string
	Count int64
	Hash  [32]byte
}

// BrokenError names the first act that does not fit.
type BrokenError struct {
	Number int64 // of the act; one after the last if some are missing at the end
	Why    string
}

func (e *BrokenError) Error() string { return fmt.Sprintf("act %d does not fit: %s", e.Number, e.Why) }

// Chain checks acts one after another. Make it with NewChain.
type Chain struct {
	last  int64
	prev  [32]byte
	heads []Head         // not reached yet
	begun map[int64]bool // acts without an outcome so far
}

// NewChain begins a check of the trail of the installation with this log key, whose log has these heads.
func NewChain(logKey string, heads []Head) *Chain {
	heads = slices.Clone(heads)
	slices.SortStableFunc(heads, func(a, b Head) int { return int(min(max(a.Count-b.Count, -1), 1)) })
	return &Chain{prev: Genesis(logKey), heads: heads, begun: map[int64]bool{}}
}

// Add takes the next row. The error is a *BrokenError; nothing after it can be trusted.
func (c *Chain) Add(number int64, hash [32]byte, text []byte) (Act, error) {
	next := c.last + 1
	broken := func(format string, args ...any) (Act, error) {
		return Act{}, &BrokenError{next, fmt.Sprintf(format, args...)}
	}
	if number != next {
		return broken("the next row is number %d", number)
	}
	a, err := Parse(text)
	if err != nil {
		return broken("its text is %v", err)
	}
	if a.Number != next {
		return broken("its text says number %d", a.Number)
	}
	sum := sha256.Sum256(text)
	if sum != hash {
		return broken("the hash beside it is another: it was altered")
	}
	if a.Prev != c.prev {
		return broken("it follows another act than number %d: this one or the one before was altered, removed or put in", next-1)
	}
	if a.Of != 0 && !c.begun[a.Of] {
		return broken("it tells the outcome of act %d, which was not begun or is over", a.Of)
	}
	for len(c.heads) > 0 && c.heads[0].Count == next {
		if h := c.heads[0]; h.Hash != sum {
			return broken("the public log, entry %d, says that act %d of %s was another: the trail was written anew", h.Index, next, h.Day)
		}
		c.heads = c.heads[1:]
	}
	c.last, c.prev = next, sum
	if a.Outcome == Begun {
		c.begun[next] = true
	}
	delete(c.begun, a.Of)
	return a, nil
}

// Close ends the check: no head of the log may lie beyond the last act.
func (c *Chain) Close() error {
	if len(c.heads) > 0 {
		h := c.heads[len(c.heads)-1]
		return &BrokenError{c.last + 1, fmt.Sprintf("it is missing: the public log, entry %d, says that there were %d acts on %s, and here are %d", h.Index, h.Count, h.Day, c.last)}
	}
	return nil
}

// Open are the acts that were begun and have no outcome, ascending.
func (c *Chain) Open() []int64 {
	var open []int64
	for n := range c.begun {
		open = append(open, n)
	}
	slices.Sort(open)
	return open
}

// Len is how many acts were taken.
func (c *Chain) Len() int64 { return c.last }
