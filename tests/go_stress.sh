#!/bin/sh
# sh tests/go_stress.sh [DURATION [OPTION-OF-GO-TEST...]]
# The stress test of the Go binding for a long time (default 10m), four times: on as many, more and less
# threads than there are processors, and under the race detector; with Go's collector always at work.
# A short one is part of `sh tests/run.sh go`.
#
# RUNNER_STRESS_SEED: the random numbers of a run that failed, which it prints.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=tests/support/go.sh
. "$root/tests/support/go.sh"

export RUNNER_STRESS="${1:-10m}"
[ $# -eq 0 ] || shift
go_find || {
    echo "skipped: needs Go 1.$go_minor or newer"
    exit 77
}
prefix=$(library_prefix)
go_environment "$prefix"
export GOGC=1 GOTRACEBACK=all
cd "$root/bindings/go"

# stress PROCESSORS OPTION...
stress() {
    processors=$1
    shift
    echo "GOMAXPROCS=$processors go test $*: $RUNNER_STRESS"
    GOMAXPROCS=$processors "$GO" test -count=1 -timeout=0 -v -run '^TestStress$' "$@" .
}

processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
stress "$processors" "$@"
stress $((4 * processors)) "$@"
stress 1 "$@"
stress "$processors" -race "$@"
