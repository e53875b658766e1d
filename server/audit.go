package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"fairlot/crypto/trail"
	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// recorded runs do between the two rows of the audit trail. Without the first nothing is done; the second may be missing after a crash.
func (in *interceptor) recorded(ctx context.Context, method string, p policy, by engine.Actor, req proto.Message, do func() (any, error)) (resp any, err error) {
	if by.Token == "" || p.public || p.trail == fairlotv1.Trail_TRAIL_NONE {
		return do()
	}
	a := actOf(method, p, by, req)
	n, err := in.engine.BeginAct(ctx, a)
	if err != nil {
		return nil, err
	}
	outcome := string(internalFault) // of a panic
	defer func() {
		if err := in.engine.EndAct(ctx, a, n, outcome); err != nil {
			in.log.Error("the audit trail lacks an outcome", "act", n, "outcome", outcome, "error", err.Error())
		}
	}()
	resp, err = do()
	outcome = outcomeOf(err)
	return resp, err
}

// refused writes an attempt that did not get as far as being begun, by somebody whose token holds.
func (in *interceptor) refused(ctx context.Context, method string, p policy, by engine.Actor, req proto.Message, why error) {
	if by.Token == "" || p.public {
		return
	}
	a := actOf(method, p, by, req)
	if err := in.engine.RefusedAct(context.WithoutCancel(ctx), a, outcomeOf(why)); err != nil {
		in.log.Error("the audit trail lacks a refusal", "method", method, "error", err.Error())
	}
}

func actOf(method string, p policy, by engine.Actor, req proto.Message) engine.Act {
	a := engine.Act{By: by, Method: strings.TrimPrefix(method, "/fairlot.v1."), Resource: resourceOf(req.ProtoReflect())}
	if made, ok := req.(*fairlotv1.CreateStaffTokenRequest); ok {
		if a.NewLabel = made.Label; roleOf(nameOf(made.Role)) != fairlotv1.Role_ROLE_UNSPECIFIED { // a refused request may have any number there
			a.NewRole = nameOf(made.Role)
		}
	}
	if p.trail == fairlotv1.Trail_TRAIL_UNSPECIFIED {
		sum := digestOf(req)
		a.Request = &sum
	}
	return a
}

// outcomeOf is trail.OK, or the reason of a refusal, or the name of a gRPC code.
func outcomeOf(err error) string {
	if err == nil {
		return trail.OK
	}
	var own *engine.Error
	if errors.As(err, &own) {
		return string(own.Reason)
	}
	st := status.Convert(err)
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.Reason != "" {
			return info.Reason
		}
	}
	return st.Code().String()
}

// resourceForm is what may stand in the trail as the thing that a call was about: what else a caller put there is dropped.
var resourceForm = regexp.MustCompile(`^(campaigns/[a-z0-9-]{1,63}(/draws/[1-9][0-9]?)?|approvals/[0-9a-f]{32}|cases/[0-9a-f]{32}|tokens/[0-9a-f]{16})$`)

// resourceOf names what a request is about, by the contract's own names of such fields; empty if it has none.
func resourceOf(m protoreflect.Message) string {
	text := func(m protoreflect.Message, name protoreflect.Name) string {
		f := m.Descriptor().Fields().ByName(name)
		if f == nil || f.Kind() != protoreflect.StringKind || f.IsList() || !printed(f) {
			return ""
		}
		return m.Get(f).String()
	}
	name := text(m, "name")
	if name == "" {
		name = text(m, "parent")
	}
	if id := text(m, "id"); name == "" && id != "" {
		name = "tokens/" + id
	}
	if f := m.Descriptor().Fields().ByName("campaign"); name == "" && f != nil && f.Message() != nil {
		if name = text(m.Get(f).Message(), "name"); name == "" {
			name = "campaigns/" + text(m.Get(f).Message(), "slug")
		}
	}
	if !resourceForm.MatchString(name) {
		return ""
	}
	return name
}

// digestOf is SHA-256 of the request, in protobuf's deterministic encoding, without the fields that no log may print.
func digestOf(req proto.Message) [32]byte {
	kept := proto.Clone(req)
	withoutPersons(kept.ProtoReflect())
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(kept)
	if err != nil { // a text that is no UTF-8 does not come this far
		return [32]byte{}
	}
	return sha256.Sum256(b)
}

func withoutPersons(m protoreflect.Message) {
	m.SetUnknown(nil)
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case !printed(f):
			m.Clear(f)
		case f.Message() == nil || f.IsMap() || f.Message().ParentFile().Package() == "google.protobuf":
		case f.IsList():
			for i := range v.List().Len() {
				withoutPersons(v.List().Get(i).Message())
			}
		default:
			withoutPersons(v.Message())
		}
		return true
	})
}

// printed tells whether a field's class lets it be printed.
func printed(f protoreflect.FieldDescriptor) bool {
	class := classOf(f)
	return class == fairlotv1.PrivacyClass_PRIVACY_CLASS_PUBLIC || class == fairlotv1.PrivacyClass_PRIVACY_CLASS_INTERNAL
}
