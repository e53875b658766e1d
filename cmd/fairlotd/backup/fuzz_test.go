package backup

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

func FuzzManifest(f *testing.F) {
	m := Manifest{Made: time.Unix(1700000000, 0).UTC(), LogSize: 3, Waiting: 7}
	for _, name := range []string{"registry.db", "identity.db", "answers.db"} {
		m.Rooms = append(m.Rooms, Room{File: name, Schema: 1, Generation: 2, Bytes: 4096})
	}
	f.Add(fmt.Appendf(m.body(), "mac %x\n", make([]byte, 32)))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, sum, err := parse(b)
		if err == nil && !bytes.Equal(fmt.Appendf(m.body(), "mac %x\n", sum), b) {
			t.Fatalf("two encodings of %q", b)
		}
	})
}
