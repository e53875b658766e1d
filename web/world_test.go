package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/crypto/beacon"
	"fairlot/crypto/custody"
	"fairlot/crypto/keys"
	"fairlot/crypto/ledger"
	"fairlot/crypto/receipt"
	"fairlot/crypto/tag"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/server"
	"fairlot/store"
	"fairlot/store/sqlite"
	"fairlot/web"
)

// world is a whole installation in this process: rooms on disk, engine, both doors, a beacon chain of its own behind a relay. Its clock
// stands still until it is put forward, so that a slow machine meets no deadline between two steps; the browser's cannot be, and need not.
type world struct {
	t          *testing.T
	began      time.Time
	ahead      atomic.Int64 // nanoseconds that the clock is put forward
	lose       atomic.Bool  // answers to entries are lost after the server made them
	lost       atomic.Int64
	forge      atomic.Bool            // answers to entries come with another identity commitment
	spoil      atomic.Pointer[[]byte] // bundles come with another id in the leaf of this one
	url        string
	receiptKey string

	receiptSigner note.Signer
	chain         *fairlotv1.Beacon
	rooms         store.Rooms
	engine        *engine.Engine
	staff         context.Context
	second        context.Context // another officer, who approves
	approvals     fairlotv1.ApprovalServiceClient
	log           fairlotv1.LogServiceClient
	campaigns     fairlotv1.CampaignServiceClient
	entries       fairlotv1.EntryServiceClient
	draws         fairlotv1.DrawServiceClient
}

func (w *world) now() time.Time { return w.began.Add(time.Duration(w.ahead.Load())) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, began: time.Now()}
	ctx := context.Background()
	dir := t.TempDir()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, kf := filepath.Join(dir, "rooms"), filepath.Join(dir, "keys")
	check(errors.Join(sqlite.Create(db), keys.Make(kf)))
	rooms, err := sqlite.Open(db)
	check(err)
	w.rooms = rooms
	folder, err := keys.Open(kf)
	check(err)
	const origin = "library.example/fairlot"
	logSecret, logKey, err := ledger.GenerateLogKey(origin)
	check(err)
	logSigner, _, err := ledger.NewLogSigner(logSecret)
	check(err)
	receiptSecret, receiptKey, err := receipt.GenerateKey(origin)
	check(err)
	receiptSigner, err := receipt.NewSigner(receiptSecret)
	check(err)
	w.receiptKey, w.receiptSigner = receiptKey, receiptSigner
	_, err = engine.MakeInstallation(ctx, rooms, folder,
		store.Installation{Origin: origin, Institution: "臺北市立示範圖書館", LogKey: logKey, ReceiptKey: receiptKey}, "admin", w.now())
	check(err)

	local, err := beacon.NewLocal(time.Now().Add(-time.Hour).Unix(), 1)
	check(err)
	relay := httptest.NewServer(local.Handler(w.now))
	t.Cleanup(relay.Close)
	chain := local.Chain()
	w.chain = &fairlotv1.Beacon{Chain: chain.Hash[:], PeriodSeconds: int64(chain.Period), Genesis: chain.Genesis, Key: chain.Key[:]}

	w.engine, err = engine.New(ctx, engine.Config{
		Registry: rooms.Registry, Identity: rooms.Identity, Answers: rooms.Answers, Keys: folder, Marks: folder, Now: w.now,
		LogSigner: logSigner, ReceiptSigner: receiptSigner, Beacon: &beacon.Relays{URLs: []string{relay.URL}, Timeout: 5 * time.Second},
	})
	check(err)
	srv, err := server.New(ctx, server.Config{Engine: w.engine, Site: web.Files()})
	check(err)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go srv.ServeGRPC(lis)
	ctx, stopWork := context.WithCancel(ctx)
	worked := make(chan struct{})
	go func() { w.engine.Run(ctx); close(worked) }()
	site := httptest.NewServer(w.losing(srv.Handler()))
	w.url = site.URL
	conn, err := grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	w.campaigns, w.entries, w.draws = fairlotv1.NewCampaignServiceClient(conn), fairlotv1.NewEntryServiceClient(conn), fairlotv1.NewDrawServiceClient(conn)
	for label, to := range map[string]*context.Context{"first": &w.staff, "second": &w.second} {
		token, _, err := w.engine.CreateStaffToken(ctx, engine.RoleOfficer, label, 30)
		check(err)
		*to = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	w.approvals, w.log = fairlotv1.NewApprovalServiceClient(conn), fairlotv1.NewLogServiceClient(conn)
	t.Cleanup(func() {
		conn.Close()
		site.Close()
		srv.Stop(context.Background())
		stopWork()
		<-worked
		w.engine.Close()
		rooms.Close()
	})
	return w
}

