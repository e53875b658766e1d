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
			{Field: "campaign.draws[0].tiers", Reason: "required", Description: "give a tier"},
		}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(3 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	want := `open campaign: the rules cannot open like this (RULES_INVALID)
  campaign.title: give a title (required)
  campaign.draws[0].tiers: give a tier (required)
  try again in 3s`
	if got := Explain("open campaign", "127.0.0.1:9090", st.Err()).Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
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
	if Explain("x", "y", nil) != nil {
		t.Error("nil did not stay nil")
	}
}
