package attack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writePath are the calls by which the daemon changes files, and the files for which they are made to fail (nil: all). write(2) and openat are
// made by everything, so only what is named is hit.
func (d *daemon) writePath() (list []failing) {
	rooms := []string{"registry.db", "registry.db-wal", "identity.db", "identity.db-wal", "answers.db", "answers.db-wal"}
	var paths []string
	if d.on.admin == "" {
		for _, name := range rooms {
			paths = append(paths, filepath.Join(d.rooms(), name))
		}
		list = append(list, failing{calls: "pwrite64"}, failing{calls: "ftruncate,fallocate"}, failing{calls: "mmap", paths: paths})
	}
	keys := filepath.Join(d.dir, "keys")
	marks := []string{filepath.Join(keys, ".new-generation"), filepath.Join(keys, ".new-signed")}
	return append(list, failing{calls: "fsync,fdatasync"}, failing{calls: "rename,renameat,renameat2,linkat"}, failing{calls: "unlink,unlinkat"},
		failing{calls: "write", paths: marks}, failing{calls: "openat", paths: append(append(paths, keys), marks...)})
}

type failing struct {
	calls string
	paths []string
}

// TestWriteErrors makes the system calls by which the daemon writes fail, with EIO and ENOSPC, by strace: the N-th of each thread, while
// entries come and are mixed, and once more from the start on. Each entry is refused, and nothing of it is there, or acknowledged and there after a clean restart; the daemon goes
// on, or has ended and said why. FAULT_ERRORS is how many N of each call and error are tried, from the first on, until none is left; by
// default one N by chance, from the start on with one error of the two.
func TestWriteErrors(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		t.Parallel()
		r := newInjection(t, on)
		for _, f := range r.d.writePath() {
			r.all(t, f)
		}
		r.report(t, "EIO and ENOSPC on write paths")
		if r.v.harm() > 0 || r.v.broken != "" || r.refused+r.ended == 0 {
			t.Errorf("%d refused, %d times the daemon ended, %s%s", r.refused, r.ended, r.v, r.v.broken)
		}
	})
}

// TestWriteErrorsSeeLoss makes writes fail under a daemon that does not look at what became of COMMIT.
func TestWriteErrorsSeeLoss(t *testing.T) {
	t.Parallel()
	r := newInjection(t, sqlite)
	r.d.program, r.d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=COMMIT unseen"}
	for n := 1; n <= 12 && r.v.lost == 0; n++ {
		r.one(t, failing{calls: "fsync,fdatasync,pwrite64"}, "EIO", n, false)
	}
	r.report(t, "mutant: COMMIT not looked at")
	if r.v.lost == 0 {
		t.Error("a daemon that does not look at what became of COMMIT was not found out")
	}
}

// injection is one installation to which errors are done one after another.
type injection struct {
	d       *daemon
	c       *campaign
	tokens  []string
	n       int
	refused int // calls that were not acknowledged at first
	ended   int // runs in which the daemon ended, and said why
	v       verdict
}

func newInjection(t *testing.T, on engine) *injection {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("CANNOT make system calls fail: no strace")
	}
	d := newDaemonOn(t, on)
	d.serve()
	r := &injection{d: d, c: d.openCampaign(5, time.Now().Add(5*time.Hour))}
	r.tokens = r.c.tokens(20000)
	d.stop()
	if out, err := exec.Command("strace", "-f", "--seccomp-bpf", "-e", "trace=fsync", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("CANNOT make system calls fail: strace: %v: %s", err, out)
	}
	return r
}

// all makes the first, second, … call fail with each error until no call is left, or one by chance.
func (r *injection) all(t *testing.T, f failing) {
	limit, errnos := fromEnv(t, "FAULT_ERRORS", 1), []string{"EIO", "ENOSPC"}
	for _, starting := range []bool{false, true} {
		if limit == 1 && starting {
			r.one(t, f, errnos[rand.IntN(2)], 1+rand.IntN(3), true)
			continue
		}
		for _, errno := range errnos {
			if limit == 1 {
				r.one(t, f, errno, 1+rand.IntN(3), false)
				continue
			}
			for n := 1; n <= limit && r.one(t, f, errno, n, starting) && r.v.broken == ""; n++ {
			}
		}
	}
}

