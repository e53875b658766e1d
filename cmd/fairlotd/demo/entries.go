package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/encoding/protojson"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// workers is how many people enter at the same time.
const workers = 8

// attempt is one sending of the story: an entry that must be taken, or one that must be refused as stated.
type attempt struct {
	what   string // in the list of refusals
	entry  *entry
	change func(*fairlotv1.EnterRequest) // of an entry to be refused, before it is written as JSON
	raw    func([]byte) []byte           // and after
	to     *campaign                     // nil: the campaign of the queue
	http   int                           // status that must come
	reason string                        // reason that must come with a refusal
	after  *attempt                      // sent first
	from   time.Time                     // not sent before
	early  bool                          // answered before the rest is sent
	got    *refusal
	done   chan struct{}
}

func good(e *entry) *attempt { return &attempt{entry: e, http: 200} }

// play sends one attempt and judges the answer.
func (s *site) play(ctx context.Context, c *campaign, a *attempt) error {
	defer close(a.done)
	if a.after != nil {
		select {
		case <-a.after.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := until(ctx, a.from); err != nil {
		return err
	}
	if a.to != nil {
		c = a.to
	}
	req := a.entry.request(c)
	if a.change != nil {
		a.change(req)
	}
	body, err := protojson.Marshal(req)
	if err != nil {
		return err
	}
	if a.raw != nil {
		body = a.raw(body)
	}
	before := a.entry.receipt
	res, err := s.send(ctx, c, body)
	if err == nil && a.http == 200 {
		if err := a.entry.keep(c, res); err != nil {
			return err
		}
		if before != "" && before != a.entry.receipt {
			return errors.New("the same entry sent again got another receipt")
		}
		return nil
	}
	if err == nil {
		return fmt.Errorf("%s: it was taken, and should have been refused", a.what)
	}
	if !errors.As(err, &a.got) {
		return err
	}
	if a.got.HTTP != a.http || a.got.Reason != a.reason {
		return fmt.Errorf("%s: want %d %s, got %d %s: %s", pick(a.what == "", "an entry", a.what), a.http, a.reason, a.got.HTTP, a.got.Reason, a.got.Sentence)
	}
	if a.got.Sentence == "" {
		return fmt.Errorf("%s: refused without a sentence", a.what)
	}
	return nil
}

// playAll sends a queue by several workers at once; one that refers to an earlier one stands behind it in the queue. step hears of each.
func (s *site) playAll(ctx context.Context, c *campaign, queue []*attempt, step func(done int)) error {
	for _, a := range queue {
		a.done = make(chan struct{})
	}
	g, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	next, done := 0, 0
	for range workers {
		g.Go(func() error {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(queue) {
					return nil
				}
				if err := s.play(ctx, c, queue[i]); err != nil {
					return err
				}
				mu.Lock()
				done++
				step(done)
				mu.Unlock()
			}
		})
	}
	return g.Wait()
}

// codes are tokens with a use of their own.
type codes struct {
	spare            []string // never used
	revoked, expired string
	expires          time.Time
}

// badEntries are all attempts that must be refused, and one entry sent twice. victims were sent before, each with its person and token.
func (s *story) badEntries(victims []*attempt, k codes) []*attempt {
	fresh := func(token string) *entry { p := s.people.next(); return newEntry(&p, token, respond(s.people.rng)) }
	spare := func() string { t := k.spare[0]; k.spare = k.spare[1:]; return t }
	again := func(v *attempt) *entry { return newEntry(v.entry.person, spare(), respond(s.people.rng)) }
	unknown := *s.library
	unknown.id = strings.Repeat("0", 32)
	bad := func(what string, e *entry, http int, reason string) *attempt {
		return &attempt{what: what, entry: e, http: http, reason: reason}
	}
	with := func(a *attempt, change func(*fairlotv1.EnterRequest)) *attempt { a.change = change; return a }
	written := func(a *attempt, raw func([]byte) []byte) *attempt { a.raw = raw; return a }
	behind := func(a, v *attempt) *attempt { a.after = v; return a }

	// Answers can be told apart until they are mixed, and before there is a batch of entries nothing is: on a slow engine all others take that long.
	unmixed := func(a, v *attempt) *attempt { a.early, v.early = true, true; return behind(a, v) }

	sameR := *victims[3].entry
	list := []*attempt{
		written(bad("something that is no JSON", fresh(spare()), 400, reasonField), func(b []byte) []byte { return b[:len(b)/2] }),
		written(bad("more than 64 KiB", fresh(spare()), 413, reasonField), func(b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), 70_000)...) }),
		written(bad("a field that nobody asked for", fresh(spare()), 400, reasonField), func(b []byte) []byte { return append([]byte(`{"vip":true,`), b[1:]...) }),
		written(bad("a list where a text belongs", fresh(spare()), 400, reasonField), func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"identity":`), []byte(`"identity":[],"x":`), 1)
		}),
		written(bad("bytes that are no UTF-8", fresh(spare()), 400, reasonField), func(b []byte) []byte {
			return bytes.Replace(b, []byte("虛構路"), []byte("\xff\xfe"), 1)
		}),
		with(bad("an ID number with a slip", fresh(spare()), 400, "ID_INVALID"), func(r *fairlotv1.EnterRequest) { r.Identity.IdNumber = slip(r.Identity.IdNumber) }),
		with(bad("an old privacy notice", fresh(spare()), 400, "NOTICE_STALE"), func(r *fairlotv1.EnterRequest) { r.NoticeHash = strings.Repeat("0", 64) }),
		with(bad("without the required consent", fresh(spare()), 400, "CONSENT_MISSING"), func(r *fairlotv1.EnterRequest) { r.Consents = nil }),
		with(bad("an answer to no question", fresh(spare()), 400, "RESPONSE_INVALID"), func(r *fairlotv1.EnterRequest) {
			r.ResponseJson = `{"visit":"weekly","satisfaction":4,"income":"high"}`
		}),
		with(bad("an answer to a hidden question", fresh(spare()), 400, "RESPONSE_INVALID"), func(r *fairlotv1.EnterRequest) {
			r.ResponseJson = `{"visit":"never","satisfaction":4,"services":["loans"]}`
		}),
		bad("no code", fresh(""), 400, "TOKEN_MISSING"),
		bad("a code that nobody gave out", fresh("AAAAA-BBBBB-CCCCC-DDDDD"), 400, "TOKEN_UNKNOWN"),
		bad("a code that was withdrawn", fresh(k.revoked), 400, "TOKEN_REVOKED"),
		bad("a code that has expired", fresh(k.expired), 400, "TOKEN_EXPIRED"),
		behind(bad("a code used before", fresh(victims[0].entry.token), 400, "TOKEN_USED"), victims[0]),
		behind(bad("the same person again", again(victims[1]), 409, "PERSON_ENTERED"), victims[1]),
		behind(with(bad("the same person, in full-width digits", again(victims[2]), 409, "PERSON_ENTERED"), func(r *fairlotv1.EnterRequest) {
			r.Identity.IdNumber = fullWidth(r.Identity.IdNumber)
		}), victims[2]),
		unmixed(with(bad("the same entry with other answers", &sameR, 409, "ENTRY_DIFFERS"), func(r *fairlotv1.EnterRequest) {
			r.ResponseJson = `{"visit":"never","satisfaction":1}`
		}), victims[3]),
		behind(good(victims[4].entry), victims[4]), // the retry
		bad("to a campaign that does not exist", fresh(spare()), 404, "CAMPAIGN_NOT_FOUND"),
	}
	list[len(list)-1].to = &unknown
	for _, a := range list {
		if a.entry.token == k.expired {
			a.from = k.expires
		}
	}
	return list
}

const reasonField = "FIELD_INVALID"

// badCount is how many attempts badEntries makes, and badTokens how many spare tokens it takes at most.
const badCount, badTokens = 20, 20

// queueOf mixes the refused among the good ones: each behind the one that it refers to, and in the same order every time.
func (s *story) queueOf(goods, bads []*attempt) []*attempt {
	queue := append([]*attempt{}, goods...)
	for _, b := range bads {
		at := s.people.rng.IntN(len(queue) + 1)
		if b.after != nil {
			for i, a := range queue {
				if a == b.after {
					at = i + 1 + s.people.rng.IntN(len(queue)-i)
				}
			}
		}
		if !b.from.IsZero() {
			at = len(queue)
		}
		queue = append(queue[:at], append([]*attempt{b}, queue[at:]...)...)
	}
	return queue
}

// refusals lists what was refused, with number, reason and sentence.
func (s *story) refusals(list []*attempt) {
	for _, a := range list {
		if a.got == nil {
			continue
		}
		s.say.line("%s %d %s", pad(a.what, 38), a.got.HTTP, a.got.Reason)
		for _, line := range wrap(a.got.Sentence, width-12) {
			s.say.line("    %s", cut(line, width-10))
		}
	}
}

// until waits for an instant.
func until(ctx context.Context, t time.Time) error {
	wait := time.Until(t)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// canary is a person whose values are looked for on the disk afterwards.
func canary() *person {
	var mark [3]byte
	rand.Read(mark[:])
	nine := []byte("Z19999999")
	return &person{
		name: "金絲雀" + fmt.Sprintf("%X", mark), idType: "citizen", idNumber: string(append(nine, byte('0'+checkDigit(nine)))), card: "L99999999", lang: "zh-Hant-TW",
		phone: "0900-999-999", email: fmt.Sprintf("canary-%x@example.org", mark), address: fmt.Sprintf("金絲雀市虛構路%d號", 1000+int(mark[0])),
	}
}
