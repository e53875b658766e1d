package verify_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"fairlot/draw"
	"fairlot/draw/vectors"
)

func resultLies() []lie {
	return []lie{
		{"another round's signature", "beacon", nil, signature(func(c *cheat, n int, was draw.Signature) draw.Signature {
			rounds := []uint64{1, 2, 100}
			if at := slices.Index(rounds, c.open().Draws[n-1].Round); at >= 0 { // that of a draw that an earlier lie moved
				rounds = slices.Delete(rounds, at, at+1)
			}
			return knownRounds()[pick(c.rnd, rounds)]
		})},
		{"a signature of the operator's own beacon", "beacon", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 || chainOf(&c.open().Draws[n-1]) == ownChain().Chain() {
				return false
			}
			c.sigma[n] = ownChain().Sign(c.out.Draws[n-1].Round)
			return true
		}},
		{"the signature's negative", "beacon", nil, signature(func(c *cheat, n int, was draw.Signature) draw.Signature { was[0] ^= 0x20; return was })},
		{"no point for a signature", "beacon", nil, signature(func(c *cheat, n int, was draw.Signature) draw.Signature { was[47] ^= 1; return was })},
		{"the neutral signature", "beacon", nil, signature(func(c *cheat, n int, was draw.Signature) draw.Signature { return draw.Signature{0xc0} })},
		{"another close than the binding one", "seed", nil, onResult(func(c *cheat, r *draw.Result) { r.Close = c.hash() })},
		{"a seed of the operator's", "seed", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 {
				return false
			}
			c.seed[n] = draw.Seed(c.hash())
			return true
		}},
		{"two exchanged in the ranking", "ranking", nil, ranking(2, func(c *cheat, l []draw.Line) []draw.Line {
			i := c.rnd.IntN(len(l) - 1)
			l[i].ID, l[i+1].ID = l[i+1].ID, l[i].ID
			return l
		})},
		{"two exchanged with their scores", "ranking", nil, ranking(2, func(c *cheat, l []draw.Line) []draw.Line {
			l[0].ID, l[1].ID, l[0].Score, l[1].Score = l[1].ID, l[0].ID, l[1].Score, l[0].Score
			return l
		})},
		{"a friend in the ranking", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line {
			l[c.rnd.IntN(len(l))].ID = c.bytes16()
			return l
		})},
		{"a friend in the ranking with the score that would be theirs", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line {
			id := draw.EntrantID(c.bytes16())
			l[0].ID, l[0].Score = id, draw.ScoreOf(draw.Seed{}, id, 1)
			return l
		})},
		{"a better score", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line { l[0].Score = draw.Score{1}; return l })},
		{"another seat", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line {
			l[c.rnd.IntN(len(l))].Seat++
			return l
		})},
		{"a winner left out", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line { return slices.Delete(l, 0, 1) })},
		{"the last alternate left out", "ranking", nil, ranking(1, func(c *cheat, l []draw.Line) []draw.Line { return l[:len(l)-1] })},
		{"an alternate more", "ranking", nil, ranking(0, func(c *cheat, l []draw.Line) []draw.Line {
			return append(l, draw.Line{Stratum: 1, Rank: len(l) + 1, ID: c.bytes16(), Score: draw.Score{0xff}})
		})},
		{"ranked by id", "ranking", nil, ranking(4, func(c *cheat, l []draw.Line) []draw.Line {
			ids := []draw.EntrantID{}
			for _, x := range l {
				ids = append(ids, x.ID)
			}
			sorted := slices.Clone(ids)
			slices.SortFunc(sorted, func(a, b draw.EntrantID) int { return bytes.Compare(a[:], b[:]) })
			if slices.Equal(ids, sorted) {
				slices.Reverse(sorted)
			}
			for i := range l {
				l[i].ID = sorted[i]
			}
			return l
		})},
		{"the hash of another ranking", "ranking", nil, onResult(func(c *cheat, r *draw.Result) { r.Ranking = c.hash() })},
		{"a count of lines that is none", "ranking", nil, onResult(func(c *cheat, r *draw.Result) { r.Ranked++ })},
		{"another ranking than the result names", "ranking", nil, func(c *cheat) bool {
			n := c.drawn()
			if n == 0 {
				return false
			}
			c.touch = func(parts map[string][]byte) {
				path := fmt.Sprintf("draw/%d/ranking.txt", n)
				parts[path] = append(slices.Clone(parts[path]), "1 99 00000000000000000000000000000000\n"...)
			}
			return true
		}},
	}
}

