package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"fairlot/crypto/beacon"
	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/verify"
)

// story is a campaign that goes through the doors from draft to notices.
type story struct {
	*doors
	c       *fairlotv1.Campaign
	draw    string // its name
	sent    []*entry
	old     [][]byte // saved receipts of entries that were corrected since
	got     []*fairlotv1.EnterResponse
	outcome *verify.Outcome
	files   *verify.Files
}

// TestStory is a whole small campaign through the doors, with everything that is too early, too late or not theirs on the way.
func TestStory(t *testing.T) {
	s := &story{doors: open(t)}
	s.c = s.opened(t, s.lotteryRules("story"))
	s.draw = s.c.Name + "/draws/1"
	t.Run("sixty enter", s.enterAll)
	t.Run("close", s.close)
	t.Run("cosign", s.cosign)
	t.Run("draw", s.runDraw)
	t.Run("verify", func(t *testing.T) { s.verify(t, verify.StateDrawn) })
	t.Run("release", s.release)
	t.Run("notify", s.notify)
	t.Run("replace", s.replace)
	t.Run("verify again", func(t *testing.T) { s.verify(t, verify.StateDrawn) })
	t.Run("statistics", s.statistics)
	t.Run("logs", func(t *testing.T) {
		for _, e := range s.sent {
			wantNoSecret(t, "the log", s.log.String(), e.secrets())
		}
	})
}

func (s *story) enterAll(t *testing.T) {
	stop := s.running(t) // mixes meanwhile
	for i, token := range s.tokens(t, s.c, 60) {
		e := s.entry(t, s.c, token)
		s.sent, s.got = append(s.sent, e), append(s.got, s.enter(t, e))
		if i%3 != 0 {
			s.correct(t, i)
		}
	}
	s.correct(t, 1)
	s.verify(t, verify.StateOpen)
	stop()
}

// correct has the i-th entry's contact corrected; what was sent and got before is kept as old.
func (s *story) correct(t *testing.T, i int) {
	t.Helper()
	was, e := s.sent[i], s.sent[i].clone(t)
	body, next := correcting(t, was, was.s)
	contact := body["contact"].(map[string]any)
	contact["email"] = fmt.Sprintf("qnew%d.%d@canary.example", i, len(s.old))
	resp, b := s.do(t, "POST", "/v1/"+s.c.Name+"/entries:correct", toJSON(t, body), nil)
	got := &fairlotv1.EnterResponse{}
	if err := protojson.Unmarshal(b, got); resp.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("%d %s", resp.StatusCode, b)
	}
	s.old = append(s.old, s.saved(t, was, s.got[i]))
	e.s, e.body["contact"] = next, contact
	s.sent[i], s.got[i] = e, got
}

// early are the calls that a campaign that is not closed refuses.
func (s *story) early(t *testing.T, state refusal) {
	t.Helper()
	_, err := s.draws().RunDraw(as(t, s.officer), &fairlotv1.RunDrawRequest{Name: s.draw})
	wantGRPC(t, err, state)
	_, err = s.draws().ReplaceWinner(as(t, s.officer), &fairlotv1.ReplaceWinnerRequest{Name: s.draw, Rank: 1, Reason: fairlotv1.ReplaceReason_REPLACE_REASON_DECLINED})
	wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.DrawState})
	_, err = s.draws().PrepareRelease(as(t, s.notifier), &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true})
	wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.DrawState})
	_, err = s.notices().ReportNotification(as(t, s.notifier), &fairlotv1.ReportNotificationRequest{Parent: s.draw, Stratum: 1, Rank: 1, From: pending, To: sending})
	wantGRPC(t, err, refusal{code: codes.NotFound, reason: engine.SeatUnknown})
}

