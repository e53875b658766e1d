package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/encoding/protojson"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// keyFile is where custodian i (from 1) keeps the key of a campaign.
func keyFile(i int, slug string) string { return fmt.Sprintf("custodian-%d/%s.key", i, slug) }

// notifierKey is where the notifier keeps the key of a campaign.
func notifierKey(slug string) string { return "notifier/" + slug + ".key" }

// auditorKey is where the auditor of the library's draw keeps the key.
const auditorKey = "auditor/" + librarySlug + ".key"

// notifierKeys are the files of all whom a campaign names as notifiers, in order.
func notifierKeys(slug string) []string {
	if slug == librarySlug {
		return []string{notifierKey(slug), auditorKey}
	}
	return []string{notifierKey(slug)}
}

// makeKeys makes the keys of all custodians and of the notifier, one a campaign.
func (s *story) makeKeys(ctx context.Context) error {
	s.people, s.canary, s.public = newRegistry(), canary(), map[string]publicKey{}
	s.say.text("Three custodians, say the director, an auditor and a reader, each make a key on a machine of their own. No key opens everybody's envelope: " +
		"two of the three must act together, and only for winners. What is printed is public and goes into the campaign's rules.")
	began, n := time.Now(), 0
	for _, slug := range []string{librarySlug, smallSlug, trialSlug} {
		for i := 1; i <= custodianCount; i++ {
			if err := s.newKey(ctx, slug == librarySlug && i == 1, keyFile(i, slug), "custodian", fmt.Sprintf("custodian-%d.%s", i, slug)); err != nil {
				return err
			}
			n++
		}
	}
	s.say.text("The two others did the same, and all three once more for each other campaign of this story. The notifier makes keys too.")
	for _, slug := range []string{librarySlug, smallSlug, trialSlug} {
		if err := s.newKey(ctx, slug == librarySlug, notifierKey(slug), "notifier", slug); err != nil {
			return err
		}
	}
	if err := s.newKey(ctx, false, auditorKey, "notifier", "auditor"); err != nil {
		return err
	}
	n += custodianCount + 1
	s.pace = max(time.Since(began)/time.Duration(n+1), 100*time.Millisecond)
	s.say.holds("%d keys, in files that only their owners read; one is an auditor's, from outside", n)
	return nil
}

// publicKey is what `fairlot keys new` prints for the campaign file.
type publicKey struct{ Recipient, Cosigner string }

// newKey makes one key and remembers its public lines.
func (s *story) newKey(ctx context.Context, show bool, file, kind, label string) error {
	if err := os.MkdirAll(filepath.Dir(s.file(file)), 0o700); err != nil {
		return err
	}
	args := []string{"keys", "new", kind, "--label", label, "--out", file}
	run := s.must
	if show {
		run = func(ctx context.Context, args ...string) (result, error) { return s.fairlot(ctx, 0, args...) }
	}
	r, err := run(ctx, args...)
	if err != nil {
		return err
	}
	var k publicKey
	if err := json.Unmarshal([]byte(r.stdout), &k); err != nil || k.Recipient == "" {
		return fmt.Errorf("fairlot keys new printed no public key for %s", file)
	}
	s.public[file] = k
	return nil
}

// setting fills in the keys of a campaign.
func (s *story) setting(slug string, x setting) setting {
	x.chain = s.chain
	for _, file := range notifierKeys(slug) {
		x.notifiers = append(x.notifiers, s.public[file].Recipient)
	}
	for i := 1; i <= custodianCount; i++ {
		k := s.public[keyFile(i, slug)]
		x.custodians = append(x.custodians, &fairlotv1.Custodian{Recipient: k.Recipient, Cosigner: k.Cosigner})
	}
	return x
}

