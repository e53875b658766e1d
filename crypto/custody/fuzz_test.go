package custody

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

func FuzzParseCase(f *testing.F) {
	file, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		if digits, ok := strings.CutPrefix(strings.TrimSpace(line), "text "); ok {
			text, err := hex.DecodeString(digits)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ParseCase(b); err == nil && !bytes.Equal(c.Text(), b) {
			t.Fatalf("two encodings: %q and %q", b, c.Text())
		}
	})
}

func FuzzParseKey(f *testing.F) {
	k, err := NewClassicKey()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(k.File())
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ParseKey(b)
		if err != nil {
			return
		}
		again, err := ParseKey(k.File())
		if err != nil || again.Recipient() != k.Recipient() || again.Secret() != k.Secret() {
			t.Fatalf("a key file that is read and written is another: %v", err)
		}
	})
}
