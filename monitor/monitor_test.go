package monitor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"fairlot/draw"
	"fairlot/monitor"
	"fairlot/monitor/logtest"
)

// look is everything that a log of this size shows at a time.
func look(l *logtest.Log, now time.Time) monitor.Look {
	policy, cps := l.Evidence()
	return monitor.Look{Log: l.Key, Records: l.Records, Now: now, Overdue: 24 * time.Hour, DayTimes: 10,
		Evidence: map[draw.CampaignID]*monitor.Evidence{l.Open.Campaign: {Policy: policy, Checkpoints: cps}}}
}

// kinds are the findings in short: the kind, the draw and the entry.
func kinds(all []monitor.Finding) string {
	var out []string
	for _, f := range all {
		s := string(f.Kind)
		if f.Draw > 0 {
			s += fmt.Sprintf(" draw %d", f.Draw)
		}
		if f.Entry >= 0 {
			s += fmt.Sprintf(" entry %d", f.Entry)
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// TestHonestLog: at no time of an honest campaign's life is anything found.
func TestHonestLog(t *testing.T) {
	t.Parallel()
	l := logtest.Life(t)
	after := l.Due(2000).Add(48 * time.Hour)
	if got := look(l, after).Findings(); len(got) != 0 {
		t.Errorf("the whole life: %v", got)
	}
	for _, size := range []int{1, 2, 3, 4, 5, 9, 10, 16} {
		at := after
		if size < 4 { // both closes are there from 4 on
			at = l.Due(1000).Add(-30 * time.Minute)
		} else if size < 10 { // and both results
			at = l.Due(2000).Add(time.Minute)
		}
		x := look(l, at)
		x.Records = x.Records[:size]
		if got := x.Findings(); len(got) != 0 {
			t.Errorf("after %d records: %v", size, got)
		}
	}
}

// TestFindings: a log that really does it, with the operator's own keys, for each kind of finding that records show.
func TestFindings(t *testing.T) {
	t.Parallel()
	life := logtest.Life
	day := 24 * time.Hour
	type lie func(l *logtest.Log) monitor.Look
	end := func(l *logtest.Log) monitor.Look { return look(l, l.Due(2000).Add(2*day)) }
	for name, c := range map[string]struct {
		make func(t testing.TB) *logtest.Log
		lie  lie
		want string
	}{
		"a draw that no rules announce": {life, func(l *logtest.Log) monitor.Look {
			l.Add(&draw.Close{Open: l.Hash, Draw: 3})
			return end(l)
		}, "draw-gap draw 3 entry 17"},
		"a number left out": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			l.Add(l.ResultOf(2, 2000))
			return end(l)
		}, "draw-gap draw 1"},
		"a result withheld": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			l.Add(l.ResultOf(1, 1000))
			return end(l)
		}, "overdue draw 2"},
		"a second close": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			again := l.CloseOf(1)
			again.Entrants, again.Days[0].Count = 23, 3
			l.Close(again)
			return look(l, l.Due(1000))
		}, "second-close draw 1 entry 3"},
		"a close cosigned too late": {open, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Close(l.CloseOf(2))
			l.Cosign(2, l.Due(1000).Add(-59*time.Second))
			return look(l, l.Due(1000))
		}, "late-close draw 1 entry 1"},
		"a close cosigned by too few": {open, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Close(l.CloseOf(2))
			l.Cosign(1, l.Due(1000).Add(-time.Hour))
			return look(l, l.Due(1000))
		}, "late-close draw 1 entry 1"},
		"a list closed before its earlier winners are known": {earlierOut, func(l *logtest.Log) monitor.Look {
			l.Closed()
			return look(l, l.Due(1000).Add(-2*time.Minute))
		}, "order draw 2 entry 2"},
		"a list closed once they are known": {earlierOut, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			l.Add(l.ResultOf(1, 1000))
			l.Close(l.CloseOf(2))
			return look(l, l.Due(1000).Add(time.Minute))
		}, ""},
		"a list closed behind a void that comes to nothing": {earlierOut, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: "cancelled"})
			l.Close(l.CloseOf(2))
			l.Cosign(2, l.Due(1000).Add(time.Minute))
			l.Add(l.ResultOf(1, 1000))
			return look(l, l.Due(1000).Add(2*time.Minute))
		}, "late-void draw 1 entry 2, order draw 2 entry 3"},
		"a list closed behind a void that can still count": {earlierOut, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: "cancelled"})
			l.Close(l.CloseOf(2))
			return look(l, l.Due(1000).Add(-time.Hour))
		}, ""},
		"a list closed when the beacon was dead, which came back": {laterOut, func(l *logtest.Log) monitor.Look {
			return dead(l, l.Due(1000).Add(7*day))
		}, "late-void draw 1 entry 2"},
		"a list closed when the beacon was dead but for a second": {laterOut, func(l *logtest.Log) monitor.Look {
			return dead(l, l.Due(1000).Add(7*day-time.Second))
		}, "late-void draw 1 entry 2, order draw 2 entry 3"},
		"a list closed before the quorum called the beacon dead, and nobody knows the round": {laterOut, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: draw.ReasonBeaconDead})
			l.Close(l.CloseOf(2))
			l.Cosign(2, l.Due(1000).Add(8*day))
			return look(l, l.Due(1000).Add(9*day))
		}, "order draw 2 entry 3"},
		"a list closed after the quorum called the beacon dead, and nobody knows the round": {laterOut, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: draw.ReasonBeaconDead})
			l.Cosign(2, l.Due(1000).Add(8*day))
			l.Close(l.CloseOf(2))
			l.Cosign(2, l.Due(1000).Add(8*day+time.Hour))
			return look(l, l.Due(1000).Add(9*day))
		}, ""},
		"earlier winners counted who are none": {earlierOut, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			l.Add(l.ResultOf(1, 1000))
			c := l.CloseOf(2)
			c.Zero = []draw.Zero{{Reason: "won-earlier", Count: 4}}
			l.Close(c)
			return look(l, l.Due(1000).Add(time.Minute))
		}, "register draw 2 entry 3"},
		"as many earlier winners as seats": {earlierOut, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			l.Add(l.ResultOf(1, 1000))
			c := l.CloseOf(2)
			c.Zero = []draw.Zero{{Reason: "won-earlier", Count: 3}}
			l.Close(c)
			return look(l, l.Due(1000).Add(time.Minute))
		}, ""},
		"earlier winners counted who are in": {open, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			l.Add(l.ResultOf(1, 1000))
			c := l.CloseOf(2)
			c.Zero = []draw.Zero{{Reason: "won-earlier", Count: 1}}
			l.Close(c)
			return look(l, l.Due(1000).Add(time.Minute))
		}, "register draw 2 entry 3"},
		"no close": {open, func(l *logtest.Log) monitor.Look { return look(l, l.Due(1000).Add(-59*time.Second)) }, "late-close draw 1"},
		"a close back-dated with all witnesses": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			x := look(l, l.Due(1000).Add(time.Minute))
			x.Sights = []monitor.Sight{{Size: 1, Time: l.Due(1000)}, {Size: 3, Time: l.Due(1000).Add(time.Minute)}}
			return x
		}, "late-close draw 1 entry 1"},
		"put off too late": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			l.Add(&draw.Amend{Open: l.Hash, Draw: 1, Round: 1500})
			l.Cosign(2, l.Due(1000))
			return look(l, l.Due(1000).Add(time.Minute))
		}, "late-amend draw 1 entry 3"},
		"put off to an earlier round": {open, func(l *logtest.Log) monitor.Look {
			l.Add(&draw.Amend{Open: l.Hash, Draw: 1, Round: 999})
			return look(l, l.Due(1000).Add(-time.Hour))
		}, "late-amend draw 1 entry 1"},
		"void too late": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: "cancelled"})
			l.Cosign(2, l.Due(1000))
			return look(l, l.Due(1000).Add(time.Minute))
		}, "late-void draw 1 entry 3"},
		"void as beacon-dead before its days": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: draw.ReasonBeaconDead})
			return look(l, l.Due(1000).Add(time.Hour))
		}, "late-void draw 1 entry 3"},
		"void as beacon-dead although the round is known": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			l.Add(&draw.Void{Open: l.Hash, Draw: 2, Reason: draw.ReasonBeaconDead})
			l.Cosign(2, l.Due(2000).Add(8*day))
			r := l.ResultOf(2, 2000)
			l.Add(&draw.Result{Open: l.Hash, Draw: 1, Close: r.Close, Signature: r.Signature, Seed: r.Seed, Ranking: r.Ranking, Ranked: r.Ranked}) // of another draw
			return look(l, l.Due(2000).Add(9*day))
		}, "result draw 1 entry 4, late-void draw 2 entry 3, overdue draw 2"},
		"a result beside a void": {open, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			l.Close(l.CloseOf(2))
			l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: "cancelled"})
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			l.Add(l.ResultOf(1, 1000))
			return look(l, l.Due(1000).Add(time.Minute))
		}, "order draw 1"},
		"a stuffed pool": {open, func(l *logtest.Log) monitor.Look {
			c := l.CloseOf(1)
			c.Entrants, c.Days[0].Count = 31, 11
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		}, "register draw 1 entry 1"},
		"days that do not add up": {open, func(l *logtest.Log) monitor.Look {
			c := l.CloseOf(1)
			c.Days[0].Count++
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		}, "days draw 1 entry 1"},
		"entered after the end": {open, func(l *logtest.Log) monitor.Look {
			c := l.CloseOf(1)
			c.Days[5].Date = "2023-11-16"
			l.Close(c)
			return look(l, l.Due(1000).Add(20*time.Hour))
		}, "late-close draw 1 entry 1, late-close draw 2, days draw 1 entry 1"},
		"a day that has not come": {open, func(l *logtest.Log) monitor.Look {
			c := l.CloseOf(1)
			c.Zero = []draw.Zero{{Reason: "superseded", Count: 4}}
			c.Days[5].Date = "2023-11-30"
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		}, "days draw 1 entry 1"},
		"a day far above the others": {noRegister, func(l *logtest.Log) monitor.Look {
			c := l.CloseOf(1)
			for i := range c.Days {
				c.Days[i].Count = 20
			}
			c.Days[3].Count = 201
			c.Entrants = 301
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		}, "days draw 1 entry 1"},
		"dropped between two closes": {open, func(l *logtest.Log) monitor.Look {
			l.Close(l.CloseOf(1))
			c := l.CloseOf(2)
			c.Entrants, c.Days[2].Count = 23, 3
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		}, "days draw 2 entry 2"},
		"opened before anybody was drawn": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			l.Add(&draw.Opened{Open: l.Hash, Draw: 1, Purpose: "notice", Count: 1})
			return look(l, l.Due(1000))
		}, "opened draw 1 entry 3"},
		"opened one who is not drawn": {life, func(l *logtest.Log) monitor.Look {
			l.Add(&draw.Opened{Open: l.Hash, Draw: 2, Purpose: "notice", Count: 1})
			return end(l)
		}, "opened draw 2 entry 17"},
		"opened an alternate before the seat was vacated": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			l.Add(l.ResultOf(1, 1000))
			l.Add(&draw.Opened{Open: l.Hash, Draw: 1, Purpose: "claim", Count: 4})
			l.Add(&draw.Replace{Open: l.Hash, Draw: 1, Stratum: 1, Vacated: 1, Reason: "late", Next: 4})
			return look(l, l.Due(1000).Add(time.Hour))
		}, "opened draw 1 entry 4"},
		"excluded more than are on the list": {func(t testing.TB) *logtest.Log {
			return logtest.New(t, func(o *draw.Open) { o.Excluded = &draw.Excluded{Count: 2, Hash: draw.Hash{1}} })
		}, func(l *logtest.Log) monitor.Look {
			c := l.CloseOf(1)
			c.Zero = []draw.Zero{{Reason: "excluded", Count: 3}}
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		}, "register draw 1 entry 1"},
		"excluded without a list": {open, func(l *logtest.Log) monitor.Look {
			c := l.CloseOf(1)
			c.Zero = []draw.Zero{{Reason: "excluded", Count: 1}}
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		}, "register draw 1 entry 1"},
		"opened more than the audit sample": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			l.Add(l.ResultOf(1, 1000))
			l.Add(&draw.Opened{Open: l.Hash, Draw: 1, Purpose: "audit", Count: 3})
			return look(l, l.Due(1000).Add(time.Hour))
		}, "opened draw 1 entry 4"},
		"opened for a case more than there are": {life, func(l *logtest.Log) monitor.Look {
			l.Add(&draw.Opened{Open: l.Hash, Purpose: "breach", Case: &[16]byte{2}, Count: 25})
			return end(l)
		}, "opened entry 17"},
		"acts taken from the audit trail": {life, func(l *logtest.Log) monitor.Look {
			l.Add(&draw.TrailHead{Day: "2023-11-17", Count: 8, Head: draw.Hash{3}})
			return end(l)
		}, "trail entry 17"},
		"opened twice": {life, func(l *logtest.Log) monitor.Look {
			o := *l.Open
			o.Register = 1000
			l.Add(&o)
			return end(l)
		}, "second-open entry 17"},
		"a campaign of another log": {life, func(l *logtest.Log) monitor.Look {
			x := end(l)
			x.Log = logtest.New(t, nil).Key
			return x
		}, "key entry 0"},
		"no record":    {life, func(l *logtest.Log) monitor.Look { l.AddRaw([]byte("hello\n")); return end(l) }, "record entry 17"},
		"a newer kind": {life, func(l *logtest.Log) monitor.Look { l.AddRaw([]byte("fairlot/v1 wish\nx y\n")); return end(l) }, "record entry 17"},
		"an origin in the middle": {life, func(l *logtest.Log) monitor.Look {
			l.Add(&draw.Origin{Log: l.Key, Old: "old.example", OldSize: 3})
			return end(l)
		}, "order entry 17"},
		"of no campaign": {life, func(l *logtest.Log) monitor.Look {
			l.Add(&draw.Void{Open: draw.Hash{9}, Draw: 1, Reason: "cancelled"})
			return end(l)
		}, "order entry 17"},
		"replaced before the result": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			l.Add(&draw.Replace{Open: l.Hash, Draw: 1, Stratum: 1, Vacated: 1, Reason: "late", Next: 4})
			return look(l, l.Due(1000))
		}, "order draw 1 entry 3"},
		"a second result": {life, func(l *logtest.Log) monitor.Look { l.Add(l.ResultOf(1, 1000)); return end(l) }, "result draw 1 entry 17"},
		"another round":   {open, func(l *logtest.Log) monitor.Look { l.Closed(); l.Add(l.ResultOf(1, 1001)); return look(l, l.Due(1002)) }, "result draw 1 entry 3"},
		"a seed of one's own": {open, func(l *logtest.Log) monitor.Look {
			l.Closed()
			r := l.ResultOf(1, 1000)
			r.Seed[0] ^= 1
			l.Add(r)
			return look(l, l.Due(1002))
		}, "result draw 1 entry 3"},
	} {
		l := c.make(t)
		all := c.lie(l).Findings()
		if got := kinds(all); got != c.want {
			t.Errorf("%s: found %q, want %q\n%v", name, got, c.want, all)
		}
		for _, f := range all {
			chinese := strings.ContainsFunc(f.Zh, func(r rune) bool { return unicode.Is(unicode.Han, r) })
			if f.En == "" || !chinese || strings.Contains(f.En+f.Zh, "%!") || strings.Contains(f.En, "\n") || !slices.Contains(monitor.Kinds(), f.Kind) {
				t.Errorf("%s: said %+v", name, f)
			}
		}
	}
}

