package attack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/crypto/tag"
	"fairlot/draw"
	"fairlot/entrant"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestStagesUnderKills kills the daemon while a campaign of two strata, with an exclusion list, an audit sample and three draws of which each leaves earlier winners out, is
// closed, drawn and released, and while officers put another draw off and give a draft one list after another. What was acknowledged stands, nothing is there twice, nobody wins twice or from
// the list, what comes too late is refused and leaves nothing, and three verifiers agree. On PostgreSQL two daemons share the rooms and are asked for the same at once, and one of them is
// killed, or stopped for longer than the lease lasts. FAULT_STAGES is the number of kills at least.
func TestStagesUnderKills(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		t.Parallel()
		for _, fault := range stagesUnderKills(t, newDaemonOn(t, on), "", fromEnv(t, "FAULT_STAGES", 4)) {
			t.Error(fault)
		}
	})
}

// TestStagesSeeSecondPrize gives the same verifiers a daemon that keeps who won before among the others.
func TestStagesSeeSecondPrize(t *testing.T) {
	t.Parallel()
	faults := strings.Join(stagesUnderKills(t, newDaemonOn(t, sqlite), "a second prize", 1), "\n")
	for _, program := range []string{"fairlot", "node", "python3"} {
		if _, err := exec.LookPath(program); (err == nil || program == "fairlot") && !strings.Contains(faults, program+": verify: FAILED at step 7 entrants") {
			t.Errorf("%s does not see that earlier winners are in: %s", program, faults)
		}
	}
}

// stageEdits let an earlier draw be a second before the next one, where the environment says so, and keep who won before among the others.
func stageEdits() []edit {
	const file = "engine/earlier.go"
	return []edit{osIn(file),
		{file, "const settleRoom = 2 * time.Hour\n", "var settleRoom = map[bool]time.Duration{false: 2 * time.Hour, true: time.Second}[os.Getenv(\"FAIRLOT_SOON\") != \"\"]\n"},
		without(file, "if seats != nil && !e.hooks.stayIn {", "if seats != nil && !e.hooks.stayIn && !(BROKEN) {", "a second prize"),
	}
}

// stages are the officers of one campaign in stages, and what was acknowledged to them.
type stages struct {
	t          *testing.T
	d          *daemon
	doors      []*daemon // d first; on PostgreSQL two that share the rooms
	c          *campaign
	custodians []*ledger.Cosigner

	mu     sync.Mutex
	faults []string
	draft  string            // whose exclusion list changes
	lists  map[string][]byte // by hash
	set    string            // the list that was acknowledged last
	maybe  []string          // those that were not, since the last look
	before []string          // and before it: who forwards a call may die before it is done
	later  string            // campaign whose draw is put off
	logged map[int64]bool    // rounds whose amend was acknowledged
	round  int64             // in force, as acknowledged
	opened map[string]string // by draw: hash of the opened record of the sample
}

func (s *stages) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// away tells whether a call may have been cut off.
func away(err error) bool {
	c := status.Code(err)
	return c == codes.Unavailable || c == codes.DeadlineExceeded || c == codes.Canceled
}

// overtaken tells whether somebody else was faster, through the other door or before a kill.
func overtaken(err error) bool {
	return slices.ContainsFunc([]string{"somebody else has just decided", "was approved", "the log says already", "to a later round", "no longer what would be done"}, func(says string) bool {
		return strings.Contains(err.Error(), says)
	})
}

