package demo

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// site is the public's door: REST of one address, as a browser uses it.
type site struct {
	base   string // http://HOST:PORT
	client *http.Client
}

func newSite(addr string) *site {
	return &site{base: "http://" + addr, client: &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 2 * workers}}}
}

// refusal is an answer other than 200: what a person or a program is told.
type refusal struct {
	HTTP     int
	Reason   string // of the contract, without prefix; empty if the answer names none
	Sentence string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("refused with %d %s: %s", r.HTTP, r.Reason, r.Sentence)
}

// call sends one request and reads the answer into out, if it is not nil. An answer other than 200 is a *refusal.
func (s *site) call(ctx context.Context, method, path string, body []byte, out proto.Message) error {
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return readRefusal(res.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	return protojson.Unmarshal(text, out)
}

// readRefusal reads the google.rpc.Status that a refusal is, in JSON. A refusal in another form keeps its number only.
func readRefusal(code int, body []byte) *refusal {
	var st struct {
		Message string
		Details []struct {
			Type            string `json:"@type"`
			Reason          string
			FieldViolations []struct{ Field, Description string }
		}
	}
	r := &refusal{HTTP: code}
	if json.Unmarshal(body, &st) != nil {
		return r
	}
	r.Sentence = st.Message
	for _, d := range st.Details {
		if strings.HasSuffix(d.Type, "google.rpc.ErrorInfo") {
			r.Reason = d.Reason
		}
		if strings.HasSuffix(d.Type, "google.rpc.BadRequest") && len(d.FieldViolations) == 1 && !strings.Contains(r.Sentence, d.FieldViolations[0].Description) {
			r.Sentence += " (" + d.FieldViolations[0].Field + ": " + d.FieldViolations[0].Description + ")"
		}
	}
	return r
}

// bundle downloads a campaign's bundle.
func (s *site) bundle(ctx context.Context, id string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/bundles/"+id+".tar", nil)
	if err != nil {
		return nil, err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the bundle was answered with %s", res.Status)
	}
	return io.ReadAll(res.Body)
}

// campaign is what a client knows of an open campaign, all of it read from the public door.
type campaign struct {
	slug, id, notice string
	ends             time.Time
	open             draw.Hash
	record           *draw.Open
}

// campaign reads an open campaign and checks that its open record is the one of the stated hash.
func (s *site) campaign(ctx context.Context, slug string) (*campaign, error) {
	var c fairlotv1.Campaign
	if err := s.call(ctx, http.MethodGet, "/v1/campaigns/"+slug, nil, &c); err != nil {
		return nil, err
	}
	open := draw.HashOf([]byte(c.GetOpenRecord()))
	if hex.EncodeToString(open[:]) != c.GetOpenHash() {
		return nil, errors.New("the open record has not the hash stated beside it")
	}
	record, err := draw.ParseRecord([]byte(c.GetOpenRecord()))
	if err != nil {
		return nil, err
	}
	o, ok := record.(*draw.Open)
	if !ok {
		return nil, errors.New("the open record is of another kind")
	}
	return &campaign{
		slug: slug, id: strings.TrimPrefix(c.GetName(), "campaigns/"), notice: c.GetNoticeHash(), ends: c.GetEntriesEnd().AsTime(),
		open: open, record: o,
	}, nil
}

// entry is what an entrant holds: what was typed, and the secrets drawn in the browser.
type entry struct {
	person   *person
	secret   draw.Secret
	answers  [32]byte // the answer secret; only its hash is sent
	token    string
	chances  int // that the receipt must state; 0: not counted yet
	response string
	receipt  string // after entering
	id       string
	ci, cc   draw.Commitment
}

func newEntry(p *person, token, response string) *entry {
	e := &entry{person: p, token: token, response: response}
	rand.Read(e.secret[:])
	rand.Read(e.answers[:])
	return e
}

// request is the entry as it is sent: r, never s.
func (e *entry) request(c *campaign) *fairlotv1.EnterRequest {
	r := e.secret.R()
	answers := sha256.Sum256(e.answers[:])
	return &fairlotv1.EnterRequest{
		R: r[:], NoticeHash: c.notice, Consents: []string{"terms"}, Token: e.token, ResponseJson: e.response,
		Identity: e.person.identity(), Contact: e.person.contact(), AnswerSecretHash: answers[:],
	}
}

// send posts a request and returns the answer, or a *refusal.
func (s *site) send(ctx context.Context, c *campaign, body []byte) (*fairlotv1.EnterResponse, error) {
	var res fairlotv1.EnterResponse
	return &res, s.call(ctx, http.MethodPost, "/v1/campaigns/"+c.id+"/entries", body, &res)
}

// enter sends an entry and checks its receipt the way the entrant's browser does.
func (s *site) enter(ctx context.Context, c *campaign, e *entry) error {
	body, err := protojson.Marshal(e.request(c))
	if err != nil {
		return err
	}
	res, err := s.send(ctx, c, body)
	if err != nil {
		return err
	}
	return e.keep(c, res)
}

// keep checks a receipt and keeps it: the id follows from s, the person from what was typed, and the receipt key of the open record signed.
// Nothing that the server said is taken on its word.
func (e *entry) keep(c *campaign, res *fairlotv1.EnterResponse) error {
	identity, contact, err := e.person.texts()
	if err != nil {
		return err
	}
	r := e.secret.R()
	id := r.EntrantID(c.open)
	e.ci, e.cc = r.IdentityKey().Commit(identity), r.ContactKey().Commit(contact)
	person := draw.PersonOf(e.ci, e.cc)
	want := fmt.Sprintf("fairlot/v1 receipt\nopen %x\nid %s\nperson %s\nstratum 1\n", c.open[:], id, person)
	text, err := openNote(c.record.Receipt, res.GetReceipt())
	if err != nil {
		return err
	}
	rest, ok := strings.CutPrefix(text, want)
	if !ok || res.GetId() != id.String() {
		return errors.New("the receipt is not of this entry")
	}
	if chances := fmt.Sprintf("chances %d\n", e.chances); rest != pick(e.chances > 0, chances, "") {
		return fmt.Errorf("the receipt says %q about chances", rest)
	}
	if !bytes.Equal(res.GetIdentityCommitment(), e.ci[:]) || !bytes.Equal(res.GetContactCommitment(), e.cc[:]) {
		return errors.New("the commitments in the answer do not recompute")
	}
	e.receipt, e.id = res.GetReceipt(), id.String()
	return nil
}

// saved is the entrant's own copy (docs/SPEC.md, section 4).
func (e *entry) saved() []byte {
	return fmt.Appendf(nil, "fairlot/v1 saved receipt\ns %x\nidentity %x\ncontact %x\n\n%s", e.secret[:], e.ci[:], e.cc[:], e.receipt)
}

// openNote returns the text of a C2SP signed note with exactly one signature, by the key.
func openNote(vkey, signed string) (string, error) {
	name, key, err := draw.ParseVKey(vkey, draw.AlgEd25519)
	if err != nil {
		return "", err
	}
	text, line, ok := strings.Cut(signed, "\n\n")
	line, ok2 := strings.CutPrefix(line, "— "+name+" ")
	line, ok3 := strings.CutSuffix(line, "\n")
	sig, err := base64.StdEncoding.Strict().DecodeString(line)
	if !ok || !ok2 || !ok3 || err != nil || len(sig) != 4+ed25519.SignatureSize {
		return "", errors.New("the receipt is no note signed by the receipt key")
	}
	if hash := strings.Split(vkey, "+")[1]; hex.EncodeToString(sig[:4]) != hash || !ed25519.Verify(key[:], []byte(text+"\n"), sig[4:]) {
		return "", errors.New("the receipt's signature does not hold")
	}
	return text + "\n", nil
}
