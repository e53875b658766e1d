// Package label says what can be seen of a line of text that tells one person from another: the label of a staff token, or the reference of a case. It
// compares labels as readers do, tells characters that show nothing, and quotes texts of others for a terminal. It knows nothing of letters of different scripts
// that look alike. Safe for concurrent use.
package label

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// unseen tells whether a character shows nothing by itself: controls and formats, what Unicode calls Default_Ignorable_Code_Point (Hangul fillers, variation selectors,
// the grapheme joiner), and the empty Braille cell, whose picture is empty. Spaces are not among them.
func unseen(r rune) bool {
	return r == '\u2800' || unicode.In(r, unicode.C, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Zl, unicode.Zp)
}

// Unseen finds the first character of s that shows nothing.
func Unseen(s string) (r rune, ok bool) {
	at := strings.IndexFunc(s, unseen)
	if at < 0 {
		return 0, false
	}
	for _, r = range s[at:] {
		break
	}
	return r, true
}

// Same tells whether two labels are of one person: whether their letters, marks and digits are the same, however they are spaced, composed or set, without what cannot be seen.
// Labels without any are compared as they are.
func Same(a, b string) bool { return strings.EqualFold(name(a), name(b)) }

func name(label string) string {
	seen := strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, label)
	name := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.M, unicode.N) && !unseen(r) {
			return r
		}
		return -1
	}, norm.NFKC.String(seen))
	if name == "" {
		return strings.TrimSpace(seen)
	}
	return norm.NFKC.String(name) // a mark may have come to stand behind another letter
}

// Quote is strconv.Quote that also writes characters that show nothing as escapes.
func Quote(s string) string {
	var b strings.Builder
	for _, r := range strconv.Quote(s) {
		switch {
		case !unseen(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Shown is s itself if everything in it can be seen, else its Quote.
func Shown(s string) string {
	if _, ok := Unseen(s); ok {
		return Quote(s)
	}
	return s
}
