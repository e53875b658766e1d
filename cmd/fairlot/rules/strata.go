package rules

import (
	"fmt"
	"slices"
	"strings"

	"fairlot/draw"
)

// stratum is how a stratum is spoken of: its number, and its title if it has one.
func (s *Set) stratum(lang string, n int) string {
	if title := inTexts(lang, s.Strata[n]); lang == Chinese && title != "" {
		return fmt.Sprintf("第 %d 組「%s」", n, title)
	} else if lang == Chinese {
		return fmt.Sprintf("第 %d 組", n)
	}
	return strings.TrimSpace(fmt.Sprint(n, " ", inTexts(lang, s.Strata[n])))
}

// explainStrata tells who is drawn in which stratum, and what becomes of a small one.
func (s *Set) explainStrata(lang string, say func(said, ...any)) {
	n := s.Open.Draws[0].Strata
	if n < 2 {
		return
	}
	var names []string
	for i := range n {
		names = append(names, s.stratum(lang, i+1))
	}
	say(said{"分 %d 組抽獎：%s。", "Drawn in %d strata: %s."}, n, strings.Join(names, said{"、", ", "}.in(lang)))
	switch s.By {
	case "entrant":
		say(said{"登記時由參加者自己選組，之後不能改。", "Entrants choose their stratum when they enter, for good."})
	case "token":
		say(said{"組別由一次性代碼決定。", "The one-use code decides the stratum."})
	}
	say(said{"截止時有機會的人不足 %d 人的組，與下一組一起抽；最後一組則與前一組一起抽。", "A stratum with fewer than %d entrants with chances at the close is drawn together with the next, the last one with the one before."}, s.Open.Batch)
	for i := range s.Open.Draws {
		if s.Open.Draws[i].Proportional == 0 {
			say(said{"一起抽的組，同一號的獎項份數相加，獎品依留下的那一組；該組沒有的號次，依併入的組中第一個有此號次的組。",
				"Of strata drawn together the prizes of one number are added, and are what they are in the stratum that the others were joined to; a number that it lacks is what it is in the first joined one that has it."})
			break
		}
	}
}

// spread is how many entrants each stratum has of n.
func spread(n int64, strata int) []int64 {
	counts := make([]int64, strata)
	for i := range counts {
		counts[i] = n / int64(strata)
		if int64(i) < n%int64(strata) {
			counts[i]++
		}
	}
	return counts
}

// strataOdds tells the odds in each stratum that stands, if they have so many entrants of one chance each.
func (s *Set) strataOdds(lang string, d *draw.DrawRules, counts []int64, say func(said, ...any)) {
	plan := draw.MakePlan(d, s.Open.Batch, counts)
	for _, e := range plan.Effective {
		var names []string
		n := int64(0)
		for i, into := range plan.Into {
			if into == e.Stratum {
				n += counts[i]
				names = append(names, s.stratum(lang, i+1))
			}
		}
		who := strings.Join(names, said{"、", " + "}.in(lang))
		switch {
		case n == 0:
			say(said{"  %s：沒有人。", "  stratum %s: nobody."}, who)
		case len(e.Tiers) > 1:
			say(said{"  %s %s 人：中獎 %s，得到第 1 獎 %s。", "  stratum %s, %s entrants: %s to win, %s to win prize 1."}, who, grouped(n), share(lang, draw.Odds(n-1, 1, e.Seats())), share(lang, draw.Odds(n-1, 1, e.Tiers[0])))
		default:
			say(said{"  %s %s 人：%s 份獎，中獎 %s。", "  stratum %s, %s entrants, prizes: %s; %s to win."}, who, grouped(n), grouped(int64(e.Seats())), share(lang, draw.Odds(n-1, 1, e.Seats())))
		}
		if s.Open.Chances > 1 && n > 0 {
			say(said{"    其中一人若有 %d 個機會：中獎 %s。", "    one of them with %d chances: %s to win."}, s.Open.Chances, share(lang, draw.Odds(n-1, s.Open.Chances, e.Seats())))
		}
	}
}

