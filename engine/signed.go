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
		return 0, root, fmt.Errorf("the key folder has no file `signed`, so it cannot be told whether the registry room is the newest: give the newest "+
			"pin of every custodian with --witnessed FILE (%w)", fs.ErrNotExist)
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

// rememberSigned moves the mark from the size signed so far to a larger tree, whose records are durable. Another engine may have come first: its
// mark is compared with this engine's tree like any other. logMu is held.
func (e *Engine) rememberSigned(ctx context.Context, signed, size int64, root ledger.Hash) error {
	for signed < size {
		before, err := e.tree.Root(signed)
		if err != nil {
			return err
		}
		done, err := e.Marks.SwapMark(signedMark, printSigned(signed, before), printSigned(size, root))
		if err != nil || done {
			return err
		}
		if signed, err = e.checkSigned(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checkSigned makes sure that the log goes on from the tree that was signed last. A log that does not is never signed: two trees signed over one
// size prove fraud, whoever made them and why. It returns the size signed last. The mark is read before the tree, which another engine may be adding
// to: what it signed is durable. logMu is held.
func (e *Engine) checkSigned(ctx context.Context) (int64, error) {
	size, root, err := readSigned(e.Marks)
	if err != nil {
		return 0, err
	}
	if err := e.readTree(ctx); err != nil {
		return 0, fmt.Errorf("read the log: %w", err)
	}
	records, err := e.Registry.LogSize(ctx)
	if err != nil {
		return 0, err
	}
	return size, continues(e.tree, records, max(size, e.tree.Size()), size, root)
}

// CheckSigned tells whether a log, all of whose records are in tree, goes on from the one that was signed last, before any room of it is used.
// Errors wrap [ErrOldLog], or fs.ErrNotExist if the mark is absent.
func CheckSigned(m Marks, tree *ledger.Tree) error {
	size, root, err := readSigned(m)
	if err != nil {
		return err
	}
	return continues(tree, tree.Size(), size, size, root)
}

// continues tells whether a log of so many records begins with the tree that was signed.
func continues(tree *ledger.Tree, records, known, size int64, root ledger.Hash) error {
	const todo = "look for its newest copy; if there is none this log is at its end, and a new installation with a new origin goes on"
	if records < known {
		return fmt.Errorf("%w: its log has %d records, and %d were signed or seen by a witness: %s", ErrOldLog, records, known, todo)
	}
	if tree.Extends(size, root) != nil {
		return fmt.Errorf("%w: its first %d records are not those that were signed: %s", ErrOldLog, size, todo)
	}
	return nil
}

// Witness remembers a tree of this log that somebody outside has seen signed, if it is newer than what the key folder knows: the log must go on from it, or nothing is signed any more. It is durable when it returns.
func Witness(m Marks, size int64, root ledger.Hash) error {
	known, _, err := readSigned(m)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && size <= known {
		return err
	}
	return setSigned(m, size, root)
}

// seen compares a tree that our own key has signed, wherever it comes from, with the log. If the log lacks records of it or holds others, the key folder remembers that tree for
// good: nothing is signed any more, in this process or a later one.
func (e *Engine) seen(ctx context.Context, given ledger.Checkpoint) error {
	e.logMu.Lock()
	defer e.logMu.Unlock()
	if err := e.readTree(ctx); err != nil {
		return err
	}
	err := continues(e.tree, e.tree.Size(), given.Size, given.Size, given.Root)
	if err == nil {
		return nil
	}
	if err := setSigned(e.Marks, given.Size, given.Root); err != nil {
		return err
	}
	e.Log.Error("a custodian has seen another log than this one: nothing is signed any more", "found", err)
	return refuse(CosignatureInvalid, "this checkpoint was signed by this log's key and does not fit the log: %v. Nothing is signed from now on", err)
}
