package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Server says how mail is handed in.
type Server struct {
	Host     string
	Port     int
	TLS      string // starttls (the default), tls, or none, which is for loopback only
	Name     string // of this side in EHLO
	User     string // empty: no authentication
	Password string
	Timeout  time.Duration // of connecting, and of each message, at most MaxTimeout; 0 means 30 s
	Roots    *x509.CertPool
}

// MaxTimeout bounds Server.Timeout: other runs must know how long one can be silent.
const MaxTimeout = 2 * time.Minute

// ErrServer says that a mail server's settings contradict themselves, or that it refuses to work with us at all: repeating
// changes nothing.
var ErrServer = errors.New("the mail server cannot be used")

// ErrUnreachable says that the mail server could not be talked to this time.
var ErrUnreachable = errors.New("the mail server cannot be reached")

// NewServer reads HOST:PORT.
func NewServer(address, security string) (Server, error) {
	host, port, err := net.SplitHostPort(address)
	n, err2 := strconv.Atoi(port)
	if err != nil || err2 != nil || host == "" || n < 1 || n > 65535 {
		return Server{}, fmt.Errorf("--smtp: want HOST:PORT, for example mail.example.org:587: %w", ErrServer)
	}
	ip := net.ParseIP(host)
	loopback := host == "localhost" || ip != nil && ip.IsLoopback()
	if security == "none" && !loopback {
		return Server{}, fmt.Errorf("--smtp-tls none: %w: without TLS the winners' addresses would travel in the clear; none is for this machine only", ErrServer)
	}
	return Server{Host: host, Port: n, TLS: security}, nil
}

// client makes the settings' client; it holds no connection of its own.
func (s Server) client() (*mail.Client, error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	if timeout < 0 || timeout > MaxTimeout {
		return nil, fmt.Errorf("%w: it would be waited for %s, want more than 0 and at most %s", ErrServer, timeout, MaxTimeout)
	}
	options := []mail.Option{mail.WithPort(s.Port), mail.WithTimeout(timeout), mail.WithHELO(s.Name), mail.WithoutNoop(),
		mail.WithTLSConfig(&tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12, RootCAs: s.Roots})}
	switch s.TLS {
	case "tls":
		options = append(options, mail.WithSSL())
	case "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.User), mail.WithPassword(s.Password))
	}
	c, err := mail.NewClient(s.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	return c, nil
}

// session is one connection, ready to take messages.
type session struct {
	client *mail.Client
	conn   *smtp.Client
}

// dial connects, secures and authenticates. Errors wrap ErrServer or ErrUnreachable.
func (s Server) dial(ctx context.Context) (*session, error) {
	c, err := s.client()
	if err != nil {
		return nil, err
	}
	conn, err := c.DialToSMTPClientWithContext(ctx)
	if err == nil {
		return &session{c, conn}, nil
	}
	at := net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &certificate):
		return nil, fmt.Errorf("%s: %w: its certificate does not hold: %w", at, ErrServer, certificate.Err)
	case errors.As(err, &record):
		return nil, fmt.Errorf("%s: %w: it does not begin with TLS; for port 587 use --smtp-tls starttls", at, ErrServer)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	if n := replyCode(err); n >= 500 {
		return nil, fmt.Errorf("%s: %w: it answers %d; check user and password", at, ErrServer, n)
	} else if n >= 400 {
		return nil, fmt.Errorf("%s: %w now: it answers %d", at, ErrUnreachable, n)
	}
	var network net.Error
	if errors.As(err, &network) {
		return nil, fmt.Errorf("%s: %w: %w", at, ErrUnreachable, err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%s: %w: it hung up; for port 465 use --smtp-tls tls", at, ErrUnreachable)
	}
	return nil, fmt.Errorf("%s: %w: %s", at, ErrServer, err)
}

// replyCode is the code of a mail server's answer in err, 0 if there is none.
func replyCode(err error) int {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code
	}
	return 0
}

// close ends the connection politely.
func (s *session) close() {
	if s != nil {
		_ = s.client.CloseWithSMTPClient(s.conn)
	}
}

// drop ends a broken connection without another word: QUIT would end, and so hand in, a message that was cut short.
func (s *session) drop() { _ = s.conn.Close() }

// fate is what became of one message.
type fate int

const (
	accepted fate = iota // the server said 250 after the data
	putOff               // a temporary refusal, or no connection: nothing was taken
	refused              // refused for good
	unclear              // it broke after the data was begun: perhaps taken
	barred               // it refuses us as a sender: nothing was taken, and nothing will be
)

// send hands in one message. code is the server's answer, 0 if there was none; good says whether the connection can take
// more.
func (s *session) send(m *mail.Msg) (f fate, code int, good bool) {
	err := s.client.SendWithSMTPClient(s.conn, m)
	if m.IsDelivered() {
		return accepted, 250, err == nil
	}
	var e *mail.SendError
	if !errors.As(err, &e) {
		return unclear, 0, false
	}
	code = e.ErrorCode()
	switch e.Reason {
	case mail.ErrSMTPMailFrom, mail.ErrConnCheck:
		if code >= 500 {
			return barred, code, false
		}
		return putOff, code, false
	case mail.ErrSMTPRcptTo, mail.ErrSMTPData:
		if code >= 500 {
			return refused, code, false
		}
		return putOff, code, false
	case mail.ErrGetSender, mail.ErrGetRcpts, mail.ErrNoUnencoded:
		return refused, code, false
	case mail.ErrSMTPDataClose:
		switch {
		case code >= 500:
			return refused, code, false
		case code >= 400:
			return putOff, code, false
		}
	}
	return unclear, code, false
}

// ReadRoots reads certificates to trust, in PEM.
func ReadRoots(path string) (*x509.CertPool, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("read %s: no certificate in it", path)
	}
	return pool, nil
}
