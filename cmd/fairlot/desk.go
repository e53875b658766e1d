package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"fairlot/cmd/fairlot/private"
	"fairlot/cmd/instant"
	"fairlot/crypto/receipt"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type deskCmd struct {
	MoveChance deskMoveChance `cmd:"" help:"During the objection period: give the chance of a person, who shows ID card and saved receipt, to the entry of that receipt."`
	Correct    deskCorrect    `cmd:"" help:"Until entries end: correct the contact of a person who shows ID card and saved receipt."`
	Erase      deskErase      `cmd:"" help:"Erase a person who shows the saved receipt; without its secret, until the close, ID card and receipt."`
}

type deskErase struct {
	Campaign     string `arg:"" help:"Slug or id."`
	Receipt      string `required:"" placeholder:"FILE" help:"What the person saved, mode 0600: with the secret, or the signed part alone. Delete your copy afterwards."`
	IdentityFile string `placeholder:"FILE" help:"If the receipt comes without its secret: kind and number on the ID card, JSON of mode 0600: {\"idType\":\"ID_TYPE_CITIZEN\", \"idNumber\":…}. Asked on the terminal if not given."`
	Case         string `placeholder:"ID" help:"Id of the person's case, if there is one: the register of modifications then names it."`
	Yes          bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (deskErase) Help() string {
	return `It cannot be taken back. Until the campaign is closed chances, envelopes and consents go at once, and so does a response that is not
mixed yet; after the close the entry list stays as it is, and the daemon does the rest after the draws. Whoever has the secret can do the same
on the site, where the receipt is checked. A person who had to show the ID card is counted apart in public (erased-at-desk).

Example: fairlot desk erase autumn-reading --receipt receipt.txt`
}

// Run erases a person.
func (cmd *deskErase) Run(a *app) error {
	b, err := private.Read(cmd.Receipt, receipt.MaxSaved)
	if err != nil {
		return err
	}
	saved, unsaved := receipt.ParseSaved(b)
	note := b
	if unsaved == nil {
		note = saved.Note
	}
	open, id, _, err := noteLines(note)
	if err != nil {
		return fmt.Errorf("read %s: %w: want the file that the page let the person save, or the signed part of it", cmd.Receipt, err)
	}
	if unsaved == nil && draw.Secret(saved.S).R().EntrantID(open) != id {
		return receiptError(receipt.ErrNotYours)
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Campaign)
	if err != nil {
		return err
	}
	if c.OpenHash != "" && c.OpenHash != open.String() {
		return fmt.Errorf("%s is a receipt of another campaign than %s", cmd.Receipt, c.Slug)
	}
	desk := &fairlotv1.EraseAtDeskRequest{Parent: c.Name, Receipt: string(b)}
	if cmd.Case != "" {
		if desk.Case, err = a.personsCase(conn, cmd.Case, c.Name); err != nil {
			return err
		}
	}
	if unsaved != nil {
		if desk.IdType, desk.IdNumber, err = card(a, cmd.IdentityFile); err != nil {
			return err
		}
	}
	a.printf("entry %s of %s, %s\n", id, c.Slug, texts(c.Title))
	if err := a.confirm(cmd.Yes, "永久刪除這份收據的人嗎？ Erase the person of this receipt for good?"); err != nil {
		return err
	}
	svc := fairlotv1.NewEntryServiceClient(conn)
	before, _ := svc.GetEntryStatus(a.ctx, &fairlotv1.GetEntryStatusRequest{Name: c.Name + "/entries/" + id.String()}) // only for the words below: what refuses is the call that erases
	var st *fairlotv1.EntryStatus
	if unsaved == nil {
		st, err = svc.EraseEntry(a.ctx, &fairlotv1.EraseEntryRequest{Parent: c.Name, S: saved.S[:]})
	} else {
		st, err = svc.EraseAtDesk(a.ctx, desk)
	}
	if err != nil {
		return a.explain("erase", err)
	}
	a.erased(before, st)
	if unsaved != nil { // the daemon has written it down
		return nil
	}
	return a.registered(conn, desk.Case, fairlotv1.ModificationKind_MODIFICATION_KIND_ERASURE)
}

// erased says what an erasure did, and what of it waits. before is how it was, if that could be read.
func (a *app) erased(before, st *fairlotv1.EntryStatus) {
	switch {
	case before.GetErasure() == fairlotv1.EntryStatus_ERASURE_DONE:
		a.printf("was erased already: nothing is kept of identity, contact and consents of this person\n先前已刪除：此人的身分、聯絡資料與同意紀錄都已不在\n")
	case before.GetErasure() == fairlotv1.EntryStatus_ERASURE_WAITING:
		zh, en := "大約一分鐘內", "in a minute or so"
		if st.EraseTime != nil {
			zh, en = "抽獎之後", "after the draw of "+moment(st.EraseTime)
		}
		a.printf("was asked for already: the daemon destroys identity, contact and consents %s\n先前已提出：%s會銷毀此人的身分、聯絡資料與同意紀錄\n", en, zh)
	case st.Erasure == fairlotv1.EntryStatus_ERASURE_DONE:
		a.printf("erased: identity, contact and consents of this person are destroyed\n已刪除：此人的身分、聯絡資料與同意紀錄已銷毀\n")
	case st.EraseTime != nil:
		a.printf("noted: the entry list was fixed before, so the daemon destroys identity, contact and consents after the draw of %s, and gives away a prize in order\n已記下：名單在此之前已固定，抽獎之後才銷毀，若有獎項依名次遞補\n",
			instant.Text(st.EraseTime.AsTime()))
	default:
		a.printf("noted: the daemon destroys identity, contact and consents in a minute or so, and gives away a prize in order\n已記下：大約一分鐘內銷毀，若有獎項依名次遞補\n")
	}
}

// personsCase is the name of a case, if it is an open request of a person of this campaign.
func (a *app) personsCase(conn *grpc.ClientConn, id, campaign string) (string, error) {
	name, err := caseName(id)
	if err != nil {
		return "", err
	}
	x, err := fairlotv1.NewCaseServiceClient(conn).GetCase(a.ctx, &fairlotv1.GetCaseRequest{Name: name})
	if err != nil {
		return "", a.explain("read the case", err)
	}
	if x.Campaign != campaign || x.ReceivedDay == "" || x.Outcome != fairlotv1.CaseOutcome_CASE_OUTCOME_UNSPECIFIED {
		return "", fmt.Errorf("case %s is no open request of a person of this campaign: nothing was done", caseID(x))
	}
	return name, nil
}

// registered puts what was done into the register, if there is a case.
func (a *app) registered(conn *grpc.ClientConn, name string, kind fairlotv1.ModificationKind) error {
	if name == "" {
		return nil
	}
	svc := fairlotv1.NewCaseServiceClient(conn)
	if x, err := svc.GetCase(a.ctx, &fairlotv1.GetCaseRequest{Name: name}); err == nil && slices.Contains(x.Modifications, kind) {
		a.printf("the register has this of case %s already\n", caseID(x))
		return nil
	}
	if _, err := svc.RecordModification(a.ctx, &fairlotv1.RecordModificationRequest{Name: name, Kind: kind}); err != nil {
		return fmt.Errorf("it is done, but not in the register: fairlot case record %s --kind %s: %w", strings.TrimPrefix(name, "cases/"), lower(kind, "MODIFICATION_KIND_"), a.explain("record it", err))
	}
	return nil
}

// card reads kind and number of an ID card from a file, or asks for them.
func card(a *app, file string) (fairlotv1.IdType, string, error) {
	if file != "" {
		id := &fairlotv1.Identity{}
		b, err := private.Read(file, 8192)
		if err != nil {
			return 0, "", err
		}
		if err := protojson.Unmarshal(b, id); err != nil {
			// protojson quotes what it read, which is personal here.
			return 0, "", fmt.Errorf(`read %s: want JSON like {"idType": "ID_TYPE_CITIZEN", "idNumber": "…"}`, file)
		}
		return id.IdType, id.IdNumber, nil
	}
	if !terminal(a.in) {
		return 0, "", usage("the receipt has no secret, and nobody can be asked for the ID card here: give --identity-file FILE")
	}
	return a.askCard()
}

// askCard asks for kind and number of an ID card.
func (a *app) askCard() (kind fairlotv1.IdType, number string, err error) {
	for kind == fairlotv1.IdType_ID_TYPE_UNSPECIFIED {
		word, err := a.ask("證件種類 kind of card: 身分證 citizen, 居留證 resident", true)
		if err != nil {
			return 0, "", err
		}
		kind = map[string]fairlotv1.IdType{"citizen": fairlotv1.IdType_ID_TYPE_CITIZEN, "身分證": fairlotv1.IdType_ID_TYPE_CITIZEN,
			"resident": fairlotv1.IdType_ID_TYPE_RESIDENT, "居留證": fairlotv1.IdType_ID_TYPE_RESIDENT}[strings.ToLower(word)]
	}
	number, err = a.ask("證號 ID number on the card", true)
	return kind, number, err
}

// ask asks for one line on the terminal, again and again if it is required and stays empty.
func (a *app) ask(what string, required bool) (string, error) {
	if !required {
		what += " (可不填 may be empty)"
	}
	for {
		fmt.Fprintf(a.errw, "%s: ", what)
		line, err := a.line()
		if err != nil || line != "" || !required {
			return line, err
		}
	}
}

type deskMoveChance struct {
	Campaign     string `arg:"" help:"Slug or id."`
	SavedReceipt string `required:"" placeholder:"FILE" help:"The person's saved receipt, mode 0600. Delete your copy afterwards."`
	IdentityFile string `placeholder:"FILE" help:"Identity as typed at entry, JSON of mode 0600: {\"name\":…, \"idType\":\"ID_TYPE_CITIZEN\", \"idNumber\":…}. Asked on the terminal if not given."`
}

// Help is shown below the usage.
func (deskMoveChance) Help() string {
	return `For campaigns whose proof of person is none. The answers of both entries stay where they are; only the chance moves, and the
number of such moves is public.

Example: fairlot desk move-chance autumn-reading --saved-receipt receipt.txt`
}

// Run moves a chance.
func (cmd *deskMoveChance) Run(a *app) error {
	b, err := private.Read(cmd.SavedReceipt, receipt.MaxSaved)
	if err != nil {
		return err
	}
	saved, err := receipt.ParseSaved(b)
	if err != nil {
		return fmt.Errorf("read %s: %w: the person needs the file that the page let them save", cmd.SavedReceipt, err)
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Campaign)
	if err != nil {
		return err
	}
	id, err := askIdentity(a, cmd.IdentityFile, c.Form)
	if err != nil {
		return err
	}
	st, err := fairlotv1.NewEntryServiceClient(conn).MoveChance(a.ctx, &fairlotv1.MoveChanceRequest{
		Parent: c.Name, S: saved.S[:], Receipt: string(saved.Note), Identity: id, ContactCommitment: saved.Contact[:]})
	if err != nil {
		return a.explain("move chance", err)
	}
	if st.Counting == fairlotv1.EntryStatus_COUNTING_COUNTED {
		a.printf("the entry of this receipt counts now, with %s; the other entry of this person does not\n現在計入這份收據的那一筆，同一人的另一筆不計\n", plural(int64(st.Chances), "chance", "chances"))
	} else {
		a.printf("the entry does not count: %s\n", st.Reason)
	}
	return nil
}

// askIdentity reads who the person is, from a file or by asking what the campaign's form asked.
func askIdentity(a *app, file string, form *fairlotv1.EntryForm) (*fairlotv1.Identity, error) {
	id := &fairlotv1.Identity{}
	if file != "" {
		b, err := private.Read(file, 8192)
		if err != nil {
			return nil, err
		}
		if err := protojson.Unmarshal(b, id); err != nil {
			// protojson quotes what it read, which is personal here.
			return nil, fmt.Errorf(`read %s: want JSON like {"name": "…", "idType": "ID_TYPE_CITIZEN", "idNumber": "…"}`, file)
		}
		return id, nil
	}
	if !terminal(a.in) {
		return nil, usage("nobody can be asked here: give --identity-file FILE")
	}
	fmt.Fprintln(a.errw, "依證件，且與參加時所填相同 as on the card, and as typed at entry:")
	var err error
	if id.Name, err = a.ask("姓名 name", true); err != nil {
		return nil, err
	}
	if id.IdType, id.IdNumber, err = a.askCard(); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		rule fairlotv1.FieldRule
		what string
		to   *string
	}{{form.GetBirth(), "出生日期 date of birth, YYYY-MM-DD", &id.Birth}, {form.GetCard(), "借閱證號 library card number", &id.Card}, {form.GetGuardian(), "法定代理人姓名 guardian's name", &id.Guardian}} {
		if f.rule == fairlotv1.FieldRule_FIELD_RULE_UNSPECIFIED {
			continue
		}
		if *f.to, err = a.ask(f.what, f.rule == fairlotv1.FieldRule_FIELD_RULE_REQUIRED); err != nil {
			return nil, err
		}
	}
	return id, nil
}
