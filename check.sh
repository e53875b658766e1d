#!/usr/bin/env bash
# check.sh runs every check of the tree and says at the end what passed.
#
#   ./check.sh              all steps
#   ./check.sh unit race    only these
#
# A failed step does not stop the others; the exit status is 0 only if none
# failed. A step that cannot run here is skipped with its reason. Under CI=true
# a skip is a failure, unless .ci/allowed-skips names it.
set -uo pipefail
cd "$(dirname "$0")"
exec 2>&1

STEPS=(packages gofmt vet staticcheck generated buf-lint buf-breaking deps threats vectors-python
	site unit browser race bench clone-demo previous)

# Where goroutines meet, the race detector looks on; it makes tests ten times as long. In the engine that is in these tests, in which several callers or engines do
# something at once (TestRacedTestsAreListed finds one that is missing here):
MEET='^Test(AmendLoggedOnce|AmendNotBehindAResult|AmendOnPostgres|AnnouncedMoveGoesOn|AskedAtOnce|BatchClearedUnderOnesEyes|CaseApproversMeet|ClaimBesideReplacement|CloseFinishesTheQueue|ClosingInstant|CorrectionsAtOnce|EarlierClosedByTwo|EntriesWhileEpochsMove|EntriesWhileItCloses|ErasedForCaseMeets|ExclusionUnderOnesEyes|LateSignerKeepsCosignatures|Lease|Linear|OneBadRowRefusesItselfOnly|OnePersonAtOnce|RunMovesTheGeneration|RunStopsAndEnds|SeatReplacedTwice|StorageInTrouble|TwoRunnersAtOnce|VoidLoggedOnce|WitnessesAreAhead)$'

# In these packages it looks on nearly everywhere. Those of store/sqlite meet in the engine and the server, those of store/postgres in the server; its bounds on time do
# not hold under the detector.
RACE=(./crypto/keys ./crypto/beacon ./crypto/ledger ./draw ./witness ./server)

# Of these, tests in which one caller comes after another, or a table is gone through line by line.
ALONE='^Test(OrdersAsEnumerated|NothingButChanceDecides|ChancesAreProportional|ModuloBiasIsCaught|BadInput|BadParameters|BadMessages|NoActWithoutItsRow.*|RestoreMailsNobodyTwice|FalseAtMostIsExact|SampleCatchesStuffing|VerifyEveryBitCounts|MemoryFlat|Story|VoidDraw|AmendDraw|ExclusionList)$'

# Of the unit tests, and of the browser's: with other flags go test would not know again what it ran. What vet has to say is a step of its own.
UNIT=(-timeout 40m -parallel 6 -vet=off)

# As in the image: the program is compiled once for all steps. The race detector alone needs C.
export CGO_ENABLED=0

TEMP=$(mktemp -d)
trap 'rm -rf "$TEMP"' EXIT
REPORT=()
PASSED=0 FAILED=0 SKIPPED=0 ENGINES=

# have COMMAND... succeeds if every command is there.
have() {
	local c
	for c; do command -v "$c" >/dev/null 2>&1 || return 1; done
}

# skip NAME REASON notes that something did not run. Under CI it returns 1
# unless NAME is allowed.
skip() {
	echo "SKIP $1: $2"
	echo "$1: $2" >>"$TEMP/skips"
	if [ "${CI:-}" = true ] && ! awk -v n="$1" '$1 == n { ok = 1 } END { exit !ok }' .ci/allowed-skips; then
		echo "a skip under CI is a failure: $1 is not in .ci/allowed-skips"
		return 1
	fi
}

buf() { go tool -modfile=tools/buf/go.mod buf "$@"; }

# go_packages lists the module's packages, without what npm may have unpacked.
go_packages() { go list -e ./... | grep -v /node_modules/; }

# go_files lists the tracked and new Go files written by hand.
go_files() { git ls-files -co --exclude-standard '*.go' | grep -v '^gen/fairlot/'; }

