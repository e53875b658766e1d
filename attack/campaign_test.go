package attack

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/custody"
	"fairlot/crypto/ledger"
	"fairlot/crypto/tag"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

const surveyJSON = `{"elements":[
 {"type":"text","inputType":"number","name":"n","title":"A number","isRequired":true,"min":0,"max":10000000,"step":1},
 {"type":"comment","name":"t","title":"Words","maxLength":200}]}`

// campaign is an open campaign, and what a browser knows of it.
type campaign struct {
	d      *daemon
	id     string // 32 hexadecimal digits
	name   string // campaigns/ID
	notice string
	open   draw.Hash
	end    time.Time
}

// staff calls as an officer whose token the admin of init makes when it is asked for first.
func (d *daemon) staff() (*grpc.ClientConn, context.Context) { return d.as("officer", "Chen") }

// as calls as somebody with a role. The label says who: two labels are two persons.
func (d *daemon) as(role, label string) (*grpc.ClientConn, context.Context) {
	d.t.Helper()
	conn, err := grpc.NewClient(d.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUnaryInterceptor(askAgain))
	if err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	token, have := d.tokens[role+" "+label]
	if !have {
		admin, err := os.ReadFile(filepath.Join(d.dir, "admin.token"))
		if err != nil {
			d.t.Fatal(err)
		}
		var made *fairlotv1.CreateStaffTokenResponse
		err = within(10*time.Second, func() (err error) { // the lease may change hands just now
			made, err = fairlotv1.NewStaffServiceClient(conn).CreateStaffToken(bearing(string(admin)),
				&fairlotv1.CreateStaffTokenRequest{Role: fairlotv1.Role(fairlotv1.Role_value["ROLE_"+strings.ToUpper(role)]), Label: label})
			return err
		})
		if err != nil {
			d.t.Fatal(err)
		}
		if d.tokens == nil {
			d.tokens = map[string]string{}
		}
		token = made.Token
		d.tokens[role+" "+label] = token
	}
	return conn, bearing(token)
}

// askAgain repeats a call that was not done because the lease changes hands, as on a machine so busy that it is renewed late, for 15 seconds.
func askAgain(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		err := invoke(ctx, method, req, reply, conn, opts...)
		var reason string
		for _, d := range status.Convert(err).Details() {
			if info, ok := d.(*errdetails.ErrorInfo); ok {
				reason = info.Reason
			}
		}
		if reason != "HOLDER_AWAY" || time.Since(began) > 15*time.Second || ctx.Err() != nil {
			return err
		}
	}
}

func bearing(token string) context.Context {
	return metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+strings.TrimSpace(token))
}

func english(s string) []*fairlotv1.LocalizedText {
	return []*fairlotv1.LocalizedText{{Lang: "en", Text: s}}
}

// withDraw is a campaign with a survey and one draw, proof token, entries ending at end.
func withDraw(t testing.TB, batch int, end time.Time) *fairlotv1.Campaign {
	t.Helper()
	end = end.Truncate(time.Second)
	c := &fairlotv1.Campaign{
		Slug: "attack", Title: english("Autumn"), Notice: english("We keep answers and people apart."), SurveyJson: surveyJSON,
		Consents: []*fairlotv1.Consent{{Code: "rules", Text: english("I agree"), Required: true}, {Code: "research", Text: english("Use my answers"), AboutAnswers: true}},
		Draws: []*fairlotv1.DrawRules{{Tiers: []*fairlotv1.Tier{{Count: 2, Title: english("Book")}}, Alternates: 2, ClaimDays: 7,
			DrawTime: timestamppb.New(end.Add(2 * time.Hour))}},
		Form: &fairlotv1.EntryForm{Phone: fairlotv1.FieldRule_FIELD_RULE_REQUIRED, Email: fairlotv1.FieldRule_FIELD_RULE_REQUIRED,
			Address: fairlotv1.FieldRule_FIELD_RULE_REQUIRED},
		Proof: fairlotv1.Proof_PROOF_TOKEN, Batch: int32(batch), EntriesEnd: timestamppb.New(end), Threshold: 2,
	}
	for i := range 3 {
		key, err := custody.NewClassicKey()
		_, cosigner, err2 := ledger.GenerateCosigner(fmt.Sprintf("custodian%d", i+1))
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		c.Custodians = append(c.Custodians, &fairlotv1.Custodian{Recipient: key.Recipient(), Cosigner: cosigner})
	}
	notifier, err := custody.NewClassicKey()
	if err != nil {
		t.Fatal(err)
	}
	c.Notifiers = []string{notifier.Recipient()}
	return c
}

// objections is how long objections may be made where nothing proves a person.
const objections = time.Second

// withoutProof lets anybody enter who types an ID number.
func withoutProof(c *fairlotv1.Campaign) {
	c.Proof, c.ChancesCap, c.ObjectionsEnd = fairlotv1.Proof_PROOF_NONE, 1, timestamppb.New(c.EntriesEnd.AsTime().Add(objections))
}

