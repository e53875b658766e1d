package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"fairlot/engine"
)

// awayMarks is a key folder that cannot be written to for a while.
type awayMarks struct {
	engine.Marks
	away bool
}

func (m *awayMarks) SetMark(name, text string) error {
	if m.away {
		return errors.New("no space left on device")
	}
	return m.Marks.SetMark(name, text)
}

func (m *awayMarks) SwapMark(name, old, new string) (bool, error) {
	if m.away {
		return false, errors.New("no space left on device")
	}
	return m.Marks.SwapMark(name, old, new)
}

// TestUnsignedIsSignedLater closes a campaign while the key folder cannot be written to. Custodians have a checkpoint of the close as soon as it can, though nothing
// else is appended.
func TestUnsignedIsSignedLater(t *testing.T) {
	w := newWorld(t)
	m := &awayMarks{Marks: w.cfg.Marks}
	w.cfg.Marks = m
	w.reopen()
	ctx := context.Background()
	c := w.open(noProof(rules()))
	for i := range 3 {
		w.enter(w.client(c, i, ""))
	}
	turn := w.Turns()
	turn(ctx)
	w.setClock(c.Rules.EntriesEnd.Add(30 * 24 * time.Hour))
	m.away = true
	if _, err := w.CloseCampaign(ctx, c.ID); reason(err) != engine.StorageUnavailable {
		t.Fatalf("closed without a key folder: %v", err)
	}
	newest := func() int64 {
		sizes := must(w.rooms.Registry.CheckpointSizes(ctx))(t)
		return sizes[len(sizes)-1]
	}
	size := must(w.rooms.Registry.LogSize(ctx))(t)
	turn(ctx)
	if size != 2 || newest() == size {
		t.Fatalf("the log has %d records, and a checkpoint of %d: this shows nothing", size, newest())
	}
	m.away = false
	turn(ctx)
	if got := newest(); got != size {
		t.Errorf("the newest checkpoint is of %d of %d records", got, size)
	}
}

// TestNothingIsOpenedUnderAnUnsignedRecord: a release whose record could not be signed hands nothing out when it is repeated, until it can: custodians would not find it
// in any bundle.
func TestNothingIsOpenedUnderAnUnsignedRecord(t *testing.T) {
	w := newCaseWorld(t, 1)
	ctx := t.Context()
	m := &awayMarks{Marks: w.cfg.Marks}
	w.cfg.Marks = m
	w.reopen()
	c := w.approved(w.request(engine.CaseCourt, w.ids[0]))
	m.away = true
	for range 2 {
		if _, err := w.ReleaseCase(ctx, w.requester, c.ID); err == nil {
			t.Error("released under a record that no checkpoint covers")
		}
	}
	m.away = false
	must(w.ReleaseCase(ctx, w.requester, c.ID))(t)
	sizes := must(w.rooms.Registry.CheckpointSizes(ctx))(t)
	if size := must(w.rooms.Registry.LogSize(ctx))(t); len(w.announced(w.c)) != 1 || sizes[len(sizes)-1] != size {
		t.Errorf("announced %d times; the newest checkpoint is of %d of %d records", len(w.announced(w.c)), sizes[len(sizes)-1], size)
	}
}
