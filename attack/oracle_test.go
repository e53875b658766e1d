package attack

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMembershipOracle asks a campaign without proof of person who has entered: it sends entries of people who have, under new secrets, between entries of
// people who have not, in random order, and compares the answers and how long they took. The answers are equal but for what the caller chose, no rank test
// tells the times apart (p > 0.001), and medians are within 1 %. FAULT_CALLS is the number of calls of each kind. Below 10,000 a median is not known to
// 1 %, so what is allowed then is 1 % and three standard errors.
func TestMembershipOracle(t *testing.T) {
	onEngines(t, func(t *testing.T, on engine) {
		n := fromEnv(t, "FAULT_CALLS", 400)
		judgeOracle(t, "by entering", on, askWhoEntered(t, newDaemonOn(t, on), n, nil))
	})
}

func judgeOracle(t *testing.T, how string, on engine, o oracle) {
	t.Helper()
	defer func() {
		attackRow(t, "who has entered, "+how, on, fmt.Sprintf("%d calls of each kind", o.calls),
			fmt.Sprintf("medians %+.2f %% apart (standard error %.2f %%), p = %.2g, %d form of answers", 100*o.apart, 100*o.spread, o.p, len(o.forms)))
	}()
	t.Log(o)
	if len(o.forms) != 1 {
		t.Errorf("answers have %d forms: %v", len(o.forms), o.forms)
	}
	if o.p < 0.001 {
		t.Errorf("the rank test tells who has entered: %s", o)
	}
	allowed := 0.01
	if o.calls < 10000 {
		allowed += 3 * o.spread
	}
	if math.Abs(o.apart) > allowed {
		t.Errorf("medians are more than %.2f %% apart: %s", 100*allowed, o)
	}
}

// TestMembershipOracleCorrects asks the same by correcting contacts: of entries of people who had entered before, and of people who had not.
func TestMembershipOracleCorrects(t *testing.T) {
	onEngines(t, func(t *testing.T, on engine) {
		judgeOracle(t, "by correcting", on, askByCorrecting(t, newDaemonOn(t, on), fromEnv(t, "FAULT_CALLS", 400), nil))
	})
}

// TestMembershipOracleCorrectsSeesHaste asks a daemon that leaves a duplicate's correction unwritten, since nothing counts of it. The same test must tell whose that is.
func TestMembershipOracleCorrectsSeesHaste(t *testing.T) {
	t.Parallel()
	d := newDaemonOn(t, sqlite)
	d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=haste in correcting"}
	seesHaste(t, "writes nothing for a duplicate that is corrected", d.on, askByCorrecting(t, d, 200, undecided))
}

// TestMembershipOracleSeesHaste asks a daemon that seals nothing anew for somebody who has entered. The same test must tell who that is.
func TestMembershipOracleSeesHaste(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, on engine) {
		d := newDaemonOn(t, on)
		d.program, d.env = brokenDaemon.built(t), []string{"FAIRLOT_BROKEN=haste in entering"}
		seesHaste(t, "seals nothing anew for who has entered", on, askWhoEntered(t, d, 200, undecided))
	})
}

// undecided says to ask on: on a busy machine 200 calls of each kind may be too few to see haste. It is asked ten times at most, and at p < 1e-6 each time cries wolf
// once in 100,000 runs. Of a daemon that hides nothing the test asks a number of calls that is fixed before, and looks once.
func undecided(o oracle) bool { return o.calls < 2000 && !o.hasty() }

func (o oracle) hasty() bool { return o.p < 1e-6 && o.apart < -0.01 }

// seesHaste wants that a daemon was found out.
func seesHaste(t *testing.T, what string, on engine, o oracle) {
	t.Helper()
	t.Log(o)
	if !o.hasty() {
		t.Errorf("it %s, and the test does not see it: %s", what, o)
	}
	attackRow(t, "mutant: "+what, on, fmt.Sprintf("%d calls of each kind", o.calls), fmt.Sprintf("medians %+.1f %% apart, p = %.1g", 100*o.apart, o.p))
}

