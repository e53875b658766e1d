package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxPolicy is the longest witness policy in bytes (SPEC 3).
const MaxPolicy = 64 << 10

// ErrPolicy means a text that is not a witness policy in its one form.
var ErrPolicy = errors.New("malformed witness policy")

// Witness is one witness line of a policy.
type Witness struct {
	Name string // the policy's name for it, a code: [a-z0-9] then up to 63 of [a-z0-9-]
	Key  VKey   // algorithm 0x04
}

// lineID is what a signature line says about its key.
type lineID struct {
	name string
	hash uint32
}

type group struct {
	name    string
	k       int
	members []string
}

// Policy says whose cosignatures are enough (SPEC 3, the C2SP tlog-policy form):
//
//	log VKEY
//	witness NAME VKEY
//	group NAME K MEMBER…
//	quorum NAME
//
// Witness and group lines stand any number of times; members are earlier names; no 32-byte key
// stands twice, so the log cannot witness itself, and no two keys share name and key hash, so a signature line is by one key
// only; "quorum none" is never satisfied. Make one with ParsePolicy; it is immutable.
//
// Who can change the policy of a campaign can make up its witnesses: its hash is in `open`.
type Policy struct {
	Log       VKey      // algorithm 0x01
	Witnesses []Witness // in the text's order
	groups    []group
	quorum    string
}

// ParsePolicy reads the one text of a policy; errors wrap ErrPolicy and name the line.
//
// It is stricter than torchwood.ParsePolicy, which takes a member twice in a group (one witness
// then counts as two), any number of logs, and evaluates nested groups in exponential time.
func ParsePolicy(text []byte) (*Policy, error) {
	if len(text) > MaxPolicy {
		return nil, fmt.Errorf("read witness policy: %w: longer than %d bytes", ErrPolicy, MaxPolicy)
	}
	p := new(Policy)
	names := map[string]bool{}
	keys := map[any]bool{} // 32-byte keys, and lineIDs
	n, stage := 0, 0       // stage: what may stand next: 0 log, 1 witness, 2 group, 3 nothing
	for line := range strings.Lines(string(text)) {
		n++
		w := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if err := p.add(w, &stage, names, keys); err != nil {
			return nil, fmt.Errorf("read witness policy, line %d: %w: %w", n, ErrPolicy, err)
		}
	}
	if stage != 3 {
		return nil, fmt.Errorf("read witness policy: %w: no quorum line", ErrPolicy)
	}
	if p.String() != string(text) {
		return nil, fmt.Errorf("read witness policy: %w: not in its one encoding", ErrPolicy)
	}
	return p, nil
}

func (p *Policy) add(w []string, stage *int, names map[string]bool, keys map[any]bool) error {
	place := func(min, max, next int) error {
		if *stage < min || *stage > max {
			return errors.New("line is out of order")
		}
		*stage = next
		return nil
	}
	switch {
	case w[0] == "log" && len(w) == 2:
		k, err := parseVKeyOf(AlgLog, w[1])
		if err != nil {
			return err
		}
		p.Log, keys[k.Key], keys[lineID{k.Name, k.Hash}] = k, true, true
		return place(0, 0, 1)
	case w[0] == "witness" && len(w) == 3:
		k, err := parseVKeyOf(AlgWitness, w[2])
		if err != nil {
			return err
		}
		if !code(w[1]) || names[w[1]] || keys[k.Key] {
			return errors.New("name is no code, or name or key stands twice")
		}
		id := lineID{k.Name, k.Hash}
		if keys[id] {
			return errors.New("two keys have one name and one key hash")
		}
		names[w[1]], keys[k.Key], keys[id] = true, true, true
		p.Witnesses = append(p.Witnesses, Witness{w[1], k})
		return place(1, 1, 1)
	case w[0] == "group" && len(w) >= 4:
		g := group{name: w[1], members: w[3:]}
		var err error
		if g.k, err = strconv.Atoi(w[2]); err != nil || g.k < 1 || g.k > len(g.members) {
			return errors.New("threshold is not 1 to the number of members")
		}
		seen := map[string]bool{}
		for _, m := range g.members {
			if !names[m] || seen[m] {
				return errors.New("member is unknown or stands twice")
			}
			seen[m] = true
		}
		if !code(g.name) || names[g.name] {
			return errors.New("name is no code or stands twice")
		}
		names[g.name] = true
		p.groups = append(p.groups, g)
		return place(1, 2, 2)
	case w[0] == "quorum" && len(w) == 2:
		if w[1] != "none" && !names[w[1]] {
			return errors.New("quorum names nothing")
		}
		p.quorum = w[1]
		return place(1, 2, 3)
	}
	return errors.New("unknown line")
}

