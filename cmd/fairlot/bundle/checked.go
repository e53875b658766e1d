package bundle

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/entrant"
	"fairlot/verify"
)

// Checked is a bundle of which every step of SPEC section 9 held. It is for one goroutine.
type Checked struct {
	Files   *Files
	Outcome *verify.Outcome
	Tree    *ledger.Tree // of all records
	Policy  *ledger.Policy
	Titles  Titles

	closes map[int]int64       // index of the close record, by draw
	prizes map[int]draw.Prizes // by draw
}

// Titles are what the rules file says that people read, texts by language tag.
type Titles struct {
	Campaign map[string]string
	Claim    map[string]string            // how winners claim; may be empty
	Tier     map[[2]int]map[string]string // by draw and prize: its tiers counted from 1, those of all strata in their order
	Strata   map[int]map[string]string    // by stratum; empty if everybody is drawn together
	StrataBy string                       // what decides the stratum of an entrant: entrant, token; may be another word

	Form          entrant.Form // what the entry form asked
	Proxy         bool         // somebody with an authorisation may claim for a winner
	GuardianBelow int          // for a winner younger than so many years a guardian must come

	Value    map[[2]int]int64 // of one prize in New Taiwan dollars, by draw and prize; none: not stated
	TaxAbove int64            // prizes worth more are reported; 0: the rules name no sum

	Auditor int // number of the notifier whom the audit sample is for, from 1; 0: the rules name none

	Survey bool // there are questions

	ListName      entrant.NameMask // what the public list of winners shows
	ListCompounds bool
	ListNumber    entrant.IDMask
}

