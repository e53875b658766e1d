package release

import (
	"bytes"
	"testing"
	"time"

	"fairlot/crypto/custody"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// seed adds an input, which must be one that is taken.
func seed(f *testing.F, b []byte, err error, parse func([]byte) error) {
	if err == nil {
		err = parse(b)
	}
	if err != nil {
		f.Fatalf("the seed is not taken: %v", err)
	}
	f.Add(b)
}

// FuzzParse: a request comes from the daemon, or from whoever says that it does. What is taken is of a draw that there can be, its releases are numbered in order, and
// the custodians' file holds no envelope.
func FuzzParse(f *testing.F) {
	res := &fairlotv1.PrepareReleaseResponse{Releases: []*fairlotv1.Release{{OpenedHash: draw.Hash{2}.String(), Entrants: []*fairlotv1.ReleasedEntrant{
		{EntryId: draw.EntrantID{3}.String(), Stratum: 1, Rank: 7, Locks: [][]byte{{1}, {2}}, ContactEnvelope: []byte{9}}}}}}
	parse := func(b []byte) error { _, err := Parse(b); return err }
	b, err := Marshal(draw.CampaignID{4}, 2, custody.Notice, res)
	seed(f, b, err, parse)
	b, err = Locks(draw.CampaignID{4}, 2, custody.Notice, res)
	seed(f, b, err, parse)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			return
		}
		if r.Draw < 1 || r.Draw > draw.MaxDraws {
			t.Fatalf("draw %d is taken", r.Draw)
		}
		for i, x := range r.Releases {
			if x.Ordinal != i+1 {
				t.Fatalf("release %d is number %d", i+1, x.Ordinal)
			}
			for _, e := range x.Entrants {
				if !r.Sealed && len(e.Envelope) > 0 {
					t.Fatal("a custodians' file with an envelope is taken")
				}
			}
		}
	})
}

// FuzzParseCase: what is taken holds nobody whom its text does not name.
func FuzzParseCase(f *testing.F) {
	text := custody.Case{Campaign: [16]byte{1}, Slug: "autumn", ID: [16]byte{2}, Kind: "court", Ground: "judicial", Reference: "No. 123", Count: 1, Requester: "0102030405060708",
		Expires: time.Unix(1800000000, 0).UTC(), Hold: true}
	id := draw.EntrantID{3}
	text.Named = custody.NamedHash([16]byte{}, [][16]byte{id})
	res := &fairlotv1.ReleaseCaseResponse{Case: &fairlotv1.Case{Text: string(text.Text()), Entries: []string{id.String()}, Requester: &fairlotv1.CaseAct{}}, Salt: make([]byte, 16), OpenedHash: draw.Hash{2}.String()}
	b, err := MarshalCase(res)
	seed(f, b, err, func(b []byte) error { _, err := ParseCase(b); return err })
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCase(b)
		if err != nil {
			return
		}
		if c.Text.Count != len(c.Named) {
			t.Fatalf("%d are named, and the text says %d", len(c.Named), c.Text.Count)
		}
		for i, e := range c.Entrants {
			if i > 0 && bytes.Compare(c.Entrants[i-1].ID[:], e.ID[:]) >= 0 {
				t.Fatal("somebody is in it twice")
			}
		}
	})
}
