package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"

	"fairlot/engine"
	"fairlot/server"
	"fairlot/telemetry"
)

// opsOff is the value of --ops that opens no operators' door.
const opsOff = "off"

// lackCodes are all that may be missing.
var lackCodes = append([]string{server.LackStopping}, engine.LackCodes...)

// opsCmd are the flags of serve for those who watch it.
type opsCmd struct {
	Ops    string        `default:"off" placeholder:"ADDR" help:"Operators' door, such as 127.0.0.1:9091, with /livez, /readyz and /metrics; off has none. Loopback only. An attacker who reads it learns how busy the installation is, in steps of fifty entries."`
	Traces string        `placeholder:"ADDR" help:"Send traces of what staff and the daemon do, never of entries, to the OpenTelemetry collector there, such as 127.0.0.1:4318. Loopback only."`
	Drain  time.Duration `default:"0s" placeholder:"TIME" help:"How long /readyz says that the daemon stops before its doors close, so that balancers send people elsewhere. At most 1m."`
}

func (c *opsCmd) check() error {
	if c.Drain < 0 || c.Drain > time.Minute {
		return fmt.Errorf("--drain %v: give 0s to 1m", c.Drain)
	}
	if c.Traces != "" {
		if err := checkLoopback(c.Traces, "traces are sent without TLS"); err != nil {
			return fmt.Errorf("--traces: %w", err)
		}
	}
	return nil
}

// begin makes what counts and traces; end sends what is left.
func (c *opsCmd) begin(ctx context.Context, log *slog.Logger) (t *telemetry.Telemetry, end func(), err error) {
	t = telemetry.New(version(), lackCodes)
	if c.Traces == "" {
		return t, func() {}, nil
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("send traces", "error", err) }))
	if err := t.SendTraces(ctx, c.Traces, version()); err != nil {
		return nil, nil, fmt.Errorf("--traces: %w", err)
	}
	return t, func() {
		if err := t.StopTraces(); err != nil {
			log.Warn("send the last traces", "error", err)
		}
	}, nil
}

// listen opens the operators' door, or returns nil if there is none.
func (c *opsCmd) listen() (net.Listener, error) {
	if c.Ops == opsOff {
		return nil, nil
	}
	lis, err := listenLoopback(c.Ops)
	if err != nil {
		return nil, fmt.Errorf("operators' door: %w", err)
	}
	return lis, nil
}

// serveOps serves the operators' door until close is called.
func serveOps(lis net.Listener, h http.Handler) (serve func() error, stop func()) {
	if lis == nil {
		return func() error { return nil }, func() {}
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 8 << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	return func() error {
		if err := s.Serve(lis); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}, func() { s.Close() }
}

// vitals joins what engine and server know for the metrics.
func vitals(e *engine.Engine, s *server.Server, outside *witnesses, began time.Time) func() telemetry.Vitals {
	return func() telemetry.Vitals {
		v := e.Vitals()
		worked := v.Worked
		held := e.Holds()
		if worked.IsZero() {
			worked = began
		}
		if !held { // another daemon mixes, and tells its own
			worked, v.EpochsWaiting, v.Troubled, v.JobsLate = time.Now(), 0, 0, 0
		}
		return telemetry.Vitals{Queue: v.Queue, EpochsWaiting: v.EpochsWaiting, MixingLag: max(0, time.Since(worked)), Troubled: v.Troubled, Opened: v.Opened,
			LogRecords: v.Records, WitnessesBehind: outside.behind.Load(), JobsLate: v.JobsLate, LeaseHeld: held, Lacking: s.Lacks()}
	}
}
