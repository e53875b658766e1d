package verify_test

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"

	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/draw/vectors"
)

// What a cheat starts from, and how it ends up in a bundle again. The operator has the log's key and the receipts', writes `open`, the lists and all files, and keeps
// whatever notes witnesses gave. Witnesses' keys and the beacon's it has not: where witnesses sign in these tests, they do what an honest one would, or one of them alone does not.

// logEntry is a record of a cheat's log. rec is nil for what is copied as it is.
type logEntry struct {
	rec draw.Record
	raw []byte
}

// signing is what stands under the heads that are signed anew. Heads of which nothing changed stay as they were.
type signing int

const (
	noWitness    signing = iota // the log's signature alone
	asTheyWere                  // the witnesses' lines of the head of that size, or of one, copied
	oneMore                     // a witness who has seen nothing of the truth, in time
	late                        // all witnesses, a second after the deadline or later
	movedTimes                  // lines copied, with a time that would count
	forgedLines                 // the operator's signature under a witness's name and key hash
	trueHeads                   // none is signed anew where there was one: the true heads over what is told
	strangers                   // witnesses' names with keys of the operator's
	fromTheStart                // all witnesses in time: they saw the lie before the draw, and do not count lists
	howManySignings
)

func (s signing) String() string {
	return [...]string{"no witness", "lines as they were", "one more witness", "late witnesses", "times moved", "forged lines", "the true heads", "strangers", "told from the start"}[s]
}

// wronged is somebody's true leaf in the list of a draw.
type wronged struct {
	draw int
	leaf draw.Leaf
}

// cheat is a bundle in which something is told falsely. What hangs on it is computed anew by parts.
type cheat struct {
	*truth
	rnd     *rand.Rand
	records []logEntry
	opening *draw.Open
	rules   []byte
	notice  []byte
	policy  []byte
	lists   map[int][]draw.Leaf
	sigma   map[int]draw.Signature                  // what results state instead of what they stated
	seed    map[int]draw.Seed                       // instead of the right one
	lines   map[int]func(l []draw.Line) []draw.Line // the last word on a ranking
	last    map[draw.Record]func()                  // the last word on a record
	raw     map[draw.Record]func(b []byte) []byte   // and on its bytes
	touch   func(parts map[string][]byte)           // and on the files
	how     signing
	key     string            // word of the key that signs the log
	witness map[string]string // names of witnesses' lines: words of the keys that sign them, where they are the operator's own
	known   []vectors.Round   // right signatures of other chains, for a program without BLS
	wronged []wronged         // who is told something else than is signed
	also    string            // a witness besides oneMore who signs whatever the operator wants
	own     bool              // the campaign's policy is of witnesses that the operator made
}

func newCheat(b *truth, rnd *rand.Rand) *cheat {
	c := &cheat{truth: b, rnd: rnd, lists: map[int][]draw.Leaf{}, sigma: map[int]draw.Signature{}, seed: map[int]draw.Seed{},
		lines: map[int]func([]draw.Line) []draw.Line{}, last: map[draw.Record]func(){}, raw: map[draw.Record]func([]byte) []byte{}, key: vectorOrigin, witness: map[string]string{}}
	for i, r := range b.records {
		e := logEntry{raw: r}
		rec, err := draw.ParseRecord(r)
		if err != nil {
			panic(err)
		}
		if about, _ := rec.About(); i == b.open || about == b.out.OpenHash {
			e.rec = rec
		} else if rec.Kind() == "audit" {
			e.rec = rec
		}
		c.records = append(c.records, e)
	}
	o := c.records[b.open].rec.(*draw.Open)
	c.opening = o
	c.rules, c.notice, c.policy = b.files[o.Rules.String()], b.files[o.Notice.String()], b.files[o.Policy.String()]
	for n, l := range b.leaves {
		c.lists[n] = slices.Clone(l)
	}
	return c
}

// open is the campaign's open record, also where it is in the log no more.
func (c *cheat) open() *draw.Open { return c.opening }

// first is the place of the first record of a kind about a draw, −1 for none.
func (c *cheat) first(kind string, n int) int {
	return slices.IndexFunc(c.records, func(e logEntry) bool {
		if e.rec == nil || e.rec.Kind() != kind {
			return false
		}
		_, about := e.rec.About()
		return about == n
	})
}

