package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"fairlot/engine"
)

// ask asks for a release; an approval is nil if nobody is to be opened who was not before.
func (k *clockwork) ask(c engine.Campaign, of engine.ReleaseOf) ([]engine.Release, *engine.Approval, error) {
	of.AcceptUnproven = true
	return k.PrepareRelease(context.Background(), one, c.ID, 1, of)
}

// opens asks for a release, has it approved, and returns the ranks that the newest one covers.
func (k *clockwork) opens(c engine.Campaign, of engine.ReleaseOf) (ranks []int64) {
	k.t.Helper()
	_, a, err := k.ask(c, of)
	if err != nil || a == nil {
		k.t.Fatalf("%v, %v", a, err)
	}
	must(k.Approve(context.Background(), two, a.ID, a.Digest()))(k.t)
	all, again, err := k.ask(c, of)
	if err != nil || again != nil {
		k.t.Fatalf("asked for once more: %v, %v", again, err)
	}
	newest := all[len(all)-1]
	for _, e := range newest.Entrants {
		ranks = append(ranks, e.Rank)
		if (len(e.Contact) > 0) != (of.Purpose == engine.PurposeNotice) || (len(e.Identity) > 0) == (of.Purpose == engine.PurposeNotice) {
			k.t.Errorf("%s: identity envelope %v, contact envelope %v", of.Purpose, len(e.Identity) > 0, len(e.Contact) > 0)
		}
	}
	if newest.Requester != "one" || newest.Approver != "two" {
		k.t.Errorf("wanted by %q and %q", newest.Requester, newest.Approver)
	}
	return ranks
}

func (k *clockwork) openings(c engine.Campaign) string {
	k.t.Helper()
	var out []string
	for _, x := range must(k.Openings(context.Background(), c.ID, 1))(k.t) {
		out = append(out, fmt.Sprintf("%s %d", x.Purpose, x.Count))
	}
	return strings.Join(out, ", ")
}

var tax = engine.ReleaseOf{Purpose: engine.PurposeTax}

func claimOf(rank int64) engine.ReleaseOf {
	return engine.ReleaseOf{Purpose: engine.PurposeClaim, Stratum: 1, Rank: rank}
}

