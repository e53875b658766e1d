package custodian_test

import (
	"bytes"
	"strings"
	"testing"

	"fairlot/cmd/fairlot/custodian"
	"fairlot/crypto/custody"
)

func FuzzParsePin(f *testing.F) {
	f.Add(custodian.Pin{Log: "log.example+00000000+AA", Size: 3}.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := custodian.ParsePin(b); err == nil && !bytes.Equal(p.Marshal(), b) {
			t.Fatalf("two encodings: %q and %q", b, p.Marshal())
		}
	})
}

func FuzzParseReleased(f *testing.F) {
	f.Add([]byte("fairlot/v1 released\n7 " + strings.Repeat("0a", 32) + " " + strings.Repeat("0b", 16) + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := custodian.ParseReleased(b); err == nil && !bytes.Equal(r.Marshal(), b) {
			t.Fatalf("two encodings: %q and %q", b, r.Marshal())
		}
	})
}

// FuzzParseDraft: JSON has more than one form, but what is read, written and read again is the same.
func FuzzParseDraft(f *testing.F) {
	const r = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	list := custody.KeyList{Log: "l", Threshold: 1, Custodians: []custody.Holder{{Recipient: r, VKey: "k"}}, Notifiers: []string{r}}
	b, err := (&custodian.Draft{Slug: "a", Title: map[string]string{"en": "A"}, Keys: string(list.Marshal()), Challenges: map[string][]byte{r: {1}}}).Marshal()
	if err == nil {
		_, err = custodian.ParseDraft(b)
	}
	if err != nil {
		f.Fatalf("the seed is not taken: %v", err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := custodian.ParseDraft(b)
		if err != nil {
			return
		}
		once, err := d.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := custodian.ParseDraft(once)
		if err != nil {
			t.Fatalf("what is written is not read: %v", err)
		}
		if twice, err := again.Marshal(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q is read as another draft than %q: %v", once, twice, err)
		}
	})
}
