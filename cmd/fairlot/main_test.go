package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/fairlot/scene"
	"fairlot/cmd/instant"
	"fairlot/crypto/custody"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"fairlot": func() { os.Exit(run()) },
		"scene":   func() { os.Exit(sceneMain(os.Args[1:])) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"daemon": daemonCommand(t.TempDir()), "batchpass": batchpassCommand(t.TempDir()), "enter": enterCommand},
		Setup: func(e *testscript.Env) error {
			e.Setenv("FAIRLOT_TOKEN_FILE", "")
			e.Setenv("TMPDIR", e.WorkDir)
			e.Setenv("TZ", "UTC") // a script that looks at the machine's own time sets another
			return nil
		}})
}

// sceneMain plays the daemon in scripts: it keeps the campaign in scene.json and writes bundles and requests.
//
//	scene open THRESHOLD SEATS PEOPLE NOTIFIER.json CUSTODIAN.json…
//	scene sampled THRESHOLD SEATS PEOPLE SAMPLE NOTIFIER.json AUDITOR.json CUSTODIAN.json…	the first has a number that cannot be one, the second that of the third, the fourth a name for spreadsheets
//	scene close | draw | fraud | bundle FILE | cosigned FILE | replace RANK NEXT | saved N FILE | correct N FILE | receiptkey FILE
//	scene opened FILE COUNT UNPROVEN RANK… | reuse FILE RANK…
//	scene case FILE HOURS KIND ENVELOPES PLACE…	the request of a case about entrants by their place in the list, and FILE.locks; HOURS until it expires
//	scene fork FILE
//	scene wrongshares FILE NOTIFIER.key
func sceneMain(args []string) int {
	if err := sceneRun(args); err != nil {
		fmt.Fprintln(os.Stderr, "scene:", err)
		return 1
	}
	return 0
}

func sceneRun(args []string) error {
	var s *scene.Scene
	var err error
	if args[0] == "wrongshares" {
		return wrongShares(args[1], args[2])
	}
	if args[0] != "open" && args[0] != "sampled" && args[0] != "joined" {
		b, err := os.ReadFile("scene.json")
		if err != nil {
			return err
		}
		if s, err = scene.Parse(b); err != nil {
			return err
		}
	}
	var n []int
	for _, a := range args {
		x, _ := strconv.Atoi(a)
		n = append(n, x)
	}
	switch args[0] {
	case "open":
		s, err = sceneOpen(args[4:], 1, func(c []draw.Custodian, notifiers []string) (*scene.Scene, error) {
			return scene.Make(c, n[1], notifiers, scene.People(n[3]), n[2])
		})
	case "sampled":
		people := scene.People(n[3])
		people[0].Number, people[1].Number, people[2].Number, people[3].Name = "A123456780", "A123456789", "A123456789", "=HYPERLINK(1)"
		s, err = sceneOpen(args[5:], 2, func(c []draw.Custodian, notifiers []string) (*scene.Scene, error) {
			return scene.MakeSampled(c, n[1], notifiers, people, n[2], n[4])
		})
	case "joined":
		s, err = sceneOpen(args[3:], 1, func(c []draw.Custodian, notifiers []string) (*scene.Scene, error) {
			return scene.MakeJoined(c, n[1], notifiers, scene.People(n[2]))
		})
	case "close":
		err = s.Close()
	case "void":
		err = s.Void(args[1])
	case "fraud":
		s.Missing = 1
	case "draw":
		err = s.Draw()
	case "replace":
		err = s.Replace(n[1], n[2])
	case "cosigned":
		var b []byte
		if b, err = os.ReadFile(args[1]); err == nil {
			err = s.Cosigned(b)
		}
	case "opened":
		var b []byte
		if b, err = s.Opened(int64(n[2]), args[3] == "yes", n[4:]...); err == nil {
			err = writeRequest(args[1], b)
		}
	case "openedfor": // the same for a purpose, which comes first
		var b []byte
		if b, err = s.OpenedFor(custody.Purpose(args[1]), int64(n[3]), args[4] == "yes", n[5:]...); err == nil {
			err = writeRequest(args[2], b)
		}
	case "reuse": // the last opened record again, with other ranks
		var b []byte
		if b, err = s.Reused(n[2:]...); err == nil {
			err = writeRequest(args[1], b)
		}
	case "case":
		err = sceneCase(s, args[1], time.Duration(n[2])*time.Hour, args[3], args[4], n[5:])
	case "correct":
		var b []byte
		if b, err = s.Correct(n[1]); err == nil {
			err = os.WriteFile(args[2], b, 0o600)
		}
	case "saved":
		err = os.WriteFile(args[2], s.Entrants[n[1]].Saved, 0o600)
	case "desk": // what who has a rank brings, or with 0 somebody who has none: receipt and ID card
		e := (*scene.Entrant)(nil)
		if n[1] == 0 {
			e, err = s.Unranked()
		} else {
			e, err = s.Ranked(n[1])
		}
		if err == nil {
			err = errors.Join(os.WriteFile(args[2], e.Saved, 0o600), os.WriteFile(args[3],
				fmt.Appendf(nil, `{"name":"%s","idType":"ID_TYPE_CITIZEN","idNumber":"%s","birth":"%s"}`, e.Card.Name, e.Card.IDNumber, e.Card.Birth), 0o600))
		}
	case "receiptkey":
		open, _ := s.Open()
		err = os.WriteFile(args[1], []byte(open.Receipt), 0o644)
	case "fork":
		var f *scene.Scene
		if f, err = s.Fork(); err == nil {
			if err = f.Close(); err == nil {
				err = writeTar(f, args[1])
			}
		}
	case "bundle":
		err = writeTar(s, args[1])
	default:
		err = fmt.Errorf("no such step: %s", args[0])
	}
	if err != nil {
		return err
	}
	b, err := s.Marshal()
	if err != nil {
		return err
	}
	return os.WriteFile("scene.json", b, 0o600)
}

