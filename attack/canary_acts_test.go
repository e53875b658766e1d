package attack

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/beacon"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// later is what becomes of people after they have entered: in the hunted campaign contacts are corrected, persons erased and cases opened until it closes; a small
// campaign beside it is drawn, and its prizes are claimed, published and reported for tax, and its audit sample is read. All of it is done on the site, by calls, and with the desk's tools.
type later struct {
	*hunt
	k       *desk
	small   *campaign
	entered []*person // in the small campaign
	answers []answer
	relay   *httptest.Server
	chain   beacon.Chain

	notifier, officer string // files of tokens
}

// beside prepares a daemon that does not serve yet.
func beside(t testing.TB, d *daemon, tool string, env ...string) *later {
	t.Helper()
	local, err := beacon.NewLocal(time.Now().Unix()-100, 1)
	if err != nil {
		t.Fatal(err)
	}
	l := &later{k: newDesk(t, d, tool, env...), relay: httptest.NewServer(local.Handler(time.Now)), chain: local.Chain()}
	t.Cleanup(l.relay.Close)
	d.extra = append(d.extra, "--relay", l.relay.URL)
	return l
}

// open opens the small campaign, which the daemon closes and draws by itself in a few seconds. Kills is how many rounds after its draw are struck.
func (l *later) open(kills int) {
	d := l.d
	l.small = d.openCampaign(5, time.Now().Add(8*time.Second+time.Duration(kills)*100*time.Millisecond), l.k.rules("small", 1, 1, kills+2), func(c *fairlotv1.Campaign) {
		c.Notice, c.Audit, c.Auditor = english("We keep answers and people apart, and open some of you for an audit."), int32(kills+3), 2
		c.Notifiers = append(c.Notifiers, l.k.notifier("small-auditor.key"))
		c.Draws[0].MarginSeconds, c.Draws[0].DrawTime = 1, timestamppb.New(c.EntriesEnd.AsTime().Add(3*time.Second))
		c.Draws[0].Beacon = &fairlotv1.Beacon{Chain: l.chain.Hash[:], Key: l.chain.Key[:], PeriodSeconds: int64(l.chain.Period), Genesis: l.chain.Genesis}
	})
	for i, token := range l.small.tokens(2*kills + 6) {
		p := l.small.newPerson(5000000+i, token)
		l.others = append(l.others, p)
		l.entered, l.answers = append(l.entered, p), append(l.answers, l.small.mustEnter(l.t, p))
	}
	l.officer, l.notifier = l.k.token("officer", "Chen"), l.k.token("notifier", "Wu")
	l.k.token("officer", "Lin")
}

// enterOne enters somebody new in the hunted campaign.
func (l *later) enterOne() (*person, answer) {
	i := len(l.people)
	p := l.c.newPerson(i, l.tokens[i])
	l.people = append(l.people, p)
	return p, l.c.mustEnter(l.t, p)
}

// struck does acts all at once, kills the daemon while they are under way, searches, and does again what was not done.
func (l *later) struck(when string, i int, kill bool, acts ...func() error) {
	l.t.Helper()
	var wg sync.WaitGroup
	for _, act := range acts {
		wg.Go(func() { _ = act() })
	}
	if kill {
		time.Sleep(mathrand.N(60 * time.Millisecond))
		l.killAndSearch(when, i)
	}
	wg.Wait()
	for _, act := range acts {
		if err := within(30*time.Second, act); err != nil {
			l.t.Fatalf("%s: %v", when, err)
		}
	}
}

// post sends a request of the public's, and wants that it is done.
func (l *later) post(c *campaign, method string, body []byte) error {
	resp, err := client.Post("http://"+l.d.http+"/v1/"+c.name+"/"+method, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %s", method, resp.Status, text)
	}
	return err
}

// erases erases p on the site.
func (l *later) erases(c *campaign, p *person) func() error {
	body, err := json.Marshal(map[string]any{"s": p.s[:]})
	if err != nil {
		l.t.Fatal(err)
	}
	return func() error { return l.post(c, "entries:erase", body) }
}