func (s *story) close(t *testing.T) {
	ctx := as(t, s.officer)
	s.unchanged(t, func() {
		s.early(t, refusal{code: codes.FailedPrecondition, reason: engine.DrawState})
		_, err := s.campaigns().GetTallies(ctx, &fairlotv1.GetTalliesRequest{Name: s.c.Name})
		wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.TooEarly})
		for _, at := range []time.Time{s.now(), s.c.EntriesEnd.AsTime().Add(-time.Nanosecond)} {
			s.stopClock(at)
			_, err = s.campaigns().CloseCampaign(ctx, &fairlotv1.CloseCampaignRequest{Name: s.c.Name})
			wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.TooEarly, retry: true})
		}
	})
	s.stopClock(s.c.EntriesEnd.AsTime())
	var closed *fairlotv1.Campaign
	for range 2 {
		var err error
		closed, err = s.campaigns().CloseCampaign(ctx, &fairlotv1.CloseCampaignRequest{Name: s.c.Name})
		if must(t, err); closed.State != fairlotv1.CampaignState_CAMPAIGN_STATE_CLOSED {
			t.Fatal(closed.State)
		}
	}
	s.unchanged(t, func() {
		early := refusal{code: codes.FailedPrecondition, reason: engine.RoundNotYet, retry: true}
		_, err := s.draws().RunDraw(ctx, &fairlotv1.RunDrawRequest{Name: s.draw})
		wantGRPC(t, err, early)
		_, err = s.entries().MoveChance(ctx, &fairlotv1.MoveChanceRequest{Parent: s.c.Name, S: s.sent[0].s[:], Receipt: s.got[0].Receipt,
			Identity: s.sent[0].request(t).Identity, ContactCommitment: s.got[0].ContactCommitment})
		wantGRPC(t, err, refusal{code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "parent"}, s.sent[0].secrets()...)
	})
	s.verify(t, verify.StateClosed)
}

func (s *story) cosign(t *testing.T) {
	ctx := as(t, s.officer)
	log := fairlotv1.NewLogServiceClient(s.conn)
	c, err := log.GetCheckpoint(t.Context(), &fairlotv1.GetCheckpointRequest{})
	must(t, err)
	key := s.engine.Installation().LogKey
	signAt := func(k *ledger.Cosigner, note string, at time.Time) string {
		t.Helper()
		line, err := ledger.Cosign(k, key, []byte(note), at)
		must(t, err)
		return note + line + "\n"
	}
	sign := func(k *ledger.Cosigner, note string) string { return signAt(k, note, s.now()) }
	objections := s.c.EntriesEnd.AsTime()
	if s.c.ObjectionsEnd != nil {
		objections = s.c.ObjectionsEnd.AsTime()
	}
	skey, _, err := ledger.GenerateCosigner("stranger.example")
	must(t, err)
	stranger, err := ledger.NewCosigner(skey)
	must(t, err)
	otherSecret, otherKey, err := ledger.GenerateLogKey("test.example/fairlot")
	must(t, err)
	other, _, err := ledger.NewLogSigner(otherSecret)
	must(t, err)
	forged, err := ledger.SignCheckpoint(other, "test.example/fairlot", 2, ledger.Hash{1})
	must(t, err)
	good := sign(custodians()[0].cosigner, c.Note)
	forgedLine, err := ledger.Cosign(custodians()[0].cosigner, otherKey, forged, s.now())
	must(t, err)
	broken := strings.Replace(good, "custodian1.example ", "custodian2.example ", 1)
	s.unchanged(t, func() {
		for name, note := range map[string]string{
			"no note":              "Qname",
			"no cosignature":       c.Note,
			"a stranger's":         sign(stranger, c.Note),
			"one of ours, one not": sign(stranger, good),
			"over another log":     string(forged) + forgedLine + "\n",
			"under another name":   broken,
			"another text":         strings.Replace(good, "\n2\n", "\n1\n", 1),
			"cut":                  good[:len(good)-5],
			"bytes":                strings.Repeat("x", 65536),
			"of 1970":              signAt(custodians()[0].cosigner, c.Note, time.Unix(0, 0)),
			"before the close":     signAt(custodians()[0].cosigner, c.Note, objections.Add(-time.Second)),
			"ahead of the clock":   signAt(custodians()[0].cosigner, c.Note, s.now().Add(5*time.Minute+time.Second)),
			"of the last day":      signAt(custodians()[0].cosigner, c.Note, time.Unix(1<<40, 0)),
			"right, then of 1970":  signAt(custodians()[0].cosigner, good, time.Unix(0, 0)),
		} {
			_, err := log.AddCosignature(ctx, &fairlotv1.AddCosignatureRequest{Note: note})
			t.Run(name, func(t *testing.T) {
				wantGRPC(t, err, refusal{code: codes.InvalidArgument, reason: engine.CosignatureInvalid}, "Qname")
			})
		}
		for _, note := range []string{"", strings.Repeat("x", 65537)} {
			_, err := log.AddCosignature(ctx, &fairlotv1.AddCosignatureRequest{Note: note})
			wantGRPC(t, err, invalidAt(engine.FieldInvalid, "note"))
		}
	})
	for i := range 2 {
		for range 2 { // twice is once
			_, err := log.AddCosignature(ctx, &fairlotv1.AddCosignatureRequest{Note: sign(custodians()[i].cosigner, c.Note)})
			must(t, err)
		}
	}
	resp, body := s.do(t, "GET", "/v1/log/checkpoint", nil, nil)
	if resp.StatusCode != 200 || bytes.Count(body, []byte("custodian1.example")) != 1 || bytes.Count(body, []byte("custodian2.example")) != 1 {
		t.Errorf("%s %s", resp.Status, body)
	}
	d, err := s.draws().GetDraw(t.Context(), &fairlotv1.GetDrawRequest{Name: s.draw})
	if must(t, err); len(d.CosignedBy) != 2 || d.State != fairlotv1.DrawState_DRAW_STATE_CLOSED || d.Entrants != 60+41 || len(d.Seats) != 0 {
		t.Errorf("draw %v", d)
	}
}

