package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
)

// holder is a custodian, or a notifier without cosigner, with private keys.
type holder struct {
	key      *custody.Key
	cosigner *ledger.Cosigner
}

func newHolder(t testing.TB, name string) holder {
	t.Helper()
	skey, _, err := ledger.GenerateCosigner(name)
	if err != nil {
		t.Fatal(err)
	}
	return holder{must(custody.NewClassicKey())(t), must(ledger.NewCosigner(skey))(t)}
}

// held are rules whose keys are at hand: three custodians and a notifier, the last.
func held(t testing.TB) (engine.Rules, []holder) {
	r := rules()
	r.Custodians = nil
	var all []holder
	for i := range 3 {
		h := newHolder(t, fmt.Sprintf("c%d.example", i+1))
		all = append(all, h)
		r.Custodians = append(r.Custodians, engine.Custodian{Recipient: h.key.Recipient(), Cosigner: h.cosigner.VKey().String()})
	}
	n := holder{key: must(custody.NewClassicKey())(t)}
	r.Notifiers = []string{n.key.Recipient()}
	return r, append(all, n)
}

// challenged reads what the daemon asks of a holder.
func (w *world) challenged(id store.CampaignID, recipient string) (custody.KeyList, []byte) {
	w.t.Helper()
	k := must(w.KeyCheck(context.Background(), id))(w.t)
	for _, h := range k.Holders {
		if h.Recipient == recipient {
			return must(custody.ParseKeyList(k.List))(w.t), h.Challenge
		}
	}
	w.t.Fatal("no challenge to this holder")
	return custody.KeyList{}, nil
}

// stated is what a holder answers.
func (w *world) stated(id store.CampaignID, h holder) custody.Statement {
	w.t.Helper()
	list, challenge := w.challenged(id, h.key.Recipient())
	s := custody.NewStatement(list.Hash(), h.key.Recipient(), must(custody.OpenChallenge(h.key, challenge, list.Hash()))(w.t))
	if h.cosigner != nil {
		s.Signature = must(h.cosigner.SignStatement(s.Signed()))(w.t)
	}
	return s
}

func TestKeysAreShownBeforeOpening(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	r, all := held(t)
	c := must(w.CreateCampaign(ctx, "shown", r, ""))(t)
	for i, h := range all {
		_, err := w.RequestOpening(ctx, one, c.ID, c.Etag, time.Time{}, false)
		for j, path := range []string{"campaign.custodians[0]", "campaign.custodians[1]", "campaign.custodians[2]", "campaign.notifiers[0]"} {
			if j >= i {
				wantReason(t, err, engine.RulesInvalid, path)
			} else if strings.Contains(fmt.Sprint(err.(*engine.Error).Fields), path) {
				t.Errorf("%s has shown the key, and is asked again", path)
			}
		}
		s := w.stated(c.ID, h)
		c = must(w.AddKeyStatement(ctx, c.ID, s.Marshal()))(t)
		if again := must(w.AddKeyStatement(ctx, c.ID, s.Marshal()))(t); again.Etag != c.Etag {
			t.Error("the same statement once more changes the draft")
		}
	}
	// Rules that have nothing to do with keys may change; then a restart, and the opening by two persons.
	r.Title = engine.Texts{"en": "Another title"}
	c = must(w.UpdateCampaign(ctx, c.ID, c.Etag, r))(t)
	w.reopen()
	if i := find(must(w.Todos(ctx))(t), engine.TodoKeys); i >= 0 {
		t.Error("keys that were shown are waited for")
	}
	a := must(w.RequestOpening(ctx, one, c.ID, c.Etag, time.Time{}, false))(t)
	if !strings.Contains(string(a.Act), "\nkeys checked\n") {
		t.Errorf("the act does not say that keys were checked: %s", a.Act)
	}
	must(w.Approve(ctx, two, a.ID, a.Digest()))(t)
	if got := w.rulesText(c.ID); !strings.Contains(got, "\nkeys checked before the opening: custodians and notifiers showed that they hold them\n") {
		t.Errorf("the rules file says\n%s", got)
	}
	// Of an open campaign it can be read who showed what, and nothing is added.
	k := must(w.KeyCheck(ctx, c.ID))(t)
	for _, h := range k.Holders {
		if h.Challenge != nil || h.Statement == nil {
			t.Errorf("holder %+v", h)
		}
	}
	_, err := w.AddKeyStatement(ctx, c.ID, k.Holders[0].Statement)
	wantReason(t, err, engine.CampaignOpen, "")
}

// rulesText is the public rules file of a campaign.
func (w *world) rulesText(id store.CampaignID) string {
	w.t.Helper()
	ctx := context.Background()
	c := must(w.rooms.Registry.Campaign(ctx, id))(w.t)
	open := must(draw.ParseRecord(c.OpenRecord))(w.t).(*draw.Open)
	return string(must(w.rooms.Registry.File(ctx, store.Hash(open.Rules)))(w.t))
}

