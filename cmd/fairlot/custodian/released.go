package custodian

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fairlot/draw"
)

// MaxReleasedFile bounds the memory of releases in bytes.
const MaxReleasedFile = 64 << 20

var (
	// ErrReleasedOthers says that this key handed over shares of other entrants under the same opened record.
	ErrReleasedOthers = errors.New("this key has released others under the same record")
	// ErrReleased says that bytes are no memory of releases.
	ErrReleased = errors.New("not a file of what this key released")
)

// Released is what a key remembers of the releases that it gave shares for: without it, one opened record could be shown
// again and again, each time with other winners, and the log would still count it once. The zero value is a key that released
// nothing. Its text, lines ascending by INDEX, ids ascending:
//
//	fairlot/v1 released
//	INDEX HASH ID ID…
//
// INDEX is the opened record's place in the log from 0 in decimal, HASH its SHA-256, and the ids are all that the release names, also those that
// were left out because they were replaced. Who can change it can make a custodian open more people than the log says: keep it
// beside the key.
type Released struct{ given []given }

type given struct {
	index  int64
	opened draw.Hash
	ids    []draw.EntrantID // ascending
}

// With remembers one release more, or the same once more: all ids that it names under the opened record at this place of the
// log. r stays as it is. The error wraps ErrReleasedOthers.
func (r Released) With(index int64, opened draw.Hash, ids []draw.EntrantID) (Released, error) {
	g := given{index, opened, slices.SortedFunc(slices.Values(ids), compareIDs)}
	i, found := slices.BinarySearchFunc(r.given, index, func(g given, index int64) int { return int(min(max(g.index-index, -1), 1)) })
	if !found {
		return Released{slices.Insert(slices.Clone(r.given), i, g)}, nil
	}
	if had := r.given[i]; had.opened != opened || !slices.Equal(had.ids, g.ids) {
		return Released{}, fmt.Errorf("%w (record %d of the log, %s): the request names %d entries, the release before named %d, and they are not the same. "+
			"The log would count once what is opened twice: ask for a release of its own, and tell the other custodians",
			ErrReleasedOthers, index, opened, len(g.ids), len(had.ids))
	}
	return r, nil
}

// has tells whether shares were given under the record at this place of the log.
func (r Released) has(index int64) bool {
	return slices.ContainsFunc(r.given, func(g given) bool { return g.index == index })
}

func compareIDs(a, b draw.EntrantID) int { return bytes.Compare(a[:], b[:]) }

// Marshal prints the memory.
func (r Released) Marshal() []byte {
	b := []byte("fairlot/v1 released\n")
	for _, g := range r.given {
		b = fmt.Appendf(b, "%d %s", g.index, g.opened)
		for _, id := range g.ids {
			b = fmt.Appendf(b, " %s", id)
		}
		b = append(b, '\n')
	}
	return b
}

// ParseReleased reads a memory in its one encoding; errors wrap ErrReleased.
func ParseReleased(b []byte) (Released, error) {
	var r Released
	lines := strings.Split(string(b), "\n")
	for _, line := range lines[1:max(len(lines)-1, 1)] {
		f := strings.Split(line, " ")
		if len(f) < 3 {
			return Released{}, fmt.Errorf("read releases: %w", ErrReleased)
		}
		index, err1 := strconv.ParseInt(f[0], 10, 64)
		opened, err2 := draw.ParseHash(f[1])
		g := given{index, opened, nil}
		for _, s := range f[2:] {
			id, err := draw.ParseEntrantID(s)
			if err != nil || len(g.ids) > 0 && compareIDs(g.ids[len(g.ids)-1], id) >= 0 {
				return Released{}, fmt.Errorf("read releases: %w", ErrReleased)
			}
			g.ids = append(g.ids, id)
		}
		if err1 != nil || err2 != nil || index < 0 || len(r.given) > 0 && r.given[len(r.given)-1].index >= index {
			return Released{}, fmt.Errorf("read releases: %w", ErrReleased)
		}
		r.given = append(r.given, g)
	}
	if !bytes.Equal(r.Marshal(), b) {
		return Released{}, fmt.Errorf("read releases: %w", ErrReleased)
	}
	return r, nil
}
