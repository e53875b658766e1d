package attack

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestRestoreRefusals brings back what must not be brought back. Nothing stays behind, and the right backup still goes in afterwards.
func TestRestoreRefusals(t *testing.T) {
	t.Parallel()
	d, other := newDaemon(t), newDaemon(t)
	first := filepath.Join(t.TempDir(), "first")
	d.run("backup", "--dir", d.dir, "--out", first)
	d.serve()
	d.openCampaign(5, time.Now().Add(time.Hour))
	out := filepath.Join(t.TempDir(), "backup")
	d.run("backup", "--dir", d.dir, "--out", out)
	refused(t, d, "in use by another fairlotd", "restore", "--from", out, "--dir", d.dir)
	d.stop()
	refused(t, d, "is not empty", "restore", "--from", out, "--dir", d.dir)
	if err := os.Rename(d.rooms(), d.rooms()+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(other.rooms()); err != nil {
		t.Fatal(err)
	}
	refused(t, d, "of another installation", "restore", "--from", out, "--dir", other.dir)
	refused(t, d, "not a backup", "restore", "--from", d.rooms()+".away", "--dir", d.dir)
	refused(t, d, "has no key folder", "restore", "--from", out, "--dir", t.TempDir())
	for file, want := range map[string]string{"registry.db": "not the file that was backed up", "identity.db": "not the file that was backed up", "manifest": "changed since"} {
		bad := filepath.Join(t.TempDir(), "bad")
		copyTree(t, out, bad)
		path := filepath.Join(bad, file)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if file == "manifest" {
			b = bytes.Replace(b, []byte("waiting 0"), []byte("waiting 7"), 1)
		} else {
			b[len(b)/2] ^= 1
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, d, want, "restore", "--from", bad, "--dir", d.dir)
	}
	newer := filepath.Join(t.TempDir(), "newer")
	db, err := sql.Open("sqlite", filepath.Join(d.rooms()+".away", "answers.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	if err := errors.Join(err, db.Close(), os.Rename(d.rooms()+".away", d.rooms())); err != nil {
		t.Fatal(err)
	}
	d.run("backup", "--dir", d.dir, "--out", newer)
	if err := os.Rename(d.rooms(), d.rooms()+".away"); err != nil {
		t.Fatal(err)
	}
	refused(t, d, "newer than this program's", "restore", "--from", newer, "--dir", d.dir)
	refused(t, d, "older than what was signed", "restore", "--from", first, "--dir", d.dir) // of before the campaign was opened
	if left, err := os.ReadDir(d.dir); err != nil || len(left) != 3 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	d.run("restore", "--from", out, "--dir", d.dir)
	d.extra = []string{"--accept-restored"}
	d.serve()
}

// revocable is an admin's token beside the first one.
type revocable struct{ id, token string }

func revocableToken(t *testing.T, d *daemon) revocable {
	t.Helper()
	conn, ctx := d.as("admin", "Wang")
	defer conn.Close()
	res, err := fairlotv1.NewStaffServiceClient(conn).CreateStaffToken(ctx, &fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_ADMIN, Label: "gone", Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	return revocable{res.Description.Id, res.Token}
}

func (r revocable) revoke(t *testing.T, d *daemon) {
	t.Helper()
	conn, ctx := d.as("admin", "Wang")
	defer conn.Close()
	if _, err := fairlotv1.NewStaffServiceClient(conn).RevokeStaffToken(ctx, &fairlotv1.RevokeStaffTokenRequest{Id: r.id}); err != nil {
		t.Fatal(err)
	}
	if r.works(d) {
		t.Error("a revoked token works")
	}
}

func (r revocable) works(d *daemon) bool {
	conn, _ := d.as("admin", "Wang")
	defer conn.Close()
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+r.token)
	_, err := fairlotv1.NewStaffServiceClient(conn).ListStaffTokens(ctx, &fairlotv1.ListStaffTokensRequest{})
	return err == nil
}
