package server_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"fairlot/crypto/trail"
	"fairlot/draw"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/server"
	"fairlot/store"
)

var errCut = errors.New("the daemon is dead")

// cut stands between the engine and its rooms, and lets the daemon die before one of its writes: from then on nothing is written any more.
type cut struct {
	mu   sync.Mutex
	left int // writes until the daemon dies; below 0: it lives
	dead bool
	late bool       // the mutant: the row of an act that begins is written with that of its outcome
	held *store.Act // such a row
	made int        // times that entrants' tokens were made
}

// write does one write, or dies.
func (c *cut) write(do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 {
		c.dead = true
	}
	if c.dead {
		return errCut
	}
	c.left--
	return do()
}

// revive sets after how many writes the next daemon dies, and returns whether the one before has died.
func (c *cut) revive(left int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	died := c.dead
	c.left, c.dead, c.held = left, false, nil
	return died
}

// cutRegistry dies in every write of an act's effect, and of its rows.
type cutRegistry struct {
	store.Registry
	*cut
}

func (r cutRegistry) AppendAct(ctx context.Context, a store.Act) error {
	if act, err := trail.Parse(a.Text); r.late && err == nil && act.Outcome == trail.Begun {
		r.held = &a
		return nil
	}
	if r.held != nil {
		before := *r.held
		r.held = nil
		if err := r.write(func() error { return r.Registry.AppendAct(ctx, before) }); err != nil {
			return err
		}
	}
	return r.write(func() error { return r.Registry.AppendAct(ctx, a) })
}

func (r cutRegistry) LastAct(ctx context.Context) (store.Act, error) {
	if r.held != nil {
		return *r.held, nil
	}
	return r.Registry.LastAct(ctx)
}

func (r cutRegistry) CreateCampaign(ctx context.Context, c store.Campaign) (made store.Campaign, err error) {
	err = r.write(func() error { made, err = r.Registry.CreateCampaign(ctx, c); return err })
	return made, err
}

func (r cutRegistry) SetCampaignState(ctx context.Context, id store.CampaignID, from, to store.CampaignState) error {
	return r.write(func() error { return r.Registry.SetCampaignState(ctx, id, from, to) })
}

func (r cutRegistry) PutTallies(ctx context.Context, id store.CampaignID, tallies []byte) error {
	return r.write(func() error { return r.Registry.PutTallies(ctx, id, tallies) })
}

func (r cutRegistry) Append(ctx context.Context, size int64, record []byte, t store.Transition) error {
	return r.write(func() error { return r.Registry.Append(ctx, size, record, t) })
}

func (r cutRegistry) PutCheckpoint(ctx context.Context, size int64, note []byte) error {
	return r.write(func() error { return r.Registry.PutCheckpoint(ctx, size, note) })
}

func (r cutRegistry) PutStaffToken(ctx context.Context, t store.StaffToken) error {
	return r.write(func() error { return r.Registry.PutStaffToken(ctx, t) })
}

func (r cutRegistry) RevokeStaffToken(ctx context.Context, id [8]byte) error {
	return r.write(func() error { return r.Registry.RevokeStaffToken(ctx, id) })
}

func (r cutRegistry) PutApproval(ctx context.Context, a store.Approval) error {
	return r.write(func() error { return r.Registry.PutApproval(ctx, a) })
}

func (r cutRegistry) MoveApproval(ctx context.Context, from store.ApprovalState, to store.Approval) error {
	return r.write(func() error { return r.Registry.MoveApproval(ctx, from, to) })
}

type cutIdentity struct {
	store.Identity
	*cut
}

func (r cutIdentity) PutEntryTokens(ctx context.Context, id store.CampaignID, tokens []store.EntryToken) error {
	return r.write(func() error {
		r.made++
		return r.Identity.PutEntryTokens(ctx, id, tokens)
	})
}

func (r cutIdentity) PutRelease(ctx context.Context, id store.CampaignID, n int, rel store.Release, notices []store.Notification) error {
	return r.write(func() error { return r.Identity.PutRelease(ctx, id, n, rel, notices) })
}

// restart puts another daemon, whose writes go through c, in the place of the one that d.conn leads to. The returned function ends it.
func (d *doors) restart(t *testing.T, c *cut) (end func()) {
	t.Helper()
	cfg := d.cfg
	cfg.Registry, cfg.Identity = cutRegistry{d.rooms.Registry, c}, cutIdentity{d.rooms.Identity, c}
	eng, err := engine.New(t.Context(), cfg)
	must(t, err)
	srv, err := server.New(context.Background(), server.Config{Engine: eng, Site: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}})
	must(t, err)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.ServeGRPC(lis) }()
	before := d.conn
	d.conn, err = grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	return func() {
		d.conn.Close()
		d.conn = before
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		srv.Stop(stop)
		must(t, <-served)
		eng.Close()
	}
}