// laterLies are about what comes after the result: nothing of it is cosigned in time for anything.
func laterLies() []lie {
	replace := func(of func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace) func(c *cheat) bool {
		return after(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) draw.Record {
			if r := of(c, n, d, held, free); r != nil {
				r.Draw, r.Reason = n, pick(c.rnd, draw.ReplaceReasons())
				return r
			}
			return nil
		})
	}
	open := func(purpose string, over int64) func(c *cheat) bool {
		return after(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) draw.Record {
			x := c.out.Draws[n-1]
			limit := int64(x.Called)
			if purpose == "audit" {
				limit = int64(c.open().Audit)
			}
			if count := limit - x.Opened[purpose] + over; count > 0 {
				return &draw.Opened{Draw: n, Purpose: purpose, Count: count}
			}
			return nil
		})
	}
	dropLast := func(kind string) func(c *cheat) bool {
		return func(c *cheat) bool {
			for i := len(c.records) - 1; i > 0; i-- {
				if r := c.records[i].rec; r != nil && r.Kind() == kind {
					c.remove(i)
					return true
				}
			}
			return false
		}
	}
	return []lie{
		{"somebody who holds no seat replaced", "replace", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			if len(free) == 0 {
				return &draw.Replace{Stratum: 1, Vacated: 9999, Next: c.next(n, 1)}
			}
			l := pick(c.rnd, free)
			return &draw.Replace{Stratum: l.Stratum, Vacated: l.Rank, Next: c.next(n, l.Stratum)}
		})},
		{"an alternate passed over", "replace", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			if len(held) == 0 {
				return nil
			}
			l := pick(c.rnd, held)
			return &draw.Replace{Stratum: l.Stratum, Vacated: l.Rank, Next: c.next(n, l.Stratum) + 1}
		})},
		{"a friend called", "replace", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			if len(held) == 0 {
				return nil
			}
			return &draw.Replace{Stratum: held[0].Stratum, Vacated: held[0].Rank, Next: 5000}
		})},
		{"a seat left empty though an alternate waits", "replace", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			for _, l := range held {
				if c.next(n, l.Stratum) > 0 {
					return &draw.Replace{Stratum: l.Stratum, Vacated: l.Rank}
				}
			}
			return nil
		})},
		{"a stratum that is none replaced", "replace", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			return &draw.Replace{Stratum: d.Strata + 1, Vacated: 1}
		})},
		{"one seat vacated twice", "replace", nil, func(c *cheat) bool {
			again := *new(draw.Replace)
			add := replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
				if len(held) == 0 {
					return nil
				}
				again = draw.Replace{Draw: n, Reason: "late", Stratum: held[0].Stratum, Vacated: held[0].Rank}
				r := again
				r.Next = c.next(n, r.Stratum)
				return &r
			})
			if !add(c) {
				return false
			}
			c.insert(len(c.records), &again)
			return true
		}},
		{"more told than won", "opened", nil, open("notice", 1)},
		{"more claims than winners", "opened", nil, open("claim", 1)},
		{"more to the tax office than won", "opened", nil, open("tax", 1)},
		{"more than the audit sample opened", "opened", nil, open("audit", 1)},
		{"a winner replaced within the rules", "", nil, replace(func(c *cheat, n int, d *draw.DrawRules, held, free []draw.Line) *draw.Replace {
			if len(held) == 0 {
				return nil
			}
			l := pick(c.rnd, held)
			return &draw.Replace{Stratum: l.Stratum, Vacated: l.Rank, Next: c.next(n, l.Stratum)}
		})},
		{"a replacement left out", "", nil, dropLast("replace")},
		{"another reason for a replacement", "", nil, func(c *cheat) bool {
			for _, e := range c.records {
				if r, ok := e.rec.(*draw.Replace); ok {
					was := r.Reason
					r.Reason = pick(c.rnd, draw.ReplaceReasons())
					return r.Reason != was
				}
			}
			return false
		}},
		{"opened as many as may be", "", nil, open("tax", 0)},
		{"an opening left out", "", nil, dropLast("opened")},
		{"another count opened", "", nil, func(c *cheat) bool {
			for _, e := range c.records {
				if r, ok := e.rec.(*draw.Opened); ok && r.Count > 1 && c.rnd.IntN(2) == 0 {
					r.Count--
					return true
				}
			}
			return false
		}},
		{"a draw opened as proven or not", "", nil, func(c *cheat) bool {
			for _, e := range c.records {
				if r, ok := e.rec.(*draw.Opened); ok {
					r.Unproven = !r.Unproven
					return true
				}
			}
			return false
		}},
		{"opened for a case", "", nil, func(c *cheat) bool {
			n := c.bytes16()
			c.insert(len(c.records), &draw.Opened{Purpose: "court", Case: &n, Count: 1 + c.rnd.Int64N(1000)})
			return true
		}},
		{"said to be erased", "", nil, func(c *cheat) bool {
			c.insert(len(c.records), &draw.Erased{What: []string{"contacts"}, By: "operator"})
			return true
		}},
		{"an erasure left out", "", nil, dropLast("erased")},
		{"a head of the trail left out", "", nil, dropLast("audit")},
		{"another campaign's record", "", nil, func(c *cheat) bool {
			b, err := (&draw.Void{Open: c.hash(), Draw: 1, Reason: "cancelled"}).Marshal()
			c.records = append(c.records, logEntry{raw: b})
			return err == nil
		}},
	}
}

