package server_test

import (
	"context"
	"net"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/server"
	"fairlot/store"
)

// beside starts a second daemon on the rooms of d that does not hold the lease, and returns its staff door.
func (d *doors) beside(t *testing.T) (door string, conn *grpc.ClientConn) {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	cfg := d.cfg
	cfg.Sharing = &engine.Sharing{Door: lis.Addr().String()}
	eng, err := engine.New(t.Context(), cfg)
	must(t, err)
	srv, err := server.New(context.Background(), server.Config{Engine: eng, Site: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}})
	must(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.ServeGRPC(lis) }()
	conn, err = grpc.NewClient(lis.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() {
		conn.Close()
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		srv.Stop(stop)
		must(t, <-served)
		eng.Close()
	})
	return lis.Addr().String(), conn
}

// TestForward calls a daemon that does not hold the lease, whose row names one door after another.
func TestForward(t *testing.T) {
	d := open(t)
	own, conn := d.beside(t)
	lease := store.Lease{}
	names := func(door string) {
		t.Helper()
		next := store.Lease{Term: lease.Term + 1, Beat: 1, Holder: [16]byte{9}, Door: door}
		must(t, d.rooms.Registry.SwapLease(t.Context(), lease, next))
		lease = next
	}
	create := func(ctx context.Context) (*fairlotv1.Campaign, error) {
		c := surveyOnly()
		c.Slug += "-forwarded"
		return fairlotv1.NewCampaignServiceClient(conn).CreateCampaign(ctx, &fairlotv1.CreateCampaignRequest{Campaign: c})
	}
	away := func(about string, ctx context.Context) {
		t.Helper()
		began := time.Now()
		_, err := create(ctx)
		st := status.Convert(err)
		reason, retry := "", false
		for _, x := range st.Details() {
			switch x := x.(type) {
			case *errdetails.ErrorInfo:
				reason = x.Reason
			case *errdetails.RetryInfo:
				retry = x.RetryDelay.AsDuration() > 0
			}
		}
		if st.Code() != codes.Unavailable || reason != string(engine.HolderAway) || !retry || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %v, reason %s, retry %v, after %v", about, err, reason, retry, time.Since(began))
		}
	}
	away("nobody holds the lease", as(t, d.officer))
	unused, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	unused.Close()
	names(unused.Addr().String())
	away("the holder is away", as(t, d.officer))
	names(own)
	away("the lease names the daemon that asks", as(t, d.officer))
	names("192.0.2.1:9090")
	if _, err := create(as(t, d.officer)); status.Code(err) != codes.Internal {
		t.Errorf("a token left this machine, or waits to: %v", err)
	}
	names(d.conn.Target())
	away("handed on already", metadata.AppendToOutgoingContext(as(t, d.officer), "fairlot-forwarded", "1"))
	for token, want := range map[string]codes.Code{"": codes.Unauthenticated, d.officer + "0": codes.Unauthenticated, d.notifier: codes.PermissionDenied} {
		if _, err := create(as(t, token)); status.Code(err) != want {
			t.Errorf("%v, want %v", err, want)
		}
	}
	c, err := create(as(t, d.officer))
	must(t, err)
	again, err := create(as(t, d.officer))
	if status.Code(err) != codes.AlreadyExists {
		t.Errorf("the holder's own refusal: %v, %v", again, err)
	}
	for _, door := range []*grpc.ClientConn{conn, d.conn} {
		got, err := fairlotv1.NewCampaignServiceClient(door).GetCampaign(as(t, d.officer), &fairlotv1.GetCampaignRequest{Name: c.Name})
		must(t, err)
		if got.Name != c.Name {
			t.Errorf("%v", got)
		}
	}
}
