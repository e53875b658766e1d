package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/server"
	"fairlot/telemetry"
)

// TestHealth asks all three doors as strangers: ready, then with a room gone, and in the end while stopping.
func TestHealth(t *testing.T) {
	d := open(t)
	health := grpc_health_v1.NewHealthClient(d.conn)
	ops := httptest.NewServer(d.srv.OpsHandler())
	defer ops.Close()
	look := func() (grpcStatus grpc_health_v1.HealthCheckResponse_ServingStatus, public, operators string) {
		t.Helper()
		var (
			r             *grpc_health_v1.HealthCheckResponse
			body, opsBody []byte
		)
		eventually(t, "the three doors agree", func() bool { // between two questions it may change
			var err error
			r, err = health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "fairlot.v1.EntryService"})
			must(t, err)
			var p, o *http.Response
			p, body = d.do(t, "GET", "/readyz", nil, nil)
			o, opsBody = send(t, ops.URL, "GET", "/readyz", nil, nil)
			return p.StatusCode == o.StatusCode && (p.StatusCode == 200) == (r.Status == grpc_health_v1.HealthCheckResponse_SERVING)
		})
		if live, text := d.do(t, "GET", "/livez", nil, nil); live.StatusCode != 200 || string(text) != "ok\n" {
			t.Errorf("/livez: %s %s", live.Status, text)
		}
		return r.Status, string(body), string(opsBody)
	}
	if s, public, operators := look(); s != grpc_health_v1.HealthCheckResponse_SERVING || public != "ready\n" || operators != "ready\n" {
		t.Fatalf("at the beginning: %v %q %q", s, public, operators)
	}
	if _, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "nobody"}); status.Code(err) != codes.NotFound {
		t.Errorf("an unknown service: %v", err)
	}
	list, err := health.List(t.Context(), &grpc_health_v1.HealthListRequest{})
	must(t, err)
	if len(list.Statuses) < 7 || list.Statuses[""].GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("list: %v", list)
	}
	watch, err := health.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	must(t, err)
	if r, err := watch.Recv(); err != nil || r.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("watch: %v %v", r, err)
	}

	wait := func(code string) {
		t.Helper()
		eventually(t, "not ready for "+code, func() bool {
			s, public, operators := look()
			if public != "ready\n" && public != "not ready\n" {
				t.Fatalf("the public is told %q", public)
			}
			return s == grpc_health_v1.HealthCheckResponse_NOT_SERVING && strings.Contains(operators, "\n"+code+": ")
		})
	}
	signed := filepath.Join(d.dir, "keys", "signed")
	was, err := os.ReadFile(signed)
	must(t, err)
	must(t, os.Remove(signed))
	wait("keys-unreadable")
	if r, err := watch.Recv(); err != nil || r.Status != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Fatalf("watch: %v %v", r, err)
	}
	must(t, os.WriteFile(signed, []byte(strings.Replace(string(was), "size 0", "size 3", 1)), 0o600))
	wait("log-behind")
	must(t, os.WriteFile(signed, was, 0o600))
	eventually(t, "ready again", func() bool { s, _, _ := look(); return s == grpc_health_v1.HealthCheckResponse_SERVING })
	if r, err := watch.Recv(); err != nil || r.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("watch: %v %v", r, err)
	}
	must(t, d.rooms.Answers.Close())
	wait("answers-away")
	if got := d.srv.Lacks(); !slices.Equal(got, []string{"answers-away"}) {
		t.Errorf("lacks %v", got)
	}
	d.srv.Stopping()
	if _, public, operators := look(); public != "not ready\n" || !strings.HasPrefix(operators, "not ready\nstopping: ") {
		t.Errorf("while stopping: %q %q", public, operators)
	}
	for { // the watch ends by itself, so that it holds up nobody's end
		if _, err := watch.Recv(); err != nil {
			if status.Code(err) != codes.Unavailable {
				t.Errorf("watch: %v", err)
			}
			return
		}
	}
}

// TestReadinessIsCheap asks many times at once: the rooms are asked once a second.
func TestReadinessIsCheap(t *testing.T) {
	d := open(t)
	began := time.Now()
	for range 2000 {
		d.srv.Lacks()
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("2,000 questions took %v", took)
	}
}

// TestOpsDoor walks the operators' door: it has its three routes and nothing of the other doors, and the public's has none of its own.
func TestOpsDoor(t *testing.T) {
	d := open(t)
	ops := httptest.NewServer(d.srv.OpsHandler())
	defer ops.Close()
	for _, r := range server.Routes {
		_, path, _ := strings.Cut(r.Pattern, " ")
		if r.Door != server.OpsDoor || path == "" {
			continue
		}
		if resp, body := send(t, ops.URL, "GET", path, nil, nil); resp.StatusCode != 200 {
			t.Errorf("GET %s: %s %s", path, resp.Status, body)
		}
		if resp, _ := send(t, ops.URL, "POST", path, []byte("{}"), nil); resp.StatusCode < 300 {
			t.Errorf("POST %s: %s", path, resp.Status)
		}
	}
	for _, path := range []string{"/", "/v1/campaigns", "/openapi.json", "/check", "/debug/pprof/", "/debug/vars", "/metrics/", "/fairlot.v1.StaffService/ListStaffTokens"} {
		if resp, _ := send(t, ops.URL, "GET", path, nil, nil); resp.StatusCode != 404 {
			t.Errorf("GET %s: %s", path, resp.Status)
		}
	}
}

// TestWhatIsCounted enters and is refused, and calls as staff and as nobody, and reads the counts. Of entries nothing is seen before fifty, and no
// trace or label of staff's calls is about a public one.
func TestWhatIsCounted(t *testing.T) {
	d := open(t)
	svc := fairlotv1.NewCampaignServiceClient(d.conn)
	draft, err := svc.CreateCampaign(as(t, d.officer), &fairlotv1.CreateCampaignRequest{Campaign: surveyOnly()})
	must(t, err)
	if _, err := svc.ListCampaigns(as(t, d.notifier+"x"), &fairlotv1.ListCampaignsRequest{}); err == nil {
		t.Fatal("let in")
	}
	if _, err := svc.DeleteCampaign(t.Context(), &fairlotv1.DeleteCampaignRequest{Name: draft.Name, Etag: draft.Etag}); status.Code(err) != codes.Unauthenticated {
		t.Fatalf("let in: %v", err)
	}
	enter := func(n int) {
		for range n { // a campaign that is no campaign: refused, and counted as any call that asks to enter
			_, err := fairlotv1.NewEntryServiceClient(d.conn).Enter(context.Background(), &fairlotv1.EnterRequest{})
			if status.Code(err) != codes.InvalidArgument {
				t.Fatal(err)
			}
		}
	}
	read := func() string {
		w := httptest.NewRecorder()
		d.srv.OpsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return w.Body.String()
	}
	enter(telemetry.Step - 1)
	text := read()
	for _, want := range []string{
		`fairlot_staff_call_seconds_count{code="OK",method="/fairlot.v1.CampaignService/CreateCampaign"} 1`,
		`fairlot_staff_call_seconds_count{code="Unauthenticated",method="/fairlot.v1.CampaignService/DeleteCampaign"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
	for _, never := range []string{"EntryService/Enter", "FIELD_INVALID", draft.Name, draft.Slug} {
		if strings.Contains(text, never) {
			t.Errorf("%s is shown:\n%s", never, text)
		}
	}
	enter(telemetry.Step + 1)
	if text := read(); !strings.Contains(text, `fairlot_entries_refused_total{reason="FIELD_INVALID"} `) {
		t.Error("a hundred calls are not shown")
	}
}
