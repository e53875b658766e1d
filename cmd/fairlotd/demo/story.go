package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"fairlot/crypto/beacon"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// Names in the demo's folder. All commands run in it, so the transcript can be typed again as it stands.
const (
	installationDir = "installation"
	adminFile       = "installation/admin.token"
	officerFile     = "officer.token"
	secondFile      = "second-officer.token"
	notifierFile    = "notifier.token"
	daemonLog       = "daemon.log"
	mailDir         = "mail"

	trialSlug   = "reading-day"
	librarySlug = "library-survey"
	smallSlug   = "talk-feedback"
)

// Where the tool looks for daemon and site when it is not told.
const (
	usualGRPC = "127.0.0.1:9090"
	usualHTTP = "127.0.0.1:8080"
)

// custodianCount is how many custodians each campaign has; two of them open an envelope.
const custodianCount = 3

// story is the state of one telling.
type story struct {
	*Cmd
	server    Databases
	databases string // begins the names of the story's databases, "" on SQLite
	dir       string
	began     time.Time
	say       *teller
	exe       string // this program
	tool      string // the program fairlot
	pace      time.Duration

	checker string // spec/verify.py of the source tree around the working directory; empty if there is none

	daemon     *daemon
	site       *site
	conn       *grpc.ClientConn // staff's door, with the officer's token
	beaconURL  string
	chain      beacon.Chain
	stopBeacon func() error
	mail       *catcher

	public   map[string]publicKey // by key file
	people   *registry
	canary   *person
	perEntry time.Duration // measured
	trial    *campaign
	codes    []string // of the trial campaign, to try
	library  *campaign
	small    *campaign
	due      map[string]time.Time // of a campaign's draw, by slug
	taken    []*attempt           // entries of the library's campaign
	first    *entry               // of the person who entered twice in the small one
	second   *entry
	winners  int
}

func (s *story) prologue() {
	s.say.write("Fairlot, a demonstration: a library asks its readers, draws prizes among them, and anybody can check the draw.\n" +
		"All persons are made up. " + notProof + "\n" +
		"What is shown after $ are real commands, run in " + s.dir + "\n")
}

// makeInstallation finds or builds the tool, makes an installation and starts its daemon.
func (s *story) makeInstallation(ctx context.Context) (err error) {
	if s.exe, err = os.Executable(); err != nil {
		return err
	}
	if err := s.findTool(ctx); err != nil {
		return err
	}
	if path, err := filepath.Abs(filepath.Join("spec", "verify.py")); err == nil {
		if _, err := os.Stat(path); err == nil {
			s.checker = path
		}
	}
	s.say.text("An installation belongs to one institution. Its name and the name of its public log are fixed forever.")
	args := s.onServer([]string{"init", "--dir", installationDir, "--origin", origin, "--institution", institution})
	r, err := execute(ctx, s.dir, nil, nil, s.exe, args...)
	if err != nil {
		return err
	}
	s.say.echo(shown("fairlotd", args), r)
	if r.status != 0 {
		return fmt.Errorf("fairlotd init ended with status %d", r.status)
	}
	if s.beaconURL, s.chain, s.stopBeacon, err = serveBeacon(); err != nil {
		return err
	}
	if s.mail, err = newCatcher(filepath.Join(s.dir, mailDir)); err != nil {
		return err
	}
	s.say.text("The daemon runs as a process of its own. For this demonstration it asks a beacon made on the spot, with real signatures, a round each second, " +
		"and one key, so a draw on it proves nothing to outsiders. In earnest it asks the public beacon drand.")
	args = []string{"serve", "--dir", installationDir, "--grpc", s.GRPC, "--http", s.HTTP, "--relay", s.beaconURL}
	s.say.echo(shown("fairlotd", args), result{stdout: "(its log is " + daemonLog + ")"})
	if s.daemon, err = startDaemon(ctx, s.exe, s.dir, daemonLog, "http://"+s.HTTP+"/v1/campaigns", args...); err != nil {
		return err
	}
	s.site = newSite(s.HTTP)
	s.say.holds("the daemon answers on %s (public) and %s (staff)", s.HTTP, s.GRPC)
	return s.makeTokens(ctx)
}

// makeTokens has the admin give each member of staff their own.
func (s *story) makeTokens(ctx context.Context) error {
	s.say.text("Who makes tokens does nothing else: the first one is an admin's. The library has two officers, since opening a campaign and opening contacts take two persons, " +
		"and a notifier, who will write to winners.")
	for i, x := range []struct{ role, label, file string }{{"officer", "Chen", officerFile}, {"officer", "Lin", secondFile}, {"notifier", "Wu", notifierFile}} {
		run := s.must
		if i == 0 {
			run = func(ctx context.Context, args ...string) (result, error) { return s.fairlot(ctx, 0, args...) }
		}
		if _, err := run(ctx, "--token-file", adminFile, "token", "create", "--role", x.role, "--label", x.label, "--out", x.file); err != nil {
			return err
		}
	}
	token, err := os.ReadFile(s.file(officerFile))
	if err != nil {
		return err
	}
	s.conn, err = dial(s.GRPC, strings.TrimSpace(string(token)))
	return err
}

// approve has the second officer do what r asked for.
func (s *story) approve(ctx context.Context, run func(context.Context, ...string) (result, error), r result) error {
	_, id, ok := strings.Cut(r.stdout, "fairlot approve ")
	if !ok {
		return fmt.Errorf("nothing was asked for: %s", lastLine([]byte(r.stdout)))
	}
	_, err := run(ctx, "--token-file", secondFile, "approve", "--yes", strings.Fields(id)[0])
	return err
}

