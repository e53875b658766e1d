package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/private"
	"fairlot/cmd/instant"
	"fairlot/crypto/receipt"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/entrant"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/verify"
)

type claimCmd struct {
	Record claimRecord `cmd:"" default:"withargs" help:"Check receipt and ID card, and record that the prize was claimed (the default)."`
	Check  claimCheck  `cmd:"" help:"The same check from a bundle alone, without a daemon. Nothing is recorded."`
	Opened claimOpened `cmd:"" help:"Notifier: the same for a winner who has lost the receipt or its secret, with what custodians opened for this claim."`
	List   claimList   `cmd:"" help:"List the claims of a draw."`
}

// came is who is at the desk.
type came struct {
	IdentityFile string `placeholder:"FILE" help:"The winner's identity as on the card and as typed at entry, JSON of mode 0600. Asked on the terminal if not given."`
	Proxy        bool   `xor:"way" help:"Somebody with a written authorisation has come for the winner."`
	Guardian     bool   `xor:"way" help:"The guardian of a winner under age has come, with or without them."`
	Masked       string `placeholder:"FILE" help:"Note the masked name for the public list of winners here, if the rules announce one (fairlot winners). Nothing else of the card is in the file, of mode 0600."`
}

// desk is what is shown at the desk.
type desk struct {
	SavedReceipt   string `required:"" placeholder:"FILE" help:"The winner's saved receipt, with its secret, mode 0600. Delete your copy afterwards."`
	came           `embed:""`
	AcceptUnproven bool `help:"Go on although the draw is not proven (verify exits 3)."`
}

type claimRecord struct {
	desk     `embed:""`
	Campaign string `arg:"" help:"Slug or id."`
	Draw     int    `arg:"" help:"Number of the draw, from 1."`
	Bundle   string `placeholder:"PATH|URL" help:"Bundle to check against; the site's if not given."`
	Yes      bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (claimRecord) Help() string {
	return `Nothing is opened. The card, the receipt and its secret are compared with the entry list and the ranking on this machine; the daemon learns only
which entry it is. Name and number leave this machine in no way, and are in no file. It keeps: the seat, the day, your label, and who came.

Refused, each with its reason: a receipt that is not this campaign's or was changed; a draw that is void, has no result, or is not proven; an entry that holds no
seat (not drawn, an alternate not called, replaced, erased); another person than the one who entered; somebody whom the rules do not let come; a prize
that was claimed before; a claim period that is over.

Example: fairlot claim autumn-reading 1 --saved-receipt receipt.txt`
}

// Run records a claim.
func (cmd *claimRecord) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	found, name, err := a.findDraw(conn, cmd.Campaign, cmd.Draw)
	if err != nil {
		return err
	}
	where := cmd.Bundle
	if where == "" {
		where = a.bundleAddress(found)
	}
	c, err := a.check(where)
	if err != nil {
		return err
	}
	defer c.Files.Close()
	if "campaigns/"+c.Outcome.Open.Campaign.String() != found.Name {
		return fmt.Errorf("%s is the bundle of another campaign than %s", where, cmd.Campaign)
	}
	r, way, list, err := cmd.judge(a, c, cmd.Draw)
	if err != nil {
		return err
	}
	return a.record(conn, &fairlotv1.RecordClaimRequest{Name: name, R: r[:], Way: way}, cmd.Yes, list)
}

// record asks who is at the desk once more, has the claim recorded, and then notes what the public list may show.
func (a *app) record(conn *grpc.ClientConn, req *fairlotv1.RecordClaimRequest, yes bool, list *masked) error {
	if err := a.confirm(yes, map[fairlotv1.ClaimWay]string{
		fairlotv1.ClaimWay_CLAIM_WAY_SELF:     "證件上的人就是眼前這一位，並把獎項交出去嗎？ Is the person on the card the one before you, and do you hand out the prize?",
		fairlotv1.ClaimWay_CLAIM_WAY_PROXY:    "已看過得獎人的書面委託，以及來人自己的證件，並把獎項交出去嗎？ Have you seen the winner's written authorisation and the own ID card of who has come, and do you hand out the prize?",
		fairlotv1.ClaimWay_CLAIM_WAY_GUARDIAN: "已確認法定代理人的身分，並把獎項交出去嗎？ Have you seen who the guardian is, and do you hand out the prize?",
	}[req.Way]); err != nil {
		return err
	}
	claim, err := fairlotv1.NewClaimServiceClient(conn).RecordClaim(a.ctx, req)
	if err != nil {
		return a.explain("record claim", err)
	}
	if claim.Repeated {
		a.printf("you recorded this claim before, today: if the prize was handed out then, hand out nothing more\n今天已登記過這次領獎：若當時已交出獎項，請勿再交\n")
	} else {
		a.printf("recorded: prize %d, rank %d, claimed on %s (%s)\n已登記領獎：獎項 %d，名次 %d，%s\n", claim.Tier, claim.Rank, claim.Day, wayName(claim.Way), claim.Tier, claim.Rank, claim.Day)
	}
	if err := list.write(); err != nil {
		return fmt.Errorf("the claim is recorded, the masked name is not noted: %w", err)
	}
	return nil
}

