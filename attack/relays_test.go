package attack

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// network is a beacon of several nodes that can be made to stand still.
type network struct {
	name    string
	chain   beacon.Chain
	relays  []string           // base addresses of its nodes; the first one lives on while it stands still
	halt    func(round uint64) // too few are left to sign this round, and what comes after it
	recover func()             // they come back, and make up for what is missing
}

// ask returns the signature of a round as a node gives it.
func (n network) ask(relay string, round uint64) (sig [beacon.SignatureSize]byte, err error) {
	return beacon.Relays{URLs: []string{relay}}.Fetch(context.Background(), n.chain, round)
}

// deaf takes connections and never answers.
func deaf(t testing.TB) string {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lis.Close() })
	return "http://" + lis.Addr().String()
}

// deceiver is a relay that gives for each round the true signature of an older one, as if it were this one's.
func (n network) deceiver(t testing.TB) (url string, lies *atomic.Int64) {
	lies = &atomic.Int64{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		round, err := strconv.ParseUint(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], 10, 64)
		old, err2 := n.ask(n.relays[0], 1)
		if err != nil || err2 != nil {
			http.Error(w, "no such round", http.StatusBadGateway)
			return
		}
		lies.Add(1)
		fmt.Fprintf(w, `{"round":%d,"randomness":"%x","signature":"%x"}`, round, beacon.Randomness(old), old)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, lies
}

// drawsOnTwoRounds opens, closes and has cosigned a campaign with two draws on the network's chain, through relays of which one is dead, one says nothing and one
// lies. The first draw is drawn; then the network stands still over the round of the second, and comes back. It returns what is wrong, which ends the story.
func drawsOnTwoRounds(t *testing.T, d *daemon, n network) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	liar, lies := n.deceiver(t)
	d.extra = []string{"--relay", deaf(t), "--relay", liar} // behind the dead one of serveArgs
	for _, r := range n.relays {
		d.extra = append(d.extra, "--relay", r)
	}
	d.serve()
	var custodians []*ledger.Cosigner
	c := d.openCampaign(5, time.Now().Add(6*time.Second), func(c *fairlotv1.Campaign) {
		custodians = cosigners(t, c)
		first := c.Draws[0]
		first.MarginSeconds, first.DrawTime = 1, timestamppb.New(c.EntriesEnd.AsTime().Add(8*time.Second))
		first.Beacon = &fairlotv1.Beacon{Chain: n.chain.Hash[:], Key: n.chain.Key[:], PeriodSeconds: int64(n.chain.Period), Genesis: n.chain.Genesis}
		second := proto.Clone(first).(*fairlotv1.DrawRules)
		second.DrawTime = timestamppb.New(c.EntriesEnd.AsTime().Add(22 * time.Second))
		c.Draws = append(c.Draws, second)
	})
	for i, token := range c.tokens(6) {
		c.mustEnter(t, c.newPerson(i, token))
	}
	time.Sleep(time.Until(c.end) + 50*time.Millisecond)
	if err := within(5*time.Second, c.close); err != nil {
		t.Fatalf("close: %v\n%s", err, d.lastLog())
	}
	d.cosign(custodians[:2])

	rounds := c.rounds()
	if err := within(time.Minute, func() error { return c.wantDrawn(1) }); err != nil {
		fault("draw 1, with a node that answers behind relays that do not: %v\n%s", err, d.lastLog())
		return faults
	}
	if lies.Load() == 0 {
		fault("nobody asked the relay that lies")
	}
	if faults = append(faults, c.checkResult(n, 1, rounds[0])...); len(faults) > 0 {
		return append(faults, c.verified(n, rounds[:1])...)
	}

	n.halt(rounds[1])
	due := n.chain.Time(rounds[1])
	if late := time.Until(due); late < 0 {
		t.Fatalf("the network was halted %v after the round: the machine is too slow for this story", -late)
	}
	lied := lies.Load()
	time.Sleep(time.Until(due))
	if err := within(40*time.Second, func() error { return c.waits(2) }); err != nil {
		fault("while the network stands still: %v\n%s", err, d.lastLog())
		return faults
	}
	if lies.Load() == lied {
		fault("nobody asked the relay that lies about round %d", rounds[1])
	}
	if _, err := n.ask(n.relays[0], rounds[1]); err == nil {
		t.Fatalf("round %d came although the network was halted: this run shows nothing", rounds[1])
	}
	out, status := c.fairlot("draw", "run", "attack", "2")
	if status == 0 || !strings.Contains(out, "round "+strconv.FormatUint(rounds[1], 10)) {
		fault("fairlot draw run ends with status %d and says %q", status, out)
	}
	out, _ = c.fairlot("todo")
	if said := regexp.MustCompile(`the daemon +attack, draw 2 .*draws \((BEACON_UNAVAILABLE|ROUND_NOT_YET), .*tried \d+ times?\)`).FindString(out); said == "" {
		fault("fairlot todo says %q", out)
	} else {
		t.Logf("%s: fairlot todo says %q", n.name, said)
	}
	if b, err := os.ReadFile(d.log); err != nil || !strings.Contains(string(b), "a job has to wait") {
		fault("the daemon's log does not say that the draw waits: %v\n%s", err, b)
	}
	if results := d.kinds()["result"]; results != 1 {
		fault("%d results while the network stands still, want the first draw's", results)
	}

	n.recover()
	if err := within(2*time.Minute, func() error { return c.wantDrawn(2) }); err != nil {
		fault("draw 2, after the network is back: %v\n%s", err, d.lastLog())
		return faults
	}
	t.Logf("%s: drawn %v after round %d was due", n.name, time.Since(due).Round(time.Second), rounds[1])
	faults = append(faults, c.checkResult(n, 2, rounds[1])...)
	faults = append(faults, c.verified(n, rounds)...)
	for _, line := range d.complaints() {
		fault("%s", line)
	}
	return faults
}