// hasteEdits seal nothing anew for a person who has entered.
func hasteEdits() []edit {
	const file, call = "engine/enter.go", "	entry.Lock, entry.Identity, entry.Contact, err = o.sealPerson(id, &c.person, openings)\n"
	return []edit{
		without(file, call, `	if was, ok := sealedBefore.Load(t); ok && BROKEN {
		w := was.(store.Entry)
		entry.Lock, entry.Identity, entry.Contact = w.Lock, w.Identity, w.Contact
	} else {
	`+call+`		sealedBefore.Store(t, entry)
	}
`, "haste in entering"),
		{file, "	\"slices\"\n", "	\"slices\"\n	\"sync\"\n"},
		{file, "// EnterRequest is one entry", "var sealedBefore sync.Map\n\n// EnterRequest is one entry"},
	}
}

// oracle is what the answers told.
type oracle struct {
	calls         int
	forms         map[string]int
	p, auc        float64 // of the rank test; how often a duplicate is faster than a new entry
	fresh, again  time.Duration
	apart, spread float64 // medians, relative: how far the duplicates' is above the others', and the standard error of that
}

func (o oracle) String() string {
	return fmt.Sprintf("%d calls each: medians %v of people who are new, %v of those who have entered, %+.2f %% apart (standard error %.2f %%); p = %.3g, a duplicate is faster in %.1f %%",
		o.calls, o.fresh, o.again, 100*o.apart, 100*o.spread, o.p, 100*o.auc)
}

// members is how many have entered before anybody asks.
const members = 100

// askWhoEntered sends n entries of each kind, and as many again for as long as more says so.
func askWhoEntered(t *testing.T, d *daemon, n int, more func(oracle) bool) oracle {
	d.serve()
	c := d.openCampaign(50, time.Now().Add(time.Hour), withoutProof)
	for i := range members {
		c.mustEnter(t, c.newPerson(i, ""))
	}
	return tell(t, d, c, n, "entries", more, nil, func(i int, entered bool) *person {
		if entered {
			return c.newPerson(i%members, "")
		}
		return c.newPerson(members+i, "")
	})
}

// askByCorrecting asks by correcting the contact of entries of both kinds, all of which were acknowledged before.
func askByCorrecting(t *testing.T, d *daemon, n int, more func(oracle) bool) oracle {
	d.serve()
	c := d.openCampaign(50, time.Now().Add(time.Hour), withoutProof)
	for i := range members {
		c.mustEnter(t, c.newPerson(i, ""))
	}
	there := map[bool][]*person{}
	prepare := func() {
		for range n {
			for _, entered := range []bool{true, false} {
				i := len(there[true]) + len(there[false])
				p := c.newPerson(members+i, "")
				if entered {
					p = c.newPerson(i%members, "")
				}
				c.mustEnter(t, p)
				there[entered] = append(there[entered], p)
			}
		}
	}
	return tell(t, d, c, n, "entries:correct", more, prepare, func(i int, entered bool) *person {
		p := *there[entered][i]
		body, next := c.correction(&p)
		id := next.R().EntrantID(c.open)
		p.body, p.entry = string(body), hex.EncodeToString(id[:])
		return &p
	})
}

// tell sends n requests of each kind to a method, in pairs of random order, and compares the answers; and again, together with those before, for as long as more says
// so. Before each n it prepares them.
func tell(t *testing.T, d *daemon, c *campaign, n int, method string, more func(oracle) bool, prepare func(), who func(i int, entered bool) *person) (o oracle) {
	o.forms = map[string]int{}
	times := map[bool][]float64{}
	ask := func(p *person, entered bool) {
		began := time.Now()
		resp, err := client.Post("http://"+d.http+"/v1/"+c.name+"/"+method, "application/json", strings.NewReader(p.body))
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		err = json.NewDecoder(resp.Body).Decode(&body)
		took := time.Since(began)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %v", resp.StatusCode, err)
		}
		times[entered] = append(times[entered], float64(took))
		o.forms[shape(resp, body, p)]++
	}
	for {
		if prepare != nil {
			prepare()
		}
		for range n {
			pair := []bool{true, false}
			if rand.N(2) == 0 {
				slices.Reverse(pair)
			}
			for _, entered := range pair {
				ask(who(o.calls, entered), entered)
			}
			o.calls++
		}
		o.p, o.auc = ranks(times[true], times[false])
		again, se := median(times[true])
		fresh, se2 := median(times[false])
		o.fresh, o.again, o.apart, o.spread = time.Duration(fresh), time.Duration(again), (again-fresh)/fresh, math.Hypot(se, se2)/fresh
		if more == nil || !more(o) {
			break
		}
	}
	d.stop()
	return o
}

