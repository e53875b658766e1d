package custody

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"fairlot/crypto/seal"
)

// Purpose is why envelopes are opened, as the opened record names it.
type Purpose string

// The purposes of SPEC.md section 2.2. Notice opens contacts; Claim, Tax and
// Audit open identities; the other three are cases and open either.
const (
	Notice Purpose = "notice"
	Claim  Purpose = "claim"
	Tax    Purpose = "tax"
	Audit  Purpose = "audit"
	Court  Purpose = "court"
	Breach Purpose = "breach"
	Person Purpose = "person"
)

// Release says what shares are handed over for.
type Release struct {
	Open      [32]byte // SHA-256 of the open record
	Campaign  [16]byte
	Draw      int      // 1 to 99; 0 if it is a case
	Case      [16]byte // set only without a draw
	Purpose   Purpose
	Kind      seal.Kind
	Opened    [32]byte // SHA-256 of the opened record in the log
	Threshold int      // K
	Total     int      // N
}

// Head returns what an envelope of this release for one entrant must say.
func (r Release) Head(id [16]byte) seal.Head {
	return seal.Head{Open: r.Open, Campaign: r.Campaign, ID: id, Kind: r.Kind, Threshold: r.Threshold, Total: r.Total}
}

// Check returns a [*seal.MismatchError] unless purpose, kind, draw or case and
// threshold go together.
func (r Release) Check() error {
	kind, draw := seal.Kind(0), true
	switch r.Purpose {
	case Notice:
		kind = seal.Contact
	case Claim, Tax, Audit:
		kind = seal.Identity
	case Court, Breach, Person:
		kind, draw = r.Kind, false
	default:
		return &seal.MismatchError{What: "released shares", Field: "purpose"}
	}
	switch {
	case r.Kind != kind || kind != seal.Identity && kind != seal.Contact:
		return &seal.MismatchError{What: "released shares", Field: "kind"}
	case draw != (r.Draw != 0) || draw != (r.Case == [16]byte{}) || r.Draw < 0 || r.Draw > 99:
		return &seal.MismatchError{What: "released shares", Field: "draw"}
	case r.Threshold < 1 || r.Threshold > r.Total || r.Total > MaxCustodians:
		return &seal.MismatchError{What: "released shares", Field: "threshold"}
	}
	return nil
}

// SealReleased prints one custodian's shares for one release and seals them to
// the notifiers. The shares must be of the release and of one custodian, in
// strictly ascending order of id, 1 to [MaxShares] of them.
func SealReleased(r Release, custodian int, shares []Share, notifiers Recipients) ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	if custodian < 1 || custodian > r.Total || notifiers.Len() == 0 {
		return nil, fmt.Errorf("seal released shares: %w", ErrCount)
	}
	if len(shares) < 1 || len(shares) > MaxShares {
		return nil, fmt.Errorf("seal released shares: %w", seal.ErrSize)
	}
	for i, s := range shares {
		if err := sameHead("released shares", s.Head, r.Head(s.Head.ID)); err != nil {
			return nil, err
		}
		if s.Custodian != custodian {
			return nil, &seal.MismatchError{What: "released shares", Field: "custodian"}
		}
		if !s.Value.canonical() {
			return nil, ErrShare
		}
		if i > 0 && bytes.Compare(shares[i-1].Head.ID[:], s.Head.ID[:]) >= 0 {
			return nil, &seal.MismatchError{What: "released shares", Field: "order"}
		}
	}
	file, err := encrypt(marshalReleased(r, custodian, shares), notifiers.list...)
	if err != nil {
		return nil, fmt.Errorf("seal released shares: %w", err)
	}
	return file, nil
}

func marshalReleased(r Release, custodian int, shares []Share) []byte {
	b := make([]byte, 0, 512+104*len(shares))
	b = fmt.Appendf(b, "fairlot/v1 released shares\nopen %x\ncampaign %x\n", r.Open[:], r.Campaign[:])
	if r.Draw != 0 {
		b = fmt.Appendf(b, "draw %d\n", r.Draw)
	} else {
		b = fmt.Appendf(b, "case %x\n", r.Case[:])
	}
	b = fmt.Appendf(b, "purpose %s\nkind %s\nopened %x\ncustodian %d\nthreshold %d %d\ncount %d\n",
		r.Purpose, r.Kind, r.Opened[:], custodian, r.Threshold, r.Total, len(shares))
	for _, s := range shares {
		b = append(b, "share "...)
		b = hex.AppendEncode(b, s.Head.ID[:])
		b = append(b, ' ')
		b = hex.AppendEncode(b, s.Value[:])
		b = append(b, '\n')
	}
	return b
}

