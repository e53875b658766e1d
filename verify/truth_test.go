package verify_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	"fairlot/draw"
	"fairlot/draw/vectors"
	"fairlot/monitor"
	"fairlot/verify"
)

// truth is a bundle that holds, taken apart.
type truth struct {
	name    string
	vector  vectors.Vector
	records [][]byte
	open    int              // place of the campaign's open record
	notes   map[int64][]byte // checkpoints by size
	files   map[string][]byte
	leaves  map[int][]draw.Leaf
	out     *verify.Outcome
	said    string
	seen    monitor.Head // the newest head that witnesses cosigned, or the newest
	newest  monitor.Head
	opts    verify.Options
	settled bool // it is the same if all witnesses see each head in time: nothing came too late
}

// knownRounds are quicknet's that a program can have from anywhere (spec/verify.py has the same); who verifies has them at hand.
var knownRounds = sync.OnceValue(func() map[uint64]draw.Signature {
	all := map[uint64]draw.Signature{}
	for round, s := range map[uint64]string{
		1:        "b55e7cb2d5c613ee0b2e28d6750aabbb78c39dcc96bd9d38c2c2e12198df95571de8e8e402a0cc48871c7089a2b3af4b",
		2:        "b6b6a585449b66eb12e875b64fcbab3799861a00e4dbf092d99e969a5eac57dd3f798acf61e705fe4f093db926626807",
		100:      "a4a4ff2320c23471a4bf9540ee5fc68e4c6a750dc89fd8bbeb9ba56e0708673b2d285461388f14537332492726efd282",
		1000:     "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
		laterOne: "929906c959032ab363c9f26570d215d66f5c06cb0c44fe508c12bb5839f04ec895bb6868e5b9ff13ab289bdb5266b394",
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			panic(err)
		}
		all[round] = draw.Signature(b)
	}
	return all
})

const laterOne = 12040883 // a round of October 2024

const inTime = 1692799200 // when the vectors' witnesses cosign: before the deadline of round 1000

// ownChain is a beacon whose key the operator made.
var ownChain = sync.OnceValue(func() *beacon.Local {
	l, err := beacon.LocalFromSecret(beacon.Quicknet().Genesis, beacon.Quicknet().Period, sha256.Sum256([]byte("the operator's own beacon")))
	if err != nil {
		panic(err)
	}
	return l
})

// truthOf takes a vector apart; nil if it does not hold.
func truthOf(t testing.TB, v vectors.Vector) *truth {
	t.Helper()
	b := &truth{name: v.Name, vector: v, notes: map[int64][]byte{}, files: map[string][]byte{}, leaves: map[int][]draw.Leaf{}, opts: options(v)}
	for round, s := range knownRounds() {
		b.opts.Rounds = append(b.opts.Rounds, verify.Round{Chain: beacon.Quicknet().Hash, Round: round, Signature: s[:]})
	}
	var err error
	if b.said, b.out, err = run(mapFS(v.Parts), b.opts); b.out == nil {
		t.Fatalf("%s does not hold: %v", v.Name, err)
	}
	if b.said != v.Expect {
		t.Fatalf("%s: %s, want %s", v.Name, b.said, v.Expect)
	}
	log, _ := v.Part("log.bin")
	b.records = splitLog(log)
	b.open = slices.IndexFunc(b.records, func(r []byte) bool { return draw.HashOf(r) == b.out.OpenHash })
	for _, p := range v.Parts {
		var size int64
		var n int
		switch {
		case strings.HasPrefix(p.Path, "checkpoints/"):
			fmt.Sscanf(p.Path, "checkpoints/%d", &size)
			b.notes[size] = p.Data
		case strings.HasPrefix(p.Path, "files/"):
			b.files[strings.TrimPrefix(p.Path, "files/")] = p.Data
		case strings.HasSuffix(p.Path, "/entrants.bin"):
			fmt.Sscanf(p.Path, "draw/%d/", &n)
			b.leaves[n] = []draw.Leaf{}
			for at := 0; at < len(p.Data); at += draw.LeafSize {
				b.leaves[n] = append(b.leaves[n], draw.LeafOf([draw.LeafSize]byte(p.Data[at:])))
			}
		}
	}
	for size, note := range b.notes {
		h := headOf(size, b.records, note)
		if b.newest.Note == "" || size > b.newest.Size {
			b.newest = h
		}
		if len(cosigners(note)) > 0 && (b.seen.Note == "" || size > b.seen.Size) {
			b.seen = h
		}
	}
	if b.seen.Note == "" {
		b.seen = b.newest
	}
	c := newCheat(b, nil)
	c.how = fromTheStart
	_, out, _ := run(mapFS(c.vectorOf(c.parts()).Parts), b.opts)
	b.settled = out != nil && fixed(out) == fixed(b.out)
	return b
}

func headOf(size int64, records [][]byte, note []byte) monitor.Head {
	tree, err := ledger.NewTree(records...)
	if err != nil {
		panic(err)
	}
	root, err := tree.Root(size)
	if err != nil {
		panic(err)
	}
	return monitor.Head{Size: size, Root: root, Note: string(note)}
}

// cosigners are the names in a note's lines but the log's.
func cosigners(note []byte) (names []string) {
	_, lines, _ := strings.Cut(string(note), "\n\n")
	for line := range strings.Lines(lines) {
		if w := strings.Fields(line); len(w) == 3 && w[1] != vectorOrigin && !strings.HasPrefix(w[1], "stranger") {
			names = append(names, w[1])
		}
	}
	return names
}

// truths are the vectors' bundles that hold, and some made of them in which a later head than that of the close is cosigned in time.
func truths(t testing.TB) (all []*truth) {
	t.Helper()
	for _, v := range bundles(t) {
		if strings.HasPrefix(v.Expect, "1 ") {
			continue
		}
		all = append(all, truthOf(t, v))
	}
	from := func(vector, name string, change func(c *cheat)) {
		c := newCheat(truthOf(t, byName(t, vector)), rand.New(rand.NewPCG(1, 1)))
		change(c)
		parts := c.parts()
		v := vectors.Vector{Name: name, Kind: "bundle", Expect: "0 proven"}
		for _, path := range slices.Sorted(maps.Keys(parts)) {
			v.Parts = append(v.Parts, vectors.Part{Path: path, Data: parts[path]})
		}
		b := truthOf(t, v)
		all = append(all, b, b, b, b) // few have what can be taken back
	}
	from("waiting", "void with a head of its own", func(c *cheat) {
		c.insert(len(c.records), &draw.Void{Draw: 1, Reason: "cancelled"})
		c.how = fromTheStart
	})
	from("one-tier", "put off with a head of its own", func(c *cheat) {
		at := c.first("close", 1) + 1
		c.insert(at, &draw.Amend{Draw: 1, Round: laterOne})
		c.sigma[1], c.how = knownRounds()[laterOne], fromTheStart
	})
	return all
}