// traced says whether a process is traced.
func traced(pid int) error {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err == nil && strings.Contains(string(b), "TracerPid:\t0\n") {
		err = errors.New("strace does not attach")
	}
	return err
}

// one makes the n-th call fail and returns whether there was one.
func (r *injection) one(t *testing.T, f failing, errno string, n int, starting bool) bool {
	d := r.d
	what := fmt.Sprintf("%s %s, number %d", errno, f.calls, n)
	if starting {
		what += " from the start on"
	}
	out := filepath.Join(d.root, "strace.out")
	tracer := []string{"strace", "-f", "-qq", "-o", out, "-e", "trace=" + f.calls, "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", f.calls, errno, n)}
	for _, p := range f.paths {
		tracer = append(tracer, "-P", p)
	}
	var err error
	if starting {
		d.trace = append(tracer, "-D", "--seccomp-bpf")
		_, err = d.tryServe()
		d.trace = nil
	} else {
		d.serve()
		tracing := exec.Command(tracer[0], append(tracer[1:], "-p", fmt.Sprint(d.cmd.Process.Pid))...)
		if err := tracing.Start(); err != nil {
			t.Fatal(err)
		}
		defer tracing.Wait()
		if err := within(10*time.Second, func() error { return traced(d.cmd.Process.Pid) }); err != nil {
			t.Fatal(err)
		}
	}
	var mine []*sent
	alive := err == nil
	for range 12 {
		s := &sent{person: r.c.newPerson(r.n, r.tokens[r.n])}
		r.n++
		mine = append(mine, s)
		for tries := 0; alive && !s.acknowledged && tries < 100; tries++ {
			a, err := r.c.enter(d.http, s.person)
			if s.acknowledged = err == nil && a.status == http.StatusOK; s.acknowledged {
				s.receipt = a.receipt
				break
			}
			r.refused++
			if err == nil && a.reason != "STORAGE_UNAVAILABLE" && a.reason != "BUSY" {
				t.Errorf("%s: refused with status %d: %s\n%s", what, a.status, a.text, d.lastLog())
			}
			if alive = !d.hasEnded(); alive {
				time.Sleep(20 * time.Millisecond)
			}
		}
		if alive && !s.acknowledged {
			r.v.broken += what + ": the daemon neither goes on nor ends\n" + d.lastLog()
			alive = false
		}
	}
	if d.hasEnded() {
		r.ended++
		if log := d.lastLog(); !strings.Contains(log, "fairlotd: ") || strings.Contains(log, "panic") || strings.Contains(log, "fatal error") {
			t.Errorf("%s: ended without a clear word: %s", what, log)
		}
	}
	d.kill()
	calls, _ := os.ReadFile(out)
	hits := strings.Count(string(calls), "(INJECTED)")
	r.v.strikes += hits

	d.checkRooms()
	listed := d.entered(t)
	for _, s := range mine {
		if s.acknowledged {
			r.v.acknowledged++
			if !listed[string(s.leaf.ID[:])] {
				r.v.lost++
				t.Logf("%s: an acknowledged entry is lost", what)
			}
		}
	}
	if _, err := d.tryServe(); err != nil {
		r.v.broken += what + ": does not start cleanly afterwards: " + err.Error()
		return false
	}
	for _, s := range mine { // those that were refused are taken now, and the others' receipts are as they were
		a, err := r.c.enter(d.http, s.person)
		switch {
		case err != nil || a.status != http.StatusOK:
			r.v.half++
			t.Logf("%s: afterwards %v, status %d: %s", what, err, a.status, a.text)
		case s.acknowledged && a.receipt != s.receipt:
			r.v.changed++
		}
	}
	d.stop()
	return hits > 0
}

func (r *injection) report(t *testing.T, what string) {
	t.Helper()
	result := "passed"
	if r.v.harm() > 0 || r.v.broken != "" || t.Failed() {
		result = "entries were harmed"
	}
	if strings.HasPrefix(what, "mutant") && r.v.lost > 0 {
		result = "found out"
	}
	t.Logf("%d errors, %d entries refused at first, %d times the daemon ended", r.v.strikes, r.refused, r.ended)
	row(t, what, r.d.on, r.v, result)
}
