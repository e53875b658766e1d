package survey

import "regexp"

// Codes of warnings about texts.
const (
	FlagIDNumber    = "id_number"    // looks like a Taiwanese ID or residence number
	FlagPhoneNumber = "phone_number" // looks like a telephone number of Taiwan
	FlagEmail       = "email"        // looks like an e-mail address
)

// The patterns allow separators between digits and do not look at check digits: a mistyped ID number tells as much.
var flagPatterns = []struct {
	code    string
	pattern *regexp.Regexp
	text    string
}{
	{FlagIDNumber, regexp.MustCompile(`(?i)(?:^|[^a-z0-9])[a-z][\s.-]?[1289a-d](?:[\s.-]?[0-9]){8}(?:[^0-9]|$)`),
		"the text seems to hold an ID number; take it out, the answers need to name nobody"},
	{FlagPhoneNumber, regexp.MustCompile(`(?:^|[^0-9])(?:\+?886[\s().-]{0,3}(?:\(?0\)?[\s().-]{0,3})?|0[\s().-]{0,3})[2-9](?:[\s().-]{0,3}[0-9]){7,8}(?:[^0-9]|$)`),
		"the text seems to hold a telephone number; take it out, the answers need to name nobody"},
	{FlagEmail, regexp.MustCompile(`(?i)[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+`),
		"the text seems to hold an e-mail address; take it out, the answers need to name nobody"},
}

// Flags returns warnings, in question order, about texts that seem to hold an ID number, a telephone number or an e-mail
// address. They are no refusal: a site asks the sender once more, staff see them before publishing. Full-width forms are
// read as ASCII.
func (r *Response) Flags() (out []Violation) {
	for _, t := range r.Texts() {
		folded := fold(t.Text)
		for _, f := range flagPatterns {
			if f.pattern.MatchString(folded) {
				out = append(out, Violation{t.Question, f.code, f.text})
			}
		}
	}
	return out
}
