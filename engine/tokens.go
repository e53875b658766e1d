package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"fairlot/store"
)

const (
	tokenAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's: no I, L, O, U
	tokenLength   = 20                                 // 100 bits
	maxTokens     = 10000
)

// CreateEntryTokens makes count one-use tokens (1 to 10,000) of an open campaign with proof token. They are returned this once, grouped by
// hyphens, and stored hashed. chances 0 means 1; a zero expires means the end of entries; stratum is 0 but with StrataByToken. Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT,
// CAMPAIGN_ENDED, FIELD_INVALID.
func (e *Engine) CreateEntryTokens(ctx context.Context, id store.CampaignID, count, chances, stratum int, expires time.Time) ([]string, error) {
	o, err := e.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if chances == 0 {
		chances = 1
	}
	if expires.IsZero() || expires.Unix() == 0 {
		expires = o.rules.EntriesEnd
	}
	expires = expires.UTC().Truncate(time.Second)
	var p problems
	if !o.draws() || o.rules.Proof != ProofToken {
		p.add(FieldInvalid, Field{"parent", "proof", "this campaign's proof of person is not the token: it needs none"})
	}
	if count < 1 || count > maxTokens {
		p.add(FieldInvalid, Field{"count", "range", "ask for 1 to 10,000 tokens at a time"})
	}
	if chances < 1 || chances > o.rules.ChancesCap {
		p.add(FieldInvalid, Field{"chances", "range", "a token cannot give more chances than the campaign's cap"})
	}
	switch {
	case o.rules.StrataBy == StrataByToken && stratum == 0:
		p.add(FieldInvalid, Field{"stratum", "required", fmt.Sprintf("say for which stratum the tokens are, 1 to %d: in this campaign the token decides it", len(o.rules.Strata))})
	case o.rules.StrataBy != StrataByToken && stratum != 0:
		p.add(FieldInvalid, Field{"stratum", "unused", "leave the stratum out: in this campaign a token does not decide it"})
	case stratum < 0 || stratum > len(o.rules.Strata):
		p.add(FieldInvalid, Field{"stratum", "range", fmt.Sprintf("this campaign has the strata 1 to %d", len(o.rules.Strata))})
	}
	if !expires.After(e.Now()) && e.Now().Before(o.rules.EntriesEnd) {
		p.add(FieldInvalid, Field{"expire_time", "past", "tokens must expire in the future"})
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	if !e.Now().Before(o.rules.EntriesEnd) {
		return nil, shut(store.Gate{State: store.GateEnded, End: o.rules.EntriesEnd})
	}
	texts := make([]string, count)
	rows := make([]store.EntryToken, count)
	for i := range texts {
		token := newToken()
		rows[i] = store.EntryToken{Hash: tokenHash(token), Chances: uint16(chances), Stratum: uint16(stratum), Expires: expires}
		texts[i] = token[:5] + "-" + token[5:10] + "-" + token[10:15] + "-" + token[15:]
	}
	if err := e.Identity.PutEntryTokens(ctx, o.id, rows); err != nil {
		return nil, e.fault(err)
	}
	return texts, nil
}

// RevokeEntryTokens makes unused tokens worthless and returns how many it revoked now; used, unknown and malformed ones are passed over.
// Reasons: CAMPAIGN_NOT_FOUND, CAMPAIGN_DRAFT.
func (e *Engine) RevokeEntryTokens(ctx context.Context, id store.CampaignID, tokens []string) (int, error) {
	o, err := e.open(ctx, id)
	if err != nil {
		return 0, err
	}
	var hashes []store.Hash
	for _, t := range tokens {
		if token, ok := canonicalToken(t); ok {
			hashes = append(hashes, tokenHash(token))
		}
	}
	if len(hashes) == 0 {
		return 0, nil
	}
	n, err := e.Identity.RevokeEntryTokens(ctx, o.id, hashes)
	return n, e.fault(err)
}

func newToken() string {
	var b [tokenLength]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = tokenAlphabet[b[i]%byte(len(tokenAlphabet))] // 32 divides 256
	}
	return string(b[:])
}

// canonicalToken reads a token as people type it: any case, full-width, O for 0, I and L for 1, hyphens and spaces anywhere.
func canonicalToken(typed string) (string, bool) {
	if len(typed) > 4*tokenLength*2 {
		return "", false
	}
	t := strings.Map(func(r rune) rune {
		switch r {
		case '-', ' ', '\u2010', '\u2011', '\u2013':
			return -1
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return r
	}, strings.ToUpper(norm.NFKC.String(typed)))
	return t, len(t) == tokenLength && strings.Trim(t, tokenAlphabet) == ""
}

// tokenHash is what the identity room knows of a token; 100 random bits need no salt.
func tokenHash(token string) store.Hash { return sha256.Sum256([]byte(token)) }
