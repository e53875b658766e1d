package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"fairlot/crypto/beacon"
	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/server"
	"fairlot/web"
)

const (
	siteWithin  = 8 * time.Second // for public requests under way at the end
	siteFirst   = 2 * time.Second // of that, before staff's door closes, which public requests go through
	staffWithin = 8 * time.Second // for staff's calls under way at the end
	relayWithin = 5 * time.Second
)

type serveCmd struct {
	Dir            string   `required:"" placeholder:"DIR" help:"Installation made by init."`
	GRPC           string   `default:"127.0.0.1:9090" placeholder:"ADDR" help:"Staff's door. Loopback only."`
	HTTP           string   `default:"127.0.0.1:8080" placeholder:"ADDR" help:"The public's door: site and REST. Loopback only."`
	AcceptRestored bool     `help:"Serve on rooms that were brought back from a backup, once. Whatever was acknowledged since that backup is lost. The key folder must be the newest."`
	Witnessed      []string `placeholder:"FILE" help:"Newest pin or checkpoint that a custodian has. If the log is behind it, the daemon refuses to sign, now and later. May be repeated."`
	Witnesses      string   `placeholder:"FILE" help:"Independent witnesses to ask for cosignatures, as a C2SP witness policy: lines witness NAME VKEY URL, group NAME K MEMBER…, quorum NAME or none. With a quorum, campaigns that open from now on need it beside their custodians."`
	Relay          []string `placeholder:"URL" help:"drand relays, tried in turn (default: public ones). They are transport: every round is verified here."`

	opsCmd
}

// ballast is memory that is never touched, and so takes none of the machine's. The garbage collector begins when the heap has doubled: with
// the daemon's own small heap alone that would be several times a second under load, a fifth of an entry's cost.
const ballast = 48 << 20

