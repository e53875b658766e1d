// Package custody keeps the keys of envelopes with k of n custodians: it splits
// each envelope's file key, seals the shares into one lock an entrant, lets a
// custodian release the share of one entrant for one purpose, and joins
// released shares again.
//
// There is no campaign key, and nothing here decides who may be opened: a
// custodian's tool compares each lock with winners that a checked bundle proves
// and passes them in as [Want]. No I/O; randomness comes from crypto/rand and
// from circl, which reads crypto/rand too. All functions are safe for
// concurrent use.
//
// Invariants: whatever is opened is compared in full with what was asked for;
// no error holds a key, a share or personal data; post-quantum and classic
// recipients are never mixed.
//
// Begin with [ParseRecipients] once a campaign and [SealEntrant] once an
// entrant; then [OpenLock], [SealReleased], [ReadReleased], [OpenEntrant].
// Source: docs/FORMATS.md sections 3 to 6.
package custody

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"fairlot/crypto/seal"
)

// Limits.
const (
	// MaxCustodians is the largest n.
	MaxCustodians = 9
	// MaxLock bounds a lock file, in bytes.
	MaxLock = 8192
	// MaxShares bounds the shares in one file of released shares.
	MaxShares = 100_000
	// MaxReleased bounds a file of released shares, in bytes.
	MaxReleased = 16 << 20
)

var (
	// ErrRecipient says that a recipient is not a native age one in its one
	// spelling.
	ErrRecipient = errors.New("read recipient: not a native age recipient")
	// ErrPlugin says that a recipient belongs to an age plugin; this version
	// seals to native ones only.
	ErrPlugin = errors.New("read recipient: plugin recipients are not supported")
	// ErrMixed says that some recipients are post-quantum and some classic, so
	// the classic ones would undo what the others are for.
	ErrMixed = errors.New("read recipients: post-quantum and classic recipients cannot be mixed")
	// ErrTwice says that a recipient stands twice: one person would hold two
	// shares.
	ErrTwice = errors.New("read recipients: a recipient stands twice")
	// ErrCount says that there are no recipients, more than MaxCustodians, or
	// a threshold that is not 1 to their number.
	ErrCount = errors.New("number of custodians or threshold out of bounds")
	// ErrIdentity says that a key file does not hold exactly one native key.
	ErrIdentity = errors.New("read key: not exactly one native age identity")
	// ErrWrongKey says that a file was sealed to somebody else's key.
	ErrWrongKey = errors.New("sealed to another key than this one")
)

// Recipients are the parsed public keys of a campaign's custodians, or of its
// notifiers, in the order of the open record. The zero value has none.
type Recipients struct {
	list        []age.Recipient
	postQuantum bool
}

// Len returns their number.
func (r Recipients) Len() int { return len(r.list) }

// PostQuantum says whether all are hybrid post-quantum; if not, none is.
func (r Recipients) PostQuantum() bool { return r.postQuantum }

// ParseRecipients parses 1 to [MaxCustodians] recipients, all age1pq1… or all
// age1…. It never runs a plugin. Errors: [ErrRecipient], [ErrPlugin],
// [ErrMixed], [ErrTwice], [ErrCount].
func ParseRecipients(texts ...string) (Recipients, error) {
	if len(texts) < 1 || len(texts) > MaxCustodians {
		return Recipients{}, ErrCount
	}
	var out Recipients
	seen := map[string]bool{}
	for i, s := range texts {
		r, pq, err := parseRecipient(s)
		if err != nil {
			return Recipients{}, fmt.Errorf("recipient %d: %w", i+1, err)
		}
		if i > 0 && pq != out.postQuantum {
			return Recipients{}, ErrMixed
		}
		if seen[s] {
			return Recipients{}, ErrTwice
		}
		seen[s] = true
		out.list = append(out.list, r)
		out.postQuantum = pq
	}
	return out, nil
}

func parseRecipient(s string) (age.Recipient, bool, error) {
	if strings.HasPrefix(s, "age1pq1") {
		r, err := age.ParseHybridRecipient(s)
		if err != nil || r.String() != s {
			return nil, false, ErrRecipient
		}
		return r, true, nil
	}
	// Bech32's last 1 ends the prefix; a native X25519 recipient's prefix is
	// age, a plugin's is age1NAME.
	if strings.HasPrefix(s, "age1") && strings.LastIndexByte(s, '1') > 3 {
		return nil, false, ErrPlugin
	}
	r, err := age.ParseX25519Recipient(s)
	if err != nil || r.String() != s {
		return nil, false, ErrRecipient
	}
	return r, false, nil
}

// Key is the private key of a custodian or a notifier. It prints as its
// recipient; only [Key.Secret] gives it away.
type Key struct {
	identity  age.Identity
	secret    string
	recipient string
}

// NewKey makes a hybrid post-quantum key, the default for everybody.
func NewKey() (*Key, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return &Key{identity: id, secret: id.String(), recipient: id.Recipient().String()}, nil
}

// NewClassicKey makes an X25519 key, for campaigns whose custodians cannot all
// hold post-quantum ones.
func NewClassicKey() (*Key, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return &Key{identity: id, secret: id.String(), recipient: id.Recipient().String()}, nil
}

// ParseKey reads an age identity file: comments, empty lines, and exactly one
// native identity. It returns [ErrIdentity] for anything else.
func ParseKey(file []byte) (*Key, error) {
	if len(file) > 1<<16 {
		return nil, ErrIdentity
	}
	var secret string
	for sc := bufio.NewScanner(bytes.NewReader(file)); sc.Scan(); {
		line := sc.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if secret != "" {
			return nil, ErrIdentity
		}
		secret = line
	}
	if id, err := age.ParseHybridIdentity(secret); err == nil {
		return &Key{identity: id, secret: secret, recipient: id.Recipient().String()}, nil
	}
	if id, err := age.ParseX25519Identity(secret); err == nil {
		return &Key{identity: id, secret: secret, recipient: id.Recipient().String()}, nil
	}
	return nil, ErrIdentity // age's own error could quote the line
}

// File returns an age identity file with the key, which is secret, and its
// recipient in a comment.
func (k *Key) File() []byte {
	return fmt.Appendf(nil, "# public key: %s\n%s\n", k.recipient, k.secret)
}

// Secret returns the private key's text.
func (k *Key) Secret() string { return k.secret }

// Recipient returns the public key's text, as it stands in the open record.
func (k *Key) Recipient() string { return k.recipient }

// String returns the recipient, so that a key printed by mistake is public.
func (k *Key) String() string { return k.recipient }

// GoString returns the recipient.
func (k *Key) GoString() string { return k.recipient }

// encrypt encrypts plain to all recipients as one age file.
func encrypt(plain []byte, to ...age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(plain) + 2048*len(to))
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decrypt opens an age file; it returns ErrWrongKey or seal.ErrDamaged.
func decrypt(file []byte, k *Key) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(file), k.identity)
	if err != nil {
		var no *age.NoIdentityMatchError
		if errors.As(err, &no) {
			return nil, ErrWrongKey
		}
		return nil, seal.ErrDamaged
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, seal.ErrDamaged
	}
	return plain, nil
}
