package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/private"
	"fairlot/cmd/fairlot/release"
	"fairlot/crypto/custody"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type releaseCmd struct {
	Prepare releasePrepare `cmd:"" help:"Notifier: have the opening of winners logged, and fetch their locks for the custodians."`
	Share   releaseShare   `cmd:"" help:"Custodian, offline: check everything and hand over the shares of winners, sealed to the notifiers."`
	Tax     releaseTax     `cmd:"" help:"Notifier, offline: join the custodians' shares of a release for tax, and write what the tax office asks for."`
}

type releasePrepare struct {
	Campaign       string `arg:"" help:"Slug or id."`
	Draw           int    `arg:"" help:"Number of the draw, from 1."`
	Purpose        string `default:"notice" enum:"notice,claim,tax,audit" placeholder:"WORD" help:"notice: the contacts of all who hold a seat and have not claimed yet. tax: the identities of who holds a prize above the rules' taxAbove. claim: the identity of the one seat of --rank, whose winner came without the secret of the receipt. audit: the identities of the audit sample, once."`
	Rank           int64  `placeholder:"N" help:"With --purpose claim: rank of the seat."`
	Stratum        int32  `placeholder:"N" default:"1" help:"With --purpose claim: its stratum."`
	AcceptUnproven bool   `help:"Go on although the draw is not confirmed from outside in time or rests on another chain than quicknet. The log will say so."`
	Earlier        bool   `help:"Write what was released before, although a new release waits."`
	Out            string `required:"" placeholder:"FILE" help:"New file for the request, mode 0600, which the notifier keeps. Beside it FILE.locks is made for the custodians: the same without envelopes."`
}

// Help is shown below the usage.
func (releasePrepare) Help() string {
	return `Opening winners takes two persons: the first time this asks for it, another notifier or an officer does it with fairlot approve, and
the second time the locks come out. The log says first how many are opened, and what for. Repeating it gives the same releases again; if
alternates were called meanwhile, it asks for one more.

For tax nobody is opened whose prize is not worth more than the rules say, or who has not claimed it; ask once the prizes are handed out. For a
claim only the seat is opened that you name, if it is not claimed yet and the claim period runs. For audit those are opened whom the draw's seed picked, winners or not, once, if
the rules have an audit sample; the auditor whom the rules name reads them (fairlot sample read).

Example: fairlot release prepare autumn-reading 1 --out request.json
         fairlot release prepare autumn-reading 1 --purpose tax --out tax.json
         fairlot release prepare autumn-reading 1 --purpose claim --rank 2 --out claim.json
         fairlot release prepare autumn-reading 1 --purpose audit --out sample.json`
}