func wayName(w fairlotv1.ClaimWay) string {
	return strings.ToLower(strings.TrimPrefix(w.String(), "CLAIM_WAY_"))
}

type claimCheck struct {
	desk   `embed:""`
	Draw   int    `arg:"" help:"Number of the draw, from 1."`
	Bundle string `required:"" placeholder:"PATH|URL" help:"The campaign's newest bundle: replacements since are not in an older one."`
}

// Help is shown below the usage.
func (claimCheck) Help() string {
	return `For a desk without a line to the daemon. Whether the claim period is over and whether somebody claimed before, only the daemon knows: record the claim
with fairlot claim before the prize is handed out, or as soon as you can.

Example: fairlot claim check 1 --saved-receipt receipt.txt --bundle drawn.tar`
}

// Run checks a claim.
func (cmd *claimCheck) Run(a *app) error {
	c, err := a.check(cmd.Bundle)
	if err != nil {
		return err
	}
	defer c.Files.Close()
	_, _, list, err := cmd.judge(a, c, cmd.Draw)
	if err != nil {
		return err
	}
	if err := list.write(); err != nil {
		return err
	}
	a.printf("nothing is recorded; the daemon knows whether the claim period is over, and whether somebody claimed before\n尚未登記；領獎期限是否已過、是否已有人領取，只有伺服程式知道\n")
	return nil
}

// judge says whether who shows these holds a seat, and returns what the daemon is told.
func (d *desk) judge(a *app, c *bundle.Checked, n int) (draw.R, fairlotv1.ClaimWay, *masked, error) {
	refused := func(err error) (draw.R, fairlotv1.ClaimWay, *masked, error) { return draw.R{}, 0, nil, err }
	list, err := readMasked(d.Masked, c)
	if err != nil {
		return refused(err)
	}
	b, err := private.Read(d.SavedReceipt, receipt.MaxSaved)
	if err != nil {
		return refused(err)
	}
	defer clear(b)
	saved, err := receipt.ParseSaved(b)
	if err != nil {
		return refused(fmt.Errorf("read %s: %w: the winner needs the file that the page let them save, with the secret in it", d.SavedReceipt, err))
	}
	drawn, ok := c.Draw(n)
	if !ok {
		return refused(usage("draw %d: the campaign has %s", n, plural(int64(len(c.Outcome.Draws)), "draw", "draws")))
	}
	switch {
	case drawn.State == verify.StateVoid:
		return refused(fmt.Errorf("draw %d is void (%s): nobody has won", n, drawn.Void))
	case drawn.State != verify.StateDrawn:
		return refused(notDrawn(drawn))
	case !custodian.Proven(drawn) && !d.AcceptUnproven:
		return refused(fmt.Errorf("draw %d is computed correctly but not proven (see fairlot verify): to hand out the prize all the same, say --accept-unproven", n))
	}
	s, err := verify.Receipt(c.Files.Files, c.Outcome, b)
	if errors.Is(err, verify.ErrMissing) || errors.Is(err, verify.ErrDiffers) {
		return refused(fmt.Errorf("%w: the entry list does not honour a receipt that the institution signed. Keep both, and run fairlot receipt", err))
	}
	if err != nil {
		return refused(receiptError(err))
	}
	at := s.Draws[n-1]
	if err := d.seated(c, drawn, at); err != nil {
		return refused(err)
	}
	line := draw.Line{Stratum: at.Stratum, Rank: int(at.Rank), ID: s.Receipt.ID, Seat: at.Seat}
	a.prize(c, n, line)
	r := draw.Secret(saved.S).R()
	text, err := d.card(a, c)
	defer clear(text)
	if err != nil {
		return refused(err)
	}
	if seal.NewOpenings(r, text, nil).CI != saved.Identity {
		return refused(errNotThisCard)
	}
	way, err := d.accept(a, c, n, line, text, list)
	return r, way, list, err
}