// stagesUnderKills plays it all with so many kills at least, and returns what is wrong.
func stagesUnderKills(t *testing.T, d *daemon, broken string, least int) []string {
	d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_SOON=1", "FAIRLOT_BROKEN=" + broken}
	n := localNetwork(t)
	d.extra = []string{"--relay", n.relays[0]}
	d.serve()
	doors := []*daemon{d}
	if d.on.admin != "" {
		second := &daemon{t: t, program: d.program, on: d.on, database: d.database, root: d.root, dir: d.dir, work: d.work, temp: d.temp,
			log: filepath.Join(d.root, "stderr2.log"), http: freePort(t), grpc: freePort(t), extra: d.extra, env: d.env}
		t.Cleanup(second.kill)
		doors = append(doors, second)
		second.serve()
	}
	s := &stages{t: t, d: d, doors: doors, lists: map[string][]byte{}, logged: map[int64]bool{}, opened: map[string]string{}}
	local := &fairlotv1.Beacon{Chain: n.chain.Hash[:], Key: n.chain.Key[:], PeriodSeconds: int64(n.chain.Period), Genesis: n.chain.Genesis}

	far := d.openCampaign(5, time.Now().Add(24*time.Hour), func(c *fairlotv1.Campaign) {
		s.custodians, c.Slug = cosigners(t, c), "later"
		c.Draws[0].Beacon = local
	})
	s.later = far.name
	conn, chen := d.as("officer", "Chen")
	svc := fairlotv1.NewCampaignServiceClient(conn)
	rules := withDraw(t, 5, time.Now().Add(24*time.Hour))
	rules.Slug = "draft"
	draft, err := svc.CreateCampaign(chen, &fairlotv1.CreateCampaignRequest{Campaign: rules})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	s.draft = draft.Name

	listed := entrant.NewExclusion([]entrant.Listed{{IDType: tag.Citizen, IDNumber: idNumber(0)}, {IDType: tag.Citizen, IDNumber: idNumber(1)}, {IDType: tag.Citizen, IDNumber: idNumber(777)}})
	s.c = d.openListed(listed.Marshal(), 3, time.Now().Add(6*time.Second), func(c *fairlotv1.Campaign) {
		for i := range c.Custodians {
			c.Custodians[i].Cosigner = s.custodians[i].VKey().String()
		}
		auditor, err := custody.NewClassicKey()
		if err != nil {
			t.Fatal(err)
		}
		c.Notifiers, c.Audit, c.Auditor = append(c.Notifiers, auditor.Recipient()), 4, 2
		c.Notice = english("We keep answers and people apart, and have an audit.")
		c.Strata, c.StrataBy = []*fairlotv1.Stratum{{Title: english("North")}, {Title: english("South")}}, fairlotv1.StrataBy_STRATA_BY_ENTRANT
		first := c.Draws[0]
		first.Beacon, first.MarginSeconds, first.Alternates = local, 1, 1
		first.Tiers = []*fairlotv1.Tier{{Count: 1, Title: english("Book"), Stratum: 1}, {Count: 1, Title: english("Pen"), Stratum: 2}}
		for i := 1; i < 3; i++ {
			x := proto.Clone(first).(*fairlotv1.DrawRules)
			x.EarlierWinnersOut = true
			c.Draws = append(c.Draws, x)
		}
		c.Draws[1].Proportional, c.Draws[1].Tiers = true, []*fairlotv1.Tier{{Count: 3, Title: english("Cup")}}
		for i, x := range c.Draws {
			x.DrawTime = timestamppb.New(c.EntriesEnd.AsTime().Add(time.Duration(3+2*i) * time.Second))
		}
	})
	excluded := map[draw.EntrantID]bool{}
	for i, token := range s.c.tokens(16) {
		p := s.c.newPerson(i, token)
		p.body = fmt.Sprintf(`{"stratum":%d,`, 1+i%2) + p.body[1:]
		s.c.mustEnter(t, p)
		if i < 2 {
			excluded[p.leaf.ID] = true
		}
	}

	kills := 0
	for end := time.Now().Add(5 * time.Minute); ; kills++ {
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, act := range []func(context.Context, *daemon){s.putOff, s.closeAndDraw, s.release, s.cosignAll} {
			for _, d := range doors {
				wg.Go(func() {
					for ctx.Err() == nil {
						act(ctx, d)
						time.Sleep(80 * time.Millisecond)
					}
				})
			}
		}
		wg.Go(func() {
			for ctx.Err() == nil {
				s.setLists(ctx)
				time.Sleep(80 * time.Millisecond)
			}
		})
		time.Sleep(200*time.Millisecond + rand.N(1300*time.Millisecond))
		dead := doors[rand.N(len(doors))]
		asleep := len(doors) > 1 && kills%2 == 0
		if asleep {
			if err := dead.freeze(); err != nil {
				t.Fatal(err)
			}
		} else {
			dead.kill()
		}
		if len(doors) > 1 {
			time.Sleep(rand.N(7 * time.Second)) // the other one takes over
		}
		if asleep {
			dead.signal(syscall.SIGCONT)
			time.Sleep(rand.N(time.Second))
		}
		stop()
		wg.Wait()
		if !asleep {
			dead.serve()
		}
		s.stands()
		if len(s.faults) > 0 || s.done() && kills+1 >= least {
			break
		}
		if time.Now().After(end) {
			s.fault("not done\n%s", d.lastLog())
			break
		}
	}
	t.Logf("killed or stopped %d times; %d amends, %d lists", kills+1, len(s.logged), len(s.lists))
	if len(s.faults) == 0 && broken == "" {
		s.refuses()
	}
	if len(s.faults) == 0 {
		s.judge(n, excluded)
	}
	for _, d := range s.doors {
		for _, line := range d.complaints() {
			t.Log(line)
		}
	}
	return s.faults
}

