package verify_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/monitor"
	"fairlot/monitor/logtest"
	"fairlot/verify"
)

// attack is a row of the table of a cheating operator in docs/THREAT_MODEL.md. mount does it with the operator's keys and has the tools say what they say of it.
type attack struct {
	what  string
	tools []string // that catch it: the row names them
	tests []string // that mount more of it; the row names them too
	mount func(t *testing.T)
}

// told is what verify says of a lie about a truth, signed in one way.
func told(t *testing.T, b *truth, name string, how signing, more ...func(c *cheat)) (got string, c *cheat, files *verify.Files, out *verify.Outcome) {
	t.Helper()
	for _, l := range lies() {
		if l.name != name {
			continue
		}
		for seed := range uint64(50) {
			c = newCheat(b, rand.New(rand.NewPCG(20261128, seed)))
			c.how = how
			for _, f := range more {
				f(c)
			}
			if !l.tell(c) {
				continue
			}
			v := c.vectorOf(c.parts())
			files, err := verify.Folder(mapFS(v.Parts))
			if err != nil {
				t.Fatal(err)
			}
			out, err = verify.Bundle(files, c.opts)
			return said(out, err), c, files, out
		}
	}
	t.Fatalf("no lie %q about %s", name, b.name)
	panic("unreachable")
}

// saying expects what verify says of a lie, signed in several ways.
func saying(t *testing.T, b *truth, name string, want map[signing]string) {
	t.Helper()
	for how, want := range want {
		if got, _, _, _ := told(t, b, name, how); got != want {
			t.Errorf("%s, signed with %s: %s, want %s", name, how, got, want)
		}
	}
}

// finds is what the monitor says of a log at a time.
func finds(l *logtest.Log, now time.Time) string {
	policy, cps := l.Evidence()
	var kinds []string
	for _, f := range (monitor.Look{Log: l.Key, Records: l.Records, Now: now, Overdue: 24 * time.Hour, DayTimes: 10,
		Evidence: map[draw.CampaignID]*monitor.Evidence{l.Open.Campaign: {Policy: policy, Checkpoints: cps}}}).Findings() {
		kinds = append(kinds, string(f.Kind))
	}
	return strings.Join(slices.Compact(kinds), " ")
}

func wantKind(t *testing.T, got string, want monitor.Kind) {
	t.Helper()
	if !slices.Contains(strings.Fields(got), string(want)) {
		t.Errorf("the monitor finds %q, want %s", got, want)
	}
}

// rewritten is everything that an operator can do about what is fixed before the draw.
var rewritten = map[signing]string{noWitness: "3 witness", late: "3 witness", oneMore: "3 witness", strangers: "3 witness", asTheyWere: "1 log", movedTimes: "1 log", forgedLines: "1 log", trueHeads: "1 log"}

