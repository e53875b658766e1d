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
