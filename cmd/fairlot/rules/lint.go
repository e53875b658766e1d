package rules

import (
	"regexp"
	"time"

	"fairlot/draw"
)

// Finding is something in the rules that hurts, and what to do about it.
type Finding struct {
	Code string `json:"code"` // names its kind; it stays the same
	Draw int    `json:"draw"` // 0: the campaign
	EN   string `json:"en"`
	ZH   string `json:"zh"`
}

// Text is the finding in a language.
func (f Finding) Text(lang string) string {
	if lang == Chinese {
		return f.ZH
	}
	return f.EN
}

// short is how long people need at least to fetch a bundle, check it and cosign it.
const short = time.Hour

// settleRoom is what the daemon wants between a draw and the deadline of a later one that leaves its winners out.
const settleRoom = 2 * time.Hour

// shortMargin is in seconds.
const shortMargin = 600

// smallBatch is below how many people an answer is hidden among too few; `campaign create` warns below it too.
const smallBatch = 50

// smallAudit is from how many of an audit sample on less than 5 % of a pool can be false if none of the sample is.
const smallAudit = 59

// announced are words by which a notice tells of the audit sample. The daemon has them too, and refuses to open without.
var announced = map[string]*regexp.Regexp{"zh-Hant-TW": regexp.MustCompile(`抽查|查核|稽核`), "en": regexp.MustCompile(`(?i)\baudit`)}

