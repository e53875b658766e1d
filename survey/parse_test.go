package survey

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// one wraps an element as a definition with conditions allowed; a question {q} with choices a and b, {n}, {m}, {y}, {t}
// and {d} stand before it.
func one(element string) string {
	return `{"clearInvisibleValues":"onHidden","elements":[
		{"type":"radiogroup","name":"q","choices":["a","b"]}, {"type":"text","inputType":"number","name":"n"},
		{"type":"checkbox","name":"m","choices":["a","b","c"]}, {"type":"boolean","name":"y"},
		{"type":"comment","name":"t"}, {"type":"text","inputType":"date","name":"d"},` + element + `]}`
}

func problems(in string) string {
	_, err := Parse([]byte(in))
	if err == nil {
		return ""
	}
	var de *DefinitionError
	if !errors.As(err, &de) || len(de.Problems) == 0 {
		return "not a DefinitionError: " + err.Error()
	}
	var out []string
	for _, p := range de.Problems {
		out = append(out, p.Path+": "+p.Text)
	}
	return strings.Join(out, "\n")
}

func TestParseRefuses(t *testing.T) {
	long := strings.Repeat("x", MaxLabel+1)
	var many, choices strings.Builder
	for i := range MaxQuestions + 1 {
		fmt.Fprintf(&many, `%s{"type":"boolean","name":"q%d"}`, strings.Repeat(",", min(i, 1)), i)
	}
	for i := range MaxChoices + 1 {
		fmt.Fprintf(&choices, `%s"c%d"`, strings.Repeat(",", min(i, 1)), i)
	}
	for _, c := range []struct{ name, in, want string }{
		{"empty", ``, ": correct the JSON"},
		{"null", `null`, ": expected an object"},
		{"no questions", `{}`, "at least one question"},
		{"too long", strings.Repeat(" ", MaxDefinition+1), "shorten the definition"},
		{"duplicate key", `{"title":"a","title":"b","elements":[{"type":"boolean","name":"a"}]}`, "title: the key stands twice"},
		{"unknown survey key", `{"logo":"x","elements":[{"type":"boolean","name":"a"}]}`, "logo: the key is not supported"},
		{"both layouts", `{"pages":[],"elements":[{"type":"boolean","name":"a"}]}`, "not both"},
		{"html", one(`{"type":"html","name":"a","html":"<b>"}`), "elements[6].type: use radiogroup"},
		{"panel", one(`{"type":"panel","name":"a","elements":[]}`), "elements[6].type: use"},
		{"no type", one(`{"name":"a"}`), "elements[6].type: give"},
		{"many questions", `{"elements":[` + many.String() + `]}`, "at most 100 questions"},
		{"many choices", one(`{"type":"dropdown","name":"a","choices":[` + choices.String() + `]}`), "at most 200 choices"},
		{"twice", one(`{"type":"boolean","name":"q"}`), "elements[6].name: two questions"},
		{"name upper", one(`{"type":"boolean","name":"Q1"}`), "elements[6].name: name questions"},
		{"name long", one(`{"type":"boolean","name":"a23456789012345678901234567890123"}`), "elements[6].name: name questions"},
		{"wrong type", one(`{"type":"boolean","name":"a","isRequired":"yes"}`), "elements[6].isRequired: expected true or false, found a string"},
		{"key of another kind", one(`{"type":"boolean","name":"a","choices":["x"]}`), "elements[6].choices: the key is not supported"},
		{"script key", one(`{"type":"boolean","name":"a","requiredIf":"{q}='a'"}`), "requiredIf: the key is not supported"},
		{"language", one(`{"type":"boolean","name":"a","title":{"zh-cn":"x"}}`), "title.zh-cn: the key is not supported"},
		{"no language", one(`{"type":"boolean","name":"a","title":{}}`), "title: give at least one"},
		{"blank title", one(`{"type":"boolean","name":"a","title":" "}`), "title: write a text"},
		{"long title", one(`{"type":"boolean","name":"a","title":"` + long + `"}`), "title: shorten"},
		{"piping", one(`{"type":"boolean","name":"a","title":"Hello {q}"}`), "title: remove the braces"},
		{"control", one(`{"type":"boolean","name":"a","title":"a\u0007"}`), "title: remove the control"},
		{"no choices", one(`{"type":"radiogroup","name":"a"}`), "choices: give at least one"},
		{"choice number", one(`{"type":"radiogroup","name":"a","choices":[1]}`), "choices[0]: expected a string"},
		{"choice twice", one(`{"type":"radiogroup","name":"a","choices":["x","x"]}`), "choices[1]: SurveyJS does not tell"},
		{"choice case", one(`{"type":"radiogroup","name":"a","choices":["x",{"value":"X"}]}`), "choices[1].value: SurveyJS does not tell"},
		{"choice numeric", one(`{"type":"radiogroup","name":"a","choices":["1","01"]}`), "choices[1]: SurveyJS does not tell"},
		{"choice quote", one(`{"type":"radiogroup","name":"a","choices":["it's"]}`), "choices[0]: remove the characters"},
		{"choice taken", one(`{"type":"radiogroup","name":"a","choices":["other"],"showOtherItem":true}`), "choices[0]: this value is taken"},
		{"choice extra", one(`{"type":"radiogroup","name":"a","choices":[{"value":"x","visibleIf":"{q}='a'"}]}`), "choices[0].visibleIf: the key"},
		{"none of single", one(`{"type":"radiogroup","name":"a","choices":["x"],"showNoneItem":true}`), "showNoneItem: the key"},
		{"selected", one(`{"type":"checkbox","name":"a","choices":["x"],"minSelectedChoices":2}`), "minSelectedChoices: lower it"},
		{"selected crossed", one(`{"type":"checkbox","name":"a","choices":["x","y"],"minSelectedChoices":2,"maxSelectedChoices":1}`), "lower it"},
		{"rating", one(`{"type":"rating","name":"a","rateMin":5,"rateMax":5}`), "rateMax: let a rating"},
		{"rating fraction", one(`{"type":"rating","name":"a","rateMin":0.5}`), "rateMin: expected a whole number"},
		{"rating values", one(`{"type":"rating","name":"a","rateValues":[1,2]}`), "rateValues: the key"},
		{"number crossed", one(`{"type":"text","inputType":"number","name":"a","min":2,"max":1}`), "max: no number"},
		{"number without whole", one(`{"type":"text","inputType":"number","name":"a","min":0.2,"max":0.8,"step":1}`), "max: no number"},
		{"number below zero", one(`{"type":"text","inputType":"number","name":"a","min":-0.8,"max":-0.2,"step":1}`), "max: no number"},
		{"number huge", one(`{"type":"text","inputType":"number","name":"a","max":1e30}`), "max: use a number"},
		{"step", one(`{"type":"text","inputType":"number","name":"a","step":0.5}`), "step: use 1"},
		{"date", one(`{"type":"text","inputType":"date","name":"a","min":"today()"}`), "min: write a date"},
		{"date crossed", one(`{"type":"text","inputType":"date","name":"a","min":"2024-01-02","max":"2024-01-01"}`), "max: no date"},
		{"color", one(`{"type":"text","inputType":"color","name":"a"}`), "inputType: use text, number or date"},
		{"tel", one(`{"type":"text","inputType":"tel","name":"a"}`), "inputType: an answer must not hold"},
		{"email", one(`{"type":"text","inputType":"email","name":"a"}`), "inputType: an answer must not hold"},
		{"large", one(`{"type":"comment","name":"a","maxLength":10000},{"type":"comment","name":"b","maxLength":10000},
			{"type":"comment","name":"c","maxLength":10000}`), "lower the maxLength"},
		{"page key", `{"pages":[{"visibleIf":"{a}=1","elements":[{"type":"boolean","name":"a"}]}]}`, "pages[0].visibleIf: the key"},
		{"page twice", `{"pages":[{"name":"p","elements":[{"type":"boolean","name":"a"}]},{"name":"p","elements":[]}]}`, "pages[1].name: two pages"},
		{"clear", `{"elements":[{"type":"boolean","name":"a"},{"type":"boolean","name":"b","visibleIf":"{a} = true"}]}`, "clearInvisibleValues: set it"},

		{"condition syntax", one(`{"type":"boolean","name":"a","visibleIf":"{q} = 'a' and"}`), "elements[6].visibleIf: expected {question}"},
		{"condition rest", one(`{"type":"boolean","name":"a","visibleIf":"{q} = 'a' )"}`), "visibleIf: expected \"and\""},
		{"condition unclosed", one(`{"type":"boolean","name":"a","visibleIf":"({q} = 'a'"}`), "visibleIf: expected a closing"},
		{"condition itself", one(`{"type":"boolean","name":"a","visibleIf":"{a} = true"}`), "{a} does not stand before"},
		{"condition later", `{"clearInvisibleValues":"onHidden","elements":[{"type":"boolean","name":"a","visibleIf":"{b} = true"},
			{"type":"boolean","name":"b"}]}`, "{b} does not stand before"},
		{"condition unknown", one(`{"type":"boolean","name":"a","visibleIf":"{zz} empty"}`), "no question {zz}"},
		{"condition not", one(`{"type":"boolean","name":"a","visibleIf":"not ({q} = 'a')"}`), "write !"},
		{"condition bang", one(`{"type":"boolean","name":"a","visibleIf":"!{q} = 'a'"}`), "a parenthesis after !"},
		{"condition call", one(`{"type":"boolean","name":"a","visibleIf":"iif({q} = 'a', 1, 2)"}`), "expected {question}"},
		{"condition choice", one(`{"type":"boolean","name":"a","visibleIf":"{q} = 'A'"}`), "choice values in quotes"},
		{"condition unquoted", one(`{"type":"boolean","name":"a","visibleIf":"{q} = a"}`), "choice values in quotes"},
		{"condition contains", one(`{"type":"boolean","name":"a","visibleIf":"{q} contains 'a'"}`), "can be tested only with: =, <>, anyof"},
		{"condition equals many", one(`{"type":"boolean","name":"a","visibleIf":"{m} = 'a'"}`), "can be tested only with: contains"},
		{"condition text", one(`{"type":"boolean","name":"a","visibleIf":"{t} = 'a'"}`), "can be tested only with: empty, notempty"},
		{"condition number", one(`{"type":"boolean","name":"a","visibleIf":"{n} > '3'"}`), "a number without quotes"},
		{"condition date", one(`{"type":"boolean","name":"a","visibleIf":"{d} > '2024-13-01'"}`), "a date as"},
		{"condition list", one(`{"type":"boolean","name":"a","visibleIf":"{q} anyof []"}`), "choice values in quotes"},
		{"condition deep", one(`{"type":"boolean","name":"a","visibleIf":"` + strings.Repeat("(", 20) + `{q} empty` + strings.Repeat(")", 20) + `"}`), "nested"},
		{"condition wide", one(`{"type":"boolean","name":"a","visibleIf":"` + strings.Repeat("{q} empty or ", 50) + `{q} empty"}`), "more than 50 tests"},
		{"condition long", one(`{"type":"boolean","name":"a","visibleIf":"` + strings.Repeat(" ", MaxCondition) + `{q} empty"}`), "longer than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := problems(c.in)
			if !strings.Contains(got, c.want) {
				t.Fatalf("got  %s\nwant %s", got, c.want)
			}
			if strings.Contains(got, "\n") && c.name != "selected crossed" {
				t.Fatalf("more than one problem: %s", got)
			}
		})
	}
}

