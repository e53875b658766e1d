package server

import (
	"encoding/json"
	"net/http"
	"time"

	"fairlot/engine"
)

// serveFindings says what a monitor would find in the log, in the words of `fairlot log monitor --json`, for the page /log.
func serveFindings(e *engine.Engine) http.HandlerFunc {
	type finding struct {
		Kind     string            `json:"kind"`
		Campaign string            `json:"campaign,omitempty"`
		Draw     int               `json:"draw,omitempty"`
		Entry    *int64            `json:"entry,omitempty"`
		Text     map[string]string `json:"text"`
	}
	return func(w http.ResponseWriter, r *http.Request) {
		all, err := e.Findings(r.Context())
		if err != nil {
			tileFault(w, err)
			return
		}
		out := struct {
			Records  int64     `json:"records"`
			Time     time.Time `json:"time"`
			Findings []finding `json:"findings"`
		}{all.Records, all.Time.UTC().Truncate(time.Second), []finding{}}
		for _, f := range all.All {
			x := finding{Kind: string(f.Kind), Campaign: f.Campaign, Draw: f.Draw, Text: map[string]string{"en": f.En, "zh-Hant-TW": f.Zh}}
			if f.Entry >= 0 {
				x.Entry = &f.Entry
			}
			out.Findings = append(out.Findings, x)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		json.NewEncoder(w).Encode(out)
	}
}
