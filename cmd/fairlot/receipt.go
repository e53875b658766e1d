package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/private"
	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/draw"
	"fairlot/verify"
)

type receiptCmd struct {
	File       string `arg:"" help:"Saved receipt, which holds the secret of the entry, the signed part of it alone, or evidence that somebody hands you."`
	Bundle     string `placeholder:"PATH|URL" help:"Bundle to look the entry up in."`
	ReceiptKey string `placeholder:"VKEY" help:"Receipt key of the institution, to check the signature without a bundle."`
	Evidence   string `placeholder:"FILE" help:"Where to write the evidence if the list contradicts the receipt; FILE.evidence.txt if not given."`
}

// Help is shown below the usage.
func (receiptCmd) Help() string {
	return `Alone, it says whether the saved copy belongs together. With --bundle it checks the whole draw too, and says whether the
entry is in the list, its chances, its rank, or why it does not count. A signed receipt that the list does not honour is proof
of fraud: the evidence, without the entry's secret, is written to a file. Give that file instead of a receipt, or one from the
site, and the evidence is checked: whoever has it and the bundle needs to trust nobody.

Exit status: 0 it holds; 1 it does not; 3 it holds, but the signature was not checked (no bundle or key), or a draw is not proven.

Example: fairlot receipt receipt.txt --bundle http://127.0.0.1:8080/bundles/0123….tar
         fairlot receipt evidence.txt --bundle records.tar`
}

var savedHead = []byte("fairlot/v1 saved receipt\n")

// Run checks a receipt.
func (cmd *receiptCmd) Run(a *app) error {
	b, err := cmd.read(a)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(b, []byte(verify.EvidenceHead)) {
		return cmd.checkEvidence(a, b)
	}
	if cmd.Bundle == "" {
		return cmd.alone(a, b)
	}
	c, err := a.check(cmd.Bundle)
	if err != nil {
		return err
	}
	defer c.Files.Close()
	s, err := verify.Receipt(c.Files.Files, c.Outcome, b)
	var contradiction *verify.Contradiction
	if errors.As(err, &contradiction) {
		return cmd.evidence(c, b, contradiction)
	}
	if err != nil {
		return receiptError(err)
	}
	a.printf("the receipt is signed by %s", c.Outcome.Open.Institution)
	if s.Saved {
		a.printf(", and its secret leads to it")
	}
	a.printf("\nentry %s\n", draw.EntrantID(s.Receipt.ID))
	for _, d := range s.Draws {
		a.standing(c, d)
		if d.State == verify.StateVoid {
			a.printf("draw %d: it is not held, and nobody is told that they have won. You need do nothing; keep the receipt: it still shows whether the list has your entry. If you have questions, ask the institution\n", d.N)
		}
	}
	if len(s.Draws) == 0 {
		a.printf("the campaign has no draw: nothing is listed\n")
	}
	proven := true
	for i := range c.Outcome.Draws {
		d := &c.Outcome.Draws[i]
		switch {
		case d.State == verify.StateDrawn && !custodian.Proven(d):
			proven = false
			a.printf("draw %d was computed correctly but is not proven; see fairlot verify\n", d.N)
		case d.Voiding != "":
			proven = false
			a.printf("draw %d was declared void (%s); until enough custodians have confirmed that it is not\n", d.N, d.Voiding)
		case d.Missed != "" && d.State != verify.StateDrawn:
			proven = false
			a.printf("draw %d was declared void (%s), but not confirmed in time: a result is owed; see fairlot verify\n", d.N, d.Missed)
		}
	}
	if !proven {
		return &statusError{status: 3}
	}
	return nil
}

// read reads the file. Of a saved receipt that others can read, as browsers save it, it warns: whoever has it shows it at once that way, and this only looks.
func (cmd *receiptCmd) read(a *app) ([]byte, error) {
	b, err := private.Read(cmd.File, verify.MaxEvidence)
	if !errors.Is(err, private.ErrOpenToOthers) {
		return b, err
	}
	f, e := os.Open(cmd.File)
	if e != nil {
		return nil, err
	}
	defer f.Close()
	open, e := io.ReadAll(io.LimitReader(f, verify.MaxEvidence+1))
	if e != nil {
		return nil, e
	}
	if len(open) > verify.MaxEvidence {
		return nil, fmt.Errorf("read %s: %w", cmd.File, private.ErrTooLong)
	}
	if bytes.HasPrefix(open, savedHead) { // the signed part alone and evidence are no secrets
		a.say("others who use this machine can read %s, and whoever has it can act for you: chmod 600 %s\n", cmd.File, cmd.File)
	}
	return open, nil
}

