package attack

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/trail"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestKillLeavesNoActWithoutItsRow kills the daemon with SIGKILL while staff make and revoke tokens, open campaigns, close them early, put draws off and void them. Whatever
// is in the rooms afterwards, the trail says that it was begun. FAULT_ACTS is the number of kills.
func TestKillLeavesNoActWithoutItsRow(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		d := newDaemonOn(t, on)
		found, cutOff := killActs(t, d, fromEnv(t, "FAULT_ACTS", 6), false)
		for _, what := range found {
			t.Error(what)
		}
		t.Logf("%d acts were cut off", cutOff)
		if cutOff == 0 {
			t.Error("no act was cut off")
		}
	})
}

// TestKillSeesLateRows does the same to a daemon that writes the row of an act after the act.
func TestKillSeesLateRows(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		d := newDaemonOn(t, on)
		d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=late rows"}
		found, _ := killActs(t, d, 40, true)
		if len(found) == 0 {
			t.Error("a row that is written after its act was not found out")
		}
	})
}

// actEdits write the row of an act after the act.
func actEdits() []edit {
	const file, begin = "server/audit.go", "	n, err := in.engine.BeginAct(ctx, a)\n	if err != nil {\n		return nil, err\n	}\n"
	return []edit{osIn(file), without(file, begin, `	if BROKEN {
		resp, first := do()
		do = func() (any, error) { return resp, first }
	}
`+begin, "late rows")}
}

// killActs kills d so often while staff act, and returns what is in the rooms without a row, and how many acts have no outcome. It may stop when
// something was found.
func killActs(t *testing.T, d *daemon, kills int, first bool) (found []string, cutOff int) {
	var slugs atomic.Int64
	drawn := withDraw(t, 5, time.Now().Add(24*time.Hour))
	d.serve()
	for i := range kills {
		stop, wg := make(chan struct{}), sync.WaitGroup{}
		for w := range 4 {
			conn, chen := d.as("officer", "Chen")
			conn2, lin := d.as("officer", "Lin")
			conn3, admin := d.as("admin", "Wang")
			wg.Go(func() {
				defer conn.Close()
				defer conn2.Close()
				defer conn3.Close()
				for {
					select {
					case <-stop:
						return
					default:
					}
					campaigns, approvals, staff := fairlotv1.NewCampaignServiceClient(conn), fairlotv1.NewApprovalServiceClient(conn2), fairlotv1.NewStaffServiceClient(conn3)
					approve := func(a *fairlotv1.Approval, err error) error {
						if err == nil {
							_, err = approvals.Approve(lin, &fairlotv1.ApproveRequest{Name: a.Name, Digest: a.Digest})
						}
						return err
					}
					if w%2 == 0 {
						made, err := staff.CreateStaffToken(admin, &fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role_ROLE_ANALYST, Label: "Ho"})
						if err == nil {
							staff.RevokeStaffToken(admin, &fairlotv1.RevokeStaffTokenRequest{Id: made.Description.Id})
						}
						continue
					}
					if w == 3 {
						rules := proto.Clone(drawn).(*fairlotv1.Campaign)
						rules.Slug = fmt.Sprintf("acts-%d", slugs.Add(1))
						c, err := campaigns.CreateCampaign(chen, &fairlotv1.CreateCampaignRequest{Campaign: rules})
						if err == nil && approve(campaigns.OpenCampaign(chen, &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: c.Etag, WithoutKeyCheck: true})) == nil {
							draws := fairlotv1.NewDrawServiceClient(conn)
							err = approve(draws.AmendDraw(chen, &fairlotv1.AmendDrawRequest{Name: c.Name + "/draws/1", DrawTime: timestamppb.New(time.Now().Add(48 * time.Hour))}))
							if err == nil {
								err = approve(draws.VoidDraw(chen, &fairlotv1.VoidDrawRequest{Name: c.Name + "/draws/1", Reason: fairlotv1.VoidReason_VOID_REASON_ORDERED}))
							}
						}
						if err != nil && i == 0 && !strings.Contains(err.Error(), "Unavailable") {
							t.Errorf("staff: %v", err)
						}
						continue
					}
					c, err := campaigns.CreateCampaign(chen, &fairlotv1.CreateCampaignRequest{Campaign: &fairlotv1.Campaign{
						Slug: fmt.Sprintf("acts-%d", slugs.Add(1)), Title: english("Autumn"), Notice: english("We keep this apart."), SurveyJson: surveyJSON,
						Consents: []*fairlotv1.Consent{{Code: "research", Text: english("Use my answers"), Required: true, AboutAnswers: true}},
						Proof:    fairlotv1.Proof_PROOF_NONE, Batch: 5, EntriesEnd: timestamppb.New(time.Now().Add(time.Hour).Truncate(time.Second)),
					}})
					if err == nil && approve(campaigns.OpenCampaign(chen, &fairlotv1.OpenCampaignRequest{Name: c.Name, Etag: c.Etag, WithoutKeyCheck: true})) == nil {
						err = approve(campaigns.CloseCampaignEarly(chen, &fairlotv1.CloseCampaignEarlyRequest{Name: c.Name}))
					}
					if err != nil && i == 0 && !strings.Contains(err.Error(), "Unavailable") {
						t.Errorf("staff: %v", err)
					}
				}
			})
		}
		time.Sleep(100*time.Millisecond + rand.N(400*time.Millisecond))
		d.kill()
		close(stop)
		wg.Wait()
		missing, open := d.unrecorded()
		found, cutOff = append(found, missing...), cutOff+open
		if first && len(found) > 0 {
			break
		}
		d.serve()
	}
	return found, cutOff
}