// notDrawn says that a draw has no result in a bundle, and whether a newer one can have it.
func notDrawn(d *verify.Draw) error {
	if time.Now().Before(d.RoundTime) {
		return fmt.Errorf("draw %d is not drawn yet: it is due %s", d.N, instant.Text(d.RoundTime))
	}
	return fmt.Errorf("draw %d is not drawn in this bundle: get the newest (it was due %s; fairlot draw show says where it stands)", d.N, instant.Text(d.RoundTime))
}

var errNotThisCard = errors.New("this card is not of the person who entered (證件與參加時所填不符：請問當初姓名怎麼寫，再試一次；證件種類與號碼照證件；都不符就不要交出任何東西): ask the winner how they typed the name at entry (a variant of a character, a space, another script) and repeat it with that, as often as you like; kind and number are the card's. If nothing fits, hand nothing out")

// prize says what is claimed, and who may come for it.
func (a *app) prize(c *bundle.Checked, n int, l draw.Line) {
	group := ""
	if len(c.Titles.Strata) > 0 {
		group = ", 組別 stratum " + c.Titles.Stratum(l.Stratum)
	}
	a.printf("抽獎 draw %d%s, 名次 rank %d: 獎項 PRIZE %d: %s\n%s", n, group, l.Rank, l.Seat, prizeTitle(c.Titles, c.Prize(n, l)), claimRules(c.Titles))
}

// accept is for a card that is of the person who entered: it says so, tells whether who came may, and takes down what the public list shows.
func (w *came) accept(a *app, c *bundle.Checked, n int, l draw.Line, text []byte, list *masked) (fairlotv1.ClaimWay, error) {
	a.printf("the card is of the person who entered 證件是參加者本人的\n")
	id, err := draw.ParseIdentity(text)
	if err != nil {
		return 0, err
	}
	list.add(c, n, l, id.Name, id.IDNumber)
	return w.way(c, id.Birth, time.Now())
}

// seated refuses an entry that holds no seat, and says why.
func (d *desk) seated(c *bundle.Checked, drawn *verify.Draw, at verify.DrawStanding) error {
	switch {
	case !at.Counted:
		newer := ""
		if slices.Contains(at.Reasons, "superseded") {
			newer = ". If its contact was corrected, or the chance moved, the person has another receipt, and that one counts: ask for it 若曾更正聯絡資料或移轉機會，請出示另一份收據"
		}
		return fmt.Errorf("這筆參加不計入抽獎 this entry does not count in draw %d (chances 0); reasons given for such entries: %s%s", at.N, strings.Join(at.Reasons, ", "), newer)
	case at.Seat > 0:
		return nil
	}
	why, err := vacatedFor(c, at)
	switch {
	case err != nil:
		return err
	case why != "":
		return fmt.Errorf("此名次的獎項已空出 rank %d of draw %d gave up its seat (%s): the public log says so", at.Rank, at.N, why)
	case at.Alternate:
		return fmt.Errorf("備取，尚未遞補 rank %d of draw %d is an alternate who was not called", at.Rank, at.N)
	}
	return fmt.Errorf("未中獎 this entry did not win in draw %d: rank %d of %d", at.N, at.Rank, at.Of)
}

// vacatedFor is the reason for which an entry gave up its seat; empty: it did not.
func vacatedFor(c *bundle.Checked, at verify.DrawStanding) (why string, err error) {
	err = c.Each(func(_ int64, b []byte) error {
		if !strings.HasPrefix(string(b), "fairlot/v1 replace\n") {
			return nil
		}
		rec, err := draw.ParseRecord(b)
		if err != nil {
			return err
		}
		if r, ok := rec.(*draw.Replace); ok && r.Open == c.Outcome.OpenHash && r.Draw == at.N && r.Stratum == at.Stratum && int64(r.Vacated) == at.Rank {
			why = r.Reason
		}
		return nil
	})
	return why, err
}

// card is the identity text of who is on the card: the bytes that were sealed, if it is who entered.
func (w *came) card(a *app, c *bundle.Checked) ([]byte, error) {
	f := c.Titles.Form
	ask := func(x entrant.Ask) fairlotv1.FieldRule { return fairlotv1.FieldRule(x) }
	id, err := askIdentity(a, w.IdentityFile, &fairlotv1.EntryForm{Birth: ask(f.Birth), Card: ask(f.Card), Guardian: ask(f.Guardian)})
	if err != nil {
		return nil, err
	}
	kind := strings.ToLower(strings.TrimPrefix(id.IdType.String(), "ID_TYPE_"))
	texts, wrong := entrant.CanonicalIdentity(f, entrant.Identity{Name: id.Name, IDType: kind, IDNumber: id.IdNumber, Birth: id.Birth, Card: id.Card, Guardian: id.Guardian}, time.Now())
	if len(wrong) > 0 {
		texts.Wipe()
		return nil, fmt.Errorf("%s: %s", strings.TrimPrefix(wrong[0].Path, "identity."), wrong[0].Text)
	}
	return texts.Identity, nil
}

