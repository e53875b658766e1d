package rules

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// bounds are how a sentence of a notice says how many at most; the second group is the unit of what is no person.
var bounds = map[string]*regexp.Regexp{
	"zh-Hant-TW": regexp.MustCompile(`(?:至多|最多|不超過|不逾)\s*([0-9][0-9,]*)\s*([%％日天年月週次份元]|個月|小時|分鐘)?`),
	"en":         regexp.MustCompile(`(?i)\b(?:at most|no more than|not more than|up to)\s+([0-9][0-9,]*)\s*(%|per ?cent\b|(?:minute|hour|day|week|month|year|time)s?\b)?`),
}

var (
	sentenceEnds = regexp.MustCompile(`[。！？；!?;\n]|\.(?:\s|$)`)
	halfWidth    = strings.NewReplacer("０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9", "，", ",")
)

// NoticeOfAudit are the sentences of a notice that tell of an audit sample, and the largest number of persons that they state as its bound; 0 if they state none
// that this program recognises, which is digits behind words such as "at most" or 至多.
func NoticeOfAudit(lang, notice string) (sentences []string, most int64) {
	tells, bound := announced[lang], bounds[lang]
	if tells == nil {
		return nil, 0
	}
	for _, s := range sentenceEnds.Split(notice, -1) {
		if s = strings.TrimSpace(s); !tells.MatchString(s) {
			continue
		}
		sentences = append(sentences, s)
		for _, m := range bound.FindAllStringSubmatch(halfWidth.Replace(s), -1) {
			if m[2] != "" {
				continue
			}
			if n, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64); err == nil {
				most = max(most, n)
			}
		}
	}
	return sentences, most
}

// noticeOfAudit calls f for each language of a draft's notice.
func (s *Set) noticeOfAudit(f func(lang string, sentences []string, most int64)) {
	if s.Open.Audit == 0 {
		return
	}
	for _, lang := range slices.Sorted(maps.Keys(s.Notice)) {
		sentences, most := NoticeOfAudit(lang, s.Notice[lang])
		f(lang, sentences, most)
	}
}
