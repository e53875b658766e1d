package notify

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/fairlot/scene"
	"fairlot/cmd/fairlot/unseal"
	"fairlot/crypto/custody"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/verify"
)

// daemon keeps states as the contract says, over real gRPC.
type daemon struct {
	fairlotv1.UnimplementedNotificationServiceServer
	mu    sync.Mutex
	state map[int64]fairlotv1.NotificationState
	steps []string
	tries map[int64]int32             // attempts
	moved map[int64]time.Time         // last change; none: long ago
	fail  fairlotv1.NotificationState // reports of this state are lost
}

func (d *daemon) ListNotifications(context.Context, *fairlotv1.ListNotificationsRequest) (*fairlotv1.ListNotificationsResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	res := &fairlotv1.ListNotificationsResponse{}
	for rank, s := range d.state {
		res.Notifications = append(res.Notifications, &fairlotv1.Notification{Stratum: 1, Rank: rank, State: s,
			Attempts: d.tries[rank], UpdateTime: timestamppb.New(d.moved[rank])})
	}
	return res, nil
}

func (d *daemon) ReportNotification(_ context.Context, r *fairlotv1.ReportNotificationRequest) (*fairlotv1.Notification, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.To == d.fail {
		return nil, status.Error(codes.Unavailable, "away")
	}
	if d.state[r.Rank] != r.From {
		return nil, status.Error(codes.Aborted, "another state")
	}
	if d.tries == nil {
		d.tries, d.moved = map[int64]int32{}, map[int64]time.Time{}
	}
	d.state[r.Rank], d.moved[r.Rank] = r.To, time.Now()
	if r.To == sending {
		d.tries[r.Rank]++
	}
	d.steps = append(d.steps, StateName(r.From)+">"+StateName(r.To))
	return &fairlotv1.Notification{Stratum: r.Stratum, Rank: r.Rank, State: r.To, Attempts: d.tries[r.Rank], UpdateTime: timestamppb.New(d.moved[r.Rank])}, nil
}

