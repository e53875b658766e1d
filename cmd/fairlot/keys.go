package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/private"
	"fairlot/cmd/instant"
	"fairlot/crypto/custody"
)

type keysCmd struct {
	New   keysNew   `cmd:"" help:"Make the key of a custodian or notifier for one campaign, on their own machine."`
	Check keysCheck `cmd:"" help:"Check that a campaign names this key, and say what that means: before it opens, state that you hold it; once it is open, pin it."`
}

type keysNew struct {
	Custodian keysNewCustodian `cmd:"" help:"Make a custodian's key: it opens this custodian's locks and cosigns the log. The public lines are printed as JSON for the campaign file."`
	Notifier  keysNewNotifier  `cmd:"" help:"Make a notifier's key: custodians seal released shares to it. The public line is printed as JSON for the campaign file."`
}

type keysNewCustodian struct {
	Label    string `required:"" help:"Public name of the cosigning key, for example maria.library.example: a-z 0-9 . -"`
	Out      string `required:"" placeholder:"FILE" help:"New file for the key, mode 0600."`
	Identity string `placeholder:"FILE" help:"File with one identity of an age plugin, AGE-PLUGIN-…: the key file is sealed by it (a security key, a passphrase), and each use runs age-plugin-NAME from PATH."`
}

// Help is shown below the usage.
func (keysNewCustodian) Help() string {
	return `One key for one campaign. The daemon's machine must never hold it.

Example: fairlot keys new custodian --label maria.library.example --out maria.key > maria.json`
}

// publicKey is what a campaign file names of a key.
type publicKey struct {
	Recipient string `json:"recipient"`
	Cosigner  string `json:"cosigner,omitempty"`
}

func (a *app) publicLines(k publicKey, list, out string) error {
	b, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	a.printf("%s\n", b)
	fmt.Fprintf(a.errw, "the key is in %s: keep it secret, keep a copy in a safe place, use it for one campaign only\n"+
		"the lines above are public: hand them to the officer, who puts them under %q in the campaign file\n", out, list)
	return nil
}

// Run makes the key.
func (cmd *keysNewCustodian) Run(a *app) error {
	k, err := custodian.New(cmd.Label)
	if errors.Is(err, custodian.ErrLabel) {
		return &statusError{2, err}
	}
	if err != nil {
		return err
	}
	if err := a.writeKeyFile(cmd.Out, cmd.Identity, k.File()); err != nil {
		return err
	}
	return a.publicLines(publicKey{k.Age.Recipient(), k.Cosigner.VKey().String()}, "custodians", cmd.Out)
}

type keysNewNotifier struct {
	Label    string `help:"Written into the key file, so that you know it again."`
	Out      string `required:"" placeholder:"FILE" help:"New file for the key, mode 0600."`
	Identity string `placeholder:"FILE" help:"File with one identity of an age plugin, AGE-PLUGIN-…: the key file is sealed by it (a security key, a passphrase), and each use runs age-plugin-NAME from PATH."`
}

// Help is shown below the usage.
func (keysNewNotifier) Help() string {
	return `Example: fairlot keys new notifier --label "prize desk" --out notifier.key > notifier.json`
}

// Run makes the key.
func (cmd *keysNewNotifier) Run(a *app) error {
	if strings.ContainsAny(cmd.Label, "\r\n") {
		return usage("--label: one line")
	}
	k, err := custody.NewKey()
	if err != nil {
		return err
	}
	head := "# Fairlot notifier's key of one campaign. Keep it secret.\n"
	if cmd.Label != "" {
		head += "# " + cmd.Label + "\n"
	}
	if err := a.writeKeyFile(cmd.Out, cmd.Identity, append([]byte(head), k.File()...)); err != nil {
		return err
	}
	return a.publicLines(publicKey{Recipient: k.Recipient()}, "notifiers", cmd.Out)
}

func pinFile(key string) string { return key + ".pin" }

// readPin reads the pin beside a key; nil if there is none yet.
func readPin(key string) (*custodian.Pin, error) {
	b, err := private.Read(pinFile(key), 4096)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := custodian.ParsePin(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pinFile(key), err)
	}
	return &p, nil
}

// needPin reads the pin that keys check made.
func needPin(key string) (*custodian.Pin, error) {
	p, err := readPin(key)
	if err == nil && p == nil {
		return nil, fmt.Errorf("%s is missing: when the campaign has opened, run `fairlot keys check --key %s --bundle …` and read what it says", pinFile(key), key)
	}
	return p, err
}

// releasedFile is what a custodian's key remembers of its releases.
func releasedFile(key string) string { return key + ".released" }

// readReleased returns nothing released if there is no file yet.
func readReleased(key string) (custodian.Released, error) {
	b, err := private.Read(releasedFile(key), custodian.MaxReleasedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return custodian.Released{}, nil
	}
	if err != nil {
		return custodian.Released{}, err
	}
	r, err := custodian.ParseReleased(b)
	if err != nil {
		return r, fmt.Errorf("%s: %w", releasedFile(key), err)
	}
	return r, nil
}

func writePin(key string, p custodian.Pin) error { return private.Replace(pinFile(key), p.Marshal()) }

