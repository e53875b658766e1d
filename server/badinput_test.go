package server_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

var badField = refusal{code: codes.InvalidArgument, reason: engine.FieldInvalid}

// TestBadInput sends what is no request at all, or none of this contract, by name.
func TestBadInput(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("bad-input"))
	good := func(t *testing.T) *entry { return d.entry(t, c, d.tokens(t, c, 1)[0]) }
	cases := map[string]func(t *testing.T, e *entry) []byte{
		"empty body":       func(*testing.T, *entry) []byte { return []byte{} },
		"blank body":       func(*testing.T, *entry) []byte { return []byte(" \n") },
		"not JSON":         func(_ *testing.T, e *entry) []byte { return []byte("name=" + e.secrets()[5]) },
		"cut short":        func(t *testing.T, e *entry) []byte { b := toJSON(t, e.body); return b[:len(b)-3] },
		"trailing garbage": func(t *testing.T, e *entry) []byte { return append(toJSON(t, e.body), "garbage"...) },
		"two objects":      func(t *testing.T, e *entry) []byte { return append(toJSON(t, e.body), toJSON(t, e.body)...) },
		"byte order mark":  func(t *testing.T, e *entry) []byte { return append([]byte("\ufeff"), toJSON(t, e.body)...) },
		"an array":         func(t *testing.T, e *entry) []byte { return toJSON(t, []any{e.body}) },
		"null":             func(*testing.T, *entry) []byte { return []byte("null") },
		"a string":         func(t *testing.T, e *entry) []byte { return toJSON(t, string(toJSON(t, e.body))) },
		"unknown field":    func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("Qname-unknown", "Qname").body) },
		"unknown deep":     func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("identity.nickname", "Qname").body) },
		"a field twice":    func(t *testing.T, e *entry) []byte { return again(t, e, `"token":"Qtoken"`) },
		"by both names":    func(t *testing.T, e *entry) []byte { return again(t, e, `"response_json":"{}"`) },
		"deep twice":       func(t *testing.T, e *entry) []byte { return twiceDeep(t, e) },
		"number for text":  func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("identity.name", 912345678).body) },
		"text for object":  func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("identity", "Qname").body) },
		"text for list":    func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("consents", "rules").body) },
		"object for text": func(t *testing.T, e *entry) []byte {
			return toJSON(t, e.set("responseJson", map[string]any{"often": "weekly"}).body)
		},
		"list in list":      func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("consents", []any{[]any{"rules"}}).body) },
		"null in list":      func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("consents", []any{nil}).body) },
		"not base64":        func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("r", "Qname ***").body) },
		"unknown enum":      func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("identity.idType", "Qname").body) },
		"enum out of range": func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("identity.idType", 17).body) },
		"huge enum": func(t *testing.T, e *entry) []byte {
			return again(t, e.set("contact.lang", nil), `"identity":{"idType":1e400}`)
		},
		"huge number": func(t *testing.T, e *entry) []byte {
			return again(t, e.set("token", nil), `"token":`+strings.Repeat("9", 4000))
		},
		"invalid UTF-8": func(t *testing.T, e *entry) []byte {
			return bytes.Replace(toJSON(t, e.body), []byte("Qname"), []byte("Qna\xffme"), 1)
		},
		"overlong UTF-8": func(t *testing.T, e *entry) []byte {
			return bytes.Replace(toJSON(t, e.body), []byte("Qname"), []byte("Q\xc0\xafme"), 1)
		},
		"UTF-8 surrogate": func(t *testing.T, e *entry) []byte {
			return bytes.Replace(toJSON(t, e.body), []byte("Qname"), []byte("Q\xed\xa0\x80"), 1)
		},
		"half a surrogate": func(t *testing.T, e *entry) []byte {
			return bytes.Replace(toJSON(t, e.body), []byte("Qname"), []byte(`Q\ud83d`), 1)
		},
		"raw NUL": func(t *testing.T, e *entry) []byte {
			return bytes.Replace(toJSON(t, e.body), []byte("Qname"), []byte("Q\x00"), 1)
		},
		"raw line feed": func(t *testing.T, e *entry) []byte {
			return bytes.Replace(toJSON(t, e.body), []byte("Qname"), []byte("Q\n"), 1)
		},
		"UTF-16":            func(t *testing.T, e *entry) []byte { return utf16le(toJSON(t, e.body)) },
		"very deep arrays":  func(*testing.T, *entry) []byte { return bytes.Repeat([]byte("["), engineBody) },
		"very deep objects": func(*testing.T, *entry) []byte { return bytes.Repeat([]byte(`{"identity":`), engineBody/12) },
		"deep and closed": func(t *testing.T, e *entry) []byte {
			return again(t, e, `"deep":`+strings.Repeat("[", 9000)+strings.Repeat("]", 9000))
		},
		"short r": func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("r", "AAAA").body) },
		"no r":    func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("r", nil).body) },
		"notice not hex": func(t *testing.T, e *entry) []byte {
			return toJSON(t, e.set("noticeHash", strings.Repeat("Q", 64)).body)
		},
		"consent twice": func(t *testing.T, e *entry) []byte { return toJSON(t, e.set("consents", []any{"rules", "rules"}).body) },
		"nine consents": func(t *testing.T, e *entry) []byte {
			return toJSON(t, e.set("consents", strings.Split("abcdefghi", "")).body)
		},
		"gzip": func(*testing.T, *entry) []byte { return []byte("\x1f\x8b\x08\x00\x00") },
	}
	for name, make := range cases {
		t.Run(name, func(t *testing.T) {
			e := good(t)
			secrets := append(e.secrets(), "Qname", "912345678", "Qtoken")
			body := make(t, e)
			d.unchanged(t, func() {
				resp, answer := d.do(t, "POST", e.path(), body, nil)
				want := badField
				want.field = map[string]string{"unknown enum": "idType", "number for text": "name", "object for text": "responseJson", "not base64": "r",
					"huge number": "token"}[name]
				wantHTTP(t, resp, answer, want, secrets...)
			})
		})
	}
	t.Run("good after all", func(t *testing.T) { d.enter(t, good(t)) })
}

