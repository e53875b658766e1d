package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"fairlot/engine"
)

// LackStopping is the code of what a daemon lacks that was told to end.
const LackStopping = "stopping"

// askedFor is how long an answer about readiness is given again, so that nobody makes the rooms busy by asking.
const askedFor = time.Second

// openMethods are the gRPC methods that are no part of the contract and that anybody at staff's door may call, with the reason.
var openMethods = map[string]string{
	grpc_health_v1.Health_Check_FullMethodName: "balancers ask whether the daemon is ready",
	grpc_health_v1.Health_List_FullMethodName:  "the same, of all services",
	grpc_health_v1.Health_Watch_FullMethodName: "the same, told again when it changes",
}

// readiness says whether the daemon can do its work. It is also the health service of gRPC, in which every service of the contract has the same state.
type readiness struct {
	grpc_health_v1.UnimplementedHealthServer
	engine   *engine.Engine
	services []string // names that Check and Watch know; the empty one is the daemon
	stopping chan struct{}
	stopped  atomic.Bool

	mu    sync.Mutex
	asked time.Time
	said  []engine.Lack
}

func newReadiness(e *engine.Engine, services []service) *readiness {
	r := &readiness{engine: e, services: []string{""}, stopping: make(chan struct{})}
	for _, s := range services {
		r.services = append(r.services, s.desc.ServiceName)
	}
	return r
}

// stop makes the daemon not ready for good.
func (r *readiness) stop() {
	if !r.stopped.Swap(true) {
		close(r.stopping)
	}
}

// lacks returns what is missing, as of a second ago at most. Whoever asks while somebody asks the rooms waits for that answer.
func (r *readiness) lacks() []engine.Lack {
	if r.stopped.Load() {
		return []engine.Lack{{Code: LackStopping, Text: "the daemon was told to end, and finishes what was begun"}}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.asked) >= askedFor {
		// Under no caller's context: the answer is for the others too. The engine bounds it.
		r.said, r.asked = r.engine.Lacks(context.Background()), time.Now()
	}
	return r.said
}

func (r *readiness) status() grpc_health_v1.HealthCheckResponse_ServingStatus {
	if len(r.lacks()) > 0 {
		return grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	return grpc_health_v1.HealthCheckResponse_SERVING
}

func (r *readiness) knows(service string) bool {
	for _, s := range r.services {
		if s == service {
			return true
		}
	}
	return false
}

// Check answers at once. NOT_FOUND for a service that is not here.
func (r *readiness) Check(_ context.Context, req *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if !r.knows(req.Service) {
		return nil, status.Error(codes.NotFound, "no such service")
	}
	return &grpc_health_v1.HealthCheckResponse{Status: r.status()}, nil
}

// List answers for all services.
func (r *readiness) List(context.Context, *grpc_health_v1.HealthListRequest) (*grpc_health_v1.HealthListResponse, error) {
	all := map[string]*grpc_health_v1.HealthCheckResponse{}
	st := r.status()
	for _, s := range r.services {
		all[s] = &grpc_health_v1.HealthCheckResponse{Status: st}
	}
	return &grpc_health_v1.HealthListResponse{Statuses: all}, nil
}

// Watch tells the state, and again whenever it has changed, until the caller goes or the daemon stops, which is the last thing it tells.
func (r *readiness) Watch(req *grpc_health_v1.HealthCheckRequest, out grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]) error {
	tick := time.NewTicker(askedFor)
	defer tick.Stop()
	told := grpc_health_v1.HealthCheckResponse_UNKNOWN
	for {
		now := grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN
		if r.knows(req.Service) {
			now = r.status()
		}
		if now != told {
			if err := out.Send(&grpc_health_v1.HealthCheckResponse{Status: now}); err != nil {
				return err
			}
			told = now
		}
		if r.stopped.Load() {
			return status.Error(codes.Unavailable, "the daemon is stopping")
		}
		select {
		case <-tick.C:
		case <-r.stopping:
		case <-out.Context().Done():
			return status.FromContextError(out.Context().Err()).Err()
		}
	}
}

// serveLive says that the process answers, and nothing else.
func serveLive(w http.ResponseWriter, _ *http.Request) { writePlain(w, http.StatusOK, "ok\n") }

// serveReady says one word to the public, and to operators what is missing.
func (r *readiness) serveReady(tell bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		lacks := r.lacks()
		if len(lacks) == 0 {
			writePlain(w, http.StatusOK, "ready\n")
			return
		}
		text := "not ready\n"
		if tell {
			for _, l := range lacks {
				text += l.Code + ": " + strings.ReplaceAll(l.Text, "\n", " ") + "\n"
			}
		}
		writePlain(w, http.StatusServiceUnavailable, text)
	}
}

func writePlain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	w.Write([]byte(text))
}

// newOpsHandler builds the operators' door. It tells more than the public may read: what is missing, and counts.
func newOpsHandler(ready *readiness, metrics http.Handler) http.Handler {
	if metrics == nil {
		metrics = http.NotFoundHandler()
	}
	handlers := map[string]http.Handler{
		"GET /livez":   http.HandlerFunc(serveLive),
		"GET /readyz":  ready.serveReady(true),
		"GET /metrics": metrics,
		"/":            http.NotFoundHandler(),
	}
	return secured(muxOf(OpsDoor, handlers))
}
