// Package logtest makes logs for tests, honest ones and those of an operator who lies with the right keys: whatever record a test
// adds is signed, and served as a daemon serves it. It is not part of any program.
//
// First calls: New, then Add and Cosign, or Life for the whole life of an honest campaign; Handler serves the log.
package logtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/draw"
	"fairlot/verify"
)

// Genesis is that of the beacon, in Unix seconds; a round comes every three seconds.
const Genesis = 1_700_000_000

// Log is a log with one campaign of two draws, rounds 1000 and 2000.
type Log struct {
	Key     string // verifier key
	Open    *draw.Open
	Hash    draw.Hash // of the open record
	Records [][]byte
	Notes   map[int64][]byte // checkpoints by size
	Files   [][]byte
	Leaves  draw.Slice // ascending by id

	t         testing.TB
	signer    note.Signer
	chain     *beacon.Local
	witnesses []*ledger.Cosigner
	closed    map[int]draw.Hash
	rankings  map[int][]byte
}

// New makes a log whose first record opens the campaign, with 24 entrants and two witnesses of whom both are needed.
func New(t testing.TB, edit func(*draw.Open)) *Log {
	l := &Log{t: t, Notes: map[int64][]byte{}, closed: map[int]draw.Hash{}, rankings: map[int][]byte{}}
	skey, vkey, err := ledger.GenerateLogKey("log.example.org")
	l.must(err)
	l.Key = vkey
	l.signer, _, err = ledger.NewLogSigner(skey)
	l.must(err)
	_, receiptKey, err := receipt.GenerateKey("log.example.org")
	l.must(err)
	l.chain, err = beacon.NewLocal(Genesis, 3)
	l.must(err)
	var witnesses []ledger.Witness
	var custodians []draw.Custodian
	for i := range 2 {
		skey, vkey, err := ledger.GenerateCosigner(fmt.Sprintf("custodian-%d.example", i+1))
		l.must(err)
		c, err := ledger.NewCosigner(skey)
		l.must(err)
		l.witnesses = append(l.witnesses, c)
		witnesses = append(witnesses, ledger.Witness{Name: fmt.Sprintf("custodian-%d", i+1), Key: c.VKey()})
		custodians = append(custodians, draw.Custodian{Recipient: "age1pq1x", VKey: vkey})
	}
	policy, err := ledger.PrintPolicy(vkey, witnesses, 2)
	l.must(err)
	l.Files = [][]byte{[]byte("fairlot/v1 rules\ncampaign 00000000000000000000000000000001\ntitle en Test\n"), []byte("The notice.\n"), policy}
	c := l.chain.Chain()
	rules := func(round uint64) draw.DrawRules {
		return draw.DrawRules{Strata: 1, Tiers: []draw.Tier{{Stratum: 1, Tier: 1, Count: 3}}, Alternates: 3, ClaimDays: 7, Margin: 60, DeadDays: 7, Round: round,
			Beacon: draw.Beacon{Chain: c.Hash, Scheme: c.Scheme, Period: int(c.Period), Genesis: c.Genesis, Key: c.Key}}
	}
	end := l.Due(1000).Add(-time.Hour)
	l.Open = &draw.Open{Campaign: draw.CampaignID{15: 1}, Log: vkey, Receipt: receiptKey, Institution: "Library", Zone: "Asia/Taipei",
		Rules: draw.HashOf(l.Files[0]), Notice: draw.HashOf(l.Files[1]), Policy: draw.HashOf(policy), Custodians: custodians, Threshold: 2,
		Notifiers: []string{"age1pq1y"}, Proof: draw.ProofToken, Register: 30, Chances: 1, Batch: 1, EntriesEnd: end, ObjectionsEnd: end, Audit: 2,
		Draws: []draw.DrawRules{rules(1000), rules(2000)}}
	if edit != nil {
		edit(l.Open)
	}
	l.Add(l.Open)
	l.Hash = draw.HashOf(l.Records[0])
	for i := range 24 {
		r := draw.Secret{byte(i)}.R()
		l.Leaves = append(l.Leaves, draw.Leaf{ID: r.EntrantID(l.Hash), Stratum: 1, Chances: 1, Person: draw.PersonOf(r.IdentityKey().Commit(nil), r.ContactKey().Commit(nil))})
	}
	slices.SortFunc(l.Leaves, func(a, b draw.Leaf) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return l
}

func (l *Log) must(err error) {
	if err != nil {
		l.t.Helper()
		l.t.Fatal(err)
	}
}

// Due is when a round is.
func (l *Log) Due(round uint64) time.Time { return l.chain.Chain().Time(round) }

// Add appends a record, whatever it says, and signs the tree.
func (l *Log) Add(r draw.Record) {
	b, err := r.Marshal()
	l.must(err)
	l.AddRaw(b)
}

// AddRaw is Add for bytes that are no record.
func (l *Log) AddRaw(b []byte) {
	l.Records = append(l.Records, b)
	l.Sign()
}

// Sign signs the records as they are.
func (l *Log) Sign() {
	n, cp, err := ledger.NextCheckpoint(l.signer, l.Records)
	l.must(err)
	l.Notes[cp.Size] = n
}

// Cosign has the first n witnesses cosign the newest head.
func (l *Log) Cosign(n int, at time.Time) {
	size := int64(len(l.Records))
	for _, w := range l.witnesses[:n] {
		line, err := ledger.Cosign(w, l.Key, l.Notes[size], at)
		l.must(err)
		l.Notes[size], err = ledger.AddCosignature(l.Key, l.Notes[size], line, []string{w.VKey().String()})
		l.must(err)
	}
}

// CloseOf is the honest close of a draw.
func (l *Log) CloseOf(n int) *draw.Close {
	root, err := draw.RootOf(l.Leaves)
	l.must(err)
	c := &draw.Close{Open: l.Hash, Draw: n, Entrants: int64(len(l.Leaves)), Root: root}
	for i := range 6 {
		c.Days = append(c.Days, draw.Day{Date: fmt.Sprintf("2023-11-%d", 10+i), Count: 4})
	}
	return c
}

// Close adds a close and remembers it as the binding one.
func (l *Log) Close(c *draw.Close) {
	l.Add(c)
	if _, ok := l.closed[c.Draw]; !ok {
		l.closed[c.Draw] = draw.HashOf(l.Records[len(l.Records)-1])
	}
}

// ResultOf is the honest result of a draw that was closed, on a round.
func (l *Log) ResultOf(n int, round uint64) *draw.Result {
	sig := draw.Signature(l.chain.Sign(round))
	seed := draw.SeedOf(l.closed[n], sig)
	lines, err := draw.Rank(draw.MakePlan(&l.Open.Draws[n-1], l.Open.Batch, []int64{int64(len(l.Leaves))}), l.Leaves, seed)
	l.must(err)
	l.rankings[n] = draw.MarshalRanking(lines)
	return &draw.Result{Open: l.Hash, Draw: n, Close: l.closed[n], Signature: sig, Seed: seed, Ranking: draw.HashOf(l.rankings[n]), Ranked: int64(len(lines))}
}

// Closed closes both draws and has them cosigned in time.
func (l *Log) Closed() {
	l.Close(l.CloseOf(1))
	l.Close(l.CloseOf(2))
	l.Cosign(2, l.Due(1000).Add(-10*time.Minute))
}

// Life is an honest campaign from opening to the winners' notices and a replacement, two heads of the audit trail and a case between.
func Life(t testing.TB) *Log {
	l := New(t, nil)
	l.Add(&draw.TrailHead{Day: "2023-11-10", Count: 3, Head: draw.Hash{1}})
	l.Closed()
	for n, round := range []uint64{1000, 2000} {
		l.Add(l.ResultOf(n+1, round))
		l.Add(&draw.Opened{Open: l.Hash, Draw: n + 1, Purpose: "notice", Count: 3, Unproven: true})
		l.Add(&draw.Opened{Open: l.Hash, Draw: n + 1, Purpose: "audit", Count: 2, Unproven: true})
		l.Add(&draw.Replace{Open: l.Hash, Draw: n + 1, Stratum: 1, Vacated: 2, Reason: "declined", Next: 4})
		l.Add(&draw.Opened{Open: l.Hash, Draw: n + 1, Purpose: "notice", Count: 1, Unproven: true})
	}
	l.Add(&draw.Opened{Open: l.Hash, Purpose: "court", Case: &[16]byte{1}, Count: 24})
	l.Add(&draw.TrailHead{Day: "2023-11-16", Count: 9, Head: draw.Hash{2}})
	l.Add(&draw.Erased{Open: l.Hash, What: []string{"contacts"}, By: "operator"})
	return l
}

// Evidence is what the campaign's bundle holds besides the records.
func (l *Log) Evidence() (*ledger.Policy, []ledger.Witnessed) {
	p, err := ledger.ParsePolicy(l.Files[2])
	l.must(err)
	tree, err := ledger.NewTree(l.Records...)
	l.must(err)
	var all []ledger.Witnessed
	for _, size := range slices.Sorted(maps.Keys(l.Notes)) {
		w, err := p.Verify(tree, l.Notes[size])
		l.must(err)
		all = append(all, w)
	}
	return p, all
}

// Bundle is the campaign's bundle.
func (l *Log) Bundle() []byte {
	var log bytes.Buffer
	l.must(ledger.WriteLog(&log, l.Records))
	p := verify.Parts{Log: bytes.NewReader(log.Bytes()), LogSize: int64(log.Len()), Checkpoints: l.Notes, Files: l.Files}
	var list []byte
	for _, x := range l.Leaves {
		b := x.Bytes()
		list = append(list, b[:]...)
	}
	for _, n := range slices.Sorted(maps.Keys(l.closed)) {
		p.Draws = append(p.Draws, verify.DrawParts{N: n, Entrants: bytes.NewReader(list), EntrantsSize: int64(len(list)), Ranking: l.rankings[n]})
	}
	var out bytes.Buffer
	l.must(verify.WriteTar(&out, p))
	return out.Bytes()
}

// Handler serves the log as a daemon's public door does. Changes to the log show at once.
func (l *Log) Handler() http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /v1/log/checkpoint", func(w http.ResponseWriter, _ *http.Request) {
		if len(l.Records) == 0 {
			w.WriteHeader(http.StatusNotFound)
			answer(w, map[string]any{"details": []any{map[string]string{"reason": "CAMPAIGN_NOT_FOUND"}}})
			return
		}
		answer(w, map[string]string{"note": string(l.Notes[int64(len(l.Records))])})
	})
	mux.HandleFunc("GET /v1/log/records", func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.URL.Query().Get("start"))
		size, _ := strconv.Atoi(r.URL.Query().Get("pageSize"))
		var page []string
		next := 0
		if start < len(l.Records) {
			end := min(start+size, len(l.Records))
			for _, b := range l.Records[start:end] {
				page = append(page, string(b))
			}
			if end-start == size {
				next = end
			}
		}
		answer(w, map[string]any{"records": page, "nextStart": fmt.Sprint(next)})
	})
	mux.HandleFunc("GET /bundles/{file}", func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.PathValue("file"), l.Open.Campaign.String()) {
			http.NotFound(w, r)
			return
		}
		w.Write(l.Bundle())
	})
	return mux
}
