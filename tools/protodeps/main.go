// Command protodeps writes the .proto files that the contract imports and does
// not own: google/api (REST bindings), buf/validate (rules on values) and the
// gateway's OpenAPI options. It prints them from the descriptors linked into
// the Go packages that the daemon itself uses, so the contract is compiled
// against exactly the options the daemon will read, and no schema registry is
// asked for anything.
//
//	go run . DIR
//
// DIR is made when absent; files of the same name are replaced. The output is
// not committed: tools/generate.sh makes it afresh.
package main

import (
	"fmt"
	"os"

	validate "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	openapi "github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv3/options"
	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// files are the descriptors to print. What they import themselves is either
// among them or a well-known type that buf carries.
var files = []protoreflect.FileDescriptor{
	annotations.File_google_api_http_proto,
	annotations.File_google_api_annotations_proto,
	annotations.File_google_api_field_behavior_proto,
	annotations.File_google_api_resource_proto,
	validate.File_buf_validate_validate_proto,
	openapi.File_protoc_gen_openapiv3_options_openapiv3_proto,
	openapi.File_protoc_gen_openapiv3_options_annotations_proto,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: protodeps DIR")
		os.Exit(2)
	}
	printer := protoprint.Printer{SortElements: true, Indent: "  "}
	if err := printer.PrintProtosToFileSystem(files, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "protodeps: write protos:", err)
		os.Exit(1)
	}
}
