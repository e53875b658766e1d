package verify_test

import (
	"slices"
	"testing"

	"fairlot/verify"
)

// TestCasesAreCounted: the vector announces 40 persons for a case of each purpose; one without cases has none.
func TestCasesAreCounted(t *testing.T) {
	for name, want := range map[string][]verify.CaseCount{
		"opened":         {{"court", 1, 40}, {"breach", 1, 40}, {"person", 1, 40}},
		"worked-example": nil,
	} {
		v := byName(t, name)
		_, out, err := run(mapFS(v.Parts), options(v))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(out.Cases, want) {
			t.Errorf("%s: got %+v, want %+v", name, out.Cases, want)
		}
	}
}
