package receipt

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

const origin = "log.example.org/fairlot"

// keys makes a key pair of any name, also names that GenerateKey refuses.
func keys(t testing.TB, name string, seed int64) (note.Signer, string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.New(rand.NewSource(seed)), name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return s, vkey
}

func fill[T [16]byte | [32]byte](b byte) (out T) {
	for i := range len(out) {
		out[i] = b
	}
	return out
}

// saved returns a copy that checks, and the receipt in it.
func saved(t testing.TB, signer note.Signer, draws bool, chances uint16) (Saved, Receipt) {
	t.Helper()
	s := Saved{S: fill[[32]byte](0x11), Draws: draws}
	r := Receipt{Open: fill[[32]byte](0xaa)}
	secret := hash("fairlot/v1 r\n", s.S[:])
	id := hash("fairlot/v1 id\n", r.Open[:], secret[:])
	r.ID = [16]byte(id[:16])
	if draws {
		s.Identity, s.Contact = fill[[32]byte](0x22), fill[[32]byte](0x33)
		r.Person = hash("fairlot/v1 person\n", s.Identity[:], s.Contact[:])
		r.Stratum, r.Chances = 2, chances
	}
	var err error
	if s.Note, err = Sign(signer, r); err != nil {
		t.Fatal(err)
	}
	return s, r
}

