package attack

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"fairlot/crypto/tag"
	"fairlot/draw"
	"fairlot/entrant"
)

// hunt looks for canaries in all that a daemon leaves while it is killed.
type hunt struct {
	t        *testing.T
	d        *daemon
	c        *campaign
	tokens   []string
	people   []*person
	others   []*person         // those of the small campaign, and people again under corrected contacts
	listed   entrant.Exclusion // persons who never enter
	closed   bool
	leaks    map[finding]bool // what was found, where leaks are planted
	searches int
	kills    int
	longest  time.Duration // from a kill until it serves again, with the search in between
	canaries int           // of all searches, and their forms
	forms    int
	secrets  map[string]canary // keys, tags and retry MACs that were seen, by value
	server   *heaps            // of PostgreSQL
	oids     map[string]string // of its databases: which room
}

// places of what a room may hold.
const (
	inFiles = "files"           // of the room itself
	inDump  = "dump"            // of PostgreSQL, in which bytes are hexadecimal digits
	inLog   = "write-ahead log" // of PostgreSQL, which has every room's rows for as long as it is kept
)

// place is what of which room a path is of.
func (h *hunt) place(path string) (room, place string) {
	parts := strings.Split(path, "/")
	name := parts[len(parts)-1]
	for _, room := range []string{"identity", "answers"} {
		if strings.HasPrefix(name, room+".db") && h.server == nil {
			return room, inFiles
		}
		if name == room+".sql" {
			return room, inDump
		}
	}
	if h.server != nil && strings.Contains(path, "data/pg_wal/") {
		return "", inLog
	}
	if h.server != nil && len(parts) > 2 && parts[0] == "data" && parts[1] == "base" {
		return h.oids[parts[2]], inFiles
	}
	return "", ""
}

// may allows a form in a room's files, in its dump, and in the write-ahead log. What goes at the close is gone then from the first two.
func (h *hunt) may(room string, goes bool, forms ...string) func(path, form string) bool {
	return func(path, form string) bool {
		of, place := h.place(path)
		digits := strings.TrimSuffix(form, " hex")
		if form == "hex" {
			digits = "raw"
		}
		switch place {
		case inLog:
			return slices.Contains(forms, form)
		case inFiles:
			return of == room && slices.Contains(forms, form) && !(goes && h.closed)
		case inDump:
			return of == room && digits != form && slices.Contains(forms, digits) && !(goes && h.closed)
		}
		return false
	}
}

// unfinished begins the name of a key file that is being destroyed: the key has lost its name and is overwritten next.
const unfinished = ".new-"

// remember takes down what the installation holds now and must not hold for long: the keys of epochs and of tags, which may stand in their own file only, and
// tags and retry MACs, which may stand in the identity room until the campaign closes.
func (h *hunt) remember() {
	h.t.Helper()
	if h.secrets == nil {
		h.secrets = map[string]canary{}
	}
	files, err := filepath.Glob(filepath.Join(h.d.dir, "keys", "*.key"))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasPrefix(filepath.Base(path), unfinished) {
			continue // being destroyed when the kill came; the next start finishes that
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the running daemon has just destroyed it
		}
		if err != nil {
			h.t.Fatal(err)
		}
		_, digits, _ := strings.Cut(string(text), "\nkey ")
		key, err := hex.DecodeString(strings.TrimSpace(digits))
		if err != nil || len(key) != 32 {
			h.t.Fatalf("%s holds no key", filepath.Base(path))
		}
		name := filepath.Base(path)
		h.secrets[string(key)] = canary{"a key", key, func(path, form string) bool {
			file := filepath.Base(path)
			return form == "hex" && (file == name || strings.HasPrefix(file, unfinished) && strings.HasSuffix(file, name))
		}}
		if strings.HasSuffix(name, "-tag.key") {
			for _, p := range slices.Concat(h.people, h.others) {
				tag := tag.Of([32]byte(key), tag.Citizen, p.number)
				h.secrets[string(tag[:])] = canary{"a tag", tag[:], h.may("identity", true, "raw")}
			}
			for _, p := range h.listed.Persons {
				tag := tag.Of([32]byte(key), p.IDType, p.IDNumber)
				h.secrets[string(tag[:])] = canary{"a tag of the list", tag[:], h.may("identity", true, "raw")}
			}
		}
	}
	for _, mac := range h.macs() {
		h.secrets[string(mac)] = canary{"a retry MAC", mac, h.may("identity", true, "raw")}
	}
}

