// Package demo plays a whole campaign on this machine, through the same doors as in production: it starts the daemon as a
// child process, speaks REST as the public does and gRPC as staff do, and runs the commands of staff, custodians and auditors
// as child processes. It knows neither engine nor rooms, so what it shows is what a stranger could do.
//
// All persons in it are made up, and its beacon is one key made on the spot: a draw on it proves nothing to outsiders, and
// says so wherever it is shown. Every step is checked; the first that does not hold ends the story with status 1.
//
// First call: [Cmd.Run].
package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Bounds of --entries. Below, some refusals would have no earlier entry to refer to; above, the clock of the story would be long.
const (
	minEntries = 100
	maxEntries = 20000
)

// Cmd is the subcommand demo of fairlotd.
type Cmd struct {
	Dir          string `default:"./fairlot-demo" placeholder:"DIR" help:"The demo's own folder, made anew each time. A folder that is not its own is refused."`
	GRPC         string `default:"127.0.0.1:9090" placeholder:"ADDR" help:"Staff's door."`
	HTTP         string `default:"127.0.0.1:8080" placeholder:"ADDR" help:"The public's door: site and REST."`
	Entries      int    `default:"500" placeholder:"N" help:"Made-up entries of the large campaign, 100 to 20,000."`
	AdminDSNFile string `placeholder:"FILE" help:"Keep the rooms in PostgreSQL, as fairlotd init does. The demo's databases are dropped when it ends."`
	Distribute   string `enum:",citus" default:"" placeholder:"citus" help:"Spread them over the workers of Citus, as fairlotd init does."`
	Exit         bool   `help:"End after the story instead of leaving the site up to try; status 0 only if every step held."`
}

// Run plays the story, and then, unless Exit is set, keeps the site up until ctx ends. It returns nil only if every step held;
// whatever it started has ended when it returns. On a context that ends during the story it returns an error that says so.
func (c *Cmd) Run(ctx context.Context, server Databases) (err error) {
	if c.Entries < minEntries || c.Entries > maxEntries {
		return fmt.Errorf("--entries %d: choose %d to %d", c.Entries, minEntries, maxEntries)
	}
	for _, addr := range []string{c.GRPC, c.HTTP} {
		if err := portFree(ctx, addr); err != nil {
			return err
		}
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	if c.AdminDSNFile != "" { // commands are run in dir
		if c.AdminDSNFile, err = filepath.Abs(c.AdminDSNFile); err != nil {
			return err
		}
	}
	release, err := takeFolder(dir)
	if err != nil {
		return err
	}
	defer release()
	record, err := os.OpenFile(filepath.Join(dir, "transcript.txt"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer record.Close()

	s := &story{Cmd: c, server: server, dir: dir, began: time.Now(), say: newTeller(os.Stdout, record)}
	defer func() { err = errors.Join(err, s.end()) }()
	if err := s.play(ctx); err != nil {
		if ctx.Err() != nil {
			return errors.New("demo: stopped before the end of the story")
		}
		return fmt.Errorf("demo: step %d (%s) did not hold: %w; what was done is in %s", s.say.number, s.say.title, err, dir)
	}
	s.epilogue()
	if c.Exit {
		return nil
	}
	return s.stayUp(ctx)
}

// portFree says whether an address can be listened on, before anything is made.
func portFree(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	lis, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("demo: %s cannot be used (%w): end what holds it, or choose others with --grpc and --http", addr, err)
	}
	return lis.Close()
}

// play tells all steps in order.
func (s *story) play(ctx context.Context) error {
	s.prologue()
	for _, act := range []struct {
		title string
		run   func(context.Context) error
	}{
		{"An installation is made", s.makeInstallation},
		{"Custodians and a notifier make their keys", s.makeKeys},
		{"A campaign opens, and one entry is looked at closely", s.openTrial},
		{"The library's campaign opens", s.openLibrary},
		{"The public enters", s.enterLibrary},
		{"A small campaign takes entries without proof of person", s.enterSmall},
		{"The clock ends entries; the list is closed and cosigned", s.closeLibrary},
		{"The small campaign: counted, not counted, and the desk", s.desk},
		{"The beacon's round comes out, and the draw is held", s.drawLibrary},
		{"Anybody verifies, from the files alone", s.verifyLibrary},
		{"The small campaign is closed and cosigned", s.closeSmall},
		{"Two of three custodians release the winners' contacts", s.releaseLibrary},
		{"One e-mail to each winner", s.notifyLibrary},
		{"A winner declines, and the next alternate moves up", s.replaceWinner},
		{"A winner comes to the desk, and nothing is opened", s.claimPrize},
		{"Another has lost the receipt: one seat is opened for the claim", s.lostReceipt},
		{"What the tax office needs, and what everybody may read", s.taxAndList},
		{"An auditor looks up thirty, whom the draw picked", s.auditSample},
		{"The small campaign is drawn", s.drawSmall},
		{"The statistics", s.tallies},
		{"Names are looked for on the disk", s.searchDisk},
		{"The last check", s.lastCheck},
	} {
		s.say.step(act.title)
		if err := act.run(ctx); err != nil {
			return err
		}
	}
	return nil
}
