package draw

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ErrText says that bytes are not a plain text of SPEC section 1.
var ErrText = errors.New("not a plain text")

// MaxText is the longest value of type text, in bytes.
const MaxText = 200

// maxDec is the largest decimal of any record, 2^53 − 1.
const maxDec = 1<<53 - 1

//go:embed unicode14.txt
var unicode14 string

type runeRange struct{ lo, hi rune }

// permitted holds the ranges of unicode14.txt, ascending. The file is part of the program, so a broken line cannot
// come from outside; it would make every text fail.
var permitted = sync.OnceValue(func() []runeRange {
	var ranges []runeRange
	for line := range strings.Lines(unicode14) {
		a, b, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "-")
		lo, err1 := strconv.ParseUint(a, 16, 32)
		hi, err2 := strconv.ParseUint(b, 16, 32)
		if err1 != nil || err2 != nil {
			return nil
		}
		ranges = append(ranges, runeRange{rune(lo), rune(hi)})
	}
	return ranges
})

func isPermitted(r rune) bool {
	if r < 0x7f {
		return r >= 0x20
	}
	ranges := permitted()
	i := sort.Search(len(ranges), func(i int) bool { return ranges[i].hi >= r })
	return i < len(ranges) && ranges[i].lo <= r
}

// CheckText tells whether b is a plain text of SPEC section 1: UTF-8 in NFC, permitted code points, lines ended by LF,
// no empty line, no line that starts or ends with a space. The empty text (zero bytes) passes. Errors wrap ErrText and
// never quote the text.
func CheckText(b []byte) error {
	if !utf8.Valid(b) {
		return fmt.Errorf("%w: invalid UTF-8", ErrText)
	}
	if len(b) > 0 && b[len(b)-1] != '\n' {
		return fmt.Errorf("%w: last line is not ended by LF", ErrText)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		if err := checkLine(line[:len(line)-1]); err != nil {
			return fmt.Errorf("%w: line %d %v", ErrText, n, err)
		}
	}
	return nil
}

func checkLine(s string) error {
	if s == "" {
		return errors.New("is empty")
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return errors.New("starts or ends with a space")
	}
	for _, r := range s {
		if !isPermitted(r) {
			return fmt.Errorf("holds U+%04X, which is not permitted", r)
		}
	}
	if !isNFC(s) {
		return errors.New("is not in Unicode Normalization Form C")
	}
	return nil
}

// isNFC tells whether s is in Normalization Form C. x/text limits runs of combining marks to 30 by inserting U+034F
// (stream-safe text); Unicode's own definition does not, so texts with longer runs are normalized here in full.
func isNFC(s string) bool {
	if norm.NFC.IsNormalString(s) {
		return true
	}
	return composeFully(s) == s
}

// composeFully is the Unicode normalization algorithm for form C: decompose, order by combining class, compose pairs.
func composeFully(s string) string {
	type mark struct {
		r   rune
		ccc uint8
	}
	var d []mark
	for _, r := range s {
		for _, x := range norm.NFD.String(string(r)) {
			d = append(d, mark{x, norm.NFD.PropertiesString(string(x)).CCC()})
		}
	}
	for i := 0; i < len(d); i++ {
		j := i
		for j < len(d) && d[j].ccc != 0 {
			j++
		}
		slices.SortStableFunc(d[i:j], func(a, b mark) int { return int(a.ccc) - int(b.ccc) })
		i = j
	}
	var out []rune
	starter, last := -1, -1 // index of the last starter in out; class of the last mark kept after it, −1 if none
	for _, m := range d {
		if starter >= 0 && last < int(m.ccc) {
			if c := []rune(norm.NFC.String(string([]rune{out[starter], m.r}))); len(c) == 1 {
				out[starter] = c[0]
				continue
			}
		}
		if m.ccc == 0 {
			starter, last = len(out), -1
		} else {
			last = int(m.ccc)
		}
		out = append(out, m.r)
	}
	return string(out)
}

// checkValue tells whether s is a value of type text: 1 to 200 bytes of one plain line.
func checkValue(s string) error {
	if len(s) > MaxText {
		return fmt.Errorf("is %d bytes long, more than %d", len(s), MaxText)
	}
	if !utf8.ValidString(s) {
		return errors.New("is invalid UTF-8")
	}
	return checkLine(s)
}

func isCode(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" // Trim leaves nothing only if every byte is in the set
}

func isRecipient(s string) bool {
	if !strings.HasPrefix(s, "age1") || len(s) == 4 || len(s) > 2100 {
		return false
	}
	return strings.Trim(s[4:], "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func isZone(s string) bool {
	return s != "" && len(s) <= 64 &&
		strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/-") == ""
}

func isKeyName(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e || s[i] == '+' {
			return false
		}
	}
	return true
}

// Algorithms of signed-note verifier keys.
const (
	AlgEd25519     = 0x01 // logs and receipts
	AlgCosignature = 0x04 // witnesses
)

// ParseVKey reads a signed-note verifier key NAME+HHHHHHHH+BASE64 of the wanted algorithm in its one encoding and returns
// its name and its 32-byte Ed25519 key, which CheckKey allows.
func ParseVKey(s string, alg byte) (name string, key [32]byte, err error) {
	name, rest, _ := strings.Cut(s, "+")
	hash, enc, _ := strings.Cut(rest, "+")
	k, err := base64.StdEncoding.Strict().DecodeString(enc)
	if err != nil || len(k) != 33 || !isKeyName(name) || base64.StdEncoding.EncodeToString(k) != enc {
		return "", key, errors.New("is not a verifier key")
	}
	if k[0] != alg {
		return "", key, fmt.Errorf("is a verifier key of algorithm %#02x, want %#02x", k[0], alg)
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), k...))
	if hash != hex.EncodeToString(sum[:4]) {
		return "", key, errors.New("is a verifier key with a wrong key hash")
	}
	if err := CheckKey([32]byte(k[1:])); err != nil {
		return "", key, err
	}
	copy(key[:], k[1:])
	return name, key, nil
}

const (
	timeForm = "2006-01-02T15:04:05Z"
	dateForm = "2006-01-02"
)

func yearOK(t time.Time) bool { return t.Year() >= 2000 && t.Year() <= 9999 }

// isDate tells whether s is a real day, YYYY-MM-DD, of the years 2000 to 9999.
func isDate(s string) bool { return isDateSince(s, 2000) }

// isBirth is isDate for the years 1800 to 9999.
func isBirth(s string) bool { return isDateSince(s, 1800) }

func isDateSince(s string, year int) bool {
	t, err := time.Parse(dateForm, s)
	return err == nil && t.Year() >= year && t.Year() <= 9999 && t.Format(dateForm) == s
}

// parseDec reads a decimal without leading zeros, at most 2^53 − 1.
func parseDec(s string) (int64, bool) {
	if s == "" || len(s) > 16 || (s[0] == '0' && len(s) > 1) || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n <= maxDec
}

// parseHex fills dst from exactly 2·len(dst) lower-case hexadecimal digits.
func parseHex(dst []byte, s string) bool {
	if len(s) != 2*len(dst) || strings.Trim(s, "0123456789abcdef") != "" {
		return false
	}
	_, err := hex.Decode(dst, []byte(s))
	return err == nil
}
