package survey

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// full has one question of every kind, conditions over them, and every limit.
const full = `{
 "title": {"zh-tw": "閱讀習慣", "en": "Reading habits"}, "locale": "zh-tw", "clearInvisibleValues": "onHidden",
 "maxCommentLength": 20,
 "pages": [
  {"name": "first", "elements": [
   {"type": "radiogroup", "name": "visit", "title": "How often?", "isRequired": true,
    "choices": ["often", {"value": "rarely", "text": {"zh-tw": "很少", "en": "Rarely"}}, "never"], "showOtherItem": true},
   {"type": "checkbox", "name": "genres", "choices": ["novel", "history", "science"], "minSelectedChoices": 2,
    "maxSelectedChoices": 2, "showNoneItem": true, "showOtherItem": true, "visibleIf": "{visit} <> 'never'"},
   {"type": "rating", "name": "stars", "rateMin": 0, "rateMax": 10, "isRequired": true, "visibleIf": "{genres} contains 'novel'"}
  ]},
  {"elements": [
   {"type": "boolean", "name": "again"},
   {"type": "text", "name": "books", "inputType": "number", "min": 0, "max": 365, "step": 1},
   {"type": "text", "name": "hours", "inputType": "number", "min": -0.5},
   {"type": "text", "name": "last", "inputType": "date", "min": "2024-01-01", "max": "2024-12-31"},
   {"type": "text", "name": "title1", "maxLength": 5},
   {"type": "comment", "name": "wish", "maxLength": 10, "visibleIf": "{again} = true and ({books} >= 3 or !({last} notempty))"},
   {"type": "dropdown", "name": "floor", "choices": ["1", "2"], "visibleIf": "{wish} notempty"}
  ]}
 ]}`

func mustParse(t testing.TB, in string) *Definition {
	t.Helper()
	d, err := Parse([]byte(in))
	if err != nil {
		var de *DefinitionError
		errors.As(err, &de)
		t.Fatalf("Parse: %v", de.Problems)
	}
	return d
}

func codes(vs *Violations) string {
	if vs == nil {
		return ""
	}
	var out []string
	for _, v := range vs.List {
		out = append(out, strings.TrimPrefix(v.Question+":"+v.Code, ":"))
	}
	return strings.Join(out, " ")
}

