package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/store/postgres"
	"fairlot/store/sqlite"
)

// Names in the table that other parts ask for.
const (
	restSection    = "entries through REST"
	memorySection  = "memory"
	startSection   = "start"
	ratePerCallers = " callers, entries"
	busyCallers    = 64
)

// rest measures the daemon at the public's door.
func (w *workshop) rest(ctx context.Context, engine string) error {
	return w.inInstallation(ctx, engine, func(in *installation) (err error) {
		d, err := startDaemon(ctx, w.daemon, in.dir, nil)
		if err != nil {
			return err
		}
		defer func() {
			if d != nil {
				err = errors.Join(err, d.stop())
			}
		}()
		w.table.put(engine, startSection, "cold start, until REST answers, empty", "ms", millis(d.cold))
		time.Sleep(time.Second)
		w.table.put(engine, memorySection, "daemon idle", "MiB", memoryOf(d.cmd.Process.Pid, "VmRSS"))
		peak := 0.0
		for _, n := range w.Callers {
			cpu := cpuOf(d.cmd.Process.Pid)
			res, err := w.callers(ctx, in, d, n, 0)
			if err != nil {
				return err
			}
			name := fmt.Sprint(n)
			w.table.put(engine, restSection, name+ratePerCallers, "1/s", res.PerSecond)
			w.table.put(engine, restSection, name+" callers, p50", "ms", res.P50)
			w.table.put(engine, restSection, name+" callers, p99", "ms", res.P99)
			if n == busyCallers {
				w.table.goal(engine, restSection, "64 callers, entries over lock and seal", "×", "≥ 0.6", res.PerSecond/w.table.last(engine, limitSection, sealingRow))
				w.table.put(engine, restSection, "64 callers, entries over raw inserts", "×", res.PerSecond/w.table.last(engine, limitSection, rawRow))
				cost := (cpuOf(d.cmd.Process.Pid) - cpu) / float64(res.Sent) * 1000
				w.table.put(engine, restSection, "64 callers, processor time of the daemon for one entry", "ms", cost)
				w.table.put(engine, restSection, "64 callers, that of lock and seal over that of the whole entry", "×", w.table.last(engine, limitSection, sealingCostRow)/cost)
				w.table.put(engine, restSection, "64 callers, processor time of the callers for one entry", "ms", res.CPU/float64(res.Sent)*1000)
			}
			peak = max(peak, res.PerSecond)
		}
		res, err := w.callers(ctx, in, d, 4*busyCallers, peak/2)
		if err != nil {
			return err
		}
		w.table.put(engine, restSection, "half of the peak, arriving at random: p50", "ms", res.P50)
		w.table.put(engine, restSection, "half of the peak, arriving at random: p99", "ms", res.P99)
		err = w.withRaw(ctx, engine, func(db inserter) error {
			took, _, err := rawInserts(ctx, db, w.Each, peak/2)
			if err != nil {
				return err
			}
			raw := millis(quantile(took, 0.99))
			w.table.put(engine, limitSection, rawP99Row, "ms", raw)
			w.table.goal(engine, restSection, "half of the peak: p99 over that of the raw insert", "×", "≤ 3", res.P99/raw)
			return nil
		})
		if err != nil {
			return err
		}
		w.table.goal(engine, memorySection, "daemon, most under all of that load", "MiB", "< 256", memoryOf(d.cmd.Process.Pid, "VmHWM"))
		err = d.stop()
		d = nil
		if err != nil {
			return err
		}
		if d, err = startDaemon(ctx, w.daemon, in.dir, nil); err != nil {
			return err
		}
		w.table.put(engine, startSection, "cold start, with all of those entries", "ms", millis(d.cold))
		if w.Profile != "" {
			err = errors.Join(d.stop(), w.profile(ctx, in))
			d = nil
		}
		return err
	})
}

// callers lets callers enter from another process.
func (w *workshop) callers(ctx context.Context, in *installation, d *daemon, n int, rate float64) (res callersResult, err error) {
	how := "as fast as they can"
	if rate > 0 {
		how = fmt.Sprintf("arriving at random, %.0f a second", rate)
	}
	w.tell("%s: %d callers, %s", in.engine, n, how)
	expect := in.guess
	if rate > 0 {
		expect = rate
	}
	want := int(expect*w.Each.Seconds()*1.5) + 2*warmUp + 4*n
	tokens, err := in.take(want)
	if err != nil {
		return res, err
	}
	job := callersJob{Addr: d.http, Campaign: in.campaign, Notice: in.notice, First: in.used - want, Tokens: tokens, Callers: n, Time: w.Each, Rate: rate}
	err = w.child(ctx, "callers", job, &res)
	return res, err
}

// profile takes a CPU profile of a daemon under 64 callers and prints its top lines.
func (w *workshop) profile(ctx context.Context, in *installation) error {
	exe := filepath.Join(w.dir, "fairlotd-profiled")
	if err := buildDaemon(ctx, exe, w.dir); err != nil {
		return err
	}
	out, err := filepath.Abs(w.Profile)
	if err != nil {
		return err
	}
	d, err := startDaemon(ctx, exe, in.dir, []string{"FAIRLOT_BENCH_PROFILE=" + out})
	if err != nil {
		return err
	}
	err = d.cmd.Process.Signal(syscall.SIGUSR1)
	if err == nil {
		_, err = w.callers(ctx, in, d, busyCallers, 0)
	}
	err = errors.Join(err, d.cmd.Process.Signal(syscall.SIGUSR1))
	time.Sleep(time.Second)
	if err = errors.Join(err, d.stop()); err != nil {
		return err
	}
	w.tell("")
	for _, sort := range []string{"-flat", "-cum"} {
		cmd := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", sort, "-nodecount=40", exe, out)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return err
		}
	}
	return nil
}

