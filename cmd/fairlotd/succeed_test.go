package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/store/sqlite"
)

// TestInitSucceeds makes a log that carries on after one whose key is lost, and refuses what cannot be its last head.
func TestInitSucceeds(t *testing.T) {
	secret, key, err := ledger.GenerateLogKey("old.example/fairlot")
	if err != nil {
		t.Fatal(err)
	}
	signer, _, err := ledger.NewLogSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	note, err := ledger.SignCheckpoint(signer, "old.example/fairlot", 41, ledger.Hash{9})
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := ledger.GenerateLogKey("old.example/fairlot")
	if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	head, spoilt := filepath.Join(base, "checkpoint"), filepath.Join(base, "spoilt")
	dir := filepath.Join(base, "fairlot")
	for path, b := range map[string][]byte{head: note, spoilt: []byte(strings.Replace(string(note), "\n41\n", "\n42\n", 1))} {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	init := func(origin string, args ...string) (int, string) {
		return said(t, t.Context(), append([]string{"init", "--dir", dir, "--origin", origin, "--institution", "Library"}, args...)...)
	}
	for _, x := range []struct {
		origin, want string
		args         []string
	}{
		{"new.example", "--succeeds and --succeeds-key go together", []string{"--succeeds", head}},
		{"new.example", "--succeeds and --succeeds-key go together", []string{"--succeeds-key", key}},
		{"new.example", "no such file", []string{"--succeeds", filepath.Join(base, "absent"), "--succeeds-key", key}},
		{"new.example", "log signature is missing or wrong", []string{"--succeeds", spoilt, "--succeeds-key", key}},
		{"new.example", "log signature is missing or wrong", []string{"--succeeds", head, "--succeeds-key", stranger}},
		{"new.example", "want the verifier key of a log", []string{"--succeeds", head, "--succeeds-key", "x"}},
		{"old.example/fairlot", "is that of the old log: choose another", []string{"--succeeds", head, "--succeeds-key", key}},
	} {
		if status, text := init(x.origin, x.args...); status != 1 || !strings.Contains(text, x.want) {
			t.Errorf("%v: status %d, %q", x.args, status, text)
		}
		if _, err := os.Lstat(dir); !os.IsNotExist(err) {
			t.Fatalf("%v: %s was left: %v", x.args, dir, err)
		}
	}
	if status, text := init("new.example", "--succeeds", head, "--succeeds-key", key); status != 0 {
		t.Fatalf("status %d, %q", status, text)
	}
	rooms, err := sqlite.Open(filepath.Join(dir, roomsDir))
	if err != nil {
		t.Fatal(err)
	}
	defer rooms.Close()
	records, err := rooms.Registry.LogRecords(t.Context(), 0, 2)
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	record, err := draw.ParseRecord(records[0])
	if o, ok := record.(*draw.Origin); err != nil || !ok || o.Old != "old.example/fairlot" || o.OldSize != 41 || o.OldRoot != (draw.Hash{9}) {
		t.Errorf("the first record is %+v, %v", record, err)
	}
}
