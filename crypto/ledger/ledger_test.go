package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
)

const origin = "log.example.org/fairlot"

// house is a log with three records and three witnesses, its keys fixed.
type house struct {
	signer  note.Signer
	log     string
	records [][]byte
	tree    *Tree
	cos     []*Cosigner
	policy  *Policy
}

func fixedKey(alg byte, name string, b byte) (skey string, k VKey) {
	seed := bytes.Repeat([]byte{b}, 32)
	k = newVKey(name, alg, ed25519.NewKeyFromSeed(seed)[32:])
	return formatSKey(k, seed), k
}

func newHouse(t testing.TB) house {
	t.Helper()
	var h house
	skey, _ := fixedKey(AlgLog, origin, 9)
	signer, k, err := NewLogSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	h.signer, h.log = signer, k.String()
	var ws []Witness
	for i, name := range []string{"ann", "ben", "cho"} {
		skey, k := fixedKey(AlgWitness, "custodian."+name, byte(i+1))
		c, err := NewCosigner(skey)
		if err != nil {
			t.Fatal(err)
		}
		h.cos, ws = append(h.cos, c), append(ws, Witness{name, k})
	}
	for i := range 3 {
		h.records = append(h.records, fmt.Appendf(nil, "record %d\n", i))
	}
	if h.tree, err = NewTree(h.records...); err != nil {
		t.Fatal(err)
	}
	text, err := PrintPolicy(h.log, ws, 2)
	if err != nil {
		t.Fatal(err)
	}
	if h.policy, err = ParsePolicy(text); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h house) checkpoint(t testing.TB, size int64) []byte {
	t.Helper()
	root, err := h.tree.Root(size)
	if err != nil {
		t.Fatal(err)
	}
	b, err := SignCheckpoint(h.signer, origin, size, root)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (h house) cosigned(t testing.TB, size int64, times map[int]int64) []byte {
	t.Helper()
	b := h.checkpoint(t, size)
	for i, sec := range times {
		line, err := Cosign(h.cos[i], h.log, b, time.Unix(sec, 999))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = AddCosignature(h.log, b, line, h.policy.VKeys()); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// naiveRoot is RFC 6962 2.1 as it is written there.
func naiveRoot(records [][]byte) Hash {
	switch len(records) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, records[0]...))
	}
	k := 1
	for 2*k < len(records) {
		k *= 2
	}
	l, r := naiveRoot(records[:k]), naiveRoot(records[k:])
	return sha256.Sum256(slices.Concat([]byte{1}, l[:], r[:]))
}

