package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/gen/openapi"
)

// Door is where a route is.
type Door string

// The doors that speak HTTP.
const (
	PublicDoor Door = "public"
	OpsDoor    Door = "ops"
)

// Route is one raw HTTP route.
type Route struct {
	Door    Door
	Pattern string // of http.ServeMux
	What    string
}

// Routes are all routes of both doors; the access matrix walks them.
var Routes = []Route{
	{PublicDoor, "/v1/", "REST: the PUBLIC methods of the contract"},
	{PublicDoor, "GET /openapi.json", "the contract as OpenAPI 3.1"},
	{PublicDoor, "GET /bundles/{file}", "a campaign's bundle, ID.tar"},
	{PublicDoor, "GET /log/checkpoint", "the log's newest signed head, for clients of C2SP tlog-tiles"},
	{PublicDoor, "GET /log/findings.json", "what a monitor would find in the log"},
	{PublicDoor, "GET /log", "the page that says so"},
	{PublicDoor, "GET /log/tile/{path...}", "the log's hashes and records, in tiles of 256"},
	{PublicDoor, "GET /assets/", "the site's scripts and styles"},
	{PublicDoor, "GET /c/{slug}", "a campaign's page"},
	{PublicDoor, "GET /c/{slug}/{$}", "to a campaign's page"},
	{PublicDoor, "GET /check", "the page that checks receipts"},
	{PublicDoor, "GET /verify", "the page that verifies bundles"},
	{PublicDoor, "GET /answers", "the page that shows and withdraws answers"},
	{PublicDoor, "GET /{$}", "the list of campaigns"},
	{PublicDoor, "GET /livez", "balancers ask whether the process answers"},
	{PublicDoor, "GET /readyz", "balancers ask whether to send people here: one word, no reason"},
	{PublicDoor, "/", "the page for addresses that are none"},

	{OpsDoor, "GET /livez", "the same for whoever watches the process"},
	{OpsDoor, "GET /readyz", "what is missing"},
	{OpsDoor, "GET /metrics", "counts and durations for Prometheus"},
	{OpsDoor, "/", "nothing else is there"},
}

// muxOf binds the routes of a door, and no other handler.
func muxOf(door Door, handlers map[string]http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range Routes {
		if r.Door == door {
			mux.Handle(r.Pattern, handlers[r.Pattern])
		}
	}
	return mux
}

// newHandler builds the public door. Only PUBLIC methods have REST paths; the gateway gets no header of the client's, so nobody comes in as staff.
func newHandler(ctx context.Context, cfg Config, ready *readiness, conn *grpc.ClientConn) (http.Handler, error) {
	gateway := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.JSONPb{
			MarshalOptions:   protojson.MarshalOptions{EmitUnpopulated: true},
			UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: false},
		}),
		runtime.WithIncomingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithOutgoingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
			st := forPublic(status.Convert(err))
			writeStatus(w, runtime.HTTPStatusFromCode(st.Code()), st)
		}),
		runtime.WithRoutingErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, httpCode int) {
			switch httpCode {
			case http.StatusMethodNotAllowed:
				writeError(w, httpCode, codes.Unimplemented, "this address does not take this method: /openapi.json lists what it takes", engine.FieldInvalid)
			case http.StatusNotFound:
				writeError(w, httpCode, codes.NotFound, "there is nothing at this address: /openapi.json lists what there is", engine.FieldInvalid)
			default:
				writeError(w, http.StatusBadRequest, codes.InvalidArgument, "this address cannot be read: /openapi.json shows how it is written", engine.FieldInvalid)
			}
		}),
	)
	for _, register := range []func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error{
		fairlotv1.RegisterCampaignServiceHandler, fairlotv1.RegisterEntryServiceHandler,
		fairlotv1.RegisterDrawServiceHandler, fairlotv1.RegisterLogServiceHandler,
	} {
		if err := register(ctx, gateway, conn); err != nil {
			return nil, err
		}
	}
	files, err := readSite(cfg.Site)
	if err != nil {
		return nil, fmt.Errorf("read the site: %w", err)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { files.serve(w, r, "index.html") })
	handlers := map[string]http.Handler{
		"/v1/":                    publicCall(knownParameters(gateway)),
		"GET /openapi.json":       http.HandlerFunc(serveOpenAPI),
		"GET /bundles/{file}":     serveBundle(cfg.Engine),
		"GET /log/findings.json":  serveFindings(cfg.Engine),
		"GET /log":                page,
		"GET /log/checkpoint":     serveHead(cfg.Engine),
		"GET /log/tile/{path...}": serveTile(cfg.Engine),
		"GET /assets/":            http.HandlerFunc(files.asset),
		"GET /c/{slug}":           page,
		"GET /c/{slug}/{$}":       http.HandlerFunc(withoutSlash),
		"GET /check":              page,
		"GET /verify":             page,
		"GET /answers":            page,
		"GET /{$}":                page,
		"GET /livez":              http.HandlerFunc(serveLive),
		"GET /readyz":             ready.serveReady(false),
		"/":                       http.HandlerFunc(files.missing),
	}
	return secured(muxOf(PublicDoor, handlers)), nil
}

// secured sets the headers that every answer carries: nothing is loaded from elsewhere, nothing runs inline, no page is framed. The one policy
// of trusted types names the script of the worker in which the site verifies bundles.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types verify-worker")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		next.ServeHTTP(w, r)
	})
}

