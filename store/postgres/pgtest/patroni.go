package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// haStart is how long the first primary with a synchronous standby may take.
const haStart = 2 * time.Minute

// HA is the example of deploy/ha on loopback: three nodes, each with etcd, patroni and PostgreSQL at an address of its own
// in 127.0.0.0/8, and haproxy before them. Only addresses, paths and passwords differ from the files there. Its methods may be
// called by one goroutine at a time.
type HA struct {
	Nodes []*Node
	Proxy string // HOST:PORT that leads to the primary

	dir, root string // its folder, and deploy/ha
	bin       string // of PostgreSQL
	cred      *syscall.Credential
	superuser string // password
	restapi   string // password
	haproxy   *process
}

// Node is one of the three.
type Node struct {
	Name, Addr string // Addr has PostgreSQL at 5432, patroni at 8008

	ha            *HA
	etcd, patroni *process
}

// StartHA runs it until the test ends, or skips the test with a loud line where a program is missing.
func StartHA(tb testing.TB) *HA {
	tb.Helper()
	ha, err := NewHA()
	if errors.Is(err, ErrAbsent) {
		tb.Skipf("CANNOT run patroni: %v", err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Log(ha.Logs())
		}
		if err := ha.Close(); err != nil {
			tb.Error(err)
		}
	})
	return ha
}

// NewHA makes and starts everything and waits for a primary with a synchronous standby. [ErrAbsent].
func NewHA() (_ *HA, err error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	for _, p := range []string{"patroni", "etcd", "haproxy"} {
		if _, err := lookPath(p); err != nil {
			return nil, fmt.Errorf("%w: no %s (Debian: apt-get install patroni etcd-server haproxy)", ErrAbsent, p)
		}
	}
	cred, err := nobody()
	if err != nil {
		return nil, err
	}
	root, err := exampleDir()
	if err != nil {
		return nil, err
	}
	ha := &HA{root: root, bin: bin, cred: cred, superuser: secret(), restapi: secret()}
	if ha.dir, err = os.MkdirTemp("", "ha"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, ha.Logs())
			_ = ha.Close()
		}
	}()
	if err := ha.write(); err != nil {
		return nil, err
	}
	for _, n := range ha.Nodes {
		if err := n.startEtcd(); err != nil {
			return nil, err
		}
	}
	for _, n := range ha.Nodes {
		if err := n.startPatroni(); err != nil {
			return nil, err
		}
	}
	path, _ := lookPath("haproxy")
	if ha.haproxy, err = ha.run("haproxy", nil, path, "-db", "-f", filepath.Join(ha.dir, "haproxy.cfg")); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), haStart)
	defer cancel()
	_, err = ha.Wait(ctx, len(ha.Nodes)-1)
	return ha, err
}

// write puts the example's files into the folder, with addresses, paths and passwords of our own.
func (ha *HA) write() error {
	var octets [2]byte
	rand.Read(octets[:])
	port, err := FreePort()
	if err != nil {
		return err
	}
	ha.Proxy = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	replace := []string{"CHANGE-superuser", ha.superuser, "CHANGE-restapi", ha.restapi, "CHANGE-replication", secret(), "127.0.0.1:5000", ha.Proxy, "/usr/lib/postgresql/15/bin", ha.bin}
	for i := range 3 {
		n := &Node{Name: fmt.Sprintf("db%d", i+1), Addr: fmt.Sprintf("127.%d.%d.%d", 1+octets[0]%250, octets[1], 11+i), ha: ha}
		ha.Nodes = append(ha.Nodes, n)
		replace = append(replace, fmt.Sprintf("10.0.0.1%d", i+1), n.Addr)
	}
	shared, err := ha.example("haproxy.cfg", strings.NewReplacer(replace...))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(ha.dir, "haproxy.cfg"), shared, 0o600); err != nil {
		return err
	}
	for i, n := range ha.Nodes {
		dir := n.dir()
		// Own name and address stand in the place of db1's, but for the lines that are the same on all nodes.
		own := strings.NewReplacer(append([]string{
			"PATRONI_ETCD_HOSTS=10.0.0.11", "PATRONI_ETCD_HOSTS=" + ha.Nodes[0].Addr, "INITIAL_CLUSTER=db1=http://10.0.0.11", "INITIAL_CLUSTER=db1=http://" + ha.Nodes[0].Addr,
			"NAME=db1", "NAME=" + n.Name, "10.0.0.11", n.Addr, "/var/lib/postgresql", filepath.Join(dir, "postgresql"), "/var/lib/etcd", filepath.Join(dir, "etcd")}, replace...)...)
		for _, name := range []string{"patroni.yml", "patroni.env", "etcd.env"} {
			text, err := ha.example(name, own)
			if err != nil {
				return err
			}
			for _, sub := range []string{"postgresql", "etcd"} {
				if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
					return err
				}
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				return err
			}
		}
		if ln, err := net.Listen("tcp", net.JoinHostPort(n.Addr, "5432")); err != nil {
			return fmt.Errorf("node %d: %w", i+1, err)
		} else if err := ln.Close(); err != nil {
			return err
		}
	}
	if ha.cred == nil {
		return nil
	}
	return filepath.WalkDir(ha.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(ha.cred.Uid), int(ha.cred.Gid))
	})
}