// cosigners gives the custodians of a draft keys to cosign with, and returns them.
func cosigners(t testing.TB, c *fairlotv1.Campaign) (all []*ledger.Cosigner) {
	for i, k := range c.Custodians {
		secret, public, err := ledger.GenerateCosigner(fmt.Sprintf("witness%d", i+1))
		if err != nil {
			t.Fatal(err)
		}
		cosigner, err := ledger.NewCosigner(secret)
		if err != nil {
			t.Fatal(err)
		}
		k.Cosigner, all = public, append(all, cosigner)
	}
	return all
}

// cosign has custodians cosign the newest head and hands that in.
func (d *daemon) cosign(by []*ledger.Cosigner) {
	d.t.Helper()
	conn, ctx := d.staff()
	defer conn.Close()
	logs := fairlotv1.NewLogServiceClient(conn)
	if err := within(5*time.Second, func() error { // the head may be signed a moment after the close
		head, err := logs.GetCheckpoint(ctx, &fairlotv1.GetCheckpointRequest{})
		if err != nil {
			return err
		}
		note := head.Note
		for _, k := range by {
			line, err := ledger.Cosign(k, d.logKey(), []byte(head.Note), time.Now())
			if err != nil {
				return err
			}
			note += line + "\n"
		}
		_, err = logs.AddCosignature(ctx, &fairlotv1.AddCosignatureRequest{Note: note})
		return err
	}); err != nil {
		d.t.Fatalf("cosign: %v\n%s", err, d.lastLog())
	}
}

// rounds are those of the campaign's draws, as they were fixed when it opened.
func (c *campaign) rounds() (all []uint64) {
	c.d.t.Helper()
	conn, ctx := c.d.staff()
	defer conn.Close()
	x, err := fairlotv1.NewCampaignServiceClient(conn).GetCampaign(ctx, &fairlotv1.GetCampaignRequest{Name: c.name})
	if err != nil {
		c.d.t.Fatal(err)
	}
	record, err := draw.ParseRecord([]byte(x.OpenRecord))
	if err != nil {
		c.d.t.Fatal(err)
	}
	for _, r := range record.(*draw.Open).Draws {
		all = append(all, r.Round)
	}
	return all
}

