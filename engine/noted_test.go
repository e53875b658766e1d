package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/keys"
	"fairlot/engine"
)

// smallLists are marks whose lists are full early.
type smallLists struct {
	engine.Marks
	most int64
}

func (m *smallLists) ListSize(name string) (size, most int64, err error) {
	size, _, err = m.Marks.ListSize(name)
	return size, m.most, err
}

func (m *smallLists) AddLine(name, line string) error {
	size, _, err := m.Marks.ListSize(name)
	if there, _ := m.HasLine(name, line); err == nil && !there && size+int64(len(line))+1 > m.most {
		err = fmt.Errorf("add to list %q: %w", name, keys.ErrFull)
	}
	if err != nil {
		return err
	}
	return m.Marks.AddLine(name, line)
}

// TestListFillsUp: the operator is warned once a day from three quarters on, and not before; whoever comes to a full list is told, nothing is done, and nothing of it
// is in the log; entries and erasures of before go on.
func TestListFillsUp(t *testing.T) {
	t.Parallel()
	k := newClockwork(t)
	const line = 32 + len(" erased\n")
	k.cfg.Marks = &smallLists{k.cfg.Marks, 4*int64(line) + 3} // four erasures
	k.restart()
	ctx := context.Background()
	c := k.open(k.timed())
	var all []*client
	for i := range 6 {
		all = append(all, k.client(c, i, ""))
		k.enter(all[i])
	}
	warned := func() int {
		k.pass(3*time.Hour, 30*time.Minute)
		return strings.Count(k.errs.String(), "is filling up")
	}
	for _, x := range all[:3] {
		if n := warned(); n != 0 {
			t.Fatalf("warned %d times too early:\n%s", n, k.errs.String())
		}
		k.erase(c, x)
	}
	k.erase(c, all[3])
	if n := warned(); n != 1 || !strings.Contains(k.errs.String(), "full=98%") {
		t.Errorf("warned %d times:\n%s", n, k.errs.String())
	}
	said := k.errs.String()
	_, err := k.EraseEntry(ctx, c.ID, all[4].s)
	wantReason(t, err, engine.StorageUnavailable, "")
	if !strings.Contains(err.Error(), "is full") || strings.Contains(err.Error(), "try again") {
		t.Errorf("says %v", err)
	}
	if now := k.errs.String(); now != said {
		t.Errorf("the log tells of one who came: %s", now[len(said):])
	}
	if row := must(k.rooms.Identity.Entrant(ctx, c.ID, all[4].got.ID))(t); row.Zero != "" {
		t.Errorf("done all the same: %+v", row)
	}
	k.erase(c, all[0])
	k.enter(k.client(c, 30, ""))
}