// openCampaign opens one with a draw.
func (d *daemon) openCampaign(batch int, end time.Time, change ...func(*fairlotv1.Campaign)) *campaign {
	d.t.Helper()
	return d.openListed(nil, batch, end, change...)
}

// openListed opens one with a draw and an exclusion list, nil for none.
func (d *daemon) openListed(list []byte, batch int, end time.Time, change ...func(*fairlotv1.Campaign)) *campaign {
	d.t.Helper()
	c := withDraw(d.t, batch, end)
	for _, f := range change {
		f(c)
	}

	conn, ctx := d.staff()
	defer conn.Close()
	svc := fairlotv1.NewCampaignServiceClient(conn)
	draft, err := svc.CreateCampaign(ctx, &fairlotv1.CreateCampaignRequest{Campaign: c})
	if err != nil {
		d.t.Fatal(err)
	}
	if name := draft.Name; list != nil {
		set := func() (err error) {
			draft, err = svc.SetExclusionList(ctx, &fairlotv1.SetExclusionListRequest{Name: name, List: list})
			return err
		}
		if d.listing != nil {
			err = d.listing(set)
		} else {
			err = set()
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
	asked, err := svc.OpenCampaign(ctx, &fairlotv1.OpenCampaignRequest{Name: draft.Name, Etag: draft.Etag, WithoutKeyCheck: true})
	if err != nil {
		d.t.Fatal(err)
	}
	conn2, second := d.as("officer", "Lin")
	defer conn2.Close()
	if _, err := fairlotv1.NewApprovalServiceClient(conn2).Approve(second, &fairlotv1.ApproveRequest{Name: asked.Name, Digest: asked.Digest}); err != nil {
		d.t.Fatal(err)
	}
	o, err := svc.GetCampaign(ctx, &fairlotv1.GetCampaignRequest{Name: draft.Name})
	if err != nil {
		d.t.Fatal(err)
	}
	return &campaign{d: d, id: strings.TrimPrefix(o.Name, "campaigns/"), name: o.Name, notice: o.NoticeHash, open: draw.HashOf([]byte(o.OpenRecord)), end: end}
}

func (c *campaign) tokens(n int) (all []string) {
	c.d.t.Helper()
	conn, ctx := c.d.staff()
	defer conn.Close()
	for len(all) < n {
		resp, err := fairlotv1.NewEntryServiceClient(conn).CreateEntryTokens(ctx, &fairlotv1.CreateEntryTokensRequest{Parent: c.name, Count: int32(min(10000, n-len(all)))})
		if err != nil {
			c.d.t.Fatal(err)
		}
		all = append(all, resp.Tokens...)
	}
	return all
}

// close asks for the close; its error may be that the daemon was killed.
func (c *campaign) close() error {
	conn, ctx := c.d.staff()
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, err := fairlotv1.NewCampaignServiceClient(conn).CloseCampaign(ctx, &fairlotv1.CloseCampaignRequest{Name: c.name})
	return err
}

// closed tells whether the public sees the campaign closed.
func (c *campaign) closed() bool {
	resp, err := client.Get("http://" + c.d.http + "/v1/" + c.name)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var v struct{ State string }
	return json.NewDecoder(resp.Body).Decode(&v) == nil && v.State == "CAMPAIGN_STATE_CLOSED"
}

// entrants reads draw/1/entrants.bin out of the public bundle. A campaign can be closed a moment before the checkpoint is signed that the bundle goes up to.
func (c *campaign) entrants() (leaves []draw.Leaf) {
	c.d.t.Helper()
	if err := within(20*time.Second, func() (err error) {
		leaves, err = c.bundled()
		return err
	}); err != nil {
		c.d.t.Fatalf("%v\n%s", err, c.d.lastLog())
	}
	return leaves
}

func (c *campaign) bundled() ([]draw.Leaf, error) {
	resp, err := client.Get("http://" + c.d.http + "/bundles/" + c.id + ".tar")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	for r := tar.NewReader(resp.Body); ; {
		h, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("the bundle has no entry list: status %d, %w", resp.StatusCode, err)
		}
		if h.Name != "draw/1/entrants.bin" {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil || len(b)%draw.LeafSize != 0 {
			return nil, fmt.Errorf("entry list of %d bytes: %w", len(b), err)
		}
		var leaves []draw.Leaf
		for ; len(b) > 0; b = b[draw.LeafSize:] {
			leaves = append(leaves, draw.LeafOf([draw.LeafSize]byte(b)))
		}
		return leaves, nil
	}
}

// person is somebody made up, with everything that their browser holds.
type person struct {
	n                           int // their answer to the survey, which nobody else gives
	s, answerSecret             [32]byte
	name, number, phone, email  string
	address, words, entry, body string // entry: id in hex; body: the request as sent
	token                       string
	leaf                        draw.Leaf // as it must stand in the entry list
}

// idNumber is the i-th valid number of a citizen; the numbers lie far apart.
func idNumber(i int) string {
	for d := range 10 {
		if n, err := tag.Canonical(tag.Citizen, fmt.Sprintf("%c1%07d%d", 'A'+i%8, (i*7919)%10000000, d)); err == nil {
			return n
		}
	}
	panic("no check digit")
}

// surnames and given are characters that Big5 has and that are rare enough not to come about by chance in six places.
var characters = []rune("龔鄺酈嚴闕竇鄔鞏龐鄧霍瞿熹曦瀚灝鑫淼焱垚犇麟鵬鶴鷹鸞鳳蘭蕙薇蘅蘊藝靄霖霏")

// newPerson makes the n-th person, who wants to enter c with token.
func (c *campaign) newPerson(n int, token string) *person {
	var random [40]byte
	rand.Read(random[:])
	var name []rune
	for _, b := range random[:6] {
		name = append(name, characters[int(b)%len(characters)])
	}
	unique := hex.EncodeToString(random[8:20])
	p := &person{n: n, name: string(name), number: idNumber(n), phone: fmt.Sprintf("0911%08d", n*7+10000019),
		email: unique + "@example.org", address: "臺北市" + string(name) + "路" + unique[:10] + "號", words: "words " + hex.EncodeToString(random[20:]), token: token}
	rand.Read(p.s[:])
	rand.Read(p.answerSecret[:])
	r := draw.Secret(p.s).R()
	id := r.EntrantID(c.open)
	p.entry = hex.EncodeToString(id[:])
	identity, err := draw.Identity{Name: p.name, IDType: "citizen", IDNumber: p.number}.Marshal()
	contact, err2 := draw.Contact{Lang: "zh-Hant-TW", Phone: p.phone, Email: p.email, Address: p.address}.Marshal()
	if err := errors.Join(err, err2); err != nil {
		panic(err)
	}
	p.leaf = draw.Leaf{ID: id, Stratum: 1, Chances: 1, Person: draw.PersonOf(r.IdentityKey().Commit(identity), r.ContactKey().Commit(contact))}
	c.says(p, p.words)
	return p
}

// says makes the request of somebody whose free text is words.
func (c *campaign) says(p *person, words string) {
	p.words = words
	r := draw.Secret(p.s).R()
	response, err := json.Marshal(map[string]any{"n": p.n, "t": p.words})
	if err != nil {
		panic(err)
	}
	body, err := json.Marshal(map[string]any{
		"r": r[:], "noticeHash": c.notice, "consents": []string{"rules"},
		"identity": map[string]any{"name": p.name, "idType": "ID_TYPE_CITIZEN", "idNumber": p.number},
		"contact":  map[string]any{"phone": p.phone, "email": p.email, "address": p.address},
		"token":    p.token, "responseJson": string(response), "answerSecretHash": sum(p.answerSecret[:]),
	})
	if err != nil {
		panic(err)
	}
	p.body = string(body)
}

// correction is the request that puts another contact in the place of p's, and the secret of the new entry.
func (c *campaign) correction(p *person) (body []byte, next draw.Secret) {
	rand.Read(next[:])
	r := next.R()
	body, err := json.Marshal(map[string]any{
		"s": p.s[:], "r": r[:], "noticeHash": c.notice,
		"identity": map[string]any{"name": p.name, "idType": "ID_TYPE_CITIZEN", "idNumber": p.number},
		"contact":  map[string]any{"phone": p.phone, "email": "new-" + p.email, "address": p.address},
	})
	if err != nil {
		panic(err)
	}
	return body, next
}

// ask sends what somebody who has entered asks for, correct or erase, and says whether it was acknowledged, and else why not.
func (c *campaign) ask(addr, what string, body []byte) (done bool, why string) {
	resp, err := client.Post("http://"+addr+"/v1/"+c.name+"/entries:"+what, "application/json", bytes.NewReader(body))
	if err != nil {
		return false, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK, string(text)
}

// answer is what the public's door said.
type answer struct {
	status      int
	id, receipt string // of an acknowledgement
	reason      string // of a refusal
	text        string // the whole body
}

// enter sends p's entry to addr; an error says that no answer came.
func (c *campaign) enter(addr string, p *person) (answer, error) { return c.enterWith(client, addr, p) }

// enterWith is enter through a client of choice.
func (c *campaign) enterWith(client *http.Client, addr string, p *person) (answer, error) {
	resp, err := client.Post("http://"+addr+"/v1/"+c.name+"/entries", "application/json", strings.NewReader(p.body))
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, text: string(body)}
	var v struct {
		ID, Receipt string
		Details     []struct{ Reason string }
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return answer{}, fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	a.id, a.receipt = v.ID, v.Receipt
	for _, d := range v.Details {
		if d.Reason != "" {
			a.reason = d.Reason
		}
	}
	if a.status == http.StatusOK && (a.id != p.entry || !bytes.Contains([]byte(a.receipt), []byte("\nid "+p.entry+"\n"))) {
		return a, fmt.Errorf("the receipt is about another entry")
	}
	return a, nil
}

// mustEnter enters and wants the acknowledgement.
func (c *campaign) mustEnter(t testing.TB, p *person) answer {
	t.Helper()
	a, err := c.enter(c.d.http, p)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("enter: %v, status %d: %s\n%s", err, a.status, a.text, c.d.lastLog())
	}
	return a
}
