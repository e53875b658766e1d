package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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
