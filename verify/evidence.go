package verify

import (
	"bytes"
	_ "embed" // evidence.txt
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/draw"
)

// MaxEvidence is the longest evidence read, in bytes.
const MaxEvidence = receipt.MaxNote + ledger.MaxCheckpoint + 8<<10

var (
	// ErrEvidence means bytes that are not evidence in its one form, or evidence that says something else than what it rests on.
	ErrEvidence = errors.New("malformed or altered evidence")
	// ErrHonoured means evidence of a receipt that the entry list honours: it accuses nobody.
	ErrHonoured = errors.New("the entry list honours this receipt")
	// ErrOlder means a bundle that was made before the evidence.
	ErrOlder = errors.New("the bundle is older than the evidence")
	// ErrRewritten means that the bundle's log does not go on from the tree that the evidence has signed by the same key: proof of
	// fraud by itself.
	ErrRewritten = errors.New("the log was rewritten after the evidence was made")
)

// What evidence can find.
const (
	FindingMissing = "missing" // the entry list does not hold the receipt's entrant
	FindingPerson  = "person"  // it does, with another person,
	FindingStratum = "stratum" // stratum
	FindingChances = "chances" // or number of chances
)

// Contradiction is how an entry list contradicts a signed receipt. It wraps ErrMissing or ErrDiffers.
type Contradiction struct {
	Draw    int
	Finding string
	err     error
}

// Error says what the list and the receipt say.
func (c *Contradiction) Error() string { return c.err.Error() }

// Unwrap is ErrMissing or wraps ErrDiffers.
func (c *Contradiction) Unwrap() error { return c.err }

// EvidenceHead is the first line of evidence, with its LF.
const EvidenceHead = "fairlot/v1 evidence\n"

// evidenceWords say in both languages what the file is and what to do with it. The site reads this file too; it is part of the format.
//
//go:embed evidence.txt
var evidenceWords string

const (
	receiptLine    = "--- receipt\n"
	checkpointLine = "--- checkpoint\n"
)

// Evidence is what an entrant keeps, without their secret, of a signed receipt that an entry list contradicts (docs/FORMATS.md).
// With the bundle it is whole: the checkpoint fixes the log, the close record in it the list. Its text:
//
//	fairlot/v1 evidence
//	finding FINDING
//	draw N
//	open HASH
//	close HASH
//	bundle ADDRESS
//
//	WORDS
//
//	--- receipt
//	NOTE
//
//	--- checkpoint
//	NOTE
type Evidence struct {
	Finding    string
	Draw       int
	Open       draw.Hash
	Close      draw.Hash // of the close record of the draw
	Bundle     string    // address that the bundle came from; "", and no line, for a file
	Receipt    []byte    // the signed receipt, never a saved copy
	Checkpoint []byte    // checkpoint of the bundle's whole log, with the log's signature alone
}

var addressForm = regexp.MustCompile(`^https?://[!-?A-~]{1,1000}$`) // no @, so no password