// ReadReleased opens a file of released shares with a notifier's key and
// returns its shares, ascending by id, if it is of the release asked for. The
// custodian is what the file says: age names no sender. Errors: [ErrWrongKey],
// seal.ErrSize, seal.ErrDamaged, [ErrShare], [*seal.MismatchError].
func ReadReleased(key *Key, file []byte, want Release) ([]Share, error) {
	if len(file) > MaxReleased {
		return nil, fmt.Errorf("read released shares: %w", seal.ErrSize)
	}
	text, err := decrypt(file, key)
	if err != nil {
		return nil, fmt.Errorf("read released shares: %w", err)
	}
	got, shares, err := parseReleased(text)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		same bool
		name string
	}{
		{got.Open == want.Open, "open record"}, {got.Campaign == want.Campaign, "campaign"},
		{got.Draw == want.Draw, "draw"}, {got.Case == want.Case, "case"},
		{got.Purpose == want.Purpose, "purpose"}, {got.Kind == want.Kind, "kind"},
		{got.Opened == want.Opened, "opened record"},
		{got.Threshold == want.Threshold && got.Total == want.Total, "threshold"},
	} {
		if !f.same {
			return nil, &seal.MismatchError{What: "released shares", Field: f.name}
		}
	}
	return shares, nil
}

// parseReleased reads the text; what it accepts prints back to the same bytes.
func parseReleased(text []byte) (Release, []Share, error) {
	bad := fmt.Errorf("read released shares: %w", seal.ErrDamaged)
	if len(text) > MaxReleased {
		return Release{}, nil, bad
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 12 || len(lines) > 11+MaxShares || lines[0] != "fairlot/v1 released shares" {
		return Release{}, nil, bad
	}
	var r Release
	ok := unhex(r.Open[:], lines[1], "open ") && unhex(r.Campaign[:], lines[2], "campaign ") &&
		unhex(r.Opened[:], lines[6], "opened ")
	if n, isDraw := strings.CutPrefix(lines[3], "draw "); isDraw {
		r.Draw, _ = strconv.Atoi(n)
	} else {
		ok = ok && unhex(r.Case[:], lines[3], "case ")
	}
	r.Purpose = Purpose(strings.TrimPrefix(lines[4], "purpose "))
	switch lines[5] {
	case "kind identity":
		r.Kind = seal.Identity
	case "kind contact":
		r.Kind = seal.Contact
	}
	custodian, _ := strconv.Atoi(strings.TrimPrefix(lines[7], "custodian "))
	k, n, _ := strings.Cut(strings.TrimPrefix(lines[8], "threshold "), " ")
	r.Threshold, _ = strconv.Atoi(k)
	r.Total, _ = strconv.Atoi(n)
	if !ok || custodian < 1 || custodian > r.Total {
		return Release{}, nil, bad
	}
	if err := r.Check(); err != nil {
		return Release{}, nil, err
	}
	shares := make([]Share, 0, len(lines)-11)
	for i, line := range lines[10 : len(lines)-1] {
		var id [16]byte
		var v Scalar
		a, b, _ := strings.Cut(strings.TrimPrefix(line, "share "), " ")
		if !unhex(id[:], a, "") || !unhex(v[:], b, "") {
			return Release{}, nil, bad
		}
		if i > 0 && bytes.Compare(shares[i-1].Head.ID[:], id[:]) >= 0 {
			return Release{}, nil, bad
		}
		if !v.canonical() {
			return Release{}, nil, ErrShare
		}
		shares = append(shares, Share{Head: r.Head(id), Custodian: custodian, Value: v})
	}
	if !bytes.Equal(marshalReleased(r, custodian, shares), text) {
		return Release{}, nil, bad
	}
	return r, shares, nil
}

// unhex decodes a line of prefix and hex into dst, filling it.
func unhex(dst []byte, line, prefix string) bool {
	h, ok := strings.CutPrefix(line, prefix)
	if !ok || len(h) != 2*len(dst) {
		return false
	}
	_, err := hex.Decode(dst, []byte(h))
	return err == nil
}