const engineBody = 60 << 10

// again adds a field to an entry that may have it already.
func again(t *testing.T, e *entry, field string) []byte {
	return append(bytes.TrimSuffix(toJSON(t, e.body), []byte("}\n")), ","+field+"}"...)
}

func twiceDeep(t *testing.T, e *entry) []byte {
	return bytes.Replace(toJSON(t, e.body), []byte(`"idType"`), []byte(`"name":"Qname","idType"`), 1)
}

func utf16le(b []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, r := range string(b) {
		out = append(out, byte(r), byte(r>>8))
	}
	return out
}

// TestBadParameters puts what does not belong there into addresses.
func TestBadParameters(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("parameters"))
	notFound := refusal{code: codes.NotFound, reason: engine.CampaignNotFound}
	for path, want := range map[string]refusal{
		"/v1/campaigns?page_size=Qname":                                                   badField,
		"/v1/campaigns?pageSize=99999999999999999999":                                     badField,
		"/v1/campaigns?page_size=-1":                                                      {code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "page_size"},
		"/v1/campaigns?page_size=101":                                                     {code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "page_size"},
		"/v1/campaigns?page_token=Qname":                                                  badField,
		"/v1/campaigns?page_size=1&page_size=2":                                           badField,
		"/v1/campaigns?page_token=%ff":                                                    badField,
		"/v1/log/records?start=-1":                                                        {code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "start"},
		"/v1/log/records?start=9223372036854775808":                                       badField,
		"/v1/log/records?start=1e400":                                                     badField,
		"/v1/campaigns/Qname":                                                             {code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "name"},
		"/v1/campaigns/%00":                                                               {code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "name"},
		"/v1/campaigns/%ff":                                                               badField,
		"/v1/campaigns/" + strings.Repeat("a", 64):                                        {code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "name"},
		"/v1/campaigns/not-there":                                                         notFound,
		"/v1/campaigns/" + strings.Repeat("0", 32):                                        notFound,
		"/v1/campaigns/not-there/draws":                                                   notFound,
		"/v1/campaigns/not-there/draws/1":                                                 notFound,
		"/v1/campaigns/not-there/entries/" + strings.Repeat("0", 32) + ":status":          notFound,
		"/v1/" + c.Name + "/draws/2":                                                      {code: codes.NotFound, reason: engine.DrawNotFound},
		"/v1/" + c.Name + "/draws/0":                                                      {code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "name"},
		"/v1/" + c.Name + "/draws/999999999999999999999":                                  {code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "name"},
		"/v1/" + c.Name + "/entries/" + strings.Repeat("0", 32) + ":status":               {code: codes.NotFound, reason: engine.EntryNotFound},
		"/v1/" + c.Name + "/entries/Qname:status":                                         {code: codes.InvalidArgument, reason: engine.FieldInvalid, field: "name"},
		"/bundles/" + strings.Repeat("0", 32) + ".tar":                                    notFound,
		"/bundles/not-there.tar":                                                          notFound,
		"/bundles/" + strings.ToUpper(strings.TrimPrefix(c.Name, "campaigns/")) + "X.tar": notFound,
	} {
		t.Run(path, func(t *testing.T) {
			d.unchanged(t, func() {
				resp, body := d.do(t, "GET", path, nil, nil)
				wantHTTP(t, resp, body, want, "Qname")
			})
		})
	}
	entry := "/v1/" + c.Name + "/entries/" + strings.Repeat("0", 32) + ":status"
	for path, allowed := range map[string]string{
		"/v1/campaigns?Qname=1": "pageSize, pageToken", "/v1/campaigns?page_size=1&Qname": "pageSize, pageToken", "/v1/campaigns?PageSize=1": "pageSize, pageToken",
		"/v1/campaigns?page_size.Qname=1": "pageSize, pageToken", "/v1/log/records?start=0&Qname=1": "pageSize, start",
		"/v1/log/checkpoint?Qname=1": "no parameters", "/v1/" + c.Name + "?Qname": "no parameters", "/v1/" + c.Name + "?name=campaigns/Qname": "no parameters",
		"/v1/" + c.Name + "/draws?parent=Qname": "no parameters", "/v1/" + c.Name + "/draws/1?Qname=": "no parameters", entry + "?Qname=1": "no parameters",
	} {
		resp, body := d.do(t, "GET", path, nil, nil)
		wantHTTP(t, resp, body, badField, "Qname")
		if !bytes.Contains(body, []byte(allowed)) {
			t.Errorf("%s does not say what it takes: %s", path, body)
		}
	}
	for _, path := range []string{"/v1/campaigns?a;b", "/v1/campaigns?page_size=1;Qname=2"} {
		resp, body := d.do(t, "GET", path, nil, nil)
		wantHTTP(t, resp, body, badField, "Qname")
	}
	for _, path := range []string{"/v1/campaigns", "/v1/campaigns?pageSize=1&pageToken=", "/v1/log/records?start=0&pageSize=1", "/v1/log/checkpoint?", "/v1/" + c.Name + "/draws"} {
		if resp, body := d.do(t, "GET", path, nil, nil); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", path, resp.Status, body)
		}
	}
	x := d.entry(t, c, d.tokens(t, c, 1)[0])
	resp, body := d.do(t, "POST", "/v1/"+c.Name+"/entries?Qname=1", toJSON(t, x.body), http.Header{"Content-Type": {"application/json"}})
	wantHTTP(t, resp, body, badField, "Qname")
	if resp, body := d.do(t, "GET", "/v1/log/records?start=9223372036854775807&page_size=100", nil, nil); resp.StatusCode != 200 || !bytes.Contains(bytes.ReplaceAll(body, []byte(" "), nil), []byte(`"records":[]`)) {
		t.Errorf("records after the end: %s %s", resp.Status, body)
	}
	for _, path := range []string{"/v1/nothing", "/v1/", "/v1/campaigns/a/b/c"} {
		resp, body := d.do(t, "GET", path, nil, nil)
		wantHTTP(t, resp, body, refusal{code: codes.NotFound, reason: engine.FieldInvalid})
	}
	for _, verb := range []string{"PUT", "PATCH", "DELETE"} {
		resp, body := d.do(t, verb, "/v1/"+c.Name+"/entries", []byte("{}"), nil)
		if resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %s", verb, resp.Status)
		}
		wantHTTP(t, resp, body, refusal{code: codes.Unimplemented, reason: engine.FieldInvalid})
	}
}

