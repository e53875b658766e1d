// Package witness is the protocol by which independent witnesses cosign a log (C2SP tlog-witness): the request and its one form, a
// witness that answers it, and the log's side that asks.
//
// A witness never cosigns two trees of one log of which neither begins with the other, and nothing that its keeper has not made durable
// first. It knows a log by its key alone, and nothing of what records say. It keeps no secret but its key.
//
// First calls: New and Handler for a witness, Ask for a log.
package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"fairlot/crypto/ledger"
)

// Limits of a request.
const (
	MaxRequest = 64<<10 + 63*45 + 32 // a checkpoint of the longest form, and as many hashes as a proof may have, in bytes
	maxProof   = 63
)

// ErrRequest means bytes that are no add-checkpoint request.
var ErrRequest = errors.New("malformed add-checkpoint request")

// Request asks for a cosignature on a checkpoint: Proof shows that its tree begins with that of Old records.
type Request struct {
	Old        int64
	Proof      []ledger.Hash
	Checkpoint []byte
}

// Marshal prints the request:
//
//	old SIZE
//	BASE64 of a hash, a line each
//	(empty line)
//	the checkpoint
func (r Request) Marshal() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", r.Old)
	for _, h := range r.Proof {
		fmt.Fprintf(&b, "%s\n", base64.StdEncoding.EncodeToString(h[:]))
	}
	b.WriteByte('\n')
	b.Write(r.Checkpoint)
	return b.Bytes()
}

// ParseRequest reads a request in its one form, the checkpoint unread; errors wrap ErrRequest.
func ParseRequest(b []byte) (Request, error) {
	bad := func(what string) (Request, error) { return Request{}, fmt.Errorf("%w: %s", ErrRequest, what) }
	if len(b) > MaxRequest {
		return bad(fmt.Sprintf("longer than %d bytes", MaxRequest))
	}
	head, checkpoint, ok := bytes.Cut(b, []byte("\n\n"))
	if !ok {
		return bad("no empty line")
	}
	lines := strings.Split(string(head), "\n")
	size, ok := strings.CutPrefix(lines[0], "old ")
	old, err := strconv.ParseInt(size, 10, 64)
	if !ok || err != nil || old < 0 || strconv.FormatInt(old, 10) != size {
		return bad("the first line is not `old SIZE`")
	}
	r := Request{Old: old, Checkpoint: checkpoint}
	if len(lines) > 1+maxProof {
		return bad(fmt.Sprintf("more than %d hashes", maxProof))
	}
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil || len(h) != len(ledger.Hash{}) || strings.ContainsAny(l, "\r\n") {
			return bad("a line is no hash")
		}
		r.Proof = append(r.Proof, ledger.Hash(h))
	}
	return r, nil
}