func TestCheck(t *testing.T) {
	d := mustParse(t, full)
	for _, c := range []struct{ name, in, want string }{
		// canonical when it begins with {, else the violations
		{"least", `{"visit":"never"}`, `{"visit":"never"}`},
		{"order and space", "\n{ \"again\" : false ,\t\"visit\":\"rarely\" }\r\n", `{"visit":"rarely","again":false}`},
		{"empties", `{"visit":"often","genres":[],"wish":"","books":null,"floor":null}`, `{"visit":"often"}`},
		{"choices sorted", `{"visit":"often","genres":["history","novel"],"stars":1e1}`, `{"visit":"often","genres":["novel","history"],"stars":10}`},
		{"escapes", `{"visit":"\u006fften","title1":"\u6f22\"\\\/"}`, `{"visit":"often","title1":"漢\"\\/"}`},
		{"surrogates count two", `{"visit":"often","title1":"\ud83d\ude00😀a"}`, `{"visit":"often","title1":"😀😀a"}`},
		{"numbers", `{"visit":"often","books":365.0,"hours":-0.50e0}`, `{"visit":"often","books":365,"hours":-0.5}`},
		{"minus zero", `{"visit":"often","books":-0,"hours":0.000001}`, `{"visit":"often","books":0,"hours":0.000001}`},
		{"other", `{"visit":"other","visit-Comment":"on foot"}`, `{"visit":"other","visit-Comment":"on foot"}`},
		{"none is exempt from min", `{"visit":"often","genres":["none"]}`, `{"visit":"often","genres":["none"]}`},
		{"lines", `{"visit":"often","again":true,"wish":"a\r\nb\rc\n\t"}`, `{"visit":"often","again":true,"wish":"a\nb\nc\n\t"}`},
		{"chain", `{"visit":"often","again":true,"books":3,"last":"2024-02-29","wish":"x","floor":"2"}`,
			`{"visit":"often","again":true,"books":3,"last":"2024-02-29","wish":"x","floor":"2"}`},

		{"empty object", `{}`, "visit:required"},
		{"nothing", ``, "syntax"},
		{"array", `[]`, "type"},
		{"null", `null`, "type"},
		{"two values", `{} {}`, "syntax"},
		{"trailing comma", `{"visit":"often",}`, "syntax"},
		{"comment", `{"visit":"often"/**/}`, "syntax"},
		{"leading zero", `{"visit":"often","books":01}`, "syntax"},
		{"not a number", `{"visit":"often","hours":NaN}`, "syntax"},
		{"lone surrogate", `{"visit":"often","title1":"\ud800"}`, "syntax"},
		{"reversed surrogates", `{"visit":"often","title1":"\udc00\ud800"}`, "syntax"},
		{"raw control", "{\"visit\":\"often\",\"title1\":\"\n\"}", "syntax"},
		{"deep", `{"visit":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, "syntax"},
		{"bad utf8", "{\"visit\":\"\xff\"}", "utf8"},
		{"overlong utf8", "{\"visit\":\"\xc0\xaf\"}", "utf8"},
		{"too long", `{"visit":"often"` + strings.Repeat(" ", MaxResponse) + `}`, "size"},
		{"duplicate", `{"visit":"often","visit":"never"}`, "visit:duplicate_key"},
		{"duplicate by escape", `{"visit":"often","\u0076isit":"often"}`, "visit:duplicate_key"},
		{"unknown", `{"visit":"often","Visit":"often","wish-Comment":"x"}`, "unknown_question unknown_question"},
		{"unknown but empty", `{"visit":"often","x":null}`, "unknown_question"},
		{"duplicate unknown", `{"visit":"often","x":1,"x":1}`, "unknown_question duplicate_key"},
		{"all types", `{"visit":1,"genres":"novel","again":"true","books":"3","hours":true,"last":20240101,"title1":{},"floor":["1"]}`,
			"visit:type genres:type again:type books:type hours:type last:type title1:type floor:type"},
		{"hidden", `{"visit":"never","genres":["novel","history"],"stars":3}`, "genres:hidden stars:hidden"},
		{"hidden chain", `{"visit":"often","floor":"1"}`, "floor:hidden"},
		{"required when shown", `{"visit":"often","genres":["novel","history"]}`, "stars:required"},
		{"broken parent does not accuse", `{"visit":"x","genres":["novel","history"],"stars":3}`, "visit:choice"},
		{"broken parent does not demand", `{"visit":"often","genres":["novel"]}`, "genres:min"},
		{"value under broken parent is still read", `{"visit":"x","genres":["novel","novel"],"stars":11}`,
			"visit:choice genres:choice stars:max"},
		{"choice case", `{"visit":"Often"}`, "visit:choice"},
		{"choice empty object", `{"visit":"often","genres":[{},"x",null]}`, "genres:type genres:choice genres:type genres:max"},
		{"exclusive", `{"visit":"often","genres":["none","history"]}`, "genres:exclusive"},
		{"too many", `{"visit":"often","genres":["novel","history","science"],"stars":1}`, "genres:max"},
		{"rating", `{"visit":"often","genres":["novel","history"],"stars":2.5}`, "stars:integer"},
		{"rating low", `{"visit":"often","genres":["novel","history"],"stars":-1}`, "stars:min"},
		{"integer", `{"visit":"often","books":0.5}`, "books:integer"},
		{"tiny integer", `{"visit":"often","books":1e-300}`, "books:integer"},
		{"decimals", `{"visit":"often","hours":0.0000001}`, "hours:decimals"},
		{"min", `{"visit":"often","hours":-0.500001}`, "hours:min"},
		{"huge", `{"visit":"often","hours":1e999999999999999999999}`, "hours:max"},
		{"just over", `{"visit":"often","hours":1000000000000.000001}`, "hours:max"},
		{"huge below", `{"visit":"often","hours":-9e18}`, "hours:min"},
		{"date of no calendar", `{"visit":"often","last":"2023-02-29"}`, "last:date"},
		{"date form", `{"visit":"often","last":"2024-2-9"}`, "last:date"},
		{"date time", `{"visit":"often","last":"2024-02-09T00:00:00Z"}`, "last:date"},
		{"date early", `{"visit":"often","last":"2023-12-31"}`, "last:min"},
		{"date late", `{"visit":"often","last":"2025-01-01"}`, "last:max"},
		{"length", `{"visit":"often","title1":"六個字就太長"}`, "title1:length"},
		{"length of pairs", `{"visit":"often","title1":"😀😀😀"}`, "title1:length"},
		{"line in one line", `{"visit":"often","title1":"a\nb"}`, "title1:character"},
		{"nul", `{"visit":"often","title1":"\u0000"}`, "title1:character"},
		{"c1", `{"visit":"often","title1":"\u0085"}`, "title1:character"},
		{"blank", `{"visit":"often","title1":" \u3000"}`, "title1:blank"},
		{"other without words", `{"visit":"other"}`, "visit:required"},
		{"words without other", `{"visit":"often","visit-Comment":"x"}`, "visit:hidden"},
		{"words alone", `{"visit":"often","genres-Comment":"x"}`, "genres:hidden"},
		{"other too long", `{"visit":"other","visit-Comment":"` + strings.Repeat("字", 21) + `"}`, "visit:length"},
		{"other of another type", `{"visit":"other","visit-Comment":7}`, "visit:type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, vs := d.Check([]byte(c.in))
			if (r == nil) == (vs == nil) {
				t.Fatal("want exactly one of response and violations")
			}
			got := codes(vs)
			if r != nil {
				got = string(r.Canonical())
			}
			if got != c.want {
				t.Fatalf("got  %s\nwant %s", got, c.want)
			}
			if r != nil {
				again, vs := d.Check(r.Canonical())
				if vs != nil || string(again.Canonical()) != got {
					t.Fatalf("canonical form is not stable: %s", codes(vs))
				}
			}
		})
	}
}

func TestViolationsQuoteNoAnswer(t *testing.T) {
	d := mustParse(t, full)
	_, vs := d.Check([]byte(`{"canary_key":"canary","visit":"canary","title1":"canary canary","last":"canary","genres":["canary"]}`))
	if vs == nil || len(vs.List) < 5 {
		t.Fatalf("got %v", vs)
	}
	if s := fmt.Sprint(vs.List, vs.Error()); strings.Contains(s, "canary") {
		t.Fatalf("a violation quotes an answer: %s", s)
	}
}

func TestViolationsAreBounded(t *testing.T) {
	d := mustParse(t, full)
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, `,"x%d":0`, i)
	}
	_, vs := d.Check([]byte(`{"visit":"often"` + b.String() + `}`))
	if vs == nil || len(vs.List) != maxViolations {
		t.Fatalf("got %d violations, want %d", len(vs.List), maxViolations)
	}
}

func TestClosedAndTexts(t *testing.T) {
	d := mustParse(t, full)
	r, vs := d.Check([]byte(`{"visit":"other","visit-Comment":"by bus","genres":["other","novel"],"genres-Comment":"maps",
		"stars":4,"again":true,"wish":"more","floor":"1","title1":"Dune"}`))
	if vs != nil {
		t.Fatal(codes(vs))
	}
	if got, want := string(r.Closed()), `{"visit":"other","genres":["novel","other"],"stars":4,"again":true,"floor":"1"}`; got != want {
		t.Errorf("Closed\n got %s\nwant %s", got, want)
	}
	want := []Text{{"visit-Comment", "by bus"}, {"genres-Comment", "maps"}, {"title1", "Dune"}, {"wish", "more"}}
	if got := r.Texts(); !slices.Equal(got, want) {
		t.Errorf("Texts\n got %v\nwant %v", got, want)
	}
}

func TestFlags(t *testing.T) {
	d := mustParse(t, `{"elements":[{"type":"comment","name":"wish"}]}`)
	for in, want := range map[string]string{
		"我的身分證是A123456789。":         FlagIDNumber,
		"ａ１２３４５６７８９":                FlagIDNumber,
		"A 123-456-789":             FlagIDNumber,
		"AA00000009":                FlagIDNumber,
		"a800000014":                FlagIDNumber,
		"請打0912-345-678":            FlagPhoneNumber,
		"0912345678":                FlagPhoneNumber,
		"+886 912 345 678":          FlagPhoneNumber,
		"+886-2-2345-6789":          FlagPhoneNumber,
		"(02) 2345-6789":            FlagPhoneNumber,
		"０４－２２２２３３３３":               FlagPhoneNumber,
		"write to a.b@example.org":  FlagEmail,
		"ISBN 9789571234567":        "",
		"2024-01-31 to 2024-02-29":  "",
		"A12345678":                 "",
		"AB1234567890123":           "",
		"借 1000 本 @ 3 樓":            "",
		"The 1911 revolution, 0.5%": "",
	} {
		r, vs := d.Check([]byte(`{"wish":` + string(appendString(nil, in)) + `}`))
		if vs != nil {
			t.Fatal(codes(vs))
		}
		got := ""
		for _, f := range r.Flags() {
			got += f.Code
			if f.Question != "wish" {
				t.Errorf("%q: question %q", in, f.Question)
			}
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestPaddedSizeBoundsEveryResponse(t *testing.T) {
	d := mustParse(t, full)
	if d.PaddedSize()%1024 != 0 || d.PaddedSize() > MaxPadded {
		t.Fatalf("padded size %d", d.PaddedSize())
	}
	// The longest answers there are, in bytes.
	in := `{"visit":"other","visit-Comment":"` + strings.Repeat("字", 20) + `","genres":["science","other"],"genres-Comment":"` +
		strings.Repeat(`\"`, 20) + `","again":true,"books":365,"hours":999999999999.999999,"title1":"字字字字字","wish":"` +
		strings.Repeat("\ufffd", 10) + `","floor":"1"}`
	r, vs := d.Check([]byte(in))
	if vs != nil {
		t.Fatal(codes(vs))
	}
	if n := len(r.Canonical()); n > d.bound {
		t.Fatalf("canonical response of %d bytes, bound %d", n, d.bound)
	}
	one := mustParse(t, `{"elements":[{"type":"text","name":"a","maxLength":7}]}`)
	for _, s := range []string{strings.Repeat("字", 7), strings.Repeat(`\"`, 7), "😀😀😀字", strings.Repeat(`\u202a`, 7)} {
		r, vs := one.Check([]byte(`{"a":"` + s + `"}`))
		if vs != nil || len(r.Canonical()) > one.bound {
			t.Fatalf("%q: %s", s, codes(vs))
		}
	}
	number := mustParse(t, `{"elements":[{"type":"text","inputType":"number","name":"a"}]}`)
	r, vs = number.Check([]byte(`{"a":-999999999999.999999}`))
	if vs != nil || len(r.Canonical()) > number.bound {
		t.Fatal("a number exceeds its bound")
	}
}

// TestDocumentedExample keeps the worked example of the documentation true.
func TestDocumentedExample(t *testing.T) {
	doc, err := os.ReadFile("../docs/SURVEY.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, part := range strings.Split(string(doc), "```json\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	if len(blocks) != 4 {
		t.Fatalf("%d JSON blocks, want definition, response, canonical, refused", len(blocks))
	}
	d := mustParse(t, blocks[0])
	r, vs := d.Check([]byte(blocks[1]))
	if vs != nil {
		t.Fatal(codes(vs))
	}
	if got, want := string(r.Canonical()), strings.TrimSpace(blocks[2]); got != want {
		t.Errorf("canonical\n got %s\nwant %s", got, want)
	}
	_, vs = d.Check([]byte(blocks[3]))
	if got, want := codes(vs), "unknown_question visit:choice books:integer"; got != want {
		t.Errorf("violations\n got %s\nwant %s", got, want)
	}
	if want := fmt.Sprintf("PaddedSize %d", d.PaddedSize()); !strings.Contains(string(doc), want) {
		t.Errorf("the page does not say %q", want)
	}
	for _, code := range []string{CodeSize, CodeUTF8, CodeSyntax, CodeDuplicateKey, CodeUnknownQuestion, CodeHidden,
		CodeRequired, CodeType, CodeChoice, CodeExclusive, CodeMin, CodeMax, CodeInteger, CodeDecimals, CodeDate, CodeLength,
		CodeCharacter, CodeBlank, FlagIDNumber, FlagPhoneNumber, FlagEmail} {
		if !strings.Contains(string(doc), "`"+code+"`") {
			t.Errorf("the page does not list the code %s", code)
		}
	}
}

func TestLabel(t *testing.T) {
	l := Label{Default: "d", ZhTW: "中", En: "e"}
	for locale, want := range map[string]string{"": "d", "zh-tw": "中", "zh-Hant-TW": "中", "en": "e", "EN-GB": "e", "ja": "d"} {
		if got := l.In(locale); got != want {
			t.Errorf("%q: got %q, want %q", locale, got, want)
		}
	}
	if got := (Label{En: "e"}).In("zh-tw"); got != "e" {
		t.Errorf("got %q", got)
	}
}

func FuzzCheck(f *testing.F) {
	d := mustParse(f, full)
	for _, s := range []string{`{"visit":"often","genres":["novel","history"],"stars":1e1}`, `{"visit":"other","visit-Comment":"x"}`,
		`{"visit":"never","again":true,"books":3,"hours":-0.50,"last":"2024-02-29","title1":"\ud83d\ude00","wish":"a\r\n"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, vs := d.Check(in)
		if vs != nil {
			if r != nil || len(vs.List) == 0 {
				t.Fatal("refused without a violation, or with a response")
			}
			return
		}
		canonical := r.Canonical()
		if len(canonical) > d.bound || !utf8.Valid(canonical) {
			t.Fatalf("canonical response of %d bytes: %q", len(canonical), canonical)
		}
		again, vs := d.Check(canonical)
		if vs != nil || string(again.Canonical()) != string(canonical) {
			t.Fatalf("not idempotent: %s %q", codes(vs), canonical)
		}
		if err := NewTally(d).Add(r.Closed()); err != nil {
			t.Fatal(err)
		}
		r.Flags()
	})
}

func BenchmarkCheck(b *testing.B) {
	d := mustParse(b, full)
	in := []byte(`{"visit":"often","genres":["novel","history"],"stars":9,"again":true,"books":12,"hours":1.5,
		"last":"2024-02-29","title1":"Dune","wish":"多買一點書","floor":"2"}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		r, vs := d.Check(in)
		if vs != nil {
			b.Fatal(codes(vs))
		}
		r.Canonical()
	}
}
