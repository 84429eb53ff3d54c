#!/bin/sh
# sh tests/bench/node.sh [--quick] [--cpu-time] [--all] [--only OP] [--peers "PEER..."] [BUILD_DIR]
# Runs the benchmarks of the Node binding beside plain promises, setImmediate and timers/promises, and
# prints one table. OPS.md explains the operations. BUILD_DIR: where results go, default build/bench.
#
# --quick     3 repetitions of 50 ms, else 7 of 200 ms
# --cpu-time  not the time of the clock, but what Node has computed: for a machine that is busy otherwise
# --all       the ratios in Node 22, 24 and 26 as well, which are fetched from npm
# --only      one operation, as spawn_await, or several in quotes
# --peers     not all of librunner plain immediate timers
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
# shellcheck source=tests/support/node.sh
. "$root/tests/support/node.sh"
here=$root/tests/bench/node

times=7
seconds=0.2
build=$root/build/bench
quick=
clock=
others=
wanted="librunner plain immediate timers"
ops="spawn_await at_once_group at_once_gather at_once_all at_once_each sleepers cancel_5000
    cancel_20000 yield_1 yield_1000 sleep0_1 group_1 timeout_1 until_1 queue lock event callback
    run_warm run_cold"
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
    --all) others="22 24 26" ;;
    --only)
        shift
        ops=${1:?}
        ;;
    --peers)
        shift
        wanted=${1:?}
        ;;
    -*)
        sed -n '2,11s/^# *//p' "$0" >&2
        exit 2
        ;;
    *) build=$1 ;;
    esac
    shift
done

skipped() { echo "skipped: $*"; }

mkdir -p "$build"
build=$(cd "$build" && pwd)
node_find || {
    skipped "needs $node_wanted"
    exit 77
}
node_environment "$build/node" >"$build/node_addon.log" || {
    tail -n 20 "$build/node_addon.log"
    echo "the addon does not build: see sh tests/run.sh dev"
    exit 1
}
results=$build/node.tsv
: >"$results"
nodes=$NODE
for version in $others; do
    if other=$(node_other "$version"); then
        nodes="$nodes $other"
    else
        skipped "Node $version"
    fi
done

# bench NODE PEER OPERATION: appends to the results.
bench() {
    timeout -k 5 120 "$1" --expose-gc --no-warnings "$here/bench.js" "$2" "$3" "$seconds" \
        >"$build/node_one.tsv" 2>"$build/node_one.err" || return
    sed "s|^|$("$1" --version)	|" "$build/node_one.tsv" >>"$results"
}

# One repetition of all after the other, and the peers of one operation right after each other, so
# that a busy moment of the machine does not meet one alone.
load=$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo unknown)
broken=
failed=0
while [ "$times" -gt 0 ]; do
    for op in $ops; do
        for node in $nodes; do
            for peer in $wanted; do
                case $broken in *" $node/$peer/$op "*) continue ;; esac
                status=0
                bench "$node" "$peer" "$op" || status=$?
                case $status in
                0) ;;
                77) broken="$broken $node/$peer/$op " ;;
                *)
                    skipped "$op of $peer in $("$node" --version) (exit status $status)"
                    tail -n 5 "$build/node_one.err"
                    broken="$broken $node/$peer/$op "
                    [ "$peer" != librunner ] || failed=1
                    ;;
                esac
            done
        done
    done
    times=$((times - 1))
done

[ -s "$results" ] || {
    echo "nothing was measured of: $ops"
    exit 2
}
processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
python3 "$here/table.py" "$results" \
    "machine: $(nproc) x ${processor:-unknown CPU}, $(uname -sr), Node $("$NODE" --version)$clock$quick" \
    "load average before: $load (undisturbed: less than 1)"
exit "$failed"