func (s *story) runDraw(t *testing.T) {
	ctx := as(t, s.officer)
	d, err := s.draws().GetDraw(t.Context(), &fairlotv1.GetDrawRequest{Name: s.draw})
	must(t, err)
	s.unchanged(t, func() {
		s.stopClock(d.RoundTime.AsTime().Add(-time.Nanosecond))
		s.early(t, refusal{code: codes.FailedPrecondition, reason: engine.RoundNotYet, retry: true})
	})
	s.stopClock(d.RoundTime.AsTime())
	first, err := s.draws().RunDraw(ctx, &fairlotv1.RunDrawRequest{Name: s.draw})
	must(t, err)
	if first.State != fairlotv1.DrawState_DRAW_STATE_DRAWN || len(first.Seats) != 5 || first.Quicknet {
		t.Fatalf("drawn: %v", first)
	}
	s.unchanged(t, func() {
		again, err := s.draws().RunDraw(ctx, &fairlotv1.RunDrawRequest{Name: s.draw})
		if must(t, err); !proto.Equal(first, again) {
			t.Error("drawn again, and otherwise")
		}
	})
}

func (s *story) verify(t *testing.T, state verify.State) {
	t.Helper()
	resp, body := s.do(t, "GET", "/bundles/"+strings.TrimPrefix(s.c.Name, "campaigns/")+".tar", nil, nil)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/x-tar" {
		t.Fatalf("bundle: %s %.200s", resp.Status, body)
	}
	var err error
	s.files, err = verify.Tar(bytes.NewReader(body), int64(len(body)))
	must(t, err)
	s.outcome, err = verify.Bundle(s.files, verify.Options{})
	must(t, err)
	reason := map[verify.State]string{verify.StateOpen: verify.ReasonDrawn, verify.StateClosed: verify.ReasonDrawn, verify.StateDrawn: verify.ReasonBeacon}[state]
	if s.outcome.Status != verify.StatusUnconfirmed || s.outcome.Reason != reason || s.outcome.Draws[0].State != state {
		t.Errorf("status %d, reason %s, state %s", s.outcome.Status, s.outcome.Reason, s.outcome.Draws[0].State)
	}
	if state == verify.StateOpen {
		return
	}
	for i := range s.sent {
		if leaf := s.leaf(t, i); leaf.Chances != 2 {
			t.Fatalf("entry %d has %d chances", i, leaf.Chances)
		}
	}
	for i, saved := range s.old { // entries that were corrected are listed without a chance, and their receipts hold
		st, err := verify.Receipt(s.files, s.outcome, saved)
		if must(t, err); !st.Saved || st.Draws[0].Counted || !slices.Contains(st.Draws[0].Reasons, "superseded") {
			t.Fatalf("old receipt %d: %+v", i, st)
		}
	}
}

// saved is what a page lets an entrant save.
func (s *story) saved(t *testing.T, e *entry, got *fairlotv1.EnterResponse) []byte {
	t.Helper()
	saved, err := receipt.Saved{S: e.s, Draws: true, Identity: [32]byte(got.IdentityCommitment), Contact: [32]byte(got.ContactCommitment), Note: []byte(got.Receipt)}.Format()
	must(t, err)
	return saved
}

