package entrant

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestReadPersons(t *testing.T) {
	want := []Listed{{"citizen", "A123456789"}, {"resident", "A800000014"}, {"resident", "AA00000009"}, {"citizen", "M162773050"}, {"citizen", "A123456789"}}
	got, err := ReadPersons([]byte("\ufeffID type,ID number\r\n# staff\nA123456789\n\nresident,A800000014\r\n\"Resident\"; \"aa 0000 0009\"\ncitizen Ｍ１６２７７３０５０\ncitizen\tA1 2345-6789"))
	if err != nil || fmt.Sprint(len(got)) != "5" {
		t.Fatalf("%d persons, %v", len(got), err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("person %d is another one", i+1)
		}
	}
	for _, c := range []struct {
		in   string
		line int
		says string
	}{
		{"A123456789\nA123456780\n", 2, "slip"},
		{"citizen A800000014", 1, "of the kind that stands before it"},
		{"passport,AB12345", 1, "citizen or resident"},
		{"\n\nA123456789,Wang", 3, "citizen or resident"},
		{"citizen,A123456789,Wang", 1, "leave names and all else out"},
		{"x\ny\nZ9", 2, "not an ID number"},
		{"A123456789\nA12345678\xff", 2, "UTF-8"},
		{"A1234567890", 1, "not an ID number"},
		{"王小明 A123456789", 1, "not an ID number"},
	} {
		var wrong *LineError
		_, err := ReadPersons([]byte(c.in))
		if !errors.As(err, &wrong) || wrong.Line != c.line || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want line %d to say %q", c.in, err, c.line, c.says)
		}
		for word := range strings.FieldsFuncSeq(c.in, func(r rune) bool { return strings.ContainsRune(" ,\n", r) }) {
			if len(word) > 8 && err != nil && strings.Contains(err.Error(), word) {
				t.Errorf("the error about %q holds what stands there: %v", c.in, err)
			}
		}
	}
	for _, none := range []string{"", "# nobody\n", "name\n"} {
		if _, err := ReadPersons([]byte(none)); !errors.Is(err, ErrExcluded) {
			t.Errorf("%q: %v", none, err)
		}
	}
}

func TestExclusionForm(t *testing.T) {
	persons := []Listed{{"resident", "A800000014"}, {"citizen", "M162773050"}, {"citizen", "A123456789"}, {"citizen", "M162773050"}}
	x, again := NewExclusion(persons), NewExclusion(persons)
	text := x.Marshal()
	if lines := strings.SplitN(string(text), "\n", 2); len(lines[0]) != 64 || lines[1] != "citizen A123456789\ncitizen M162773050\nresident A800000014\n" {
		t.Errorf("printed %q", lines[1])
	}
	if x.Hash() == again.Hash() {
		t.Error("two lists of the same persons have one hash: there is no salt")
	}
	back, err := ParseExclusion(text)
	if err != nil || !bytes.Equal(back.Marshal(), text) || len(back.Persons) != 3 {
		t.Fatalf("%v", err)
	}
	salt := string(text[:65])
	for in, want := range map[string]string{
		"":                     "no exclusion list",
		"citizen A123456789\n": "no exclusion list",
		strings.ToUpper(salt) + "citizen A123456789\n": "no exclusion list",
		salt:                                              "between 1 and",
		salt + "citizen A123456789":                       "line 2: the end",
		salt + "citizen A123456780\n":                     "line 2: this ID number has a slip",
		salt + "citizen a123456789\n":                     "line 2: a person stands here otherwise",
		salt + "A123456789\n":                             "line 2: a person stands here otherwise",
		salt + "citizen,A123456789\n":                     "line 2: a person stands here otherwise",
		salt + "citizen A123456789\r\n":                   "line 2",
		salt + "citizen M162773050\ncitizen A123456789\n": "line 3: the list is not sorted",
		salt + "citizen A123456789\ncitizen A123456789\n": "line 3: the list is not sorted",
		salt + "citizen A123456789\n\n":                   "line 3",
	} {
		if strings.ToUpper(salt) == salt { // no letter in it, once in 10^13
			continue
		}
		_, err := ParseExclusion([]byte(in))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "A12345678") {
			t.Errorf("%.20q…: %v, want %q", in, err, want)
		}
	}
}

// TestExclusionLimit: the greatest list fits what the contract lets through, and one person more is refused.
func TestExclusionLimit(t *testing.T) {
	persons := make([]Listed, 0, MaxExcluded+1)
	for i := 0; len(persons) <= MaxExcluded; i++ {
		for d := range 10 {
			if p, bad := listed(fmt.Sprintf("A8%07d%d", i, d)); bad == "" {
				persons = append(persons, p)
			}
		}
	}
	most, over := NewExclusion(persons[:MaxExcluded]).Marshal(), NewExclusion(persons).Marshal()
	if int64(len(most)) != MaxExclusion {
		t.Errorf("the greatest list has %d bytes, the limit is %d", len(most), MaxExclusion)
	}
	if x, err := ParseExclusion(most); err != nil || len(x.Persons) != MaxExcluded {
		t.Errorf("%d persons are refused: %v", MaxExcluded, err)
	}
	if _, err := ParseExclusion(over); err == nil {
		t.Error("one person more is taken")
	}
}

func FuzzExclusion(f *testing.F) {
	f.Add(NewExclusion([]Listed{{"citizen", "A123456789"}}).Marshal())
	f.Add([]byte("A123456789\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, err := ParseExclusion(b); err == nil && !bytes.Equal(x.Marshal(), b) {
			t.Fatal("another text is read as this list")
		}
		if p, err := ReadPersons(b); err == nil {
			x := NewExclusion(p)
			if len(x.Persons) <= MaxExcluded {
				if _, err := ParseExclusion(x.Marshal()); err != nil {
					t.Fatal("what was made cannot be read: ", err)
				}
			}
		}
	})
}
