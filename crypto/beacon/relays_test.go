package beacon

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cloudflare/circl/ecc/bls12381"
)

func testLocal(t testing.TB) *Local {
	t.Helper()
	l, err := LocalFromSecret(1_700_000_000, 3, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); io.WriteString(w, body) }
}

func TestFetchPassesOverBadRelays(t *testing.T) {
	l := testLocal(t)
	liar, _ := NewLocal(1_700_000_000, 3)
	const round = 42
	sig, forged, other := l.Sign(round), liar.Sign(round), l.Sign(round+1)
	var p bls12381.G1
	if err := p.SetBytes(sig[:]); err != nil {
		t.Fatal(err)
	}
	body := func(round uint64, randomness [32]byte, sig []byte) string {
		return fmt.Sprintf(`{"round":%d,"randomness":"%x","signature":"%x"}`, round, randomness, sig)
	}
	right := body(round, Randomness(sig), sig[:])
	good := serve(t, l.Handler(func() time.Time { return l.Chain().Time(round) }))
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	wait := func(r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}

	for _, tc := range []struct {
		name  string
		relay http.Handler
		want  error
	}{
		{"signature by another key", says(200, body(round, Randomness(forged), forged[:])), ErrSignature},
		{"another round, honestly", says(200, body(round+1, Randomness(other), other[:])), ErrAnswer},
		{"another round's signature relabelled", says(200, body(round, Randomness(other), other[:])), ErrSignature},
		{"96 bytes", says(200, body(round, Randomness(sig), p.Bytes())), ErrUncompressed},
		{"47 bytes", says(200, body(round, Randomness(sig), sig[:47])), ErrLength},
		{"wrong randomness", says(200, body(round, Randomness(other), sig[:])), ErrAnswer},
		{"no randomness", says(200, fmt.Sprintf(`{"round":%d,"signature":"%x"}`, round, sig)), ErrAnswer},
		{"randomness not hex", says(200, strings.Replace(right, `"randomness":"`, `"randomness":"zz`, 1)), ErrAnswer},
		{"signature not hex", says(200, fmt.Sprintf(`{"round":%d,"randomness":"%x","signature":"x"}`, round, Randomness(sig))), ErrAnswer},
		{"not JSON", says(200, "<html>"), ErrAnswer},
		{"two values", says(200, right+right), ErrAnswer},
		{"empty", says(200, ""), ErrAnswer},
		{"over 4 KiB", says(200, right+strings.Repeat(" ", 4<<10)), ErrAnswer},
		{"too early 404", says(404, ""), ErrNotYet},
		{"too early 425", says(425, ""), ErrNotYet},
		{"broken", says(500, right), ErrStatus},
		{"redirects to a good one", http.RedirectHandler(good+fmt.Sprintf("/%x/public/%d", l.Chain().Hash, round), http.StatusFound), ErrStatus},
		{"hangs before the head", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { wait(r) }), context.DeadlineExceeded},
		{"hangs inside the body", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, right[:20])
			w.(http.Flusher).Flush()
			wait(r)
		}), context.DeadlineExceeded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			bad := serve(t, tc.relay)
			r := Relays{URLs: []string{bad}, Timeout: 150 * time.Millisecond}
			if strings.HasPrefix(tc.name, "hangs") == false {
				r.Timeout = 10 * time.Second
			}
			got, err := r.Fetch(context.Background(), l.Chain(), round)
			if !errors.Is(err, tc.want) || got != ([SignatureSize]byte{}) {
				t.Fatalf("alone: %v, %x; want %v", err, got, tc.want)
			}
			var fe *FetchError
			if !errors.As(err, &fe) || len(fe.Relays) != 1 || fe.Relays[0].URL != bad || fe.Round != round {
				t.Errorf("not a FetchError about that relay: %#v", err)
			}
			if early := tc.want == ErrNotYet; errors.Is(err, ErrNotYet) != early || errors.Is(err, ErrNoRelay) == early {
				t.Errorf("not-yet and all-bad are mixed up: %v", err)
			}
			r.URLs = []string{closed.URL, bad, good + "/"}
			r.Timeout = max(r.Timeout, time.Second)
			got, err = r.Fetch(context.Background(), l.Chain(), round)
			if err != nil || got != sig {
				t.Errorf("with a good one behind: %v", err)
			}
		})
	}
}