func open(t testing.TB) *logtest.Log { return logtest.New(t, nil) }

// earlierOut leaves the winners of draw 1 out of draw 2.
func earlierOut(t testing.TB) *logtest.Log {
	return logtest.New(t, func(o *draw.Open) { o.Draws[1].EarlierWinnersOut = true })
}

// laterOut does, and draw 2 is weeks after it.
func laterOut(t testing.TB) *logtest.Log {
	return logtest.New(t, func(o *draw.Open) { o.Draws[1].EarlierWinnersOut, o.Draws[1].Round = true, 1_000_000 })
}

// dead has the second list closed behind a void of the first draw as beacon-dead, which the quorum cosigned at a time, and the first draw held after all.
func dead(l *logtest.Log, at time.Time) monitor.Look {
	l.Close(l.CloseOf(1))
	l.Cosign(2, l.Due(1000).Add(-time.Hour))
	l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: draw.ReasonBeaconDead})
	l.Cosign(2, at)
	l.Close(l.CloseOf(2))
	l.Cosign(2, l.Due(1000).Add(8*24*time.Hour))
	l.Add(l.ResultOf(1, 1000))
	return look(l, l.Due(1000).Add(9*24*time.Hour))
}

func noRegister(t testing.TB) *logtest.Log {
	return logtest.New(t, func(o *draw.Open) { o.Register = 0 })
}

