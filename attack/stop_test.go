package attack

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// TestSlowBodyHoldsNobodyUp sends a body byte by byte at the public's door while the daemon is asked to end. A staff call that is under way, slow because
// this process locks the room, is finished, and the daemon ends within 15 seconds.
func TestSlowBodyHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	slow, err := net.Dial("tcp", d.http)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if _, err := fmt.Fprintf(slow, "POST /v1/%s/entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{", c.name); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			if _, err := slow.Write([]byte(" ")); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	db := openRoom(t, d.rooms(), "identity")
	if _, err := db.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	conn, ctx := d.staff()
	defer conn.Close()
	staff := make(chan error, 1)
	go func() {
		_, err := fairlotv1.NewEntryServiceClient(conn).CreateEntryTokens(ctx, &fairlotv1.CreateEntryTokensRequest{Parent: c.name, Count: 1})
		staff <- err
	}()
	time.Sleep(300 * time.Millisecond)
	time.AfterFunc(3*time.Second, func() { db.Exec("ROLLBACK") })
	began := time.Now()
	d.stop()
	if took := time.Since(began); took > 15*time.Second || took < 3*time.Second {
		t.Errorf("ending took %v", took)
	}
	if err := <-staff; err != nil {
		t.Errorf("the staff call under way was cut off: %v", err)
	}
	<-over
}

// TestOldRoomsRefused brings back what a backup held, as an operator would who read nothing, and then as the daemon says.
func TestOldRoomsRefused(t *testing.T) {
	t.Parallel()
	d := newDaemon(t)
	first, backup := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "backup")
	copyTree(t, d.rooms(), first)
	d.serve()
	c := d.openCampaign(5, time.Now().Add(time.Hour))
	tokens := c.tokens(2)
	c.mustEnter(t, c.newPerson(0, tokens[0]))
	d.stop()
	copyTree(t, d.rooms(), backup)
	d.serve()
	c.mustEnter(t, c.newPerson(1, tokens[1]))
	d.kill()
	d.restore(backup, "identity")
	args := []string{"serve", "--dir", d.dir, "--http", d.http, "--grpc", d.grpc}
	refused(t, d, "identity room: not as the key folder was left with", args...)
	refused(t, d, "--accept-restored", args...)
	d.extra = []string{"--accept-restored"}
	d.serve()
	d.stop()
	d.extra = nil
	d.serve()
	c.mustEnter(t, c.newPerson(1, tokens[1])) // who was lost enters again
	d.kill()
	d.restore(first, "registry") // before the campaign was opened in the log
	for _, more := range [][]string{nil, {"--accept-restored"}} {
		refused(t, d, "registry room is older than what was signed", append(args, more...)...)
	}
	if strings.Contains(d.lastLog(), "panic") {
		t.Error(d.lastLog())
	}
}

// restore puts one room of a backup in the place of the present one.
func (d *daemon) restore(backup, room string) {
	d.t.Helper()
	path := filepath.Join(d.rooms(), room+".db")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(path + suffix)
	}
	b, err := os.ReadFile(filepath.Join(backup, room+".db"))
	if err == nil {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}
