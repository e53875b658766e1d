package server_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"fairlot/crypto/beacon"
	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/server"
	"fairlot/store"
	"fairlot/store/sqlite"
	"fairlot/telemetry"
)

// doors is a whole installation on loopback: real rooms, real keys, both doors.
type doors struct {
	engine   *engine.Engine
	cfg      engine.Config // of engine
	srv      *server.Server
	conn     *grpc.ClientConn // staff's door
	site     *httptest.Server // the public's
	dir      string
	admin    string // tokens
	officer  string
	second   string // of another officer, who approves
	notifier string
	auditor  string
	log      *logSink
	beacon   *beacon.Local
	rooms    store.Rooms
	frozen   atomic.Int64                     // Unix nanoseconds of the stopped clock; 0: it runs
	relay    atomic.Pointer[http.HandlerFunc] // answers in place of the honest relay, if set
	persons  int                              // made up so far
}

// now is the clock of the installation and of its relay.
func (d *doors) now() time.Time {
	if at := d.frozen.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Now()
}

// stopClock makes it at from now on.
func (d *doors) stopClock(at time.Time) { d.frozen.Store(at.UnixNano()) }

func open(t *testing.T) *doors {
	t.Helper()
	ctx := t.Context()
	d := &doors{dir: t.TempDir(), log: &logSink{}}
	rooms, keyDir := filepath.Join(d.dir, "rooms"), filepath.Join(d.dir, "keys")
	must(t, sqlite.Create(rooms))
	must(t, keys.Make(keyDir))
	r, err := sqlite.Open(rooms)
	must(t, err)
	d.rooms = r
	folder, err := keys.Open(keyDir)
	must(t, err)
	logSecret, logKey, err := ledger.GenerateLogKey("test.example/fairlot")
	must(t, err)
	receiptSecret, receiptKey, err := ledger.GenerateLogKey("test.example/fairlot/receipt")
	must(t, err)
	d.admin, err = engine.MakeInstallation(ctx, r, folder, store.Installation{
		Origin: "test.example/fairlot", Institution: "測試圖書館", LogKey: logKey, ReceiptKey: receiptKey}, "first", time.Now())
	must(t, err)
	cfg := engine.Config{Registry: r.Registry, Identity: r.Identity, Answers: r.Answers, Keys: folder, Marks: folder, Now: d.now, Log: d.log.logger()}
	cfg.LogSigner, _, err = ledger.NewLogSigner(logSecret)
	must(t, err)
	cfg.ReceiptSigner, _, err = ledger.NewLogSigner(receiptSecret)
	must(t, err)
	d.beacon, err = beacon.NewLocal(time.Now().Unix()-100, 1)
	must(t, err)
	honest := d.beacon.Handler(d.now)
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bad := d.relay.Load(); bad != nil {
			(*bad)(w, r)
			return
		}
		honest.ServeHTTP(w, r)
	}))
	t.Cleanup(relay.Close)
	cfg.Beacon = &beacon.Relays{URLs: []string{relay.URL}, Timeout: time.Second}
	d.cfg = cfg
	d.engine, err = engine.New(ctx, cfg)
	must(t, err)
	for _, x := range []struct {
		role, label string
		to          *string
	}{{engine.RoleOfficer, "Chen", &d.officer}, {engine.RoleOfficer, "Lin", &d.second}, {engine.RoleNotifier, "Wu", &d.notifier}, {engine.RoleAuditor, "Tsai", &d.auditor}} {
		*x.to, _, err = d.engine.CreateStaffToken(ctx, x.role, x.label, 1)
		must(t, err)
	}

	meter := telemetry.New("test", nil)
	srv, err := server.New(context.Background(), server.Config{Engine: d.engine, Log: d.log.logger(), Meter: meter, Metrics: meter.Handler(),
		Site: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}, "assets/app.js": {Data: bytes.Repeat([]byte("let x = 1;\n"), 100)}}})
	must(t, err)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	d.srv = srv
	served := make(chan error, 1)
	go func() { served <- srv.ServeGRPC(lis) }()
	d.site = httptest.NewServer(srv.Handler())
	d.conn, err = grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() {
		d.conn.Close()
		d.site.Close()
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		srv.Stop(stop)
		if err := <-served; err != nil {
			t.Error(err)
		}
		d.engine.Close()
		r.Close()
	})
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err, status.Convert(err).Details())
	}
}

// as returns a context with a bearer token; without one if it is empty.
func as(t *testing.T, token string) context.Context {
	if token == "" {
		return t.Context()
	}
	return metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
}

// get is a plain request to the public's door.
func (d *doors) do(t *testing.T, method, path string, body []byte, header http.Header) (*http.Response, []byte) {
	t.Helper()
	return send(t, d.site.URL, method, path, body, header)
}

// onDisk is everything that the installation wrote.
func (d *doors) onDisk(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	must(t, filepath.Walk(d.dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = b
		return err
	}))
	return all
}

// running starts the engine's clockwork until the returned function is called.
func (d *doors) running(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.engine.Run(ctx) }()
	return func() { cancel(); must(t, <-done) }
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}
