package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
)

func TestCosign(t *testing.T) {
	h := newHouse(t)
	b := h.checkpoint(t, 3)
	now := time.Unix(1_800_000_000, 5e8)
	line, err := Cosign(h.cos[0], h.log, b, now)
	if err != nil {
		t.Fatal(err)
	}
	// torchwood's verifier is the other implementation of the same format.
	v, err := torchwood.NewCosignatureVerifier(h.cos[0].VKey().String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(append(bytes.Clone(b), line+"\n"...), note.VerifierList(v))
	if err != nil || len(n.Sigs) != 1 {
		t.Fatalf("torchwood does not take the cosignature: %v", err)
	}
	if ts, err := torchwood.CosignatureTimestamp(n.Sigs[0]); err != nil || ts != now.Unix() {
		t.Errorf("timestamp %d, %v", ts, err)
	}
	// And the other way: a cosignature that torchwood made.
	ts, err := torchwood.NewCosignatureSigner("custodian.ann", h.cos[0].priv)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := note.Sign(&note.Note{Text: n.Text}, ts)
	if err != nil {
		t.Fatal(err)
	}
	theirLine := string(theirs[len(n.Text)+1:])
	if _, err := AddCosignature(h.log, b, theirLine, h.policy.VKeys()); err != nil {
		t.Errorf("torchwood's cosignature refused: %v", err)
	}

	flipped := bytes.Replace(b, []byte("\n3\n"), []byte("\n2\n"), 1)
	if _, err := Cosign(h.cos[0], h.log, flipped, now); !errors.Is(err, ErrLogSignature) {
		t.Errorf("cosign what the log did not sign: %v", err)
	}
	if _, err := Cosign(h.cos[0], h.log, b, time.Unix(-1, 0)); err == nil {
		t.Error("cosign before 1970")
	}
}

func TestAddCosignature(t *testing.T) {
	h := newHouse(t)
	b, allowed := h.checkpoint(t, 3), h.policy.VKeys()
	sign := func(i int, cp []byte, sec int64) string {
		line, err := Cosign(h.cos[i], h.log, cp, time.Unix(sec, 0))
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	lines := []string{sign(0, b, 100), sign(1, b, 90), sign(2, b, 110), sign(0, b, 80), sign(1, b, 95)}
	var want []byte
	for _, order := range [][]int{{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {3, 0, 1, 4, 2}, {2, 2, 4, 0, 1, 3, 3}} {
		got := b
		for _, i := range order {
			var err error
			if got, err = AddCosignature(h.log, got, lines[i]+strings.Repeat("\n", i%2), allowed); err != nil {
				t.Fatal(err)
			}
		}
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("order %v gives other bytes", order)
		}
	}
	w, err := h.policy.Verify(h.tree, want)
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]uint64{}
	for _, c := range w.Cosignatures {
		times[c.Witness] = c.Time
	}
	if len(w.Cosignatures) != 3 || times["ann"] != 80 || times["ben"] != 90 || times["cho"] != 110 {
		t.Errorf("merged cosignatures: %+v", w.Cosignatures)
	}

	outsider, _ := fixedKey(AlgWitness, "outsider", 77)
	out, err := NewCosigner(outsider)
	if err != nil {
		t.Fatal(err)
	}
	outLine, _ := Cosign(out, h.log, b, time.Unix(1, 0))
	posing, _ := fixedKey(AlgWitness, "custodian.ann", 78)
	pose, err := NewCosigner(posing)
	if err != nil {
		t.Fatal(err)
	}
	poseLine, _ := Cosign(pose, h.log, b, time.Unix(1, 0))
	moved := sign(0, b, 100)
	raw, _ := base64.StdEncoding.DecodeString(strings.Fields(moved)[2])
	raw[11]-- // its time, one second earlier
	backdated := "— custodian.ann " + base64.StdEncoding.EncodeToString(raw)
	for name, tc := range map[string]struct {
		cp      []byte
		line    string
		allowed []string
		want    error
	}{
		"unknown key":             {b, outLine, allowed, ErrUnknownKey},
		"known name, other key":   {b, poseLine, allowed, ErrUnknownKey},
		"nobody allowed":          {b, lines[0], nil, ErrUnknownKey},
		"the log itself":          {b, string(b[bytes.Index(b, []byte("— ")):]), allowed, ErrUnknownKey},
		"other checkpoint":        {h.checkpoint(t, 2), lines[0], allowed, ErrCosignature},
		"flipped bit":             {b, brokenLine(lines[0]), allowed, ErrCosignature},
		"time changed":            {b, backdated, allowed, ErrCosignature},
		"plain signature":         {b, "— custodian.ann " + base64.StdEncoding.EncodeToString(append(raw[:4:4], raw[12:]...)), allowed, ErrCosignature},
		"no line":                 {b, "", allowed, ErrCosignature},
		"two lines":               {b, lines[0] + "\n" + lines[1], allowed, ErrCosignature},
		"hyphen for the dash":     {b, strings.Replace(lines[0], "—", "-", 1), allowed, ErrCosignature},
		"unsigned checkpoint":     {bytes.Replace(b, []byte("\n3\n"), []byte("\n2\n"), 1), lines[0], allowed, ErrLogSignature},
		"malformed allowed key":   {b, lines[0], []string{"x"}, ErrKey},
		"log key among allowed":   {b, lines[0], []string{h.log}, ErrKey},
		"broken line stood there": {append(bytes.Clone(b), brokenLine(lines[1])...), lines[0], allowed, ErrCosignature},
	} {
		if got, err := AddCosignature(h.log, tc.cp, tc.line, tc.allowed); !errors.Is(err, tc.want) || got != nil {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	if _, err := AddCosignature(allowed[0], b, lines[0], allowed); !errors.Is(err, ErrKey) {
		t.Errorf("witness key for the log's: %v", err)
	}
	kept, err := AddCosignature(h.log, append(bytes.Clone(b), outLine+"\n"...), lines[0], allowed)
	if err != nil || !bytes.HasSuffix(kept, []byte(lines[0]+"\n"+outLine+"\n")) {
		t.Errorf("a line by an unknown key was not kept at the end: %v", err)
	}
}

func ExamplePolicy_InTime() {
	skey, vkey, _ := GenerateLogKey("log.example.org")
	signer, _, _ := NewLogSigner(skey)
	witnessSkey, witnessVkey, _ := GenerateCosigner("archive.example.org")
	witness, _ := NewCosigner(witnessSkey)
	key, _ := ParseVKey(witnessVkey)
	text, _ := PrintPolicy(vkey, []Witness{{"archive", key}}, 1)
	policy, _ := ParsePolicy(text)

	records := [][]byte{[]byte("first\n"), []byte("second\n")}
	checkpoint, _, _ := NextCheckpoint(signer, records)
	line, _ := Cosign(witness, vkey, checkpoint, time.Unix(1000, 0))
	checkpoint, _ = AddCosignature(vkey, checkpoint, line, policy.VKeys())

	tree, _ := NewTree(records...)
	w, err := policy.Verify(tree, checkpoint)
	fmt.Println(w.Size, err)
	fmt.Println(policy.InTime([]Witnessed{w}, 1, 1000))
	fmt.Println(policy.InTime([]Witnessed{w}, 1, 999))
	// Output:
	// 2 <nil>
	// true [archive]
	// false []
}

// TestStatementIsNoCosignature: the cosigning key signs a key statement and nothing else of its caller's choice, and neither kind of signature passes for the other.
func TestStatementIsNoCosignature(t *testing.T) {
	skey, vkey, err := GenerateCosigner("c.example")
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCosigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	k, _ := ParseVKey(vkey)
	text := []byte("fairlot/v1 key statement\nkeys 00\n")
	sig, err := c.SignStatement(text)
	if err != nil || !k.VerifyStatement(text, sig) {
		t.Fatal("a statement does not verify", err)
	}
	if k.VerifyStatement(append(text, '\n'), sig) || k.VerifyStatement(text, sig[:63]) || (VKey{Alg: AlgLog, Key: k.Key}).VerifyStatement(text, sig) {
		t.Error("another text, a cut signature or a log's key verifies")
	}
	checkpoint := cosignedText(1, "example.org/draws\n1\nAAAA\n")
	if _, err := c.SignStatement(checkpoint); err == nil {
		t.Error("a checkpoint was signed as a statement")
	}
	if k.VerifyStatement(checkpoint, ed25519.Sign(c.priv, checkpoint)) {
		t.Error("a cosignature passes for a statement")
	}
}
