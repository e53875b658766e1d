package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/beacon"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

const (
	institution = "示範市立圖書館 Demo City Library"
	origin      = "demo.example/fairlot"
	margin      = 1 // second between the last thing that counts and the round; in earnest it is an hour or more
	notProof    = "This is a demonstration: its beacon is one key on this machine and proves nothing to outsiders."
	notProofZh  = "本活動僅為示範：亂數信標由本機單一金鑰產生，對外不具任何證明力。"
)

// survey has one question of each type: single choice, multiple choice, rating, yes/no, number, date, short and long text.
const surveyText = `{
  "title": {"zh-tw": "圖書館使用調查", "en": "How you use the library"},
  "locale": "zh-tw",
  "clearInvisibleValues": "onHidden",
  "pages": [
    {"name": "use", "title": {"zh-tw": "使用", "en": "Use"}, "elements": [
      {"type": "radiogroup", "name": "visit", "isRequired": true, "title": {"zh-tw": "您多久來一次圖書館？", "en": "How often do you come to the library?"},
       "choices": [{"value": "weekly", "text": {"zh-tw": "每週", "en": "Every week"}}, {"value": "monthly", "text": {"zh-tw": "每月", "en": "Every month"}},
                   {"value": "rarely", "text": {"zh-tw": "很少", "en": "Rarely"}}, {"value": "never", "text": {"zh-tw": "從未", "en": "Never"}}]},
      {"type": "checkbox", "name": "services", "visibleIf": "{visit} <> 'never'", "maxSelectedChoices": 3,
       "title": {"zh-tw": "您用過哪些服務？", "en": "Which services have you used?"},
       "choices": [{"value": "loans", "text": {"zh-tw": "借書", "en": "Loans"}}, {"value": "ebooks", "text": {"zh-tw": "電子書", "en": "E-books"}},
                   {"value": "talks", "text": {"zh-tw": "講座", "en": "Talks"}}, {"value": "rooms", "text": {"zh-tw": "討論室", "en": "Study rooms"}}],
       "showNoneItem": true, "noneText": {"zh-tw": "都沒有", "en": "None"}},
      {"type": "rating", "name": "satisfaction", "isRequired": true, "rateMin": 1, "rateMax": 5,
       "title": {"zh-tw": "整體而言，您有多滿意？", "en": "How satisfied are you, all in all?"}},
      {"type": "boolean", "name": "recommend", "title": {"zh-tw": "您會推薦給朋友嗎？", "en": "Would you recommend us to a friend?"}}
    ]},
    {"name": "reading", "title": {"zh-tw": "閱讀", "en": "Reading"}, "elements": [
      {"type": "text", "inputType": "number", "name": "books", "min": 0, "max": 500, "step": 1,
       "title": {"zh-tw": "去年讀了幾本書？", "en": "How many books did you read last year?"}},
      {"type": "text", "inputType": "date", "name": "last_visit", "min": "2020-01-01", "max": "2030-12-31",
       "title": {"zh-tw": "您上次來館是哪一天？", "en": "On which day were you last here?"}},
      {"type": "text", "name": "favourite", "maxLength": 60, "title": {"zh-tw": "最喜歡的一本書", "en": "A book that you love"}},
      {"type": "comment", "name": "wish", "maxLength": 300, "visibleIf": "{satisfaction} < 4",
       "title": {"zh-tw": "我們可以改進什麼？", "en": "What could we do better?"}}
    ]}
  ]
}`

// shortSurveyText is the small campaign's.
const shortSurveyText = `{
  "title": {"zh-tw": "講座意見", "en": "About the talk"},
  "locale": "zh-tw",
  "elements": [
    {"type": "rating", "name": "talk", "isRequired": true, "rateMin": 1, "rateMax": 5, "title": {"zh-tw": "您喜歡這場講座嗎？", "en": "Did you like the talk?"}},
    {"type": "comment", "name": "topic", "maxLength": 200, "title": {"zh-tw": "下次想聽什麼主題？", "en": "Which topic next time?"}}
  ]
}`

func texts(zh, en string) []*fairlotv1.LocalizedText {
	return []*fairlotv1.LocalizedText{{Lang: "zh-Hant-TW", Text: zh}, {Lang: "en", Text: en}}
}

// setting is what differs from campaign to campaign besides its texts.
type setting struct {
	chain                          beacon.Chain
	entriesEnd, objectionsEnd, due time.Time
	margin                         int64 // seconds
	custodians                     []*fairlotv1.Custodian
	notifiers                      []string // recipients
}

// rulesOf writes what all campaigns of the demo share.
func rulesOf(slug string, x setting) *fairlotv1.Campaign {
	c := &fairlotv1.Campaign{
		Slug: slug,
		Consents: []*fairlotv1.Consent{
			{Code: "terms", Required: true, Text: texts("我已閱讀隱私權告知並同意參加。", "I have read the privacy notice and want to take part.")},
			{Code: "quote", AboutAnswers: true, Text: texts("圖書館可匿名引用我的文字意見。", "The library may quote my written answers without my name.")},
		},
		Notice: texts(
			"一、蒐集機關：示範市立圖書館。\n二、目的：問卷統計、抽獎及通知得獎人。\n三、您的答案與身分分開保存，無法相互連結；未中獎者之聯絡資料無人可讀。\n四、"+notProofZh,
			"1. We are the Demo City Library.\n2. We use what you enter for statistics, for the draw and to write to winners.\n3. Answers and persons are kept apart and cannot be joined; nobody can read the contact of a person who was not drawn.\n4. "+notProof),
		Form:          &fairlotv1.EntryForm{Card: fairlotv1.FieldRule_FIELD_RULE_OPTIONAL, Phone: fairlotv1.FieldRule_FIELD_RULE_OPTIONAL, Email: fairlotv1.FieldRule_FIELD_RULE_REQUIRED, Address: fairlotv1.FieldRule_FIELD_RULE_OPTIONAL},
		Batch:         50,
		EntriesEnd:    timestamppb.New(x.entriesEnd),
		ObjectionsEnd: timestamppb.New(x.objectionsEnd),
		Custodians:    x.custodians,
		Threshold:     2,
		Notifiers:     x.notifiers,
	}
	c.Draws = []*fairlotv1.DrawRules{{
		ClaimDays: 30, MarginSeconds: x.margin, DrawTime: timestamppb.New(x.due),
		Beacon: &fairlotv1.Beacon{Chain: x.chain.Hash[:], PeriodSeconds: int64(x.chain.Period), Genesis: x.chain.Genesis, Key: x.chain.Key[:]},
	}}
	return c
}