func attacks() []attack {
	return []attack{
		{"grinds rules, pool or round after the randomness is known", []string{"verify", "monitor", "receipt", "custodian's tool"}, []string{"verify.TestOperatorsLies", "custodian.TestWrongClockDoesNotCosign"}, grinding},
		{"stamps many closes and shows the lucky one", []string{"verify", "monitor", "custodian's tool"}, []string{"custodian.TestCosignRefusals", "watch.TestBackdatedClose"}, manyCloses},
		{"\"loses\" the list, or keeps the result back, when the round is bad", []string{"verify", "monitor", "anybody"}, []string{"monitor.TestFindings"}, lostList},
		{"shows one log to some and another to others", []string{"monitor", "custodian's tool", "witness"}, []string{"watch.TestSplitView", "attack.TestWitnesses", "custodian.TestCosignRefusals"}, splitView},
		{"drops an entrant, changes chances or stratum", []string{"receipt"}, []string{"verify.TestReceipt", "verify.TestOperatorsLies"}, droppedEntrant},
		{"gives a winning id to a friend, has one leaf for two people, swaps a contact", []string{"receipt", "notifier's tool"}, []string{"seal.TestEnvelopeOfAnotherText", "attack.TestTheft"}, anotherPerson},
		{"stuffs the pool", []string{"verify", "monitor", "audit sample"}, []string{"monitor.TestFindings", "watch.TestVerifyCountsTheLists", "draw.TestSampleCatchesStuffing"}, stuffedPool},
		{"has the auditor see others than the seed picked, or fewer", []string{"verify", "custodian's tool", "auditor's tool"}, []string{"custodian.TestSampleRefusals", "custodian.TestSwappedIdentity"}, anotherSample},
		{"picks the outcome after the round by erasing, voiding or putting off", []string{"verify", "monitor", "custodian's tool"}, []string{"engine.TestVoidTooLate", "custodian.TestCosignVoid"}, pickedOutcome},
		{"has two encodings of one thing", []string{"verify"}, []string{"draw.TestRecordVectors", "beacon.TestVerifyEveryBitCounts", "verify.TestVerifiersAgree"}, twoEncodings},
		{"puts a notifier's key of its own in the place of the true one", []string{"custodian's tool", "receipt"}, []string{"custody.TestReleasedRefusals", "custodian.TestReleaseRefusals"}, ownNotifier},
		{"guesses people from the public list", nil, []string{"draw.TestEntryVectors"}, guessing},
		{"replaces winners at will", []string{"verify", "custodian's tool"}, []string{"custodian.TestReplacedWinnerIsLeftOut", "engine.TestClaims"}, replacing},
		{"issues false identities", nil, nil, falseIdentities},
		{"turns somebody away before a receipt", nil, nil, func(t *testing.T) {}}, // nothing was signed: there is nothing that a tool could be given
	}
}

// TestCheatingOperator mounts each row of the table and looks whether docs/THREAT_MODEL.md says of it what came out.
func TestCheatingOperator(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../docs/THREAT_MODEL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(b), "\n## The operator who cheats\n")
	if !ok {
		t.Fatal("THREAT_MODEL has no section of the operator who cheats")
	}
	text, _, _ = strings.Cut(text, "\n## ")
	rows := map[string][]string{}
	for line := range strings.Lines(text) {
		if cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|"); len(cells) == 5 {
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows[cells[0]] = cells
		}
	}
	all := attacks()
	if len(rows) != len(all)+2 { // the head and what is under it
		t.Errorf("THREAT_MODEL has %d rows, want %d", len(rows)-2, len(all))
	}
	for _, a := range all {
		t.Run(a.what, func(t *testing.T) {
			t.Parallel()
			row := rows[a.what]
			if row == nil {
				t.Fatalf("THREAT_MODEL has no row %q", a.what)
			}
			for _, tool := range a.tools {
				if !strings.Contains(row[2], tool) {
					t.Errorf("the row does not say that it is caught by %s: %q", tool, row[2])
				}
			}
			if len(a.tools) == 0 && (!strings.HasPrefix(row[2], "nothing") || row[3] == "") {
				t.Errorf("no tool catches it, and the row says %q and %q", row[2], row[3])
			}
			for _, name := range append([]string{"verify.TestCheatingOperator"}, a.tests...) {
				if !strings.Contains(row[4], name) {
					t.Errorf("the row does not name %s: %q", name, row[4])
				}
			}
			a.mount(t)
		})
	}
}

func grinding(t *testing.T) {
	b := truthOf(t, byName(t, "weighted"))
	for _, lie := range []string{"days tried out until a friend wins", "a friend's id, tried out until it wins", "a later round", "seats", "batch", "another close in the place of the first"} {
		saying(t, b, lie, rewritten)
	}
	// What is shown so is a friend's win, and correct but for the witnesses.
	_, c, files, out := told(t, b, "a friend's id, tried out until it wins", noWitness)
	winner := out.Draws[0].Winners[0].ID
	if slices.ContainsFunc(c.leaves[1], func(l draw.Leaf) bool { return l.ID == winner }) {
		t.Error("the friend has not won: nothing was ground")
	}
	if _, err := verify.Receipt(files, out, c.receiptOf(c.wronged[0].leaf)); !errors.Is(err, verify.ErrMissing) {
		t.Errorf("the receipt of who was there says %v", err)
	}
	l := logtest.New(t, nil)
	ground := l.CloseOf(1)
	ground.Days[0].Count, ground.Days[1].Count = 5, 3
	l.Close(ground)
	l.Close(l.CloseOf(2))
	l.Cosign(2, l.Due(1000).Add(time.Second)) // honest witnesses, when they are asked
	wantKind(t, finds(l, l.Due(1000).Add(time.Minute)), monitor.LateClose)
}

