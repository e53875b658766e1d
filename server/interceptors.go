package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type interceptor struct {
	engine    *engine.Engine
	log       *slog.Logger
	meter     Meter
	forwarder *forwarder
	policies  map[string]policy
	validator protovalidate.Validator
}

// unary runs every call: who are you, is it well-formed, do it, say what went wrong, note that it happened.
func (in *interceptor) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	p, listed := in.policies[info.FullMethod]
	if !listed && openMethods[info.FullMethod] != "" {
		return handler(ctx, req)
	}
	role := fairlotv1.Role_ROLE_PUBLIC
	var by engine.Actor
	ended := func(string, string) {}
	if listed && !p.public {
		ctx, ended = in.meter.StaffCall(ctx, info.FullMethod)
	}
	defer func() {
		if v := recover(); v != nil {
			resp, err = nil, in.incident(info.FullMethod, fmt.Errorf("panic of type %T", v), debug.Stack())
		}
		in.note(info.FullMethod, p, role, req, err, time.Since(began))
		ended(nameOf(role), status.Code(err).String())
		if info.FullMethod == fairlotv1.EntryService_Enter_FullMethodName {
			in.meter.Entered(reasonOf(err))
		}
	}()
	if !listed {
		return nil, status.Error(codes.PermissionDenied, "this method is not in the contract")
	}
	msg := req.(proto.Message)
	if role, by, err = in.authenticate(ctx, p); err != nil {
		in.refused(ctx, info.FullMethod, p, by, msg, err)
		return nil, in.edge(ctx, info.FullMethod, err)
	}
	if err = checkWire(msg.ProtoReflect()); err == nil {
		if err = in.validator.Validate(msg); err != nil {
			err = invalid(err)
		}
	}
	if err != nil {
		in.refused(ctx, info.FullMethod, p, by, msg, err)
		return nil, err
	}
	if onlyHolder(p) && !in.engine.Holds() {
		if resp, err = in.forwarder.forward(ctx, info.FullMethod, p, msg); err != nil {
			return nil, in.edge(ctx, info.FullMethod, err)
		}
		return resp, nil
	}
	resp, err = in.recorded(ctx, info.FullMethod, p, by, msg, func() (any, error) {
		resp, err := handler(withCaller(ctx, role, by), req)
		return resp, in.edge(ctx, info.FullMethod, err)
	})
	return resp, in.edge(ctx, info.FullMethod, err)
}

// authenticate returns the caller's role, and who they are if they came with a token that holds, also if it does not allow this. A public method
// takes no token, but if one is given it must hold.
func (in *interceptor) authenticate(ctx context.Context, p policy) (fairlotv1.Role, engine.Actor, error) {
	var nobody engine.Actor
	md, _ := metadata.FromIncomingContext(ctx)
	values := md.Get("authorization")
	if len(values) == 0 {
		if p.public {
			return fairlotv1.Role_ROLE_PUBLIC, nobody, nil
		}
		return fairlotv1.Role_ROLE_PUBLIC, nobody, &engine.Error{Reason: engine.StaffTokenInvalid, Text: "this call needs a staff token: authorization: Bearer TOKEN"}
	}
	token, ok := strings.CutPrefix(values[0], "Bearer ")
	if !ok || len(values) > 1 {
		return fairlotv1.Role_ROLE_PUBLIC, nobody, &engine.Error{Reason: engine.StaffTokenInvalid, Text: "send one staff token as authorization: Bearer TOKEN"}
	}
	by, err := in.engine.Authenticate(ctx, token)
	if err != nil {
		return fairlotv1.Role_ROLE_PUBLIC, nobody, err
	}
	role := roleOf(by.Role)
	if !p.public && !slices.Contains(p.roles, role) {
		return role, by, &engine.Error{Reason: engine.RoleRefused, Text: fmt.Sprintf("the role %s may not do this: ask somebody who is %s", by.Role, roleNames(p.roles))}
	}
	return role, by, nil
}

// edge turns an error into a status; what is nobody's business but ours becomes an incident.
func (in *interceptor) edge(ctx context.Context, method string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	if ctxErr := context.Cause(ctx); ctxErr != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return withInfo(status.New(status.FromContextError(ctx.Err()).Code(), "this took too long, and its outcome is not known: send the same request again"), engine.Busy).Err()
	}
	var own *engine.Error
	if !errors.As(err, &own) && errors.Is(err, context.Canceled) { // not by the caller: the lease ended while this was done
		own = holderChanged
	}
	if own != nil {
		return toStatus(own).Err()
	}
	return in.incident(method, err, nil)
}

func (in *interceptor) incident(method string, err error, stack []byte) error {
	var id [6]byte
	rand.Read(id[:])
	incident := hex.EncodeToString(id[:])
	in.log.Error("internal error", "incident", incident, "method", method, "error", err.Error(), "stack", string(stack))
	return withInfo(status.New(codes.Internal, "internal error, incident "+incident), internalFault).Err()
}

// note logs what staff did, with fields as their class allows, and faults. Public calls leave no line: a request log is a second copy of who sent
// what and when.
func (in *interceptor) note(method string, p policy, role fairlotv1.Role, req any, err error, took time.Duration) {
	if p.public || role == fairlotv1.Role_ROLE_PUBLIC {
		return
	}
	in.log.Info("staff call", "method", method, "role", nameOf(role), "code", status.Code(err).String(), "took", took.Round(time.Millisecond), "request", redact(req.(proto.Message)))
}

// reasonOf is the reason of a refusal, empty for nil.
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	st := status.Convert(err)
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return string(internalFault)
}

func invalid(err error) error {
	bad := &errdetails.BadRequest{}
	var violations *protovalidate.ValidationError
	if errors.As(err, &violations) {
		for _, v := range violations.Violations {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: protovalidate.FieldPathString(v.Proto.GetField()), Reason: v.Proto.GetRuleId(), Description: v.Proto.GetMessage(),
			})
		}
	}
	st, _ := withInfo(status.New(codes.InvalidArgument, "some fields are not as the contract says: correct what is listed"), engine.FieldInvalid).WithDetails(bad)
	return st.Err()
}

type callerKey struct{}

type caller struct {
	role fairlotv1.Role
	by   engine.Actor
}

func withCaller(ctx context.Context, role fairlotv1.Role, by engine.Actor) context.Context {
	return context.WithValue(ctx, callerKey{}, caller{role, by})
}

// callerOf is who acts; without a token the zero Actor, which may do nothing.
func callerOf(ctx context.Context) engine.Actor {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c.by
}

// isStaff tells whether the caller came with a staff token of a role that works on campaigns, and sees drafts.
func isStaff(ctx context.Context) bool {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c.role > fairlotv1.Role_ROLE_MEMBER && c.role != fairlotv1.Role_ROLE_ADMIN
}

// roleOf reads a stored role of staff; unknown ones may do nothing.
func roleOf(name string) fairlotv1.Role {
	for r := range fairlotv1.Role_name {
		if role := fairlotv1.Role(r); role > fairlotv1.Role_ROLE_MEMBER && nameOf(role) == name {
			return role
		}
	}
	return fairlotv1.Role_ROLE_UNSPECIFIED
}

func nameOf(r fairlotv1.Role) string {
	return strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_"))
}

func roleNames(roles []fairlotv1.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = nameOf(r)
	}
	return strings.Join(names, " or ")
}
