package server

import (
	"strings"
	"testing"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestEveryReasonHasACode compares the reasons of the contract with the table of codes, both ways.
func TestEveryReasonHasACode(t *testing.T) {
	for n, name := range fairlotv1.ErrorReason_name {
		reason := engine.Reason(strings.TrimPrefix(name, "ERROR_REASON_"))
		if _, ok := codeOf[reason]; !ok && n != 0 && reason != internalFault {
			t.Errorf("%s has no code", name)
		}
	}
	for reason := range codeOf {
		if _, ok := fairlotv1.ErrorReason_value["ERROR_REASON_"+string(reason)]; !ok {
			t.Errorf("the contract does not know %s", reason)
		}
	}
}
