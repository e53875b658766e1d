package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fairlot/cmd/fairlot/private"
	"fairlot/crypto/ledger"
	"fairlot/witness"
)

type witnessCmd struct {
	New   witnessNew   `cmd:"" help:"Make the key of a witness, and the file in which it remembers what it cosigned."`
	Serve witnessServe `cmd:"" help:"Cosign logs of other institutions when they ask, until ended."`
}

// Limits of a witness.
const (
	maxWitnessKey  = 4096     // bytes of a key file
	maxSigned      = 64 << 20 // bytes of what is remembered
	maxEvidence    = 100      // requests kept
	witnessAtOnce  = 64       // requests
	witnessEndsIn  = 5 * time.Second
	signedSuffix   = ".signed"
	evidenceSuffix = ".evidence"
)

type witnessNew struct {
	Name string `required:"" placeholder:"NAME" help:"Name of the witness, without a space or +, such as library.example/witness. It stands in every cosignature."`
	Out  string `required:"" placeholder:"FILE" help:"Secret key file to make, mode 0600. Beside it FILE.signed is made."`
}

// Help is shown below the usage.
func (witnessNew) Help() string {
	return `The public verifier key is printed: hand it to the institutions whose logs you will cosign. FILE.signed belongs to the key for ever: never put an old copy of it
back, and never start a copy of the key on a second machine. If it is lost, make a new key with another name.

Example: fairlot witness new --name library.example/witness --out witness.key`
}

// Run makes key and state.
func (cmd *witnessNew) Run(a *app) error {
	skey, vkey, err := ledger.GenerateCosigner(cmd.Name)
	if err != nil {
		return usage("--name: %v", err)
	}
	if _, err := os.Stat(cmd.Out + signedSuffix); err == nil {
		return fmt.Errorf("%s is there already: it belongs to another key; nothing is overwritten, give another name", cmd.Out+signedSuffix)
	}
	if err := private.Write(cmd.Out, []byte(skey+"\n")); err != nil {
		return err
	}
	if err := keepSigned(cmd.Out)(nil); err != nil {
		return err
	}
	a.printf("%s\n", vkey)
	a.say("keep %s secret, and %s with it: never an old copy of that one\n", cmd.Out, cmd.Out+signedSuffix)
	return nil
}

// signed is the file in which a witness remembers.
type signed struct {
	Logs []witness.Held `json:"logs"`
}

func keepSigned(key string) func([]witness.Held) error {
	return func(held []witness.Held) error {
		b, err := json.MarshalIndent(signed{held}, "", " ")
		if err != nil {
			return err
		}
		return private.Replace(key+signedSuffix, append(b, '\n'))
	}
}

func readSigned(key string) ([]witness.Held, error) {
	b, err := private.Read(key+signedSuffix, maxSigned)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: without it this witness cannot know what it cosigned and would confirm two histories; make a new key with another name", key+signedSuffix)
	}
	if err != nil {
		return nil, err
	}
	var s signed
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("%s is damaged: make a new key with another name", key+signedSuffix)
	}
	return s.Logs, nil
}

type witnessServe struct {
	Key       string   `required:"" placeholder:"FILE" help:"Key file that witness new made, with FILE.signed beside it."`
	Log       []string `required:"" sep:"none" placeholder:"VKEY" help:"Verifier key of a log to cosign. May be repeated."`
	Listen    string   `default:"127.0.0.1:7380" placeholder:"HOST:PORT" help:"Where logs ask: POST /add-checkpoint. It is plain HTTP; put a proxy with TLS before it."`
	Ops       string   `placeholder:"HOST:PORT" help:"Where GET /metrics is answered for Prometheus, on this machine only."`
	Witnessed []string `placeholder:"FILE" help:"Checkpoint that bears this witness's own cosignature, from a bundle or the log. If it is of a later tree than is remembered, nothing is signed. May be repeated."`
}

// Help is shown below the usage.
func (witnessServe) Help() string {
	return `It speaks C2SP tlog-witness. A tree is cosigned if the log's key signed it and it continues the one cosigned last; what is cosigned is on disk before it is signed. A cosignature
says: at this time I saw this tree, and none that contradicts it. So this machine's clock must be right.

A request that shows two histories of a log is kept in FILE.evidence, signed by the log: make it public. Nothing that is asked is logged, and no address.

Example: fairlot witness serve --key witness.key --log draw.library.example+12345678+AX…`
}

