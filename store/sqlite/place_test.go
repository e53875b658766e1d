package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fairlot/store"
)

// TestRememberedFile puts another file in the place of each room's, and another row of the binding into it: changes are refused and leave nothing, reads too,
// and all goes on with the right one back.
func TestRememberedFile(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, name := range []string{"registry", "identity", "answers"} {
		t.Run(name, func(t *testing.T) {
			dir, other := filepath.Join(t.TempDir(), "r"), filepath.Join(t.TempDir(), "r")
			for _, d := range []string{dir, other} {
				if err := Create(d); err != nil {
					t.Fatal(err)
				}
			}
			rooms, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = rooms.Close() }()
			bound := map[string]store.Bound{"registry": rooms.Registry, "identity": rooms.Identity, "answers": rooms.Answers}[name]
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			must(bound.PutBinding(ctx, store.Binding{Installation: [16]byte{1}, Generation: 5}))
			must(bound.Remember(ctx))
			change := func() error {
				switch name {
				case "registry":
					return rooms.Registry.SwapLease(ctx, store.Lease{}, store.Lease{Term: 1, Beat: 1, Holder: [16]byte{1}})
				case "identity":
					return rooms.Identity.CreateGate(ctx, store.Gate{Campaign: store.CampaignID{1}, End: time.Unix(1, 0), OpenHash: store.Hash{1}})
				}
				return rooms.Answers.PutMixed(ctx, store.CampaignID{1}, 1, 1, nil, nil)
			}
			refused := func(how string) {
				t.Helper()
				_, err := bound.Binding(ctx)
				for what, err := range map[string]error{"a change": change(), "a look": bound.Same(ctx), "a move": bound.SetGeneration(ctx, 5, 6), "a read": err} {
					if !errors.Is(err, store.ErrReplaced) || !errors.Is(err, store.ErrUnavailable) {
						t.Errorf("%s: %s: %v", how, what, err)
					}
				}
			}
			path := filepath.Join(dir, name+".db")
			must(os.Rename(path, path+".away"))
			refused("renamed away")
			must(os.Rename(filepath.Join(other, name+".db"), path))
			refused("another file")
			// Connections that are made meanwhile must not lead there when the right file is back.
			r := map[string]*room{"registry": rooms.Registry.(*Registry).room, "identity": rooms.Identity.(*Identity).room, "answers": rooms.Answers.(*Answers).room}[name]
			for _, db := range []*sql.DB{r.w, r.r} {
				conn, err := db.Conn(ctx)
				must(err)
				discard(conn)
				_ = conn.Close()
			}
			refused("another file, new connections")
			must(os.Rename(path+".away", path))
			if err := bound.Same(ctx); err != nil {
				t.Errorf("the right file is back: %v", err)
			}
			for _, db := range []*sql.DB{r.w, r.r} {
				conn, err := db.Conn(ctx)
				must(err)
				var generation int64
				if err := conn.QueryRowContext(ctx, "SELECT generation FROM binding").Scan(&generation); err != nil || generation != 5 {
					t.Errorf("a connection leads elsewhere: %v, %d", err, generation)
				}
				must(conn.Close())
			}
			alter := func(statement string) {
				t.Helper()
				db := newRoom(path, busyTimeout)
				defer func() { _ = db.Close() }()
				_, err := db.w.Exec(statement)
				must(err)
			}
			for _, s := range []string{"UPDATE binding SET generation = 4", "UPDATE binding SET installation = zeroblob(16), generation = 5", "DELETE FROM binding"} {
				alter(s)
				if err := bound.Same(ctx); !errors.Is(err, store.ErrReplaced) {
					t.Errorf("%s: %v", s, err)
				}
				refused(s)
			}
			alter("INSERT INTO binding (id, installation, generation) VALUES (1, x'01000000000000000000000000000000', 5)")
			must(bound.Same(ctx))
			must(change())
		})
	}
}
