package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
)

func TestPrintPolicy(t *testing.T) {
	h := newHouse(t)
	text := h.policy.String()
	want := "log " + h.log + "\n"
	for i, n := range []string{"ann", "ben", "cho"} {
		want += "witness " + n + " " + h.cos[i].VKey().String() + "\n"
	}
	want += "group witnesses 2 ann ben cho\nquorum witnesses\n"
	if text != want {
		t.Errorf("policy is\n%swant\n%s", text, want)
	}
	ws := h.policy.Witnesses
	none, err := PrintPolicy(h.log, nil, 0)
	if err != nil || string(none) != "log "+h.log+"\nquorum none\n" {
		t.Errorf("no witness: %q %v", none, err)
	}
	for name, err := range map[string]error{
		"k over n":         second(PrintPolicy(h.log, ws, 4)),
		"k negative":       second(PrintPolicy(h.log, ws, -1)),
		"k without anyone": second(PrintPolicy(h.log, nil, 1)),
		"name twice":       second(PrintPolicy(h.log, []Witness{ws[0], {"ann", ws[1].Key}}, 1)),
		"key twice":        second(PrintPolicy(h.log, []Witness{ws[0], {"eve", ws[0].Key}}, 1)),
		"group's name":     second(PrintPolicy(h.log, []Witness{{"witnesses", ws[0].Key}}, 1)),
		"name none":        second(PrintPolicy(h.log, []Witness{{"none", ws[0].Key}}, 1)),
		"name with space":  second(PrintPolicy(h.log, []Witness{{"a b", ws[0].Key}}, 1)),
	} {
		if !errors.Is(err, ErrPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := PrintPolicy("x", ws, 1); !errors.Is(err, ErrKey) {
		t.Errorf("bad log key: %v", err)
	}
}

func TestParsePolicyRefusals(t *testing.T) {
	h := newHouse(t)
	ann, ben := h.cos[0].VKey().String(), h.cos[1].VKey().String()
	_, logAsWitness := fixedKey(AlgWitness, "other", 9) // the log's key under another name
	_, annRenamed := fixedKey(AlgWitness, "custodian.renamed", 1)
	base := "log " + h.log + "\nwitness a " + ann + "\nwitness b " + ben + "\ngroup g 2 a b\nquorum g\n"
	if _, err := ParsePolicy([]byte(base)); err != nil {
		t.Fatal(err)
	}
	for _, good := range []string{
		"log " + h.log + "\nquorum none\n",
		"log " + h.log + "\nwitness a " + ann + "\nquorum a\n",
		strings.Replace(base, "group g 2 a b\n", "group h 1 a b\ngroup g 2 a h\n", 1),
	} {
		if _, err := ParsePolicy([]byte(good)); err != nil {
			t.Errorf("refused %q: %v", good, err)
		}
	}
	for name, text := range map[string]string{
		"empty":                "",
		"no quorum":            "log " + h.log + "\n",
		"no log":               "quorum none\n",
		"two logs":             "log " + h.log + "\n" + base,
		"log after witness":    "witness a " + ann + "\nlog " + h.log + "\nquorum a\n",
		"witness after group":  strings.Replace(base, "quorum", "witness c "+annRenamed.String()+"\nquorum", 1),
		"line after quorum":    base + "quorum g\n",
		"empty line":           strings.Replace(base, "quorum", "\nquorum", 1),
		"comment":              "# text\n" + base,
		"comment behind":       strings.Replace(base, "quorum g", "quorum g # text", 1),
		"no final LF":          strings.TrimSuffix(base, "\n"),
		"CR":                   strings.ReplaceAll(base, "\n", "\r\n"),
		"two spaces":           strings.Replace(base, "quorum g", "quorum  g", 1),
		"tab":                  strings.Replace(base, "quorum g", "quorum\tg", 1),
		"any":                  strings.Replace(base, "g 2", "g any", 1),
		"all":                  strings.Replace(base, "g 2", "g all", 1),
		"threshold 0":          strings.Replace(base, "g 2", "g 0", 1),
		"threshold over":       strings.Replace(base, "g 2", "g 3", 1),
		"threshold 02":         strings.Replace(base, "g 2", "g 02", 1),
		"threshold +2":         strings.Replace(base, "g 2", "g +2", 1),
		"member twice":         strings.Replace(base, "g 2 a b", "g 2 a a", 1),
		"member unknown":       strings.Replace(base, "g 2 a b", "g 2 a c", 1),
		"member of itself":     strings.Replace(base, "g 2 a b", "g 2 a g", 1),
		"no member":            strings.Replace(base, "g 2 a b", "g 1", 1),
		"quorum unknown":       strings.Replace(base, "quorum g", "quorum x", 1),
		"quorum empty":         strings.Replace(base, "quorum g", "quorum ", 1),
		"name twice":           strings.Replace(base, "witness b", "witness a", 1),
		"group named as one":   strings.NewReplacer("group g", "group a", "quorum g", "quorum a").Replace(base),
		"name upper case":      strings.Replace(base, "witness a", "witness A", 1),
		"name with hyphen":     strings.Replace(base, "witness a", "witness -a", 1),
		"name too long":        strings.Replace(base, "group g 2 a b\nquorum g", "group "+strings.Repeat("g", 65)+" 2 a b\nquorum none", 1),
		"name none":            strings.Replace(base, "group g 2 a b\nquorum g", "group none 2 a b\nquorum none", 1),
		"key twice":            strings.Replace(base, ben, ann, 1),
		"key twice, renamed":   strings.Replace(base, ben, annRenamed.String(), 1),
		"log's key as witness": strings.Replace(base, ben, logAsWitness.String(), 1),
		"witness key for log":  strings.Replace(base, h.log, ann, 1),
		"log key for witness":  strings.Replace(base, ben, h.log, 1),
		"unknown line":         strings.Replace(base, "quorum", "url a b\nquorum", 1),
		"over 64 KiB":          strings.Replace(base, "quorum", strings.Repeat("group g 2 a b\n", 5000)+"quorum", 1),
	} {
		if _, err := ParsePolicy([]byte(text)); !errors.Is(err, ErrPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSatisfiedAsTorchwood(t *testing.T) {
	h := newHouse(t)
	head := "log " + h.log + "\n"
	for i, n := range []string{"a", "b", "c"} {
		head += "witness " + n + " " + h.cos[i].VKey().String() + "\n"
	}
	for _, tail := range []string{"quorum a\n", "group g 1 a b c\nquorum g\n", "group g 2 a b c\nquorum g\n", "group g 3 a b c\nquorum g\n",
		"group g 1 a b\ngroup h 2 g c\nquorum h\n", "group g 2 a b\ngroup h 1 g c\nquorum h\n", "group g 2 a b\nquorum c\n"} {
		ours, err := ParsePolicy([]byte(head + tail))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := torchwood.ParsePolicy([]byte(head + tail))
		if err != nil {
			t.Fatal(err)
		}
		for set := range 8 {
			sigs := []note.Signature{{Name: ours.Log.Name, Hash: ours.Log.Hash}}
			for i, w := range ours.Witnesses {
				if set>>i&1 == 1 {
					sigs = append(sigs, note.Signature{Name: w.Key.Name, Hash: w.Key.Hash})
				}
			}
			got := ours.Satisfied(func(name string) bool { return set>>(name[0]-'a')&1 == 1 })
			if want := theirs.Check(origin, sigs) == nil; got != want {
				t.Errorf("%q with set %03b: %v, torchwood %v", tail, set, got, want)
			}
		}
	}
	none, err := ParsePolicy([]byte(head + "quorum none\n"))
	if err != nil || none.Satisfied(func(string) bool { return true }) {
		t.Errorf("quorum none is satisfied, or: %v", err)
	}
	// A policy whose naive evaluation takes 2^900 steps.
	deep := head + "group x0 1 a b\ngroup y0 1 b c\n"
	for i := range 900 {
		deep += fmt.Sprintf("group x%d 2 x%d y%d\ngroup y%d 2 y%d x%d\n", i+1, i, i, i+1, i, i)
	}
	p, err := ParsePolicy([]byte(deep + "quorum x900\n"))
	if err != nil || !p.Satisfied(func(n string) bool { return n == "b" }) || p.Satisfied(func(n string) bool { return n == "a" }) {
		t.Errorf("deep policy: %v", err)
	}
}

func TestVerifyWitnessed(t *testing.T) {
	h := newHouse(t)
	good := h.cosigned(t, 3, map[int]int64{0: 10, 1: 20})
	w, err := h.policy.Verify(h.tree, good)
	if err != nil || len(w.Cosignatures) != 2 || w.Size != 3 {
		t.Fatalf("%+v %v", w, err)
	}
	b := h.checkpoint(t, 3)
	line, err := Cosign(h.cos[0], h.log, b, time.Unix(10, 0))
	if err != nil {
		t.Fatal(err)
	}
	later, _ := Cosign(h.cos[0], h.log, b, time.Unix(30, 0))
	twice := append(bytes.Clone(b), later+"\n"+line+"\n"...)
	if w, err := h.policy.Verify(h.tree, twice); err != nil || len(w.Cosignatures) != 2 {
		t.Errorf("a witness twice: %+v %v", w, err)
	} else if _, by := h.policy.InTime([]Witnessed{w}, 0, 10); !slices.Equal(by, []string{"ann"}) {
		t.Errorf("the earlier of two times does not count: %v", by)
	}
	stranger := append(bytes.Clone(b), "— x AAAAAAAA\n"...)
	if w, err := h.policy.Verify(h.tree, stranger); err != nil || len(w.Cosignatures) != 0 {
		t.Errorf("unknown key: %+v %v", w, err)
	}
	fork, err := SignCheckpoint(h.signer, origin, 3, Hash{1})
	if err != nil {
		t.Fatal(err)
	}
	root, _ := h.tree.Root(3)
	ahead, err := SignCheckpoint(h.signer, origin, 4, root)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		b    []byte
		want error
	}{
		"fork":                      {fork, ErrFork},
		"covers more":               {ahead, ErrRange},
		"broken cosignature":        {append(bytes.Clone(b), brokenLine(line)...), ErrCosignature},
		"broken behind a good one":  {append(bytes.Clone(b), line+"\n"+brokenLine(line)...), ErrCosignature},
		"cosignature of other text": {append(h.checkpoint(t, 2), line+"\n"...), ErrCosignature},
		"log signature":             {bytes.Replace(good, []byte("\n3\n"), []byte("\n2\n"), 1), ErrLogSignature},
		"empty":                     {nil, ErrCheckpoint},
	} {
		if _, err := h.policy.Verify(h.tree, tc.b); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func TestVerifyUnder(t *testing.T) {
	h := newHouse(t)
	_, other := fixedKey(AlgLog, origin, 8)
	text, err := PrintPolicy(other.String(), h.policy.Witnesses, 2)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	b := h.cosigned(t, 3, map[int]int64{0: 10})
	if w, err := p.VerifyUnder(h.policy.Log, h.tree, b); err != nil || len(w.Cosignatures) != 1 {
		t.Errorf("under the key of open: %+v %v", w, err)
	}
	if _, err := p.Verify(h.tree, b); !errors.Is(err, ErrLogSignature) {
		t.Errorf("under the policy's own key: %v", err)
	}
	if _, err := p.VerifyUnder(h.cos[0].VKey(), h.tree, b); !errors.Is(err, ErrKey) {
		t.Errorf("under a witness key: %v", err)
	}
}

func TestInTime(t *testing.T) {
	h := newHouse(t) // 2 of ann, ben, cho
	var cps []Witnessed
	for _, b := range [][]byte{
		h.cosigned(t, 1, map[int]int64{0: 5, 1: 5, 2: 5}), // before the record
		h.cosigned(t, 2, map[int]int64{0: 100}),
		h.cosigned(t, 3, map[int]int64{0: 300, 1: 200}),
	} {
		w, err := h.policy.Verify(h.tree, b)
		if err != nil {
			t.Fatal(err)
		}
		cps = append(cps, w)
	}
	for _, tc := range []struct {
		index, deadline int64
		met             bool
		by              string
	}{
		{1, 199, false, "ann"}, {1, 200, true, "ann ben"}, {1, 99, false, ""}, {1, math.MaxInt64, true, "ann ben"},
		{0, 5, true, "ann ben cho"}, {0, 4, false, ""}, {2, 299, false, "ben"}, {2, 300, true, "ann ben"},
		{3, 1000, false, ""}, {-1, 1000, false, ""}, {0, -1, false, ""},
	} {
		met, by := h.policy.InTime(cps, tc.index, tc.deadline)
		if met != tc.met || strings.Join(by, " ") != tc.by {
			t.Errorf("index %d by %d: %v %v, want %v %q", tc.index, tc.deadline, met, by, tc.met, tc.by)
		}
	}
	for _, tc := range []struct {
		index, from int64
		met         bool
	}{{1, 200, true}, {1, 201, false}, {0, -9, true}, {0, 301, false}, {2, 100, true}} {
		if met, by := h.policy.Since(cps, tc.index, tc.from); met != tc.met {
			t.Errorf("index %d since %d: %v %v", tc.index, tc.from, met, by)
		}
	}
	if met, by := h.policy.InTime(nil, 0, math.MaxInt64); met || by != nil {
		t.Error("no checkpoint is enough")
	}
}

func FuzzParsePolicy(f *testing.F) {
	h := newHouse(f)
	f.Add([]byte(h.policy.String()))
	f.Add([]byte("log " + h.log + "\nquorum none\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ParsePolicy(b); err == nil {
			if p.String() != string(b) {
				t.Error("two encodings of one policy")
			}
			p.Satisfied(func(string) bool { return true })
		}
	})
}

func FuzzVerifyCheckpoint(f *testing.F) {
	h := newHouse(f)
	f.Add(h.cosigned(f, 3, map[int]int64{0: 10, 1: 20}))
	f.Add(h.checkpoint(f, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if w, err := h.policy.Verify(h.tree, b); err == nil && h.tree.Extends(w.Size, w.Root) != nil {
			t.Error("took a checkpoint of another log")
		}
	})
}

func FuzzParseVKey(f *testing.F) {
	h := newHouse(f)
	f.Add(h.log)
	f.Add(h.cos[0].VKey().String())
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ParseVKey(s); err == nil && k.String() != s {
			t.Error("two encodings of one key")
		}
	})
}

func FuzzReadLog(f *testing.F) {
	b, _ := AppendRecord(nil, []byte("abc"))
	b, _ = AppendRecord(b, []byte("d"))
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		records, err := ReadLog(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteLog(&out, records); err != nil || !bytes.Equal(out.Bytes(), b) {
			t.Errorf("does not come back: %v", err)
		}
	})
}

func FuzzAddCosignature(f *testing.F) {
	h := newHouse(f)
	b := h.checkpoint(f, 3)
	line, _ := Cosign(h.cos[0], h.log, b, time.Unix(10, 0))
	f.Add(line)
	f.Fuzz(func(t *testing.T, s string) {
		out, err := AddCosignature(h.log, b, s, h.policy.VKeys())
		if err == nil {
			if _, err := h.policy.Verify(h.tree, out); err != nil {
				t.Errorf("merged what does not verify: %v", err)
			}
		}
	})
}

func BenchmarkSignCheckpoint(b *testing.B) {
	h := newHouse(b)
	for b.Loop() {
		h.checkpoint(b, 3)
	}
}

func BenchmarkPolicyVerify(b *testing.B) {
	h := newHouse(b)
	cp := h.cosigned(b, 3, map[int]int64{0: 10, 1: 20, 2: 30})
	for b.Loop() {
		if _, err := h.policy.Verify(h.tree, cp); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	t, record := new(Tree), make([]byte, 400)
	for b.Loop() {
		if err := t.Append(record); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPolicyAnd(t *testing.T) {
	_, log, err := GenerateLogKey("log.example.org")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for i := range 5 {
		_, k, err := GenerateCosigner(fmt.Sprintf("w%d.example", i))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	parse := func(text string) *Policy {
		p, err := ParsePolicy([]byte("log " + log + "\n" + text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	inner := parse("witness custodian-1 " + keys[0] + "\nwitness custodian-2 " + keys[1] + "\ngroup witnesses 2 custodian-1 custodian-2\nquorum witnesses\n")
	outer := parse("witness custodian-1 " + keys[2] + "\nwitness b " + keys[3] + "\nwitness c " + keys[4] + "\ngroup witnesses 2 custodian-1 b c\nquorum witnesses\n")
	both, err := inner.And(outer)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"custodian-1", "custodian-2", "outside-custodian-1", "outside-b", "outside-c"}
	for set := range 1 << len(all) {
		signed := map[string]bool{}
		for i, name := range all {
			signed[name] = set>>i&1 == 1
		}
		outside := 0
		for _, name := range all[2:] {
			if signed[name] {
				outside++
			}
		}
		want := signed["custodian-1"] && signed["custodian-2"] && outside >= 2
		if got := both.Satisfied(func(n string) bool { return signed[n] }); got != want {
			t.Errorf("with %v: %v, want %v", signed, got, want)
		}
	}
	single := parse("witness b " + keys[3] + "\nquorum b\n")
	if p, err := inner.And(single); err != nil || p.Quorum() != "all" {
		t.Errorf("one witness outside: %v", err)
	}
	for name, x := range map[string]*Policy{
		"quorum none":   parse("witness b " + keys[3] + "\nquorum none\n"),
		"a common key":  parse("witness b " + keys[0] + "\nquorum b\n"),
		"too long name": parse("witness " + strings.Repeat("a", 60) + " " + keys[3] + "\nquorum " + strings.Repeat("a", 60) + "\n"),
	} {
		if _, err := inner.And(x); !errors.Is(err, ErrPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, log2, err := GenerateLogKey("log.example.org")
	if err != nil {
		t.Fatal(err)
	}
	strange, err := ParsePolicy([]byte("log " + log2 + "\nwitness b " + keys[3] + "\nquorum b\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inner.And(strange); !errors.Is(err, ErrPolicy) {
		t.Errorf("another log: %v", err)
	}
}
