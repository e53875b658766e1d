package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// notInSummary are the fields of a campaign that whoever approves its opening is not shown, and why not.
var notInSummary = map[protoreflect.FullName]string{
	"fairlot.v1.Campaign.etag":        "`campaign open` and `approve` name the version beside it",
	"fairlot.v1.Campaign.notice_hash": "the notice itself is shown whole",
	"fairlot.v1.Campaign.survey_json": "questions are long: the row names the command that prints them",
	"fairlot.v1.Campaign.open_record": "its hash is shown, and the bundle has it",
	"fairlot.v1.LocalizedText.lang":   "one-line texts stand beside each other in all their languages",
}

func summaryOf(c *fairlotv1.Campaign) string {
	var b bytes.Buffer
	(&app{out: &b}).summary(c)
	return b.String()
}

// everything is a campaign in which each field of the contract says something.
func everything() *fairlotv1.Campaign {
	day := time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC)
	at := func(days int) *timestamppb.Timestamp { return timestamppb.New(day.AddDate(0, 0, days)) }
	text := func(s string) []*fairlotv1.LocalizedText { return []*fairlotv1.LocalizedText{{Lang: "en", Text: s}} }
	const required = fairlotv1.FieldRule_FIELD_RULE_REQUIRED
	rules := func(days int) *fairlotv1.DrawRules {
		return &fairlotv1.DrawRules{Tiers: []*fairlotv1.Tier{{Count: 2, Title: text("Voucher"), Value: 500, Stratum: 1}, {Count: 1, Title: text("Globe"), Value: 500, Stratum: 2}},
			Alternates: 3, ClaimDays: 14, MarginSeconds: 3600, DrawTime: at(days), Beacon: &fairlotv1.Beacon{Chain: bytes.Repeat([]byte{1}, 32), PeriodSeconds: 30, Genesis: 1, Key: bytes.Repeat([]byte{2}, 96)}}
	}
	return &fairlotv1.Campaign{
		Name: "campaigns/00", Slug: "spring", State: fairlotv1.CampaignState_CAMPAIGN_STATE_OPEN, Etag: "1", Title: text("Spring"), Description: text("Come in."), Notice: text("We keep little."), NoticeHash: "00",
		SurveyJson: "{}", Consents: []*fairlotv1.Consent{{Code: "news", Text: text("Write to me.")}}, Draws: []*fairlotv1.DrawRules{rules(2), rules(4)},
		Form:  &fairlotv1.EntryForm{Birth: required, Card: required, Guardian: required, Phone: required, Email: required, Address: required},
		Proof: fairlotv1.Proof_PROOF_TOKEN, Register: 40_000, ChancesCap: 3, Batch: 50, EntriesEnd: at(0), ObjectionsEnd: at(1),
		Custodians: []*fairlotv1.Custodian{{Recipient: "age1pq" + strings.Repeat("q", 1900), Cosigner: "maria.example+00000000+BA"}}, Threshold: 1, Notifiers: []string{"age1a", "age1b", "age1c"},
		OpenHash: "00", OpenRecord: "record", Claim: text("At the desk."), RetentionDays: 180, GuardianBelow: 18, TaxAbove: 1000,
		WinnerList: &fairlotv1.WinnerList{Name: fairlotv1.NameMask_NAME_MASK_FIRST, IdNumber: fairlotv1.IDMask_ID_MASK_LAST_FOUR},
		Strata:     []*fairlotv1.Stratum{{Title: text("North")}, {Title: text("South")}}, StrataBy: fairlotv1.StrataBy_STRATA_BY_ENTRANT,
		Audit: 300, Auditor: 2, Excluded: &fairlotv1.Exclusion{Persons: 12, Hash: "00"},
	}
}

// TestSummaryShowsEveryField changes each field of a campaign by itself: what two persons read before it opens for ever must then read otherwise.
func TestSummaryShowsEveryField(t *testing.T) {
	t.Parallel()
	c := everything()
	before, met := summaryOf(c), map[protoreflect.FullName]bool{}
	var walk func(m protoreflect.Message)
	walk = func(m protoreflect.Message) {
		for i := range m.Descriptor().Fields().Len() {
			f := m.Descriptor().Fields().Get(i)
			if met[f.FullName()] = true; notInSummary[f.FullName()] != "" {
				continue
			}
			if f.Kind() == protoreflect.MessageKind && f.Message().FullName() != "google.protobuf.Timestamp" {
				switch {
				case f.IsList() && m.Get(f).List().Len() > 0:
					walk(m.Get(f).List().Get(0).Message())
				case !f.IsList() && m.Has(f):
					walk(m.Get(f).Message())
				case m.Descriptor().FullName() == "fairlot.v1.Campaign":
					t.Errorf("%s: set it in this test, or nobody looks whether it is shown", f.FullName())
				}
				continue
			}
			old := m.Get(f)
			if f.IsList() {
				list := m.Mutable(f).List()
				old = list.Get(0)
				list.Set(0, other(t, f, old))
				if summaryOf(c) == before {
					t.Errorf("%s is changed, and the summary shows nothing of it", f.FullName())
				}
				list.Set(0, old)
				continue
			}
			m.Set(f, other(t, f, old))
			if summaryOf(c) == before {
				t.Errorf("%s is changed, and the summary shows nothing of it: print it, or say in notInSummary why not", f.FullName())
			}
			m.Set(f, old)
		}
	}
	walk(c.ProtoReflect())
	for name := range notInSummary {
		if !met[name] {
			t.Errorf("there is no field %s", name)
		}
	}
	if summaryOf(c) != before {
		t.Fatal("this test changed what it should have put back")
	}
}

// other is another value than a field has.
func other(t *testing.T, f protoreflect.FieldDescriptor, old protoreflect.Value) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(!old.Bool())
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(old.Int()) + 1)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(old.Int() + 1)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(old.String() + "x")
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(append([]byte{old.Bytes()[0] + 1}, old.Bytes()[1:]...))
	case protoreflect.EnumKind:
		n := old.Enum() + 1
		if f.Enum().Values().ByNumber(n) == nil {
			n = old.Enum() - 1
		}
		return protoreflect.ValueOfEnum(n)
	case protoreflect.MessageKind:
		x := proto.CloneOf(old.Message().Interface().(*timestamppb.Timestamp))
		x.Seconds += 60
		return protoreflect.ValueOfMessage(x.ProtoReflect())
	}
	t.Fatalf("%s: this test does not know its kind", f.FullName())
	return old
}
