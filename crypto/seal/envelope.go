package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
)

// Head is what an envelope says about itself, inside the encryption.
type Head struct {
	Open      [32]byte // SHA-256 of the open record
	Campaign  [16]byte
	ID        [16]byte // the entrant's id
	Kind      Kind
	Threshold int // K: shares that open it, 1 to Custodians
	Total     int // N: custodians, at most 9
}

func (h Head) valid() bool {
	return (h.Kind == Identity || h.Kind == Contact) && h.Threshold >= 1 && h.Threshold <= h.Total && h.Total <= 9
}

// payload returns the text before the padding.
func (h Head) payload(opening, other [32]byte, text []byte) []byte {
	b := make([]byte, 0, 1536)
	b = fmt.Appendf(b, "fairlot/v1 envelope\nopen %x\ncampaign %x\nid %x\nkind %s\nopening %x\nother %x\n\n",
		h.Open[:], h.Campaign[:], h.ID[:], h.Kind, opening[:], other[:])
	return append(b, text...)
}

// SealEnvelope makes the envelope of h.Kind with the entrant's text (1 to
// [MaxText] bytes of plain text) and the openings of that kind. It returns the
// age file and its file key, which stands nowhere in the file: the caller splits
// it and forgets it. postQuantum says whether all custodians' recipients are
// hybrid; age then refuses to mix this recipient with classic ones.
func SealEnvelope(h Head, text []byte, o Openings, postQuantum bool) ([]byte, FileKey, error) {
	if !h.valid() {
		return nil, FileKey{}, errors.New("seal envelope: kind or threshold out of bounds")
	}
	if err := CheckText(text); err != nil {
		return nil, FileKey{}, fmt.Errorf("seal %s envelope: %w", h.Kind, err)
	}
	opening, other := o.KI, o.CC
	if h.Kind == Contact {
		opening, other = o.KC, o.CI
	}
	p := h.payload(opening, other, text)
	p = append(p, make([]byte, (Step-len(p)%Step)%Step)...)

	s := &splitter{head: h, postQuantum: postQuantum}
	var out bytes.Buffer
	out.Grow(len(p) + 160)
	w, err := age.Encrypt(&out, s)
	if err != nil {
		return nil, FileKey{}, fmt.Errorf("seal envelope: %w", err)
	}
	if _, err := w.Write(p); err != nil {
		return nil, FileKey{}, fmt.Errorf("seal envelope: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, FileKey{}, fmt.Errorf("seal envelope: %w", err)
	}
	return out.Bytes(), s.key, nil
}

// OpenEnvelope opens an envelope under its joined file key and checks all of
// it: that it is the one of want, that its text is plain, and that text and
// openings give the person in the entrant's leaf. It returns the text and only
// those openings that the envelope gives: KI, CC and CI, or KC, CI and CC (the
// fourth is zero). Errors: [ErrSize], [ErrDamaged], [*MismatchError],
// [ErrText], [ErrPerson].
func OpenEnvelope(file []byte, key FileKey, want Head, person [32]byte) ([]byte, Openings, error) {
	text, o, err := openEnvelope(file, key, want, person)
	if err != nil {
		var m *MismatchError
		if errors.As(err, &m) {
			return nil, Openings{}, err
		}
		return nil, Openings{}, fmt.Errorf("open %s envelope: %w", want.Kind, err)
	}
	return text, o, nil
}

func openEnvelope(file []byte, key FileKey, want Head, person [32]byte) ([]byte, Openings, error) {
	if len(file) > MaxEnvelope {
		return nil, Openings{}, ErrSize
	}
	if !want.valid() {
		return nil, Openings{}, &MismatchError{What: "envelope", Field: "kind or threshold"}
	}
	r, err := age.Decrypt(bytes.NewReader(file), &joined{head: want, key: key})
	if err != nil {
		var m *MismatchError
		if errors.As(err, &m) {
			return nil, Openings{}, m
		}
		return nil, Openings{}, ErrDamaged // age's own text may quote the header
	}
	p, err := io.ReadAll(r)
	if err != nil {
		return nil, Openings{}, ErrDamaged
	}
	if len(p) == 0 || len(p)%Step != 0 {
		return nil, Openings{}, ErrDamaged
	}
	unpadded := bytes.TrimRight(p, "\x00")
	if len(p)-len(unpadded) >= Step {
		return nil, Openings{}, ErrDamaged
	}
	got, opening, other, text, ok := parsePayload(unpadded)
	if !ok {
		return nil, Openings{}, ErrDamaged
	}
	switch {
	case got.Open != want.Open:
		return nil, Openings{}, &MismatchError{What: "envelope", Field: "open record"}
	case got.Campaign != want.Campaign:
		return nil, Openings{}, &MismatchError{What: "envelope", Field: "campaign"}
	case got.ID != want.ID:
		return nil, Openings{}, &MismatchError{What: "envelope", Field: "id"}
	case got.Kind != want.Kind:
		return nil, Openings{}, &MismatchError{What: "envelope", Field: "kind"}
	}
	if err := CheckText(text); err != nil {
		return nil, Openings{}, err
	}
	var o Openings
	if want.Kind == Identity {
		o.KI, o.CC = opening, other
		o.CI = commit(o.KI, text)
	} else {
		o.KC, o.CI = opening, other
		o.CC = commit(o.KC, text)
	}
	if o.Person() != person {
		return nil, Openings{}, ErrPerson
	}
	return text, o, nil
}

// parsePayload reads a payload without its padding; ok only for the one
// encoding.
func parsePayload(p []byte) (h Head, opening, other [32]byte, text []byte, ok bool) {
	head, text, found := bytes.Cut(p, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) != 7 {
		return h, opening, other, nil, false
	}
	switch lines[4] {
	case "kind identity":
		h.Kind = Identity
	case "kind contact":
		h.Kind = Contact
	}
	ok = unhex(h.Open[:], lines[1], "open ") && unhex(h.Campaign[:], lines[2], "campaign ") &&
		unhex(h.ID[:], lines[3], "id ") && unhex(opening[:], lines[5], "opening ") &&
		unhex(other[:], lines[6], "other ") && bytes.Equal(h.payload(opening, other, text), p)
	return h, opening, other, text, ok
}

// CheckText returns [ErrSize] unless the text is 1 to [MaxText] bytes, and
// [ErrText] unless it is UTF-8 that ends in LF and has no other control
// character. SPEC.md section 4 asks more, of whoever makes the text.
func CheckText(text []byte) error {
	if len(text) < 1 || len(text) > MaxText {
		return ErrSize
	}
	if !utf8.Valid(text) || text[len(text)-1] != '\n' {
		return ErrText
	}
	for _, c := range text {
		if c < 0x20 && c != '\n' || c == 0x7f {
			return ErrText
		}
	}
	return nil
}

const stanzaType = "fairlot-split"

// splitter is the age recipient of an envelope: it keeps the file key for the
// caller and writes a stanza that holds nothing of it.
type splitter struct {
	head        Head
	postQuantum bool
	key         FileKey
}

func (s *splitter) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	st, _, err := s.WrapWithLabels(fileKey)
	return st, err
}

