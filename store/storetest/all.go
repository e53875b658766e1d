package storetest

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"fairlot/store"
)

// act is one changing call with what a second call returns. The same list serves cancellation, repetition and a closed room.
type act struct {
	name  string
	call  func(ctx context.Context) error
	again error
	blind bool // changes nothing that can be read back
}

// acts prepares rooms so that every act can be done once, in order. It returns the campaigns it made.
func (t *T) acts() (list []act, campaigns []store.CampaignID) {
	reg, idn, ans := t.Registry, t.Identity, t.Answers
	draft, gone, open := t.draft("draft"), t.draft("gone"), t.draft("open")
	t.ok(reg.SetCampaignState(t.ctx, open, store.Draft, store.Open))
	t.ok(reg.PutCheckpoint(t.ctx, 1, []byte("old")))
	gate, ended, tagless := t.gate(), t.gate(), t.gate()
	holder, second := entry(ended), entry(ended)
	second.Tag, second.DuplicateCounts0 = holder.Tag, true
	fresh := entry(gate)
	better := correction(fresh)
	t.enter(holder, second, entry(tagless), entry(gate))
	t.ok(idn.MoveGate(t.ctx, ended, store.GateOpen, 1, store.GateEnded, 1))
	shut := t.gate()
	late := entry(shut)
	listed := store.CampaignID(random16())
	insider := entry(listed)
	t.ok(idn.PutExclusion(t.ctx, listed, store.Exclusion{Version: 1}, []store.Hash{*insider.Tag}))
	t.ok(idn.CreateGate(t.ctx, store.Gate{Campaign: listed, End: end, OpenHash: store.Hash{1}}))
	t.enter(insider)
	t.ok(idn.MoveGate(t.ctx, listed, store.GateOpen, 1, store.GateClosed, 1))
	t.enter(late)
	t.ok(idn.MoveGate(t.ctx, shut, store.GateOpen, 1, store.GateClosed, 1))
	tok := store.EntryToken{Hash: randomHash(), Chances: 1, Expires: end}
	made := store.CampaignID(random16())
	responses, texts := mixedRows()
	rel := store.Release{Opened: randomHash(), IDs: []store.EntrantID{holder.ID}}
	t.ok(reg.PutStaffToken(t.ctx, store.StaffToken{ID: [8]byte{9}, Expires: noon}))
	job := someJob()
	approval := store.Approval{ID: random16(), Kind: "open", Campaign: draft, Act: []byte("act"), State: store.ApprovalPending, Requested: noon, Expires: end}
	order := store.Case{ID: random16(), Campaign: draft, Body: []byte("case")}
	named := store.CaseEntrants{Salt: random16(), IDs: []store.EntrantID{random16()}}
	given := approval
	given.State, given.Decider, given.Decided = store.ApprovalGiven, store.Person{Token: "00ff", Label: "two"}, noon
	campaigns = []store.CampaignID{draft, gone, open, gate, ended, tagless, shut, made, listed}
	list = []act{
		{"PutInstallation", func(ctx context.Context) error {
			return reg.PutInstallation(ctx, store.Installation{Origin: "o"})
		}, store.ErrExists, false},
		{"PutBinding", func(ctx context.Context) error { return reg.PutBinding(ctx, store.Binding{Generation: 1}) }, nil, false},
		{"SetGeneration", func(ctx context.Context) error { return reg.SetGeneration(ctx, 1, 2) }, nil, false},
		{"PutBinding", func(ctx context.Context) error { return idn.PutBinding(ctx, store.Binding{Generation: 3}) }, nil, false},
		{"SetGeneration", func(ctx context.Context) error { return idn.SetGeneration(ctx, 3, 4) }, nil, false},
		{"PutBinding", func(ctx context.Context) error { return ans.PutBinding(ctx, store.Binding{Generation: 5}) }, nil, false},
		{"SetGeneration", func(ctx context.Context) error { return ans.SetGeneration(ctx, 5, 6) }, nil, false},
		{"CreateCampaign", func(ctx context.Context) error {
			_, err := reg.CreateCampaign(ctx, store.Campaign{ID: made, Slug: "made", RequestID: "made"})
			return err
		}, nil, false},
		{"UpdateDraft", func(ctx context.Context) error { _, err := reg.UpdateDraft(ctx, draft, 1, []byte("new")); return err }, store.ErrConflict, false},
		{"DeleteDraft", func(ctx context.Context) error { return reg.DeleteDraft(ctx, gone, 1) }, store.ErrNotFound, false},
		{"SetCampaignState", func(ctx context.Context) error { return reg.SetCampaignState(ctx, open, store.Open, store.Ended) }, nil, false},
		{"SetGateMade", func(ctx context.Context) error { return reg.SetGateMade(ctx, open) }, nil, false},
		{"PutTallies", func(ctx context.Context) error { return reg.PutTallies(ctx, open, []byte("t")) }, nil, false},
		{"Append", func(ctx context.Context) error {
			return reg.Append(ctx, 0, []byte("r"), store.Transition{Campaign: draft, From: store.Draft, To: store.Open, Version: 2, OpenRecord: []byte("o"), Draws: 2})
		}, store.ErrConflict, false},
		{"PutCheckpoint", func(ctx context.Context) error { return reg.PutCheckpoint(ctx, 2, []byte("n")) }, nil, false},
		{"SwapCheckpoint", func(ctx context.Context) error { return reg.SwapCheckpoint(ctx, 1, []byte("old"), []byte("new")) }, store.ErrConflict, false},
		{"SwapLease", func(ctx context.Context) error {
			return reg.SwapLease(ctx, store.Lease{}, store.Lease{Term: 1, Beat: 1, Holder: [16]byte{1}, Door: "d"})
		}, nil, false},
		{"PutStaffToken", func(ctx context.Context) error { return reg.PutStaffToken(ctx, store.StaffToken{ID: [8]byte{1}}) }, store.ErrExists, false},
		{"RevokeStaffToken", func(ctx context.Context) error { return reg.RevokeStaffToken(ctx, [8]byte{1}) }, nil, false},
		{"DropStaffTokens", func(ctx context.Context) error { _, err := reg.DropStaffTokens(ctx, end); return err }, nil, false},
		{"PutJob", func(ctx context.Context) error { return reg.PutJob(ctx, job) }, nil, false},
		{"SwapJob", func(ctx context.Context) error {
			_, err := reg.SwapJob(ctx, store.Job{ID: job.ID, Version: 1, Attempt: 1})
			return err
		}, store.ErrConflict, false},
		{"DropJob", func(ctx context.Context) error { return reg.DropJob(ctx, job.ID, 2) }, nil, false},
		{"AppendAct", func(ctx context.Context) error {
			return reg.AppendAct(ctx, store.Act{N: 1, Hash: store.Hash{1}, Text: []byte("act")})
		}, store.ErrConflict, false},
		{"PutApproval", func(ctx context.Context) error { return reg.PutApproval(ctx, approval) }, store.ErrExists, false},
		{"MoveApproval", func(ctx context.Context) error { return reg.MoveApproval(ctx, store.ApprovalPending, given) }, store.ErrConflict, false},
		{"PutCase", func(ctx context.Context) error { return reg.PutCase(ctx, order) }, store.ErrExists, false},
		{"SwapCase", func(ctx context.Context) error {
			return reg.SwapCase(ctx, store.Case{ID: order.ID, Version: 1, Over: true, Body: []byte("over")})
		}, store.ErrConflict, false},
		{"PutCaseEntrants", func(ctx context.Context) error { return idn.PutCaseEntrants(ctx, gate, order.ID, named) }, store.ErrExists, true},
		{"PutExclusion", func(ctx context.Context) error {
			return idn.PutExclusion(ctx, draft, store.Exclusion{Version: 1, Mark: store.Hash{2}}, []store.Hash{{1}})
		}, nil, false},
		{"DropExclusion", func(ctx context.Context) error { return idn.DropExclusion(ctx, draft) }, nil, false},
		{"Exclude", func(ctx context.Context) error { return idn.Exclude(ctx, listed) }, nil, false},
		{"CreateGate", func(ctx context.Context) error { return idn.CreateGate(ctx, store.Gate{Campaign: made, End: end}) }, nil, false},
		{"PutEntryTokens", func(ctx context.Context) error { return idn.PutEntryTokens(ctx, gate, []store.EntryToken{tok}) }, nil, true},
		{"Enter", func(ctx context.Context) error { _, err := idn.Enter(ctx, clock, []store.Entry{fresh}); return err }, nil, false},
		{"Correct", func(ctx context.Context) error { _, err := idn.Correct(ctx, clock, fresh.ID, better); return err }, nil, false},
		{"RevokeEntryTokens", func(ctx context.Context) error {
			_, err := idn.RevokeEntryTokens(ctx, gate, []store.Hash{tok.Hash})
			return err
		}, nil, true},
		{"AnnounceMove", func(ctx context.Context) error { return idn.AnnounceMove(ctx, gate, store.GateOpen, 1) }, nil, false},
		{"MoveGate", func(ctx context.Context) error { return idn.MoveGate(ctx, gate, store.GateOpen, 1, store.GateOpen, 2) }, nil, false},
		{"MoveChance", func(ctx context.Context) error { return idn.MoveChance(ctx, ended, *holder.Tag, second.ID) }, nil, false},
		{"Erase", func(ctx context.Context) error { _, err := idn.Erase(ctx, shut, late.ID, "erased", nil); return err }, nil, false},
		{"FinishErasure", func(ctx context.Context) error { return idn.FinishErasure(ctx, shut, late.ID) }, nil, false},
		{"PutBatch", func(ctx context.Context) error { return idn.PutBatch(ctx, gate, store.Batch{First: 1, Last: 1}) }, nil, false},
		{"PutMixed", func(ctx context.Context) error { return ans.PutMixed(ctx, gate, 1, 1, responses, texts) }, nil, false},
		{"ClearBatch", func(ctx context.Context) error { return idn.ClearBatch(ctx, gate, 1, 1) }, nil, false},
		{"Withdraw", func(ctx context.Context) error { return ans.Withdraw(ctx, gate, responses[0].Secret) }, nil, false},
		{"Rewrite", func(ctx context.Context) error { return ans.Rewrite(ctx, gate) }, nil, true},
		{"DropTags", func(ctx context.Context) error { return idn.DropTags(ctx, ended) }, nil, true},
		{"DropEntrants", func(ctx context.Context) error { return idn.DropEntrants(ctx, tagless) }, nil, false},
		{"PutRelease", func(ctx context.Context) error {
			return idn.PutRelease(ctx, ended, 1, rel, []store.Notification{{Stratum: 1, Rank: 1, Updated: noon}})
		}, nil, false},
		{"SetNotification", func(ctx context.Context) error {
			_, err := idn.SetNotification(ctx, ended, 1, 1, 1, 1, 2, true, noon)
			return err
		}, store.ErrConflict, false},
		{"PutClaim", func(ctx context.Context) error {
			return idn.PutClaim(ctx, ended, 1, store.Claim{Stratum: 1, Rank: 1, Day: "2027-03-01", Label: "Lin", Way: "self"})
		}, store.ErrExists, false},
		{"DropClaim", func(ctx context.Context) error { return idn.DropClaim(ctx, ended, 1, 1, 1) }, nil, false},
		{"DropSealed", func(ctx context.Context) error { _, err := idn.DropSealed(ctx, ended, nil, 100); return err }, nil, false},
		{"Scrub", func(ctx context.Context) error { return idn.Scrub(ctx) }, nil, true},
	}
	// The interfaces are the list of what there is to try: a method added there and not here fails.
	reads := map[string]bool{}
	for _, r := range t.reads(random16()) {
		reads[r.name] = true
	}
	for _, room := range []any{(*store.Registry)(nil), (*store.Identity)(nil), (*store.Answers)(nil)} {
		typ := reflect.TypeOf(room).Elem()
		for i := range typ.NumMethod() {
			name, found := typ.Method(i).Name, false
			for _, a := range list {
				found = found || a.name == name
			}
			if !found && !reads[name] && name != "Close" {
				t.Errorf("%s.%s is tried by no test here", typ.Name(), name)
			}
		}
	}
	return list, campaigns
}

