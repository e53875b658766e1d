package survey

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

const tallied = `{"clearInvisibleValues":"onHidden","elements":[
	{"type":"radiogroup","name":"one","choices":["a","b","c"],"isRequired":true},
	{"type":"checkbox","name":"many","choices":["x","y","z"]},
	{"type":"rating","name":"stars","rateMax":3},
	{"type":"boolean","name":"yes"},
	{"type":"text","inputType":"number","name":"num"},
	{"type":"text","inputType":"date","name":"day"},
	{"type":"comment","name":"words"},
	{"type":"boolean","name":"more","visibleIf":"{one} = 'a'","isRequired":true}]}`

// table adds each response so many times, in a shuffled order, and prints the table as short lines.
func table(t *testing.T, d *Definition, minCell int, responses map[string]int) string {
	t.Helper()
	var all []string
	for r, n := range responses {
		for range n {
			all = append(all, r)
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	tally := NewTally(d)
	for _, in := range all {
		r, vs := d.Check([]byte(in))
		if vs != nil {
			t.Fatalf("%s: %s", in, codes(vs))
		}
		if err := tally.Add(r.Closed()); err != nil {
			t.Fatal(err)
		}
	}
	num := func(n *int) string {
		if n == nil {
			return "*"
		}
		return fmt.Sprint(*n)
	}
	res := tally.Result(minCell)
	out := num(res.Responses)
	for _, q := range res.Questions {
		out += fmt.Sprintf("\n%s %s/%s", q.Question, num(q.Answered), num(q.Unanswered))
		for _, c := range q.Cells {
			out += " " + c.Value + "=" + num(c.Count)
		}
		if q.Mean != "" {
			out += " mean " + q.Mean
		}
		if q.Withheld {
			out += " withheld"
		}
	}
	return out
}

func lines(s ...string) string { return strings.Join(s, "\n") }

func TestTally(t *testing.T) {
	d := mustParse(t, tallied)
	for _, c := range []struct {
		name      string
		minCell   int
		responses map[string]int
		want      string
	}{
		{"nothing", 10, nil, lines("*", "one */* a=* b=* c=* withheld", "many */* x=* y=* z=* withheld",
			"stars */* 1=* 2=* 3=* withheld", "yes */* false=* true=* withheld", "num */* withheld", "day */* withheld",
			"more */* false=* true=* withheld")},
		{"no suppression", 1, map[string]int{
			`{"one":"a","many":["x","y"],"stars":3,"yes":true,"num":1.5,"day":"2024-01-01","more":true}`: 1,
			`{"one":"b","many":["x"],"stars":1,"yes":false,"num":-2,"words":"x"}`:                        1,
			`{"one":"c","many":["z"],"stars":2,"num":0.005}`:                                             1,
			`{"one":"a","many":["y","z"],"more":false,"stars":3,"yes":true,"num":7,"day":"2024-01-01"}`:  1,
			`{"one":"b"}`: 1,
		}, lines("5", "one 5/0 a=2 b=2 c=1", "many 4/1 x=2 y=2 z=2", "stars 4/1 1=1 2=1 3=2", "yes 3/2 false=1 true=2",
			"num 4/1 mean 1.63", "day 2/3", "more 2/3 false=1 true=1")},
		// c=3 goes, and b=20 with it, since a and the total would tell; more rests on one.
		{"complement", 10, map[string]int{`{"one":"a","more":true}`: 50, `{"one":"b"}`: 20, `{"one":"c"}`: 3},
			lines("73", "one 73/0 a=50 b=* c=*", "many */* x=* y=* z=*", "stars */* 1=* 2=* 3=*", "yes */* false=* true=*",
				"num */*", "day */*", "more */* false=* true=* withheld")},
		// b=2 and c=3 would leave 5 as their sum: a goes too.
		{"small sum", 10, map[string]int{`{"one":"a","more":true}`: 50, `{"one":"b"}`: 2, `{"one":"c"}`: 3},
			lines("55", "one 55/0 a=* b=* c=*", "many */* x=* y=* z=*", "stars */* 1=* 2=* 3=*", "yes */* false=* true=*",
				"num */*", "day */*", "more */* false=* true=* withheld")},
		{"shown", 10, map[string]int{
			`{"one":"a","more":true,"many":["x"],"stars":1,"yes":true,"num":10}`:      10,
			`{"one":"a","more":false,"many":["x","y"],"stars":2,"yes":true,"num":20}`: 11,
			`{"one":"b","many":["y","z"],"stars":3,"yes":false}`:                      12,
			`{"one":"c"}`: 13,
		}, lines("46", "one 46/0 a=21 b=12 c=13", "many 33/13 x=21 y=23 z=12", "stars 33/13 1=10 2=11 3=12",
			"yes 33/13 false=12 true=21", "num 21/25 mean 15.24", "day */*", "more 21/25 false=11 true=10")},
		// Nearly everybody chose x: who did not is a small cell.
		{"the rest is small", 10, map[string]int{
			`{"one":"a","more":true,"many":["x"],"yes":true}`:   15,
			`{"one":"a","more":false,"many":["x"],"yes":false}`: 15,
			`{"one":"b","many":["y","x"],"yes":true}`:           15,
			`{"one":"c","many":["y"],"yes":true}`:               6,
			`{"one":"c","many":["z","x","y"]}`:                  4,
			`{"one":"c"}`:                                       10,
		}, lines("65", "one 65/0 a=30 b=15 c=20", "many 55/10 x=* y=25 z=*", "stars */* 1=* 2=* 3=*",
			"yes 51/14 false=15 true=36", "num */*", "day */*", "more 30/35 false=15 true=15")},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 3 {
				if got := table(t, d, c.minCell, c.responses); got != c.want {
					t.Fatalf("got\n%s\nwant\n%s", got, c.want)
				}
			}
		})
	}
}

