package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// svg draws entries per second by callers, a group of bars for each number of callers, with the sealing limit as a line across. Plain
// shapes and text, so that it needs neither script nor style from elsewhere.
func (t *table) svg() []byte {
	const (
		width, height            = 760, 380
		left, right, top, bottom = 70, 20, 50, 60
		plotWidth, plotHeight    = width - left - right, height - top - bottom
		barGap, groupShare       = 4, 0.7
	)
	colours := map[string]string{sqliteEngine: "#2a6f97", postgresEngine: "#c8553d", citusEngine: "#588157"}
	type bar struct {
		engine  string
		callers int
		value   float64
	}
	var bars []bar
	var callers []int
	var engines []string
	most, limit := 0.0, math.NaN()
	for _, r := range t.Rows {
		for _, e := range allEngines {
			if len(r.Values[e]) == 0 {
				continue
			}
			v := median(r.Values[e])
			if r.Section == limitSection && r.Name == sealingRow {
				most, limit = max(most, v), v
			}
			count, ok := strings.CutSuffix(r.Name, ratePerCallers)
			n, err := strconv.Atoi(count)
			if r.Section != restSection || !ok || err != nil {
				continue
			}
			bars, most = append(bars, bar{e, n, v}), max(most, v)
			if !slices.Contains(callers, n) {
				callers = append(callers, n)
			}
			if !slices.Contains(engines, e) {
				engines = append(engines, e)
			}
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(&b, `<title>Entries per second by callers</title><rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="24" font-size="16">Entries acknowledged per second, through REST</text>`+"\n", left)
	if len(bars) == 0 {
		b.WriteString("</svg>\n")
		return b.Bytes()
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for most/step < 4 {
		step /= 2
	}
	ceiling := math.Ceil(most/step) * step
	y := func(v float64) float64 { return top + plotHeight*(1-v/ceiling) }
	for v := 0.0; v <= ceiling+step/2; v += step {
		fmt.Fprintf(&b, `<path d="M%d %.1fh%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left, y(v), plotWidth, left-8, y(v)+4, strings.TrimSuffix(number(v), ".00"))
	}
	slices.Sort(callers)
	group := float64(plotWidth) / float64(len(callers))
	wide := group*groupShare/float64(len(engines)) - barGap
	for _, x := range bars {
		at := left + group*(float64(slices.Index(callers, x.callers))+(1-groupShare)/2) + float64(slices.Index(engines, x.engine))*(wide+barGap)
		fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/><text x="%.1f" y="%.1f" text-anchor="middle" font-size="11">%s</text>`+"\n",
			at, y(x.value), wide, y(0)-y(x.value), colours[x.engine], at+wide/2, y(x.value)-4, number(x.value))
	}
	for i, n := range callers {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n", left+group*(float64(i)+0.5), top+plotHeight+20, n)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">callers at once</text>`+"\n", left+plotWidth/2, top+plotHeight+40)
	if !math.IsNaN(limit) {
		fmt.Fprintf(&b, `<path d="M%d %.1fh%d" stroke="#333" stroke-dasharray="6 4"/><text x="%d" y="%.1f" text-anchor="end" font-size="11">lock and seal, all cores: %s a second</text>`+"\n",
			left, y(limit), plotWidth, left+plotWidth, y(limit)-5, number(limit))
	}
	for i, e := range engines {
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="12" height="12" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n", width-right-180+90*i, 14, colours[e], width-right-163+90*i, 25, e)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