// open writes a campaign file, makes a draft of it, opens it, and has the custodians pin it. show says whether the reader sees the commands.
func (s *story) open(ctx context.Context, c *fairlotv1.Campaign, show bool) (*campaign, error) {
	text, err := protojson.Marshal(c)
	if err != nil {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, err
	}
	delete(keys, "surveyJson")
	keys["survey"] = json.RawMessage(c.GetSurveyJson())
	if text, err = json.MarshalIndent(keys, "", "  "); err != nil {
		return nil, err
	}
	file := c.GetSlug() + ".json"
	if err := s.write(file, append(text, '\n')); err != nil {
		return nil, err
	}
	run := s.must
	if show {
		run = func(ctx context.Context, args ...string) (result, error) { return s.fairlot(ctx, 0, args...) }
	}
	if _, err := run(ctx, "campaign", "create", file); err != nil {
		return nil, err
	}
	if err := s.showKeys(ctx, c.GetSlug(), show, run); err != nil {
		return nil, err
	}
	asked, err := run(ctx, "campaign", "open", "--yes", c.GetSlug())
	if err != nil {
		return nil, err
	}
	if show {
		s.say.text("Nothing has opened yet. The other officer looks at exactly that version, and opens it:")
	}
	if err := s.approve(ctx, run, asked); err != nil {
		return nil, err
	}
	made, err := s.site.campaign(ctx, c.GetSlug())
	if err != nil {
		return nil, err
	}
	bundle, err := s.site.bundle(ctx, made.id)
	if err != nil {
		return nil, err
	}
	name := c.GetSlug() + ".open.tar"
	if err := s.write(name, bundle); err != nil {
		return nil, err
	}
	if show {
		s.say.text("Opening has put the rules, the prizes, the keys and the beacon's round into a public log. Each custodian now checks that the campaign which opened is the " +
			"one they know, and remembers it.")
	}
	if show {
		if _, err := s.fairlot(ctx, 0, "keys", "check", "--key", keyFile(1, c.GetSlug()), "--bundle", name); err != nil {
			return nil, err
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	others := append([]string{keyFile(2, c.GetSlug()), keyFile(3, c.GetSlug())}, notifierKeys(c.GetSlug())...)
	if !show {
		others = append(others, keyFile(1, c.GetSlug()))
	}
	for _, key := range others {
		g.Go(func() error {
			_, err := s.must(gctx, "keys", "check", "--key", key, "--bundle", name)
			return err
		})
	}
	return made, g.Wait()
}

// showKeys has all custodians and the notifier show that they hold the keys that a draft lists, without which it does not open.
func (s *story) showKeys(ctx context.Context, slug string, show bool, run func(context.Context, ...string) (result, error)) error {
	if show {
		s.say.text("Before it opens, each custodian and the notifier checks the draft on a machine of their own, and states that the key which it lists is in their hands:")
	}
	draft := slug + ".keys"
	if _, err := run(ctx, "campaign", "check", slug, "--out", draft); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	attach := []string{"campaign", "attach", slug}
	for i, key := range append([]string{keyFile(1, slug), keyFile(2, slug), keyFile(3, slug)}, notifierKeys(slug)...) {
		args := []string{"keys", "check", "--yes", "--key", key, "--draft", draft, "--out", key + ".statement"}
		attach = append(attach, key+".statement")
		if show && i == 0 {
			if _, err := s.fairlot(ctx, 0, args...); err != nil {
				return err
			}
			continue
		}
		g.Go(func() error {
			_, err := s.must(gctx, args...)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	_, err := run(ctx, attach...)
	return err
}

// openTrial opens the campaign that stays open, and looks at one entry.
func (s *story) openTrial(ctx context.Context) error {
	end := time.Now().Add(7 * 24 * time.Hour).Truncate(time.Second)
	x := s.setting(trialSlug, setting{entriesEnd: end, objectionsEnd: end, due: end.Add(2 * time.Hour), margin: 3600})
	s.say.text("A first campaign takes entries for a week. It stays open for you to try.")
	var err error
	if s.trial, err = s.open(ctx, libraryRules(trialSlug, "試填活動：閱讀日", "Try it: reading day", x), true); err != nil {
		return err
	}
	const measured, toTry = 17, 8
	if _, err := s.fairlot(ctx, 0, "token", "members", trialSlug, "--count", strconv.Itoa(measured+toTry), "--out", "reading-day.codes"); err != nil {
		return err
	}
	codes, err := s.lines("reading-day.codes")
	if err != nil {
		return err
	}
	s.codes = codes[measured:]

	p := s.people.next()
	e := newEntry(&p, codes[0], respond(s.people.rng))
	e.chances = 1
	s.say.text("One entry, looked at closely. The browser draws a secret s and keeps it; only a hash of it is sent. The entry is taken with a code that was handed out, so nobody enters twice. " +
		"What is sent (the person is made up, and still not shown here):")
	req := e.request(s.trial)
	for _, l := range []string{
		"POST /v1/campaigns/" + s.trial.id + "/entries",
		"r            " + fmt.Sprintf("%x…  32 bytes, from s", req.GetR()[:8]),
		"noticeHash   " + req.GetNoticeHash()[:16] + "…  the privacy notice that was shown",
		"consents     " + strings.Join(req.GetConsents(), ", "),
		"token        ·····-·····-·····-·····",
		"identity     name, kind of ID, ID number        sealed on arrival",
		"contact      telephone, e-mail, address         sealed on arrival, in another envelope",
		"responseJson " + cut(req.GetResponseJson(), 76),
	} {
		s.say.line("%s", l)
	}
	if err := s.site.enter(ctx, s.trial, e); err != nil {
		return err
	}
	s.say.text("What comes back is a signed receipt. It names nobody.")
	for l := range strings.Lines(e.receipt) {
		s.say.line("%s", cut(strings.TrimSuffix(l, "\n"), width-6))
	}
	if err := s.write("reading-day.receipt.txt", e.saved()); err != nil {
		return err
	}
	if _, err := s.fairlot(ctx, 0, "receipt", "reading-day.receipt.txt", "--bundle", trialSlug+".open.tar"); err != nil {
		return err
	}
	body, err := protojson.Marshal(req)
	if err != nil {
		return err
	}
	res, err := s.site.send(ctx, s.trial, body)
	if err != nil {
		return err
	}
	if res.GetReceipt() != e.receipt {
		return errors.New("the same entry sent again got another receipt")
	}
	s.say.holds("sent again, as after a lost connection: the same receipt, byte by byte")

	var queue []*attempt
	for _, code := range codes[1:measured] {
		p := s.people.next()
		e := newEntry(&p, code, respond(s.people.rng))
		e.chances = 1
		queue = append(queue, good(e))
	}
	began := time.Now()
	if err := s.site.playAll(ctx, s.trial, queue, func(int) {}); err != nil {
		return err
	}
	s.perEntry = time.Since(began) / time.Duration(len(queue))
	s.say.holds("%d more people entered, %d at a time: %d ms each", len(queue), workers, s.perEntry.Milliseconds())
	return nil
}

// openLibrary opens the large campaign and the small one with it, with ends that leave time for all entries at the pace measured.
func (s *story) openLibrary(ctx context.Context) error {
	now := time.Now()
	window := 6*time.Second + 32*s.pace + time.Duration(s.Entries+smallEntries)*2*max(s.perEntry, 4*time.Millisecond)
	end := now.Add(window).Truncate(time.Second).Add(time.Second)
	libraryDue := end.Add(5*time.Second + 32*s.pace).Truncate(time.Second).Add(time.Second)
	objections := libraryDue.Add(3*time.Second + 8*s.pace).Truncate(time.Second)
	smallDue := objections.Add(5*time.Second + 32*s.pace).Truncate(time.Second)
	s.due = map[string]time.Time{librarySlug: libraryDue, smallSlug: smallDue}

	x := s.setting(librarySlug, setting{entriesEnd: end, objectionsEnd: end, due: libraryDue, margin: margin})
	s.say.text("Eight questions, three tiers of prizes, five alternates. In earnest it would run for weeks; here it ends in %d seconds, so that you can watch.", int(time.Until(end).Seconds()))
	var err error
	if s.library, err = s.open(ctx, sampledRules(libraryRules(librarySlug, "圖書館使用調查抽獎", "Library survey and draw", x)), true); err != nil {
		return err
	}
	x = s.setting(smallSlug, setting{entriesEnd: end, objectionsEnd: objections, due: smallDue, margin: margin})
	s.small, err = s.open(ctx, smallRules(smallSlug, x), false)
	return err
}
