// Command fairlotd is the daemon of a Fairlot installation: it keeps campaigns, takes entries and serves both doors.
//
//	fairlotd init --dir DIR --origin NAME --institution NAME   make an installation
//	fairlotd serve --dir DIR                                   run it
//	fairlotd upgrade --dir DIR                                 bring its rooms to a newer program's schema
//	fairlotd backup --dir DIR --out DIR                        copy its rooms, while it serves
//	fairlotd restore --from DIR --dir DIR                      bring them back
//	fairlotd export --dir DIR --out DIR                        write its rooms for another engine
//	fairlotd import --from DIR --dir DIR                       fill new rooms with them
//	fairlotd demo                                              watch a whole campaign, then try the site
//
// Exit status: 0 done, 1 not done or failed, 2 wrong usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // days of a campaign are counted in its zone on machines without zone data too

	"github.com/alecthomas/kong"

	"fairlot/cmd/argument"
	"fairlot/cmd/fairlotd/demo"
)

type commands struct {
	Init    initCmd    `cmd:"" help:"Make an installation: three rooms, keys, and the first admin's token. Origin and institution are fixed forever."`
	Serve   serveCmd   `cmd:"" help:"Run the daemon of an installation until it is told to stop."`
	Admin   adminCmd   `cmd:"" help:"Make an admin's token when none is left. The daemon must be stopped."`
	Upgrade upgradeCmd `cmd:"" help:"Bring an installation's rooms to this program's schema. Make a backup first."`
	Backup  backupCmd  `cmd:"" help:"Copy the rooms of an installation on SQLite while it serves. The key folder is never in it."`
	Restore restoreCmd `cmd:"" help:"Bring rooms back from a backup, beside the newest key folder. The daemon must be stopped."`
	Export  exportCmd  `cmd:"" help:"Write the rooms of a stopped installation as files that either engine reads. The key folder moves by itself."`
	Import  importCmd  `cmd:"" help:"Fill the rooms of a new installation, on SQLite or PostgreSQL, with an export."`
	Demo    demo.Cmd   `cmd:"" help:"Play a whole campaign through the public doors, check it, then leave the site up to try."`

	Version kong.VersionFlag `help:"Print of which commit this program is, and end."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// run runs one command and returns the exit status: 0 done, 1 failed, 2 wrong usage.
func run(ctx context.Context, args []string) int {
	var cli commands
	parser := kong.Must(&cli, kong.Name("fairlotd"),
		kong.Description("Surveys and lucky draws whose answers nobody can tie to a person and whose draws anybody can check."),
		kong.Vars{"version": version()}, kong.ValueFormatter(withDefault), kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(demoDatabases{}, (*demo.Databases)(nil)))
	k, err := parser.Parse(args)
	if err != nil {
		at := "fairlotd"
		var parse *kong.ParseError
		if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
			at = parse.Context.Selected().FullPath()
		}
		fmt.Fprintf(os.Stderr, "fairlotd: %v; see %s --help\n", err, at)
		return 2
	}
	err = k.Run()
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintf(os.Stderr, "fairlotd: interrupted (%s); to do it, run the same command again\n", strings.TrimSuffix(err.Error(), ": "+context.Canceled.Error()))
	default:
		fmt.Fprintln(os.Stderr, "fairlotd:", argument.Explain(k, err))
	}
	return 1
}

// withDefault is a flag's help, with the default that its placeholder hides.
func withDefault(v *kong.Value) string {
	text := kong.DefaultHelpValueFormatter(v)
	if v.Default == "" || v.Flag == nil || v.Flag.PlaceHolder == "" {
		return text
	}
	return strings.TrimSuffix(text, ".") + " (default " + v.Default + ")."
}

// version says of which commit this program was built, and with which Go.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "fairlotd development"
	}
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	text := "fairlotd development"
	if set["vcs.revision"] != "" {
		text = "fairlotd commit " + set["vcs.revision"] + " of " + set["vcs.time"]
		if set["vcs.modified"] == "true" {
			text += ", changed since"
		}
	}
	return text + " (" + info.GoVersion + ")"
}