// TestTaxOpensPrizesAboveTheSum: exactly the holders of prizes worth more than the sum who came for them, each once, and nobody where no prize is.
func TestTaxOpensPrizesAboveTheSum(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	r := k.timed()
	title := r.Draws[0].Tiers[0].Title
	r.Draws[0].Tiers = []engine.Tier{{Count: 1, Title: title, Value: 20010}, {Count: 1, Title: title, Value: 1000}, {Count: 1, Title: title}, {Count: 1, Title: title, Value: 1001}}
	r.Draws[0].Alternates = 2
	c, by, _ := k.drawnBy(r)
	came := func(ranks ...int64) {
		t.Helper()
		for _, rank := range ranks {
			if _, _, err := k.claim(c, by[rank], engine.ClaimSelf); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c = must(k.FindCampaign(ctx, c.Slug, true))(t); c.Rules.TaxAbove != 1000 {
		t.Errorf("prizes above %d are reported if the rules do not say", c.Rules.TaxAbove)
	}
	_, _, err := k.ask(c, tax)
	wantReason(t, err, engine.DrawState, "") // nobody has come
	came(1, 2)
	_, waits, err := k.ask(c, tax)
	must(waits, err)(t)
	came(3) // who comes meanwhile is for another release
	must(k.Approve(ctx, two, waits.ID, waits.Digest()))(t)
	if all, _, err := k.ask(c, tax); err != nil || len(all) != 1 || len(all[0].Entrants) != 1 || all[0].Entrants[0].Rank != 1 {
		t.Errorf("opened for tax: %+v, %v", all, err)
	}
	if got := len(must(k.Notifications(ctx, c.ID, 1))(t)); got != 0 {
		t.Errorf("%d notices of a release that tells nobody", got)
	}
	if _, a, err := k.ask(c, tax); err != nil || a != nil {
		t.Errorf("the same persons again: %v, %v", a, err)
	}
	// Who was told is not who is opened for tax, and the other way round; who has claimed needs no notice.
	if got := len(k.releaseAll(c)); got != 1 {
		t.Errorf("%d releases for the notice", got)
	}
	must(k.ReplaceWinner(ctx, c.ID, 1, 1, 4, "declined"))(t)
	if _, a, err := k.ask(c, tax); err != nil || a != nil { // its next holder has not come
		t.Errorf("nobody else has come: %v, %v", a, err)
	}
	came(5)
	if got := fmt.Sprint(k.opens(c, tax)); got != "[5]" {
		t.Errorf("opened for tax after a replacement: ranks %s", got)
	}
	if got := k.openings(c); got != "notice 1, tax 2" {
		t.Errorf("the log counts %s", got)
	}
	var bundle strings.Builder
	if err := k.WriteBundle(ctx, c.ID, &bundle); err != nil {
		t.Fatal(err)
	}
	wantVerified(t, []byte(bundle.String()))
}

// TestNobodyIsOpenedForTaxBelow: rules without values, and prizes of exactly the sum.
func TestNobodyIsOpenedForTaxBelow(t *testing.T) {
	for _, set := range []func(*engine.Rules){
		func(*engine.Rules) {},
		func(r *engine.Rules) { r.Draws[0].Tiers[0].Value, r.TaxAbove = 5000, 5000 },
	} {
		k := newClockwork(t)
		r := k.timed()
		set(&r)
		c, _, _ := k.drawnBy(r)
		_, _, err := k.ask(c, tax)
		wantReason(t, err, engine.FieldInvalid, "purpose")
		if got := k.openings(c); got != "" {
			t.Errorf("the log counts %s", got)
		}
	}
	k := newClockwork(t)
	r := k.timed()
	r.TaxAbove = 5000
	draft := must(k.CreateCampaign(context.Background(), "no-values", r, ""))(t)
	_, err := k.OpenCampaign(context.Background(), draft.ID, draft.Etag)
	wantReason(t, err, engine.RulesInvalid, "campaign.tax_above")
}

// TestClaimWithoutSecret: the one seat that is claimed is opened for it; without that nobody claims a seat by its number.
func TestClaimWithoutSecret(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	c, by, _ := k.drawnBy(k.timed()) // two seats, two alternates
	k.releaseAll(c)
	record := func(rank int64) (engine.Claim, bool, error) {
		return k.RecordOpenedClaim(ctx, one, c.ID, 1, 1, rank, engine.ClaimSelf)
	}
	for _, rank := range []int64{1, 2, 3, 99} {
		_, _, err := record(rank)
		wantReason(t, err, engine.FieldInvalid, "r")
	}
	for rank, reason := range map[int64]engine.Reason{3: engine.NotWinner, 99: engine.NotWinner, 0: engine.FieldInvalid} {
		_, _, err := k.ask(c, claimOf(rank))
		wantReason(t, err, reason, map[bool]string{true: "rank"}[rank == 0])
	}
	_, waits, err := k.ask(c, claimOf(2))
	if err != nil || waits == nil {
		t.Fatalf("%v, %v", waits, err)
	}
	_, _, err = record(2) // asked for is not approved
	wantReason(t, err, engine.FieldInvalid, "r")
	must(k.Approve(ctx, two, waits.ID, waits.Digest()))(t)
	_, _, err = record(1)
	wantReason(t, err, engine.FieldInvalid, "r")
	if got, again, err := record(2); err != nil || again || got.Rank != 2 || got.Tier != 1 {
		t.Errorf("%+v, %v, %v", got, again, err)
	}
	if _, again, err := record(2); err != nil || !again {
		t.Errorf("an answer was lost: %v, %v", again, err)
	}
	_, _, err = k.RecordClaim(ctx, two, c.ID, 1, by[2].s.R(), engine.ClaimSelf) // the receipt turned up
	wantReason(t, err, engine.SeatClaimed, "")

	if _, _, err := k.claim(c, by[1], engine.ClaimSelf); err != nil {
		t.Fatal(err)
	}
	_, _, err = k.ask(c, claimOf(1)) // nobody is opened for a prize that was claimed
	wantReason(t, err, engine.SeatClaimed, "")
	if got := k.openings(c); got != "notice 2, claim 1" {
		t.Errorf("the log counts %s", got)
	}
}

// TestClaimOpeningIsNotMadeTooLate: neither after the claim period, nor for who claimed or was replaced while it waited for approval.
func TestClaimOpeningIsNotMadeTooLate(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	r := k.timed()
	r.Draws[0].ClaimDays = 7
	c, by, _ := k.drawnBy(r)
	k.releaseAll(c)
	_, first, err := k.ask(c, claimOf(1))
	must(first, err)(t)
	_, second, err := k.ask(c, claimOf(2))
	must(second, err)(t)
	if _, _, err := k.claim(c, by[1], engine.ClaimSelf); err != nil {
		t.Fatal(err)
	}
	_, err = k.Approve(ctx, two, first.ID, first.Digest())
	wantReason(t, err, engine.SeatClaimed, "")
	must(k.ReplaceWinner(ctx, c.ID, 1, 1, 2, "declined"))(t)
	_, err = k.Approve(ctx, two, second.ID, second.Digest())
	wantReason(t, err, engine.NotWinner, "")
	if got := k.openings(c); got != "notice 2" {
		t.Errorf("the log counts %s", got)
	}
	k.releaseAll(c) // rank 3 was called
	k.tell(c, 3)
	k.move(9 * 24 * time.Hour)
	_, _, err = k.ask(c, claimOf(3))
	wantReason(t, err, engine.TooLate, "")
}

// TestLostReleasesComeBack: the identity room is brought back as it was before anybody was opened. Each purpose has its releases again, in the order of its records, and
// nobody is opened a second time under a new one.
func TestLostReleasesComeBack(t *testing.T) {
	k := newClockwork(t)
	r := k.timed()
	title := r.Draws[0].Tiers[0].Title
	r.Draws[0].Tiers = []engine.Tier{{Count: 2, Title: title, Value: 5000}, {Count: 1, Title: title, Value: 500}}
	c, by, _ := k.drawnBy(r)
	k.stop()
	restore := k.copies("identity")
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	came := func(x *client) {
		t.Helper()
		if _, _, err := k.claim(c, x, engine.ClaimSelf); err != nil {
			t.Fatal(err)
		}
	}
	k.releaseAll(c)
	k.opens(c, claimOf(3))
	came(by[1])
	k.opens(c, tax)
	k.opens(c, claimOf(2))
	came(by[2])
	k.opens(c, tax)
	must(k.ReplaceWinner(context.Background(), c.ID, 1, 1, 3, "declined"))(t)
	before := k.openings(c)
	k.stop()
	restore()
	k.cfg.AcceptRestored = true
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		of   engine.ReleaseOf
		want string
	}{{engine.ReleaseOf{Purpose: engine.PurposeNotice}, "[[1 2 3]]"}, {claimOf(2), "[[3] [2]]"}, {tax, "[[1] [2]]"}} {
		of, want := x.of, x.want
		all, _, err := k.ask(c, of)
		if err != nil {
			t.Fatal(err)
		}
		var got [][]int64
		for _, x := range all {
			var ranks []int64
			for _, e := range x.Entrants {
				ranks = append(ranks, e.Rank)
			}
			got = append(got, ranks)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: releases of ranks %v, want %s", of.Purpose, got, want)
		}
	}
	if got := k.openings(c); got != before {
		t.Errorf("the log counts %s, and %s before", got, before)
	}
}

// TestNoticeLeavesOutWhoClaimed: who has come is not opened to be told, also if they come between asking and approving, and nothing waits for them; what a copy has
// forgotten is put back as it was approved.
func TestNoticeLeavesOutWhoClaimed(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	r := k.timed()
	r.Draws[0].Tiers[0].Count = 3
	c, by, _ := k.drawnBy(r)
	notice := engine.ReleaseOf{Purpose: engine.PurposeNotice}
	waits := func() int64 {
		for _, x := range must(k.Todos(ctx))(t) {
			if x.Kind == engine.TodoRelease {
				return x.Count
			}
		}
		return 0
	}
	came := func(rank int64) {
		t.Helper()
		if _, _, err := k.claim(c, by[rank], engine.ClaimSelf); err != nil {
			t.Fatal(err)
		}
	}
	came(2)
	_, a, err := k.ask(c, notice)
	if err != nil || waits() != 2 {
		t.Fatalf("%v, %d wait", err, waits())
	}
	came(1)
	_, err = k.Approve(ctx, two, a.ID, a.Digest())
	wantReason(t, err, engine.ApprovalChanged, "")
	k.stop()
	restore := k.copies("identity") // with both claims, and without the release
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(k.opens(c, notice)); got != "[3]" || waits() != 0 {
		t.Errorf("opened to be told: ranks %s, %d wait", got, waits())
	}
	if got := fmt.Sprint(k.openings(c)); got != "notice 1" {
		t.Errorf("the log counts %s", got)
	}
	k.stop()
	restore()
	k.cfg.AcceptRestored = true
	if err := k.begin(); err != nil {
		t.Fatal(err)
	}
	if all := must(k.rooms.Identity.Releases(ctx, c.ID, 1))(t); len(all) != 1 || len(all[0].IDs) != 1 {
		t.Errorf("put back: %+v", all)
	}
	came(3)
	if _, a, err := k.ask(c, notice); err != nil || a != nil {
		t.Errorf("everybody came, or was told: %v, %v", a, err)
	}
	var bundle strings.Builder
	if err := k.WriteBundle(ctx, c.ID, &bundle); err != nil {
		t.Fatal(err)
	}
	wantVerified(t, []byte(bundle.String()))
}

// TestNobodyIsToldWhoCame: if all have claimed nobody is to be opened, and it says so.
func TestNobodyIsToldWhoCame(t *testing.T) {
	k := newClockwork(t)
	c, by, _ := k.drawnBy(k.timed())
	for _, rank := range []int64{1, 2} {
		if _, _, err := k.claim(c, by[rank], engine.ClaimSelf); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := k.ask(c, engine.ReleaseOf{Purpose: engine.PurposeNotice})
	wantReason(t, err, engine.DrawState, "")
	if !strings.Contains(err.Error(), "claimed") {
		t.Errorf("says not why: %v", err)
	}
}
