package attack

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"fairlot/crypto/custody"
	"fairlot/crypto/seal"
	"fairlot/crypto/tag"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestTheft steals a server's disk, rooms and key folder together, once before the close and once after it. Before, it tells whose ID numbers are there to
// whoever tries all, and what was not mixed yet: THREAT_MODEL says so. Names and contacts it never opens: not with any key that is on it, not with one custodian's
// key and everything on it in the place of the second share. Two of three custodians open everybody whose locks they are given, with tools of their own; that the
// real ones open nobody but winners is tested where they are.
func TestTheft(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	d.serve()
	var keys []*custody.Key
	c := d.openCampaign(5, time.Now().Add(8*time.Second), func(c *fairlotv1.Campaign) {
		for i := range c.Custodians {
			key, err := custody.NewClassicKey()
			if err != nil {
				t.Fatal(err)
			}
			keys, c.Custodians[i].Recipient = append(keys, key), key.Recipient()
		}
	})
	var people []*person
	for i, token := range c.tokens(12) {
		p := c.newPerson(i, token)
		c.mustEnter(t, p)
		people = append(people, p)
	}
	d.kill()
	before := steal(t, d)
	if n := before.numbers(people); n != len(people) {
		t.Errorf("by trying all, %d of %d ID numbers are found before the close: the thief does not look well", n, len(people))
	}
	if before.responses(c) == 0 {
		t.Error("no waiting response is opened by its epoch's key: the thief does not look well")
	}
	before.opens(c, people, keys)

	d.serve()
	time.Sleep(time.Until(c.end.Add(100 * time.Millisecond)))
	for tries := 0; !c.closed(); tries++ {
		if err := c.close(); err != nil && tries > 50 {
			t.Fatal(err)
		}
	}
	d.stop()
	after := steal(t, d)
	// A thief of both days has the tag key, and no tag to try it on.
	after.found = append(after.found, before.found...)
	if n := after.numbers(people); n > 0 {
		t.Errorf("%d ID numbers are found after the close", n)
	}
	if n := after.responses(c); n > 0 {
		t.Errorf("%d responses wait after the close", n)
	}
	after.opens(c, people, keys)
}

// stolen is a copy of a disk.
type stolen struct {
	t     *testing.T
	dir   string
	found [][32]byte // whatever on it could be a key
}

func steal(t *testing.T, d *daemon) *stolen {
	t.Helper()
	s := &stolen{t: t, dir: filepath.Join(t.TempDir(), "stolen")}
	copyTree(t, d.dir, s.dir)
	files, err := filepath.Glob(filepath.Join(s.dir, "keys", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no key folder: %v", err)
	}
	files = append(files, filepath.Join(s.dir, "admin.token"))
	digits := regexp.MustCompile(`[0-9a-fA-F]{64}`)
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range digits.FindAll(b, -1) {
			var key [32]byte
			hex.Decode(key[:], text)
			s.found = append(s.found, key)
		}
		for i := 0; i+32 <= len(b); i++ { // however it is written
			s.found = append(s.found, [32]byte(b[i:]))
		}
	}
	return s
}

