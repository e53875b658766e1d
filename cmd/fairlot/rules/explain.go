package rules

import (
	"fmt"
	"strings"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/instant"
	"fairlot/draw"
)

// The languages that rules are explained in.
const (
	English = "en"
	Chinese = "zh"
)

// said is a sentence in both languages, with the same arguments in the same order.
type said struct{ zh, en string }

func (s said) in(lang string, args ...any) string {
	if lang == Chinese {
		return fmt.Sprintf(s.zh, args...)
	}
	return fmt.Sprintf(s.en, args...)
}

func inTexts(lang string, texts map[string]string) string {
	return bundle.In(map[string]string{Chinese: "zh-Hant-TW", English: "en"}[lang], texts)
}

// Explain tells the rules line by line, with the odds for pools of so many entrants; without any, for the register, or for three sizes.
func (s *Set) Explain(lang string, pools []int64) []string {
	var lines []string
	say := func(x said, args ...any) { lines = append(lines, x.in(lang, args...)) }
	o := &s.Open
	lines = append(lines, inTexts(lang, s.Titles))
	if len(o.Draws) == 0 {
		say(said{"本活動沒有抽獎。", "There is no draw in this campaign."})
		return lines
	}
	say(map[string]said{
		draw.ProofToken:  {"以一次性代碼登記，同一人只有一次有機會。", "People enter with a one-use code, and each has chances once."},
		draw.ProofMember: {"以會員身分登記，同一人只有一次有機會。", "Members enter, and each has chances once."},
		draw.ProofCode:   {"以代碼登記，同一人只有一次有機會。", "People enter with a code, and each has chances once."},
		draw.ProofNone:   {"登記時不證明身分；同一人再次登記會列入名單，但沒有機會。", "Nobody proves who they are; whoever enters again is listed, with no chance."},
	}[o.Proof])
	say(said{"登記到 %s 截止。", "Entries count before %s."}, instant.Text(o.EntriesEnd))
	if !o.ObjectionsEnd.Equal(o.EntriesEnd) {
		say(said{"異議期到 %s。", "Objections are heard until %s."}, instant.Text(o.ObjectionsEnd))
	}
	if o.Register > 0 {
		say(said{"可以參加的共有 %s 人。", "%s persons could enter at all."}, grouped(o.Register))
	}
	if o.Chances > 1 {
		say(said{"每人 1 到 %d 個機會；機會越多，排名在前的可能性越高。", "An entrant has 1 to %d chances; more of them are likelier to rank high."}, o.Chances)
	} else {
		say(said{"每人 1 個機會，人人相同。", "Everybody has one chance, and the same one."})
	}
	if o.Excluded != nil {
		say(said{"排除名單上有 %s 人：可以登記，但沒有機會。名單只給查核人看，人數與雜湊值公開。",
			"%s persons are on the exclusion list: they may enter, and have no chances. Auditors alone see the list; its number and hash are public."}, grouped(o.Excluded.Count))
	}
	say(said{"開啟得獎者的聯絡資料需要 %[2]d 位保管人中的 %[1]d 位。", "%d of %d custodians together open a winner's contact."}, o.Threshold, len(o.Custodians))
	if o.Audit > 0 {
		say(said{"抽查樣本：每次抽獎由亂數抽出至多 %s 名有機會的參加者，姓名與證號可開啟給查核人；並非由任何人挑選。",
			"Audit sample: of at most %s entrants with chances of each draw, whom its randomness picks and nobody else, names and ID numbers can be opened to the auditor."}, grouped(int64(o.Audit)))
		for _, n := range s.pools(pools) {
			sample := min(n, int64(o.Audit))
			most := draw.FalseAtMost(n, sample, 0)
			say(said{"  若有 %s 人參加、樣本 %s 人全數開啟而無一虛構：有 95%% 的把握，虛構的至多 %s 人（%s）。",
				"  With %s entrants, all %s of the sample opened and none false: at most %s of them are false (%s), with 95 %% confidence."}, grouped(n), grouped(sample), grouped(most), Percent(most, n))
		}
	}
	s.noticeOfAudit(func(in string, sentences []string, _ int64) {
		for _, x := range sentences {
			say(said{"  請與告知事項（%s）的說法核對：「%s」", "  Compare with what the notice says (%s): \"%s\""}, in, x)
		}
	})
	if s.Survey {
		say(said{"答案每滿 %d 份混合一次；總數不足時全部不保留。", "Answers are mixed from %d on; with fewer in all, none is kept."}, o.Batch)
	}
	s.explainStrata(lang, say)
	for i := range o.Draws {
		lines = append(lines, s.explainDraw(lang, i, pools)...)
	}
	return lines
}

