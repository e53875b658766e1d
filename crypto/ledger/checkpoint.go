package ledger

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxCheckpoint is the longest checkpoint read, in bytes; note itself reads at most 100
// signatures.
const MaxCheckpoint = 64 << 10

var (
	// ErrCheckpoint means bytes that are not a checkpoint in its one form, or one of another
	// origin.
	ErrCheckpoint = errors.New("malformed checkpoint")
	// ErrLogSignature means a checkpoint that the log's key did not sign, or not rightly.
	ErrLogSignature = errors.New("log signature is missing or wrong")
)

// Checkpoint is what a log's key signed (SPEC 6):
//
//	ORIGIN
//	SIZE
//	BASE64 of the 32-byte root
//
// Extension lines are not allowed.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   Hash
}

// Text returns the three lines that are signed.
func (c Checkpoint) Text() string {
	return torchwood.Checkpoint{Origin: c.Origin, Tree: tlog.Tree{N: c.Size, Hash: c.Root}}.String()
}

// SignCheckpoint returns the signed note of a checkpoint. The signer is the log's; its name
// must be the origin. Signatures are deterministic: the same tree gives the same bytes.
func SignCheckpoint(signer note.Signer, origin string, size int64, root Hash) ([]byte, error) {
	if signer.Name() != origin || !validName(origin) || size < 0 {
		return nil, fmt.Errorf("sign checkpoint: %w: the key's name is not the origin, or the size is negative", ErrCheckpoint)
	}
	b, err := note.Sign(&note.Note{Text: Checkpoint{origin, size, root}.Text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return b, nil
}

// NextCheckpoint signs the tree of all records, which are the log from entry 0: what an
// appender computes before it swaps the log's size. It returns the note and what it says.
func NextCheckpoint(signer note.Signer, records [][]byte) ([]byte, Checkpoint, error) {
	t, err := NewTree(records...)
	if err != nil {
		return nil, Checkpoint{}, err
	}
	root, err := t.Root(t.Size())
	if err != nil {
		return nil, Checkpoint{}, err
	}
	c := Checkpoint{signer.Name(), t.Size(), root}
	b, err := SignCheckpoint(signer, c.Origin, c.Size, c.Root)
	return b, c, err
}

// VerifyCheckpoint reads a signed checkpoint and verifies the log's signature under its
// verifier key (algorithm 0x01, name = origin). Cosignatures are not looked at. Errors wrap
// ErrKey, ErrCheckpoint or ErrLogSignature.
func VerifyCheckpoint(logVKey string, checkpoint []byte) (Checkpoint, error) {
	log, err := parseVKeyOf(AlgLog, logVKey)
	if err != nil {
		return Checkpoint{}, err
	}
	c, _, err := open(log, checkpoint)
	return c, err
}

// sigLine is one signature line of a note: "— NAME BASE64(key hash ‖ sig)". The form of NAME and BASE64 is that of SPEC 6 for
// unknown signers too: what counts as a space in other scripts differs between libraries and Unicode versions.
type sigLine struct {
	name string
	hash uint32
	sig  []byte
	line string // whole, without LF
}

// open verifies the log's signature and returns every signature line in the note's order.
func open(log VKey, checkpoint []byte) (Checkpoint, []sigLine, error) {
	if len(checkpoint) > MaxCheckpoint {
		return Checkpoint{}, nil, fmt.Errorf("read checkpoint: %w: longer than %d bytes", ErrCheckpoint, MaxCheckpoint)
	}
	v, err := note.NewVerifier(log.String())
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("read checkpoint: %w", ErrKey)
	}
	n, err := note.Open(checkpoint, note.VerifierList(v))
	var unsigned *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unsigned), errors.As(err, &invalid):
		return Checkpoint{}, nil, fmt.Errorf("read checkpoint: %w", ErrLogSignature)
	case err != nil:
		return Checkpoint{}, nil, fmt.Errorf("read checkpoint: %w", ErrCheckpoint)
	}
	p, err := torchwood.ParseCheckpoint(n.Text)
	c := Checkpoint{p.Origin, p.N, p.Hash}
	if err != nil || c.Text() != n.Text || c.Origin != log.Name {
		return Checkpoint{}, nil, fmt.Errorf("read checkpoint: %w", ErrCheckpoint)
	}
	// note.Open keeps one signature a key; a witness may stand here twice, at two times.
	var lines []sigLine
	for line := range strings.Lines(string(checkpoint[len(n.Text)+1:])) {
		l, err := parseLine(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return Checkpoint{}, nil, fmt.Errorf("read checkpoint: %w", ErrCheckpoint)
		}
		if l.name == log.Name && l.hash == log.Hash && !v.Verify([]byte(n.Text), l.sig) {
			return Checkpoint{}, nil, fmt.Errorf("read checkpoint: %w", ErrLogSignature)
		}
		lines = append(lines, l)
	}
	return c, lines, nil
}

func parseLine(line string) (sigLine, error) {
	rest, ok := strings.CutPrefix(line, "— ")
	name, b64, ok2 := strings.Cut(rest, " ")
	raw, err := base64.StdEncoding.Strict().DecodeString(b64)
	if !ok || !ok2 || !validName(name) || err != nil || len(raw) < 5 || strings.ContainsAny(b64, "\r\n") {
		return sigLine{}, errors.New("malformed signature line")
	}
	return sigLine{name, binary.BigEndian.Uint32(raw), raw[4:], line}, nil
}
