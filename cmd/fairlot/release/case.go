package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// First values of the two files of a case.
const (
	CaseFormat      = "fairlot case request 1"
	CaseLocksFormat = "fairlot case locks 1"
)

// ErrCaseRequest says that bytes are no request file of a case, or one that contradicts itself.
var ErrCaseRequest = errors.New("not a sound request of a case")

// Case is what a daemon gave out for one case. Its text and whom it names hang together; that the log has announced them, a bundle proves.
type Case struct {
	Text     custody.Case
	Salt     [16]byte
	Named    []draw.EntrantID // all whom the text names, ascending
	Opened   draw.Hash        // as the daemon says
	Entrants []CaseEntrant    // those of whom something is kept, ascending
	Sealed   bool             // envelopes are in it; false: it is the custodians' file

	Requester CaseAct // as the institution says: nothing proves it but the token of the first
	Approvers []CaseAct
}

// CaseAct is a member of staff who wanted it, and when.
type CaseAct struct {
	Token, Label string
	At           time.Time
}

// CaseEntrant is one entrant's lock and envelopes.
type CaseEntrant struct {
	ID        draw.EntrantID
	Person    draw.Person
	Locks     [][]byte
	Envelopes map[seal.Kind][]byte // those that the case opens and that the entrant has
}

type caseFile struct {
	Format   string          `json:"format"`
	Response json.RawMessage `json:"response"`
}

// MarshalCase prints the request file of a daemon's answer: JSON with the answer in protojson.
func MarshalCase(res *fairlotv1.ReleaseCaseResponse) ([]byte, error) {
	return marshalCase(CaseFormat, res)
}

// CaseLocks prints the custodians' file of a daemon's answer: the same without envelopes.
func CaseLocks(res *fairlotv1.ReleaseCaseResponse) ([]byte, error) {
	bare := proto.CloneOf(res)
	for _, e := range bare.Entrants {
		e.IdentityEnvelope, e.ContactEnvelope = nil, nil
	}
	return marshalCase(CaseLocksFormat, bare)
}

func marshalCase(format string, res *fairlotv1.ReleaseCaseResponse) ([]byte, error) {
	b, err := protojson.Marshal(res)
	if err != nil {
		return nil, fmt.Errorf("write request of a case: %w", err)
	}
	out, err := json.MarshalIndent(caseFile{format, b}, "", "  ")
	return append(out, '\n'), err
}

// IsCase tells whether a file was meant to be of a case.
func IsCase(b []byte) bool {
	var f caseFile
	return json.Unmarshal(b, &f) == nil && (f.Format == CaseFormat || f.Format == CaseLocksFormat)
}

// ParseCase reads a request file of a case. Text, random bytes and ids fit each other, and all entrants are named. Errors wrap ErrCaseRequest.
func ParseCase(b []byte) (*Case, error) {
	bad := func(what string) (*Case, error) {
		return nil, fmt.Errorf("read request of a case: %w: %s", ErrCaseRequest, what)
	}
	var f caseFile
	if err := Object(b, &f); err != nil || f.Format != CaseFormat && f.Format != CaseLocksFormat {
		return bad("want a file that `fairlot case release` wrote")
	}
	var res fairlotv1.ReleaseCaseResponse
	if err := protojson.Unmarshal(f.Response, &res); err != nil || res.Case == nil || len(res.Salt) != 16 {
		return bad("its response is malformed")
	}
	c := &Case{Salt: [16]byte(res.Salt), Sealed: f.Format == CaseFormat, Requester: caseAct(res.Case.Requester)}
	var err error
	if c.Text, err = custody.ParseCase([]byte(res.Case.Text)); err != nil {
		return bad("its text is not that of a case")
	}
	if c.Opened, err = draw.ParseHash(res.OpenedHash); err != nil {
		return bad("the hash of its opened record is malformed")
	}
	for _, a := range res.Case.Approvers {
		c.Approvers = append(c.Approvers, caseAct(a))
	}
	var ids [][16]byte
	for _, text := range res.Case.Entries {
		id, err := draw.ParseEntrantID(text)
		if err != nil || len(ids) > 0 && bytes.Compare(ids[len(ids)-1][:], id[:]) >= 0 {
			return bad("the ids of whom it names are malformed, or not in order")
		}
		ids, c.Named = append(ids, id), append(c.Named, id)
	}
	if err := c.Text.Names(c.Salt, ids); err != nil {
		return bad("its text names others than those who stand in it: somebody was put in, left out or replaced after three persons wanted it")
	}
	for _, e := range res.Entrants {
		id, err := draw.ParseEntrantID(e.EntryId)
		if err != nil || !slices.Contains(c.Named, id) || len(c.Entrants) > 0 && bytes.Compare(c.Entrants[len(c.Entrants)-1].ID[:], id[:]) >= 0 || len(e.Person) != 32 {
			return bad("it holds a lock of somebody whom the case does not name, or twice")
		}
		one := CaseEntrant{ID: id, Person: draw.Person(e.Person), Locks: e.Locks, Envelopes: map[seal.Kind][]byte{}}
		for kind, envelope := range map[seal.Kind][]byte{seal.Identity: e.IdentityEnvelope, seal.Contact: e.ContactEnvelope} {
			switch {
			case len(envelope) == 0:
			case !c.Sealed:
				return bad("a file of locks holds an envelope")
			case !slices.Contains(c.Text.Opens, kind):
				return bad("it holds an envelope that the case does not open")
			default:
				one.Envelopes[kind] = envelope
			}
		}
		c.Entrants = append(c.Entrants, one)
	}
	return c, nil
}

func caseAct(a *fairlotv1.CaseAct) CaseAct {
	out := CaseAct{Token: a.GetToken(), Label: a.GetLabel()}
	if t := a.GetTime(); t != nil {
		out.At = t.AsTime()
	}
	return out
}
