package survey

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A condition decides whether a question is shown, from the answers to earlier questions.
//
//	or   = and { "or" and }
//	and  = term { "and" term }
//	term = [ "!" ] "(" or ")" | "{" name "}" test
//	test = "empty" | "notempty"
//	     | ( "=" | "<>" | "!=" | ">" | ">=" | "<" | "<=" ) literal
//	     | ( "contains" | "notcontains" ) literal
//	     | "anyof" "[" literal { "," literal } "]"
//
// Which test a question allows is in tests below; what an absent answer gives is SurveyJS's: false for every test but
// "empty", "<>" and "notcontains".
type condition struct {
	op       string // "and", "or", "!", or a test
	sub      []*condition
	q        *Question
	choices  []int  // indices into q.Choices
	number   int64  // millionths
	truth    bool   //
	date     string //
	question []int  // at the root: indices of the questions named, sorted, once each
}

const (
	maxConditionDepth = 8
	maxConditionTests = 50
)

var tests = map[Kind][]string{
	Single:    {"=", "<>", "anyof", "empty", "notempty"},
	Multiple:  {"contains", "notcontains", "anyof", "empty", "notempty"},
	Rating:    {"=", "<>", ">", ">=", "<", "<=", "empty", "notempty"},
	YesNo:     {"=", "<>", "empty", "notempty"},
	Number:    {"=", "<>", ">", ">=", "<", "<=", "empty", "notempty"},
	Date:      {"=", "<>", ">", ">=", "<", "<=", "empty", "notempty"},
	ShortText: {"empty", "notempty"},
	LongText:  {"empty", "notempty"},
}

type conditionReader struct {
	in       string
	pos      int
	question func(name string) (*Question, error)
	tests    int
	named    []int
}

// parseCondition reads a condition; question resolves a name or says why it may not be used here.
func parseCondition(in string, question func(string) (*Question, error)) (*condition, error) {
	if len(in) > MaxCondition {
		return nil, fmt.Errorf("the condition is longer than %d bytes", MaxCondition)
	}
	r := &conditionReader{in: in, question: question}
	c, err := r.or(0)
	if err == nil && r.token() != "" {
		err = r.errorf("expected \"and\", \"or\" or the end")
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(r.named)
	c.question = slices.Compact(r.named)
	return c, nil
}

func (r *conditionReader) errorf(format string, args ...any) error {
	return fmt.Errorf("%s at byte %d", fmt.Sprintf(format, args...), r.pos)
}

// token returns the next token without taking it: a word, a number, a quoted string, {name}, or a sign; "" at the end.
func (r *conditionReader) token() string {
	for r.pos < len(r.in) && strings.IndexByte(" \t\r\n", r.in[r.pos]) >= 0 {
		r.pos++
	}
	rest := r.in[r.pos:]
	if rest == "" {
		return ""
	}
	word := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.'
	}
	c := rest[0]
	end := 1
	switch {
	case c == '\'' || c == '"':
		if i := strings.IndexByte(rest[1:], c); i >= 0 {
			end = i + 2
		}
	case c == '{':
		if i := strings.IndexByte(rest, '}'); i >= 0 {
			end = i + 1
		}
	case word(c) || c == '-':
		for end < len(rest) && word(rest[end]) {
			end++
		}
	case strings.HasPrefix(rest, "<=") || strings.HasPrefix(rest, ">=") || strings.HasPrefix(rest, "<>") ||
		strings.HasPrefix(rest, "!="):
		end = 2
	}
	return rest[:end]
}

func (r *conditionReader) take(tok string) bool {
	if r.token() == tok {
		r.pos += len(tok)
		return true
	}
	return false
}

func (r *conditionReader) or(depth int) (*condition, error) {
	return r.chain("or", depth, func() (*condition, error) {
		return r.chain("and", depth, func() (*condition, error) { return r.term(depth) })
	})
}

func (r *conditionReader) chain(op string, depth int, next func() (*condition, error)) (*condition, error) {
	if depth > maxConditionDepth {
		return nil, r.errorf("more than %d parentheses are nested", maxConditionDepth)
	}
	first, err := next()
	if err != nil {
		return nil, err
	}
	c := &condition{op: op, sub: []*condition{first}}
	for r.take(op) {
		more, err := next()
		if err != nil {
			return nil, err
		}
		c.sub = append(c.sub, more)
	}
	if len(c.sub) == 1 {
		return first, nil
	}
	return c, nil
}

