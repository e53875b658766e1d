package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/instant"
	"fairlot/draw"
	"fairlot/verify"
)

type verifyCmd struct {
	Bundle         string   `arg:"" name:"path|url" help:"Bundle: a folder, a .tar file, or its address (…/bundles/ID.tar), which is downloaded first."`
	RoundSignature []string `sep:"none" placeholder:"CHAIN:ROUND:HEX" help:"Signature of a beacon round that you have from elsewhere: chain hash, round, 96 hexadecimal digits. It refutes a void that says the beacon was dead. May be repeated."`
	Quiet          bool     `short:"q" help:"Print the last line only."`
}

// Help is shown below the usage.
func (verifyCmd) Help() string {
	return `Everything is computed again from the files; nothing is fetched but the bundle itself, and nobody is trusted.

The last line and the exit status say the outcome:
  0  verify: ok                                        proven
  3  verify: ok (demo beacon)                          correct, on a chain that proves nothing to outsiders
  3  verify: ok (not confirmed from outside in time)   correct, but the operator alone vouches for the time
  3  verify: ok (not drawn yet)                        correct as far as it goes
  1  verify: FAILED at step N NAME: …                  not correct: keep the bundle, it is evidence
  2                                                    wrong usage, no bundle, or one that cannot be read: nothing was checked

Example: fairlot verify http://127.0.0.1:8080/bundles/0123….tar`
}

func parseRounds(all []string) ([]verify.Round, error) {
	var out []verify.Round
	for _, s := range all {
		f := strings.Split(s, ":")
		if len(f) != 3 {
			return nil, usage("--round-signature: want CHAIN:ROUND:HEX")
		}
		chain, err := draw.ParseHash(f[0])
		if err != nil {
			return nil, usage("--round-signature: the chain is 64 hexadecimal digits")
		}
		round, err := strconv.ParseUint(f[1], 10, 64)
		if err != nil || round < 1 {
			return nil, usage("--round-signature: %q is no round", f[1])
		}
		sig, err := hex.DecodeString(f[2])
		if err != nil || len(sig) != 48 {
			return nil, usage("--round-signature: the signature is 96 hexadecimal digits")
		}
		out = append(out, verify.Round{Chain: chain, Round: round, Signature: sig})
	}
	return out, nil
}

// what says in words what each step is.
var what = map[string]string{
	"bundle":   "log, checkpoints and public files are there; the draws' own are looked at once the history says which they are",
	"record":   "every record of the log is well formed",
	"files":    "rules, notice and policy are the ones that were opened with",
	"log":      "checkpoints and cosignatures fit the log",
	"open":     "the rules allow what they say",
	"history":  "nothing happened twice or out of order",
	"entrants": "the entry list is in order and its counts hold",
	"root":     "the entry list is the one that was published",
	"beacon":   "the round's signature is the beacon's",
	"seed":     "the seed follows from list and round",
	"ranking":  "the ranking follows from the seed",
	"replace":  "winners were replaced in order",
	"opened":   "no more contacts were opened than announced winners",
}

// Run checks a bundle.
func (cmd *verifyCmd) Run(a *app) error {
	rounds, err := parseRounds(cmd.RoundSignature)
	if err != nil {
		return err
	}
	if cmd.Bundle == "" {
		return usage("which bundle?")
	}
	files, err := a.open(cmd.Bundle)
	if err != nil {
		return a.verifyFailed(err)
	}
	defer files.Close()
	opts := verify.Options{Rounds: rounds}
	if !cmd.Quiet {
		opts.Report = func(s verify.Step) {
			if s.Draw > 0 {
				a.printf("step %2d %-9s ok  draw %d: %s\n", s.N, s.Name, s.Draw, what[s.Name])
			} else {
				a.printf("step %2d %-9s ok  %s\n", s.N, s.Name, what[s.Name])
			}
		}
	}
	c, err := files.Check(opts)
	if err != nil {
		var step *verify.StepError
		if !cmd.Quiet && errors.As(err, &step) && step.Name == "history" {
			a.voidsWait(files, verify.Options{Rounds: rounds, Now: time.Now()})
		}
		return a.verifyFailed(err)
	}
	if !cmd.Quiet {
		a.outcome(c, a.amendsWait(c, rounds))
	}
	last, ok := map[string]string{verify.ReasonProven: "ok", verify.ReasonBeacon: "ok (demo beacon)",
		verify.ReasonWitness: "ok (not confirmed from outside in time)", verify.ReasonDrawn: "ok (not drawn yet)"}[c.Outcome.Reason]
	if !ok {
		last = "ok (" + c.Outcome.Reason + ")"
	}
	a.printf("verify: %s\n", last)
	if c.Outcome.Status != 0 {
		return &statusError{status: c.Outcome.Status}
	}
	return nil
}