// unrecorded compares the registry of a daemon that is not running with its audit trail: what is there without an act that was begun, and how many acts
// have no outcome.
func (d *daemon) unrecorded() (list []string, open int) {
	t := d.t
	t.Helper()
	db := d.room("registry")
	defer db.Close()
	key := ""
	if err := db.QueryRow("SELECT log_key FROM installation").Scan(&key); err != nil {
		t.Fatal(err)
	}
	chain, begun := trail.NewChain(key, nil), map[string]int{}
	for _, r := range readActs(t, db) {
		a, err := chain.Add(r.n, [32]byte(r.hash), r.text)
		if err != nil {
			t.Fatal(err)
		}
		if a.Outcome == trail.Begun {
			begun[a.Method+" "+a.Resource]++
		}
	}
	wants := func(what, act string) {
		if begun[act] == 0 {
			list = append(list, what+" without "+act)
		}
	}
	approved := map[string]bool{} // kind and campaign
	each(t, db, "SELECT id, kind, campaign, state FROM approvals", func(scan func(...any) error) error {
		var id, campaign []byte
		var kind string
		var state int
		err := scan(&id, &kind, &campaign, &state)
		method := map[string]string{"open": "CampaignService/OpenCampaign campaigns/%x", "close-early": "CampaignService/CloseCampaignEarly campaigns/%x",
			"void": "DrawService/VoidDraw campaigns/%x/draws/1", "amend": "DrawService/AmendDraw campaigns/%x/draws/1"}[kind]
		wants("approval to "+kind, fmt.Sprintf(method, campaign))
		act := fmt.Sprintf("ApprovalService/Approve approvals/%x", id)
		if state != 1 {
			wants("approval that was given", act)
		}
		if begun[act] > 0 {
			approved[fmt.Sprintf("%s %x", kind, campaign)] = true
		}
		return err
	})
	each(t, db, "SELECT id, slug, state FROM campaigns", func(scan func(...any) error) error {
		var id []byte
		var slug string
		var state int
		err := scan(&id, &slug, &state)
		wants("campaign "+slug, "CampaignService/CreateCampaign campaigns/"+slug)
		if state >= 3 && !approved[fmt.Sprintf("close-early %x", id)] {
			list = append(list, "closed campaign without an approval")
		}
		return err
	})
	opens, logged := map[draw.Hash]draw.CampaignID{}, map[string]int{}
	each(t, db, "SELECT record FROM log ORDER BY n", func(scan func(...any) error) error {
		var record []byte
		if err := scan(&record); err != nil {
			return err
		}
		r, err := draw.ParseRecord(record)
		if o, ok := r.(*draw.Open); ok && !approved[fmt.Sprintf("open %x", o.Campaign[:])] {
			list = append(list, "open record without an approval")
		} else if ok {
			opens[draw.HashOf(record)] = o.Campaign
		}
		if kind := r.Kind(); kind == "void" || kind == "amend" {
			open, _ := r.About()
			id := opens[open]
			what := fmt.Sprintf("%s %x", kind, id[:])
			if !approved[what] {
				list = append(list, kind+" without an approval")
			}
			if logged[what]++; logged[what] > 1 {
				list = append(list, kind+" of a draw that was logged twice")
			}
		}
		return err
	})
	made := 0
	each(t, db, "SELECT id, revoked FROM staff_tokens", func(scan func(...any) error) error {
		var id []byte
		var revoked bool
		err := scan(&id, &revoked)
		made++
		if revoked {
			wants("revoked token", "StaffService/RevokeStaffToken tokens/"+hex.EncodeToString(id))
		}
		return err
	})
	if acts := begun["StaffService/CreateStaffToken "] + begun["Installation/Init "]; made > acts {
		list = append(list, fmt.Sprintf("%d tokens of staff made in %d acts", made, acts))
	}
	return list, len(chain.Open())
}

func each(t testing.TB, db *sql.DB, query string, row func(scan func(...any) error) error) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// actRow is a row of the audit trail as it lies in the room.
type actRow struct {
	n          int64
	hash, text []byte
}

func readActs(t testing.TB, db *sql.DB) (all []actRow) {
	t.Helper()
	each(t, db, "SELECT n, hash, text FROM acts ORDER BY n", func(scan func(...any) error) error {
		var r actRow
		err := scan(&r.n, &r.hash, &r.text)
		all = append(all, r)
		return err
	})
	return all
}