// newContact is p under another contact and another secret.
func (l *later) newContact(p *person) *person {
	q := l.c.newPerson(p.n, p.token)
	q.name, q.phone = p.name, fmt.Sprintf("0922%08d", p.n*7+10000019)
	l.others = append(l.others, q)
	return q
}

// corrects puts another contact in the place of p's on the site.
func (l *later) corrects(p *person) func() error {
	q := l.newContact(p)
	r := draw.Secret(q.s).R()
	body, err := json.Marshal(map[string]any{
		"s": p.s[:], "r": r[:], "noticeHash": l.c.notice,
		"identity": map[string]any{"name": q.name, "idType": "ID_TYPE_CITIZEN", "idNumber": q.number},
		"contact":  map[string]any{"phone": q.phone, "email": q.email, "address": q.address},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return func() error { return l.post(l.c, "entries:correct", body) }
}

// before does what comes before the close, kills times under a kill and at least once.
func (l *later) before(kills int) {
	t, k := l.t, l.k
	conn, chen := l.d.as("officer", "Chen")
	defer conn.Close()
	lin, wu := second(l.d.as("officer", "Lin")), second(l.d.as("notifier", "Wu"))
	defer lin.conn.Close()
	defer wu.conn.Close()
	cases := fairlotv1.NewCaseServiceClient(conn)
	var x *fairlotv1.Case
	for i := 0; i == 0 || i < kills && l.inTime(); i++ {
		ordered, _ := l.enterOne()
		corrected, _ := l.enterOne()
		erased, _ := l.enterOne()
		var id [16]byte
		rand.Read(id[:])
		var err error
		x, err = cases.OpenCase(chen, &fairlotv1.OpenCaseRequest{Name: "cases/" + hex.EncodeToString(id[:]), Campaign: l.c.name, Kind: fairlotv1.CaseKind_CASE_KIND_COURT,
			Ground: fairlotv1.CaseGround_CASE_GROUND_JUDICIAL, Reference: "115 No. 1", Entries: []string{ordered.entry},
			Opens: []fairlotv1.CaseEnvelope{fairlotv1.CaseEnvelope_CASE_ENVELOPE_IDENTITY, fairlotv1.CaseEnvelope_CASE_ENVELOPE_CONTACT}})
		if err != nil {
			t.Fatal(err)
		}
		for _, by := range []caller{lin, wu} {
			if _, err := cases.ApproveCase(by.ctx, &fairlotv1.ApproveCaseRequest{Name: x.Name, Digest: x.Digest}); err != nil {
				t.Fatal(err)
			}
		}
		acts := []func() error{l.corrects(corrected), l.erases(l.c, erased), func() error {
			_, err := cases.ReleaseCase(lin.ctx, &fairlotv1.ReleaseCaseRequest{Name: x.Name})
			return err
		}}
		if i == 0 {
			p, a := l.enterOne()
			saved, card := k.brings(p, a)
			q := l.newContact(p)
			contact, err := json.Marshal(map[string]string{"lang": "en", "phone": q.phone, "email": q.email, "address": q.address})
			contactFile := k.write("contact-1.json", contact, err)
			acts = append(acts, func() error {
				return k.run(l.officer, "desk", "correct", l.c.name, "--saved-receipt", saved, "--identity-file", card, "--contact-file", contactFile, "--out", "receipt-new.txt", "--yes")
			})
			p, a = l.enterOne()
			_, other := k.brings(p, a)
			note := k.write("note.txt", []byte(a.receipt), nil) // the signed part alone: the secret is lost
			acts = append(acts, func() error {
				return k.run(l.officer, "desk", "erase", l.c.name, "--receipt", note, "--identity-file", other, "--yes")
			})
		}
		l.struck("correcting, erasing, opening for a case", i, kills > 0, acts...)
	}
	id := strings.TrimPrefix(x.Name, "cases/")
	for i := range 2 {
		k.mustRun("", "keys", "check", "--key", fmt.Sprintf("attack-%d.key", i+1), "--bundle", k.bundle(l.c))
	}
	k.mustRun(l.officer, "case", "show", id)
	k.mustRun(l.officer, "case", "release", id, "--out", "case.json")
	read := []string{"case", "read", "--request", "case.json", "--key", "attack-notifier.key", "--bundle", k.bundle(l.c), "--out", "case-opened.txt"}
	for i := range 2 {
		out := fmt.Sprintf("case-%d.shares", i+1)
		k.mustRun("", "release", "share", "--key", fmt.Sprintf("attack-%d.key", i+1), "--request", "case.json.locks", "--bundle", k.bundle(l.c), "--out", out, "--yes")
		read = append(read, "--share", out+".identity", "--share", out+".contact")
	}
	k.mustRun("", read...)
}

// after does what comes after the draw of the small campaign, kills times under a kill and at least once.
func (l *later) after(kills int) {
	t, k, c := l.t, l.k, l.small
	for end := time.Now().Add(time.Minute); !l.d.drawn(c); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never drawn\n%s", l.d.lastLog())
		}
	}
	wu := second(l.d.as("notifier", "Wu"))
	defer wu.conn.Close()
	lin := second(l.d.as("officer", "Lin"))
	defer lin.conn.Close()
	draws, claims := fairlotv1.NewDrawServiceClient(wu.conn), fairlotv1.NewClaimServiceClient(wu.conn)
	name := c.name + "/draws/1"
	drawn, err := draws.GetDraw(wu.ctx, &fairlotv1.GetDrawRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	var winners, rest []int // of entered, by rank
	for _, s := range drawn.Seats {
		for i, p := range l.entered {
			if p.entry == s.EntryId && s.Tier > 0 {
				winners = append(winners, i)
			}
		}
	}
	for i, p := range l.entered {
		if !strings.Contains(fmt.Sprint(drawn.Seats), p.entry) {
			rest = append(rest, i)
		}
	}
	release := func(purpose fairlotv1.ReleasePurpose) func() error {
		return func() error { // asked for, approved, and fetched
			for range 2 {
				res, err := draws.PrepareRelease(wu.ctx, &fairlotv1.PrepareReleaseRequest{Name: name, Purpose: purpose, AcceptUnproven: true})
				if err != nil || res.Approval == nil {
					return err
				}
				if _, err := fairlotv1.NewApprovalServiceClient(lin.conn).Approve(lin.ctx, &fairlotv1.ApproveRequest{Name: res.Approval.Name, Digest: res.Approval.Digest}); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for i := range max(kills, 1) {
		winner, erased := l.entered[winners[i]], l.entered[rest[i]]
		r := draw.Secret(winner.s).R()
		acts := []func() error{func() error {
			_, err := claims.RecordClaim(wu.ctx, &fairlotv1.RecordClaimRequest{Name: name, R: r[:], Way: fairlotv1.ClaimWay_CLAIM_WAY_SELF})
			return err
		}, l.erases(c, erased), release(fairlotv1.ReleasePurpose_RELEASE_PURPOSE_TAX)}
		if i == 0 {
			acts = append(acts, release(fairlotv1.ReleasePurpose_RELEASE_PURPOSE_NOTICE), release(fairlotv1.ReleasePurpose_RELEASE_PURPOSE_AUDIT))
		}
		l.struck("claiming, erasing, opening for tax and audit", i, kills > 0, acts...)
	}
	last := winners[len(winners)-1]
	saved, card := k.brings(l.entered[last], l.answers[last])
	k.mustRun(l.officer, "claim", c.name, "1", "--saved-receipt", saved, "--identity-file", card, "--masked", "desk.masked", "--bundle", k.bundle(c), "--accept-unproven", "--yes")
	k.mustRun("", "keys", "check", "--key", "small-1.key", "--bundle", k.bundle(c))
	if err := release(fairlotv1.ReleasePurpose_RELEASE_PURPOSE_TAX)(); err != nil {
		t.Fatal(err)
	}
	parts := map[string][]string{}
	for purpose, key := range map[string]string{"tax": "small-notifier.key", "notice": "small-notifier.key", "audit": "small-auditor.key"} {
		k.mustRun(l.notifier, "release", "prepare", c.name, "1", "--purpose", purpose, "--accept-unproven", "--out", purpose+".json")
		k.mustRun("", "release", "share", "--key", "small-1.key", "--request", purpose+".json.locks", "--bundle", k.bundle(c), "--out", purpose+".shares", "--accept-unproven", "--yes")
		parts[purpose] = []string{"--key", key, "--request", purpose + ".json", "--bundle", k.bundle(c), "--share", purpose + ".shares", "--yes"}
	}
	k.mustRun("", append([]string{"release", "tax", "--out", "tax.csv", "--masked", "desk.masked"}, parts["tax"]...)...)
	k.mustRun("", append([]string{"sample", "read", "--out", "sample.csv"}, parts["audit"]...)...)
	k.mustRun(l.notifier, append([]string{"notify", "--smtp", k.smtp, "--smtp-tls", "none", "--from", "City Library <prizes@library.example>", "--campaign-url", "https://library.example/small"}, parts["notice"]...)...)
	k.mustRun("", "winners", "1", "--bundle", k.bundle(c), "--masked", "desk.masked", "--accept-unproven", "--format", "html", "--out", toPublish)
	gone := []string{l.erasedForCase(l.entered[rest[len(rest)-1]], lin, wu)}
	for i := range max(kills, 1) {
		gone = append(gone, l.entered[rest[i]].entry)
	}
	for _, id := range gone { // the daemon does it by itself, and looks once a minute
		if err := within(2*time.Minute, func() error {
			st, err := fairlotv1.NewEntryServiceClient(wu.conn).GetEntryStatus(context.Background(), &fairlotv1.GetEntryStatusRequest{Name: c.name + "/entries/" + id})
			if err == nil && st.Erasure != fairlotv1.EntryStatus_ERASURE_DONE {
				err = fmt.Errorf("entry %s: %s", id, st.Erasure)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}

// erasedForCase has somebody erased who has lost the secret, in the small campaign that is closed, and returns the entry.
func (l *later) erasedForCase(p *person, approvers ...caller) string {
	k := l.k
	var random [16]byte
	rand.Read(random[:])
	id := hex.EncodeToString(random[:])
	k.mustRun(l.officer, "case", "open", "erasure", l.small.name, "--opens", "identity", "--entry", p.entry, "--id", id)
	cases := fairlotv1.NewCaseServiceClient(approvers[0].conn)
	x, err := cases.GetCase(approvers[0].ctx, &fairlotv1.GetCaseRequest{Name: "cases/" + id})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, by := range approvers {
		if _, err := cases.ApproveCase(by.ctx, &fairlotv1.ApproveCaseRequest{Name: x.Name, Digest: x.Digest}); err != nil {
			l.t.Fatal(err)
		}
	}
	k.mustRun(l.officer, "case", "release", id, "--out", "erasure.json")
	k.mustRun("", "release", "share", "--key", "small-1.key", "--request", "erasure.json.locks", "--bundle", k.bundle(l.small), "--out", "erasure.shares", "--yes")
	k.mustRun("", "case", "read", "--request", "erasure.json", "--key", "small-notifier.key", "--bundle", k.bundle(l.small), "--share", "erasure.shares", "--out", "erasure-opened.txt")
	k.mustRun(l.notifier, "case", "erase", id, "--opened", "erasure-opened.txt", "--yes")
	k.mustRun(l.officer, "case", "close", id, "--outcome", "done")
	return p.entry
}

// ofPersons are the canaries of all people, without what the installation keeps of its own.
func (h *hunt) ofPersons() (all []canary) {
	for _, list := range [][]*person{h.people, h.others} {
		for _, p := range list {
			all = append(all, h.canariesOf(p)...)
		}
	}
	for _, p := range h.listed.Persons {
		all = append(all, canary{"number on the list", []byte(p.IDNumber), nil})
	}
	if len(h.listed.Persons) > 0 {
		all = append(all, canary{"salt of the list", h.listed.Salt[:], nil})
	}
	return all
}
