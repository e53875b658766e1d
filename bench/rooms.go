package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/store/postgres"
	"fairlot/store/sqlite"
)

// Engines.
const (
	sqliteEngine   = "sqlite"
	postgresEngine = "postgres"
	citusEngine    = "citus" // PostgreSQL with --distribute citus
)

var allEngines = []string{sqliteEngine, postgresEngine, citusEngine}

// place is an engine on rooms of its own, in this process, with a clock that is set.
type place struct {
	*engine.Engine
	rooms  store.Rooms
	folder *keys.Folder
	now    time.Time
	local  *beacon.Local
}

// Fetch is the beacon: rounds are out when they are asked for.
func (p *place) Fetch(_ context.Context, _ beacon.Chain, round uint64) ([48]byte, error) {
	return p.local.Sign(round), nil
}

// newPlace makes an installation in dir, on SQLite unless DSNs are given.
func newPlace(ctx context.Context, dir string, dsns *postgres.DSNs) (_ *place, err error) {
	p := &place{now: opening}
	if p.local, err = beacon.NewLocal(opening.Add(-time.Hour).Unix(), 3); err != nil {
		return nil, err
	}
	if dsns != nil {
		p.rooms, err = postgres.Open(ctx, *dsns)
	} else if err = sqlite.Create(filepath.Join(dir, "rooms")); err == nil {
		p.rooms, err = sqlite.Open(filepath.Join(dir, "rooms"))
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = p.rooms.Close()
		}
	}()
	if err := keys.Make(filepath.Join(dir, "keys")); err != nil {
		return nil, err
	}
	if p.folder, err = keys.Open(filepath.Join(dir, "keys")); err != nil {
		return nil, err
	}
	const origin = "bench.example/fairlot"
	logSecret, logKey, err := ledger.GenerateLogKey(origin)
	if err != nil {
		return nil, err
	}
	receiptSecret, receiptKey, err := ledger.GenerateLogKey(origin + "/receipt")
	if err != nil {
		return nil, err
	}
	cfg := engine.Config{
		Registry: p.rooms.Registry, Identity: p.rooms.Identity, Answers: p.rooms.Answers, Keys: p.folder, Marks: p.folder, Beacon: p,
		Now: func() time.Time { return p.now }, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	if cfg.LogSigner, _, err = ledger.NewLogSigner(logSecret); err != nil {
		return nil, err
	}
	if cfg.ReceiptSigner, _, err = ledger.NewLogSigner(receiptSecret); err != nil {
		return nil, err
	}
	in := store.Installation{Origin: origin, Institution: "Bench Library", LogKey: logKey, ReceiptKey: receiptKey}
	if _, err := engine.MakeInstallation(ctx, p.rooms, p.folder, in, "bench", opening); err != nil {
		return nil, err
	}
	p.Engine, err = engine.New(ctx, cfg)
	return p, err
}

func (p *place) close() error {
	p.Engine.Close()
	return p.rooms.Close()
}

// openCampaign makes and opens a campaign.
func openCampaign(ctx context.Context, e *engine.Engine, rules engine.Rules) (engine.Campaign, error) {
	c, err := e.CreateCampaign(ctx, "bench", rules, "")
	var asked engine.Approval
	if err == nil {
		asked, err = e.RequestOpening(ctx, engine.Actor{Token: "0000000000000001", Label: "first", Role: engine.RoleOfficer}, c.ID, c.Etag, time.Time{}, true)
	}
	if err == nil {
		_, err = e.Approve(ctx, engine.Actor{Token: "0000000000000002", Label: "second", Role: engine.RoleOfficer}, asked.ID, asked.Digest())
	}
	if err == nil {
		c, err = e.FindCampaign(ctx, "bench", true)
	}
	return c, explain(err)
}

// inRooms gives do a folder and, on PostgreSQL, databases, and removes them.
func (w *workshop) inRooms(ctx context.Context, engine string, do func(dir string, dsns *postgres.DSNs) error) (err error) {
	dir, err := os.MkdirTemp(w.dir, "rooms-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if engine == sqliteEngine {
		return do(dir, nil)
	}
	name := w.server.name()
	defer func() { err = errors.Join(err, w.server.drop(context.WithoutCancel(ctx), name)) }()
	dsns, err := w.server.rooms(ctx, name)
	if err != nil {
		return err
	}
	return do(dir, &dsns)
}