// begun counts the acts that the trail says were begun, by method and resource. The trail must be whole.
func (d *doors) begun(t *testing.T) map[string]int {
	t.Helper()
	rows, err := d.rooms.Registry.Acts(t.Context(), 0, 100000)
	must(t, err)
	chain, all := trail.NewChain(d.engine.Installation().LogKey, nil), map[string]int{}
	for _, r := range rows {
		a, err := chain.Add(r.N, r.Hash, r.Text)
		must(t, err)
		if a.Outcome == trail.Begun {
			all[a.Method+" "+a.Resource]++
		}
	}
	return all
}

// unrecorded are the effects in the rooms that no act in the trail can have had. Tokens of staff that stand in known were made without.
func (d *doors) unrecorded(t *testing.T, c *cut, known int) (list []string) {
	t.Helper()
	ctx, begun := t.Context(), d.begun(t)
	wants := func(what, method, resource string) {
		if begun[method+" "+resource] == 0 {
			list = append(list, what+" without "+method+" "+resource)
		}
	}
	campaigns, err := d.rooms.Registry.Campaigns(ctx, store.CampaignID{}, 100)
	must(t, err)
	byOpen := map[draw.Hash]string{}
	for _, x := range campaigns {
		wants("campaign "+x.Slug, "CampaignService/CreateCampaign", "campaigns/"+x.Slug)
		byOpen[draw.HashOf(x.OpenRecord)] = fmt.Sprintf("campaigns/%x", x.ID[:])
	}
	approvals, err := d.rooms.Registry.Approvals(ctx, false, [16]byte{}, 100)
	must(t, err)
	approved := func(what, kind string) {
		for _, a := range approvals {
			if a.Kind == kind && begun[fmt.Sprintf("ApprovalService/Approve approvals/%x", a.ID[:])] > 0 {
				return
			}
		}
		list = append(list, what+" without an approval")
	}
	for _, a := range approvals {
		switch a.Kind {
		case engine.ApproveOpen:
			wants("approval", "CampaignService/OpenCampaign", fmt.Sprintf("campaigns/%x", a.Campaign[:]))
		case engine.ApproveRelease:
			wants("approval", "DrawService/PrepareRelease", fmt.Sprintf("campaigns/%x/draws/%d", a.Campaign[:], a.Draw))
		}
		if a.State != store.ApprovalPending {
			wants("approval that was given", "ApprovalService/Approve", fmt.Sprintf("approvals/%x", a.ID[:]))
		}
	}
	records, err := d.rooms.Registry.LogRecords(ctx, 0, 100)
	must(t, err)
	for _, raw := range records {
		r, err := draw.ParseRecord(raw)
		must(t, err)
		open, _ := r.About()
		switch r.(type) {
		case *draw.Open:
			approved("open", engine.ApproveOpen)
		case *draw.Close:
			wants("close", "CampaignService/CloseCampaign", byOpen[open])
		case *draw.Result:
			wants("result", "DrawService/RunDraw", byOpen[open]+"/draws/1")
		case *draw.Opened:
			approved("opened", engine.ApproveRelease)
		default:
			t.Errorf("record of kind %s", r.Kind())
		}
	}
	for _, x := range campaigns {
		releases, err := d.rooms.Identity.Releases(ctx, x.ID, 1)
		must(t, err)
		if len(releases) > 0 {
			approved("release", engine.ApproveRelease)
		}
	}
	tokens, err := d.rooms.Registry.StaffTokens(ctx)
	must(t, err)
	if made, acts := len(tokens)-known, begun["StaffService/CreateStaffToken "]; made > acts {
		list = append(list, fmt.Sprintf("%d tokens of staff made in %d acts", made, acts))
	}
	for _, x := range tokens {
		if x.Revoked {
			wants("revoked token", "StaffService/RevokeStaffToken", "tokens/"+hex.EncodeToString(x.ID[:]))
		}
	}
	acts := 0
	for what, n := range begun {
		if strings.HasPrefix(what, "EntryService/CreateEntryTokens ") {
			acts += n
		}
	}
	if c.made > acts {
		list = append(list, fmt.Sprintf("entrants' tokens made %d times in %d acts", c.made, acts))
	}
	return list
}