// leaf is the i-th entry in the bundle, found by its saved receipt.
func (s *story) leaf(t *testing.T, i int) draw.Leaf {
	t.Helper()
	standing, err := verify.Receipt(s.files, s.outcome, s.saved(t, s.sent[i], s.got[i]))
	must(t, err)
	return standing.Draws[0].Leaf
}

func (s *story) release(t *testing.T) {
	ctx := as(t, s.notifier)
	s.unchanged(t, func() {
		_, err := s.draws().PrepareRelease(as(t, s.officer), &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true})
		wantGRPC(t, err, refusal{code: codes.PermissionDenied, reason: engine.RoleRefused})
		_, err = s.draws().PrepareRelease(t.Context(), &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true})
		wantGRPC(t, err, refusal{code: codes.Unauthenticated, reason: engine.StaffTokenInvalid})
		_, err = s.draws().PrepareRelease(ctx, &fairlotv1.PrepareReleaseRequest{Name: s.draw})
		wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.DrawUnproven})
	})
	s.askRelease(t)
	s.openContacts(t, 0, 3)
	s.claimWithoutSecret(t)
	before, err := s.draws().PrepareRelease(ctx, &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true})
	must(t, err)
	s.unchanged(t, func() {
		again, err := s.draws().PrepareRelease(ctx, &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true})
		if must(t, err); !proto.Equal(before, again) {
			t.Error("released again, and otherwise")
		}
	})
	for path, b := range s.onDisk(t) {
		for _, e := range s.sent {
			for _, part := range []string{"name", "guardian"} {
				if bytes.Contains(b, []byte(e.body["identity"].(map[string]any)[part].(string))) {
					t.Fatalf("%s holds a %s", path, part)
				}
			}
		}
	}
}

// claimWithoutSecret has rank 1 opened for a claim that is then recorded by its number, and nothing that looks like it.
func (s *story) claimWithoutSecret(t *testing.T) {
	t.Helper()
	claims, ctx := fairlotv1.NewClaimServiceClient(s.conn), as(t, s.notifier)
	self, claim, tax := fairlotv1.ClaimWay_CLAIM_WAY_SELF, fairlotv1.ReleasePurpose_RELEASE_PURPOSE_CLAIM, fairlotv1.ReleasePurpose_RELEASE_PURPOSE_TAX
	audit := fairlotv1.ReleasePurpose_RELEASE_PURPOSE_AUDIT
	s.unchanged(t, func() {
		for _, x := range []struct {
			req   *fairlotv1.RecordClaimRequest
			field string
		}{
			{&fairlotv1.RecordClaimRequest{Name: s.draw, Way: self}, "r"},
			{&fairlotv1.RecordClaimRequest{Name: s.draw, Way: self, Rank: 1}, "r"},
			{&fairlotv1.RecordClaimRequest{Name: s.draw, Way: self, R: make([]byte, 31)}, "r"},
			{&fairlotv1.RecordClaimRequest{Name: s.draw, Way: self, R: make([]byte, 32), Rank: 1}, "rank"},
			{&fairlotv1.RecordClaimRequest{Name: s.draw, Way: self, R: make([]byte, 32), Stratum: 1}, "rank"},
		} {
			_, err := claims.RecordClaim(ctx, x.req)
			wantGRPC(t, err, invalidAt(engine.FieldInvalid, x.field))
		}
		for _, x := range []struct {
			req   *fairlotv1.PrepareReleaseRequest
			field string
		}{
			{&fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true, Purpose: claim}, "rank"},
			{&fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true, Purpose: tax}, "purpose"}, // no prize has a value
			{&fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true, Purpose: tax, Rank: 1}, "rank"},
			{&fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true, Purpose: audit}, "purpose"}, // the rules have no sample
			{&fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true, Purpose: audit, Rank: 1}, "rank"},
			{&fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true, Rank: 1}, "rank"},
			{&fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true, Purpose: 9}, "purpose"},
		} {
			_, err := s.draws().PrepareRelease(ctx, x.req)
			wantGRPC(t, err, invalidAt(engine.FieldInvalid, x.field))
		}
	})
	req := &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true, Purpose: claim, Rank: 1}
	asked, err := s.draws().PrepareRelease(ctx, req)
	must(t, err)
	s.approve(t, asked.Approval)
	got, err := s.draws().PrepareRelease(ctx, req)
	must(t, err)
	if r := got.Releases; len(r) != 1 || len(r[0].Entrants) != 1 || len(r[0].Entrants[0].IdentityEnvelope) == 0 || len(r[0].Entrants[0].ContactEnvelope) > 0 {
		t.Fatalf("%d releases for claims", len(r))
	}
	recorded, err := claims.RecordClaim(ctx, &fairlotv1.RecordClaimRequest{Name: s.draw, Way: self, Rank: 1})
	must(t, err)
	if recorded.Rank != 1 || recorded.Tier == 0 || recorded.Repeated {
		t.Errorf("recorded %v", recorded)
	}
}

