package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/receipt"
	"fairlot/draw"
	"fairlot/engine"
	"fairlot/store"
	"fairlot/verify"
)

func prize(stratum int, count int64, title string, value int64) engine.Tier {
	return engine.Tier{Stratum: stratum, Count: count, Title: engine.Texts{"en": title}, Value: value}
}

// branches are three strata with prizes of their own; the second has two kinds.
func branches(r engine.Rules) engine.Rules {
	r.Strata = []engine.Texts{{"en": "North", "zh-Hant-TW": "北館"}, {"en": "Hill"}, {"en": "South"}}
	r.StrataBy = engine.StrataByEntrant
	r.Draws[0].Tiers = []engine.Tier{prize(1, 1, "Book", 0), prize(2, 1, "Globe", 20010), prize(2, 1, "Puzzle", 2000), prize(3, 2, "Voucher", 500)}
	r.Draws[0].Alternates = 1
	return r
}

// chooses lets so many entrants enter in each stratum, in turn.
func (w *world) chooses(c engine.Campaign, counts ...int) (all []*client) {
	w.t.Helper()
	for stratum, n := range counts {
		for range n {
			x := w.client(c, len(all), "")
			x.req.Stratum = stratum + 1
			w.enter(x)
			all = append(all, x)
		}
	}
	return all
}

// stratum is what an entry's receipt says.
func (w *world) stratum(note []byte) int {
	w.t.Helper()
	return int(must(receipt.Verify(w.rvkey, note))(w.t).Stratum)
}

// counted is how many entrants with chances each stratum has now.
func (w *world) counted(c engine.Campaign) string {
	w.t.Helper()
	n := map[uint16]int{}
	for _, l := range must(w.rooms.Identity.Leaves(context.Background(), c.ID, store.EntrantID{}, 100))(w.t) {
		if l.Chances > 0 {
			n[l.Stratum]++
		}
	}
	return fmt.Sprint(n)
}

// bundleOf is a campaign's bundle.
func (k *clockwork) bundleOf(c engine.Campaign) []byte {
	k.t.Helper()
	var b bytes.Buffer
	if err := k.WriteBundle(context.Background(), c.ID, &b); err != nil {
		k.t.Fatal(err)
	}
	return b.Bytes()
}

// everyVerifier asks the programs in other languages for their last line about a bundle. The one in Python, which has no BLS, is told the rounds.
func (k *clockwork) everyVerifier(c engine.Campaign, bundle []byte) map[string]string {
	k.t.Helper()
	file := filepath.Join(k.t.TempDir(), "bundle.tar")
	if err := os.WriteFile(file, bundle, 0o600); err != nil {
		k.t.Fatal(err)
	}
	chain, python := k.beacon.Chain(), []string{"python3", "-B", "../spec/verify.py", file}
	for _, d := range must(k.Draws(context.Background(), c.ID))(k.t) {
		python = append(python, "--known", fmt.Sprintf("%x:%d:%x", chain.Hash, d.Round, k.beacon.Sign(d.Round)))
	}
	said := map[string]string{}
	for _, run := range [][]string{{"node", "../web/verify.mjs", file}, python} {
		program, err := exec.LookPath(run[0])
		if err != nil {
			k.t.Logf("NOT VERIFIED BY %s, which is not here", run[0])
			continue
		}
		out, _ := exec.Command(program, run[1:]...).CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		said[run[0]] = lines[len(lines)-1]
	}
	return said
}

// wantEverywhere wants that three verifiers that share no code take a bundle.
func (k *clockwork) wantEverywhere(c engine.Campaign) (good []byte) {
	k.t.Helper()
	good = k.bundleOf(c)
	wantVerified(k.t.(*testing.T), good)
	for program, last := range k.everyVerifier(c, good) {
		if !strings.HasPrefix(last, "verify: ok (") {
			k.t.Errorf("%s says %q", program, last)
		}
	}
	return good
}

