package ledger

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a record's leaf hash, an inner node or a root of the log's tree: 32 bytes.
type Hash = tlog.Hash

var (
	// ErrRange means a size or index that the tree does not have (yet).
	ErrRange = errors.New("outside the log")
	// ErrFork means a root that is not the one of the records at that size: the log was
	// rewritten, or it is another log. Two texts signed over such roots prove fraud.
	ErrFork = errors.New("root is not that of the log's records")
	// ErrProof means an inclusion or consistency proof that does not verify.
	ErrProof = errors.New("proof does not verify")
)

// Tree is the RFC 6962 tree over records (SPEC 6): a leaf is SHA-256(0x00 ‖ record), an inner
// node SHA-256(0x01 ‖ left ‖ right), the root of no records SHA-256 of nothing. It keeps about
// two hashes a record, never the records. The zero value is empty. It is not safe for
// concurrent appends.
type Tree struct {
	n      int64
	hashes []Hash // tlog's stored hashes, in its order
}

// NewTree builds the tree over records; the error wraps ErrRecordSize.
func NewTree(records ...[]byte) (*Tree, error) {
	t := new(Tree)
	for _, r := range records {
		if err := t.Append(r); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Append adds one record; the error wraps ErrRecordSize and leaves the tree as it was.
func (t *Tree) Append(record []byte) error {
	if err := checkSize(record); err != nil {
		return fmt.Errorf("append to log: %w", err)
	}
	more, err := tlog.StoredHashes(t.n, record, tlog.HashReaderFunc(t.read))
	if err != nil {
		return fmt.Errorf("append to log: %w", err)
	}
	t.hashes = append(t.hashes, more...)
	t.n++
	return nil
}

func (t *Tree) read(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(t.hashes)) {
			return nil, ErrRange
		}
		out[i] = t.hashes[x]
	}
	return out, nil
}

// Size returns the number of records.
func (t *Tree) Size() int64 { return t.n }

// Root returns the root over the first size records; the error wraps ErrRange.
func (t *Tree) Root(size int64) (Hash, error) {
	if size < 0 || size > t.n {
		return Hash{}, fmt.Errorf("compute root: size %d is %w of %d", size, ErrRange, t.n)
	}
	h, err := tlog.TreeHash(size, tlog.HashReaderFunc(t.read))
	if err != nil {
		return Hash{}, fmt.Errorf("compute root: %w", err)
	}
	return h, nil
}

// Extends reports whether the records begin with those that had the root at the size: what a
// custodian asks of the log that it pinned. The error wraps ErrRange (the log is now shorter)
// or ErrFork.
func (t *Tree) Extends(size int64, root Hash) error {
	h, err := t.Root(size)
	if err != nil {
		return fmt.Errorf("compare with pinned log: %w", err)
	}
	if h != root {
		return fmt.Errorf("compare with pinned log of size %d: %w", size, ErrFork)
	}
	return nil
}

// Inclusion proves that record index is in the tree of the first size records.
func (t *Tree) Inclusion(index, size int64) ([]Hash, error) {
	if index < 0 || index >= size || size > t.n {
		return nil, fmt.Errorf("prove inclusion: entry %d of %d is %w of %d", index, size, ErrRange, t.n)
	}
	p, err := tlog.ProveRecord(size, index, tlog.HashReaderFunc(t.read))
	if err != nil {
		return nil, fmt.Errorf("prove inclusion: %w", err)
	}
	return p, nil
}

// CheckInclusion verifies such a proof; errors wrap ErrProof.
func CheckInclusion(proof []Hash, size int64, root Hash, index int64, record []byte) error {
	if index < 0 || index >= size || tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(record)) != nil {
		return fmt.Errorf("check inclusion of entry %d in %d: %w", index, size, ErrProof)
	}
	return nil
}

// Consistency proves that the tree of size begins with that of oldSize, 1 ≤ oldSize ≤ size.
func (t *Tree) Consistency(oldSize, size int64) ([]Hash, error) {
	if oldSize < 1 || oldSize > size || size > t.n {
		return nil, fmt.Errorf("prove consistency: %d to %d is %w of %d", oldSize, size, ErrRange, t.n)
	}
	p, err := tlog.ProveTree(size, oldSize, tlog.HashReaderFunc(t.read))
	if err != nil {
		return nil, fmt.Errorf("prove consistency: %w", err)
	}
	return p, nil
}

// CheckConsistency verifies such a proof; errors wrap ErrProof.
func CheckConsistency(proof []Hash, oldSize int64, oldRoot Hash, size int64, root Hash) error {
	if oldSize < 1 || oldSize > size || tlog.CheckTree(proof, size, root, oldSize, oldRoot) != nil {
		return fmt.Errorf("check consistency of %d with %d: %w", oldSize, size, ErrProof)
	}
	return nil
}