// publicCall reads the body whole, within its limit, and forwards nothing of the client's headers but the content type: no
// token, no metadata, no time-out, no method override, no address. More than maxPublic at once are told to come again: they would wait where
// no queue counts them.
func publicCall(gateway http.Handler) http.Handler {
	working := make(chan struct{}, maxPublic)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPublicBody))
		if err != nil {
			var tooLong *http.MaxBytesError
			if errors.As(err, &tooLong) {
				writeError(w, http.StatusRequestEntityTooLarge, codes.InvalidArgument, "a request may have at most 65,536 bytes", engine.FieldInvalid)
				return
			}
			writeError(w, http.StatusBadRequest, codes.Canceled, "the request broke off", engine.FieldInvalid)
			return
		}
		if query, err := url.QueryUnescape(r.URL.RawQuery); err != nil || !utf8.ValidString(query) || !utf8.ValidString(r.URL.Path) {
			writeError(w, http.StatusBadRequest, codes.InvalidArgument, "this address cannot be read: write it in UTF-8, as /openapi.json shows", engine.FieldInvalid)
			return
		}
		in := r.Clone(r.Context())
		in.Header = http.Header{}
		if r.Method == http.MethodPost {
			if ct, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(ct), "application/json") {
				writeError(w, http.StatusUnsupportedMediaType, codes.InvalidArgument, "send Content-Type: application/json", engine.FieldInvalid)
				return
			}
			// The gateway's decoder stops at the end of the first value and takes an empty body for an empty message.
			if !utf8.Valid(body) || !json.Valid(body) {
				writeError(w, http.StatusBadRequest, codes.InvalidArgument, "send one JSON object in UTF-8, and nothing after it", engine.FieldInvalid)
				return
			}
			in.Header.Set("Content-Type", "application/json")
		}
		in.RemoteAddr = ""
		in.Body = io.NopCloser(bytes.NewReader(body))
		in.ContentLength = int64(len(body))
		w.Header().Set("Cache-Control", "no-store")
		select {
		case working <- struct{}{}:
			defer func() { <-working }()
		default:
			writeStatus(w, http.StatusTooManyRequests, toStatus(&engine.Error{Reason: engine.Busy, Text: "very many people are here right now: try again in a moment", Retry: time.Second}))
			return
		}
		gateway.ServeHTTP(w, in)
	})
}

func writeError(w http.ResponseWriter, httpCode int, code codes.Code, text string, reason engine.Reason) {
	writeStatus(w, httpCode, withInfo(status.New(code, text), reason))
}

// wrongField finds the field, by its name in the contract, in what protojson says of a value that is none. Behind the name stands the client's value.
var wrongField = regexp.MustCompile(`^proto:[\s\x{a0}]+\(line \d+:\d+\): invalid value for \w+ field (\w+): `)

// forPublic passes on what the server itself said, which names a reason. Libraries quote the values that they cannot read, so their words stay
// here and ours go out.
func forPublic(st *status.Status) *status.Status {
	for _, d := range st.Details() {
		if _, ok := d.(*errdetails.ErrorInfo); ok {
			return st
		}
	}
	switch st.Code() {
	case codes.InvalidArgument:
		if m := wrongField.FindStringSubmatch(st.Message()); m != nil {
			text := m[1] + " has a value that is none of its type: /openapi.json lists what it may be"
			return toStatus(&engine.Error{Reason: engine.FieldInvalid, Text: text, Fields: []engine.Field{{Path: m[1], Reason: "type", Text: text}}})
		}
		return withInfo(status.New(codes.InvalidArgument, "the request does not fit the contract: send only its fields, each once and of its type, as /openapi.json lists them"), engine.FieldInvalid)
	case codes.Internal, codes.Unknown:
		return withInfo(status.New(codes.Internal, "internal error: try again, and tell the institution if it stays"), internalFault)
	}
	return toStatus(&engine.Error{Reason: engine.StorageUnavailable, Text: "the service is not available: send the same request again in a moment", Retry: time.Second})
}

func writeStatus(w http.ResponseWriter, httpCode int, st *status.Status) {
	body, err := protojson.Marshal(st.Proto())
	if err != nil {
		http.Error(w, st.Message(), httpCode)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	for _, d := range st.Details() {
		if retry, ok := d.(*errdetails.RetryInfo); ok {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(retry.GetRetryDelay().AsDuration().Seconds()))))
		}
	}
	w.WriteHeader(httpCode)
	w.Write(body)
}

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(openapi.JSON)
}

// serveBundle streams a campaign's bundle; it is public from opening on.
func serveBundle(e *engine.Engine) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutSuffix(r.PathValue("file"), ".tar")
		id, ok2 := engine.ParseCampaignID(name)
		if !ok || !ok2 {
			writeError(w, http.StatusNotFound, codes.NotFound, "bundles are at /bundles/ID.tar, ID in 32 hexadecimal digits", engine.CampaignNotFound)
			return
		}
		bw := &bundleWriter{w: w, name: name}
		if err := e.WriteBundle(r.Context(), id, bw); err != nil {
			if bw.begun {
				panic(http.ErrAbortHandler) // a cut connection cannot be taken for a whole bundle
			}
			var own *engine.Error
			if !errors.As(err, &own) {
				own = &engine.Error{Reason: engine.StorageUnavailable, Text: "the bundle cannot be made now: try again"}
			}
			st := toStatus(own)
			writeStatus(w, runtime.HTTPStatusFromCode(st.Code()), st)
		}
	})
}

// bundleWriter sends the headers of a download with the first byte.
type bundleWriter struct {
	w     http.ResponseWriter
	name  string
	begun bool
}

func (b *bundleWriter) Write(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		b.w.Header().Set("Content-Type", "application/x-tar")
		b.w.Header().Set("Content-Disposition", `attachment; filename="fairlot-`+b.name+`.tar"`)
		b.w.Header().Set("Cache-Control", "no-store")
	}
	return b.w.Write(p)
}
