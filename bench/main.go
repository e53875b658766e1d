// Command bench measures what Fairlot costs, beside what this machine can do at all, and prints a table; with --write it puts the
// table between the marks of docs/PERFORMANCE.md, with --svg it draws the picture.
//
//	go run ./bench                                    every part, five runs, both engines where there is a PostgreSQL server
//	go run ./bench --quick                            a minute: that every part works and the table has every row
//	go run ./bench --part rest --engine sqlite --profile /tmp/cpu.pprof
//	go run ./bench --engine postgres --admin FILE --distribute citus
//
// Entries come as the public sends them: the daemon is the real program in a process of its own, the callers are another process, and
// between them is HTTP over loopback. A million entrants and a million responses are put straight into the rooms, through the store's own
// interface; what is timed on them is the engine's closing, drawing and mixing, and the checker that auditors use. Each run measures the
// limits too, so that a ratio never has halves of two runs. It is not a test: it asserts nothing about speed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

type cli struct {
	Measure measureCmd `cmd:"" default:"withargs" help:"Measure."`
	Callers callersCmd `cmd:"" hidden:"" help:"Be the callers of one measuring; the parent process says which."`
	Pool    poolCmd    `cmd:"" hidden:"" help:"Verify and rank one bundle in this process; the parent process says which."`
	Work    workCmd    `cmd:"" hidden:"" help:"Do one piece of a campaign's life in this process; the parent process says which."`
}

