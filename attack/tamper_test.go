package attack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/trail"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestTamperedTrail changes the rows of the audit trail in the database itself, as its owner or the machine's can, and has `fairlot audit` look: against the
// daemon's log, and against a bundle that somebody kept. It names the first act that does not fit. What nothing shows is a case of its own: acts
// after the last head in the log, by somebody who makes all hashes anew.
func TestTamperedTrail(t *testing.T) {
	t.Parallel()
	tool := filepath.Join(t.TempDir(), "fairlot")
	if out, err := exec.Command("go", "build", "-o", tool, "fairlot/cmd/fairlot").CombinedOutput(); err != nil {
		t.Fatalf("build fairlot: %v\n%s", err, out)
	}
	onEngines(t, func(t *testing.T, on engine) {
		d := newDaemonOn(t, on)
		d.serve()
		c := d.openCampaign(5, time.Now().Add(time.Hour))
		conn, _ := d.as("auditor", "Tsai")
		conn.Close()
		d.kill()
		// All that was done so far becomes a day older; this too is what nothing shows, as there is no head yet.
		key, rows := "", []actRow(nil)
		d.ownRegistry(func(db *sql.DB) {
			if err := db.QueryRow("SELECT log_key FROM installation").Scan(&key); err != nil {
				t.Fatal(err)
			}
			rows = remade(t, key, readActs(t, db), func(a *trail.Act) { a.Time = a.Time.AddDate(0, 0, -1) })
			writeActs(t, db, rows)
		})
		head := int64(len(rows))
		d.serve()
		for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
			conn, ctx := d.staff()
			log, err := fairlotv1.NewLogServiceClient(conn).ListRecords(ctx, &fairlotv1.ListRecordsRequest{})
			conn.Close()
			if err == nil && len(log.Records) == 2 && strings.HasPrefix(log.Records[1], "fairlot/v1 audit\n") {
				break
			}
			if time.Since(began) > 20*time.Second {
				t.Fatalf("no head of the trail in the log: %v", err)
			}
		}
		kept := filepath.Join(t.TempDir(), "kept.tar")
		c.keep(kept, "fairlot/v1 audit\n")
		for _, label := range []string{"Huang", "Yang", "Liu"} {
			conn, _ := d.as("analyst", label)
			conn.Close()
		}
		token := filepath.Join(t.TempDir(), "tsai.token")
		d.mu.Lock()
		err := os.WriteFile(token, []byte(d.tokens["auditor Tsai"]), 0o600)
		d.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		d.kill()
		d.ownRegistry(func(db *sql.DB) { rows = readActs(t, db) })
		other := func(r actRow) actRow {
			return actRow{r.n, r.hash, bytes.Replace(r.text, []byte("outcome "), []byte("outcome X"), 1)}
		}
		hashed := func(r actRow) actRow {
			sum := sha256.Sum256(r.text)
			return actRow{r.n, sum[:], r.text}
		}
		for _, x := range []struct {
			name   string
			broken int64 // the first act that does not fit; 0: nothing shows it
			tamper func(rows []actRow) []actRow
		}{
			{"left alone", 0, func(r []actRow) []actRow { return r }},
			{"one removed", 3, func(r []actRow) []actRow { return append(r[:2:2], r[3:]...) }},
			{"the first removed", 1, func(r []actRow) []actRow { return r[1:] }},
			{"a text altered", 3, func(r []actRow) []actRow { r[2] = other(r[2]); return r }},
			{"a text altered and its hash made anew", 4, func(r []actRow) []actRow { r[2] = hashed(other(r[2])); return r }},
			{"a hash altered", 3, func(r []actRow) []actRow { r[2].hash = make([]byte, 32); return r }},
			{"two in the other order", 3, func(r []actRow) []actRow { r[2].n, r[3].n = r[3].n, r[2].n; return r }},
			{"one put in", 4, func(r []actRow) []actRow {
				forged, err := trail.Parse(r[2].text)
				if err != nil {
					t.Fatal(err)
				}
				forged.Method, forged.Of, forged.Outcome = "StaffService/CreateStaffToken", 0, "ok"
				text, err := forged.Marshal()
				if err != nil {
					t.Fatal(err)
				}
				out := append(r[:2:2], hashed(actRow{3, nil, text}))
				for _, x := range r[2:] {
					out = append(out, actRow{x.n + 1, x.hash, x.text})
				}
				return out
			}},
			{"cut after the second", 3, func(r []actRow) []actRow { return r[:2] }},
			{"cut one before the head", head, func(r []actRow) []actRow { return r[:head-1] }},
			{"all removed", 1, func([]actRow) []actRow { return nil }},
			{"altered before the head, and all hashes made anew", head, func(r []actRow) []actRow {
				return remade(t, key, r, func(a *trail.Act) {
					if a.Number == 3 {
						a.Label = "Somebody else"
					}
				})
			}},
			{"the limit: altered after the head, and all hashes made anew", 0, func(r []actRow) []actRow {
				return remade(t, key, r, func(a *trail.Act) {
					if a.Number > head {
						a.Label = "Somebody else"
					}
				})
			}},
			{"the limit: cut after the head", 0, func(r []actRow) []actRow { return r[:head] }},
		} {
			t.Run(x.name, func(t *testing.T) {
				d.ownRegistry(func(db *sql.DB) { writeActs(t, db, x.tamper(append([]actRow(nil), rows...))) })
				d.serve()
				defer d.kill()
				for _, against := range [][]string{nil, {"--bundle", kept}} {
					out, err := exec.Command(tool, append([]string{"audit", "--server", d.grpc, "--token-file", token}, against...)...).CombinedOutput()
					var exit *exec.ExitError
					status := 0
					if errors.As(err, &exit) {
						status = exit.ExitCode()
					} else if err != nil {
						t.Fatal(err)
					}
					if x.broken == 0 && (status != 0 || !bytes.Contains(out, []byte("the chain holds, and 1 head of the public log fit"))) {
						t.Errorf("audit %v: status %d\n%s", against, status, out)
					}
					if name := fmt.Sprintf("THE AUDIT TRAIL IS BROKEN: act %d does not fit: ", x.broken); x.broken > 0 && (status != 1 || !bytes.Contains(out, []byte(name))) {
						t.Errorf("audit %v: status %d, want 1 and %q\n%s", against, status, name, out)
					}
				}
			})
		}
	})
}

