package survey

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
)

// DefaultMinCell is the smallest count that a table shows unless told otherwise.
const DefaultMinCell = 10

// ErrClosed says that bytes given to Tally.Add are not the closed answers of a response to its survey.
var ErrClosed = errors.New("not the closed answers of this survey")

// Tally counts closed answers, one response at a time, in memory that does not grow with them. It is not safe for
// concurrent use.
type Tally struct {
	d         *Definition
	responses int
	questions []tallyQuestion
}

type tallyQuestion struct {
	answered int
	asked    int     // who was shown it
	cells    []int   // by choice, by rating from RateMin, or false and true
	sum      big.Int // Number: millionths
}

// NewTally returns an empty tally of the survey.
func NewTally(d *Definition) *Tally {
	t := &Tally{d: d, questions: make([]tallyQuestion, len(d.questions))}
	for i, q := range d.questions {
		t.questions[i].cells = make([]int, q.cells())
	}
	return t
}

// cells is the number of counted values, 0 where values are not counted.
func (q *Question) cells() int {
	switch q.Kind {
	case Single, Multiple:
		return len(q.Choices)
	case Rating:
		return q.RateMax - q.RateMin + 1
	case YesNo:
		return 2
	}
	return 0
}

// cellValue names a cell as the answer's JSON would, without quotes.
func (q *Question) cellValue(i int) string {
	switch q.Kind {
	case Rating:
		return strconv.Itoa(q.RateMin + i)
	case YesNo:
		return strconv.FormatBool(i == 1)
	}
	return q.Choices[i].Value
}

// Add counts one response by its Response.Closed. Anything else is refused with an error that wraps ErrClosed and counts
// nothing.
func (t *Tally) Add(closed []byte) error {
	v, err := readJSON(closed)
	if err != nil || v.kind != jsonObject {
		return fmt.Errorf("tally response: %w", ErrClosed)
	}
	vs := &Violations{}
	given := t.d.sort(v, vs)
	answers := make([]answer, len(given))
	for i, q := range t.d.questions {
		if given[i].hasComment || given[i].has && !q.closed() {
			return fmt.Errorf("tally response: %s holds a text: %w", q.Name, ErrClosed)
		}
		if given[i].has {
			answers[i] = q.read(given[i].value, vs)
		}
	}
	if len(vs.List) > 0 {
		return fmt.Errorf("tally response: %s %s: %w", vs.List[0].Question, vs.List[0].Code, ErrClosed)
	}
	t.responses++
	for i, q := range t.d.questions {
		a, c := &answers[i], &t.questions[i]
		if q.cond == nil || q.cond.holds(answers) {
			c.asked++
		}
		if !a.present {
			continue
		}
		c.answered++
		switch q.Kind {
		case Single, Multiple:
			for _, n := range a.choices {
				c.cells[n]++
			}
		case Rating:
			c.cells[int(a.number/micro)-q.RateMin]++
		case YesNo:
			if a.truth {
				c.cells[1]++
			} else {
				c.cells[0]++
			}
		case Number:
			c.sum.Add(&c.sum, big.NewInt(a.number))
		}
	}
	return nil
}

// Table is what may be published of a tally. A nil count is suppressed; it marshals to JSON null.
type Table struct {
	Responses *int            `json:"responses"` // all responses
	MinCell   int             `json:"min_cell"`
	Questions []QuestionTable `json:"questions"` // in order, without questions that are answered in words
}

// QuestionTable is the table of one question. Answered and Unanswered sum to Responses; unanswered is who skipped the
// question or was not shown it.
type QuestionTable struct {
	Question   string `json:"question"`
	Kind       Kind   `json:"kind"`
	Withheld   bool   `json:"withheld,omitempty"` // nothing is shown, see Tally.Result
	Answered   *int   `json:"answered"`
	Unanswered *int   `json:"unanswered"`
	Cells      []Cell `json:"cells,omitempty"` // every value, in order; none for Number and Date
	Mean       string `json:"mean,omitempty"`  // Number: two decimals or fewer, see Tally.Result, half away from zero
}

// Cell counts the responses with one value. Of a Multiple question one response may be in several cells.
type Cell struct {
	Value string `json:"value"`
	Count *int   `json:"count"`
}

// Result returns the table with cells below minCell suppressed, zero included; minCell below 1 means DefaultMinCell. The
// same responses in any order give the same table.
//
//   - Fewer than minCell responses: everything is withheld.
//   - Values that exclude each other, and unanswered (unless the question is required and always shown), are the cells
//     of one sum. So are those values and who was shown the question and skipped it, where the question's condition rests on
//     counted answers only: how many were shown it follows from the tables of those. While a single cell, cells of together fewer than minCell, or cells of minCell-1 each would be suppressed,
//     the one before the first of them is suppressed too (before the first cell comes the last), so that none follows from the total. Which
//     it is does not depend on counts: the next smallest would tell its size to whoever knows the rule.
//   - Of Multiple questions answered and unanswered are one such sum; a choice is suppressed also when fewer than
//     minCell of those who answered may have left it out, as far as answered is told, and choices are completed in the same manner.
//   - A Number's mean is shown from minCell answers on: with two decimals, or, where answered is suppressed, with so few that it fits
//     every count of answers.
//   - A question whose condition rests on one with a suppressed cell is withheld, since its total would tell.
func (t *Tally) Result(minCell int) Table {
	if minCell < 1 {
		minCell = DefaultMinCell
	}
	return t.result(minCell, (*Tally).question)
}

