package custody

import (
	"bytes"
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"fairlot/crypto/seal"
)

// What version 1 sealed opens forever: testdata/v1.txt was written once, by the
// first code, with keys made for it alone (2 of 2, hybrid post-quantum).
func TestFrozen(t *testing.T) {
	file, err := os.ReadFile("testdata/v1.txt")
	if err != nil {
		t.Fatal(err)
	}
	v := map[string][]byte{}
	for line := range strings.Lines(string(file)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		if v[name], err = base64.StdEncoding.DecodeString(text); err != nil {
			t.Fatal(err)
		}
	}
	h := seal.Head{Open: [32]byte{1}, Campaign: [16]byte{2}, ID: [16]byte{3}, Threshold: 2, Total: 2}
	for _, c := range []struct {
		kind     seal.Kind
		envelope string
		text     []byte
	}{{seal.Identity, "identity", idText}, {seal.Contact, "contact", contactText}} {
		h.Kind = c.kind
		var shares []Share
		for i, n := range []string{"1", "2"} {
			key, err := ParseKey(v["key"+n])
			if err != nil {
				t.Fatal(err)
			}
			s, err := OpenLock(key, v["lock"+n], Want{Head: h, Custodian: i + 1})
			if err != nil {
				t.Fatal(err)
			}
			shares = append(shares, s)
		}
		got, _, err := OpenEntrant(v[c.envelope], shares, h, openings.Person())
		if err != nil || !bytes.Equal(got, c.text) {
			t.Errorf("%s: %q, %v", c.envelope, got, err)
		}
	}
}
