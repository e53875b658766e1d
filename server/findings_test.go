package server_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"fairlot/draw"
	"fairlot/store"
)

// TestFindingsOfTheLog: an honest log has none; a second close that somebody put into the registry is told, in both languages.
func TestFindingsOfTheLog(t *testing.T) {
	d := open(t)
	type answer struct {
		Records  int64
		Time     time.Time
		Findings []struct {
			Kind, Campaign string
			Draw           int
			Entry          *int64
			Text           map[string]string
		}
	}
	ask := func(d *doors, want int) (a answer) {
		t.Helper()
		resp, body := d.do(t, "GET", "/log/findings.json", nil, nil)
		if err := json.Unmarshal(body, &a); err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" || len(a.Findings) != want {
			t.Fatalf("%s %v: %s", resp.Status, err, body)
		}
		return a
	}
	honest := open(t)
	honest.opened(t, honest.lotteryRules("findings"))
	if a := ask(honest, 0); a.Records != 1 || a.Time.IsZero() {
		t.Errorf("an honest log: %+v", a)
	}
	if a := ask(open(t), 0); a.Records != 0 {
		t.Errorf("an empty log: %+v", a)
	}
	c := d.opened(t, d.lotteryRules("findings"))
	hash := draw.HashOf([]byte(c.OpenRecord))
	for i := range 2 {
		b, err := (&draw.Close{Open: hash, Draw: 1, Root: draw.Root{byte(i)}}).Marshal()
		must(t, err)
		must(t, d.rooms.Registry.Append(t.Context(), int64(1+i), b, store.Transition{}))
	}
	d.opened(t, d.lotteryRules("another")) // which signs all of it
	told := ask(d, 1)
	if f := told.Findings[0]; told.Records != 4 || f.Kind != "second-close" || f.Draw != 1 || *f.Entry != 2 || "campaigns/"+f.Campaign != c.Name || f.Text["en"] == "" || f.Text["zh-Hant-TW"] == "" {
		t.Errorf("%+v", told)
	}
}
