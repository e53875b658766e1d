package server_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/server"
)

type logSink struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *logSink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *logSink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func (s *logSink) logger() *slog.Logger { return slog.New(slog.NewTextHandler(s, nil)) }

func send(t *testing.T, base, method, path string, body []byte, header http.Header) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, base+path, bytes.NewReader(body))
	must(t, err)
	for k, v := range header {
		req.Header[k] = v
	}
	if body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	must(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp, b
}

// methods walks the contract itself, so a method that nobody thought of is in the matrix.
func methods(t *testing.T) map[string]protoreflect.MethodDescriptor {
	t.Helper()
	all := map[string]protoreflect.MethodDescriptor{}
	protoregistry.GlobalFiles.RangeFilesByPackage("fairlot.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				m := s.Methods().Get(j)
				all["/"+string(s.FullName())+"/"+string(m.Name())] = m
			}
		}
		return true
	})
	if len(all) < 20 {
		t.Fatalf("the contract has %d methods: are all files linked?", len(all))
	}
	return all
}

// staffRoles are the contract's own roles that come by a token, so a role that nobody thought of is in the matrix.
func staffRoles() (all []fairlotv1.Role) {
	for i := range fairlotv1.Role_name {
		if r := fairlotv1.Role(i); r > fairlotv1.Role_ROLE_MEMBER {
			all = append(all, r)
		}
	}
	return all
}

func rolesOf(m protoreflect.MethodDescriptor) []fairlotv1.Role {
	return proto.GetExtension(m.Options(), fairlotv1.E_Access).(*fairlotv1.Access).GetRoles()
}

// TestAccessMatrix calls every method of the contract as everybody, by gRPC, with an empty request: whoever may call it gets past the
// access check (and is refused for the empty fields, or served), everybody else does not.
func TestAccessMatrix(t *testing.T) {
	d := open(t)
	expired, expiredRow, err := d.engine.CreateStaffToken(t.Context(), "officer", "expired", -1)
	must(t, err)
	if expiredRow.Expires.After(time.Now()) {
		t.Fatal("the expired token is not")
	}
	revoked, revokedRow, err := d.engine.CreateStaffToken(t.Context(), "officer", "revoked", 1)
	must(t, err)
	must(t, d.engine.RevokeStaffToken(t.Context(), revokedRow.ID))
	strange, _, err := d.engine.CreateStaffToken(t.Context(), "sovereign", "a role the contract does not know", 1)
	must(t, err)
	half := d.officer[:len(d.officer)-1] + "0"
	if half == d.officer {
		half = d.officer[:len(d.officer)-1] + "1"
	}
	const none, holds, broken = 0, 1, 2
	callers := []struct {
		name string
		role fairlotv1.Role
		kind int
		md   []string
	}{
		{"nobody", 0, none, nil},
		{"unknown role", fairlotv1.Role_ROLE_UNSPECIFIED, holds, []string{"authorization", "Bearer " + strange}},
		{"expired", 0, broken, []string{"authorization", "Bearer " + expired}},
		{"revoked", 0, broken, []string{"authorization", "Bearer " + revoked}},
		{"wrong secret", 0, broken, []string{"authorization", "Bearer " + half}},
		{"garbage", 0, broken, []string{"authorization", "Bearer flst__"}},
		{"no scheme", 0, broken, []string{"authorization", d.officer}},
		{"basic", 0, broken, []string{"authorization", "Basic " + d.officer}},
		{"two tokens", 0, broken, []string{"authorization", "Bearer " + d.officer, "authorization", "Bearer " + d.notifier}},
		{"forged metadata", 0, none, []string{"role", "officer", "x-role", "ROLE_OFFICER", "grpc-metadata-authorization", "Bearer " + d.officer, "grpcgateway-authorization", "Bearer " + d.officer, "x-forwarded-for", "127.0.0.1"}},
	}
	for _, r := range staffRoles() {
		name := strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_"))
		token, _, err := d.engine.CreateStaffToken(t.Context(), name, name, 1)
		must(t, err)
		callers = append(callers, struct {
			name string
			role fairlotv1.Role
			kind int
			md   []string
		}{name, r, holds, []string{"authorization", "Bearer " + token}})
	}
	if len(callers) < 15 {
		t.Fatalf("%d callers: are all roles there?", len(callers))
	}
	for name, m := range methods(t) {
		roles := rolesOf(m)
		public := slices.Contains(roles, fairlotv1.Role_ROLE_PUBLIC)
		for _, c := range callers {
			ctx := metadata.AppendToOutgoingContext(t.Context(), c.md...)
			err := d.conn.Invoke(ctx, name, dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output()))
			code := status.Code(err)
			want := codes.Unauthenticated
			switch {
			case c.kind == broken:
			case public, c.kind == holds && slices.Contains(roles, c.role):
				want = codes.OK
			case c.kind == holds:
				want = codes.PermissionDenied
			}
			passed := code != codes.Unauthenticated && code != codes.PermissionDenied
			if (want == codes.OK) != passed || want != codes.OK && code != want {
				t.Errorf("%s as %s: %v, want %v", name, c.name, code, want)
			}
			if code == codes.Internal || code == codes.Unknown || code == codes.Unimplemented {
				t.Errorf("%s as %s: %v", name, c.name, err)
			}
		}
	}
	for _, path := range []string{"/fairlot.v1.CampaignService/Nothing", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/fairlot.v1.campaignservice/OpenCampaign"} {
		err := d.conn.Invoke(as(t, d.officer), path, &fairlotv1.GetCampaignRequest{}, &fairlotv1.Campaign{})
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("%s: %v, want Unimplemented", path, err)
		}
	}
}

