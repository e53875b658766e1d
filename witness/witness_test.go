package witness_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"fairlot/crypto/ledger"
	"fairlot/witness"
)

// book is a log with its operator's key.
type book struct {
	t      *testing.T
	key    string
	signer note.Signer
	tree   *ledger.Tree
}

func newBook(t *testing.T, n int) *book {
	skey, vkey, err := ledger.GenerateLogKey("log.example.org")
	if err != nil {
		t.Fatal(err)
	}
	signer, _, err := ledger.NewLogSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	b := &book{t, vkey, signer, &ledger.Tree{}}
	b.grow(n, "record")
	return b
}

func (b *book) grow(n int, word string) {
	for range n {
		if err := b.tree.Append(fmt.Appendf(nil, "%s %d", word, b.tree.Size())); err != nil {
			b.t.Fatal(err)
		}
	}
}

// fork is the same key with another history from a size on.
func (b *book) fork(at, n int) *book {
	f := &book{b.t, b.key, b.signer, &ledger.Tree{}}
	f.grow(at, "record")
	f.grow(n, "lie")
	return f
}

func (b *book) note(size int64) []byte {
	root, err := b.tree.Root(size)
	if err != nil {
		b.t.Fatal(err)
	}
	n, err := ledger.SignCheckpoint(b.signer, "log.example.org", size, root)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *book) request(old, size int64) []byte {
	r := witness.Request{Old: old, Checkpoint: b.note(size)}
	if old > 0 && old <= size {
		p, err := b.tree.Consistency(old, size)
		if err != nil {
			b.t.Fatal(err)
		}
		r.Proof = p
	}
	return r.Marshal()
}

// keeper is where a witness keeps its state; a mutant forgets.
type keeper struct {
	held    []witness.Held
	forgets bool
	fails   error
}

func (k *keeper) keep(h []witness.Held) error {
	if k.fails != nil {
		return k.fails
	}
	if !k.forgets {
		k.held = slices.Clone(h)
	}
	return nil
}