// with calls as somebody for at most 20 seconds.
func (s *stages) with(ctx context.Context, d *daemon, role, label string) (caller, func()) {
	conn, bearer := d.as(role, label)
	call, cancel := context.WithTimeout(bearer, 20*time.Second)
	stop := context.AfterFunc(ctx, cancel)
	return caller{conn, call}, func() { stop(); cancel(); conn.Close() }
}

func (s *stages) setLists(ctx context.Context) {
	var all []entrant.Listed
	for range 1 + rand.N(20) {
		all = append(all, entrant.Listed{IDType: tag.Citizen, IDNumber: idNumber(rand.N(100000))})
	}
	x := entrant.NewExclusion(all)
	hash := x.Hash().String()
	s.mu.Lock()
	s.lists[hash] = x.Marshal()
	s.mu.Unlock()
	var wg sync.WaitGroup
	var told, cut atomic.Int32
	for _, d := range s.doors {
		wg.Go(func() {
			chen, done := s.with(context.Background(), d, "officer", "Chen")
			defer done()
			_, err := fairlotv1.NewCampaignServiceClient(chen.conn).SetExclusionList(chen.ctx, &fairlotv1.SetExclusionListRequest{Name: s.draft, List: x.Marshal()})
			if err == nil {
				told.Add(1)
			} else {
				cut.Add(1)
				if !away(err) && status.Code(err) != codes.Aborted {
					s.fault("set: %v", err)
				}
			}
		})
	}
	wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if told.Load() > 0 {
		s.set = hash
	}
	if cut.Load() > 0 {
		s.maybe = append(s.maybe, hash)
	}
}

