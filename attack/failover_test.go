package attack

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"fairlot/store/postgres/pgtest"
	"fairlot/verify"
)

const (
	promotionsEach = 10               // in one campaign at most
	perPromotion   = 40 * time.Second // until the next may come: an estimate, from which follows when entries end
	patiently      = 6 * time.Minute  // until three nodes stand together again
	severedFor     = 2 * time.Second  // how long a primary without standbys goes on until it dies
	failedOver     = time.Minute      // until entries are acknowledged again: patroni's ttl is 20 s of it
)

// promotion is a way in which another node becomes the primary of deploy/ha, and what must be done for the old one to come back.
type promotion struct {
	name   string
	strike func(ctx context.Context, ha *pgtest.HA, old *pgtest.Node) (*pgtest.Node, error)
	after  func(old *pgtest.Node) error
}

var promotions = []promotion{
	// It wakes up as a primary, among others who have another one.
	{"host frozen and thawed", func(ctx context.Context, ha *pgtest.HA, old *pgtest.Node) (*pgtest.Node, error) {
		if err := old.Freeze(); err != nil {
			return nil, err
		}
		return ha.Other(ctx, old)
	}, (*pgtest.Node).Thaw},
	// The standbys hear nothing of what is written last, and the only disk that has it is lost.
	{"host and disk lost, standbys cut off before", func(ctx context.Context, ha *pgtest.HA, old *pgtest.Node) (*pgtest.Node, error) {
		if err := ha.Sever(ctx); err != nil {
			return nil, err
		}
		time.Sleep(severedFor)
		if err := errors.Join(old.Kill(), old.Discard()); err != nil {
			return nil, err
		}
		return ha.Other(ctx, old)
	}, (*pgtest.Node).Restart},
	{"switchover", func(ctx context.Context, ha *pgtest.HA, _ *pgtest.Node) (*pgtest.Node, error) {
		return ha.Switchover(ctx)
	}, nil},
	{"host killed", func(ctx context.Context, ha *pgtest.HA, old *pgtest.Node) (*pgtest.Node, error) {
		if err := old.Kill(); err != nil {
			return nil, err
		}
		return ha.Other(ctx, old)
	}, (*pgtest.Node).Restart},
	{"server killed", func(ctx context.Context, ha *pgtest.HA, old *pgtest.Node) (*pgtest.Node, error) {
		if err := old.KillPostgres(); err != nil {
			return nil, err
		}
		return ha.Other(ctx, old)
	}, nil},
}

// side is one daemon before the nodes, with one campaign.
type side struct {
	name string
	d    *daemon
	c    *campaign
	w    *writers
	v    verdict
}

// TestFailover makes another node of deploy/ha the primary, again and again while writers enter through two daemons: one goes through haproxy, the
// other names all nodes. FAULT_PROMOTIONS is the number of promotions.
func TestFailover(t *testing.T) {
	t.Parallel()
	n := fromEnv(t, "FAULT_PROMOTIONS", 2)
	ha := pgtest.StartHA(t)
	const settings = "SELECT concat_ws(' ', current_setting('synchronous_commit'), current_setting('data_checksums'), current_setting('synchronous_standby_names') <> '')"
	if got, err := asked(engine{admin: ha.AdminDSN("postgres")}, settings); err != nil || got != "on on t" {
		t.Errorf("the primary runs with synchronous_commit, checksums, standby names %q, %v", got, err)
	}
	all := map[string]verdict{}
	for done := 0; done < n && !t.Failed(); {
		sides := promoted(t, ha, done, min(promotionsEach, n-done), false)
		for _, s := range sides {
			all[s.name] = all[s.name].add(s.v)
		}
		done += sides[0].v.strikes
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		unharmed(t, "promotion, "+name, engine{name: "postgres"}, all[name], failedOver)
	}
}

