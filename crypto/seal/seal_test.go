package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
)

var place = Place{Open: [32]byte{1}, Epoch: 7, ID: [16]byte{2}}

func TestResponse(t *testing.T) {
	key := Key{9}
	const size = 300
	for _, body := range [][]byte{nil, []byte("q1=a\n"), bytes.Repeat([]byte{'x'}, size)} {
		r := Response{Secret: [32]byte{3}, Consent: 0x8001, Body: body}
		sealed, err := SealResponse(key, place, r, size)
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) != 66+size {
			t.Errorf("a body of %d bytes gives %d sealed bytes, want %d", len(body), len(sealed), 66+size)
		}
		got, err := OpenResponse(key, place, sealed, size)
		if err != nil || got.Secret != r.Secret || got.Consent != r.Consent || !bytes.Equal(got.Body, body) {
			t.Errorf("opened %+v, %v", got, err)
		}
		for i := range sealed {
			sealed[i] ^= 1
			if _, err := OpenResponse(key, place, sealed, size); !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d changed: %v", i, err)
			}
			sealed[i] ^= 1
		}
		for name, p := range map[string]Place{
			"open":  {Open: [32]byte{2}, Epoch: 7, ID: place.ID},
			"epoch": {Open: place.Open, Epoch: 8, ID: place.ID},
			"id":    {Open: place.Open, Epoch: 7, ID: [16]byte{3}},
		} {
			if _, err := OpenResponse(key, p, sealed, size); !errors.Is(err, ErrDamaged) {
				t.Errorf("moved to another %s: %v", name, err)
			}
		}
		if _, err := OpenResponse(Key{8}, place, sealed, size); !errors.Is(err, ErrDamaged) {
			t.Errorf("another key: %v", err)
		}
		for _, n := range []int{0, size - 1, size + 1, MaxResponse + 1} {
			if _, err := OpenResponse(key, place, sealed, n); !errors.Is(err, ErrSize) {
				t.Errorf("size %d: %v", n, err)
			}
		}
	}
	if _, err := SealResponse(key, place, Response{Body: make([]byte, size+1)}, size); !errors.Is(err, ErrSize) {
		t.Errorf("a body over the size: %v", err)
	}
}

// The layout is that of FORMATS.md, by its own numbers and the standard
// library; a wrong length or padding inside is refused though it authenticates.
func TestResponseBytes(t *testing.T) {
	key := Key{9}
	block, _ := aes.NewCipher(key[:])
	aead, _ := cipher.NewGCM(block)
	ad := make([]byte, 52)
	ad[0], ad[35], ad[36] = 1, 7, 2

	sealed, err := SealResponse(key, place, Response{Secret: [32]byte{3}, Consent: 0x0102, Body: []byte("ab")}, 10)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := aead.Open(nil, sealed[:12], sealed[12:], ad)
	if err != nil {
		t.Fatal(err)
	}
	want := append(append([]byte{3}, make([]byte, 31)...), 1, 2, 0, 0, 0, 2, 'a', 'b', 0, 0, 0, 0, 0, 0, 0, 0)
	if !bytes.Equal(plain, want) {
		t.Errorf("plaintext %x, want %x", plain, want)
	}
	for at, v := range map[int]byte{34: 0xff, 37: 11, 36: 1, 47: 1} {
		bad := bytes.Clone(plain)
		bad[at] = v
		if _, err := OpenResponse(key, place, aead.Seal(bytes.Clone(sealed[:12]), sealed[:12], bad, ad), 10); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d = %d: %v", at, v, err)
		}
	}
}

func TestRetryMAC(t *testing.T) {
	key, body := Key{9}, [32]byte{5}
	m := hmac.New(sha256.New, key[:])
	fmt.Fprintf(m, "fairlot/v1 retry\n%s\x00\x00\x00\x07%s%s", place.Open[:], place.ID[:], body[:])
	got := RetryMAC(key, place, body)
	if !hmac.Equal(got[:], m.Sum(nil)) {
		t.Error("not the bytes of FORMATS.md")
	}
	other := place
	other.Epoch++
	if got == RetryMAC(key, other, body) || got == RetryMAC(key, place, [32]byte{6}) || got == RetryMAC(Key{8}, place, body) {
		t.Error("epoch, body and key do not all count")
	}
}

var (
	idText      = []byte("name 王小明\nid-type citizen\nid-number A123456789\n")
	contactText = []byte("lang zh\nphone 0912345678\n")
	openings    = NewOpenings([32]byte{4}, idText, contactText)
	head        = Head{Open: [32]byte{1}, Campaign: [16]byte{2}, ID: [16]byte{3}, Kind: Identity, Threshold: 2, Total: 3}
)

// The openings are those of SPEC.md section 4, spelled out.
func TestOpenings(t *testing.T) {
	sum := func(parts ...string) string {
		h := sha256.Sum256([]byte(strings.Join(parts, "")))
		return string(h[:])
	}
	r := string(append([]byte{4}, make([]byte, 31)...))
	ki, kc := sum("fairlot/v1 identity\n", r), sum("fairlot/v1 contact\n", r)
	ci, cc := sum(ki, sum(string(idText))), sum(kc, sum(string(contactText)))
	p := openings.Person()
	if string(p[:]) != sum("fairlot/v1 person\n", ci, cc) || string(openings.KI[:]) != ki || string(openings.KC[:]) != kc {
		t.Error("not the bytes of SPEC.md")
	}
	if !openings.Fit(idText, contactText) || openings.Fit(idText, nil) || openings.Fit(contactText, contactText) {
		t.Error("Fit does not tell texts apart")
	}
}