// spare are all bundles of the vectors, to take parts of.
var spare = sync.OnceValue(func() (list []vectors.Vector) {
	all, err := vectors.All()
	if err != nil {
		panic(err)
	}
	for _, v := range all {
		if v.Kind == "bundle" {
			list = append(list, v)
		}
	}
	return list
})

// logLies are about heads and signatures, and about bytes that nobody mends.
func logLies() []lie {
	touch := func(f func(c *cheat, parts map[string][]byte)) func(c *cheat) bool {
		return func(c *cheat) bool {
			c.touch = func(parts map[string][]byte) { f(c, parts) }
			return true
		}
	}
	whole := func(parts map[string][]byte) (path string) {
		n := 0
		for i := range parts {
			var size int
			if _, err := fmt.Sscanf(i, "checkpoints/%d", &size); err == nil && size >= n {
				n, path = size, i
			}
		}
		return path
	}
	return []lie{
		{"nothing", "", nil, func(c *cheat) bool { return true }},
		{"no head of the whole log", "log", nil, func(c *cheat) bool {
			c.records = append(c.records, logEntry{rec: &draw.Erased{What: []string{"answers"}, By: "operator"}})
			c.touch = func(parts map[string][]byte) { delete(parts, whole(parts)) }
			return true
		}},
		{"a head signed by another key", "log", nil, touch(func(c *cheat, parts map[string][]byte) {
			path := whole(parts)
			text, _, _ := strings.Cut(string(parts[path]), "\n\n")
			parts[path] = []byte(text + "\n\n" + noteLine("the operator", vectorOrigin, 1, []byte(text+"\n"), nil))
		})},
		{"the root of another log", "log", nil, touch(func(c *cheat, parts map[string][]byte) {
			path := whole(parts)
			h := c.hash()
			text := fmt.Sprintf("%s\n%s\n%s\n", vectorOrigin, strings.TrimPrefix(path, "checkpoints/"), base64.StdEncoding.EncodeToString(h[:]))
			parts[path] = []byte(text + "\n" + noteLine(c.key, vectorOrigin, 1, []byte(text), nil))
		})},
		{"a head under another size", "log", nil, touch(func(c *cheat, parts map[string][]byte) {
			path := whole(parts)
			parts["checkpoints/9999"] = parts[path]
		})},
		{"witnesses' lines dropped", "", nil, touch(func(c *cheat, parts map[string][]byte) {
			for path, b := range parts {
				if strings.HasPrefix(path, "checkpoints/") {
					text, lines, _ := strings.Cut(string(b), "\n\n")
					first, _, _ := strings.Cut(lines, "\n")
					parts[path] = []byte(text + "\n\n" + first + "\n")
				}
			}
		})},
		{"bytes altered", "", nil, touch(func(c *cheat, parts map[string][]byte) {
			for range 1 + c.rnd.IntN(2) {
				path := pick(c.rnd, slices.Sorted(maps.Keys(parts)))
				parts[path] = flipped(c.rnd, parts[path])
			}
		})},
		{"a line altered", "", nil, touch(func(c *cheat, parts map[string][]byte) {
			path := pick(c.rnd, slices.Sorted(maps.Keys(parts)))
			parts[path] = []byte(lineMutant(c.rnd, string(parts[path])))
		})},
		{"a file left out", "", nil, touch(func(c *cheat, parts map[string][]byte) { delete(parts, pick(c.rnd, slices.Sorted(maps.Keys(parts)))) })},
		{"a part of another bundle", "", nil, touch(func(c *cheat, parts map[string][]byte) {
			other := pick(c.rnd, spare())
			p := pick(c.rnd, other.Parts)
			dir := p.Path[:strings.LastIndexByte(p.Path, '/')+1]
			for _, path := range slices.Sorted(maps.Keys(parts)) {
				if strings.HasPrefix(path, dir) && (dir != "" || path == p.Path) {
					parts[path] = p.Data
					return
				}
			}
		})},
		{"a record of another bundle, and signed", "", nil, func(c *cheat) bool {
			log, _ := pick(c.rnd, spare()).Part("log.bin")
			if records := splitLog(log); len(records) > 0 {
				c.records = slices.Insert(c.records, c.rnd.IntN(len(c.records)+1), logEntry{raw: pick(c.rnd, records)})
			}
			return true
		}},
		{"records of another order, and old signatures", "", nil, touch(func(c *cheat, parts map[string][]byte) {
			records := splitLog(parts["log.bin"])
			i, j := c.rnd.IntN(len(records)), c.rnd.IntN(len(records))
			switch c.rnd.IntN(3) {
			case 0:
				records[i], records[j] = records[j], records[i]
			case 1:
				records = slices.Delete(records, i, i+1)
			default:
				records = slices.Insert(records, i, records[j])
			}
			parts["log.bin"] = logBytes(records)
		})},
		{"a line of a record altered, and signed", "", nil, func(c *cheat) bool {
			i := c.rnd.IntN(len(c.records))
			if c.records[i].rec == nil {
				return false
			}
			seed := c.rnd.Uint64()
			c.raw[c.records[i].rec] = func(b []byte) []byte { return []byte(lineMutant(rand.New(rand.NewPCG(seed, 1)), string(b))) }
			return true
		}},
		{"a record dropped, and signed", "", nil, func(c *cheat) bool {
			i := c.rnd.IntN(len(c.records))
			if i == c.truth.open {
				return false
			}
			c.remove(i)
			return true
		}},
		{"a record repeated, and signed", "", nil, func(c *cheat) bool {
			e := pick(c.rnd, c.records)
			if _, ok := e.rec.(*draw.Open); ok {
				return false
			}
			c.records = slices.Insert(c.records, 1+c.rnd.IntN(len(c.records)), e)
			return true
		}},
		{"records in another order, and signed", "", nil, func(c *cheat) bool {
			i, j := c.rnd.IntN(len(c.records)), c.rnd.IntN(len(c.records))
			c.records[i], c.records[j] = c.records[j], c.records[i]
			return i != j
		}},
		{"the log cut off, and signed", "", nil, func(c *cheat) bool {
			at := c.truth.open + 1 + c.rnd.IntN(len(c.records)-c.truth.open)
			c.records = c.records[:at]
			return true
		}},
	}
}
