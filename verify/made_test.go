package verify_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/draw"
	"fairlot/verify"
)

// scene is a campaign with one draw over n leaves on a beacon made on the spot, correct in every step.
type scene struct {
	open      draw.Open
	openHash  draw.Hash
	secrets   []draw.Secret
	leaves    map[draw.EntrantID]draw.Leaf
	receipts  func(r receipt.Receipt) []byte
	parts     func() verify.Parts // fresh readers every time
	entrants  []byte
	closeHash draw.Hash
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// makeScene builds the scene. Leaf i has chances i%4; those with 0 are duplicates.
func makeScene(t testing.TB, n int) *scene {
	t.Helper()
	s := &scene{leaves: map[draw.EntrantID]draw.Leaf{}}
	logSKey, logVKey, err := ledger.GenerateLogKey("log.example.org")
	if err != nil {
		t.Fatal(err)
	}
	witnessSKey, witnessVKey, err := ledger.GenerateCosigner("custodian.example.org")
	if err != nil {
		t.Fatal(err)
	}
	receiptSKey, receiptVKey, err := receipt.GenerateKey("log.example.org")
	if err != nil {
		t.Fatal(err)
	}
	logSigner, _, err := ledger.NewLogSigner(logSKey)
	if err != nil {
		t.Fatal(err)
	}
	cosigner := must[*ledger.Cosigner](t)(ledger.NewCosigner(witnessSKey))
	chain := must[*beacon.Local](t)(beacon.NewLocal(1_700_000_000, 3))

	rules := []byte("fairlot/v1 rules\ncampaign 00000000000000000000000000000001\ntitle Test\n")
	notice := []byte("The notice.\n")
	policy := must[[]byte](t)(ledger.PrintPolicy(logVKey, []ledger.Witness{{Name: "custodian", Key: must[ledger.VKey](t)(ledger.ParseVKey(witnessVKey))}}, 1))
	c := chain.Chain()
	const round = 1000
	due := draw.RoundTime(draw.Beacon{Genesis: c.Genesis, Period: int(c.Period)}, round)
	s.open = draw.Open{
		Campaign: draw.CampaignID{15: 1}, Log: logVKey, Receipt: receiptVKey, Institution: "Library", Zone: "Asia/Taipei",
		Rules: draw.HashOf(rules), Notice: draw.HashOf(notice), Policy: draw.HashOf(policy),
		Custodians: []draw.Custodian{{Recipient: "age1pq1x", VKey: witnessVKey}}, Threshold: 1, Notifiers: []string{"age1pq1y"},
		Proof: draw.ProofToken, Chances: 3, Batch: 1, EntriesEnd: due.Add(-time.Hour), ObjectionsEnd: due.Add(-time.Hour), Audit: 2,
		Draws: []draw.DrawRules{{Strata: 1, Tiers: []draw.Tier{{Stratum: 1, Tier: 1, Count: 3}}, Alternates: 3, ClaimDays: 7,
			Margin: 60, DeadDays: 7, Round: round,
			Beacon: draw.Beacon{Chain: c.Hash, Scheme: c.Scheme, Period: int(c.Period), Genesis: c.Genesis, Key: c.Key}}},
	}
	openText := must[[]byte](t)(s.open.Marshal())
	s.openHash = draw.HashOf(openText)

	var ids []draw.EntrantID
	zero := int64(0)
	for i := range n {
		var secret draw.Secret
		binary.BigEndian.PutUint64(secret[:], uint64(i))
		s.secrets = append(s.secrets, secret)
		r := secret.R()
		leaf := draw.Leaf{ID: r.EntrantID(s.openHash), Stratum: 1, Chances: uint16(i % 4),
			Person: draw.PersonOf(r.IdentityKey().Commit(nil), r.ContactKey().Commit(nil))}
		if leaf.Chances == 0 {
			zero++
		}
		ids = append(ids, leaf.ID)
		s.leaves[leaf.ID] = leaf
	}
	sortIDs(ids)
	var list draw.Slice
	for _, id := range ids {
		b := s.leaves[id].Bytes()
		s.entrants = append(s.entrants, b[:]...)
		list = append(list, s.leaves[id])
	}
	cl := draw.Close{Open: s.openHash, Draw: 1, Entrants: int64(n), Days: []draw.Day{{Date: "2023-11-14", Count: int64(n)}},
		Root: must[draw.Root](t)(draw.RootOf(list))}
	if zero > 0 {
		cl.Zero = []draw.Zero{{Reason: "duplicate", Count: zero}}
	}
	closeText := must[[]byte](t)(cl.Marshal())
	s.closeHash = draw.HashOf(closeText)
	sig := draw.Signature(chain.Sign(round))
	seed := draw.SeedOf(s.closeHash, sig)
	plan := draw.MakePlan(&s.open.Draws[0], 1, []int64{int64(n) - zero})
	ranking := draw.MarshalRanking(must[[]draw.Line](t)(draw.Rank(plan, list, seed)))
	result := draw.Result{Open: s.openHash, Draw: 1, Close: s.closeHash, Signature: sig, Seed: seed, Ranking: draw.HashOf(ranking),
		Ranked: int64(bytes.Count(ranking, []byte("\n")))}
	replace := draw.Replace{Open: s.openHash, Draw: 1, Stratum: 1, Vacated: 2, Reason: "declined", Next: 4}
	records := [][]byte{openText, closeText, must[[]byte](t)(result.Marshal()), must[[]byte](t)(replace.Marshal())}

	var log bytes.Buffer
	if err := ledger.WriteLog(&log, records); err != nil {
		t.Fatal(err)
	}
	checkpoints := map[int64][]byte{}
	for _, size := range []int{2, 4} {
		note, _, err := ledger.NextCheckpoint(logSigner, records[:size])
		if err != nil {
			t.Fatal(err)
		}
		line := must[string](t)(ledger.Cosign(cosigner, logVKey, note, due.Add(-30*time.Minute)))
		checkpoints[int64(size)] = must[[]byte](t)(ledger.AddCosignature(logVKey, note, line, []string{witnessVKey}))
	}
	s.parts = func() verify.Parts {
		return verify.Parts{Log: bytes.NewReader(log.Bytes()), LogSize: int64(log.Len()), Checkpoints: checkpoints,
			Files: [][]byte{rules, notice, policy},
			Draws: []verify.DrawParts{{N: 1, Entrants: bytes.NewReader(s.entrants), EntrantsSize: int64(len(s.entrants)), Ranking: ranking}}}
	}
	signer, err := receipt.NewSigner(receiptSKey)
	if err != nil {
		t.Fatal(err)
	}
	s.receipts = func(r receipt.Receipt) []byte { return must[[]byte](t)(receipt.Sign(signer, r)) }
	return s
}

func sortIDs(ids []draw.EntrantID) {
	slices.SortFunc(ids, func(a, b draw.EntrantID) int { return bytes.Compare(a[:], b[:]) })
}

func (s *scene) tar(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := verify.WriteTar(&b, s.parts()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func runTar(b []byte) (string, *verify.Files, *verify.Outcome, error) {
	files, err := verify.Tar(bytes.NewReader(b), int64(len(b)))
	var out *verify.Outcome
	if err == nil {
		out, err = verify.Bundle(files, verify.Options{})
	}
	return said(out, err), files, out, err
}

func claims(out *verify.Outcome) string {
	s := fmt.Sprint(out.OpenHash)
	for _, d := range out.Draws {
		s += fmt.Sprint(d.N, d.State, d.Round, d.CloseHash, d.Root, d.Seed, d.Entrants, d.Ranked, d.Ranking, d.Winners, d.Void)
	}
	return s
}