func (c *serveCmd) Run(ctx context.Context) error {
	held := make([]byte, ballast)
	defer runtime.KeepAlive(held)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := noCore(); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	lock, err := lockToServe(ctx, c.Dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	grpcLis, err := listenLoopback(c.GRPC)
	if err != nil {
		return fmt.Errorf("staff's door: %w", err)
	}
	defer grpcLis.Close()
	httpLis, err := listenLoopback(c.HTTP)
	if err != nil {
		return fmt.Errorf("public's door: %w", err)
	}
	defer httpLis.Close()

	opsLis, err := c.listen()
	if err != nil {
		return err
	}
	if opsLis != nil {
		defer opsLis.Close()
	}
	meter, endTraces, err := c.begin(ctx, log)
	if err != nil {
		return err
	}
	defer endTraces()

	eng, outside, closeEngine, err := c.open(ctx, lock.sharing(grpcLis.Addr().String()), meter, log)
	if err != nil {
		return err
	}
	defer closeEngine()
	if err := lock.letIn(); err != nil {
		return err
	}
	srv, err := server.New(ctx, server.Config{Engine: eng, Site: web.Files(), Log: log, Meter: meter, Metrics: meter.Handler()})
	if err != nil {
		return err
	}
	meter.SetVitals(vitals(eng, srv, outside, time.Now()))
	site := &http.Server{Handler: srv.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)} // its lines would hold addresses

	work, workCtx := errgroup.WithContext(context.WithoutCancel(ctx))
	workCtx, endWork := context.WithCancel(workCtx)
	defer endWork()
	work.Go(func() error { return srv.ServeGRPC(grpcLis) })
	work.Go(func() error {
		if err := site.Serve(httpLis); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	work.Go(func() error { return eng.Run(workCtx) })
	work.Go(func() error { return outside.Run(workCtx, eng, log) })
	serve, closeOps := serveOps(opsLis, srv.OpsHandler())
	work.Go(serve)
	log.Info("serving", "site", "http://"+httpLis.Addr().String()+"/", "staff", grpcLis.Addr().String(), "origin", eng.Installation().Origin, "lease", eng.Holds())

	select {
	case <-ctx.Done():
		log.Info("stopping: finishing what was begun")
		srv.Stopping()
		time.Sleep(c.Drain)
	case <-workCtx.Done():
	}
	closeDoors(site, srv)
	closeOps()
	endWork()
	return work.Wait()
}

// closeDoors lets what is under way at both doors finish, each for a time of its own, ten seconds in all: whoever sends a body slowly at the
// public's door takes nothing from staff.
func closeDoors(site *http.Server, staff interface{ Stop(context.Context) }) {
	siteDone := make(chan struct{})
	go func() {
		defer close(siteDone)
		within, cancel := context.WithTimeout(context.Background(), siteWithin)
		defer cancel()
		if site.Shutdown(within) != nil {
			site.Close()
		}
	}()
	select {
	case <-siteDone:
	case <-time.After(siteFirst):
	}
	within, cancel := context.WithTimeout(context.Background(), staffWithin)
	defer cancel()
	staff.Stop(within)
	<-siteDone
}

// open wires the engine to its rooms, keys, relays and witnesses.
func (c *serveCmd) open(ctx context.Context, sharing *engine.Sharing, meter engine.Meter, log *slog.Logger) (*engine.Engine, *witnesses, func(), error) {
	keyDir := filepath.Join(c.Dir, keysDir)
	folder, err := keys.Open(keyDir)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("key folder: %w", err)
	}
	cfg := engine.Config{Keys: folder, Marks: folder, Sharing: sharing, AcceptRestored: c.AcceptRestored, Now: time.Now, Log: log, Meter: meter, Beacon: &beacon.Relays{URLs: c.Relay, Timeout: relayWithin}}
	if len(c.Relay) == 0 {
		cfg.Beacon = &beacon.Relays{URLs: beacon.PublicRelays(), Timeout: relayWithin}
	}
	var logKey ledger.VKey
	for _, k := range []struct {
		name, lost string
		set        func(string) error
	}{
		{logKeyName, "without it this log is at its end, and a new installation goes on (fairlotd init --succeeds)",
			func(s string) (err error) { cfg.LogSigner, logKey, err = ledger.NewLogSigner(s); return }},
		{receiptName, "without it nobody can be given a receipt, and a new installation goes on (fairlotd init --succeeds)",
			func(s string) (err error) { cfg.ReceiptSigner, _, err = ledger.NewLogSigner(s); return }},
	} {
		text, err := keys.GetText(keyDir, k.name)
		if err == nil {
			err = k.set(text)
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil, nil, fmt.Errorf("the key folder has no %s: put your own copy of it back, with mode 0600; %s", k.name, k.lost)
		}
		if err != nil {
			return nil, nil, nil, fmt.Errorf("key %s cannot be used (%w): put your own copy of it back; %s", k.name, err, k.lost)
		}
	}
	outside, err := readWitnesses(c.Witnesses, logKey.String())
	if err != nil {
		return nil, nil, nil, err
	}
	cfg.Witnesses = outside.policy
	if err := witnessed(keyDir, c.Witnessed); err != nil {
		return nil, nil, nil, err
	}
	rooms, err := openRooms(ctx, c.Dir)
	if err != nil {
		return nil, nil, nil, err
	}
	cfg.Registry, cfg.Identity, cfg.Answers = rooms.Registry, rooms.Identity, rooms.Answers
	eng, err := engine.New(ctx, cfg)
	if err != nil {
		rooms.Close()
		return nil, nil, nil, err
	}
	return eng, outside, func() { eng.Close(); rooms.Close() }, nil
}

// listenLoopback refuses every address that others could reach: TLS is not built in yet, and the doors carry names and answers.
func listenLoopback(addr string) (net.Listener, error) {
	if err := checkLoopback(addr, "this version has no TLS: listen on 127.0.0.1 or [::1], behind a proxy that has"); err != nil {
		return nil, err
	}
	lis, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (is it taken? choose another): %w", addr, err)
	}
	if a, ok := lis.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		lis.Close()
		return nil, fmt.Errorf("%q is not an address of this machine alone", addr)
	}
	return lis, nil
}

// checkLoopback refuses what is not HOST:PORT on this machine, and says why that matters.
func checkLoopback(addr, why string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT", addr)
	}
	if ip := net.ParseIP(host); ip == nil && host != "localhost" || ip != nil && !ip.IsLoopback() {
		return fmt.Errorf("%q can be reached from outside, and %s", addr, why)
	}
	return nil
}

// lockFolder keeps a second daemon off the folder: two would form epochs and sign the log side by side.
func lockFolder(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, keysDir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is no installation: make one with fairlotd init", dir)
	}
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s is in use by another fairlotd: stop it first", dir)
	}
	return func() { f.Close() }, nil
}
