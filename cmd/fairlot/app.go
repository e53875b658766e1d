package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/client"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/verify"
)

// dial opens the staff's door. Whoever calls closes it.
func (a *app) dial() (*grpc.ClientConn, error) {
	token := ""
	if a.tokenFile != "" {
		var err error
		if token, err = client.ReadToken(a.tokenFile); err != nil {
			return nil, err
		}
	}
	conn, err := client.Dial(a.server, token)
	if err != nil {
		return nil, &statusError{2, err}
	}
	return conn, nil
}

// explain says what a refusal means for the command that was given.
func (a *app) explain(act string, err error) error {
	err = client.Explain(act, a.server, err)
	var r *client.Refusal
	if errors.As(err, &r) && r.Reason == "ROLE_REFUSED" {
		r.Hint = fmt.Sprintf("let somebody with that role run `fairlot %s`, or name the file of such a token: --token-file FILE; an admin makes tokens with `fairlot token create`", a.command)
	}
	if r != nil && strings.HasPrefix(a.command, "case ") {
		switch {
		case r.Reason == "APPROVAL_SELF":
			r.Hint = "send the id to another person with the right role, who runs `fairlot case approve ID`"
		case r.Reason == "CASE_STATE" && a.command == "case open":
			r.Hint = "no case was opened; a person's request is opened without --entry if nothing is kept of them: the law's clock runs all the same, and the answer says so"
		case r.Reason == "CASE_NOT_FOUND" && a.command == "case approve":
			r.Hint = "`fairlot case list --all` shows the cases; if it is what somebody asked for that takes two persons: `fairlot approve ID`"
		}
	}
	if r != nil && a.command == "desk correct" && (r.Reason == "CAMPAIGN_CLOSED" || r.Reason == "CAMPAIGN_ENDED") {
		r.Hint = "nothing is corrected any more; a person who asks for it is owed an answer in writing: `fairlot case open correction SLUG --entry ID` keeps the law's day"
	}
	if r != nil && r.Reason == "APPROVAL_NOT_FOUND" && (a.command == "approve" || a.command == "withdraw") {
		r.Hint = "`fairlot approvals` shows those that wait; a case is another thing: " +
			map[bool]string{true: "`fairlot case approve ID`", false: "`fairlot case close ID --outcome withdrawn`"}[a.command == "approve"]
	}
	if r != nil && r.Reason == "TOO_LATE" && (a.command == "draw void" || a.command == "approve") {
		r.Hint = "let the draw be held; a winner who should not hold a seat is replaced afterwards: `fairlot draw replace NAME N --rank RANK --reason ineligible`"
	}
	if r != nil && r.Reason == "TOO_LATE" && a.command == "draw amend" {
		r.Hint = "tell the public that the draw is held at its time; custodians who cannot cosign the entry list before the deadline leave it drawn and not proven"
	}
	return err
}

// bundleAddress is where the public site serves a campaign's bundle.
func (a *app) bundleAddress(c *fairlotv1.Campaign) string {
	return strings.TrimRight(a.site, "/") + "/bundles/" + strings.TrimPrefix(c.Name, "campaigns/") + ".tar"
}

var nameForm = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)

// campaignName makes campaigns/NAME of a slug, an id, or such a name.
func campaignName(s string) (string, error) {
	s = strings.TrimPrefix(s, "campaigns/")
	if !nameForm.MatchString(s) {
		return "", usage("campaign %q: want its slug or its id of 32 hexadecimal digits", s)
	}
	return "campaigns/" + s, nil
}

// find asks the daemon for a campaign by slug or id.
func (a *app) find(conn *grpc.ClientConn, name string) (*fairlotv1.Campaign, error) {
	full, err := campaignName(name)
	if err != nil {
		return nil, err
	}
	c, err := fairlotv1.NewCampaignServiceClient(conn).GetCampaign(a.ctx, &fairlotv1.GetCampaignRequest{Name: full})
	return c, a.explain("find campaign "+strings.TrimPrefix(full, "campaigns/"), err)
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

// say is for people where the output is a file for machines.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.errw, format, args...) }

// printJSON prints a message for machines, in protojson with all fields.
func (a *app) printJSON(m proto.Message) error {
	b, err := protojson.MarshalOptions{Multiline: true, Indent: "  "}.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s\n", b)
	return err
}

// lineJSON prints a message for machines on one line.
func (a *app) lineJSON(m proto.Message) error {
	b, err := protojson.Marshal(m)
	if err == nil {
		_, err = fmt.Fprintf(a.out, "%s\n", b)
	}
	return err
}

func terminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// confirm asks a question that only the word yes answers with yes. Without a terminal --yes must have been given.
func (a *app) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if !terminal(a.in) {
		return usage("%s Nobody can be asked here: repeat it with --yes", question)
	}
	fmt.Fprintf(a.errw, "%s Type yes: ", question)
	line, err := a.line()
	if err != nil || line != "yes" {
		return errors.New("not done, since you did not say yes")
	}
	return nil
}

// line reads one line of what somebody types.
func (a *app) line() (string, error) {
	s, err := bufio.NewReader(io.LimitReader(a.in, 4096)).ReadString('\n')
	if err != nil && s == "" {
		return "", err
	}
	return strings.TrimSpace(s), nil
}

// open brings in a bundle, with a bar if somebody looks.
func (a *app) open(where string) (*bundle.Files, error) {
	var progress bundle.Progress
	if terminal(a.errw) {
		last := time.Time{}
		progress = func(done, total int64) {
			if now := time.Now(); now.Sub(last) > 100*time.Millisecond || done == total {
				last = now
				if total > 0 {
					fmt.Fprintf(a.errw, "\rdownloading %3d %%", 100*done/total)
				} else {
					fmt.Fprintf(a.errw, "\rdownloading %d MB", done/1_000_000)
				}
			}
		}
		defer fmt.Fprint(a.errw, "\r                    \r")
	}
	return bundle.Open(a.ctx, where, progress)
}

// check brings in a bundle and checks it; every step must hold, but a void may still wait for its cosignatures. Whoever calls closes Checked.Files.
func (a *app) check(where string) (*bundle.Checked, error) {
	c, _, err := a.checkNow(where)
	return c, err
}

// checkNow is check, and says by which time.
func (a *app) checkNow(where string) (*bundle.Checked, time.Time, error) {
	files, err := a.open(where)
	if err != nil {
		return nil, time.Time{}, a.failedBundle(where, err)
	}
	now := time.Now()
	c, err := files.Check(verify.Options{Now: now})
	if err != nil {
		files.Close()
		return nil, now, a.failedBundle(where, err)
	}
	return c, now, nil
}

func (a *app) failedBundle(where string, err error) error {
	var step *verify.StepError
	if errors.As(err, &step) {
		return fmt.Errorf("the bundle %s does not verify: %w. Do nothing with it; if it came straight from the institution, keep it: it is evidence", where, err)
	}
	return err
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s", one)
	}
	return fmt.Sprintf("%d %s", n, many)
}
