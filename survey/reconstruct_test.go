package survey

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
)

// asked has every kind of question that is counted, conditions on each of them, and conditions on conditions.
const asked = `{"clearInvisibleValues":"onHidden","elements":[
	{"type":"radiogroup","name":"one","choices":["a","b","c"],"isRequired":true},
	{"type":"checkbox","name":"many","choices":["x","y"]},
	{"type":"rating","name":"stars","rateMax":3},
	{"type":"boolean","name":"yes"},
	{"type":"text","inputType":"number","name":"books","min":0,"max":9,"step":1},
	{"type":"boolean","name":"must","visibleIf":"{one} = 'a'","isRequired":true},
	{"type":"radiogroup","name":"may","choices":["p","q"],"visibleIf":"{yes} = true"},
	{"type":"rating","name":"deep","rateMax":2,"visibleIf":"{must} = true","isRequired":true},
	{"type":"checkbox","name":"which","choices":["u","v"],"maxSelectedChoices":1,"visibleIf":"{stars} >= 2"},
	{"type":"text","inputType":"number","name":"often","min":0,"max":3,"step":1,"visibleIf":"{one} <> 'a'","isRequired":true}]}`

// TestTablesCannotBeUndone publishes tables of random populations and attacks each: the same table again, in another order of responses; complements, which is
// all that a total leaves; differences between a question and those it is the condition of; and linear reconstruction: of all counts that would have led to the
// same table, also by somebody who has this program, no suppressed one may have one value only. SURVEY_TABLES is the number of populations, 1000 by default. Without what is
// suppressed as well so that nothing follows from totals, the same attack undoes tables by the hundred.
func TestTablesCannotBeUndone(t *testing.T) {
	n := 1000
	if s := os.Getenv("SURVEY_TABLES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 10 {
			t.Fatal("SURVEY_TABLES must be a whole number from 10")
		}
	}
	d := mustParse(t, asked)
	for _, m := range []struct {
		name    string
		publish publisher
		holds   bool
	}{
		{"as published", (*Tally).question, true},
		{"without complementary suppression", uncompleted, false},
	} {
		t.Run(m.name, func(t *testing.T) {
			hidden, exact, tables := 0, 0, n
			if !m.holds {
				tables = min(n, 1000)
			}
			for seed := range tables {
				a := population(t, d, uint64(seed), m.publish)
				told := a.attack(t)
				hidden += a.hidden
				exact += len(told)
				if m.holds && len(told) > 0 {
					t.Errorf("population %d: %v are told by %s", seed, told, a.text())
					if exact > 10 {
						t.FailNow()
					}
				}
			}
			t.Logf("%d tables, %d suppressed counts, %d found exactly", tables, hidden, exact)
			if m.holds && hidden < tables {
				t.Errorf("only %d counts are suppressed in %d tables: this shows nothing", hidden, tables)
			}
			if !m.holds && exact < hidden/10 {
				t.Errorf("only %d of %d suppressed counts are found where they follow from totals: the attack is worth nothing", exact, hidden)
			}
		})
	}
}

// publisher makes the table of one question.
type publisher func(t *Tally, q *Question, minCell int, withheld bool) QuestionTable

// uncompleted suppresses small counts and nothing besides.
func uncompleted(t *Tally, q *Question, minCell int, withheld bool) QuestionTable {
	out := t.question(q, minCell, withheld)
	if withheld {
		return out
	}
	c := &t.questions[q.index]
	for i, n := range c.cells {
		if out.Cells[i].Count = nil; n >= minCell {
			out.Cells[i].Count = shown(n)
		}
	}
	out.Answered, out.Unanswered = shown(c.answered), shown(t.responses-c.answered)
	return out
}

// attacker has a table and the program that made it.
type attacker struct {
	d       *Definition
	tally   *Tally // the truth: for the judge only, but for the number of responses
	minCell int
	publish publisher
	table   Table
	hidden  int // suppressed counts that were attacked
}

// population answers at random, with tastes of its own.
func population(t *testing.T, d *Definition, seed uint64, publish publisher) *attacker {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 4))
	a := &attacker{d: d, tally: NewTally(d), minCell: 3 + r.IntN(2), publish: publish}
	taste := make([]float64, 16)
	for i := range taste {
		taste[i] = r.Float64()
	}
	likes := func(i int) bool { return r.Float64() < taste[i] }
	var all [][]byte
	for range a.minCell + r.IntN(14) {
		v := map[string]any{"one": "c"}
		if likes(0) {
			v["one"] = "a"
		} else if likes(1) {
			v["one"] = "b"
		}
		choose := func(i int, name string, choices ...string) {
			var list []string
			for j, c := range choices {
				if likes(i + j) {
					list = append(list, c)
				}
			}
			if len(list) > 0 {
				v[name] = list
			}
		}
		choose(2, "many", "x", "y")
		if likes(4) {
			v["stars"] = 1 + r.IntN(3)
		}
		if likes(5) {
			v["yes"] = likes(6)
		}
		if likes(7) {
			v["books"] = r.IntN(10)
		}
		if v["one"] == "a" {
			if v["must"] = likes(8); v["must"] == true {
				v["deep"] = 1 + r.IntN(2)
			}
		} else {
			v["often"] = r.IntN(4)
		}
		if v["yes"] == true && likes(9) {
			v["may"] = "p"
			if likes(10) {
				v["may"] = "q"
			}
		}
		if s, ok := v["stars"].(int); ok && s >= 2 {
			choose(11, "which", "u", "v")
			if list, ok := v["which"].([]string); ok {
				v["which"] = list[:1]
			}
		}
		in, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		x, vs := d.Check(in)
		if vs != nil {
			t.Fatalf("%s: %s", in, codes(vs))
		}
		all = append(all, x.Closed())
	}
	add := func() *Tally {
		tally := NewTally(d)
		for _, in := range all {
			if err := tally.Add(in); err != nil {
				t.Fatal(err)
			}
		}
		return tally
	}
	a.tally = add()
	a.table = a.tally.result(a.minCell, publish)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if again := add().result(a.minCell, publish); fmt.Sprint(again.text()) != fmt.Sprint(a.table.text()) {
		t.Fatalf("asked again, the table differs")
	}
	return a
}