func (s *stages) putOff(ctx context.Context, d *daemon) {
	chen, done := s.with(context.Background(), d, "officer", "Chen")
	defer done()
	lin, done2 := s.with(context.Background(), d, "officer", "Lin")
	defer done2()
	draws := fairlotv1.NewDrawServiceClient(chen.conn)
	name := s.later + "/draws/1"
	x, err := draws.GetDraw(chen.ctx, &fairlotv1.GetDrawRequest{Name: name})
	if err != nil {
		return
	}
	time.Sleep(200 * time.Millisecond)
	if x.Amend == nil {
		_, err := draws.AmendDraw(chen.ctx, &fairlotv1.AmendDrawRequest{Name: name, DrawTime: timestamppb.New(x.RoundTime.AsTime().Add(time.Hour))})
		if err != nil && !away(err) && !overtaken(err) && !strings.Contains(err.Error(), "somebody asked already") {
			s.fault("amend: %v", err)
		}
		approvals := fairlotv1.NewApprovalServiceClient(lin.conn)
		waiting, err := approvals.ListApprovals(lin.ctx, &fairlotv1.ListApprovalsRequest{PageSize: 100})
		if err != nil {
			return
		}
		for _, a := range waiting.Approvals { // also one that was cut off in the middle
			if a.Kind != fairlotv1.ApprovalKind_APPROVAL_KIND_AMEND {
				continue
			}
			given, err := approvals.Approve(lin.ctx, &fairlotv1.ApproveRequest{Name: a.Name, Digest: a.Digest})
			if err != nil && !away(err) && !overtaken(err) || err == nil && given.State != fairlotv1.ApprovalState_APPROVAL_STATE_DONE {
				s.fault("approve an amend: %v, %v", given, err)
			}
		}
		if x, err = draws.GetDraw(chen.ctx, &fairlotv1.GetDrawRequest{Name: name}); err != nil {
			return
		}
	}
	if x.Amend != nil {
		s.mu.Lock()
		s.logged[x.Amend.Round] = true
		s.mu.Unlock()
		if err := s.cosign(chen.ctx, d); err == nil {
			s.mu.Lock()
			s.round = x.Amend.Round
			s.mu.Unlock()
		} else if !away(err) {
			s.fault("cosign an amend: %v", err)
		}
	}
}

// cosign has two custodians cosign the newest head.
func (s *stages) cosign(ctx context.Context, d *daemon) error {
	conn, _ := d.staff()
	defer conn.Close()
	logs := fairlotv1.NewLogServiceClient(conn)
	head, err := logs.GetCheckpoint(ctx, &fairlotv1.GetCheckpointRequest{})
	if err != nil {
		return err
	}
	note := head.Note
	for _, k := range s.custodians[:2] {
		line, err := ledger.Cosign(k, s.d.logKey(), []byte(head.Note), time.Now())
		if err != nil {
			return err
		}
		note += line + "\n"
	}
	_, err = logs.AddCosignature(ctx, &fairlotv1.AddCosignatureRequest{Note: note})
	return err
}

func (s *stages) cosignAll(ctx context.Context, d *daemon) {
	chen, done := s.with(context.Background(), d, "officer", "Chen")
	defer done()
	if err := s.cosign(chen.ctx, d); err != nil && !away(err) {
		s.fault("cosign: %v", err)
	}
	time.Sleep(100 * time.Millisecond)
}

func (s *stages) closeAndDraw(ctx context.Context, d *daemon) {
	if time.Now().Before(s.c.end) {
		return
	}
	chen, done := s.with(context.Background(), d, "officer", "Lin")
	defer done()
	_, err := fairlotv1.NewCampaignServiceClient(chen.conn).CloseCampaign(chen.ctx, &fairlotv1.CloseCampaignRequest{Name: s.c.name})
	if err != nil && !away(err) {
		s.fault("close: %v", err)
	}
	for i := range 3 {
		_, err := fairlotv1.NewDrawServiceClient(chen.conn).RunDraw(chen.ctx, &fairlotv1.RunDrawRequest{Name: fmt.Sprintf("%s/draws/%d", s.c.name, i+1)})
		if err != nil && !away(err) && status.Code(err) != codes.FailedPrecondition {
			s.fault("draw %d: %v", i+1, err)
		}
	}
}

