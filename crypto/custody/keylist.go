package custody

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxKeyList bounds a list of keys, in bytes: nine custodians and nine notifiers
// with post-quantum recipients.
const MaxKeyList = 64 << 10

// ErrKeyList says that bytes are no list of keys in its one encoding.
var ErrKeyList = errors.New("not a list of a campaign's keys")

// KeyList is whose keys a draft of a campaign names, and how many custodians
// open an envelope: what each of them agrees to before the campaign opens. Its
// text (docs/FORMATS.md, Key statements), custodians and notifiers in the order
// that open will have:
//
//	fairlot/v1 keys
//	campaign HEX32
//	log VKEY
//	threshold K N
//	custodian RECIPIENT VKEY
//	notifier RECIPIENT
type KeyList struct {
	Campaign   [16]byte
	Log        string // verifier key of the installation's log
	Threshold  int
	Custodians []Holder
	Notifiers  []string // recipients
}

// Holder is a custodian's public half.
type Holder struct{ Recipient, VKey string }

// Marshal prints the list.
func (l KeyList) Marshal() []byte {
	b := fmt.Appendf(nil, "fairlot/v1 keys\ncampaign %x\nlog %s\nthreshold %d %d\n", l.Campaign[:], l.Log, l.Threshold, len(l.Custodians))
	for _, c := range l.Custodians {
		b = fmt.Appendf(b, "custodian %s %s\n", c.Recipient, c.VKey)
	}
	for _, n := range l.Notifiers {
		b = fmt.Appendf(b, "notifier %s\n", n)
	}
	return b
}

// Hash is SHA-256 of the text: what statements are about.
func (l KeyList) Hash() [32]byte { return sha256.Sum256(l.Marshal()) }

// Recipients are all who must show their key, each once: custodians in their
// order, then those notifiers who are not custodians too.
func (l KeyList) Recipients() []string {
	var all []string
	for _, c := range l.Custodians {
		all = append(all, c.Recipient)
	}
	for _, n := range l.Notifiers {
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

// Custodian finds a custodian by recipient, from 1; 0 if it is none.
func (l KeyList) Custodian(recipient string) int {
	return 1 + slices.IndexFunc(l.Custodians, func(h Holder) bool { return h.Recipient == recipient })
}

// Check says whether keys and threshold can be a campaign's. Errors: those of
// [ParseRecipients], [ErrCount].
func (l KeyList) Check() error {
	var custodians []string
	for _, c := range l.Custodians {
		custodians = append(custodians, c.Recipient)
	}
	if _, err := ParseRecipients(custodians...); err != nil {
		return err
	}
	if _, err := ParseRecipients(l.Notifiers...); err != nil {
		return err
	}
	if l.Threshold < 1 || l.Threshold > len(l.Custodians) {
		return ErrCount
	}
	return nil
}

// ParseKeyList reads a list; what it accepts prints back to the same bytes. The
// verifier keys are not looked into. Errors: [ErrKeyList], those of
// [KeyList.Check].
func ParseKeyList(text []byte) (KeyList, error) {
	lines := strings.Split(string(text), "\n")
	if len(text) > MaxKeyList || len(lines) < 7 {
		return KeyList{}, ErrKeyList
	}
	var l KeyList
	if !unhex(l.Campaign[:], lines[1], "campaign ") {
		return KeyList{}, ErrKeyList
	}
	l.Log = strings.TrimPrefix(lines[2], "log ")
	k, _, _ := strings.Cut(strings.TrimPrefix(lines[3], "threshold "), " ")
	l.Threshold, _ = strconv.Atoi(k)
	for _, line := range lines[4 : len(lines)-1] {
		if n, ok := strings.CutPrefix(line, "notifier "); ok {
			l.Notifiers = append(l.Notifiers, n)
			continue
		}
		recipient, vkey, _ := strings.Cut(strings.TrimPrefix(line, "custodian "), " ")
		if recipient == "" || vkey == "" || strings.Contains(vkey, " ") {
			return KeyList{}, ErrKeyList
		}
		l.Custodians = append(l.Custodians, Holder{recipient, vkey})
	}
	if !bytes.Equal(l.Marshal(), text) {
		return KeyList{}, ErrKeyList
	}
	return l, l.Check()
}