// shape is everything of an answer but what the caller chose or what follows from it, and the date.
func shape(resp *http.Response, body map[string]any, p *person) string {
	out := []string{resp.Status, resp.Proto}
	for k, v := range resp.Header {
		if k != "Date" {
			out = append(out, k+": "+strings.Join(v, ","))
		}
	}
	for k, value := range body {
		v := strings.ReplaceAll(fmt.Sprint(value), p.entry, "ID")
		lines := strings.Split(v, "\n")
		for i, line := range lines {
			for _, key := range []string{"person ", "— "} {
				if strings.HasPrefix(line, key) {
					lines[i] = fmt.Sprint(key, len(line))
				}
			}
		}
		if strings.HasSuffix(k, "ommitment") {
			lines = []string{fmt.Sprint(len(v))}
		}
		out = append(out, k+" "+strings.Join(lines, "|"))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// ranks is the test of Mann and Whitney, two-sided, by the normal distribution, with ties; and how often a value of a is below one of b.
func ranks(a, b []float64) (p, below float64) {
	type value struct {
		x     float64
		fromA bool
	}
	var all []value
	for _, x := range a {
		all = append(all, value{x, true})
	}
	for _, x := range b {
		all = append(all, value{x, false})
	}
	slices.SortFunc(all, func(x, y value) int { return cmp.Compare(x.x, y.x) })
	n, m := float64(len(a)), float64(len(b))
	sum, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].x == all[i].x {
			j++
		}
		size := float64(j - i)
		ties += size*size*size - size
		for _, v := range all[i:j] {
			if v.fromA {
				sum += float64(i+j+1) / 2
			}
		}
		i = j
	}
	u := sum - n*(n+1)/2 // pairs in which a's is above
	sd := math.Sqrt(n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1))))
	z := (u - n*m/2) / sd
	return math.Erfc(math.Abs(z) / math.Sqrt2), 1 - u/(n*m)
}

// median is the middle value, and its standard error by the values around it.
func median(list []float64) (middle, se float64) {
	s := slices.Sorted(slices.Values(list))
	half, root := len(s)/2, int(math.Sqrt(float64(len(s)))/2)
	return s[half], (s[half+root] - s[half-root]) / 2
}

// TestRanks checks the rank test: by hand, on what differs by a little, and how often it cries wolf.
func TestRanks(t *testing.T) {
	// 1 2 4 against 3 5 6: of nine pairs one is above; by the normal distribution z = -3.5/sqrt(5.25).
	if p, below := ranks([]float64{1, 2, 4}, []float64{3, 5, 6}); math.Abs(p-0.1266) > 1e-3 || math.Abs(below-8.0/9) > 1e-9 {
		t.Errorf("p = %v, below = %v", p, below)
	}
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, shift float64) (list []float64) {
		for range n {
			list = append(list, math.Exp(r.NormFloat64()/4)+shift)
		}
		return list
	}
	wolf := 0
	for range 2000 {
		if p, _ := ranks(draw(50, 0), draw(50, 0)); p < 0.01 {
			wolf++
		}
	}
	if wolf < 5 || wolf > 45 { // 20 are expected
		t.Errorf("%d of 2000 equal pairs differ at 1 %%", wolf)
	}
	if p, _ := ranks(draw(10000, 0), draw(10000, 0.02)); p > 0.001 {
		t.Errorf("2 %% are not seen in 10,000: p = %v", p)
	}
}
