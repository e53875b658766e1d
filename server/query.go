package server

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"fairlot/engine"
)

// restPath is one path of the contract with the parameters that it takes, by both names that the gateway knows.
type restPath struct {
	method     string
	path       *regexp.Regexp
	parameters []string // as JSON names them, for people
	accepted   map[string]bool
}

var pathField = regexp.MustCompile(`\{(\w+)(?:=([^}]*))?\}`)

// restPaths reads every REST path of the contract. A GET takes what its request holds beside the path, a POST has all of it in its body.
func restPaths() (list []restPath) {
	protoregistry.GlobalFiles.RangeFilesByPackage("fairlot.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				m := methods.Get(j)
				rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
				if p := rule.GetGet(); p != "" {
					list = append(list, newRestPath(http.MethodGet, p, m.Input()))
				}
				if p := rule.GetPost(); p != "" {
					list = append(list, newRestPath(http.MethodPost, p, nil))
				}
			}
		}
		return true
	})
	return list
}

func newRestPath(method, template string, in protoreflect.MessageDescriptor) restPath {
	r := restPath{method: method, accepted: map[string]bool{}}
	inPath := map[string]bool{}
	plain := pathField.ReplaceAllStringFunc(template, func(s string) string {
		m := pathField.FindStringSubmatch(s)
		inPath[m[1]] = true
		if m[2] == "" {
			return "*"
		}
		return m[2]
	})
	r.path = regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(plain), `\*`, `[^/]+`) + "$")
	if in == nil {
		return r
	}
	for i := range in.Fields().Len() {
		f := in.Fields().Get(i)
		if name := string(f.Name()); !inPath[name] {
			r.parameters = append(r.parameters, f.JSONName())
			r.accepted[name], r.accepted[f.JSONName()] = true, true
		}
	}
	slices.Sort(r.parameters)
	return r
}

// knownParameters refuses a parameter that the path does not take: the gateway would pass over it, and whoever mistyped it would not learn why the
// answer is another one. What was sent is not quoted.
func knownParameters(next http.Handler) http.Handler {
	paths := restPaths()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			writeError(w, http.StatusBadRequest, codes.InvalidArgument, "this address cannot be read: /openapi.json shows how it is written", engine.FieldInvalid)
			return
		}
		for _, p := range paths {
			if p.method != r.Method || !p.path.MatchString(r.URL.Path) {
				continue
			}
			for name := range query {
				if p.accepted[name] {
					continue
				}
				text := "this address takes no parameters"
				if len(p.parameters) > 0 {
					text = "this address takes no other parameters than " + strings.Join(p.parameters, ", ")
				}
				writeError(w, http.StatusBadRequest, codes.InvalidArgument, text, engine.FieldInvalid)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