// wantRefusedEverywhere wants that none takes it with one entrant put into another stratum, or with one seat of the ranking said to be another's.
func (k *clockwork) wantRefusedEverywhere(c engine.Campaign, good []byte, x *client) {
	k.t.Helper()
	moved, at := bytes.Clone(good), bytes.Index(good, x.got.ID[:])
	moved[at+17] ^= 3 // the low byte of the stratum: 1 becomes 2
	swapped := bytes.Clone(good)
	line := bytes.LastIndex(swapped, []byte("\n3 ")) + 1
	swapped[line] = '2'
	for step, b := range map[string][]byte{"8 root": moved, "11 ranking": swapped} {
		said := k.everyVerifier(c, b)
		if _, err := verify.Bundle(must(verify.Tar(bytes.NewReader(b), int64(len(b))))(k.t), verify.Options{}); err != nil {
			said["fairlot"] = fmt.Sprint("verify: FAILED at ", err)
		}
		for program, last := range said {
			if !strings.HasPrefix(last, "verify: FAILED at step "+step) {
				k.t.Errorf("%s says %q, want step %s", program, last, step)
			}
		}
		if said["fairlot"] == "" {
			k.t.Errorf("fairlot takes a bundle that fails at step %s", step)
		}
	}
}

// seated writes each line of a draw: stratum.rank, the tier held or why it was vacated, and which of the rules' prizes that is.
func seated(d engine.DrawInfo) string {
	var out []string
	for _, s := range d.Seats {
		out = append(out, fmt.Sprintf("%d.%d:%d%s=%d", s.Stratum, s.Rank, s.Tier, s.Vacated, s.Prize))
	}
	return strings.Join(out, " ")
}

// TestStrataOwnPrizes: the small second stratum is drawn together with the third; a tier number that both have gives the third's prize, one that only the second
// has its own, in the draw, when a seat is vacated, at the desk, and for tax.
func TestStrataOwnPrizes(t *testing.T) {
	t.Parallel()
	k := newClockwork(t)
	c, x := strataOwnPrizes(t, k)
	k.wantRefusedEverywhere(c, k.wantEverywhere(c), x)
}

func TestStrataOnPostgres(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	strataOwnPrizes(t, newClockworkOn(t, newWorldIn(t, dir, onPostgres(t).rooms(t, dir))))
}

func strataOwnPrizes(t *testing.T, k *clockwork) (engine.Campaign, *client) {
	ctx := context.Background()
	c := k.open(branches(k.timed()))
	all := k.chooses(c, 6, 2, 7)
	k.drawn(c)
	d := must(k.Draw(ctx, c.ID, 1))(t)
	if got := seated(d); got != "1.1:1=1 1.2:0=0 3.1:1=4 3.2:1=4 3.3:1=4 3.4:2=3 3.5:0=0" || !slices.Equal(d.RankedIn, []int{1, 3, 3}) {
		t.Fatalf("seats %s, ranked in %v", got, d.RankedIn)
	}
	by := map[[2]int64]*client{}
	for _, s := range d.Seats {
		at := slices.IndexFunc(all, func(x *client) bool { return x.got.ID == s.ID })
		own := all[at].req.Stratum
		if by[[2]int64{int64(s.Stratum), s.Rank}] = all[at]; d.RankedIn[own-1] != s.Stratum {
			t.Errorf("an entrant of stratum %d is ranked in %d", own, s.Stratum)
		}
	}
	must(k.ReplaceWinner(ctx, c.ID, 1, 3, 2, "ineligible"))(t)
	_, err := k.ReplaceWinner(ctx, c.ID, 1, 2, 1, "ineligible") // nobody is ranked there
	wantReason(t, err, engine.SeatUnknown, "")
	must(k.ReplaceWinner(ctx, c.ID, 1, 1, 1, "declined"))(t)
	if got := seated(must(k.Draw(ctx, c.ID, 1))(t)); got != "1.1:0declined=1 1.2:1=1 3.1:1=4 3.2:0ineligible=4 3.3:1=4 3.4:2=3 3.5:1=4" {
		t.Errorf("after two replacements %s", got)
	}
	for at, want := range map[[2]int64]int{{3, 1}: 4, {3, 4}: 3, {1, 2}: 1} {
		if claim, _, err := k.claim(c, by[at], engine.ClaimSelf); err != nil || claim.Prize != want {
			t.Errorf("claim of rank %d of stratum %d: %+v, %v", at[1], at[0], claim, err)
		}
	}
	for _, x := range must(k.Claims(ctx, c.ID, 1))(t) {
		if want := map[string]int{"3.1": 4, "3.4": 3, "1.2": 1}[fmt.Sprintf("%d.%d", x.Stratum, x.Rank)]; x.Prize != want {
			t.Errorf("claim %+v, want prize %d", x, want)
		}
	}
	_, a, err := k.ask(c, tax)
	must(a, err)(t)
	must(k.Approve(ctx, two, a.ID, a.Digest()))(t)
	opened, _, err := k.ask(c, tax)
	if err != nil || len(opened) != 1 || len(opened[0].Entrants) != 1 || opened[0].Entrants[0].Stratum != 3 || opened[0].Entrants[0].Rank != 4 {
		t.Errorf("for tax: %+v, %v; only the puzzle is worth more than the sum", opened, err)
	}
	wantVerified(t, k.bundleOf(c))
	return c, by[[2]int64{1, 1}]
}

