package server

import (
	"context"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
)

// frame is a message as it came.
type frame []byte

// frames lets a method's handler take a message as it came and decode it itself. What grpc-go cannot decode it answers by itself, as INTERNAL.
type frames struct{ encoding.CodecV2 }

func (c frames) Unmarshal(data mem.BufferSlice, v any) error {
	if f, ok := v.(*frame); ok {
		*f = data.Materialize()
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}

// clearDecoding makes bytes that are no message of the method (invalid UTF-8 above all), or too many for a public one, the caller's fault.
func clearDecoding(desc *grpc.ServiceDesc, policies map[string]policy) *grpc.ServiceDesc {
	d := *desc
	d.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		inner := m.Handler
		public := policies["/"+desc.ServiceName+"/"+m.MethodName].public
		m.Handler = func(srv any, ctx context.Context, dec func(any) error, in grpc.UnaryServerInterceptor) (any, error) {
			return inner(srv, ctx, func(v any) error {
				var f frame
				if err := dec(&f); err != nil {
					return err
				}
				if public && len(f) > MaxPublicBody {
					return withInfo(status.New(codes.InvalidArgument, "a request may have at most 65,536 bytes"), engine.FieldInvalid).Err()
				}
				if err := proto.Unmarshal(f, v.(proto.Message)); err != nil {
					return withInfo(status.New(codes.InvalidArgument, "the request is not a message of this method, or a text in it is not UTF-8"), engine.FieldInvalid).Err()
				}
				return nil
			}, in)
		}
		d.Methods[i] = m
	}
	return &d
}

// checkWire refuses what protobuf itself lets pass: fields that this contract does not know, which a newer client may rely on, and times that are
// none. It says nothing of the values.
func checkWire(m protoreflect.Message) error {
	path, text := wireFault(m)
	if text == "" {
		return nil
	}
	if path == "" {
		path = "request"
	}
	bad := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: path, Reason: "form", Description: text}}}
	st, _ := withInfo(status.New(codes.InvalidArgument, text), engine.FieldInvalid).WithDetails(bad)
	return st.Err()
}

func wireFault(m protoreflect.Message) (path, text string) {
	if len(m.GetUnknown()) > 0 {
		return "", "this version does not know one of the fields: send only those of its contract"
	}
	if t, ok := m.Interface().(*timestamppb.Timestamp); ok && t.CheckValid() != nil {
		return "", "give a time between the years 1 and 9999"
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				if path, text = under(fmt.Sprintf("%s[%d]", f.Name(), i), v.List().Get(i).Message()); text != "" {
					return false
				}
			}
		default:
			path, text = under(string(f.Name()), v.Message())
		}
		return text == ""
	})
	return path, text
}

func under(at string, m protoreflect.Message) (path, text string) {
	if path, text = wireFault(m); path != "" {
		at += "." + path
	}
	return at, text
}