func cosigner(t *testing.T) *ledger.Cosigner {
	skey, _, err := ledger.GenerateCosigner("witness.example")
	if err != nil {
		t.Fatal(err)
	}
	c, err := ledger.NewCosigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func start(t *testing.T, c *ledger.Cosigner, k *keeper, now func() time.Time, logs ...string) *witness.Witness {
	w, err := witness.New(c, logs, k.held, k.keep, now)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	b, c := newBook(t, 40), cosigner(t)
	other := newBook(t, 3)
	w := start(t, c, &keeper{}, time.Now, b.key)
	handler, counts := w.Handler(func(string, error, []byte) {})
	srv := httptest.NewServer(handler)
	defer srv.Close()
	post := func(body []byte) (int, string, string) {
		res, err := http.Post(srv.URL+"/add-checkpoint", "", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b), res.Header.Get("Content-Type")
	}
	swap := func(old, new string, b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
	for i, x := range []struct {
		name   string
		body   []byte
		status int
		answer string // the whole, or empty
	}{
		{"nothing", nil, 400, ""},
		{"no checkpoint", []byte("old 0\n\n"), 404, ""},
		{"an unknown log", swap("log.example.org\n", "log.example.com\n", b.request(0, 5)), 404, ""},
		{"another key of that name", other.request(0, 3), 403, ""},
		{"an altered size", swap("\n5\n", "\n6\n", b.request(0, 5)), 403, ""},
		{"old above size", swap("old 0", "old 6", b.request(0, 5)), 400, ""},
		{"a proof from nothing", swap("old 0\n", "old 0\n"+strings.Repeat("A", 43)+"=\n", b.request(0, 5)), 422, ""},
		{"old too large", b.request(4, 5), 409, "0\n"},
		{"first", b.request(0, 5), 200, ""},
		{"first again", b.request(0, 5), 409, "5\n"},
		{"the same", b.request(5, 5), 200, ""},
		{"another tree of that size", b.fork(2, 3).request(5, 5), 409, "5\n"},
		{"another history", b.fork(3, 20).request(5, 23), 422, ""},
		{"a proof cut short", swap("old 5\n", "old 5\n", cut(b.request(5, 40))), 422, ""},
		{"a proof with one bit changed", flip(b.request(5, 40)), 422, ""},
		{"onwards", b.request(5, 40), 200, ""},
		{"back", b.request(5, 12), 409, "40\n"},
		{"far back", b.request(40, 40)[:7], 400, ""},
		{"a size with a zero before it", swap("old 40", "old 040", b.request(40, 40)), 400, ""},
		{"a size with a sign", swap("old 40", "old +40", b.request(40, 40)), 400, ""},
		{"carriage returns", swap("old 40\n", "old 40\r\n", b.request(40, 40)), 400, ""},
		{"too many hashes", swap("old 40\n", "old 40\n"+strings.Repeat(strings.Repeat("A", 43)+"=\n", 64), b.request(40, 40)), 400, ""},
		{"too long", append(b.request(40, 40), make([]byte, witness.MaxRequest)...), 413, ""},
		{"after all that", b.request(40, 40), 200, ""},
	} {
		status, answer, kind := post(x.body)
		if status != x.status || x.answer != "" && answer != x.answer || status == 409 && kind != "text/x.tlog.size" {
			t.Errorf("%d %s: status %d, want %d: %q, %s", i, x.name, status, x.status, answer, kind)
		}
		if status == 200 {
			size := int64(5)
			if i > 14 {
				size = 40
			}
			if _, err := ledger.AddCosignature(b.key, b.note(size), answer, []string{c.VKey().String()}); err != nil {
				t.Errorf("%s: %q: %v", x.name, answer, err)
			}
		}
	}
	if got := counts.All(); got[witness.Cosigned] != 4 || got[witness.Forked] != 5 || got[witness.Behind] != 3 || got[witness.Failed] != 0 {
		t.Errorf("counts %v", got)
	}
	if res, err := http.Get(srv.URL + "/add-checkpoint"); err != nil || res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v, %v", res, err)
	}
}

func cut(b []byte) []byte { // without the first hash
	i := bytes.IndexByte(b, '\n') + 1
	j := i + bytes.IndexByte(b[i:], '\n') + 1
	return append(slices.Clone(b[:i]), b[j:]...)
}

func flip(b []byte) []byte {
	b = slices.Clone(b)
	i := bytes.IndexByte(b, '\n') + 1
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return b
}

// bothCosigned tells whether a witness can be brought to cosign two trees that do not belong together by two requests at once: the second comes while the first is between its
// check and its state.
func bothCosigned(t *testing.T, unlocked bool) bool {
	b, k := newBook(t, 9), &keeper{}
	f := b.fork(4, 5)
	w := start(t, cosigner(t), k, time.Now, b.key)
	if _, err := w.Add(b.request(0, 4)); err != nil {
		t.Fatal(err)
	}
	var stepped atomic.Bool
	second := make(chan error, 1)
	w.Step(func(string) {
		if stepped.Swap(true) {
			return
		}
		go func() { _, err := w.Add(f.request(4, 9)); second <- err }()
		if unlocked {
			w.LetGo(func() { second <- <-second })
		} else {
			time.Sleep(100 * time.Millisecond) // it waits for the lock
		}
	})
	_, err := w.Add(b.request(4, 9))
	return err == nil && <-second == nil
}

func TestTwoRequestsAtOnce(t *testing.T) {
	t.Parallel()
	if bothCosigned(t, false) {
		t.Error("two trees of size 9 were cosigned")
	}
	if !bothCosigned(t, true) {
		t.Error("the mutant that lets go of the lock was not caught: this test shows nothing")
	}
}

// forksAfterCrash tells whether a witness that dies after its answer cosigns another tree when it is started again.
func forksAfterCrash(t *testing.T, forgets bool) bool {
	b, c, k := newBook(t, 9), cosigner(t), &keeper{}
	w := start(t, c, k, time.Now, b.key)
	if _, err := w.Add(b.request(0, 4)); err != nil {
		t.Fatal(err)
	}
	k.forgets = forgets
	if _, err := w.Add(b.request(4, 9)); err != nil {
		t.Fatal(err)
	}
	_, err := start(t, c, k, time.Now, b.key).Add(b.fork(4, 5).request(4, 9))
	return err == nil
}

func TestDurableBeforeSigned(t *testing.T) {
	t.Parallel()
	if forksAfterCrash(t, false) {
		t.Error("another tree was cosigned after a restart")
	}
	if !forksAfterCrash(t, true) {
		t.Error("the mutant that keeps nothing was not caught: this test shows nothing")
	}
	b, k := newBook(t, 9), &keeper{fails: errors.New("disk full")}
	w := start(t, cosigner(t), k, time.Now, b.key)
	if line, err := w.Add(b.request(0, 4)); err == nil || line != nil {
		t.Errorf("cosigned what could not be kept: %q", line)
	}
	k.fails = nil
	if _, err := w.Add(b.request(0, 9)); err != nil {
		t.Errorf("once the disk has room: %v", err)
	}
}

// TestRolledBack: an old copy of the state is put back.
func TestRolledBack(t *testing.T) {
	t.Parallel()
	b, c, k := newBook(t, 9), cosigner(t), &keeper{}
	w := start(t, c, k, time.Now, b.key)
	if _, err := w.Add(b.request(0, 4)); err != nil {
		t.Fatal(err)
	}
	old := slices.Clone(k.held)
	line, err := w.Add(b.request(4, 8))
	if err != nil {
		t.Fatal(err)
	}
	own, err := ledger.AddCosignature(b.key, b.note(8), string(line), []string{c.VKey().String()})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Witnessed(own); err != nil || w.Lost() {
		t.Errorf("what is remembered is no reason to stop: %v", err)
	}
	fork := b.fork(4, 5).request(4, 9)
	// Whoever shows it its own cosignature stops it, at the start or by a request.
	w = start(t, c, &keeper{held: old}, time.Now, b.key)
	if err := w.Witnessed(own); !errors.Is(err, witness.ErrState) || !w.Lost() {
		t.Errorf("its own cosignature of size 8, with a state of size 4: %v", err)
	}
	if _, err := w.Add(fork); !errors.Is(err, witness.ErrState) {
		t.Errorf("after that: %v", err)
	}
	w = start(t, c, &keeper{held: old}, time.Now, b.key)
	proof, err := b.tree.Consistency(4, 8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Add(witness.Request{Old: 4, Proof: proof, Checkpoint: own}.Marshal()); !errors.Is(err, witness.ErrState) {
		t.Errorf("a request that bears it: %v", err)
	}
	// A stranger's line under its name stops nobody.
	x, err := ledger.Cosign(cosigner(t), b.key, b.note(9), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w = start(t, c, &keeper{held: old}, time.Now, b.key)
	if err := w.Witnessed([]byte(string(b.note(9)) + x + "\n")); err != nil || w.Lost() {
		t.Errorf("a stranger's cosignature: %v", err)
	}
	// A clock that was set back.
	at := time.Now()
	k = &keeper{}
	w = start(t, c, k, func() time.Time { return at }, b.key)
	if _, err := w.Add(b.request(0, 4)); err != nil {
		t.Fatal(err)
	}
	at = at.Add(-time.Minute)
	if _, err := w.Add(b.request(4, 8)); !errors.Is(err, witness.ErrState) || w.Lost() {
		t.Errorf("a clock that went back: %v", err)
	}
	at = at.Add(2 * time.Minute)
	if _, err := w.Add(b.request(4, 8)); err != nil {
		t.Errorf("once it is right: %v", err)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	b, o, c := newBook(t, 9), newBook(t, 3), cosigner(t)
	k := &keeper{}
	if _, err := start(t, c, k, time.Now, b.key).Add(b.request(0, 4)); err != nil {
		t.Fatal(err)
	}
	if _, err := witness.New(c, []string{o.key}, k.held, k.keep, time.Now); !errors.Is(err, ledger.ErrKey) {
		t.Errorf("a log whose key changed: %v", err)
	}
	if _, err := witness.New(c, []string{b.key, o.key}, nil, k.keep, time.Now); !errors.Is(err, ledger.ErrKey) {
		t.Errorf("two keys of one name: %v", err)
	}
	if _, err := witness.New(c, []string{c.VKey().String()}, nil, k.keep, time.Now); !errors.Is(err, ledger.ErrKey) {
		t.Errorf("a witness's key for a log: %v", err)
	}
	bad := slices.Clone(k.held)
	bad[0].Note = strings.Replace(bad[0].Note, "\n4\n", "\n3\n", 1)
	if _, err := witness.New(c, []string{b.key}, bad, k.keep, time.Now); !errors.Is(err, ledger.ErrLogSignature) {
		t.Errorf("an altered state: %v", err)
	}
	// A log that is left out for a while does not begin anew.
	if _, err := start(t, c, k, time.Now).Add(b.request(4, 5)); !errors.Is(err, witness.ErrUnknownLog) {
		t.Errorf("a log that is not followed: %v", err)
	}
	var conflict *witness.Conflict
	if _, err := start(t, c, k, time.Now, b.key).Add(b.request(0, 9)); !errors.As(err, &conflict) || conflict.Size != 4 {
		t.Errorf("followed again: %v", err)
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	b, c, k := newBook(t, 9), cosigner(t), &keeper{}
	handler, _ := start(t, c, k, time.Now, b.key).Handler(func(string, error, []byte) {})
	lie := func(http.ResponseWriter, *http.Request) bool { return false }
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !lie(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	defer srv.Close()
	ask := func(o *witness.Other, x *book, size int64) ([]byte, error) {
		return o.Ask(context.Background(), b.key, x.note(size), x.tree.Consistency)
	}
	fresh := func() *witness.Other {
		return &witness.Other{Name: "one", Key: c.VKey(), URL: srv.URL + "/", Client: srv.Client()}
	}
	o := fresh()
	for _, size := range []int64{3, 3, 9} {
		n, err := ask(o, b, size)
		if err != nil {
			t.Fatal(err)
		}
		if times, err := c.VKey().Cosigned(b.key, n); err != nil || len(times) != 1 {
			t.Errorf("size %d: %v, %v", size, times, err)
		}
	}
	if _, err := ask(fresh(), b, 9); err != nil { // learns the size from the witness
		t.Error(err)
	}
	for _, x := range []struct {
		name string
		log  *book
		size int64
		want error
	}{{"another tree of one size", b.fork(3, 6), 9, witness.ErrFork}, {"another history", b.fork(3, 9), 12, witness.ErrFork}, {"an old copy", b, 8, witness.ErrAhead}} {
		if _, err := ask(fresh(), x.log, x.size); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", x.name, err, x.want)
		}
	}
	for name, x := range map[string]struct {
		f    func(w http.ResponseWriter, r *http.Request) bool
		want error
	}{
		"an altered signature": {func(w http.ResponseWriter, r *http.Request) bool {
			rec := httptest.NewRecorder()
			handler.ServeHTTP(rec, r)
			w.WriteHeader(rec.Code)
			w.Write(flipLast(rec.Body.Bytes(), rec.Code))
			return true
		}, witness.ErrLied},
		"another witness's": {func(w http.ResponseWriter, _ *http.Request) bool {
			line, _ := ledger.Cosign(cosigner(t), b.key, b.note(9), time.Now())
			fmt.Fprintln(w, line)
			return true
		}, witness.ErrLied},
		"nothing":             {func(http.ResponseWriter, *http.Request) bool { return true }, witness.ErrLied},
		"no size":             {func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(409); return true }, witness.ErrLied},
		"another size always": {func(w http.ResponseWriter, r *http.Request) bool { return otherSize(w, r) }, witness.ErrRefused},
		"an error":            {func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true }, witness.ErrRefused},
		"without end": {func(w http.ResponseWriter, _ *http.Request) bool {
			for range 100 {
				w.Write(make([]byte, 1<<16))
			}
			return true
		}, witness.ErrLied},
	} {
		lie = x.f
		if _, err := ask(fresh(), b, 9); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	srv.Close()
	if _, err := ask(fresh(), b, 9); err == nil {
		t.Error("a witness that is down cosigned")
	}
}

func flipLast(b []byte, status int) []byte {
	if status != 200 {
		return b
	}
	b = slices.Clone(b)
	i := len(b) - 8
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return b
}

func otherSize(w http.ResponseWriter, r *http.Request) bool {
	b, _ := io.ReadAll(r.Body)
	w.WriteHeader(409)
	if bytes.HasPrefix(b, []byte("old 3\n")) {
		io.WriteString(w, "4\n")
	} else {
		io.WriteString(w, "3\n")
	}
	return true
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte("old 0\n\nlog.example.org\n1\nAAAA\n\n— x y\n"))
	f.Add([]byte("old 7\n" + strings.Repeat("A", 43) + "=\n\nx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := witness.ParseRequest(b)
		if err == nil && !bytes.Equal(r.Marshal(), b) {
			t.Errorf("%q is printed as %q", b, r.Marshal())
		}
	})
}
