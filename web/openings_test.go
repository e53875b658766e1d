package web_test

import (
	"testing"

	"fairlot/draw"
	"fairlot/store"
)

// TestBrowserOpenings reads how many persons the log announced as opened, by purpose and kind of case; where nobody was, the page has no such part.
func TestBrowserOpenings(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w.url)
	c := w.open(w.full("opened"))
	b.visit("/c/opened?lang=en")
	if b.eval(`document.querySelector("#opened-title") === null`) != "true" {
		t.Error("nobody was opened, and the page says otherwise")
	}
	open, err := draw.ParseHash(c.OpenHash)
	if err != nil {
		t.Fatal(err)
	}
	one, two := [16]byte{1}, [16]byte{2}
	for _, o := range []draw.Opened{{Draw: 1, Purpose: "notice", Count: 2}, {Purpose: "court", Case: &one, Count: 3}, {Purpose: "court", Case: &two, Count: 4}, {Purpose: "person", Case: &two, Count: 1}} {
		o.Open = open
		record, err := o.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		size, err := w.rooms.Registry.LogSize(t.Context())
		if err == nil {
			err = w.rooms.Registry.Append(t.Context(), size, record, store.Transition{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b.visit("/c/opened?lang=en")
	for _, want := range []string{"To tell winners", "By order of a court or authority", "7, in 2 cases", "At the person's own request", "1, in 1 case"} {
		b.says("[aria-labelledby=opened-title]", want)
	}
	b.visit("/c/opened")
	b.says("[aria-labelledby=opened-title]", "依法院或機關的命令")
	b.says("[aria-labelledby=opened-title]", "7（2 案）")
	b.inspect("opened")
}