type measureCmd struct {
	Part       []string      `default:"limits,rest,life,mix,pools" help:"Parts: limits, rest (entries per second, memory, cold start), life (close, draw, verify), mix, pools (verify and draw from files)."`
	Engine     []string      `default:"sqlite,postgres" help:"Engines: sqlite, postgres (a throwaway cluster, or --admin)."`
	Admin      string        `placeholder:"FILE" help:"File with the DSN of a role that may make databases and roles, to measure on that server instead of a throwaway cluster."`
	Distribute string        `enum:",citus" default:"" placeholder:"citus" help:"Spread the rooms over the workers of Citus, as fairlotd init does; --admin then names its coordinator, and the table's column is citus."`
	Runs       int           `default:"5" help:"Runs; the table has the median and the spread."`
	Each       time.Duration `default:"5s" help:"How long each rate is measured."`
	Callers    []int         `default:"1,16,64,256" help:"Callers at once."`
	Sizes      []int         `default:"1000,10000,100000,1000000" help:"Entrants of the campaigns that are closed, drawn and verified."`
	Pools      []int         `default:"1000,10000,100000,1000000,10000000" help:"Entrants of the bundles that are verified and drawn from files."`
	Mixed      int           `default:"1000000" help:"Responses that are mixed and counted."`
	Quick      bool          `help:"One short run of everything."`
	Dir        string        `placeholder:"DIR" help:"Where to work; a folder is made in it and removed. Measures that file system's fsync."`
	Profile    string        `placeholder:"FILE" help:"Take a CPU profile of the daemon under 64 callers, and print its top lines."`
	Add        string        `placeholder:"FILE" help:"Add to what an earlier measuring kept in this file, and keep all of it there: parts may be measured when the machine has time."`
	Write      string        `placeholder:"FILE" help:"Put the table between the marks of this file."`
	SVG        string        `placeholder:"FILE" help:"Draw entries per second beside the limits."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	k := kong.Parse(&c, kong.Name("bench"), kong.Description("Measures Fairlot beside this machine's limits."), kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

var allParts = []string{"limits", "rest", "life", "mix", "pools"}

// Run measures, and writes what it measured even where a later part broke off.
func (c *measureCmd) Run(ctx context.Context) (err error) {
	if c.Quick {
		c.Runs, c.Each, c.Sizes, c.Mixed = 1, 500*time.Millisecond, []int{100, 1000}, 2000
		c.Pools = []int{1000, 20_000}
	}
	for _, p := range c.Part {
		if !slices.Contains(allParts, p) {
			return fmt.Errorf("--part %s: choose among %s", p, strings.Join(allParts, ", "))
		}
	}
	if c.Runs < 1 || c.Each <= 0 || slices.ContainsFunc(c.Callers, func(n int) bool { return n < 1 || n > maxCallers }) ||
		slices.ContainsFunc(append(c.Sizes, c.Pools...), func(n int) bool { return n < 1 }) || c.Mixed < minMixed {
		return fmt.Errorf("at least one run, a time, 1 to %d callers, sizes above 0, and %d responses to mix", maxCallers, minMixed)
	}
	if c.Distribute != "" && (c.Admin == "" || !slices.Contains(c.Engine, postgresEngine)) {
		return errors.New("--distribute citus wants --admin, a file with the DSN of a superuser on a coordinator, and the engine postgres")
	}
	w, err := newWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if c.Add != "" {
		if err := w.table.addTo(c.Add); err != nil {
			return err
		}
	}
	w.table.Conditions = append(w.table.Conditions, w.conditions())
	for run := 1; run <= c.Runs; run++ {
		for _, engine := range w.engines {
			if err := w.measure(ctx, run, engine); err != nil {
				return errors.Join(fmt.Errorf("run %d on %s: %w", run, engine, err), w.report(c))
			}
		}
	}
	return errors.Join(w.report(c), w.table.whole(w.engines, c.Part))
}

func (w *workshop) measure(ctx context.Context, run int, engine string) error {
	for _, part := range []struct {
		name string
		do   func(context.Context, string) error
	}{{"limits", w.limits}, {"rest", w.rest}, {"life", w.life}, {"mix", w.mix}, {"pools", w.pools}} {
		if !slices.Contains(w.Part, part.name) {
			continue
		}
		w.tell("run %d of %d, %s: %s", run, w.Runs, engine, part.name)
		if err := part.do(ctx, engine); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// report prints the table, and writes what was asked for.
func (w *workshop) report(c *measureCmd) error {
	w.tell("")
	table := w.table.markdown()
	fmt.Print(table)
	var errs []error
	if c.Add != "" {
		errs = append(errs, w.table.keep(c.Add))
	}
	if c.SVG != "" {
		errs = append(errs, os.WriteFile(c.SVG, w.table.svg(), 0o644))
	}
	if c.Write != "" {
		if c.SVG != "" {
			if at, err := filepath.Rel(filepath.Dir(c.Write), c.SVG); err == nil {
				table += "\n![Entries per second by callers](" + filepath.ToSlash(at) + ")\n"
			}
		}
		errs = append(errs, writeBetween(c.Write, table))
	}
	return errors.Join(errs...)
}

// workshop is what all parts share.
type workshop struct {
	*measureCmd
	dir     string // removed at the end
	self    string // this program
	daemon  string // fairlotd, built from this tree
	engines []string
	table   table
	server  pgServer
	made    map[int]pool // bundles, by their entrants
	tells   bool         // progress goes to a terminal
}

func newWorkshop(ctx context.Context, c *measureCmd) (_ *workshop, err error) {
	w := &workshop{measureCmd: c, tells: isTerminal(os.Stderr)}
	if w.dir, err = os.MkdirTemp(c.Dir, "fairlot-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = w.close()
		}
	}()
	if w.self, err = os.Executable(); err != nil {
		return nil, err
	}
	w.daemon = filepath.Join(w.dir, "fairlotd")
	w.tell("building the daemon")
	if err := buildDaemon(ctx, w.daemon, ""); err != nil {
		return nil, err
	}
	for _, e := range c.Engine {
		switch e {
		case sqliteEngine:
			w.engines = append(w.engines, e)
		case postgresEngine:
			switch err := w.server.start(c.Admin, c.Distribute); {
			case err == nil && c.Distribute != "":
				w.engines = append(w.engines, citusEngine)
			case err == nil:
				w.engines = append(w.engines, e)
			case errors.Is(err, errNoServer):
				fmt.Fprintf(os.Stderr, "CANNOT measure PostgreSQL: %v\n", err)
			default:
				return nil, err
			}
		default:
			return nil, fmt.Errorf("--engine %s: choose sqlite or postgres", e)
		}
	}
	if len(w.engines) == 0 {
		return nil, errors.New("no engine to measure")
	}
	return w, nil
}

func (w *workshop) close() error { return errors.Join(w.server.stop(), os.RemoveAll(w.dir)) }

// tell shows progress: in place on a terminal, a line each elsewhere.
func (w *workshop) tell(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	switch {
	case w.tells:
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s", text)
	case text != "":
		fmt.Fprintln(os.Stderr, text)
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// child runs this program as another process with a job as JSON on its input, and reads its answer.
func (w *workshop) child(ctx context.Context, command string, job, answer any) error {
	in, err := json.Marshal(job)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, w.self, command)
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(in)), os.Stderr
	cmd.SysProcAttr = dieWithParent()
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return json.Unmarshal(out, answer)
}
