package attack

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestDatabaseTrouble starts the real daemon on databases that are not as they must be. It ends with one line that says what to do, and serves once
// that is done.
func TestDatabaseTrouble(t *testing.T) {
	t.Parallel()
	on := ownPostgres(t)
	d := newDaemonOn(t, on)
	serve := d.serveArgs()
	root := func(room string, statements ...string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), d.roomDSN(room))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		for _, s := range statements {
			if _, err := conn.Exec(t.Context(), strings.ReplaceAll(s, "NAME_", d.database+"_")); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	again := func() {
		t.Helper()
		d.serve()
		d.stop()
	}
	again()

	root("identity", "GRANT CONNECT ON DATABASE NAME_answers TO NAME_identity_app")
	refused(t, d, "the app role of the identity room could leave it: it may connect to the answers room", serve...)
	root("identity", "REVOKE CONNECT ON DATABASE NAME_answers FROM NAME_identity_app")
	again()

	root("answers", "ALTER ROLE NAME_answers_app SUPERUSER")
	refused(t, d, "the app role of the answers room could leave it: it is superuser", serve...)
	root("answers", "ALTER ROLE NAME_answers_app NOSUPERUSER")

	root("identity", "ALTER ROLE NAME_identity_app SET synchronous_commit = off")
	refused(t, d, "would lose what it acknowledged", serve...)
	root("identity", "ALTER ROLE NAME_identity_app RESET synchronous_commit")

	root("registry", "ALTER DATABASE NAME_answers RENAME TO NAME_away")
	refused(t, d, "has no database", serve...)
	root("registry", "ALTER DATABASE NAME_away RENAME TO NAME_answers")

	root("identity", "UPDATE goose_db_version SET is_applied = false WHERE version_id > 1")
	refused(t, d, "make a backup, then run fairlotd upgrade", serve...)
	root("identity", "UPDATE goose_db_version SET is_applied = true")

	dsns := filepath.Join(d.dir, "postgres.dsn")
	if err := os.Chmod(dsns, 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, d, "chmod 600", serve...)
	if err := os.Chmod(dsns, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dsns, dsns+".away"); err != nil {
		t.Fatal(err)
	}
	refused(t, d, "is no installation", serve...)
	if err := os.Rename(dsns+".away", dsns); err != nil {
		t.Fatal(err)
	}

	// The server goes away and comes back under a daemon that serves.
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(3)
	c.mustEnter(t, c.newPerson(0, tokens[0]))
	if err := on.cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	p := c.newPerson(1, tokens[1])
	unavailable(t, c, p)
	d.stop() // it ends in time without its rooms
	refused(t, d, "no PostgreSQL answers", serve...)
	if err := on.cluster.Start(); err != nil {
		t.Fatal(err)
	}
	d.serve()
	c.mustEnter(t, p)
	if err := on.cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	p = c.newPerson(2, tokens[2])
	unavailable(t, c, p)
	if err := on.cluster.Start(); err != nil {
		t.Fatal(err)
	}
	c.mustEnter(t, p) // the same process, over new connections
	d.stop()
	if n := d.checkRooms(); n != 3 {
		t.Errorf("%d entrants, want 3", n)
	}
	if log, err := os.ReadFile(d.log); err != nil || strings.Contains(string(log), "postgres://") {
		t.Errorf("a DSN in the log, %v", err)
	}
}