func manyCloses(t *testing.T) {
	b := truthOf(t, byName(t, "one-tier"))
	saying(t, b, "a second close", map[signing]string{noWitness: "1 history", late: "1 history", fromTheStart: "1 history"})
	l := logtest.New(t, nil)
	l.Closed()
	l.Close(l.CloseOf(1))
	wantKind(t, finds(l, l.Due(1000)), monitor.SecondClose)
	// Each in a log of its own: who sees both, or pinned one, has the fork.
	_, c, _, _ := told(t, b, "another close in the place of the first", noWitness)
	parts := c.parts()
	records := splitLog(parts["log.bin"])
	tree, err := ledger.NewTree(records...)
	if err != nil {
		t.Fatal(err)
	}
	if f := monitor.Heads(b.seen, headOf(int64(len(records)), records, parts["checkpoints/3"]), tree); f == nil || f.Kind != monitor.Fork {
		t.Errorf("two logs with a close each: %v", f)
	}
	// Of two of three witnesses one who signs both is enough; more are needed where more must sign.
	got, c, _, _ := told(t, b, "another close in the place of the first", oneMore, func(c *cheat) { c.also = "custodian-1.example.org" })
	if got != "0 proven" || c.out.Status != verify.StatusProven {
		t.Errorf("one of two of three signs both closes: %s; if this fails now, THREAT_MODEL must say so", got)
	}
}

func lostList(t *testing.T) {
	b := truthOf(t, byName(t, "one-tier"))
	saying(t, b, "a result left out", map[signing]string{noWitness: "3 drawn", asTheyWere: "3 drawn"})
	saying(t, b, "another list than was closed", map[signing]string{noWitness: "1 root", fromTheStart: "1 root"})
	_, c, files, out := told(t, b, "a result left out", noWitness)
	name := "draw/1/entrants.bin"
	parts := c.parts()
	delete(parts, name)
	if got, _, _ := run(mapFS(c.vectorOf(parts).Parts), c.opts); got != "1 bundle" {
		t.Errorf("without its list: %s", got)
	}
	// Anybody who has the list from after the close draws with the round.
	f, err := files.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, _ := files.Has(name)
	list, err := draw.NewList(f, size)
	if err != nil {
		t.Fatal(err)
	}
	d := &out.Draws[0]
	lines, err := draw.Rank(draw.MakePlan(&out.Open.Draws[0], out.Open.Batch, []int64{list.Len()}), list, draw.SeedOf(d.CloseHash, knownRounds()[d.Round]))
	if err != nil || !slices.Equal(lines, b.out.Draws[0].Ranking) {
		t.Errorf("drawn by somebody else: %v, %v", lines, err)
	}
	l := logtest.New(t, nil)
	l.Closed()
	l.Add(l.ResultOf(2, 2000))
	wantKind(t, finds(l, l.Due(2000).Add(48*time.Hour)), monitor.DrawGap)
	l = logtest.New(t, nil)
	l.Closed()
	wantKind(t, finds(l, l.Due(2000).Add(48*time.Hour)), monitor.Overdue)
}

