package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
)

// table is what was measured: a row a name, a column an engine, a value a run.
type table struct {
	rows []*row
}

// row is one figure. Its order in the table is that of the first run.
type row struct {
	section, name, unit string
	goal                string // as the table states it, empty: none
	values              map[string][]float64
}

// put adds one run's value.
func (t *table) put(engine, section, name, unit string, value float64) {
	t.goal(engine, section, name, unit, "", value)
}

// goal is put for a figure that has a goal.
func (t *table) goal(engine, section, name, unit, goal string, value float64) {
	i := slices.IndexFunc(t.rows, func(r *row) bool { return r.section == section && r.name == name })
	if i < 0 {
		r := &row{section: section, name: name, unit: unit, goal: goal, values: map[string][]float64{}}
		i = len(t.rows)
		for j, o := range t.rows { // beside its section
			if o.section == section {
				i = j + 1
			}
		}
		t.rows = slices.Insert(t.rows, i, r)
	}
	t.rows[i].values[engine] = append(t.rows[i].values[engine], value)
}

// last is the newest value of a figure, NaN if there is none.
func (t *table) last(engine, section, name string) float64 {
	for _, r := range t.rows {
		if v := r.values[engine]; r.section == section && r.name == name && len(v) > 0 {
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

func cell(v []float64) string {
	switch len(v) {
	case 0:
		return "–"
	case 1:
		return number(v[0])
	}
	return fmt.Sprintf("%s (%s … %s)", number(median(v)), number(slices.Min(v)), number(slices.Max(v)))
}

// markdown writes the table: median, and the smallest and largest of all runs.
func (t *table) markdown(conditions string) string {
	var engines []string
	for _, e := range allEngines {
		if slices.ContainsFunc(t.rows, func(r *row) bool { return len(r.values[e]) > 0 }) {
			engines = append(engines, e)
		}
	}
	var b strings.Builder
	b.WriteString(conditions + "\n\n| figure | unit | goal | " + strings.Join(engines, " | ") + " |\n|---|---|---|" + strings.Repeat("---|", len(engines)) + "\n")
	section := ""
	for _, r := range t.rows {
		if r.section != section {
			section = r.section
			fmt.Fprintf(&b, "| **%s** | | |%s\n", section, strings.Repeat(" |", len(engines)))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |", r.name, r.unit, r.goal)
		for _, e := range engines {
			fmt.Fprintf(&b, " %s |", cell(r.values[e]))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// whole says what is missing in the table once all runs are done: a part without rows, or a row without a value.
func (t *table) whole(engines, parts []string) error {
	for _, part := range parts {
		section := map[string]string{"limits": limitSection, "rest": restSection, "life": lifeSection, "mix": mixSection}[part]
		if !slices.ContainsFunc(t.rows, func(r *row) bool { return r.section == section }) {
			return fmt.Errorf("the table has no row of %s", section)
		}
	}
	for _, r := range t.rows {
		for _, e := range engines {
			v := r.values[e]
			needsLimits := strings.Contains(r.name, " over ") && !slices.Contains(parts, "limits")
			if len(v) == 0 || !needsLimits && slices.ContainsFunc(v, math.IsNaN) {
				return fmt.Errorf("the table has no value of %s for %s, %s", e, r.section, r.name)
			}
		}
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