func (ha *HA) example(name string, r *strings.Replacer) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(ha.root, name))
	return []byte(r.Replace(string(b))), err
}

func (n *Node) dir() string { return filepath.Join(n.ha.dir, n.Name) }

func (n *Node) env(name string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(n.dir(), name))
	var env []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			env = append(env, line)
		}
	}
	return env, err
}

func (n *Node) startEtcd() error {
	env, err := n.env("etcd.env")
	if err != nil {
		return err
	}
	path, _ := lookPath("etcd")
	n.etcd, err = n.ha.run(n.Name+".etcd", env, path)
	return err
}

func (n *Node) startPatroni() error {
	env, err := n.env("patroni.env")
	if err != nil {
		return err
	}
	path, _ := lookPath("patroni")
	n.patroni, err = n.ha.run(n.Name+".patroni", env, path, filepath.Join(n.dir(), "patroni.yml"))
	return err
}

// Member is what a node says of itself at /patroni.
type Member struct {
	State       string `json:"state"`
	Role        string `json:"role"`
	Timeline    int    `json:"timeline"`
	Replication []struct {
		Name  string `json:"application_name"`
		State string `json:"state"`
		Sync  string `json:"sync_state"`
	} `json:"replication"`
}

// asking patroni takes this long at most.
var asking = &http.Client{Timeout: 2 * time.Second}

func (n *Node) get(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url(path), nil)
	if err != nil {
		return nil, err
	}
	return asking.Do(req)
}

