package main

import (
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

func refusal(t *testing.T, reason, text string, fields ...*errdetails.BadRequest_FieldViolation) error {
	st, err := status.New(codes.FailedPrecondition, text).WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: "fairlot"}, &errdetails.BadRequest{FieldViolations: fields})
	if err != nil {
		t.Fatal(err)
	}
	return st.Err()
}

// TestHintsFitTheCommand has one reason of the daemon's be followed by what to do in the command that was given, and by nothing else.
func TestHintsFitTheCommand(t *testing.T) {
	for _, x := range []struct{ command, reason, want, never string }{
		{"approve", "APPROVAL_SELF", "runs `fairlot approve ID`", "case"},
		{"case approve", "APPROVAL_SELF", "runs `fairlot case approve ID`", "`fairlot approve"},
		{"approve", "APPROVAL_NOT_FOUND", "`fairlot case approve ID`", "case close"},
		{"withdraw", "APPROVAL_NOT_FOUND", "`fairlot case close ID --outcome withdrawn`", "case approve"},
		{"case approve", "CASE_NOT_FOUND", "`fairlot approve ID`", ""},
		{"case show", "CASE_NOT_FOUND", "`fairlot case list --all`", "approve"},
		{"case open", "CASE_STATE", "opened without --entry", "case show"},
		{"case close", "CASE_STATE", "`fairlot case show ID`", "--entry"},
		{"desk correct", "CAMPAIGN_CLOSED", "`fairlot case open correction SLUG --entry ID`", ""},
		{"case open", "FIELD_INVALID", "correct what you gave, and repeat it", "campaign update"},
	} {
		got := (&app{command: x.command}).explain("do it", refusal(t, x.reason, "no")).Error()
		_, hint, _ := strings.Cut(got, "what to do: ")
		if !strings.Contains(hint, x.want) || x.never != "" && strings.Contains(hint, x.never) {
			t.Errorf("%s, %s: %q, want %q and never %q", x.command, x.reason, hint, x.want, x.never)
		}
	}
	draft := &errdetails.BadRequest_FieldViolation{Field: "campaign.slug", Description: "bad"}
	if got := (&app{command: "campaign create"}).explain("create", refusal(t, "FIELD_INVALID", "no", draft)).Error(); !strings.Contains(got, "campaign update SLUG FILE") {
		t.Errorf("of a campaign's field: %s", got)
	}
}

// TestEntryIsNamed puts the id in the place of a number that only the daemon can count to.
func TestEntryIsNamed(t *testing.T) {
	entries := []string{"ff", "aa"}
	for text, want := range map[string]string{
		"entrant 1 of the list, by the order of their ids, was erased":     "entry aa was erased",
		"entrant 2 of the list, by the order of their ids, was erased":     "entry ff was erased",
		"entrant 3 of the list, by the order of their ids, was erased":     "entrant 3 of the list, by the order of their ids, was erased",
		"all that was sealed in this campaign is destroyed, so no case is": "all that was sealed in this campaign is destroyed, so no case is",
	} {
		if got := namedEntry((&app{}).explain("open", refusal(t, "CASE_STATE", text)), entries).Error(); !strings.HasPrefix(got, "open: "+want+" (CASE_STATE)") {
			t.Errorf("%s: %s", text, got)
		}
	}
	if entries[0] != "ff" {
		t.Error("the list was sorted in place")
	}
	if namedEntry(nil, entries) != nil {
		t.Error("an error of nothing")
	}
}

// TestUnclaimedForTax names who has not come for a prize above the sum, and nobody else.
func TestUnclaimedForTax(t *testing.T) {
	tiers := []*fairlotv1.Tier{{Value: 6000}, {Value: 1000}}
	seats := []*fairlotv1.Seat{{Stratum: 1, Rank: 1, Tier: 1, Prize: 1}, {Stratum: 1, Rank: 2, Tier: 1, Prize: 1}, {Stratum: 1, Rank: 3, Tier: 2, Prize: 2}, {Stratum: 1, Rank: 4, Vacated: "erased"},
		{Stratum: 1, Rank: 5}, {Stratum: 2, Rank: 1, Tier: 2, Prize: 1}} // where strata were joined the tier alone does not say what the prize is
	claims := []*fairlotv1.Claim{{Stratum: 1, Rank: 1, Tier: 1}}
	if got := unclaimedText(seats, tiers, 1000, claims); got != "left out, since nobody has claimed the prize yet: stratum 1 rank 2, stratum 2 rank 1; who comes later is for another release\n" {
		t.Error(got)
	}
	claims = append(claims, &fairlotv1.Claim{Stratum: 2, Rank: 1})
	if got := unclaimedText(seats, tiers, 1000, claims); got != "left out, since nobody has claimed the prize yet: stratum 1 rank 2; who comes later is for another release\n" {
		t.Error(got)
	}
	claims = append(claims, &fairlotv1.Claim{Stratum: 1, Rank: 2})
	if got := unclaimedText(seats, tiers, 1000, claims); got != "" {
		t.Error(got)
	}
	if got := claimedText(seats, claims); got != "nobody is opened who has claimed the prize already: stratum 1 rank 1, stratum 1 rank 2, stratum 2 rank 1\n" {
		t.Error(got)
	}
	if got := claimedText(seats, nil); got != "" {
		t.Error(got)
	}
}
