package draw_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"fairlot/draw"
	"fairlot/draw/vectors"
)

// each runs f over the vectors of a kind; f returns the values it computed, which must be exactly those wanted, or why
// the inputs are refused.
func each(t *testing.T, kind string, least int, f func(v vectors.Vector) (map[string]string, error)) {
	t.Helper()
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, v := range all {
		if v.Kind != kind {
			continue
		}
		n++
		t.Run(v.Name, func(t *testing.T) {
			got, err := f(v)
			if (err == nil) != (v.Expect == "ok") {
				t.Fatalf("%s\nwant %s, got error %v", v.About, v.Expect, err)
			}
			if err != nil {
				return
			}
			for key, want := range v.Want {
				if got[key] != want {
					t.Errorf("%s: got %q, want %q", key, got[key], want)
				}
			}
		})
	}
	if n < least {
		t.Errorf("%d vectors of kind %s, want at least %d", n, kind, least)
	}
}

func part(v vectors.Vector, name string) []byte {
	b, ok := v.Part(name)
	if !ok {
		panic("vector " + v.Name + " has no part " + name)
	}
	return b
}

func TestRecordVectors(t *testing.T) {
	each(t, "record", 30, func(v vectors.Vector) (map[string]string, error) {
		b := part(v, "record")
		rec, err := draw.ParseRecord(b)
		if err != nil {
			return nil, err
		}
		again, err := rec.Marshal()
		if err != nil || !bytes.Equal(again, b) {
			return nil, fmt.Errorf("printed again it differs: %v", err)
		}
		return map[string]string{"record-hash": draw.HashOf(b).String()}, nil
	})
}

func TestEntryVectors(t *testing.T) {
	each(t, "entry", 10, func(v vectors.Vector) (map[string]string, error) {
		var s draw.Secret
		if n, err := hex.Decode(s[:], []byte(v.Have["s"])); n != 32 || err != nil {
			t.Fatalf("bad vector: s: %v", err)
		}
		open, err := draw.ParseHash(v.Have["open-hash"])
		if err != nil {
			t.Fatal(err)
		}
		identity, err := draw.ParseIdentity(part(v, "identity"))
		if err != nil {
			return nil, err
		}
		contact, err := draw.ParseContact(part(v, "contact"))
		if err != nil {
			return nil, err
		}
		it, err1 := identity.Marshal()
		ct, err2 := contact.Marshal()
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		stratum, err1 := strconv.ParseUint(v.Have["stratum"], 10, 16)
		chances, err2 := strconv.ParseUint(v.Have["chances"], 10, 16)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		r := s.R()
		ki, kc := r.IdentityKey(), r.ContactKey()
		ci, cc := ki.Commit(it), kc.Commit(ct)
		leaf := draw.Leaf{ID: r.EntrantID(open), Stratum: uint16(stratum), Chances: uint16(chances), Person: draw.PersonOf(ci, cc)}
		lb := leaf.Bytes()
		if draw.LeafOf(lb) != leaf {
			t.Error("leaf does not read back")
		}
		return map[string]string{
			"r": hex.EncodeToString(r[:]), "id": leaf.ID.String(), "ki": hex.EncodeToString(ki[:]), "kc": hex.EncodeToString(kc[:]),
			"ci": ci.String(), "cc": cc.String(), "person": leaf.Person.String(), "leaf": hex.EncodeToString(lb[:]),
		}, nil
	})
}

func TestTreeVectors(t *testing.T) {
	each(t, "tree", 5, func(v vectors.Vector) (map[string]string, error) {
		b := part(v, "leaves")
		list, err := draw.NewList(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return nil, err
		}
		root, err := draw.RootOf(list)
		return map[string]string{"root": root.String()}, err
	})
}

func TestRankingVectors(t *testing.T) {
	each(t, "ranking", 3, func(v vectors.Vector) (map[string]string, error) {
		rec, err := draw.ParseRecord(part(v, "open"))
		if err != nil {
			return nil, err
		}
		open := rec.(*draw.Open)
		if v.Have["batch"] != strconv.Itoa(open.Batch) {
			t.Fatal("bad vector: batch is not that of open")
		}
		seed, err := draw.ParseSeed(v.Have["seed"])
		if err != nil {
			return nil, err
		}
		b := part(v, "leaves")
		list, err := draw.NewList(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return nil, err
		}
		d := &open.Draws[0]
		count, err := draw.CheckList(list, d.Strata, open.Chances)
		if err != nil {
			return nil, err
		}
		lines, err := draw.Rank(draw.MakePlan(d, open.Batch, count.Strata), list, seed)
		if err != nil {
			return nil, err
		}
		file := draw.MarshalRanking(lines)
		if again, err := draw.ParseRanking(file); err != nil || !bytes.Equal(draw.MarshalRanking(again), file) {
			t.Errorf("ranking file does not read back: %v", err)
		}
		sample, err := draw.Audit(list, seed, open.Audit)
		var ids []string
		for _, id := range sample {
			ids = append(ids, id.String())
		}
		return map[string]string{"ranking-hash": draw.HashOf(file).String(), "ranked": strconv.Itoa(len(lines)),
			"audit": strings.Join(ids, ",")}, err
	})
}

func FuzzParseRecord(f *testing.F) {
	all, err := vectors.All()
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range all {
		if b, ok := v.Part("record"); ok {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := draw.ParseRecord(b)
		if err != nil {
			return
		}
		again, err := rec.Marshal()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("two encodings: %q and %q (%v)", b, again, err)
		}
	})
}

func FuzzParseRanking(f *testing.F) {
	id, score := strings.Repeat("0a", 16), strings.Repeat("0b", 32)
	f.Add([]byte("1 1 " + id + " " + score + " 1\n1 2 " + id + " " + score + " alt\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		lines, err := draw.ParseRanking(b)
		if err == nil && !bytes.Equal(draw.MarshalRanking(lines), b) {
			t.Fatalf("two encodings of %q", b)
		}
		if err != nil {
			return
		}
		s := draw.NewSeats(lines, false)
		for _, l := range lines { // a state machine that takes what it offers itself
			if _, ok := s.Holds(l.Stratum, l.Rank); ok {
				if err := s.Apply(&draw.Replace{Stratum: l.Stratum, Vacated: l.Rank, Next: s.Next(l.Stratum)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(s.Winners(lines)) != 0 {
			t.Fatal("seats are held after all were vacated in order")
		}
	})
}

func FuzzParseVector(f *testing.F) {
	f.Add([]byte("fairlot/v1 vector\nname: a\nkind: tree\nexpect: ok\nwant root: 00\n\n--- leaves\nAAAA\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := vectors.Parse(b)
		if err == nil && (v.Name == "" || v.Kind == "" || v.Expect == "") {
			t.Fatal("a vector without a name, kind or expectation")
		}
	})
}