// askRelease asks for the release of those who hold a seat and were not released, and has it approved.
func (s *story) askRelease(t *testing.T) {
	t.Helper()
	asked, err := s.draws().PrepareRelease(as(t, s.notifier), &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true})
	must(t, err)
	s.approve(t, asked.Approval)
}

// openContacts opens release n with two custodians' keys and the notifier's, as their tools do.
func (s *story) openContacts(t *testing.T, n, want int) {
	t.Helper()
	all, err := s.draws().PrepareRelease(as(t, s.notifier), &fairlotv1.PrepareReleaseRequest{Name: s.draw, AcceptUnproven: true})
	must(t, err)
	if len(all.Releases) != n+1 || len(all.Releases[n].Entrants) != want {
		t.Fatalf("%d releases", len(all.Releases))
	}
	r := all.Releases[n]
	if r.RequesterLabel == "" || r.ApproverLabel == "" || r.RequesterLabel == r.ApproverLabel || r.ApproveTime == nil {
		t.Errorf("release %d does not say which two persons wanted it: %q, %q, %v", n+1, r.RequesterLabel, r.ApproverLabel, r.ApproveTime)
	}
	rel := custody.Release{Open: s.outcome.OpenHash, Campaign: s.outcome.Open.Campaign, Draw: 1, Purpose: custody.Notice, Kind: seal.Contact, Opened: unhex(t, r.OpenedHash), Threshold: 2, Total: 3}
	to, err := custody.ParseRecipients(s.c.Notifiers...)
	must(t, err)
	slices.SortFunc(r.Entrants, func(a, b *fairlotv1.ReleasedEntrant) int { return strings.Compare(a.EntryId, b.EntryId) })
	byID := map[[16]byte][]custody.Share{}
	for i, k := range custodians()[:2] {
		var shares []custody.Share
		for _, e := range r.Entrants {
			id := [16]byte(unhexN(t, e.EntryId, 16))
			share, err := custody.OpenLock(k.key, e.Locks[i], custody.Want{Head: rel.Head(id), Custodian: i + 1})
			must(t, err)
			shares = append(shares, share)
		}
		file, err := custody.SealReleased(rel, i+1, shares, to)
		must(t, err)
		read, err := custody.ReadReleased(custodians()[3].key, file, rel)
		must(t, err)
		for _, x := range read {
			byID[x.Head.ID] = append(byID[x.Head.ID], x)
		}
	}
	for _, e := range r.Entrants {
		id := [16]byte(unhexN(t, e.EntryId, 16))
		i := slices.IndexFunc(s.got, func(g *fairlotv1.EnterResponse) bool { return g.Id == e.EntryId })
		leaf := s.leaf(t, i)
		text, _, err := custody.OpenEntrant(e.ContactEnvelope, byID[id], rel.Head(id), leaf.Person)
		must(t, err)
		if want := fmt.Sprintf("email %s\n", s.sent[i].body["contact"].(map[string]any)["email"]); !strings.Contains(string(text), want) {
			t.Errorf("rank %d opens to another contact", e.Rank)
		}
		if _, _, err := custody.OpenEntrant(e.ContactEnvelope, byID[id][:1], rel.Head(id), leaf.Person); err == nil {
			t.Error("one custodian alone opened a contact")
		}
	}
}

const (
	pending = fairlotv1.NotificationState_NOTIFICATION_STATE_PENDING
	sending = fairlotv1.NotificationState_NOTIFICATION_STATE_SENDING
	sent    = fairlotv1.NotificationState_NOTIFICATION_STATE_SENT
	unknown = fairlotv1.NotificationState_NOTIFICATION_STATE_UNKNOWN
)