func splitView(t *testing.T) {
	b := truthOf(t, byName(t, "one-tier"))
	got, c, _, _ := told(t, b, "said to be erased", noWitness)
	again, d, _, _ := told(t, b, "opened for a case", noWitness)
	if got != "0 proven" || again != "0 proven" {
		t.Errorf("each alone: %s and %s", got, again)
	}
	head := func(c *cheat) (monitor.Head, *ledger.Tree) {
		parts := c.parts()
		records := splitLog(parts["log.bin"])
		tree, err := ledger.NewTree(records...)
		if err != nil {
			t.Fatal(err)
		}
		return headOf(int64(len(records)), records, parts[fmt.Sprintf("checkpoints/%d", len(records))]), tree
	}
	first, _ := head(c)
	second, tree := head(d)
	if f := monitor.Heads(first, second, tree); f == nil || f.Kind != monitor.Fork || len(f.Evidence) != 2 {
		t.Errorf("together: %v", f)
	}
	if err := tree.Extends(first.Size, first.Root); !errors.Is(err, ledger.ErrFork) { // what a custodian's pin and a witness ask
		t.Errorf("a pin says %v", err)
	}
}

func droppedEntrant(t *testing.T) {
	b := truthOf(t, byName(t, "strata"))
	weighted := truthOf(t, byName(t, "weighted"))
	for _, x := range []struct {
		b    *truth
		lie  string
		want error
	}{
		{b, "an entrant dropped", verify.ErrMissing}, {b, "a friend in somebody's place", verify.ErrMissing}, {b, "another stratum", verify.ErrDiffers},
		{weighted, "more chances", verify.ErrDiffers}, {weighted, "fewer chances", verify.ErrDiffers}, {b, "said to be a duplicate", nil},
	} {
		// Told from the start, so that witnesses confirm it: nobody but the entrant can know.
		got, c, files, out := told(t, x.b, x.lie, fromTheStart)
		if got != "0 proven" {
			t.Errorf("%s: %s", x.lie, got)
			continue
		}
		st, err := verify.Receipt(files, out, c.receiptOf(c.wronged[0].leaf))
		if !errors.Is(err, x.want) || err == nil && st.Draws[0].Counted {
			t.Errorf("%s: the receipt says %v, want %v", x.lie, err, x.want)
		}
	}
}

func (c *cheat) receiptOf(l draw.Leaf) []byte {
	return receiptOf(receipt.Receipt{Open: c.out.OpenHash, ID: l.ID, Person: l.Person, Stratum: l.Stratum, Chances: l.Chances})
}

// person is somebody who entered in a truth, as spec/scene.py makes them.
func (b *truth) person(i int) (s draw.Secret, ci, cc draw.Commitment) {
	s = draw.Secret(draw.HashOf(fmt.Appendf(nil, "s %d of %s", i, b.name)))
	r := s.R()
	return s, r.IdentityKey().Commit(fmt.Appendf(nil, "name Entrant %d\nid-type card\nid-number %06d\n", i, i)), r.ContactKey().Commit(fmt.Appendf(nil, "lang pl\nphone +4860000%04d\n", i))
}

