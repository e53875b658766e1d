package verify_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/verify"
)

// TestEvidence: of each way in which a list contradicts a signed receipt there is evidence that holds, none of it with a byte altered, and none of an honest list.
func TestEvidence(t *testing.T) {
	t.Parallel()
	s := makeScene(t, 40)
	_, files, out, err := runTar(s.tar(t))
	if err != nil {
		t.Fatal(err)
	}
	tree := must[*ledger.Tree](t)(ledger.NewTree(must[[][]byte](t)(ledger.ReadLog(s.parts().Log))...))
	leaf := s.leaves[s.secrets[1].R().EntrantID(s.openHash)]
	honest := receipt.Receipt{Open: s.openHash, ID: leaf.ID, Person: leaf.Person, Stratum: leaf.Stratum, Chances: leaf.Chances}
	bare := must[[]byte](t)(ledger.Bare(s.open.Log, s.parts().Checkpoints[4]))
	of := func(finding string, r receipt.Receipt) verify.Evidence {
		return verify.Evidence{Finding: finding, Draw: 1, Open: s.openHash, Close: s.closeHash, Receipt: s.receipts(r), Checkpoint: bare}
	}
	for finding, change := range map[string]func(*receipt.Receipt){
		verify.FindingMissing: func(r *receipt.Receipt) { r.ID[0] ^= 1 },
		verify.FindingPerson:  func(r *receipt.Receipt) { r.Person[0] ^= 1 },
		verify.FindingStratum: func(r *receipt.Receipt) { r.Stratum = 2 },
		verify.FindingChances: func(r *receipt.Receipt) { r.Chances = 3 },
	} {
		r := honest
		change(&r)
		e := of(finding, r)
		text, err := e.Format()
		if err != nil {
			t.Fatal(err)
		}
		read, err := verify.ParseEvidence(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := read.Check(files, out, tree); err != nil {
			t.Errorf("%s: %v", finding, err)
		}
		for i := range text {
			altered := bytes.Clone(text)
			altered[i] ^= 1
			if x, err := verify.ParseEvidence(altered); err == nil && x.Check(files, out, tree) == nil {
				t.Errorf("%s: byte %d altered, and it holds: %q", finding, i, altered[max(0, i-20):i+1])
			}
		}
		for _, other := range []string{verify.FindingMissing, verify.FindingPerson, verify.FindingStratum, verify.FindingChances} {
			if e.Finding = other; other != finding && !errors.Is(e.Check(files, out, tree), verify.ErrEvidence) {
				t.Errorf("%s passes for %s", finding, other)
			}
		}
	}
	if err := of(verify.FindingMissing, honest).Check(files, out, tree); !errors.Is(err, verify.ErrHonoured) {
		t.Errorf("an honest list: %v", err)
	}

	missing := honest
	missing.ID[0] ^= 1
	cosigned, early, secret, address := of(verify.FindingMissing, missing), of(verify.FindingMissing, missing), of(verify.FindingMissing, missing), of(verify.FindingMissing, missing)
	cosigned.Checkpoint = s.parts().Checkpoints[4]
	early.Checkpoint = must[[]byte](t)(ledger.Bare(s.open.Log, s.parts().Checkpoints[2]))
	if err := early.Check(files, out, tree); err != nil { // it covers the close
		t.Errorf("an earlier checkpoint: %v", err)
	}
	if err := cosigned.Check(files, out, tree); !errors.Is(err, verify.ErrEvidence) {
		t.Errorf("signatures that nobody checks: %v", err)
	}
	short := must[*ledger.Tree](t)(ledger.NewTree(must[[][]byte](t)(ledger.ReadLog(s.parts().Log))[:3]...))
	if err := of(verify.FindingMissing, missing).Check(files, out, short); !errors.Is(err, verify.ErrOlder) {
		t.Errorf("an older bundle: %v", err)
	}
	_, otherFiles, other, err := runTar(makeScene(t, 40).tar(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := of(verify.FindingMissing, missing).Check(otherFiles, other, tree); !errors.Is(err, verify.ErrOtherCampaign) {
		t.Errorf("another campaign: %v", err)
	}
	secret.Receipt = must[[]byte](t)(receipt.Saved{S: s.secrets[1], Draws: true, Note: s.receipts(missing)}.Format())
	if _, err := secret.Format(); !errors.Is(err, verify.ErrEvidence) {
		t.Errorf("a saved copy in evidence: %v", err)
	}
	for _, bad := range []string{"ftp://x/", "https://who:password@library.example/x.tar", "https://x/\nclose 0", "https://x y"} {
		if address.Bundle = bad; must2(address.Format()) == nil {
			t.Errorf("address %q is taken", bad)
		}
	}
}

// TestEvidenceVectors compares with what spec/evidence.py says. Checks that leave something out are caught by the same vectors.
func TestEvidenceVectors(t *testing.T) {
	t.Parallel()
	files, err := verify.Folder(mapFS(byName(t, "strata").Parts))
	if err != nil {
		t.Fatal(err)
	}
	out, err := verify.Bundle(files, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	log, err := files.Open("log.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	size, _ := files.Has("log.bin")
	tree := must[*ledger.Tree](t)(ledger.NewTree(must[[][]byte](t)(ledger.ReadLog(io.NewSectionReader(log, 0, size)))...))
	words := must[[]byte](t)(os.ReadFile("evidence.txt"))
	text := string(must[[]byte](t)(os.ReadFile("testdata/evidence.txt")))
	wants := map[string][]error{
		"holds": {nil}, "honoured": {verify.ErrHonoured}, "altered": {verify.ErrEvidence}, "other": {verify.ErrOtherCampaign}, "older": {verify.ErrOlder},
		"rewritten": {verify.ErrRewritten}, "receipt": {receipt.ErrSignature, receipt.ErrReceipt},
	}
	type vector struct {
		name, expect string
		text         []byte
	}
	var all []vector
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		v := map[string]string{}
		for line := range strings.Lines(part) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			v[key] = value
		}
		b := must[[]byte](t)(hex.DecodeString(strings.Trim(strings.ReplaceAll(v["evidence"], "WORDS", hex.EncodeToString(words)), "-")))
		all = append(all, vector{v["name"], v["expect"], b})
	}
	if len(all) < 30 {
		t.Fatalf("%d vectors, want at least 30", len(all))
	}
	good, err := verify.ParseEvidence(all[0].text)
	if err != nil {
		t.Fatal(err)
	}
	differ := func(forget func(*verify.Evidence)) (which []string) {
		for _, v := range all {
			e, err := verify.ParseEvidence(v.text)
			if err == nil {
				forget(&e)
				err = e.Check(files, out, tree)
			}
			if !slices.ContainsFunc(wants[v.expect], func(want error) bool { return errors.Is(err, want) }) {
				which = append(which, fmt.Sprintf("%s: %v, want %s", v.name, err, v.expect))
			}
		}
		return which
	}
	if which := differ(func(*verify.Evidence) {}); len(which) > 0 {
		t.Errorf("%q", which)
	}
	for what, forget := range map[string]func(*verify.Evidence){
		"checkpoint": func(e *verify.Evidence) { e.Checkpoint = good.Checkpoint }, "close": func(e *verify.Evidence) { e.Close = good.Close },
		"campaign": func(e *verify.Evidence) { e.Open = good.Open }, "receipt": func(e *verify.Evidence) { e.Receipt = good.Receipt }, "draw": func(e *verify.Evidence) { e.Draw = 1 },
		"finding": func(e *verify.Evidence) {
			for _, e.Finding = range []string{verify.FindingMissing, verify.FindingPerson, verify.FindingStratum, verify.FindingChances} {
				if e.Check(files, out, tree) == nil {
					return
				}
			}
		},
	} {
		if len(differ(forget)) == 0 {
			t.Errorf("no vector catches a check that forgets the %s", what)
		}
	}
}

func must2(_ []byte, err error) error { return err }

func FuzzEvidence(f *testing.F) {
	f.Add([]byte(verify.EvidenceHead + "finding missing\n"))
	s := makeScene(f, 4)
	leaf := s.leaves[s.secrets[1].R().EntrantID(s.openHash)]
	text, err := verify.Evidence{Finding: verify.FindingMissing, Draw: 1, Open: s.openHash, Close: s.closeHash, Bundle: "https://library.example/bundles/00.tar",
		Receipt: s.receipts(receipt.Receipt{Open: s.openHash, ID: leaf.ID, Person: leaf.Person, Stratum: 1}), Checkpoint: s.parts().Checkpoints[4]}.Format()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := verify.ParseEvidence(b)
		if err != nil {
			return
		}
		if again, err := e.Format(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q is read and printed as %q, %v", b, again, err)
		}
	})
}