func (s *Set) explainDraw(lang string, i int, pools []int64) []string {
	d := &s.Open.Draws[i]
	lines := []string{"", said{"第 %d 次抽獎", "Draw %d"}.in(lang, i+1)}
	say := func(x said, args ...any) { lines = append(lines, "  "+x.in(lang, args...)) }
	switch {
	case d.Proportional > 0:
		say(said{"第 1 獎：%s 份 %[3]s，依各組有機會的人數比例分配到 %[2]d 組；餘數最大的組先得餘下的份數。", "%[1]s × %[3]s, shared among %[2]d strata by their numbers of entrants with chances, what is left over to the largest remainders."}, grouped(int64(d.Proportional)), d.Strata, inTexts(lang, s.Tiers[[2]int{i + 1, 1}]))
	default:
		for j, t := range d.Tiers {
			name := inTexts(lang, s.Tiers[[2]int{i + 1, j + 1}])
			if d.Strata > 1 {
				say(said{"%s第 %d 獎：%s 份 %s", "Stratum %s, prize %d: %s × %s"}, s.stratum(lang, t.Stratum), t.Tier, grouped(int64(t.Count)), name)
			} else {
				say(said{"第 %d 獎：%s 份 %s", "Prize %d: %s × %s"}, t.Tier, grouped(int64(t.Count)), name)
			}
		}
	}
	say(said{"在 %s 抽出，依亂數鏈 %s 的第 %d 輪。這一輪在登記開始前就已寫定，其值在此之前沒有人知道。", "Drawn at %s by round %[3]d of the beacon %[2]s. The round is fixed before the first entry, and nobody knows its value before that time."},
		instant.Text(draw.RoundTime(d.Beacon, d.Round)), chain(lang, d), d.Round)
	say(said{"名單在 %s 以前凍結、公布並由見證人副署，之後的一律不算。", "The entry list is frozen, published and cosigned by witnesses before %s; nothing later counts."}, instant.Text(d.Deadline(d.Round)))
	say(said{"該輪過 %d 天仍沒有出現，抽獎可以作廢。", "If that round has not come after %d days, the draw may be void."}, d.DeadDays)
	if i > 0 {
		say(map[bool]said{true: {"先前抽獎的得獎者在本次沒有機會。", "Whoever won an earlier draw has no chance in this one."},
			false: {"先前抽獎的得獎者在本次仍有機會。", "Whoever won an earlier draw has chances in this one too."}}[d.EarlierWinnersOut])
	}
	if s.leavesOut(i) > 0 {
		say(said{"名單要等先前各次抽獎都有結果或作廢才確定；以當時持有獎項者為準，之後才遞補的人仍在名單中；在本次得獎的人，之後也仍可能遞補先前的獎項。", "Its list is closed once every earlier draw has its result or is void, without those who hold a prize then: whoever is called to one later stays in, and may have won this draw too."})
	}
	switch {
	case d.Forfeit:
		say(said{"空出的獎項不遞補。", "A prize that its winner does not take goes to nobody."})
	case d.Alternates == 0:
		say(said{"沒有備取，空出的獎項沒有人可遞補。", "There are no alternates: a prize that its winner does not take goes to nobody."})
	default:
		say(said{"備取 %s 名；空出的獎項由備取依次序遞補。", "%s alternates: a prize that its winner does not take goes to the next of them."}, grouped(int64(d.Alternates)))
	}
	if d.ClaimDays > 0 {
		say(said{"領獎期限 %d 天。", "Winners have %d days to claim."}, d.ClaimDays)
	} else {
		say(said{"領獎沒有期限。", "Winners may claim without a limit of time."})
	}
	if len(s.In) == d.Strata && d.Strata > 1 {
		say(said{"若各組人數如下，各有 1 個機會：", "With so many entrants in each stratum, of one chance each:"})
		s.strataOdds(lang, d, s.In, say)
		pools = nil
	} else {
		pools = s.pools(pools)
	}
	out := s.leavesOut(i)
	for _, n := range pools {
		if out > 0 && d.Strata == 1 {
			s.oddsOfOthers(lang, d, n, min(out, n-1), say)
		} else {
			s.odds(lang, d, n, say)
		}
	}
	if out > 0 && d.Strata > 1 {
		say(said{"其中沒有先前的得獎者時是如此；扣除後其餘的人機率略高。", "So it is if nobody of them won before; without those who did the odds of the others are a little better."})
	}
	return lines
}

