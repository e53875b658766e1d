package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"fairlot/crypto/ledger"
	"fairlot/draw"
)

// emptyRoot is the root of a log without records.
var emptyRoot = ledger.Hash(sha256.Sum256(nil))

func setSigned(m Marks, size int64, root ledger.Hash) error {
	return m.SetMark(signedMark, printSigned(size, root))
}

func printSigned(size int64, root ledger.Hash) string {
	return fmt.Sprintf("size %d\nroot %s\n", size, draw.Hash(root))
}

func readSigned(m Marks) (size int64, root ledger.Hash, err error) {
	text, err := m.Mark(signedMark)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, root, fmt.Errorf("the key folder has no file `signed`, so it cannot be told whether the registry room is the newest: write into it the two lines "+
			"`size` and `root` of the newest pin that any custodian has (%w)", fs.ErrNotExist)
	}
	if err != nil {
		return 0, root, err
	}
	var digits string
	if _, err := fmt.Sscanf(text, "size %d\nroot %64s\n", &size, &digits); err == nil {
		h, err := draw.ParseHash(digits)
		if root = ledger.Hash(h); err == nil && size >= 0 && text == printSigned(size, root) {
			return size, root, nil
		}
	}
	return 0, root, errors.New("the file `signed` of the key folder is damaged: bring back its newest copy")
}

// checkSigned makes sure that the log goes on from the tree that was signed last. A log that does not is never signed: two trees signed over one
// size prove fraud, whoever made them and why. It returns the size signed last. logMu is held, and the tree is read.
func (e *Engine) checkSigned(ctx context.Context) (int64, error) {
	size, root, err := readSigned(e.Marks)
	if err != nil {
		return 0, err
	}
	const todo = "look for its newest copy; if there is none this log is at its end, and a new installation with a new origin goes on"
	records, err := e.Registry.LogSize(ctx)
	if err != nil {
		return 0, err
	}
	if records < size || records < e.tree.Size() {
		return 0, fmt.Errorf("%w: its log has %d records, and %d were signed: %s", ErrOldLog, records, max(size, e.tree.Size()), todo)
	}
	if e.tree.Extends(size, root) != nil {
		return 0, fmt.Errorf("%w: its first %d records are not those that were signed: %s", ErrOldLog, size, todo)
	}
	return size, nil
}