// cutAll does what staff do in a campaign's life, and lets the daemon die once before every write of it. After each death it looks whether
// something was done of which the trail says nothing, and another daemon goes on.
func cutAll(t *testing.T, late bool) (deaths int, found []string) {
	d := open(t)
	d.engine.Close()
	tokens, err := d.rooms.Registry.StaffTokens(t.Context())
	must(t, err)
	known := len(tokens)
	c := &cut{left: -1, late: late}
	// act repeats what one member of staff does, with a death one write later each time, until it lives.
	act := func(do func() error) {
		t.Helper()
		for n := 0; ; n++ {
			if n > 40 {
				t.Fatal("it never ends")
			}
			end := d.restart(t, c)
			c.revive(n)
			err := do()
			died := c.revive(-1)
			end()
			if !died {
				must(t, err)
				return
			}
			deaths++
			found = append(found, d.unrecorded(t, c, known)...)
		}
	}
	chen, lin, wu, admin := as(t, d.officer), as(t, d.second), as(t, d.notifier), as(t, d.admin)
	var x *fairlotv1.Campaign
	act(func() (err error) {
		x, err = d.campaigns().CreateCampaign(chen, &fairlotv1.CreateCampaignRequest{Campaign: d.lotteryRules("cut"), RequestId: "cut"})
		return err
	})
	var asked *fairlotv1.Approval
	approve := func() error {
		_, err := d.approvals().Approve(lin, &fairlotv1.ApproveRequest{Name: asked.Name, Digest: asked.Digest})
		return err
	}
	act(func() (err error) {
		asked, err = d.campaigns().OpenCampaign(chen, &fairlotv1.OpenCampaignRequest{Name: x.Name, Etag: x.Etag, WithoutKeyCheck: true})
		return err
	})
	act(approve)
	var token string
	act(func() error {
		r, err := d.entries().CreateEntryTokens(chen, &fairlotv1.CreateEntryTokensRequest{Parent: x.Name, Count: 1})
		if err == nil {
			token = r.Tokens[0]
		}
		return err
	})
	staff := fairlotv1.NewStaffServiceClient
	var made *fairlotv1.CreateStaffTokenResponse
	act(func() (err error) {
		made, err = staff(d.conn).CreateStaffToken(admin, &fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_ANALYST, Label: "Ho"})
		return err
	})
	act(func() error {
		_, err := staff(d.conn).RevokeStaffToken(admin, &fairlotv1.RevokeStaffTokenRequest{Id: made.Description.Id})
		return err
	})
	end := d.restart(t, c)
	x, err = d.campaigns().GetCampaign(chen, &fairlotv1.GetCampaignRequest{Name: x.Name})
	must(t, err)
	_, err = d.entries().Enter(t.Context(), d.entry(t, x, token).request(t))
	must(t, err)
	end()
	d.stopClock(x.EntriesEnd.AsTime())
	act(func() error {
		_, err := d.campaigns().CloseCampaign(chen, &fairlotv1.CloseCampaignRequest{Name: x.Name})
		return err
	})
	d.stopClock(x.Draws[0].DrawTime.AsTime().Add(2 * time.Second))
	act(func() error {
		_, err := d.draws().RunDraw(chen, &fairlotv1.RunDrawRequest{Name: x.Name + "/draws/1"})
		return err
	})
	act(func() error {
		r, err := d.draws().PrepareRelease(wu, &fairlotv1.PrepareReleaseRequest{Name: x.Name + "/draws/1", AcceptUnproven: true})
		if err == nil {
			asked = r.Approval
		}
		return err
	})
	act(approve)
	kinds := map[string]int{}
	records, err := d.rooms.Registry.LogRecords(t.Context(), 0, 100)
	must(t, err)
	for _, raw := range records {
		r, err := draw.ParseRecord(raw)
		must(t, err)
		kinds[r.Kind()]++
	}
	for _, kind := range []string{"open", "close", "result", "opened"} {
		if kinds[kind] != 1 {
			t.Errorf("the log has %s %d times", kind, kinds[kind])
		}
	}
	return deaths, found
}

// TestNoActWithoutItsRow lets the daemon die before every write of what staff do, from the first draft to the release: nothing is ever there of
// which the trail does not say that it was begun.
func TestNoActWithoutItsRow(t *testing.T) {
	deaths, found := cutAll(t, false)
	for _, what := range found {
		t.Error(what)
	}
	if deaths < 30 {
		t.Errorf("the daemon died %d times", deaths)
	}
	t.Logf("the daemon died %d times", deaths)
}

// TestNoActWithoutItsRowSeesLateRows writes the row of an act after the act.
func TestNoActWithoutItsRowSeesLateRows(t *testing.T) {
	_, found := cutAll(t, true)
	for _, what := range []string{"campaign", "open", "close", "result", "tokens of staff", "revoked token", "entrants' tokens", "opened"} {
		if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, what) }) {
			t.Errorf("a row that is written after its act was not found out: %s", what)
		}
	}
}
