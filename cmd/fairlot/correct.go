package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"fairlot/cmd/fairlot/client"
	"fairlot/cmd/fairlot/private"
	"fairlot/crypto/receipt"
	"fairlot/crypto/seal"
	"fairlot/draw"
	"fairlot/entrant"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type deskCorrect struct {
	Campaign     string `arg:"" help:"Slug or id."`
	SavedReceipt string `required:"" placeholder:"FILE" help:"The person's saved receipt, with its secret, mode 0600. Delete your copy afterwards."`
	IdentityFile string `placeholder:"FILE" help:"Identity as on the card, JSON of mode 0600: {\"name\":…, \"idType\":\"ID_TYPE_CITIZEN\", \"idNumber\":…}. Asked on the terminal if not given."`
	ContactFile  string `placeholder:"FILE" help:"The new contact, whole, JSON of mode 0600: {\"lang\":\"zh-Hant-TW\", \"phone\":…, \"email\":…, \"address\":…}. Asked on the terminal if not given."`
	Out          string `required:"" placeholder:"FILE" help:"Where the new saved receipt goes. Hand it to the person, then delete it."`
	Case         string `placeholder:"ID" help:"Id of the person's case, if there is one: the register of modifications then has it."`
	Yes          bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (deskCorrect) Help() string {
	return `Until entries end. A new entry with the new contact takes the chances of the old one, which stays in the list as superseded; its contact is destroyed,
and its answers stay where they are. ID type and number must be those of the entry; ten tries a person, wrong numbers counted. Whoever has the saved receipt
can do the same on the site. Without the secret in it nothing can be corrected.

If the answer is lost, repeat the very same command: --out keeps the new secret, and nothing happens twice.

Example: fairlot desk correct autumn-reading --saved-receipt receipt.txt --out new-receipt.txt`
}

// Run corrects a contact.
func (cmd *deskCorrect) Run(a *app) error {
	b, err := private.Read(cmd.SavedReceipt, receipt.MaxSaved)
	if err != nil {
		return err
	}
	defer clear(b)
	saved, err := receipt.ParseSaved(b)
	if err != nil {
		if _, _, _, plain := noteLines(b); plain == nil {
			return fmt.Errorf("read %s: this is the signed part alone, and without the secret nothing can be corrected: the person needs the file that the page let them save. If that is lost, while entries are open: "+
				"erase the person by ID card and this receipt (fairlot desk erase), and let them enter anew, with a new code where codes are asked (fairlot token members)", cmd.SavedReceipt)
		}
		return fmt.Errorf("read %s: %w: the person needs the file that the page let them save, with the secret in it", cmd.SavedReceipt, err)
	}
	s, begun, there := newSecret(cmd.Out) // what is there may be what this command made before
	if there != nil && !errors.Is(there, fs.ErrExist) {
		return there
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
	request := ""
	if cmd.Case != "" {
		if request, err = a.personsCase(conn, cmd.Case, c.Name); err != nil {
			return err
		}
	}
	open, openHash, err := openOf(c)
	if err != nil {
		return err
	}
	old, err := saved.Check(open.Receipt)
	if err != nil {
		return receiptError(err)
	} else if draw.Hash(old.Open) != openHash {
		return fmt.Errorf("%s is a receipt of another campaign than %s", cmd.SavedReceipt, cmd.Campaign)
	}
	var made receipt.Saved
	if there != nil {
		if made, err = cmd.replacement(a, conn, c, open, old); err != nil {
			return there
		}
		s = made.S
	}
	id, err := askIdentity(a, cmd.IdentityFile, c.Form)
	if err != nil {
		return err
	}
	contact, err := askContact(a, cmd.ContactFile, c.Form)
	if err != nil {
		return err
	}
	r := s.R()
	openings, err := openingsOf(r, c.Form, id, contact)
	if err != nil {
		return err
	}
	if there != nil {
		if made.Identity != openings.CI || made.Contact != openings.CC {
			return there
		}
		a.printf("done already: %s is the new receipt, of this person and this contact; the old one says superseded\n先前已更正：新收據在 %s\n", cmd.Out, cmd.Out)
		return a.registered(conn, request, fairlotv1.ModificationKind_MODIFICATION_KIND_CORRECTION)
	}
	if err := a.confirm(cmd.Yes, "證件上的人就是眼前這一位，並要銷毀舊的聯絡資料嗎？ Is the person on the card the one before you, and shall the old contact be destroyed?"); err != nil {
		return err
	}
	if !begun {
		if err := private.Write(cmd.Out, beginning(s)); err != nil {
			return err
		}
	}
	got, err := fairlotv1.NewEntryServiceClient(conn).CorrectEntry(a.ctx, &fairlotv1.CorrectEntryRequest{
		Parent: c.Name, S: saved.S[:], R: r[:], NoticeHash: c.NoticeHash, Identity: id, Contact: contact})
	switch {
	case client.Unknown(err):
		return fmt.Errorf("%w; whether it was done is not known: repeat the very same command, %s keeps the new secret", a.explain("correct", err), cmd.Out)
	case err != nil:
		return errors.Join(a.explain("correct", err), os.Remove(cmd.Out))
	}
	text, err := receipt.Saved{S: s, Draws: true, Identity: openings.CI, Contact: openings.CC, Note: []byte(got.Receipt)}.Format()
	if err != nil {
		return err
	}
	if err := private.Replace(cmd.Out, text); err != nil {
		return err
	}
	next, err := receipt.ParseSaved(text)
	if err == nil {
		_, err = next.Check(open.Receipt)
	}
	if err != nil {
		return fmt.Errorf("the new receipt in %s does not fit what was sent (%w): keep it, and tell whoever runs the daemon at once", cmd.Out, err)
	}
	a.printf("corrected: the old contact is destroyed, and the old receipt says superseded\nthe new receipt is in %s: hand it to the person, delete your copies of both, and tell them to throw the old one away\n已更正：舊的聯絡資料已銷毀，舊收據已由新的取代；請把 %s 交給本人，刪除您手上的兩份\nhow many more corrections there may be 還可更正: %d\n", cmd.Out, cmd.Out, got.GetCorrectionsLeft())
	return a.registered(conn, request, fairlotv1.ModificationKind_MODIFICATION_KIND_CORRECTION)
}

// replacement reads the receipt in --out, if it is of an entry of this campaign that stands, and old is superseded; whose it is must be compared.
func (cmd *deskCorrect) replacement(a *app, conn *grpc.ClientConn, c *fairlotv1.Campaign, open *draw.Open, old receipt.Receipt) (receipt.Saved, error) {
	b, err := private.Read(cmd.Out, receipt.MaxSaved)
	if err != nil {
		return receipt.Saved{}, err
	}
	defer clear(b)
	saved, err := receipt.ParseSaved(b)
	if err != nil {
		return saved, err
	}
	made, err := saved.Check(open.Receipt)
	if err != nil {
		return saved, err
	}
	if made.Open != old.Open || made.ID == old.ID {
		return saved, fs.ErrExist
	}
	svc := fairlotv1.NewEntryServiceClient(conn)
	for id, reason := range map[draw.EntrantID]string{old.ID: "superseded", made.ID: ""} { // reasons of SPEC section 2.2
		st, err := svc.GetEntryStatus(a.ctx, &fairlotv1.GetEntryStatusRequest{Name: c.Name + "/entries/" + id.String()})
		if err != nil {
			return saved, err
		}
		if st.Reason != reason {
			return saved, fs.ErrExist
		}
	}
	return saved, nil
}

// beginning is what stands in the file of a new receipt until there is one.
func beginning(s draw.Secret) []byte { return fmt.Appendf(nil, "%ss %x\n", savedHead, s[:]) }

// newSecret draws the secret of a new entry, or reads the one of a correction whose outcome was not learnt.
func newSecret(file string) (s draw.Secret, begun bool, err error) {
	b, err := private.Read(file, receipt.MaxSaved)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = rand.Read(s[:])
		return s, false, err
	}
	if err != nil {
		return s, false, err
	}
	digits := bytes.TrimSuffix(bytes.TrimPrefix(b, append(bytes.Clone(savedHead), "s "...)), []byte("\n"))
	if n, err := hex.Decode(s[:], digits[:min(len(digits), 2*len(s))]); err != nil || n != len(s) || !bytes.Equal(beginning(s), b) {
		return s, false, fmt.Errorf("write %s: %w; nothing is overwritten, give another name", file, fs.ErrExist)
	}
	return s, true, nil
}

// openOf reads the open record that the daemon states, if it is the one of its hash.
func openOf(c *fairlotv1.Campaign) (*draw.Open, draw.Hash, error) {
	rec, err := draw.ParseRecord([]byte(c.OpenRecord))
	open, ok := rec.(*draw.Open)
	if err != nil || !ok {
		return nil, draw.Hash{}, fmt.Errorf("campaign %s is not open", c.Slug)
	}
	hash, err := draw.ParseHash(c.OpenHash)
	if err == nil && draw.HashOf([]byte(c.OpenRecord)) != hash {
		err = errors.New("the daemon states an open record of another hash")
	}
	return open, hash, err
}

// openingsOf computes the commitments that the new receipt must be made from.
func openingsOf(r draw.R, f *fairlotv1.EntryForm, id *fairlotv1.Identity, c *fairlotv1.Contact) (seal.Openings, error) {
	ask := func(x fairlotv1.FieldRule) entrant.Ask { return entrant.Ask(x) }
	form := entrant.Form{Birth: ask(f.GetBirth()), Card: ask(f.GetCard()), Guardian: ask(f.GetGuardian()), Phone: ask(f.GetPhone()), Email: ask(f.GetEmail()), Address: ask(f.GetAddress())}
	kind := strings.ToLower(strings.TrimPrefix(id.IdType.String(), "ID_TYPE_"))
	texts, wrong := entrant.Canonical(form,
		&entrant.Identity{Name: id.Name, IDType: kind, IDNumber: id.IdNumber, Birth: id.Birth, Card: id.Card, Guardian: id.Guardian},
		&entrant.Contact{Lang: c.Lang, Phone: c.Phone, Email: c.Email, Address: c.Address}, time.Now())
	defer texts.Wipe()
	if len(wrong) > 0 {
		var list []string
		for _, w := range wrong {
			list = append(list, w.Path+": "+w.Text)
		}
		return seal.Openings{}, errors.New(strings.Join(list, "\n"))
	}
	return seal.NewOpenings(r, texts.Identity, texts.Contact), nil
}

// askContact reads where the person is reached now, from a file or by asking what the campaign's form asks.
func askContact(a *app, file string, form *fairlotv1.EntryForm) (*fairlotv1.Contact, error) {
	c := &fairlotv1.Contact{}
	if file != "" {
		b, err := private.Read(file, 8192)
		if err != nil {
			return nil, err
		}
		if err := protojson.Unmarshal(b, c); err != nil {
			// protojson quotes what it read, which is personal here.
			return nil, fmt.Errorf(`read %s: want JSON like {"lang": "zh-Hant-TW", "phone": "…", "email": "…"}`, file)
		}
		return c, nil
	}
	if !terminal(a.in) {
		return nil, usage("nobody can be asked here: give --contact-file FILE")
	}
	fmt.Fprintln(a.errw, "現在的聯絡方式 where they are reached now:")
	for _, f := range []struct {
		rule fairlotv1.FieldRule
		what string
		to   *string
	}{{fairlotv1.FieldRule_FIELD_RULE_OPTIONAL, "通知語言 language of notices, zh-Hant-TW or en; empty: zh-Hant-TW", &c.Lang}, {form.GetPhone(), "電話 telephone", &c.Phone},
		{form.GetEmail(), "電子郵件 e-mail", &c.Email}, {form.GetAddress(), "地址 postal address", &c.Address}} {
		if f.rule == fairlotv1.FieldRule_FIELD_RULE_UNSPECIFIED {
			continue
		}
		var err error
		if *f.to, err = a.ask(f.what, f.rule == fairlotv1.FieldRule_FIELD_RULE_REQUIRED); err != nil {
			return nil, err
		}
	}
	return c, nil
}
