package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fairlot/crypto/tag"
	"fairlot/engine"
	"fairlot/entrant"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestExclusionList gives a draft the greatest list that there may be, and one byte more; the public sees number and hash once it is open, has no way to send a list, and neither
// log nor trail holds anything of it.
func TestExclusionList(t *testing.T) {
	d := open(t)
	c, err := d.campaigns().CreateCampaign(as(t, d.officer), &fairlotv1.CreateCampaignRequest{Campaign: d.lotteryRules("listed")})
	must(t, err)
	var persons []entrant.Listed
	for i := 0; len(persons) < entrant.MaxExcluded; i++ {
		for digit := range 10 {
			if n, err := tag.Canonical(tag.Resident, fmt.Sprintf("A8%07d%d", i, digit)); err == nil {
				persons = append(persons, entrant.Listed{IDType: tag.Resident, IDNumber: n})
			}
		}
	}
	list := entrant.NewExclusion(persons[:entrant.MaxExcluded])
	text := list.Marshal()
	set := func(token string, text []byte) (*fairlotv1.Campaign, error) {
		return d.campaigns().SetExclusionList(as(t, token), &fairlotv1.SetExclusionListRequest{Name: c.Name, List: text})
	}
	_, err = set(d.officer, append(text[:len(text):len(text)], '\n'))
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("a byte more than there may be: %v", err)
	}
	_, err = set(d.officer, text[:len(text)-1])
	if seen(err) != string(engine.FieldInvalid) {
		t.Errorf("a list that is cut off: %v", err)
	}
	if _, err := set(d.notifier, text); status.Code(err) != codes.PermissionDenied {
		t.Errorf("a notifier: %v", err)
	}
	for _, path := range []string{"/v1/" + c.Name + ":setExclusionList", "/v1/" + c.Name + "/exclusionList", "/fairlot.v1.CampaignService/SetExclusionList"} {
		if resp, b := send(t, d.site.URL, http.MethodPost, path, text, nil); resp.StatusCode < 400 {
			t.Errorf("%s: status %d: %s", path, resp.StatusCode, b)
		}
	}
	c, err = set(d.officer, text)
	must(t, err)
	if c.Excluded.Persons != entrant.MaxExcluded || c.Excluded.Hash != list.Hash().String() {
		t.Errorf("the draft names %v", c.Excluded)
	}
	sent := d.lotteryRules("listed")
	sent.Name, sent.Etag, sent.Excluded = c.Name, c.Etag, &fairlotv1.Exclusion{Persons: 1, Hash: strings.Repeat("0", 64)}
	c, err = d.campaigns().UpdateCampaign(as(t, d.officer), &fairlotv1.UpdateCampaignRequest{Campaign: sent})
	must(t, err)
	if c.Excluded.GetPersons() != entrant.MaxExcluded {
		t.Errorf("an update changed the list: %v", c.Excluded)
	}
	logged := d.log.String()
	acts := fmt.Sprintf("%+v", d.acts(t, 0))
	for _, p := range []int{0, 1, 5000, entrant.MaxExcluded - 1} {
		if number := list.Persons[p].IDNumber; strings.Contains(logged+acts, number) {
			t.Errorf("person %d stands in log or trail", p)
		}
	}
	if salt := fmt.Sprintf("%x", list.Salt); strings.Contains(logged+acts, salt) {
		t.Error("the salt stands in log or trail")
	}
}
