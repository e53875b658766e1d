package draw_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
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

// FuzzFixed: values of one length in hex, of which each has one form.
func FuzzFixed(f *testing.F) {
	for _, n := range []int{16, 32, 48} {
		f.Add(strings.Repeat("0a", n))
	}
	f.Fuzz(func(t *testing.T, s string) {
		hash, err := draw.ParseHash(s)
		seed, err2 := draw.ParseSeed(s)
		entrant, err3 := draw.ParseEntrantID(s)
		campaign, err4 := draw.ParseCampaignID(s)
		signature, err5 := draw.ParseSignature(s)
		for i, x := range []struct {
			err  error
			text string
		}{{err, hash.String()}, {err2, seed.String()}, {err3, entrant.String()}, {err4, campaign.String()}, {err5, signature.String()}} {
			if x.err == nil && x.text != s {
				t.Fatalf("%d: two forms, %q and %q", i, s, x.text)
			}
		}
	})
}

// FuzzParseVKey: what is taken has the algorithm that was asked for, its name in front, and one form.
func FuzzParseVKey(f *testing.F) {
	const good = "log.example.org/fairlot+6eded5ac+AXVetLczQ5lkUHY0MHHVfIsuOorlacrct80Tg1eT8/Xi"
	if _, _, err := draw.ParseVKey(good, draw.AlgEd25519); err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, s string) {
		name, key, err := draw.ParseVKey(s, draw.AlgEd25519)
		if err != nil {
			return
		}
		raw := append([]byte{draw.AlgEd25519}, key[:]...)
		sum := sha256.Sum256(append([]byte(name+"\n"), raw...))
		if again := fmt.Sprintf("%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(raw)); again != s {
			t.Fatalf("two forms, %q and %q", s, again)
		}
	})
}