// Run prepares a release.
func (cmd *releasePrepare) Run(a *app) error {
	purpose := custody.Purpose(cmd.Purpose)
	if (purpose == custody.Claim) != (cmd.Rank > 0) {
		return usage("--rank goes with --purpose claim, which opens that one seat and no other")
	}
	ask := &fairlotv1.PrepareReleaseRequest{AcceptUnproven: cmd.AcceptUnproven, Purpose: releasePurposes[purpose], Rank: cmd.Rank}
	if purpose == custody.Claim {
		ask.Stratum = cmd.Stratum
	}
	locksFile := cmd.Out + ".locks"
	for _, path := range []string{cmd.Out, locksFile} {
		if err := free(path); err != nil {
			return err
		}
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, name, err := a.findDraw(conn, cmd.Campaign, cmd.Draw)
	if err != nil {
		return err
	}
	if purpose == custody.Notice || purpose == custody.Tax {
		out, err := a.leftOut(conn, c, cmd.Draw, purpose)
		if err != nil {
			return err
		}
		a.printf("%s", out)
	}
	id, err := draw.ParseCampaignID(strings.Split(name, "/")[1])
	if err != nil {
		return fmt.Errorf("prepare release: the daemon named the campaign %q", name)
	}
	ask.Name = name
	res, err := fairlotv1.NewDrawServiceClient(conn).PrepareRelease(a.ctx, ask)
	if err != nil {
		return a.explain("prepare release", err)
	}
	if res.Approval != nil {
		a.asked(res.Approval)
		if !cmd.Earlier {
			a.printf("then fetch it by repeating this command; nothing is written now\n")
			return nil
		}
	}
	request, err := release.Marshal(id, cmd.Draw, purpose, res)
	if err != nil {
		return err
	}
	locks, err := release.Locks(id, cmd.Draw, purpose, res)
	if err != nil {
		return err
	}
	if err := private.Write(cmd.Out, request); err != nil {
		return err
	}
	if err := private.Write(locksFile, locks); err != nil {
		return err
	}
	for i, r := range res.Releases {
		a.printf("release %d, opened record %s: %s\n", i+1, r.OpenedHash, opens(purpose, len(r.Entrants)))
	}
	if purpose == custody.Audit {
		a.printf("next: hand %s and the newest bundle (%s, fetched from now on) to the custodians, who run `fairlot release share`, and %s to the auditor (notifier %d), who runs `fairlot sample read`\n", locksFile, a.bundleAddress(c), cmd.Out, c.Auditor)
		return nil
	}
	a.printf("next: hand %s and the newest bundle (%s, fetched from now on) to the custodians, who run `fairlot release share`; keep %s for `fairlot %s`\n", locksFile, a.bundleAddress(c), cmd.Out,
		map[custody.Purpose]string{custody.Notice: "notify", custody.Claim: "claim opened", custody.Tax: "release tax"}[purpose])
	return nil
}

// leftOut names in a line, empty if there are none, the seats that the daemon leaves out of a release: of one for tax those above the sum of the rules that nobody has claimed,
// of one for the notice those that were claimed.
func (a *app) leftOut(conn *grpc.ClientConn, c *fairlotv1.Campaign, n int, purpose custody.Purpose) (string, error) {
	if n > len(c.Draws) {
		return "", nil
	}
	name := fmt.Sprintf("%s/draws/%d", c.Name, n)
	d, err := fairlotv1.NewDrawServiceClient(conn).GetDraw(a.ctx, &fairlotv1.GetDrawRequest{Name: name})
	if err != nil {
		return "", a.explain("show the draw", err)
	}
	res, err := fairlotv1.NewClaimServiceClient(conn).ListClaims(a.ctx, &fairlotv1.ListClaimsRequest{Parent: name})
	if err != nil {
		return "", a.explain("list the claims", err)
	}
	if purpose == custody.Notice {
		return claimedText(d.Seats, res.Claims), nil
	}
	return unclaimedText(d.Seats, c.Draws[n-1].Tiers, c.TaxAbove, res.Claims), nil
}

func claimedText(seats []*fairlotv1.Seat, claims []*fairlotv1.Claim) string {
	return seatsText("nobody is opened who has claimed the prize already", "", seats, func(s *fairlotv1.Seat) bool { return s.Vacated == "" && claimed(claims, s) })
}

func claimed(claims []*fairlotv1.Claim, s *fairlotv1.Seat) bool {
	return slices.ContainsFunc(claims, func(x *fairlotv1.Claim) bool { return x.Stratum == s.Stratum && x.Rank == s.Rank })
}

func seatsText(before, behind string, seats []*fairlotv1.Seat, which func(*fairlotv1.Seat) bool) string {
	var list []string
	for _, s := range seats {
		if which(s) {
			list = append(list, fmt.Sprintf("stratum %d rank %d", s.Stratum, s.Rank))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return before + ": " + strings.Join(list, ", ") + behind + "\n"
}

func unclaimedText(seats []*fairlotv1.Seat, tiers []*fairlotv1.Tier, above int64, claims []*fairlotv1.Claim) string {
	return seatsText("left out, since nobody has claimed the prize yet", "; who comes later is for another release", seats, func(s *fairlotv1.Seat) bool {
		return !claimed(claims, s) && s.Vacated == "" && s.Prize > 0 && int(s.Prize) <= len(tiers) && tiers[s.Prize-1].Value > above
	})
}

var releasePurposes = map[custody.Purpose]fairlotv1.ReleasePurpose{
	custody.Notice: fairlotv1.ReleasePurpose_RELEASE_PURPOSE_NOTICE, custody.Claim: fairlotv1.ReleasePurpose_RELEASE_PURPOSE_CLAIM, custody.Tax: fairlotv1.ReleasePurpose_RELEASE_PURPOSE_TAX,
	custody.Audit: fairlotv1.ReleasePurpose_RELEASE_PURPOSE_AUDIT,
}

// opens says how many are opened, and what of them.
func opens(purpose custody.Purpose, n int) string {
	if purpose == custody.Notice {
		return plural(int64(n), "contact", "contacts")
	}
	return plural(int64(n), "identity", "identities")
}

// readRequest reads a request and takes its n-th release, the newest if n is 0.
func readRequest(path string, n int) (*release.Request, *release.Release, error) {
	b, err := private.Read(path, release.MaxFile)
	if err != nil {
		return nil, nil, err
	}
	req, err := release.Parse(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	rel, err := req.Pick(n)
	if err != nil {
		return nil, nil, usage("--release: %v", err)
	}
	return req, rel, nil
}

type releaseShare struct {
	Key            string `required:"" placeholder:"FILE" help:"Your key file, with its pin beside it."`
	Request        string `required:"" placeholder:"FILE" help:"The file of locks that release prepare or case release wrote."`
	Bundle         string `required:"" placeholder:"PATH|URL" help:"The campaign's newest bundle."`
	Out            string `required:"" placeholder:"FILE" help:"New file for the shares. Only the notifiers of the campaign can read what is in it."`
	Release        int    `placeholder:"N" help:"Which release of the request, from 1 as release prepare lists them; the newest one if not given."`
	AcceptUnproven bool   `help:"Hand over although the draw is not proven, or your own cosignature is missing. Agree on it with the other custodians first."`
	Yes            bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (releaseShare) Help() string {
	return `Refused, each with its reason: a bundle that does not verify or is not the pinned campaign's; a draw that is not proven (exit 3 of
verify) unless you accept it; a release that the log does not announce, or not with this count; an entrant who holds no seat; a
lock that is another's or was relabelled; other entrants under an opened record that you released for before, which KEYFILE.released
remembers. Who was replaced meanwhile is left out, and named. A release for tax is refused if it names anybody whose prize is not worth more than the public rules say, one
for a claim if it names more than one, one for audit if it names anybody whom the draw's seed did not pick for the sample, or is not the first of the draw: it is sealed to the
auditor whom the public rules name, and everything else to the other notifiers.
The locks of a case (fairlot case release) are taken too: then the log must announce
this very case, of these entries, once, and it must not have expired; its shares are sealed to the one notifier whom it names.

Example: fairlot release share --key maria.key --request request.json.locks --bundle drawn.tar --out maria.shares`
}

// Run hands over shares.
func (cmd *releaseShare) Run(a *app) error {
	if err := free(cmd.Out); err != nil {
		return err
	}
	if b, err := private.Read(cmd.Request, release.MaxFile); err == nil && release.IsCase(b) {
		return cmd.shareCase(a, b)
	}
	req, rel, err := readRequest(cmd.Request, cmd.Release)
	if err != nil {
		return err
	}
	if req.Sealed {
		return cmd.sealed()
	}
	if err := custodian.Approved(rel, time.Now()); err != nil {
		return fmt.Errorf("nothing is handed over: %w", err)
	}
	w, err := a.sharing(cmd.Key, cmd.Bundle)
	if err != nil {
		return err
	}
	defer w.end()
	c, next := w.bundle, w.pin
	plan, err := w.key.Share(c, next, w.released, req, rel, cmd.AcceptUnproven)
	if err != nil {
		return fmt.Errorf("nothing is handed over: %w", err)
	}
	a.session(c, req, rel, plan, next.Size)
	what := map[bool]string{true: "聯絡資料", false: "姓名與證號"}[req.Purpose == custody.Notice]
	if err := a.confirm(cmd.Yes, fmt.Sprintf("Hand over your shares of %s, as custodian %d? 以保管人 %d 的身分交出這 %d 份%s的金鑰份額？",
		opens(req.Purpose, len(plan.Shares)), plan.Number, plan.Number, len(plan.Shares), what)); err != nil {
		return err
	}
	sealed, err := plan.Seal(c.Outcome.Open)
	if err != nil {
		return err
	}
	if err := private.Replace(releasedFile(cmd.Key), plan.Released.Marshal()); err != nil {
		return err
	}
	if err := private.Write(cmd.Out, sealed); err != nil {
		return err
	}
	a.printf("shares of %s in %s: send it to %s\n", opens(req.Purpose, len(plan.Shares)), cmd.Out, map[bool]string{true: "the auditor", false: "the notifier"}[req.Purpose == custody.Audit])
	return nil
}

// sealed refuses the notifier's file: a custodian who has envelopes and agrees with as many others as open them needs nobody else.
func (cmd *releaseShare) sealed() error {
	return fmt.Errorf("nothing is handed over: %s holds sealed envelopes, which are for the notifier alone: delete it here, tell whoever sent it, and have them send the file that ends in .locks, which was written beside it", cmd.Request)
}

// sharing is a custodian's key at work: with what it remembers, and a bundle that continues it.
type sharing struct {
	key      *custodian.Key
	pin      custodian.Pin
	released custodian.Released
	bundle   *bundle.Checked
	end      func()
}

// sharing takes a key for itself, until end, and checks a bundle against what the key remembers.
func (a *app) sharing(keyFile, where string) (*sharing, error) {
	k, err := a.readCustodian(keyFile)
	if err != nil {
		return nil, err
	}
	done, err := private.Hold(keyFile)
	if err != nil {
		return nil, err
	}
	w := &sharing{key: k, end: done}
	fail := func(err error) (*sharing, error) {
		w.end()
		return nil, err
	}
	pin, err := needPin(keyFile)
	if err != nil {
		return fail(err)
	}
	if w.released, err = readReleased(keyFile); err != nil {
		return fail(err)
	}
	if w.bundle, err = a.check(where); err != nil {
		return fail(err)
	}
	w.end = func() { w.bundle.Files.Close(); done() }
	if w.pin, err = custodian.CheckPin(pin, w.bundle); err != nil {
		return fail(fmt.Errorf("nothing is handed over: %w", err))
	}
	// Also if nothing is handed over: who was refused on the newest bundle must not be asked again with an older one.
	if err := writePin(keyFile, w.pin); err != nil {
		return fail(err)
	}
	return w, nil
}
