package monitor

import (
	"fmt"

	"fairlot/crypto/ledger"
)

// Head is a signed head as it was seen: its note is the proof.
type Head struct {
	Size int64
	Root ledger.Hash
	Note string
}

// Heads compares a head seen before with one seen now and the tree of the records under that one; nil: they are of one log, which grew or
// stood still.
func Heads(before, now Head, tree *ledger.Tree) *Finding {
	evidence := []string{before.Note, now.Note}
	switch {
	case before.Size == now.Size && before.Root == now.Root:
		return nil
	case before.Size == now.Size:
		return &Finding{Kind: Fork, Entry: -1, Evidence: evidence,
			En: fmt.Sprintf("two different heads of size %d are signed: proof that two logs are shown under one key", now.Size),
			Zh: fmt.Sprintf("大小 %d 有兩個不同的簽章：證明同一金鑰下給人看兩份紀錄簿", now.Size)}
	case now.Size < before.Size:
		return &Finding{Kind: Shrunk, Entry: -1, Evidence: evidence,
			En: fmt.Sprintf("the log has shrunk from %d to %d records: an old copy is shown, or records were taken away", before.Size, now.Size),
			Zh: fmt.Sprintf("紀錄簿由 %d 筆縮成 %d 筆：顯示的是舊版本，或紀錄被拿掉", before.Size, now.Size)}
	case tree.Extends(before.Size, before.Root) != nil:
		return &Finding{Kind: Fork, Entry: -1, Evidence: evidence,
			En: fmt.Sprintf("the log of %d records does not begin with the %d that were signed before: it was rewritten", now.Size, before.Size),
			Zh: fmt.Sprintf("現在 %d 筆的紀錄簿，開頭不是先前簽章的 %d 筆：被改寫過", now.Size, before.Size)}
	}
	return nil
}
