package beacon

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultTimeout is what one relay gets if Relays.Timeout is zero.
const DefaultTimeout = 5 * time.Second

// maxAnswer is the longest answer read from a relay, in bytes; a real one has about 250.
const maxAnswer = 4 << 10

var (
	// ErrNotYet means that a relay does not have the round (yet): it answered 404 or 425.
	// A *FetchError matches it if at least one relay said so: wait and ask again.
	ErrNotYet = errors.New("beacon round is not out yet")
	// ErrNoRelay means that no relay gave the round and none said that it is not out: all are
	// bad, or the way to them is. A *FetchError matches either this or ErrNotYet, never both.
	ErrNoRelay = errors.New("no relay gave the beacon round")
	// ErrAnswer means an answer that is not the drand form, too long, or contradicts itself.
	ErrAnswer = errors.New("relay answer is not usable")
	// ErrStatus means another HTTP status than 200, 404 and 425.
	ErrStatus = errors.New("relay answered with an error status")
)

// PublicRelays returns base addresses that serve quicknet to everybody. Relays are transport:
// none of them is trusted.
func PublicRelays() []string {
	return []string{"https://api.drand.sh", "https://api2.drand.sh", "https://api3.drand.sh", "https://drand.cloudflare.com"}
}

// Relays fetches rounds over the drand HTTP API, version 1. The zero value has no relay and
// always fails. It holds no state; concurrent use is safe.
//
// An attacker who can change the URLs can delay a round, never forge one.
type Relays struct {
	// URLs are base addresses (http or https), tried in this order.
	URLs []string
	// HTTPClient does the requests; nil is a client of its own. Redirects are never followed.
	HTTPClient *http.Client
	// Timeout is for one relay, from dialling to the last byte; 0 is DefaultTimeout.
	Timeout time.Duration
}

// RelayError is why one relay gave nothing.
type RelayError struct {
	URL string // base address without user information and query
	Err error
}

// Error names the relay and the cause.
func (e *RelayError) Error() string { return fmt.Sprintf("relay %s: %v", e.URL, e.Err) }

// Unwrap returns the cause.
func (e *RelayError) Unwrap() error { return e.Err }

// FetchError says for each relay that was tried why it gave nothing.
type FetchError struct {
	Round  uint64
	Relays []*RelayError // in the order tried; empty if there was none to try
	Cause  error         // the context's error if it ended the attempt, else nil
}

// Error lists every relay with its cause.
func (e *FetchError) Error() string {
	kind := ErrNoRelay
	if e.notYet() {
		kind = ErrNotYet
	}
	var b strings.Builder
	fmt.Fprintf(&b, "fetch beacon round %d: %v", e.Round, kind)
	for _, r := range e.Relays {
		fmt.Fprintf(&b, "; %v", r)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, "; %v", e.Cause)
	}
	return b.String()
}

// Unwrap returns the relays' errors and the context's.
func (e *FetchError) Unwrap() []error {
	var errs []error
	for _, r := range e.Relays {
		errs = append(errs, r)
	}
	if e.Cause != nil {
		errs = append(errs, e.Cause)
	}
	return errs
}

// Is matches ErrNoRelay exactly if no relay said "not yet".
func (e *FetchError) Is(target error) bool { return target == ErrNoRelay && !e.notYet() }

func (e *FetchError) notYet() bool {
	for _, r := range e.Relays {
		if errors.Is(r.Err, ErrNotYet) {
			return true
		}
	}
	return false
}

// Fetch asks one relay after the other for the round and returns the first signature that
// verifies here. If none does, the error is a *FetchError (or wraps ErrChain or ErrRound).
func (r Relays) Fetch(ctx context.Context, c Chain, round uint64) (sig [SignatureSize]byte, err error) {
	if err := c.Validate(); err != nil {
		return sig, err
	}
	if round == 0 {
		return sig, fmt.Errorf("fetch beacon: %w: 0", ErrRound)
	}
	fail := &FetchError{Round: round}
	for _, base := range r.URLs {
		if fail.Cause = ctx.Err(); fail.Cause != nil {
			return sig, fail
		}
		sig, err := r.ask(ctx, base, c, round)
		if err == nil {
			return sig, nil
		}
		fail.Relays = append(fail.Relays, &RelayError{URL: shown(base), Err: err})
	}
	fail.Cause = ctx.Err()
	return sig, fail
}

// shown is the address without what may be secret in it.
func shown(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return "(not an address)"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

func (r Relays) ask(ctx context.Context, base string, c Chain, round uint64) (sig [SignatureSize]byte, err error) {
	body, err := r.get(ctx, fmt.Sprintf("%s/%x/public/%d", strings.TrimRight(base, "/"), c.Hash, round))
	if err != nil {
		return sig, err
	}
	raw, randomness, err := parseAnswer(body, round)
	if err != nil {
		return sig, err
	}
	if err := Verify(c, round, raw); err != nil {
		return sig, err
	}
	copy(sig[:], raw)
	// drand publishes the hash beside the signature; a relay that gets it wrong is not to be
	// relied on, although the signature alone decides.
	if Randomness(sig) != randomness {
		return [SignatureSize]byte{}, fmt.Errorf("%w: randomness is not the hash of the signature", ErrAnswer)
	}
	return sig, nil
}

func (r Relays) get(ctx context.Context, address string) ([]byte, error) {
	limit := r.Timeout
	if limit <= 0 {
		limit = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("address cannot be used")
	}
	client := http.Client{}
	if r.HTTPClient != nil {
		client = *r.HTTPClient
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // without the address, which RelayError already names
		}
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusTooEarly:
		return nil, fmt.Errorf("%w: status %d", ErrNotYet, resp.StatusCode)
	default:
		return nil, fmt.Errorf("%w: %d", ErrStatus, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrAnswer, maxAnswer)
	}
	return body, nil
}

// answer is the drand JSON of a round; unknown fields are passed over.
type answer struct {
	Round      uint64 `json:"round"`
	Randomness string `json:"randomness"` // hex of 32 bytes
	Signature  string `json:"signature"`  // hex of 48 bytes
}

// parseAnswer returns the signature, of any length, and the randomness from an answer about
// this round; nothing is verified yet.
func parseAnswer(body []byte, round uint64) (sig []byte, randomness [32]byte, err error) {
	var a answer
	if err := decodeOne(body, &a); err != nil {
		return nil, randomness, fmt.Errorf("%w: not the JSON of a round", ErrAnswer)
	}
	if a.Round != round {
		return nil, randomness, fmt.Errorf("%w: it is about round %d", ErrAnswer, a.Round)
	}
	if len(a.Randomness) != 64 {
		return nil, randomness, fmt.Errorf("%w: randomness is not 32 bytes in hex", ErrAnswer)
	}
	if _, err := hex.Decode(randomness[:], []byte(a.Randomness)); err != nil {
		return nil, randomness, fmt.Errorf("%w: randomness is not 32 bytes in hex", ErrAnswer)
	}
	if sig, err = hex.DecodeString(a.Signature); err != nil {
		return nil, randomness, fmt.Errorf("%w: signature is not hex", ErrAnswer)
	}
	return sig, randomness, nil
}

// decodeOne decodes exactly one JSON value and refuses what follows it.
func decodeOne(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}
