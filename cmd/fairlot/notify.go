package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fairlot/cmd/fairlot/notify"
	"fairlot/cmd/fairlot/private"
	"fairlot/crypto/custody"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type notifyCmd struct {
	opening          `embed:""`
	SMTP             string        `name:"smtp" required:"" placeholder:"HOST:PORT" help:"Mail server to hand mail to."`
	SMTPTLS          string        `name:"smtp-tls" default:"starttls" enum:"starttls,tls,none" help:"starttls (usually port 587), tls (usually 465), or none, for a server on this machine only."`
	SMTPUser         string        `name:"smtp-user" placeholder:"NAME" help:"Account on the mail server."`
	SMTPPasswordFile string        `name:"smtp-password-file" placeholder:"FILE" help:"File of mode 0600 with the account's password."`
	SMTPCA           string        `name:"smtp-ca" placeholder:"FILE" help:"Certificates (PEM) to trust for the mail server in place of the system's."`
	SMTPTimeout      time.Duration `name:"smtp-timeout" default:"30s" help:"How long to wait for the mail server, for each message; at most 2m."`
	From             string        `required:"" placeholder:"ADDRESS" help:"Sender, for example 'City Library <prizes@library.example>'."`
	ReplyTo          string        `placeholder:"ADDRESS" help:"Where winners' answers go, if not to the sender."`
	CampaignURL      string        `name:"campaign-url" required:"" placeholder:"URL" help:"The campaign's page, where winners find their number and how to claim."`
	Attempts         int           `default:"5" help:"Rounds in which a message is tried, with growing pauses between them."`
	ResendUnknown    bool          `help:"Send once more what may have been sent already; those winners may get two mails. Asks first."`
	Unreached        string        `placeholder:"FILE" help:"Write telephone and address of winners who cannot be reached by mail to a new file of mode 0600. Delete it after use."`
	Yes              bool          `help:"Do not ask."`
	JSON             bool          `name:"json" help:"Print the states as JSON, one winner a line."`
}

// Help is shown below the usage.
func (notifyCmd) Help() string {
	return `Contacts are opened in memory only. Each winner gets one mail in the language that they chose. The daemon is told the state of each
notice before and after it is sent, and never learns a contact. It can be stopped with Ctrl-C between two mails, and run again.

  pending     not sent yet, or put off by the mail server: run it again
  sent        the mail server took it
  refused     the mail server refused the address for good
  no address  the winner left no mail address
  unknown     the connection or this program broke while sending: it may have been sent. It is sent again only with --resend-unknown
  sending     another run seems to be at work, or broke less than 4 minutes ago: it is left alone. After that it becomes unknown

Exit status 0 if all are sent.

Example: fairlot notify --key notifier.key --request request.json --bundle drawn.tar --share maria.shares --share chen.shares \
           --smtp mail.library.example:587 --smtp-user prizes --smtp-password-file smtp.password \
           --from 'City Library <prizes@library.example>' --campaign-url https://draw.library.example/autumn-reading`
}

// Run writes to winners.
func (cmd *notifyCmd) Run(a *app) error {
	if err := free(cmd.Unreached); err != nil {
		return err
	}
	server, from, err := cmd.settings()
	if err != nil {
		return err
	}
	p, err := cmd.read(a, custody.Notice)
	if err != nil {
		return err
	}
	defer p.Files.Close()
	winners, err := notify.Open(p.Checked, p.key, p.request, p.release, p.shares)
	if err != nil {
		return fmt.Errorf("open contacts: %w", err)
	}
	if err := writePin(cmd.Key, p.pin); err != nil {
		return err
	}
	req := p.request
	notices, err := notify.NewNotices(p.Checked, req.Draw, cmd.From, cmd.ReplyTo, cmd.CampaignURL, time.Now())
	if err != nil {
		return &statusError{2, err}
	}
	question := fmt.Sprintf("Write to the winners of draw %d (%s opened), as %s?", req.Draw, plural(int64(len(winners)), "contact", "contacts"), from.Address)
	if cmd.ResendUnknown {
		question += " Those whose state is unknown may get a second mail."
	}
	if err := a.confirm(cmd.Yes, question); err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	run := notify.Run{Service: fairlotv1.NewNotificationServiceClient(conn), Parent: fmt.Sprintf("campaigns/%s/draws/%d", req.Campaign, req.Draw),
		Notices: notices, Server: server, Attempts: cmd.Attempts, ResendUnknown: cmd.ResendUnknown, Now: time.Now}
	if terminal(a.errw) {
		run.Tell = func(r notify.Row) {
			fmt.Fprintf(a.errw, "\rstratum %d rank %d: %-12s", r.Stratum, r.Rank, notify.StateName(r.State))
		}
	}
	rows, err := run.All(a.ctx, winners)
	if run.Tell != nil {
		fmt.Fprint(a.errw, "\r                                        \r")
	}
	a.states(rows, cmd.JSON)
	if e := cmd.unreached(a, rows, winners); err == nil {
		err = e
	}
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("stopped between two mails; run it again to go on")
	case err != nil && status.Code(err) != codes.Unknown: // it is the daemon's
		return a.explain("report states", err)
	case err != nil:
		return err
	}
	for _, r := range rows {
		if !r.Done() {
			return &statusError{status: 1}
		}
	}
	return nil
}