# go_test NAME ARGS... runs go test -v, shows what matters of it, and turns each
# test that skipped itself into a skip of NAME:Test. NAME may have a part after
# a colon, which is of its log alone.
go_test() {
	local name=${1%%:*} log=$TEMP/${1/:/-}.log rc=0 test reason
	shift
	go test -v "$@" >"$log" 2>&1 || rc=$?
	grep -vE '^(=== |[[:space:]]*--- (PASS|SKIP)|PASS$|\?)' "$log" | grep -E "$([ $rc = 0 ] && echo '^ok' || echo .)"
	awk '
		$1 == "===" { at = $3 }
		/_test\.go:[0-9]+: / && !/: (FAULT|ATTACK)\| / { line = $0; sub(/^ */, "", line); said[at] = last[at] == "" ? line : last[at] " / " line; last[at] = line }
		/^ *--- FAIL: / { print $3 ": " said[$3] }
		/^panic: / || /^FAIL[ \t].*(build failed|setup failed)/ || /DATA RACE/' "$log" >>"$TEMP/failed"
	while IFS=$'\t' read -r test reason; do
		skip "$name:$test" "$reason" || rc=1
	done < <(awk '
		$1 == "===" { at = $3 }
		/_test\.go:[0-9]+: / { said[at] = $0; sub(/^ */, "", said[at]) }
		$1 == "---" && $2 == "SKIP:" { print $3 "\t" said[$3] }' "$log")
	return $rc
}

# What the other steps need besides Go. Installed by apt only when absent.
step_packages() {
	local want=() missing=() root=() quiet= PATH=$PATH:/usr/sbin
	have gcc || want+=(gcc libc6-dev)
	have chromium || have chromium-browser || have google-chrome || want+=(chromium)
	have node npm || want+=(nodejs npm)
	have python3 || want+=(python3)
	have strace || want+=(strace)
	have mkfs.ext4 || want+=(e2fsprogs)
	have systemd-analyze || want+=(systemd)
	have nginx || want+=(nginx-light)
	have docker-compose || docker compose version >/dev/null 2>&1 || want+=(docker-compose)
	have fc-list || want+=(fontconfig)
	have postgres || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || want+=(postgresql)
	have patroni etcd haproxy || want+=(patroni etcd-server haproxy)
	{ have fc-list && [ -n "$(fc-list :lang=zh-tw family)" ]; } || want+=(fonts-noto-cjk)
	if [ ${#want[@]} -gt 0 ]; then
		[ "$(id -u)" = 0 ] || root=(sudo -n)
		if have apt-get && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
			"${root[@]}" apt-get update -qq
			# Debian starts the services that it installs, unless this file says no.
			if [ ! -e /usr/sbin/policy-rc.d ]; then
				printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee /usr/sbin/policy-rc.d >/dev/null && "${root[@]}" chmod 755 /usr/sbin/policy-rc.d
				quiet=1
			fi
			"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${want[@]}" >/dev/null
			[ -z "$quiet" ] || "${root[@]}" rm -f /usr/sbin/policy-rc.d
		else
			echo "no apt-get, or no right to use it; wanted: ${want[*]}"
		fi
	fi
	for c in gcc node npm python3 patroni etcd haproxy nginx; do have $c || missing+=("$c"); done
	have docker-compose || docker compose version >/dev/null 2>&1 || missing+=(docker-compose)
	have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
	{ have fc-list && [ -n "$(fc-list :lang=zh-tw family)" ]; } || missing+=(fonts-noto-cjk)
	[ ${#missing[@]} = 0 ] || skip packages "could not be had: ${missing[*]}"
}

step_gofmt() {
	local bad
	bad=$(go_files | xargs gofmt -l) || return 1
	[ -z "$bad" ] || { echo "not as gofmt writes it:"; echo "$bad"; return 1; }
}

step_vet() { go_packages | xargs go vet && (cd tools/protodeps && go vet ./...); }

step_staticcheck() { go_packages | xargs go tool staticcheck; }

step_generated() {
	tools/generate.sh || return 1
	git diff --exit-code --stat -- gen store/postgres/internal || return 1
	[ -z "$(git status --porcelain -- gen store/postgres/internal)" ] || { git status --short -- gen store/postgres/internal; return 1; }
}

step_buf_lint() { tools/generate.sh deps && buf lint; }

step_buf_breaking() { tools/generate.sh deps && buf breaking proto --against proto/baseline.binpb; }

step_deps() { go test -count=1 -run 'TestWhoMayImportWhom|TestRulesCanRefuse|TestPurePackagesReadNoClock' .; }

step_threats() { go test -count=1 -run 'TestThreat' .; }

# An engine counts as tested if the store's contract, the killing of the daemon and the demo's story passed on it: the last on SQLite is
# clone-demo's. Fewer than two is a failure under CI. What the step race runs of other packages than the engine is left to it, if it will run.
step_unit() {
	local rc=0 e
	if [[ " ${STEPS[*]} " == *" race "* ]] && have gcc; then
		go_test unit "${UNIT[@]}" $(go_packages | grep -vxF "$(go list "${RACE[@]}")") || rc=1
		go_test unit:alone "${UNIT[@]}" -run "$ALONE" "${RACE[@]}" || rc=1
	else
		go_test unit "${UNIT[@]}" $(go_packages) || rc=1
	fi
	ENGINES=
	for e in sqlite postgres; do
		awk -v ok="fairlot/store/$e" '/^--- PASS: TestContract / { c = 1 } /^(ok|FAIL)[ \t]/ { if (c && $1 == "ok" && $2 == ok) found = 1; c = 0 }
			END { exit !found }' "$TEMP/unit.log" && grep -q "^ *--- PASS: TestKillCycles/$e " "$TEMP/unit.log" || continue
		[ $e = sqlite ] || grep -q '^--- PASS: TestDemoOnPostgres ' "$TEMP/unit.log" || continue
		ENGINES+=" $e"
	done
	echo "engines tested:$ENGINES"
	if [ "$ENGINES" != " sqlite postgres" ]; then
		[ "${CI:-}" != true ] || rc=1
		[ $rc != 0 ] || skip unit "engines tested:${ENGINES:- none}, of sqlite and postgres"
	fi
	return $rc
}

step_race() {
	have gcc || { skip race "no C compiler for the race detector"; return; }
	# The engine beside the rest.
	local rc=0 engine
	export FAULT_HISTORIES=15 CGO_ENABLED=1
	go_test race:engine -race -timeout 40m -vet=off -run "$MEET" ./engine & engine=$!
	go_test race -race -timeout 40m -vet=off -skip "$ALONE" "${RACE[@]}" || rc=1
	wait $engine || rc=1
	unset FAULT_HISTORIES
	export CGO_ENABLED=0
	return $rc
}

step_vectors_python() {
	have python3 || { skip vectors-python "no python3"; return; }
	python3 spec/verify.py --vectors draw/vectors && python3 -m unittest discover -s spec
}

# The site's tests by themselves, so that a missing browser is seen. With one,
# unit has just run them, and go test gives the result that it kept.
step_browser() {
	have chromium || have chromium-browser || have google-chrome || { skip browser "no chromium"; return; }
	go_test browser "${UNIT[@]}" ./web/...
}

# The site from its locked sources (npm ci without scripts, tsc, esbuild),
# compared with what is committed. Before unit: the browser's tests find axe in
# what npm unpacked.
step_site() {
	have node npm || { skip site "no node and npm"; return; }
	web/build.sh || return 1
	[ -n "$(git ls-files web/dist)" ] || { echo "web/dist is not committed"; return 1; }
	git diff --exit-code --stat -- web/dist web/verify.mjs || return 1
	[ -z "$(git status --porcelain -- web/dist web/verify.mjs)" ] || { git status --short -- web/dist web/verify.mjs; return 1; }
}

# That everything that is measured runs and its table has every row. Nothing about speed.
step_bench() {
	go run ./bench --quick >"$TEMP/bench.log" 2>&1 || { tail -n 40 "$TEMP/bench.log"; return 1; }
	local line
	while read -r line; do skip bench "$line" || return 1; done < <(grep CANNOT "$TEMP/bench.log")
}

# What a stranger does: clone, one command. Only committed files take part.
step_clone_demo() {
	git clone -q --no-hardlinks . "$TEMP/clone" || return 1
	(cd "$TEMP/clone" && env -i HOME="$HOME" PATH="$PATH" CGO_ENABLED=0 timeout 600 go run ./cmd/fairlotd demo --exit) >"$TEMP/demo.log" 2>&1
	local rc=$?
	if [ $rc = 0 ]; then tail -n 15 "$TEMP/demo.log"; else tail -n 60 "$TEMP/demo.log"; fi
	[ $rc = 0 ] && grep -q 'verify: ok (demo beacon)' "$TEMP/demo.log"
}

# The daemon of the newest release serves rooms that the present one has
# brought to its schema, takes entries and stops: an upgrade can be undone by
# starting the program of before.
step_previous() {
	local tag
	tag=$(git tag --list 'v*' --sort=-v:refname | head -n 1)
	[ -n "$tag" ] || { echo "there is no release tag v* yet: nothing to compare with"; return 0; }
	git worktree prune
	git worktree add -q --detach "$TEMP/previous" "$tag" || return 1
	(cd "$TEMP/previous" && go build -o "$TEMP/fairlotd-previous" ./cmd/fairlotd)
	local rc=$?
	git worktree remove --force "$TEMP/previous"
	[ $rc = 0 ] || { echo "the release $tag does not build"; return 1; }
	echo "against the release $tag"
	FAIRLOTD_PREVIOUS="$TEMP/fairlotd-previous" go_test previous -count=1 -run 'TestPreviousOnNewSchema' ./attack
}

# run NAME runs one step and notes how it went.
run() {
	local name=$1 start=$SECONDS rc=0 how took
	echo
	echo "== $name"
	: >"$TEMP/skips"
	: >"$TEMP/failed"
	"step_${name//-/_}" || rc=$?
	took=$((SECONDS - start))
	if [ $rc != 0 ]; then
		how=FAIL FAILED=$((FAILED + 1))
	elif grep -q "^$name: " "$TEMP/skips"; then
		how=skip SKIPPED=$((SKIPPED + 1))
	else
		how=pass PASSED=$((PASSED + 1))
	fi
	echo "== $name: $how, ${took} s"
	REPORT+=("$(printf '%-16s %-5s %5s s' "$name" "$how" "$took")")
	while read -r line; do REPORT+=("    not run: $line"); done <"$TEMP/skips"
	while read -r line; do REPORT+=("    failed: ${line:0:300}"); done <"$TEMP/failed"
}

[ $# -gt 0 ] && STEPS=("$@")
for name in "${STEPS[@]}"; do
	if ! declare -F "step_${name//-/_}" >/dev/null; then
		echo "check.sh: no step $name" >&2
		exit 2
	fi
done
for name in "${STEPS[@]}"; do run "$name"; done

echo
printf '%s\n' "${REPORT[@]}"
[ -z "$ENGINES" ] || echo "engines tested:$ENGINES"
echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
[ $FAILED = 0 ]
