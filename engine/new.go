package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"fairlot/crypto/ledger"
	"fairlot/crypto/trail"
	"fairlot/draw"
	"fairlot/store"
)

// CheckInstallation normalises an installation and says what is wrong with it. The origin becomes the log's name: at most 119 characters of
// 0x21–0x7E without `+`, by custom host and path of the site. LogKey and ReceiptKey are verifier keys (algorithm 1).
func CheckInstallation(in *store.Installation) error {
	in.Institution = norm.NFC.String(strings.TrimSpace(in.Institution))
	if in.Institution == "" || strings.Contains(in.Institution, "\n") || len(in.Institution) > draw.MaxText || draw.CheckText([]byte(in.Institution+"\n")) != nil {
		return errors.New("the institution's name must be one line of 1 to 200 bytes without invisible characters")
	}
	if name, _, err := draw.ParseVKey(in.LogKey, draw.AlgEd25519); err != nil || name != in.Origin {
		return fmt.Errorf("the log key is not one of origin %q", in.Origin)
	}
	if name, _, err := draw.ParseVKey(in.ReceiptKey, draw.AlgEd25519); err != nil || name != in.Origin+"/receipt" {
		return fmt.Errorf("the receipt key must be named %s/receipt", in.Origin)
	}
	return nil
}

// MakeInstallation fixes an installation's origin, institution and keys forever, binds three new rooms to it and to each other, and makes the
// first token, an admin's, which it returns.
func MakeInstallation(ctx context.Context, rooms store.Rooms, marks Marks, in store.Installation, label string, now time.Time) (token string, err error) {
	if err := CheckInstallation(&in); err != nil {
		return "", err
	}
	err = rooms.Registry.PutInstallation(ctx, in)
	if errors.Is(err, store.ErrExists) {
		return "", errors.New("this folder is an installation already: its origin and institution cannot change")
	}
	if err != nil {
		return "", err
	}
	if err := bindRooms(ctx, rooms, marks, in); err != nil {
		return "", err
	}
	return makeAdminToken(ctx, rooms.Registry, in, "Installation/Init", label, now)
}

// Succeed makes the first record of a new installation's log name the log that it carries on after (SPEC section 2.2), which ended with a checkpoint under another
// key. The daemon signs it when it starts.
func Succeed(ctx context.Context, reg store.Registry, old ledger.Checkpoint) error {
	in, err := reg.Installation(ctx)
	if err != nil {
		return err
	}
	record, err := (&draw.Origin{Log: in.LogKey, Old: old.Origin, OldSize: old.Size, OldRoot: draw.Hash(old.Root)}).Marshal()
	if err != nil {
		return err
	}
	return reg.Append(ctx, 0, record, store.Transition{})
}

// MakeAdminToken makes an admin's token without anybody's leave, for whoever can write the registry, if all have expired or are lost. The audit trail
// has it first.
func MakeAdminToken(ctx context.Context, reg store.Registry, label string, now time.Time) (string, error) {
	in, err := reg.Installation(ctx)
	if err != nil {
		return "", err
	}
	return makeAdminToken(ctx, reg, in, "Installation/AdminToken", label, now)
}

func makeAdminToken(ctx context.Context, reg store.Registry, in store.Installation, method, label string, now time.Time) (token string, err error) {
	a := Act{Method: method, NewRole: RoleAdmin, NewLabel: label}
	err = onMachine(ctx, reg, in, now, a, func() error {
		e := &Engine{Config: Config{Registry: reg, Now: func() time.Time { return now }}}
		token, _, err = e.CreateStaffToken(ctx, RoleAdmin, label, 0)
		return err
	})
	return token, err
}

// onMachine does something on the machine itself, with its rows in the audit trail.
func onMachine(ctx context.Context, reg store.Registry, in store.Installation, now time.Time, a Act, do func() error) error {
	a.By = Actor{Token: trail.Machine}
	n, err := appendAct(ctx, reg, in.LogKey, now, a, trail.Begun, 0)
	if err != nil {
		return err
	}
	err = do()
	_, err2 := appendAct(context.WithoutCancel(ctx), reg, in.LogKey, now, a, outcomeOf(err), n)
	return errors.Join(err, err2)
}

// New makes an engine on rooms that MakeInstallation prepared. It refuses keys that are not the installation's, and rooms that are not the ones
// it left ([ErrOtherRoom], [ErrOldRoom], [ErrOldLog]), and finishes what a crash left between two steps: checkpoints not
// signed, gates not made, exclusion lists of deleted drafts. Campaigns whose closing was begun are finished by Run.
func New(ctx context.Context, cfg Config) (*Engine, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Meter == nil {
		cfg.Meter = noMeter{}
	}
	keep := &watched{from: cfg.Keys, marks: cfg.Marks, now: cfg.Now, log: cfg.Log}
	cfg.Keys, cfg.Marks = keep, keep
	e := &Engine{Config: cfg, tree: &ledger.Tree{}, about: map[aboutKey][]logged{}, lease: newLease(cfg.Registry, cfg.Sharing),
		approved: clockActs{}, vitals: vitals{waiting: map[store.CampaignID]int64{}, opened: map[string]int64{}}}
	err := e.rememberRooms(ctx)
	if err != nil {
		return nil, err
	}
	if e.installation, err = cfg.Registry.Installation(ctx); err != nil {
		return nil, fmt.Errorf("read the installation: %w", err)
	}
	if err := sameKey(cfg.LogSigner, e.installation.LogKey); err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	if err := sameKey(cfg.ReceiptSigner, e.installation.ReceiptKey); err != nil {
		return nil, fmt.Errorf("receipt key: %w", err)
	}
	if err := e.beginLog(ctx); err != nil {
		return nil, err
	}
	err = e.eachCampaign(ctx, func(c store.Campaign) error {
		if c.State != store.Open || c.GateMade {
			return nil
		}
		r, err := decodeRules(c.Rules)
		if err != nil {
			return err
		}
		return e.createGate(ctx, c.ID, r, c.OpenRecord)
	})
	if err != nil {
		return nil, fmt.Errorf("read the campaigns: %w", err)
	}
	if err := e.sweepExclusions(ctx); err != nil {
		return nil, fmt.Errorf("read the exclusion lists: %w", err)
	}
	if cfg.Sharing != nil && cfg.Sharing.First {
		if _, err := e.lease.tend(ctx); err != nil {
			return nil, fmt.Errorf("take the lease: %w", err)
		}
		e.sayLease()
	}
	e.start()
	return e, nil
}

// beginLog makes sure that the rooms are the right ones, the log first and before anything is written, and signs what a crash left unsigned.
func (e *Engine) beginLog(ctx context.Context) error {
	e.logMu.Lock()
	defer e.logMu.Unlock()
	if _, err := e.checkSigned(ctx); err != nil {
		return err
	}
	if err := e.joinRooms(ctx); err != nil {
		return fmt.Errorf("check the rooms: %w", err)
	}
	if err := e.signLocked(ctx); err != nil {
		return fmt.Errorf("sign the log: %w", err)
	}
	return nil
}

// Installation returns what init fixed.
func (e *Engine) Installation() store.Installation { return e.installation }

func sameKey(signer interface {
	Name() string
	KeyHash() uint32
}, vkey string) error {
	k, err := ledger.ParseVKey(vkey)
	if err != nil {
		return err
	}
	if k.Name != signer.Name() || k.Hash != signer.KeyHash() {
		return errors.New("the key folder holds another key than this installation was made with: put this installation's own back")
	}
	return nil
}