// Lint names what hurts, the campaign's first, then draw by draw. None: nothing was found, which is no proof that there is nothing.
func (s *Set) Lint(pools []int64) []Finding {
	var all []Finding
	o := &s.Open
	find := func(n int, code string, x said, args ...any) {
		all = append(all, Finding{code, n, x.in(English, args...), x.in(Chinese, args...)})
	}
	if s.Survey && o.Batch < smallBatch {
		find(0, "batch-small", said{"答案只藏在 %d 人之中；建議至少 %d 人（batch）。", "an answer is hidden among %d people only: take a batch of %d or more."}, o.Batch, smallBatch)
	}
	if len(o.Draws) == 0 {
		return all
	}
	if o.Register == 0 {
		find(0, "register-missing", said{"沒有載明可參加的人數（register），外界無從看出是否有虛構的登記。", "how many persons could enter is not stated: nobody outside can see whether entries were made up. State register."})
	}
	if s.Keeps {
		find(0, "retention-missing", said{"沒有設定 retentionDays：封存的姓名、證號與聯絡資料永遠不會自動銷毀，頁面也會這樣說；請與告知事項的保存期限核對。", "retentionDays is not set: sealed names, numbers and contacts are never destroyed by themselves, and the page says so. Compare with what the notice promises."})
	}
	if o.Proof == draw.ProofNone {
		find(0, "proof-none", said{"登記不證明身分：一人可用許多捏造的身分登記。", "nobody proves who they are: one person can enter under many made-up identities. Hand out one-use codes."})
	}
	switch n := len(o.Custodians); {
	case o.Threshold == 1 && n > 0:
		find(0, "threshold-one", said{"一位保管人就能單獨開啟聯絡資料；門檻至少取 2。", "one custodian alone opens contacts: take a threshold of 2 or more."})
	case o.Threshold == n && n > 1:
		find(0, "threshold-all", said{"少了 %d 位保管人中的任何一位，得獎者就無法通知；加一位保管人，或降低門檻。", "without any one of the %d custodians no winner can be told: add a custodian, or lower the threshold."}, n)
	}
	if o.Audit > 0 && o.Audit < smallAudit {
		find(0, "audit-small", said{"抽查樣本只有 %d 人：就算無一虛構，名單仍可能有超過 5%% 是虛構的；audit 至少取 %d。", "the audit sample is of %d only: even if none of it is false, more than 5 %% of the list may be. Take audit of %d or more."}, o.Audit, smallAudit)
	}
	s.noticeOfAudit(func(lang string, sentences []string, most int64) {
		switch {
		case len(sentences) == 0:
			find(0, "audit-notice", said{"有抽查樣本，而 %s 的告知事項沒有提到，活動無法開放：請寫明開獎後由亂數抽出若干人，姓名與證號開啟給查核人。", "there is an audit sample, and the notice in %s does not say so, so that it cannot open: say that the names and ID numbers of some, picked at random, are opened to an auditor after the draw."}, lang)
		case most > 0 && int64(o.Audit) > most:
			find(0, "audit-number", said{"抽查樣本 %s 人，而 %s 的告知事項只說至多 %s 人：請改其中之一。", "the audit sample opens %s persons of each draw, and the notice in %s promises at most %s: correct one of them."}, grouped(int64(o.Audit)), lang, grouped(most))
		}
	})
	s.lintStrata(find)
	for i := range o.Draws {
		d, n := &o.Draws[i], i+1
		if !quicknet(d) {
			find(n, "beacon-other", said{"亂數不是來自 drand quicknet，對外界不具證明力；只能用於試辦。", "its randomness is not drand quicknet's and proves nothing to outsiders: for trials only."})
		}
		if d.Deadline(d.Round).Before(o.ObjectionsEnd) {
			find(n, "draw-early", said{"抽獎時間扣除副署期限後早於登記或異議截止：活動無法開放；請延後 drawTime。", "its time less the margin is before the end of entries or objections, so that it cannot open: put drawTime off."})
		} else if left := s.untilDeadline(d); left < short {
			find(n, "cosign-short", said{"從登記（異議）截止到副署期限只有 %d 分鐘：保管人要在這段時間內下載、核對並副署；請延後 drawTime。", "custodians have %d min between the end of entries or objections and the deadline to fetch, check and cosign: put drawTime off."}, int(left.Minutes()))
		}
		if d.EarlierWinnersOut && i == 0 {
			find(n, "earlier-first", said{"第 1 次抽獎之前沒有別的抽獎，活動無法開放；請拿掉 earlierWinnersOut。", "no draw comes before it, so that it cannot open: leave earlierWinnersOut out."})
		} else if d.EarlierWinnersOut && d.Deadline(d.Round).Before(s.lastBefore(i).Add(settleRoom-time.Duration(d.Beacon.Period)*time.Second)) { // each round is up to a period after the time that the daemon looks at
			find(n, "earlier-near", said{"副署期限距先前的抽獎不到 %d 小時：要等其結果才能確定名單並副署，活動無法開放；請延後 drawTime。", "its time less the margin is less than %d hours after an earlier draw, whose winners it leaves out, so that it cannot open: put drawTime off."}, int(settleRoom.Hours()))
		}
		if d.Margin < shortMargin {
			find(n, "margin-short", said{"副署期限與亂數公布只隔 %d 秒：時鐘稍有偏差，亂數可能先於名單為人所知；marginSeconds 至少取 600。", "only %d s between the deadline and the round: with clocks a little off, the randomness may be known before the list is fixed. Take marginSeconds of 600 or more."}, d.Margin)
		}
		switch {
		case d.Forfeit && d.Alternates > 0:
			find(n, "alternates-unused", said{"獎項不遞補（forfeit），備取永遠不會用到。", "vacated prizes are forfeited, so that its alternates are never called."})
		case !d.Forfeit && d.Alternates == 0:
			find(n, "alternates-none", said{"沒有備取：得獎者放棄或聯絡不上時，獎項沒有人可得。", "there are no alternates: a prize that its winner declines, or who cannot be reached, goes to nobody."})
		}
		if !d.Forfeit && d.Alternates > 0 && d.ClaimDays == 0 {
			find(n, "claim-unlimited", said{"領獎沒有期限，逾期遞補就無從發生；請設定 claimDays。", "there is no claim period, so that no seat is ever vacated as late: state claimDays."})
		}
		for _, pool := range append(pools, o.Register) {
			left := max(pool-s.leavesOut(i), 0)
			if pool > 0 && int64(seats(d, 0)) > left {
				find(n, "prizes-many", said{"獎項 %s 份，多於 %s 人：人人得獎，其餘沒有人領。", "%s prizes for %s persons: everybody wins, and the rest goes to nobody."}, grouped(int64(seats(d, 0))), grouped(left))
				break
			}
		}
	}
	return all
}