func receiptError(err error) error {
	switch {
	case errors.Is(err, receipt.ErrNotYours):
		return fmt.Errorf("%w: the file was changed, or put together from two", err)
	case errors.Is(err, receipt.ErrSignature):
		return fmt.Errorf("%w: it is not a receipt of this institution, or it was changed", err)
	case errors.Is(err, verify.ErrOtherCampaign):
		return fmt.Errorf("%w: get the bundle of the campaign that you entered", err)
	case errors.Is(err, receipt.ErrReceipt):
		return fmt.Errorf("%w: give the .txt file that the page saved, whole and as it is", err)
	}
	return err
}

// alone checks what can be checked without a bundle.
func (cmd *receiptCmd) alone(a *app, b []byte) error {
	if cmd.ReceiptKey != "" {
		var r receipt.Receipt
		var err error
		if bytes.HasPrefix(b, savedHead) {
			var saved receipt.Saved
			if saved, err = receipt.ParseSaved(b); err == nil {
				r, err = saved.Check(cmd.ReceiptKey)
			}
		} else {
			r, err = receipt.Verify(cmd.ReceiptKey, b)
		}
		if errors.Is(err, receipt.ErrKey) {
			return &statusError{2, fmt.Errorf("--receipt-key: %w", err)}
		}
		if err != nil {
			return receiptError(err)
		}
		a.printf("the receipt holds\nentry %s\nopen record %s\n", draw.EntrantID(r.ID), draw.Hash(r.Open))
		return nil
	}
	saved, err := receipt.ParseSaved(b)
	if err != nil {
		return fmt.Errorf("%w; a signed receipt without its secret needs --bundle or --receipt-key", err)
	}
	open, id, person, err := noteLines(saved.Note)
	if err != nil {
		return err
	}
	if draw.Secret(saved.S).R().EntrantID(open) != id ||
		saved.Draws != (person != nil) || saved.Draws && draw.PersonOf(saved.Identity, saved.Contact) != *person {
		return receiptError(receipt.ErrNotYours)
	}
	a.printf("the saved receipt belongs together\nentry %s\nopen record %s\n", id, open)
	a.printf("its signature was not checked: give --bundle, or --receipt-key\n")
	return &statusError{status: 3}
}

// noteLines reads a receipt's text without checking its signature.
func noteLines(note []byte) (open draw.Hash, id draw.EntrantID, person *draw.Person, err error) {
	for line := range strings.Lines(string(note)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "":
			return open, id, person, err
		case "open":
			open, err = draw.ParseHash(value)
		case "id":
			id, err = draw.ParseEntrantID(value)
		case "person":
			var h draw.Hash
			h, err = draw.ParseHash(value)
			p := draw.Person(h)
			person = &p
		}
		if err != nil {
			return open, id, person, receipt.ErrReceipt
		}
	}
	return open, id, person, receipt.ErrReceipt
}

func (a *app) standing(c *bundle.Checked, d verify.DrawStanding) {
	if d.State == verify.StateVoid {
		reason := c.Outcome.Draws[d.N-1].Void
		a.printf("draw %d: VOID: nobody has won. The reason given: %s (%s)\n", d.N, cmp.Or(voidWords[reason], "one that this program does not know"), reason)
		if d.Listed {
			a.printf("draw %d: in the list (%s), and nobody is drawn from it\n", d.N, place(c, d))
		}
		return
	}
	switch {
	case d.State == verify.StateOpen || !d.Listed:
		a.printf("draw %d: the entry list is not public yet\n", d.N)
		return
	case d.Won > 0:
		a.printf("draw %d: listed, but not counted (chances 0): it won draw %d, and earlier winners take no part in this one\n", d.N, d.Won)
		return
	case !d.Counted && len(d.Reasons) == 0:
		a.printf("draw %d: listed, but not counted (chances 0), and no reason that the list gives fits this entry: ask the institution\n", d.N)
		return
	case !d.Counted:
		why := strings.Join(d.Reasons, ", ")
		a.printf("draw %d: listed, but not counted (chances 0). The reasons given for such entries: %s\n", d.N, why)
		return
	}
	a.printf("draw %d: in the list (%s), %s\n", d.N, place(c, d), plural(int64(d.Leaf.Chances), "chance", "chances"))
	if d.State != verify.StateDrawn {
		a.printf("draw %d: not drawn yet\n", d.N)
		return
	}
	became := "no prize"
	gone := ""
	for _, r := range c.Outcome.Draws[d.N-1].Replaced {
		if r.Stratum == d.Stratum && int64(r.Vacated) == d.Rank {
			gone = r.Reason
		}
	}
	switch {
	case gone != "":
		became = "had a prize, which went to the next in order: replaced (" + gone + ")"
	case d.Seat > 0:
		became = fmt.Sprintf("PRIZE %d", d.Seat)
		if s := bundle.In("en", c.Titles.Tier[c.Prize(d.N, draw.Line{Stratum: d.Stratum, Seat: d.Seat})]); s != "" {
			became += ": " + s
		}
	case d.Alternate:
		became = "alternate"
	}
	group := ""
	if len(c.Titles.Strata) > 0 {
		group = " in stratum " + c.Titles.Stratum(d.Stratum)
		if own := int(d.Leaf.Stratum); own != d.Stratum {
			group += ", to which stratum " + c.Titles.Stratum(own) + " was joined for being too small,"
		}
	}
	a.printf("draw %d: rank %d of %d%s: %s\n", d.N, d.Rank, d.Of, group, became)
}

