// Package pgtest starts throwaway PostgreSQL clusters from the server binaries of the machine, for tests and for measuring.
//
// It is not for production: the superuser comes in without a password through a socket that only this user (and root) can
// reach. All other roles need their password. A cluster lives in a temporary folder and dies with the process that started
// it. Durability is left as PostgreSQL has it (fsync on), so that figures and faults are real. Call [Start] in a test,
// [New] elsewhere.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/url"
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

	"github.com/jackc/pgx/v5"
)

// Admin is the superuser of every cluster. It comes in through the socket only.
const Admin = "admin"

// ErrAbsent says that there are no PostgreSQL server binaries here, or no user to run them as.
var ErrAbsent = errors.New("no PostgreSQL server on this machine")

// startTimeout is how long a cluster may take until it answers, crash recovery included.
const startTimeout = time.Minute

// Cluster is one running server. Its methods may be called by one goroutine at a time.
type Cluster struct {
	// Port is that of 127.0.0.1 and of the socket's name.
	Port int

	bin, dir string
	cred     *syscall.Credential
	settings []string
	pid      int
	exited   chan struct{}
}

// Start runs a cluster until the test ends, or skips the test with a loud line where there is no server.
func Start(tb testing.TB, settings ...string) *Cluster {
	tb.Helper()
	return StartIn(tb, "", settings...)
}

// StartIn is [Start] in a new folder within dir, which everybody must be able to enter.
func StartIn(tb testing.TB, dir string, settings ...string) *Cluster {
	tb.Helper()
	c, err := newIn(dir, settings)
	if errors.Is(err, ErrAbsent) {
		tb.Skipf("CANNOT run PostgreSQL: %v", err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// New makes and starts a cluster. Each setting is name=value as in postgresql.conf. [ErrAbsent].
func New(settings ...string) (*Cluster, error) { return newIn("", settings) }

func newIn(parent string, settings []string) (_ *Cluster, err error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	cred, err := nobody()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(parent, "pg") // short: a socket's path has 107 bytes at most
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir, cred: cred, settings: settings}
	defer func() {
		if err != nil {
			_ = c.Close()
		}
	}()
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return nil, fmt.Errorf("give the cluster's folder away: %w", err)
		}
	}
	cmd := c.command("initdb", "-D", c.data(), "-U", Admin, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	hba := "local all " + Admin + " trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(c.data(), "pg_hba.conf"), []byte(hba), 0o600); err != nil { // keeps its owner
		return nil, fmt.Errorf("write pg_hba.conf: %w", err)
	}
	if c.Port, err = FreePort(); err != nil {
		return nil, err
	}
	return c, c.Start()
}

// Start starts the server again after [Cluster.Kill] or [Cluster.Stop] and waits until it answers.
func (c *Cluster) Start() error {
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err := c.start()
		if !errors.Is(err, errOrphans) || time.Since(began) > startTimeout {
			return err
		}
	}
}

// errOrphans says that children of a killed server are not gone yet.
var errOrphans = errors.New("the server's shared memory is still in use")