func (d *daemon) client(t *testing.T) fairlotv1.NotificationServiceClient {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	fairlotv1.RegisterNotificationServiceServer(s, d)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	conn, err := grpc.NewClient("passthrough:///"+l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return fairlotv1.NewNotificationServiceClient(conn)
}

// won is a drawn campaign with opened winners.
type won struct {
	checked *bundle.Checked
	winners []Winner
	notices *Notices
}

// win makes a campaign of 5 with 3 seats, released by 2 of 3 custodians.
func win(t *testing.T) *won {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var keys []*custodian.Key
	var public []draw.Custodian
	for _, label := range []string{"a.example", "b.example", "c.example"} {
		k, err := custodian.New(label)
		ok(err)
		keys = append(keys, k)
		public = append(public, draw.Custodian{Recipient: k.Age.Recipient(), VKey: k.Cosigner.VKey().String()})
	}
	notifier, err := custody.NewKey()
	ok(err)
	s, err := scene.Make(public, 2, []string{notifier.Recipient()}, scene.People(5), 3)
	ok(err)
	ok(s.Close())
	ok(s.Draw())
	b, err := s.Opened(3, true, 1, 2, 3)
	ok(err)
	req, err := release.Parse(b)
	ok(err)
	c := check(t, s)
	pin, err := custodian.NewPin(c)
	ok(err)
	var files [][]byte
	for _, k := range keys[:2] {
		plan, err := k.Share(c, pin, custodian.Released{}, req, &req.Releases[0], true)
		ok(err)
		f, err := plan.Seal(c.Outcome.Open)
		ok(err)
		files = append(files, f)
	}
	winners, err := Open(c, notifier, req, &req.Releases[0], files)
	ok(err)
	if _, err := Open(c, notifier, req, &req.Releases[0], files[:1]); !errors.Is(err, unseal.ErrShares) {
		t.Errorf("with one custodian: %v", err)
	}
	n, err := NewNotices(c, 1, "prizes@library.example", "", "https://library.example/c/autumn", time.Date(2026, 5, 1, 20, 0, 0, 0, time.UTC))
	ok(err)
	return &won{c, winners, n}
}

func check(t *testing.T, s *scene.Scene) *bundle.Checked {
	t.Helper()
	b, err := s.Tar()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b.tar")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := bundle.Open(context.Background(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	c, err := f.Check(verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var shared struct {
	once sync.Once
	won  *won
}

// run sends the notices of one campaign that the tests share, under fresh states.
func run(t *testing.T, server Server, change func(*Run, *daemon, []Winner)) ([]Row, *daemon, []time.Duration, error) {
	t.Helper()
	shared.once.Do(func() { shared.won = win(t) })
	if shared.won == nil {
		t.Fatal("no campaign")
	}
	d := &daemon{state: map[int64]fairlotv1.NotificationState{1: pending, 2: pending, 3: pending}}
	var pauses []time.Duration
	r := Run{Service: d.client(t), Parent: "campaigns/x/draws/1", Notices: shared.won.notices, Server: server, Attempts: 4, Now: time.Now,
		Sleep: func(ctx context.Context, p time.Duration) error { pauses = append(pauses, p); return ctx.Err() }}
	winners := append([]Winner(nil), shared.won.winners...)
	if change != nil {
		change(&r, d, winners)
	}
	rows, err := r.All(context.Background(), winners)
	return rows, d, pauses, err
}

func states(rows []Row) string {
	var s []string
	for _, r := range rows {
		s = append(s, StateName(r.State))
	}
	return strings.Join(s, " ")
}

func expect(t *testing.T, rows []Row, err error, want string, cause error) {
	t.Helper()
	if got := states(rows); got != want {
		t.Errorf("states %q, want %q", got, want)
	}
	if !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
	if err != nil && strings.Contains(err.Error(), "person-") {
		t.Errorf("the error holds an address: %v", err)
	}
	for _, r := range rows {
		if strings.Contains(r.Note, "@") {
			t.Errorf("a note holds an address: %q", r.Note)
		}
	}
}

func TestSendsOneMailAWinner(t *testing.T) {
	for _, security := range []string{"starttls", "tls", "none"} {
		p := &postman{user: "prizes"}
		if security == "none" {
			p.user = ""
		}
		server := p.serve(t, security)
		if p.user != "" {
			server.User, server.Password = p.user, "open sesame"
		}
		rows, d, _, err := run(t, server, nil)
		expect(t, rows, err, "sent sent sent", nil)
		if len(p.mails) != 3 || p.tries != 3 {
			t.Fatalf("%s: %d mails in %d tries", security, len(p.mails), p.tries)
		}
		if got := strings.Join(d.steps[:2], " "); got != "pending>sending sending>sent" {
			t.Errorf("%s: steps %s", security, got)
		}
	}
}

func TestMessage(t *testing.T) {
	p := &postman{}
	if rows, _, _, err := run(t, p.serve(t, "none"), nil); err != nil {
		t.Fatal(err, rows)
	}
	seen := map[string]bool{}
	for i, text := range p.mails {
		m, err := netmail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		id := m.Header.Get("Message-ID")
		if !strings.HasSuffix(id, "@library.example>") || !strings.HasPrefix(id, "<fairlot."+shared.won.checked.Outcome.OpenHash.String()[:16]+".1.1.") || seen[id] {
			t.Errorf("Message-ID %s", id)
		}
		seen[id] = true
		if ua := m.Header.Get("User-Agent") + m.Header.Get("X-Mailer"); strings.Contains(strings.ToLower(ua), "go-mail") {
			t.Errorf("user agent %s", ua)
		}
		if m.Header.Get("To") != "<"+p.to[i]+">" {
			t.Errorf("To %s, sent to %s", m.Header.Get("To"), p.to[i])
		}
		for name, values := range m.Header { // a relay on the way keeps them in its log
			if !slices.Contains([]string{"Date", "From", "To", "Subject", "Message-Id", "Mime-Version", "Auto-Submitted", "Content-Language", "Content-Transfer-Encoding", "Content-Type", "User-Agent", "X-Mailer"}, name) {
				t.Errorf("header %s: %q", name, values)
			}
			box, _, _ := strings.Cut(p.to[i], "@")
			if name != "To" && strings.Contains(strings.Join(values, " "), box) {
				t.Errorf("header %s has the address: %q", name, values)
			}
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil {
			t.Fatal(err)
		}
		body := string(raw)
		want := []string{"秋季抽獎", "電子閱讀器", "至總館服務台", "2026 年 5 月 16 日", "絕對不會以電話要求您操作提款機", "165"}
		if m.Header.Get("Content-Language") == "en" {
			want = []string{"Autumn draw", "An e-book reader", "At the main desk", "16 May 2026", "never ask you by telephone to operate a cash machine", "165"}
		}
		for _, s := range want {
			if !strings.Contains(subject+body, s) {
				t.Errorf("%s lacks %q:\n%s\n%s", m.Header.Get("Content-Language"), s, subject, body)
			}
		}
		for _, s := range []string{"Person", "A123456789", "0912"} {
			if strings.Contains(text, s) {
				t.Errorf("a mail holds %q", s)
			}
		}
	}
}

// TestNoticeSaysWhoMayCome follows the rules: a guardian, somebody else, or neither; and what to do without the receipt, always.
func TestNoticeSaysWhoMayCome(t *testing.T) {
	shared.once.Do(func() { shared.won = win(t) })
	const lost, guardian, proxy = "lost the receipt come all the same", "younger than 18 the guardian must come", "Somebody else may come for you"
	const lostZh, guardianZh, proxyZh = "收據遺失者，仍請帶身分證件與本通知前來", "未滿 18 歲的得獎人須由法定代理人前來", "請他人帶您的收據"
	for _, x := range []struct {
		proxy bool
		below int
		lang  string
		want  []string
	}{
		{false, 0, "en", []string{lost}}, {true, 0, "en", []string{lost, proxy}}, {false, 18, "en", []string{lost, guardian}},
		{false, 0, "zh-Hant-TW", []string{lostZh}}, {true, 18, "zh-Hant-TW", []string{lostZh, guardianZh, proxyZh}},
	} {
		n := *shared.won.notices
		n.titles.Proxy, n.titles.GuardianBelow = x.proxy, x.below
		w := shared.won.winners[0]
		w.Contact.Lang = x.lang
		_, _, body, err := n.Text(w)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{lost, guardian, proxy, lostZh, guardianZh, proxyZh} {
			if strings.Contains(strings.ReplaceAll(body, "\n", " "), s) != slices.Contains(x.want, s) {
				t.Errorf("%+v: %q is there: %t in\n%s", x, s, strings.Contains(body, s), body)
			}
		}
	}
}

// TestNoticeSaysWhichStratum names the stratum in which the rank is, without which nobody finds the seat of who has lost the receipt; and the prize that its number gives there.
func TestNoticeSaysWhichStratum(t *testing.T) {
	shared.once.Do(func() { shared.won = win(t) })
	n, w := *shared.won.notices, shared.won.winners[0]
	n.prize = func(l draw.Line) [2]int { return [2]int{1, 10*l.Stratum + l.Seat} }
	for _, x := range []struct {
		lang   string
		strata map[int]map[string]string
		want   string
	}{
		{"en", nil, "(rank 1)"}, {"zh-Hant-TW", nil, "（第 1 順位）"},
		{"en", map[int]map[string]string{2: {"en": "South", "zh-Hant-TW": "南館"}}, "A puzzle (rank 1 of group 2, South)"},
		{"zh-Hant-TW", map[int]map[string]string{2: {"en": "South", "zh-Hant-TW": "南館"}}, "「A puzzle」（第 2 組「南館」第 1 順位）"},
	} {
		n.titles.Strata, n.titles.Tier = x.strata, map[[2]int]map[string]string{{1, 21}: {"en": "A puzzle"}}
		w.Line.Stratum, w.Line.Rank, w.Line.Seat, w.Contact.Lang = 2, 1, 1, x.lang
		if _, _, body, err := n.Text(w); err != nil || !strings.Contains(body, x.want) {
			t.Errorf("%s: want %q in %v\n%s", x.lang, x.want, err, body)
		}
	}
}

func TestTemporaryRefusalIsTriedAgain(t *testing.T) {
	p := &postman{each: func(verb string, try int) error {
		if verb == "RCPT" && try <= 3 {
			return &smtp.SMTPError{Code: 450, Message: "greylisted, person-1@example.org"}
		}
		return nil
	}}
	rows, d, pauses, err := run(t, p.serve(t, "none"), nil)
	expect(t, rows, err, "sent sent sent", nil)
	if len(pauses) != 1 || pauses[0] != time.Second || !strings.Contains(strings.Join(d.steps, " "), "sending>pending") {
		t.Errorf("pauses %v, steps %v", pauses, d.steps)
	}
	p = &postman{each: func(verb string, _ int) error {
		if verb == "DATA" {
			return &smtp.SMTPError{Code: 451, Message: "later"}
		}
		return nil
	}}
	rows, _, pauses, err = run(t, p.serve(t, "none"), nil)
	expect(t, rows, err, "pending pending pending", nil)
	if len(pauses) != 3 || pauses[2] != 4*time.Second || rows[0].Attempts != 4 || rows[0].Done() {
		t.Errorf("pauses %v, row %+v", pauses, rows[0])
	}
}

func TestRefusedForGood(t *testing.T) {
	for _, at := range []string{"RCPT", "DATA"} {
		p := &postman{each: func(verb string, try int) error {
			if verb == at && try == 2 {
				return &smtp.SMTPError{Code: 550, Message: "no such person-1@example.org"}
			}
			return nil
		}}
		rows, _, _, err := run(t, p.serve(t, "none"), nil)
		expect(t, rows, err, "sent refused sent", nil)
		if rows[1].Note != "mail server said 550" {
			t.Errorf("note %q", rows[1].Note)
		}
	}
	// Who is refused as a sender stops, and no winner is blamed.
	p := &postman{each: func(verb string, _ int) error {
		if verb == "MAIL" {
			return &smtp.SMTPError{Code: 550, Message: "not you"}
		}
		return nil
	}}
	rows, _, _, err := run(t, p.serve(t, "none"), nil)
	expect(t, rows, err, "pending pending pending", ErrServer)
}

func TestSettingsThatCannotWork(t *testing.T) {
	p := &postman{user: "prizes"}
	server := p.serve(t, "starttls")
	server.User, server.Password = "prizes", "wrong"
	rows, _, _, err := run(t, server, nil)
	expect(t, rows, err, "pending pending pending", ErrServer)
	if err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("error %v", err)
	}

	server = p.serve(t, "starttls")
	_, server.Roots = certificate(t, "127.0.0.1") // another authority
	rows, _, _, err = run(t, server, nil)
	expect(t, rows, err, "pending pending pending", ErrServer)

	server = (&postman{}).serve(t, "none")
	server.TLS = "starttls" // the server does not offer it: no mail in the clear
	rows, _, _, err = run(t, server, nil)
	expect(t, rows, err, "pending pending pending", ErrServer)

	server = (&postman{}).serve(t, "starttls")
	server.TLS = "tls"
	rows, _, _, err = run(t, server, nil)
	expect(t, rows, err, "pending pending pending", ErrServer)

	if _, err := NewServer("mail.example.org:25", "none"); !errors.Is(err, ErrServer) {
		t.Errorf("in the clear off this machine: %v", err)
	}
	if _, err := NewServer("mail.example.org", "tls"); !errors.Is(err, ErrServer) {
		t.Errorf("without port: %v", err)
	}
}

func TestCrashLeavesUnknown(t *testing.T) {
	p := &postman{}
	rows, d, _, err := run(t, p.serve(t, "none"), func(_ *Run, d *daemon, _ []Winner) { d.state[2] = sending })
	expect(t, rows, err, "sent unknown sent", nil)
	if len(p.mails) != 2 || d.state[2] != unknown {
		t.Errorf("%d mails, state %v", len(p.mails), d.state[2])
	}
	// A report that is lost after sending leaves SENDING, and so unknown: never two mails.
	p = &postman{}
	_, d, _, err = run(t, p.serve(t, "none"), func(_ *Run, d *daemon, _ []Winner) { d.fail = sent })
	if status.Code(err) != codes.Unavailable || len(p.mails) != 1 || d.state[1] != sending {
		t.Errorf("error %v, %d mails, state %v", err, len(p.mails), d.state[1])
	}
	// SENDING is said before anything leaves.
	p = &postman{}
	_, _, _, err = run(t, p.serve(t, "none"), func(_ *Run, d *daemon, _ []Winner) { d.fail = sending })
	if err == nil || p.tries != 0 {
		t.Errorf("error %v, %d tries", err, p.tries)
	}
}

func TestNoAddressAndReplaced(t *testing.T) {
	p := &postman{}
	rows, d, _, err := run(t, p.serve(t, "none"), func(_ *Run, _ *daemon, w []Winner) {
		w[0].Contact.Email = ""
		w[1].Vacated, w[1].Contact = "replaced (declined)", draw.Contact{}
	})
	expect(t, rows, err, "no address pending sent", nil)
	if len(p.mails) != 1 || d.state[1] != noAddress || !rows[1].Done() || rows[0].Done() {
		t.Errorf("%d mails, rows %+v", len(p.mails), rows)
	}
}

func TestStopsBetweenMails(t *testing.T) {
	p := &postman{}
	ctx, cancel := context.WithCancel(context.Background())
	p.each = func(verb string, try int) error {
		if verb == "DATA" {
			cancel() // while the first mail is under way
		}
		return nil
	}
	server := p.serve(t, "none")
	shared.once.Do(func() { shared.won = win(t) })
	d := &daemon{state: map[int64]fairlotv1.NotificationState{1: pending, 2: pending, 3: pending}}
	r := Run{Service: d.client(t), Parent: "campaigns/x/draws/1", Notices: shared.won.notices, Server: server, Attempts: 2, Now: time.Now}
	rows, err := r.All(ctx, shared.won.winners)
	expect(t, rows, err, "sent pending pending", context.Canceled)
}

func TestPauseGrows(t *testing.T) {
	var last time.Duration
	for round := 1; round < 100; round++ {
		p := pause(round)
		if p < last || p > longestPause {
			t.Fatalf("round %d: %s after %s", round, p, last)
		}
		last = p
	}
	if pause(1) != time.Second || pause(2) != 2*time.Second || pause(3) != 4*time.Second || last != longestPause {
		t.Error("pauses do not double from a second")
	}
}
