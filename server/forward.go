package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// forwardedKey marks a call that another daemon handed on: it is never handed on a second time. Who sets it without need is refused where a
// daemon would have been found for them, and gains nothing else.
const forwardedKey = "fairlot-forwarded"

// forwarder hands calls on to the daemon that holds the lease, over loopback.
type forwarder struct {
	engine *engine.Engine

	mu   sync.Mutex
	door string // of conn
	conn *grpc.ClientConn
}

// onlyHolder says whether only the holder of the lease carries a method out: all that staff do but reading, as the contract says it for the audit trail.
func onlyHolder(p policy) bool { return !p.public && p.trail != fairlotv1.Trail_TRAIL_NONE }

// forward hands a call on with the caller's own token, which the holder judges for itself. It runs under the caller's deadline.
func (f *forwarder) forward(ctx context.Context, method string, p policy, req proto.Message) (proto.Message, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if len(md.Get(forwardedKey)) > 0 {
		return nil, away("the daemon that works on campaigns changes just now: nothing was done, send the same call again")
	}
	door, err := f.engine.HolderDoor(ctx)
	if err != nil {
		return nil, err
	}
	if door == "" {
		return nil, away("no daemon works on campaigns yet; one will in a few seconds: nothing was done, send the same call again")
	}
	conn, err := f.dial(door)
	if err != nil {
		return nil, err
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(p.output.FullName())
	if err != nil {
		return nil, err
	}
	resp := kind.New().Interface()
	out := metadata.NewOutgoingContext(ctx, metadata.Pairs("authorization", md.Get("authorization")[0], forwardedKey, "1"))
	err = conn.Invoke(out, method, req, resp)
	if st := status.Convert(err); err != nil && st.Code() == codes.Unavailable && !named(st) {
		return nil, away("the daemon that works on campaigns does not answer, and whether it did this is not known: send the same call again")
	}
	return resp, err
}

// dial returns the connection to a door. The address comes out of a database: a token leaves this machine for no address in it.
func (f *forwarder) dial(door string) (*grpc.ClientConn, error) {
	host, _, err := net.SplitHostPort(door)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, errors.New("the lease names a staff door that is not on this machine: no token is sent there")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn != nil && f.door == door {
		return f.conn, nil
	}
	conn, err := grpc.NewClient("passthrough:///"+door, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxAnswer)))
	if err != nil {
		return nil, fmt.Errorf("connect to the holder of the lease: %w", err)
	}
	if f.conn != nil {
		old := f.conn
		time.AfterFunc(maxWait, func() { old.Close() }) // calls may be under way on it
	}
	f.door, f.conn = door, conn
	return conn, nil
}

func (f *forwarder) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn != nil {
		f.conn.Close()
	}
}

// holderChanged says of a call that was under way that another daemon holds the lease now.
var holderChanged = away("the daemon that works on campaigns changed while this was done, and whether it was is not known: send the same call again")

func away(text string) *engine.Error {
	return &engine.Error{Reason: engine.HolderAway, Text: text, Retry: 2 * time.Second}
}

// named tells whether a status comes from a daemon, which names a reason, and not from the way there.
func named(st *status.Status) bool {
	for _, d := range st.Details() {
		if _, ok := d.(*errdetails.ErrorInfo); ok {
			return true
		}
	}
	return false
}