// macs are the retry MACs that the identity room holds now.
func (h *hunt) macs() (list [][]byte) {
	h.t.Helper()
	if h.server != nil {
		conn, err := pgx.Connect(context.Background(), h.d.roomDSN("identity"))
		if err != nil {
			h.t.Fatal(err)
		}
		defer conn.Close(context.Background())
		rows, _ := conn.Query(context.Background(), "SELECT retry_mac FROM pending")
		if list, err = pgx.CollectRows(rows, pgx.RowTo[[]byte]); err != nil {
			h.t.Fatal(err)
		}
		return list
	}
	room, err := readRoom(filepath.Join(h.d.rooms(), "identity.db"))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range room.cells() {
		if len(c.values) < 5 || !isID(c.values[0]) || !isID(c.values[2]) {
			continue
		}
		if mac, ok := c.values[3].([]byte); ok && len(mac) == 32 {
			list = append(list, mac)
		}
	}
	return list
}

// enterSome sends entries of n new people at once; what it returns waits until all are answered. With must each has to be acknowledged.
func (h *hunt) enterSome(n int, must bool) func() {
	var wg sync.WaitGroup
	for range n {
		i := len(h.people)
		p := h.c.newPerson(i, h.tokens[i])
		h.people = append(h.people, p)
		wg.Go(func() {
			a, err := h.c.enter(h.d.http, p)
			if must && (err != nil || a.status != http.StatusOK) {
				h.t.Errorf("enter: %v, status %d: %s", err, a.status, a.text)
			}
		})
	}
	return wg.Wait
}

func (h *hunt) killAndSearch(phase string, i int) {
	h.t.Helper()
	h.process()
	began := time.Now()
	h.d.kill()
	h.search(fmt.Sprintf("%s, kill %d", phase, i))
	h.d.serve()
	h.kills++
	h.longest = max(h.longest, time.Since(began))
}

// inTime tells whether there is time for another kill before entries end: on a busy machine searches take long.
func (h *hunt) inTime() bool { return time.Until(h.c.end) > 3*(h.longest+2*time.Second) }

func (h *hunt) search(when string) {
	h.t.Helper()
	for i, f := range h.find() {
		if h.leaks != nil {
			h.leaks[f] = true
			continue
		}
		if i == 20 {
			h.t.Error("and more")
			break
		}
		h.t.Errorf("%s: %s as %s in %s", when, f.what, f.form, f.file)
	}
}

