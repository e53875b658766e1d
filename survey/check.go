package survey

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Codes of violations. They are stable: sites may translate them.
const (
	CodeSize            = "size"             // the response is longer than MaxResponse
	CodeUTF8            = "utf8"             // the response is not UTF-8
	CodeSyntax          = "syntax"           // the response is not JSON
	CodeDuplicateKey    = "duplicate_key"    // a key stands twice
	CodeUnknownQuestion = "unknown_question" // a key is no question of the survey
	CodeHidden          = "hidden"           // a question is answered that is not shown
	CodeRequired        = "required"         // an answer is missing
	CodeType            = "type"             // the answer is of another JSON type
	CodeChoice          = "choice"           // a value is not offered, or stands twice
	CodeExclusive       = "exclusive"        // "none" together with other choices
	CodeMin             = "min"              // too small, too early, or too few choices
	CodeMax             = "max"              // too large, too late, or too many choices
	CodeInteger         = "integer"          // not a whole number
	CodeDecimals        = "decimals"         // more than six decimals
	CodeDate            = "date"             // not a date of the calendar as YYYY-MM-DD
	CodeLength          = "length"           // the text is too long
	CodeCharacter       = "character"        // a control character in a text
	CodeBlank           = "blank"            // a text of spaces only
)

// Violation is one thing wrong with a response, or one warning about it. Question is empty when no question of the
// survey is concerned; Text is one English sentence that says what to do and never quotes the answer.
type Violation struct {
	Question string
	Code     string
	Text     string
}

// Violations lists everything wrong with a response, at least one: unknown and repeated keys first, then by question.
// At most 256 are listed.
type Violations struct {
	List []Violation
}

// Error names the first violation's code and question and counts the others; it holds no answer.
func (v *Violations) Error() string {
	first := v.List[0]
	s := "check response: " + first.Code
	if first.Question != "" {
		s += " at " + first.Question
	}
	if n := len(v.List); n > 1 {
		s += fmt.Sprintf(" (and %d more)", n-1)
	}
	return s
}

const maxViolations = 256

func (v *Violations) add(question, code, format string, args ...any) {
	if len(v.List) < maxViolations {
		v.List = append(v.List, Violation{question, code, fmt.Sprintf(format, args...)})
	}
}

// Text is one answer in words: to a ShortText or LongText question, or beside "other".
type Text struct {
	Question string // the key in the response: a question's name, or its name with CommentSuffix
	Text     string // not empty, no control character but tab and line feed
}

// Response is a response that Check accepted, in canonical form. It is immutable and safe for concurrent use.
type Response struct {
	d       *Definition
	answers []answer
}

// answer holds what its question's kind says; not present means unanswered or hidden.
type answer struct {
	present bool
	choices []int // Single: one, Multiple: at least one, ascending; indices into Choices
	number  int64 // Rating: whole, in millionths too; Number: millionths
	truth   bool
	text    string // texts; Date
	comment string // beside "other"
}

// choice returns the index of the choice with that value, or -1.
func (q *Question) choice(value string) int {
	return slices.IndexFunc(q.Choices, func(c Choice) bool { return c.Value == value })
}

// Check reads a response: a UTF-8 JSON object from question names to answers, at most MaxResponse bytes. A null, an
// empty string and an empty array count as unanswered. Questions are taken in order, and a question is shown when its
// condition holds over the answers to shown questions. Either the response or the violations are nil.
//
// A question whose condition rests on an answer that was itself refused is neither demanded nor refused as hidden.
func (d *Definition) Check(in []byte) (*Response, *Violations) {
	vs := &Violations{}
	switch {
	case len(in) > MaxResponse:
		vs.add("", CodeSize, "shorten the response to %d bytes", MaxResponse)
		return nil, vs
	case !utf8.Valid(in):
		vs.add("", CodeUTF8, "send the response as UTF-8")
		return nil, vs
	}
	v, err := readJSON(in)
	if err != nil {
		vs.add("", CodeSyntax, "correct the JSON: %s", err.Error())
		return nil, vs
	}
	if v.kind != jsonObject {
		vs.add("", CodeType, "send one object from question names to answers")
		return nil, vs
	}
	given := d.sort(v, vs)
	answers := make([]answer, len(d.questions))
	unsure := make([]bool, len(d.questions)) // the answer was refused, or it is not known whether the question is shown
	for i, q := range d.questions {
		g := given[i]
		shown := true
		if q.cond != nil {
			for _, j := range q.cond.question {
				unsure[i] = unsure[i] || unsure[j]
			}
			shown = unsure[i] || q.cond.holds(answers)
		}
		if !shown {
			if g.has || g.hasComment {
				vs.add(q.Name, CodeHidden, "leave the answer out: the question is not shown to you")
			}
			continue
		}
		before := len(vs.List)
		switch {
		case g.has:
			answers[i] = q.read(g.value, vs)
			if len(vs.List) == before {
				q.readComment(&answers[i], g, vs)
			}
		case g.hasComment:
			vs.add(q.Name, CodeHidden, "leave the text beside \"other\" out: \"other\" is not selected")
		case q.Required && !unsure[i]:
			vs.add(q.Name, CodeRequired, "answer this question")
		}
		unsure[i] = unsure[i] || len(vs.List) > before || len(vs.List) == maxViolations
	}
	if len(vs.List) > 0 {
		return nil, vs
	}
	return &Response{d, answers}, nil
}