func TestReceiptText(t *testing.T) {
	signer, vkey := keys(t, origin+"/receipt", 1)
	a32, id := strings.Repeat("aa", 32), strings.Repeat("bb", 16)
	full := Receipt{fill[[32]byte](0xaa), fill[[16]byte](0xbb), fill[[32]byte](0xcc), 1, 1000}
	for _, tc := range []struct {
		r    Receipt
		text string
	}{
		{full, "fairlot/v1 receipt\nopen " + a32 + "\nid " + id + "\nperson " + strings.Repeat("cc", 32) + "\nstratum 1\nchances 1000\n"},
		{Receipt{full.Open, full.ID, full.Person, 1000, 0}, "fairlot/v1 receipt\nopen " + a32 + "\nid " + id + "\nperson " + strings.Repeat("cc", 32) + "\nstratum 1000\n"},
		{Receipt{Open: full.Open, ID: full.ID}, "fairlot/v1 receipt\nopen " + a32 + "\nid " + id + "\n"},
	} {
		b, err := Sign(signer, tc.r)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(b, []byte(tc.text+"\n— "+origin+"/receipt ")) {
			t.Errorf("note is\n%s", b)
		}
		if got, err := Verify(vkey, b); err != nil || got != tc.r {
			t.Errorf("verify: %+v %v", got, err)
		}
		if again, _ := Sign(signer, tc.r); !bytes.Equal(again, b) {
			t.Error("the same receipt gives other bytes")
		}
	}
	for name, r := range map[string]Receipt{
		"stratum over":           {full.Open, full.ID, full.Person, 1001, 1},
		"chances over":           {full.Open, full.ID, full.Person, 1, 1001},
		"person alone":           {full.Open, full.ID, full.Person, 0, 0},
		"chances alone":          {full.Open, full.ID, [32]byte{}, 0, 1},
		"stratum without person": {full.Open, full.ID, [32]byte{}, 1, 1},
	} {
		if b, err := Sign(signer, r); !errors.Is(err, ErrReceipt) || b != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	logSigner, _ := keys(t, origin, 1)
	if _, err := Sign(logSigner, full); !errors.Is(err, ErrKey) {
		t.Errorf("sign with the log's key: %v", err)
	}
}

func TestVerifyRefusals(t *testing.T) {
	signer, vkey := keys(t, origin+"/receipt", 1)
	other, otherVkey := keys(t, origin+"/receipt", 2)
	_, logVkey := keys(t, origin, 1)
	s, r := saved(t, signer, true, 3)
	b := s.Note
	text, _ := r.Text()
	sign := func(old, new string) []byte {
		changed := strings.Replace(text, old, new, 1)
		if changed == text {
			t.Fatalf("%q does not stand in the receipt", old)
		}
		out, err := note.Sign(&note.Note{Text: changed}, signer)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	two, err := note.Sign(&note.Note{Text: text}, signer, other)
	if err != nil {
		t.Fatal(err)
	}
	sigLine := string(b[len(text)+1:])
	raw, _ := base64.StdEncoding.DecodeString(strings.Fields(sigLine)[2])
	raw[20] ^= 1
	flipped := text + "\n— " + origin + "/receipt " + base64.StdEncoding.EncodeToString(raw) + "\n"
	loose := []byte(b) // 68 bytes end in "=": spare bits can be set
	eq := bytes.LastIndexByte(loose, '=')
	looseBits := bytes.Clone(loose)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	looseBits[eq-1] = alphabet[strings.IndexByte(alphabet, loose[eq-1])^1]
	personLine := "person " + hex.EncodeToString(r.Person[:]) + "\n"

	for name, tc := range map[string]struct {
		vkey string
		b    []byte
		want error
	}{
		"another key of that name": {otherVkey, b, ErrSignature},
		"the log's key":            {logVkey, b, ErrKey},
		"no key":                   {"", b, ErrKey},
		"empty":                    {vkey, nil, ErrReceipt},
		"text only":                {vkey, []byte(text), ErrReceipt},
		"no signature":             {vkey, []byte(text + "\n"), ErrReceipt},
		"flipped signature":        {vkey, []byte(flipped), ErrSignature},
		"changed chances":          {vkey, bytes.Replace(b, []byte("chances 3"), []byte("chances 4"), 1), ErrSignature},
		"a second signer":          {vkey, two, ErrSignature},
		"signature line twice":     {vkey, append(bytes.Clone(b), sigLine...), ErrReceipt},
		"loose base64":             {vkey, looseBits, ErrReceipt},
		"something behind":         {vkey, append(bytes.Clone(b), '\n'), ErrReceipt},
		"CR":                       {vkey, bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")), ErrReceipt},
		"over the limit":           {vkey, append(bytes.Clone(b), make([]byte, MaxNote)...), ErrReceipt},
		"another kind":             {vkey, sign("v1 receipt", "v1 close"), ErrReceipt},
		"another version":          {vkey, sign("fairlot/v1", "fairlot/v2"), ErrReceipt},
		"upper-case hex":           {vkey, sign("open aa", "open AA"), ErrReceipt},
		"short hex":                {vkey, sign("open aa", "open "), ErrReceipt},
		"not hex":                  {vkey, sign("open aa", "open zz"), ErrReceipt},
		"no id":                    {vkey, sign("id "+hex.EncodeToString(r.ID[:])+"\n", ""), ErrReceipt},
		"no person":                {vkey, sign(personLine, ""), ErrReceipt},
		"no stratum":               {vkey, sign("stratum 2\n", ""), ErrReceipt},
		"person alone":             {vkey, sign("stratum 2\nchances 3\n", ""), ErrReceipt},
		"order":                    {vkey, sign("stratum 2\nchances 3\n", "chances 3\nstratum 2\n"), ErrReceipt},
		"chances twice":            {vkey, sign("chances 3\n", "chances 3\nchances 3\n"), ErrReceipt},
		"unknown line":             {vkey, sign("chances 3\n", "chances 3\nluck 3\n"), ErrReceipt},
		"unknown line for chances": {vkey, sign("chances 3\n", "luck 3\n"), ErrReceipt},
		"leading zero":             {vkey, sign("stratum 2", "stratum 02"), ErrReceipt},
		"plus":                     {vkey, sign("stratum 2", "stratum +2"), ErrReceipt},
		"stratum 0":                {vkey, sign("stratum 2", "stratum 0"), ErrReceipt},
		"stratum 1001":             {vkey, sign("stratum 2", "stratum 1001"), ErrReceipt},
		"chances 0":                {vkey, sign("chances 3", "chances 0"), ErrReceipt},
		"chances 65537":            {vkey, sign("chances 3", "chances 65537"), ErrReceipt},
		"two spaces":               {vkey, sign("chances 3", "chances  3"), ErrReceipt},
		"trailing space":           {vkey, sign("chances 3", "chances 3 "), ErrReceipt},
		"person of zeros":          {vkey, sign(personLine, "person "+strings.Repeat("0", 64)+"\n"), ErrReceipt},
	} {
		if got, err := Verify(tc.vkey, tc.b); !errors.Is(err, tc.want) || got != (Receipt{}) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func TestSaved(t *testing.T) {
	signer, vkey := keys(t, origin+"/receipt", 1)
	for _, draws := range []bool{true, false} {
		s, r := saved(t, signer, draws, 3)
		b, err := s.Format()
		if err != nil {
			t.Fatal(err)
		}
		head := "fairlot/v1 saved receipt\ns " + strings.Repeat("11", 32) + "\n"
		if draws {
			head += "identity " + strings.Repeat("22", 32) + "\ncontact " + strings.Repeat("33", 32) + "\n"
		}
		if string(b) != head+"\n"+string(s.Note) {
			t.Errorf("saved copy is\n%s", b)
		}
		got, err := ParseSaved(b)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := got.Format(); !bytes.Equal(again, b) {
			t.Error("read and written back it differs")
		}
		if gr, err := got.Check(vkey); err != nil || gr != r {
			t.Errorf("check: %+v %v", gr, err)
		}
		for name, change := range map[string]func(*Saved){
			"other s":             func(s *Saved) { s.S[0] ^= 1 },
			"other identity":      func(s *Saved) { s.Draws = true; s.Identity[31] ^= 1 },
			"other contact":       func(s *Saved) { s.Draws = true; s.Contact[0] ^= 1 },
			"commitments swapped": func(s *Saved) { s.Draws = true; s.Identity, s.Contact = s.Contact, fill[[32]byte](0x22) },
			"draws turned":        func(s *Saved) { s.Draws = !s.Draws },
		} {
			c := got
			change(&c)
			if _, err := c.Check(vkey); !errors.Is(err, ErrNotYours) {
				t.Errorf("%s: %v", name, err)
			}
		}
		c := got
		c.Note = bytes.Replace(c.Note, []byte("open aa"), []byte("open ab"), 1)
		if _, err := c.Check(vkey); !errors.Is(err, ErrSignature) {
			t.Errorf("changed note: %v", err)
		}
	}
}

func TestParseSavedRefusals(t *testing.T) {
	signer, _ := keys(t, origin+"/receipt", 1)
	s, _ := saved(t, signer, true, 3)
	b, _ := s.Format()
	rep := func(old, new string) []byte {
		out := strings.Replace(string(b), old, new, 1)
		if out == string(b) {
			t.Fatalf("%q does not stand in it", old)
		}
		return []byte(out)
	}
	contact := "contact " + strings.Repeat("33", 32) + "\n"
	for name, b := range map[string][]byte{
		"empty":          nil,
		"receipt alone":  s.Note,
		"head alone":     b[:len(b)-len(s.Note)],
		"first line":     rep("saved receipt", "kept receipt"),
		"no s":           rep("s "+strings.Repeat("11", 32)+"\n", ""),
		"no contact":     rep(contact, ""),
		"contact twice":  rep(contact, contact+contact),
		"order":          rep("identity", "contact"),
		"upper case":     rep("identity 22", "identity AA"),
		"short":          rep("identity 22", "identity "),
		"not hex":        rep("identity 22", "identity xx"),
		"CR":             rep("\n", "\r\n"),
		"over the limit": append(bytes.Clone(b), make([]byte, MaxSaved)...),
	} {
		if _, err := ParseSaved(b); !errors.Is(err, ErrSaved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, s := range map[string]Saved{
		"no note":                   {S: s.S},
		"commitments without draws": {S: s.S, Identity: s.Identity, Note: s.Note},
		"note too long":             {S: s.S, Note: make([]byte, MaxNote+1)},
	} {
		if b, err := s.Format(); !errors.Is(err, ErrSaved) || b != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGenerateKey(t *testing.T) {
	skey, vkey, err := GenerateKey(origin)
	if err != nil || !strings.HasPrefix(vkey, origin+"/receipt+") {
		t.Fatalf("%s %v", vkey, err)
	}
	signer, err := NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := saved(t, signer, true, 1)
	if _, err := s.Check(vkey); err != nil {
		t.Error(err)
	}
	if _, other, _ := GenerateKey(origin); other == vkey {
		t.Error("two fresh keys are the same")
	}
	for _, o := range []string{"", "a b", "a+b", "é", strings.Repeat("a", 121)} {
		if _, _, err := GenerateKey(o); !errors.Is(err, ErrKey) {
			t.Errorf("origin %q: %v", o, err)
		}
	}
	logSkey, _, _ := note.GenerateKey(rand.New(rand.NewSource(3)), origin)
	for _, k := range []string{"", vkey, logSkey, skey + "A"} {
		if _, err := NewSigner(k); !errors.Is(err, ErrKey) {
			t.Errorf("NewSigner of no receipt key: %v", err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	signer, vkey := keys(f, origin+"/receipt", 1)
	for _, draws := range []bool{true, false} {
		s, _ := saved(f, signer, draws, 3)
		f.Add(s.Note)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := Verify(vkey, b); err == nil {
			if again, err := Sign(signer, r); err != nil || !bytes.Equal(again, b) {
				t.Error("two encodings of one receipt")
			}
		}
	})
}

func FuzzParseText(f *testing.F) {
	r := Receipt{Person: fill[[32]byte](1), Stratum: 1, Chances: 1}
	text, _ := r.Text()
	f.Add(text)
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := parseText(s); err == nil {
			if again, err := r.Text(); err != nil || again != s {
				t.Error("two encodings of one text")
			}
		}
	})
}

func FuzzParseSaved(f *testing.F) {
	signer, _ := keys(f, origin+"/receipt", 1)
	for _, draws := range []bool{true, false} {
		s, _ := saved(f, signer, draws, 3)
		b, _ := s.Format()
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := ParseSaved(b); err == nil {
			if again, err := s.Format(); err != nil || !bytes.Equal(again, b) {
				t.Error("two encodings of one saved copy")
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	signer, vkey := keys(b, origin+"/receipt", 1)
	s, _ := saved(b, signer, true, 3)
	for b.Loop() {
		if _, err := Verify(vkey, s.Note); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	signer, _ := keys(b, origin+"/receipt", 1)
	_, r := saved(b, signer, true, 3)
	for b.Loop() {
		if _, err := Sign(signer, r); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleVerify() {
	skey, vkey, _ := GenerateKey("log.example.org")
	signer, _ := NewSigner(skey)
	signed, err := Sign(signer, Receipt{Open: [32]byte{1}, ID: [16]byte{2}, Person: [32]byte{3}, Stratum: 1, Chances: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := Verify(vkey, signed)
	fmt.Println(r.Stratum, r.Chances, err)
	_, err = Verify(vkey, bytes.Replace(signed, []byte("chances 2"), []byte("chances 9"), 1))
	fmt.Println(err)
	// Output:
	// 1 2 <nil>
	// read receipt: receipt signature is missing or wrong
}
