package server_test

import (
	"net"
	"testing"
)

// TestStopBeforeServe: a daemon that is told to stop while it starts has no error.
func TestStopBeforeServe(t *testing.T) {
	d := open(t)
	d.srv.Stop(t.Context())
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, d.srv.ServeGRPC(lis))
	if c, err := net.Dial("tcp", lis.Addr().String()); err == nil {
		c.Close()
		t.Error("the door is open still")
	}
}
