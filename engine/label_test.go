package engine_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"fairlot/engine"
	"fairlot/store"
)

// unseenIn are words with a character that shows nothing: each looks like Chen.
var unseenIn = []string{"Chen\u3164", "Chen\u034f", "Chen\ufe0f", "Chen\u2800", "\u115fChen", "Ch\uffa0en", "Chen\U000e0100", "Chen\u17b5", "Chen\u180d"}

// TestLabelsThatLookAlike: one person does not become two by a character that nobody sees, neither by a new token nor by one that was made before such were refused; nor
// does a case say anything unseen.
func TestLabelsThatLookAlike(t *testing.T) {
	w := newCaseWorld(t, 1)
	ctx := t.Context()
	c := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseCourt, w.ids[0])))(t) // Chen's
	for i, l := range unseenIn {
		_, _, err := w.CreateStaffToken(ctx, engine.RoleOfficer, l, 90)
		wantReason(t, err, engine.FieldInvalid, "label")

		old := store.StaffToken{ID: [8]byte{byte(i)}, Role: engine.RoleOfficer, Label: l, Secret: sha256.Sum256([]byte(l)), Expires: w.now().AddDate(0, 0, 9)}
		if err := w.rooms.Registry.PutStaffToken(ctx, old); err != nil {
			t.Fatal(err)
		}
		by := engine.Actor{Token: hex.EncodeToString(old.ID[:]), Label: l, Role: engine.RoleOfficer}
		_, err = w.ApproveCase(ctx, by, c.ID, c.Digest())
		wantReason(t, err, engine.ApprovalSelf, "")

		r := w.request(engine.CaseCourt, w.ids[0])
		r.Reference = l
		_, err = w.OpenCase(ctx, w.requester, r)
		wantReason(t, err, engine.FieldInvalid, "reference")

		asked := must(w.OpenCase(ctx, w.requester, w.request(engine.CaseAccess, w.ids[0])))(t)
		_, err = w.ExtendCase(ctx, w.requester, asked.ID, 5, l)
		wantReason(t, err, engine.FieldInvalid, "reason")
	}
	if len(must(w.Case(ctx, c.ID))(t).Approvers) > 0 {
		t.Error("Chen approved what Chen asked for")
	}
}
