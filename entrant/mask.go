package entrant

import (
	"slices"
	"strings"
	"unicode"
)

// NameMask says how much of a winner's name a public list shows, as the code of the rules file. The zero value shows nothing.
type NameMask string

// The masks of names. Of a name that is not Chinese, Japanese or Korean each shows the first letter of each word, and not how long it is; of a word of one letter none.
const (
	NameFirst NameMask = "first" // 王○○
	NameEnds  NameMask = "ends"  // 王○明; 王○ of a name of two
)

// IDMask says how much of a winner's ID number a public list shows, as the code of the rules file. The zero value shows nothing.
type IDMask string

// The masks of ID numbers.
const (
	IDLastFour    IDMask = "last-four"     // ******6789
	IDButLastFour IDMask = "but-last-four" // A12345****
	IDMiddle      IDMask = "middle"        // A123***789
)

const (
	circle = "○"
	stars  = "***" // however many letters a word has
)

// compounds are Chinese surnames of two characters. Pairs that are as often one surname and a given name are left out: they would show too much.
var compounds = strings.Fields(`歐陽 范姜 司馬 司徒 司空 司寇 上官 諸葛 尉遲 皇甫 令狐 長孫 慕容 宇文 夏侯 公孫 東方 西門 南宮 軒轅 端木 獨孤 百里 呼延 東郭 聞人 赫連 澹臺 鮮于
	濮陽 申屠 仲孫 鍾離 閭丘 漆雕 樂正 公羊 公冶 宗政 太叔 万俟 萬俟 拓跋 羊舌 第五 太史 左丘 梁丘 公西 巫馬 亓官 顓孫 達奚`)

// Mask shows what the mask lets of a name, and at least one character of each word less than all. With compound a compound surname is shown whole. What a name is not made
// of letters and marks stays, so that 谷辣斯‧尤達卡 becomes 谷○○‧尤○○.
func (m NameMask) Mask(name string, compound bool) string {
	if m != NameFirst && m != NameEnds {
		return ""
	}
	if !strings.ContainsFunc(name, func(r rune) bool { return !eachIsOne(r) && r != ' ' }) {
		name = strings.ReplaceAll(name, " ", "") // 王 小明 is one name
	}
	var b strings.Builder
	var word []string // a string for a character with the marks that belong to it
	flush := func() {
		b.WriteString(m.word(word, compound))
		word = nil
	}
	for _, r := range name {
		switch {
		case unicode.Is(unicode.M, r) && len(word) > 0:
			word[len(word)-1] += string(r)
		case strings.ContainsRune(" ·‧・•．", r):
			flush()
			b.WriteRune(r)
		default:
			word = append(word, string(r))
		}
	}
	flush()
	return b.String()
}

// eachIsOne tells of scripts in which a character is about a syllable of a name.
func eachIsOne(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo)
}

func (m NameMask) word(w []string, compound bool) string {
	if len(w) == 0 {
		return ""
	}
	if first := []rune(w[0])[0]; !eachIsOne(first) {
		if len(w) == 1 {
			return stars
		}
		return w[0] + stars
	}
	if len(w) == 1 {
		return circle
	}
	shown := 1
	if compound && len(w) > 2 && slices.Contains(compounds, w[0]+w[1]) {
		shown = 2
	}
	end := ""
	if m == NameEnds && len(w) > shown+1 {
		end = w[len(w)-1]
		w = w[:len(w)-1]
	}
	return strings.Join(w[:shown], "") + strings.Repeat(circle, len(w)-shown) + end
}

// Mask shows what the mask lets of an ID number of ten characters; of any other it shows nothing.
func (m IDMask) Mask(number string) string {
	if len(number) != 10 {
		return ""
	}
	switch m {
	case IDLastFour:
		return "******" + number[6:]
	case IDButLastFour:
		return number[:6] + "****"
	case IDMiddle:
		return number[:4] + "***" + number[7:]
	}
	return ""
}

// Fits is how many ID numbers of citizens fit what the mask shows, since the last digit follows from the others; 0 if it shows nothing.
func (m IDMask) Fits() int {
	return map[IDMask]int{IDLastFour: 26 * 2 * 1000, IDButLastFour: 1000, IDMiddle: 100}[m]
}