// leavesOut is how many entrants draw i, from 0, leaves out at the most: one for each prize of an earlier draw. At the least it is none, as those may be void.
func (s *Set) leavesOut(i int) (n int64) {
	if !s.Open.Draws[i].EarlierWinnersOut {
		return 0
	}
	for j := range i {
		n += int64(seats(&s.Open.Draws[j], 0))
	}
	return n
}

// oddsOfOthers are those of a draw that leaves out at most so many of n entrants, for one who is not among them: between all others being in, and as few as can be.
func (s *Set) oddsOfOthers(lang string, d *draw.DrawRules, n, out int64, say func(said, ...any)) {
	between := func(chances, k int) []any {
		return []any{share(lang, draw.Odds(n-1, chances, k)), share(lang, draw.Odds(n-1-out, chances, k))}
	}
	most := append([]any{grouped(n)}, between(1, seats(d, 1))...)
	if len(d.Tiers) < 2 {
		say(said{"若有 %s 人參加，各有 1 個機會，先前未得獎者：中獎 %s 到 %s。", "With %s entrants of one chance each, whoever won nothing before: from %s to %s to win."}, most...)
	} else {
		say(said{"若有 %s 人參加，各有 1 個機會，先前未得獎者：中獎 %s 到 %s，得到第 1 獎 %s 到 %s。", "With %s entrants of one chance each, whoever won nothing before: from %s to %s to win, from %s to %s to win prize 1."}, append(most, between(1, top(d))...)...)
	}
	if s.Open.Chances > 1 {
		say(said{"  其中一人若有 %d 個機會：中獎 %s 到 %s。", "  One of them with %d chances: from %s to %s to win."}, append([]any{s.Open.Chances}, between(s.Open.Chances, seats(d, 1))...)...)
	}
}

// odds tells them for a pool of n entrants, spread evenly over strata: how many each will have nobody knows before.
func (s *Set) odds(lang string, d *draw.DrawRules, n int64, say func(said, ...any)) {
	if d.Strata > 1 {
		say(said{"若有 %s 人參加，平均分在各組，各有 1 個機會：", "With %s entrants of one chance each, spread evenly over the strata:"}, grouped(n))
		s.strataOdds(lang, d, spread(n, d.Strata), say)
		return
	}
	prizes := seats(d, 1)
	most := said{"若有 %s 人參加，各有 1 個機會：中獎 %s，得到第 1 獎 %s。", "With %s entrants of one chance each: %s to win, %s to win prize 1."}
	if len(d.Tiers) < 2 {
		most = said{"若有 %s 人參加，各有 1 個機會：中獎 %s。", "With %s entrants of one chance each: %s to win."}
		say(most, grouped(n), share(lang, draw.Odds(n-1, 1, prizes)))
	} else {
		say(most, grouped(n), share(lang, draw.Odds(n-1, 1, prizes)), share(lang, draw.Odds(n-1, 1, top(d))))
	}
	if s.Open.Chances > 1 {
		say(said{"  其中一人若有 %d 個機會：中獎 %s。", "  One of them with %d chances: %s to win."}, s.Open.Chances, share(lang, draw.Odds(n-1, s.Open.Chances, prizes)))
	}
}

func chain(lang string, d *draw.DrawRules) string {
	if quicknet(d) {
		return "drand quicknet"
	}
	return said{"%.8s…（非公開鏈）", "%.8s… (not the public one)"}.in(lang, d.Beacon.Chain.String())
}

// share writes a probability as a percentage of two digits that say something, and as one in so many.
func share(lang string, p float64) string {
	switch {
	case p >= 1:
		return said{"必定", "certain"}.in(lang)
	case p <= 0:
		return said{"不可能", "never"}.in(lang)
	}
	return said{"%s%%（約 %s 分之 1）", "%s %% (about 1 in %s)"}.in(lang, trimmed(p*100), trimmed(1/p))
}

// trimmed writes a number above 0 with two significant digits, or whole.
func trimmed(x float64) string {
	if x >= 100 {
		return grouped(int64(x + 0.5))
	}
	s := fmt.Sprintf("%.2g", x)
	if strings.Contains(s, "e") {
		s = strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.9f", x), "0"), ".")
	}
	return s
}

// Percent writes a part of a pool in percent, rounded up: it is never less than the part.
func Percent(part, pool int64) string {
	if pool == 0 {
		return "0 %"
	}
	hundredths := part/pool*10_000 + (part%pool*10_000+pool-1)/pool
	return fmt.Sprintf("%d.%02d %%", hundredths/100, hundredths%100)
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
