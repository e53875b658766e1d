package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairlot/engine"
	"fairlot/store"
)

func sprint(format string, v any) string { return fmt.Sprintf(format, v) }

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	c := w.open(rules())
	none := w.open(noProof(rules()))
	ctx := context.Background()
	tokens := w.tokens(c, 60)
	next := 0
	fresh := func() *client { next++; return w.client(c, 1000+next, tokens[next]) }

	expired := must(w.CreateEntryTokens(ctx, c.ID, 1, 0, 0, start.Add(time.Hour)))(t)[0]
	revoked := w.tokens(c, 2)
	if n := must(w.RevokeEntryTokens(ctx, c.ID, append(revoked, "nonsense", tokens[59])))(t); n != 3 {
		t.Errorf("revoked %d", n)
	}
	if n := must(w.RevokeEntryTokens(ctx, c.ID, revoked))(t); n != 0 {
		t.Errorf("revoked %d again", n)
	}
	w.setClock(start.Add(2 * time.Hour))

	draft := must(w.CreateCampaign(ctx, "draft", rules(), ""))(t)
	for name, x := range map[string]struct {
		reason engine.Reason
		path   string
		change func(*engine.EnterRequest)
	}{
		"unknown campaign":      {engine.CampaignNotFound, "", func(r *engine.EnterRequest) { r.Campaign[0]++ }},
		"draft":                 {engine.CampaignDraft, "", func(r *engine.EnterRequest) { r.Campaign = draft.ID }},
		"stale notice":          {engine.NoticeStale, "", func(r *engine.EnterRequest) { r.NoticeHash = store.Hash{} }},
		"consent missing":       {engine.ConsentMissing, "consents", func(r *engine.EnterRequest) { r.Consents = nil }},
		"consent unknown":       {engine.FieldInvalid, "consents", func(r *engine.EnterRequest) { r.Consents = append(r.Consents, "other") }},
		"no response":           {engine.ResponseInvalid, "", func(r *engine.EnterRequest) { r.Response = nil }},
		"not JSON":              {engine.ResponseInvalid, "", func(r *engine.EnterRequest) { r.Response = []byte("{") }},
		"question missing":      {engine.ResponseInvalid, "response_json.n", func(r *engine.EnterRequest) { r.Response = []byte(`{"c":"red"}`) }},
		"hidden question":       {engine.ResponseInvalid, "response_json.t", func(r *engine.EnterRequest) { r.Response = []byte(`{"n":1,"c":"blue","t":"x"}`) }},
		"extra question":        {engine.ResponseInvalid, "", func(r *engine.EnterRequest) { r.Response = []byte(`{"n":1,"c":"blue","zz":1}`) }},
		"short secret":          {engine.FieldInvalid, "answer_secret_hash", func(r *engine.EnterRequest) { r.AnswerSecretHash = r.AnswerSecretHash[:31] }},
		"no identity":           {engine.FieldInvalid, "identity", func(r *engine.EnterRequest) { r.Identity = nil }},
		"no contact":            {engine.FieldInvalid, "contact", func(r *engine.EnterRequest) { r.Contact = nil }},
		"no name":               {engine.FieldInvalid, "identity.name", func(r *engine.EnterRequest) { r.Identity.Name = " 　" }},
		"line in name":          {engine.FieldInvalid, "identity.name", func(r *engine.EnterRequest) { r.Identity.Name = "a\nb" }},
		"invisible in name":     {engine.FieldInvalid, "identity.name", func(r *engine.EnterRequest) { r.Identity.Name = "a\u202eb" }},
		"zero width in name":    {engine.FieldInvalid, "identity.name", func(r *engine.EnterRequest) { r.Identity.Name = "a\u200bb" }},
		"invalid UTF-8":         {engine.FieldInvalid, "identity.name", func(r *engine.EnterRequest) { r.Identity.Name = "a\xffb" }},
		"long name":             {engine.FieldInvalid, "identity.name", func(r *engine.EnterRequest) { r.Identity.Name = strings.Repeat("王", 67) }},
		"very long name":        {engine.FieldInvalid, "identity.name", func(r *engine.EnterRequest) { r.Identity.Name = strings.Repeat("a", 1<<16) }},
		"ID type":               {engine.FieldInvalid, "identity.id_type", func(r *engine.EnterRequest) { r.Identity.IDType = "passport" }},
		"ID check digit":        {engine.IDInvalid, "identity.id_number", func(r *engine.EnterRequest) { r.Identity.IDNumber = "A123456780" }},
		"ID form":               {engine.IDInvalid, "identity.id_number", func(r *engine.EnterRequest) { r.Identity.IDNumber = "A12345678" }},
		"ID of the other type":  {engine.IDInvalid, "identity.id_number", func(r *engine.EnterRequest) { r.Identity.IDType = "resident" }},
		"birth":                 {engine.FieldInvalid, "identity.birth", func(r *engine.EnterRequest) { r.Identity.Birth = "1981-02-29" }},
		"birth to come":         {engine.FieldInvalid, "identity.birth", func(r *engine.EnterRequest) { r.Identity.Birth = "2027-01-01" }},
		"card not asked":        {engine.FieldInvalid, "identity.card", func(r *engine.EnterRequest) { r.Identity.Card = "1" }},
		"guardian not asked":    {engine.FieldInvalid, "identity.guardian", func(r *engine.EnterRequest) { r.Identity.Guardian = "x" }},
		"address not asked":     {engine.FieldInvalid, "contact.address", func(r *engine.EnterRequest) { r.Contact.Address = "x" }},
		"e-mail required":       {engine.FieldInvalid, "contact.email", func(r *engine.EnterRequest) { r.Contact.Email = "" }},
		"e-mail form":           {engine.FieldInvalid, "contact.email", func(r *engine.EnterRequest) { r.Contact.Email = "a b@example.org" }},
		"e-mail with a name":    {engine.FieldInvalid, "contact.email", func(r *engine.EnterRequest) { r.Contact.Email = "A <a@example.org>" }},
		"phone":                 {engine.FieldInvalid, "contact.phone", func(r *engine.EnterRequest) { r.Contact.Phone = "call me" }},
		"language":              {engine.FieldInvalid, "contact.lang", func(r *engine.EnterRequest) { r.Contact.Lang = "fr" }},
		"no token":              {engine.TokenMissing, "token", func(r *engine.EnterRequest) { r.Token = " " }},
		"malformed token":       {engine.TokenUnknown, "token", func(r *engine.EnterRequest) { r.Token = "12345" }},
		"unknown token":         {engine.TokenUnknown, "token", func(r *engine.EnterRequest) { r.Token = "00000-00000-00000-00000" }},
		"expired token":         {engine.TokenExpired, "token", func(r *engine.EnterRequest) { r.Token = expired }},
		"revoked token":         {engine.TokenRevoked, "token", func(r *engine.EnterRequest) { r.Token = revoked[0] }},
		"token where none is":   {engine.FieldInvalid, "token", func(r *engine.EnterRequest) { r.Campaign = none.ID }},
		"several kinds at once": {engine.FieldInvalid, "response_json.n", func(r *engine.EnterRequest) { r.Response, r.Identity.Name, r.Token = []byte(`{"c":"red"}`), "", "" }},
	} {
		y := fresh()
		x.change(&y.req)
		_, err := w.Enter(ctx, y.req)
		t.Run(name, func(t *testing.T) { wantReason(t, err, x.reason, x.path) })
		var e *engine.Error
		if errors.As(err, &e) {
			for _, s := range append([]string{e.Error()}, fieldTexts(e)...) {
				if strings.Contains(s, personNumber(y)) {
					t.Errorf("%s: the refusal quotes the person", name)
				}
			}
		}
	}
	// All of it at once, and nothing of all that left a trace.
	y := fresh()
	y.req.Response, y.req.Identity.Name, y.req.Identity.IDNumber, y.req.Contact.Email, y.req.Token, y.req.Consents =
		[]byte(`{"n":-1,"c":"pink"}`), "", "A123456780", "", "", nil
	_, err := w.Enter(ctx, y.req)
	for _, path := range []string{"response_json.n", "response_json.c", "identity.name", "identity.id_number", "contact.email", "token", "consents"} {
		wantReason(t, err, engine.FieldInvalid, path)
	}
	if leaves := must(w.rooms.Identity.Leaves(ctx, c.ID, store.EntrantID{}, 10))(t); len(leaves) != 0 {
		t.Error("a refused entry left a row")
	}
	// The same person, and another spelling of the same number.
	x := fresh()
	w.enter(x)
	z := fresh()
	z.req.Identity.IDNumber = strings.Map(func(r rune) rune { return r - '!' + '！' }, strings.ToLower(x.req.Identity.IDNumber))
	_, err = w.Enter(ctx, z.req)
	wantReason(t, err, engine.PersonEntered, "")
	z.req.Identity.IDNumber = idNumber(5000)
	w.enter(z) // the token of a refused entry is still good
}