// Run answers until it is ended.
func (cmd *witnessServe) Run(a *app) error {
	text, err := private.Read(cmd.Key, maxWitnessKey)
	if err != nil {
		return err
	}
	cosigner, err := ledger.NewCosigner(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		return usage("%s is no key file of a witness", cmd.Key)
	}
	release, err := private.Hold(cmd.Key)
	if err != nil {
		return err
	}
	defer release()
	held, err := readSigned(cmd.Key)
	if err != nil {
		return err
	}
	w, err := witness.New(cosigner, cmd.Log, held, keepSigned(cmd.Key), time.Now)
	if err != nil {
		return usage("--log: %v", err)
	}
	for _, path := range cmd.Witnessed {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := w.Witnessed(b); errors.Is(err, witness.ErrState) {
			return fmt.Errorf("%s bears a cosignature of this witness for a later tree than %s remembers: an old copy was put back. Put back the newest one, or make a new key with another name", path, cmd.Key+signedSuffix)
		} else if err != nil {
			return usage("--witnessed %s: %v", path, err)
		}
	}
	handler, counts := w.Handler(func(outcome string, err error, request []byte) {
		a.say("%s %s: %s%s\n", time.Now().UTC().Format(time.RFC3339), outcome, printable(err.Error()), evidence(cmd.Key, request))
	})
	working := make(chan struct{}, witnessAtOnce)
	door := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		select {
		case working <- struct{}{}:
			defer func() { <-working }()
			handler.ServeHTTP(rw, r)
		default:
			rw.Header().Set("Retry-After", "1")
			http.Error(rw, "too many at once: ask again in a moment", http.StatusServiceUnavailable)
		}
	})
	ops := http.NewServeMux()
	ops.HandleFunc("GET /metrics", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		rw.Write(witnessMetrics(w, counts))
	})
	ended := make(chan error, 2)
	var servers []*http.Server
	serve := func(addr string, h http.Handler) error {
		lis, err := net.Listen("tcp", addr)
		if err != nil {
			return usage("cannot listen on %s: %v", addr, err)
		}
		s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: log.New(io.Discard, "", 0)} // its lines would hold addresses
		servers = append(servers, s)
		go func() { ended <- s.Serve(lis) }()
		a.say("listening on %s\n", lis.Addr())
		return nil
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), witnessEndsIn)
		defer cancel()
		for _, s := range servers {
			if s.Shutdown(ctx) != nil {
				s.Close()
			}
		}
	}()
	if cmd.Ops != "" {
		if host, _, err := net.SplitHostPort(cmd.Ops); err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
			return usage("--ops: %q is no HOST:PORT of this machine", cmd.Ops)
		}
		if err := serve(cmd.Ops, ops); err != nil {
			return err
		}
	}
	if err := serve(cmd.Listen, door); err != nil {
		return err
	}
	a.say("witness %s\n", cosigner.VKey())
	select {
	case <-a.ctx.Done():
		return nil
	case err := <-ended:
		return err
	}
}

// evidence keeps a request that proves a fork, and says where.
func evidence(key string, request []byte) string {
	if len(request) == 0 {
		return ""
	}
	dir := key + evidenceSuffix
	name := filepath.Join(dir, fmt.Sprintf("%x", sha256.Sum256(request)))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ", not kept: " + err.Error()
	}
	all, err := os.ReadDir(dir)
	if err != nil || len(all) >= maxEvidence {
		return fmt.Sprintf(", not kept: %s holds %d already", dir, maxEvidence)
	}
	if err := private.Write(name, request); err != nil && !errors.Is(err, fs.ErrExist) {
		return ", not kept: " + err.Error()
	}
	return ", kept as " + name
}

func witnessMetrics(w *witness.Witness, counts *witness.Counts) []byte {
	var b bytes.Buffer
	b.WriteString("# HELP fairlot_witness_answers_total Requests answered, by outcome.\n# TYPE fairlot_witness_answers_total counter\n")
	all := counts.All()
	for _, outcome := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "fairlot_witness_answers_total{outcome=\"%s\"} %d\n", outcome, all[outcome])
	}
	b.WriteString("# HELP fairlot_witness_records Records of the tree cosigned last, by log.\n# TYPE fairlot_witness_records gauge\n")
	sizes := w.Sizes()
	for _, origin := range slices.Sorted(maps.Keys(sizes)) {
		fmt.Fprintf(&b, "fairlot_witness_records{log=\"%s\"} %d\n", strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(origin), sizes[origin])
	}
	lost := 0
	if w.Lost() {
		lost = 1
	}
	fmt.Fprintf(&b, "# HELP fairlot_witness_lost 1 if more was signed than is remembered, and nothing is signed any more.\n# TYPE fairlot_witness_lost gauge\nfairlot_witness_lost %d\n", lost)
	return b.Bytes()
}