// voidsWait says of a bundle that fails whether it does so only because of a void that does not count, and until when custodians can still change that.
func (a *app) voidsWait(files *bundle.Files, now verify.Options) {
	c, err := files.Check(now)
	if err != nil {
		return
	}
	for _, d := range c.Outcome.Draws {
		switch {
		case d.Voiding == draw.ReasonBeaconDead:
			a.printf("draw %d is declared void (%s), which is not confirmed yet: this bundle verifies once enough custodians have cosigned it\n", d.N, d.Voiding)
		case d.Voiding != "":
			a.printf("draw %d is declared void (%s), which is not confirmed yet: custodians have until %s, by this machine's clock; until they have, or the draw is held, this bundle fails\n", d.N, d.Voiding, instant.Text(d.Deadline))
		case d.Missed != "" && d.State != verify.StateDrawn:
			a.printf("draw %d was declared void (%s), which was not confirmed before %s: a result is owed, due %s; until it is there this bundle fails\n", d.N, d.Missed, instant.Text(d.Deadline), instant.Text(d.RoundTime))
		}
	}
}

// amendsWait are, by draw, the later rounds that do not count yet, and will if custodians cosign them until the draw's deadline, by this machine's clock.
func (a *app) amendsWait(c *bundle.Checked, rounds []verify.Round) map[int]uint64 {
	now := time.Now()
	wait := map[int]uint64{}
	if !slices.ContainsFunc(c.Outcome.Draws, func(d verify.Draw) bool { return d.NotAmended > 0 && now.Before(d.Deadline) }) {
		return wait
	}
	if then, err := c.Files.Check(verify.Options{Rounds: rounds, Now: now}); err == nil {
		for _, d := range then.Outcome.Draws {
			wait[d.N] = d.Amending
		}
	}
	return wait
}

func (a *app) verifyFailed(err error) error {
	var step *verify.StepError
	if !errors.As(err, &step) {
		return &statusError{2, fmt.Errorf("verify: nothing was checked: %w", err)}
	}
	on := ""
	if step.Draw > 0 {
		on = fmt.Sprintf(" (draw %d)", step.Draw)
	}
	if errors.Is(err, draw.ErrNewer) {
		a.printf("this bundle may be of a newer format than this program knows\n")
	}
	values := ""
	if step.Want != "" || step.Got != "" {
		values = fmt.Sprintf(": want %s, got %s", step.Want, step.Got)
	}
	a.printf("verify: FAILED at step %d %s%s: %s%s\n", step.Step, step.Name, on, step.Reason, values)
	return &statusError{status: 1}
}

// outcome prints what the bundle shows. Rounds that wait are those of amendsWait.
func (a *app) outcome(c *bundle.Checked, wait map[int]uint64) {
	o := c.Outcome
	a.printf("\n")
	for _, lang := range []string{"zh-Hant-TW", "en"} {
		if s := c.Titles.Campaign[lang]; s != "" {
			a.printf("%s\n", s)
		}
	}
	a.printf("%s, campaign %s\nopen record %s\nlog %s, %s\n", o.Open.Institution, o.Open.Campaign, o.OpenHash, o.Open.OriginName(), plural(o.Records, "record", "records"))
	for i := range o.Draws {
		a.drawOutcome(c, &o.Draws[i], wait[i+1])
	}
	if len(o.Draws) == 0 {
		a.printf("the campaign has no draw\n")
	}
	for _, k := range o.Cases {
		a.printf("\nopened for %s (%s): %s\n", caseWords[k.Purpose], plural(int64(k.Cases), "case", "cases"), plural(k.Opened, "person", "persons"))
	}
	a.printf("\n")
}

