package release

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"fairlot/crypto/custody"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

func TestRequestFile(t *testing.T) {
	first, second := draw.Hash{1}, draw.Hash{2}
	id := draw.EntrantID{3}
	b, err := Marshal(draw.CampaignID{4}, 2, custody.Notice, &fairlotv1.PrepareReleaseResponse{Releases: []*fairlotv1.Release{
		{OpenedHash: first.String()},
		{OpenedHash: second.String(), Entrants: []*fairlotv1.ReleasedEntrant{{EntryId: id.String(), Stratum: 1, Rank: 7, Locks: [][]byte{{1}, {2}}, ContactEnvelope: []byte{9}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	newest, err := r.Pick(0)
	if err != nil || newest.Opened != second || newest.Ordinal != 2 || newest.Entrants[0].ID != id || newest.Entrants[0].Rank != 7 || len(newest.Entrants[0].Locks) != 2 ||
		r.Campaign != (draw.CampaignID{4}) || r.Draw != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
	if old, err := r.Pick(1); err != nil || old.Opened != first || old.Ordinal != 1 {
		t.Errorf("first: %v", err)
	}
	for _, n := range []int{-1, 3} {
		if _, err := r.Pick(n); !errors.Is(err, ErrNoRelease) {
			t.Errorf("release %d: %v", n, err)
		}
	}
	if _, err := (&Request{}).Pick(0); !errors.Is(err, ErrNoRelease) {
		t.Errorf("the newest of none: %v", err)
	}
	for _, change := range [][2]string{{Format, "other"}, {`"draw": 2`, `"draw": 0`}, {`"notice"`, `"court"`}, {`"notice"`, `"tax"`}, {first.String(), "00"}, {id.String(), "zz"}, {`"locks"`, `"lucks"`}, {Format, LocksFormat}} {
		bad := bytes.Replace(b, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(bad, b) {
			t.Fatalf("%s is not in the file:\n%s", change[0], b)
		}
		if _, err := Parse(bad); !errors.Is(err, ErrRequest) {
			t.Errorf("%v: %v", change, err)
		}
	}
}

// TestLocksFile shows that custodians get no envelope, and that the daemon's answer is not changed by making their file.
func TestLocksFile(t *testing.T) {
	envelope := []byte("a contact envelope")
	res := &fairlotv1.PrepareReleaseResponse{Releases: []*fairlotv1.Release{{OpenedHash: draw.Hash{2}.String(), Entrants: []*fairlotv1.ReleasedEntrant{
		{EntryId: draw.EntrantID{3}.String(), Stratum: 1, Rank: 7, Locks: [][]byte{{1}, {2}}, ContactEnvelope: envelope}}}}}
	b, err := Locks(draw.CampaignID{4}, 2, custody.Notice, res)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("nvelope")) || bytes.Contains(b, []byte(base64.StdEncoding.EncodeToString(envelope))) {
		t.Errorf("the custodians' file holds an envelope:\n%s", b)
	}
	r, err := Parse(b)
	if err != nil || r.Sealed || len(r.Releases[0].Entrants[0].Locks) != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
	full, err := Marshal(draw.CampaignID{4}, 2, custody.Notice, res)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Parse(full); err != nil || !r.Sealed || !bytes.Equal(r.Releases[0].Entrants[0].Envelope, envelope) {
		t.Errorf("the notifier's file: %+v, %v", r, err)
	}
}
