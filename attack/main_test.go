// Package attack runs the real daemon as a process of its own and attacks it: it is killed at random moments, everything it
// leaves on disk is searched for what must not be there, answers are linked to people from the bytes of the files, and its
// storage is locked, filled and taken away. It holds tests only.
//
// TestMain builds cmd/fairlotd once; FAIRLOTD names a program to attack instead. faults.sh runs the long forms.
package attack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fairlot/store/postgres/pgtest"
)

// program is the daemon under attack; programs is the folder of all that are built for several tests.
var program, programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	defer endShared()
	var err error
	if programs, err = os.MkdirTemp("", "attack"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	if program = os.Getenv("FAIRLOTD"); program != "" {
		return m.Run()
	}
	program = filepath.Join(programs, "fairlotd")
	if out, err := exec.Command("go", "build", "-o", program, "fairlot/cmd/fairlotd").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build fairlotd: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// fromEnv is a whole number from the environment, or what it is by default.
func fromEnv(t testing.TB, name string, normal int) int {
	s := os.Getenv(name)
	if s == "" {
		return normal
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%s must be a whole number from 1", name)
	}
	return n
}

// daemon is one installation and the process that serves it now.
type daemon struct {
	t          testing.TB
	program    string // which is attacked
	on         engine
	database   string // begins the names of its databases, "" on SQLite
	root       string // everything below is searched for canaries
	dir        string // the installation
	work       string // working folder, where a core would fall
	temp       string // TMPDIR
	log        string // file of standard error
	http, grpc string // addresses
	extra      []string
	env        []string // NAME=VALUE, besides the test's own
	trace      []string // in front of the command that serves
	cores      bool     // cores may be written, as large as they come

	listing func(set func() error) error // gives a draft an exclusion list another way than at once; may be nil

	mu     sync.Mutex
	tokens map[string]string // of staff, by role and label
	cmd    *exec.Cmd
	done   chan error
}

// newDaemon makes an installation on SQLite; nothing serves it yet.
func newDaemon(t testing.TB) *daemon { return newDaemonOn(t, sqlite) }

// newDaemonOn is newDaemon on an engine of choice.
func newDaemonOn(t testing.TB, on engine) *daemon {
	t.Helper()
	root := t.TempDir()
	return newDaemonIn(t, on, root, filepath.Join(root, "installation"))
}

// newDaemonIn makes an installation in the folder dir, and keeps what else belongs to it in root.
func newDaemonIn(t testing.TB, on engine, root, dir string) *daemon {
	t.Helper()
	d := &daemon{t: t, program: program, on: on, root: root, dir: dir, work: filepath.Join(root, "work"), temp: filepath.Join(root, "temp"),
		log: filepath.Join(root, "stderr.log"), http: freePort(t), grpc: freePort(t)}
	for _, dir := range []string{d.work, d.temp} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	args := append([]string{"init", "--dir", d.dir, "--origin", "attack.example/fairlot", "--institution", "Library"}, d.initArgs()...)
	out, err := d.command(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	t.Cleanup(d.kill)
	return d
}

// freePort is an address of this machine that nobody listens on just now.
func freePort(t testing.TB) string {
	t.Helper()
	port, err := pgtest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

func (d *daemon) command(args ...string) *exec.Cmd {
	cmd := exec.Command(d.program, args...)
	cmd.Dir = d.work
	cmd.Env = append(append(os.Environ(), "TMPDIR="+d.temp), d.env...)
	return cmd
}

func (d *daemon) serveArgs() []string {
	return append([]string{"serve", "--dir", d.dir, "--http", d.http, "--grpc", d.grpc, "--relay", "http://127.0.0.1:1/"}, d.extra...)
}

// start starts the process without waiting until it serves.
func (d *daemon) start() {
	d.t.Helper()
	log, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	cmd := d.command(d.serveArgs()...)
	if d.cores {
		shell, err := exec.LookPath("sh")
		if err != nil {
			d.t.Fatal(err)
		}
		cmd.Path, cmd.Args = shell, append([]string{"sh", "-c", `ulimit -c unlimited; exec "$@"`, "sh", d.program}, d.serveArgs()...)
	}
	if len(d.trace) > 0 {
		tracer, err := exec.LookPath(d.trace[0])
		if err != nil {
			d.t.Fatal(err)
		}
		cmd.Path, cmd.Args = tracer, slices.Concat(d.trace, cmd.Args)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	d.mu.Lock()
	d.cmd, d.done = cmd, done
	d.mu.Unlock()
}

// serve starts the process and returns how long it took until the public's door answered.
func (d *daemon) serve() time.Duration {
	d.t.Helper()
	took, err := d.tryServe()
	if err != nil {
		d.t.Fatal(err)
	}
	return took
}

// tryServe is serve where it may be that the daemon cannot.
func (d *daemon) tryServe() (time.Duration, error) {
	began := time.Now()
	d.start()
	return d.answers(began)
}

// answers waits until the public's door answers and returns how long that took since began.
func (d *daemon) answers(began time.Time) (time.Duration, error) {
	for time.Since(began) < 30*time.Second {
		select {
		case err := <-d.done:
			d.done <- err
			return 0, fmt.Errorf("the daemon ended: %v\n%s", err, d.lastLog())
		default:
		}
		resp, err := client.Get("http://" + d.http + "/v1/campaigns")
		if err == nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(began), nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, fmt.Errorf("the daemon does not serve\n%s", d.lastLog())
}

// signal sends sig to the process, if there is one.
func (d *daemon) signal(sig syscall.Signal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd != nil {
		d.cmd.Process.Signal(sig)
	}
}

// hasEnded tells whether the process is gone by itself.
func (d *daemon) hasEnded() bool {
	select {
	case err := <-d.done:
		d.done <- err
		return true
	default:
		return false
	}
}

// freeze stops the process where it stands, and returns when it does.
func (d *daemon) freeze() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd == nil {
		return nil
	}
	return freeze(d.cmd.Process.Pid)
}

func freeze(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); errors.Is(err, syscall.ESRCH) {
		return nil // it has ended by itself
	} else if err != nil {
		return fmt.Errorf("freeze: %w", err)
	}
	for began := time.Now(); ; {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return fmt.Errorf("freeze: %w", err)
		}
		_, state, _ := bytes.Cut(b, []byte(") "))
		switch {
		case bytes.HasPrefix(state, []byte("T")), bytes.HasPrefix(state, []byte("Z")):
			return nil
		case time.Since(began) > 10*time.Second:
			return fmt.Errorf("freeze: process %d goes on", pid)
		}
	}
}

// wait returns how the process ended, or fails after a minute.
func (d *daemon) wait() error {
	d.t.Helper()
	if d.done == nil {
		return nil
	}
	select {
	case err := <-d.done:
		d.mu.Lock()
		d.cmd, d.done = nil, nil
		d.mu.Unlock()
		return err
	case <-time.After(time.Minute):
		d.t.Fatal("the daemon does not end")
		return nil
	}
}

// kill ends the process as kill -9 does, and waits for its end.
func (d *daemon) kill() {
	d.signal(syscall.SIGKILL)
	if d.done != nil {
		d.wait()
	}
}

// stop asks the process to end; it must end with status 0.
func (d *daemon) stop() {
	d.t.Helper()
	d.signal(syscall.SIGTERM)
	if err := d.wait(); err != nil {
		d.t.Errorf("after SIGTERM: %v\n%s", err, d.lastLog())
	}
}

func (d *daemon) lastLog() string {
	b, _ := os.ReadFile(d.log)
	if len(b) > 2000 {
		b = b[len(b)-2000:]
	}
	return string(b)
}

// complaints are the daemon's log lines of level ERROR.
func (d *daemon) complaints() (lines []string) {
	b, _ := os.ReadFile(d.log)
	for line := range bytes.Lines(b) {
		if bytes.Contains(line, []byte("level=ERROR")) || bytes.Contains(line, []byte("panic")) {
			lines = append(lines, strings.TrimSpace(string(line)))
		}
	}
	return lines
}

func (d *daemon) rooms() string { return filepath.Join(d.dir, "rooms") }

// copyTree copies a folder while nothing writes in it.
func copyTree(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

var client = &http.Client{
	Timeout:   30 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 64},
}
