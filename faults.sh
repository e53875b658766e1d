#!/usr/bin/env bash
# faults.sh runs the long forms of the attacks on the real daemon and prints a table of what they counted.
#
#   ./faults.sh kill [CYCLES]       kill -9 of the daemon under 64 writers, 1000 times an engine
#   ./faults.sh server [KILLS]      kill -9 of PostgreSQL and of one of its processes, 300 times each
#   ./faults.sh power [CUTS]        power cuts of an ext4 file system (root), 500 an engine
#   ./faults.sh errors [N]          EIO and ENOSPC on every write-path call (strace), each of the first 400 until none is left; in PostgreSQL's processes, N calls;
#                                   PostgreSQL's disk full and healed
#   ./faults.sh partition [TIMES]   the way to PostgreSQL parted in four ways, 20 times each
#   ./faults.sh failover [N]        another node of patroni's three made the primary, 100 times (patroni, etcd and haproxy)
#   ./faults.sh linear [N]          histories of some 60 calls at once on the engine, 17000 on SQLite and a fifth of that on PostgreSQL
#   ./faults.sh all                 these seven
#   ./faults.sh acts [KILLS]        kill -9 while staff act: nothing is done without its row in the audit trail, 100 an engine
#   ./faults.sh canaries [KILLS]    search the disk, and the desk's, after kills in every phase, 30 a phase
#   ./faults.sh linker [ENTRIES]    link answers to people from the files of SQLite, of PostgreSQL, and of two servers, with and without duplicates, 3000 entries each
#   ./faults.sh oracle [CALLS]      tell by answers and times who has entered where nothing proves a person, 10000 calls of each kind; on a quiet machine
#   ./faults.sh fair [SEEDS]        hold small draws over many seeds and compare with what is fair, 1000000
#   ./faults.sh witness             the daemon's checkpoints to three real litewitness (fetched and built), one down, one lying, a fork attempted
#   ./faults.sh drand               a network of three drand daemons (fetched and built) that stands still over a draw's round, behind relays that are dead, deaf and lying
#   ./faults.sh fuzz [MINUTES] [WHICH]  each parser and verifier that has a Fuzz function, a minute each; WHICH is a pattern of PACKAGE.NAME
#   ./faults.sh tables [TABLES]     reconstruct what published tables suppress, 20000 random ones
#   ./faults.sh mutants [MUTANTS [FROM]]   bundles in which an operator lies with the keys of log and receipts, and verifiers that lack a check, 1000000 from number 0 on
#   ./faults.sh verifiers [MUTANTS] compare the three verifiers over the vectors and altered ones, 10000
#
# Each runs with its mutants, which must be found out. FAULT_ENGINE=sqlite or postgres runs one engine only.
set -euo pipefail
cd "$(dirname "$0")"

export FAULT_PATIENCE=1 # nothing else runs
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0

# run PATTERN runs tests and keeps their lines for the table.
run() {
	local pattern=$1
	[ -z "${FAULT_ENGINE:-}" ] || pattern="$pattern/$FAULT_ENGINE"
	go test "${PACKAGE:-./attack}" -count=1 -timeout 24h -v -run "$pattern" 2>&1 | tee -a "$log" | sed '/FAULT|/d; /LINEAR|/d; /ATTACK|/d; /msg="staff call"/d' || failed=1
}

kills() { FAULT_CYCLES=${1:-1000} run 'TestKillCycles(SeesLoss)?$'; }
server() { FAULT_ENGINE='' FAULT_SERVER_KILLS=${1:-300} run 'TestServerKills(SeeLoss)?$'; }
power() { FAULT_CUTS=${1:-500} run 'TestPowerCuts$' && FAULT_ENGINE='' run 'TestPowerCutsSeeLoss$'; }
errors() { FAULT_ERRORS=${1:-400} run 'TestWriteErrors$' && FAULT_ENGINE='' FAULT_SERVER_ERRORS=${1:-400} run 'Test(WriteErrorsSeeLoss|ServerErrors(SeeLoss)?|ServerFull(SeesLoss)?)$'; }
partition() { FAULT_ENGINE='' FAULT_PARTITIONS=${1:-20} run 'TestPartitions(SeeLoss)?$'; }