// given is what a response holds for one question.
type given struct {
	has, hasComment bool
	value, comment  jsonValue
}

// sort assigns the members of a response to questions and reports those that belong to none or stand twice.
func (d *Definition) sort(v jsonValue, vs *Violations) []given {
	out := make([]given, len(d.questions))
	seen := make(map[string]bool, len(v.members))
	for n, m := range v.members {
		k, ok := d.byKey[m.name]
		if seen[m.name] {
			name := ""
			if ok {
				name = d.questions[k.index].Name
			}
			vs.add(name, CodeDuplicateKey, "send each key once: key number %d stands twice", n+1)
			continue
		}
		seen[m.name] = true
		switch {
		case !ok:
			vs.add("", CodeUnknownQuestion, "leave key number %d out: the survey has no such question", n+1)
		case m.value.empty():
		case k.comment:
			out[k.index].hasComment, out[k.index].comment = true, m.value
		default:
			out[k.index].has, out[k.index].value = true, m.value
		}
	}
	return out
}

// read reads one answer; anything wrong is added to vs.
func (q *Question) read(v jsonValue, vs *Violations) (a answer) {
	kind := jsonString
	switch q.Kind {
	case Multiple:
		kind = jsonArray
	case Rating, Number:
		kind = jsonNumber
	case YesNo:
		kind = jsonBool
	}
	if v.kind != kind {
		vs.add(q.Name, CodeType, "send %s as the answer", kind)
		return a
	}
	a.present = true
	switch q.Kind {
	case Single:
		if i := q.choice(v.text); i >= 0 {
			a.choices = []int{i}
		} else {
			vs.add(q.Name, CodeChoice, "select one of the choices offered")
		}
	case Multiple:
		a.choices = q.readChoices(v, vs)
	case Rating, Number:
		a.number = q.readNumber(v.text, vs)
	case YesNo:
		a.truth = v.truth
	case Date:
		switch a.text = v.text; {
		case !validDate(v.text):
			vs.add(q.Name, CodeDate, "send a date as YYYY-MM-DD, from 1900 to 2199")
		case q.minDate != "" && v.text < q.minDate:
			vs.add(q.Name, CodeMin, "give a date not before %s", q.minDate)
		case q.maxDate != "" && v.text > q.maxDate:
			vs.add(q.Name, CodeMax, "give a date not after %s", q.maxDate)
		}
	default:
		a.text = q.readText(v.text, q.Kind == LongText, vs)
	}
	return a
}

func (q *Question) readChoices(v jsonValue, vs *Violations) (out []int) {
	for n, item := range v.items {
		i := -1
		if item.kind == jsonString {
			i = q.choice(item.text)
		}
		switch {
		case item.kind != jsonString:
			vs.add(q.Name, CodeType, "send strings as choices: number %d is not one", n+1)
		case i < 0:
			vs.add(q.Name, CodeChoice, "select choices that are offered: number %d is not", n+1)
		case slices.Contains(out, i):
			vs.add(q.Name, CodeChoice, "select each choice once: number %d stands twice", n+1)
		default:
			out = append(out, i)
		}
	}
	slices.Sort(out)
	none := q.HasNone && slices.Contains(out, len(q.Choices)-1)
	switch n := len(v.items); {
	case none && n > 1:
		vs.add(q.Name, CodeExclusive, "select \"none\" alone, or leave it out")
	case !none && n < q.MinChoices:
		vs.add(q.Name, CodeMin, "select at least %d choices", q.MinChoices)
	case q.MaxChoices > 0 && n > q.MaxChoices:
		vs.add(q.Name, CodeMax, "select at most %d choices", q.MaxChoices)
	}
	return out
}

