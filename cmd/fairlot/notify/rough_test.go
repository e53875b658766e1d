package notify

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// rough is a mail server written by hand that talks until it is told to misbehave.
func rough(t *testing.T, talk func(net.Conn, func(string) string)) Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 64<<10)
				talk(c, func(say string) string {
					io.WriteString(c, say)
					n, err := c.Read(buf)
					if err != nil {
						return "QUIT"
					}
					return string(buf[:n])
				})
			}()
		}
	}()
	s, err := NewServer(l.Addr().String(), "none")
	if err != nil {
		t.Fatal(err)
	}
	s.Name, s.Timeout = "library.example", 300*time.Millisecond
	return s
}

// upToData greets and takes everything until the message has come in full.
func upToData(say func(string) string) {
	in := say("220 hello\r\n")
	for !strings.HasPrefix(in, "DATA") {
		if strings.HasPrefix(in, "QUIT") {
			return
		}
		in = say("250 ok\r\n")
	}
	in = say("354 go\r\n")
	for !strings.HasSuffix(in, "\r\n.\r\n") && in != "QUIT" {
		in += say("")
		if strings.HasSuffix(in, "QUIT") {
			return
		}
	}
}

func TestDroppedAfterDataIsUnknown(t *testing.T) {
	server := rough(t, func(c net.Conn, say func(string) string) { upToData(say) })
	rows, d, _, err := run(t, server, nil)
	expect(t, rows, err, "unknown unknown unknown", nil)
	if rows[0].Attempts != 1 {
		t.Errorf("sent %d times", rows[0].Attempts)
	}
	// It is never sent again by itself.
	p := &postman{}
	rows, _, _, err = run(t, p.serve(t, "none"), func(_ *Run, fresh *daemon, _ []Winner) { fresh.state = d.state })
	expect(t, rows, err, "unknown unknown unknown", nil)
	if len(p.mails) != 0 {
		t.Errorf("%d mails were sent again", len(p.mails))
	}
	// Until somebody says so.
	rows, _, _, err = run(t, p.serve(t, "none"), func(r *Run, fresh *daemon, _ []Winner) { fresh.state, r.ResendUnknown = d.state, true })
	expect(t, rows, err, "sent sent sent", nil)
	if len(p.mails) != 3 {
		t.Errorf("%d mails", len(p.mails))
	}
}

func TestHangs(t *testing.T) {
	// After the message: unknown.
	server := rough(t, func(c net.Conn, say func(string) string) { upToData(say); time.Sleep(2 * time.Second) })
	rows, _, _, err := run(t, server, nil)
	expect(t, rows, err, "unknown unknown unknown", nil)
	// Before anything: nothing was sent, and the run ends in time.
	server = rough(t, func(net.Conn, func(string) string) { time.Sleep(2 * time.Second) })
	began := time.Now()
	rows, d, pauses, err := run(t, server, nil)
	expect(t, rows, err, "pending pending pending", ErrUnreachable)
	if len(pauses) != 3 || len(d.steps) != 0 || time.Since(began) > 10*time.Second {
		t.Errorf("pauses %v, steps %v, %s", pauses, d.steps, time.Since(began))
	}
	// At RCPT: nothing was taken.
	server = rough(t, func(c net.Conn, say func(string) string) {
		in := say("220 hello\r\n")
		for !strings.HasPrefix(in, "RCPT") && !strings.HasPrefix(in, "QUIT") {
			in = say("250 ok\r\n")
		}
		time.Sleep(2 * time.Second)
	})
	rows, _, _, err = run(t, server, func(r *Run, _ *daemon, _ []Winner) { r.Attempts = 1 })
	expect(t, rows, err, "pending pending pending", nil)
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := NewServer(l.Addr().String(), "none")
	l.Close()
	if err != nil {
		t.Fatal(err)
	}
	server.Name = "library.example"
	rows, d, _, err := run(t, server, nil)
	expect(t, rows, err, "pending pending pending", ErrUnreachable)
	if len(d.steps) != 0 {
		t.Errorf("steps %v", d.steps)
	}
}
