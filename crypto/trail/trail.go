// Package trail is the form of the audit trail: acts as texts of which each holds the hash of the one before, and the check of such a chain.
//
// It is not the keeping of acts (package engine) nor the log's records (package draw). A text is its one encoding, so `sha256sum` of a stored
// text gives the hash that the next one holds:
//
//	fairlot/v1 act
//	number 8
//	time 2027-03-01T04:00:00Z
//	actor 0123456789abcdef
//	label Chen Yi-chun
//	role officer
//	method CampaignService/OpenCampaign
//	resource campaigns/autumn-reading
//	request 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	of 7
//	outcome ok
//	prev 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
//
// label, role, resource, request and of may be absent; new-role and new-label stand after resource where a token is made. Everything is standard library; nothing reads a clock. Values are safe for concurrent
// use, a Chain is not. First call: [NewChain] to check, [Act.Marshal] to write.
package trail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxText is the longest text of an act, in bytes.
const MaxText = 2048

// Actors that are no token.
const (
	Daemon  = "daemon"  // what the clock started
	Machine = "machine" // a command on the machine itself
)

// Begun is the outcome of an act that is about to be done. Whoever reads it without a later act whose `of` is its number knows that it was
// cut off, or failed, somewhere in between.
const Begun = "begun"

// OK is the outcome of an act that was done. Every other outcome is a refusal's reason, or a code.
const OK = "ok"

// Act is who did what, when, and with what outcome.
type Act struct {
	Number   int64     // from 1
	Time     time.Time // whole seconds, UTC
	Actor    string    // a token's id of 16 hexadecimal digits, Daemon or Machine
	Label    string    // of the token; one line of at most 100 bytes, may be empty
	Role     string    // of the token, may be empty
	Method   string    // Service/Method, or what was done on the machine
	Resource string    // what it was about, may be empty
	NewRole  string    // of the token that is made, empty if none is
	NewLabel string    // likewise; as Label
	Request  *[32]byte // SHA-256 of the request's fields that may be kept, nil if none
	Of       int64     // number of the act whose outcome this tells, 0 if it stands alone
	Outcome  string
	Prev     [32]byte // hash of the act before, [Genesis] for the first
}

// Genesis stands for the act before the first one: SHA-256 of "fairlot/v1 acts\n", the log's verifier key and LF. Two installations have
// no act in common.
func Genesis(logKey string) [32]byte {
	return sha256.Sum256([]byte("fairlot/v1 acts\n" + logKey + "\n"))
}

var (
	actorForm    = regexp.MustCompile(`^([0-9a-f]{16}|daemon|machine)$`)
	wordForm     = regexp.MustCompile(`^[a-z][a-z-]{0,31}$`)
	methodForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z/-]{0,99}$`)
	resourceForm = regexp.MustCompile(`^[a-z0-9][a-z0-9/-]{0,199}$`)
	outcomeForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
)

// CleanLabel makes a label that an act takes of any text: what is no printable character becomes U+FFFD, and it is cut to 100 bytes.
func CleanLabel(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
	for len(s) > 100 {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimSpace(s)
}

// ErrAct says that bytes are not an act in its one encoding, or that a value is not allowed in one.
var ErrAct = errors.New("not an act")

// Marshal prints the act. Errors wrap ErrAct.
func (a Act) Marshal() ([]byte, error) {
	bad := func(key string) ([]byte, error) { return nil, fmt.Errorf("%w: %s", ErrAct, key) }
	switch {
	case a.Number < 1:
		return bad("number")
	case !a.Time.Equal(a.Time.Truncate(time.Second)) || a.Time.UTC().Year() < 1970 || a.Time.UTC().Year() > 9999:
		return bad("time")
	case !actorForm.MatchString(a.Actor):
		return bad("actor")
	case CleanLabel(a.Label) != a.Label:
		return bad("label")
	case a.Role != "" && !wordForm.MatchString(a.Role):
		return bad("role")
	case !methodForm.MatchString(a.Method):
		return bad("method")
	case a.Resource != "" && !resourceForm.MatchString(a.Resource):
		return bad("resource")
	case a.NewRole != "" && !wordForm.MatchString(a.NewRole):
		return bad("new-role")
	case CleanLabel(a.NewLabel) != a.NewLabel:
		return bad("new-label")
	case a.Of < 0 || a.Of >= a.Number:
		return bad("of")
	case !outcomeForm.MatchString(a.Outcome) || a.Outcome == Begun && a.Of != 0:
		return bad("outcome")
	}
	var b bytes.Buffer
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s %s\n", key, value)
		}
	}
	b.WriteString("fairlot/v1 act\n")
	line("number", strconv.FormatInt(a.Number, 10))
	line("time", a.Time.UTC().Format(time.RFC3339))
	line("actor", a.Actor)
	line("label", a.Label)
	line("role", a.Role)
	line("method", a.Method)
	line("resource", a.Resource)
	line("new-role", a.NewRole)
	line("new-label", a.NewLabel)
	if a.Request != nil {
		line("request", hex.EncodeToString(a.Request[:]))
	}
	if a.Of > 0 {
		line("of", strconv.FormatInt(a.Of, 10))
	}
	line("outcome", a.Outcome)
	line("prev", hex.EncodeToString(a.Prev[:]))
	return b.Bytes(), nil
}

// Parse reads an act: it parses, prints and compares. Errors wrap ErrAct.
func Parse(text []byte) (Act, error) {
	var a Act
	if len(text) > MaxText || !utf8.Valid(text) {
		return a, fmt.Errorf("%w: too long, or not UTF-8", ErrAct)
	}
	lines := strings.Split(string(text), "\n")
	for _, l := range lines[1:] {
		key, value, _ := strings.Cut(l, " ")
		switch key {
		case "number":
			a.Number, _ = strconv.ParseInt(value, 10, 64)
		case "time":
			a.Time, _ = time.Parse(time.RFC3339, value)
		case "actor":
			a.Actor = value
		case "label":
			a.Label = value
		case "role":
			a.Role = value
		case "method":
			a.Method = value
		case "resource":
			a.Resource = value
		case "new-role":
			a.NewRole = value
		case "new-label":
			a.NewLabel = value
		case "request":
			a.Request = new([32]byte)
			_, _ = hex.Decode(a.Request[:], []byte(value[:min(len(value), 64)])) // printed again below
		case "of":
			a.Of, _ = strconv.ParseInt(value, 10, 64)
		case "outcome":
			a.Outcome = value
		case "prev":
			_, _ = hex.Decode(a.Prev[:], []byte(value[:min(len(value), 64)]))
		}
	}
	again, err := a.Marshal()
	if err != nil {
		return a, err
	}
	if !bytes.Equal(again, text) {
		return a, fmt.Errorf("%w: not in its one encoding", ErrAct)
	}
	return a, nil
}
