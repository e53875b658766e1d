package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

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
