package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/engine"
)

// What a campaign of a library asks: eight questions of all kinds.
const surveyText = `{"clearInvisibleValues":"onHidden","pages":[{"name":"p","elements":[
{"type":"radiogroup","name":"visit","isRequired":true,"title":"How often do you come?","choices":["weekly","monthly","rarely","never"]},
{"type":"checkbox","name":"services","visibleIf":"{visit} <> 'never'","maxSelectedChoices":3,"title":"What do you use?","choices":["loans","ebooks","talks","rooms"]},
{"type":"rating","name":"satisfaction","isRequired":true,"rateMin":1,"rateMax":5,"title":"How satisfied are you?"},
{"type":"boolean","name":"recommend","title":"Would you recommend us?"},
{"type":"text","inputType":"number","name":"books","min":0,"max":500,"step":1,"title":"How many books last year?"},
{"type":"text","inputType":"date","name":"last_visit","min":"2020-01-01","max":"2030-12-31","title":"Your last visit?"},
{"type":"text","name":"favourite","maxLength":60,"title":"A book that you love"},
{"type":"comment","name":"wish","maxLength":300,"visibleIf":"{satisfaction} < 4","title":"What could be better?"}]}]}`

// answersOf are the i-th entrant's.
func answersOf(i int) string {
	visit := []string{"weekly", "monthly", "rarely", "never"}[i%4]
	services := `,"services":["loans","talks"]`
	if visit == "never" {
		services = ""
	}
	wish := ""
	if i%5 < 3 {
		wish = fmt.Sprintf(`,"wish":"Longer hours on day %d, please."`, i%7)
	}
	return fmt.Sprintf(`{"visit":%q%s,"satisfaction":%d,"recommend":%t,"books":%d,"last_visit":"2025-%02d-%02d","favourite":"Moby-Dick"%s}`,
		visit, services, 1+i%5, i%3 > 0, i%60, 1+i%12, 1+i%28, wish)
}

const custodianCount = 3

// keyed are the public halves of a campaign's keys, in the form that fairlot keys new makes.
type keyed struct {
	custodians []engine.Custodian
	recipients []string
	notifier   string
}

func newKeys() (k keyed, err error) {
	for i := range custodianCount + 1 {
		key, err := custody.NewKey()
		if err != nil {
			return k, err
		}
		if i == custodianCount {
			k.notifier = key.Recipient()
			break
		}
		_, vkey, err := ledger.GenerateCosigner(fmt.Sprintf("custodian%d.example", i+1))
		if err != nil {
			return k, err
		}
		k.custodians = append(k.custodians, engine.Custodian{Recipient: key.Recipient(), Cosigner: vkey})
		k.recipients = append(k.recipients, key.Recipient())
	}
	return k, nil
}

func texts(s string) engine.Texts { return engine.Texts{"en": s} }

// Clock of a campaign whose life is measured; the beacon's rounds are made when asked for.
var (
	opening = time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC)
	ending  = opening.Add(48 * time.Hour)
	drawing = ending.Add(72 * time.Hour)
)

// drawRules is a campaign with one draw of 100 prizes, and with a survey if asked; proof token.
func drawRules(k keyed, withSurvey bool, end, due time.Time, chain *beacon.Chain) engine.Rules {
	r := engine.Rules{
		Title: texts("Autumn draw"), Description: texts("A draw"), Notice: texts("We keep answers and persons apart."),
		Consents: []engine.Consent{{Code: "terms", Text: texts("I agree"), Required: true}},
		Draws: []engine.DrawRules{{
			Tiers:      []engine.Tier{{Count: 10, Title: texts("E-book reader")}, {Count: 90, Title: texts("Book voucher")}},
			Alternates: 100, ClaimDays: 14, DrawTime: due,
		}},
		Form: engine.Form{Email: engine.Required, Phone: engine.Optional, Address: engine.Optional}, Proof: engine.ProofToken, ChancesCap: 1, Batch: 500,
		EntriesEnd: end, Custodians: k.custodians, Threshold: 2, Notifiers: []string{k.notifier},
	}
	if withSurvey {
		r.Survey = surveyText
	}
	if chain != nil {
		r.Draws[0].Beacon = &engine.Chain{Hash: chain.Hash[:], Period: int64(chain.Period), Genesis: chain.Genesis, Key: chain.Key[:]}
	}
	return r
}

// surveyRules is a campaign that asks and draws nothing.
func surveyRules(end time.Time) engine.Rules {
	return engine.Rules{
		Title: texts("Survey"), Description: texts("A survey"), Notice: texts("Nobody is asked who they are."), Survey: surveyText,
		Proof: engine.ProofNone, Batch: mixedEpoch, EntriesEnd: end,
	}
}

// explain adds what is wrong with rules.
func explain(err error) error {
	var e *engine.Error
	if errors.As(err, &e) && len(e.Fields) > 0 {
		return fmt.Errorf("%w: %v", err, e.Fields)
	}
	return err
}

func random16() (b [16]byte) { _, _ = rand.Read(b[:]); return b }
func random32() (b [32]byte) { _, _ = rand.Read(b[:]); return b }
