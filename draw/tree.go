package draw

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
)

// Tree is an RFC 6962 Merkle tree that grows leaf by leaf and keeps one hash a level. The zero value is the empty tree.
type Tree struct {
	n     int64
	stack [][32]byte // roots of the full subtrees, largest first: one for each bit of n
	buf   []byte
}

// HashLeaf is SHA-256(0x00 ‖ data).
func HashLeaf(data []byte) [32]byte {
	return sha256.Sum256(append([]byte{0}, data...))
}

// leafHash is HashLeaf of a leaf of an entry list.
func leafHash(leaf *[LeafSize]byte) [32]byte {
	var b [1 + LeafSize]byte
	*(*[LeafSize]byte)(b[1:]) = *leaf
	return sha256.Sum256(b[:])
}

func hashNode(left, right *[32]byte) [32]byte {
	var b [65]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}

// Add appends the leaf with these bytes.
func (t *Tree) Add(data []byte) {
	t.buf = append(append(t.buf[:0], 0), data...)
	t.addHash(sha256.Sum256(t.buf))
}

func (t *Tree) addHash(h [32]byte) {
	for n := t.n; n&1 == 1; n >>= 1 {
		last := len(t.stack) - 1
		h = hashNode(&t.stack[last], &h)
		t.stack = t.stack[:last]
	}
	t.stack = append(t.stack, h)
	t.n++
}

// join appends all leaves of a tree of at most partLeaves. Before, t must hold a multiple of partLeaves.
func (t *Tree) join(part *Tree) {
	if part.n < partLeaves {
		t.stack, t.n = append(t.stack, part.stack...), t.n+part.n
		return
	}
	h := part.stack[0]
	for n := t.n >> partLevel; n&1 == 1; n >>= 1 {
		last := len(t.stack) - 1
		h = hashNode(&t.stack[last], &h)
		t.stack = t.stack[:last]
	}
	t.stack, t.n = append(t.stack, h), t.n+partLeaves
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.n }

// Root is the root over the leaves so far; of the empty tree, SHA-256 of nothing.
func (t *Tree) Root() Root {
	if len(t.stack) == 0 {
		return sha256.Sum256(nil)
	}
	i := len(t.stack) - 1
	h := t.stack[i]
	for i--; i >= 0; i-- {
		h = hashNode(&t.stack[i], &h)
	}
	return h
}

// ErrProof says that an inclusion proof does not lead to the root.
var ErrProof = errors.New("inclusion proof does not lead to the root")

// Prove makes the inclusion proof (RFC 6962, 2.1.1) of leaf index of the first size leaves, reading them once.
func Prove(leaves Leaves, index, size int64) ([][32]byte, error) {
	if index < 0 || index >= size {
		return nil, fmt.Errorf("prove inclusion: no leaf %d of %d", index, size)
	}
	// The sibling subtrees along the path, from the leaf upwards, each [from, to).
	type span struct{ from, to int64 }
	var path []span
	for lo, hi := int64(0), size; hi-lo > 1; {
		k := lo + int64(1)<<(bits.Len64(uint64(hi-lo-1))-1)
		if index < k {
			path = append(path, span{k, hi})
			hi = k
		} else {
			path = append(path, span{lo, k})
			lo = k
		}
	}
	trees := make([]Tree, len(path))
	at := int64(0)
	err := leaves.Each(func(l Leaf) error {
		for i, s := range path {
			if at >= s.from && at < s.to {
				b := l.Bytes()
				trees[i].Add(b[:])
			}
		}
		at++
		return nil
	})
	if err != nil {
		return nil, err
	}
	if at < size {
		return nil, fmt.Errorf("prove inclusion: %d leaves, want %d", at, size)
	}
	proof := make([][32]byte, len(path))
	for i := range path {
		proof[len(path)-1-i] = trees[i].Root()
	}
	return proof, nil
}

// CheckInclusion tells whether proof shows that leaf stands at place index of a tree of size leaves with this root
// (RFC 9162, 2.1.3.2). The error is ErrProof.
func CheckInclusion(leaf Leaf, index, size int64, proof [][32]byte, root Root) error {
	if index < 0 || index >= size {
		return ErrProof
	}
	b := leaf.Bytes()
	h := HashLeaf(b[:])
	fn, sn := index, size-1
	for _, p := range proof {
		if sn == 0 {
			return ErrProof
		}
		if fn&1 == 1 || fn == sn {
			h = hashNode(&p, &h)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			h = hashNode(&h, &p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || Root(h) != root {
		return ErrProof
	}
	return nil
}
