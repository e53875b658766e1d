package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
)

// table is what was measured: a row a name, a column an engine, a value a run. As JSON it is kept between measurings.
type table struct {
	Conditions []string // under what, a line a measuring
	Rows       []*row
}

// row is one figure. Its order in the table is that of the first run.
type row struct {
	Section, Name, Unit string
	Goal                string // as the table states it, empty: none
	Values              map[string][]float64
}

// put adds one run's value.
func (t *table) put(engine, section, name, unit string, value float64) {
	t.goal(engine, section, name, unit, "", value)
}

// goal is put for a figure that has a goal.
func (t *table) goal(engine, section, name, unit, goal string, value float64) {
	i := slices.IndexFunc(t.Rows, func(r *row) bool { return r.Section == section && r.Name == name })
	if i < 0 {
		r := &row{Section: section, Name: name, Unit: unit, Goal: goal, Values: map[string][]float64{}}
		i = len(t.Rows)
		for j, o := range t.Rows { // beside its section
			if o.Section == section {
				i = j + 1
			}
		}
		t.Rows = slices.Insert(t.Rows, i, r)
	}
	t.Rows[i].Values[engine] = append(t.Rows[i].Values[engine], value)
}

// last is the newest value of a figure, NaN if there is none.
func (t *table) last(engine, section, name string) float64 {
	for _, r := range t.Rows {
		if v := r.Values[engine]; r.Section == section && r.Name == name && len(v) > 0 {
			return v[len(v)-1]
		}
	}
	return math.NaN()
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	if n == 0 {
		return math.NaN()
	}
	return (s[(n-1)/2] + s[n/2]) / 2
}

// number writes three significant digits.
func number(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return "–"
	case a >= 1000:
		text := fmt.Sprintf("%.0f", x)
		for i := len(text) - 3; i > 0; i -= 3 {
			text = text[:i] + "," + text[i:]
		}
		return text
	case a >= 100:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// cell is the median, and the smallest and the largest value; and how many there are, unless they are as many as anywhere in the table.
func cell(v []float64, runs int) string {
	n := ""
	if len(v) < runs {
		n = fmt.Sprintf("; %d runs", len(v))
	}
	switch len(v) {
	case 0:
		return "–"
	case 1:
		return number(v[0]) + strings.Replace(n, "runs", "run", 1)
	}
	return fmt.Sprintf("%s (%s … %s%s)", number(median(v)), number(slices.Min(v)), number(slices.Max(v)), n)
}

// markdown writes the table: median, and the smallest and largest of all runs.
func (t *table) markdown() string {
	var engines []string
	runs := 0
	for _, r := range t.Rows {
		for _, v := range r.Values {
			runs = max(runs, len(v))
		}
	}
	for _, e := range allEngines {
		if slices.ContainsFunc(t.Rows, func(r *row) bool { return len(r.Values[e]) > 0 }) {
			engines = append(engines, e)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Median of %d runs (smallest … largest), unless a figure says otherwise. Measured:\n- %s\n\n", runs, strings.Join(t.Conditions, "\n- "))
	b.WriteString("| figure | unit | goal | " + strings.Join(engines, " | ") + " |\n|---|---|---|" + strings.Repeat("---|", len(engines)) + "\n")
	section := ""
	for _, r := range t.Rows {
		if r.Section != section {
			section = r.Section
			fmt.Fprintf(&b, "| **%s** | | |%s\n", section, strings.Repeat(" |", len(engines)))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |", r.Name, r.Unit, r.Goal)
		for _, e := range engines {
			fmt.Fprintf(&b, " %s |", cell(r.Values[e], runs))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// whole says what is missing in the table once all runs are done: a part without rows, or a row without a value.
func (t *table) whole(engines, parts []string) error {
	for _, part := range parts {
		section := map[string]string{"limits": limitSection, "rest": restSection, "life": lifeSection, "mix": mixSection, "pools": poolSection}[part]
		if !slices.ContainsFunc(t.Rows, func(r *row) bool { return r.Section == section }) {
			return fmt.Errorf("the table has no row of %s", section)
		}
	}
	for _, r := range t.Rows {
		for _, e := range engines {
			v := r.Values[e]
			needsLimits := strings.Contains(r.Name, " over ") && !slices.Contains(parts, "limits")
			if len(v) == 0 || !needsLimits && slices.ContainsFunc(v, math.IsNaN) {
				return fmt.Errorf("the table has no value of %s for %s, %s", e, r.Section, r.Name)
			}
		}
	}
	return nil
}

// keep writes the table to a file, for a later measuring to add to.
func (t *table) keep(file string) error {
	b, err := json.Marshal(t)
	if err == nil {
		err = os.WriteFile(file, append(b, '\n'), 0o644)
	}
	return err
}

// addTo reads what was kept; a file that is not there yet is an empty table.
func (t *table) addTo(file string) error {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, t)
	}
	if err != nil {
		return fmt.Errorf("read %s, kept by an earlier measuring: %w", file, err)
	}
	return nil
}

// Marks of the document between which the table stands.
const (
	beginMark = "<!-- measured: go run ./bench --write -->\n"
	endMark   = "<!-- end of what was measured -->\n"
)

func writeBetween(file, text string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := bytes.Cut(b, []byte(beginMark))
	_, tail, ok2 := bytes.Cut(rest, []byte(endMark))
	if !ok || !ok2 {
		return fmt.Errorf("%s has not the marks %q and %q", file, strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
	}
	return os.WriteFile(file, slices.Concat(head, []byte(beginMark), []byte(text), []byte(endMark), tail), 0o644)
}