// reads are all calls that change nothing.
func (t *T) reads(c store.CampaignID) []act {
	reg, idn, ans := t.Registry, t.Identity, t.Answers
	e1 := func(_ any, err error) error { return err }
	e2 := func(_, _ int64, err error) error { return err }
	return []act{
		{name: "Installation", call: func(ctx context.Context) error { return e1(reg.Installation(ctx)) }},
		{name: "Binding", call: func(ctx context.Context) error { return e1(reg.Binding(ctx)) }},
		{name: "Binding", call: func(ctx context.Context) error { return e1(idn.Binding(ctx)) }},
		{name: "Binding", call: func(ctx context.Context) error { return e1(ans.Binding(ctx)) }},
		{name: "Remember", call: func(ctx context.Context) error { return reg.Remember(ctx) }},
		{name: "Remember", call: func(ctx context.Context) error { return idn.Remember(ctx) }},
		{name: "Remember", call: func(ctx context.Context) error { return ans.Remember(ctx) }},
		{name: "Same", call: func(ctx context.Context) error { return reg.Same(ctx) }},
		{name: "Same", call: func(ctx context.Context) error { return idn.Same(ctx) }},
		{name: "Same", call: func(ctx context.Context) error { return ans.Same(ctx) }},
		{name: "Campaign", call: func(ctx context.Context) error { return e1(reg.Campaign(ctx, c)) }},
		{name: "CampaignBySlug", call: func(ctx context.Context) error { return e1(reg.CampaignBySlug(ctx, "s")) }},
		{name: "Campaigns", call: func(ctx context.Context) error { return e1(reg.Campaigns(ctx, store.CampaignID{}, 1)) }},
		{name: "Draws", call: func(ctx context.Context) error { return e1(reg.Draws(ctx, c)) }},
		{name: "LogSize", call: func(ctx context.Context) error { return e1(reg.LogSize(ctx)) }},
		{name: "LogRecords", call: func(ctx context.Context) error { return e1(reg.LogRecords(ctx, 0, 1)) }},
		{name: "Lease", call: func(ctx context.Context) error { return e1(reg.Lease(ctx)) }},
		{name: "Checkpoint", call: func(ctx context.Context) error { return e1(reg.Checkpoint(ctx, 1)) }},
		{name: "CheckpointSizes", call: func(ctx context.Context) error { return e1(reg.CheckpointSizes(ctx)) }},
		{name: "File", call: func(ctx context.Context) error { return e1(reg.File(ctx, store.Hash{})) }},
		{name: "StaffToken", call: func(ctx context.Context) error { return e1(reg.StaffToken(ctx, [8]byte{})) }},
		{name: "StaffTokens", call: func(ctx context.Context) error { return e1(reg.StaffTokens(ctx)) }},
		{name: "Job", call: func(ctx context.Context) error { return e1(reg.Job(ctx, store.JobID{})) }},
		{name: "Jobs", call: func(ctx context.Context) error { return e1(reg.Jobs(ctx)) }},
		{name: "Acts", call: func(ctx context.Context) error { return e1(reg.Acts(ctx, 0, 1)) }},
		{name: "LastAct", call: func(ctx context.Context) error { return e1(reg.LastAct(ctx)) }},
		{name: "Approval", call: func(ctx context.Context) error { return e1(reg.Approval(ctx, [16]byte{})) }},
		{name: "Approvals", call: func(ctx context.Context) error { return e1(reg.Approvals(ctx, false, [16]byte{}, 1)) }},
		{name: "Case", call: func(ctx context.Context) error { return e1(reg.Case(ctx, [16]byte{})) }},
		{name: "Cases", call: func(ctx context.Context) error { return e1(reg.Cases(ctx, false, [16]byte{}, 1)) }},
		{name: "CaseEntrants", call: func(ctx context.Context) error { return e1(idn.CaseEntrants(ctx, c, [16]byte{})) }},
		{name: "Gate", call: func(ctx context.Context) error { return e1(idn.Gate(ctx, c)) }},
		{name: "Entrant", call: func(ctx context.Context) error { return e1(idn.Entrant(ctx, c, store.EntrantID{})) }},
		{name: "Erasures", call: func(ctx context.Context) error { return e1(idn.Erasures(ctx, c, store.EntrantID{}, 1)) }},
		{name: "EpochCounted", call: func(ctx context.Context) error { return e2(idn.EpochCounted(ctx, c, 1)) }},
		{name: "Batches", call: func(ctx context.Context) error { return e1(idn.Batches(ctx, c)) }},
		{name: "SealedResponses", call: func(ctx context.Context) error { return e1(idn.SealedResponses(ctx, c, 1, 1, store.EntrantID{}, 1)) }},
		{name: "Exclusion", call: func(ctx context.Context) error { return e1(idn.Exclusion(ctx, c)) }},
		{name: "Exclusions", call: func(ctx context.Context) error { return e1(idn.Exclusions(ctx)) }},
		{name: "Counts", call: func(ctx context.Context) error { return e1(idn.Counts(ctx, c)) }},
		{name: "TagsDropped", call: func(ctx context.Context) error { return e1(idn.TagsDropped(ctx, c)) }},
		{name: "Leaves", call: func(ctx context.Context) error { return e1(idn.Leaves(ctx, c, store.EntrantID{}, 1)) }},
		{name: "Sealed", call: func(ctx context.Context) error { return e1(idn.Sealed(ctx, c, []store.EntrantID{{}})) }},
		{name: "Releases", call: func(ctx context.Context) error { return e1(idn.Releases(ctx, c, 1)) }},
		{name: "Notifications", call: func(ctx context.Context) error { return e1(idn.Notifications(ctx, c, 1)) }},
		{name: "Claims", call: func(ctx context.Context) error { return e1(idn.Claims(ctx, c, 1)) }},
		{name: "Mixed", call: func(ctx context.Context) error { return e1(ans.Mixed(ctx, c, 1)) }},
		{name: "LastMixed", call: func(ctx context.Context) error { return e1(ans.LastMixed(ctx, c)) }},
		{name: "Responses", call: func(ctx context.Context) error { return e1(ans.Responses(ctx, c, [16]byte{}, 1)) }},
		{name: "ResponseOf", call: func(ctx context.Context) error { return e1(ans.ResponseOf(ctx, c, store.Hash{})) }},
		{name: "Texts", call: func(ctx context.Context) error { return e1(ans.Texts(ctx, c, [16]byte{}, 1)) }},
	}
}

