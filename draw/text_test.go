package draw

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestCheckText(t *testing.T) {
	marks := strings.Repeat("\u0302", 40)
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"empty", "", true},
		{"one line", "a b\n", true},
		{"no LF", "a", false},
		{"empty line", "a\n\nb\n", false},
		{"leading space", " a\n", false},
		{"trailing space", "a \n", false},
		{"CR", "a\r\n", false},
		{"tab", "a\tb\n", false},
		{"no-break space", "a\u00a0b\n", false},
		{"soft hyphen", "a\u00adb\n", false},
		{"zero width joiner", "a\u200db\n", false},
		{"right-to-left override", "a\u202eb\n", false},
		{"private use", "\ue000\n", false},
		{"delete", "a\x7f\n", false},
		{"surrogate", "a\xed\xa0\x80\n", false},
		{"Unicode 15", "\U0001fae8\n", false},
		{"Unicode 14", "\U0001fae0\n", true},
		{"Chinese", "臺北市立圖書館\n", true},
		{"decomposed", "e\u0301\n", false},
		{"singleton", "\u212b\n", false},
		{"composition exclusion", "\u0958\n", false},
		{"Hangul", "\uac01\n", true},
		{"Hangul jamo", "\uac00\u11a8\n", false},
		{"forty marks, composed", "\u1ea5" + marks + "\n", true},
		{"forty marks, not composed", "a" + marks + "\n", false},
		{"forty marks, out of order", "b" + marks + "\u0323\n", false},
		{"forty marks, in order", "b\u0323" + marks + "\n", false}, // b + dot below composes
		{"forty marks, in order, nothing composes", "q\u0323" + marks + "\n", true},
	} {
		err := CheckText([]byte(c.text))
		if (err == nil) != c.ok {
			t.Errorf("%s: got %v, want ok %v", c.name, err, c.ok)
		}
		if err != nil && !errors.Is(err, ErrText) {
			t.Errorf("%s: %v does not wrap ErrText", c.name, err)
		}
	}
}

// TestComposeFully compares with x/text where both define the same: short runs of marks.
func TestComposeFully(t *testing.T) {
	var all []rune
	for _, r := range permitted() {
		for c := r.lo; c <= r.hi; c++ {
			all = append(all, c)
			if s := string(c); composeFully(s) != norm.NFC.String(s) {
				t.Fatalf("U+%04X: got %+q, want %+q", c, composeFully(s), norm.NFC.String(s))
			}
		}
	}
	if len(all) < 140_000 {
		t.Fatalf("%d permitted code points", len(all))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	marked := []rune("aeAbкกक가각각\u0301\u0302\u0323\u0327\u0345\u093c\u0591\u3099\u09be\u09c7\u1112")
	for range 50_000 {
		s := make([]rune, 1+rng.IntN(6))
		for i := range s {
			s[i] = marked[rng.IntN(len(marked))]
			if rng.IntN(4) == 0 {
				s[i] = all[rng.IntN(len(all))]
			}
		}
		if got, want := composeFully(string(s)), norm.NFC.String(string(s)); got != want {
			t.Fatalf("%+q: got %+q, want %+q", string(s), got, want)
		}
	}
}

func TestNewer(t *testing.T) {
	open := "open " + strings.Repeat("0", 64) + "\n"
	for text, newer := range map[string]bool{
		"fairlot/v1 dice\n" + open:                           true,
		"fairlot/v2 void\n" + open:                           true,
		"fairlot/v1 void\n" + open + "draw 1\nsecond x\n":    true,
		"fairlot/v1 void\n" + open + "draw 1\nreason X\n":    false,
		"fairlot/v1 void\n" + open + "reason x\ndraw 1\n":    false,
		"fairlot/v1 erased\n" + open + "what a\nby nobody\n": false,
	} {
		_, err := ParseRecord([]byte(text))
		if err == nil || errors.Is(err, ErrNewer) != newer {
			t.Errorf("%q: got %v, want newer %v", text, err, newer)
		}
	}
}

func TestErrorsHideValues(t *testing.T) {
	for _, text := range []string{"name Zofia \u200dSecret\n", "name Secret\nname Secret\n", "name Secret", "birth Secret\n", "Secret\n",
		"name " + strings.Repeat("Secret", 40) + "\n", "name Secrete\u0301\n"} {
		_, err := ParseIdentity([]byte(text))
		if !errors.Is(err, ErrEntrantText) || strings.Contains(err.Error(), "Secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
