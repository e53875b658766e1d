package server_test

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// refusal is what a caller is to be told. Field is one path that must be among those named; Retry says that a time to try again is promised.
type refusal struct {
	code   codes.Code
	reason engine.Reason
	field  string
	retry  bool
}

var httpOf = map[codes.Code]int{
	codes.InvalidArgument: 400, codes.NotFound: 404, codes.AlreadyExists: 409, codes.FailedPrecondition: 400, codes.Aborted: 409,
	codes.ResourceExhausted: 429, codes.Unavailable: 503, codes.Unauthenticated: 401, codes.PermissionDenied: 403, codes.Internal: 500,
}

// innards are words of our own machinery, which no caller can do anything with.
var innards = []string{"rpc error", "sql", "sqlite", "SQL", "proto:", "(line ", "json:", "invalid character", "unexpected token", "goroutine", ".go:", "/tmp", "database is", "strconv", "context canceled"}

// wantRefusal checks a refusal as it came, by either door.
func wantRefusal(t *testing.T, st *status.Status, want refusal, secrets ...string) {
	t.Helper()
	if st.Code() != want.code {
		t.Errorf("code %v, want %v: %s", st.Code(), want.code, st.Message())
	}
	texts := []string{st.Message()}
	var reason string
	var paths []string
	retry := false
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			reason = d.Reason
			if d.Domain != "fairlot" {
				t.Errorf("domain %q", d.Domain)
			}
		case *errdetails.BadRequest:
			for _, v := range d.FieldViolations {
				paths = append(paths, v.Field)
				texts = append(texts, v.Description)
				if v.Field == "" || v.Reason == "" {
					t.Errorf("a violation says field %q, reason %q", v.Field, v.Reason)
				}
			}
		case *errdetails.RetryInfo:
			retry = d.RetryDelay.AsDuration() > 0
		default:
			t.Errorf("detail %T", d)
		}
	}
	if reason != string(want.reason) {
		t.Errorf("reason %q, want %q: %s %v", reason, want.reason, st.Message(), paths)
	}
	if _, ok := fairlotv1.ErrorReason_value["ERROR_REASON_"+reason]; !ok {
		t.Errorf("the contract does not know the reason %q", reason)
	}
	if want.field != "" && !slices.Contains(paths, want.field) {
		t.Errorf("fields %q, want %q among them", paths, want.field)
	}
	if retry != want.retry {
		t.Errorf("a time to try again: %v, want %v", retry, want.retry)
	}
	for _, text := range texts {
		if len(strings.Fields(text)) < 3 || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\n") {
			t.Errorf("no sentence that says what to do: %q", text)
		}
		for _, word := range innards {
			if strings.Contains(text, word) {
				t.Errorf("the sentence shows innards (%s): %q", word, text)
			}
		}
	}
	whole, err := protojson.Marshal(st.Proto())
	must(t, err)
	wantNoSecret(t, "the refusal", string(whole), secrets)
}

func wantNoSecret(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for _, s := range secrets {
		if s != "" && (strings.Contains(text, s) || strings.Contains(text, url.QueryEscape(s))) {
			t.Errorf("%s holds %q", where, s)
		}
	}
}

// wantHTTP checks an answer of the public's door.
func wantHTTP(t *testing.T, resp *http.Response, body []byte, want refusal, secrets ...string) {
	t.Helper()
	if h := httpOf[want.code]; resp.StatusCode != h && resp.StatusCode != http.StatusRequestEntityTooLarge && resp.StatusCode != http.StatusUnsupportedMediaType && resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("HTTP %d, want %d: %s", resp.StatusCode, h, body)
	}
	if ct := resp.Header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("content type %q", ct)
	}
	var p spb.Status
	if err := protojson.Unmarshal(body, &p); err != nil {
		t.Fatalf("the answer is no status: %v: %s", err, body)
	}
	wantNoSecret(t, "the answer", string(body), secrets)
	wantRefusal(t, status.FromProto(&p), want, secrets...)
}

func wantGRPC(t *testing.T, err error, want refusal, secrets ...string) {
	t.Helper()
	wantRefusal(t, status.Convert(err), want, secrets...)
}

// contents is one sum for each table of each room, over everything in it.
func (d *doors) contents(t *testing.T) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for _, room := range []string{"registry", "identity", "answers"} {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(d.dir, "rooms", room+".db")+"?mode=ro")
		must(t, err)
		for _, table := range column(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'") {
			rows := all(t, db, "SELECT * FROM "+table)
			slices.Sort(rows)
			sums[room+"."+table] = fmt.Sprintf("%d rows, %x", len(rows), sha256.Sum256([]byte(strings.Join(rows, "\n"))))
		}
		must(t, db.Close())
	}
	if len(sums) < 15 {
		t.Fatalf("only %d tables", len(sums))
	}
	return sums
}

func column(t *testing.T, db *sql.DB, query string) (out []string) {
	t.Helper()
	rows, err := db.Query(query)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		must(t, rows.Scan(&s))
		out = append(out, s)
	}
	must(t, rows.Err())
	return out
}

func all(t *testing.T, db *sql.DB, query string) (out []string) {
	t.Helper()
	rows, err := db.Query(query)
	must(t, err)
	defer rows.Close()
	names, err := rows.Columns()
	must(t, err)
	for rows.Next() {
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(any)
		}
		must(t, rows.Scan(values...))
		var b strings.Builder
		for _, v := range values {
			fmt.Fprintf(&b, "%v|", *v.(*any))
		}
		out = append(out, b.String())
	}
	must(t, rows.Err())
	return out
}

// unchanged runs f and checks that it left nothing in any room.
func (d *doors) unchanged(t *testing.T, f func()) {
	t.Helper()
	d.unchangedBut(t, "", f)
}

// unchangedBut is unchanged for all tables but one.
func (d *doors) unchangedBut(t *testing.T, but string, f func()) {
	t.Helper()
	before := d.contents(t)
	f()
	after := d.contents(t)
	for table, sum := range after {
		if before[table] != sum && table != but && !strings.Contains(table, "acts") { // attempts are recorded
			t.Errorf("%s was %s and is %s", table, before[table], sum)
		}
	}
}

func toJSON(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(t, e.Encode(v))
	return b.Bytes()
}