func (q *Question) readNumber(s string, vs *Violations) int64 {
	low, high, whole := q.minMicro, q.maxMicro, q.whole
	if q.Kind == Rating {
		low, high, whole = int64(q.RateMin)*micro, int64(q.RateMax)*micro, true
	}
	n, fault := parseMicro(s)
	switch {
	case whole && (fault == decimalFine || n%micro != 0):
		vs.add(q.Name, CodeInteger, "give a whole number")
	case fault == decimalFine:
		vs.add(q.Name, CodeDecimals, "give at most six decimals")
	case fault == decimalSmall || fault == decimalOK && n < low:
		vs.add(q.Name, CodeMin, "give a number not below %s", formatMicro(low))
	case fault == decimalLarge || n > high:
		vs.add(q.Name, CodeMax, "give a number not above %s", formatMicro(high))
	}
	return n
}

// readText returns the text with CR LF and CR turned into LF, where lines are allowed.
func (q *Question) readText(s string, lines bool, vs *Violations) string {
	if lines && strings.Contains(s, "\r") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	bad := func(r rune) bool { return control(r) && (!lines || r != '\n' && r != '\t') }
	if n := units(s); n > q.MaxLength {
		vs.add(q.Name, CodeLength, "shorten the text to %d characters; it has %d", q.MaxLength, n)
	}
	switch {
	case strings.ContainsFunc(s, bad):
		vs.add(q.Name, CodeCharacter, "remove control characters and, in a text of one line, line breaks")
	case !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsSpace(r) }):
		vs.add(q.Name, CodeBlank, "write something or leave the text empty")
	}
	return s
}

// readComment reads the text that "other" asks for, and refuses one without "other".
func (q *Question) readComment(a *answer, g given, vs *Violations) {
	other := q.HasOther && slices.Contains(a.choices, q.choice(OtherValue))
	switch {
	case !other && g.hasComment:
		vs.add(q.Name, CodeHidden, "leave the text beside \"other\" out: \"other\" is not selected")
	case other && !g.hasComment:
		vs.add(q.Name, CodeRequired, "write what \"other\" is, as %s%s", q.Name, CommentSuffix)
	case other && g.comment.kind != jsonString:
		vs.add(q.Name, CodeType, "send a string as %s%s", q.Name, CommentSuffix)
	case other:
		a.comment = q.readText(g.comment.text, true, vs)
	}
}

// validDate accepts YYYY-MM-DD of the Gregorian calendar, 1900 to 2199.
func validDate(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Year() >= 1900 && t.Year() <= 2199
}

// Canonical returns the response in its one encoding: a JSON object without white space, keys in question order (the
// text beside "other" right after its question), choices in the order offered, numbers without exponent or needless
// zeros, only answered questions. At most PaddedSize − EnvelopeRoom bytes; Check accepts it and gives the same again.
func (r *Response) Canonical() []byte { return r.encode(true) }

// Closed returns the canonical response without its texts: what may lie in one row and be tallied. "other" stays as a
// choice, without what was written beside it.
func (r *Response) Closed() []byte { return r.encode(false) }

// Texts returns the answers in words, in question order. They are stored apart from the closed answers.
func (r *Response) Texts() (out []Text) {
	for i, q := range r.d.questions {
		switch a := &r.answers[i]; {
		case a.present && !q.closed():
			out = append(out, Text{q.Name, a.text})
		case a.comment != "":
			out = append(out, Text{q.Name + CommentSuffix, a.comment})
		}
	}
	return out
}

func (r *Response) encode(texts bool) []byte {
	out := []byte{'{'}
	put := func(name string) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(appendString(out, name), ':')
	}
	for i, q := range r.d.questions {
		a := &r.answers[i]
		if !a.present || !texts && !q.closed() {
			continue
		}
		put(q.Name)
		switch q.Kind {
		case Single:
			out = appendString(out, q.Choices[a.choices[0]].Value)
		case Multiple:
			for n, c := range a.choices {
				out = append(out, "[,"[min(n, 1)])
				out = appendString(out, q.Choices[c].Value)
			}
			out = append(out, ']')
		case Rating, Number:
			out = append(out, formatMicro(a.number)...)
		case YesNo:
			out = fmt.Append(out, a.truth)
		default:
			out = appendString(out, a.text)
		}
		if texts && a.comment != "" {
			put(q.Name + CommentSuffix)
			out = appendString(out, a.comment)
		}
	}
	return append(out, '}')
}
