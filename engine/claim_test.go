package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
)

// drawnBy takes a campaign of these rules and nine entrants to its result, and returns them by the rank they hold, and those who hold none.
func (k *clockwork) drawnBy(r engine.Rules) (c engine.Campaign, by map[int64]*client, losers []*client) {
	k.t.Helper()
	c = k.open(r)
	var all []*client
	for i := range 9 {
		all = append(all, k.client(c, i, ""))
		k.enter(all[i])
	}
	_, _, err := k.RecordClaim(context.Background(), one, c.ID, 1, all[0].s.R(), engine.ClaimSelf)
	wantReason(k.t, err, engine.DrawState, "")
	k.drawn(c)
	by = k.ranks(c, all)
	for _, x := range all {
		if !slices.ContainsFunc([]int64{1, 2, 3, 4}, func(rank int64) bool { return by[rank] == x }) {
			losers = append(losers, x)
		}
	}
	return c, by, losers
}

func (k *clockwork) claim(c engine.Campaign, x *client, way string) (engine.Claim, bool, error) {
	return k.RecordClaim(context.Background(), one, c.ID, 1, x.s.R(), way)
}

// claims are what is recorded, a word a claim.
func (k *clockwork) claims(c engine.Campaign) string {
	k.t.Helper()
	var out []string
	for _, x := range must(k.Claims(context.Background(), c.ID, 1))(k.t) {
		out = append(out, fmt.Sprintf("%d:%d:%s:%s", x.Rank, x.Tier, x.Label, x.Way))
	}
	return strings.Join(out, " ")
}

// TestClaims: who holds a seat claims it once; everybody else is refused, each with the reason.
func TestClaims(t *testing.T) {
	k := newClockwork(t)
	ctx := context.Background()
	r := k.timed()
	r.Form.Birth = engine.Required
	r.Claiming = engine.Claiming{Proxy: true, GuardianBelow: 18}
	c, by, losers := k.drawnBy(r) // two seats, two alternates

	_, _, err := k.RecordClaim(ctx, one, c.ID, 1, [32]byte{1}, engine.ClaimSelf)
	wantReason(t, err, engine.EntryNotFound, "")
	_, _, err = k.RecordClaim(ctx, one, c.ID, 2, by[1].s.R(), engine.ClaimSelf)
	wantReason(t, err, engine.DrawNotFound, "")
	_, _, err = k.RecordClaim(ctx, one, c.ID, 1, by[1].s, engine.ClaimSelf) // s is not r
	wantReason(t, err, engine.EntryNotFound, "")
	for _, x := range append(losers, by[3], by[4]) {
		_, _, err = k.claim(c, x, engine.ClaimSelf)
		wantReason(t, err, engine.NotWinner, "")
	}
	first, again, err := k.claim(c, by[1], engine.ClaimSelf)
	if err != nil || again || first.Rank != 1 || first.Tier != 1 || first.Label != "one" || first.Day != k.now().Add(8*time.Hour).Format(time.DateOnly) {
		t.Fatalf("%+v, %v, %v", first, again, err)
	}
	second, again, err := k.claim(c, by[1], engine.ClaimSelf) // the answer was lost
	if err != nil || !again || second != first {
		t.Errorf("%+v, %v, %v", second, again, err)
	}
	_, _, err = k.claim(c, by[1], engine.ClaimProxy)
	wantReason(t, err, engine.SeatClaimed, "")
	_, _, err = k.RecordClaim(ctx, two, c.ID, 1, by[1].s.R(), engine.ClaimSelf)
	wantReason(t, err, engine.SeatClaimed, "")
	k.move(24 * time.Hour)
	_, _, err = k.claim(c, by[1], engine.ClaimSelf)
	wantReason(t, err, engine.SeatClaimed, "")

	must(k.ReplaceWinner(ctx, c.ID, 1, 1, 2, "declined"))(t)
	_, _, err = k.claim(c, by[2], engine.ClaimSelf)
	wantReason(t, err, engine.NotWinner, "")
	if _, _, err := k.claim(c, by[3], engine.ClaimProxy); err != nil { // called for it
		t.Error(err)
	}
	if got := k.claims(c); got != "1:1:one:self 3:1:one:proxy" {
		t.Errorf("claims %s", got)
	}

	// A claimed seat is taken from nobody for a reason that the claim refutes.
	for _, reason := range []string{"declined", "unreachable", "late"} {
		_, err = k.ReplaceWinner(ctx, c.ID, 1, 1, 1, reason)
		wantReason(t, err, engine.SeatClaimed, "")
	}
	must(k.ReplaceWinner(ctx, c.ID, 1, 1, 1, "ineligible"))(t)
	_, _, err = k.claim(c, by[1], engine.ClaimSelf)
	wantReason(t, err, engine.NotWinner, "")
	if got := k.claims(c); got != "1:0:one:self 3:1:one:proxy" {
		t.Errorf("claims %s", got)
	}
	if got := k.seatsOf(c); got != "1:0ineligible 2:0declined 3:1 4:1" {
		t.Errorf("seats %s", got)
	}

	k.erase(c, by[4])
	_, _, err = k.claim(c, by[4], engine.ClaimSelf)
	wantReason(t, err, engine.EntryErased, "")
	if strings.Contains(k.errs.String(), fmt.Sprintf("%x", by[1].got.ID)) {
		t.Error("the log names an entry")
	}
	k.pass(40*24*time.Hour, 6*time.Hour)
	k.wantState(c, store.Erased)
	_, _, err = k.claim(c, by[3], engine.ClaimSelf)
	wantReason(t, err, engine.CampaignClosed, "")
	if left := must(k.rooms.Identity.Claims(ctx, c.ID, 1))(t); len(left) > 0 {
		t.Errorf("%d claims outlive the campaign's persons", len(left))
	}
}

