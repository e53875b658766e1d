package entrant

import (
	"strings"
	"testing"

	"fairlot/crypto/tag"
)

func TestNameMask(t *testing.T) {
	for _, c := range []struct {
		name, first, ends, compound string
	}{
		{"王小明", "王○○", "王○明", "王○○"},
		{"王明", "王○", "王○", "王○"},
		{"王", "○", "○", "○"},
		{"歐陽小明", "歐○○○", "歐○○明", "歐陽○○"},
		{"歐陽修", "歐○○", "歐○修", "歐陽○"},
		{"歐陽", "歐○", "歐○", "歐○"}, // the name is that short
		{"王 小明", "王○○", "王○明", "王○○"},
		{"John Smith", "J*** S***", "J*** S***", "J*** S***"},
		{"J Smith", "*** S***", "*** S***", "*** S***"},
		{"J o h n", "*** *** *** ***", "*** *** *** ***", "*** *** *** ***"}, // letter by letter the whole name would be shown
		{"Suharto", "S***", "S***", "S***"},
		{"Mary-Ann O'Neill", "M*** O***", "M*** O***", "M*** O***"},
		{"谷辣斯‧尤達卡", "谷○○‧尤○○", "谷○斯‧尤○卡", "谷○○‧尤○○"},
		{"王小明 David", "王○○ D***", "王○明 D***", "王○○ D***"},
		{"葛\U000E0100城", "葛\U000E0100○", "葛\U000E0100○", "葛\U000E0100○"}, // a variation selector belongs to the character before it
		{"n\u0303u\u0301n\u0303ez", "n\u0303***", "n\u0303***", "n\u0303***"},
		{"\U00020BB7野家", "\U00020BB7○○", "\U00020BB7○家", "\U00020BB7○○"}, // outside the basic plane
		{"たなか", "た○○", "た○か", "た○○"},
		{"", "", "", ""},
	} {
		for i, got := range []string{NameFirst.Mask(c.name, false), NameEnds.Mask(c.name, false), NameFirst.Mask(c.name, true)} {
			if want := []string{c.first, c.ends, c.compound}[i]; got != want {
				t.Errorf("%q, mask %d: %q, want %q", c.name, i, got, want)
			}
		}
		if got := NameMask("").Mask(c.name, true) + NameMask("all").Mask(c.name, true); got != "" {
			t.Errorf("%q: a mask that is none shows %q", c.name, got)
		}
	}
	if got := NameEnds.Mask("歐陽小明", true); got != "歐陽○明" {
		t.Error(got)
	}
	if got := NameEnds.Mask("歐陽修", true); got != "歐陽○" { // never the whole name
		t.Error(got)
	}
}

// TestIDMask counts, by trying all numbers, how many fit what is published: what OPERATIONS and the tool say it gives away.
func TestIDMask(t *testing.T) {
	const number = "A123456789"
	for mask, want := range map[IDMask]string{IDLastFour: "******6789", IDButLastFour: "A12345****", IDMiddle: "A123***789", "": "", "all": ""} {
		got := mask.Mask(number)
		if got != want {
			t.Errorf("%q: %q", mask, got)
		}
		if mask.Mask("A12345678") != "" || mask.Mask("") != "" {
			t.Errorf("%q shows a number of another length", mask)
		}
		if want == "" {
			if mask.Fits() != 0 {
				t.Errorf("%q: %d", mask, mask.Fits())
			}
			continue
		}
		fit := 0
		var try func(at int, b []byte)
		try = func(at int, b []byte) {
			if at == len(b) {
				if _, err := tag.Canonical("citizen", string(b)); err == nil {
					fit++
				}
				return
			}
			set := "0123456789"
			switch {
			case got[at] != '*':
				set = got[at : at+1]
			case at == 0:
				set = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			case at == 1:
				set = "12"
			}
			for _, c := range []byte(set) {
				b[at] = c
				try(at+1, b)
			}
		}
		try(0, []byte(strings.Repeat("0", 10)))
		if fit != mask.Fits() {
			t.Errorf("%s: %d numbers fit, Fits says %d", got, fit, mask.Fits())
		}
	}
}
