package client

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestDialStaysOnThisMachine(t *testing.T) {
	for _, server := range []string{"127.0.0.1:9090", "127.8.0.1:1", "[::1]:9090", "localhost:9090"} {
		c, err := Dial(server, "token")
		if err != nil {
			t.Errorf("%s: %v", server, err)
			continue
		}
		c.Close()
	}
	for _, server := range []string{"192.0.2.1:9090", "0.0.0.0:9090", "example.org:9090", "localhost.example.org:9090", "[2001:db8::1]:9090", ":9090"} {
		if _, err := Dial(server, "token"); !errors.Is(err, ErrNotLoopback) {
			t.Errorf("%s: %v", server, err)
		}
	}
	if _, err := Dial("127.0.0.1", ""); err == nil || !strings.Contains(err.Error(), "HOST:PORT") {
		t.Errorf("without port: %v", err)
	}
}

func TestExplainListsAllFields(t *testing.T) {
	st, err := status.New(codes.InvalidArgument, "the rules cannot open like this").WithDetails(
		&errdetails.ErrorInfo{Reason: "RULES_INVALID", Domain: "fairlot"},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "campaign.title", Reason: "required", Description: "give a title"},
			{Field: "campaign.draws[1].draw_time", Reason: "order", Description: "not before 2026-12-01T08:00:00Z"},
			{Field: "campaign.survey_json pages[0].some_name", Reason: "survey", Description: "no"},
		}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(3 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	want := `open campaign: the rules cannot open like this (RULES_INVALID)
  title: give a title (required)
  draws[1].drawTime (draw 2): not before 2026-12-01 08:00:00 UTC (order)
  survey pages[0].some_name: no (survey)
  try again in 3s
  what to do: correct the file; then ` + "`fairlot campaign update SLUG FILE` replaces the draft, or repeat the command if there is none yet"
	if got := Explain("open campaign", "127.0.0.1:9090", st.Err()).Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestExplainSaysWhereKeysComeFrom(t *testing.T) {
	fields := &errdetails.BadRequest{}
	for _, f := range [][2]string{{"campaign.custodians[0].recipient", "string.pattern"}, {"campaign.custodians[0].recipient", "string.pattern"},
		{"campaign.custodians[0].cosigner", "string.min_len"}, {"campaign.notifiers[0]", "string.pattern"}, {"campaign.slug", "string.pattern"}} {
		fields.FieldViolations = append(fields.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: f[0], Reason: f[1], Description: "does not match regex pattern"})
	}
	st, err := status.New(codes.InvalidArgument, "some fields are wrong").WithDetails(&errdetails.ErrorInfo{Reason: "FIELD_INVALID"}, fields)
	if err != nil {
		t.Fatal(err)
	}
	got := Explain("create campaign", "127.0.0.1:9090", st.Err()).Error()
	for want, n := range map[string]int{"put the custodian's line here": 2, "put the notifier's line here": 1, "regex": 0, "slug: use a to z, 0 to 9 and -": 1, "custodians[0].recipient": 1, "campaign update SLUG FILE": 1} {
		if strings.Count(got, want) != n {
			t.Errorf("%q stands %d times, want %d:\n%s", want, strings.Count(got, want), n, got)
		}
	}
}

func TestExplainSaysWhatToDo(t *testing.T) {
	for code, want := range map[codes.Code]string{
		codes.Unavailable:     "no daemon answers at 127.0.0.1:1\n  what to do: start it",
		codes.Unauthenticated: "--token-file FILE",
		codes.Canceled:        "may or may not have been done",
	} {
		if got := Explain("list campaigns", "127.0.0.1:1", status.Error(code, "x")).Error(); !strings.Contains(got, want) {
			t.Errorf("%s: %s", code, got)
		}
	}
	for reason, want := range map[string]string{"DRAW_STATE": "`fairlot draw show NAME N`", "DRAW_NOT_FOUND": "`fairlot campaign show NAME`"} {
		st, err := status.New(codes.FailedPrecondition, "no").WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: "fairlot"}, &errdetails.RetryInfo{RetryDelay: durationpb.New(720 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		day := time.Now().Add(720 * time.Hour).UTC().Format("2006-01-02 ") // at midnight this may be the day before
		if got := Explain("void draw 1", "", st.Err()).Error(); !strings.Contains(got, "what to do: "+want) || !strings.Contains(got, "try again after "+day) {
			t.Errorf("%s: %s", reason, got)
		}
	}
	if Explain("x", "y", nil) != nil {
		t.Error("nil did not stay nil")
	}
}