type keysCheck struct {
	Key    string `required:"" placeholder:"FILE" help:"Your key file. What was seen is remembered in FILE.pin beside it, what was agreed to before the opening in FILE.stated."`
	Draft  string `placeholder:"FILE" help:"Before the opening: the file that the institution made with fairlot campaign check."`
	Out    string `placeholder:"FILE" help:"With --draft: new file for the statement that goes back to the institution."`
	Yes    bool   `help:"With --draft: do not ask."`
	Bundle string `placeholder:"PATH|URL" help:"Once it is open: the campaign's bundle: folder, .tar, or address (…/bundles/ID.tar)."`
}

// Help is shown below the usage.
func (keysCheck) Help() string {
	return `Before the campaign opens, with --draft: it opens a test lock that the institution sealed to this key, shows whose keys the draft lists and what
the loss of keys means, and asks; the statement that it writes goes back to the institution.

With --bundle run it once the campaign is open, and again whenever there is a newer bundle. It checks the whole bundle, finds your key in the
open record, and remembers the open record and how much of the log it saw. From then on a log that was rewritten is refused.

Example: fairlot keys check --key maria.key --draft autumn.keys --out maria.statement
         fairlot keys check --key maria.key --bundle http://127.0.0.1:8080/bundles/0123….tar`
}

// Run checks, and states or pins.
func (cmd *keysCheck) Run(a *app) error {
	if (cmd.Draft == "") == (cmd.Bundle == "") {
		return usage("give --draft before the campaign opens, or --bundle once it is open")
	}
	if cmd.Bundle != "" && cmd.Out != "" {
		return usage("--out goes with --draft: with --bundle what was seen is remembered beside the key")
	}
	age, own, err := a.readEither(cmd.Key)
	if err != nil {
		return err
	}
	isCustodian := own != nil
	release, err := private.Hold(cmd.Key)
	if err != nil {
		return err
	}
	defer release()
	if cmd.Draft != "" {
		return cmd.checkDraft(a, age, own)
	}
	c, err := a.check(cmd.Bundle)
	if err != nil {
		return err
	}
	defer c.Files.Close()
	number := 0
	if isCustodian {
		number, err = own.Number(c.Outcome.Open)
	} else {
		number, err = custodian.Notifier(c.Outcome.Open, age.Recipient())
	}
	if err != nil {
		return fmt.Errorf("check key: %w", err)
	}
	stated, err := readStated(cmd.Key)
	if err == nil {
		err = custodian.Agreed(stated, c.Outcome.Open)
	}
	if err != nil {
		return fmt.Errorf("check key: %w", err)
	}
	old, err := readPin(cmd.Key)
	if err != nil {
		return err
	}
	pin, err := custodian.CheckPin(old, c)
	if err != nil {
		return err
	}
	if err := writePin(cmd.Key, pin); err != nil {
		return err
	}
	a.explainKey(c, isCustodian, number)
	a.printf("\npinned in %s\n  open    %s\n  log     %s\n", pinFile(cmd.Key), pin.Open, plural(pin.Size, "record", "records"))
	a.printf("Compare the open hash with all custodians by telephone or on paper: everybody must see the same.\n")
	return nil
}

// explainKey says in plain words what the key is for.
func (a *app) explainKey(c *bundle.Checked, isCustodian bool, number int) {
	open := c.Outcome.Open
	for _, lang := range []string{"zh-Hant-TW", "en"} {
		if s := c.Titles.Campaign[lang]; s != "" {
			a.printf("%s\n", s)
		}
	}
	a.printf("a campaign of %s (%s)\n", open.Institution, open.Campaign)
	a.printf("entries end %s", instant.Text(open.EntriesEnd))
	if !open.ObjectionsEnd.Equal(open.EntriesEnd) {
		a.printf(", objections end %s", instant.Text(open.ObjectionsEnd))
	}
	a.printf("\n")
	for _, d := range c.Outcome.Draws {
		a.printf("draw %d: round %d, due %s", d.N, d.Round, instant.Text(d.RoundTime))
		if !d.Quicknet {
			a.printf(", on a chain that proves nothing to outsiders")
		}
		a.printf("\n")
	}
	n, k := len(open.Custodians), open.Threshold
	if !isCustodian && slices.Contains(custodian.Readers(c, custody.Audit), number) {
		a.printf("\n這把金鑰是通知人 %d（共 %d 位），即辦法所載的查核人：只讀抽查樣本。\nThis key is notifier %d of %d, the auditor whom the rules name. It opens names and ID numbers of the audit sample, of at most %d entrants of each draw, and nothing else.\n"+
			"遺失後，抽查樣本就無法開啟。\nIf it is lost, the sample cannot be opened. After the draw you run `fairlot sample read`.\n", number, len(open.Notifiers), number, len(open.Notifiers), open.Audit)
		return
	}
	if !isCustodian {
		a.printf("\nThis key is notifier %d of %d. Custodians seal the shares of winners to it, and it opens those contacts only.\n"+
			"Whoever has it together with the shares reads the winners' contacts.\n%s", number, len(open.Notifiers), notifierLoss)
		return
	}
	a.printf("\nThis key is custodian %d of %d.\n", number, n)
	a.quorum(k, n)
	a.printf("What you do: after the close run `fairlot cosign`")
	for _, d := range c.Outcome.Draws {
		a.printf(", for draw %d before %s", d.N, instant.Text(d.Deadline))
	}
	a.printf("; after the draw run `fairlot release share`.\n")
}
