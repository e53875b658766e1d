package label

import (
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// hidden are characters that show nothing, on most screens.
var hidden = []rune{'\u00ad', '\u034f', '\u061c', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u180b', '\u180c', '\u180d', '\u180e', '\u180f', '\u200b', '\u200d', '\u200e', '\u2028', '\u2060',
	'\u2066', '\u202e', '\u2800', '\u3164', '\ufe00', '\ufe0f', '\ufeff', '\uffa0', '\U000e0001', '\U000e0041', '\U000e0100', '\U000e01ef', '\U0001d173'}

// TestWhatCannotBeSeen puts each of them everywhere into a label: it is the same person, refused by name, and printed as an escape.
func TestWhatCannotBeSeen(t *testing.T) {
	for _, r := range hidden {
		for _, s := range []string{"Chen" + string(r), string(r) + "Chen", "Ch" + string(r) + "en", "é" + string(r) + "\u0301", "陳" + string(r) + "小明", string(r)} {
			plain := strings.ReplaceAll(s, string(r), "")
			if !Same(s, plain) {
				t.Errorf("%+q and %+q are two", s, plain)
			}
			if got, ok := Unseen(s); !ok || got != r {
				t.Errorf("%+q: found %U, %v", s, got, ok)
			}
			if q := Quote(s); strings.ContainsRune(q, r) || !strings.Contains(q, strconv.FormatInt(int64(r), 16)) {
				t.Errorf("%+q is printed as %s", s, q)
			}
		}
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Cf) && !unseen(r) {
			t.Errorf("%U passes", r)
		}
	}
}

func TestSame(t *testing.T) {
	for _, pair := range [][2]string{{"Chen Yi-Ling", "chen yi ling"}, {"Chen", "ＣＨＥＮ"}, {"e\u0301", "é"}, {"e\u034f\u0301", "é"}, {"陳 小明", "陳小明"}, {"Chen 2", "Chen２"}, {"K", "\u212a"}, {"—", " —"}} {
		if !Same(pair[0], pair[1]) {
			t.Errorf("%+q and %+q are two", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"Chen", "Cheng"}, {"陳小明", "陳大明"}, {"Chen 1", "Chen 2"}, {"", "Chen"}, {"—", "+"}, {"e", "é"}} {
		if Same(pair[0], pair[1]) {
			t.Errorf("%+q and %+q are one", pair[0], pair[1])
		}
	}
	for _, s := range []string{"Chen Yi-Ling", "陳小明　", "臺北地檢署 115 偵 1", "é", "ก็", "नि"} {
		if r, ok := Unseen(s); ok {
			t.Errorf("%+q: %U", s, r)
		}
	}
	if got := Quote("陳\"\n\x1b\u202e"); got != `"陳\"\n\x1b\u202e"` {
		t.Error(got)
	}
	for s, want := range map[string]string{"陳小明": "陳小明", "Chen \"C\"": "Chen \"C\"", "Chen\u3164": `"Chen\u3164"`} {
		if got := Shown(s); got != want {
			t.Errorf("%+q is shown as %s", s, got)
		}
	}
}