// result makes the table out of those of questions.
func (t *Tally) result(minCell int, question func(t *Tally, q *Question, minCell int, withheld bool) QuestionTable) Table {
	table := Table{MinCell: minCell}
	few := t.responses < minCell
	if !few {
		table.Responses = shown(t.responses)
	}
	hides := make([]bool, len(t.questions)) // something of the question is suppressed
	for i, q := range t.d.questions {
		withheld := few
		if q.cond != nil {
			withheld = withheld || slices.ContainsFunc(q.cond.question, func(j int) bool { return hides[j] })
		}
		qt := question(t, q, minCell, withheld)
		hides[i] = withheld || qt.Answered == nil ||
			slices.ContainsFunc(qt.Cells, func(c Cell) bool { return c.Count == nil })
		if q.closed() {
			table.Questions = append(table.Questions, qt)
		}
	}
	return table
}

func (t *Tally) question(q *Question, minCell int, withheld bool) QuestionTable {
	c := &t.questions[q.index]
	out := QuestionTable{Question: q.Name, Kind: q.Kind, Withheld: withheld}
	for i := range c.cells {
		out.Cells = append(out.Cells, Cell{Value: q.cellValue(i)})
	}
	if withheld {
		return out
	}
	unanswered, skipped := t.responses-c.answered, c.asked-c.answered
	told := q.cond != nil && t.d.counted(q.cond) // how many were shown it
	always := q.Required && (q.cond == nil || told && notFew(c.asked, minCell) && notFew(t.responses-c.asked, minCell))
	totals := false // answered and unanswered are shown
	switch {
	case q.Kind == Single || q.Kind == Rating || q.Kind == YesNo:
		counts := slices.Clone(c.cells)
		sums := [][]int{nil} // places of counts that are of one sum, besides the cells
		if !always {
			sums[0] = []int{len(counts)}
			counts = append(counts, unanswered)
		}
		if told && !q.Required {
			sums = append(sums, []int{len(counts)})
			counts = append(counts, skipped)
		} else if told {
			sums = append(sums, nil)
		}
		keep := make([]bool, len(counts))
		for i, n := range counts {
			keep[i] = n >= minCell
		}
		for again := true; again; {
			again = false
			for _, more := range sums {
				again = complete(counts, append(first(len(c.cells)), more...), minCell, keep) || again
			}
		}
		for i := range out.Cells {
			if keep[i] {
				out.Cells[i].Count = shown(c.cells[i])
			}
		}
		totals = !slices.Contains(keep[len(c.cells):], false)
	case always:
		totals = true
	default:
		totals = c.answered >= minCell && unanswered >= minCell && (!told || q.Required || skipped >= minCell)
	}
	if q.Kind == Multiple {
		fewest, asked := c.answered, t.responses // who answered at least, and at most, as far as is told
		if told {
			asked = c.asked
		}
		if !totals {
			fewest = asked - minCell + 1
		}
		keep := suppress(c.cells, minCell, func(n int) bool { return n < minCell || fewest-n < minCell })
		for !totals && slices.Contains(keep, true) { // choices shown bound who answered, who is suppressed
			sum, fewestEach, mostEach := 0, max(1, q.MinChoices), q.MaxChoices
			for i, n := range c.cells {
				if keep[i] {
					sum += n
				}
			}
			if mostEach == 0 || q.HasNone {
				mostEach = len(c.cells)
			}
			if q.HasNone {
				fewestEach = 1
			}
			most := asked
			if !slices.Contains(keep, false) {
				most = min(most, sum/fewestEach)
			}
			if most > max(fewest, (sum+mostEach-1)/mostEach) {
				break
			}
			keep[slices.Index(keep, true)] = false
			complete(c.cells, first(len(keep)), minCell, keep)
		}
		for i := range out.Cells {
			if keep[i] {
				out.Cells[i].Count = shown(c.cells[i])
			}
		}
	}
	if totals {
		out.Answered, out.Unanswered = shown(c.answered), shown(unanswered)
	}
	if q.Kind == Number && c.answered >= minCell && (totals || t.responses > minCell) {
		mean := new(big.Rat).SetFrac(&c.sum, big.NewInt(int64(c.answered)*micro))
		decimals := 2
		for unit := 100; !totals && decimals > 0 && unit > minCell; unit /= 10 { // one step of the last decimal is a step of the sum, at least
			decimals--
		}
		out.Mean = mean.FloatString(decimals)
	}
	return out
}

func shown(n int) *int { return &n }

// notFew tells whether a count says nothing about few people: nobody is not few where that follows from how the survey is made.
func notFew(n, minCell int) bool { return n == 0 || n >= minCell }

// counted tells whether a condition rests on nothing but answers that are counted.
func (d *Definition) counted(c *condition) bool {
	return !slices.ContainsFunc(c.question, func(i int) bool { return !d.questions[i].closed() })
}

// suppress says which counts may be shown.
func suppress(counts []int, minCell int, small func(int) bool) []bool {
	keep := make([]bool, len(counts))
	for i, n := range counts {
		keep[i] = !small(n)
	}
	complete(counts, first(len(counts)), minCell, keep)
	return keep
}

// first is the places 0 to n-1.
func first(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// complete suppresses more counts of one sum, those at places, until the suppressed ones do not follow from it: not by being alone, not by the
// sum being small, and not by each being as large as a small cell can be. It tells whether it did.
func complete(counts, places []int, minCell int, keep []bool) (more bool) {
	hidden, sum := 0, 0
	for _, i := range places {
		if !keep[i] {
			hidden, sum = hidden+1, sum+counts[i]
		}
	}
	for hidden > 0 && hidden < len(places) && (hidden == 1 || sum < minCell || sum == hidden*(minCell-1)) {
		next := 0
		for keep[places[next]] {
			next++
		}
		for !keep[places[next]] {
			next = (next + len(places) - 1) % len(places)
		}
		next = places[next]
		keep[next], more = false, true
		hidden, sum = hidden+1, sum+counts[next]
	}
	return more
}