// TestSuppressionCannotBeUndone attacks partitions of a known total: among all sets of counts that give the same
// published table, no suppressed cell may have one value only.
func TestSuppressionCannotBeUndone(t *testing.T) {
	const minCell, total = 3, 9
	small := func(n int) bool { return n < minCell }
	published := map[string][][]int{}
	for a := 0; a <= total; a++ {
		for b := 0; a+b <= total; b++ {
			for c := 0; a+b+c <= total; c++ {
				counts := []int{a, b, c, total - a - b - c}
				key := ""
				for i, keep := range suppress(counts, minCell, small) {
					if keep {
						if small(counts[i]) {
							t.Fatalf("%v: a small cell is shown", counts)
						}
						key += fmt.Sprint(counts[i])
					}
					key += ","
				}
				published[key] = append(published[key], counts)
			}
		}
	}
	for key, sets := range published {
		for i, part := range strings.Split(strings.TrimSuffix(key, ","), ",") {
			if part != "" {
				continue
			}
			seen := map[int]bool{}
			for _, s := range sets {
				seen[s[i]] = true
			}
			if len(seen) < 2 {
				t.Errorf("table %s tells cell %d: %v", key, i, sets)
			}
		}
	}
}

func TestTallyRefuses(t *testing.T) {
	d := mustParse(t, tallied)
	tally := NewTally(d)
	for _, in := range []string{``, `[]`, `{"one":"zz"}`, `{"one":"a","one":"a"}`, `{"words":"x"}`, `{"nope":1}`, `{"stars":9}`,
		`{"many":["x","x"]}`, `{"num":"3"}`, "{\"one\":\"\xff\"}"} {
		if err := tally.Add([]byte(in)); !errors.Is(err, ErrClosed) {
			t.Errorf("%q: got %v", in, err)
		}
	}
	if res := tally.Result(1); res.Responses != nil {
		t.Errorf("a refused response was counted: %d", *res.Responses)
	}
}

func TestTableJSON(t *testing.T) {
	d := mustParse(t, `{"elements":[{"type":"boolean","name":"a","isRequired":true},{"type":"text","inputType":"number","name":"n"}]}`)
	tally := NewTally(d)
	for i := range 40 {
		if err := tally.Add(fmt.Appendf(nil, `{"a":%t,"n":%d}`, i%4 == 0, i)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := json.Marshal(tally.Result(0))
	want := `{"responses":40,"min_cell":10,"questions":[{"question":"a","kind":"yes_no","answered":40,"unanswered":0,` +
		`"cells":[{"value":"false","count":30},{"value":"true","count":10}]},` +
		`{"question":"n","kind":"number","answered":null,"unanswered":null,"mean":"19.5"}]}`
	if err != nil || string(got) != want {
		t.Fatalf("got  %s\nwant %s (%v)", got, want, err)
	}
}
