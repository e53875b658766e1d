package custody

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"fairlot/crypto/seal"
)

const (
	// MaxChallenge bounds a challenge file, in bytes.
	MaxChallenge = 4096
	// MaxStatement bounds a statement, in bytes.
	MaxStatement = 4096

	challengeSize = len("fairlot/v1 key challenge\nkeys \nsecret \n") + 128
)

var (
	// ErrOtherList says that a challenge or a statement is about another list
	// of keys: the draft was changed since.
	ErrOtherList = errors.New("about another list of keys than this one")
	// ErrStatement says that bytes are no statement in its one encoding.
	ErrStatement = errors.New("not a key statement")
	// ErrAnswer says that a statement was not made by whoever can open what is
	// sealed to the recipient that it names.
	ErrAnswer = errors.New("the statement does not show the private key of its recipient")
)

// ChallengeText is what the log's key signs for a challenge: SHA-256 of the signature is its secret.
func ChallengeText(list [32]byte, recipient string) []byte {
	return fmt.Appendf(nil, "fairlot/v1 key challenge\nkeys %x\nrecipient %s\n", list[:], recipient)
}

// SealChallenge seals to one recipient a secret that only the private key gives
// back. list is [KeyList.Hash]. The text inside begins as no lock and no
// released share does, so that whoever answers challenges opens nothing else.
func SealChallenge(list [32]byte, to string, secret [32]byte) ([]byte, error) {
	r, _, err := parseRecipient(to)
	if err != nil {
		return nil, err
	}
	return encrypt(fmt.Appendf(nil, "fairlot/v1 key challenge\nkeys %x\nsecret %x\n", list[:], secret[:]), r)
}

// OpenChallenge opens a challenge about a list that its reader agreed to. Errors:
// [ErrWrongKey], seal.ErrSize, seal.ErrDamaged, [ErrOtherList].
func OpenChallenge(k *Key, file []byte, list [32]byte) (secret [32]byte, err error) {
	if len(file) > MaxChallenge {
		return secret, fmt.Errorf("open challenge: %w", seal.ErrSize)
	}
	b, err := decrypt(file, k)
	if err != nil {
		return secret, fmt.Errorf("open challenge: %w", err)
	}
	lines := strings.Split(string(b), "\n")
	var about [32]byte
	if len(b) != challengeSize || len(lines) != 4 || lines[0] != "fairlot/v1 key challenge" || !unhex(about[:], lines[1], "keys ") || !unhex(secret[:], lines[2], "secret ") {
		return [32]byte{}, fmt.Errorf("open challenge: %w", seal.ErrDamaged)
	}
	if about != list {
		return [32]byte{}, fmt.Errorf("open challenge: %w", ErrOtherList)
	}
	return secret, nil
}

// Statement is what a custodian or a notifier states before a campaign opens: I
// hold the private key of this recipient, and agree to this list. The answer
// proves the age key; a custodian's signature, by the cosigning key, proves that
// one too, and stays checkable by everybody. Its text:
//
//	fairlot/v1 key statement
//	keys HASH
//	recipient RECIPIENT
//	answer HEX64
//	signature BASE64
//
// The last line is a custodian's only; the signature is over the lines before.
type Statement struct {
	Keys      [32]byte // KeyList.Hash
	Recipient string
	Answer    [32]byte
	Signature []byte // 64 bytes; nil for a notifier
}

// NewStatement answers a challenge; the caller adds a custodian's signature.
func NewStatement(list [32]byte, recipient string, secret [32]byte) Statement {
	s := Statement{Keys: list, Recipient: recipient}
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(s.stated())
	mac.Sum(s.Answer[:0])
	return s
}

// stated are the lines that the answer is over.
func (s Statement) stated() []byte {
	return fmt.Appendf(nil, "fairlot/v1 key statement\nkeys %x\nrecipient %s\n", s.Keys[:], s.Recipient)
}

// Signed are the lines that the signature is over.
func (s Statement) Signed() []byte { return fmt.Appendf(s.stated(), "answer %x\n", s.Answer[:]) }

// Answers returns [ErrAnswer] unless the statement was made with secret.
func (s Statement) Answers(secret [32]byte) error {
	if want := NewStatement(s.Keys, s.Recipient, secret); !hmac.Equal(want.Answer[:], s.Answer[:]) {
		return ErrAnswer
	}
	return nil
}

// Marshal prints the statement.
func (s Statement) Marshal() []byte {
	b := s.Signed()
	if s.Signature != nil {
		b = fmt.Appendf(b, "signature %s\n", base64.StdEncoding.EncodeToString(s.Signature))
	}
	return b
}

// ParseStatement reads a statement; what it accepts prints back to the same
// bytes. Nothing is verified. Errors: [ErrStatement], those of a recipient.
func ParseStatement(text []byte) (Statement, error) {
	lines := strings.Split(string(text), "\n")
	if len(text) > MaxStatement || len(lines) < 5 {
		return Statement{}, ErrStatement
	}
	var s Statement
	if !unhex(s.Keys[:], lines[1], "keys ") || !unhex(s.Answer[:], lines[3], "answer ") {
		return Statement{}, ErrStatement
	}
	s.Recipient = strings.TrimPrefix(lines[2], "recipient ")
	if sig, ok := strings.CutPrefix(lines[4], "signature "); ok {
		var err error
		if s.Signature, err = base64.StdEncoding.DecodeString(sig); err != nil || len(s.Signature) != 64 {
			return Statement{}, ErrStatement
		}
	}
	if !bytes.Equal(s.Marshal(), text) {
		return Statement{}, ErrStatement
	}
	_, _, err := parseRecipient(s.Recipient)
	return s, err
}
