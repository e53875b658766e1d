// Package server is the doors of the daemon: gRPC for staff, REST with the site for the public, which goes through the same gRPC
// server over an in-memory connection, and one for operators with what is missing and what is counted.
//
// It translates and refuses; what happens is in package engine. Who may call what, and which field may be printed, is read from
// the contract's own options (proto/fairlot/v1/options.proto): [New] fails if a method or field has none. First call: [New].
package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// Limits of the doors.
const (
	MaxPublicBody = 64 << 10 // bytes of a public request, as JSON or protobuf
	MaxStaffBody  = 1 << 20  // bytes of a staff request
	MaxAnswer     = 64 << 20 // bytes of an answer: a release holds about 9 kB a winner
	maxHeaders    = 16 << 10
	maxStreams    = 1024
	streamWorkers = 128              // calls on goroutines whose stack has grown already; those beyond start new ones
	maxPublic     = 1000             // public calls at work at once; fewer than maxStreams, so that none waits before it is counted
	maxWait       = 60 * time.Second // no call lives longer, whatever deadline the caller names
)

// Config is what a Server works with. Site is the built site (web.Files); Log takes no personal data, nil discards.
type Config struct {
	Engine  *engine.Engine
	Site    fs.FS
	Log     *slog.Logger
	Meter   Meter        // nil discards
	Metrics http.Handler // of the operators' door, nil if there are none
}

// Meter counts calls. It is told nothing of what was sent or by whom. Both methods are called by many goroutines at once.
type Meter interface {
	// Entered says how a call to enter ended: the reason it was refused for, empty if a receipt was given.
	Entered(reason string)
	// StaffCall begins a call of a method that only staff may call, by its full name. The function returned ends it with the caller's role,
	// `public` if nobody was let in, and the gRPC code.
	StaffCall(ctx context.Context, method string) (context.Context, func(role, code string))
}

// noMeter is the Meter of a Config that has none.
type noMeter struct{}

func (noMeter) Entered(string) {}
func (noMeter) StaffCall(ctx context.Context, _ string) (context.Context, func(role, code string)) {
	return ctx, func(string, string) {}
}

// Server holds the doors. Make it with New; all methods are safe for concurrent use.
type Server struct {
	cfg     Config
	grpc    *grpc.Server
	pipe    *bufconn.Listener
	conn    *grpc.ClientConn
	handler http.Handler
	ops     http.Handler
	ready   *readiness

	forwarder *forwarder
}

// New builds the doors without listening. It fails if the contract does not say who may call a method or what class a field has.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	policies, err := readPolicies(fairlotv1.File_fairlot_v1_campaigns_proto.Package())
	if err != nil {
		return nil, err
	}
	validator, err := newValidator(policies)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, pipe: bufconn.Listen(1 << 20), forwarder: &forwarder{engine: cfg.Engine}}
	if cfg.Meter == nil {
		cfg.Meter = noMeter{}
	}
	all := services(cfg.Engine)
	s.ready = newReadiness(cfg.Engine, all)
	in := &interceptor{engine: cfg.Engine, log: cfg.Log, meter: cfg.Meter, forwarder: s.forwarder, policies: policies, validator: validator}
	s.grpc = grpc.NewServer(
		grpc.MaxConcurrentStreams(maxStreams), grpc.MaxRecvMsgSize(MaxStaffBody), grpc.MaxSendMsgSize(MaxAnswer),
		grpc.MaxHeaderListSize(maxHeaders), grpc.ConnectionTimeout(10*time.Second), grpc.UnaryInterceptor(in.unary), grpc.NumStreamWorkers(streamWorkers), grpc.ForceServerCodecV2(frames{encoding.GetCodecV2(protocodec.Name)}),
	)
	for _, svc := range all {
		s.grpc.RegisterService(clearDecoding(svc.desc, policies), svc.impl)
	}
	grpc_health_v1.RegisterHealthServer(s.grpc, s.ready)
	s.conn, err = grpc.NewClient("passthrough:///inside", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return s.pipe.DialContext(ctx) }),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxAnswer)))
	if err != nil {
		return nil, err
	}
	if s.handler, err = newHandler(ctx, cfg, s.ready, s.conn); err != nil {
		return nil, err
	}
	s.ops = newOpsHandler(s.ready, cfg.Metrics)
	return s, nil
}

// Stopping makes the daemon not ready, for balancers to see, while both doors still serve. Stop does it too.
func (s *Server) Stopping() { s.ready.stop() }

// Lacks returns the codes of what is missing, as of a second ago at most.
func (s *Server) Lacks() []string {
	var codes []string
	for _, l := range s.ready.lacks() {
		codes = append(codes, l.Code)
	}
	return codes
}

// OpsHandler is the operators' door.
func (s *Server) OpsHandler() http.Handler { return s.ops }

// Handler is the public door: REST, bundles and the site.
func (s *Server) Handler() http.Handler { return s.handler }

// ServeGRPC serves the staff's door on lis, and the inner connection of the public's, until Stop. It returns nil after Stop.
func (s *Server) ServeGRPC(lis net.Listener) error {
	serve := func(lis net.Listener) error {
		if err := s.grpc.Serve(lis); !errors.Is(err, grpc.ErrServerStopped) { // Stop came first
			return err
		}
		return nil
	}
	inner := make(chan error, 1)
	go func() { inner <- serve(s.pipe) }()
	err := serve(lis)
	return errors.Join(err, <-inner)
}

// Stop finishes the calls under way, at most until ctx ends, and then ends the others.
func (s *Server) Stop(ctx context.Context) {
	s.ready.stop()
	done := make(chan struct{})
	go func() { s.grpc.GracefulStop(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		s.grpc.Stop()
		<-done
	}
	s.conn.Close()
	s.forwarder.close()
}

type service struct {
	desc *grpc.ServiceDesc
	impl any
}

func services(e *engine.Engine) []service {
	return []service{
		{&fairlotv1.CampaignService_ServiceDesc, &campaigns{engine: e}},
		{&fairlotv1.EntryService_ServiceDesc, &entries{engine: e}},
		{&fairlotv1.DrawService_ServiceDesc, &draws{engine: e}},
		{&fairlotv1.ClaimService_ServiceDesc, &claims{engine: e}},
		{&fairlotv1.NotificationService_ServiceDesc, &notifications{engine: e}},
		{&fairlotv1.LogService_ServiceDesc, &publicLog{engine: e}},
		{&fairlotv1.StaffService_ServiceDesc, &staff{engine: e}},
		{&fairlotv1.ApprovalService_ServiceDesc, &approvals{engine: e}},
		{&fairlotv1.CaseService_ServiceDesc, &cases{engine: e}},
		{&fairlotv1.AuditService_ServiceDesc, &acts{engine: e}},
		{&fairlotv1.TodoService_ServiceDesc, &todos{engine: e}},
	}
}

func newValidator(p map[string]policy) (protovalidate.Validator, error) {
	opts := []protovalidate.ValidatorOption{protovalidate.WithDisableLazy()}
	for _, m := range p {
		opts = append(opts, protovalidate.WithMessageDescriptors(m.input))
	}
	v, err := protovalidate.New(opts...)
	if err != nil {
		return nil, fmt.Errorf("read the contract's rules on values: %w", err)
	}
	return v, nil
}