// losing stands between browser and server. It lets the server do all of its work and then cuts the connection, as a network that breaks
// at the worst moment, or changes what the server said.
func (w *world) losing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && w.lose.Load() {
			next.ServeHTTP(httptest.NewRecorder(), r)
			w.lost.Add(1)
			panic(http.ErrAbortHandler)
		}
		if id := w.spoil.Load(); id != nil && strings.HasPrefix(r.URL.Path, "/bundles/") {
			kept := httptest.NewRecorder()
			next.ServeHTTP(kept, r)
			body := bytes.Clone(kept.Body.Bytes())
			if at := bytes.Index(body, *id); at >= 0 {
				body[at+15] ^= 1
			}
			maps.Copy(rw.Header(), kept.Header())
			rw.WriteHeader(kept.Code)
			rw.Write(body)
			return
		}
		if r.Method == http.MethodPost && w.forge.Load() {
			kept := httptest.NewRecorder()
			next.ServeHTTP(kept, r)
			var answer map[string]any
			if json.Unmarshal(kept.Body.Bytes(), &answer) == nil && answer["identityCommitment"] != nil {
				answer["identityCommitment"] = make([]byte, 32)
			}
			maps.Copy(rw.Header(), kept.Header())
			rw.WriteHeader(kept.Code)
			json.NewEncoder(rw).Encode(answer)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

func both(zh, en string) []*fairlotv1.LocalizedText {
	return []*fairlotv1.LocalizedText{{Lang: "zh-Hant-TW", Text: zh}, {Lang: "en", Text: en}}
}

const surveyJSON = `{"locale":"zh-tw","clearInvisibleValues":"onHidden","pages":[
{"name":"use","title":{"zh-tw":"您如何使用圖書館","en":"How you use the library"},"elements":[
 {"type":"radiogroup","name":"visit","isRequired":true,"title":{"zh-tw":"您多久來一次？","en":"How often do you come?"},
  "choices":[{"value":"weekly","text":{"zh-tw":"每週","en":"Every week"}},{"value":"monthly","text":{"zh-tw":"每月","en":"Every month"}},{"value":"never","text":{"zh-tw":"不曾","en":"Never"}}],
  "showOtherItem":true,"otherText":{"zh-tw":"其他","en":"Other"}},
 {"type":"checkbox","name":"services","visibleIf":"{visit} <> 'never'","maxSelectedChoices":2,"title":{"zh-tw":"您用過哪些服務？","en":"Which services have you used?"},
  "choices":[{"value":"loans","text":{"zh-tw":"借書","en":"Loans"}},{"value":"ebooks","text":{"zh-tw":"電子書","en":"E-books"}},{"value":"talks","text":{"zh-tw":"講座","en":"Talks"}}],
  "showNoneItem":true,"noneText":{"zh-tw":"都沒有","en":"None"}},
 {"type":"rating","name":"content","isRequired":true,"title":{"zh-tw":"整體滿意度","en":"How content are you?"},"rateMin":1,"rateMax":5,
  "minRateDescription":{"zh-tw":"很不滿意","en":"Not at all"},"maxRateDescription":{"zh-tw":"很滿意","en":"Very"}},
 {"type":"text","inputType":"number","name":"books","min":0,"max":500,"step":1,"title":{"zh-tw":"去年讀了幾本書？","en":"How many books did you read last year?"}}]},
{"name":"ideas","title":{"zh-tw":"您的意見","en":"Your ideas"},"elements":[
 {"type":"dropdown","name":"hour","title":{"zh-tw":"您最常在什麼時段來？","en":"When do you mostly come?"},
  "choices":[{"value":"morning","text":{"zh-tw":"上午","en":"Morning"}},{"value":"evening","text":{"zh-tw":"晚上","en":"Evening"}}]},
 {"type":"boolean","name":"recommend","title":{"zh-tw":"會推薦給朋友嗎？","en":"Would you recommend us?"}},
 {"type":"text","inputType":"date","name":"last","min":"2020-01-01","title":{"zh-tw":"上次來館的日期","en":"Date of your last visit"}},
 {"type":"comment","name":"why","maxLength":500,"title":{"zh-tw":"還有什麼建議？","en":"What else would you suggest?"}}]}]}`

const answers = `{"visit":"weekly","content":4}`

func (w *world) custodians(n int) (out []*fairlotv1.Custodian) {
	for i := range n {
		k, err := custody.NewClassicKey()
		_, vkey, err2 := ledger.GenerateCosigner(fmt.Sprintf("custodian%d", i+1))
		if err := errors.Join(err, err2); err != nil {
			w.t.Fatal(err)
		}
		out = append(out, &fairlotv1.Custodian{Recipient: k.Recipient(), Cosigner: vkey})
	}
	return out
}

// full is a campaign with survey, draw on the world's own chain, and tokens; entries end in two days.
func (w *world) full(slug string) *fairlotv1.Campaign {
	end := w.now().Add(48 * time.Hour)
	custodians := w.custodians(3)
	return &fairlotv1.Campaign{
		Slug: slug, Title: both("2026 圖書館滿意度問卷暨抽獎", "Library survey 2026 with a draw"),
		Description: both("謝謝您使用圖書館。\n\n填完問卷只要三分鐘，完成後可以參加抽獎。", "Thank you for using the library.\n\nThe survey takes three minutes; then you may enter the draw."),
		Notice: both("一、蒐集機關：臺北市立示範圖書館。\n二、目的：讀者滿意度調查與抽獎。\n三、您的身分與聯絡資料加密保存，開獎後只開啟得獎人的聯絡資料。",
			"1. Collected by the Demo Library.\n2. Purpose: survey and draw.\n3. Identity and contact are sealed; after the draw only the contacts of winners are opened."),
		SurveyJson: surveyJSON,
		Consents: []*fairlotv1.Consent{
			{Code: "rules", Text: both("我已讀過告知事項，同意參加抽獎", "I have read the notice and enter the draw"), Required: true},
			{Code: "news", Text: both("我願意收到圖書館的活動通知", "Tell me of the library's events")},
			{Code: "research", Text: both("我的答案可供學術研究", "My answers may be used for research"), AboutAnswers: true},
		},
		Form:  &fairlotv1.EntryForm{Birth: fairlotv1.FieldRule_FIELD_RULE_OPTIONAL, Email: fairlotv1.FieldRule_FIELD_RULE_REQUIRED, Phone: fairlotv1.FieldRule_FIELD_RULE_OPTIONAL},
		Proof: fairlotv1.Proof_PROOF_TOKEN, ChancesCap: 2, Batch: 5, EntriesEnd: timestamppb.New(end),
		Custodians: custodians, Threshold: 2, Notifiers: []string{custodians[0].Recipient},
		Draws: []*fairlotv1.DrawRules{{
			Tiers:      []*fairlotv1.Tier{{Count: 1, Title: both("平板電腦", "Tablet computer")}, {Count: 2, Title: both("圖書禮券 500 元", "Book voucher of NT$500")}},
			Alternates: 2, ClaimDays: 30, MarginSeconds: 60, DrawTime: timestamppb.New(end.Add(time.Hour)), Beacon: w.chain,
		}},
	}
}

// open opens a campaign, with an exclusion list if there is one.
func (w *world) open(c *fairlotv1.Campaign, lists ...[]byte) *fairlotv1.Campaign {
	w.t.Helper()
	made, err := w.campaigns.CreateCampaign(w.staff, &fairlotv1.CreateCampaignRequest{Campaign: c})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, list := range lists {
		if made, err = w.campaigns.SetExclusionList(w.staff, &fairlotv1.SetExclusionListRequest{Name: made.Name, List: list}); err != nil {
			w.t.Fatal(err)
		}
	}
	asked, err := w.campaigns.OpenCampaign(w.staff, &fairlotv1.OpenCampaignRequest{Name: made.Name, Etag: made.Etag, WithoutKeyCheck: true})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.approvals.Approve(w.second, &fairlotv1.ApproveRequest{Name: asked.Name, Digest: asked.Digest}); err != nil {
		w.t.Fatal(err)
	}
	opened, err := w.campaigns.GetCampaign(w.staff, &fairlotv1.GetCampaignRequest{Name: made.Name})
	if err != nil {
		w.t.Fatal(err)
	}
	return opened
}

func (w *world) tokens(c *fairlotv1.Campaign, n int) []string {
	w.t.Helper()
	got, err := w.entries.CreateEntryTokens(w.staff, &fairlotv1.CreateEntryTokensRequest{Parent: c.Name, Count: int32(n)})
	if err != nil {
		w.t.Fatal(err)
	}
	return got.Tokens
}

// entrants counts what the server keeps for a campaign.
func (w *world) entrants(c *fairlotv1.Campaign) int {
	w.t.Helper()
	id, ok := engine.ParseCampaignID(strings.TrimPrefix(c.Name, "campaigns/"))
	if !ok {
		w.t.Fatal("campaign without id")
	}
	leaves, err := w.rooms.Identity.Leaves(context.Background(), id, store.EntrantID{}, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(leaves)
}

// others enters n more persons through the staff's door, which knows the public methods too, and returns their receipts.
func (w *world) others(c *fairlotv1.Campaign, n int) (receipts []string) {
	w.t.Helper()
	for i, token := range w.tokens(c, n) {
		req := &fairlotv1.EnterRequest{
			Parent: c.Name, R: append(make([]byte, 31), byte(i+1)), NoticeHash: c.NoticeHash, Consents: []string{"rules"}, Token: token,
			Identity:     &fairlotv1.Identity{Name: "林小美", IdType: fairlotv1.IdType_ID_TYPE_CITIZEN, IdNumber: idNumber(i)},
			Contact:      &fairlotv1.Contact{Lang: "en", Email: fmt.Sprintf("p%d@example.org", i)},
			ResponseJson: answers, AnswerSecretHash: make([]byte, 32),
		}
		got, err := w.entries.Enter(context.Background(), req)
		if err != nil {
			w.t.Fatal(err)
		}
		receipts = append(receipts, got.Receipt)
	}
	return receipts
}

// idNumber is the i-th valid citizen's number.
func idNumber(i int) string {
	for d := range 10 {
		if n, err := tag.Canonical(tag.Citizen, fmt.Sprintf("B2%07d%d", i, d)); err == nil {
			return n
		}
	}
	panic("no check digit")
}