// code reports whether s may be a name in a policy: a SPEC code but "none", which means
// something else in the quorum line.
func code(s string) bool {
	for i := range len(s) {
		if !(s[i] >= 'a' && s[i] <= 'z' || s[i] >= '0' && s[i] <= '9' || s[i] == '-' && i > 0) {
			return false
		}
	}
	return s != "" && len(s) <= 64 && s != "none"
}

// String returns the one text of the policy.
func (p *Policy) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "log %s\n", p.Log)
	for _, w := range p.Witnesses {
		fmt.Fprintf(&b, "witness %s %s\n", w.Name, w.Key)
	}
	for _, g := range p.groups {
		fmt.Fprintf(&b, "group %s %d %s\n", g.name, g.k, strings.Join(g.members, " "))
	}
	fmt.Fprintf(&b, "quorum %s\n", p.quorum)
	return b.String()
}

// PrintPolicy writes the policy "k of these witnesses", its group named witnesses (so no
// witness may be); k = 0 is "quorum none". The result parses; errors wrap ErrPolicy or ErrKey.
func PrintPolicy(logVKey string, witnesses []Witness, k int) ([]byte, error) {
	log, err := parseVKeyOf(AlgLog, logVKey)
	if err != nil {
		return nil, fmt.Errorf("write witness policy: %w", err)
	}
	p := &Policy{Log: log, Witnesses: witnesses, quorum: "none"}
	if k != 0 {
		g := group{name: "witnesses", k: k}
		for _, w := range witnesses {
			g.members = append(g.members, w.Name)
		}
		p.groups, p.quorum = []group{g}, g.name
	}
	text := []byte(p.String())
	if _, err := ParsePolicy(text); err != nil {
		return nil, fmt.Errorf("write witness policy: %w", err)
	}
	return text, nil
}

// Outside begins the names, in a policy that And made, of those that were in its argument.
const Outside = "outside-"

// And returns the policy that wants both: p, and outside of the same log, whose names get the prefix Outside. The result parses; errors wrap ErrPolicy, for
// instance where a key is in both, or where neither could be satisfied because one of them has quorum none.
func (p *Policy) And(outside *Policy) (*Policy, error) {
	bad := func(what string) (*Policy, error) {
		return nil, fmt.Errorf("join witness policies: %w: %s", ErrPolicy, what)
	}
	if p.Log != outside.Log {
		return bad("they are of two logs")
	}
	if p.quorum == "none" || outside.quorum == "none" {
		return bad("one of them has quorum none")
	}
	both := &Policy{Log: p.Log, Witnesses: slices.Clone(p.Witnesses), groups: slices.Clone(p.groups), quorum: "all"}
	for _, w := range outside.Witnesses {
		both.Witnesses = append(both.Witnesses, Witness{Outside + w.Name, w.Key})
	}
	for _, g := range outside.groups {
		named := group{name: Outside + g.name, k: g.k}
		for _, m := range g.members {
			named.members = append(named.members, Outside+m)
		}
		both.groups = append(both.groups, named)
	}
	both.groups = append(both.groups, group{"all", 2, []string{p.quorum, Outside + outside.quorum}})
	return ParsePolicy([]byte(both.String()))
}

// Quorum is the name of the witness or group that must be satisfied, or none.
func (p *Policy) Quorum() string { return p.quorum }

// VKeys returns the texts of all witness keys: what AddCosignature allows.
func (p *Policy) VKeys() []string {
	out := make([]string, len(p.Witnesses))
	for i, w := range p.Witnesses {
		out[i] = w.Key.String()
	}
	return out
}

// Satisfied reports whether the witnesses for which signed says yes (by the policy's name) are
// enough. "quorum none" never is. It takes time linear in the policy.
func (p *Policy) Satisfied(signed func(name string) bool) bool {
	met := map[string]bool{}
	for _, w := range p.Witnesses {
		met[w.Name] = signed(w.Name)
	}
	for _, g := range p.groups { // members are earlier, so one pass is enough
		n := 0
		for _, m := range g.members {
			if met[m] {
				n++
			}
		}
		met[g.name] = n >= g.k
	}
	return met[p.quorum]
}

