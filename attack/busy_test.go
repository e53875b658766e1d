package attack

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestOverload lets 1,300 people come at once while nothing can be read in the identity room. Nobody beyond the bound waits: they are told at once when to
// come again. The others get an answer within the store's own bounds on time, and when the room is free again everything goes on.
func TestOverload(t *testing.T) {
	t.Parallel()
	d := newDaemonOn(t, onPostgres(t))
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	p := c.newPerson(0, c.tokens(1)[0])
	lock, err := pgx.Connect(t.Context(), d.roomDSN("identity"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close(t.Context())
	if _, err := lock.Exec(t.Context(), "BEGIN; LOCK TABLE entrants IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	// Refused for its notice once the room can be read, so that it costs little.
	stale := strings.Replace(p.body, c.notice, strings.Repeat("0", len(c.notice)), 1)
	const n = 1300
	many := &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
	defer many.CloseIdleConnections()
	type told struct {
		status     int
		reason     string
		retry      bool
		retryAfter string
		took       time.Duration
	}
	all := make([]told, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			began := time.Now()
			resp, err := many.Post("http://"+d.http+"/v1/"+c.name+"/entries", "application/json", strings.NewReader(stale))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			all[i] = told{status: resp.StatusCode, retry: bytes.Contains(body, []byte("RetryInfo")), retryAfter: resp.Header.Get("Retry-After"), took: time.Since(began)}
			for _, reason := range []string{"BUSY", "STORAGE_UNAVAILABLE", "NOTICE_STALE"} {
				if bytes.Contains(body, []byte(`"`+reason+`"`)) {
					all[i].reason = reason
				}
			}
		})
	}
	time.AfterFunc(7*time.Second, func() { lock.Exec(t.Context(), "ROLLBACK") })
	wg.Wait()
	counts := map[string]int{}
	for _, a := range all {
		counts[a.reason]++
		switch {
		case a.reason == "BUSY" && (a.status != http.StatusTooManyRequests || !a.retry || a.retryAfter != "1"):
			t.Fatalf("told to come again with %+v", a)
		case a.reason == "STORAGE_UNAVAILABLE" && (a.status != http.StatusServiceUnavailable || !a.retry):
			t.Fatalf("refused with %+v", a)
		case a.reason == "", a.took > 45*time.Second:
			t.Fatalf("%+v", a)
		}
	}
	t.Logf("%v", counts)
	if counts["BUSY"] < 100 || counts["NOTICE_STALE"] < 100 {
		t.Errorf("%v: this run shows nothing", counts)
	}
	c.mustEnter(t, p)
}
