package archive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"fairlot/store/archive"
)

// dropped takes rows and keeps none.
type dropped struct{ rows int }

func (d *dropped) Put(context.Context, archive.Table, []any) error { d.rows++; return nil }

// none has no rows in any table.
type none struct{}

func (none) Each(context.Context, archive.Table, func([]any) error) error { return nil }

// FuzzRead: no stream makes the import panic or take more rows than it has lines.
func FuzzRead(f *testing.F) {
	for _, room := range archive.Rooms() {
		var b bytes.Buffer
		if err := archive.Write(context.Background(), &b, room, strings.Repeat("0a", 16), none{}); err != nil {
			f.Fatal(err)
		}
		f.Add(room, b.Bytes())
	}
	f.Fuzz(func(t *testing.T, room string, b []byte) {
		var d dropped
		_, err := archive.Read(context.Background(), bytes.NewReader(b), room, &d)
		if lines := bytes.Count(b, []byte("\n")); d.rows > lines {
			t.Fatalf("%d rows of %d lines", d.rows, lines)
		}
		if err == nil && !json.Valid(bytes.SplitN(b, []byte("\n"), 2)[0]) {
			t.Fatal("a stream without a head is taken")
		}
	})
}