func anotherPerson(t *testing.T) {
	b := truthOf(t, byName(t, "one-tier"))
	won := b.out.Draws[0].Winners[0].ID
	who := -1
	for i := range 8 {
		if s, _, _ := b.person(i); s.R().EntrantID(b.out.OpenHash) == won {
			who = i
		}
	}
	if who < 0 {
		t.Fatal("nobody is the winner: the truth's people are made otherwise")
	}
	s, ci, cc := b.person(who)
	saved := func(s draw.Secret, r receipt.Receipt) []byte {
		text, err := receipt.Saved{S: s, Draws: true, Identity: ci, Contact: cc, Note: receiptOf(r)}.Format()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	honest := receipt.Receipt{Open: b.out.OpenHash, ID: won, Person: draw.PersonOf(ci, cc), Stratum: 1, Chances: 1}
	files, err := verify.Folder(mapFS(b.vector.Parts))
	if err != nil {
		t.Fatal(err)
	}
	if st, err := verify.Receipt(files, b.out, saved(s, honest)); err != nil || !st.Saved || st.Draws[0].Seat == 0 {
		t.Errorf("the winner: %+v, %v", st, err)
	}
	// The friend says that the winning id is theirs: their secret does not lead to it.
	if _, err := verify.Receipt(files, b.out, saved(draw.Secret{1}, honest)); !errors.Is(err, receipt.ErrNotYours) {
		t.Errorf("a friend with the winner's receipt: %v", err)
	}
	// The leaf is the friend's person: the winner's receipt says another.
	got, c, files, out := told(t, b, "another person in a leaf", fromTheStart)
	if got != "0 proven" {
		t.Errorf("another person: %s", got)
	}
	if _, err := verify.Receipt(files, out, c.receiptOf(c.wronged[0].leaf)); !errors.Is(err, verify.ErrDiffers) {
		t.Errorf("the receipt of who is another now: %v", err)
	}
	// One leaf for two: whoever got it second has a receipt of an id that does not follow from their secret, or of a person who is not in the leaf.
	second, _, _ := b.person(100)
	if _, err := verify.Receipt(files, out, saved(second, honest)); !errors.Is(err, receipt.ErrNotYours) {
		t.Errorf("the second person of one leaf: %v", err)
	}
	// A contact of the operator's in the winner's envelope: it does not fit the leaf's person.
	contact := []byte("lang en\nemail operator@example.org\n")
	o := seal.NewOpenings(s.R(), []byte("name Entrant\n"), contact)
	head := seal.Head{Open: b.out.OpenHash, Campaign: b.out.Open.Campaign, ID: won, Kind: seal.Contact, Threshold: 1, Total: 1}
	file, key, err := seal.SealEnvelope(head, contact, o, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := seal.OpenEnvelope(file, key, head, honest.Person); !errors.Is(err, seal.ErrPerson) {
		t.Errorf("an envelope with another contact opens: %v", err)
	}
}

func stuffedPool(t *testing.T) {
	b := truthOf(t, byName(t, "register-met"))
	saying(t, b, "a stuffed pool", map[signing]string{noWitness: "1 entrants", fromTheStart: "1 entrants"})
	saying(t, b, "register below who is counted", map[signing]string{noWitness: "1 entrants", fromTheStart: "1 entrants"})
	l := logtest.New(t, nil)
	c := l.CloseOf(1)
	c.Entrants, c.Days[0].Count = 31, 11
	l.Close(c)
	wantKind(t, finds(l, l.Due(1000).Add(-2*time.Minute)), monitor.Register)
	l = logtest.New(t, func(o *draw.Open) { o.Register = 0 })
	c = l.CloseOf(1)
	c.Entrants, c.Days[2].Count = 320, 300
	l.Close(c)
	wantKind(t, finds(l, l.Due(1000).Add(-2*time.Minute)), monitor.Days)
}

// anotherSample opens more of a draw than its sample, by records that the operator signs.
func anotherSample(t *testing.T) {
	b := truthOf(t, byName(t, "opened"))
	saying(t, b, "more than the audit sample opened", map[signing]string{noWitness: "1 opened", fromTheStart: "1 opened"})
	l := logtest.Life(t)
	l.Add(&draw.Opened{Open: l.Hash, Draw: 1, Purpose: "audit", Count: 1, Unproven: true})
	wantKind(t, finds(l, l.Due(1000).Add(time.Hour)), monitor.Opened)
}

func pickedOutcome(t *testing.T) {
	b := truthOf(t, byName(t, "one-tier"))
	saying(t, b, "said to be a duplicate", rewritten)
	saying(t, b, "void too late, without a result", map[signing]string{noWitness: "1 history", late: "1 history", oneMore: "1 history"})
	saying(t, b, "void too late, beside the result", map[signing]string{noWitness: "0 proven", late: "0 proven"}) // it counts for nothing
	saying(t, b, "beacon said to be dead", map[signing]string{noWitness: "1 history", late: "1 history"})
	saying(t, b, "put off too late, and drawn on the later round", map[signing]string{noWitness: "1 beacon", late: "1 beacon"})
	saying(t, b, "put off after the result", map[signing]string{noWitness: "1 history", late: "1 history"})
	l := logtest.New(t, nil)
	l.Closed()
	l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: "regret"})
	l.Cosign(2, l.Due(1000))
	wantKind(t, finds(l, l.Due(1000).Add(time.Minute)), monitor.LateVoid)
	l = logtest.New(t, nil)
	l.Closed()
	l.Add(&draw.Amend{Open: l.Hash, Draw: 1, Round: 1500})
	l.Cosign(2, l.Due(1000))
	wantKind(t, finds(l, l.Due(1000).Add(time.Minute)), monitor.LateAmend)
}

