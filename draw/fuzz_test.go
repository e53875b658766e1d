package draw_test

import (
	"bytes"
	"testing"

	"fairlot/draw"
	"fairlot/draw/vectors"
)

// addParts adds the parts of that name of all vectors.
func addParts(f *testing.F, name string) {
	all, err := vectors.All()
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range all {
		if b, ok := v.Part(name); ok {
			f.Add(b)
		}
	}
}

func FuzzParseIdentity(f *testing.F) {
	addParts(f, "identity")
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := draw.ParseIdentity(b)
		if err != nil {
			return
		}
		if again, err := i.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("two encodings: %q and %q (%v)", b, again, err)
		}
	})
}

func FuzzParseContact(f *testing.F) {
	addParts(f, "contact")
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := draw.ParseContact(b)
		if err != nil {
			return
		}
		if again, err := c.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("two encodings: %q and %q (%v)", b, again, err)
		}
	})
}

func FuzzParseRules(f *testing.F) {
	f.Add([]byte("fairlot/v1 rules\ncampaign 000102030405060708090a0b0c0d0e0f\nslug autumn\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, err := draw.ParseRules(b)
		if err == nil && !bytes.HasPrefix(b, []byte("fairlot/v1 rules\ncampaign "+id.String()+"\n")) {
			t.Fatalf("campaign %s of %q", id, b)
		}
	})
}