// TestOnlyWhoTheRulesLetClaims: without a word in the rules the winner must come.
func TestOnlyWhoTheRulesLetClaims(t *testing.T) {
	k := newClockwork(t)
	r := k.timed()
	r.Claiming = engine.Claiming{GuardianBelow: 18} // birth is not required
	draft := must(k.CreateCampaign(context.Background(), "guardians", r, ""))(t)
	_, err := k.OpenCampaign(context.Background(), draft.ID, draft.Etag)
	wantReason(t, err, engine.RulesInvalid, "campaign.guardian_below")
	r = surveyOnly(k.timed())
	r.Retention, r.ObjectionsEnd = 0, time.Time{}
	r.Claiming = engine.Claiming{Proxy: true}
	draft = must(k.CreateCampaign(context.Background(), "nothing-to-claim", r, ""))(t)
	_, err = k.OpenCampaign(context.Background(), draft.ID, draft.Etag)
	wantReason(t, err, engine.RulesInvalid, "campaign.claim_proxy")

	c, by, _ := k.drawnBy(k.timed())
	for _, way := range []string{engine.ClaimProxy, engine.ClaimGuardian} {
		_, _, err := k.claim(c, by[1], way)
		wantReason(t, err, engine.FieldInvalid, "way")
	}
	if got := k.claims(c); got != "" {
		t.Errorf("claims %s", got)
	}
	// The rules file says it in public.
	if rules := string(must(k.rooms.Registry.File(context.Background(), store.Hash(must(draw.ParseRecord(c.OpenRecord))(t).(*draw.Open).Rules)))(t)); !strings.Contains(rules, "\nclaim-proxy none\nclaim-guardian-below 0\n") {
		t.Errorf("the rules file says\n%s", rules)
	}
}

// tell says that the notice to a rank was sent.
func (k *clockwork) tell(c engine.Campaign, rank int64) {
	k.t.Helper()
	must(k.ReportNotification(context.Background(), c.ID, 1, 1, rank, 1, 2))(k.t)
	must(k.ReportNotification(context.Background(), c.ID, 1, 1, rank, 2, 3))(k.t)
}

func (k *clockwork) counts(c engine.Campaign) string {
	k.t.Helper()
	var out []string
	for _, x := range must(k.Todos(context.Background()))(k.t) {
		if name := map[engine.TodoKind]string{engine.TodoClaim: "may claim", engine.TodoUnclaimed: "over"}[x.Kind]; name != "" {
			out = append(out, fmt.Sprintf("%d %s by %s", x.Count, name, x.By.In(taipei).Format("2006-01-02 15:04")))
		}
	}
	return strings.Join(out, ", ")
}