// Format returns the text; errors wrap ErrEvidence.
func (e Evidence) Format() ([]byte, error) {
	bad := fmt.Errorf("write evidence: %w", ErrEvidence)
	switch e.Finding {
	case FindingMissing, FindingPerson, FindingStratum, FindingChances:
	default:
		return nil, bad
	}
	if e.Draw < 1 || e.Draw > 99 || e.Bundle != "" && !addressForm.MatchString(e.Bundle) ||
		!bytes.HasPrefix(e.Receipt, []byte("fairlot/v1 receipt\n")) || len(e.Receipt) > receipt.MaxNote || len(e.Checkpoint) > ledger.MaxCheckpoint {
		return nil, bad
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%sfinding %s\ndraw %d\nopen %s\nclose %s\n", EvidenceHead, e.Finding, e.Draw, e.Open, e.Close)
	if e.Bundle != "" {
		fmt.Fprintf(&b, "bundle %s\n", e.Bundle)
	}
	fmt.Fprintf(&b, "\n%s\n%s%s\n%s%s", evidenceWords, receiptLine, e.Receipt, checkpointLine, e.Checkpoint)
	return b.Bytes(), nil
}

// ParseEvidence reads evidence; errors wrap ErrEvidence. Whether it is true is for Check to say.
func ParseEvidence(b []byte) (Evidence, error) {
	bad := fmt.Errorf("read evidence: %w", ErrEvidence)
	if len(b) > MaxEvidence {
		return Evidence{}, bad
	}
	head, rest, ok := strings.Cut(string(b), "\n\n")
	lines := strings.Split(head, "\n")
	_, notes, ok2 := strings.Cut(rest, "\n"+receiptLine)
	note, checkpoint, ok3 := strings.Cut(notes, "\n"+checkpointLine)
	if !ok || !ok2 || !ok3 || len(lines) < 5 || len(lines) > 6 {
		return Evidence{}, bad
	}
	e := Evidence{Receipt: []byte(note), Checkpoint: []byte(checkpoint)}
	for i, key := range []string{"finding ", "draw ", "open ", "close ", "bundle "}[:len(lines)-1] {
		value, ok := strings.CutPrefix(lines[i+1], key)
		if !ok {
			return Evidence{}, bad
		}
		var err error
		switch key {
		case "finding ":
			e.Finding = value
		case "draw ":
			e.Draw, err = strconv.Atoi(value)
		case "open ":
			e.Open, err = draw.ParseHash(value)
		case "close ":
			e.Close, err = draw.ParseHash(value)
		case "bundle ":
			e.Bundle = value
		}
		if err != nil {
			return Evidence{}, bad
		}
	}
	if again, err := e.Format(); err != nil || !bytes.Equal(again, b) {
		return Evidence{}, bad
	}
	return e, nil
}

// Check computes the evidence again against a bundle whose outcome is at hand, and tree, the tree of all its records. nil means that it
// is true: the institution signed this receipt, and the list that it closed and logged contradicts it as the evidence says. The bundle
// may be the one that the evidence was made from or a later one. Errors wrap ErrOtherCampaign, ErrEvidence, ErrHonoured, ErrOlder or
// ErrRewritten, or are those of package receipt: a receipt that is not the institution's accuses nobody.
func (e Evidence) Check(files *Files, out *Outcome, tree *ledger.Tree) error {
	if e.Open != out.OpenHash {
		return fmt.Errorf("check evidence: %w", ErrOtherCampaign)
	}
	if _, err := receipt.Verify(out.Open.Receipt, e.Receipt); err != nil {
		return fmt.Errorf("check evidence: %w", err)
	}
	bare, err := ledger.Bare(out.Open.Log, e.Checkpoint)
	if err == nil && !bytes.Equal(bare, e.Checkpoint) {
		err = errors.New("its checkpoint has more signatures than the log's")
	}
	if err != nil {
		return fmt.Errorf("check evidence: %w: %w", ErrEvidence, err)
	}
	at, err := ledger.VerifyCheckpoint(out.Open.Log, bare)
	if err != nil {
		return fmt.Errorf("check evidence: %w: %w", ErrEvidence, err)
	}
	switch err := tree.Extends(at.Size, at.Root); {
	case errors.Is(err, ledger.ErrRange):
		return fmt.Errorf("check evidence: %w: it has %d records of %d", ErrOlder, out.Records, at.Size)
	case errors.Is(err, ledger.ErrFork):
		return fmt.Errorf("check evidence: %w: its first %d records are not the ones that its key signed then", ErrRewritten, at.Size)
	case err != nil:
		return fmt.Errorf("check evidence: %w", err)
	}
	if e.Draw > len(out.Draws) {
		return fmt.Errorf("check evidence: %w: there is no draw %d", ErrEvidence, e.Draw)
	}
	if d := &out.Draws[e.Draw-1]; d.Close == nil || d.CloseHash != e.Close || d.closeIndex >= at.Size {
		return fmt.Errorf("check evidence: %w: its checkpoint covers no such close record of draw %d", ErrEvidence, e.Draw)
	}
	_, err = Receipt(files, out, e.Receipt)
	var c *Contradiction
	switch {
	case err == nil:
		return fmt.Errorf("check evidence: %w", ErrHonoured)
	case !errors.As(err, &c):
		return fmt.Errorf("check evidence: %w", err)
	case c.Draw != e.Draw || c.Finding != e.Finding:
		return fmt.Errorf("check evidence: %w: what is wrong is %s in draw %d", ErrEvidence, c.Finding, c.Draw)
	}
	return nil
}