func (c *campaign) draw(n int) (*fairlotv1.Draw, error) {
	conn, ctx := c.d.staff()
	defer conn.Close()
	return fairlotv1.NewDrawServiceClient(conn).GetDraw(ctx, &fairlotv1.GetDrawRequest{Name: fmt.Sprintf("%s/draws/%d", c.name, n)})
}

func (c *campaign) wantDrawn(n int) error {
	x, err := c.draw(n)
	if err == nil && x.State != fairlotv1.DrawState_DRAW_STATE_DRAWN {
		err = fmt.Errorf("draw %d is in state %v", n, x.State)
	}
	return err
}

// waits wants that a draw was tried and stands in todo with its reason.
func (c *campaign) waits(n int) error {
	conn, ctx := c.d.staff()
	defer conn.Close()
	list, err := fairlotv1.NewTodoServiceClient(conn).ListTodos(ctx, &fairlotv1.ListTodosRequest{})
	if err != nil {
		return err
	}
	for _, x := range list.Todos {
		if x.Kind == fairlotv1.TodoKind_TODO_KIND_DRAW && int(x.Draw) == n && x.Attempts > 0 && x.Said != "" {
			return nil
		}
	}
	x, err := c.draw(n)
	return fmt.Errorf("draw %d does not stand in todo as tried: %v, %v", n, x.GetState(), err)
}

// results are the campaign's, by draw.
func (c *campaign) results() map[int]*draw.Result {
	c.d.t.Helper()
	conn, _ := c.d.staff()
	defer conn.Close()
	list, err := fairlotv1.NewLogServiceClient(conn).ListRecords(context.Background(), &fairlotv1.ListRecordsRequest{})
	if err != nil {
		c.d.t.Fatal(err)
	}
	all := map[int]*draw.Result{}
	for _, r := range list.Records {
		record, err := draw.ParseRecord([]byte(r))
		if err != nil {
			c.d.t.Fatal(err)
		}
		if result, ok := record.(*draw.Result); ok && result.Open == c.open {
			all[result.Draw] = result
		}
	}
	return all
}

// checkResult wants that a draw rests on the signature that each node gives for its round.
func (c *campaign) checkResult(n network, number int, round uint64) (faults []string) {
	result := c.results()[number]
	if result == nil {
		return []string{fmt.Sprintf("the log has no result of draw %d", number)}
	}
	if err := beacon.Verify(n.chain, round, result.Signature[:]); err != nil {
		faults = append(faults, fmt.Sprintf("draw %d was drawn by something else than round %d: %v", number, round, err))
	}
	for _, relay := range n.relays {
		var sig [beacon.SignatureSize]byte
		err := within(30*time.Second, func() (err error) { // one that was down may still be catching up
			sig, err = n.ask(relay, round)
			return err
		})
		if err != nil || draw.Signature(sig) != result.Signature {
			faults = append(faults, fmt.Sprintf("draw %d: node %s has another signature of round %d, or none: %v", number, relay, round, err))
		}
	}
	return faults
}