// TestContentType takes JSON alone.
func TestContentType(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("content-type"))
	for _, ct := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/protobuf", "application/grpc", "application/jsonp", "text/json", ";", "application/json, text/plain"} {
		e := d.entry(t, c, d.tokens(t, c, 1)[0])
		d.unchanged(t, func() {
			resp, body := d.do(t, "POST", e.path(), toJSON(t, e.body), http.Header{"Content-Type": {ct}})
			if resp.StatusCode != http.StatusUnsupportedMediaType {
				t.Errorf("%s: %s", ct, resp.Status)
			}
			wantHTTP(t, resp, body, badField, e.secrets()...)
		})
	}
	for _, ct := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON"} {
		e := d.entry(t, c, d.tokens(t, c, 1)[0])
		if resp, body := d.do(t, "POST", e.path(), toJSON(t, e.body), http.Header{"Content-Type": {ct}}); resp.StatusCode != 200 {
			t.Errorf("%s: %s %s", ct, resp.Status, body)
		}
	}
}

// TestTooLong sends more than the door takes, with the length said and not said.
func TestTooLong(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("too-long"))
	e := d.entry(t, c, d.tokens(t, c, 1)[0])
	padded := func(n int) []byte {
		b := bytes.TrimSuffix(toJSON(t, e.body), []byte("\n"))
		return append(b, bytes.Repeat([]byte(" "), n-len(b))...)
	}
	d.unchanged(t, func() {
		for name, body := range map[string]io.Reader{
			"length said": bytes.NewReader(padded(64<<10 + 1)),
			"chunked":     struct{ io.Reader }{bytes.NewReader(padded(64<<10 + 1))},
			"much":        struct{ io.Reader }{bytes.NewReader(padded(4 << 20))},
		} {
			req, err := http.NewRequestWithContext(t.Context(), "POST", d.site.URL+e.path(), body)
			must(t, err)
			req.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				if name == "much" {
					continue // the door closes the connection while we still send
				}
				t.Fatal(err)
			}
			answer, err := io.ReadAll(resp.Body)
			must(t, err)
			resp.Body.Close()
			if resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: %s", name, resp.Status)
			}
			wantHTTP(t, resp, answer, badField, e.secrets()...)
		}
	})
	if resp, body := d.do(t, "POST", e.path(), padded(64<<10), nil); resp.StatusCode != 200 {
		t.Errorf("exactly 64 KiB: %s %s", resp.Status, body)
	}
}

