package notify

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"text/template"
	"time"

	"github.com/wneessen/go-mail"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/draw"
)

//go:embed templates/*.txt
var templates embed.FS

// Languages are those that notices are written in; the first is the default.
var languages = []string{"zh-Hant-TW", "en"}

// ErrFrom says that the sender's address is not a plain mail address.
var ErrFrom = errors.New("not a mail address like library@example.org")

// Notices writes the messages of one draw. Make it with NewNotices.
type Notices struct {
	from     *netmail.Address
	replyTo  string
	host     string // of the sender's address
	open     *draw.Open
	openHash draw.Hash
	titles   bundle.Titles
	prize    func(draw.Line) [2]int // where titles have the prize of a winner
	draw     int
	url      string
	deadline time.Time
	byLang   map[string]*template.Template
}

// NewNotices prepares the messages of a draw of a checked bundle. from is the sender, with or without a name; replyTo may be
// empty; url is the campaign's page; the claim period counts from now in the campaign's zone.
func NewNotices(c *bundle.Checked, n int, from, replyTo, url string, now time.Time) (*Notices, error) {
	address, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", ErrFrom)
	}
	at := strings.LastIndexByte(address.Address, '@')
	if address.Name == "" {
		address.Name = c.Outcome.Open.Institution
	}
	if replyTo != "" {
		if _, err := netmail.ParseAddress(replyTo); err != nil {
			return nil, fmt.Errorf("--reply-to: %w", ErrFrom)
		}
	}
	zone, err := time.LoadLocation(c.Outcome.Open.Zone)
	if err != nil {
		return nil, fmt.Errorf("zone %s of the campaign: %w", c.Outcome.Open.Zone, err)
	}
	out := &Notices{from: address, replyTo: replyTo, host: address.Address[at+1:], open: c.Outcome.Open, openHash: c.Outcome.OpenHash,
		titles: c.Titles, prize: func(l draw.Line) [2]int { return c.Prize(n, l) }, draw: n, url: url, byLang: map[string]*template.Template{},
		deadline: now.In(zone).AddDate(0, 0, c.Outcome.Open.Draws[n-1].ClaimDays)}
	for _, lang := range languages {
		t, err := template.ParseFS(templates, "templates/notice."+lang+".txt")
		if err != nil {
			return nil, err
		}
		out.byLang[lang] = t.Option("missingkey=error")
	}
	return out, nil
}

// MessageID is the same whenever the same winner of the same draw is written to, so that a mail that came twice can be told.
func (n *Notices) MessageID(l draw.Line) string {
	return fmt.Sprintf("fairlot.%s.%d.%d.%d@%s", n.openHash.String()[:16], n.draw, l.Stratum, l.Rank, n.host)
}

type notice struct {
	Institution, Campaign, Prize, Claim, URL, Entry, ReplyTo string
	Group                                                    string // empty without strata, or if the rules do not name it
	Rank, Stratum, Draw, ClaimDays, GuardianBelow            int    // Stratum is 0 without strata
	Proxy                                                    bool
	Deadline                                                 time.Time
}

// Text is subject and body of one notice, in the language that the winner chose.
func (n *Notices) Text(w Winner) (lang, subject, body string, err error) {
	lang = languages[0]
	if _, ok := n.byLang[w.Contact.Lang]; ok {
		lang = w.Contact.Lang
	}
	stratum := 0
	if len(n.titles.Strata) > 0 {
		stratum = w.Line.Stratum
	}
	var b bytes.Buffer
	reply := n.replyTo
	if reply == "" {
		reply = n.from.Address
	}
	err = n.byLang[lang].Execute(&b, notice{
		Institution: n.open.Institution, Campaign: bundle.In(lang, n.titles.Campaign), Claim: bundle.In(lang, n.titles.Claim), GuardianBelow: n.titles.GuardianBelow, Proxy: n.titles.Proxy, URL: n.url, ReplyTo: reply,
		Prize: bundle.In(lang, n.titles.Tier[n.prize(w.Line)]), Entry: w.Line.ID.String(),
		Stratum: stratum, Group: bundle.In(lang, n.titles.Strata[w.Line.Stratum]), Rank: w.Line.Rank, Draw: n.draw, ClaimDays: n.open.Draws[n.draw-1].ClaimDays, Deadline: n.deadline})
	if err != nil {
		return "", "", "", err
	}
	subject, body, _ = strings.Cut(b.String(), "\n\n")
	return lang, strings.TrimPrefix(subject, "Subject: "), body, nil
}

// Message is the whole mail. The error says only that the address cannot be written to.
func (n *Notices) Message(w Winner, now time.Time) (*mail.Msg, error) {
	lang, subject, body, err := n.Text(w)
	if err != nil {
		return nil, err
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := m.FromFormat(n.from.Name, n.from.Address); err != nil {
		return nil, fmt.Errorf("--from: %w", ErrFrom)
	}
	if err := m.To(w.Contact.Email); err != nil {
		return nil, errAddress
	}
	if n.replyTo != "" {
		if err := m.ReplyTo(n.replyTo); err != nil {
			return nil, fmt.Errorf("--reply-to: %w", ErrFrom)
		}
	}
	m.Subject(subject)
	m.SetMessageIDWithValue(n.MessageID(w.Line))
	m.SetDateWithValue(now)
	m.SetUserAgent("Fairlot")
	m.SetGenHeader(mail.Header("Auto-Submitted"), "auto-generated")
	m.SetGenHeader(mail.Header("Content-Language"), lang)
	m.SetBodyString(mail.TypeTextPlain, body)
	return m, nil
}

var errAddress = errors.New("its mail address cannot be written to")