func TestTree(t *testing.T) {
	var records [][]byte
	tree := new(Tree)
	for i := range 40 {
		records = append(records, []byte{byte(i), 'x'})
		if err := tree.Append(records[i]); err != nil {
			t.Fatal(err)
		}
	}
	last, _ := tree.Root(40)
	for n := range int64(41) {
		root, err := tree.Root(n)
		if err != nil || root != naiveRoot(records[:n]) {
			t.Fatalf("root of %d: %x %v", n, root, err)
		}
		if err := tree.Extends(n, root); err != nil {
			t.Error(err)
		}
		if err := tree.Extends(n, Hash{1}); !errors.Is(err, ErrFork) {
			t.Errorf("Extends another root at %d: %v", n, err)
		}
		if n == 0 {
			continue
		}
		if p, err := tree.Consistency(n, 40); err != nil || CheckConsistency(p, n, root, 40, last) != nil {
			t.Errorf("consistency of %d: %v", n, err)
		} else if err := CheckConsistency(p, n, Hash{1}, 40, last); !errors.Is(err, ErrProof) {
			t.Errorf("consistency of a wrong root: %v", err)
		}
		for i := range n {
			p, err := tree.Inclusion(i, n)
			if err != nil || CheckInclusion(p, n, root, i, records[i]) != nil {
				t.Fatalf("inclusion of %d in %d: %v", i, n, err)
			}
			if err := CheckInclusion(p, n, root, i, []byte("other")); !errors.Is(err, ErrProof) {
				t.Errorf("inclusion of another record: %v", err)
			}
			if err := CheckInclusion(p, n, root, (i+1)%n, records[i]); n > 1 && !errors.Is(err, ErrProof) {
				t.Errorf("inclusion at another place: %v", err)
			}
		}
	}
	for name, err := range map[string]error{
		"root -1":         second(tree.Root(-1)),
		"root 41":         second(tree.Root(41)),
		"extends 41":      tree.Extends(41, last),
		"inclusion 40":    second(tree.Inclusion(40, 40)),
		"inclusion -1":    second(tree.Inclusion(-1, 40)),
		"inclusion in 41": second(tree.Inclusion(0, 41)),
		"consistency 0":   second(tree.Consistency(0, 40)),
		"consistency 9/8": second(tree.Consistency(9, 8)),
		"consistency 41":  second(tree.Consistency(1, 41)),
	} {
		if !errors.Is(err, ErrRange) {
			t.Errorf("%s: %v, want ErrRange", name, err)
		}
	}
	if CheckInclusion(nil, 0, Hash{}, 0, nil) == nil || CheckInclusion(nil, 1, last, -1, nil) == nil || CheckConsistency(nil, 0, Hash{}, 0, Hash{}) == nil {
		t.Error("a proof about nothing verifies")
	}
	before := tree.Size()
	for _, r := range [][]byte{nil, make([]byte, MaxRecord+1)} {
		if err := tree.Append(r); !errors.Is(err, ErrRecordSize) || tree.Size() != before {
			t.Errorf("append of %d bytes: %v", len(r), err)
		}
	}
	if err := tree.Append(make([]byte, MaxRecord)); err != nil {
		t.Errorf("longest record: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestLogBytes(t *testing.T) {
	records := [][]byte{{1}, bytes.Repeat([]byte{2}, MaxRecord), []byte("abc")}
	var buf bytes.Buffer
	if err := WriteLog(&buf, records); err != nil {
		t.Fatal(err)
	}
	b := buf.Bytes()
	if want := "000101" + "8000"; hex.EncodeToString(b[:5]) != want {
		t.Errorf("begins %x, want %s", b[:5], want)
	}
	got, err := ReadLog(iotest.OneByteReader(bytes.NewReader(b)))
	if err != nil || !slices.EqualFunc(got, records, bytes.Equal) {
		t.Fatalf("read back: %v", err)
	}
	if got, err := ReadLog(bytes.NewReader(nil)); err != nil || got != nil {
		t.Errorf("empty log: %v %v", got, err)
	}
	for name, tc := range map[string]struct {
		b    []byte
		want error
	}{
		"half a length":  {b[:4], ErrTruncated},
		"half a record":  {b[:len(b)-1], ErrTruncated},
		"no record":      {[]byte{0, 5}, ErrTruncated},
		"record of 0":    {[]byte{0, 0}, ErrRecordSize},
		"record too big": {append([]byte{0x80, 1}, make([]byte, 40000)...), ErrRecordSize},
	} {
		if got, err := ReadLog(bytes.NewReader(tc.b)); !errors.Is(err, tc.want) || got != nil {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	broken := errors.New("disk")
	r := NewRecordReader(io.MultiReader(bytes.NewReader(b[:3]), iotest.ErrReader(broken)))
	if rec, err := r.Next(); err != nil || len(rec) != 1 {
		t.Error(rec, err)
	}
	for range 2 {
		if _, err := r.Next(); !errors.Is(err, broken) || !strings.Contains(err.Error(), "entry 1") {
			t.Errorf("reader's error: %v", err)
		}
	}
	buf.Reset()
	if err := WriteLog(&buf, [][]byte{{1}, {}}); !errors.Is(err, ErrRecordSize) || buf.Len() != 0 {
		t.Errorf("write of an empty record: %v, %d bytes out", err, buf.Len())
	}
	if out, err := AppendRecord([]byte{7}, nil); !errors.Is(err, ErrRecordSize) || len(out) != 1 {
		t.Error(out, err)
	}
}

func TestKeys(t *testing.T) {
	logSkey, logVkey, err := GenerateLogKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	cosSkey, cosVkey, err := GenerateCosigner("custodian")
	if err != nil {
		t.Fatal(err)
	}
	if _, k, err := NewLogSigner(logSkey); err != nil || k.String() != logVkey || k.Name != origin {
		t.Errorf("log key: %v", err)
	}
	if c, err := NewCosigner(cosSkey); err != nil || c.VKey().String() != cosVkey {
		t.Errorf("cosigner: %v", err)
	}
	if _, err := note.NewVerifier(logVkey); err != nil {
		t.Errorf("note does not take the log key: %v", err)
	}
	if _, err := torchwood.NewCosignatureVerifier(cosVkey); err != nil {
		t.Errorf("torchwood does not take the witness key: %v", err)
	}
	if _, other, _ := GenerateLogKey(origin); other == logVkey {
		t.Error("two fresh keys are the same")
	}
	if _, _, err := NewLogSigner(cosSkey); !errors.Is(err, ErrKey) {
		t.Errorf("witness key as log key: %v", err)
	}
	if _, err := NewCosigner(logSkey); !errors.Is(err, ErrKey) {
		t.Errorf("log key as witness key: %v", err)
	}
	for _, name := range []string{"", "a b", "a+b", "é", "a\n", strings.Repeat("a", 129)} {
		if _, _, err := GenerateCosigner(name); !errors.Is(err, ErrKey) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if _, _, err := GenerateLogKey(strings.Repeat("a", 121)); !errors.Is(err, ErrKey) {
		t.Errorf("origin without room for /receipt: %v", err)
	}
	name, rest, _ := strings.Cut(cosVkey, "+")
	hash, b64, _ := strings.Cut(rest, "+")
	alg9 := newVKey(name, 9, append([]byte{3}, make([]byte, 31)...)).String()
	neutral := newVKey(name, AlgWitness, append([]byte{1}, make([]byte, 31)...)).String() // anybody can sign under it
	trailing := []byte(cosVkey)                                                           // 33 bytes in base64 have no padding, so no spare bits: cut one byte
	for _, bad := range []string{"", name, name + "+" + hash, "x" + cosVkey, name + "+00000000+" + b64, name + "+" + strings.ToUpper(hash) + "z+" + b64,
		cosVkey + "A", cosVkey + "\n", string(trailing[:len(trailing)-4]), alg9, neutral, "é" + cosVkey, cosSkey} {
		if _, err := ParseVKey(bad); !errors.Is(err, ErrKey) {
			t.Errorf("ParseVKey(%q): %v", bad, err)
		}
	}
	for _, bad := range []string{"", cosVkey, cosSkey + "A", cosSkey[:len(cosSkey)-4], strings.Replace(cosSkey, "custodian", "custodiam", 1), strings.ToLower(cosSkey)} {
		if _, err := NewCosigner(bad); !errors.Is(err, ErrKey) {
			t.Errorf("NewCosigner(bad): %v", err)
		}
	}
}

func TestCheckpoint(t *testing.T) {
	h := newHouse(t)
	b, c, err := NextCheckpoint(h.signer, h.records)
	if err != nil || !bytes.Equal(b, h.checkpoint(t, 3)) {
		t.Fatalf("next checkpoint: %v", err)
	}
	root := naiveRoot(h.records)
	if want := fmt.Sprintf("%s\n3\n%s\n", origin, base64.StdEncoding.EncodeToString(root[:])); c.Text() != want || !bytes.HasPrefix(b, []byte(want+"\n— "+origin+" ")) {
		t.Errorf("text is %q", c.Text())
	}
	got, err := VerifyCheckpoint(h.log, b)
	if err != nil || got != c || got.Size != 3 || got.Root != root {
		t.Errorf("verify: %+v %v", got, err)
	}
	if p, err := torchwood.ParsePolicy([]byte("log " + h.log + "\nquorum none\n")); err != nil {
		t.Error(err)
	} else if tc, _, err := torchwood.VerifyCheckpoint(b, p); err != nil || tc.N != 3 {
		t.Errorf("torchwood does not take it: %v", err)
	}
	if empty, c, err := NextCheckpoint(h.signer, nil); err != nil || c.Size != 0 || second(VerifyCheckpoint(h.log, empty)) != nil {
		t.Errorf("empty log: %v", err)
	}
	if _, _, err := NextCheckpoint(h.signer, [][]byte{{}}); !errors.Is(err, ErrRecordSize) {
		t.Errorf("empty record: %v", err)
	}
	if _, err := SignCheckpoint(h.signer, "another", 3, root); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("sign for another origin: %v", err)
	}
	if _, err := SignCheckpoint(h.signer, origin, -1, root); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("sign a negative size: %v", err)
	}

	sign := func(text string) []byte {
		b, err := note.Sign(&note.Note{Text: text}, h.signer)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	_, otherVkey, _ := GenerateLogKey(origin)
	text := c.Text()
	sigLine := string(b[len(text)+1:])
	flipped := bytes.Clone(b)
	flipped[bytes.IndexByte(b, '3')] = '2'
	for name, tc := range map[string]struct {
		vkey string
		b    []byte
		want error
	}{
		"another log's key":      {otherVkey, b, ErrLogSignature},
		"witness key":            {h.cos[0].VKey().String(), b, ErrKey},
		"no key":                 {"", b, ErrKey},
		"changed text":           {h.log, flipped, ErrLogSignature},
		"no signature":           {h.log, []byte(text + "\n"), ErrCheckpoint},
		"text only":              {h.log, []byte(text), ErrCheckpoint},
		"empty":                  {h.log, nil, ErrCheckpoint},
		"no final LF":            {h.log, b[:len(b)-1], ErrCheckpoint},
		"CR":                     {h.log, bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")), ErrCheckpoint},
		"not UTF-8":              {h.log, append(bytes.Clone(b), 0xff, '\n'), ErrCheckpoint},
		"origin is not the name": {h.log, sign("other\n" + strings.SplitN(text, "\n", 2)[1]), ErrCheckpoint},
		"extension line":         {h.log, sign(text + "more\n"), ErrCheckpoint},
		"leading zero":           {h.log, sign(strings.Replace(text, "\n3\n", "\n03\n", 1)), ErrCheckpoint},
		"negative size":          {h.log, sign(strings.Replace(text, "\n3\n", "\n-3\n", 1)), ErrCheckpoint},
		"short root":             {h.log, sign(origin + "\n3\nAAAA\n"), ErrCheckpoint},
		"loose base64":           {h.log, sign(origin + "\n3\n" + strings.Repeat("A", 42) + "B=\n"), ErrCheckpoint},
		"two lines":              {h.log, sign(origin + "\n3\n"), ErrCheckpoint},
		"second log line broken": {h.log, append(bytes.Clone(b), brokenLine(sigLine)...), ErrLogSignature},
		"first log line broken":  {h.log, []byte(text + "\n" + brokenLine(sigLine) + sigLine), ErrLogSignature},
		"over 64 KiB":            {h.log, append(bytes.Clone(b), bytes.Repeat([]byte("— x AAAAAAAA\n"), 5000)...), ErrCheckpoint},
		"loose base64 in a line": {h.log, append(bytes.Clone(b), "— x AAAAAAF=\n"...), ErrCheckpoint},
		"101 signatures":         {h.log, append(bytes.Clone(b), bytes.Repeat([]byte("— x AAAAAAAA\n"), 100)...), ErrCheckpoint},
	} {
		if got, err := VerifyCheckpoint(tc.vkey, tc.b); !errors.Is(err, tc.want) || got != (Checkpoint{}) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

// brokenLine flips a bit of the signature in a signature line.
func brokenLine(line string) string {
	name, b64, _ := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "— "), " ")
	raw, _ := base64.StdEncoding.DecodeString(b64)
	raw[len(raw)-40] ^= 1
	return "— " + name + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
}

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
