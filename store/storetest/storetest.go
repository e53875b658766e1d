// Package storetest is the contract of package store as tests: whatever its comments promise, a subtest here demands of
// every implementation. It knows the interfaces only.
//
// A driver's test calls [Run] with a function that opens three new, empty rooms.
package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"fairlot/store"
)

// Run runs the whole contract. open returns new, empty rooms each time; closing them is left to this package.
func Run(t *testing.T, open func(t *testing.T) store.Rooms) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"binding", bindingTests}, {"registry", registryTests}, {"acts", actsTests}, {"cases", casesTests}, {"jobs", jobTests}, {"log", logTests}, {"lease", leaseTests}, {"gate", gateTests}, {"enter", enterTests},
		{"identity", identityTests}, {"erasures", erasureTests}, {"corrections", correctionTests}, {"claims", claimTests}, {"exclusions", exclusionTests}, {"answers", answersTests}, {"all", allTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					r := open(t)
					t.Cleanup(func() { _ = r.Close() })
					test.run(&T{T: t, Rooms: r, ctx: t.Context()})
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(t *T)
}

// T is one subtest with its rooms.
type T struct {
	*testing.T
	store.Rooms
	ctx context.Context
}

// ok fails the test now if err is not nil.
func (t *T) ok(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// is fails the test if err is not want; a nil want means no error.
func (t *T) is(err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// same fails the test if got is not deeply equal to want.
func (t *T) same(got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

var (
	noon = time.Date(2027, 3, 1, 4, 0, 0, 0, time.UTC)
	end  = noon.Add(time.Hour)
)

func clock() time.Time { return noon }

func random16() (id [16]byte) {
	_, _ = rand.Read(id[:])
	return id
}

func randomHash() (h store.Hash) {
	_, _ = rand.Read(h[:])
	return h
}

// awkward are ids that a database ordering or comparing by anything but bytes gets wrong, in byte order.
func awkward() (ids [][16]byte) {
	for _, s := range []string{
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01",
		"\x00\x00a\x00", "\x00A", "A\x00", "A\x00\x01", "AAAA", "AAAa", "AAaA", "AaAA", "a", "aAAA", "b",
		"\x7f", "\x80", "\xc3\x84", "\xc3\xa4", "\xff", "\xff\x00\xff", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		var id [16]byte
		copy(id[:], s)
		ids = append(ids, id)
	}
	return ids
}

// gate makes a campaign's gate that is open until end.
func (t *T) gate() store.CampaignID {
	t.Helper()
	id := store.CampaignID(random16())
	t.ok(t.Identity.CreateGate(t.ctx, store.Gate{Campaign: id, End: end, OpenHash: store.Hash{1}}))
	return id
}

// entry makes an entry with everything in it.
func entry(c store.CampaignID) store.Entry {
	tag := randomHash()
	return store.Entry{
		Campaign: c, ID: store.EntrantID(random16()), Epoch: 1, Stratum: 1, Chances: 2, Person: randomHash(), Day: "2027-03-01",
		Tag: &tag, Lock: [][]byte{{1, 0, 2}, {}, {3}}, Identity: []byte("identity \x00\xff"), Contact: []byte("contact"),
		Consents: []string{"news", "再聯絡"}, Response: bytes.Repeat([]byte{7}, 300), RetryMAC: randomHash(),
	}
}

// enter enters one batch at noon.
func (t *T) enter(batch ...store.Entry) []store.EntryResult {
	t.Helper()
	res, err := t.Identity.Enter(t.ctx, clock, batch)
	t.ok(err)
	if len(res) != len(batch) {
		t.Fatalf("%d results of %d entries", len(res), len(batch))
	}
	return res
}

// outcomes compares outcomes only.
func (t *T) outcomes(res []store.EntryResult, want ...store.Outcome) {
	t.Helper()
	var got []store.Outcome
	for _, r := range res {
		got = append(got, r.Outcome)
	}
	t.same(got, want)
}

// race runs n calls at once and counts their results by outcome of f.
func race[K comparable](n int, f func(i int) K) map[K]int {
	var (
		mu    sync.Mutex
		count = map[K]int{}
		wg    sync.WaitGroup
		start = make(chan struct{})
	)
	for i := range n {
		wg.Go(func() {
			<-start
			k := f(i)
			mu.Lock()
			count[k]++
			mu.Unlock()
		})
	}
	close(start)
	wg.Wait()
	return count
}

// verdict names an error by its sentinel, so that race can count it.
func verdict(err error) string {
	for _, e := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrUnavailable, context.Canceled} {
		if errors.Is(err, e) {
			return e.Error()
		}
	}
	if err != nil {
		return "other: " + err.Error()
	}
	return "ok"
}
