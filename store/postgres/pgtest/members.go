package pgtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

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

// reinitAfter is when a standby that does not come back by itself is made anew, as an operator does with `patronictl reinit`, and when that is asked for again.
const reinitAfter = time.Minute

// Wait returns the primary once it takes writes through the proxy and streams to at least standbys others, one of which patroni
// has written down as synchronous: before that, nobody would take over.
func (ha *HA) Wait(ctx context.Context, standbys int) (*Node, error) {
	asked := time.Now()
	for {
		if n, m := ha.Primary(ctx); n != nil {
			streaming, names := 0, map[string]bool{n.Name: true}
			for _, r := range m.Replication {
				if r.State == "streaming" && strings.HasPrefix(r.Name, "db") { // and no copy being taken
					streaming++
					names[r.Name] = true
				}
			}
			if streaming < standbys && time.Since(asked) > reinitAfter {
				asked = time.Now()
				for _, lost := range ha.Nodes {
					if !names[lost.Name] {
						_, _ = lost.ask(ctx, http.MethodPost, "/reinitialize", `{"force":true}`)
					}
				}
			}
			if streaming >= standbys && (standbys == 0 || ha.synchronous(ctx)) && ha.writable(ctx) {
				return n, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no primary with %d standbys: %w: %s", standbys, ctx.Err(), ha.states())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// states is what each node says of itself, for an error.
func (ha *HA) states() string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var said []string
	for _, n := range ha.Nodes {
		m, err := n.Status(ctx)
		said = append(said, fmt.Sprintf("%s %+v %v", n.Name, m, err))
	}
	return strings.Join(said, "; ")
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