// caseWords say for what kind of case persons were opened, by purpose.
var caseWords = map[string]string{"court": "orders of courts or authorities", "breach": "notices of a breach", "person": "persons' own requests"}

// openedWords say what was announced as opened for a draw, by purpose.
var openedWords = []struct{ purpose, words string }{
	{"notice", "contacts announced as opened"}, {"claim", "identities announced as opened at the desk, for claims"},
	{"tax", "identities announced as opened for prize tax"}, {"audit", "identities announced as opened for the audit sample"},
}

func (a *app) drawOutcome(c *bundle.Checked, d *verify.Draw, waits uint64) {
	a.printf("\ndraw %d: %s\n", d.N, d.State)
	chain := "drand quicknet"
	if !d.Quicknet {
		chain = "another chain, which proves nothing to outsiders"
	}
	a.printf("  round %d of %s, due %s\n", d.Round, chain, instant.Text(d.RoundTime))
	rules := &c.Outcome.Open.Draws[d.N-1]
	if d.Amended {
		a.printf("  put off: the rules said round %d, due %s\n", rules.Round, instant.Text(draw.RoundTime(rules.Beacon, rules.Round)))
	}
	switch due := instant.Text(draw.RoundTime(rules.Beacon, d.NotAmended)); {
	case d.NotAmended > 0 && d.NotAmended == waits:
		a.printf("  round %d, due %s, was logged as a later one and does not count yet: not enough witnesses have cosigned that, and they have until %s, by this machine's clock\n", d.NotAmended, due, instant.Text(d.Deadline))
	case d.NotAmended > 0:
		a.printf("  round %d, due %s, was logged as a later one and does not count: not enough witnesses have cosigned that in time\n", d.NotAmended, due)
	}
	if d.Void != "" {
		a.printf("  void: %s\n", d.Void)
	}
	if d.Missed != "" {
		a.printf("  declared void (%s), which was not cosigned in time and does not count\n", d.Missed)
	}
	if d.Close == nil {
		return
	}
	a.printf("  %s, %d with chances, root %s\n", plural(d.Entrants, "entry", "entries"), d.Ranked, d.Root)
	for _, z := range d.Close.Zero {
		a.printf("  not counted, %s: %d\n", z.Reason, z.Count)
	}
	by := strings.Join(d.Witnesses, ", ")
	switch {
	case d.InTime:
		a.printf("  witnessed in time (before %s) by %s\n", instant.Text(d.Deadline), by)
	case by != "":
		a.printf("  witnessed in time by %s, which the rules say is not enough\n", by)
	default:
		a.printf("  witnessed in time by nobody\n")
	}
	if d.State != verify.StateDrawn {
		return
	}
	a.printf("  seed %s\n", d.Seed)
	holds := map[draw.EntrantID]draw.Line{}
	for _, l := range d.Winners {
		holds[l.ID] = l
	}
	replaced := map[[2]int]string{}
	for _, r := range d.Replaced {
		replaced[[2]int{r.Stratum, r.Vacated}] = r.Reason
	}
	w := tabwriter.NewWriter(a.out, 2, 0, 2, ' ', 0)
	for i, l := range d.Ranking {
		if i == 50 {
			fmt.Fprintf(w, "  … and %d more in draw/%d/ranking.txt\n", len(d.Ranking)-i, d.N)
			break
		}
		seat := "alternate"
		if reason, ok := replaced[[2]int{l.Stratum, l.Rank}]; ok {
			seat = "replaced: " + reason
		} else if held, ok := holds[l.ID]; ok {
			seat = fmt.Sprintf("prize %d", held.Seat)
			if s := bundle.In("en", c.Titles.Tier[c.Prize(d.N, held)]); s != "" {
				seat += ": " + s
			}
		}
		fmt.Fprintf(w, "  stratum %d\trank %d\t%s\t%s\n", l.Stratum, l.Rank, l.ID, seat)
	}
	w.Flush()
	unproven := ""
	if d.Unproven {
		unproven = ", although the draw was not proven"
	}
	for _, o := range openedWords {
		if n := d.Opened[o.purpose]; n > 0 {
			a.printf("  %s: %d%s\n", o.words, n, unproven)
		}
	}
}
