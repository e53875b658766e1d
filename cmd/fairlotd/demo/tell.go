package demo

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/mattn/go-isatty"
)

// width is where lines of the story are wrapped and lines of commands are cut, in columns of a terminal.
const width = 100

// teller writes the transcript: to the reader, and to a file beside it. What only moves (bars, countdowns) goes to a terminal alone.
type teller struct {
	mu       sync.Mutex
	screen   io.Writer
	record   io.Writer
	terminal bool
	moving   bool
	number   int
	title    string
}

func newTeller(screen *os.File, record io.Writer) *teller {
	return &teller{screen: screen, record: record, terminal: isatty.IsTerminal(screen.Fd())}
}

func (t *teller) write(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.moving {
		io.WriteString(t.screen, "\r\x1b[K")
		t.moving = false
	}
	io.WriteString(t.screen, s)
	io.WriteString(t.record, s)
}

// step begins the next numbered step.
func (t *teller) step(title string) {
	t.number, t.title = t.number+1, title
	t.write(fmt.Sprintf("\n%2d  %s\n    %s\n", t.number, title, strings.Repeat("─", columns(title))))
}

// text writes sentences, wrapped, under the step.
func (t *teller) text(format string, args ...any) {
	var b strings.Builder
	b.WriteByte('\n')
	for _, line := range wrap(fmt.Sprintf(format, args...), width-4) {
		b.WriteString("    " + line + "\n")
	}
	t.write(b.String())
}

// line writes one line of a list or table as it is.
func (t *teller) line(format string, args ...any) {
	t.write(strings.TrimRight("      "+fmt.Sprintf(format, args...), " ") + "\n")
}

// holds writes what was checked and held.
func (t *teller) holds(format string, args ...any) {
	t.write("    ✓ " + fmt.Sprintf(format, args...) + "\n")
}

// move rewrites the last line, on a terminal only.
func (t *teller) move(format string, args ...any) {
	if !t.terminal {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.moving = true
	io.WriteString(t.screen, "\r\x1b[K    "+fmt.Sprintf(format, args...))
}

// progress shows how far a long act is: a bar on a terminal, otherwise a line each hundred.
func (t *teller) progress(done, all int, unit string) {
	if t.terminal {
		const cells = 40
		full := cells * done / all
		t.move("%s%s %d of %d %s", strings.Repeat("█", full), strings.Repeat("░", cells-full), done, all, unit)
	} else if done%100 == 0 || done == all {
		t.line("%d of %d %s", done, all, unit)
	}
}

// countdown shows what is being waited for, and until when.
func (t *teller) countdown(what string, until time.Time) {
	t.move("waiting for %s: %d s", what, int(time.Until(until).Seconds()+0.999))
}

// wrap breaks a text into lines of at most n columns: at spaces, and after Han characters and their signs, which need none.
func wrap(s string, n int) []string {
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		line, used := "", 0
		for _, word := range strings.Fields(paragraph) {
			for i, part := range breakable(word) {
				w, space := columns(part), pick(used > 0 && i == 0, " ", "")
				if used > 0 && used+len(space)+w > n {
					lines = append(lines, line)
					line, used, space = "", 0, ""
				}
				line, used = line+space+part, used+len(space)+w
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// breakable splits a word behind each wide character; a sign that may not begin a line stays with the one before it.
func breakable(word string) []string {
	var parts []string
	runes, from := []rune(word), 0
	for i, r := range runes {
		if wide(r) && (i+1 == len(runes) || !strings.ContainsRune("，。、；：？！）」』", runes[i+1])) {
			parts, from = append(parts, string(runes[from:i+1])), i+1
		}
	}
	if from < len(runes) {
		parts = append(parts, string(runes[from:]))
	}
	return parts
}

// columns is how wide a text is on a terminal: Han characters and full-width signs take two columns.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n++
		if wide(r) {
			n++
		}
	}
	return n
}

func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || 0x3000 <= r && r <= 0x303f || 0xff00 <= r && r <= 0xff60
}

// cut shortens a line to n columns.
func cut(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	var b strings.Builder
	used := 0
	for _, r := range s {
		w := 1
		if wide(r) {
			w = 2
		}
		if used+w > n-1 {
			break
		}
		b.WriteRune(r)
		used += w
	}
	return b.String() + "…"
}

// pad fills a text with spaces to n columns.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-columns(s)))
}