// see reads back everything that the interfaces show of some campaigns.
func (t *T) see(campaigns ...store.CampaignID) string {
	t.Helper()
	var out []any
	add := func(v any, err error) {
		t.Helper()
		out = append(out, v, verdict(err))
	}
	add(t.Registry.Installation(t.ctx))
	for _, room := range t.bound() {
		add(room.Binding(t.ctx))
	}
	add(t.Registry.Campaigns(t.ctx, store.CampaignID{}, 1000))
	add(t.Registry.LogRecords(t.ctx, 0, 1000))
	add(t.Registry.Lease(t.ctx))
	add(t.Registry.Checkpoint(t.ctx, 1))
	add(t.Registry.CheckpointSizes(t.ctx))
	add(t.Registry.StaffTokens(t.ctx))
	add(t.Registry.Jobs(t.ctx))
	add(t.Registry.Acts(t.ctx, 0, 1000))
	add(t.Registry.Approvals(t.ctx, false, [16]byte{}, 1000))
	cases, err := t.Registry.Cases(t.ctx, false, [16]byte{}, 1000)
	add(cases, err)
	for _, c := range campaigns {
		add(t.Registry.Draws(t.ctx, c))
		add(t.Identity.Gate(t.ctx, c))
		leaves, err := t.Identity.Leaves(t.ctx, c, store.EntrantID{}, 1000)
		add(leaves, err)
		for _, l := range leaves {
			add(t.Identity.Entrant(t.ctx, c, l.ID))
			add(t.Identity.Sealed(t.ctx, c, []store.EntrantID{l.ID}))
		}
		add(t.Identity.Exclusion(t.ctx, c))
		add(t.Identity.Erasures(t.ctx, c, store.EntrantID{}, 1000))
		add(t.Identity.Batches(t.ctx, c))
		add(t.Identity.SealedResponses(t.ctx, c, 1, 100, store.EntrantID{}, 1000))
		add(t.Identity.Releases(t.ctx, c, 1))
		add(t.Identity.Notifications(t.ctx, c, 1))
		add(t.Identity.Claims(t.ctx, c, 1))
		add(t.Answers.Responses(t.ctx, c, [16]byte{}, 1000))
		add(t.Answers.Texts(t.ctx, c, [16]byte{}, 1000))
		add(t.Answers.Mixed(t.ctx, c, 1))
		add(t.Answers.LastMixed(t.ctx, c))
	}
	return fmt.Sprintf("%+v", out)
}

