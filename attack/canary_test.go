package attack

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"fairlot/crypto/tag"
	"fairlot/entrant"
)

// TestCanaries lets people enter whose names, numbers, contacts, words and secrets occur nowhere else, has others on an exclusion list, ends the daemon at many moments of listing, entering, moving,
// mixing, closing, and of what comes later (corrections, erasures, cases, claims, the report for tax, the audit sample), and searches everything on its disk, its arguments and
// environment, and all metrics and traces, for them in every usual encoding and hash. On PostgreSQL that is the server's whole folder with its write-ahead log,
// server log and temporary files, a dump of each database, and all views of its work. The desk whose tools do the later acts is searched too, but for the files
// that are meant to hold something in the clear. FAULT_KILLS is the number of kills a phase, 6 by default, a third of that while later acts are done, and a half
// of that on PostgreSQL; fewer where a busy machine leaves no time before entries end.
func TestCanaries(t *testing.T) {
	t.Parallel()
	kills := fromEnv(t, "FAULT_KILLS", 6)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		canaries(t, sqlite, kills)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		canaries(t, linkedServer(t), (kills+1)/2)
	})
}

func canaries(t *testing.T, on engine, kills int) {
	const k = 5
	d := newDaemonOn(t, on)
	d.cores = true
	w := d.watch(t)
	acts := beside(t, d, tool.built(t))
	d.serve()
	h := &hunt{t: t, d: d}
	if on.cluster != nil {
		h.server = newHeaps(t, on.cluster)
	}
	acts.hunt = h
	acts.open(max(kills/3, 1))
	lasts := 18*time.Second + time.Duration(kills)*4*time.Second
	if on.cluster != nil {
		lasts = 30*time.Second + time.Duration(kills)*10*time.Second // a search takes longer
	}
	if kills > 6 { // the long form waits for all of them on a busy machine too
		lasts *= 3
	}
	h.listed = strangers(4)
	d.listing = func(set func() error) error { // while the list comes in, which is not in the open
		for i := range max(kills/3, 1) {
			done := make(chan error, 1)
			go func() { done <- set() }()
			time.Sleep(rand.N(20 * time.Millisecond))
			h.killAndSearch("giving a list", i)
			<-done
		}
		return within(10*time.Second, set)
	}
	c := d.openListed(h.listed.Marshal(), k, time.Now().Add(lasts), acts.k.rules("attack", 3, 2, 2))
	h.c, h.tokens = c, c.tokens(60*kills+30)

	struck := max(kills/3, 1) // of several acts at once
	acts.before(struck)       // contacts are corrected, persons erased, cases opened

	var entering, mixing int
	for ; entering == 0 || entering < kills && h.inTime(); entering++ { // while entries are taken
		done := h.enterSome(8, false)
		time.Sleep(rand.N(40 * time.Millisecond))
		h.killAndSearch("entering", entering)
		done()
	}
	for ; mixing == 0 || mixing < kills && h.inTime(); mixing++ { // while epochs move and are mixed: that happens once a second
		h.enterSome(2*k+2, true)()
		w.read(t)
		time.Sleep(rand.N(1800 * time.Millisecond))
		h.killAndSearch("mixing", mixing)
	}
	// A program that is made to fail writes what it can: stacks, and a core if it is let.
	done := h.enterSome(20, false)
	d.signal(syscall.SIGABRT)
	d.wait()
	done()
	h.search("after SIGABRT")
	d.serve()

	// What goes at the close is there until then, and is found if it is not allowed: so the last search below means something.
	h.closed = true
	early := map[string]bool{}
	for _, f := range h.find() {
		early[f.what] = true
	}
	if !early["a tag"] || !early["a tag of the list"] || !early["a retry MAC"] || !early["token without hyphens"] {
		t.Errorf("before the close only %v were found", early)
	}
	h.closed = false

	time.Sleep(time.Until(c.end.Add(100 * time.Millisecond)))
	for i := 0; !c.closed(); i++ {
		if i > 200 {
			t.Fatal("the campaign does not close")
		}
		done := make(chan error, 1)
		go func() { done <- c.close() }()
		if i < kills {
			time.Sleep(rand.N(time.Duration(i+1) * 15 * time.Millisecond))
			h.killAndSearch("closing", i)
		}
		<-done
	}
	h.search("closed")
	h.closed = true                   // from here on not even what was allowed before
	acts.after(struck)                // prizes are claimed, published and reported for tax, a sample audited, persons erased
	if err := c.close(); err != nil { // closed already: a call of staff for whoever watches
		t.Error(err)
	}
	w.read(t)
	d.stop()
	w.judge(t, c)
	w.judge(t, acts.small)
	h.search("closed and stopped")
	for _, f := range acts.k.find(h.ofPersons()) {
		t.Errorf("at the desk: %s as %s in %s", f.what, f.form, f.file)
	}
	if len(h.people) < 8*entering+12*mixing+20 || len(d.responses()) < k*mixing {
		t.Errorf("%d people and %d responses: this run shows nothing", len(h.people), len(d.responses()))
	}
	kinds := map[string]int{}
	for _, c := range h.secrets {
		kinds[c.what]++
	}
	if kinds["a key"] < mixing || kinds["a tag"] < len(h.people)-8 || kinds["a retry MAC"] < 10*mixing {
		t.Errorf("too few of the installation's own secrets were seen: %v", kinds)
	}
	t.Logf("killed %d times while entries were taken, %d while they were mixed, %d in all; %d people, own secrets %v; %d searches for %d canaries each in %d forms", entering, mixing, h.kills, len(h.people)+len(h.others), kinds, h.searches, h.canaries/h.searches, h.forms/h.searches)
	h.selfTest()
	attackRow(t, "canaries", on, fmt.Sprintf("%d kills, %d searches for %d canaries each in %d forms", h.kills, h.searches, h.canaries/h.searches, h.forms/h.searches), "none")
}

