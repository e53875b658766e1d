package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlot/crypto/ledger"
	"fairlot/engine"
)

// TestOldRegistryIsNeverSigned brings back a registry from before a close. The daemon must not sign a second tree of that size, whatever it is told.
func TestOldRegistryIsNeverSigned(t *testing.T) {
	w := newWorld(t)
	c := w.open(rules())
	w.entered(c, 0, w.tokens(c, 8))
	w.stop()
	restore := w.copies("registry")
	all := w.copies("registry", "identity", "answers")
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
	w.mustClose(c)
	w.stop()
	newest := w.copies("registry", "identity", "answers")
	mark := must(w.keys.Mark("signed"))(t)
	for _, accept := range []bool{false, true} {
		w.cfg.AcceptRestored = accept
		for _, back := range []func(){restore, all} {
			back()
			w.wantRefused(engine.ErrOldLog, "1 records", "newest copy", "new origin")
		}
	}
	if got := must(w.keys.Mark("signed"))(t); got != mark {
		t.Errorf("signed %q, was %q", got, mark)
	}
	newest()
	w.cfg.AcceptRestored = false
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
}

// TestOtherTreeIsNeverSigned gives the daemon a mark of another tree, or none.
func TestOtherTreeIsNeverSigned(t *testing.T) {
	w := newWorld(t)
	w.open(rules())
	mark := must(w.keys.Mark("signed"))(t)
	w.stop()
	for text, want := range map[string]error{
		"size 1\nroot 00000000000000000000000000000000000000000000000000000000000000ff\n": engine.ErrOldLog,
		"size 2\nroot 00000000000000000000000000000000000000000000000000000000000000ff\n": engine.ErrOldLog,
		"": nil, "size 1\n": nil, mark[:len(mark)-1]: nil, mark + "\n": nil, "size -1" + mark[6:]: nil,
	} {
		if err := w.keys.SetMark("signed", text); err != nil {
			t.Fatal(err)
		}
		if err := w.begin(); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%q: %v", text, err)
		}
		w.stop()
	}
	if err := os.Remove(filepath.Join(w.dir, "keys", "signed")); err != nil {
		t.Fatal(err)
	}
	w.wantRefused(os.ErrNotExist, "pin")
	// What the refusal says to do: the lines of a custodian's pin.
	if err := w.keys.SetMark("signed", mark); err != nil {
		t.Fatal(err)
	}
	if err := w.begin(); err != nil {
		t.Fatal(err)
	}
}

// TestSignedIsRememberedFirst wants the tree remembered before there is a checkpoint of it.
func TestSignedIsRememberedFirst(t *testing.T) {
	w := newWorld(t)
	before := must(w.keys.Mark("signed"))(t)
	k := &cut{left: 100}
	w.cfg.Registry = cutRegistry{w.rooms.Registry, k}
	w.reopen()
	k.left = 0 // from here on no checkpoint is stored
	c := must(w.CreateCampaign(context.Background(), "one", rules(), ""))(t)
	if _, err := w.OpenCampaign(context.Background(), c.ID, c.Etag); !errors.Is(err, errCut) {
		t.Fatalf("opened without a checkpoint: %v", err)
	}
	if after := must(w.keys.Mark("signed"))(t); after == before {
		t.Error("a checkpoint would have left before its tree was remembered")
	}
	w.cfg.Registry = w.rooms.Registry
	w.reopen()
	if _, err := w.Checkpoint(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestWitnessesAreAhead hands a checkpoint back that this log's key has signed over more records than the log has: key folder and rooms are of a backup. Nothing is signed from then on, in this
// process or the next, and each says why.
func TestWitnessesAreAhead(t *testing.T) {
	for name, more := range map[string]bool{"more records": true, "another record": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.open(rules())
			ctx := context.Background()
			records, _, err := w.Records(ctx, 0, 10)
			if err != nil || len(records) != 1 {
				t.Fatalf("%d records: %v", len(records), err)
			}
			other := [][]byte{append(bytes.Clone(records[0]), records[0]...)}
			if more {
				other = [][]byte{records[0], records[0]}
			}
			note, at, err := ledger.NextCheckpoint(w.log, other)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.AddCosignature(ctx, note)
			wantReason(t, err, engine.CosignatureInvalid, "")
			if !strings.Contains(err.Error(), "Nothing is signed from now on") || !strings.Contains(w.errs.String(), "has seen another log") {
				t.Errorf("%v, logged: %s", err, w.errs.String())
			}
			draft := must(w.CreateCampaign(ctx, "second", rules(), ""))(t)
			if _, err := w.OpenCampaign(ctx, draft.ID, draft.Etag); !errors.Is(err, engine.ErrOldLog) {
				t.Errorf("opened on a log that is behind: %v", err)
			}
			if n := must(w.rooms.Registry.LogSize(ctx))(t); n != 1 {
				t.Errorf("%d records: appended to a log that is behind", n)
			}
			w.stop()
			w.cfg.AcceptRestored = true
			w.wantRefused(engine.ErrOldLog)
			// Broken on purpose: forgotten, the daemon would go on.
			sum := sha256.Sum256(nil)
			if err := w.keys.SetMark("signed", fmt.Sprintf("size 0\nroot %x\n", sum)); err != nil {
				t.Fatal(err)
			}
			if err := w.begin(); err != nil {
				t.Fatalf("this test shows nothing: %v", err)
			}
			w.stop()
			if err := engine.Witness(w.keys, at.Size, at.Root); err != nil {
				t.Fatal(err)
			}
			if at.Size > 1 {
				w.wantRefused(engine.ErrOldLog)
			}
		})
	}
}
