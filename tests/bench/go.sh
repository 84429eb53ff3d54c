#!/bin/sh
# sh tests/bench/go.sh [--quick] [--only NAME] [--cpu N] [BUILD_DIR]
# Runs the benchmarks of the Go binding beside goroutines, errgroup and channels, and prints one table.
# OPS.md explains the operations. BUILD_DIR: where results go, default build/bench.
#
# --quick   3 repetitions of 50 ms, else 7 of 300 ms
# --only    one operation, as Gather
# --cpu     GOMAXPROCS, default 1: as the other benchmarks, on one processor
#
# The first time it gets golang.org/x/sync from the module proxy.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
# shellcheck source=../support/go.sh
. "$root/tests/support/go.sh"

times=7
time=300ms
only='[^S].*|S[^l].*' # not Sleepers
sleepers=librunner\ waitgroup
cpu=1
build=$root/build/bench
quick=
while [ $# -gt 0 ]; do
    case $1 in
    --quick)
        quick=", quick run"
        times=3
        time=50ms
        ;;
    --only)
        shift
        only=${1:?}
        [ "$only" = Sleepers ] || sleepers=
        ;;
    --cpu)
        shift
        cpu=${1:?}
        ;;
    -*)
        sed -n '2,10s/^# *//p' "$0" >&2
        exit 2
        ;;
    *) build=$1 ;;
    esac
    shift
done

go_find || {
    echo "skipped: needs Go 1.$go_minor or newer"
    exit 77
}
prefix=$(library_prefix 2>/dev/null) || {
    echo "librunner does not build: see sh tests/run.sh dev"
    exit 1
}
go_environment "$prefix"
mkdir -p "$build"
program=$build/bench_go
results=$build/go.txt
(cd "$root/tests/bench/go" && "$GO" test -c -o "$program" .)
: >"$results"

# measure PATTERN OPTION...
measure() {
    pattern=$1
    shift
    timeout 600 "$program" -test.run='^$' -test.bench="$pattern" -test.cpu="$cpu" "$@" >>"$results" || {
        tail -n 20 "$results"
        exit 1
    }
}

# One repetition of all after the other, so that a busy moment of the machine does not meet one alone.
while [ "$times" -gt 0 ] && [ "$only" != Sleepers ]; do
    measure "^Benchmark($only)\$" -test.benchtime="$time"
    times=$((times - 1))
done
for who in $sleepers; do
    measure "^BenchmarkSleepers\$/^$who\$" -test.benchtime=1x
done

load=$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo unknown)
processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
python3 "$root/tests/bench/go/table.py" "$results" \
    "machine: $(nproc) x ${processor:-unknown CPU}, $(uname -sr), $("$GO" env GOVERSION), GOMAXPROCS $cpu$quick" \
    "load average of the last minute: $load (undisturbed: about 1)"