func TestEnvelope(t *testing.T) {
	for _, kind := range []Kind{Identity, Contact} {
		h, text := head, idText
		h.Kind = kind
		if kind == Contact {
			text = contactText
		}
		file, key, err := SealEnvelope(h, text, openings, true)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(file, []byte("age-encryption.org/v1\n-> fairlot-split 2 3\n\n--- ")) {
			t.Errorf("header %q", file[:60])
		}
		got, o, err := OpenEnvelope(file, key, h, openings.Person())
		if err != nil || !bytes.Equal(got, text) || o.Person() != openings.Person() {
			t.Fatalf("opened %q, %v", got, err)
		}

		mismatch := func(name string, change func(*Head)) {
			t.Helper()
			w := h
			change(&w)
			var m *MismatchError
			if text, _, err := OpenEnvelope(file, key, w, openings.Person()); !errors.As(err, &m) || m.Field != name || text != nil {
				t.Errorf("another %s: %q, %v", name, text, err)
			}
		}
		mismatch("open record", func(h *Head) { h.Open[0]++ })
		mismatch("campaign", func(h *Head) { h.Campaign[0]++ })
		mismatch("id", func(h *Head) { h.ID[0]++ })
		mismatch("kind", func(h *Head) { h.Kind = 3 - h.Kind })
		mismatch("threshold", func(h *Head) { h.Threshold = 1 })
		mismatch("kind or threshold", func(h *Head) { h.Kind = 0 })

		person := openings.Person()
		person[0]++
		if _, _, err := OpenEnvelope(file, key, h, person); !errors.Is(err, ErrPerson) {
			t.Errorf("another person: %v", err)
		}
		if _, _, err := OpenEnvelope(file, FileKey{1}, h, openings.Person()); !errors.Is(err, ErrDamaged) {
			t.Errorf("another key: %v", err)
		}
		if _, _, err := OpenEnvelope(make([]byte, MaxEnvelope+1), key, h, person); !errors.Is(err, ErrSize) {
			t.Errorf("too long: %v", err)
		}
		relabelled := bytes.Replace(file, []byte("split 2 3"), []byte("split 1 3"), 1)
		w := h
		w.Threshold = 1
		if _, _, err := OpenEnvelope(relabelled, key, w, openings.Person()); !errors.Is(err, ErrDamaged) {
			t.Errorf("relabelled stanza: %v", err)
		}
		for i := range file {
			bad := bytes.Clone(file)
			bad[i] ^= 1
			if _, _, err := OpenEnvelope(bad, key, h, openings.Person()); err == nil {
				t.Fatalf("byte %d changed and still opened", i)
			}
			if _, _, err := OpenEnvelope(file[:i], key, h, openings.Person()); err == nil {
				t.Fatalf("cut at %d and still opened", i)
			}
		}
	}
}

// A sound envelope around another text than the entrant's is refused: this is
// what an operator could seal to claim a prize for a friend.
func TestEnvelopeOfAnotherText(t *testing.T) {
	friend := []byte("name 別人\n")
	file, key, err := SealEnvelope(head, friend, openings, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenEnvelope(file, key, head, openings.Person()); !errors.Is(err, ErrPerson) {
		t.Errorf("another text: %v", err)
	}
	both := NewOpenings([32]byte{4}, friend, contactText)
	if file, key, err = SealEnvelope(head, friend, both, true); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenEnvelope(file, key, head, openings.Person()); !errors.Is(err, ErrPerson) {
		t.Errorf("another text with its own openings: %v", err)
	}
}

// A size tells the padding step and nothing else.
func TestEnvelopeSizes(t *testing.T) {
	sizes := map[int]int{}
	for n := 1; n <= MaxText; n++ {
		text := append(bytes.Repeat([]byte{'x'}, n-1), '\n')
		o := NewOpenings([32]byte{4}, text, contactText)
		file, key, err := SealEnvelope(head, text, o, n%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		if n%97 == 0 || n == MaxText || (327+n)%Step < 2 {
			if got, _, err := OpenEnvelope(file, key, head, o.Person()); err != nil || !bytes.Equal(got, text) {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
		sizes[len(file)]++
		if len(file) > MaxEnvelope {
			t.Fatalf("%d bytes", len(file))
		}
	}
	if len(sizes) != 5 {
		t.Errorf("sizes %v, want five steps", sizes)
	}
	other := head
	other.Kind, other.Threshold, other.Total = Contact, 5, 9
	a, _, _ := SealEnvelope(head, idText, openings, true)
	b, _, _ := SealEnvelope(other, contactText, openings, false)
	if len(a) != len(b) {
		t.Errorf("kind or threshold shows: %d and %d bytes", len(a), len(b))
	}
	for _, bad := range []string{"", "no end", "a\r\n", "tab\t\n", "\x00\n", "\x7f\n", "\xff\n"} {
		if _, _, err := SealEnvelope(head, []byte(bad), openings, true); !errors.Is(err, ErrText) && !errors.Is(err, ErrSize) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, _, err := SealEnvelope(head, append(make([]byte, MaxText), '\n'), openings, true); !errors.Is(err, ErrSize) {
		t.Errorf("too long: %v", err)
	}
}

// One encoding: whatever parses prints back to the same bytes.
func FuzzParsePayload(f *testing.F) {
	f.Add(head.payload(openings.KI, openings.CC, idText))
	f.Add([]byte("fairlot/v1 envelope\n\n\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		if h, o, c, text, ok := parsePayload(p); ok && !bytes.Equal(h.payload(o, c, text), p) {
			t.Fatal("two encodings")
		}
	})
}

func BenchmarkSealResponse(b *testing.B) {
	for b.Loop() {
		if _, err := SealResponse(Key{1}, place, Response{Body: make([]byte, 500)}, 4096); err != nil {
			b.Fatal(err)
		}
	}
}