var allTests = []test{
	{"every change: cancelled leaves nothing, done once, again changes nothing", func(t *T) {
		list, campaigns := t.acts()
		cancelled, cancel := context.WithCancel(t.ctx)
		cancel()
		late, cancel := context.WithDeadline(t.ctx, time.Unix(1, 0))
		defer cancel()
		for _, a := range list {
			before := t.see(campaigns...)
			if err := a.call(cancelled); verdict(err) != context.Canceled.Error() {
				t.Fatalf("%s, cancelled: %v", a.name, err)
			}
			if err := a.call(late); err == nil || late.Err() == nil {
				t.Fatalf("%s after its deadline: %v", a.name, err)
			}
			if t.see(campaigns...) != before {
				t.Fatalf("%s, cancelled, changed something", a.name)
			}
			if err := a.call(t.ctx); err != nil {
				t.Fatalf("%s: %v", a.name, err)
			}
			after := t.see(campaigns...)
			if (after == before) != a.blind {
				t.Fatalf("%s: change to be seen: %v", a.name, after != before)
			}
			if err := a.call(t.ctx); verdict(err) != verdict(a.again) {
				t.Fatalf("%s again: %v, want %v", a.name, err, a.again)
			}
			if t.see(campaigns...) != after {
				t.Fatalf("%s again changed something", a.name)
			}
		}
	}},
	{"every read ends with its context", func(t *T) {
		ctx, cancel := context.WithCancel(t.ctx)
		cancel()
		for _, a := range t.reads(t.gate()) {
			if err := a.call(ctx); verdict(err) != context.Canceled.Error() {
				t.Errorf("%s: %v", a.name, err)
			}
		}
	}},
	{"a closed room is unavailable", func(t *T) {
		list, campaigns := t.acts()
		t.ok(t.Rooms.Close())
		t.ok(t.Rooms.Close())
		for _, a := range append(list, t.reads(campaigns[0])...) {
			if err := a.call(t.ctx); verdict(err) != store.ErrUnavailable.Error() {
				t.Errorf("%s: %v", a.name, err)
			}
		}
	}},
}