func TestFetchErrors(t *testing.T) {
	l := testLocal(t)
	broken, early := serve(t, says(500, "")), serve(t, l.Handler(func() time.Time { return l.Chain().Time(9).Add(-1) }))
	withPassword := strings.Replace(broken, "http://", "http://name:secret@", 1) + "?key=secret"

	_, err := Relays{URLs: []string{broken, early, withPassword, "::", "ftp://127.0.0.1"}}.Fetch(context.Background(), l.Chain(), 9)
	var fe *FetchError
	if !errors.As(err, &fe) || len(fe.Relays) != 5 {
		t.Fatalf("want one reason for each relay: %v", err)
	}
	if !errors.Is(err, ErrNotYet) || !errors.Is(err, ErrStatus) || errors.Is(err, ErrNoRelay) {
		t.Errorf("one of many says not yet: %v", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("error shows a secret: %v", err)
	}
	if _, err := (Relays{}).Fetch(context.Background(), l.Chain(), 9); !errors.Is(err, ErrNoRelay) {
		t.Errorf("no relay: %v", err)
	}
	if _, err := (Relays{URLs: []string{early}}).Fetch(context.Background(), l.Chain(), 0); !errors.Is(err, ErrRound) {
		t.Errorf("round 0: %v", err)
	}
	if _, err := (Relays{URLs: []string{early}}).Fetch(context.Background(), Chain{}, 1); !errors.Is(err, ErrChain) {
		t.Errorf("no chain: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (Relays{URLs: []string{early}}).Fetch(ctx, l.Chain(), 9); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestLocalServesLikeDrand(t *testing.T) {
	l := testLocal(t)
	now := l.Chain().Time(10)
	base := serve(t, l.Handler(func() time.Time { return now }))
	hash := hex.EncodeToString(l.chain.Hash[:])
	for path, want := range map[string]int{
		"/" + hash + "/info": 200, "/" + hash + "/public/1": 200, "/" + hash + "/public/10": 200, "/" + hash + "/public/latest": 200,
		"/" + hash + "/public/11": 425, "/" + hash + "/public/18446744073709551615": 425, "/" + hash + "/public/0": 404,
		"/" + hash + "/public/x": 400, "/" + hash + "/public/01": 400, "/" + hash + "/public/-1": 400,
		"/" + strings.Repeat("0", 64) + "/public/1": 404, "/public/1": 404,
	} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
		if strings.HasSuffix(path, "latest") {
			if sig, _, err := parseAnswer(body, 10); err != nil || Verify(l.Chain(), 10, sig) != nil {
				t.Errorf("latest: %v %s", err, body)
			}
		}
	}
	c, err := Relays{URLs: []string{base}}.Info(context.Background(), l.chain.Hash)
	if err != nil || c != l.Chain() {
		t.Errorf("info: %v, %v", c, err)
	}
	if _, err := (Relays{URLs: []string{base}}).Info(context.Background(), Quicknet().Hash); !errors.Is(err, ErrNotYet) {
		t.Errorf("info of another chain: %v", err)
	}
	now = l.Chain().Time(1).Add(-time.Second)
	if resp, err := http.Get(base + "/" + hash + "/public/latest"); err != nil || resp.StatusCode != 425 {
		t.Errorf("latest before genesis: %v %v", resp.StatusCode, err)
	}
}

func TestLocalKeys(t *testing.T) {
	a, _ := LocalFromSecret(5, 1, [32]byte{1})
	b, _ := LocalFromSecret(5, 1, [32]byte{1})
	c, _ := NewLocal(5, 1)
	d, _ := NewLocal(5, 1)
	if a.Chain() != b.Chain() || a.Sign(3) != b.Sign(3) {
		t.Error("one secret gives two chains")
	}
	if c.Chain() == d.Chain() || c.Chain().Hash == d.Chain().Hash {
		t.Error("fresh keys are the same")
	}
	for _, p := range []uint32{0, 86401} {
		if _, err := NewLocal(5, p); !errors.Is(err, ErrChain) {
			t.Errorf("period %d: %v", p, err)
		}
	}
}

const quicknetInfo = `{"public_key":"83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a","period":3,"genesis_time":1692803367,"hash":"52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971","groupHash":"f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e","schemeID":"bls-unchained-g1-rfc9380","metadata":{"beaconID":"quicknet"}}`

func TestParseInfo(t *testing.T) {
	if c, err := ParseInfo([]byte(quicknetInfo)); err != nil || c != Quicknet() {
		t.Fatalf("quicknet: %v %v", c, err)
	}
	for _, tc := range []struct {
		old, new string
		want     error
	}{
		{`"period":3`, `"period":4`, ErrChain}, {"1692803367", "1692803368", ErrChain}, {`"quicknet"`, `"other"`, ErrChain},
		{"f477", "f478", ErrChain}, {"52db", "52dc", ErrChain}, {"83cf", "83ce", ErrChain}, {"g1-rfc9380", "on-g1", ErrChain},
		{"52db", "52d", ErrAnswer}, {"52db", "52dz", ErrAnswer}, {"{", "[", ErrAnswer}, {`"period":3`, `"period":-3`, ErrAnswer},
		{`}}`, `}}{}`, ErrAnswer}, {`}}`, `}}` + strings.Repeat(" ", 4096), ErrAnswer},
	} {
		if _, err := ParseInfo([]byte(strings.Replace(quicknetInfo, tc.old, tc.new, 1))); !errors.Is(err, tc.want) {
			t.Errorf("%s for %.10s: %v, want %v", tc.old, tc.new, err, tc.want)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(`{"round":42,"randomness":"` + strings.Repeat("0", 64) + `","signature":"00"}`))
	f.Fuzz(func(t *testing.T, b []byte) { parseAnswer(b, 42) })
}

func FuzzParseInfo(f *testing.F) {
	f.Add([]byte(quicknetInfo))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ParseInfo(b); err == nil && c.Validate() != nil {
			t.Error("took an unusable chain")
		}
	})
}