func (c *cheat) insert(at int, r draw.Record) {
	c.records = slices.Insert(c.records, at, logEntry{rec: r})
}

func (c *cheat) remove(at int) { c.records = slices.Delete(c.records, at, at+1) }

// setOpen names the campaign in a record that has such a line.
func setOpen(r draw.Record, h draw.Hash) {
	if f := reflect.ValueOf(r).Elem().FieldByName("Open"); f.IsValid() && f.Type() == reflect.TypeOf(h) {
		f.Set(reflect.ValueOf(h))
	}
}

// marshal prints what is a record's, or, where the record is not allowed at all, what was there before.
func (c *cheat) marshal(e logEntry) []byte {
	if e.rec == nil {
		return e.raw
	}
	if f := c.last[e.rec]; f != nil {
		f()
	}
	b, err := e.rec.Marshal()
	if err != nil {
		b = e.raw
	}
	if f := c.raw[e.rec]; f != nil {
		b = f(bytes.Clone(b))
	}
	return b
}

// parts computes everything anew that hangs on what was changed, and signs it.
func (c *cheat) parts() map[string][]byte {
	o := c.open()
	o.Rules, o.Notice, o.Policy = draw.HashOf(c.rules), draw.HashOf(c.notice), draw.HashOf(c.policy)
	openHash := draw.HashOf(c.marshal(logEntry{rec: o, raw: c.truth.records[c.truth.open]}))
	parts := map[string][]byte{}
	for _, f := range [][]byte{c.rules, c.notice, c.policy} {
		parts["files/"+draw.HashOf(f).String()] = f
	}
	closes, rankings := map[int]draw.Hash{}, map[int][]byte{}
	var records [][]byte
	for _, e := range c.records {
		if e.rec != nil && e.rec != draw.Record(o) {
			setOpen(e.rec, openHash)
		}
		switch r := e.rec.(type) {
		case *draw.Close:
			c.mendClose(r)
		case *draw.Result:
			if text := c.mendResult(o, r, closes[r.Draw]); rankings[r.Draw] == nil {
				rankings[r.Draw] = text
			}
		}
		b := c.marshal(e)
		if r, ok := e.rec.(*draw.Close); ok {
			if _, bound := closes[r.Draw]; !bound {
				closes[r.Draw] = draw.HashOf(b)
			}
		}
		records = append(records, b)
	}
	for n := range closes {
		parts[fmt.Sprintf("draw/%d/entrants.bin", n)] = listBytes(c.lists[n])
	}
	for n, text := range rankings {
		parts[fmt.Sprintf("draw/%d/ranking.txt", n)] = text
	}
	parts["log.bin"] = logBytes(records)
	c.sign(parts, records)
	if c.touch != nil {
		c.touch(parts)
	}
	return parts
}

func logBytes(records [][]byte) (log []byte) {
	for _, r := range records {
		log = append(binary.BigEndian.AppendUint16(log, uint16(len(r))), r...)
	}
	return log
}

func listBytes(l []draw.Leaf) (b []byte) {
	for _, x := range l {
		leaf := x.Bytes()
		b = append(b, leaf[:]...)
	}
	return b
}

// mendClose makes a close fit its list: what differs goes to the last day and to the last reason, or to duplicates before who won an earlier draw, whose number is known.
func (c *cheat) mendClose(r *draw.Close) {
	l := c.lists[r.Draw]
	zero, zeros, days := int64(0), int64(0), int64(0)
	for _, x := range l {
		if x.Chances == 0 {
			zero++
		}
	}
	for _, z := range r.Zero {
		zeros += z.Count
	}
	for _, d := range r.Days {
		days += d.Count
	}
	for more := zero - zeros; more != 0; {
		last := len(r.Zero) - 1
		switch {
		case more > 0 && (last < 0 || last == 0 && r.Zero[0].Reason == "won-earlier"):
			r.Zero, more = slices.Insert(r.Zero, 0, draw.Zero{Reason: "duplicate", Count: more}), 0
		case more > 0 && r.Zero[last].Reason == "won-earlier":
			r.Zero[last-1].Count, more = r.Zero[last-1].Count+more, 0
		case more > 0 || r.Zero[last].Count > -more:
			r.Zero[last].Count, more = r.Zero[last].Count+more, 0
		default:
			more += r.Zero[last].Count
			r.Zero = r.Zero[:last]
		}
	}
	for more := int64(len(l)) - days; more != 0; {
		last := len(r.Days) - 1
		switch {
		case more > 0 && last < 0:
			r.Days, more = []draw.Day{{Date: "2023-08-21", Count: more}}, 0
		case more > 0 || r.Days[last].Count > -more:
			r.Days[last].Count, more = r.Days[last].Count+more, 0
		default:
			more += r.Days[last].Count
			r.Days = r.Days[:last]
		}
	}
	r.Entrants = int64(len(l))
	r.Root, _ = draw.RootOf(draw.Slice(l))
}