// process keeps the arguments and the environment of the daemon, and of all that PostgreSQL runs, as whoever is on the machine may see them.
func (h *hunt) process() {
	h.t.Helper()
	h.d.mu.Lock()
	pids := []string{fmt.Sprint(h.d.cmd.Process.Pid)}
	h.d.mu.Unlock()
	if h.server != nil {
		var list string
		if err := h.server.ask("postgres", "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity", &list); err != nil {
			h.t.Fatal(err)
		}
		pids = append(pids, strings.Fields(list)...)
	}
	f, err := os.OpenFile(filepath.Join(h.d.root, "watched", "processes"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	for i, pid := range pids {
		for _, name := range []string{"cmdline", "environ"} {
			b, err := os.ReadFile(filepath.Join("/proc", pid, name))
			if i == 0 && (err != nil || len(b) == 0) {
				h.t.Errorf("%s of the daemon: %d bytes, %v", name, len(b), err)
			}
			f.Write(b) // processes of the server come and go
		}
	}
}

// find searches the whole disk of the daemon.
func (h *hunt) find() []finding {
	h.t.Helper()
	all := h.ofPersons()
	h.remember()
	for _, secret := range h.secrets {
		all = append(all, secret)
	}
	s := newSearch(all)
	h.searches++
	for _, list := range s.at {
		h.forms += len(list)
	}
	h.canaries += len(all)
	list := s.tree(h.t, h.d.root)
	if h.server == nil {
		return list
	}
	for name, text := range h.told() {
		list = append(list, s.text(name, text)...)
	}
	return append(list, s.tree(h.t, h.d.on.cluster.Shared())...)
}

// told is what PostgreSQL says when it is asked: dumps of the rooms and all views. What it has in memory goes to its disk.
func (h *hunt) told() map[string][]byte {
	h.t.Helper()
	if err := h.server.sync(); err != nil {
		h.t.Fatal(err)
	}
	out := map[string][]byte{}
	h.oids = map[string]string{}
	for _, room := range []string{"registry", "identity", "answers"} {
		database := h.d.database + "_" + room
		var oid string
		err := h.server.ask("postgres", "SELECT oid::text FROM pg_database WHERE datname = '"+database+"'", &oid)
		dump, err2 := h.d.on.cluster.Run("pg_dump", h.d.on.cluster.AdminDSN(database))
		views, err3 := h.server.views(database)
		if err := errors.Join(err, err2, err3); err != nil {
			h.t.Fatal(err)
		}
		h.oids[oid], out[room+".sql"], out[room+".views"] = room, dump, []byte(views)
	}
	return out
}

// canariesOf is everything about p that must not be found. Their free text is meant to stand in the answers room, and the hash of their token in the
// identity room until the campaign closes.
func (h *hunt) canariesOf(p *person) []canary {
	r := draw.Secret(p.s).R()
	return []canary{
		{"name", []byte(p.name), nil}, {"ID number", []byte(p.number), nil}, {"phone", []byte(p.phone), nil}, {"e-mail", []byte(p.email), nil},
		{"address", []byte(p.address), nil}, {"words", []byte(p.words), h.may("answers", false, "raw", "json")}, {"r", r[:], nil}, {"s", p.s[:], nil},
		{"answer secret", p.answerSecret[:], h.may("answers", false, "sha-256")}, // its hash is the response's, so that the entrant finds it again
		{"token", []byte(p.token), nil}, {"token without hyphens", []byte(strings.ReplaceAll(p.token, "-", "")), h.may("identity", true, "sha-256")},
	}
}

// selfTest plants every form of a stranger's canaries into copies of what the daemon left, one at a time, and wants each found.
func (h *hunt) selfTest() {
	t := h.t
	t.Helper()
	roots := []string{h.d.root}
	if h.server != nil {
		roots = append(roots, filepath.Join(h.d.on.cluster.Shared(), "data", "base"))
	}
	stranger := h.canariesOf(h.c.newPerson(9999999, "ABCDE-FGHJK-MNPQR-STVWX"))
	s := newSearch(stranger)
	var files []string
	for _, dir := range roots {
		if found := s.tree(t, dir); len(found) > 0 {
			t.Fatalf("a stranger was found: %v", found)
		}
		filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				if info, err := e.Info(); err == nil && info.Size() < 1<<20 {
					files = append(files, path)
				}
			}
			return err
		})
	}
	names := map[string]bool{}
	planted := 0
	for i, c := range stranger {
		for j, f := range forms(c.value) {
			path := files[(i+j)%len(files)]
			if c.allowed != nil && c.allowed(path, f.name) {
				continue
			}
			names[f.name] = true
			planted++
			was, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			at := rand.N(len(was) + 1)
			leak := append(append(append([]byte{}, was[:at]...), f.bytes...), was[at:]...)
			found := false
			s.bytes(leak, func(h hit) { found = found || h.canary.what == c.what && bytes.Equal(h.form.bytes, f.bytes) })
			if !found {
				t.Errorf("%s as %s was planted in %s and not found", c.what, f.name, filepath.Base(path))
			}
		}
	}
	// And through the whole path once, by file name and by content.
	dir := t.TempDir()
	leaky := filepath.Join(dir, "x-"+string(stranger[1].value))
	if err := os.WriteFile(leaky, stranger[0].value, 0o600); err != nil {
		t.Fatal(err)
	}
	if found := s.tree(t, dir); len(found) != 2 {
		t.Errorf("planted a name and a number, found %v", found)
	}
	if len(names) < 20 {
		t.Errorf("only %d kinds of leak were planted", len(names))
	}
	t.Logf("self-test: %d leaks of %d kinds planted, all found unless said", planted, len(names))
}
