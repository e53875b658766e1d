package attack

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/scene"
	"fairlot/crypto/beacon"
	"fairlot/crypto/custody"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestClaimsAtTheDoor tries with a real daemon to have a prize twice, or a prize that is somebody else's. Nothing of it works.
func TestClaimsAtTheDoor(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		for _, fault := range claimAll(t, newDaemonOn(t, on)) {
			t.Error(fault)
		}
	})
}

// TestClaimsAtTheDoorDefeats gives the same attack a daemon that lacks one check at a time: it must get exactly what that check keeps, and nothing if none is lacking.
func TestClaimsAtTheDoorDefeats(t *testing.T) {
	t.Parallel()
	program := brokenDaemon.built(t)
	for _, what := range []string{"", "a prize twice", "a prize without a seat", "a prize by its number", "a prize for an authority"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			d := newDaemonOn(t, sqlite)
			d.program, d.env = program, []string{"FAIRLOT_BROKEN=" + what}
			if got := strings.Join(claimAll(t, d), ", "); got != what {
				t.Errorf("the attack got %q, want %q and nothing else", got, what)
			}
		})
	}
}

// claimEdits leave out what keeps prizes together with their winners.
func claimEdits() []edit {
	return []edit{osIn("engine/claim.go"), osIn("store/sqlite/claims.go"),
		without("engine/claim.go", "	if before != nil {\n		return claim, true, e.claimedBefore(claim.Claim, *before)\n	}\n	if err := e.claimRuns",
			"	if before != nil && !(BROKEN) {\n		return claim, true, e.claimedBefore(claim.Claim, *before)\n	}\n	if err := e.claimRuns", "a prize twice"),
		without("store/sqlite/claims.go", "if err == nil && n == 0 {", "if err == nil && n == 0 && !(BROKEN) {", "a prize twice"),
		without("engine/claim.go", "	case ok:\n", "	case ok || reason == \"\" && BROKEN:\n", "a prize without a seat"),
		without("engine/claim.go", " && covered[store.EntrantID(l.ID)] {", " && (covered[store.EntrantID(l.ID)] || BROKEN) {", "a prize by its number"),
		without("engine/claim.go", "case way == ClaimProxy && !c.Proxy:", "case way == ClaimProxy && !c.Proxy && !(BROKEN):", "a prize for an authority")}
}