func (cmd *notifyCmd) settings() (notify.Server, *mail.Address, error) {
	server, err := notify.NewServer(cmd.SMTP, cmd.SMTPTLS)
	if err != nil {
		return server, nil, &statusError{2, err}
	}
	from, err := mail.ParseAddress(cmd.From)
	if err != nil {
		return server, nil, usage("--from: %v", notify.ErrFrom)
	}
	if !strings.HasPrefix(cmd.CampaignURL, "https://") && !strings.HasPrefix(cmd.CampaignURL, "http://") {
		return server, nil, usage("--campaign-url: want an address that begins with https://")
	}
	if (cmd.SMTPUser == "") != (cmd.SMTPPasswordFile == "") {
		return server, nil, usage("--smtp-user and --smtp-password-file go together")
	}
	if cmd.SMTPTimeout <= 0 || cmd.SMTPTimeout > notify.MaxTimeout {
		return server, nil, usage("--smtp-timeout: more than 0 and at most %s", notify.MaxTimeout)
	}
	if cmd.Attempts < 1 {
		return server, nil, usage("--attempts: at least 1")
	}
	server.Name = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	server.Timeout = cmd.SMTPTimeout
	server.User = cmd.SMTPUser
	if cmd.SMTPPasswordFile != "" {
		b, err := private.Read(cmd.SMTPPasswordFile, 4096)
		if err != nil {
			return server, nil, err
		}
		server.Password = strings.TrimRight(string(b), "\r\n")
	}
	if cmd.SMTPCA != "" {
		if server.Roots, err = notify.ReadRoots(cmd.SMTPCA); err != nil {
			return server, nil, err
		}
	}
	return server, from, nil
}

// stateHints say what a state asks of the notifier.
var stateHints = map[fairlotv1.NotificationState]string{
	fairlotv1.NotificationState_NOTIFICATION_STATE_PENDING:    "run notify again later",
	fairlotv1.NotificationState_NOTIFICATION_STATE_SENDING:    "another run seems to be at work: run notify again in 4 minutes",
	fairlotv1.NotificationState_NOTIFICATION_STATE_REFUSED:    "the mail server refuses the address: telephone or write a letter (--unreached FILE)",
	fairlotv1.NotificationState_NOTIFICATION_STATE_UNKNOWN:    "perhaps sent: look into the mail server's log; only --resend-unknown sends it again",
	fairlotv1.NotificationState_NOTIFICATION_STATE_NO_ADDRESS: "no mail address: telephone or write a letter (--unreached FILE)",
}

// states prints ranks and states, never a contact.
func (a *app) states(rows []notify.Row, asJSON bool) {
	if asJSON {
		for _, r := range rows {
			a.printf(`{"stratum":%d,"rank":%d,"tier":%d,"state":%q,"attempts":%d}`+"\n", r.Stratum, r.Rank, r.Tier, notify.StateName(r.State), r.Attempts)
		}
		return
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	if len(rows) > 0 {
		fmt.Fprintf(w, "STRATUM\tRANK\tPRIZE\tSTATE\tNOTE\n")
	}
	count := map[string]int{}
	for _, r := range rows {
		note := r.Note
		if hint := stateHints[r.State]; hint != "" && !r.Done() {
			note = strings.TrimPrefix(note+"; "+hint, "; ")
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%s\t%s\n", r.Stratum, r.Rank, r.Tier, notify.StateName(r.State), note)
		count[notify.StateName(r.State)]++
	}
	w.Flush()
	if len(rows) > 0 {
		a.printf("%d of %s sent\n", count["sent"], plural(int64(len(rows)), "notice", "notices"))
	}
}

// unreached writes what is needed to reach winners otherwise.
func (cmd *notifyCmd) unreached(a *app, rows []notify.Row, winners []notify.Winner) error {
	if cmd.Unreached == "" {
		return nil
	}
	var b strings.Builder
	for i, r := range rows {
		if r.State == fairlotv1.NotificationState_NOTIFICATION_STATE_REFUSED || r.State == fairlotv1.NotificationState_NOTIFICATION_STATE_NO_ADDRESS {
			c := winners[i].Contact
			fmt.Fprintf(&b, "stratum %d rank %d prize %d entry %s\n  phone %s\n  address %s\n", r.Stratum, r.Rank, r.Tier, winners[i].Line.ID, c.Phone, c.Address)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	if err := private.Write(cmd.Unreached, []byte(b.String())); err != nil {
		return err
	}
	a.printf("contacts of winners to reach otherwise are in %s: delete it after use\n", cmd.Unreached)
	return nil
}
