package server

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"fairlot/engine"
)

// TestLeaseLostInACall: a call whose work ends because the lease went to another daemon meanwhile is no incident, and its caller hears what to do.
func TestLeaseLostInACall(t *testing.T) {
	var log bytes.Buffer
	in := &interceptor{log: slog.New(slog.NewTextHandler(&log, nil))}
	lost := fmt.Errorf("registry room: read log: %w", context.Canceled) // by Engine.asHolder, whose context is not the call's
	err := in.edge(t.Context(), "/fairlot.v1.DrawService/RunDraw", lost)
	if status.Code(err) != codes.Unavailable || reasonOf(err) != string(engine.HolderAway) {
		t.Errorf("got %v", err)
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", &log)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := in.edge(ended, "/fairlot.v1.DrawService/RunDraw", lost); status.Code(err) != codes.Canceled || reasonOf(err) != string(engine.Busy) {
		t.Errorf("a call that its caller gave up: %v", err)
	}
}