func (a *attacker) text() string { return a.table.text() }

func (t Table) text() string {
	b, _ := json.Marshal(t)
	return string(b)
}

// attack returns what follows exactly though it was suppressed.
func (a *attacker) attack(t *testing.T) (told []string) {
	if a.table.Responses == nil {
		return nil
	}
	for i, qt := range a.table.Questions {
		if qt.Withheld {
			continue
		}
		q := a.d.questions[i]
		want, _ := json.Marshal(qt)
		consistent := map[string]map[int]bool{} // what is hidden: its values
		note := func(name string, n int) {
			if consistent[name] == nil {
				consistent[name] = map[int]bool{}
			}
			consistent[name][n] = true
		}
		a.candidates(q, qt, func(c tallyQuestion) {
			imagined := &Tally{d: a.d, responses: a.tally.responses, questions: slices.Clone(a.tally.questions)}
			imagined.questions[q.index] = c
			if got, _ := json.Marshal(a.publish(imagined, q, a.minCell, false)); string(got) != string(want) {
				return
			}
			for j := range qt.Cells {
				if qt.Cells[j].Count == nil {
					note(qt.Cells[j].Value, c.cells[j])
				}
			}
			if qt.Answered == nil {
				note("answered", c.answered)
			}
		})
		if len(consistent) == 0 && (qt.Answered == nil || slices.ContainsFunc(qt.Cells, func(c Cell) bool { return c.Count == nil })) {
			t.Fatalf("the truth of %s is not among what the attacker imagines", want)
		}
		for name, values := range consistent {
			a.hidden++
			if len(values) == 1 {
				told = append(told, q.Name+" "+name)
			}
		}
	}
	return told
}

// were is to how many a question was shown, as far as its condition's own table tells.
func (a *attacker) were(q *Question) (n int, known bool) {
	if q.cond == nil {
		return *a.table.Responses, true
	}
	parent := a.table.Questions[q.cond.question[0]]
	for i, c := range parent.Cells {
		given := make([]answer, len(a.d.questions))
		p := a.d.questions[q.cond.question[0]]
		given[p.index] = answer{present: true, number: int64(p.RateMin+i) * micro, choices: []int{i}, truth: i == 1}
		if q.cond.holds(given) {
			if c.Count == nil {
				return 0, false
			}
			n += *c.Count
		}
	}
	return n, true
}

// candidates imagines everything that could be behind the table of one question.
func (a *attacker) candidates(q *Question, qt QuestionTable, each func(tallyQuestion)) {
	most, known := a.were(q)
	if !known {
		most = *a.table.Responses
	}
	for answered := 0; answered <= most; answered++ {
		if qt.Answered != nil && *qt.Answered != answered || known && q.Required && answered != most {
			continue
		}
		c := tallyQuestion{answered: answered, asked: most, cells: make([]int, len(qt.Cells))}
		switch q.Kind {
		case Number:
			if qt.Mean == "" {
				each(c)
				continue
			}
			mean, _ := new(big.Rat).SetString(qt.Mean)
			about, _ := new(big.Rat).Mul(mean, big.NewRat(int64(answered), 1)).Float64()
			for s := max(0, int64(about)-int64(answered)-1); s <= int64(about)+int64(answered)+1; s++ {
				c.sum = *big.NewInt(s * micro)
				each(c)
			}
		case Multiple:
			a.cells(q, qt, c, 0, answered, false, each)
		default:
			a.cells(q, qt, c, 0, answered, true, each)
		}
	}
}

// cells imagines the hidden cells from the i-th on: those of a partition sum to what is left, others are each as large as all who answered, at most.
func (a *attacker) cells(q *Question, qt QuestionTable, c tallyQuestion, i, left int, partition bool, each func(tallyQuestion)) {
	if i == len(c.cells) {
		sum := 0
		for _, n := range c.cells {
			sum += n
		}
		if partition && left != 0 || !partition && (sum < c.answered || q.MaxChoices > 0 && sum > c.answered*q.MaxChoices) {
			return
		}
		c.cells = slices.Clone(c.cells)
		each(c)
		return
	}
	from, to := 0, left
	if n := qt.Cells[i].Count; n != nil {
		from, to = *n, min(*n, left)
	}
	for n := from; n <= to; n++ {
		c.cells[i] = n
		rest := left
		if partition {
			rest -= n
		}
		a.cells(q, qt, c, i+1, rest, partition, each)
	}
}
