#!/bin/sh
# sh tests/bench/ruby.sh [--quick] [--cpu-time] [--only OP] [--peers "PEER..."] [BUILD_DIR]
# Runs the benchmarks of the Ruby binding beside the gem async, plain fibers and threads, and prints
# one table. OPS.md explains the operations. BUILD_DIR: where results go, default build/bench.
#
# --quick     3 repetitions of 50 ms, else 7 of 200 ms
# --cpu-time  not the time of the clock, but what Ruby has computed: for a machine that is busy otherwise
# --only      one operation, as spawn_await
# --peers     not all of librunner async async_io fibers threads
#
# BENCH_PREFIX: where a librunner is installed, if it is not to be built.
#
# The peers async and async-io are Debian's packages ruby-async and ruby-async-http; without them
# their columns are empty.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
# shellcheck source=tests/support/ruby.sh
. "$root/tests/support/ruby.sh"
here=$root/tests/bench/ruby

times=7
seconds=0.2
build=$root/build/bench
quick=
clock=
wanted="librunner async async_io fibers threads"
ops="spawn_await spawn_1000 yield_1 yield_1000 sleep0_1 sleep0_1000 queue sleepers
    echo echo_open http callbacks_busy"
while [ $# -gt 0 ]; do
    case $1 in
    --quick)
        quick=", quick run"
        times=3
        seconds=0.05
        ;;
    --cpu-time)
        clock=", CPU time"
        export BENCH_CLOCK=cpu
        ;;
    --only)
        shift
        ops=${1:?}
        ;;
    --peers)
        shift
        wanted=${1:?}
        ;;
    -*)
        sed -n '2,15s/^# *//p' "$0" >&2
        exit 2
        ;;
    *) build=$1 ;;
    esac
    shift
done

skipped() { echo "skipped: $*"; }

ruby_find || {
    skipped "needs $ruby_wanted"
    exit 77
}
mkdir -p "$build"
build=$(cd "$build" && pwd)
results=$build/ruby.tsv
: >"$results"
${CC:-cc} -O2 -o "$build/bench_server" "$here/server.c"

# A proxy would be asked for what is local.
unset http_proxy HTTP_PROXY
# Each on a processor of its own, if there are two, and the same for all.
near=
far=
# shellcheck disable=SC2046 # a word for each processor
set -- $(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0))[-2:])' 2>/dev/null)
if [ $# -eq 2 ] && command -v taskset >/dev/null; then
    far="taskset -c $1"
    near="taskset -c $2"
fi

# bench PEER OPERATION SECONDS
bench() {
    # shellcheck disable=SC2086 # no word, or three
    timeout -k 5 120 $far "$build/bench_server" $near "$RUBY" -W1 "$here/bench.rb" "$@" \
        >"$build/ruby_one.tsv" 2>"$build/ruby_one.err"
}

# have PEER: whether it can be loaded at all. No operation is unknown to every peer.
have() {
    status=0
    bench "$1" none || status=$?
    [ "$status" -eq 77 ] && return
    skipped "$1 ($(grep -m 1 . "$build/ruby_one.err"))"
    return 1
}

case " $wanted " in
*" librunner "*)
    : >"$build/ruby_library.log"
    if ! { prefix=${BENCH_PREFIX:-$(library_prefix 2>"$build/ruby_library.log")} &&
        ruby_environment "$prefix" "$build/ruby" >>"$build/ruby_library.log"; }; then
        tail -n 20 "$build/ruby_library.log"
        echo "librunner or its extension does not build: see sh tests/run.sh dev"
        exit 1
    fi
    have librunner || exit 1
    ;;
esac
peers=
for peer in $wanted; do
    if have "$peer"; then
        peers="$peers $peer"
    fi
done

# One repetition of all after the other, and the peers of one operation right after each other, so
# that a busy moment of the machine does not meet one alone.
load=$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo unknown)
broken=
failed=0
while [ "$times" -gt 0 ]; do
    for op in $ops; do
        for peer in $peers; do
            case $broken in *" $peer/$op "*) continue ;; esac
            status=0
            bench "$peer" "$op" "$seconds" || status=$?
            case $status in
            0) cat "$build/ruby_one.tsv" >>"$results" ;;
            77) broken="$broken $peer/$op " ;;
            *)
                skipped "$op of $peer (exit status $status)"
                tail -n 5 "$build/ruby_one.err"
                broken="$broken $peer/$op "
                [ "$peer" != librunner ] || failed=1
                ;;
            esac
        done
    done
    times=$((times - 1))
done

[ -s "$results" ] || {
    echo "nothing was measured of: $ops"
    exit 2
}
processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
async=$("$RUBY" -e 'require "async/version"; print Async::VERSION' 2>/dev/null || echo missing)
python3 "$here/table.py" "$results" \
    "machine: $(nproc) x ${processor:-unknown CPU}, $(uname -sr), Ruby $("$RUBY" -e 'print RUBY_VERSION'), async $async$clock$quick" \
    "load average before: $load (undisturbed: less than 1)"
exit "$failed"