// Cosignature is one verified cosignature by a witness of the policy.
type Cosignature struct {
	Witness string // the policy's name for it
	Time    uint64 // Unix seconds, as the witness states them
}

// Witnessed is a valid checkpoint with the policy's cosignatures on it. Only Policy.Verify
// makes one that means anything.
type Witnessed struct {
	Checkpoint
	Cosignatures []Cosignature // in the note's order; a witness may stand twice
}

// Verify reads a checkpoint of the log and checks all of it (SPEC 9, step 4): the log's
// signature under the policy's log key, the root against the records in tree, and every
// cosignature by a key of the policy. Those by unknown keys are passed over. Errors wrap
// ErrCheckpoint, ErrLogSignature, ErrRange (it covers more than the records), ErrFork or
// ErrCosignature.
func (p *Policy) Verify(tree *Tree, checkpoint []byte) (Witnessed, error) {
	return p.VerifyUnder(p.Log, tree, checkpoint)
}

// VerifyUnder is Verify with the log key of the open record: whether the policy names the same
// key is a later step (SPEC 9, step 5). log.Alg must be AlgLog, else the error wraps ErrKey.
func (p *Policy) VerifyUnder(log VKey, tree *Tree, checkpoint []byte) (Witnessed, error) {
	c, lines, err := open(log, checkpoint)
	if err != nil {
		return Witnessed{}, err
	}
	root, err := tree.Root(c.Size)
	if err != nil {
		return Witnessed{}, fmt.Errorf("check checkpoint: %w", err)
	}
	if root != c.Root {
		return Witnessed{}, fmt.Errorf("check checkpoint of size %d: %w", c.Size, ErrFork)
	}
	out := Witnessed{Checkpoint: c}
	for _, l := range lines {
		i := slices.IndexFunc(p.Witnesses, func(w Witness) bool { return l.by(w.Key) })
		if i < 0 || l.by(log) { // log may be another key than the policy's, and collide with a witness's
			continue
		}
		t, ok := cosignatureTime(p.Witnesses[i].Key, c.Text(), l)
		if !ok {
			return Witnessed{}, fmt.Errorf("check checkpoint of size %d: %w", c.Size, ErrCosignature)
		}
		out.Cosignatures = append(out.Cosignatures, Cosignature{p.Witnesses[i].Name, t})
	}
	return out, nil
}

// InTime reports whether the record at index is cosigned in time (SPEC 6): the policy is
// satisfied by the union of its witnesses that cosigned, at deadline (Unix seconds) or before,
// some checkpoint that covers the record. outside names them in the policy's order, whether or
// not they are enough; the log's own key cannot be among them.
func (p *Policy) InTime(checkpoints []Witnessed, index, deadline int64) (met bool, outside []string) {
	return p.union(checkpoints, index, func(t uint64) bool { return deadline >= 0 && t <= uint64(deadline) })
}

// Since is InTime for the other direction (SPEC 7, beacon-dead): cosigned at from (Unix
// seconds) or later.
func (p *Policy) Since(checkpoints []Witnessed, index, from int64) (met bool, outside []string) {
	return p.union(checkpoints, index, func(t uint64) bool { return t >= uint64(max(from, 0)) })
}

// SinceBefore is Since by the checkpoints that do not cover the record at index before: as it stood when that one was logged.
func (p *Policy) SinceBefore(checkpoints []Witnessed, index, from, before int64) bool {
	met, _ := p.Since(slices.DeleteFunc(slices.Clone(checkpoints), func(c Witnessed) bool { return c.Size > before }), index, from)
	return met
}

func (p *Policy) union(checkpoints []Witnessed, index int64, counts func(uint64) bool) (bool, []string) {
	signed := map[string]bool{}
	for _, c := range checkpoints {
		if index < 0 || c.Size <= index {
			continue
		}
		for _, s := range c.Cosignatures {
			if counts(s.Time) {
				signed[s.Witness] = true
			}
		}
	}
	var outside []string
	for _, w := range p.Witnesses {
		if signed[w.Name] {
			outside = append(outside, w.Name)
		}
	}
	return p.Satisfied(func(name string) bool { return signed[name] }), outside
}