// strangers are n persons on an exclusion list who never enter.
func strangers(n int) entrant.Exclusion {
	var all []entrant.Listed
	for i := range n {
		all = append(all, entrant.Listed{IDType: tag.Citizen, IDNumber: idNumber(8888880 + i)})
	}
	return entrant.NewExclusion(all)
}

// TestCanariesSeeLeaks plants a leak in seven of the later acts, and one where an exclusion list comes in. The same searches must find each, and nothing else.
func TestCanariesSeeLeaks(t *testing.T) {
	t.Parallel()
	d := newDaemonOn(t, sqlite)
	d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=leaks"}
	acts := beside(t, d, brokenTool.built(t), d.env...)
	d.serve()
	h := &hunt{t: t, d: d, leaks: map[finding]bool{}}
	acts.hunt = h
	acts.open(0)
	h.listed = strangers(2)
	h.c = d.openListed(h.listed.Marshal(), 5, time.Now().Add(time.Hour), acts.k.rules("attack", 3, 2, 2))
	h.tokens = h.c.tokens(10)
	acts.before(0)
	acts.after(0)
	d.stop()
	h.search("with leaks")
	for _, f := range acts.k.find(h.ofPersons()) {
		h.leaks[f] = true
	}
	planted := []struct {
		file string
		what []string
	}{
		{"stderr.log", []string{"e-mail", "number on the list", "salt of the list"}}, {"temp/desk", []string{"ID number"}}, {"installation/rooms/identity.db", []string{"r"}}, {"installation/keys/erased-", []string{"s"}},
		{"temp/copy.csv", []string{"name", "ID number"}}, {"temp/sample.csv", []string{"name", "ID number"}}, {"said-", []string{"name", "ID number", "phone", "e-mail", "address"}},
	}
	seen := map[string]bool{}
	for f := range h.leaks {
		i := slices.IndexFunc(planted, func(p struct {
			file string
			what []string
		}) bool {
			return strings.HasPrefix(f.file, p.file) && slices.Contains(p.what, f.what)
		})
		if i < 0 {
			t.Errorf("found besides: %s as %s in %s", f.what, f.form, f.file)
			continue
		}
		seen[planted[i].file+f.what] = true
	}
	defer func() {
		attackRow(t, "mutant: leaks of later acts", d.on, fmt.Sprintf("%d planted", len(planted)), fmt.Sprintf("%d values in them", len(seen)))
	}()
	for _, p := range planted {
		for _, what := range p.what {
			if !seen[p.file+what] {
				t.Errorf("%s was put into %s and not found", what, p.file)
			}
		}
	}
}