// TestBoundaries: what is just still allowed is not found.
func TestBoundaries(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func() monitor.Look{
		"cosigned in the last second": func() monitor.Look {
			l := open(t)
			l.Close(l.CloseOf(1))
			l.Close(l.CloseOf(2))
			l.Cosign(2, l.Due(1000).Add(-time.Minute))
			x := look(l, l.Due(1000))
			x.Sights = []monitor.Sight{{Size: 1, Time: l.Due(1000).Add(-time.Minute)}, {Size: 3, Time: l.Due(1000)}}
			return x
		},
		"not cosigned yet": func() monitor.Look {
			l := open(t)
			l.Close(l.CloseOf(1))
			return look(l, l.Due(1000).Add(-time.Minute))
		},
		"put off in time, closed for the later round": func() monitor.Look {
			l := open(t)
			l.Add(&draw.Amend{Open: l.Hash, Draw: 1, Round: 1500})
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			l.Close(l.CloseOf(1))
			l.Close(l.CloseOf(2))
			l.Cosign(2, l.Due(1500).Add(-2*time.Minute))
			l.Add(l.ResultOf(1, 1500))
			l.Add(l.ResultOf(2, 2000))
			return look(l, l.Due(2000).Add(48*time.Hour))
		},
		"void in time, without a close": func() monitor.Look {
			l := open(t)
			l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: "cancelled"})
			l.Add(&draw.Void{Open: l.Hash, Draw: 2, Reason: "cancelled"})
			l.Cosign(2, l.Due(1000).Add(-time.Hour))
			return look(l, l.Due(2000).Add(48*time.Hour))
		},
		"the beacon died": func() monitor.Look {
			l := open(t)
			l.Closed()
			l.Add(&draw.Void{Open: l.Hash, Draw: 1, Reason: draw.ReasonBeaconDead})
			l.Add(&draw.Void{Open: l.Hash, Draw: 2, Reason: draw.ReasonBeaconDead})
			l.Cosign(2, l.Due(2000).Add(7*24*time.Hour))
			return look(l, l.Due(2000).Add(8*24*time.Hour))
		},
		"as many as the register": func() monitor.Look {
			l := open(t)
			c := l.CloseOf(1)
			c.Entrants, c.Days[0].Count = 31, 11
			c.Zero = []draw.Zero{{Reason: "duplicate", Count: 1}}
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		},
		"corrected after the end": func() monitor.Look {
			l := open(t)
			c := l.CloseOf(1)
			c.Zero = []draw.Zero{{Reason: "superseded", Count: 4}}
			c.Days[5].Date = "2023-11-16"
			l.Close(c)
			l.Close(&draw.Close{Open: l.Hash, Draw: 2, Entrants: 24, Zero: c.Zero, Days: c.Days, Root: c.Root})
			l.Cosign(2, l.Due(1000).Add(-2*time.Minute))
			l.Add(l.ResultOf(1, 1000))
			l.Add(l.ResultOf(2, 2000))
			return look(l, l.Due(1000).Add(20*time.Hour))
		},
		"a high day": func() monitor.Look {
			l := noRegister(t)
			c := l.CloseOf(1)
			for i := range c.Days {
				c.Days[i].Count = 20
			}
			c.Days[3].Count, c.Entrants = 200, 300
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		},
		"as many excluded as are on the list": func() monitor.Look {
			l := logtest.New(t, func(o *draw.Open) { o.Excluded = &draw.Excluded{Count: 2, Hash: draw.Hash{1}} })
			c := l.CloseOf(1)
			c.Zero = []draw.Zero{{Reason: "excluded", Count: 2}}
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		},
		"few entries on many quiet days": func() monitor.Look {
			l := noRegister(t)
			c := l.CloseOf(1)
			for i := range c.Days {
				c.Days[i].Count = 1
			}
			c.Days[3].Count, c.Entrants = 99, 104
			l.Close(c)
			return look(l, l.Due(1000).Add(-2*time.Minute))
		},
	} {
		if got := f().Findings(); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}