func TestParseReportsAllAtOnce(t *testing.T) {
	got := problems(`{"elements":[{"type":"boolean","name":"A","title":""},{"type":"html"},
		{"type":"rating","name":"r","rateMax":1.5},{"type":"boolean","name":"b","visibleIf":"{x} empty"}],"x":1}`)
	if n := strings.Count(got, "\n") + 1; n != 8 {
		t.Fatalf("%d problems, want 8:\n%s", n, got)
	}
}

func TestLint(t *testing.T) {
	text := func(title string) string { return `{"type":"text","name":"a","title":"` + title + `"}` }
	radio := func(title string) string {
		return `{"type":"radiogroup","name":"a","choices":["x"],"title":"` + title + `"}`
	}
	for element, refused := range map[string]bool{
		text("您的姓名"): true, text("Your name?"): true, text("聯絡電話"): true, text("E-mail"): true,
		text("您的 Ｅｍａｉｌ"): true, text("通訊地址"): true, text("身分證字號"): true, text("出 生 年"): true,
		text("How old are you?"): true, text("Please leave your e-mail address."): true, text("LINE ID"): true,
		text("最喜歡的書名"): false, text("Favourite book"): false, text("您對電話服務的建議"): false,
		text("What do you manage?"): false, text("網站哪裡可以更好"): false,
		radio("年齡"): true, radio("Your age group"): true, radio("您最常去哪個分館？"): true, radio("Age"): true,
		radio("您用手機還是電腦看書？"): false, radio("您對分館的服務滿意嗎？"): false, radio("E-mail"): false,
		`{"type":"text","name":"phone"}`:                            true,
		`{"type":"text","name":"user_email"}`:                       true,
		`{"type":"text","name":"name"}`:                             true,
		`{"type":"text","name":"book_name"}`:                        false,
		`{"type":"text","name":"language"}`:                         false,
		`{"type":"radiogroup","name":"age_group","choices":["x"]}`:  true,
		`{"type":"radiogroup","name":"birth_year","choices":["x"]}`: true,
		`{"type":"radiogroup","name":"a","choices":["x"],"showOtherItem":true,"otherText":"請留下電話"}`:                true,
		`{"type":"text","name":"a","title":"Anything else","placeholder":{"en":"e.g. your phone number"}}`:         true,
		`{"type":"text","name":"a","title":{"zh-tw":"心得","en":"Your thoughts"},"description":"留下您的姓名"}`:            true,
		`{"type":"text","name":"a","inputType":"number","title":"手機號碼"}`:                                           true,
		`{"type":"text","name":"a","inputType":"date","title":{"default":"上次到館","en":"Last visit, not birthday"}}`: true,
	} {
		if got := problems(one(element)); strings.Contains(got, "must not hold") != refused {
			t.Errorf("%s: refused %v, want %v (%s)", element, !refused, refused, got)
		}
	}
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		cond, in string
		want     bool
	}{
		{`{q} = 'a'`, `"q":"a"`, true}, {`{q} = 'a'`, `"q":"b"`, false}, {`{q} = 'a'`, ``, false},
		{`{q} <> 'a'`, `"q":"b"`, true}, {`{q} != "a"`, `"q":"a"`, false}, {`{q} <> 'a'`, ``, true},
		{`{q} anyof ['a', 'b']`, `"q":"b"`, true}, {`{q} anyof ['a']`, `"q":"b"`, false}, {`{q} anyof ['a']`, ``, false},
		{`{q} empty`, ``, true}, {`{q} notempty`, `"q":"a"`, true},
		{`{n} = 3`, `"n":3.0`, true}, {`{n} > 3`, `"n":3`, false}, {`{n} >= 3`, `"n":3`, true}, {`{n} < -1.5`, `"n":-2`, true},
		{`{n} <= 0`, ``, false}, {`{n} < 1`, ``, false}, {`{n} <> 3`, ``, true}, {`{n} empty`, `"n":0`, false},
		{`{m} contains 'a'`, `"m":["b","a"]`, true}, {`{m} contains 'c'`, `"m":["b","a"]`, false}, {`{m} contains 'a'`, ``, false},
		{`{m} notcontains 'c'`, `"m":["a"]`, true}, {`{m} notcontains 'c'`, ``, true}, {`{m} notcontains 'a'`, `"m":["a"]`, false},
		{`{m} anyof ['b','c']`, `"m":["a","c"]`, true}, {`{m} anyof ['b']`, `"m":["a","c"]`, false},
		{`{y} = true`, `"y":true`, true}, {`{y} = false`, ``, false}, {`{y} <> true`, `"y":false`, true}, {`{y} notempty`, `"y":false`, true},
		{`{t} notempty`, `"t":"x"`, true}, {`{t} empty`, `"t":""`, true},
		{`{d} >= '2024-01-31'`, `"d":"2024-02-01"`, true}, {`{d} < '2024-01-31'`, `"d":"2024-02-01"`, false},
		{`{q} = 'a' or {q} = 'b' and {n} = 1`, `"q":"a"`, true}, // and binds tighter
		{`({q} = 'a' or {q} = 'b') and {n} = 1`, `"q":"a"`, false},
		{`!({q} = 'a' and {n} = 1)`, `"q":"a","n":1`, false}, {`!({q} = 'a') and !(!({n} = 1))`, `"n":1`, true},
		{`({q}='a')and({n}=1)`, `"q":"a","n":1`, true},
	} {
		d := mustParse(t, one(`{"type":"boolean","name":"target","isRequired":true,"visibleIf":`+string(appendString(nil, c.cond))+`}`))
		_, vs := d.Check([]byte(`{` + c.in + `}`))
		if got := codes(vs); got != map[bool]string{true: "target:required", false: ""}[c.want] {
			t.Errorf("%s over {%s}: got %q, want shown %v", c.cond, c.in, got, c.want)
		}
	}
}

