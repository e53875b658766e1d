package survey

import (
	"fmt"
	"regexp"
	"slices"
)

// Problem is one thing wrong with a definition. Path names the place ("pages[0].elements[2].choices[1].value", empty
// for the whole), Text says what to do, in one sentence.
type Problem struct {
	Path string
	Text string
}

// DefinitionError lists all that is wrong with a definition, at least one problem and at most 200, in the order read;
// conditions are read last.
type DefinitionError struct {
	Problems []Problem
}

func (e *DefinitionError) Error() string {
	p := e.Problems[0]
	if p.Path != "" {
		p.Text = p.Path + ": " + p.Text
	}
	if n := len(e.Problems); n > 1 {
		return fmt.Sprintf("read survey definition: %s (and %d more)", p.Text, n-1)
	}
	return "read survey definition: " + p.Text
}

const maxProblems = 200

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// Parse reads a definition: UTF-8 JSON of at most MaxDefinition bytes in the subset of docs/SURVEY.md. Everything
// outside the subset is refused. The error is a *DefinitionError.
func Parse(in []byte) (*Definition, error) {
	p := &parser{d: &Definition{byKey: map[string]key{}}, pageNames: map[string]bool{}}
	if len(in) > MaxDefinition {
		p.problem("", "shorten the definition to %d bytes", MaxDefinition)
	} else if v, err := readJSON(in); err != nil {
		p.problem("", "correct the JSON: %s", err.Error())
	} else {
		p.definition(v)
	}
	if len(p.problems) > 0 {
		return nil, &DefinitionError{p.problems}
	}
	return p.d, nil
}

type parser struct {
	d         *Definition
	problems  []Problem
	pageNames map[string]bool
	paths     []string // of the questions
	otherMax  int      // maxCommentLength
	textMax   int      // maxTextLength
	clears    bool     // clearInvisibleValues is "onHidden"
	nested    int      // questions seen, also refused ones
}

func (p *parser) problem(path, format string, args ...any) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, Problem{path, fmt.Sprintf(format, args...)})
	}
}

func (p *parser) definition(v jsonValue) {
	f, ok := p.object(v, "")
	if !ok {
		return
	}
	p.d.Title, p.d.Description = f.label("title"), f.label("description")
	if p.d.Locale = f.text("locale"); !slices.Contains([]string{"", "zh-tw", "en"}, p.d.Locale) {
		p.problem("locale", "use zh-tw or en")
	}
	if mode, ok := f.take("clearInvisibleValues", jsonString); ok {
		if p.clears = mode.text == "onHidden"; !p.clears {
			p.problem("clearInvisibleValues", "use onHidden")
		}
	}
	p.textMax = f.whole("maxTextLength", 1, 10000, 0)
	_, old := f.values["maxOthersLength"]
	_, now := f.values["maxCommentLength"]
	if old && now {
		p.problem("maxOthersLength", "give only maxCommentLength, its newer name")
	}
	p.otherMax = f.whole("maxCommentLength", 1, 10000, f.whole("maxOthersLength", 1, 10000, DefaultOther))

	pages, hasPages := f.take("pages", jsonArray)
	elements, hasElements := f.take("elements", jsonArray)
	switch {
	case hasPages && hasElements:
		p.problem("elements", "put the questions into pages or into elements, not both")
	case hasPages:
		for i, v := range pages.items {
			p.page(v, fmt.Sprintf("pages[%d]", i))
		}
	case hasElements:
		p.d.Pages = []Page{{Questions: p.elements(elements.items, "elements")}}
	}
	f.done("see the list of survey keys")
	if p.nested == 0 && !(hasPages && hasElements) {
		p.problem("", "add at least one question in pages[].elements or elements")
	}
	if p.nested > MaxQuestions {
		p.problem("", "ask at most %d questions", MaxQuestions)
	}
	p.conditions()
	if len(p.problems) == 0 {
		p.finish()
	}
}

func (p *parser) page(v jsonValue, path string) {
	f, ok := p.object(v, path)
	if !ok {
		return
	}
	page := Page{Name: f.text("name"), Title: f.label("title"), Description: f.label("description")}
	if page.Name != "" {
		if !namePattern.MatchString(page.Name) {
			p.problem(f.at("name"), "name pages by the pattern [a-z][a-z0-9_]{0,31}")
		} else if p.pageNames[page.Name] {
			p.problem(f.at("name"), "two pages have this name")
		}
		p.pageNames[page.Name] = true
	}
	elements, _ := f.take("elements", jsonArray)
	page.Questions = p.elements(elements.items, f.at("elements"))
	f.done("a page has name, title, description and elements")
	p.d.Pages = append(p.d.Pages, page)
}