// fairlot runs the tool as an officer, and returns all that it prints.
func (c *campaign) fairlot(args ...string) (out string, status int) {
	c.d.t.Helper()
	conn, _ := c.d.staff() // makes the token
	conn.Close()
	file := filepath.Join(c.d.root, "officer.token")
	if err := os.WriteFile(file, []byte(c.d.tokens["officer Chen"]), 0o600); err != nil {
		c.d.t.Fatal(err)
	}
	cmd := exec.Command(tool.built(c.d.t), append([]string{"--server", c.d.grpc, "--site", "http://" + c.d.http, "--token-file", file}, args...)...)
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		c.d.t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// get returns what the public's door has at a path.
func (d *daemon) get(path string) []byte {
	d.t.Helper()
	resp, err := client.Get("http://" + d.http + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: status %d, %v: %s", path, resp.StatusCode, err, b)
	}
	return b
}

// bundle writes the campaign's bundle to a file.
func (c *campaign) bundle() (file string) {
	c.d.t.Helper()
	file = filepath.Join(c.d.root, "bundle.tar")
	if err := os.WriteFile(file, c.d.get("/bundles/"+c.id+".tar"), 0o600); err != nil {
		c.d.t.Fatal(err)
	}
	return file
}

// verified wants that the campaign's bundle verifies, in three programs that share no code, as far as one on such a chain can. The Python program knows no BLS: it
// is given what the first node says of the rounds.
func (c *campaign) verified(n network, rounds []uint64) (faults []string) {
	file := c.bundle()
	python := []string{"python3", "-B", "../spec/verify.py", file}
	for _, round := range rounds {
		sig, err := n.ask(n.relays[0], round)
		if err != nil {
			return append(faults, err.Error())
		}
		python = append(python, "--known", fmt.Sprintf("%x:%d:%s", n.chain.Hash, round, hex.EncodeToString(sig[:])))
	}
	for _, run := range [][]string{{tool.built(c.d.t), "verify", file}, {"node", "../web/verify.mjs", file}, python} {
		program, err := exec.LookPath(run[0])
		if err != nil {
			c.d.t.Logf("NOT VERIFIED BY %s, which is not here", run[0])
			continue
		}
		cmd := exec.Command(program, run[1:]...)
		out, _ := cmd.CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if last := lines[len(lines)-1]; cmd.ProcessState.ExitCode() != 3 || !strings.HasPrefix(last, "verify: ok (") || strings.Contains(last, "confirmed") || strings.Contains(last, "checked") {
			faults = append(faults, fmt.Sprintf("%s ends with status %d: %s", filepath.Base(run[0]), cmd.ProcessState.ExitCode(), last))
		} else {
			c.d.t.Logf("%s: %s", filepath.Base(run[0]), last)
		}
	}
	return faults
}

// localNetwork is three relays of a beacon of one key, made on the spot.
func localNetwork(t testing.TB) network {
	local, err := beacon.NewLocal(time.Now().Unix()-100, 1)
	if err != nil {
		t.Fatal(err)
	}
	var halted atomic.Uint64 // from this round on; 0: it is not
	n := network{name: "a beacon of one key", chain: local.Chain(), halt: halted.Store, recover: func() { halted.Store(0) }}
	honest := local.Handler(time.Now)
	for i := range 3 {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			round, _ := strconv.ParseUint(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], 10, 64)
			if from := halted.Load(); from > 0 && round >= from {
				http.Error(w, "", []int{http.StatusInternalServerError, http.StatusNotFound, http.StatusBadGateway}[i]) // as those of drand's daemons and relays are
				return
			}
			honest.ServeHTTP(w, r)
		}))
		t.Cleanup(srv.Close)
		n.relays = append(n.relays, srv.URL)
	}
	return n
}

// TestRelays: a daemon whose relays are dead, deaf, liars and late draws by the round that was fixed, or waits and says so. TestDrand plays the same story with a
// network of drand's own daemons.
func TestRelays(t *testing.T) {
	t.Parallel()
	drawsDespite(t, localNetwork(t))
}

func drawsDespite(t *testing.T, n network) {
	for _, fault := range drawsOnTwoRounds(t, newDaemon(t), n) {
		t.Error(fault)
	}
	attackRow(t, "relays dead, deaf and lying; "+n.name+", halted over the second round", sqlite, "2 draws", "each drawn by its own round, the second one late; three verifiers agree")
}

// TestRelaysSeesBelief gives the same story a daemon that takes a relay's word for a round.
func TestRelaysSeesBelief(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=relays believed"}
	faults := drawsOnTwoRounds(t, d, localNetwork(t))
	if text := strings.Join(faults, "\n"); !strings.Contains(text, "drawn by something else than round") || !strings.Contains(text, "fairlot ends with status 1") {
		t.Errorf("the mutant is not found out: %s", text)
	}
	attackRow(t, "mutant: a relay's word is taken", sqlite, "1 draw", "drawn by the round that the relay chose")
}

// relayEdits take a relay's word.
func relayEdits() []edit {
	const file, check = "crypto/beacon/relays.go", "if err := Verify(c, round, raw); err != nil {"
	return []edit{osIn(file), without(file, check, strings.Replace(check, "err != nil", "err != nil && !(BROKEN)", 1), "relays believed")}
}
