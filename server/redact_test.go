package server

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

func TestRedactPrintsTimes(t *testing.T) {
	at := timestamppb.New(time.Date(2027, 1, 31, 16, 0, 0, 0, time.UTC))
	if got, want := redact(&fairlotv1.Campaign{EntriesEnd: at}), "{entries_end:2027-01-31T16:00:00Z}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
