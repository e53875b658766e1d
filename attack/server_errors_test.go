package attack

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// serverCall is a call of one of PostgreSQL's processes that is made to fail.
type serverCall struct{ process, call string }

var serverCalls = []serverCall{
	{"client backend", "pwrite64"}, {"client backend", "fdatasync"}, {"walwriter", "pwrite64"}, {"walwriter", "fdatasync"},
	{"checkpointer", "pwrite64"}, {"checkpointer", "fsync"},
}

// TestServerErrors makes writes of PostgreSQL's own processes fail with EIO and ENOSPC, by strace, under 64 writers: what serves the identity room, what writes the
// log ahead, and what writes the tables. The server refuses, or ends all its processes and recovers by itself; the daemon lives on. FAULT_SERVER_ERRORS is the
// number of strikes; one that finds no such call within two seconds takes the next kind.
func TestServerErrors(t *testing.T) {
	t.Parallel()
	on := ownPostgres(t)
	f := &serverErrors{t: t, on: on, calls: serverCalls, hits: map[string]int{}}
	v := strikes(t, fromEnv(t, "FAULT_SERVER_ERRORS", 8), f.rig)
	t.Logf("%v", f.hits)
	unharmed(t, "EIO and ENOSPC inside PostgreSQL", on, v)
}

// TestServerErrorsSeeLoss does the same to a daemon that does not look at what became of COMMIT.
func TestServerErrorsSeeLoss(t *testing.T) {
	t.Parallel()
	on := ownPostgres(t)
	f := &serverErrors{t: t, on: on, calls: serverCalls[:1], logOnly: true, hits: map[string]int{}}
	v := strikes(t, 4, func() *rig {
		r := f.rig()
		r.d.program, r.d.env, r.mutant = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=COMMIT unseen"}, true
		return r
	})
	t.Logf("%v", f.hits)
	foundOut(t, "COMMIT not looked at", on, v)
}

// serverErrors strikes with one kind of failing call after another.
type serverErrors struct {
	t     *testing.T
	on    engine
	calls []serverCall
	// logOnly: what is written is the log, so it is at COMMIT that the call fails, and not while a table grows.
	logOnly bool
	n       atomic.Int64
	hits    map[string]int
}

func (f *serverErrors) rig() *rig {
	if _, err := exec.LookPath("strace"); err != nil {
		f.t.Skip("CANNOT make system calls fail: no strace")
	}
	d := newDaemonOn(f.t, f.on)
	return &rig{d: d, lives: true,
		strike: func() {
			for range 4 * len(f.calls) {
				n := int(f.n.Add(1)) - 1
				c, errno := f.calls[n%len(f.calls)], []string{"EIO", "ENOSPC"}[n/len(f.calls)%2]
				if f.one(d, c, errno) {
					f.hits[c.process+" "+c.call+" "+errno]++
					return
				}
			}
			if !f.logOnly { // otherwise entries may have ended meanwhile, and foundOut wants a loss anyway
				f.t.Error("no call of PostgreSQL could be made to fail")
			}
		},
		mend: func() error {
			return within(time.Minute, func() error {
				_, err := asked(f.on, "SELECT 'here'")
				return err
			})
		},
	}
}

// one makes the next such call fail and returns whether there was one.
func (f *serverErrors) one(d *daemon, c serverCall, errno string) bool {
	query := "SELECT pid::text FROM pg_stat_activity WHERE backend_type = '" + c.process + "'"
	if c.process == "client backend" {
		query += " AND datname = '" + d.database + "_identity'"
	}
	text, err := asked(f.on, query+" ORDER BY state_change DESC NULLS LAST LIMIT 1") // of several, the one at work
	if err != nil {
		return false // it recovers
	}
	pid, err := strconv.Atoi(text)
	if err != nil {
		return false
	}
	out := filepath.Join(d.root, "server.strace")
	_ = os.Remove(out)
	args := []string{"-qq", "-o", out, "-e", "trace=" + c.call, "-e", fmt.Sprintf("inject=%s:error=%s:when=1", c.call, errno), "-p", text}
	if f.logOnly {
		now, err := asked(f.on, "SELECT current_setting('data_directory') || '/pg_wal/' || pg_walfile_name(pg_current_wal_lsn())")
		if err != nil {
			return false
		}
		args = append(args, "-P", now)
	}
	tracing := exec.Command("strace", args...)
	if err := tracing.Start(); err != nil {
		f.t.Fatal(err)
	}
	defer tracing.Wait()
	defer tracing.Process.Signal(syscall.SIGINT) // it lets go
	if err := within(5*time.Second, func() error { return traced(pid) }); err != nil {
		return false // it ended meanwhile
	}
	if c.process == "checkpointer" {
		go func() { _ = f.on.cluster.Exec(context.Background(), "postgres", "CHECKPOINT") }()
	}
	return within(2*time.Second, func() error {
		b, err := os.ReadFile(out)
		if err == nil && !bytes.Contains(b, []byte("(INJECTED)")) {
			err = fmt.Errorf("no call of %s", strings.ToLower(c.call))
		}
		return err
	}) == nil
}
