package custody

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"filippo.io/age"

	"fairlot/crypto/seal"
)

var (
	idText      = []byte("name 王小明\nid-type citizen\nid-number A123456789\n")
	contactText = []byte("lang zh\nphone 0912345678\n")
	openings    = seal.NewOpenings([32]byte{4}, idText, contactText)
)

func newKeys(t testing.TB, n int, classic bool) ([]*Key, Recipients) {
	t.Helper()
	var keys []*Key
	var texts []string
	for range n {
		k, err := NewKey()
		if classic {
			k, err = NewClassicKey()
		}
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
		texts = append(texts, k.Recipient())
	}
	r, err := ParseRecipients(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return keys, r
}

func entrant(to Recipients, k int) Entrant {
	return Entrant{Open: [32]byte{1}, Campaign: [16]byte{2}, ID: [16]byte{3}, Threshold: k, To: to,
		Identity: idText, Contact: contactText, Openings: openings}
}

func headOf(e Entrant, kind seal.Kind) seal.Head {
	return seal.Head{Open: e.Open, Campaign: e.Campaign, ID: e.ID, Kind: kind, Threshold: e.Threshold, Total: e.To.Len()}
}

func mustSeal(t testing.TB, e Entrant) Sealed {
	t.Helper()
	s, err := SealEntrant(e)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mustOpen opens every custodian's lock.
func mustOpen(t testing.TB, keys []*Key, lock [][]byte, h seal.Head) []Share {
	t.Helper()
	var out []Share
	for i, k := range keys {
		s, err := OpenLock(k, lock[i], Want{Head: h, Custodian: i + 1})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	var m *seal.MismatchError
	if !errors.As(err, &m) || m.Field != field {
		t.Errorf("got %v, want a mismatch of %s", err, field)
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Every k of n open both envelopes; no k − 1 do, not even when they lie about
// the threshold.
func TestEverySubset(t *testing.T) {
	for _, kn := range [][2]int{{1, 1}, {1, 2}, {2, 2}, {2, 3}, {3, 3}, {3, 5}, {5, 9}} {
		k, n := kn[0], kn[1]
		keys, to := newKeys(t, n, n > 3)
		e := entrant(to, k)
		s := mustSeal(t, e)
		for _, kind := range []seal.Kind{seal.Identity, seal.Contact} {
			h, file, text := headOf(e, kind), s.Identity, idText
			if kind == seal.Contact {
				file, text = s.Contact, contactText
			}
			shares := mustOpen(t, keys, s.Lock, h)
			for set := range uint(1) << n {
				var some []Share
				for i := range n {
					if set>>i&1 == 1 {
						some = append(some, shares[i])
					}
				}
				switch m := bits.OnesCount(set); {
				case m >= k:
					got, _, err := OpenEntrant(file, some, h, openings.Person())
					if err != nil || !bytes.Equal(got, text) {
						t.Fatalf("%d of %d, set %b: %v", k, n, set, err)
					}
				case m == k-1:
					if _, err := Join(some); !errors.Is(err, ErrTooFew) {
						t.Fatalf("%d of %d, set %b: %v", k, n, set, err)
					}
					for i := range some {
						some[i].Head.Threshold = m
					}
					if m > 0 {
						if _, err := Join(some); !errors.Is(err, ErrShare) {
							t.Fatalf("%d of %d, set %b joins with a lower threshold: %v", k, n, set, err)
						}
					}
				}
			}
		}
	}
}

func TestSplitIsUniform(t *testing.T) {
	a, err := split(seal.FileKey{1}, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := split(seal.FileKey{1}, 2, 3)
	for i := range a {
		if a[i] == b[i] {
			t.Error("two splittings of one key give one share")
		}
	}
	// 1 of n is the key itself, little-endian: the byte order that is frozen.
	c, _ := split(seal.FileKey{0x11, 0x22, 15: 0x33}, 1, 2)
	if c[0] != c[1] || c[0] != (Scalar{0x11, 0x22, 15: 0x33}) {
		t.Errorf("1 of 2: %x", c[0][:])
	}
	// The share is f(i) = key + i·(f(2) − f(1)): a straight line through 0.
	key, err := Join([]Share{{Head: seal.Head{Kind: 1, Threshold: 2, Total: 3}, Custodian: 1, Value: a[0]},
		{Head: seal.Head{Kind: 1, Threshold: 2, Total: 3}, Custodian: 3, Value: a[2]}})
	if err != nil || key != (seal.FileKey{1}) {
		t.Errorf("joined %x, %v", key[:], err)
	}
}

func TestLockRefusals(t *testing.T) {
	keys, to := newKeys(t, 3, false)
	e := entrant(to, 2)
	s := mustSeal(t, e)
	h := headOf(e, seal.Contact)
	open := func(k *Key, file []byte, change func(*Want)) error {
		w := Want{Head: h, Custodian: 1}
		if change != nil {
			change(&w)
		}
		got, err := OpenLock(k, file, w)
		if err != nil && got != (Share{}) {
			t.Error("an error comes with a share")
		}
		return err
	}
	wantErr(t, open(keys[0], s.Lock[0], nil), nil)
	t.Run("relabelled", func(t *testing.T) {
		wantField(t, open(keys[0], s.Lock[0], func(w *Want) { w.Head.ID[0]++ }), "id")
	})
	t.Run("another campaign", func(t *testing.T) {
		wantField(t, open(keys[0], s.Lock[0], func(w *Want) { w.Head.Campaign[0]++ }), "campaign")
	})
	t.Run("another open record", func(t *testing.T) {
		wantField(t, open(keys[0], s.Lock[0], func(w *Want) { w.Head.Open[0]++ }), "open record")
	})
	t.Run("another threshold", func(t *testing.T) {
		wantField(t, open(keys[0], s.Lock[0], func(w *Want) { w.Head.Threshold = 1 }), "threshold")
		wantField(t, open(keys[0], s.Lock[0], func(w *Want) { w.Head.Total = 4 }), "threshold")
	})
	t.Run("no kind", func(t *testing.T) {
		wantField(t, open(keys[0], s.Lock[0], func(w *Want) { w.Head.Kind = 0 }), "kind")
	})
	t.Run("wrong custodian", func(t *testing.T) {
		wantErr(t, open(keys[0], s.Lock[1], nil), ErrWrongKey)
		wantField(t, open(keys[0], s.Lock[0], func(w *Want) { w.Custodian = 2 }), "custodian")
		// A custodian's lock made out for another custodian's number.
		swapped := to
		swapped.list = []age.Recipient{to.list[1], to.list[0], to.list[2]}
		e2 := e
		e2.To = swapped
		wantField(t, open(keys[0], mustSeal(t, e2).Lock[1], nil), "custodian")
	})
	t.Run("spliced header", func(t *testing.T) {
		e2 := e
		e2.ID[0]++
		other := mustSeal(t, e2).Lock[0]
		at := func(b []byte) int { return bytes.Index(b, []byte("\n--- ")) + len("\n--- ") + 44 }
		spliced := append(bytes.Clone(s.Lock[0][:at(s.Lock[0])]), other[at(other):]...)
		wantErr(t, open(keys[0], spliced, nil), seal.ErrDamaged)
	})
	t.Run("changed or cut", func(t *testing.T) {
		for i := 0; i < len(s.Lock[0]); i += 37 {
			bad := bytes.Clone(s.Lock[0])
			bad[i] ^= 1
			if open(keys[0], bad, nil) == nil || open(keys[0], s.Lock[0][:i], nil) == nil {
				t.Fatalf("changed or cut at %d and still opened", i)
			}
		}
		wantErr(t, open(keys[0], make([]byte, MaxLock+1), nil), seal.ErrSize)
	})
	t.Run("absent kind", func(t *testing.T) {
		e2 := e
		e2.Identity, e2.Openings = nil, seal.NewOpenings([32]byte{4}, nil, contactText)
		s2 := mustSeal(t, e2)
		if s2.Identity != nil || s2.Contact == nil {
			t.Error("an absent identity has an envelope")
		}
		if len(s2.Lock[0]) != len(s.Lock[0]) {
			t.Error("the lock's size shows what is absent")
		}
		wantErr(t, open(keys[0], s2.Lock[0], func(w *Want) { w.Head.Kind = seal.Identity }), ErrAbsent)
		shares := mustOpen(t, keys, s2.Lock, h)
		got, _, err := OpenEntrant(s2.Contact, shares, h, e2.Openings.Person())
		if err != nil || !bytes.Equal(got, contactText) {
			t.Errorf("contact alone: %v", err)
		}
	})
	t.Run("payload", func(t *testing.T) {
		good, err := decrypt(s.Lock[0], keys[0])
		if err != nil || len(good) != 148 {
			t.Fatalf("%d bytes, %v", len(good), err)
		}
		if got := fmt.Sprintf("%s%x", good[:16], good[80:84]); got != "fairlot/v1 lock\n01020303" {
			t.Errorf("layout %q", got)
		}
		for name, c := range map[string]struct {
			at   int
			v    byte
			want error
		}{
			"magic": {0, 'F', seal.ErrDamaged}, "nothing held": {83, 0, seal.ErrDamaged},
			"unknown bit": {83, 7, seal.ErrDamaged}, "absent share not zero": {83, 2, seal.ErrDamaged},
			"share over the order": {147, 0xff, ErrShare},
		} {
			bad := bytes.Clone(good)
			bad[c.at] = c.v
			if _, err := parseLock(bad, Want{Head: h, Custodian: 1}); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := parseLock(append(good, 0), Want{Head: h, Custodian: 1}); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("one byte more: %v", err)
		}
	})
}

func TestJoinRefusals(t *testing.T) {
	keys, to := newKeys(t, 3, true)
	e := entrant(to, 2)
	s := mustSeal(t, e)
	h := headOf(e, seal.Identity)
	shares := mustOpen(t, keys, s.Lock, h)
	contact := mustOpen(t, keys, s.Lock, headOf(e, seal.Contact))

	_, err := Join(nil)
	wantErr(t, err, ErrTooFew)
	_, err = Join(shares[:1])
	wantErr(t, err, ErrTooFew)
	_, err = Join([]Share{shares[0], shares[0]})
	wantField(t, err, "custodian")
	_, err = Join([]Share{shares[0], contact[1]})
	wantField(t, err, "kind")
	for i := range 3 {
		bad := append([]Share{}, shares...)
		bad[i].Value[0] ^= 1
		_, err = Join(bad)
		wantErr(t, err, ErrShare)
		if i < 2 {
			// A share moved by a little still joins, to another key: then the
			// envelope refuses. One moved by much does not join.
			_, _, err = OpenEntrant(s.Identity, bad[:2], h, openings.Person())
			wantErr(t, err, seal.ErrDamaged)
			bad[i].Value[20] ^= 1
			_, err = Join(bad[:2])
			wantErr(t, err, ErrShare)
		}
		bad[i].Value[31] = 0xff
		_, err = Join(bad)
		wantErr(t, err, ErrShare)
	}
	// A share under another custodian's number.
	bad := append([]Share{}, shares[:2]...)
	bad[1].Custodian = 3
	_, err = Join(bad)
	wantErr(t, err, ErrShare)
	bad[1].Custodian = 4
	_, err = Join(bad)
	wantField(t, err, "custodian")
	// The shares of one kind relabelled as the other join, and the envelope refuses.
	for i := range contact {
		contact[i].Head.Kind = seal.Identity
	}
	_, _, err = OpenEntrant(s.Identity, contact, h, openings.Person())
	wantErr(t, err, seal.ErrDamaged)
	// A swapped envelope, and shares of another entrant.
	_, _, err = OpenEntrant(s.Contact, shares, h, openings.Person())
	wantErr(t, err, seal.ErrDamaged)
	other := h
	other.ID[0]++
	_, _, err = OpenEntrant(s.Identity, shares, other, openings.Person())
	wantField(t, err, "id")
	_, _, err = OpenEntrant(s.Identity, shares, h, [32]byte{})
	wantErr(t, err, seal.ErrPerson)
}

func TestSealEntrantRefusals(t *testing.T) {
	_, to := newKeys(t, 2, true)
	for name, c := range map[string]struct {
		change func(*Entrant)
		want   error
	}{
		"threshold 0":   {func(e *Entrant) { e.Threshold = 0 }, ErrCount},
		"threshold 3":   {func(e *Entrant) { e.Threshold = 3 }, ErrCount},
		"no custodians": {func(e *Entrant) { e.To = Recipients{} }, ErrCount},
		"nothing":       {func(e *Entrant) { e.Identity, e.Contact = nil, nil }, seal.ErrSize},
		"other text":    {func(e *Entrant) { e.Contact = []byte("phone 1\n") }, seal.ErrPerson},
		"long": {func(e *Entrant) {
			e.Contact = append(bytes.Repeat([]byte{'x'}, seal.MaxText), '\n')
			e.Openings = seal.NewOpenings([32]byte{}, e.Identity, e.Contact)
		}, seal.ErrSize},
		"not text": {func(e *Entrant) {
			e.Identity = []byte("name \x00\n")
			e.Openings = seal.NewOpenings([32]byte{}, e.Identity, e.Contact)
		}, seal.ErrText},
	} {
		e := entrant(to, 2)
		c.change(&e)
		if _, err := SealEntrant(e); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Sizes depend on the kind of key and the padding step only.
func TestSizes(t *testing.T) {
	for _, classic := range []bool{true, false} {
		sizes := map[string]bool{}
		for _, n := range []int{1, 3, 9} {
			_, to := newKeys(t, n, classic)
			e := entrant(to, 1)
			e.Identity = []byte("name " + strings.Repeat("x", 10*n) + "\n")
			e.Openings = seal.NewOpenings([32]byte{byte(n)}, e.Identity, e.Contact)
			s := mustSeal(t, e)
			for _, l := range s.Lock {
				sizes[fmt.Sprint(len(l), len(s.Identity), len(s.Contact))] = true
				if len(l) > MaxLock {
					t.Errorf("lock of %d bytes", len(l))
				}
			}
		}
		if len(sizes) != 1 {
			t.Errorf("classic %v: sizes of lock, identity, contact: %v", classic, sizes)
		}
	}
}

func TestKeys(t *testing.T) {
	pq, _ := NewKey()
	classic, _ := NewClassicKey()
	if !strings.HasPrefix(pq.Recipient(), "age1pq1") || !strings.HasPrefix(pq.Secret(), "AGE-SECRET-KEY-PQ-1") {
		t.Error("the default key is not post-quantum")
	}
	for _, k := range []*Key{pq, classic} {
		got, err := ParseKey(k.File())
		if err != nil || got.Recipient() != k.Recipient() || got.Secret() != k.Secret() {
			t.Errorf("read back: %v", err)
		}
		if s := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(s, "SECRET") {
			t.Error("a printed key shows its secret")
		}
	}
	for _, bad := range []string{"", "# nothing\n", "AGE-SECRET-KEY-1", string(pq.File()) + string(classic.File()),
		"AGE-PLUGIN-YUBIKEY-1QQQ\n", pq.Recipient()} {
		if _, err := ParseKey([]byte(bad)); !errors.Is(err, ErrIdentity) || strings.Contains(err.Error(), "AGE") {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	_, err := ParseRecipients(pq.Recipient(), classic.Recipient())
	wantErr(t, err, ErrMixed)
	_, err = ParseRecipients(classic.Recipient(), pq.Recipient())
	wantErr(t, err, ErrMixed)
	_, err = ParseRecipients(pq.Recipient(), pq.Recipient())
	wantErr(t, err, ErrTwice)
	_, err = ParseRecipients()
	wantErr(t, err, ErrCount)
	_, err = ParseRecipients("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t")
	wantErr(t, err, ErrPlugin)
	for _, bad := range []string{"", "age1", "age1pq1", classic.Recipient() + "q", strings.ToUpper(classic.Recipient()),
		" " + classic.Recipient(), classic.Secret()} {
		if _, err := ParseRecipients(bad); !errors.Is(err, ErrRecipient) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func BenchmarkSealEntrant2of3Hybrid(b *testing.B) {
	_, to := newKeys(b, 3, false)
	e := entrant(to, 2)
	for b.Loop() {
		s, err := SealEntrant(e)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(s.Lock[0])), "lock-bytes")
		b.ReportMetric(float64(len(s.Identity)), "envelope-bytes")
	}
}