// TestStrataProportional: one kind of prize, shared by the numbers of entrants of the strata that stand.
func TestStrataProportional(t *testing.T) {
	t.Parallel()
	k := newClockwork(t)
	r := branches(k.timed())
	r.Draws[0].Tiers, r.Draws[0].Proportional = []engine.Tier{prize(0, 6, "Bag", 5000)}, true
	c := k.open(r)
	all := k.chooses(c, 6, 2, 7)
	k.drawn(c)
	d := must(k.Draw(context.Background(), c.ID, 1))(t)
	// 6 · 6/15 = 2.4 and 6 · 9/15 = 3.6: the seat left over goes to the larger remainder.
	if got := seated(d); got != "1.1:1=1 1.2:1=1 1.3:0=0 3.1:1=1 3.2:1=1 3.3:1=1 3.4:1=1 3.5:0=0" || d.RankedIn != nil {
		t.Errorf("seats %s, ranked in %v", got, d.RankedIn)
	}
	k.wantEverywhere(c)
	at := slices.IndexFunc(all, func(x *client) bool { return x.got.ID == d.Seats[3].ID })
	if claim, _, err := k.claim(c, all[at], engine.ClaimSelf); err != nil || claim.Prize != 1 {
		t.Errorf("%+v, %v", claim, err)
	}
	if ranks := k.opens(c, tax); len(ranks) != 1 {
		t.Errorf("for tax: %v", ranks)
	}
}

// TestStrataWithoutEarlierWinners: a stratum that is large enough in the first draw falls below the batch once its winners are left out, and is joined in the second alone.
func TestStrataWithoutEarlierWinners(t *testing.T) {
	t.Parallel()
	j := newJury(t)
	r := branches(j.timed())
	r.Custodians = j.custodians
	second := r.Draws[0]
	r.Draws[0].DrawTime = r.ObjectionsEnd.Add(4 * time.Hour)
	second.DrawTime, second.EarlierWinnersOut = r.Draws[0].DrawTime.Add(engine.SettleRoom+time.Hour), true
	r.Draws = append(r.Draws, second)
	c := j.open(r)
	j.chooses(c, 7, 5, 8)
	j.shut(c)
	j.hold(c, 1)
	j.hold(c, 2)
	first, then := j.info(c, 1), j.info(c, 2)
	if got := seated(first); got != "1.1:1=1 1.2:0=0 2.1:1=2 2.2:2=3 2.3:0=0 3.1:1=4 3.2:1=4 3.3:0=0" || !slices.Equal(first.RankedIn, []int{1, 2, 3}) {
		t.Errorf("first draw: %s, ranked in %v", got, first.RankedIn)
	}
	if got := seated(then); got != "1.1:1=1 1.2:0=0 3.1:1=4 3.2:1=4 3.3:1=4 3.4:2=3 3.5:0=0" || !slices.Equal(then.RankedIn, []int{1, 3, 3}) {
		t.Errorf("second draw: %s, ranked in %v", got, then.RankedIn)
	}
	j.wantEverywhere(c)
}

