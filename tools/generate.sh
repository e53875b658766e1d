#!/bin/sh
# Makes everything under gen/ from proto/, in place and the same every time.
# Needs Go alone; the generators are tools of go.mod and tools/buf/go.mod.
#
#   tools/generate.sh             imports, then Go, gateway and OpenAPI
#   tools/generate.sh deps        the imports only (what buf lint needs)
#   tools/generate.sh baseline    makes the present contract the one that
#                                 buf breaking compares with: at a release only
set -eu
cd "$(dirname "$0")/.."

buf() { go tool -modfile=tools/buf/go.mod buf "$@"; }

rm -rf third_party/proto
go run -C tools/protodeps . "$PWD/third_party/proto"

case "${1:-all}" in
deps) ;;
baseline)
	buf build proto --exclude-source-info -o proto/baseline.binpb
	;;
all)
	rm -rf gen/fairlot gen/openapi/parts
	buf generate
	go run ./tools/openapi gen/openapi/parts gen/openapi/openapi.json
	rm -rf gen/openapi/parts
	;;
*)
	echo "generate.sh: unknown argument $1" >&2
	exit 2
	;;
esac
