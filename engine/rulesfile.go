package engine

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"fairlot/draw"
	"fairlot/store"
)

// languages in which texts may be given, the first is the default.
var languages = []string{"zh-Hant-TW", "en"}

const (
	defaultBatch  = 50
	minBatch      = 2
	defaultMargin = 3600
	deadDays      = 30

	// defaultTaxAbove is the sum in New Taiwan dollars above which whoever gives prizes in Taiwan reports them to the tax office.
	defaultTaxAbove = 1000
)

func (r *Rules) statesValues() bool {
	return slices.ContainsFunc(r.Draws, func(d DrawRules) bool {
		return slices.ContainsFunc(d.Tiers, func(t Tier) bool { return t.Value > 0 })
	})
}

// normalise brings texts to NFC and fills in the defaults, so that what is stored is what will be published.
func (r *Rules) normalise() {
	for _, t := range append(r.lineTexts(), namedTexts{"", r.Description}, namedTexts{"", r.Notice}) {
		for lang, s := range t.texts {
			s = norm.NFC.String(strings.TrimSpace(s))
			t.texts[lang] = strings.ReplaceAll(s, "\r\n", "\n")
		}
	}
	r.EntriesEnd = r.EntriesEnd.UTC().Truncate(time.Second)
	r.ObjectionsEnd = r.ObjectionsEnd.UTC().Truncate(time.Second)
	if r.ObjectionsEnd.IsZero() || r.ObjectionsEnd.Unix() == 0 {
		r.ObjectionsEnd = r.EntriesEnd
	}
	if r.Batch == 0 {
		r.Batch = defaultBatch
	}
	if r.ChancesCap == 0 {
		r.ChancesCap = 1
	}
	if r.Proof == "" {
		r.Proof = ProofToken
	}
	if len(r.Draws) == 0 {
		r.Proof = ProofNone
	}
	if r.Threshold == 0 {
		r.Threshold = min(2, len(r.Custodians))
	}
	if r.TaxAbove == 0 && r.statesValues() {
		r.TaxAbove = defaultTaxAbove
	}
	for i := range r.Draws {
		r.Draws[i].DrawTime = r.Draws[i].DrawTime.UTC().Truncate(time.Second)
		if r.Draws[i].Margin == 0 {
			r.Draws[i].Margin = defaultMargin
		}
	}
}

type namedTexts struct {
	path  string
	texts Texts
}

// lineTexts are the texts that stand as one line each in the rules file.
func (r *Rules) lineTexts() []namedTexts {
	out := []namedTexts{{"campaign.title", r.Title}}
	if len(r.Claim) > 0 {
		out = append(out, namedTexts{"campaign.claim", r.Claim})
	}
	for i, c := range r.Consents {
		out = append(out, namedTexts{fmt.Sprintf("campaign.consents[%d].text", i), c.Text})
	}
	for i, title := range r.Strata {
		out = append(out, namedTexts{fmt.Sprintf("campaign.strata[%d].title", i), title})
	}
	for i, d := range r.Draws {
		for j, t := range d.Tiers {
			out = append(out, namedTexts{fmt.Sprintf("campaign.draws[%d].tiers[%d].title", i, j), t.Title})
		}
	}
	return out
}

// checkTexts finds what could not be published.
func (r *Rules) checkTexts() []Field {
	var fields []Field
	for _, t := range r.lineTexts() {
		if len(t.texts) == 0 {
			fields = append(fields, Field{t.path, "required", "give the text in at least one language"})
		}
		for _, lang := range languages {
			s, ok := t.texts[lang]
			if !ok {
				continue
			}
			if s == "" || len(s) > 2000 || strings.Contains(s, "\n") || draw.CheckText([]byte(s+"\n")) != nil {
				fields = append(fields, Field{t.path, "text", "one line of at most 2,000 bytes, without tabs or invisible characters"})
			}
		}
	}
	if len(r.Notice) == 0 {
		fields = append(fields, Field{"campaign.notice", "required", "give the privacy notice in at least one language"})
	}
	for _, lang := range languages {
		notice, ok := r.Notice[lang]
		if ok && notice == "" {
			fields = append(fields, Field{"campaign.notice", "required", "a notice without text informs nobody: write it, or leave the language out"})
		}
		for line := range strings.Lines(notice) { // the notice file sets a language's tag in brackets above its text
			if line = strings.TrimSpace(line); len(line) > 2 && slices.Contains(languages, line[1:len(line)-1]) {
				fields = append(fields, Field{"campaign.notice", "text", "a line of a notice cannot be a language's tag in brackets"})
			}
		}
		if strings.ContainsFunc(notice, invisible) {
			fields = append(fields, Field{"campaign.notice", "text", "take out invisible characters and those that turn the direction of writing"})
		}
		if strings.ContainsFunc(r.Description[lang], invisible) {
			fields = append(fields, Field{"campaign.description", "text", "take out invisible characters and those that turn the direction of writing"})
		}
	}
	return fields
}

