package engine

import "strings"

// blanks are what the example campaign leaves for the institution to write, by how they begin and end. No text for the public has such a beginning by chance.
var blanks = [][2]string{{"【待填", "】"}, {"[TO FILL IN", "]"}}

// unfilled finds texts for the public that still have a blank of the example campaign. A draft may have some; what opens may not, since it stands for ever.
func (r *Rules) unfilled() []Field {
	var fields []Field
	for _, t := range append(r.lineTexts(), namedTexts{"campaign.description", r.Description}, namedTexts{"campaign.notice", r.Notice}) {
		for _, lang := range languages {
			for _, b := range blanksIn(t.texts[lang]) {
				fields = append(fields, Field{t.path, "unfilled", "the text in " + lang + " still has a blank of the example: put your own words in the place of " + b})
			}
		}
	}
	for _, b := range blanksIn(r.Survey) {
		fields = append(fields, Field{"campaign.survey_json", "unfilled", "the survey still has a blank of the example: put your own words in the place of " + b})
	}
	return fields
}

// blanksIn are the blanks in a text, each cut short.
func blanksIn(text string) []string {
	var found []string
	for _, mark := range blanks {
		for _, rest := range strings.Split(text, mark[0])[1:] {
			inside, _, _ := strings.Cut(rest, mark[1])
			if letters := []rune(inside); len(letters) > 40 {
				inside = string(letters[:40]) + "…"
			}
			found = append(found, mark[0]+inside+mark[1])
		}
	}
	return found
}