// TestStratumChosen: it must be chosen where the rules say so, stands in the receipt and in the list, and stays: for a request sent again, for a correction, and
// when the desk moves a chance.
func TestStratumChosen(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), context.Background()
	plain := w.open(surveyOnly(rules()))
	x := w.client(plain, 1, "")
	x.req.Stratum = 1
	_, err := w.Enter(ctx, x.req)
	wantReason(t, err, engine.FieldInvalid, "stratum")
	for _, c := range []engine.Campaign{w.open(branches(rules())), w.open(branches(noProof(rules())))} { // the last moves the clock
		name := c.Rules.Proof
		codes := make([]string, 8)
		if c.Rules.Proof == engine.ProofToken {
			codes = w.tokens(c, 8)
		}
		for _, stratum := range []int{0, -1, 4, 65537} {
			x := w.client(c, 50, codes[0])
			x.req.Stratum = stratum
			_, err := w.Enter(ctx, x.req)
			wantReason(t, err, engine.FieldInvalid, "stratum")
		}
		var all []*client
		for i := range 7 {
			x := w.client(c, i, codes[i])
			x.req.Stratum = 1 + i%3
			w.enter(x)
			all = append(all, x)
			if i != 4 {
				continue
			}
			for range 2 { // before it is mixed, and after
				if again := must(w.Enter(ctx, all[1].req))(t); !bytes.Equal(again.Note, all[1].got.Note) {
					t.Errorf("%s: the same request got another receipt", name)
				}
				other := all[1].req
				other.Stratum = 3
				_, err := w.Enter(ctx, other)
				wantReason(t, err, engine.EntryDiffers, "")
				w.work()
			}
		}
		ask, _ := w.correction(c, all[2], "better@example.org")
		got := must(w.CorrectEntry(ctx, ask))(t)
		if again := must(w.CorrectEntry(ctx, ask))(t); w.stratum(got.Note) != 3 || !bytes.Equal(again.Note, got.Note) {
			t.Errorf("%s: corrected into stratum %d", name, w.stratum(got.Note))
		}
		second := w.client(c, 3, codes[7]) // the same person once more, who was in stratum 1
		second.req.Stratum = 2
		if c.Rules.Proof == engine.ProofToken {
			_, err := w.Enter(ctx, second.req)
			wantReason(t, err, engine.PersonEntered, "")
			continue
		}
		w.enter(second)
		w.setClock(c.Rules.EntriesEnd.Add(time.Hour))
		must(w.MoveChance(ctx, engine.MoveChanceRequest{Campaign: c.ID, S: second.s, Receipt: second.got.Note, Identity: *second.req.Identity,
			ContactCommitment: [32]byte(second.got.ContactCommitment)}))(t)
		if got := w.counted(c); got != "map[1:2 2:3 3:2]" {
			t.Errorf("counted by stratum %s", got)
		}
		for _, l := range must(w.rooms.Identity.Leaves(ctx, c.ID, store.EntrantID{}, 100))(t) {
			for _, x := range append(all, second) {
				if x.got.ID == l.ID && (int(l.Stratum) != x.req.Stratum || w.stratum(x.got.Note) != x.req.Stratum) {
					t.Errorf("chose %d, the list says %d and the receipt %d", x.req.Stratum, l.Stratum, w.stratum(x.got.Note))
				}
			}
		}
	}
}

// TestStratumOfToken: the code decides, nobody else.
func TestStratumOfToken(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), context.Background()
	r := branches(rules())
	r.StrataBy = engine.StrataByToken
	c, chosen := w.open(r), w.open(branches(rules()))
	for _, x := range []struct {
		c       engine.Campaign
		stratum int
	}{{c, 0}, {c, 4}, {c, -1}, {chosen, 1}} {
		_, err := w.CreateEntryTokens(ctx, x.c.ID, 1, 1, x.stratum, time.Time{})
		wantReason(t, err, engine.FieldInvalid, "stratum")
	}
	two, three := must(w.CreateEntryTokens(ctx, c.ID, 2, 2, 2, time.Time{}))(t), must(w.CreateEntryTokens(ctx, c.ID, 1, 1, 3, time.Time{}))(t)
	x := w.client(c, 1, two[0])
	x.req.Stratum = 2
	_, err := w.Enter(ctx, x.req)
	wantReason(t, err, engine.FieldInvalid, "stratum")
	x.req.Stratum = 0
	w.enter(x)
	if again := must(w.Enter(ctx, x.req))(t); w.stratum(x.got.Note) != 2 || !bytes.Equal(again.Note, x.got.Note) {
		t.Errorf("entered in stratum %d by the receipt", w.stratum(x.got.Note))
	}
	y := w.client(c, 2, three[0])
	w.enter(y)
	ask, _ := w.correction(c, y, "better@example.org")
	if got := must(w.CorrectEntry(ctx, ask))(t); w.stratum(got.Note) != 3 {
		t.Errorf("corrected into stratum %d", w.stratum(got.Note))
	}
	if got := w.counted(c); got != "map[2:1 3:1]" {
		t.Errorf("counted by stratum %s", got)
	}
}