failover() { FAULT_ENGINE='' FAULT_PROMOTIONS=${1:-100} run 'TestFailover(SeesLoss)?$'; }
linear() { PACKAGE=./engine FAULT_HISTORIES=${1:-17000} run 'TestLinear$' && FAULT_ENGINE='' PACKAGE=./engine run 'TestLinearSeesFaults$'; }

# fuzz runs every Fuzz function of the tree; what it finds lies in testdata/fuzz of its package.
fuzz() {
	local file name out
	git grep -oE '^func Fuzz[A-Za-z0-9]+' -- '*_test.go' | sed 's/:func / /' | while read -r file name; do
		[[ "${file%/*}.$name" =~ ${2:-.} ]] || continue
		out=$(go test "./$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "${1:-1}m" -fuzzminimizetime 100x 2>&1) || echo FAILED
		printf '%s\n' "$out" | awk -v what="${file%/*}.$name" -v ok="$(printf '%s\n' "$out" | grep -c '^ok')" '
			/execs:/ { for (i = 1; i < NF; i++) { if ($i == "execs:") n = $(i + 1); if ($i == "interesting:") new = $(i + 1) } }
			END { printf "ATTACK| fuzz %s | | %d inputs | %d new ways through it | %s |\n", what, n, new, ok ? "passed" : "FAILED" }'
		printf '%s\n' "$out" | grep -q '^ok' || printf '%s\n' "$out"
	done | tee -a "$log"
	! grep -q 'FAILED |' "$log" || failed=1
}

case "${1:-}" in
kill) kills "${2:-}" ;;
server | power | errors | partition | failover | linear) "$1" "${2:-}" ;;
all) kills && server && power && errors && partition && failover && linear ;;
acts) FAULT_ACTS=${2:-100} run 'TestKill(LeavesNoActWithoutItsRow|SeesLateRows)$' ;;
canaries) FAULT_KILLS=${2:-30} run 'TestCanaries(SeeLeaks)?$' ;;
linker) export FAULT_ENTRIES=${2:-3000}; run 'TestLinker$' && FAULT_ENGINE='' run 'TestLinkerDefeats$' ;;
oracle) FAULT_CALLS=${2:-10000} run 'TestMembershipOracle(Corrects)?(SeesHaste)?$' ;;
fair) FAULT_ENGINE='' PACKAGE=./draw FAIR_SEEDS=${2:-1000000} run 'Test(OrdersAsEnumerated|NothingButChanceDecides)$' ;;
witness) FAULT_ENGINE='' FAULT_LITEWITNESS=1 run 'Test(Lite)?[Ww]itness(es)?$' ;;
fuzz) fuzz "${2:-}" "${3:-}" ;;
drand) FAULT_ENGINE='' FAULT_DRAND=1 run 'Test(Relays(SeesBelief)?|Drand)$' ;;
tables) FAULT_ENGINE='' PACKAGE=./survey SURVEY_TABLES=${2:-20000} run 'TestTablesCannotBeUndone$' ;;
mutants) export FAULT_LIES=${2:-1000000} FAULT_LIES_FROM=${3:-0}; FAULT_ENGINE='' PACKAGE=./verify run 'TestOperatorsLies$' && FAULT_ENGINE='' run 'TestOperatorsLiesSeeMutants$' ;;
verifiers) FAULT_ENGINE='' PACKAGE=./verify FAULT_MUTANTS=${2:-10000} run 'TestVerifiersAgree$' ;;
*)
	sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0" >&2
	exit 2
	;;
esac

echo
echo "$(date -u +%F), $(nproc) cores, $(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo), $(git describe --always --dirty)"
if grep -q 'FAULT|' "$log"; then
	echo
	echo "| fault | engine | strikes | acknowledged | lost | doubled | half or changed | serving again p50 / p99 | result |"
	echo "|---|---|---|---|---|---|---|---|---|"
	sed -n 's/.*FAULT|/|/p' "$log"
fi
if grep -q 'LINEAR|' "$log"; then
	echo
	echo "| calls at once on | histories | calls | campaigns erased | result |"
	echo "|---|---|---|---|---|"
	sed -n 's/.*LINEAR|/|/p' "$log"
fi
if grep -q 'ATTACK|' "$log"; then
	echo
	echo "| attack | engine | how much | found | result |"
	echo "|---|---|---|---|---|"
	sed -n 's/.*ATTACK|/|/p' "$log"
fi
grep -E -- '--- SKIP' "$log" || true
exit "$failed"