func fieldTexts(e *engine.Error) (out []string) {
	for _, f := range e.Fields {
		out = append(out, f.Path+" "+f.Reason+" "+f.Text)
	}
	return out
}

func TestEntryTokens(t *testing.T) {
	w := newWorld(t)
	c, none := w.open(rules()), w.open(noProof(rules()))
	ctx := context.Background()
	for path, f := range map[string]func() ([]string, error){
		"count":       func() ([]string, error) { return w.CreateEntryTokens(ctx, c.ID, 0, 1, 0, time.Time{}) },
		"chances":     func() ([]string, error) { return w.CreateEntryTokens(ctx, c.ID, 1, 4, 0, time.Time{}) },
		"expire_time": func() ([]string, error) { return w.CreateEntryTokens(ctx, c.ID, 1, 1, 0, start) },
		"parent":      func() ([]string, error) { return w.CreateEntryTokens(ctx, none.ID, 1, 1, 0, time.Time{}) },
	} {
		_, err := f()
		wantReason(t, err, engine.FieldInvalid, path)
	}
	_, err := w.CreateEntryTokens(ctx, c.ID, 10001, 1, 0, time.Time{})
	wantReason(t, err, engine.FieldInvalid, "count")
	many := must(w.CreateEntryTokens(ctx, c.ID, 10000, 1, 0, time.Time{}))(t)
	seen := map[string]bool{}
	for _, token := range many {
		if len(token) != 23 || strings.Trim(token, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-") != "" || seen[token] {
			t.Fatalf("token %q", token)
		}
		seen[token] = true
	}
	// People type it their own way.
	x := w.client(c, 1, "  "+strings.ToLower(strings.NewReplacer("-", " ", "0", "o", "1", "l").Replace(many[0])))
	w.enter(x)
	if _, ok := engine.CanonicalToken(strings.Repeat("A", 19) + "U"); ok {
		t.Error("U is in no token")
	}
	w.setClock(c.Rules.EntriesEnd)
	_, err = w.CreateEntryTokens(ctx, c.ID, 1, 1, 0, time.Time{})
	wantReason(t, err, engine.CampaignEnded, "")
}