func (s *splitter) WrapWithLabels(fileKey []byte) ([]*age.Stanza, []string, error) {
	if len(fileKey) != len(s.key) {
		return nil, nil, errors.New("split file key: not 16 bytes")
	}
	copy(s.key[:], fileKey)
	var labels []string
	if s.postQuantum {
		labels = []string{"postquantum"}
	}
	return []*age.Stanza{{
		Type: stanzaType,
		Args: []string{strconv.Itoa(s.head.Threshold), strconv.Itoa(s.head.Total)},
	}}, labels, nil
}

// joined is the age identity that opens an envelope: it checks the stanza and
// injects the joined file key.
type joined struct {
	head Head
	key  FileKey
}

func (j *joined) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != stanzaType || len(stanzas[0].Args) != 2 || len(stanzas[0].Body) != 0 {
		return nil, ErrDamaged
	}
	if a := stanzas[0].Args; a[0] != strconv.Itoa(j.head.Threshold) || a[1] != strconv.Itoa(j.head.Total) {
		return nil, &MismatchError{What: "envelope", Field: "threshold"}
	}
	return age.NewInjectedFileKeyIdentity(j.key[:]).Unwrap(stanzas)
}

// unhex decodes a line of prefix and lower-case hex into dst, filling it.
func unhex(dst []byte, line, prefix string) bool {
	h, ok := strings.CutPrefix(line, prefix)
	if !ok || len(h) != 2*len(dst) {
		return false
	}
	_, err := hex.Decode(dst, []byte(h))
	return err == nil
}