// TestFailoverSeesLoss lets the primary acknowledge without a standby, and does to it what the test above does second.
func TestFailoverSeesLoss(t *testing.T) {
	t.Parallel()
	ha := pgtest.StartHA(t)
	if err := ha.Configure(t.Context(), `{"synchronous_mode":false,"synchronous_mode_strict":false,"maximum_lag_on_failover":1073741824}`, func(names string) bool { return names == "" }); err != nil {
		t.Fatal(err)
	}
	for _, s := range promoted(t, ha, 1, 1, true) {
		foundOut(t, "asynchronous replication, "+s.name, engine{name: "postgres"}, s.v)
	}
}

// promoted makes another node the primary n times, or as often as there is time for in one campaign, beginning with the from-th way.
func promoted(t *testing.T, ha *pgtest.HA, from, n int, mutant bool) (sides []*side) {
	ctx, cancel := context.WithTimeout(t.Context(), patiently)
	defer cancel()
	if _, err := ha.Wait(ctx, standbys(mutant)); err != nil { // no daemon starts while nobody takes writes
		t.Fatal(err)
	}
	for name, admin := range map[string]string{"through haproxy": ha.AdminDSN("postgres"), "to named nodes": ha.AdminDirectDSN("postgres")} {
		s := &side{name: name, d: newDaemonOn(t, engine{name: "postgres", admin: admin})}
		s.d.serve()
		sides = append(sides, s)
	}
	end := time.Now().Add(10*time.Second + time.Duration(n)*perPromotion)
	for _, s := range sides {
		s.c = s.d.openCampaign(batchOf, end)
		s.w = &writers{t: t, c: s.c, addr: s.d.http, tokens: s.c.tokens(20000 * (n + 1)), late: 2 * time.Minute}
		s.w.start(8)
		defer func() {
			s.w.stop.Store(true)
			s.w.wait()
			s.d.kill()
		}()
	}
	for i := range n {
		if time.Until(end) < perPromotion/2 && i > 0 {
			break
		}
		how := promotions[(from+i)%len(promotions)]
		t.Logf("%s: %s", time.Now().Format("15:04:05"), how.name)
		ctx, cancel := context.WithTimeout(t.Context(), patiently)
		err := promote(t, ctx, ha, how, sides, mutant)
		cancel()
		if err != nil {
			for _, s := range sides {
				s.v.broken = fmt.Sprintf("%s: %v\n%s", how.name, err, s.d.lastLog())
			}
			return sides
		}
		if mutant {
			return sides
		}
	}
	together, cancel := context.WithTimeout(t.Context(), patiently)
	defer cancel()
	if _, err := ha.Wait(together, standbys(mutant)); err != nil { // no daemon starts while a node that comes back gives no answer
		t.Fatal(err)
	}
	mixed := map[*side]int{}
	for _, s := range sides {
		if time.Until(end) > 15*time.Second { // by then it is closed, and looks otherwise
			s.d.kill()
			s.d.checkRooms()
			mixed[s] = len(s.d.responses())
			s.d.serve()
		}
	}
	for _, s := range sides {
		s.finish(t, mixed[s])
	}
	return sides
}

// standbys is how many must be there before the next promotion. Without synchronous replication patroni names none.
func standbys(mutant bool) int {
	if mutant {
		return 0
	}
	return 2
}

// promote makes another node the primary and looks at once for what was acknowledged before.
func promote(t *testing.T, ctx context.Context, ha *pgtest.HA, how promotion, sides []*side, mutant bool) error {
	old, err := ha.Wait(ctx, standbys(mutant))
	if err != nil {
		return err
	}
	for _, s := range sides {
		if err := s.goesOn(ctx, 20); err != nil {
			return err
		}
	}
	began := time.Now()
	now, err := how.strike(ctx, ha, old)
	if err != nil {
		return err
	}
	promoted := time.Now()
	for _, s := range sides {
		s.v.strikes++
		if mutant { // the writers may have nobody to speak to
			s.w.stop.Store(true)
		} else if err := s.goesOn(ctx, 20); err != nil {
			return err
		}
	}
	if how.after != nil {
		if err := how.after(old); err != nil {
			return err
		}
	}
	if !mutant { // those who still hold on to the old primary, when it is back
		for _, s := range sides {
			if err := s.goesOn(ctx, 50); err != nil {
				return err
			}
		}
	}
	for _, s := range sides {
		acknowledged := s.w.acknowledged()
		s.v.sent, s.v.acknowledged = len(s.w.all()), len(acknowledged)
		there, err := s.entered(ctx)
		if err != nil {
			return err
		}
		lost, when := 0, []time.Duration{}
		for _, a := range acknowledged {
			if !there[a.entry] {
				lost++
				when = append(when, a.at.Sub(began).Round(time.Millisecond))
			}
		}
		if lost > 0 {
			slices.Sort(when)
			t.Logf("  %s: lost are those acknowledged %v after it began", s.name, when)
		}
		s.v.lost += lost
		gap := silence(acknowledged, began)
		if time.Now().Before(s.c.end) { // otherwise entries ended before they went on
			s.v.again = append(s.v.again, gap)
		}
		t.Logf("  %s: from %s to %s in %v, %d acknowledged, %d of them lost, longest silence %v", s.name, old.Name, now.Name, promoted.Sub(began).Round(time.Millisecond),
			len(acknowledged), lost, gap.Round(time.Millisecond))
	}
	return nil
}

