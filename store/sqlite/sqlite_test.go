package sqlite

import (
	"path/filepath"
	"testing"

	"fairlot/store"
	"fairlot/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Rooms { return newRooms(t, filepath.Join(t.TempDir(), "rooms")) })
}

// newRooms creates and opens rooms in dir.
func newRooms(t testing.TB, dir string) store.Rooms {
	t.Helper()
	if err := Create(dir); err != nil {
		t.Fatal(err)
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}