// TestKeyNobodyHolds tries to open a campaign whose second custodian nobody is, with every statement that can be made without that key. The variant without the
// check opens it.
func TestKeyNobodyHolds(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	r, all := held(t)
	c := must(w.CreateCampaign(ctx, "lost", r, ""))(t)
	good := w.stated(c.ID, all[1]) // what the owner would have said, had they not lost it
	list, _ := w.challenged(c.ID, all[1].key.Recipient())
	for i, h := range all {
		if i != 1 {
			c = must(w.AddKeyStatement(ctx, c.ID, w.stated(c.ID, h).Marshal()))(t)
		}
	}
	if todos := must(w.Todos(ctx))(t); len(todos) != 1 || todos[0].Kind != engine.TodoKeys || todos[0].Label != "custodian 2" || todos[0].Count != 1 || todos[0].Slug != "lost" {
		t.Errorf("what waits is shown as %+v", todos)
	}
	forged := func(change func(*custody.Statement)) []byte {
		s := good
		s.Signature = slices.Clone(good.Signature)
		change(&s)
		return s.Marshal()
	}
	sign := func(s *custody.Statement, h holder) { s.Signature = must(h.cosigner.SignStatement(s.Signed()))(t) }
	r2, all2 := held(t)
	c2 := must(w.CreateCampaign(ctx, "other", r2, ""))(t)
	foreign := newWorld(t)
	r3, _ := held(t)
	r3.Custodians = r.Custodians
	c3 := must(foreign.CreateCampaign(ctx, "lost", r3, ""))(t)
	for name, text := range map[string][]byte{
		"no statement":                   []byte("I hold it"),
		"an answer that was guessed":     forged(func(s *custody.Statement) { s.Answer[7] ^= 1; sign(s, all[1]) }),
		"the answer of another":          forged(func(s *custody.Statement) { s.Answer = w.stated(c.ID, all[0]).Answer; sign(s, all[1]) }),
		"another's signature":            forged(func(s *custody.Statement) { sign(s, all[0]) }),
		"no signature":                   forged(func(s *custody.Statement) { s.Signature = nil }),
		"a signature that was changed":   forged(func(s *custody.Statement) { s.Signature[3] ^= 1 }),
		"another's statement relabelled": forged(func(s *custody.Statement) { *s = w.stated(c.ID, all[0]); s.Recipient = good.Recipient }),
		"a statement of another draft":   w.stated(c2.ID, all2[0]).Marshal(),
		"of another campaign's list":     forged(func(s *custody.Statement) { s.Keys = w.stated(c2.ID, all2[0]).Keys; sign(s, all[1]) }),
		"of another installation":        foreign.stated(c3.ID, all[1]).Marshal(),
		"a stranger's": func() []byte {
			s := custody.NewStatement(list.Hash(), newHolder(t, "x").key.Recipient(), [32]byte{1})
			return s.Marshal()
		}(),
		"a notifier's with a signature": func() []byte { s := w.stated(c.ID, all[3]); sign(&s, all[1]); return s.Marshal() }(),
	} {
		if _, err := w.AddKeyStatement(ctx, c.ID, text); err == nil {
			t.Errorf("%s was attached", name)
		} else {
			wantReason(t, err, engine.FieldInvalid, "statement")
		}
	}
	_, err := w.RequestOpening(ctx, one, c.ID, c.Etag, time.Time{}, false)
	wantReason(t, err, engine.RulesInvalid, "campaign.custodians[1]")

	// Whoever changes keys or threshold after they were shown starts anew.
	if c = must(w.AddKeyStatement(ctx, c.ID, good.Marshal()))(t); must(w.RequestOpening(ctx, one, c.ID, c.Etag, time.Time{}, false))(t).Kind != engine.ApproveOpen {
		t.Error("with all statements it cannot be asked for")
	}
	r.Threshold = 1
	c = must(w.UpdateCampaign(ctx, c.ID, c.Etag, r))(t)
	_, err = w.RequestOpening(ctx, one, c.ID, c.Etag, time.Time{}, false)
	for _, path := range []string{"campaign.custodians[0]", "campaign.custodians[1]", "campaign.custodians[2]", "campaign.notifiers[0]"} {
		wantReason(t, err, engine.RulesInvalid, path)
	}
	_, err = w.AddKeyStatement(ctx, c.ID, good.Marshal())
	wantReason(t, err, engine.FieldInvalid, "statement")

	// The broken variant: without the check it opens, and the public rules say so.
	a := must(w.RequestOpening(ctx, one, c.ID, c.Etag, time.Time{}, true))(t)
	if !strings.Contains(string(a.Act), "\nkeys unchecked\n") {
		t.Errorf("the act does not say that keys were not checked: %s", a.Act)
	}
	must(w.Approve(ctx, two, a.ID, a.Digest()))(t)
	if got := w.rulesText(c.ID); !strings.Contains(got, "\nkeys not checked before the opening\n") {
		t.Errorf("the rules file says\n%s", got)
	}
}

// TestDraftThatCannotOpenWaits: a threshold that cannot be met is not passed over in silence, and one that can be is no reason to wait.
func TestDraftThatCannotOpenWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	r, _ := held(t)
	r.Threshold = 4
	c := must(w.CreateCampaign(ctx, "four-of-three", r, ""))(t)
	if todos := must(w.Todos(ctx))(t); len(todos) != 1 || todos[0].Kind != engine.TodoDraft || todos[0].Slug != "four-of-three" ||
		todos[0].Label != "threshold: the threshold must lie between 1 and the number of custodians" {
		t.Errorf("what waits is shown as %+v", todos)
	}
	r.Threshold = 2
	c = must(w.UpdateCampaign(ctx, c.ID, c.Etag, r))(t)
	if todos := must(w.Todos(ctx))(t); len(todos) != 1 || todos[0].Kind != engine.TodoKeys {
		t.Errorf("what waits is shown as %+v", todos)
	}
	r.Custodians, r.Threshold = nil, 0
	must(w.UpdateCampaign(ctx, c.ID, c.Etag, r))(t)
	if todos := must(w.Todos(ctx))(t); len(todos) != 0 {
		t.Errorf("a draft that is hardly begun waits: %+v", todos)
	}
}
