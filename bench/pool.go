package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"fairlot/crypto/beacon"
	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/draw"
	"fairlot/verify"
)

// drawnSeats are the prizes of a pool that is drawn from its files.
const drawnSeats = 1000

// pool is the bundle of a drawn campaign of n entrants, each with one chance, and as many lines for a program that shuffles lines.
type pool struct {
	bundle, lines string
}

// makePool writes both into dir. Ids and persons are random; everything else is as the daemon makes it.
func makePool(dir string, n int) (pool, error) {
	p := pool{filepath.Join(dir, fmt.Sprintf("pool-%d.tar", n)), filepath.Join(dir, fmt.Sprintf("pool-%d.txt", n))}
	entrants := filepath.Join(dir, "entrants.bin")
	defer os.Remove(entrants)
	if err := writeEntrants(entrants, p.lines, n); err != nil {
		return p, err
	}
	f, err := os.Open(entrants)
	if err != nil {
		return p, err
	}
	defer f.Close()
	list, err := draw.NewList(f, int64(n)*draw.LeafSize)
	if err != nil {
		return p, err
	}
	parts, err := drawnParts(list, n)
	if err != nil {
		return p, err
	}
	parts.Draws[0].Entrants, parts.Draws[0].EntrantsSize = io.NewSectionReader(f, 0, int64(n)*draw.LeafSize), int64(n)*draw.LeafSize
	out, err := os.Create(p.bundle)
	if err != nil {
		return p, err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	err = verify.WriteTar(w, parts)
	return p, errors.Join(err, w.Flush(), out.Close())
}

// writeEntrants writes n leaves by ascending id, and their ids as lines.
func writeEntrants(entrants, lines string, n int) (err error) {
	var files [2]*os.File
	var to [2]*bufio.Writer
	for i, name := range []string{entrants, lines} {
		if files[i], err = os.Create(name); err != nil {
			return err
		}
		defer files[i].Close()
		to[i] = bufio.NewWriterSize(files[i], 1<<20)
	}
	r := rand.NewChaCha8([32]byte{byte(n)})
	for i := range n {
		l := draw.Leaf{Stratum: 1, Chances: 1}
		r.Read(l.ID[:])
		binary.BigEndian.PutUint32(l.ID[:], uint32(i*(1<<32/n))) // ascending, over the whole range
		r.Read(l.Person[:])
		b := l.Bytes()
		to[0].Write(b[:])
		fmt.Fprintf(to[1], "%x\n", l.ID)
	}
	return errors.Join(to[0].Flush(), to[1].Flush(), files[0].Close(), files[1].Close())
}

// drawnParts are the log, the heads and the files of the campaign that the list belongs to.
func drawnParts(list *draw.List, n int) (verify.Parts, error) {
	var parts verify.Parts
	skey, vkey, err := ledger.GenerateLogKey("bench.example/fairlot")
	if err != nil {
		return parts, err
	}
	signer, _, err := ledger.NewLogSigner(skey)
	if err != nil {
		return parts, err
	}
	wkey, wvkey, err := ledger.GenerateCosigner("custodian.example")
	if err != nil {
		return parts, err
	}
	cosigner, err := ledger.NewCosigner(wkey)
	if err != nil {
		return parts, err
	}
	wparsed, err := ledger.ParseVKey(wvkey)
	if err != nil {
		return parts, err
	}
	_, rvkey, err := receipt.GenerateKey("bench.example/fairlot")
	if err != nil {
		return parts, err
	}
	custodian, err := custody.NewKey()
	if err != nil {
		return parts, err
	}
	chain, err := beacon.NewLocal(1_700_000_000, 3)
	if err != nil {
		return parts, err
	}
	policy, err := ledger.PrintPolicy(vkey, []ledger.Witness{{Name: "custodian", Key: wparsed}}, 1)
	if err != nil {
		return parts, err
	}
	rules, notice := []byte("fairlot/v1 rules\ncampaign 00000000000000000000000000000001\ntitle en Measured\n"), []byte("notice\n")
	const round = 1000
	c := chain.Chain()
	b := draw.Beacon{Chain: c.Hash, Scheme: c.Scheme, Period: int(c.Period), Genesis: c.Genesis, Key: c.Key}
	due := draw.RoundTime(b, round)
	open := draw.Open{
		Campaign: draw.CampaignID{15: 1}, Log: vkey, Receipt: rvkey, Institution: "Bench", Zone: "UTC", Rules: draw.HashOf(rules), Notice: draw.HashOf(notice),
		Policy: draw.HashOf(policy), Custodians: []draw.Custodian{{Recipient: custodian.Recipient(), VKey: wvkey}}, Threshold: 1, Notifiers: []string{custodian.Recipient()},
		Proof: draw.ProofToken, Chances: 1, Batch: 1, EntriesEnd: due.Add(-time.Hour), ObjectionsEnd: due.Add(-time.Hour),
		Draws: []draw.DrawRules{{Strata: 1, Tiers: []draw.Tier{{Stratum: 1, Tier: 1, Count: drawnSeats}}, Margin: 60, DeadDays: 7, Beacon: b, Round: round}},
	}
	openText, err := open.Marshal()
	if err != nil {
		return parts, err
	}
	count, root, err := list.Check(1, 1)
	if err != nil {
		return parts, err
	}
	closing := draw.Close{Open: draw.HashOf(openText), Draw: 1, Entrants: int64(n), Days: []draw.Day{{Date: "2023-11-14", Count: int64(n)}}, Root: root}
	closeText, err := closing.Marshal()
	if err != nil {
		return parts, err
	}
	sig := draw.Signature(chain.Sign(round))
	seed := draw.SeedOf(draw.HashOf(closeText), sig)
	ranked, err := draw.Rank(draw.MakePlan(&open.Draws[0], 1, count.Strata), list, seed)
	if err != nil {
		return parts, err
	}
	ranking := draw.MarshalRanking(ranked)
	result := draw.Result{Open: closing.Open, Draw: 1, Close: draw.HashOf(closeText), Signature: sig, Seed: seed, Ranking: draw.HashOf(ranking), Ranked: int64(len(ranked))}
	resultText, err := result.Marshal()
	if err != nil {
		return parts, err
	}
	records := [][]byte{openText, closeText, resultText}
	var log bytes.Buffer
	if err := ledger.WriteLog(&log, records); err != nil {
		return parts, err
	}
	parts = verify.Parts{Log: &log, LogSize: int64(log.Len()), Checkpoints: map[int64][]byte{}, Files: [][]byte{rules, notice, policy}, Draws: []verify.DrawParts{{N: 1, Ranking: ranking}}}
	for size := 2; size <= 3; size++ {
		note, _, err := ledger.NextCheckpoint(signer, records[:size])
		if err != nil {
			return parts, err
		}
		line, err := ledger.Cosign(cosigner, vkey, note, due.Add(-30*time.Minute))
		if err != nil {
			return parts, err
		}
		if parts.Checkpoints[int64(size)], err = ledger.AddCosignature(vkey, note, line, []string{wvkey}); err != nil {
			return parts, err
		}
	}
	return parts, nil
}