func (p *parser) elements(items []jsonValue, path string) (qs []*Question) {
	for i, v := range items {
		if p.nested++; p.nested > MaxQuestions {
			break // said once, by definition
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		f, ok := p.object(v, at)
		if !ok {
			continue
		}
		if q := p.question(f); q != nil {
			q.index = len(p.d.questions)
			p.d.questions = append(p.d.questions, q)
			p.paths = append(p.paths, at)
			qs = append(qs, q)
		}
	}
	return qs
}

func (p *parser) question(f *fields) *Question {
	q := &Question{Name: f.text("name"), Title: f.label("title"), Description: f.label("description"),
		Required: f.truth("isRequired"), VisibleIf: f.text("visibleIf")}
	f.label("requiredErrorText")
	if !namePattern.MatchString(q.Name) {
		p.problem(f.at("name"), "name questions by the pattern [a-z][a-z0-9_]{0,31}")
	} else if _, taken := p.d.byKey[q.Name]; taken {
		p.problem(f.at("name"), "two questions have this name")
	} else {
		p.d.byKey[q.Name] = key{index: len(p.d.questions)}
	}
	var placeholder Label
	switch kind := f.text("type"); kind {
	case "radiogroup", "dropdown":
		q.Kind, q.Dropdown = Single, kind == "dropdown"
		if q.Dropdown {
			placeholder = f.label("placeholder")
		} else {
			f.whole("colCount", 0, 5, 1)
		}
		p.choices(f, q)
	case "checkbox":
		q.Kind = Multiple
		f.whole("colCount", 0, 5, 1)
		p.choices(f, q)
		q.MinChoices = f.whole("minSelectedChoices", 0, MaxChoices, 0)
		q.MaxChoices = f.whole("maxSelectedChoices", 0, MaxChoices, 0)
		most := len(q.Choices)
		if q.HasNone {
			most--
		}
		if q.MinChoices > most || q.MaxChoices > 0 && q.MinChoices > q.MaxChoices {
			p.problem(f.at("minSelectedChoices"), "lower it: so many choices cannot be selected")
		}
	case "rating":
		q.Kind = Rating
		q.RateMin, q.RateMax = f.whole("rateMin", 0, 100, 1), f.whole("rateMax", 0, 100, 5)
		f.label("minRateDescription")
		f.label("maxRateDescription")
		if n := q.RateMax - q.RateMin + 1; n < 2 || n > MaxRateSteps {
			p.problem(f.at("rateMax"), "let a rating have from 2 to %d values", MaxRateSteps)
		}
	case "boolean":
		q.Kind = YesNo
		f.label("labelTrue")
		f.label("labelFalse")
	case "text":
		if placeholder = f.label("placeholder"); !p.input(f, q) {
			return nil
		}
	case "comment":
		q.Kind = LongText
		placeholder = f.label("placeholder")
		f.whole("rows", 1, 50, 4)
		q.MaxLength = p.length(f, DefaultLongText)
	case "":
		p.problem(f.at("type"), "give the question's type")
		return nil
	default:
		p.problem(f.at("type"), "use radiogroup, dropdown, checkbox, rating, boolean, text or comment")
		return nil
	}
	f.done("see the list of keys for this type")
	for _, what := range lint(q, placeholder) {
		p.problem(f.path, "an answer must not hold %s; ask for it in the entry, or reword the question", what)
	}
	return q
}

func (p *parser) length(f *fields, otherwise int) int {
	if p.textMax > 0 {
		otherwise = p.textMax
	}
	return f.whole("maxLength", 1, 10000, otherwise)
}

// input reads the rest of a text question; false when its inputType is refused.
func (p *parser) input(f *fields, q *Question) bool {
	switch kind := f.text("inputType"); {
	case kind == "" || kind == "text":
		q.Kind = ShortText
		q.MaxLength = p.length(f, DefaultShortText)
	case kind == "number":
		q.Kind, q.minMicro, q.maxMicro = Number, -maxMicro, maxMicro
		p.bound(f, "min", &q.minMicro)
		p.bound(f, "max", &q.maxMicro)
		if step, ok := f.take("step", jsonNumber); ok {
			if q.whole = step.text == "1"; !q.whole {
				p.problem(f.at("step"), "use 1 for whole numbers, or leave the key out")
			}
		}
		if q.minMicro > q.maxMicro || q.whole && floor(q.maxMicro) < q.minMicro {
			p.problem(f.at("max"), "no number lies between min and max")
		}
	case kind == "date":
		q.Kind = Date
		q.minDate, q.maxDate = p.date(f, "min"), p.date(f, "max")
		if q.minDate != "" && q.maxDate != "" && q.minDate > q.maxDate {
			p.problem(f.at("max"), "no date lies between min and max")
		}
	case slices.Contains(contactTypes, kind):
		p.problem(f.at("inputType"), "an answer must not hold a contact or a secret; ask for it in the entry")
		return false
	default:
		p.problem(f.at("inputType"), "use text, number or date")
		return false
	}
	return true
}

func (p *parser) choices(f *fields, q *Question) {
	list, _ := f.take("choices", jsonArray)
	if len(list.items) == 0 {
		p.problem(f.at("choices"), "give at least one choice")
	}
	q.HasOther = f.truth("showOtherItem")
	otherText := f.label("otherText")
	f.label("otherPlaceholder")
	var noneText Label
	if q.Kind == Multiple {
		q.HasNone, noneText = f.truth("showNoneItem"), f.label("noneText")
	}
	if len(list.items) > MaxChoices {
		p.problem(f.at("choices"), "offer at most %d choices", MaxChoices)
		list.items = nil
	}
	seen := map[string]bool{}
	for i, v := range list.items {
		path := fmt.Sprintf("%s[%d]", f.at("choices"), i)
		c := Choice{Value: v.text}
		if v.kind == jsonObject {
			g, _ := p.object(v, path)
			c.Value, c.Text = g.text("value"), g.label("text")
			g.done("a choice has value and text")
			path = g.at("value")
		} else if v.kind != jsonString {
			p.problem(path, "expected a string or an object with value and text, found %s", v.kind)
			continue
		}
		if why := refuseValue(c.Value); why != "" {
			p.problem(path, "%s", why)
			continue
		}
		if c.Value == OtherValue && q.HasOther || c.Value == NoneValue && q.HasNone {
			p.problem(path, "this value is taken by showOtherItem or showNoneItem")
		}
		if same := looseKey(c.Value); seen[same] {
			p.problem(path, "SurveyJS does not tell this value from another one of the question")
		} else {
			seen[same] = true
		}
		q.Choices = append(q.Choices, c)
	}
	if q.HasOther {
		q.Choices = append(q.Choices, Choice{OtherValue, otherText})
		q.MaxLength = p.otherMax
	}
	if q.HasNone {
		q.Choices = append(q.Choices, Choice{NoneValue, noneText})
	}
}

// conditions reads every visibleIf, now that the questions are known.
func (p *parser) conditions() {
	conditional := false
	for _, q := range p.d.questions {
		if q.VisibleIf == "" {
			continue
		}
		conditional = true
		cond, err := parseCondition(q.VisibleIf, func(name string) (*Question, error) {
			k, ok := p.d.byKey[name]
			switch {
			case !ok || k.index >= len(p.d.questions) || p.d.questions[k.index].Name != name:
				return nil, fmt.Errorf("there is no question {%s}", clip(name))
			case k.index >= q.index:
				return nil, fmt.Errorf("{%s} does not stand before this question", name)
			}
			return p.d.questions[k.index], nil
		})
		if err != nil {
			p.problem(p.paths[q.index]+".visibleIf", "%s", err.Error())
			continue
		}
		q.cond = cond
	}
	if conditional && !p.clears {
		p.problem("clearInvisibleValues", "set it to onHidden, so that a form drops the answers to questions it hides")
	}
}

// finish adds the keys of texts beside "other" and computes the bound of a canonical response.
func (p *parser) finish() {
	d := p.d
	d.bound = len("{}")
	for i, q := range d.questions {
		d.bound += len(q.Name) + len(`"":,`)
		switch q.Kind {
		case Single, Multiple:
			longest, sum := 0, len("[]")
			for _, c := range q.Choices {
				n := len(c.Value) + len(`"",`)
				longest, sum = max(longest, n), sum+n
			}
			if q.Kind == Single {
				sum = longest
			}
			d.bound += sum
			if q.HasOther {
				d.byKey[q.Name+CommentSuffix] = key{i, true}
				d.bound += len(q.Name+CommentSuffix) + len(`"":,`) + textBound(q.MaxLength)
			}
		case Rating:
			d.bound += len("100")
		case YesNo:
			d.bound += len("false")
		case Number:
			d.bound += maxNumberText
		case Date:
			d.bound += len(`"2006-01-02"`)
		default:
			d.bound += textBound(q.MaxLength)
		}
	}
	if d.PaddedSize() > MaxPadded {
		p.problem("", "lower the maxLength of texts: a full response may take %d bytes, more than the %d that fit",
			d.bound, MaxPadded-EnvelopeRoom)
	}
}

// textBound: a UTF-16 unit takes at most 3 bytes of UTF-8 (a pair takes 4), an escaped one 2.
func textBound(length int) int { return 3*length + len(`""`) }
