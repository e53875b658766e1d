// Command fairlot is the tool of staff, custodians and auditors: it prepares, opens, closes and draws campaigns on a daemon,
// keeps custodians' keys, cosigns and releases offline, writes to winners, and checks a draw from its files alone.
//
// Secrets come in by files that only their owner can read, or by descriptors, never by arguments. Exit status: 0 done, 1 not
// done or failed, 2 wrong usage, 3 (verify, receipt) computed correctly but not proven, (log monitor) not looked at.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // dates in notices are in the campaign's zone, on machines without zone data too

	"github.com/alecthomas/kong"

	"fairlot/cmd/argument"
)

type commands struct {
	Server    string `default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Daemon to talk to. Only addresses of this machine are taken, since the daemon speaks no TLS yet."`
	TokenFile string `env:"FAIRLOT_TOKEN_FILE" placeholder:"FILE" help:"File of mode 0600 (or a descriptor such as /dev/fd/3) with your staff token."`
	Site      string `default:"http://127.0.0.1:8080" env:"FAIRLOT_SITE" placeholder:"URL" help:"The public's site, for the addresses of bundles that are printed. Nothing is fetched from it."`

	Version kong.VersionFlag `help:"Print of which commit this program is, and end."`

	Campaign    campaignCmd    `cmd:"" help:"Prepare, open, close and read campaigns."`
	Exclusion   exclusionCmd   `cmd:"" help:"Those who may enter but must not win: make their list, give it to a draft, check it as an auditor."`
	Approve     approveCmd     `cmd:"" help:"Look at what somebody asked for that takes two persons, and do it."`
	Approvals   approvalsCmd   `cmd:"" help:"List what waits for a second person."`
	Withdraw    withdrawCmd    `cmd:"" help:"Take back what you asked for, or refuse what somebody else did."`
	Case        caseCmd        `cmd:"" help:"Orders to disclose, breach notices and persons' own requests: ground, whom, who wants it, and the law's day."`
	Audit       auditCmd       `cmd:"" help:"Auditor: read what staff did, and check that nothing was taken away or altered."`
	Token       tokenCmd       `cmd:"" help:"Make and revoke staff tokens, and one-use codes for entrants."`
	Keys        keysCmd        `cmd:"" help:"Make keys of custodians and notifiers, and check them against an open campaign."`
	Cosign      cosignCmd      `cmd:"" help:"Custodian, offline: check the bundle of a closed campaign and cosign its log, before the draw's deadline."`
	Cosignature cosignatureCmd `cmd:"" help:"Hand custodians' cosignatures to the daemon."`
	Draw        drawCmd        `cmd:"" help:"Draw, show results, replace a winner."`
	Release     releaseCmd     `cmd:"" help:"Open the contacts of winners: the notifier prepares, custodians share."`
	Claim       claimCmd       `cmd:"" help:"Officer at the desk: check a winner's receipt and ID card without opening anything, and record that the prize was claimed."`
	Winners     winnersCmd     `cmd:"" help:"The list of winners to publish: numbers, and masked names if the rules announce them. From files alone."`
	Notify      notifyCmd      `cmd:"" help:"Notifier: join the custodians' shares and send one mail to each winner."`
	Verify      verifyCmd      `cmd:"" help:"Check a draw from its files alone, step by step."`
	Receipt     receiptCmd     `cmd:"" help:"Check a saved receipt, alone or against a bundle."`
	Sample      sampleCmd      `cmd:"" help:"Auditor: the audit sample of a draw, and what it says of all entrants. From files alone."`
	Rules       rulesCmd       `cmd:"" help:"Explain the rules of a draw, from a campaign file or a bundle, without a daemon."`
	Log         logCmd         `cmd:"" help:"From outside: follow the public logs of institutions."`
	Witness     witnessCmd     `cmd:"" help:"Cosign the logs of other institutions, as an independent witness."`
	Todo        todoCmd        `cmd:"" help:"What waits for whom, since when, by when, and what the daemon will do by itself."`
	Desk        deskCmd        `cmd:"" help:"What is done at the desk for a person who is present."`

	Backup  daemonCmd `cmd:"" passthrough:"" help:"Operator, on the daemon's machine: run fairlotd backup."`
	Restore daemonCmd `cmd:"" passthrough:"" help:"Operator, on the daemon's machine: run fairlotd restore."`
	Export  daemonCmd `cmd:"" passthrough:"" help:"Operator, on the daemon's machine: run fairlotd export."`
	Import  daemonCmd `cmd:"" passthrough:"" help:"Operator, on the daemon's machine: run fairlotd import."`
}

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// app is what every command is handed.
type app struct {
	ctx       context.Context
	server    string
	tokenFile string
	site      string
	command   string // words of the command, as in campaign close
	in        io.Reader
	out, errw io.Writer
}

// statusError is an error with an exit status of its own. Without err nothing is printed.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// usage is an error of how the command was called: exit status 2.
func usage(format string, args ...any) error { return &statusError{2, fmt.Errorf(format, args...)} }

type helped struct{}

// Run runs one command and returns its exit status.
func Run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) (status int) {
	var cli commands
	parser, err := kong.New(&cli, kong.Name("fairlot"), kong.Writers(out, errw), kong.Exit(func(int) { panic(helped{}) }),
		kong.Description("The tool of staff, custodians and auditors of Fairlot. Every command has its own --help, with an example.\n\n"+
			"A campaign's life: keys new, campaign create, campaign check, keys check, campaign attach, campaign open, approve, keys check, token members, campaign close, cosign, cosignature add, "+
			"draw run, verify, release prepare, approve, release share, notify.\n\n"+
			"Exit status: 0 done; 1 failed; 2 wrong usage; 3 (verify, receipt) computed correctly but not proven, (log monitor) not looked at."),
		kong.Vars{"version": version()}, kong.Help(printHelp), kong.ValueFormatter(withDefault),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(errw, "fairlot:", err)
		return 1
	}
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(helped); !ok {
				panic(p)
			}
			status = 0
		}
	}()
	k, err := parser.Parse(args)
	if err != nil {
		at := ""
		var parse *kong.ParseError
		if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
			at = " " + parse.Context.Selected().Path()
			at = strings.TrimSuffix(strings.Replace(at, "fairlot ", "", 1), " ")
		}
		var bad *time.ParseError
		if errors.As(err, &bad) {
			err = fmt.Errorf("%q is no %s", bad.Value, map[bool]string{true: "day, as 2026-01-31", false: "time in UTC, as 2026-01-31T08:00:00Z"}[bad.Layout == time.DateOnly])
		}
		if at == " draw void" && strings.HasPrefix(err.Error(), "unexpected argument") {
			err = fmt.Errorf("%w: the number of the draw is given as --draw N", err)
		}
		fmt.Fprintf(errw, "fairlot: %v; see fairlot%s --help\n", err, at)
		return 2
	}
	a := &app{ctx: ctx, server: cli.Server, tokenFile: cli.TokenFile, site: cli.Site, command: words(k.Selected()), in: in, out: out, errw: errw}
	err = k.Run(a)
	if err == nil {
		return 0
	}
	status = 1
	var own *statusError
	if errors.As(err, &own) {
		status = own.status
		if own.err == nil {
			return status
		}
	}
	fmt.Fprintln(errw, "fairlot:", argument.Explain(k, err))
	return status
}
