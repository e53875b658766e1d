package demo

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"fairlot/crypto/beacon"
)

// serveBeacon makes a beacon of one key with a round each second and serves it on a free loopback port like a drand relay.
func serveBeacon() (url string, chain beacon.Chain, stop func() error, err error) {
	local, err := beacon.NewLocal(time.Now().Unix()-1, 1)
	if err != nil {
		return "", beacon.Chain{}, nil, err
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", beacon.Chain{}, nil, err
	}
	srv := &http.Server{Handler: local.Handler(time.Now), ReadHeaderTimeout: 5 * time.Second, ErrorLog: quiet()}
	go srv.Serve(lis)
	return "http://" + lis.Addr().String(), local.Chain(), srv.Close, nil
}

// catcher is a mail server that delivers nothing: it keeps every mail as it came in NN.eml, and its text to be read in NN.txt.
type catcher struct {
	addr string
	dir  string
	srv  *smtp.Server

	mu    sync.Mutex
	mails []caught
}

// caught is one mail as it came in.
type caught struct {
	to   []string
	file string // name in the folder
}

// newCatcher listens on a free loopback port and keeps mails in dir.
func newCatcher(dir string) (*catcher, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &catcher{addr: lis.Addr().String(), dir: dir}
	c.srv = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{catcher: c}, nil }))
	c.srv.Domain, c.srv.EnableSMTPUTF8, c.srv.MaxMessageBytes = "mail.example.org", true, 1<<20
	c.srv.ReadTimeout, c.srv.WriteTimeout, c.srv.ErrorLog = 10*time.Second, 10*time.Second, quiet()
	go c.srv.Serve(lis)
	return c, nil
}

func (c *catcher) stop() error { return c.srv.Close() }

func (c *catcher) all() []caught {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]caught{}, c.mails...)
}

type session struct {
	catcher *catcher
	to      []string
}

func (s *session) Reset()                               { s.to = nil }
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c := s.catcher
	c.mu.Lock()
	defer c.mu.Unlock()
	l, err := readLetter(body)
	if err != nil {
		return err
	}
	number := fmt.Sprintf("%02d", len(c.mails)+1)
	read := fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\nMessage-ID: %s\n\n%s\n", l.from, strings.Join(s.to, ", "), l.subject, l.messageID, strings.TrimSpace(l.text))
	for name, b := range map[string][]byte{number + ".eml": body, number + ".txt": []byte(read)} {
		if err := os.WriteFile(filepath.Join(c.dir, name), b, 0o600); err != nil {
			return err
		}
	}
	c.mails = append(c.mails, caught{to: s.to, file: number + ".eml"})
	return nil
}

// letter is a mail to be read by people.
type letter struct{ from, subject, messageID, text string }

// readLetter reads the plain text of a mail.
func readLetter(b []byte) (letter, error) {
	m, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return letter{}, err
	}
	var dec mime.WordDecoder
	l := letter{messageID: m.Header.Get("Message-Id")}
	if l.subject, err = dec.DecodeHeader(m.Header.Get("Subject")); err != nil {
		return letter{}, err
	}
	if l.from, err = dec.DecodeHeader(m.Header.Get("From")); err != nil {
		return letter{}, err
	}
	l.text, err = plainText(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return l, err
}

// plainText finds the text/plain of a body, within parts if need be.
func plainText(contentType, encoding string, body io.Reader) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(kind, "multipart/") {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if err != nil {
				return "", errors.Join(errors.New("the mail has no plain text"), err)
			}
			if text, err := plainText(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part); err == nil {
				return text, nil
			}
		}
	}
	if kind != "text/plain" {
		return "", fmt.Errorf("the mail is %s, not plain text", kind)
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	return strings.ReplaceAll(string(text), "\r\n", "\n"), err
}

// quiet is a log that writes nothing: lines of servers hold addresses.
func quiet() *stdlog.Logger { return stdlog.New(io.Discard, "", 0) }
