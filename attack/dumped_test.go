package attack

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// item is one entrant or one answer with everything by which it can be put in an order.
type item struct {
	n             int // the true answer: for the judge only
	features      map[string]string
	values        [][]byte
	epoch, sealed int64
	linked        bool
	page          int // of an answer
}

// dumped is the bytes of both rooms at one moment.
type dumped struct{ identity, responses []cell }

func dump(t testing.TB, dir string) dumped {
	t.Helper()
	identity, err := readRoom(filepath.Join(dir, "identity.db"))
	responses, err2 := readRoom(filepath.Join(dir, "answers.db"))
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return dumped{identity.cells(), responses.cells()}
}

func isID(v any) bool {
	b, ok := v.([]byte)
	return ok && len(b) == 16
}

// entrants gathers all rows that hold an entrant's id, whatever table they are of.
func (d dumped) entrants(truth map[string]int) map[string]*item {
	all := map[string]*item{}
	for _, c := range d.identity {
		for i, v := range c.values {
			b, ok := v.([]byte)
			n, known := truth[string(b)]
			if !ok || !known || i == 0 {
				continue
			}
			it := all[string(b)]
			if it == nil {
				it = &item{n: n, features: map[string]string{}}
				all[string(b)] = it
			}
			table := fmt.Sprintf("table %d.%d", len(c.values), i)
			if epoch, ok := c.values[min(2, len(c.values)-1)].(int64); ok && i == 1 && len(c.values) > 4 {
				it.epoch = epoch
			}
			if c.table != "" {
				table = c.table
			}
			if _, ok := c.values[1].(int64); ok && i == 2 {
				table, it.sealed = "pending", c.lengths[len(c.lengths)-1]
			}
			it.add(table, c)
			break
		}
	}
	return all
}

// answers gathers the rows in which of finds whose they are.
func (d dumped) answers(of func([]byte) int) map[int]*item {
	all := map[int]*item{}
	for _, c := range d.responses {
		for _, v := range c.values {
			b, ok := v.([]byte)
			if s, isText := v.(string); isText {
				b, ok = []byte(s), true
			}
			if !ok {
				continue
			}
			if n := of(b); n >= 0 {
				it := &item{n: n, features: map[string]string{}, page: c.page}
				it.add("row", c)
				all[n] = it
				break
			}
		}
	}
	return all
}

// add makes features of a row: its columns, its size, its place, when the log had it.
func (it *item) add(table string, c cell) {
	for i, v := range c.values {
		it.features[fmt.Sprintf("%s column %d", table, i)] = orderly(v)
		switch v := v.(type) {
		case []byte:
			it.values = append(it.values, v)
		case string:
			it.values = append(it.values, []byte(v))
		}
	}
	it.features[table+" size"] = orderly(c.size)
	it.features[table+" place"] = orderly(int64(c.page)<<20 | int64(1<<16-c.offset))
	it.features[table+" log"] = orderly(int64(c.frame))
	it.features[table+" rowid"] = orderly(c.rowid)
	for name, v := range c.marks {
		it.features[table+" "+name] = v
	}
}

// orderly is a text that sorts as v does.
func orderly(v any) string {
	switch v := v.(type) {
	case int64:
		return fmt.Sprintf("%020d", uint64(v)+1<<63)
	case float64:
		return fmt.Sprintf("%040.6f", v)
	case []byte:
		return string(v)
	case string:
		return v
	}
	return ""
}

func values[K comparable](m map[K]*item) []*item { return slices.Collect(maps.Values(m)) }

// orders are the features by which these items can be put in an order.
func orders(list []*item) (names []string) {
	for name, v := range list[0].features {
		same := true
		all := !slices.ContainsFunc(list, func(it *item) bool {
			x, ok := it.features[name]
			same = same && x == v
			return !ok
		})
		if all && !same {
			names = append(names, name)
		}
	}
	return names
}

func by(list []*item, name string) []*item {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b *item) int { return strings.Compare(a.features[name], b.features[name]) })
	return sorted
}