func (s *doors) notices() fairlotv1.NotificationServiceClient {
	return fairlotv1.NewNotificationServiceClient(s.conn)
}

func (s *story) notify(t *testing.T) {
	ctx := as(t, s.notifier)
	report := func(rank int64, from, to fairlotv1.NotificationState) error {
		_, err := s.notices().ReportNotification(ctx, &fairlotv1.ReportNotificationRequest{Parent: s.draw, Stratum: 1, Rank: rank, From: from, To: to})
		return err
	}
	moved := refusal{code: codes.Aborted, reason: engine.NotificationMoved}
	must(t, report(1, pending, sending))
	s.unchanged(t, func() {
		wantGRPC(t, report(1, pending, sending), moved) // the second tool that wants to send
		wantGRPC(t, report(1, sent, pending), moved)
		wantGRPC(t, report(2, pending, sent), moved)
		wantGRPC(t, report(2, sending, sent), moved)
		wantGRPC(t, report(4, pending, sending), refusal{code: codes.NotFound, reason: engine.SeatUnknown})
		wantGRPC(t, report(99999, pending, sending), refusal{code: codes.NotFound, reason: engine.SeatUnknown})
		wantGRPC(t, report(0, pending, sending), invalidAt(engine.FieldInvalid, "rank"))
		wantGRPC(t, report(1, 0, sending), invalidAt(engine.FieldInvalid, "from"))
		wantGRPC(t, report(1, pending, 77), invalidAt(engine.FieldInvalid, "to"))
		_, err := s.notices().ReportNotification(as(t, s.officer), &fairlotv1.ReportNotificationRequest{Parent: s.draw, Stratum: 1, Rank: 1, From: sending, To: sent})
		wantGRPC(t, err, refusal{code: codes.PermissionDenied, reason: engine.RoleRefused})
		_, err = s.notices().ListNotifications(ctx, &fairlotv1.ListNotificationsRequest{Parent: s.c.Name + "/draws/7"})
		wantGRPC(t, err, refusal{code: codes.NotFound, reason: engine.DrawNotFound})
	})
	must(t, report(1, sending, sent))
	must(t, report(2, pending, sending))
	must(t, report(2, sending, unknown))
	all, err := s.notices().ListNotifications(ctx, &fairlotv1.ListNotificationsRequest{Parent: s.draw})
	must(t, err)
	var states []string
	for _, n := range all.Notifications {
		states = append(states, fmt.Sprintf("%d %s %d", n.Rank, strings.TrimPrefix(n.State.String(), "NOTIFICATION_STATE_"), n.Attempts))
	}
	if want := []string{"1 SENT 1", "2 UNKNOWN 1", "3 PENDING 0"}; !slices.Equal(states, want) {
		t.Errorf("%q, want %q", states, want)
	}
}

func (s *story) replace(t *testing.T) {
	ctx := as(t, s.officer)
	replace := func(stratum int32, rank int64, reason fairlotv1.ReplaceReason) (*fairlotv1.Draw, error) {
		return s.draws().ReplaceWinner(ctx, &fairlotv1.ReplaceWinnerRequest{Name: s.draw, Stratum: stratum, Rank: rank, Reason: reason})
	}
	const declined = fairlotv1.ReplaceReason_REPLACE_REASON_DECLINED
	noSeat := refusal{code: codes.NotFound, reason: engine.SeatUnknown}
	s.unchanged(t, func() {
		for _, rank := range []int64{4, 5, 6, 1 << 40} { // alternates, and nobody
			_, err := replace(1, rank, declined)
			wantGRPC(t, err, noSeat)
		}
		_, err := replace(2, 1, declined)
		wantGRPC(t, err, noSeat)
		_, err = replace(1, 1, 0)
		wantGRPC(t, err, invalidAt(engine.FieldInvalid, "reason"))
		_, err = replace(1, 1, 99)
		wantGRPC(t, err, invalidAt(engine.FieldInvalid, "reason"))
		_, err = replace(1, 0, declined)
		wantGRPC(t, err, invalidAt(engine.FieldInvalid, "rank"))
	})
	d, err := replace(0, 2, declined)
	must(t, err)
	if d.Seats[1].Vacated != "declined" || !d.Seats[3].Called || d.Seats[3].Tier != 2 {
		t.Errorf("seats %v", d.Seats)
	}
	_, err = replace(1, 2, declined)
	wantGRPC(t, err, noSeat)
	s.verify(t, verify.StateDrawn)
	s.askRelease(t)
	s.openContacts(t, 1, 1)
	all, err := s.notices().ListNotifications(as(t, s.notifier), &fairlotv1.ListNotificationsRequest{Parent: s.draw})
	if must(t, err); len(all.Notifications) != 4 || all.Notifications[3].Rank != 4 || all.Notifications[3].State != pending {
		t.Errorf("notices %v", all)
	}
	_, err = replace(1, 1, declined) // has claimed the prize
	wantGRPC(t, err, refusal{code: codes.FailedPrecondition, reason: engine.SeatClaimed})
	for _, rank := range []int64{1, 3, 4} { // until nobody is left to call
		_, err := replace(1, rank, fairlotv1.ReplaceReason_REPLACE_REASON_INELIGIBLE)
		must(t, err)
	}
}