// TestBadMessages sends bytes by gRPC that are no message of the method.
func TestBadMessages(t *testing.T) {
	d := open(t)
	c := d.opened(t, d.lotteryRules("messages"))
	token := d.tokens(t, c, 2)
	e := d.entry(t, c, token[0])
	wire := func(m proto.Message) []byte {
		b, err := proto.Marshal(m)
		must(t, err)
		return b
	}
	whole := wire(e.request(t))
	big := bytes.Clone(whole) // a token again and again: the last one counts, so that it decodes to a good entry
	for len(big) <= 64<<10 {
		big = protowire.AppendString(protowire.AppendTag(big, 7, protowire.BytesType), token[0])
	}
	identity := wire(e.request(t).Identity)
	cases := map[string][]byte{
		"garbage":            []byte("\xff\xff\xff\xff garbage"),
		"cut short":          whole[:len(whole)-5],
		"invalid UTF-8":      bytes.Replace(whole, []byte("Qname"), []byte("Qna\xff\xfe"), 1),
		"group":              protowire.AppendTag(bytes.Clone(whole), 1, protowire.StartGroupType),
		"wrong wire type":    protowire.AppendVarint(protowire.AppendTag(bytes.Clone(whole), 2, protowire.VarintType), 7),
		"unknown field":      protowire.AppendString(protowire.AppendTag(bytes.Clone(whole), 500, protowire.BytesType), "Qname"),
		"unknown deep":       protowire.AppendBytes(protowire.AppendTag(bytes.Clone(whole), 5, protowire.BytesType), protowire.AppendString(protowire.AppendTag(identity, 77, protowire.BytesType), "Qname")),
		"over 64 KiB":        big,
		"length beyond ends": protowire.AppendVarint(protowire.AppendTag(bytes.Clone(whole), 6, protowire.BytesType), 1<<40),
	}
	for name, b := range cases {
		t.Run(name, func(t *testing.T) {
			d.unchanged(t, func() {
				err := d.invokeRaw(t, "", "/fairlot.v1.EntryService/Enter", b)
				wantGRPC(t, err, badField, append(e.secrets(), "Qname")...)
			})
		})
	}
	t.Run("over 1 MiB", func(t *testing.T) {
		err := d.invokeRaw(t, d.officer, "/fairlot.v1.CampaignService/CreateCampaign", bytes.Repeat([]byte{0}, 1<<20+1))
		if status.Code(err) != codes.ResourceExhausted {
			t.Error(err)
		}
	})
	t.Run("times", func(t *testing.T) {
		for _, at := range []*timestamppb.Timestamp{{Seconds: 1 << 40}, {Seconds: -1 << 40}, {Seconds: 1, Nanos: -1}, {Seconds: 1, Nanos: 2e9}, {Seconds: 1<<63 - 1}} {
			r := d.lotteryRules("times")
			r.EntriesEnd = at
			d.unchanged(t, func() {
				_, err := d.campaigns().CreateCampaign(as(t, d.officer), &fairlotv1.CreateCampaignRequest{Campaign: r})
				wantGRPC(t, err, badField)
				_, err = d.entries().CreateEntryTokens(as(t, d.officer), &fairlotv1.CreateEntryTokensRequest{Parent: c.Name, Count: 1, ExpireTime: at})
				wantGRPC(t, err, badField)
			})
		}
	})
	d.enter(t, e)
}

// rawCodec sends bytes as they are.
type rawCodec struct{}

func (rawCodec) Name() string                    { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error)   { return v.([]byte), nil }
func (rawCodec) Unmarshal(b []byte, v any) error { *v.(*[]byte) = b; return nil }

func (d *doors) invokeRaw(t *testing.T, token, method string, b []byte) error {
	t.Helper()
	var out []byte
	return d.conn.Invoke(as(t, token), method, b, &out, grpc.ForceCodec(rawCodec{}))
}