var taipei = time.FixedZone("Taipei", 8*3600)

// TestClaimPeriod: it ends with the day that the notice named; nobody is late before, and a seat that nobody claimed goes on in order, or is given up.
func TestClaimPeriod(t *testing.T) {
	for _, forfeit := range []bool{false, true} {
		k := newClockwork(t)
		ctx := context.Background()
		r := k.timed()
		r.Draws[0].Forfeit = forfeit
		c, by, _ := k.drawnBy(r) // seven days to claim
		_, err := k.ReplaceWinner(ctx, c.ID, 1, 1, 1, "late")
		wantReason(t, err, engine.TooEarly, "") // nobody was told
		k.releaseAll(c)
		if got := k.counts(c); got != "" {
			t.Errorf("todo: %s", got)
		}
		k.tell(c, 1)
		k.tell(c, 2)
		told := k.now().In(taipei)
		last := time.Date(told.Year(), told.Month(), told.Day()+8, 0, 0, 0, 0, taipei)
		by1 := last.Format("2006-01-02 15:04")
		if got := k.counts(c); got != "2 may claim by "+by1 {
			t.Errorf("todo: %s", got)
		}
		if _, _, err := k.claim(c, by[2], engine.ClaimSelf); err != nil {
			t.Fatal(err)
		}
		k.goTo(last.Add(-time.Second))
		if got := k.counts(c); got != "1 may claim by "+by1 {
			t.Errorf("todo: %s", got)
		}
		_, err = k.ReplaceWinner(ctx, c.ID, 1, 1, 1, "late")
		wantReason(t, err, engine.TooEarly, "")
		k.goTo(last)
		_, _, err = k.claim(c, by[1], engine.ClaimSelf)
		wantReason(t, err, engine.TooLate, "")
		if got := k.counts(c); got != "1 over by "+by1 {
			t.Errorf("todo: %s", got)
		}
		must(k.ReplaceWinner(ctx, c.ID, 1, 1, 1, "late"))(t)
		if got := k.counts(c); got != "" {
			t.Errorf("todo: %s", got)
		}
		want := map[bool]string{false: "1:0late 2:1 3:1 4:0", true: "1:0late 2:1 3:0 4:0"}[forfeit]
		if got := k.seatsOf(c); got != want {
			t.Errorf("seats %s, want %s", got, want)
		}
		if _, _, err := k.claim(c, by[3], engine.ClaimSelf); (err == nil) == forfeit {
			t.Errorf("the alternate: %v", err)
		}
		if _, _, err := k.claim(c, by[2], engine.ClaimSelf); forfeit { // was claimed on another day
			wantReason(t, err, engine.SeatClaimed, "")
		}
	}
}

// TestClaimBesideReplacement: a seat that another daemon vacates while it is claimed was not claimed; a replacement that rests on a log without the claim finds it.
func TestClaimBesideReplacement(t *testing.T) {
	for _, step := range []string{"claim chosen", "claim put"} {
		k := newClockwork(t)
		ctx := context.Background()
		c, by, _ := k.drawnBy(k.timed())
		other := k.beside()
		stopped, resume := k.stopAt(step, 1)
		ended := make(chan error, 1)
		go func() { _, _, err := k.claim(c, by[1], engine.ClaimSelf); ended <- err }()
		<-stopped
		_, err := other.ReplaceWinner(ctx, c.ID, 1, 1, 1, "declined")
		resume()
		claimed := <-ended
		if step == "claim put" { // the claim was there first
			wantReason(t, err, engine.SeatClaimed, "")
			if claimed != nil {
				t.Error(claimed)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		wantReason(t, claimed, engine.NotWinner, "")
		if left := must(k.rooms.Identity.Claims(ctx, c.ID, 1))(t); len(left) > 0 {
			t.Errorf("a seat that is vacated is claimed: %+v", left)
		}
	}
}