// invisible tells of characters that a text of several lines cannot have: it would not be read as it stands.
func invisible(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffd:
		return true
	}
	return unicode.Is(unicode.Cc, r)
}

// noticeFile is the file whose hash entrants confirm: each language's text under its tag.
func noticeFile(r Rules) []byte {
	var b bytes.Buffer
	for _, lang := range languages {
		if s, ok := r.Notice[lang]; ok {
			fmt.Fprintf(&b, "[%s]\n%s\n", lang, s)
		}
	}
	return b.Bytes()
}

// rulesFile is SPEC section 3's rules file: what people read beside the open record.
func rulesFile(id store.CampaignID, slug string, r Rules, unchecked bool) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	texts := func(key string, t Texts) {
		for _, lang := range languages {
			if s, ok := t[lang]; ok {
				line("%s %s %s", key, lang, s)
			}
		}
	}
	line("fairlot/v1 rules")
	line("campaign %x", id[:])
	line("slug %s", slug)
	texts("title", r.Title)
	texts("claim", r.Claim)
	for _, lang := range languages {
		if s, ok := r.Description[lang]; ok && s != "" {
			line("description %s %s", lang, draw.HashOf([]byte(s)))
		}
	}
	if r.Survey != "" {
		line("survey %s", draw.HashOf([]byte(r.Survey)))
	}
	for _, f := range formFields(r.Form) {
		if f.ask != NotAsked {
			line("field %s %s", f.name, map[Ask]string{Optional: "optional", Required: "required"}[f.ask])
		}
	}
	for _, c := range r.Consents {
		line("consent %s %s %s", c.Code, pick(c.Required, "required", "optional"), pick(c.AboutAnswers, "answers", "person"))
		texts("consent-text "+c.Code, c.Text)
	}
	if r.Retention > 0 {
		line("retention %d days after the last claim period, then names, numbers and contacts are destroyed", r.Retention)
	}
	r.strataLines(line, texts)
	for i, d := range r.Draws {
		d.prizeLines(i+1, line, texts)
	}
	if r.TaxAbove > 0 {
		line("tax-above %d", r.TaxAbove)
	}
	if len(r.Draws) > 0 {
		line("keys %s", pick(unchecked, "not checked before the opening", "checked before the opening: custodians and notifiers showed that they hold them"))
		line("claim-proxy %s", pick(r.Claiming.Proxy, "authorised", "none"))
		line("claim-guardian-below %d", r.Claiming.GuardianBelow)
		line("winner-names %s%s", cmp.Or(string(r.WinnerList.Name), "none"), pick(r.WinnerList.Compounds, " compound-surnames", ""))
		line("winner-id-numbers %s", cmp.Or(string(r.WinnerList.IDNumber), "none"))
		if r.Audit > 0 {
			line("auditor %d", r.Auditor)
		}
		if r.Excluded != nil {
			line("excluded %d persons on a list that auditors are shown: their entries have no chances", r.Excluded.Persons)
		}
		line("chances %s", pick(r.Proof == ProofToken, "as the token says", "one for each entrant"))
	}
	return b.Bytes()
}

type formField struct {
	name string
	ask  Ask
}

func formFields(f Form) []formField {
	return []formField{{"birth", f.Birth}, {"card", f.Card}, {"guardian", f.Guardian}, {"phone", f.Phone}, {"email", f.Email}, {"address", f.Address}}
}

