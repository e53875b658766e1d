package attack

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServerKills kills PostgreSQL under 64 writers: the server itself, after which it is started again, and one of the processes that serve the daemon,
// after which the server restarts by itself. The daemon lives on. FAULT_SERVER_KILLS is the number of kills, of each kind.
func TestServerKills(t *testing.T) {
	n := fromEnv(t, "FAULT_SERVER_KILLS", 6)
	for _, what := range []string{"server", "backend"} {
		t.Run(what, func(t *testing.T) {
			on := ownPostgres(t)
			v := strikes(t, n, func() *rig { return serverKilled(t, on, what) })
			unharmed(t, "kill -9 of PostgreSQL, "+what, on, v)
		})
	}
}

// TestServerKillsSeeLoss kills a server that acknowledges before its log is written. The daemon would refuse it at its start, so the setting is that of
// the database's sessions from then on.
func TestServerKillsSeeLoss(t *testing.T) {
	t.Parallel()
	on := ownPostgres(t, "wal_writer_delay=10s")
	v := strikes(t, 5, func() *rig {
		r := serverKilled(t, on, "server")
		r.mutant = true
		r.settle = func() error {
			return on.cluster.Exec(t.Context(), "postgres", "ALTER DATABASE "+r.d.database+"_identity SET synchronous_commit = off")
		}
		return r
	})
	foundOut(t, "synchronous_commit=off", on, v)
}

// serverKilled is a rig whose strike is kill -9 of the server, or of one of its processes that serve the daemon.
func serverKilled(t testing.TB, on engine, what string) *rig {
	d := newDaemonOn(t, on)
	r := &rig{d: d, lives: true}
	if what == "server" {
		r.strike = func() {
			if err := on.cluster.Kill(); err != nil {
				t.Error(err)
			}
		}
		r.mend = on.cluster.Start
		return r
	}
	r.strike = func() {
		var pids []string
		if err := within(time.Minute, func() error {
			text, err := asked(on, "SELECT coalesce(string_agg(pid::text, ' '), '') FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname LIKE '"+d.database+"\\_%'")
			if pids = strings.Fields(text); err == nil && len(pids) == 0 {
				err = errors.New("the daemon has no session")
			}
			return err
		}); err != nil {
			t.Error(err)
			return
		}
		pid, err := strconv.Atoi(pids[rand.IntN(len(pids))])
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err != nil && err != syscall.ESRCH {
			t.Error(err)
		}
	}
	r.mend = func() error {
		return within(time.Minute, func() error {
			_, err := asked(on, "SELECT 'here'")
			return err
		})
	}
	return r
}

// within tries until f succeeds, and returns its last error.
func within(limit time.Duration, f func() error) error {
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if err := f(); err == nil || time.Since(began) > limit {
			return err
		}
	}
}

// asked is the one text that the superuser gets for a query.
func asked(on engine, query string) (text string, err error) {
	db, err := sql.Open("pgx", on.admin)
	if err != nil {
		return "", err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := db.QueryRowContext(ctx, query).Scan(&text); err != nil {
		return "", fmt.Errorf("%s: %w", query, err)
	}
	return text, nil
}