// daemonLeaks write what the daemon is shown in later acts into its log, its temporary folder, a room and the key folder.
func daemonLeaks() []edit {
	const forget = "engine/forget.go"
	return []edit{osIn(forget), osIn("engine/exclusion.go"),
		without("engine/exclusion.go", "	defer clear(list)\n", `	defer clear(list)
	if BROKEN {
		e.Log.Info("exclusion list", "list", string(list))
	}
`, "leaks"),
		without("engine/correct.go", "	e.step(\"entry corrected\")\n", `	if BROKEN {
		e.Log.Info("corrected", "email", req.Contact.Email)
	}
	e.step("entry corrected")
`, "leaks"),
		without(forget, "	t := store.Hash(tag.Of(key, req.IDType, number))\n", `	if BROKEN {
		_ = os.WriteFile(os.TempDir()+"/desk", []byte(number), 0o600)
	}
	t := store.Hash(tag.Of(key, req.IDType, number))
`, "leaks"),
		without(forget, "	return e.eraseOne(ctx, o, store.EntrantID(draw.Secret(s)", `	if BROKEN {
		if err := e.note(erasedList, o.id, hex.EncodeToString(s[:])); err != nil {
			return EntryStatus{}, err
		}
	}
	return e.eraseOne(ctx, o, store.EntrantID(draw.Secret(s)`, "leaks"),
		without("engine/claim.go", "	return e.recordClaim(ctx, by, id, n, way, func(d *drawing) (draw.EntrantID, error) { return draw.R(r)", `	if BROKEN {
		by.Label += fmt.Sprintf(" %x", r)
	}
	return e.recordClaim(ctx, by, id, n, way, func(d *drawing) (draw.EntrantID, error) { return draw.R(r)`, "leaks"),
	}
}

// toolLeaks copy the files for the tax office and the auditor into the temporary folder, and say what was opened for a case.
func toolLeaks() []edit {
	const tax, read, sample = "cmd/fairlot/tax.go", "cmd/fairlot/caserelease.go", "cmd/fairlot/sample.go"
	return []edit{osIn(tax), osIn(read), osIn(sample),
		without(sample, "	if err := private.Write(cmd.Out, out.Bytes()); err != nil {\n", `	if BROKEN {
		_ = os.WriteFile(os.TempDir()+"/sample.csv", out.Bytes(), 0o600)
	}
	if err := private.Write(cmd.Out, out.Bytes()); err != nil {
`, "leaks"),
		without(tax, "	if err := private.Write(cmd.Out, out.Bytes()); err != nil {\n", `	if BROKEN {
		_ = os.WriteFile(os.TempDir()+"/copy.csv", out.Bytes(), 0o600)
	}
	if err := private.Write(cmd.Out, out.Bytes()); err != nil {
`, "leaks"),
		without(read, "	a.printf(\"開啟的資料僅供此案件使用，辦畢即刪 what was opened of %s is in %s:", `	if BROKEN {
		a.printf("%s", text.Bytes())
	}
	a.printf("開啟的資料僅供此案件使用，辦畢即刪 what was opened of %s is in %s:`, "leaks"),
	}
}
