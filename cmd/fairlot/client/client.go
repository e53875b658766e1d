// Package client is the staff's door to a daemon: a gRPC connection with a token, and errors in words that say what to do.
//
// Invariant: the token travels over loopback only, as long as the daemon speaks no TLS.
//
// First call: Dial.
package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"fairlot/cmd/fairlot/private"
)

// MaxMessage bounds an answer in bytes: the locks and envelopes of several thousand winners.
const MaxMessage = 64 << 20

// ErrNotLoopback says that a server's address is on another machine.
var ErrNotLoopback = errors.New("not an address of this machine")

// Dial prepares a connection to the daemon at host:port. token may be empty. No traffic is sent yet. The error wraps
// ErrNotLoopback for an address off this machine: without TLS the token would be readable on the way.
func Dial(server, token string) (*grpc.ClientConn, error) {
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		return nil, fmt.Errorf("server %q: want HOST:PORT, for example 127.0.0.1:9090", server)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("server %s: %w: without TLS your token could be read on the way; run fairlot on the daemon's machine, or bring the port here by ssh -L",
			server, ErrNotLoopback)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessage)),
	}
	if token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
	}
	return grpc.NewClient("passthrough:///"+server, options...)
}

// bearer is a staff token. Dial admits loopback only, so no transport security is asked for.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

// ReadToken reads a staff token from a file that only its owner can read.
func ReadToken(path string) (string, error) {
	b, err := private.Read(path, 1024)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(b))
	if token == "" || strings.ContainsAny(token, " \n\r\t") {
		return "", fmt.Errorf("read %s: want one line with a token", path)
	}
	return token, nil
}