// way is who came, if the rules let them.
func (w *came) way(c *bundle.Checked, birth string, now time.Time) (fairlotv1.ClaimWay, error) {
	zone, err := time.LoadLocation(c.Outcome.Open.Zone)
	if err != nil {
		return 0, fmt.Errorf("time zone %s: %w", c.Outcome.Open.Zone, err)
	}
	below := c.Titles.GuardianBelow
	minor := false
	if below > 0 {
		if minor, err = younger(birth, below, now.In(zone)); err != nil {
			return 0, err
		}
	}
	switch {
	case minor && !w.Guardian:
		return 0, fmt.Errorf("the winner is younger than %d: by the rules the guardian must come; then say --guardian", below)
	case minor:
		return fairlotv1.ClaimWay_CLAIM_WAY_GUARDIAN, nil
	case w.Guardian && below == 0:
		return 0, errors.New("the rules of this campaign know no guardians: the winner must come")
	case w.Guardian:
		return 0, fmt.Errorf("the winner is %d or older, so no guardian can come instead", below)
	case w.Proxy && !c.Titles.Proxy:
		return 0, errors.New("the rules of this campaign let nobody claim for a winner: the winner must come")
	case w.Proxy:
		return fairlotv1.ClaimWay_CLAIM_WAY_PROXY, nil
	}
	return fairlotv1.ClaimWay_CLAIM_WAY_SELF, nil
}

// younger tells whether somebody born on a day is not yet so many years old on the day of now.
func younger(birth string, years int, now time.Time) (bool, error) {
	born, err := time.ParseInLocation(time.DateOnly, birth, now.Location())
	if err != nil {
		return false, errors.New("no date of birth was stated at entry, so nobody can tell whether a guardian must come")
	}
	return now.Before(born.AddDate(years, 0, 0)), nil // who was born on 29 February comes of age on 1 March
}

// claimRules says in words who may come.
func claimRules(t bundle.Titles) string {
	var b strings.Builder
	if t.Proxy {
		b.WriteString("規則 rules: 可由持得獎人書面委託的人代領 somebody else may come with a written authorisation by the winner\n")
	} else {
		b.WriteString("規則 rules: 須由得獎人本人領取 nobody else may come for the winner\n")
	}
	if t.GuardianBelow > 0 {
		fmt.Fprintf(&b, "規則 rules: 得獎人未滿 %d 歲，須由法定代理人到場 for a winner younger than %d the guardian must come\n", t.GuardianBelow, t.GuardianBelow)
	}
	for i, lang := range []string{"zh-Hant-TW", "en"} {
		if s := bundle.In(lang, t.Claim); s != "" && (i == 0 || s != bundle.In("zh-Hant-TW", t.Claim)) {
			fmt.Fprintf(&b, "規則 rules: %s\n", s)
		}
	}
	return b.String()
}

type claimList struct {
	Campaign string `arg:"" help:"Slug or id."`
	Draw     int    `arg:"" help:"Number of the draw, from 1."`
	JSON     bool   `name:"json" help:"Print JSON."`
}

// Help is shown below the usage.
func (claimList) Help() string { return `Example: fairlot claim list autumn-reading 1` }

// Run lists claims.
func (cmd *claimList) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, name, err := a.findDraw(conn, cmd.Campaign, cmd.Draw)
	if err != nil {
		return err
	}
	res, err := fairlotv1.NewClaimServiceClient(conn).ListClaims(a.ctx, &fairlotv1.ListClaimsRequest{Parent: name})
	if err != nil {
		return a.explain("list claims", err)
	}
	if cmd.JSON {
		return a.printJSON(res)
	}
	if len(res.Claims) == 0 {
		a.printf("nobody has claimed yet\n")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "STRATUM\tRANK\tPRIZE\tDAY\tWHO CAME\tRECORDED BY\n")
	for _, c := range res.Claims {
		prize := fmt.Sprint(c.Tier)
		if c.Tier == 0 {
			prize = "vacated since"
		}
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\t%s\n", c.Stratum, c.Rank, prize, c.Day, wayName(c.Way), c.Label)
	}
	return w.Flush()
}