func twoEncodings(t *testing.T) {
	b := truthOf(t, byName(t, "one-tier"))
	for name, change := range map[string]func(text []byte) []byte{
		"a round's signature in its longer form": func(text []byte) []byte {
			s := knownRounds()[1000].String()
			return bytes.Replace(text, []byte(s), []byte(s+strings.Repeat("0", 96)), 1)
		},
		"upper case":        func(text []byte) []byte { return bytes.Replace(text, []byte("close "), []byte("close A"), 1) },
		"a carriage return": func(text []byte) []byte { return bytes.Replace(text, []byte("\n"), []byte("\r\n"), 1) },
		"a leading zero":    func(text []byte) []byte { return bytes.Replace(text, []byte("ranked "), []byte("ranked 0"), 1) },
		"a space":           func(text []byte) []byte { return bytes.Replace(text, []byte("ranked "), []byte("ranked  "), 1) },
		"keys exchanged": func(text []byte) []byte {
			l := bytes.SplitAfter(text, []byte("\n"))
			l[3], l[4] = l[4], l[3]
			return bytes.Join(l, nil)
		},
	} {
		c := newCheat(b, rand.New(rand.NewPCG(1, 1)))
		c.how = fromTheStart
		c.raw[c.records[c.first("result", 1)].rec] = change
		if got, _, err := run(mapFS(c.vectorOf(c.parts()).Parts), c.opts); got != "1 record" {
			t.Errorf("%s: %s (%v)", name, got, err)
		}
	}
	saying(t, b, "a list out of order", map[signing]string{fromTheStart: "1 entrants"})
	saying(t, b, "one id twice", map[signing]string{fromTheStart: "1 entrants"})
	saying(t, b, "the signature's negative", map[signing]string{fromTheStart: "1 beacon"})
}

