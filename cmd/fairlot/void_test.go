package main

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestVoidText reads how a void is told of in each state, and how many cosignatures are missing.
func TestVoidText(t *testing.T) {
	now := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	const pending, drawn, void = fairlotv1.DrawState_DRAW_STATE_PENDING, fairlotv1.DrawState_DRAW_STATE_DRAWN, fairlotv1.DrawState_DRAW_STATE_VOID
	later, over := timestamppb.New(now.Add(time.Hour)), timestamppb.New(now.Add(-time.Hour))
	for _, x := range []struct {
		d    *fairlotv1.Draw
		want string
	}{
		{&fairlotv1.Draw{State: pending}, ""},
		{&fairlotv1.Draw{State: pending, VoidReason: "ordered", VoidDeadline: later}, "declared void (ordered), which custodians have to cosign by 2026-09-01 09:00:00 UTC, or it is drawn; void cosigned by nobody yet (0 of 2 needed)"},
		{&fairlotv1.Draw{State: pending, VoidReason: "ordered", VoidDeadline: later, VoidCosignedBy: []string{"custodian-3"}}, "declared void (ordered), which custodians have to cosign by 2026-09-01 09:00:00 UTC, or it is drawn; void cosigned by custodian-3 (1 of 2 needed)"},
		{&fairlotv1.Draw{State: pending, VoidReason: "ordered", VoidDeadline: over}, "declared void (ordered), which was not cosigned by 2026-09-01 07:00:00 UTC: it does not count, and the draw is held at its round"},
		{&fairlotv1.Draw{State: pending, VoidReason: "beacon-dead"}, "declared void (beacon-dead), which custodians have to cosign; void cosigned by nobody yet (0 of 2 needed)"},
		{&fairlotv1.Draw{State: void, VoidReason: "ordered", VoidCosignedBy: []string{"custodian-1", "custodian-3"}}, "void: ordered; cosigned by custodian-1, custodian-3"},
		{&fairlotv1.Draw{State: drawn, VoidReason: "ordered", VoidDeadline: over}, "a void (ordered) was logged and does not count"},
	} {
		if got := voidText(x.d, 2, now); got != x.want {
			t.Errorf("got  %s\nwant %s", got, x.want)
		}
	}
}

// TestDrawSaysWhatIsCosigned tells the cosignatures of a list from those of a void, also once the draw is void.
func TestDrawSaysWhatIsCosigned(t *testing.T) {
	for state, want := range map[fairlotv1.DrawState][]string{
		fairlotv1.DrawState_DRAW_STATE_CLOSED: {"; void cosigned by nobody yet (0 of 2 needed)\n", "\n3 entries; list cosigned by custodian-1 (1 of 2 needed)\n"},
		fairlotv1.DrawState_DRAW_STATE_VOID:   {"\nvoid: ordered; ", "\n3 entries; list cosigned by custodian-1 (1 of 2 needed)\n"},
	} {
		var b strings.Builder
		(&app{out: &b}).draw(&fairlotv1.Draw{State: state, RoundTime: timestamppb.Now(), VoidReason: "ordered", Entrants: 3, CosignedBy: []string{"custodian-1"}}, 2)
		for _, text := range want {
			if !strings.Contains(b.String(), text) {
				t.Errorf("%s: no %q in\n%s", state, text, b.String())
			}
		}
	}
}

// TestDeadline has a draw's deadline follow from its round, which on a slow chain is later than the time that was asked for.
func TestDeadline(t *testing.T) {
	at := time.Date(2026, 9, 1, 8, 0, 1, 0, time.UTC)
	slow := &fairlotv1.Beacon{PeriodSeconds: 60, Genesis: at.Add(-time.Hour - time.Second).Unix()}
	for _, x := range []struct {
		d      *fairlotv1.DrawRules
		before time.Time
		margin string
	}{
		{&fairlotv1.DrawRules{DrawTime: timestamppb.New(at), Beacon: slow}, at.Add(-time.Hour + 59*time.Second), "1 hour"},
		{&fairlotv1.DrawRules{DrawTime: timestamppb.New(at), Beacon: slow, MarginSeconds: 7200}, at.Add(-2*time.Hour + 59*time.Second), "2 hours"},
		{&fairlotv1.DrawRules{DrawTime: timestamppb.New(at), Beacon: slow, MarginSeconds: 600}, at.Add(-10*time.Minute + 59*time.Second), "10 minutes"},
		{&fairlotv1.DrawRules{DrawTime: timestamppb.New(at), Beacon: slow, MarginSeconds: 61}, at.Add(-2 * time.Second), "1m1s"},
		{&fairlotv1.DrawRules{DrawTime: timestamppb.New(at), MarginSeconds: 60}, at.Add(2*time.Second - time.Minute), "1 minute"}, // quicknet has a round every third second
	} {
		if got := deadline(x.d); !got.Equal(x.before) || inWhole(margin(x.d)) != x.margin {
			t.Errorf("%v: %v, %s before the round", x.d, got, inWhole(margin(x.d)))
		}
	}
}

// TestTodoAfterTheDeadline asks custodians for nothing any more that would not count.
func TestTodoAfterTheDeadline(t *testing.T) {
	now := time.Now()
	x := &fairlotv1.Todo{Kind: fairlotv1.TodoKind_TODO_KIND_COSIGN, Count: 2, ByTime: timestamppb.New(now)}
	if who, what := whoAndWhat(x, now); who != "custodians" || what != "還差 2 位保管人副署 2 more to cosign the bundle: fairlot cosign" {
		t.Errorf("in time: %s: %s", who, what)
	}
	if who, what := whoAndWhat(x, now.Add(time.Second)); who != "officer" || !strings.Contains(what, " 2 were missing at the deadline; hand in at once") {
		t.Errorf("afterwards: %s: %s", who, what)
	}
}

// TestTooLateSaysWhatIsLeft has voids, and only they, be told what to do instead.
func TestTooLateSaysWhatIsLeft(t *testing.T) {
	st, err := status.New(codes.FailedPrecondition, "a result is owed now").WithDetails(&errdetails.ErrorInfo{Reason: "TOO_LATE", Domain: "fairlot"})
	if err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]bool{"draw void": true, "approve": true, "desk object": false} {
		if got := (&app{command: command}).explain("void draw 1", st.Err()).Error(); strings.Contains(got, "what to do: let the draw be held; ") != want {
			t.Errorf("%s: %s", command, got)
		}
	}
}