// TestPublicDoor walks the other door: only PUBLIC methods have a path there, and no header makes anybody staff.
func TestPublicDoor(t *testing.T) {
	d := open(t)
	c, err := fairlotv1.NewCampaignServiceClient(d.conn).CreateCampaign(as(t, d.officer), &fairlotv1.CreateCampaignRequest{Campaign: surveyOnly()})
	must(t, err)
	forged := http.Header{
		"Authorization":               {"Bearer " + d.officer},
		"Grpc-Metadata-Authorization": {"Bearer " + d.officer},
		"Grpcgateway-Authorization":   {"Bearer " + d.officer},
		"X-Forwarded-For":             {"127.0.0.1"},
		"Forwarded":                   {"for=127.0.0.1"},
		"Grpc-Timeout":                {"1n"},
		"Content-Type":                {"application/json"},
	}
	for name, m := range methods(t) {
		rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		public := slices.Contains(rolesOf(m), fairlotv1.Role_ROLE_PUBLIC)
		if public != (rule.GetPattern() != nil) && !slices.Contains(rolesOf(m), fairlotv1.Role_ROLE_MEMBER) {
			t.Errorf("%s: public is %v, but a REST path is %v", name, public, rule.GetPattern() != nil)
		}
		// The gRPC name is no path of this door, whatever the headers say.
		for _, ct := range []string{"application/json", "application/grpc", "application/grpc-web"} {
			h := forged.Clone()
			h.Set("Content-Type", ct)
			if resp, _ := d.do(t, "POST", name, []byte("{}"), h); resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("POST %s as %s: %s", name, ct, resp.Status)
			}
		}
	}
	// What staff do has no path under any verb.
	for _, verb := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		for _, path := range []string{"/v1/campaigns", "/v1/" + c.Name, "/v1/" + c.Name + ":open", "/v1/" + c.Name + ":close", "/v1/" + c.Name + "/tallies", "/v1/" + c.Name + ":tallies",
			"/v1/" + c.Name + "/entryTokens", "/v1/" + c.Name + "/draws/1:draw", "/v1/" + c.Name + "/draws/1:prepareRelease", "/v1/" + c.Name + "/draws/1/notifications",
			"/v1/staff/tokens", "/v1/log/checkpoint:cosign", "/v1/../v1/" + c.Name, "/v1//" + c.Name, "/v1/%2e%2e/" + c.Name} {
			for _, override := range []string{"", "DELETE", "POST", "GET"} {
				h := forged.Clone()
				if override != "" {
					h.Set("X-HTTP-Method-Override", override)
					h.Set("X-HTTP-Method", override)
				}
				resp, body := d.do(t, verb, path, []byte("{}"), h)
				if resp.StatusCode < 300 && !(verb == "GET" && path == "/v1/campaigns") {
					t.Errorf("%s %s (override %q): %s %s", verb, path, override, resp.Status, body)
				}
				if bytes.Contains(body, []byte(c.Slug)) {
					t.Errorf("%s %s (override %q) shows a draft", verb, path, override)
				}
			}
		}
	}
}

