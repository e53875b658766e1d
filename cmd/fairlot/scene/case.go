package scene

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// caseSalt is the scene's salt of all cases.
var caseSalt = [16]byte{5}

// Case is a case about entrants, by their place, ascending, that three persons want and that expires after some time.
func (s *Scene) Case(kind string, life time.Duration, opens []seal.Kind, places ...int) custody.Case {
	var ids [][16]byte
	for _, i := range places {
		ids = append(ids, s.Entrants[i].Leaf.ID)
	}
	ground := map[string]string{"court": "judicial", "breach": "others-rights"}[kind]
	if ground == "" {
		ground = "consent"
	}
	return custody.Case{Campaign: s.open.Campaign, Slug: "autumn", ID: [16]byte{1, byte(len(s.Records))}, Kind: kind, Ground: ground, Reference: "115 No. 1", Count: len(ids),
		Named: custody.NamedHash(caseSalt, ids), Requester: "0000000000000001", Expires: time.Now().Add(life).UTC().Truncate(time.Second), Opens: opens, Notifier: 1}
}

// LogCase logs that a case is opened, and returns the record's hash.
func (s *Scene) LogCase(purpose custody.Purpose, mark [16]byte, count int) (draw.Hash, error) {
	if err := s.log(&draw.Opened{Open: s.openHash, Purpose: string(purpose), Case: &mark, Count: int64(count)}); err != nil {
		return draw.Hash{}, err
	}
	return draw.HashOf(s.Records[len(s.Records)-1]), nil
}

// CaseAnswer is what a daemon, honest or not, would answer to ReleaseCase.
func (s *Scene) CaseAnswer(c custody.Case, opened draw.Hash, places ...int) *fairlotv1.ReleaseCaseResponse {
	wanted := c.Expires
	if latest := time.Now().Add(28 * time.Hour); wanted.After(latest) {
		wanted = latest
	}
	at := func(n int) *timestamppb.Timestamp {
		return timestamppb.New(wanted.Add(-time.Duration(n) * time.Hour))
	}
	res := &fairlotv1.ReleaseCaseResponse{OpenedHash: opened.String(), Salt: caseSalt[:], Case: &fairlotv1.Case{Text: string(c.Text()), Count: int32(c.Count), Notifier: int32(c.Notifier),
		ExpireTime: timestamppb.New(c.Expires), Requester: &fairlotv1.CaseAct{Token: c.Requester, Label: "Chen", Time: at(30)},
		Approvers: []*fairlotv1.CaseAct{{Token: "0000000000000002", Label: "Lin", Time: at(29)}, {Token: "0000000000000003", Label: "Wu", Time: at(28)}}}}
	for _, i := range places {
		e := s.Entrants[i]
		res.Case.Entries = append(res.Case.Entries, e.Leaf.ID.String())
		one := &fairlotv1.CaseEntrant{EntryId: e.Leaf.ID.String(), Person: e.Leaf.Person[:], Locks: e.Locks}
		for _, k := range c.Opens {
			if k == seal.Identity {
				one.IdentityEnvelope = e.Identity
			} else {
				one.ContactEnvelope = e.Contact
			}
		}
		res.Entrants = append(res.Entrants, one)
	}
	return res
}

// ParseKinds reads identity, contact or identity,contact.
func ParseKinds(text string) (kinds []seal.Kind, err error) {
	switch text {
	case "identity":
		return []seal.Kind{seal.Identity}, nil
	case "contact":
		return []seal.Kind{seal.Contact}, nil
	case "identity,contact":
		return []seal.Kind{seal.Identity, seal.Contact}, nil
	}
	return nil, fmt.Errorf("no envelopes: %s", text)
}