func (s *stages) release(ctx context.Context, d *daemon) {
	wu, done := s.with(context.Background(), d, "notifier", "Wu")
	defer done()
	lin, done2 := s.with(context.Background(), d, "officer", "Lin")
	defer done2()
	for i := range 3 {
		name := fmt.Sprintf("%s/draws/%d", s.c.name, i+1)
		draws := fairlotv1.NewDrawServiceClient(wu.conn)
		req := &fairlotv1.PrepareReleaseRequest{Name: name, Purpose: fairlotv1.ReleasePurpose_RELEASE_PURPOSE_AUDIT, AcceptUnproven: true}
		got, err := draws.PrepareRelease(wu.ctx, req)
		if err != nil {
			if !away(err) && status.Code(err) != codes.FailedPrecondition {
				s.fault("release %d: %v", i+1, err)
			}
			return
		}
		if len(got.Releases) == 1 && got.Approval == nil {
			s.mu.Lock()
			if was := s.opened[name]; was != "" && was != got.Releases[0].OpenedHash || len(got.Releases[0].Entrants) != 4 {
				s.faults = append(s.faults, fmt.Sprintf("the sample of %s is %v now, and was %s", name, got.Releases[0], was))
			}
			for _, x := range got.Releases[0].Entrants {
				if len(x.ContactEnvelope) > 0 || len(x.IdentityEnvelope) == 0 {
					s.faults = append(s.faults, fmt.Sprintf("the sample of %s has %d bytes of a contact and %d of an identity", name, len(x.ContactEnvelope), len(x.IdentityEnvelope)))
				}
			}
			s.opened[name] = got.Releases[0].OpenedHash
			s.mu.Unlock()
			continue
		}
		if got.Approval == nil || len(got.Releases) > 1 {
			s.fault("release %d: %v", i+1, got)
			return
		}
		_, err = fairlotv1.NewApprovalServiceClient(lin.conn).Approve(lin.ctx, &fairlotv1.ApproveRequest{Name: got.Approval.Name, Digest: got.Approval.Digest})
		if err != nil && !away(err) && !overtaken(err) {
			s.fault("approve release %d: %v", i+1, err)
		}
	}
}

// stands wants of a daemon that was killed that everything acknowledged is there.
func (s *stages) stands() {
	chen, done := s.with(context.Background(), s.doors[rand.N(len(s.doors))], "officer", "Chen")
	defer done()
	svc := fairlotv1.NewCampaignServiceClient(chen.conn)
	try := func(f func() error) error { // the lease may change hands still
		return within(15*time.Second, func() error {
			if err := f(); err != nil && away(err) {
				return err
			} else if err != nil {
				s.fault("after a kill: %v", err)
			}
			return nil
		})
	}
	var x *fairlotv1.Campaign
	var y *fairlotv1.Draw
	err := try(func() (err error) {
		x, err = svc.GetCampaign(chen.ctx, &fairlotv1.GetCampaignRequest{Name: s.draft})
		return err
	})
	err = errors.Join(err, try(func() (err error) {
		y, err = fairlotv1.NewDrawServiceClient(chen.conn).GetDraw(chen.ctx, &fairlotv1.GetDrawRequest{Name: s.later + "/draws/1"})
		return err
	}))
	if err != nil || len(s.faults) > 0 {
		s.fault("after a kill: %v", err)
		return
	}
	if y.Round < s.round {
		s.fault("put off to round %d, and now to %d", s.round, y.Round)
	}
	cut := slices.Concat(s.before, s.maybe)
	if hash := x.Excluded.GetHash(); hash != s.set && !slices.Contains(cut, hash) {
		s.fault("the draft has the list %v, and %s was set last, perhaps %v", x.Excluded, s.set, cut)
		return
	}
	opens := func() error {
		_, err := svc.GetOpeningCheck(chen.ctx, &fairlotv1.GetOpeningCheckRequest{Name: s.draft})
		return err
	}
	s.before, s.maybe = s.maybe, nil
	if x.Excluded == nil {
		return
	}
	s.set = x.Excluded.Hash
	if len(cut) == 0 {
		err = try(opens)
	}
	if err := errors.Join(err, try(func() error {
		_, err := svc.SetExclusionList(chen.ctx, &fairlotv1.SetExclusionListRequest{Name: s.draft, List: slices.Clone(s.lists[s.set])})
		return err
	}), try(opens)); err != nil {
		s.fault("the draft's list: %v", err)
	}
}

// done tells whether all three draws are drawn and their samples out.
func (s *stages) done() bool { return len(s.opened) == 3 }