// TestStratumChangedByTheOperator puts an entrant into another stratum before the close, with the operator's own hands in the room: the bundle is whole, and
// the receipt is the proof against it. The variant left alone is not accused.
func TestStratumChangedByTheOperator(t *testing.T) {
	t.Parallel()
	for _, honest := range []bool{true, false} {
		k := newClockwork(t)
		c := k.open(branches(k.timed()))
		all := k.chooses(c, 6, 5, 7)
		victim := all[0]
		if !honest {
			k.cfg.Identity = moving{k.cfg.Identity, victim.got.ID}
			k.restart()
		}
		k.drawn(c)
		b := k.bundleOf(c)
		wantVerified(t, b)
		said := must(receipt.Verify(k.rvkey, victim.got.Note))(t)
		list := must(verify.Tar(bytes.NewReader(b), int64(len(b))))(t)
		size, _ := list.Has("draw/1/entrants.bin")
		leaf, _, ok, err := must(draw.NewList(must(list.Open("draw/1/entrants.bin"))(t), size))(t).Find(draw.EntrantID(said.ID))
		if err != nil || !ok || (leaf.Stratum == uint16(said.Stratum)) != honest {
			t.Errorf("honest %v: the receipt says stratum %d, the list %d, %v", honest, said.Stratum, leaf.Stratum, err)
		}
	}
}

// moving shows one entrant of stratum 1 in stratum 2.
type moving struct {
	store.Identity
	whom store.EntrantID
}

func (m moving) Leaves(ctx context.Context, c store.CampaignID, after store.EntrantID, limit int) ([]store.Leaf, error) {
	leaves, err := m.Identity.Leaves(ctx, c, after, limit)
	for i := range leaves {
		if leaves[i].ID == m.whom {
			leaves[i].Stratum = 2
		}
	}
	return leaves, err
}

