#!/bin/sh
# Makes everything under gen/ from proto/, and the queries of store/postgres
# from its SQL, in place and the same every time. Needs Go alone; the generators
# are tools of go.mod, tools/buf/go.mod and tools/sqlc/go.mod.
#
#   tools/generate.sh             imports, then Go, gateway and OpenAPI, queries
#   tools/generate.sh sql         the queries only, after sqlc vet
#   tools/generate.sh deps        the imports only (what buf lint needs)
#   tools/generate.sh baseline    makes the present contract the one that
#                                 buf breaking compares with: at a release only
set -eu
cd "$(dirname "$0")/.."

buf() { go tool -modfile=tools/buf/go.mod buf "$@"; }
sqlc() { CGO_ENABLED=0 go tool -modfile=tools/sqlc/go.mod sqlc "$@"; }

# Not a step of its own in check.sh: what breaks a rule is not compiled.
queries() {
	sqlc vet -f store/postgres/sqlc.yaml
	rm -rf store/postgres/internal
	sqlc generate -f store/postgres/sqlc.yaml
}

if [ "${1:-all}" = sql ]; then
	queries
	exit
fi

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
	queries
	;;
*)
	echo "generate.sh: unknown argument $1" >&2
	exit 2
	;;
esac