// writeRequest writes a request and the custodians' file beside it.
func writeRequest(path string, b []byte) error {
	locks, err := scene.Custodians(b)
	return errors.Join(err, os.WriteFile(path, b, 0o600), os.WriteFile(path+".locks", locks, 0o600))
}

func sceneCase(s *scene.Scene, path string, life time.Duration, kind, envelopes string, places []int) error {
	opens, err := scene.ParseKinds(envelopes)
	if err != nil {
		return err
	}
	c := s.Case(kind, life, opens, places...)
	opened, err := s.LogCase(c.Purpose(), c.Mark(), c.Count)
	if err != nil {
		return err
	}
	res := s.CaseAnswer(c, opened, places...)
	for file, print := range map[string]func(*fairlotv1.ReleaseCaseResponse) ([]byte, error){path: release.MarshalCase, path + ".locks": release.CaseLocks} {
		b, err := print(res)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// wrongShares changes every share in a file of released shares, as a custodian with another key might have made it.
func wrongShares(path, key string) error {
	k, err := (&app{}).readNotifier(key)
	if err != nil {
		return err
	}
	id, err := age.ParseHybridIdentity(k.Secret())
	if err != nil {
		return err
	}
	sealed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	changed := regexp.MustCompile(`(?m)^(share [0-9a-f]{32} )(.)`).ReplaceAllStringFunc(string(text), func(s string) string {
		return s[:len(s)-1] + map[bool]string{true: "0", false: "1"}[s[len(s)-1] != '0']
	})
	var out bytes.Buffer
	w, err := age.Encrypt(&out, id.Recipient())
	if err == nil {
		_, err = io.WriteString(w, changed)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o600)
}

func writeTar(s *scene.Scene, path string) error {
	b, err := s.Tar()
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// sceneOpen makes a scene with the keys of the first files as notifiers', and the others as custodians'.
func sceneOpen(files []string, notifiers int, make func([]draw.Custodian, []string) (*scene.Scene, error)) (*scene.Scene, error) {
	var custodians []draw.Custodian
	var recipients []string
	for i, path := range files {
		k, err := readPublic(path)
		if err != nil {
			return nil, err
		}
		if i < notifiers {
			recipients = append(recipients, k.Recipient)
		} else {
			custodians = append(custodians, draw.Custodian{Recipient: k.Recipient, VKey: k.Cosigner})
		}
	}
	return make(custodians, recipients)
}

// call runs the command in this process.
func call(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	var out, errw bytes.Buffer
	code := Run(context.Background(), args, strings.NewReader(""), &out, &errw)
	return code, out.String(), errw.String()
}

func TestExitStatusOfUsage(t *testing.T) {
	t.Setenv("FAIRLOT_TOKEN_FILE", "")
	for want, lines := range map[int][]string{
		0: {"--help", "campaign example", "verify --help", "release share --help"},
		1: {"campaign list --server 127.0.0.1:1", "campaign create missing.json", "cosignature add missing"},
		2: {"", "nonsense", "token create --role king --label x", "campaign list --server example.org:9090", "campaign list --server 127.0.0.1",
			"campaign show UPPER", "verify", "verify missing.tar", "verify x --round-signature 1:2", "keys new custodian --label Bad+Label --out x",
			"draw show a 0", "campaign open a --at 2026-01-31T08:00:00", "audit --since yesterday", "release prepare a 1", "campaign open a --server 192.0.2.7:1 --yes"},
	} {
		for _, line := range lines {
			code, out, errs := call(t, strings.Fields(line)...)
			if code != want {
				t.Errorf("fairlot %s: status %d, want %d\n%s%s", line, code, want, out, errs)
			}
			if want != 0 && !strings.HasPrefix(errs, "fairlot: ") {
				t.Errorf("fairlot %s: said %q", line, errs)
			}
		}
	}
}

func TestTimesAreAskedForInWords(t *testing.T) {
	for line, want := range map[string]string{
		"campaign open a --at 2026-01-31T08:00:00": `"2026-01-31T08:00:00" is no time in UTC, as 2026-01-31T08:00:00Z; see fairlot campaign open --help`,
		"audit --since yesterday":                  `"yesterday" is no day, as 2026-01-31; see fairlot audit --help`,
	} {
		if code, _, errs := call(t, strings.Fields(line)...); code != 2 || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d, %q", line, code, errs)
		}
	}
}

// TestSummaryShowsWhatIsApproved looks for rules that two persons should have read before they open a campaign for ever.
func TestSummaryShowsWhatIsApproved(t *testing.T) {
	_, out, _ := call(t, "campaign", "example")
	c, err := parseCampaign("example", []byte(out))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	(&app{out: &b}).summary(c)
	c.RetentionDays, c.ChancesCap = 180, 3
	c.TaxAbove, c.Draws[0].Tiers[0].Value = 1000, 20010
	c.Strata = []*fairlotv1.Stratum{{Title: c.Title}, {Title: c.Draws[0].Tiers[0].Title}}
	c.StrataBy, c.Draws[0].Tiers[0].Stratum, c.Draws[0].Tiers[1].Stratum = fairlotv1.StrataBy_STRATA_BY_TOKEN, 1, 2
	c.WinnerList = &fairlotv1.WinnerList{Name: fairlotv1.NameMask_NAME_MASK_FIRST, IdNumber: fairlotv1.IDMask_ID_MASK_LAST_FOUR}
	(&app{out: &b}).summary(c)
	for _, want := range []string{"name, ID number, phone (optional), email, address (optional)", "mixed from 50 on", "for ever: no retentionDays", "destroyed 180 days after", "ranks and receipt numbers of winners\n", "names as 王○○; ID numbers as ******6789", "worth more than NT$ 1000", "as the one-use code says (token members --stratum); one with fewer than 50", "  stratum 2, prize 1", "NT$ 20010 each", "at most 3", "show --json autumn-reading", "privacy notice (en):\n  How we use your data\n", "  五、不提供：您可以不提供上述資料"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestNoBundleIsWrongUsage(t *testing.T) {
	empty, text, short, folder := filepath.Join(t.TempDir(), "empty"), filepath.Join(t.TempDir(), "text"), filepath.Join(t.TempDir(), "short"), t.TempDir()
	for path, b := range map[string][]byte{empty: nil, text: bytes.Repeat([]byte("a line\n"), 300), short: append(bytes.Repeat([]byte{0}, 257), "ust"...)} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, where := range []string{empty, text, short, folder} {
		if code, out, errs := call(t, "verify", where); code != 2 || !strings.Contains(errs, "this is no bundle") || !strings.Contains(errs, "as the campaign's page gives it") || out != "" {
			t.Errorf("verify %s: status %d, %q, %q", where, code, out, errs)
		}
	}
	// With a log.bin it is a bundle with a fault, and so is what begins as an archive does.
	if err := os.WriteFile(filepath.Join(folder, "log.bin"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(short, append(append(make([]byte, 257), "ustar"...), make([]byte, 1000)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{folder, short} {
		if code, out, _ := call(t, "verify", where); code != 1 || !strings.Contains(out, "verify: FAILED at step 1 ") {
			t.Errorf("verify %s: status %d, %q", where, code, out)
		}
	}
}

func TestHelpSaysDefaultsAndVersion(t *testing.T) {
	if _, out, _ := call(t, "campaign", "list", "--help"); !strings.Contains(strings.Join(strings.Fields(out), " "), "(default 127.0.0.1:9090)") || !strings.Contains(out, "--token-file") {
		t.Errorf("campaign list --help lacks the default: %s", out)
	}
	for _, line := range []string{"cosign", "verify", "keys new custodian", "release share", "campaign example"} {
		if _, out, _ := call(t, append(strings.Fields(line), "--help")...); strings.Contains(out, "--server") || strings.Contains(out, "--token-file") {
			t.Errorf("%s --help names a daemon that it never asks: %s", line, out)
		}
	}
	if code, out, _ := call(t, "--version"); code != 0 || !strings.HasPrefix(out, "fairlot ") || !strings.Contains(out, "go1.") {
		t.Errorf("--version: status %d, %q", code, out)
	}
}

func TestAfterTheClose(t *testing.T) {
	k, err := custodian.New("a.example")
	if err != nil {
		t.Fatal(err)
	}
	s, err := scene.Make([]draw.Custodian{{Recipient: k.Age.Recipient(), VKey: k.Cosigner.VKey().String()}}, 1, []string{k.Age.Recipient()}, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	open, _ := s.Open()
	var out bytes.Buffer
	a := &app{out: &out, site: "https://draw.library.example/"}
	a.next("autumn", open, nil)
	due := draw.RoundTime(open.Draws[0].Beacon, open.Draws[0].Round)
	before := due.Add(-time.Duration(open.Draws[0].Margin) * time.Second)
	want := fmt.Sprintf("draw 1: 1 custodian of 1 must have cosigned before %s; the draw is due %s\n", instant.Text(before), instant.Text(due))
	if !strings.HasPrefix(out.String(), want) || !strings.HasSuffix(out.String(), " fairlot draw run autumn 1\n") {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	open.Draws = append(open.Draws, open.Draws[0])
	later := int64(open.Draws[0].Round) + 1000
	a.next("autumn", open, []*fairlotv1.Draw{{Round: later - 1000}, {WaitsFor: 1, Round: later}})
	if want := "is closed once draw 1 has its result or is void; custodians must cosign that before " + instant.Text(open.Draws[1].Deadline(uint64(later))); !strings.Contains(out.String(), want) {
		t.Errorf("got\n%s\nwant in it\n%s", out.String(), want)
	}
	if got := a.bundleAddress(&fairlotv1.Campaign{Name: "campaigns/0123"}); got != "https://draw.library.example/bundles/0123.tar" {
		t.Errorf("bundle at %s", got)
	}
}

func TestRoleRefused(t *testing.T) {
	for text, want := range map[string]string{
		"the role notifier may not do this: ask somebody who is officer": "let somebody with that role run `fairlot campaign close`",
		"the role officer may not do this: ask somebody who is notifier": "an admin makes tokens",
	} {
		st, err := status.New(codes.PermissionDenied, text).WithDetails(&errdetails.ErrorInfo{Reason: "ROLE_REFUSED", Domain: "fairlot"})
		if err != nil {
			t.Fatal(err)
		}
		a := &app{command: "campaign close"}
		if got := a.explain("close", st.Err()).Error(); !strings.Contains(got, want) {
			t.Errorf("%s: said %s", text, got)
		}
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	_, out, _ := call(t, "--help")
	_, list, _ := strings.Cut(out, "Commands:\n")
	commands := 0
	for line := range strings.Lines(list) {
		name, _, ok := strings.Cut(strings.TrimPrefix(line, "  "), "  ")
		if !ok || name == "" || !strings.HasPrefix(line, "  ") {
			continue
		}
		commands++
		code, help, _ := call(t, append(strings.Fields(name), "--help")...)
		if code != 0 || !strings.Contains(help, "Example: ") {
			t.Errorf("fairlot %s --help: status %d, no example", name, code)
		}
	}
	if commands < 25 {
		t.Errorf("found %d commands", commands)
	}
}

func TestExampleIsACampaign(t *testing.T) {
	_, out, _ := call(t, "campaign", "example", "--slug", "spring")
	c, err := parseCampaign("example", []byte(out))
	if err != nil {
		t.Fatal(err)
	}
	if c.Slug != "spring" || len(c.Draws) != 1 || len(c.Draws[0].Tiers) != 3 || len(c.Custodians) != 3 {
		t.Errorf("got %v", c)
	}
	if !c.Draws[0].DrawTime.AsTime().After(c.EntriesEnd.AsTime()) {
		t.Error("the draw is before the end of entries")
	}
	var survey struct{ Pages []struct{ Elements []any } }
	if err := json.Unmarshal([]byte(c.SurveyJson), &survey); err != nil || len(survey.Pages) != 2 || len(survey.Pages[0].Elements)+len(survey.Pages[1].Elements) != 8 {
		t.Errorf("survey: %v, %v", survey, err)
	}
	back, err := campaignJSON(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := parseCampaign("again", back)
	if err != nil || again.SurveyJson != c.SurveyJson {
		t.Errorf("a campaign does not survive show --json: %v", err)
	}
}

func TestCampaignFileErrors(t *testing.T) {
	for in, want := range map[string]string{
		`[]`:                             "not a JSON object",
		`{"slugg":"x"}`:                  "slugg",
		`{"survey":{},"surveyJson":"x"}`: "not both",
		`{"draws":[{"tiers":3}]}`:        "campaign example",
	} {
		path := filepath.Join(t.TempDir(), "c.json")
		if err := os.WriteFile(path, []byte(in), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, errs := call(t, "campaign", "create", path)
		if code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d, %s", in, code, errs)
		}
	}
}
