package attack

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// mistakes are what an operator may do wrong, what the programs then print, word for word as docs/OPERATIONS.md quotes it under a heading of the same name, and how it
// is done to the real daemon. do returns all that was printed.
var mistakes = []struct {
	name string
	says []string
	do   func(t *testing.T, d *daemon) (printed string)
}{
	{"Closed after the deadline", []string{
		"closed after the deadline for cosignatures: the draw is held at its round, and can never be confirmed from outside; tell the public",
		"Unless notes cosigned before it are handed in before the round, the draw is held and never confirmed from outside: tell the public",
		"verify: ok (not confirmed from outside in time)",
	}, closedLate},
	{"The clock is wrong", []string{
		"this machine's clock says that it is time, but the beacon's round",
		"is of a time that has not come yet: set the clock of that machine right and cosign again",
	}, wrongClocks},
	{"A byte was changed", []string{
		"is not the one that was logged, so nothing is drawn by it: the identity room is damaged or an older copy; stop the daemon and put its newest copy back, the round stays the same",
		"is not the one that was logged, so nothing is drawn by it: the registry room is damaged or an older copy; stop the daemon and put its newest copy back, the round stays the same",
		"are not those that were signed: look for its newest copy; if there is none this log is at its end, and a new installation with a new origin goes on",
		"is damaged, look for the newest copy of the registry room",
		"of the key folder is damaged: bring back its newest copy",
		"verify: FAILED at step",
	}, changedBytes},
	{"An old copy of the log was put back", []string{
		"were signed or seen by a witness: look for its newest copy; if there is none this log is at its end, and a new installation with a new origin goes on",
	}, oldLog},
	{"Two daemons on one log", []string{
		"is in use by another fairlotd: stop it first",
		"this checkpoint was signed by this log's key and does not fit the log",
		"a custodian has seen another log than this one: nothing is signed any more",
	}, twoDaemons},
	{"The log key is lost", []string{
		"the key folder has no log.skey: put your own copy of it back, with mode 0600; without it this log is at its end, and a new installation goes on (fairlotd init --succeeds)",
		"the key folder holds another key than this installation was made with: put this installation's own back",
	}, lostLogKey},
}

// TestMistakes makes each mistake, and wants it refused or found out by a sentence that says what to do, for which the handbook has a page with symptom, meaning, what to
// type and what to tell the public. The handbook quotes no sentence that was not printed here.
func TestMistakes(t *testing.T) {
	t.Parallel()
	handbook, err := os.ReadFile("../docs/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(handbook), "\n## The operator's mistakes\n")
	text, _, _ = strings.Cut(text, "\n## ")
	pages := strings.Split(text, "\n### ")[1:]
	if !found || len(pages) != len(mistakes) {
		t.Errorf("docs/OPERATIONS.md describes %d mistakes, want %d", len(pages), len(mistakes))
	}
	quoted := regexp.MustCompile("`` ?(.+?) ?``|`([^`]+)`")
	for _, m := range mistakes {
		at := slices.IndexFunc(pages, func(p string) bool { return strings.HasPrefix(p, m.name+"\n") })
		if at < 0 {
			t.Errorf("docs/OPERATIONS.md has no page %q", m.name)
			continue
		}
		_, symptoms, _ := strings.Cut(pages[at], "\n**You see**")
		symptoms, rest, _ := strings.Cut(symptoms, "\n**It means**")
		for _, part := range []string{"\n**Type**", "\n**Tell the public**"} {
			if _, rest, found = strings.Cut(rest, part); !found {
				t.Errorf("%s: no %s", m.name, strings.TrimSpace(part))
			}
		}
		for _, q := range quoted.FindAllStringSubmatch(symptoms, -1) {
			if !slices.Contains(m.says, q[1]+q[2]) {
				t.Errorf("%s: docs/OPERATIONS.md quotes %q, which nothing prints here", m.name, q[1]+q[2])
			}
		}
		for _, s := range m.says {
			if !strings.Contains(symptoms, s) {
				t.Errorf("%s: docs/OPERATIONS.md does not quote %q", m.name, s)
			}
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			printed := m.do(t, newDaemon(t))
			for _, s := range m.says {
				if !strings.Contains(printed, s) {
					t.Errorf("%q is not printed, but\n%s", s, printed)
				}
			}
		})
	}
}

// logged is all that the daemon logged.
func (d *daemon) logged() string {
	b, err := os.ReadFile(d.log)
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), `\"`, `"`)
}