// numbers counts the people whose ID numbers are told by a tag and a key that may be the tags'.
func (s *stolen) numbers(people []*person) (n int) {
	room, err := readRoom(filepath.Join(s.dir, "rooms", "identity.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	kept := map[[32]byte]bool{}
	for _, c := range room.cells() {
		for _, v := range c.values {
			if b, ok := v.([]byte); ok && len(b) == 32 {
				kept[[32]byte(b)] = true
			}
		}
	}
	for _, p := range people {
		for _, key := range s.found {
			if kept[tag.Of(key, tag.Citizen, p.number)] {
				n++
				break
			}
		}
	}
	return n
}

// responses counts what waits to be mixed and opens under a key that was found.
func (s *stolen) responses(c *campaign) (n int) {
	rows, err := openRoom(s.t, filepath.Join(s.dir, "rooms"), "identity").Query("SELECT epoch, id, response FROM pending")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var epoch uint32
		var id, response []byte
		if err := rows.Scan(&epoch, &id, &response); err != nil {
			s.t.Fatal(err)
		}
		for _, key := range s.found {
			if _, err := seal.OpenResponse(key, seal.Place{Open: [32]byte(c.open), Epoch: epoch, ID: [16]byte(id)}, response, len(response)-seal.Overhead); err == nil {
				n++
				break
			}
		}
	}
	return n
}

// opens tries to open everybody: with what was found, with one custodian more, and with two.
func (s *stolen) opens(c *campaign, people []*person, keys []*custody.Key) {
	t := s.t
	var secrets []canary
	for _, key := range keys {
		secrets = append(secrets, canary{"a custodian's key", []byte(key.Secret()), nil})
	}
	if found := newSearch(secrets).tree(t, s.dir); len(found) > 0 {
		t.Errorf("%v", found)
	}
	campaign, err := hex.DecodeString(c.id)
	if err != nil {
		t.Fatal(err)
	}
	room := openRoom(t, filepath.Join(s.dir, "rooms"), "identity")
	for n, p := range people {
		var locks, identity, contact []byte
		if err := room.QueryRow("SELECT locks, identity, contact FROM envelopes WHERE id = ?", p.leaf.ID[:]).Scan(&locks, &identity, &contact); err != nil {
			t.Fatal(err)
		}
		var lock [][]byte
		for len(locks) > 0 {
			size := binary.BigEndian.Uint32(locks)
			lock, locks = append(lock, locks[4:4+size]), locks[4+size:]
		}
		for kind, file := range map[seal.Kind][]byte{seal.Identity: identity, seal.Contact: contact} {
			head := seal.Head{Open: [32]byte(c.open), Campaign: [16]byte(campaign), ID: p.leaf.ID, Kind: kind, Threshold: 2, Total: len(keys)}
			for _, key := range s.found {
				if _, _, err := seal.OpenEnvelope(file, seal.FileKey(key[:16]), head, p.leaf.Person); err == nil {
					t.Fatalf("an envelope opens under a key of the disk")
				}
			}
			var shares []custody.Share
			for i, key := range keys {
				share, err := custody.OpenLock(key, lock[i], custody.Want{Head: head, Custodian: i + 1})
				if err != nil {
					t.Fatal(err)
				}
				shares = append(shares, share)
				if _, err := custody.OpenLock(keys[(i+1)%len(keys)], lock[i], custody.Want{Head: head, Custodian: i + 1}); !errors.Is(err, custody.ErrWrongKey) {
					t.Errorf("another custodian's key on a lock: %v", err)
				}
			}
			for i, share := range shares {
				if _, _, err := custody.OpenEntrant(file, []custody.Share{share}, head, p.leaf.Person); !errors.Is(err, custody.ErrTooFew) {
					t.Errorf("one custodian: %v", err)
				}
				if n > 0 {
					continue // the rest is the same for everybody, and long
				}
				for _, key := range s.found {
					second := custody.Share{Head: head, Custodian: (i+1)%len(keys) + 1, Value: custody.Scalar(key)}
					if _, _, err := custody.OpenEntrant(file, []custody.Share{share, second}, head, p.leaf.Person); err == nil {
						t.Fatal("one custodian and a number of the disk open an envelope")
					}
				}
			}
			text, _, err := custody.OpenEntrant(file, shares[:2], head, p.leaf.Person)
			want := []byte(p.number)
			if kind == seal.Contact {
				want = []byte(p.email)
			}
			if err != nil || !bytes.Contains(text, want) {
				t.Errorf("two custodians: %v", err)
			}
			// What is put in the place of another's is refused by whoever opens it.
			other := people[(n+1)%len(people)].leaf
			head.ID = other.ID
			if _, err := custody.OpenLock(keys[0], lock[0], custody.Want{Head: head, Custodian: 1}); err == nil {
				t.Error("a lock opens as another entrant's")
			}
			if _, _, err := custody.OpenEntrant(file, shares[:2], head, other.Person); err == nil {
				t.Error("an envelope opens as another entrant's")
			}
		}
	}
}
