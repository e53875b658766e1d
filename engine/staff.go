package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"fairlot/label"
	"fairlot/store"
)

const staffTokenPrefix = "flst_"

// Roles of staff, as they are stored. What each may do stands beside the methods of the contract.
const (
	RoleEditor   = "editor"
	RoleOfficer  = "officer"
	RoleNotifier = "notifier"
	RoleAnalyst  = "analyst"
	RoleAuditor  = "auditor"
	RoleAdmin    = "admin"
)

// CreateStaffToken makes a token `flst_ID_SECRET` (16 and 64 hexadecimal digits) that is returned this once; the store keeps its hash.
// days 0 means 90. Reason: FIELD_INVALID for a label in which something cannot be seen: two labels that look the same would be two persons to whoever reads them.
func (e *Engine) CreateStaffToken(ctx context.Context, role, name string, days int) (string, store.StaffToken, error) {
	if r, ok := label.Unseen(name); ok {
		return "", store.StaffToken{}, &Error{Reason: FieldInvalid, Text: "the label cannot be taken",
			Fields: []Field{{"label", "form", fmt.Sprintf("leave out the character U+%04X, which cannot be seen", r)}}}
	}
	if days == 0 {
		days = 90
	}
	var secret [32]byte
	t := store.StaffToken{Role: role, Label: name, Expires: e.Now().UTC().Truncate(time.Second).AddDate(0, 0, days)}
	rand.Read(t.ID[:])
	rand.Read(secret[:])
	t.Secret = sha256.Sum256(secret[:])
	if err := e.Registry.PutStaffToken(ctx, t); err != nil {
		return "", t, e.fault(err)
	}
	return staffTokenPrefix + hex.EncodeToString(t.ID[:]) + "_" + hex.EncodeToString(secret[:]), t, nil
}

// StaffTokens returns all tokens by id, without secrets.
func (e *Engine) StaffTokens(ctx context.Context) ([]store.StaffToken, error) {
	all, err := e.Registry.StaffTokens(ctx)
	return all, e.fault(err)
}

// RevokeStaffToken ends a token at once. Reason: STAFF_TOKEN_NOT_FOUND.
func (e *Engine) RevokeStaffToken(ctx context.Context, id [8]byte) error {
	err := e.Registry.RevokeStaffToken(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return refuse(StaffTokenNotFound, "there is no such token: list them and check its id")
	}
	return e.fault(err)
}

// Authenticate returns whose staff token this is. Reason: STAFF_TOKEN_INVALID, the same for every token that does not hold.
func (e *Engine) Authenticate(ctx context.Context, token string) (Actor, error) {
	invalid := refuse(StaffTokenInvalid, "this token is unknown, expired or revoked: ask an admin for a new one")
	rest, ok := strings.CutPrefix(token, staffTokenPrefix)
	pub, sec, ok2 := strings.Cut(rest, "_")
	var id [8]byte
	rawID, err1 := hex.DecodeString(pub)
	secret, err2 := hex.DecodeString(sec)
	if !ok || !ok2 || err1 != nil || err2 != nil || len(rawID) != 8 || len(secret) != 32 {
		return Actor{}, invalid
	}
	copy(id[:], rawID)
	t, err := e.Registry.StaffToken(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return Actor{}, invalid
	}
	if err != nil {
		return Actor{}, e.fault(err)
	}
	sum := sha256.Sum256(secret)
	if subtle.ConstantTimeCompare(sum[:], t.Secret[:]) != 1 || t.Revoked || !e.Now().Before(t.Expires) {
		return Actor{}, invalid
	}
	return Actor{Token: pub, Label: t.Label, Role: t.Role}, nil
}
