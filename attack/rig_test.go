package attack

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	roundTime = 40 * time.Second // one campaign takes entries for so long at most
	pause     = 200 * time.Millisecond
	longPause = 4 * time.Second // on Citus, where the first entry after a start takes as long as that pause
)

// rig is a new installation and one kind of harm that is done to it again and again while 64 writers enter.
type rig struct {
	d      *daemon
	strike func()       // the harm
	mend   func() error // what must be mended before the daemon can serve again; may be nil
	lives  bool         // the daemon is to outlive the harm; otherwise the strike ends with its kill
	lie    bool         // writers speak to one who acknowledges before forwarding
	settle func() error // called once entries can begin, so that only they are at stake, and with a mutant after each strike; may be nil
	mutant bool         // the daemon or its server is broken on purpose: whatever goes wrong is a finding
	slowly int          // how many times as long the daemon gets between two strikes; 0 is 1
}

// strikes makes rigs, and strikes until there were n strikes in all, and twice as many more if nothing is broken on purpose and the strikes
// so far show nothing: these come more slowly, since on a busy machine the daemon may not get to mix between two. Each rig serves one campaign, from opening to close.
func strikes(t *testing.T, n int, build func() *rig) (v verdict) {
	slowly := 1
	for again := false; v.strikes < n || again; {
		wanted := n - v.strikes
		if wanted <= 0 {
			wanted = n
		}
		r := build()
		r.slowly = slowly
		v = v.add(r.round(t, wanted))
		r.d.kill()
		if v.broken != "" || t.Failed() {
			break
		}
		again = !r.mutant && !r.lie && v.showsNothing() && v.strikes < 3*n
		if again {
			slowly *= 4
		}
	}
	return v
}

// hit strikes, mends, and starts again what is to be started.
func (r *rig) hit(v *verdict, w *writers) bool {
	r.strike()
	v.strikes++
	if w != nil {
		if n := w.done.Load(); n == w.seen {
			v.quiet++
		}
	}
	if !r.lives {
		r.d.kill()
	}
	if r.mend != nil {
		if err := r.mend(); err != nil {
			v.broken = err.Error()
			return false
		}
	}
	var took time.Duration
	var err error
	if w != nil {
		w.seen = w.done.Load()
	}
	if r.lives {
		took, err = r.d.answers(time.Now())
	} else {
		took, err = r.d.tryServe()
	}
	if err != nil && r.mutant && strings.Contains(err.Error(), "--accept-restored") { // it has seen that rooms are older than its keys: go on without, and count
		v.noticed++
		extra := r.d.extra
		r.d.extra = append(slices.Clone(extra), "--accept-restored")
		took, err = r.d.tryServe()
		r.d.extra = extra
	}
	if err != nil {
		v.broken = err.Error()
		return false
	}
	v.again = append(v.again, took)
	if r.mutant && r.settle != nil && w != nil { // a server that was started again has its settings back
		if err := r.settle(); err != nil {
			v.broken = err.Error()
			return false
		}
	}
	return true
}

// check looks whether the rooms are whole, unless a strike took so long that the daemon may have closed the campaign by itself.
func (r *rig) check(c *campaign) {
	if time.Now().Before(c.end) {
		r.d.checkRooms()
	}
}

// round runs one campaign: strikes while entries are taken, n of them or as many as come about, more strikes while it is closed, then counts.
func (r *rig) round(t *testing.T, n int) (v verdict) {
	d, pause := r.d, pause
	if d.on.citus {
		pause = longPause
	}
	pause *= time.Duration(max(1, r.slowly))
	cycle := d.serve() // an estimate of what a cycle takes
	if r.mend != nil {
		cycle += time.Second
	}
	planned := min(roundTime, 3*time.Second+time.Duration(n)*(cycle+pause/2+50*time.Millisecond))
	c := d.openCampaign(batchOf, time.Now().Add(planned))
	w := &writers{t: t, c: c, addr: d.http, tokens: c.tokens(int(planned.Seconds()) * 700)}
	if r.mutant {
		w.late = 3 * time.Second
	}
	if r.lie {
		liar := newLiar(c)
		defer liar.Close()
		w.addr = strings.TrimPrefix(liar.URL, "http://")
	}
	if r.settle != nil {
		if err := r.settle(); err != nil {
			t.Fatal(err)
		}
	}
	w.start(64)
	defer func() {
		w.stop.Store(true)
		w.wait()
		if v.broken != "" {
			v.sent, v.acknowledged = len(w.all()), len(w.acknowledged())
		}
	}()
	checked := time.Now()
	for i := 0; time.Until(c.end) > 600*time.Millisecond; i++ {
		for began := time.Now(); r.mend != nil && w.done.Load() == w.seen && time.Since(began) < 2*time.Second; {
			time.Sleep(time.Millisecond) // a strike that takes long to mend is to hit entries
		}
		time.Sleep(rand.N(pause))
		if !r.hit(&v, w) {
			return v
		}
		if !r.lives && i%5 == 4 { // and once more while it starts
			d.kill()
			d.start()
			time.Sleep(rand.N(100 * time.Millisecond))
			if !r.hit(&v, nil) {
				return v
			}
		}
		if time.Since(checked) > roundTime/4 && !r.mutant {
			d.kill()
			r.check(c)
			d.serve()
			checked = time.Now()
		}
	}
	mixed := 0
	if !r.mutant {
		d.kill()
		if !r.lie {
			r.check(c)
		}
		mixed = len(d.responses())
		v.again = append(v.again, d.serve())
	}
	time.Sleep(time.Until(c.end))
	w.wait()
	if !r.mutant { // who waits no longer for a mutant has found nothing out
		if v.broken = w.untold(); v.broken != "" {
			return v
		}
	}
	for tries := 0; !c.closed(); tries++ {
		if tries > 200 {
			v.broken = fmt.Sprintf("the campaign does not close\n%s", d.lastLog())
			return v
		}
		closing := make(chan error, 1)
		go func() { closing <- c.close() }()
		if tries < 6 && !r.lie && !r.mutant {
			time.Sleep(rand.N(time.Duration(tries+1) * 40 * time.Millisecond))
			if !r.hit(&v, nil) {
				<-closing
				return v
			}
		}
		if err := <-closing; err != nil {
			time.Sleep(20 * time.Millisecond)
		}
	}
	leaves := c.entrants()
	changed := 0
	if !r.lie && !r.mutant {
		changed = w.retryAll()
	}
	d.stop()
	judged := judge(w.all(), leaves, d.responses())
	judged.strikes, judged.quiet, judged.noticed, judged.again, judged.changed, judged.mixedBefore = v.strikes, v.quiet, v.noticed, v.again, changed, mixed
	if !r.lie && int(w.next.Load()) > len(w.tokens) {
		t.Error("the writers ran out of tokens")
	}
	complaints := d.complaints()
	for _, line := range complaints[:min(20, len(complaints))] {
		t.Log(line)
	}
	return judged
}