// libraryRules is the large campaign, and with another slug the one that stays open: one-use tokens, eight questions, three tiers, five
// alternates.
func libraryRules(slug, titleZh, titleEn string, x setting) *fairlotv1.Campaign {
	c := rulesOf(slug, x)
	c.Title = texts(titleZh, titleEn)
	c.Description = texts("填問卷、抽好禮。"+notProofZh, "Answer eight questions and win. "+notProof)
	c.SurveyJson, c.Proof, c.ChancesCap = surveyText, fairlotv1.Proof_PROOF_TOKEN, 2
	c.Draws[0].Alternates = 5
	c.WinnerList = &fairlotv1.WinnerList{Name: fairlotv1.NameMask_NAME_MASK_FIRST, CompoundSurnames: true}
	c.Draws[0].Tiers = []*fairlotv1.Tier{
		{Count: 1, Title: texts("頭獎：電子閱讀器", "First prize: an e-book reader"), Value: 9990},
		{Count: 3, Title: texts("二獎：圖書禮券一千元", "Second prize: a book voucher"), Value: 1000},
		{Count: 10, Title: texts("三獎：環保提袋", "Third prize: a cloth bag"), Value: 100},
	}
	return c
}

// sampleSize is how many entrants of the library's draw an auditor looks up.
const sampleSize = 30

// sampledRules adds an audit sample to rules whose last notifier is the auditor.
func sampledRules(c *fairlotv1.Campaign) *fairlotv1.Campaign {
	c.Audit, c.Auditor = sampleSize, int32(len(c.Notifiers))
	for i, add := range []string{"\n五、開獎後，由亂數抽出至多三十名參加者，將其姓名及證號開啟給查核人，與讀者名冊核對。",
		"\n5. After the draw, names and ID numbers of at most thirty entrants, picked by its randomness, are opened to an auditor, who compares them with the register of readers."} {
		c.Notice[i].Text += add
	}
	return c
}

// smallRules is the small campaign: no proof of person, an objection period, one tier, two alternates.
func smallRules(slug string, x setting) *fairlotv1.Campaign {
	c := rulesOf(slug, x)
	c.Title = texts("講座回饋抽獎", "A draw for those who heard the talk")
	c.Description = texts("一題問卷、三份小禮。"+notProofZh, "Two questions, three small gifts. "+notProof)
	c.SurveyJson, c.Proof = shortSurveyText, fairlotv1.Proof_PROOF_NONE
	c.Draws[0].Alternates = 2
	c.Draws[0].Tiers = []*fairlotv1.Tier{{Count: 3, Title: texts("紀念書籤組", "A set of bookmarks")}}
	return c
}

var (
	books  = []string{"紅樓夢", "小王子", "島嶼天光", "The Left Hand of Darkness", "山海經", "單車失竊記", "Moby-Dick", "射鵰英雄傳"}
	wishes = []string{"希望延長開放時間。", "More English picture books, please.", "冷氣太冷了。", "座位再多一點會更好。", "Longer loans for thick novels.", "廁所可以更乾淨。"}
)

// respond makes up answers to the large survey that fit it.
func respond(rng *rand.Rand) string {
	visit := []string{"weekly", "weekly", "monthly", "monthly", "rarely", "never"}[rng.IntN(6)]
	rating := 1 + rng.IntN(5)
	parts := []string{fmt.Sprintf(`"visit":%q,"satisfaction":%d`, visit, rating)}
	if visit != "never" {
		all := []string{`"loans"`, `"ebooks"`, `"talks"`, `"rooms"`}
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		parts = append(parts, `"services":[`+strings.Join(all[:1+rng.IntN(3)], ",")+`]`)
	}
	if rng.IntN(5) > 0 {
		parts = append(parts, fmt.Sprintf(`"recommend":%t`, rng.IntN(4) > 0))
	}
	if rng.IntN(4) > 0 {
		parts = append(parts, fmt.Sprintf(`"books":%d`, rng.IntN(60)))
	}
	if rng.IntN(3) > 0 {
		day := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rng.IntN(300))
		parts = append(parts, fmt.Sprintf(`"last_visit":%q`, day.Format(time.DateOnly)))
	}
	if rng.IntN(2) > 0 {
		parts = append(parts, fmt.Sprintf(`"favourite":%q`, books[rng.IntN(len(books))]))
	}
	if rating < 4 && rng.IntN(2) > 0 {
		parts = append(parts, fmt.Sprintf(`"wish":%q`, wishes[rng.IntN(len(wishes))]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// respondShort makes up answers to the small survey.
func respondShort(rng *rand.Rand) string {
	return fmt.Sprintf(`{"talk":%d}`, 1+rng.IntN(5))
}