// place says where an entry stands in the list, as the site does.
func place(c *bundle.Checked, d verify.DrawStanding) string {
	return fmt.Sprintf("entry %d of %d", d.Index+1, c.Outcome.Draws[d.N-1].Entrants)
}

// evidence writes what proves the fraud, without the secret.
func (cmd *receiptCmd) evidence(c *bundle.Checked, b []byte, cause *verify.Contradiction) error {
	note := b
	if bytes.HasPrefix(b, savedHead) {
		saved, err := receipt.ParseSaved(b)
		if err != nil {
			return err
		}
		note = saved.Note
	}
	newest, _, err := c.Newest()
	if err != nil {
		return err
	}
	if newest, err = ledger.Bare(c.Outcome.Open.Log, newest); err != nil {
		return err
	}
	e := verify.Evidence{Finding: cause.Finding, Draw: cause.Draw, Open: c.Outcome.OpenHash, Close: c.Outcome.Draws[cause.Draw-1].CloseHash, Receipt: note, Checkpoint: newest}
	if strings.HasPrefix(cmd.Bundle, "http://") || strings.HasPrefix(cmd.Bundle, "https://") {
		e.Bundle = cmd.Bundle
	}
	out, err := e.Format()
	if err != nil && e.Bundle != "" { // an address with a password in it, or one that is no line
		e.Bundle = ""
		out, err = e.Format()
	}
	if err != nil {
		return err
	}
	path := cmd.Evidence
	if path == "" {
		path = cmd.File + ".evidence.txt"
	}
	return fmt.Errorf("draw %d: %w. THIS IS PROOF OF FRAUD OR OF A GRAVE FAULT: %s; keep it with the bundle and ask the institution. Anybody can check it: fairlot receipt FILE --bundle BUNDLE", cause.Draw, cause, keep(path, out))
}

// findingWords say what evidence finds.
var findingWords = map[string]string{
	verify.FindingMissing: "does not hold it", verify.FindingPerson: "holds it with another person than was signed",
	verify.FindingStratum: "holds it with another stratum than was signed", verify.FindingChances: "holds it with another number of chances than was signed",
}

// checkEvidence says whether evidence that somebody made is true.
func (cmd *receiptCmd) checkEvidence(a *app, b []byte) error {
	if cmd.Evidence != "" || cmd.ReceiptKey != "" {
		return usage("%s is evidence, and is checked with --bundle alone", cmd.File)
	}
	e, err := verify.ParseEvidence(b)
	if err != nil {
		return err
	}
	if cmd.Bundle == "" {
		from := "the institution serves it at /bundles/ID.tar"
		if e.Bundle != "" {
			from = "it came from " + e.Bundle
		}
		return usage("evidence is checked against the bundle: repeat with --bundle PATH; %s", from)
	}
	c, err := a.check(cmd.Bundle)
	if err != nil {
		return err
	}
	defer c.Files.Close()
	switch err := e.Check(c.Files.Files, c.Outcome, c.Tree); {
	case errors.Is(err, verify.ErrRewritten):
		return fmt.Errorf("%w. THAT IS PROOF OF FRAUD BY ITSELF: keep this file and this bundle; what the evidence says can be checked with a bundle from before", err)
	case errors.Is(err, verify.ErrOlder):
		return fmt.Errorf("%w: use the one that was kept with the evidence, or get the institution's newest", err)
	case err != nil:
		return receiptError(err)
	}
	a.printf("the evidence holds: %s signed this receipt, and the entry list of draw %d, which it closed and logged, %s\n", c.Outcome.Open.Institution, e.Draw, findingWords[e.Finding])
	_, id, _, err := noteLines(e.Receipt)
	a.printf("entry %s\nopen record %s\nclose record %s\n", id, e.Open, e.Close)
	return err
}

// keep writes the evidence and says where it is. Whatever happens to the file, the verdict stands.
func keep(path string, evidence []byte) string {
	err := private.Write(path, evidence)
	if err == nil {
		return "it is written to " + path
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Sprintf("the evidence could not be written (%v): repeat with --evidence FILE", err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() == int64(len(evidence)) {
		if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, evidence) {
			return fmt.Sprintf("it is in %s already, from before", path)
		}
	}
	return fmt.Sprintf("%s exists already and is not overwritten, though it says something else, such as evidence from another bundle: repeat with --evidence FILE to write this too", path)
}
