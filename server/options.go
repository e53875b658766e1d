package server

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// policy is what the contract says of one method.
type policy struct {
	roles  []fairlotv1.Role
	public bool // PUBLIC alone: no token needed
	trail  fairlotv1.Trail
	input  protoreflect.MessageDescriptor
	output protoreflect.MessageDescriptor
}

// readPolicies reads the access of every method, by full name /fairlot.v1.Service/Method, and checks that every field that a
// method takes or returns has a privacy class.
func readPolicies(pkg protoreflect.FullName) (map[string]policy, error) {
	policies := map[string]policy{}
	var failed error
	protoregistry.GlobalFiles.RangeFilesByPackage(pkg, func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			svc := f.Services().Get(i)
			for j := range svc.Methods().Len() {
				m := svc.Methods().Get(j)
				p, err := readPolicy(m)
				if err != nil {
					failed = err
					return false
				}
				policies[fmt.Sprintf("/%s/%s", svc.FullName(), m.Name())] = p
			}
		}
		return true
	})
	if failed != nil {
		return nil, failed
	}
	if len(policies) == 0 {
		return nil, fmt.Errorf("the contract %s has no methods", pkg)
	}
	return policies, nil
}

func readPolicy(m protoreflect.MethodDescriptor) (policy, error) {
	p := policy{input: m.Input(), output: m.Output()}
	access, _ := proto.GetExtension(m.Options(), fairlotv1.E_Access).(*fairlotv1.Access)
	p.roles, p.trail = access.GetRoles(), access.GetTrail()
	if len(p.roles) == 0 || slices.Contains(p.roles, fairlotv1.Role_ROLE_UNSPECIFIED) {
		return p, fmt.Errorf("method %s does not say who may call it", m.FullName())
	}
	p.public = slices.Contains(p.roles, fairlotv1.Role_ROLE_PUBLIC)
	if p.public && len(p.roles) > 1 {
		return p, fmt.Errorf("method %s names roles beside PUBLIC", m.FullName())
	}
	if name := string(m.Name()); p.trail == fairlotv1.Trail_TRAIL_NONE && !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List") {
		return p, fmt.Errorf("method %s leaves nothing in the audit trail, but does not only read", m.FullName())
	}
	if m.IsStreamingClient() || m.IsStreamingServer() {
		return p, fmt.Errorf("method %s streams: the interceptors are for unary methods", m.FullName())
	}
	seen := map[protoreflect.FullName]bool{}
	for _, d := range []protoreflect.MessageDescriptor{m.Input(), m.Output()} {
		if err := checkClasses(d, seen); err != nil {
			return p, err
		}
	}
	return p, nil
}

// checkClasses walks a message of the contract; those of google.protobuf have no fields about anybody.
func checkClasses(d protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) error {
	if seen[d.FullName()] || d.ParentFile().Package() == "google.protobuf" {
		return nil
	}
	seen[d.FullName()] = true
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		if classOf(f) == fairlotv1.PrivacyClass_PRIVACY_CLASS_UNSPECIFIED {
			return fmt.Errorf("field %s has no privacy class", f.FullName())
		}
		if f.Message() != nil {
			if err := checkClasses(f.Message(), seen); err != nil {
				return err
			}
		}
	}
	return nil
}

func classOf(f protoreflect.FieldDescriptor) fairlotv1.PrivacyClass {
	c, _ := proto.GetExtension(f.Options(), fairlotv1.E_Privacy).(fairlotv1.PrivacyClass)
	return c
}
