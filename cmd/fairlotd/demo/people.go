package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// person is one made-up person. Values are in their canonical form, so that the client can recompute the commitments.
type person struct {
	name, idType, idNumber, card string
	lang, phone, email, address  string
}

// registry makes persons, the same ones every time, no two with one ID number, telephone, e-mail or address.
type registry struct {
	rng  *rand.Rand
	made int
	ids  map[string]bool
	all  []person
}

func newRegistry() *registry {
	return &registry{rng: rand.New(rand.NewChaCha8([32]byte([]byte("fairlot demonstration: made up!!")))), ids: map[string]bool{}}
}

var (
	surnames = []rune("陳林黃張李王吳劉蔡楊許鄭謝郭洪邱曾廖賴徐周葉蘇莊呂江何蕭羅高")
	givens   = []string{
		"怡君", "雅婷", "欣怡", "佳穎", "淑芬", "美玲", "詩涵", "宜蓁", "思妤", "雅雯", "惠如", "婉婷", "佩珊", "靜宜", "郁婷", "麗華", "筱涵", "芷瑄",
		"志明", "家豪", "俊傑", "建宏", "冠宇", "承翰", "柏翰", "宗翰", "彥廷", "信宏", "文雄", "國華", "子軒", "品睿", "宥廷", "柏宇", "明哲", "志偉",
		"秀英", "春嬌", "玉蘭", "金龍", "水木", "阿土", "安", "晴", "樂", "寧",
	}
	romanised = []string{"chen", "lin", "huang", "chang", "li", "wang", "wu", "liu", "tsai", "yang"}
	cities    = []string{"臺北市中正區", "臺北市大安區", "新北市板橋區", "桃園市中壢區", "臺中市西區", "臺南市東區", "高雄市苓雅區", "花蓮縣花蓮市"}
)

// next makes one person. One in twelve holds a resident certificate, one in fifteen of those in its old form of two letters.
func (g *registry) next() person {
	g.made++
	p := person{idType: "citizen", lang: "zh-Hant-TW"}
	form := "12"
	switch {
	case g.made%180 == 6:
		p.idType, form, p.lang = "resident", "ABCD", "en"
	case g.made%12 == 6:
		p.idType, form, p.lang = "resident", "89", "en"
	}
	for p.idNumber == "" || g.ids[p.idNumber] {
		p.idNumber = makeID(g.rng, form)
	}
	g.ids[p.idNumber] = true
	p.name = string(surnames[g.rng.IntN(len(surnames))]) + givens[g.rng.IntN(len(givens))]
	p.card = fmt.Sprintf("L%08d", 20_000_000+g.made)
	p.phone = fmt.Sprintf("0900-%03d-%03d", g.made/1000, g.made%1000)
	p.email = fmt.Sprintf("%s%d@example.org", romanised[g.rng.IntN(len(romanised))], 1000+g.made)
	p.address = fmt.Sprintf("%s虛構路%d號%d樓", cities[g.rng.IntN(len(cities))], g.made, 1+g.rng.IntN(12))
	g.all = append(g.all, p)
	return p
}

// letterNumbers are the numbers that the letters A to Z of an ID number stand for (docs/FORMATS.md, section 7).
var letterNumbers = [26]int{10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33}

// makeID makes an ID number of Taiwan whose check digit fits, its second character being one of second: 1 or 2 for citizens, 8, 9 or A to D
// for residents.
func makeID(rng *rand.Rand, second string) string {
	id := []byte{byte('A' + rng.IntN(26)), second[rng.IntN(len(second))]}
	for range 7 {
		id = append(id, byte('0'+rng.IntN(10)))
	}
	return string(append(id, byte('0'+checkDigit(id))))
}

// checkDigit is the tenth character, as a number, that fits the nine before it.
func checkDigit(nine []byte) int {
	first := letterNumbers[nine[0]-'A']
	sum := first/10 + first%10*9
	for i, c := range nine[1:] {
		d := int(c) - '0'
		if 'A' <= c && c <= 'Z' {
			d = letterNumbers[c-'A'] % 10
		}
		sum += d * (8 - i)
	}
	return (10 - sum%10) % 10
}

// slip returns an ID number with its last digit wrong.
func slip(id string) string {
	last := (id[len(id)-1]-'0'+1)%10 + '0'
	return id[:len(id)-1] + string(last)
}

// fullWidth writes an ID number as an East Asian keyboard may: in full-width characters.
func fullWidth(id string) string {
	return strings.Map(func(r rune) rune { return r + 0xfee0 }, id)
}

func (p *person) identity() *fairlotv1.Identity {
	kind := fairlotv1.IdType_ID_TYPE_CITIZEN
	if p.idType == "resident" {
		kind = fairlotv1.IdType_ID_TYPE_RESIDENT
	}
	return &fairlotv1.Identity{Name: p.name, IdType: kind, IdNumber: p.idNumber, Card: p.card}
}

func (p *person) contact() *fairlotv1.Contact {
	return &fairlotv1.Contact{Lang: p.lang, Phone: p.phone, Email: p.email, Address: p.address}
}

// texts are the identity and contact texts of docs/SPEC.md, section 4.
func (p *person) texts() (identity, contact []byte, err error) {
	identity, err = draw.Identity{Name: p.name, IDType: p.idType, IDNumber: p.idNumber, Card: p.card}.Marshal()
	if err != nil {
		return nil, nil, err
	}
	contact, err = draw.Contact{Lang: p.lang, Phone: p.phone, Email: p.email, Address: p.address}.Marshal()
	return identity, contact, err
}

// secrets are the values that must be found nowhere but with the person.
func (p *person) secrets() []string {
	return []string{p.name, p.idNumber, p.card, p.phone, p.email, p.address}
}