func (r *conditionReader) term(depth int) (*condition, error) {
	tok := r.token()
	switch {
	case tok == "not":
		return nil, r.errorf("\"not\" is not in the grammar of SurveyJS; write ! before a parenthesis")
	case tok == "!" || tok == "(":
		not := r.take("!")
		if !r.take("(") {
			return nil, r.errorf("expected a parenthesis after !")
		}
		c, err := r.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if !r.take(")") {
			return nil, r.errorf("expected a closing parenthesis")
		}
		if not {
			c = &condition{op: "!", sub: []*condition{c}}
		}
		return c, nil
	case len(tok) > 2 && tok[0] == '{':
		return r.test(tok[1 : len(tok)-1])
	}
	return nil, r.errorf("expected {question}, ! or a parenthesis")
}

func (r *conditionReader) test(name string) (*condition, error) {
	if r.tests++; r.tests > maxConditionTests {
		return nil, r.errorf("more than %d tests", maxConditionTests)
	}
	q, err := r.question(name)
	if err != nil {
		return nil, err
	}
	r.pos += len(name) + 2
	op := r.token()
	canonical := op
	if op == "!=" {
		canonical = "<>"
	}
	if !slices.Contains(tests[q.Kind], canonical) {
		return nil, r.errorf("a %s question can be tested only with: %s", q.Kind, strings.Join(tests[q.Kind], ", "))
	}
	r.pos += len(op)
	r.named = append(r.named, q.index)
	c := &condition{op: canonical, q: q}
	switch canonical {
	case "empty", "notempty":
		return c, nil
	case "anyof":
		if !r.take("[") {
			return nil, r.errorf("expected [ after anyof")
		}
		for {
			if err := r.literal(c); err != nil {
				return nil, err
			}
			if r.take("]") {
				return c, nil
			}
			if !r.take(",") {
				return nil, r.errorf("expected a comma or ]")
			}
		}
	}
	return c, r.literal(c)
}

var errLiteral = errors.New("no such literal")

// literal reads a value that fits the question of c.
func (r *conditionReader) literal(c *condition) error {
	tok := r.token()
	quoted, isQuoted := "", false
	if len(tok) >= 2 && (tok[0] == '\'' || tok[0] == '"') && tok[len(tok)-1] == tok[0] {
		quoted, isQuoted = tok[1:len(tok)-1], true
	}
	want, err := "", errLiteral
	switch c.q.Kind {
	case Single, Multiple:
		want = "one of the question's choice values in quotes"
		if i := c.q.choice(quoted); isQuoted && i >= 0 {
			c.choices, err = append(c.choices, i), nil
		}
	case YesNo:
		want = "true or false"
		if tok == "true" || tok == "false" {
			c.truth, err = tok == "true", nil
		}
	case Rating, Number:
		want = "a number without quotes"
		if v, e := readJSON([]byte(tok)); e == nil && v.kind == jsonNumber && !strings.ContainsAny(tok, "eE") {
			if n, fault := parseMicro(tok); fault == decimalOK {
				c.number, err = n, nil
			}
		}
	case Date:
		want = "a date as 'YYYY-MM-DD'"
		if isQuoted && validDate(quoted) {
			c.date, err = quoted, nil
		}
	}
	if err != nil {
		return r.errorf("expected %s", want)
	}
	r.pos += len(tok)
	return nil
}

// holds evaluates a condition over the answers so far; an answer not present stands for unanswered or hidden.
func (c *condition) holds(answers []answer) bool {
	switch c.op {
	case "and":
		for _, s := range c.sub {
			if !s.holds(answers) {
				return false
			}
		}
		return true
	case "or":
		for _, s := range c.sub {
			if s.holds(answers) {
				return true
			}
		}
		return false
	case "!":
		return !c.sub[0].holds(answers)
	}
	a := &answers[c.q.index]
	switch c.op {
	case "empty":
		return !a.present
	case "notempty":
		return a.present
	case "<>":
		return !a.present || c.compare(a) != 0
	case "notcontains":
		return !a.present || !c.any(a)
	}
	if !a.present {
		return false
	}
	switch c.op {
	case "=":
		return c.compare(a) == 0
	case ">":
		return c.compare(a) > 0
	case ">=":
		return c.compare(a) >= 0
	case "<":
		return c.compare(a) < 0
	case "<=":
		return c.compare(a) <= 0
	}
	return c.any(a) // contains, anyof
}

func (c *condition) any(a *answer) bool {
	for _, i := range c.choices {
		if slices.Contains(a.choices, i) {
			return true
		}
	}
	return false
}

func (c *condition) compare(a *answer) int {
	switch c.q.Kind {
	case Single:
		return a.choices[0] - c.choices[0]
	case YesNo:
		if a.truth == c.truth {
			return 0
		}
		return 1
	case Date:
		return strings.Compare(a.text, c.date)
	}
	switch {
	case a.number < c.number:
		return -1
	case a.number > c.number:
		return 1
	}
	return 0
}