func pick(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// checkRules finds everything that keeps the rules from opening now, all at once.
func (r *Rules) checkRules(now time.Time) []Field {
	var out []Field
	bad := func(path, reason, format string, args ...any) {
		out = append(out, Field{"campaign." + path, reason, fmt.Sprintf(format, args...)})
	}
	out = append(out, r.checkTexts()...)
	out = append(out, r.unfilled()...)
	out = append(out, r.checkAudit()...)
	if r.Survey == "" && len(r.Draws) == 0 {
		bad("survey_json", "required", "a campaign needs a survey, a draw, or both")
	}
	if r.Survey != "" && r.Batch < minBatch {
		bad("batch", "range", "answers must be hidden among at least %d people: with fewer each answer is known to be somebody's; leave it out for %d", minBatch, defaultBatch)
	}
	if !r.EntriesEnd.After(now) {
		bad("entries_end", "past", "entries must end in the future")
	}
	if r.ObjectionsEnd.Before(r.EntriesEnd) {
		bad("objections_end", "order", "objections cannot end before entries do")
	}
	codes := map[string]bool{}
	for i, c := range r.Consents {
		if codes[c.Code] {
			bad(fmt.Sprintf("consents[%d].code", i), "duplicate", "each consent needs its own code")
		}
		codes[c.Code] = true
		if c.AboutAnswers && r.Survey == "" {
			bad(fmt.Sprintf("consents[%d].about_answers", i), "unused", "there is no survey whose answers this could be about")
		}
	}
	if len(r.Draws) == 0 {
		if r.Form != (Form{}) {
			bad("form", "unused", "a campaign without draws asks nobody who they are: leave the form empty")
		}
		if len(r.Custodians)+len(r.Notifiers) > 0 {
			bad("custodians", "unused", "a campaign without draws has no custodians and notifiers")
		}
		if r.Retention > 0 {
			bad("retention_days", "unused", "without draws nobody's name or contact is kept: leave it out")
		}
		if len(r.Claim) > 0 {
			bad("claim", "unused", "without draws there is nothing to claim: leave it out")
		}
		if r.Claiming != (Claiming{}) {
			bad("claim_proxy", "unused", "without draws there is nothing to claim: leave claim_proxy and guardian_below out")
		}
		if r.TaxAbove > 0 {
			bad("tax_above", "unused", "without draws there are no prizes to report: leave it out")
		}
		if r.WinnerList != (WinnerList{}) {
			bad("winner_list", "unused", "without draws there are no winners to list: leave it out")
		}
		if r.Excluded != nil {
			bad("excluded", "unused", "without draws nobody has chances: take the exclusion list back")
		}
		if len(r.Strata) > 0 || r.StrataBy != "" {
			bad("strata", "unused", "without draws nobody is drawn in groups: leave strata and strata_by out")
		}
		if slices.ContainsFunc(r.Consents, func(c Consent) bool { return !c.AboutAnswers }) {
			bad("consents", "unused", "without draws there is no person to keep a consent for: make consents about the answers")
		}
		return out
	}
	if r.Proof != ProofToken && r.Proof != ProofNone {
		bad("proof", "unknown", "this version knows the proofs token and none")
	}
	if r.Proof == ProofNone && !r.ObjectionsEnd.After(r.EntriesEnd) {
		bad("objections_end", "required", "without proof of person there must be an objection period after the end of entries")
	}
	if r.Proof == ProofNone && r.ChancesCap != 1 {
		bad("chances_cap", "unused", "without tokens every entrant has one chance")
	}
	if r.Form.Phone != Required && r.Form.Email != Required && r.Form.Address != Required {
		bad("form", "required", "require at least one of phone, e-mail and address, or no winner can be told")
	}
	if r.Claiming.GuardianBelow > 0 && r.Form.Birth != Required {
		bad("guardian_below", "birth", "require the date of birth, or nobody can tell for whom a guardian must come")
	}
	if r.TaxAbove > 0 && !r.statesValues() {
		bad("tax_above", "unused", "no prize says what it is worth (value): state that, or leave tax_above out")
	}
	if r.WinnerList.Compounds && r.WinnerList.Name == "" {
		bad("winner_list.compound_surnames", "unused", "the list shows no names: set winner_list.name, or leave this out")
	}
	out = append(out, r.checkHolders()...)
	r.checkStrata(bad)
	for i, d := range r.Draws {
		if at := r.ObjectionsEnd.Add(time.Duration(d.Margin) * time.Second); d.DrawTime.Before(at) {
			bad(fmt.Sprintf("draws[%d].draw_time", i), "order",
				"draw at least %d seconds (margin_seconds) after the end of entries and objections, so not before %s", d.Margin, at.Format(time.RFC3339))
		}
		if i > 0 && d.DrawTime.Before(r.Draws[i-1].DrawTime) {
			bad(fmt.Sprintf("draws[%d].draw_time", i), "order", "draws are held in the order of their numbers")
		}
		r.checkEarlier(i, bad)
	}
	return out
}