// ask makes a call that changes something, and returns its status.
func (n *Node) ask(ctx context.Context, method, path, body string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, n.url(path), strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth("patroni", n.ha.restapi)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func (n *Node) url(path string) string { return "http://" + net.JoinHostPort(n.Addr, "8008") + path }

// Status asks the node.
func (n *Node) Status(ctx context.Context) (m Member, err error) {
	resp, err := n.get(ctx, "/patroni")
	if err != nil {
		return m, err
	}
	defer func() { _ = resp.Body.Close() }()
	return m, json.NewDecoder(resp.Body).Decode(&m)
}

// Primary returns the node that is it now, nil while there is none.
func (ha *HA) Primary(ctx context.Context) (*Node, Member) {
	for _, n := range ha.Nodes {
		if m, err := n.Status(ctx); err == nil && m.State == "running" && (m.Role == "master" || m.Role == "primary") {
			return n, m
		}
	}
	return nil, Member{}
}

// Wait returns the primary once it takes writes through the proxy and streams to at least standbys others, one of which patroni
// has written down as synchronous: before that, nobody would take over.
func (ha *HA) Wait(ctx context.Context, standbys int) (*Node, error) {
	for {
		if n, m := ha.Primary(ctx); n != nil {
			streaming := 0
			for _, r := range m.Replication {
				if r.State == "streaming" && strings.HasPrefix(r.Name, "db") { // and no copy being taken
					streaming++
				}
			}
			if streaming >= standbys && (standbys == 0 || ha.synchronous(ctx)) && ha.writable(ctx) {
				return n, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no primary with %d standbys: %w", standbys, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// synchronous tells whether some standby may take over.
func (ha *HA) synchronous(ctx context.Context) bool {
	for _, n := range ha.Nodes {
		if resp, err := n.get(ctx, "/synchronous"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
	}
	return false
}

func (ha *HA) writable(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, ha.AdminDSN("postgres"))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS ready(x int)")
	return err == nil
}

// Switchover asks the primary to hand over to a synchronous standby, as an operator does, and waits until that is one.
func (ha *HA) Switchover(ctx context.Context) (*Node, error) {
	for {
		old, m := ha.Primary(ctx)
		if old == nil {
			return nil, errors.New("switchover: there is no primary")
		}
		status, err := ha.askSwitchover(ctx, old, m)
		if err != nil {
			return nil, fmt.Errorf("switchover: %w", err)
		}
		switch status {
		case http.StatusOK, http.StatusAccepted:
			return ha.Other(ctx, old)
		case http.StatusPreconditionFailed: // patroni has not written down yet who is synchronous
		default:
			return nil, fmt.Errorf("switchover: status %d", status)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("switchover: no synchronous standby: %w", ctx.Err())
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (ha *HA) askSwitchover(ctx context.Context, from *Node, m Member) (int, error) {
	to := ""
	for _, r := range m.Replication {
		if r.Sync == "sync" {
			to = r.Name
		}
	}
	return from.ask(ctx, http.MethodPost, "/switchover", fmt.Sprintf(`{"leader":%q,"candidate":%q}`, from.Name, to))
}

// Other waits until another node than old takes writes.
func (ha *HA) Other(ctx context.Context, old *Node) (*Node, error) {
	for {
		if n, _ := ha.Primary(ctx); n != nil && n != old && ha.writable(ctx) {
			return n, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("nobody takes over from %s: %w", old.Name, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Kill is kill -9 of the node's patroni and PostgreSQL, with all their children, frozen or not.
func (n *Node) Kill() error {
	all, err := n.processes()
	if err != nil {
		return err
	}
	for _, pid := range all {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill %s: %w", n.Name, err)
		}
	}
	return n.KillPostgres() // patroni may have been starting it
}

// KillPostgres is kill -9 of the node's PostgreSQL alone; patroni sees it. Absent is nil.
func (n *Node) KillPostgres() error {
	pid, err := n.postmaster()
	if err != nil || pid == 0 {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill postgres of %s: %w", n.Name, err)
	}
	return nil
}

// postmaster reads the process id that this node's PostgreSQL wrote down, 0 if there is no such process with this data folder.
func (n *Node) postmaster() (int, error) {
	data := filepath.Join(n.dir(), "postgresql", "fairlot")
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0, nil // half written
	}
	if args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err != nil || !strings.Contains(string(args), data) {
		return 0, nil
	}
	return pid, nil
}

// processes are patroni, PostgreSQL and all their children: whatever of the node could go on.
func (n *Node) processes() ([]int, error) {
	postgres, err := n.postmaster()
	if err != nil {
		return nil, err
	}
	var all []int
	roots := []int{n.patroni.pid, postgres}
	select {
	case <-n.patroni.exited:
		roots = roots[1:]
	default:
	}
	for _, pid := range roots {
		if pid != 0 {
			all = append(append(all, pid), children(pid)...)
		}
	}
	return all, nil
}

// children are the processes that pid started and that are not gone.
func children(pid int) (all []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(append(all, child), children(child)...)
			}
		}
	}
	return all
}

// Freeze is SIGSTOP of everything of the node but etcd: it says nothing, loses its leadership, and knows of nothing when it is thawed.
func (n *Node) Freeze() error {
	stopped := map[int]bool{}
	for { // children may be born while it goes on
		all, err := n.processes()
		if err != nil {
			return err
		}
		found := false
		for _, pid := range all {
			if !stopped[pid] {
				stopped[pid], found = true, true
				if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil && !errors.Is(err, syscall.ESRCH) {
					return fmt.Errorf("freeze %s: %w", n.Name, err)
				}
			}
		}
		if !found {
			return nil
		}
	}
}

// Thaw lets a frozen node go on where it stood.
func (n *Node) Thaw() error {
	all, err := n.processes()
	if err != nil {
		return err
	}
	for _, pid := range all {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("thaw %s: %w", n.Name, err)
		}
	}
	return nil
}

// Sever stops whatever sends the primary's log to the standbys: they hear nothing from it any more, and it does not know. It is for a node that
// is killed next.
func (ha *HA) Sever(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, ha.AdminDSN("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender'")
	if err != nil {
		return err
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err == nil && len(pids) == 0 {
		err = errors.New("nothing is sent")
	}
	for _, pid := range pids {
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGSTOP)
		}
	}
	if err != nil {
		return fmt.Errorf("cut the standbys off: %w", err)
	}
	return nil
}

// Configure changes patroni's configuration of all nodes, as patronictl edit-config does, and waits until the primary has it.
func (ha *HA) Configure(ctx context.Context, patch string, done func(standbyNames string) bool) error {
	primary, _ := ha.Primary(ctx)
	if primary == nil {
		return errors.New("configure: there is no primary")
	}
	status, err := primary.ask(ctx, http.MethodPatch, "/config", patch)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d", status)
	}
	for err == nil {
		var names string
		var conn *pgx.Conn
		if conn, err = pgx.Connect(ctx, ha.AdminDSN("postgres")); err != nil {
			break
		}
		err = conn.QueryRow(ctx, "SELECT current_setting('synchronous_standby_names')").Scan(&names)
		_ = conn.Close(ctx)
		if err == nil && done(names) {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("configure: %w", err)
}

// Discard deletes the data of a killed node: its disk is gone. It comes back, by [Node.Restart], as a copy of the primary.
func (n *Node) Discard() error {
	data := filepath.Join(n.dir(), "postgresql", "fairlot")
	var err error
	for range 200 { // the last children may still be writing
		if err = os.RemoveAll(data); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// Restart starts a killed node again; it comes back as a standby.
func (n *Node) Restart() error { return n.startPatroni() }

// AdminDSN is the superuser's, to whoever is the primary.
func (ha *HA) AdminDSN(database string) string { return ha.DSN("postgres", ha.superuser, database) }

// DSN names a role's database on whoever is the primary, through haproxy.
func (ha *HA) DSN(role, password, database string) string {
	return dsnOf(ha.Proxy, role, password, database, url.Values{"sslmode": {"disable"}})
}

// DirectDSN is the same without haproxy: all nodes are named, and the driver looks for the primary.
func (ha *HA) DirectDSN(role, password, database string) string {
	var hosts []string
	for _, n := range ha.Nodes {
		hosts = append(hosts, net.JoinHostPort(n.Addr, "5432"))
	}
	return dsnOf(strings.Join(hosts, ","), role, password, database, url.Values{"sslmode": {"disable"}, "target_session_attrs": {"read-write"}})
}

// AdminDirectDSN is [HA.AdminDSN] without haproxy.
func (ha *HA) AdminDirectDSN(database string) string {
	return ha.DirectDSN("postgres", ha.superuser, database)
}

func dsnOf(hosts, role, password, database string, q url.Values) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Host: hosts, Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}

// Logs are the last lines of every process.
func (ha *HA) Logs() string {
	files, _ := filepath.Glob(filepath.Join(ha.dir, "*.log"))
	var all strings.Builder
	for _, f := range files {
		b, _ := os.ReadFile(f)
		fmt.Fprintf(&all, "== %s\n%s\n", filepath.Base(f), b[max(0, len(b)-1500):])
	}
	return all.String()
}

// Close ends every process and deletes the folder. Again is nil.
func (ha *HA) Close() error {
	var errs []error
	if ha.haproxy != nil {
		errs = append(errs, ha.haproxy.end(syscall.SIGKILL))
	}
	for _, n := range ha.Nodes {
		if n.patroni != nil {
			errs = append(errs, n.Thaw(), n.patroni.end(syscall.SIGKILL))
		}
		errs = append(errs, n.KillPostgres())
		if n.etcd != nil {
			errs = append(errs, n.etcd.end(syscall.SIGKILL))
		}
	}
	var err error
	for range 200 { // the last children may still be writing
		if err = os.RemoveAll(ha.dir); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.Join(append(errs, err)...)
}

// process is one program under the example's user, which is told to end when this process dies.
type process struct {
	name   string
	pid    int
	exited chan struct{}
}

func (ha *HA) run(name string, env []string, path string, args ...string) (*process, error) {
	cmd := exec.Command(path, args...)
	cmd.Dir = ha.dir
	cmd.Env = append([]string{"PATH=" + ha.bin + ":" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=" + ha.dir}, env...)
	// patroni ends its PostgreSQL on SIGTERM only, so that is the signal.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: ha.cred, Pdeathsig: syscall.SIGTERM, Setpgid: true}
	log, err := os.OpenFile(filepath.Join(ha.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	started, exited := make(chan error), make(chan struct{})
	go func() {
		// The signal at the parent's death is sent when the thread that forked ends: this one stays.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &process{name, cmd.Process.Pid, exited}, nil
}

func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.exited:
	default:
		_ = syscall.Kill(p.pid, s) // it may end just now
	}
}

func (p *process) end(s syscall.Signal) error {
	p.signal(s)
	select {
	case <-p.exited:
		return nil
	case <-time.After(startTimeout):
		return fmt.Errorf("end %s: it does not end", p.name)
	}
}

// lookPath finds a program also where only root's PATH leads.
func lookPath(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name))
}

// exampleDir is deploy/ha of the tree in which the test runs.
func exampleDir() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, "deploy", "ha"), nil
		}
		up := filepath.Dir(at)
		if up == at {
			return "", errors.New("find deploy/ha: not within the tree")
		}
		at = up
	}
}

func secret() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
