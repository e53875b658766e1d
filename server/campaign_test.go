package server_test

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

const survey = `{"title":{"default":"讀者問卷","en":"Readers' survey"},"locale":"zh-tw","elements":[
 {"type":"radiogroup","name":"often","title":{"default":"多久來一次？","en":"How often do you come?"},"isRequired":true,"choices":["weekly","monthly","rarely"]},
 {"type":"comment","name":"wish","title":{"default":"還希望什麼？","en":"What else would you like?"},"maxLength":200}]}`

func texts(zh, en string) []*fairlotv1.LocalizedText {
	return []*fairlotv1.LocalizedText{{Lang: "zh-Hant-TW", Text: zh}, {Lang: "en", Text: en}}
}

// surveyOnly is a campaign that asks nobody who they are.
func surveyOnly() *fairlotv1.Campaign {
	return &fairlotv1.Campaign{
		Slug: "readers-survey", Title: texts("讀者問卷", "Readers' survey"), Notice: texts("我們不知道您是誰。", "We do not know who you are."),
		SurveyJson: survey, EntriesEnd: timestamppb.New(time.Now().Add(time.Hour)),
	}
}
