package attack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"fairlot/cmd/fairlot/custodian"
	"fairlot/crypto/custody"
	"fairlot/crypto/receipt"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// inTheClear are the files of a desk that are meant to hold what is sealed on the server, what of it, and why. They are of mode 0600. Everything else that
// tools leave there, say or mail is searched like the server's disk. Names are patterns.
var inTheClear = []struct {
	file string
	what []string
	why  string
}{
	{"receipt-*.txt", []string{"s"}, "the person has brought it, or takes it home"},
	{"identity-*.json", []string{"name", "ID number"}, "typed from the person's card"},
	{"contact-*.json", []string{"phone", "e-mail", "address"}, "typed as the person says it"},
	{"case-opened.txt", []string{"name", "ID number", "phone", "e-mail", "address"}, "what the order wants opened, for the one notifier whom it names"},
	{"erasure-opened.txt", []string{"name", "ID number"}, "what is compared with the ID card of who has lost the secret"},
	{"tax.csv", []string{"name", "ID number"}, "what the tax office asks for"},
	{"sample.csv", []string{"name", "ID number"}, "what the auditor compares with the register"},
	{"mail-*.eml", []string{"e-mail"}, "the address that a mail to a winner goes to"},
}

// toPublish is the list of winners, the only file that others may read.
const toPublish = "winners.html"

// desk is a machine of the institution that is not the server: an officer's, two custodians' and a notifier's files, what their tools say, and the mail that leaves it.
type desk struct {
	t         testing.TB
	d         *daemon
	dir, tool string
	env       []string
	smtp      string // address of the mail server

	mu          sync.Mutex
	said, mails int
}

func newDesk(t testing.TB, d *daemon, tool string, env ...string) *desk {
	t.Helper()
	k := &desk{t: t, d: d, dir: t.TempDir(), tool: tool}
	for _, name := range []string{"home", "temp"} {
		if err := os.Mkdir(filepath.Join(k.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	k.env = append([]string{"HOME=" + filepath.Join(k.dir, "home"), "TMPDIR=" + filepath.Join(k.dir, "temp")}, env...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k.smtp = l.Addr().String()
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &postbox{k: k}, nil }))
	s.Domain = "mail.example.org"
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return k
}

// postbox keeps each mail with its envelope.
type postbox struct {
	k  *desk
	to string
}

func (p *postbox) Mail(from string, _ *smtp.MailOptions) error { p.to = from; return nil }
func (p *postbox) Rcpt(to string, _ *smtp.RcptOptions) error   { p.to += " to " + to; return nil }
func (p *postbox) Reset()                                      {}
func (p *postbox) Logout() error                               { return nil }
func (p *postbox) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	p.k.mu.Lock()
	defer p.k.mu.Unlock()
	p.k.mails++
	return os.WriteFile(filepath.Join(p.k.dir, fmt.Sprintf("mail-%d.eml", p.k.mails)), append([]byte(p.to+"\n"), b...), 0o600)
}

