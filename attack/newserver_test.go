package attack

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlot/store/postgres"
	"fairlot/store/postgres/pgtest"
)

// TestNewServer loses the PostgreSQL server whole and brings the rooms back on a new one, as OPERATIONS says: dumps made as the owners, databases and roles by fairlotd, pg_restore
// as the owners. It does so with a role that may make databases and with one that may not, and with and without the DSNs of the lost server.
func TestNewServer(t *testing.T) {
	t.Parallel()
	on := ownPostgres(t)
	d := newDaemonOn(t, on)
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(30)
	receipts := map[*person]string{}
	for i := range 12 {
		p := c.newPerson(i, tokens[i])
		receipts[p] = c.mustEnter(t, p).receipt
	}
	rooms := []string{"registry", "identity", "answers"}
	dumps := map[string][]byte{}
	for i, room := range rooms {
		file := filepath.Join(on.cluster.Shared(), room+".dump")
		if said, err := on.cluster.Run("pg_dump", "-Fc", "-f", file, d.owners(t)[i]); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dumps[room] = b
	}
	lost := c.newPerson(20, tokens[20])
	c.mustEnter(t, lost)
	d.kill()
	if err := on.cluster.Close(); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "keys")
	copied := func(from, to string) {
		t.Helper()
		if said, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	copied(filepath.Join(d.dir, "keys"), keys)

	for _, x := range []struct {
		name             string
		superuser, fresh bool
	}{{"a superuser, the old folder", true, false}, {"a role without rights, a new folder", false, true}} {
		t.Run(x.name, func(t *testing.T) {
			d.kill()
			server := pgtest.Start(t)
			if x.fresh {
				d.dir = filepath.Join(t.TempDir(), "installation")
				if err := os.Mkdir(d.dir, 0o700); err != nil {
					t.Fatal(err)
				}
				copied(keys, d.dir)
			}
			admin := server.AdminDSN("postgres")
			if !x.superuser {
				if err := server.Exec(t.Context(), "postgres", "CREATE ROLE nobody LOGIN PASSWORD 'geheim'"); err != nil {
					t.Fatal(err)
				}
				admin = server.DSN("nobody", "geheim", "postgres")
			}
			file := filepath.Join(t.TempDir(), "admin.dsn")
			if err := os.WriteFile(file, []byte(admin), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"restore", "--make-databases", "--dir", d.dir, "--admin-dsn-file", file, "--database", d.database}
			if x.superuser {
				d.run(args...)
			} else {
				refused(t, d, "Then run the same command again", args...)
				sql, err := os.ReadFile(filepath.Join(d.dir, "provision.sql"))
				if err != nil {
					t.Fatal(err)
				}
				refused(t, d, "Was the SQL run?", args...)
				for statement := range strings.SplitSeq(string(sql), ";\n") {
					if err := server.Exec(t.Context(), "postgres", statement); err != nil {
						t.Fatal(err)
					}
				}
				d.run(args...)
			}
			refused(t, d, "init", d.serveArgs()...) // the databases are empty
			for i, room := range rooms {
				dump := filepath.Join(server.Shared(), room+".dump")
				if err := os.WriteFile(dump, dumps[room], 0o644); err != nil {
					t.Fatal(err)
				}
				if said, err := server.Run("pg_restore", "--clean", "--if-exists", "--single-transaction", "-d", d.owners(t)[i], dump); err != nil {
					t.Fatalf("%v: %s", err, said)
				}
			}
			d.run("restore", "--put-back", "--dir", d.dir)
			refused(t, d, "--accept-restored", d.serveArgs()...)
			d.extra = []string{"--accept-restored"}
			d.serve()
			d.stop()
			d.extra = nil
			d.serve()
			for p, want := range receipts {
				if got := c.mustEnter(t, p).receipt; got != want {
					t.Error("another receipt for the same entry")
				}
			}
			c.mustEnter(t, lost)
			c.mustEnter(t, c.newPerson(21, tokens[21]))
			d.stop()
			d.run("upgrade", "--dir", d.dir)
			d.serve()
			d.stop()
		})
	}
}

// owners are the DSNs of the rooms' owners.
func (d *daemon) owners(t *testing.T) [3]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(d.dir, "postgres.owner.dsn"))
	if err != nil {
		t.Fatal(err)
	}
	dsns, err := postgres.ParseDSNs(string(b))
	if err != nil {
		t.Fatal(err)
	}
	return [3]string{dsns.Registry, dsns.Identity, dsns.Answers}
}
