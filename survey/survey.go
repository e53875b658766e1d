// Package survey reads a survey's definition, checks a response against it, and tallies responses.
//
// It is not a form, a store or an importer: it turns bytes into values and values into bytes, and imports only the
// standard library, without clock, network, database or randomness. The exchange format is a small, documented subset
// of SurveyJS JSON (docs/SURVEY.md), so a site may render the same definition with the SurveyJS form library.
//
// Invariants:
//   - One encoding: a response has exactly one canonical form, and checking that form gives the same bytes again.
//   - All at once: a refused definition or response lists everything that is wrong with it, and never quotes an answer.
//   - One length: no canonical response is longer than the bound behind [Definition.PaddedSize].
//   - The browser's logic is the server's: only those conditions are accepted that SurveyJS decides the same way.
//
// Begin with [Parse], then [Definition.Check]; statistics begin with [NewTally].
package survey

import "strings"

// Limits of a definition and a response. Lengths of texts are in UTF-16 code units, as browsers count them.
const (
	MaxDefinition = 256 << 10 // bytes of a definition's JSON
	MaxQuestions  = 100       // questions in a definition
	MaxChoices    = 200       // choices of one question
	MaxLabel      = 1000      // length of one title, description or label
	MaxCondition  = 1000      // bytes of one visibleIf
	MaxResponse   = 32 << 10  // bytes of a response's JSON as sent
	MaxPadded     = 64 << 10  // bytes, the largest PaddedSize a definition may have
	MaxRateSteps  = 20        // values of one rating

	// EnvelopeRoom is how many bytes PaddedSize leaves beside the canonical response, for the consents and the hash
	// of the answer secret that are sealed with it.
	EnvelopeRoom = 512

	// Lengths that apply where a definition gives none.
	DefaultShortText = 255
	DefaultLongText  = 2000
	DefaultOther     = 255
)

// Kind says what a question asks for. The zero value is no kind.
type Kind string

// The kinds of question. The comment gives the SurveyJS type and the JSON of an answer.
const (
	Single    Kind = "single"     // radiogroup, dropdown: string, one choice's value
	Multiple  Kind = "multiple"   // checkbox: array of distinct choice values
	Rating    Kind = "rating"     // rating: whole number
	YesNo     Kind = "yes_no"     // boolean: true or false
	Number    Kind = "number"     // text, inputType number: number, at most six decimals, within ±10^12
	Date      Kind = "date"       // text, inputType date: string YYYY-MM-DD, years 1900 to 2199
	ShortText Kind = "short_text" // text: string of one line
	LongText  Kind = "long_text"  // comment: string
)

// Label is a text in up to three forms: without a language, in Traditional Chinese of Taiwan, in English. Its zero
// value is an absent label.
type Label struct {
	Default string // SurveyJS key "default", or a plain string
	ZhTW    string // SurveyJS key "zh-tw"
	En      string // SurveyJS key "en"
}

// In returns the label for a locale ("zh-tw", "zh-Hant-TW" or "en", any case), else Default, else the form that is there.
func (l Label) In(locale string) string {
	order := []string{l.Default, l.ZhTW, l.En}
	switch low := strings.ToLower(locale); {
	case strings.HasPrefix(low, "zh"):
		order = []string{l.ZhTW, l.Default, l.En}
	case strings.HasPrefix(low, "en"):
		order = []string{l.En, l.Default, l.ZhTW}
	}
	for _, s := range order {
		if s != "" {
			return s
		}
	}
	return ""
}

func (l Label) forms() []string { return []string{l.Default, l.ZhTW, l.En} }

// Choice is one value that a Single or Multiple question offers. Value is what an answer holds, Text what people read.
type Choice struct {
	Value string
	Text  Label
}

// Values of the two built-in choices, and the suffix of the key that holds the text beside "other" (SurveyJS).
const (
	OtherValue    = "other"
	NoneValue     = "none"
	CommentSuffix = "-Comment"
)

// Question is one question of a definition. Treat it as read-only.
type Question struct {
	Name        string // [a-z][a-z0-9_]{0,31}, unique in the definition
	Kind        Kind
	Title       Label // may be absent: a form then shows Name
	Description Label
	Required    bool
	VisibleIf   string // the condition as written, empty when the question is always shown

	Choices  []Choice // Single, Multiple: as written, then Other, then None where they are switched on
	HasOther bool     // the choice "other" is offered and asks for a text
	HasNone  bool     // Multiple: the choice "none" is offered and excludes all others
	Dropdown bool     // Single: shown as a dropdown
	// MinChoices and MaxChoices bound an answered Multiple question, in choices; 0 is no bound. "none" is exempt
	// from MinChoices.
	MinChoices, MaxChoices int

	RateMin, RateMax int // Rating: both inclusive

	// MaxLength bounds a ShortText or LongText answer, or the text beside "other", in UTF-16 code units.
	MaxLength int

	whole            bool   // Number: step 1
	minMicro         int64  // Number: inclusive, millionths
	maxMicro         int64  // Number: inclusive, millionths
	minDate, maxDate string // Date: inclusive, empty is no bound

	cond  *condition
	index int
}

// Min and Max return the inclusive bounds of a Number (decimal) or Date (YYYY-MM-DD) question, and are empty for other
// kinds and for a date without that bound.
func (q *Question) Min() string { return q.limit(q.minMicro, q.minDate) }

// Max is the upper bound; see Min.
func (q *Question) Max() string { return q.limit(q.maxMicro, q.maxDate) }

func (q *Question) limit(micro int64, date string) string {
	if q.Kind == Number {
		return formatMicro(micro)
	}
	return date
}

// closed reports whether answers are values from a known set or scale, as opposed to words somebody wrote.
func (q *Question) closed() bool { return q.Kind != ShortText && q.Kind != LongText }

// Page is one page of a form. Pages only group questions.
type Page struct {
	Name        string
	Title       Label
	Description Label
	Questions   []*Question
}

// Definition is a survey that Parse accepted. It is immutable and safe for concurrent use; its zero value is not usable.
type Definition struct {
	Title       Label
	Description Label
	Locale      string // "zh-tw", "en" or empty
	Pages       []Page // at least one

	questions []*Question
	byKey     map[string]key
	bound     int
}

// key is what a response's object key stands for: a question, or the text beside its "other".
type key struct {
	index   int
	comment bool
}

// Questions returns the questions in order, which is also the order of keys in a canonical response.
func (d *Definition) Questions() []*Question { return append([]*Question(nil), d.questions...) }

// Question returns the question of that name, or nil.
func (d *Definition) Question(name string) *Question {
	if k, ok := d.byKey[name]; ok && !k.comment {
		return d.questions[k.index]
	}
	return nil
}

// PaddedSize is the one length, in bytes, to which every response to this survey is padded before it is sealed: an
// upper bound of any canonical response, and EnvelopeRoom, rounded up to 1 KiB. At most MaxPadded.
func (d *Definition) PaddedSize() int { return (d.bound + EnvelopeRoom + 1023) / 1024 * 1024 }
