package notify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// postman is a mail server whose manners a test sets.
type postman struct {
	mu    sync.Mutex
	mails []string
	to    []string
	tries int
	user  string
	// each is asked before the answer to MAIL, RCPT and DATA; nil: yes
	each func(verb string, try int) error
}

type postSession struct {
	p    *postman
	auth bool
	to   string
}

func (p *postman) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &postSession{p: p, auth: p.user == ""}, nil
}

func (s *postSession) AuthMechanisms() []string {
	if s.p.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *postSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.p.user || password != "open sesame" {
			return smtp.ErrAuthFailed
		}
		s.auth = true
		return nil
	}), nil
}

func (s *postSession) ask(verb string) error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if verb == "MAIL" {
		s.p.tries++
	}
	if s.p.each == nil {
		return nil
	}
	return s.p.each(verb, s.p.tries)
}

func (s *postSession) Mail(string, *smtp.MailOptions) error {
	if !s.auth {
		return smtp.ErrAuthRequired
	}
	return s.ask("MAIL")
}

func (s *postSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.ask("RCPT")
}

func (s *postSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.ask("DATA"); err != nil {
		return err
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.mails = append(s.p.mails, string(b))
	s.p.to = append(s.p.to, s.to)
	return nil
}

func (s *postSession) Reset()        {}
func (s *postSession) Logout() error { return nil }

// serve runs the mail server; security is none, starttls or tls.
func (p *postman) serve(t *testing.T, security string) Server {
	t.Helper()
	s := smtp.NewServer(p)
	s.Domain = "mail.example.org"
	s.ErrorLog = quiet{}
	cert, roots := certificate(t, "127.0.0.1")
	if security != "none" {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if security == "tls" {
		l = tls.NewListener(l, s.TLSConfig)
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	out, err := NewServer(addr, security)
	if err != nil {
		t.Fatal(err)
	}
	out.Name, out.Roots, out.Timeout = "library.example", roots, 2*time.Second
	return out
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func certificate(t *testing.T, host string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.ParseIP(host)}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
