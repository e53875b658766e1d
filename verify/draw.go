package verify

import (
	"bytes"
	"errors"
	"fmt"

	"fairlot/crypto/beacon"
	"fairlot/draw"
)

// draw runs steps 7 to 13 for one draw.
func (c *check) draw(d *Draw) error {
	if d.Close == nil {
		return nil
	}
	rules := &c.rules.Draws[d.N-1]
	list, file, err := c.entryList(d.N)
	if err != nil {
		return err
	}
	defer file.Close()
	count, err := c.entrants(d, rules, list)
	if err != nil {
		return err
	}
	if d.Result == nil {
		return nil
	}
	if err := beacon.Verify(chainOf(rules.Beacon), d.Round, d.Result.Signature[:]); err != nil {
		return failedBy(9, d.N, fmt.Errorf("round %d: %w", d.Round, err))
	}
	c.held(9, d.N)
	if d.Result.Close != d.CloseHash {
		return differs(10, d.N, "the result names another close record", d.CloseHash, d.Result.Close)
	}
	d.Seed = draw.SeedOf(d.CloseHash, d.Result.Signature)
	if d.Seed != d.Result.Seed {
		return differs(10, d.N, "the seed is another", d.Seed, d.Result.Seed)
	}
	c.held(10, d.N)
	if err := c.ranking(d, rules, list, count); err != nil {
		return err
	}
	c.held(11, d.N)
	return c.after(d, rules)
}

func (c *check) entryList(n int) (*draw.List, File, error) {
	name := drawFile(n, "entrants.bin")
	f, err := c.files.Open(name)
	if err != nil {
		return nil, nil, err
	}
	list, err := draw.NewList(f, c.files.size[name])
	if err != nil {
		f.Close()
		return nil, nil, failedBy(7, n, err)
	}
	return list, f, nil
}

// entrants is steps 7 and 8, in one reading.
func (c *check) entrants(d *Draw, rules *draw.DrawRules, list *draw.List) (draw.Count, error) {
	count, root, err := list.Check(rules.Strata, c.rules.Chances)
	if errors.Is(err, draw.ErrList) {
		return count, failedBy(7, d.N, err)
	}
	if err != nil {
		return count, err
	}
	if count.Entrants != d.Close.Entrants {
		return count, differs(7, d.N, "number of entrants", d.Close.Entrants, count.Entrants)
	}
	// Counts are at most 2^53 − 1 each and a record holds few lines, so sums do not overflow.
	zero, days := int64(0), int64(0)
	for _, z := range d.Close.Zero {
		zero += z.Count
	}
	for _, day := range d.Close.Days {
		days += day.Count
	}
	if zero != count.Zero {
		return count, differs(7, d.N, "number of leaves with chances 0", zero, count.Zero)
	}
	if days != count.Entrants {
		return count, differs(7, d.N, "sum of the days' counts", count.Entrants, days)
	}
	if c.rules.Register > 0 && count.Ranked() > c.rules.Register {
		return count, differs(7, d.N, "leaves with chances, more than the register holds", c.rules.Register, count.Ranked())
	}
	if err := c.earlierOut(d, list); err != nil {
		return count, err
	}
	d.Entrants, d.Ranked = count.Entrants, count.Ranked()
	c.held(7, d.N)
	if d.Root = root; d.Root != d.Close.Root {
		return count, differs(8, d.N, "root of the entry list", d.Close.Root, d.Root)
	}
	c.held(8, d.N)
	return count, nil
}

// ranking is step 11.
func (c *check) ranking(d *Draw, rules *draw.DrawRules, list *draw.List, count draw.Count) error {
	d.Plan = draw.MakePlan(rules, c.rules.Batch, count.Strata)
	lines, err := draw.Rank(d.Plan, list, d.Seed)
	if err != nil {
		return err
	}
	d.Ranking = lines
	want := draw.MarshalRanking(lines)
	name := drawFile(d.N, "ranking.txt")
	if size := c.files.size[name]; size != int64(len(want)) {
		return differs(11, d.N, "length of ranking.txt in bytes", len(want), size)
	}
	got, err := c.files.read(name, int64(len(want)))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		at := 0
		w, g := bytes.Split(want, []byte("\n")), bytes.Split(got, []byte("\n"))
		for at < min(len(w), len(g))-1 && bytes.Equal(w[at], g[at]) {
			at++
		}
		return differs(11, d.N, fmt.Sprintf("line %d of ranking.txt", at+1), fmt.Sprintf("%q", w[at]), fmt.Sprintf("%q", g[at]))
	}
	if hash := draw.HashOf(want); hash != d.Result.Ranking {
		return differs(11, d.N, "hash of ranking.txt", d.Result.Ranking, hash)
	}
	if int64(len(lines)) != d.Result.Ranked {
		return differs(11, d.N, "lines of ranking.txt", d.Result.Ranked, len(lines))
	}
	if c.rules.Audit > 0 {
		if d.Audit, err = draw.Audit(list, d.Seed, c.rules.Audit); err != nil {
			return err
		}
	}
	return nil
}

// after is steps 12 and 13.
func (c *check) after(d *Draw, rules *draw.DrawRules) error {
	seats := draw.NewSeats(d.Ranking, rules.Forfeit)
	for _, r := range d.Replaced {
		if err := seats.Apply(r); err != nil {
			return failedBy(12, d.N, err)
		}
	}
	d.Winners, d.Called = seats.Winners(d.Ranking), seats.Called()
	c.held(12, d.N)
	d.Opened = map[string]int64{}
	for _, o := range d.opened {
		limit := int64(d.Called)
		if o.Purpose == "audit" {
			limit = int64(c.rules.Audit)
		}
		d.Opened[o.Purpose] += o.Count
		d.Unproven = d.Unproven || o.Unproven
		if d.Opened[o.Purpose] > limit { // checked each time, so the sum does not overflow
			return differs(13, d.N, "more opened for purpose "+o.Purpose+" than may be", limit, d.Opened[o.Purpose])
		}
	}
	c.held(13, d.N)
	return nil
}
