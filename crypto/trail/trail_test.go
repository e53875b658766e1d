package trail

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

const logKey = "a.example+12345678+key"

type row struct {
	n    int64
	hash [32]byte
	text []byte
}

// made is a trail of n rows: an act and its outcome in turn.
func made(t *testing.T, n int) []row {
	t.Helper()
	var rows []row
	prev := Genesis(logKey)
	for i := range int64(n) {
		a := Act{Number: i + 1, Time: time.Unix(1_800_000_000+i, 0), Actor: "0123456789abcdef", Label: "Chen 陳", Role: "officer",
			Method: "CampaignService/OpenCampaign", Resource: "campaigns/x", Outcome: Begun, Prev: prev}
		if i%2 == 1 {
			a.Of, a.Outcome = i, OK
		}
		text, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		prev = sha256.Sum256(text)
		rows = append(rows, row{i + 1, prev, text})
	}
	return rows
}

// broken is the number of the first act that does not fit, 0 if all do.
func broken(t *testing.T, rows []row, heads ...Head) int64 {
	t.Helper()
	c := NewChain(logKey, heads)
	err := error(nil)
	for _, r := range rows {
		if _, err = c.Add(r.n, r.hash, r.text); err != nil {
			break
		}
	}
	if err == nil {
		err = c.Close()
	}
	var b *BrokenError
	if errors.As(err, &b) {
		return b.Number
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// again makes the hashes of rows anew from i on, as somebody does who can write the database.
func again(t *testing.T, rows []row, i int) []row {
	t.Helper()
	rows = slices.Clone(rows)
	prev := Genesis(logKey)
	if i > 0 {
		prev = rows[i-1].hash
	}
	for ; i < len(rows); i++ {
		a, err := Parse(rows[i].text)
		if err != nil {
			t.Fatal(err)
		}
		a.Number, a.Prev = int64(i+1), prev
		if a.Of > 0 {
			a.Of = a.Number - 1
		}
		if rows[i].text, err = a.Marshal(); err != nil {
			t.Fatal(err)
		}
		rows[i].n, rows[i].hash = a.Number, sha256.Sum256(rows[i].text)
		prev = rows[i].hash
	}
	return rows
}

// TestChain removes, alters, reorders, puts in and cuts off rows, clumsily and with all hashes made anew.
func TestChain(t *testing.T) {
	rows := made(t, 8)
	head := Head{Index: 5, Day: "2027-01-15", Count: 6, Hash: rows[5].hash}
	if n := broken(t, rows, head); n != 0 {
		t.Fatalf("a whole trail is broken at %d", n)
	}
	alter := func(i int, old, new string) []row {
		out := slices.Clone(rows)
		out[i].text = []byte(strings.Replace(string(out[i].text), old, new, 1))
		return out
	}
	rehash := func(rows []row, i int) []row {
		rows[i].hash = sha256.Sum256(rows[i].text)
		return rows
	}
	swapped := slices.Clone(rows)
	swapped[2], swapped[4] = swapped[4], swapped[2]
	for name, x := range map[string]struct {
		rows []row
		want int64
	}{
		"removed":                    {slices.Delete(slices.Clone(rows), 2, 3), 3},
		"first removed":              {rows[1:], 1},
		"altered":                    {alter(3, "ok", "TOO_EARLY"), 4},
		"altered and hashed":         {rehash(alter(3, "ok", "TOO_EARLY"), 3), 5},
		"who was altered":            {rehash(alter(2, "0123456789abcdef", "fedcba9876543210"), 2), 4},
		"reordered":                  {swapped, 3},
		"put in":                     {slices.Insert(slices.Clone(rows), 3, rows[3]), 5},
		"cut off before the head":    {rows[:5], 6},
		"all cut off":                {nil, 1},
		"removed and all made anew":  {again(t, slices.Delete(slices.Clone(rows), 2, 4), 2), 6},
		"altered and all made anew":  {again(t, alter(0, "campaigns/x", "campaigns/y"), 0), 6},
		"another installation's":     {again(t, rows, 0), 0},
		"the last altered, clumsily": {alter(7, "ok", "TOO_EARLY"), 8},
		"other encoding":             {rehash(alter(1, "number 2", "number 02"), 1), 2},
	} {
		if n := broken(t, x.rows, head); n != x.want {
			t.Errorf("%s: broken at %d, want %d", name, n, x.want)
		}
	}
	c := NewChain("b.example+12345678+key", nil)
	if _, err := c.Add(1, rows[0].hash, rows[0].text); err == nil {
		t.Error("a trail of another installation was taken")
	}
	// What is said not to be caught: after the last head, by somebody who makes all hashes anew.
	if n := broken(t, rows[:6], head); n != 0 {
		t.Errorf("cut off after the head: %d", n)
	}
	if n := broken(t, again(t, alter(7, "ok", "TOO_EARLY"), 7), head); n != 0 {
		t.Errorf("altered after the head and made anew: %d", n)
	}
}

func TestActForms(t *testing.T) {
	good := Act{Number: 1, Time: time.Unix(1_800_000_000, 0), Actor: Daemon, Method: "A/B", Outcome: OK}
	if _, err := good.Marshal(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(a *Act){
		"number": func(a *Act) { a.Number = 0 }, "time": func(a *Act) { a.Time = a.Time.Add(1) }, "actor": func(a *Act) { a.Actor = "somebody" },
		"label": func(a *Act) { a.Label = "a\noutcome ok" }, "label's space": func(a *Act) { a.Label = " a" }, "role": func(a *Act) { a.Role = "Officer!" },
		"new-role": func(a *Act) { a.NewRole = "officer\nof 1" }, "new-label": func(a *Act) { a.NewLabel = "a\nof 1" },
		"method": func(a *Act) { a.Method = "A B" }, "resource": func(a *Act) { a.Resource = "A123456789 name" }, "of": func(a *Act) { a.Of = 1 }, "outcome": func(a *Act) { a.Outcome = "" },
	} {
		a := good
		spoil(&a)
		if _, err := a.Marshal(); !errors.Is(err, ErrAct) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []string{"", "王小姐\x00", " a\tb ", strings.Repeat("字", 50), "\u202eabc", "a\xffb"} {
		a := good
		a.Label, a.NewLabel, a.NewRole = CleanLabel(s), CleanLabel(s), "officer"
		text, err := a.Marshal()
		if err != nil {
			t.Errorf("label %q: %v", s, err)
			continue
		}
		if back, err := Parse(text); err != nil || back.Label != a.Label || back.NewLabel != a.NewLabel || back.NewRole != a.NewRole {
			t.Errorf("label %q came back as %q: %v", s, back.Label, err)
		}
	}
	for _, text := range []string{"", "fairlot/v1 act\n", "x", strings.Repeat("a", MaxText+1)} {
		if _, err := Parse([]byte(text)); !errors.Is(err, ErrAct) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("fairlot/v1 act\nnumber 1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if a, err := Parse(text); err == nil {
			if again, err := a.Marshal(); err != nil || string(again) != string(text) {
				t.Errorf("%q prints as %q: %v", text, again, err)
			}
		}
	})
}
