package draw

import (
	"errors"
	"fmt"
	"strings"
)

// MaxRules is the longest rules file and notice, in bytes.
const MaxRules = 1 << 20

// ErrRules says that bytes are not a rules file.
var ErrRules = errors.New("not a rules file")

// ParseRules reads the head of a rules file (SPEC section 3) and returns the campaign that it belongs to. The whole file must be
// a plain text of `key value` lines, but only lines 1 and 2 mean anything to a verifier.
func ParseRules(b []byte) (CampaignID, error) {
	var id CampaignID
	if len(b) > MaxRules {
		return id, fmt.Errorf("%w: %d bytes, more than %d", ErrRules, len(b), MaxRules)
	}
	text, ok := strings.CutPrefix(string(b), "fairlot/v1 rules\ncampaign ")
	if !ok {
		return id, fmt.Errorf("%w: it does not start with its two lines", ErrRules)
	}
	line, _, ok := strings.Cut(text, "\n")
	if !ok || !parseHex(id[:], line) {
		return id, fmt.Errorf("%w: line 2 names no campaign", ErrRules)
	}
	if err := CheckText(b); err != nil {
		return CampaignID{}, fmt.Errorf("%w: %w", ErrRules, err)
	}
	return id, nil
}