// findTool finds fairlot beside this program, or builds it from the sources around the working directory.
func (s *story) findTool(ctx context.Context) error {
	s.tool = filepath.Join(filepath.Dir(s.exe), "fairlot")
	if info, err := os.Stat(s.tool); err == nil && info.Mode().IsRegular() {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.tool = filepath.Join(s.dir, "bin", "fairlot")
	s.say.text("The tool of staff, custodians and auditors is built first: fairlot.")
	began := time.Now()
	cmd := exec.CommandContext(ctx, "go", "build", "-o", s.tool, "fairlot/cmd/fairlot")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("there is no fairlot beside fairlotd, and it cannot be built here (%w: %s): put both programs into one folder, or start the demo in the source tree",
			err, lastLine(out))
	}
	s.began = s.began.Add(time.Since(began))
	return nil
}

// env names the first officer's token, so that only the others' commands need --token-file.
func (s *story) env() []string { return []string{"FAIRLOT_TOKEN_FILE=" + officerFile} }

// addressed adds --server and --site where daemon and site are not at their usual addresses and the command names them.
func (s *story) addressed(args []string) []string {
	command := strings.Join(args[:min(2, len(args))], " ")
	if (slices.Contains([]string{"campaign close", "campaign show"}, command) || slices.Contains(args, "approve") || slices.Contains(args, "prepare")) && s.HTTP != usualHTTP {
		args = append([]string{"--site", "http://" + s.HTTP}, args...)
	}
	if s.GRPC == usualGRPC || slices.Contains([]string{"keys", "cosign", "verify", "receipt"}, args[0]) ||
		slices.Contains([]string{"release share", "campaign example"}, command) {
		return args
	}
	return append([]string{"--server", s.GRPC}, args...)
}

// fairlot runs the tool, shows what it said, and asks for a status.
func (s *story) fairlot(ctx context.Context, want int, args ...string) (result, error) {
	r, err := s.silent(ctx, args...)
	if err != nil {
		return r, err
	}
	s.say.echo(shown("fairlot", s.addressed(args)), r)
	if r.status != want {
		return r, fmt.Errorf("fairlot %s ended with status %d, want %d", args[0], r.status, want)
	}
	return r, nil
}

// silent runs the tool without showing it.
func (s *story) silent(ctx context.Context, args ...string) (result, error) {
	return execute(ctx, s.dir, s.env(), nil, s.tool, s.addressed(args)...)
}

// must runs the tool without showing it, and asks for status 0.
func (s *story) must(ctx context.Context, args ...string) (result, error) {
	r, err := s.silent(ctx, args...)
	if err == nil && r.status != 0 {
		err = fmt.Errorf("fairlot %s ended with status %d: %s", args[0], r.status, lastLine([]byte(r.stderr)))
	}
	return r, err
}

func dial(addr, token string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(bearer(token)))
}

// bearer is a staff token, for loopback only.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

// waitFor waits visibly.
func (s *story) waitFor(ctx context.Context, what string, t time.Time) error {
	if time.Until(t) > time.Second && !s.say.terminal {
		s.say.line("waiting for %s, %d s", what, int(time.Until(t).Seconds()+0.999))
	}
	for time.Until(t) > 0 {
		s.say.countdown(what, t)
		if err := until(ctx, time.Now().Add(min(time.Until(t), time.Second/4))); err != nil {
			return err
		}
	}
	return nil
}

// file is a path in the demo's folder.
func (s *story) file(name string) string { return filepath.Join(s.dir, name) }

// write writes a file of the demo's folder for its owner alone.
func (s *story) write(name string, b []byte) error { return os.WriteFile(s.file(name), b, 0o600) }

// statuses reads the notices of a draw, as the notifier sees them.
func (s *story) statuses(ctx context.Context, draw string) (map[fairlotv1.NotificationState]int, error) {
	token, err := os.ReadFile(s.file(notifierFile))
	if err != nil {
		return nil, err
	}
	conn, err := dial(s.GRPC, strings.TrimSpace(string(token)))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	list, err := fairlotv1.NewNotificationServiceClient(conn).ListNotifications(ctx, &fairlotv1.ListNotificationsRequest{Parent: draw})
	if err != nil {
		return nil, err
	}
	counts := map[fairlotv1.NotificationState]int{}
	for _, n := range list.GetNotifications() {
		counts[n.GetState()]++
	}
	return counts, nil
}

// lines are the lines of a text file that are not empty.
func (s *story) lines(name string) ([]string, error) {
	b, err := os.ReadFile(s.file(name))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Split(string(b), "\n"), func(l string) bool { return strings.TrimSpace(l) == "" }), nil
}

// end ends everything that was started.
func (s *story) end() error {
	var errs []error
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.daemon != nil {
		if err := s.daemon.stop(); err != nil {
			errs = append(errs, fmt.Errorf("demo: %w", err))
		}
	}
	errs = append(errs, s.dropDatabases())
	if s.mail != nil {
		errs = append(errs, s.mail.stop())
	}
	if s.stopBeacon != nil {
		errs = append(errs, s.stopBeacon())
	}
	return errors.Join(errs...)
}

// toolDir is the folder of the tool.
func (s *story) toolDir() string { return filepath.Dir(s.tool) }