func TestParsedModel(t *testing.T) {
	d := mustParse(t, full)
	if n := len(d.Questions()); n != 10 || len(d.Pages) != 2 || len(d.Pages[1].Questions) != 7 {
		t.Fatalf("%d questions on %d pages", n, len(d.Pages))
	}
	if q := d.Question("books"); q == nil || q.Min() != "0" || q.Max() != "365" || q.Kind != Number {
		t.Errorf("books: %+v", q)
	}
	if q := d.Question("last"); q.Min() != "2024-01-01" || q.Max() != "2024-12-31" {
		t.Errorf("last: %+v", q)
	}
	if q := d.Question("genres"); len(q.Choices) != 5 || q.Choices[3].Value != OtherValue || q.Choices[4].Value != NoneValue {
		t.Errorf("genres: %+v", q)
	}
	if d.Question("visit-Comment") != nil || d.Question("x") != nil {
		t.Error("found a question that is not there")
	}
	if got := d.Question("visit").Choices[1].Text.In("zh-tw"); got != "很少" {
		t.Errorf("got %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(one(`{"type":"boolean","name":"a","visibleIf":"!({q} anyof ['a','b']) and {n} >= -1.5 or {d} < '2024-01-01'"}`)))
	f.Add([]byte(`{"elements":[{"type":"text","name":"a","inputType":"number","min":1e-7,"max":-1e400,"step":1}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := Parse(in)
		if err != nil {
			var de *DefinitionError
			if !errors.As(err, &de) || len(de.Problems) == 0 || len(de.Problems) > maxProblems {
				t.Fatalf("refused without problems: %v", err)
			}
			return
		}
		if n := len(d.Questions()); n == 0 || n > MaxQuestions || d.PaddedSize() > MaxPadded {
			t.Fatalf("accepted %d questions, padded size %d", n, d.PaddedSize())
		}
		if r, vs := d.Check([]byte(`{}`)); vs == nil && string(r.Canonical()) != "{}" {
			t.Fatalf("got %s", r.Canonical())
		}
		NewTally(d).Result(1)
	})
}
