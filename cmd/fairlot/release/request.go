// Package release is the two files that `fairlot release prepare` writes: the request, with locks and envelopes, which the notifier keeps, and
// the locks alone, which custodians get. Custodians who agreed to open somebody would lack the envelopes. Nothing in either file is
// trusted: who is a winner is proven by a bundle.
//
// First calls: Marshal, Locks, Parse.
package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"fairlot/crypto/custody"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// First values of the two files.
const (
	Format      = "fairlot release request 1"
	LocksFormat = "fairlot release locks 1"
)

// MaxFile bounds a request file in bytes.
const MaxFile = 128 << 20

var (
	// ErrRequest says that bytes are no request file.
	ErrRequest = errors.New("not a release request")
	// ErrNoRelease says that a request holds no release of that number.
	ErrNoRelease = errors.New("the request holds no such release")
)

// Request is what a daemon gave out for one purpose of one draw.
type Request struct {
	Campaign draw.CampaignID
	Draw     int
	Purpose  custody.Purpose // notice, claim, tax or audit
	Releases []Release       // the oldest first
	Sealed   bool            // envelopes are in it; false: it is the custodians' file
}

// Release is what one opened record covers. Two records can be the same byte by byte, so its place tells it, not the hash.
type Release struct {
	Ordinal  int // from 1: it goes with the draw's opened record for the purpose of this number in the log
	Opened   draw.Hash
	Entrants []Entrant

	Requester, Approver string    // as the institution says: nothing proves it
	Approved            time.Time // zero if it does not say
}

// Entrant is one sealed envelope and its lock.
type Entrant struct {
	ID       draw.EntrantID
	Stratum  int      // 0 in the audit sample
	Rank     int      // in the audit sample the place, from 1
	Locks    [][]byte // one age file a custodian, in the order of open; in the audit sample none of who was erased since
	Envelope []byte   // the contact envelope for the notice, else the identity envelope; empty if there is none
}

type file struct {
	Format   string          `json:"format"`
	Campaign string          `json:"campaign"`
	Draw     int             `json:"draw"`
	Purpose  custody.Purpose `json:"purpose"`
	Response json.RawMessage `json:"response"`
}

// Marshal prints the request file of a daemon's answer: JSON with the answer in protojson.
func Marshal(campaign draw.CampaignID, n int, purpose custody.Purpose, res *fairlotv1.PrepareReleaseResponse) ([]byte, error) {
	return marshal(Format, campaign, n, purpose, res)
}

// Locks prints the custodians' file of a daemon's answer: the same without envelopes.
func Locks(campaign draw.CampaignID, n int, purpose custody.Purpose, res *fairlotv1.PrepareReleaseResponse) ([]byte, error) {
	bare := proto.CloneOf(res)
	for _, r := range bare.Releases {
		for _, e := range r.Entrants {
			e.ContactEnvelope, e.IdentityEnvelope = nil, nil
		}
	}
	return marshal(LocksFormat, campaign, n, purpose, bare)
}

func marshal(format string, campaign draw.CampaignID, n int, purpose custody.Purpose, res *fairlotv1.PrepareReleaseResponse) ([]byte, error) {
	b, err := protojson.Marshal(res)
	if err != nil {
		return nil, fmt.Errorf("write release request: %w", err)
	}
	out, err := json.MarshalIndent(file{format, campaign.String(), n, purpose, b}, "", "  ")
	return append(out, '\n'), err
}

// Parse reads a request file; errors wrap ErrRequest.
func Parse(b []byte) (*Request, error) {
	bad := func(what string) error { return fmt.Errorf("read release request: %w: %s", ErrRequest, what) }
	var f file
	if err := Object(b, &f); err != nil || f.Format != Format && f.Format != LocksFormat {
		return nil, bad("want a file that `fairlot release prepare` wrote")
	}
	campaign, err := draw.ParseCampaignID(f.Campaign)
	if err != nil || f.Draw < 1 || f.Draw > draw.MaxDraws {
		return nil, bad("campaign or draw is malformed")
	}
	if f.Purpose != custody.Notice && f.Purpose != custody.Claim && f.Purpose != custody.Tax && f.Purpose != custody.Audit {
		return nil, bad("its purpose is none of notice, claim, tax and audit")
	}
	var res fairlotv1.PrepareReleaseResponse
	if err := protojson.Unmarshal(f.Response, &res); err != nil {
		return nil, bad("its response is malformed")
	}
	r := &Request{Campaign: campaign, Draw: f.Draw, Purpose: f.Purpose, Sealed: f.Format == Format}
	for _, x := range res.Releases {
		opened, err := draw.ParseHash(x.OpenedHash)
		if err != nil {
			return nil, bad("the hash of an opened record is malformed")
		}
		one := Release{Ordinal: len(r.Releases) + 1, Opened: opened, Requester: x.RequesterLabel, Approver: x.ApproverLabel}
		if x.ApproveTime != nil {
			one.Approved = x.ApproveTime.AsTime()
		}
		for _, e := range x.Entrants {
			id, err := draw.ParseEntrantID(e.EntryId)
			if err != nil {
				return nil, bad("an entry's id is malformed")
			}
			envelope, other := e.ContactEnvelope, e.IdentityEnvelope
			if f.Purpose != custody.Notice {
				envelope, other = other, envelope
			}
			if len(other) > 0 {
				return nil, bad("it holds envelopes that its purpose does not open")
			}
			if len(envelope) > 0 && !r.Sealed {
				return nil, bad("a file of locks holds an envelope")
			}
			one.Entrants = append(one.Entrants, Entrant{id, int(e.Stratum), int(e.Rank), e.Locks, envelope})
		}
		r.Releases = append(r.Releases, one)
	}
	return r, nil
}

// Pick returns the n-th release, from 1, or the newest one if n is 0. The error wraps ErrNoRelease.
func (r *Request) Pick(n int) (*Release, error) {
	if n == 0 {
		n = len(r.Releases)
	}
	if n < 1 || n > len(r.Releases) {
		return nil, fmt.Errorf("pick release %d of %d: %w", n, len(r.Releases), ErrNoRelease)
	}
	return &r.Releases[n-1], nil
}
