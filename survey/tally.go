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
	Mean       string `json:"mean,omitempty"`  // Number: two decimals, half away from zero
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
//     of one sum. While a single cell, cells of together fewer than minCell, or cells of minCell-1 each would be suppressed,
//     the next smallest is suppressed too (of equal ones the earlier), so that none follows from the total.
//   - Of Multiple questions answered and unanswered are one such sum; a choice is suppressed also when fewer than
//     minCell of those who answered left it out, and choices are completed in the same manner.
//   - A Number's mean is shown from minCell answers on.
//   - A question whose condition rests on one with a suppressed cell is withheld, since its total would tell.
func (t *Tally) Result(minCell int) Table {
	if minCell < 1 {
		minCell = DefaultMinCell
	}
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
		qt := t.question(q, minCell, withheld)
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
	unanswered := t.responses - c.answered
	always := q.Required && q.cond == nil
	totals := false // answered and unanswered are shown
	switch {
	case q.Kind == Single || q.Kind == Rating || q.Kind == YesNo:
		counts := slices.Clone(c.cells)
		if !always {
			counts = append(counts, unanswered)
		}
		keep := suppress(counts, minCell, func(n int) bool { return n < minCell })
		for i := range out.Cells {
			if keep[i] {
				out.Cells[i].Count = shown(c.cells[i])
			}
		}
		totals = always || keep[len(keep)-1]
	case always:
		totals = true
	default:
		totals = suppress([]int{c.answered, unanswered}, minCell, func(n int) bool { return n < minCell })[0]
	}
	if q.Kind == Multiple {
		keep := suppress(c.cells, minCell, func(n int) bool { return n < minCell || c.answered-n < minCell })
		for i := range out.Cells {
			if keep[i] {
				out.Cells[i].Count = shown(c.cells[i])
			}
		}
	}
	if totals {
		out.Answered, out.Unanswered = shown(c.answered), shown(unanswered)
	}
	if q.Kind == Number && c.answered >= minCell {
		mean := new(big.Rat).SetFrac(&c.sum, big.NewInt(int64(c.answered)*micro))
		out.Mean = mean.FloatString(2)
	}
	return out
}

func shown(n int) *int { return &n }

// suppress says which counts may be shown. Suppressed cells must not follow from their sum: not by being alone, not by
// the sum being small, and not by each being as large as a small cell can be.
func suppress(counts []int, minCell int, small func(int) bool) []bool {
	keep := make([]bool, len(counts))
	hidden, sum := 0, 0
	for i, n := range counts {
		if keep[i] = !small(n); !keep[i] {
			hidden, sum = hidden+1, sum+n
		}
	}
	for hidden > 0 && hidden < len(counts) && (hidden == 1 || sum < minCell || sum == hidden*(minCell-1)) {
		next := -1
		for i, n := range counts {
			if keep[i] && (next < 0 || n < counts[next]) {
				next = i
			}
		}
		keep[next] = false
		hidden, sum = hidden+1, sum+counts[next]
	}
	return keep
}