func (c *Cluster) start() error {
	args := []string{"-D", c.data(), "-p", strconv.Itoa(c.Port), "-k", c.dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=400", "-c", "log_min_messages=fatal"}
	for _, s := range c.settings {
		args = append(args, "-c", s)
	}
	cmd := c.command("postgres", args...)
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	exited, err := begin(cmd)
	if err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	c.pid, c.exited = cmd.Process.Pid, exited
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.AdminDSN("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-exited:
			text, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			if bytes.Contains(text, []byte("still in use")) {
				return errOrphans
			}
			return fmt.Errorf("postgres ended: %s", bytes.TrimSpace(text))
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill is kill -9 of the server. Its children see that and end; Kill returns when the first process is gone.
func (c *Cluster) Kill() error { return c.signal(syscall.SIGKILL) }

// KillAll is SIGKILL for the server and all processes that serve its callers, as when the machine goes. With [Cluster.Kill] these end by themselves,
// but for one that waits for a lock of another that a failing disk has ended: nobody is left to end it.
func (c *Cluster) KillAll() error {
	if c.exited == nil {
		return nil
	}
	select {
	case <-c.exited: // the number may be another's by now
		return nil
	default:
	}
	_ = syscall.Kill(c.pid, syscall.SIGSTOP) // it makes no more of them
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", c.pid))
	if errors.Is(err, fs.ErrNotExist) { // it has ended
		err = nil
	}
	for _, text := range strings.Fields(string(list)) {
		pid, e := strconv.Atoi(text)
		if e == nil {
			e = syscall.Kill(pid, syscall.SIGKILL)
		}
		if !errors.Is(e, syscall.ESRCH) {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, c.Kill())
}

// Stop is PostgreSQL's fast shutdown: connections are cut, a last checkpoint is written.
func (c *Cluster) Stop() error { return c.signal(syscall.SIGINT) }

func (c *Cluster) signal(s syscall.Signal) error {
	if c.exited == nil {
		return nil
	}
	select {
	case <-c.exited:
		return nil
	default:
	}
	if err := syscall.Kill(c.pid, s); err != nil && !errors.Is(err, syscall.ESRCH) { // it may end by itself just now
		return fmt.Errorf("end postgres: %w", err)
	}
	select {
	case <-c.exited:
		return nil
	case <-time.After(startTimeout):
		return errors.New("end postgres: it does not end")
	}
}

// Close ends the server at once and deletes its folder. Again is nil.
func (c *Cluster) Close() error {
	err := c.signal(syscall.SIGQUIT)
	for range 100 { // the last children may still be writing
		if e := os.RemoveAll(c.dir); e == nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// Run runs one of the programs that come with the server (pg_dump, pg_restore, psql) as its user, and returns what it printed.
func (c *Cluster) Run(name string, args ...string) ([]byte, error) {
	out, err := c.command(name, args...).CombinedOutput()
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(out))
	}
	return out, nil
}

// Shared is a folder that the server's user and this process both write, gone with the cluster.
func (c *Cluster) Shared() string { return c.dir }

// Data is the data folder, for tests that look into its files.
func (c *Cluster) Data() string { return c.data() }

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// AdminDSN is the superuser's, through the socket.
func (c *Cluster) AdminDSN(database string) string { return c.SocketDSN(Admin, "", database) }

// SocketDSN names a role's database through the socket.
func (c *Cluster) SocketDSN(role, password, database string) string {
	q := url.Values{"host": {c.dir}, "port": {strconv.Itoa(c.Port)}}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}

// DSN names a role's database through 127.0.0.1.
func (c *Cluster) DSN(role, password, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)),
		Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Exec runs statements as the superuser, each on its own.
func (c *Cluster) Exec(ctx context.Context, database string, statements ...string) error {
	conn, err := pgx.Connect(ctx, c.AdminDSN(database))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// Clone makes a database out of another one to which nobody is connected, with the owner given. Who may connect is not copied.
func (c *Cluster) Clone(ctx context.Context, template, name, owner string) error {
	id := func(s string) string { return pgx.Identifier{s}.Sanitize() }
	return c.Exec(ctx, "postgres", "CREATE DATABASE "+id(name)+" TEMPLATE "+id(template)+" OWNER "+id(owner))
}

// command runs one of the server's binaries as another user if need be, to be killed with this process.
func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	// Its own group: an interrupt typed at the terminal is for the test to handle.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred, Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	return cmd
}

// binaries finds the folder of initdb and postgres.
func binaries() (string, error) {
	var dirs []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	version := func(dir string) int { n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))); return n }
	slices.SortFunc(debian, func(a, b string) int { return version(b) - version(a) })
	dirs = append(dirs, debian...)
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	for _, dir := range dirs {
		if isFile(filepath.Join(dir, "initdb")) && isFile(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%w: neither pg_config nor /usr/lib/postgresql nor PATH leads to initdb and postgres", ErrAbsent)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// nobody returns whom to be: nil for the present user, or for root, whom PostgreSQL refuses, the user postgres or nobody.
func nobody() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	table, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	for _, name := range []string{"postgres", "nobody"} {
		for line := range strings.Lines(string(table)) {
			f := strings.Split(line, ":")
			if len(f) < 4 || f[0] != name {
				continue
			}
			uid, err1 := strconv.ParseUint(f[2], 10, 32)
			gid, err2 := strconv.ParseUint(f[3], 10, 32)
			if err1 == nil && err2 == nil {
				return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: root cannot run it, and there is no user postgres or nobody", ErrAbsent)
}

// FreePort is a port of 127.0.0.1 that nobody listens on just now, and that no other process which asks here gets while this one lives: it has the byte of
// that number of a file locked. It is below those that the kernel gives to outgoing connections: whoever lets go of it and takes it again, as a server that is
// killed and started does, finds it free.
func FreePort() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	if ports.locks == nil {
		f, err := os.OpenFile(filepath.Join(os.TempDir(), "fairlot-test-ports"), os.O_CREATE|os.O_RDWR, 0o666)
		if err != nil {
			return 0, err
		}
		ports.locks, ports.taken = f, map[int]bool{}
	}
	for {
		port := 10000 + rand.IntN(22000)
		if ports.taken[port] {
			continue
		}
		err := syscall.FcntlFlock(ports.locks.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK, Start: int64(port), Len: 1})
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("lock a port: %w", err)
		}
		ports.taken[port] = true
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return 0, err
		}
		return port, l.Close()
	}
}

// ports are those that FreePort gave away.
var ports struct {
	sync.Mutex
	locks *os.File
	taken map[int]bool
}
