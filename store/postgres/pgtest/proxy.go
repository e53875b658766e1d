package pgtest

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Commit is what happens to one COMMIT on its way.
type Commit int

// What may happen to a COMMIT.
const (
	Pass           Commit = iota
	CutBefore             // the connection is cut before the server hears of it
	CutAfter              // the server commits, and the connection is cut before the client hears of it
	RefuseConflict        // the server rolls back with 40001
	RefuseDeadlock        // the server rolls back with 40P01
)

// Link is the state of the way between clients and server.
type Link int

// States of a link.
const (
	Sound     Link = iota
	Blackhole      // nothing arrives, either way, until the link is sound again; nobody is told
	HalfOpen       // the server loses its connections, the clients are never told; new ones are taken and never answered
	Reset          // all connections are reset, and new ones as soon as they are made
	Slow           // everything arrives five seconds late
)

// String is the state's name in a test.
func (l Link) String() string {
	return []string{"sound", "blackhole", "half-open", "reset", "5 s delay"}[l]
}

// slowness is how much later everything arrives at a slow link.
const slowness = 5 * time.Second

// Proxy stands between clients and one server. It reads PostgreSQL's messages, without TLS. Its methods are safe for concurrent use.
type Proxy struct {
	port             int
	network, address string
	next             func() Commit // asked at every COMMIT

	mu      sync.Mutex
	link    Link
	changed chan struct{} // closed when link changes
	all     map[*session]bool
}

// StartProxy starts a proxy before the server that a DSN names, until the test ends. next says what happens to each COMMIT; nil is Pass.
func StartProxy(tb testing.TB, dsn string, next func() Commit) *Proxy {
	tb.Helper()
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	if next == nil {
		next = func() Commit { return Pass }
	}
	p := &Proxy{port: l.Addr().(*net.TCPAddr).Port, next: next, changed: make(chan struct{}), all: map[*session]bool{}}
	p.network, p.address = pgconn.NetworkAddress(c.Host, c.Port)
	var wg sync.WaitGroup
	wg.Go(func() { p.serve(l, &wg) })
	tb.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for s := range p.all {
			s.close()
		}
		p.mu.Unlock()
		wg.Wait()
	})
	return p
}

// DSN is the DSN of a role and database, led through the proxy.
func (p *Proxy) DSN(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("host", "127.0.0.1")
	q.Set("port", strconv.Itoa(p.port))
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = "", q.Encode()
	return u.String(), nil
}

// Set changes the state of the link.
func (p *Proxy) Set(l Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link = l
	close(p.changed)
	p.changed = make(chan struct{})
	for s := range p.all {
		s.suffer(l)
	}
}

func (p *Proxy) state() (Link, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link, p.changed
}

func (p *Proxy) serve(l net.Listener, wg *sync.WaitGroup) {
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
		s := &session{Proxy: p, client: client, server: server, ended: make(chan struct{})}
		p.mu.Lock()
		p.all[s] = true
		s.suffer(p.link)
		p.mu.Unlock()
		first := true
		wg.Go(func() {
			s.carry(wg, s.server, func() ([]byte, bool) { m, ok := s.up(first); first = false; return m, ok })
		})
		wg.Go(func() { s.carry(wg, s.client, s.down) })
	}
}

// session is one connection. answer is what becomes of the server's answer to the COMMIT that is under way.
type session struct {
	*Proxy
	client, server net.Conn
	once           sync.Once
	ended          chan struct{}

	mu     sync.Mutex
	dead   bool // the client is never told anything again
	answer Commit
}

func (s *session) close() {
	s.once.Do(func() {
		close(s.ended)
		_ = s.client.Close()
		_ = s.server.Close()
	})
}

// suffer does to an established connection what happens to it when the link turns.
func (s *session) suffer(l Link) {
	switch l {
	case HalfOpen:
		s.mu.Lock()
		s.dead = true
		s.mu.Unlock()
		_ = s.server.Close()
	case Reset:
		if c, ok := s.client.(*net.TCPConn); ok {
			_ = c.SetLinger(0)
		}
		s.close()
	}
}

func (s *session) isDead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// end closes both sides when one of them is gone; the client of a dead connection does not notice, unless it is the one that goes.
func (s *session) end(by net.Conn) {
	if by == s.client || !s.isDead() {
		s.Proxy.mu.Lock()
		delete(s.all, s)
		s.Proxy.mu.Unlock()
		s.close()
	}
}

type parcel struct {
	message []byte
	due     time.Time
}

// carry takes messages from read to one side, as the link lets it.
func (s *session) carry(wg *sync.WaitGroup, to net.Conn, read func() ([]byte, bool)) {
	from := s.client
	if to == s.client {
		from = s.server
	}
	queue := make(chan parcel, 4096)
	wg.Go(func() {
		defer s.end(from)
		for p := range queue {
			select {
			case <-time.After(time.Until(p.due)):
			case <-s.ended:
			}
			if s.sound() && !s.isDead() {
				_, _ = to.Write(p.message) // who is gone is seen by reading from it
			}
		}
	})
	defer close(queue)
	for {
		m, ok := read()
		if !ok {
			return
		}
		p := parcel{message: m}
		if link, _ := s.state(); link == Slow {
			p.due = time.Now().Add(slowness)
		}
		select {
		case queue <- p:
		case <-s.ended:
			return
		}
	}
}

// sound waits while the link is a black hole; false if the connection ends meanwhile.
func (s *session) sound() bool {
	for {
		link, changed := s.state()
		if link != Blackhole {
			return true
		}
		select {
		case <-changed:
		case <-s.ended:
			return false
		}
	}
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

// up reads one message of the client.
func (s *session) up(first bool) ([]byte, bool) {
	m, err := message(s.client, !first)
	if err != nil {
		return nil, false
	}
	if !first && m[0] == 'Q' && strings.EqualFold(strings.TrimRight(string(m[5:]), "\x00"), "commit") {
		c := s.next()
		switch c {
		case CutBefore:
			return nil, false
		case RefuseConflict, RefuseDeadlock:
			m, _ = (&pgproto3.Query{String: "rollback"}).Encode(nil)
		}
		s.mu.Lock()
		s.answer = c
		s.mu.Unlock()
	}
	return m, true
}

// down reads one message of the server that the client is to see.
func (s *session) down() ([]byte, bool) {
	for {
		m, err := message(s.server, true)
		if err != nil {
			return nil, false
		}
		s.mu.Lock()
		c := s.answer
		if m[0] == 'Z' {
			s.answer = Pass
		}
		s.mu.Unlock()
		switch {
		case c == CutAfter && m[0] == 'Z': // the server is through with it
			return nil, false
		case c == Pass, m[0] == 'Z':
		case c == CutAfter:
			continue
		default: // instead of "ROLLBACK"
			code := map[Commit]string{RefuseConflict: "40001", RefuseDeadlock: "40P01"}[c]
			m, _ = (&pgproto3.ErrorResponse{Severity: "ERROR", Code: code, Message: "Key (secret)=(\\x01) already exists"}).Encode(nil)
		}
		return m, true
	}
}