// claimAll draws two of six and returns what it could claim that was not its own, each kind once, in the order of trying.
func claimAll(t *testing.T, d *daemon) (got []string) {
	local, err := beacon.NewLocal(time.Now().Unix()-100, 1)
	if err != nil {
		t.Fatal(err)
	}
	relay := httptest.NewServer(local.Handler(time.Now))
	defer relay.Close()
	d.extra = []string{"--relay", relay.URL}
	d.serve()
	chain := local.Chain()
	c := d.openCampaign(5, time.Now().Add(6*time.Second), func(c *fairlotv1.Campaign) {
		c.Draws[0].MarginSeconds, c.Draws[0].DrawTime = 1, timestamppb.New(c.EntriesEnd.AsTime().Add(3*time.Second))
		c.Draws[0].Beacon = &fairlotv1.Beacon{Chain: chain.Hash[:], Key: chain.Key[:], PeriodSeconds: int64(chain.Period), Genesis: chain.Genesis}
	})
	var people []*person
	for i, token := range c.tokens(6) {
		p := c.newPerson(i, token)
		c.mustEnter(t, p)
		people = append(people, p)
	}
	for end := time.Now().Add(time.Minute); !d.drawn(c); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never drawn\n%s", d.lastLog())
		}
	}
	conn, _ := d.as("officer", "Chen")
	defer conn.Close()
	drawn, err := fairlotv1.NewDrawServiceClient(conn).GetDraw(context.Background(), &fairlotv1.GetDrawRequest{Name: c.name + "/draws/1"})
	if err != nil {
		t.Fatal(err)
	}
	winners, others := map[int64]*person{}, []*person{}
	for _, p := range people {
		at := slices.IndexFunc(drawn.Seats, func(s *fairlotv1.Seat) bool { return s.EntryId == p.entry })
		if at >= 0 && drawn.Seats[at].Tier > 0 {
			winners[drawn.Seats[at].Rank] = p
		} else {
			others = append(others, p)
		}
	}
	claim := func(label string, req *fairlotv1.RecordClaimRequest) bool {
		_, ctx := d.as("officer", label)
		req.Name = c.name + "/draws/1"
		if req.Way == 0 {
			req.Way = fairlotv1.ClaimWay_CLAIM_WAY_SELF
		}
		got, err := fairlotv1.NewClaimServiceClient(conn).RecordClaim(ctx, req)
		return err == nil && !got.Repeated
	}
	secret := func(p *person) []byte { r := draw.Secret(p.s).R(); return r[:] }
	note := func(what string, ok bool) {
		if ok && !slices.Contains(got, what) {
			got = append(got, what)
		}
	}

	for _, p := range others {
		note("a prize without a seat", claim("Chen", &fairlotv1.RecordClaimRequest{R: secret(p)}))
	}
	for i := range 3 {
		id, _ := hex.DecodeString(people[i].entry)
		note("a prize without its secret", claim("Chen", &fairlotv1.RecordClaimRequest{R: append(id, id...)}) || claim("Chen", &fairlotv1.RecordClaimRequest{R: people[i].s[:]}))
	}
	note("a prize for an authority", claim("Lin", &fairlotv1.RecordClaimRequest{R: secret(winners[1]), Way: fairlotv1.ClaimWay_CLAIM_WAY_PROXY}))
	note("a prize by its number", claim("Chen", &fairlotv1.RecordClaimRequest{Rank: 2}))
	// Eight desks at once for the winner's prize, and one more after a kill; whoever comes for it after the winner has nothing.
	labels := []string{"Chen", "Lin"}
	for i := range 6 {
		labels = append(labels, fmt.Sprintf("desk %d", i))
	}
	for _, label := range labels {
		d.as("officer", label)
	}
	var mu sync.Mutex
	var desks sync.WaitGroup
	given := 0
	if slices.Contains(got, "a prize for an authority") {
		given--
	}
	for _, label := range labels {
		desks.Go(func() {
			if claim(label, &fairlotv1.RecordClaimRequest{R: secret(winners[1])}) {
				mu.Lock()
				given++
				mu.Unlock()
			}
		})
	}
	desks.Wait()
	d.kill()
	d.serve()
	if claim("desk 9", &fairlotv1.RecordClaimRequest{R: secret(winners[1])}) {
		given++
	}
	note("a prize twice", given > 1)
	if given < 1 && !slices.Contains(got, "a prize for an authority") {
		t.Errorf("the winner got no prize: this attack tries nothing")
	}
	return got
}

// TestDesk tries, with the tools themselves and from files alone, to pass with another's card or receipt, and to have custodians open whom their purpose does not name.
// Nothing of it works. Where the tools lack one check it must get exactly what that check keeps.
func TestDesk(t *testing.T) {
	t.Parallel()
	program := brokenTool.built(t)
	t.Run("as it is", func(t *testing.T) {
		t.Parallel()
		for _, fraud := range deskFrauds(t, tool.built(t), "") {
			t.Error(fraud)
		}
	})
	for _, what := range []string{"another's card", "another's card, without a receipt", "tax below the sum", "two by one claim"} {
		t.Run("without "+what, func(t *testing.T) {
			t.Parallel()
			if got := deskFrauds(t, program, what); !slices.Equal(got, []string{what}) {
				t.Errorf("the attack got %q, want %q and nothing else", got, what)
			}
		})
	}
}

// deskEdits leave out what the tools look at before they record a claim or hand over shares.
func deskEdits() []edit {
	const claim, opened, share = "cmd/fairlot/claim.go", "cmd/fairlot/claimopened.go", "cmd/fairlot/custodian/share.go"
	return []edit{osIn(claim), osIn(opened), osIn(share),
		without(claim, "CI != saved.Identity {", "CI != saved.Identity && !(BROKEN) {", "another's card"),
		without(opened, "if !bytes.Equal(text, winner.Text) {", "if !bytes.Equal(text, winner.Text) && !(BROKEN) {", "another's card, without a receipt"),
		without(share, "if req.Purpose == custody.Tax && !c.", "if req.Purpose == custody.Tax && !(BROKEN) && !c.", "tax below the sum"),
		without(share, "if req.Purpose == custody.Claim && len(rel.Entrants) != 1 {", "if req.Purpose == custody.Claim && len(rel.Entrants) != 1 && !(BROKEN) {", "two by one claim")}
}

