package server_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/emersion/go-smtp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/notify"
	"fairlot/draw"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/server"
	"fairlot/store"
	"fairlot/store/sqlite"
	"fairlot/verify"
)

// mailbox is a mail server that counts what it took, by recipient.
type mailbox struct {
	mu   sync.Mutex
	took map[string]int
}

type mailSession struct {
	box *mailbox
	to  string
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{box: m}, nil }
func (s *mailSession) Mail(string, *smtp.MailOptions) error    { return nil }
func (s *mailSession) Reset()                                  {}
func (s *mailSession) Logout() error                           { return nil }
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.took[s.to]++
	return nil
}

func (m *mailbox) most() (mails, most int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.took {
		mails, most = mails+n, max(most, n)
	}
	return mails, most
}

func (m *mailbox) serve(t *testing.T) notify.Server {
	t.Helper()
	srv := smtp.NewServer(m)
	srv.Domain = "mail.example"
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go srv.Serve(lis)
	t.Cleanup(func() { srv.Close() })
	out, err := notify.NewServer(lis.Addr().String(), "none")
	must(t, err)
	out.Name, out.Timeout = "library.example", 5*time.Second
	return out
}

// TestRestoreMailsNobodyTwice backs the rooms up when no notice was sent, sends them all, and brings rooms back: all three, or the identity room of before the release
// alone, which the log has seen since. The notifier's own program runs again and writes to nobody. With notices put back to what the copy says it writes to all again: so
// would it, if the rooms were served as they are.
func TestRestoreMailsNobodyTwice(t *testing.T) {
	s := &story{doors: open(t)}
	s.c = s.opened(t, s.lotteryRules("twice"))
	s.draw = s.c.Name + "/draws/1"
	s.enterAll(t)
	s.close(t)
	s.cosign(t)
	s.runDraw(t)
	s.verify(t, verify.StateDrawn)
	rooms := filepath.Join(s.dir, "rooms")
	early, late := t.TempDir(), t.TempDir()
	must(t, sqlite.Backup(t.Context(), rooms, early, nil))
	s.askRelease(t)
	s.openContacts(t, 0, 3)
	for _, rank := range []int64{2, 1} { // not in the order of the ranking
		asked, err := s.draws().PrepareRelease(as(t, s.notifier), &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true, Purpose: fairlotv1.ReleasePurpose_RELEASE_PURPOSE_CLAIM, Rank: rank})
		must(t, err)
		s.approve(t, asked.Approval)
	}
	must(t, sqlite.Backup(t.Context(), rooms, late, nil))

	all, err := s.draws().PrepareRelease(as(t, s.notifier), &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true})
	must(t, err)
	var winners []notify.Winner
	for _, e := range all.Releases[0].Entrants {
		for i, g := range s.got {
			if g.Id == e.EntryId {
				email := s.sent[i].body["contact"].(map[string]any)["email"].(string)
				winners = append(winners, notify.Winner{Line: draw.Line{Stratum: int(e.Stratum), Rank: int(e.Rank), Seat: 1, ID: draw.EntrantID(unhexN(t, e.EntryId, 16))}, Contact: draw.Contact{Email: email}})
			}
		}
	}
	files, err := bundle.Open(t.Context(), s.site.URL+"/bundles/"+strings.TrimPrefix(s.c.Name, "campaigns/")+".tar", nil)
	must(t, err)
	defer files.Close()
	checked, err := files.Check(verify.Options{})
	must(t, err)
	notices, err := notify.NewNotices(checked, 1, "library@library.example", "", "http://127.0.0.1/x", time.Now())
	must(t, err)
	box := &mailbox{took: map[string]int{}}
	mail := box.serve(t)
	send := func(conn *grpc.ClientConn) []notify.Row {
		t.Helper()
		r := notify.Run{Service: fairlotv1.NewNotificationServiceClient(&bearer{conn, s.notifier}), Parent: s.draw, Notices: notices, Server: mail, Attempts: 2, Now: time.Now}
		rows, err := r.All(t.Context(), winners)
		must(t, err)
		return rows
	}
	send(s.conn)
	if n, most := box.most(); n != 3 || most != 1 {
		t.Fatalf("%d mails, %d to one winner, want 3 and 1", n, most)
	}

	// Only the identity room as it was before the release: the log is further.
	for name, brought := range map[string]map[string]string{
		"all rooms":                        {"registry": late, "identity": late, "answers": late},
		"identity room before the release": {"registry": late, "identity": early, "answers": late},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for room, from := range brought {
				b, err := os.ReadFile(filepath.Join(from, room+".db"))
				must(t, err)
				must(t, os.WriteFile(filepath.Join(dir, room+".db"), b, 0o600))
			}
			conn, restored := s.serveRestored(t, dir)
			for range 2 { // a second run, as an impatient person does
				for _, row := range send(conn) {
					if notify.StateName(row.State) != "unknown" {
						t.Errorf("rank %d is %s after the restore", row.Rank, notify.StateName(row.State))
					}
				}
			}
			if n, most := box.most(); n != 3 || most != 1 {
				t.Fatalf("%d mails, %d to one winner after the restore", n, most)
			}
			again, err := fairlotv1.NewDrawServiceClient(&bearer{conn, s.notifier}).PrepareRelease(t.Context(), &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true})
			must(t, err)
			if len(again.Releases) != 1 || again.Releases[0].OpenedHash != all.Releases[0].OpenedHash || len(again.Releases[0].Entrants) != 3 {
				t.Errorf("the release that the log knows is not the one that is there: %d", len(again.Releases))
			}
			// Whose seats were opened for a claim follows from no draw: the approvals say it.
			claims, err := fairlotv1.NewDrawServiceClient(&bearer{conn, s.notifier}).PrepareRelease(t.Context(),
				&fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true, Purpose: fairlotv1.ReleasePurpose_RELEASE_PURPOSE_CLAIM, Rank: 2})
			must(t, err)
			if r := claims.Releases; claims.Approval != nil || len(r) != 2 || len(r[0].Entrants) != 1 || r[0].Entrants[0].Rank != 2 || len(r[1].Entrants) != 1 || r[1].Entrants[0].Rank != 1 || len(r[0].Entrants[0].IdentityEnvelope) == 0 {
				t.Errorf("the releases for claims that the log knows are not those that are there: %d", len(r))
			}
			// Broken on purpose: as the copy had them.
			id := store.CampaignID(unhexN(t, strings.TrimPrefix(s.c.Name, "campaigns/"), 16))
			for _, w := range winners {
				_, err := restored.SetNotification(t.Context(), id, 1, w.Line.Stratum, int64(w.Line.Rank), 5, 1, false, time.Now())
				must(t, err)
			}
			send(conn)
			if n, most := box.most(); n != 6 || most != 2 {
				t.Errorf("without the step of the restore: %d mails, %d to one winner, want 6 and 2, or this test shows nothing", n, most)
			}
			box.mu.Lock()
			for to := range box.took {
				box.took[to] = 1
			}
			box.mu.Unlock()
		})
	}
}

// serveRestored serves rooms that were brought back, with the keys and marks of now.
func (s *story) serveRestored(t *testing.T, dir string) (*grpc.ClientConn, store.Identity) {
	t.Helper()
	r, err := sqlite.Open(dir)
	must(t, err)
	cfg := s.engine.Config
	cfg.Registry, cfg.Identity, cfg.Answers, cfg.AcceptRestored = r.Registry, r.Identity, r.Answers, true
	e, err := engine.New(context.Background(), cfg)
	must(t, err)
	srv, err := server.New(context.Background(), server.Config{Engine: e, Log: s.log.logger(), Site: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}})
	must(t, err)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.ServeGRPC(lis) }()
	conn, err := grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() {
		conn.Close()
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		srv.Stop(stop)
		if err := <-served; err != nil {
			t.Error(err)
		}
		e.Close()
		r.Close()
	})
	return conn, r.Identity
}

// bearer is a connection whose calls carry a token.
type bearer struct {
	*grpc.ClientConn
	token string
}

func (b *bearer) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", fmt.Sprintf("Bearer %s", b.token))
	return b.ClientConn.Invoke(ctx, method, args, reply, opts...)
}
