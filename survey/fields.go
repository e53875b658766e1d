package survey

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// fields is one object being read; keys that nobody asked for are refused by done.
type fields struct {
	p      *parser
	path   string
	values map[string]jsonValue
	order  []string
}

func (p *parser) object(v jsonValue, path string) (*fields, bool) {
	if v.kind != jsonObject {
		p.problem(path, "expected an object, found %s", v.kind)
		return nil, false
	}
	f := &fields{p, path, map[string]jsonValue{}, nil}
	for _, m := range v.members {
		if _, twice := f.values[m.name]; twice {
			p.problem(f.at(m.name), "the key stands twice")
			continue
		}
		f.values[m.name] = m.value
		f.order = append(f.order, m.name)
	}
	return f, true
}

func (f *fields) at(name string) string {
	if name = clip(name); f.path == "" {
		return name
	}
	return f.path + "." + name
}

// take returns the value of a key that is there and of the wanted kind, and removes it.
func (f *fields) take(name string, kind jsonKind) (v jsonValue, ok bool) {
	v, ok = f.values[name]
	delete(f.values, name)
	if ok && v.kind != kind {
		f.p.problem(f.at(name), "expected %s, found %s", kind, v.kind)
		ok = false
	}
	return v, ok
}

func (f *fields) text(name string) string {
	v, _ := f.take(name, jsonString)
	return v.text
}

func (f *fields) truth(name string) bool {
	v, _ := f.take(name, jsonBool)
	return v.truth
}

// whole reads a whole number within [low, high]; absent gives otherwise.
func (f *fields) whole(name string, low, high, otherwise int) int {
	v, ok := f.take(name, jsonNumber)
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(v.text)
	if err != nil || n < low || n > high {
		f.p.problem(f.at(name), "expected a whole number from %d to %d", low, high)
		return otherwise
	}
	return n
}

func (f *fields) label(name string) (l Label) {
	v, ok := f.values[name]
	delete(f.values, name)
	if !ok {
		return l
	}
	path := f.at(name)
	switch v.kind {
	case jsonString:
		l.Default = f.p.labelText(v.text, path)
	case jsonObject:
		g, _ := f.p.object(v, path)
		for _, form := range []struct {
			name string
			into *string
		}{{"default", &l.Default}, {"zh-tw", &l.ZhTW}, {"en", &l.En}} {
			if v, ok := g.take(form.name, jsonString); ok {
				*form.into = f.p.labelText(v.text, g.at(form.name))
			}
		}
		if len(g.order) == 0 {
			f.p.problem(path, "give at least one of default, zh-tw and en")
		}
		g.done("use the languages default, zh-tw and en")
	default:
		f.p.problem(path, "expected a string or an object of languages, found %s", v.kind)
	}
	return l
}

func (p *parser) labelText(s, path string) string {
	switch {
	case strings.TrimSpace(s) == "":
		p.problem(path, "write a text or leave the key out")
	case units(s) > MaxLabel:
		p.problem(path, "shorten the text to %d characters", MaxLabel)
	case strings.ContainsFunc(s, func(r rune) bool { return control(r) && r != '\n' }):
		p.problem(path, "remove the control characters")
	case strings.ContainsAny(s, "{}"):
		p.problem(path, "remove the braces: piping answers into texts is not supported")
	}
	return s
}

// done refuses the keys that are left.
func (f *fields) done(hint string) {
	for _, name := range f.order {
		if _, left := f.values[name]; left {
			f.p.problem(f.at(name), "the key is not supported here; %s", hint)
		}
	}
}

// clip keeps a name of the definition short enough for a message.
func clip(s string) string {
	if len(s) <= 40 {
		return s
	}
	cut := 40
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

func control(r rune) bool { return r < 0x20 || r >= 0x7F && r <= 0x9F }

// refuseValue says what is wrong with a choice value: it must be safe inside a condition's quotes, and SurveyJS must
// not take it for something else.
func refuseValue(s string) string {
	switch {
	case s == "" || units(s) > 64:
		return "give a value of 1 to 64 characters"
	case strings.TrimSpace(s) != s || strings.ContainsFunc(s, control):
		return "remove spaces at the ends and control characters from the value"
	case strings.ContainsAny(s, `'"\{}<>=`):
		return `remove the characters ' " \ { } < > = from the value; put them into text`
	case s == "undefined" || s == "null":
		return "choose another value: SurveyJS takes this one for no value"
	}
	return ""
}

// looseKey maps values that SurveyJS's loose comparison takes for equal ("A" and "a", "1" and "01") to one text.
func looseKey(s string) string {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	return strings.ToLower(s)
}

func (p *parser) bound(f *fields, name string, into *int64) {
	if v, ok := f.take(name, jsonNumber); ok {
		n, fault := parseMicro(v.text)
		if fault != decimalOK {
			p.problem(f.at(name), "use a number within ±10^12 with at most six decimals")
			return
		}
		*into = n
	}
}

func (p *parser) date(f *fields, name string) string {
	v, ok := f.take(name, jsonString)
	if ok && !validDate(v.text) {
		p.problem(f.at(name), "write a date as YYYY-MM-DD, from 1900 to 2199")
	}
	return v.text
}

// floor returns the largest whole number not above n, in millionths.
func floor(n int64) int64 {
	rest := n % micro
	if rest < 0 {
		rest += micro
	}
	return n - rest
}