// mendResult draws anew from the list and the rules as they are told.
func (c *cheat) mendResult(o *draw.Open, r *draw.Result, closed draw.Hash) []byte {
	r.Close = closed
	if s, ok := c.sigma[r.Draw]; ok {
		r.Signature = s
	}
	r.Seed = draw.SeedOf(r.Close, r.Signature)
	if s, ok := c.seed[r.Draw]; ok {
		r.Seed = s
	}
	lines := c.rank(o, r.Draw, r.Seed)
	if f := c.lines[r.Draw]; f != nil {
		lines = f(lines)
	}
	text := draw.MarshalRanking(lines)
	r.Ranking, r.Ranked = draw.HashOf(text), int64(len(lines))
	return text
}

func (c *cheat) rank(o *draw.Open, n int, seed draw.Seed) []draw.Line {
	if n > len(o.Draws) {
		return nil
	}
	d := &o.Draws[n-1]
	counts := make([]int64, d.Strata)
	var fit draw.Slice
	for _, l := range c.lists[n] {
		if l.Chances > 0 && l.Stratum >= 1 && int(l.Stratum) <= d.Strata {
			counts[l.Stratum-1]++
			fit = append(fit, l)
		}
	}
	lines, err := draw.Rank(draw.MakePlan(d, o.Batch, counts), fit, seed)
	if err != nil {
		panic(err)
	}
	return lines
}

// sign signs the heads of the log: each of which nothing changed stays as it was, and there is always one of the whole log and one that begins with each close.
func (c *cheat) sign(parts map[string][]byte, records [][]byte) {
	sizes := map[int64]bool{int64(len(records)): true}
	for size := range c.notes {
		if size <= int64(len(records)) {
			sizes[size] = true
		}
	}
	for i, e := range c.records {
		if decides(e) {
			sizes[int64(i+1)] = true
		}
	}
	var tree draw.Tree
	same := true
	for i, r := range records {
		tree.Add(r)
		same = same && i < len(c.truth.records) && bytes.Equal(r, c.truth.records[i])
		size := int64(i + 1)
		if !sizes[size] {
			continue
		}
		path := fmt.Sprintf("checkpoints/%d", size)
		old := c.notes[size]
		if old != nil && (c.how == trueHeads || same && c.how != fromTheStart && c.key == vectorOrigin) {
			parts[path] = old
			continue
		}
		root := tree.Root()
		text := fmt.Sprintf("%s\n%d\n%s\n", vectorOrigin, size, base64.StdEncoding.EncodeToString(root[:]))
		out := text + "\n" + noteLine(c.key, vectorOrigin, 1, []byte(text), nil)
		if c.how != fromTheStart || decides(c.records[i]) || len(cosigners(old)) > 0 {
			out += c.cosigned(text, old)
		}
		parts[path] = []byte(out)
	}
}

// decides tells whether a record counts only if it is cosigned in time.
func decides(e logEntry) bool {
	return e.rec != nil && (e.rec.Kind() == "close" || e.rec.Kind() == "void" || e.rec.Kind() == "amend")
}

// witnesses are the policy's, as it is told, by their keys' names.
func (c *cheat) witnesses() (names []string) {
	if p, err := ledger.ParsePolicy(c.policy); err == nil {
		for _, w := range p.Witnesses {
			names = append(names, w.Key.Name)
		}
	}
	return names
}