// refusal starts the daemon, which must end with status 1, and returns what it said.
func (d *daemon) refusal(args ...string) string {
	d.t.Helper()
	cmd := d.command(append(d.serveArgs(), args...)...)
	out, _ := cmd.CombinedOutput()
	if status := cmd.ProcessState.ExitCode(); status != 1 {
		d.t.Errorf("fairlotd serve ended with status %d: %s", status, out)
	}
	return string(out)
}

// beaconAt is a beacon whose clock is off by a time that can be changed, as one relay of the daemon.
func (d *daemon) beaconAt(off *atomic.Int64) *fairlotv1.Beacon {
	local, err := beacon.NewLocal(time.Now().Unix()-7200, 1)
	if err != nil {
		d.t.Fatal(err)
	}
	relay := httptest.NewServer(local.Handler(func() time.Time { return time.Now().Add(time.Duration(off.Load())) }))
	d.t.Cleanup(relay.Close)
	d.extra = append(d.extra, "--relay", relay.URL)
	chain := local.Chain()
	return &fairlotv1.Beacon{Chain: chain.Hash[:], Key: chain.Key[:], PeriodSeconds: int64(chain.Period), Genesis: chain.Genesis}
}

// drawnSoon opens a campaign with six entries that ends in a few seconds and is drawn a while after that, and returns it with its custodians.
func (d *daemon) drawnSoon(b *fairlotv1.Beacon, end, margin, after time.Duration) (*campaign, []*ledger.Cosigner) {
	d.t.Helper()
	var custodians []*ledger.Cosigner
	c := d.openCampaign(5, time.Now().Add(end), func(c *fairlotv1.Campaign) {
		custodians = cosigners(d.t, c)
		c.Draws[0].Beacon, c.Draws[0].MarginSeconds = b, int64(margin.Seconds())
		c.Draws[0].DrawTime = timestamppb.New(c.EntriesEnd.AsTime().Add(after))
	})
	for i, token := range c.tokens(6) {
		c.mustEnter(d.t, c.newPerson(i, token))
	}
	return c, custodians
}