// deskFrauds returns which frauds a tool lets pass that lacks what broken says.
func deskFrauds(t *testing.T, program, broken string) (passed []string) {
	dir := t.TempDir()
	write := func(name string, b []byte, err error) string {
		path := filepath.Join(dir, name)
		if err == nil {
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	run := func(args ...string) (bool, string) {
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "FAIRLOT_BROKEN="+broken)
		out, err := cmd.CombinedOutput()
		return err == nil, string(out)
	}
	key, err := custodian.New("maria.example")
	if err != nil {
		t.Fatal(err)
	}
	notifier, err := custody.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	write("maria.key", key.File(), nil)
	write("notifier.key", notifier.File(), nil)
	people := scene.People(8)
	s, err := scene.MakeWorth([]draw.Custodian{{Recipient: key.Age.Recipient(), VKey: key.Cosigner.VKey().String()}}, 1, []string{notifier.Recipient()}, people, 3, 1000)
	if err != nil {
		t.Fatal(err)
	}
	bundle := func(name string) string { b, err := s.Tar(); return write(name, b, err) }
	if ok, out := run("keys", "check", "--key", "maria.key", "--bundle", bundle("open.tar")); !ok {
		t.Fatal(out)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Draw(); err != nil {
		t.Fatal(err)
	}
	card := func(name string, e *scene.Entrant) string {
		return write(name, fmt.Appendf(nil, `{"name":"%s","idType":"ID_TYPE_CITIZEN","idNumber":"%s","birth":"%s"}`, e.Card.Name, e.Card.IDNumber, e.Card.Birth), nil)
	}
	first, err := s.Ranked(1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Ranked(2)
	if err != nil {
		t.Fatal(err)
	}
	own, other := card("first.json", first), card("second.json", second)
	receipt := write("first.txt", first.Saved, nil)

	drawn := bundle("drawn.tar")
	check := func(receipt, card string) bool {
		ok, _ := run("claim", "check", "1", "--saved-receipt", receipt, "--identity-file", card, "--bundle", drawn, "--accept-unproven")
		return ok
	}
	try := func(what string, ok bool) {
		if ok {
			passed = append(passed, what)
		}
	}
	if !check(receipt, own) {
		t.Fatal("the winner is refused: this attack tries nothing")
	}
	try("another's card", check(receipt, other))
	mixed := strings.Split(string(first.Saved), "\n")
	mixed[1] = strings.Split(string(second.Saved), "\n")[1] // a found receipt, with a secret of one's own
	try("another's receipt", check(write("mixed.txt", []byte(strings.Join(mixed, "\n")), nil), own) || check(write("mixed2.txt", []byte(strings.Join(mixed, "\n")), nil), other))

	share := func(purpose custody.Purpose, name string, ranks ...int) bool {
		request, err := s.OpenedFor(purpose, int64(len(ranks)), true, ranks...)
		write(name+".json", request, err)
		locks, err := scene.Custodians(request)
		write(name+".json.locks", locks, err)
		ok, _ := run("release", "share", "--key", "maria.key", "--request", name+".json.locks", "--bundle", bundle(name+".tar"), "--out", name+".shares", "--accept-unproven", "--yes")
		return ok
	}
	try("tax below the sum", share(custody.Tax, "tax", 1, 2))
	if !share(custody.Claim, "one", 1) {
		t.Fatal("no claim is opened: this attack tries nothing")
	}
	opened := func(card string) bool {
		_, out := run("claim", "--server", "127.0.0.1:1", "opened", "autumn", "--key", "notifier.key", "--request", "one.json", "--bundle", "one.tar", "--share", "one.shares", "--identity-file", card, "--yes")
		return strings.Contains(out, "no daemon answers") // all is checked before it is asked
	}
	if !opened(own) {
		t.Fatal("the winner without a receipt is refused: this attack tries nothing")
	}
	try("another's card, without a receipt", opened(other))
	try("two by one claim", share(custody.Claim, "two", 1, 2))
	return passed
}
