package beacon

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// info is what drand serves at /{chainhash}/info.
type info struct {
	PublicKey   string   `json:"public_key"`
	Period      uint32   `json:"period"`
	GenesisTime int64    `json:"genesis_time"`
	Hash        string   `json:"hash"`
	GroupHash   string   `json:"groupHash"`
	SchemeID    string   `json:"schemeID"`
	Metadata    metadata `json:"metadata"`
}

type metadata struct {
	BeaconID string `json:"beaconID"`
}

// ChainHash computes a chain's hash the way drand does:
//
//	SHA-256(u32 period ‖ i64 genesis ‖ public key ‖ group hash ‖ beacon id)
//
// big-endian; the beacon id is left out if it is empty or "default". The scheme is not in it.
// group is 32 bytes, the hash of the group that started the chain.
func ChainHash(c Chain, group [32]byte, beaconID string) [32]byte {
	b := binary.BigEndian.AppendUint32(nil, c.Period)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Genesis))
	b = append(b, c.Key[:]...)
	b = append(b, group[:]...)
	if beaconID != "default" {
		b = append(b, beaconID...)
	}
	return sha256.Sum256(b)
}

// ParseInfo reads the JSON that drand serves at /{chainhash}/info. The chain's hash is
// recomputed, so all but the scheme is bound to it, and the scheme can only be Scheme. Errors
// wrap ErrAnswer or ErrChain.
func ParseInfo(b []byte) (Chain, error) {
	var i info
	if len(b) > maxAnswer {
		return Chain{}, fmt.Errorf("read chain info: %w: longer than %d bytes", ErrAnswer, maxAnswer)
	}
	if err := decodeOne(b, &i); err != nil {
		return Chain{}, fmt.Errorf("read chain info: %w: not its JSON", ErrAnswer)
	}
	c := Chain{Scheme: i.SchemeID, Period: i.Period, Genesis: i.GenesisTime}
	var group [32]byte
	for _, f := range []struct {
		name string
		dst  []byte
		hex  string
	}{{"hash", c.Hash[:], i.Hash}, {"public key", c.Key[:], i.PublicKey}, {"group hash", group[:], i.GroupHash}} {
		if len(f.hex) != 2*len(f.dst) {
			return Chain{}, fmt.Errorf("read chain info: %w: %s is not %d bytes in hex", ErrAnswer, f.name, len(f.dst))
		}
		if _, err := hex.Decode(f.dst, []byte(f.hex)); err != nil {
			return Chain{}, fmt.Errorf("read chain info: %w: %s is not hex", ErrAnswer, f.name)
		}
	}
	if ChainHash(c, group, i.Metadata.BeaconID) != c.Hash {
		return Chain{}, fmt.Errorf("read chain info: %w: its hash does not recompute", ErrChain)
	}
	if err := c.Validate(); err != nil {
		return Chain{}, fmt.Errorf("read chain info: %w", err)
	}
	return c, nil
}

// Info asks one relay after the other for the chain of this hash. The answer is bound to the
// hash. If none gives it, the error is a *FetchError with Round 0.
func (r Relays) Info(ctx context.Context, hash [32]byte) (Chain, error) {
	fail := &FetchError{}
	for _, base := range r.URLs {
		if fail.Cause = ctx.Err(); fail.Cause != nil {
			return Chain{}, fail
		}
		body, err := r.get(ctx, fmt.Sprintf("%s/%x/info", strings.TrimRight(base, "/"), hash))
		if err == nil {
			var c Chain
			if c, err = ParseInfo(body); err == nil && c.Hash == hash {
				return c, nil
			}
			if err == nil {
				err = fmt.Errorf("%w: it is about another chain", ErrAnswer)
			}
		}
		fail.Relays = append(fail.Relays, &RelayError{URL: shown(base), Err: err})
	}
	fail.Cause = ctx.Err()
	return Chain{}, fail
}