// TestRoutes asks the mux for paths beside its list.
func TestRoutes(t *testing.T) {
	d := open(t)
	var known []string
	for _, r := range server.Routes {
		if r.Door != server.PublicDoor && r.Door != server.OpsDoor {
			t.Errorf("route %s is at no door", r.Pattern)
		}
		_, path, ok := strings.Cut(r.Pattern, " ")
		if !ok {
			path = r.Pattern
		}
		known = append(known, string(r.Door)+path)
		if r.What == "" {
			t.Errorf("route %s has no reason", r.Pattern)
		}
	}
	if !slices.Contains(known, "public/v1/") || slices.Contains(known, "public/metrics") {
		t.Fatalf("routes: %v", known)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/vars", "/healthz", "/admin", "/c/", "/assets", "/assets/../../keys/log.skey", "/assets/%2e%2e/%2e%2e/keys/log.skey",
		"/bundles/", "/bundles/x.tar", "/bundles/..%2f..%2fkeys%2flog.skey", "/.git/config", "/rooms/registry.db", "/keys/log.skey", "/index.html", "/fairlot.v1.StaffService/ListStaffTokens"} {
		resp, body := d.do(t, "GET", path, nil, nil)
		if resp.StatusCode < 300 {
			t.Errorf("GET %s: %s %.80s", path, resp.Status, body)
		}
	}
	for _, path := range []string{"/nowhere", "/en/", "/c/", "/c/any/more", "/assets/none.js", "/check/"} {
		resp, body := d.do(t, "GET", path, nil, nil)
		if resp.StatusCode != 404 || resp.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("GET %s: %s %v %.80s", path, resp.Status, resp.Header, body)
		}
		if resp, _ := d.do(t, "POST", path, []byte("{}"), nil); resp.StatusCode != 405 {
			t.Errorf("POST %s: %s", path, resp.Status)
		}
	}
	for path, to := range map[string]string{"/c/any/?lang=en": "/c/any?lang=en", "/c/a%2fb/": "/c/a/b", "/c/%2fevil.example/": "/c/evil.example"} {
		if resp, _ := d.do(t, "GET", path, nil, nil); resp.StatusCode != 308 || resp.Header.Get("Location") != to {
			t.Errorf("GET %s: %s to %s", path, resp.Status, resp.Header.Get("Location"))
		}
	}
	for _, path := range []string{"/", "/c/any", "/check", "/assets/app.js", "/openapi.json"} {
		resp, _ := d.do(t, "GET", path, nil, nil)
		if resp.StatusCode != 200 {
			t.Errorf("GET %s: %s", path, resp.Status)
		}
		csp := resp.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe-inline") && strings.Contains(csp, "script-src 'self' 'unsafe") {
			t.Errorf("GET %s: policy %q", path, csp)
		}
		if resp, _ := d.do(t, "POST", path, []byte("{}"), nil); resp.StatusCode < 300 {
			t.Errorf("POST %s: %s", path, resp.Status)
		}
	}
}

// TestDeadlineIsCapped sends a deadline of an hour and finds that the server has its own.
func TestDeadlineIsCapped(t *testing.T) {
	d := open(t)
	ctx, cancel := context.WithTimeout(as(t, d.officer), time.Hour)
	defer cancel()
	if _, err := fairlotv1.NewCampaignServiceClient(d.conn).ListCampaigns(ctx, &fairlotv1.ListCampaignsRequest{}); err != nil {
		t.Fatal(err)
	}
	past, cancel := context.WithTimeout(as(t, d.officer), time.Nanosecond)
	defer cancel()
	if _, err := fairlotv1.NewCampaignServiceClient(d.conn).ListCampaigns(past, &fairlotv1.ListCampaignsRequest{}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a past deadline: %v", err)
	}
}
