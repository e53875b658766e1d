package ledger

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

var (
	// ErrUnknownKey means a cosignature by a key that is not among those allowed.
	ErrUnknownKey = errors.New("cosignature by an unknown key")
	// ErrCosignature means a cosignature that is malformed or does not verify for this
	// checkpoint: broken, or made for another text.
	ErrCosignature = errors.New("cosignature does not verify")
)

// Cosigner is a witness's private key. Make one with NewCosigner; it is immutable and safe for
// concurrent use.
type Cosigner struct {
	vkey VKey
	priv ed25519.PrivateKey
}

// NewCosigner reads the private key that GenerateCosigner made; errors wrap ErrKey.
func NewCosigner(skey string) (*Cosigner, error) {
	k, priv, err := parseSKey(AlgWitness, skey)
	if err != nil {
		return nil, err
	}
	return &Cosigner{k, priv}, nil
}

// VKey returns the public key.
func (c *Cosigner) VKey() VKey { return c.vkey }

// statementHead begins what a cosigning key signs besides checkpoints. A cosigned text begins
// otherwise, so neither signature can be passed off as the other.
const statementHead = "fairlot/v1 key statement\n"

// SignStatement signs a custodian's statement that the key is held, which must begin as one.
func (c *Cosigner) SignStatement(text []byte) ([]byte, error) {
	if !strings.HasPrefix(string(text), statementHead) {
		return nil, errors.New("sign statement: this is no key statement")
	}
	return ed25519.Sign(c.priv, text), nil
}

// VerifyStatement tells whether a cosigning key signed a statement.
func (k VKey) VerifyStatement(text, signature []byte) bool {
	return k.Alg == AlgWitness && strings.HasPrefix(string(text), statementHead) && ed25519.Verify(k.Key[:], text, signature)
}

// cosignedText is what a witness signs (C2SP tlog-cosignature): the time in Unix seconds, then
// the checkpoint's three lines.
func cosignedText(t uint64, text string) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", t, text)
}

// Cosign returns the witness's signature line for a checkpoint, without LF:
//
//	— NAME BASE64(key hash ‖ u64 Unix seconds ‖ Ed25519 signature)
//
// The log's own signature is verified first; whether the tree extends the one cosigned before
// is the caller's to check (Tree.Extends). now is truncated to the second and must not be
// before 1970. Errors wrap ErrKey, ErrCheckpoint or ErrLogSignature.
func Cosign(c *Cosigner, logVKey string, checkpoint []byte, now time.Time) (string, error) {
	cp, err := VerifyCheckpoint(logVKey, checkpoint)
	if err != nil {
		return "", fmt.Errorf("cosign: %w", err)
	}
	if now.Unix() < 0 {
		return "", errors.New("cosign: the clock says a time before 1970")
	}
	t := uint64(now.Unix())
	raw := binary.BigEndian.AppendUint32(nil, c.vkey.Hash)
	raw = binary.BigEndian.AppendUint64(raw, t)
	raw = append(raw, ed25519.Sign(c.priv, cosignedText(t, cp.Text()))...)
	return "— " + c.vkey.Name + " " + base64.StdEncoding.EncodeToString(raw), nil
}

// cosignatureTime verifies a line as k's cosignature of the text.
func cosignatureTime(k VKey, text string, l sigLine) (uint64, bool) {
	if len(l.sig) != 8+ed25519.SignatureSize || l.name != k.Name || l.hash != k.Hash {
		return 0, false
	}
	t := binary.BigEndian.Uint64(l.sig)
	return t, ed25519.Verify(k.Key[:], cosignedText(t, text), l.sig[8:])
}

// Cosigned returns the times, in Unix seconds, of k's valid cosignatures on a checkpoint of the log; one that does not verify counts for
// nothing. Errors wrap ErrKey, ErrCheckpoint or ErrLogSignature.
func (k VKey) Cosigned(logVKey string, checkpoint []byte) (times []uint64, err error) {
	log, err := parseVKeyOf(AlgLog, logVKey)
	if err != nil {
		return nil, err
	}
	c, lines, err := open(log, checkpoint)
	for _, l := range lines {
		if t, ok := cosignatureTime(k, c.Text(), l); ok {
			times = append(times, t)
		}
	}
	return times, err
}

// Bare is a checkpoint with the log's signature alone, which is all that a witness needs of it. Errors wrap ErrKey, ErrCheckpoint or
// ErrLogSignature.
func Bare(logVKey string, checkpoint []byte) ([]byte, error) {
	log, err := parseVKeyOf(AlgLog, logVKey)
	if err != nil {
		return nil, err
	}
	c, lines, err := open(log, checkpoint)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(lines, func(l sigLine) bool { return l.by(log) }) // open found one
	return []byte(c.Text() + "\n" + lines[i].line + "\n"), nil
}

// AddCosignature verifies a signature line (a final LF is allowed) against the witnesses'
// verifier keys and returns the checkpoint with it. The order of arrival leaves no trace: the
// log's line stands first, cosignatures by allowed keys follow sorted as bytes, other lines
// after them. If the witness had cosigned before, the earlier time stays. Errors wrap ErrKey,
// ErrCheckpoint, ErrLogSignature, ErrUnknownKey or ErrCosignature; nothing is then returned.
func AddCosignature(logVKey string, checkpoint []byte, line string, allowed []string) ([]byte, error) {
	log, err := parseVKeyOf(AlgLog, logVKey)
	if err != nil {
		return nil, fmt.Errorf("add cosignature: %w", err)
	}
	keys := make([]VKey, len(allowed))
	for i, a := range allowed {
		if keys[i], err = parseVKeyOf(AlgWitness, a); err != nil {
			return nil, fmt.Errorf("add cosignature: %w", err)
		}
	}
	cp, lines, err := open(log, checkpoint)
	if err != nil {
		return nil, fmt.Errorf("add cosignature: %w", err)
	}
	added, err := parseLine(strings.TrimSuffix(line, "\n"))
	if err != nil {
		return nil, fmt.Errorf("add cosignature: %w: not a signature line", ErrCosignature)
	}
	if !slices.ContainsFunc(keys, added.by) {
		return nil, fmt.Errorf("add cosignature: %w", ErrUnknownKey)
	}

	best := map[VKey]sigLine{}
	times := map[VKey]uint64{}
	var others []string
	var logLine string
	for _, l := range append(lines, added) {
		i := slices.IndexFunc(keys, l.by)
		switch {
		case l.by(log):
			logLine = l.line // all of them verify and say the same
			continue
		case i < 0:
			others = append(others, l.line)
			continue
		}
		t, ok := cosignatureTime(keys[i], cp.Text(), l)
		if !ok {
			return nil, fmt.Errorf("add cosignature: %w", ErrCosignature)
		}
		if had, ok := times[keys[i]]; !ok || t < had {
			best[keys[i]], times[keys[i]] = l, t
		}
	}
	var good []string
	for _, l := range best {
		good = append(good, l.line)
	}
	slices.Sort(good)
	out := cp.Text() + "\n" + strings.Join(slices.Concat([]string{logLine}, good, others), "\n") + "\n"
	if _, _, err := open(log, []byte(out)); err != nil { // it may have grown over a limit
		return nil, fmt.Errorf("add cosignature: %w", err)
	}
	return []byte(out), nil
}

// by reports whether the line names the key.
func (l sigLine) by(k VKey) bool { return l.name == k.Name && l.hash == k.Hash }
