package main

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestAmendText reads how an amend is told of in each state, and how many cosignatures are missing.
func TestAmendText(t *testing.T) {
	now := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	at := func(hours time.Duration) *timestamppb.Timestamp { return timestamppb.New(now.Add(hours * time.Hour)) }
	const pending, drawn = fairlotv1.DrawState_DRAW_STATE_PENDING, fairlotv1.DrawState_DRAW_STATE_DRAWN
	waits := &fairlotv1.Amend{RoundTime: at(24), Deadline: at(1), CosignedBy: []string{"custodian-3"}}
	missed := &fairlotv1.Amend{RoundTime: at(24), Deadline: at(-1)}
	for _, x := range []struct {
		d    *fairlotv1.Draw
		want string
	}{
		{&fairlotv1.Draw{State: pending, RoundTime: at(2)}, ""},
		{&fairlotv1.Draw{State: pending, RoundTime: at(2), Amend: waits}, "to be put off to 2026-09-02 08:00:00 UTC, which custodians have to cosign by 2026-09-01 09:00:00 UTC, or it is held at 2026-09-01 10:00:00 UTC; later time cosigned by custodian-3 (1 of 2 needed)"},
		{&fairlotv1.Draw{State: pending, RoundTime: at(0), Amend: missed}, "was to be put off to 2026-09-02 08:00:00 UTC, which was not cosigned by 2026-09-01 07:00:00 UTC: it does not count, and the draw is held at 2026-09-01 08:00:00 UTC"},
		{&fairlotv1.Draw{State: drawn, RoundTime: at(0), Amend: missed}, "a later time (2026-09-02 08:00:00 UTC) was logged and does not count"},
		{&fairlotv1.Draw{State: pending, RoundTime: at(2), StatedTime: at(-24)}, "put off to 2026-09-01 10:00:00 UTC; the rules said 2026-08-31 08:00:00 UTC"},
		{&fairlotv1.Draw{State: drawn, RoundTime: at(2), StatedTime: at(-24), Amend: missed}, "put off to 2026-09-01 10:00:00 UTC; the rules said 2026-08-31 08:00:00 UTC; a later time (2026-09-02 08:00:00 UTC) was logged and does not count"},
	} {
		if got := amendText(x.d, 2, now); got != x.want {
			t.Errorf("got  %s\nwant %s", got, x.want)
		}
	}
}