func (k *desk) write(name string, b []byte, err error) string {
	k.t.Helper()
	if err == nil {
		err = os.WriteFile(filepath.Join(k.dir, name), b, 0o600)
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return name
}

// rules give a campaign custodians and a notifier whose keys lie at the desk, prizes that are reported for tax, and a list of winners.
func (k *desk) rules(slug string, custodians, threshold, prizes int) func(*fairlotv1.Campaign) {
	return func(c *fairlotv1.Campaign) {
		c.Slug, c.Threshold, c.Custodians = slug, int32(threshold), nil
		for i := range custodians {
			key, err := custodian.New(fmt.Sprintf("%s%d.example", slug, i+1))
			if err != nil {
				k.t.Fatal(err)
			}
			k.write(fmt.Sprintf("%s-%d.key", slug, i+1), key.File(), nil)
			c.Custodians = append(c.Custodians, &fairlotv1.Custodian{Recipient: key.Age.Recipient(), Cosigner: key.Cosigner.VKey().String()})
		}
		c.Notifiers = []string{k.notifier(slug + "-notifier.key")}
		c.Draws[0].Tiers[0].Count, c.Draws[0].Tiers[0].Value = int64(prizes), 20010
		c.WinnerList = &fairlotv1.WinnerList{Name: fairlotv1.NameMask_NAME_MASK_FIRST, IdNumber: fairlotv1.IDMask_ID_MASK_LAST_FOUR}
	}
}

// notifier makes a key to read what custodians hand over, and returns to whom that is sealed.
func (k *desk) notifier(file string) string {
	key, err := custody.NewKey()
	if err != nil {
		k.t.Fatal(err)
	}
	k.write(file, key.File(), nil)
	return key.Recipient()
}

// token is a file with the token of somebody.
func (k *desk) token(role, label string) string {
	conn, _ := k.d.as(role, label)
	conn.Close()
	return k.write(label+".token", []byte(k.d.tokens[role+" "+label]), nil)
}

// brings writes the receipt that p has brought, and what is typed from p's card.
func (k *desk) brings(p *person, a answer) (saved, card string) {
	k.t.Helper()
	var got struct {
		IdentityCommitment, ContactCommitment []byte
		Receipt                               string
	}
	if err := json.Unmarshal([]byte(a.text), &got); err != nil {
		k.t.Fatal(err)
	}
	text, err := receipt.Saved{S: p.s, Draws: true, Identity: [32]byte(got.IdentityCommitment), Contact: [32]byte(got.ContactCommitment), Note: []byte(got.Receipt)}.Format()
	saved = k.write("receipt-"+p.entry+".txt", text, err)
	text, err = json.Marshal(map[string]string{"name": p.name, "idType": "ID_TYPE_CITIZEN", "idNumber": p.number})
	return saved, k.write("identity-"+p.entry+".json", text, err)
}

// run runs the tool, and keeps what it says, and its arguments and environment as whoever is on the machine sees them.
func (k *desk) run(token string, args ...string) error {
	k.t.Helper()
	args = append(args, "--server", k.d.grpc, "--site", "http://"+k.d.http)
	if token != "" {
		args = append(args, "--token-file", token)
	}
	cmd := exec.Command(k.tool, args...)
	cmd.Dir, cmd.Env = k.dir, k.env
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return err
	}
	shown := map[string][]byte{}
	for _, name := range []string{"cmdline", "environ"} {
		for began := time.Now(); len(shown[name]) == 0 && time.Since(began) < time.Second; { // empty for a moment after exec
			shown[name], _ = os.ReadFile(fmt.Sprintf("/proc/%d/%s", cmd.Process.Pid, name))
		}
	}
	ended := cmd.Wait()
	k.mu.Lock()
	k.said++
	n := k.said
	k.mu.Unlock()
	k.write(fmt.Sprintf("said-%d", n), bytes.Join([][]byte{said.Bytes(), shown["cmdline"], shown["environ"]}, []byte{0}), nil)
	if len(shown["cmdline"]) == 0 || len(shown["environ"]) == 0 {
		k.t.Errorf("fairlot %s: its arguments were not seen", args[0])
	}
	if ended != nil {
		return fmt.Errorf("fairlot %s: %w\n%s", strings.Join(args, " "), ended, said.String())
	}
	return nil
}

// mustRun is run where nothing is in the way.
func (k *desk) mustRun(token string, args ...string) {
	k.t.Helper()
	if err := k.run(token, args...); err != nil {
		k.t.Fatal(err)
	}
}

func (k *desk) bundle(c *campaign) string { return "http://" + k.d.http + "/bundles/" + c.id + ".tar" }

// find searches the desk. It wants that each file that is meant to hold something in the clear is there and does, and that nobody else can read any.
func (k *desk) find(all []canary) []finding {
	k.t.Helper()
	meant := map[string]bool{}
	for i := range all {
		what := all[i].what
		all[i].allowed = func(path, _ string) bool {
			for _, c := range inTheClear {
				if ok, _ := filepath.Match(c.file, path); ok && slices.Contains(c.what, what) {
					meant[c.file+" "+what] = true
					return true
				}
			}
			return false
		}
	}
	found := newSearch(all).tree(k.t, k.dir)
	for _, c := range inTheClear {
		for _, what := range c.what {
			if !meant[c.file+" "+what] {
				k.t.Errorf("no %s in %s: this search shows nothing of it", what, c.file)
			}
		}
	}
	err := filepath.WalkDir(k.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == k.dir {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 && e.Name() != toPublish {
			k.t.Errorf("%s has mode %04o", filepath.Base(path), info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		k.t.Error(err)
	}
	return found
}
