package engine_test

import (
	"bytes"
	"testing"
	"time"

	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/engine"
	"fairlot/verify"
)

// TestSucceed: a new log's first record names the old one, the daemon signs it at its start, and a campaign in that log verifies.
func TestSucceed(t *testing.T) {
	w := newWorld(t)
	old := ledger.Checkpoint{Origin: "example.org/old", Size: 7, Root: ledger.Hash{3}}
	if err := engine.Succeed(t.Context(), w.rooms.Registry, old); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	note := must(w.Checkpoint(t.Context()))(t)
	in := must(w.rooms.Registry.Installation(t.Context()))(t)
	if head, err := ledger.VerifyCheckpoint(in.LogKey, note); err != nil || head.Size != 1 {
		t.Fatalf("the first head is %+v, %v", head, err)
	}
	record, err := draw.ParseRecord(must(w.rooms.Registry.LogRecords(t.Context(), 0, 1))(t)[0])
	if o, ok := record.(*draw.Origin); err != nil || !ok || o.Log != in.LogKey || o.Old != old.Origin || o.OldSize != 7 || o.OldRoot != draw.Hash(old.Root) {
		t.Fatalf("the first record is %+v, %v", record, err)
	}
	if err := engine.Succeed(t.Context(), w.rooms.Registry, old); err == nil {
		t.Error("a second origin is taken")
	}
	c := w.open(noProof(rules()))
	for i := range 12 {
		w.enter(w.client(c, i, ""))
	}
	w.setClock(c.Rules.EntriesEnd.Add(time.Minute))
	c = w.mustClose(c)
	var b bytes.Buffer
	if err := w.WriteBundle(t.Context(), c.ID, &b); err != nil {
		t.Fatal(err)
	}
	out, err := verify.Bundle(must(verify.Tar(bytes.NewReader(b.Bytes()), int64(b.Len())))(t), verify.Options{})
	if err != nil || out.Draws[0].State != verify.StateClosed {
		t.Fatalf("%+v, %v", out, err)
	}
}