// lintStrata names what hurts in strata.
func (s *Set) lintStrata(find func(n int, code string, x said, args ...any)) {
	if len(s.Open.Draws) == 0 || s.Open.Draws[0].Strata < 2 {
		return
	}
	if s.Notice != nil { // of a draft
		if s.By == "" {
			find(0, "strata-by", said{"沒有說明組別由什麼決定（strataBy），活動無法開放：STRATA_BY_ENTRANT 由參加者自己選，STRATA_BY_TOKEN 由代碼決定。",
				"it is not said what decides the stratum of an entrant (strataBy), so that it cannot open: STRATA_BY_ENTRANT lets them choose, STRATA_BY_TOKEN lets their code decide."})
		}
		s.lintTiers(find)
	}
	own := false
	for i := range s.Open.Draws {
		own = own || s.Open.Draws[i].Proportional == 0
	}
	if s.By == "entrant" && own {
		find(0, "strata-chosen", said{"參加者自己選組，而各組中獎機率不同：想多得機會的人會選人少獎多的組。以代碼決定組別，或改依人數比例分配（proportional）。",
			"entrants choose their stratum, and the odds differ between strata: who wants better odds picks the one with few entrants and many prizes. Let codes decide, or share prizes by numbers (proportional)."})
	}
	if s.In == nil {
		return
	}
	for i := range s.Open.Draws {
		plan := draw.MakePlan(&s.Open.Draws[i], s.Open.Batch, s.In)
		for j, into := range plan.Into {
			if into != j+1 {
				find(i+1, "stratum-joined", said{"第 %d 組以 %s 人不足 %d 人，會併入第 %d 組一起抽。", "with %[2]s entrants stratum %[1]d has fewer than %[3]d and is drawn together with stratum %[4]d."}, j+1, grouped(s.In[j]), s.Open.Batch, into)
			}
		}
		s.lintJoined(i, plan, find)
	}
}

// lintTiers names prizes of a draft that no daemon opens: strata without any, and tiers in another order than the strata.
func (s *Set) lintTiers(find func(n int, code string, x said, args ...any)) {
	for i := range s.Open.Draws {
		d := &s.Open.Draws[i]
		if d.Proportional > 0 {
			continue
		}
		for j := 1; j <= d.Strata; j++ {
			if seats(d, j) == 0 {
				find(i+1, "stratum-empty", said{"第 %d 組沒有獎項，活動無法開放：每組至少要有一個獎項，或依人數比例分配（proportional）。", "stratum %d has no prize, so that it cannot open: give each stratum at least one, or share prizes by numbers (proportional)."}, j)
			}
		}
		for j := 1; j < len(d.Tiers); j++ {
			if before, now := d.Tiers[j-1].Stratum, d.Tiers[j].Stratum; now < before {
				find(i+1, "tiers-order", said{"第 %d 組的獎項寫在第 %d 組之後，活動無法開放：請依組別順序寫。", "prizes of stratum %d stand behind those of stratum %d, so that it cannot open: write tiers in the order of their strata."}, now, before)
				break
			}
		}
	}
}

// lintJoined names the prizes that strata drawn together in draw i, from 0, have then, and those of their own that nobody gets.
func (s *Set) lintJoined(i int, plan draw.Plan, find func(n int, code string, x said, args ...any)) {
	d := &s.Open.Draws[i]
	if d.Proportional > 0 || !slices.IsSortedFunc(d.Tiers, func(a, b draw.Tier) int { return a.Stratum - b.Stratum }) { // in another order their numbers mean nothing yet
		return
	}
	lines := make([]draw.Line, len(plan.Effective))
	for j, e := range plan.Effective {
		lines[j].Stratum = e.Stratum
	}
	prizes := draw.NewPrizes(d, lines)
	for _, e := range plan.Effective {
		if !joins(plan, e.Stratum) {
			continue
		}
		told := func(lang string, each, gone said) (have, lost []string) {
			for k, n := range e.Tiers {
				have = append(have, each.in(lang, k+1, grouped(int64(n)), inTexts(lang, s.Tiers[[2]int{i + 1, prizes.Of(e.Stratum, k+1)}])))
			}
			for j, t := range d.Tiers {
				if plan.Into[t.Stratum-1] == e.Stratum && prizes.Of(e.Stratum, t.Tier) != j+1 {
					lost = append(lost, gone.in(lang, s.stratum(lang, t.Stratum), t.Tier, inTexts(lang, s.Tiers[[2]int{i + 1, j + 1}])))
				}
			}
			return have, lost
		}
		each, gone := said{"第 %d 獎 %s 份 %s", "prize %d: %s × %s"}, said{"%s第 %d 獎 %s", "stratum %s, prize %d: %s"}
		have, lost := told(English, each, gone)
		en := fmt.Sprintf("stratum %d, with those drawn together with it, then has %s.", e.Stratum, strings.Join(have, "; "))
		if len(lost) > 0 {
			en += " NOBODY GETS what the following say: " + strings.Join(lost, "; ") + "."
		}
		have, lost = told(Chinese, each, gone)
		zh := fmt.Sprintf("第 %d 組與併入的組一起抽時，獎項為：%s。", e.Stratum, strings.Join(have, "；"))
		if len(lost) > 0 {
			zh += "沒有人會得到：" + strings.Join(lost, "；") + "。"
		}
		find(i+1, "prizes-joined", said{"%[1]s", "%[2]s"}, zh, en)
	}
}

// joins says whether another stratum is drawn together with one that stands.
func joins(plan draw.Plan, stratum int) bool {
	for i, into := range plan.Into {
		if into == stratum && i+1 != stratum {
			return true
		}
	}
	return false
}