func (c *cheat) cosigned(text string, old []byte) (lines string) {
	cosign := func(name string, at uint64) string {
		word := name
		if w := c.witness[name]; w != "" {
			word = w
		}
		return noteLine(word, name, 4, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text), binary.BigEndian.AppendUint64(nil, at))
	}
	if old == nil { // of another size: there are no lines of this one
		for _, size := range slices.Sorted(maps.Keys(c.notes)) {
			if len(cosigners(c.notes[size])) > 0 {
				old = c.notes[size]
			}
		}
	}
	switch c.how {
	case asTheyWere, movedTimes:
		_, was, _ := strings.Cut(string(old), "\n\n")
		for line := range strings.Lines(was) {
			w := strings.Fields(line)
			if len(w) != 3 || w[1] == vectorOrigin {
				continue
			}
			if raw, err := base64.StdEncoding.DecodeString(w[2]); err == nil && len(raw) == 76 && c.how == movedTimes {
				binary.BigEndian.PutUint64(raw[4:], inTime-1-uint64(c.rnd.IntN(1000)))
				line = "— " + w[1] + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
			}
			lines += line
		}
	case oneMore:
		var seen []string
		for _, n := range c.notes {
			seen = append(seen, cosigners(n)...)
		}
		if c.also != "" {
			lines += cosign(c.also, inTime)
		}
		for _, name := range c.witnesses() {
			if !slices.Contains(seen, name) {
				return lines + cosign(name, inTime)
			}
		}
	case late:
		at := c.deadline() + 1
		for _, name := range c.witnesses() {
			lines += cosign(name, uint64(at))
		}
	case forgedLines:
		for _, name := range c.witnesses() {
			good := strings.Fields(cosign(name, inTime))
			raw, _ := base64.StdEncoding.DecodeString(good[2])
			copy(raw[12:], ed25519.Sign(keyOf("the operator"), fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", inTime, text)))
			lines += "— " + name + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
		}
	case strangers:
		for _, name := range c.witnesses() {
			lines += noteLine("the operator", name, 4, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", inTime, text), binary.BigEndian.AppendUint64(nil, inTime))
		}
	case fromTheStart:
		for _, name := range c.witnesses() {
			lines += cosign(name, c.honestTime())
		}
	}
	return lines
}

// deadline is the last one there is, of the truth and of what is told, and the end of a dead beacon's days.
func (c *cheat) deadline() int64 {
	at := int64(0)
	for _, o := range []*draw.Open{c.out.Open, c.open()} {
		for i := range o.Draws {
			d := &o.Draws[i]
			for _, round := range []uint64{d.Round, laterOne} {
				at = max(at, d.Deadline(round).Unix(), d.DeadAt(d.Round).Unix())
			}
		}
	}
	return at
}

// honestTime is when the truth was first cosigned.
func (c *cheat) honestTime() uint64 {
	at := uint64(0)
	for _, n := range c.notes {
		_, lines, _ := strings.Cut(string(n), "\n\n")
		for line := range strings.Lines(lines) {
			if w := strings.Fields(line); len(w) == 3 && w[1] != vectorOrigin {
				if raw, err := base64.StdEncoding.DecodeString(w[2]); err == nil && len(raw) == 76 {
					if t := binary.BigEndian.Uint64(raw[4:]); at == 0 || t < at {
						at = t
					}
				}
			}
		}
	}
	return cmp.Or(at, inTime)
}

var keysMade sync.Map

func keyOf(word string) ed25519.PrivateKey {
	if k, ok := keysMade.Load(word); ok {
		return k.(ed25519.PrivateKey)
	}
	k, _ := keysMade.LoadOrStore(word, wordKey(word))
	return k.(ed25519.PrivateKey)
}

// noteLine is a signature line under a name by the key of a word.
func noteLine(word, name string, alg byte, message, before []byte) string {
	key := keyOf(word)
	hash := sha256.Sum256(append([]byte(name+"\n"), append([]byte{alg}, key.Public().(ed25519.PublicKey)...)...))
	return "— " + name + " " + base64.StdEncoding.EncodeToString(slices.Concat(hash[:4], before, ed25519.Sign(key, message))) + "\n"
}

// vkeyOf is the verifier key of a word's key under a name.
func vkeyOf(word, name string, alg byte) string {
	k := append([]byte{alg}, keyOf(word).Public().(ed25519.PublicKey)...)
	hash := sha256.Sum256(append([]byte(name+"\n"), k...))
	return fmt.Sprintf("%s+%x+%s", name, hash[:4], base64.StdEncoding.EncodeToString(k))
}
