package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// tracing is nil where no collector is named.
type tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// exportWithin bounds one sending to the collector, and the last one at the end.
const exportWithin = 3 * time.Second

// SendTraces begins to send spans to a collector, HOST:PORT, by OTLP over HTTP without TLS: the caller sees to it that it is on this machine. What
// cannot be sent is dropped. Call it before the first span, and StopTraces at the end.
func (t *Telemetry) SendTraces(ctx context.Context, collector, version string) error {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(collector), otlptracehttp.WithInsecure(), otlptracehttp.WithTimeout(exportWithin),
		otlptracehttp.WithHeaders(nil), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}))
	if err != nil {
		return err
	}
	// No detectors and no environment: what is sent is what stands here.
	about := resource.NewSchemaless(attribute.String("service.name", "fairlotd"), attribute.String("service.version", version))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about), sdktrace.WithSampler(sdktrace.AlwaysSample()))
	t.tracing = &tracing{provider, provider.Tracer("fairlot")}
	return nil
}

// StopTraces sends what is left, for a few seconds at most.
func (t *Telemetry) StopTraces() error {
	if t.tracing == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), exportWithin)
	defer cancel()
	return t.tracing.provider.Shutdown(ctx)
}

// Work begins a piece of the daemon's own work; the function returned ends it. Of an error only that there was one is kept.
func (t *Telemetry) Work(ctx context.Context, name string) (context.Context, func(error)) {
	began := time.Now()
	ctx, end := t.span(ctx, name)
	return ctx, func(err error) {
		result := "ok"
		if err != nil {
			result = "error"
		}
		t.work.WithLabelValues(name, result).Observe(time.Since(began).Seconds())
		end(result, err != nil)
	}
}

// StaffCall begins a call of staff, by the full name of its method; the function returned ends it with the caller's role and its gRPC code. Calls
// of the public have no place here.
func (t *Telemetry) StaffCall(ctx context.Context, method string) (context.Context, func(role, code string)) {
	began := time.Now()
	ctx, end := t.span(ctx, method)
	return ctx, func(role, code string) {
		t.staff.WithLabelValues(method, code).Observe(time.Since(began).Seconds())
		end(code, code != "OK", attribute.String("fairlot.role", role))
	}
}

func (t *Telemetry) span(ctx context.Context, name string) (context.Context, func(result string, failed bool, about ...attribute.KeyValue)) {
	if t.tracing == nil {
		return ctx, func(string, bool, ...attribute.KeyValue) {}
	}
	ctx, span := t.tracing.tracer.Start(ctx, name)
	return ctx, func(result string, failed bool, about ...attribute.KeyValue) {
		span.SetAttributes(append(about, attribute.String("fairlot.result", result))...)
		if failed {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