// Check runs all steps. The error is a *verify.StepError if one failed.
func (f *Files) Check(opts verify.Options) (*Checked, error) {
	out, err := verify.Bundle(f.Files, opts)
	if err != nil {
		return nil, err
	}
	c := &Checked{Files: f, Outcome: out, Tree: &ledger.Tree{}, closes: map[int]int64{}, prizes: map[int]draw.Prizes{}}
	err = c.Each(func(i int64, b []byte) error {
		if err := c.Tree.Append(b); err != nil {
			return err
		}
		if !strings.HasPrefix(string(b), "fairlot/v1 close\n") {
			return nil
		}
		rec, err := draw.ParseRecord(b)
		if err != nil {
			return err
		}
		if open, n := rec.About(); open == out.OpenHash {
			c.closes[n] = i
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	policy, err := c.read("files/"+out.Open.Policy.String(), ledger.MaxPolicy)
	if err != nil {
		return nil, err
	}
	if c.Policy, err = ledger.ParsePolicy(policy); err != nil {
		return nil, err
	}
	rules, err := c.read("files/"+out.Open.Rules.String(), draw.MaxRules)
	if err != nil {
		return nil, err
	}
	c.Titles = readTitles(string(rules))
	return c, nil
}

// Each gives all records of the log in order.
func (c *Checked) Each(f func(index int64, record []byte) error) error {
	r, err := c.Files.Open("log.bin")
	if err != nil {
		return err
	}
	defer r.Close()
	size, _ := c.Files.Has("log.bin")
	rr := ledger.NewRecordReader(io.NewSectionReader(r, 0, size))
	for i := int64(0); ; i++ {
		b, err := rr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(i, b); err != nil {
			return err
		}
	}
}

// Announced is an opened record and its place in the log.
type Announced struct {
	Index  int64 // among all records, from 0
	Hash   draw.Hash
	Record *draw.Opened
}

// Opened returns the opened records of draw n for a purpose, in the log's order. Two of them can be the same byte by byte.
func (c *Checked) Opened(n int, purpose string) (some []Announced, err error) {
	all, err := c.AllOpened()
	for _, x := range all {
		if x.Record.Draw == n && x.Record.Purpose == purpose {
			some = append(some, x)
		}
	}
	return some, err
}

// AllOpened returns all opened records of the campaign, in the log's order.
func (c *Checked) AllOpened() (all []Announced, err error) {
	err = c.Each(func(i int64, b []byte) error {
		if !strings.HasPrefix(string(b), "fairlot/v1 opened\n") {
			return nil
		}
		rec, err := draw.ParseRecord(b)
		if err != nil {
			return err
		}
		if o, ok := rec.(*draw.Opened); ok && o.Open == c.Outcome.OpenHash {
			all = append(all, Announced{i, draw.HashOf(b), o})
		}
		return nil
	})
	return all, err
}

// Prize is where Titles have the prize of a seat that a line of draw n holds.
func (c *Checked) Prize(n int, l draw.Line) [2]int {
	p, ok := c.prizes[n]
	if !ok {
		p = draw.NewPrizes(&c.Outcome.Open.Draws[n-1], c.Outcome.Draws[n-1].Ranking)
		c.prizes[n] = p
	}
	return [2]int{n, p.Of(l.Stratum, l.Seat)}
}

// CloseIndex is the place in the log of the draw's close record.
func (c *Checked) CloseIndex(n int) (int64, bool) {
	i, ok := c.closes[n]
	return i, ok
}

// Draw returns what holds about draw n; ok is false if there is none.
func (c *Checked) Draw(n int) (*verify.Draw, bool) {
	if n < 1 || n > len(c.Outcome.Draws) {
		return nil, false
	}
	return &c.Outcome.Draws[n-1], true
}

// Checkpoints are the bundle's signed notes, by ascending size.
func (c *Checked) Checkpoints() ([][]byte, error) {
	var sizes []int64
	for _, name := range c.Files.Names() {
		if base, ok := strings.CutPrefix(name, "checkpoints/"); ok {
			size, err := strconv.ParseInt(base, 10, 64)
			if err != nil {
				return nil, err
			}
			sizes = append(sizes, size)
		}
	}
	slices.Sort(sizes)
	var notes [][]byte
	for _, size := range sizes {
		b, err := c.read(fmt.Sprintf("checkpoints/%d", size), ledger.MaxCheckpoint)
		if err != nil {
			return nil, err
		}
		notes = append(notes, b)
	}
	return notes, nil
}

// Newest is the checkpoint that covers the whole log.
func (c *Checked) Newest() ([]byte, ledger.Checkpoint, error) {
	notes, err := c.Checkpoints()
	if err != nil {
		return nil, ledger.Checkpoint{}, err
	}
	note := notes[len(notes)-1]
	cp, err := ledger.VerifyCheckpoint(c.Outcome.Open.Log, note)
	return note, cp, err
}

// Leaf finds an entrant in the entry list of draw n; ok is false if the list does not hold them.
func (c *Checked) Leaf(n int, id draw.EntrantID) (leaf draw.Leaf, ok bool, err error) {
	name := fmt.Sprintf("draw/%d/entrants.bin", n)
	size, ok := c.Files.Has(name)
	if !ok {
		return leaf, false, fmt.Errorf("draw %d: its entry list is not public yet", n)
	}
	r, err := c.Files.Open(name)
	if err != nil {
		return leaf, false, err
	}
	defer r.Close()
	list, err := draw.NewList(r, size)
	if err != nil {
		return leaf, false, err
	}
	leaf, _, ok, err = list.Find(id)
	return leaf, ok, err
}

func (c *Checked) read(name string, limit int64) ([]byte, error) {
	size, ok := c.Files.Has(name)
	if !ok || size > limit {
		return nil, fmt.Errorf("read %s: missing or too long", name)
	}
	r, err := c.Files.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := make([]byte, size)
	_, err = io.ReadFull(io.NewSectionReader(r, 0, size), b)
	return b, err
}

// Taxed says whether a prize, as Prize names it, is reported for tax by the rules.
func (t Titles) Taxed(prize [2]int) bool {
	return t.TaxAbove > 0 && t.Value[prize] > t.TaxAbove
}

// Stratum is the number of a stratum and its title in both languages; the number alone if it has none.
func (t Titles) Stratum(n int) string {
	s := strconv.Itoa(n)
	zh, en := In("zh-Hant-TW", t.Strata[n]), In("en", t.Strata[n])
	if zh != "" {
		s += " " + zh
	}
	if en != zh {
		s += " / " + en
	}
	return s
}

// readTitles reads the lines `title LANG TEXT`, `claim LANG TEXT`, `tier DRAW TIER LANG TEXT`, `tier-value DRAW TIER SUM`, `stratum N LANG TEXT`, with strata
// `stratum-tier DRAW STRATUM TIER LANG TEXT` and `stratum-tier-value DRAW STRATUM TIER SUM`, `tax-above SUM` and those that say who may claim
// and what a list of winners shows; all others are for other readers.
func readTitles(rules string) Titles {
	t := Titles{Campaign: map[string]string{}, Claim: map[string]string{}, Tier: map[[2]int]map[string]string{}, Strata: map[int]map[string]string{}, Value: map[[2]int]int64{}}
	prizes := prizeNumbers{}
	for line := range strings.Lines(rules) {
		line = strings.TrimSuffix(line, "\n")
		if f := strings.SplitN(line, " ", 3); len(f) == 3 && f[0] == "title" {
			t.Campaign[f[1]] = f[2]
		} else if len(f) == 3 && f[0] == "claim" {
			t.Claim[f[1]] = f[2]
		} else if len(f) == 3 && f[0] == "field" {
			if to, ask := t.field(f[1]), map[string]entrant.Ask{"optional": entrant.Optional, "required": entrant.Required}[f[2]]; to != nil {
				*to = ask
			}
		}
		if strings.HasPrefix(line, "survey ") {
			t.Survey = true
		}
		if line == "claim-proxy authorised" {
			t.Proxy = true
		}
		if by, ok := strings.CutPrefix(line, "strata-by "); ok {
			t.StrataBy = by
		}
		if years, ok := strings.CutPrefix(line, "claim-guardian-below "); ok {
			t.GuardianBelow, _ = strconv.Atoi(years) // a text that is no number states no age
		}
		if sum, ok := strings.CutPrefix(line, "tax-above "); ok {
			t.TaxAbove, _ = strconv.ParseInt(sum, 10, 64)
		}
		if n, ok := strings.CutPrefix(line, "auditor "); ok {
			t.Auditor, _ = strconv.Atoi(n)
		}
		if mask, ok := strings.CutPrefix(line, "winner-names "); ok && mask != "none" {
			mask, t.ListCompounds = strings.CutSuffix(mask, " compound-surnames")
			t.ListName = entrant.NameMask(mask)
		}
		if mask, ok := strings.CutPrefix(line, "winner-id-numbers "); ok && mask != "none" {
			t.ListNumber = entrant.IDMask(mask)
		}
		key, rest, _ := strings.Cut(line, " ")
		switch f := strings.SplitN(rest, " ", 3); {
		case key == "stratum" && len(f) == 3:
			if n, err := strconv.Atoi(f[0]); err == nil {
				put(t.Strata, n, f[1], f[2])
			}
			continue
		case key == "stratum-tier" || key == "tier":
			if at, text, ok := prizes.read(rest, key == "stratum-tier"); ok {
				if lang, title, ok := strings.Cut(text, " "); ok {
					put(t.Tier, at, lang, title)
				}
			}
		case key == "stratum-tier-value" || key == "tier-value":
			at, sum, ok := prizes.read(rest, key == "stratum-tier-value")
			if value, err := strconv.ParseInt(sum, 10, 64); ok && err == nil {
				t.Value[at] = value
			}
		}
	}
	return t
}

func put[K comparable](texts map[K]map[string]string, at K, lang, text string) {
	if texts[at] == nil {
		texts[at] = map[string]string{}
	}
	texts[at][lang] = text
}

// prizeNumbers counts, by draw, the tiers of strata in the order in which a rules file names them first.
type prizeNumbers map[int]map[[2]int]int

// read takes the numbers of a prize from the beginning of a line: draw and tier, or draw, stratum and tier.
func (p prizeNumbers) read(line string, ofStratum bool) (at [2]int, rest string, ok bool) {
	var n [3]int
	for i := range n {
		if i == 2 && !ofStratum {
			break
		}
		word, behind, _ := strings.Cut(line, " ")
		number, err := strconv.Atoi(word)
		if err != nil {
			return at, "", false
		}
		n[i], line = number, behind
	}
	if !ofStratum {
		return [2]int{n[0], n[1]}, line, true
	}
	if p[n[0]] == nil {
		p[n[0]] = map[[2]int]int{}
	}
	tier := [2]int{n[1], n[2]}
	if p[n[0]][tier] == 0 {
		p[n[0]][tier] = len(p[n[0]]) + 1
	}
	return [2]int{n[0], p[n[0]][tier]}, line, true
}

func (t *Titles) field(name string) *entrant.Ask {
	return map[string]*entrant.Ask{"birth": &t.Form.Birth, "card": &t.Form.Card, "guardian": &t.Form.Guardian, "phone": &t.Form.Phone, "email": &t.Form.Email, "address": &t.Form.Address}[name]
}

// In returns the text of a language, or of the other one if there is none.
func In(lang string, texts map[string]string) string {
	if s, ok := texts[lang]; ok {
		return s
	}
	for _, other := range []string{"zh-Hant-TW", "en"} {
		if s, ok := texts[other]; ok {
			return s
		}
	}
	return ""
}
