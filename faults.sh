#!/usr/bin/env bash
# faults.sh runs the long forms of the attacks on the real daemon and prints what they counted.
#
#   ./faults.sh kill [CYCLES]     kill -9 under load, 200 times if not said otherwise
#   ./faults.sh canaries [KILLS]  search the disk after kills in every phase, 30 a phase
#   ./faults.sh linker [ENTRIES]  link answers to people from the files, 3000 entries
set -euo pipefail
cd "$(dirname "$0")"

run() { go test ./attack -count=1 -timeout 2h -v -run "$1"; }

case "${1:-}" in
kill) FAULT_CYCLES=${2:-200} run 'TestKillCycles$' ;;
canaries) FAULT_KILLS=${2:-30} run 'TestCanaries$' ;;
linker) FAULT_ENTRIES=${2:-3000} run 'TestLinker$' ;;
*)
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