// installation is one that fairlotd init made, with an open campaign and tokens enough.
type installation struct {
	engine, dir, campaign, notice string
	tokens                        []string
	used                          int
	guess                         float64 // entries a second that no daemon here reaches
}

func (in *installation) take(n int) ([]string, error) {
	if in.used+n > len(in.tokens) {
		return nil, errors.New("the tokens made beforehand ran out: this machine is faster than it said")
	}
	in.used += n
	return in.tokens[in.used-n : in.used], nil
}

// inInstallation makes an installation as operators do, and opens a campaign in it before its daemon runs.
func (w *workshop) inInstallation(ctx context.Context, eng string, do func(*installation) error) (err error) {
	dir, err := os.MkdirTemp(w.dir, "installation-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in := &installation{engine: eng, dir: filepath.Join(dir, "fairlot")}
	args := []string{"init", "--dir", in.dir, "--origin", "bench.example/fairlot", "--institution", "Bench Library"}
	if eng != sqliteEngine {
		name := w.server.name()
		file := filepath.Join(dir, "admin.dsn")
		if err := os.WriteFile(file, []byte(w.server.admin+"\n"), 0o600); err != nil {
			return err
		}
		args = append(args, "--admin-dsn-file", file, "--database", name)
		if w.server.distribute != "" {
			args = append(args, "--distribute", w.server.distribute)
		}
		defer func() { err = errors.Join(err, w.server.drop(context.WithoutCancel(ctx), name)) }()
	}
	if out, err := exec.CommandContext(ctx, w.daemon, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("fairlotd init: %w: %s", err, out)
	}
	// Without a limit of its own to go by, the part before this one was not asked for.
	if in.guess = w.table.last(eng, limitSection, sealingRow); !(in.guess > 0) {
		in.guess = 1500 * float64(runtime.GOMAXPROCS(0))
	}
	perRate := in.guess*w.Each.Seconds()*1.5 + 2*warmUp + 4*maxCallers
	if err := in.open(ctx, int(perRate*float64(len(w.Callers)+3))); err != nil {
		return err
	}
	return do(in)
}

// open opens a campaign whose entries end tomorrow, and makes its tokens.
func (in *installation) open(ctx context.Context, tokens int) (err error) {
	var rooms store.Rooms
	if in.engine != sqliteEngine {
		text, err := os.ReadFile(filepath.Join(in.dir, "postgres.dsn"))
		if err != nil {
			return err
		}
		dsns, err := postgres.ParseDSNs(string(text))
		if err != nil {
			return err
		}
		if rooms, err = postgres.Open(ctx, dsns); err != nil {
			return err
		}
	} else {
		rooms, err = sqlite.Open(filepath.Join(in.dir, "rooms"))
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rooms.Close()) }()
	keyDir := filepath.Join(in.dir, "keys")
	folder, err := keys.Open(keyDir)
	if err != nil {
		return err
	}
	cfg := engine.Config{Registry: rooms.Registry, Identity: rooms.Identity, Answers: rooms.Answers, Keys: folder, Marks: folder, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	for name, set := range map[string]func(string) error{
		"log.skey":     func(s string) (err error) { cfg.LogSigner, _, err = ledger.NewLogSigner(s); return },
		"receipt.skey": func(s string) (err error) { cfg.ReceiptSigner, _, err = ledger.NewLogSigner(s); return },
	} {
		text, err := keys.GetText(keyDir, name)
		if err == nil {
			err = set(text)
		}
		if err != nil {
			return err
		}
	}
	e, err := engine.New(ctx, cfg)
	if err != nil {
		return err
	}
	defer e.Close()
	k, err := newKeys()
	if err != nil {
		return err
	}
	end := time.Now().Add(24 * time.Hour)
	c, err := openCampaign(ctx, e, drawRules(k, true, end, end.Add(72*time.Hour), nil))
	if err != nil {
		return err
	}
	in.campaign, in.notice = hex.EncodeToString(c.ID[:]), hex.EncodeToString(c.NoticeHash[:])
	for len(in.tokens) < tokens {
		more, err := e.CreateEntryTokens(ctx, c.ID, 10_000, 1, 0, time.Time{})
		if err != nil {
			return err
		}
		in.tokens = append(in.tokens, more...)
	}
	return nil
}

// conditions says under what the figures came about.
func (w *workshop) conditions() string {
	version := "commit unknown"
	if out, err := exec.Command("git", "describe", "--always", "--dirty").Output(); err == nil {
		version = "commit " + strings.TrimSpace(string(out))
	}
	quick := ""
	if w.Quick {
		quick = " A quick run: it shows that everything runs, its figures mean nothing."
	}
	return fmt.Sprintf("%s: %s, %s, %d cores (%s/%s), %s, each rate over %v.%s",
		strings.Join(w.Part, ", "), time.Now().UTC().Format(time.DateOnly), version, runtime.GOMAXPROCS(0), runtime.GOOS, runtime.GOARCH, runtime.Version(), w.Each, quick)
}
