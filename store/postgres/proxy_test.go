package postgres

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// fault is what happens to one COMMIT on its way.
type fault int

const (
	pass      fault = iota
	cutBefore       // the connection is cut before the server hears of it
	cutAfter        // the server commits, and the connection is cut before the client hears of it
	refuse1         // the server rolls back with 40001
	refuse2         // the server rolls back with 40P01
)

// proxied routes the rooms' connections through a proxy that asks next at every COMMIT.
func proxied(t testing.TB, d DSNs, next func() fault) DSNs {
	t.Helper()
	one := func(dsn string) string {
		c, err := pgx.ParseConfig(dsn)
		if err != nil {
			t.Fatal(err)
		}
		network, address := pgconn.NetworkAddress(c.Host, c.Port)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p := &proxy{next: next, network: network, address: address, conns: map[net.Conn]bool{}}
		var wg sync.WaitGroup
		wg.Go(func() { p.serve(l, &wg) })
		t.Cleanup(func() {
			_ = l.Close()
			p.closeAll()
			wg.Wait()
		})
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("host", "127.0.0.1")
		q.Set("port", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
		q.Set("sslmode", "disable")
		u.Host, u.RawQuery = "", q.Encode()
		return u.String()
	}
	return DSNs{one(d.Registry), one(d.Identity), one(d.Answers)}
}

type proxy struct {
	next             func() fault
	network, address string

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func (p *proxy) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
}

func (p *proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) serve(l net.Listener, wg *sync.WaitGroup) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(p.network, p.address)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.keep(client)
		p.keep(server)
		s := &session{proxy: p, client: client, server: server}
		wg.Go(s.up)
		wg.Go(s.down)
	}
}

// session is one connection. answer is what becomes of the server's answer to the COMMIT that is under way.
type session struct {
	*proxy
	client, server net.Conn

	mu     sync.Mutex
	answer fault
}

func (s *session) close() {
	_ = s.client.Close()
	_ = s.server.Close()
}

// message reads a type byte, u32 length that counts itself, and the rest. The first message of a client has no type.
func message(r io.Reader, typed bool) ([]byte, error) {
	head := make([]byte, 4)
	if typed {
		head = make([]byte, 5)
	}
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[len(head)-4:])
	whole := append(head, make([]byte, n-4)...)
	_, err := io.ReadFull(r, whole[len(head):])
	return whole, err
}

func (s *session) up() {
	defer s.close()
	for first := true; ; first = false {
		m, err := message(s.client, !first)
		if err != nil {
			return
		}
		if !first && m[0] == 'Q' && strings.EqualFold(strings.TrimRight(string(m[5:]), "\x00"), "commit") {
			f := s.next()
			switch f {
			case cutBefore:
				return
			case refuse1, refuse2:
				m, _ = (&pgproto3.Query{String: "rollback"}).Encode(nil)
			}
			s.mu.Lock()
			s.answer = f
			s.mu.Unlock()
		}
		if _, err := s.server.Write(m); err != nil {
			return
		}
	}
}

func (s *session) down() {
	defer s.close()
	for {
		m, err := message(s.server, true)
		if err != nil {
			return
		}
		s.mu.Lock()
		f := s.answer
		if m[0] == 'Z' {
			s.answer = pass
		}
		s.mu.Unlock()
		switch {
		case f == cutAfter && m[0] == 'Z': // the server is through with it
			return
		case f == pass, m[0] == 'Z':
		case f == cutAfter:
			continue
		default: // instead of "ROLLBACK"
			code := map[fault]string{refuse1: "40001", refuse2: "40P01"}[f]
			m, _ = (&pgproto3.ErrorResponse{Severity: "ERROR", Code: code, Message: "Key (secret)=(\\x01) already exists"}).Encode(nil)
		}
		if _, err := s.client.Write(m); err != nil {
			return
		}
	}
}
