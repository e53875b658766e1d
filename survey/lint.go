package survey

import (
	"slices"
	"strings"
	"unicode"
)

// The lint keeps contacts, names and strata out of the answers: who a person is belongs to the entry, and an answer
// that names its sender cannot be kept apart from them. It reads words, not meanings, and errs towards refusing; a
// title that is refused wrongly is reworded.

// contactTypes are inputTypes of SurveyJS that ask for a contact or a secret.
var contactTypes = []string{"tel", "email", "password", "url"}

// lintRule refuses questions whose texts hold a phrase. English phrases match whole words, Chinese ones anywhere.
type lintRule struct {
	what    string
	inputs  bool     // applies only to questions that take free input (text, number, date, "other")
	phrases []string // in titles, descriptions and placeholders
	alone   []string // a whole title, or a whole name
	names   []string // in a question's name, by whole words between underscores
}

var lintRules = []lintRule{
	{"a person's name", true,
		[]string{"your name", "full name", "first name", "last name", "given name", "family name", "real name", "surname",
			"姓名", "您的名字", "你的名字", "您的大名", "貴姓", "如何稱呼", "怎麼稱呼"},
		[]string{"name", "名字", "稱呼"},
		[]string{"fullname", "full name", "first name", "last name", "given name", "family name", "real name", "your name",
			"surname", "username", "user name", "xingming"}},
	{"a telephone number", true,
		[]string{"phone number", "telephone number", "mobile number", "your phone", "your telephone", "your mobile",
			"cell number", "contact number", "電話號碼", "您的電話", "你的電話", "絡電話", "留下電話", "住家電話", "市話", "手機號", "手機門號", "行動號碼", "聯絡方式", "連絡方式", "您的手機", "你的手機"},
		[]string{"phone", "telephone", "mobile", "電話", "手機", "contact"},
		[]string{"phone", "tel", "telephone", "mobile", "cellphone", "contact", "fax"}},
	{"an e-mail address", true,
		[]string{"your email", "your e mail", "email address", "e mail address", "電子信箱", "電郵", "郵件地址", "郵件信箱",
			"您的電子郵件", "你的電子郵件", "您的 email", "你的 email", "line id", "您的 line", "你的 line"},
		[]string{"email", "e mail", "電子郵件", "信箱"},
		[]string{"email", "mail", "line id", "lineid"}},
	{"a postal address", true,
		[]string{"your address", "home address", "mailing address", "postal address", "street address", "where do you live",
			"地址", "住址", "住在哪"},
		[]string{"address"},
		[]string{"address", "addr"}},
	{"an ID, card or account number", true,
		[]string{"id number", "national id", "identity number", "identity card", "passport", "card number", "account number",
			"social security", "身分證", "身份證", "居留證", "護照", "證號", "卡號", "統一編號", "銀行帳"},
		[]string{"id"},
		[]string{"id number", "idnumber", "id no", "idno", "national id", "passport", "card number", "card no", "ssn"}},
	{"a date or year of birth", false,
		[]string{"birth", "birthday", "birthdate", "born", "生日", "出生"},
		nil,
		[]string{"birth", "birthday", "birthdate", "dob", "born"}},
	{"an age (a stratum of the entry, not a question)", false,
		[]string{"your age", "age group", "age band", "age range", "how old are you", "年齡", "年紀", "歲數", "幾歲", "年次"},
		[]string{"age"},
		[]string{"age"}},
	{"a branch (a stratum of the entry, not a question)", false,
		[]string{"which branch", "your branch", "home branch", "所屬分館", "分館別", "哪個分館", "哪一個分館", "哪間分館", "哪一間分館",
			"哪家分館", "常去的分館", "常用的分館"},
		[]string{"branch", "分館"},
		[]string{"branch"}},
}

// lint returns what the question asks for that an answer must not hold, each once.
func lint(q *Question, placeholder Label) (found []string) {
	input := q.HasOther || q.Kind == ShortText || q.Kind == LongText || q.Kind == Number || q.Kind == Date
	titles := slices.Concat(q.Title.forms(), q.Description.forms(), placeholder.forms())
	if q.HasOther {
		titles = append(titles, q.Choices[q.choice(OtherValue)].Text.forms()...)
	}
	for i, t := range titles {
		titles[i] = plain(t)
	}
	name := " " + strings.ReplaceAll(q.Name, "_", " ") + " "
	for _, rule := range lintRules {
		if rule.inputs && !input {
			continue
		}
		hit := slices.ContainsFunc(rule.names, func(n string) bool { return strings.Contains(name, " "+n+" ") }) ||
			slices.Contains(rule.alone, strings.TrimSpace(name))
		for _, t := range titles {
			hit = hit || slices.Contains(rule.alone, strings.TrimSpace(t)) ||
				slices.ContainsFunc(rule.phrases, func(p string) bool { return holds(t, p) })
		}
		if hit {
			found = append(found, rule.what)
		}
	}
	return found
}

// holds looks for a phrase in plain text; a phrase that is only Chinese also matches across the spaces between words.
func holds(text, phrase string) bool {
	if phrase[0] < 0x80 {
		return strings.Contains(text, " "+phrase+" ")
	}
	return strings.Contains(strings.ReplaceAll(text, " ", ""), strings.ReplaceAll(phrase, " ", ""))
}

// plain lowers letters, folds full-width forms, and leaves words between single spaces, with one before and one after;
// Chinese and Latin runs are separate words.
func plain(s string) string {
	var b strings.Builder
	b.WriteByte(' ')
	last := byte(' ') // ' ', 'a' for ASCII, 'c' for others
	for _, r := range fold(s) {
		kind := byte('c')
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			kind = ' '
		case r < 0x80:
			kind = 'a'
		}
		if kind != last && last != ' ' {
			b.WriteByte(' ')
		}
		if kind != ' ' {
			b.WriteRune(unicode.ToLower(r))
		}
		last = kind
	}
	if last != ' ' {
		b.WriteByte(' ')
	}
	return b.String()
}

// fold turns full-width forms of ASCII (U+FF01 to U+FF5E) and the ideographic space into ASCII.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			return r - 0xFEE0
		case r == 0x3000:
			return ' '
		}
		return r
	}, s)
}