func TestSamePersonSameCommitment(t *testing.T) {
	w := newWorld(t)
	c := w.open(rules())
	tokens := w.tokens(c, 2)
	x := w.client(c, 1, tokens[0])
	w.enter(x)
	y := w.client(c, 2, tokens[0])
	y.req.R = x.req.R
	*y.req.Identity, *y.req.Contact = *x.req.Identity, *x.req.Contact
	_, err := w.Enter(context.Background(), y.req) // another response under the same r
	wantReason(t, err, engine.EntryDiffers, "")
}

// TestTokenTriesFew tries one unused token with person after person who has entered. It is told so five times, and then the token is worthless, to
// its rightful holder too.
func TestTokenTriesFew(t *testing.T) {
	w := newWorld(t)
	c := w.open(rules())
	ctx := context.Background()
	tokens := w.tokens(c, 12)
	for i := range 8 {
		w.enter(w.client(c, i, tokens[i]))
	}
	for i := range 8 {
		_, err := w.Enter(ctx, w.client(c, i, tokens[10]).req)
		if i < store.TokenRefusals {
			wantReason(t, err, engine.PersonEntered, "")
		} else {
			wantReason(t, err, engine.TokenRevoked, "token")
		}
	}
	x := w.client(c, 100, tokens[10])
	_, err := w.Enter(ctx, x.req)
	wantReason(t, err, engine.TokenRevoked, "token")
	x.req.Token = tokens[11]
	w.enter(x)
	if n := must(w.RevokeEntryTokens(ctx, c.ID, tokens[10:]))(t); n != 0 {
		t.Errorf("revoked %d", n)
	}
}

// personNumber is what no refusal may quote.
func personNumber(x *client) string {
	if x.req.Identity == nil {
		return "example.org"
	}
	return x.req.Identity.IDNumber
}