// goesOn waits until n more entries are acknowledged.
func (s *side) goesOn(ctx context.Context, n int64) error {
	for from := s.w.done.Load(); s.w.done.Load() < from+n; time.Sleep(5 * time.Millisecond) {
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("entries %s are not acknowledged any more: %w", s.name, ctx.Err())
		case time.Now().After(s.c.end):
			return nil
		}
	}
	return nil
}

// entered are the entrants that whoever is the primary has, by their ids in hex.
func (s *side) entered(ctx context.Context) (map[string]bool, error) {
	conn, err := pgx.Connect(ctx, s.d.roomDSN("identity"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, "SELECT encode(id, 'hex') FROM entrants")
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	there := map[string]bool{}
	for _, id := range ids {
		there[id] = true
	}
	return there, err
}

// silence is the longest time since from without an acknowledgement.
func silence(acknowledged []*sent, from time.Time) (longest time.Duration) {
	at := []time.Time{from}
	for _, s := range acknowledged {
		if s.at.After(from) {
			at = append(at, s.at)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	for i := range at[1:] {
		longest = max(longest, at[i+1].Sub(at[i]))
	}
	return longest
}

// finish closes the campaign, verifies its bundle and counts.
func (s *side) finish(t *testing.T, mixed int) {
	time.Sleep(time.Until(s.c.end))
	s.w.wait()
	v := &s.v
	if v.broken = s.w.untold(); v.broken != "" {
		return
	}
	ended := time.Now()
	if err := within(patiently, func() error {
		if s.c.closed() {
			return nil
		}
		return errors.Join(s.c.close(), errors.New("not closed"))
	}); err != nil {
		v.broken = fmt.Sprintf("the campaign does not close: %v\n%s", err, s.d.lastLog())
		return
	}
	took := time.Since(ended).Round(time.Millisecond)
	if err := s.c.verify(); err != nil {
		v.broken = err.Error()
		return
	}
	leaves, changed := s.c.entrants(), s.w.retryAll()
	s.d.stop()
	judged := judge(s.w.all(), leaves, s.d.responses())
	judged.strikes, judged.again, judged.changed, judged.mixedBefore = v.strikes, v.again, changed, cmp.Or(mixed, judged.present)
	judged.lost = max(judged.lost, v.lost)
	*v = judged
	t.Logf("%s: closed in %v%s", s.name, took, judged)
	t.Logf("%s: answers %v; the slowest took %v", s.name, s.w.calls.told, s.w.calls.slowest.Round(time.Millisecond))
	if s.w.calls.bare > 0 {
		t.Errorf("%s: %d refusals did not say when to come again", s.name, s.w.calls.bare)
	}
}

// verify checks the public bundle as anybody may.
func (c *campaign) verify() error {
	resp, err := client.Get("http://" + c.d.http + "/bundles/" + c.id + ".tar")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	files, err := verify.Tar(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return fmt.Errorf("the bundle: %w", err)
	}
	if _, err := verify.Bundle(files, verify.Options{}); err != nil {
		return fmt.Errorf("the bundle: %w", err)
	}
	return nil
}
