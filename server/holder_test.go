package server

import (
	"strings"
	"testing"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestOnlyHolder walks the contract: what staff do is the holder's, what the public does and what only reads is everybody's.
func TestOnlyHolder(t *testing.T) {
	policies, err := readPolicies(fairlotv1.File_fairlot_v1_campaigns_proto.Package())
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[bool]int{}
	for name, p := range policies {
		_, method, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
		reads := strings.HasPrefix(method, "Get") || strings.HasPrefix(method, "List")
		kinds[onlyHolder(p)]++
		if p.public && onlyHolder(p) || !p.public && !reads && !onlyHolder(p) {
			t.Errorf("%s: only the holder %v", name, onlyHolder(p))
		}
	}
	for _, name := range []string{fairlotv1.CampaignService_CloseCampaign_FullMethodName, fairlotv1.DrawService_RunDraw_FullMethodName, fairlotv1.EntryService_MoveChance_FullMethodName,
		fairlotv1.DrawService_ReplaceWinner_FullMethodName, fairlotv1.LogService_AddCosignature_FullMethodName, fairlotv1.CampaignService_OpenCampaign_FullMethodName} {
		if p, ok := policies[name]; !ok || !onlyHolder(p) {
			t.Errorf("%s may be done beside the holder", name)
		}
	}
	if kinds[true] < 10 || kinds[false] < 8 {
		t.Errorf("%v", kinds)
	}
}