// remade changes acts and makes all hashes anew.
func remade(t testing.TB, logKey string, rows []actRow, change func(*trail.Act)) (out []actRow) {
	t.Helper()
	prev := trail.Genesis(logKey)
	for _, r := range rows {
		a, err := trail.Parse(r.text)
		if err != nil {
			t.Fatal(err)
		}
		change(&a)
		a.Prev = prev
		text, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		prev = sha256.Sum256(text)
		out = append(out, actRow{a.Number, bytes.Clone(prev[:]), text})
	}
	return out
}

// ownRegistry hands over the registry itself, as its owner has it. The daemon must not be running.
func (d *daemon) ownRegistry(f func(db *sql.DB)) {
	d.t.Helper()
	var db *sql.DB
	if d.on.admin == "" {
		db = openRoom(d.t, d.rooms(), "registry")
	} else {
		db = d.room("registry")
	}
	f(db)
	if err := db.Close(); err != nil {
		d.t.Fatal(err)
	}
}

func writeActs(t testing.TB, db *sql.DB, rows []actRow) {
	t.Helper()
	if _, err := db.ExecContext(context.Background(), "DELETE FROM acts"); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if _, err := db.ExecContext(context.Background(), "INSERT INTO acts (n, hash, text) VALUES ($1, $2, $3)", r.n, r.hash, r.text); err != nil {
			t.Fatal(err)
		}
	}
}

// keep downloads the campaign's bundle into a file, once it holds what it should: records are in the log before a checkpoint covers them.
func (c *campaign) keep(path, what string) {
	c.d.t.Helper()
	if err := within(20*time.Second, func() error {
		resp, err := client.Get("http://" + c.d.http + "/bundles/" + c.id + ".tar")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(b, []byte(what)) {
			return fmt.Errorf("bundle: %s, %d bytes, %v", resp.Status, len(b), err)
		}
		return os.WriteFile(path, b, 0o600)
	}); err != nil {
		c.d.t.Fatal(err)
	}
}