// TestStrataRules: each way in which strata and prizes do not fit together is refused, at its field, in words; and what stands is in the rules file.
func TestStrataRules(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), context.Background()
	many := func(n, stratum int) (tiers []engine.Tier) {
		for range n {
			tiers = append(tiers, prize(stratum, 1, "Book", 0))
		}
		return tiers
	}
	for name, x := range map[string]struct {
		path, word string
		change     func(r *engine.Rules)
	}{
		"one stratum":            {"campaign.strata", "2 to 100", func(r *engine.Rules) { r.Strata, r.Draws[0].Tiers = r.Strata[:1], r.Draws[0].Tiers[:1] }},
		"nobody decides":         {"campaign.strata_by", "what decides", func(r *engine.Rules) { r.StrataBy = "" }},
		"decided for none":       {"campaign.strata_by", "no strata", func(r *engine.Rules) { r.Strata, r.Draws[0].Tiers = nil, many(1, 0) }},
		"tokens without tokens":  {"campaign.strata_by", "only where the proof is the token", func(r *engine.Rules) { *r = noProof(*r); r.StrataBy = engine.StrataByToken }},
		"the same title":         {"campaign.strata[2].title", "same title", func(r *engine.Rules) { r.Strata[2] = engine.Texts{"en": " North "} }},
		"a title without text":   {"campaign.strata[1].title", "at least one language", func(r *engine.Rules) { r.Strata[1] = nil }},
		"a title of two lines":   {"campaign.strata[1].title", "one line", func(r *engine.Rules) { r.Strata[1] = engine.Texts{"en": "a\nb"} }},
		"a blank":                {"campaign.strata[1].title", "blank", func(r *engine.Rules) { r.Strata[1] = engine.Texts{"en": "[TO FILL IN: branch]"} }},
		"a prize of nobody":      {"campaign.draws[0].tiers", "whose prize", func(r *engine.Rules) { r.Draws[0].Tiers[3].Stratum = 0 }},
		"a prize of a fourth":    {"campaign.draws[0].tiers", "1 to 3", func(r *engine.Rules) { r.Draws[0].Tiers[3].Stratum = 4 }},
		"nothing for the last":   {"campaign.draws[0].tiers", "stratum 3 has no prize", func(r *engine.Rules) { r.Draws[0].Tiers = r.Draws[0].Tiers[:3] }},
		"nothing for the second": {"campaign.draws[0].tiers", "stratum 2 has no prize", func(r *engine.Rules) { r.Draws[0].Tiers = slices.Delete(r.Draws[0].Tiers, 1, 3) }},
		"nothing for the first":  {"campaign.draws[0].tiers", "stratum 1 has no prize", func(r *engine.Rules) { r.Draws[0].Tiers = r.Draws[0].Tiers[1:] }},
		"the second's before the first's": {"campaign.draws[0].tiers", "tier 1 is of stratum 2 and stands before one of stratum 1", func(r *engine.Rules) {
			r.Draws[0].Tiers[0], r.Draws[0].Tiers[1] = r.Draws[0].Tiers[1], r.Draws[0].Tiers[0]
		}},
		"out of order": {"campaign.draws[0].tiers", "order of their strata", func(r *engine.Rules) {
			slices.Reverse(r.Draws[0].Tiers[1:])
			r.Draws[0].Tiers[1].Stratum = 2
			r.Draws[0].Tiers[2].Stratum = 1
		}},
		"too many of one":          {"campaign.draws[0].tiers", "more than 100", func(r *engine.Rules) { r.Draws[0].Tiers = slices.Concat(many(101, 1), many(1, 2), many(1, 3)) }},
		"too many of none":         {"campaign.draws[0].tiers", "at most 100", func(r *engine.Rules) { r.Strata, r.StrataBy, r.Draws[0].Tiers = nil, "", many(101, 0) }},
		"more than a record holds": {"", "do not fit an open record", func(r *engine.Rules) { manyStrata(r, 100, 10); r.Draws = append(r.Draws, r.Draws[0], r.Draws[0]) }},
		"proportional with two":    {"campaign.draws[0].tiers", "exactly one tier", func(r *engine.Rules) { r.Draws[0].Proportional, r.Draws[0].Tiers = true, many(2, 0) }},
		"proportional and of one":  {"campaign.draws[0].tiers", "exactly one tier", func(r *engine.Rules) { r.Draws[0].Proportional, r.Draws[0].Tiers = true, many(1, 1) }},
		"proportional among none": {"campaign.draws[0].proportional", "no strata", func(r *engine.Rules) {
			r.Strata, r.StrataBy, r.Draws[0].Proportional, r.Draws[0].Tiers = nil, "", true, many(1, 0)
		}},
		"a prize of a stratum of none": {"campaign.draws[0].tiers", "no strata", func(r *engine.Rules) { r.Strata, r.StrataBy = nil, "" }},
		"no draw": {"campaign.strata", "without draws", func(r *engine.Rules) {
			strata, by := r.Strata, r.StrataBy
			*r = surveyOnly(*r)
			r.Strata, r.StrataBy = strata, by
		}},
		"no prize at all": {"campaign.draws[0].tiers", "at least one prize tier", func(r *engine.Rules) { r.Draws[0].Tiers = nil }},
	} {
		r := branches(rules())
		x.change(&r)
		c, err := w.CreateCampaign(ctx, fmt.Sprintf("campaign-%d", slugs.Add(1)), r, "")
		if err == nil { // texts are judged in the draft, all else when it opens
			_, err = w.OpenCampaign(ctx, c.ID, c.Etag)
		}
		t.Run(name, func(t *testing.T) {
			wantReason(t, err, engine.RulesInvalid, x.path)
			own := err.(*engine.Error)
			if all := fmt.Sprint(own.Text, own.Fields); !strings.Contains(all, x.word) || len(own.Fields) > 1 {
				t.Errorf("%s, want %q alone", all, x.word)
			}
		})
	}
	r := branches(rules())
	second := r.Draws[0]
	second.Tiers, second.Proportional = []engine.Tier{prize(0, 9, "Bag", 100)}, true
	r.Draws = append(r.Draws, second)
	text := w.rulesText(w.open(r).ID)
	for _, line := range []string{"strata-by entrant", "stratum 1 zh-Hant-TW 北館", "stratum 1 en North", "stratum 3 en South", "stratum-tier 1 1 1 en Book", "stratum-tier 1 2 2 en Puzzle",
		"stratum-tier-value 1 2 2 2000", "stratum-tier 1 3 1 en Voucher", "tier 2 1 en Bag", "tier-value 2 1 100"} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the rules file lacks %q:\n%s", line, text)
		}
	}
	for _, start := range []string{"strata-small with fewer than 5 ", "strata-joined ", "proportional 2 "} {
		if !strings.Contains(text, "\n"+start) {
			t.Errorf("the rules file lacks a line that starts %q", start)
		}
	}
	if plain := w.rulesText(w.open(rules()).ID); strings.Contains(plain, "strat") {
		t.Errorf("strata in a rules file without any:\n%s", plain)
	}
	most := branches(rules())
	manyStrata(&most, 100, 2)
	w.open(most)
}

// manyStrata are n strata of so many tiers each.
func manyStrata(r *engine.Rules, n, tiers int) {
	r.Strata, r.Draws[0].Tiers = nil, nil
	for i := range n {
		r.Strata = append(r.Strata, engine.Texts{"en": fmt.Sprint("Branch ", i)})
		for range tiers {
			r.Draws[0].Tiers = append(r.Draws[0].Tiers, prize(i+1, 1, "Book", 0))
		}
	}
}