// closedLate: the daemon is down when entries end, and is started between the deadline and the round.
func closedLate(t *testing.T, d *daemon) string {
	b := d.beaconAt(&atomic.Int64{})
	d.serve()
	c, custodians := d.drawnSoon(b, 5*time.Second, 10*time.Second, 12*time.Second)
	late := c.end.Add(2 * time.Second)
	d.kill()
	time.Sleep(time.Until(late.Add(1200 * time.Millisecond))) // a cosignature of the deadline's own second counts
	d.serve()
	if err := within(20*time.Second, func() error {
		if !c.closed() {
			return fmt.Errorf("not closed: %s", d.lastLog())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	out, _ := c.fairlot("campaign", "close", "attack")
	d.cosign(custodians[:2]) // too late: it counts for nothing
	if err := within(30*time.Second, func() error { return c.wantDrawn(1) }); err != nil {
		t.Fatalf("%v\n%s", err, d.lastLog())
	}
	verified, status := c.fairlot("verify", c.bundle())
	if status != 3 {
		t.Errorf("a late close verifies with status %d", status)
	}
	return d.logged() + out + verified
}

// wrongClocks: the daemon's clock is an hour ahead of the beacon's; then a custodian's is ahead of the daemon's.
func wrongClocks(t *testing.T, d *daemon) string {
	var off atomic.Int64
	off.Store(-int64(time.Hour))
	b := d.beaconAt(&off)
	d.serve()
	c, custodians := d.drawnSoon(b, 3*time.Second, time.Second, time.Hour)
	time.Sleep(time.Until(c.end))
	if err := within(20*time.Second, func() error {
		if !strings.Contains(d.logged(), "but the beacon's round") {
			return fmt.Errorf("nothing is said of the clock: %s", d.lastLog())
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if c.closed() {
		t.Error("closed by a clock that the beacon contradicts")
	}
	off.Store(0)
	if err := within(20*time.Second, func() error {
		if !c.closed() {
			return fmt.Errorf("not closed although the clocks agree: %s", d.lastLog())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	head := d.get("/log/checkpoint")
	line, err := ledger.Cosign(custodians[0], d.logKey(), head, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	out, status := c.handIn(string(head) + line + "\n")
	if status == 0 {
		t.Error("a cosignature of tomorrow was taken")
	}
	return d.logged() + out
}

// handIn has an officer upload a cosigned note.
func (c *campaign) handIn(note string) (out string, status int) {
	c.d.t.Helper()
	file := filepath.Join(c.d.root, "cosigned.note")
	if err := os.WriteFile(file, []byte(note), 0o600); err != nil {
		c.d.t.Fatal(err)
	}
	return c.fairlot("cosignature", "add", file)
}

// alteredList closes a campaign, stops the daemon and alters the last byte of somebody's commitment in the identity room: the list stays in order, and its counts
// hold. flip alters it again, back.
func alteredList(t *testing.T, d *daemon) (c *campaign, flip func()) {
	b := d.beaconAt(&atomic.Int64{})
	d.serve()
	c, _ = d.drawnSoon(b, 3*time.Second, time.Second, 8*time.Second)
	time.Sleep(time.Until(c.end))
	if err := within(5*time.Second, c.close); err != nil {
		t.Fatal(err)
	}
	d.stop()
	flip = func() {
		t.Helper()
		db := openRoom(t, d.rooms(), "identity")
		defer db.Close()
		var id, person []byte
		if err := db.QueryRow("SELECT id, person FROM entrants ORDER BY id LIMIT 1").Scan(&id, &person); err != nil {
			t.Fatal(err)
		}
		person[len(person)-1] ^= 1
		if _, err := db.Exec("UPDATE entrants SET person = ? WHERE id = ?", person, id); err != nil {
			t.Fatal(err)
		}
	}
	flip()
	return c, flip
}

// TestMistakesSeeAnotherList gives a daemon that looks at no list again the one of alteredList: it draws from it, and what it logs can never be verified.
func TestMistakesSeeAnotherList(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=list unseen"}
	c, _ := alteredList(t, d)
	d.serve()
	if err := within(30*time.Second, func() error { return c.wantDrawn(1) }); err != nil {
		t.Fatalf("the mutant draws nothing: %v\n%s", err, d.lastLog())
	}
	if out, status := c.fairlot("verify", c.bundle()); status != 1 || !strings.Contains(out, "FAILED at step 8 root") {
		t.Errorf("the mutant is not found out: status %d\n%s", status, out)
	}
}

// listEdits draw from whatever list there is.
func listEdits() []edit {
	const file, check = "engine/draw.go", "if err := e.sameList(ctx, d, leaves); err != nil {"
	return []edit{without(file, check, strings.Replace(check, "err != nil", "err != nil && !(BROKEN)", 1), "list unseen")} // drawEdits has it import os
}

// changedBytes alters one byte each of the entry list in the identity room, of the log in the registry, of what was signed, and of a bundle.
func changedBytes(t *testing.T, d *daemon) (printed string) {
	c, flip := alteredList(t, d)
	d.serve()
	refuses := func(room string) {
		t.Helper()
		if err := within(40*time.Second, func() error {
			if !strings.Contains(d.logged(), "so nothing is drawn by it: the "+room) {
				return fmt.Errorf("nothing is said of the %s room: %s", room, d.lastLog())
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		if c.wantDrawn(1) == nil {
			t.Errorf("a draw was held from an altered %s room", room)
		}
		if out, _ := c.fairlot("todo"); !strings.Contains(out, "draws (STORAGE_UNAVAILABLE, ") {
			t.Errorf("fairlot todo says %q", out)
		}
		d.stop()
	}
	refuses("identity")
	flip()
	for _, change := range [][2]string{{"\nentrants 6\n", "\nentrants 7\n"}, {"\nentrants 7\n", "\nentrants 6\n"}} { // one digit of what the registry keeps of the close beside the log, and back
		db := openRoom(t, d.rooms(), "registry")
		var text []byte
		err := db.QueryRow("SELECT close FROM draws").Scan(&text)
		if err == nil {
			_, err = db.Exec("UPDATE draws SET close = ?", bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1))
		}
		db.Close()
		if err != nil || !bytes.Contains(text, []byte(change[0])) {
			t.Fatalf("%v: %q", err, text)
		}
		if change[0] == "\nentrants 6\n" {
			d.serve()
			refuses("registry")
		}
	}
	printed = d.logged()

	good := filepath.Join(d.root, "good")
	copyTree(t, d.rooms(), good)
	// One letter of a record of the log: of the institution's name, which leaves a well-formed record, and of its first line, which does not.
	for from, to := range map[string]string{"institution Library": "institution Librarz", "fairlot/v1 open": "fairlot/v1 opem"} {
		db := openRoom(t, d.rooms(), "registry")
		var record []byte
		err := db.QueryRow("SELECT record FROM log WHERE n = 0").Scan(&record)
		if err == nil {
			_, err = db.Exec("UPDATE log SET record = ? WHERE n = 0", bytes.Replace(record, []byte(from), []byte(to), 1))
		}
		db.Close()
		if err != nil || !bytes.Contains(record, []byte(from)) {
			t.Fatalf("%v: %q", err, record)
		}
		printed += d.refusal()
		printed += d.refusal("--accept-restored")
		if err := os.RemoveAll(d.rooms()); err != nil {
			t.Fatal(err)
		}
		copyTree(t, good, d.rooms())
		private(t, d.rooms())
	}

	signed := filepath.Join(d.dir, "keys", "signed")
	mark, err := os.ReadFile(signed)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(signed, bytes.Replace(mark, []byte("root"), []byte("ront"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	printed += d.refusal()
	if err := os.WriteFile(signed, mark, 0o600); err != nil {
		t.Fatal(err)
	}

	// All is well again: it is drawn, from the right list and by the round that was fixed.
	d.serve()
	if err := within(30*time.Second, func() error { return c.wantDrawn(1) }); err != nil {
		t.Fatalf("%v\n%s", err, d.lastLog())
	}
	file := c.bundle()
	if out, status := c.fairlot("verify", file); status != 3 { // nobody cosigned
		t.Errorf("status %d: %s", status, out)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	altered := bytes.Replace(whole, []byte("institution Library"), []byte("institution Librarz"), 1)
	if err := os.WriteFile(file, altered, 0o600); err != nil {
		t.Fatal(err)
	}
	out, status := c.fairlot("verify", file)
	if status != 1 {
		t.Errorf("an altered bundle verifies with status %d", status)
	}
	return printed + out
}

// oldLog puts back the rooms of before an opening.
func oldLog(t *testing.T, d *daemon) (printed string) {
	old := filepath.Join(d.root, "old")
	copyTree(t, d.rooms(), old)
	d.serve()
	d.openCampaign(5, time.Now().Add(time.Hour))
	d.stop()
	newest := filepath.Join(d.root, "newest")
	copyTree(t, d.rooms(), newest)
	for _, from := range []string{old, newest} {
		if err := os.RemoveAll(d.rooms()); err != nil {
			t.Fatal(err)
		}
		copyTree(t, from, d.rooms())
		private(t, d.rooms())
		if from == old {
			printed = d.refusal() + d.refusal("--accept-restored")
		}
	}
	d.serve() // the newest copy was found
	return printed
}

// twoDaemons starts a second daemon on one folder, and then one on a copy of it. Both open a campaign, and what custodians cosigned of the one is handed in at the other.
func twoDaemons(t *testing.T, d *daemon) (printed string) {
	end := time.Now().Add(time.Hour)
	slug := func(s string) func(*fairlotv1.Campaign) { return func(c *fairlotv1.Campaign) { c.Slug = s } }
	second := &daemon{t: t, program: d.program, on: d.on, root: d.root, dir: d.dir, work: d.work, temp: d.temp, log: filepath.Join(d.root, "second.log"), http: freePort(t), grpc: freePort(t)}
	t.Cleanup(second.kill)
	d.serve()
	printed = second.refusal()
	d.openCampaign(5, end, slug("both"))
	d.stop()
	second.dir, second.tokens = filepath.Join(d.root, "copy"), d.tokens
	copyTree(t, d.dir, second.dir)
	private(t, filepath.Join(second.dir, "keys"))
	private(t, second.rooms())
	d.serve()
	second.serve()
	second.openCampaign(5, end, slug("there"))
	here := d.openCampaign(5, end, slug("here"))
	out, status := here.handIn(string(second.get("/log/checkpoint")))
	if status == 0 {
		t.Error("a checkpoint of the other history was taken")
	}
	conn, ctx := d.staff()
	defer conn.Close()
	if _, err := fairlotv1.NewCampaignServiceClient(conn).CreateCampaign(ctx, &fairlotv1.CreateCampaignRequest{Campaign: withDraw(t, 5, end)}); err != nil {
		t.Errorf("a draft, which is in no log: %v", err)
	}
	printed += out + d.logged()
	d.kill()
	return printed + d.refusal() // the next one signs nothing either
}

// lostLogKey takes the log key away, and puts another installation's in its place.
func lostLogKey(t *testing.T, d *daemon) (printed string) {
	other := newDaemon(t)
	d.serve()
	d.openCampaign(5, time.Now().Add(time.Hour))
	d.stop()
	key := filepath.Join(d.dir, "keys", "log.skey")
	own, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	printed = d.refusal() + d.refusal("--accept-restored")
	theirs, err := os.ReadFile(filepath.Join(other.dir, "keys", "log.skey"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{theirs, own} {
		if err := os.WriteFile(key, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(text, theirs) {
			printed += d.refusal()
		}
	}
	d.serve() // the own copy was found
	return printed
}
