package server

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const maxLogged = 120 // bytes of one text in a log line

// redact prints a message for the log: values of class PUBLIC and INTERNAL, the name of the class for all others, whatever they hold.
func redact(m proto.Message) string {
	var b strings.Builder
	redactMessage(&b, m.ProtoReflect())
	return b.String()
}

func redactMessage(b *strings.Builder, m protoreflect.Message) {
	b.WriteByte('{')
	first := true
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		if !m.Has(f) {
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		fmt.Fprintf(b, "%s:", f.Name())
		switch {
		case !printed(f):
			fmt.Fprintf(b, "[%s]", strings.TrimPrefix(classOf(f).String(), "PRIVACY_CLASS_"))
		case f.IsList():
			fmt.Fprintf(b, "(%d)", m.Get(f).List().Len())
		case f.Message() != nil && f.Message().ParentFile().Package() == m.Descriptor().ParentFile().Package():
			redactMessage(b, m.Get(f).Message())
		case f.Message() != nil:
			if at, ok := m.Get(f).Message().Interface().(*timestamppb.Timestamp); ok {
				b.WriteString(at.AsTime().Format(time.RFC3339))
			} else {
				b.WriteString("(message)")
			}
		case f.Kind() == protoreflect.BytesKind:
			fmt.Fprintf(b, "(%d bytes)", len(m.Get(f).Bytes()))
		case f.Kind() == protoreflect.StringKind:
			s := m.Get(f).String()
			if len(s) > maxLogged {
				s = fmt.Sprintf("(%d bytes)", len(s))
			}
			fmt.Fprintf(b, "%q", s)
		default:
			fmt.Fprint(b, m.Get(f).Interface())
		}
	}
	b.WriteByte('}')
}