func (s *story) statistics(t *testing.T) {
	tallies, err := s.campaigns().GetTallies(as(t, s.officer), &fairlotv1.GetTalliesRequest{Name: s.c.Name})
	must(t, err)
	if !strings.Contains(tallies.TableJson, `"often"`) || !strings.Contains(tallies.TableJson, "60") || strings.Contains(tallies.TableJson, "Qwish") {
		t.Errorf("statistics %s", tallies.TableJson)
	}
	resp, body := s.do(t, "GET", "/v1/"+s.c.Name, nil, nil)
	shown := &fairlotv1.Campaign{}
	must(t, protojson.Unmarshal(body, shown))
	if resp.StatusCode != 200 || shown.Etag != "" || shown.OpenHash != s.c.OpenHash || shown.State != fairlotv1.CampaignState_CAMPAIGN_STATE_CLOSED {
		t.Errorf("%s %v", resp.Status, shown)
	}
}

// TestRelayTrouble draws while the relay is away, lies, is late or answers in another form, and then with an honest one.
func TestRelayTrouble(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("relay"))
	d.enter(t, d.entry(t, c, d.tokens(t, c, 1)[0]))
	d.stopClock(c.EntriesEnd.AsTime())
	_, err := d.campaigns().CloseCampaign(as(t, d.officer), &fairlotv1.CloseCampaignRequest{Name: c.Name})
	must(t, err)
	d.stopClock(c.Draws[0].DrawTime.AsTime().Add(2 * time.Second))
	liar, err := beacon.NewLocal(d.beacon.Chain().Genesis, d.beacon.Chain().Period)
	must(t, err)
	lies := liar.Handler(d.now)
	away := refusal{code: codes.Unavailable, reason: engine.BeaconUnavailable, retry: true}
	run := func() (*fairlotv1.Draw, error) {
		return d.draws().RunDraw(as(t, d.officer), &fairlotv1.RunDrawRequest{Name: c.Name + "/draws/1"})
	}
	for name, x := range map[string]struct {
		want   refusal
		answer http.HandlerFunc
	}{
		"away": {away, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "Qname", http.StatusBadGateway) }},
		"late": {refusal{code: codes.FailedPrecondition, reason: engine.RoundNotYet, retry: true}, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "Qname", http.StatusTooEarly) }},
		"lies": {away, func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = strings.Replace(r.URL.Path, fmt.Sprintf("%x", d.beacon.Chain().Hash), fmt.Sprintf("%x", liar.Chain().Hash), 1)
			lies.ServeHTTP(w, r)
		}},
		"another round": {away, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"round":1,"signature":"%x"}`, d.beacon.Sign(1))
		}},
		"96 bytes": {away, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"round":1,"signature":"%x"}`, make([]byte, 96))
		}},
		"no JSON": {away, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Qname") }},
		"hangs":   {away, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	} {
		t.Run(name, func(t *testing.T) {
			d.relay.Store(&x.answer)
			d.unchanged(t, func() {
				_, err := run()
				wantGRPC(t, err, x.want, "Qname", "127.0.0.1")
			})
		})
	}
	d.relay.Store(nil)
	drawn, err := run()
	if must(t, err); drawn.State != fairlotv1.DrawState_DRAW_STATE_DRAWN || len(drawn.Seats) != 1 {
		t.Errorf("drawn %v", drawn)
	}
}
