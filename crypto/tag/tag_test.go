package tag

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	for _, c := range []struct {
		idType, in, want string
		err              error
	}{
		{Citizen, "A123456789", "A123456789", nil},
		{Citizen, "M162773050", "M162773050", nil},
		{Resident, "A800000014", "A800000014", nil},
		{Resident, "AA00000009", "AA00000009", nil},
		{Resident, "CC00151114", "CC00151114", nil},
		{Citizen, "a123456789", "A123456789", nil},
		{Citizen, " a123-456-789 ", "A123456789", nil},
		{Citizen, "Ａ１２３４５６７８９", "A123456789", nil},
		{Citizen, "ａ１２３－４５６　７８９", "A123456789", nil},
		{Resident, "ｃc00151114", "CC00151114", nil},
		{Passport, "k 1234-5678", "K12345678", nil},
		{Passport, "ABCDE", "ABCDE", nil},
		{Citizen, "A200501503", "", ErrCheckDigit},
		{Citizen, "A123456780", "", ErrCheckDigit},
		{Resident, "A800000015", "", ErrCheckDigit},
		{Resident, "AA00000008", "", ErrCheckDigit},
		{Resident, "A123456789", "", ErrForm},
		{Citizen, "A800000014", "", ErrForm},
		{Citizen, "AA00000009", "", ErrForm},
		{Resident, "AE00000009", "", ErrForm},
		{Citizen, "A323456789", "", ErrForm},
		{Citizen, "A12345678", "", ErrForm},
		{Citizen, "A1234567890", "", ErrForm},
		{Citizen, "", "", ErrForm},
		{Citizen, "A12345678\u0669", "", ErrForm},
		{Citizen, "A\t123456789", "", ErrForm},
		{Citizen, "A\u200b123456789", "", ErrForm},
		{Citizen, "\u0131123456789", "", ErrForm},
		{Citizen, "A12345678\xff", "", ErrForm},
		{Citizen, strings.Repeat(" ", MaxInput) + "A123456789", "", ErrForm},
		{Passport, "ABCD", "", ErrForm},
		{Passport, strings.Repeat("A", 21), "", ErrForm},
		{Passport, "ABC_DE", "", ErrForm},
		{"", "A123456789", "", ErrType},
		{"Citizen", "A123456789", "", ErrType},
	} {
		got, err := Canonical(c.idType, c.in)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("Canonical(%q, %q) = %q, %v; want %q, %v", c.idType, c.in, got, err, c.want, c.err)
		}
	}
}

// slow is the check as the official leaflet words it, written apart from sum:
// eleven digits, eleven weights.
func slow(n string) bool {
	table := strings.Fields("A10 B11 C12 D13 E14 F15 G16 H17 I34 J18 K19 L20 M21 N22 O35 P23 Q24 R25 S26 T27 U28 V29 W32 X30 Y31 Z33")
	num := map[byte]string{}
	for _, e := range table {
		num[e[0]] = e[1:]
	}
	digits := num[n[0]]
	if d, ok := num[n[1]]; ok {
		digits += d[1:]
	} else {
		digits += n[1:2]
	}
	digits += n[2:]
	total := 0
	for i, w := range []int{1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1} {
		total += int(digits[i]-'0') * w
	}
	return total%10 == 0
}

// Every prefix has exactly one check digit that fits, for every first letter
// and every allowed second character.
func TestCheckDigitIsUnique(t *testing.T) {
	for first := byte('A'); first <= 'Z'; first++ {
		for _, second := range "1289ABCD" {
			idType := Resident
			if second == '1' || second == '2' {
				idType = Citizen
			}
			for serial := 0; serial < 10_000_000; serial += 99_991 {
				valid := 0
				for d := range 10 {
					n := fmt.Sprintf("%c%c%07d%d", first, second, serial, d)
					_, err := Canonical(idType, n)
					if (err == nil) != slow(n) {
						t.Fatalf("%s: Canonical says %v, the leaflet's sum %v", n, err, slow(n))
					}
					if err == nil {
						valid++
					} else if !errors.Is(err, ErrCheckDigit) {
						t.Fatalf("%s: %v", n, err)
					}
				}
				if valid != 1 {
					t.Fatalf("%c%c%07d: %d check digits fit", first, second, serial, valid)
				}
			}
		}
	}
}

func TestOf(t *testing.T) {
	key := Key{1, 2, 3}
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte("citizen A123456789"))
	got := Of(key, Citizen, "A123456789")
	if !hmac.Equal(got[:], m.Sum(nil)) {
		t.Error("tag is not the HMAC of type, space, number")
	}
	if got == Of(Key{1, 2, 4}, Citizen, "A123456789") {
		t.Error("two keys give one tag")
	}
	if got == Of(key, Passport, "A123456789") {
		t.Error("two ID types give one tag")
	}
	if s := fmt.Sprintf("%v %+v %#v %s", key, key, key, key); strings.Contains(s, "2") || strings.Contains(s, "0x") {
		t.Errorf("a printed key shows itself: %s", s)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"A123456789", "Ａ１２３４５６７８９", "aa0000000-9", "\u212a12345"} {
		f.Add(Citizen, s)
		f.Add(Resident, s)
		f.Add(Passport, s)
	}
	form := regexp.MustCompile(`^[A-Z0-9]{5,20}$`)
	f.Fuzz(func(t *testing.T, idType, s string) {
		n, err := Canonical(idType, s)
		if err != nil {
			if len(s) > 3 && strings.Contains(err.Error(), s) && !strings.Contains("read ID number: wrong form for this ID type check digit does not fit unknown", s) {
				t.Fatal("the error holds the number")
			}
			return
		}
		if !form.MatchString(n) {
			t.Fatalf("not canonical: %q", n)
		}
		if again, err := Canonical(idType, n); err != nil || again != n {
			t.Fatalf("canonical of %q is %q, %v", n, again, err)
		}
	})
}