func ownNotifier(t *testing.T) {
	b := truthOf(t, byName(t, "one-tier"))
	saying(t, b, "notifier", rewritten)
	got, c, files, out := told(t, b, "notifier", fromTheStart)
	if got != "0 proven" || out.OpenHash == b.out.OpenHash {
		t.Errorf("another notifier in open: %s", got)
	}
	if _, err := verify.Receipt(files, out, c.receiptOf(b.leaves[1][0])); !errors.Is(err, verify.ErrOtherCampaign) {
		t.Errorf("a receipt of the true campaign: %v", err)
	}
	// A custodian seals to the notifiers of the open record that the pin is of; nobody else reads it.
	var keys []*custody.Key
	for range 3 {
		k, err := custody.NewClassicKey()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	custodian, err1 := custody.ParseRecipients(keys[0].Recipient())
	notifier, err2 := custody.ParseRecipients(keys[1].Recipient())
	r := draw.Secret{1}.R()
	identity, contact := []byte("name A\n"), []byte("lang en\n")
	id := r.EntrantID(b.out.OpenHash)
	sealed, err3 := custody.SealEntrant(custody.Entrant{Open: b.out.OpenHash, Campaign: b.out.Open.Campaign, ID: id, Threshold: 1, To: custodian,
		Identity: identity, Contact: contact, Openings: seal.NewOpenings(r, identity, contact)})
	rel := custody.Release{Open: b.out.OpenHash, Campaign: b.out.Open.Campaign, Draw: 1, Purpose: custody.Notice, Kind: seal.Contact, Opened: [32]byte{7}, Threshold: 1, Total: 1}
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	share, err := custody.OpenLock(keys[0], sealed.Lock[0], custody.Want{Head: rel.Head(id), Custodian: 1})
	if err != nil {
		t.Fatal(err)
	}
	file, err := custody.SealReleased(rel, 1, []custody.Share{share}, notifier)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := custody.ReadReleased(keys[1], file, rel); err != nil {
		t.Errorf("the notifier: %v", err)
	}
	if _, err := custody.ReadReleased(keys[2], file, rel); !errors.Is(err, custody.ErrWrongKey) {
		t.Errorf("the operator's key: %v", err)
	}
	// Locks are of one open record: a custodian cannot be brought to open them for another.
	other := rel
	other.Open = c.hash()
	if _, err := custody.OpenLock(keys[0], sealed.Lock[0], custody.Want{Head: other.Head(id), Custodian: 1}); err == nil {
		t.Error("a lock opens for another open record")
	}
}

// guessing tries every identity and contact that somebody could have on all that a list and a log show, without r.
func guessing(t *testing.T) {
	b := truthOf(t, byName(t, "one-tier"))
	guess := func(leaves []draw.Leaf) (found int) {
		persons := map[draw.Person]bool{}
		var public []draw.R
		for _, l := range leaves {
			persons[l.Person] = true
			public = append(public, draw.R(l.Person), draw.R(draw.HashOf(l.ID[:])))
		}
		public = append(public, draw.R{}, draw.R(b.out.OpenHash), draw.R(b.out.Draws[0].Seed), draw.R(b.out.Draws[0].CloseHash), draw.R(b.out.Draws[0].Root))
		for i := range 30 { // the truth's eight are among them
			for _, r := range public {
				ci := r.IdentityKey().Commit(fmt.Appendf(nil, "name Entrant %d\nid-type card\nid-number %06d\n", i, i))
				cc := r.ContactKey().Commit(fmt.Appendf(nil, "lang pl\nphone +4860000%04d\n", i))
				if persons[draw.PersonOf(ci, cc)] {
					found++
				}
			}
		}
		return found
	}
	if n := guess(b.leaves[1]); n > 0 {
		t.Errorf("%d people are guessed", n)
	}
	// Leaves whose keys follow from something public instead of a secret are guessed, each of them.
	var broken []draw.Leaf
	for i, l := range b.leaves[1] {
		r := draw.R(b.out.OpenHash)
		l.Person = draw.PersonOf(r.IdentityKey().Commit(fmt.Appendf(nil, "name Entrant %d\nid-type card\nid-number %06d\n", i, i)), r.ContactKey().Commit(fmt.Appendf(nil, "lang pl\nphone +4860000%04d\n", i)))
		broken = append(broken, l)
	}
	if n := guess(broken); n != len(broken) {
		t.Errorf("of %d people without a secret %d are guessed", len(broken), n)
	}
}

func replacing(t *testing.T) {
	b := truthOf(t, byName(t, "one-tier"))
	for _, lie := range []string{"somebody who holds no seat replaced", "an alternate passed over", "a friend called", "a seat left empty though an alternate waits", "one seat vacated twice"} {
		saying(t, b, lie, map[signing]string{noWitness: "1 replace", late: "1 replace", fromTheStart: "1 replace"})
	}
	saying(t, b, "replaced before the result", map[signing]string{noWitness: "1 history"})
	saying(t, b, "more told than won", map[signing]string{noWitness: "1 opened"})
	// A reason of one's own is no record.
	if _, err := (&draw.Replace{Open: b.out.OpenHash, Draw: 1, Stratum: 1, Vacated: 1, Reason: "unwanted", Next: 3}).Marshal(); err == nil {
		t.Error("a reason that is none passes")
	}
	// Within the rules it is the operator's word that somebody declined: it stands in the log for all to see, and who did not decline sees it.
	got, _, _, out := told(t, b, "a winner replaced within the rules", noWitness)
	if got != "0 proven" || len(out.Draws[0].Replaced) != 1 || len(out.Draws[0].Winners) != 2 {
		t.Errorf("within the rules: %s", got)
	}
}

// falseIdentities are leaves of nobody: while they are fewer than the register and there before the close, nothing in a bundle tells them from others.
func falseIdentities(t *testing.T) {
	got, _, _, out := told(t, truthOf(t, byName(t, "one-tier")), "a friend added", fromTheStart)
	if got != "0 proven" || out.Draws[0].Ranked != 9 {
		t.Errorf("an entrant who is nobody, from the start: %s; if a tool sees it, THREAT_MODEL must say so", got)
	}
}
