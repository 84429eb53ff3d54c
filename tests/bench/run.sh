#!/bin/sh
# Builds the benchmark peers, runs them and librunner's own benchmark, and prints one table.
#
#   run.sh [--quick] [BUILD_DIR]        BUILD_DIR defaults to build/bench
#
# BENCH_LIBRUNNER  the program built from bench_librunner.c; without it only the peers are shown
# BENCH_SWITCH     a program that prints the op `switch` as peer `raw` (bare context switch)
# PYTHON           the system's Python: python3-uvloop is installed for that one
# CC, CFLAGS, CARGO as usual
set -eu

quick=
build=
for argument in "$@"; do
    case $argument in
    --quick) quick=--quick ;;
    -*)
        echo "usage: $0 [--quick] [BUILD_DIR]" >&2
        exit 2
        ;;
    *) build=$argument ;;
    esac
done
here=$(cd "$(dirname "$0")" && pwd)
build=${build:-$here/../../build/bench}
python=${PYTHON:-/usr/bin/python3}
mkdir -p "$build"
build=$(cd "$build" && pwd)
results=$build/results.tsv
: >"$results"
failed=0

skipped() { echo "skipped: $*"; }

# run NAME COMMAND...: a peer that fails costs its own lines, not the table.
run() {
    name=$1
    shift
    if timeout 300 "$@" $quick >"$build/$name.tsv" 2>"$build/$name.err"; then
        status=0
    else
        status=$?
    fi
    cat "$build/$name.err"
    # Only whole lines: a program that was stopped may leave half of one.
    awk -F '\t' 'NF == 4' "$build/$name.tsv" >>"$results"
    if [ "$status" -ne 0 ]; then
        skipped "the rest of $name (exit status $status)"
    fi
    return "$status"
}

bench_raw() {
    if ! pkg-config --exists libuv; then
        skipped "raw libuv (pkg-config does not find libuv: libuv1-dev)"
    # shellcheck disable=SC2046
    elif ! ${CC:-gcc} -std=c11 ${CFLAGS:--O2} $(pkg-config --cflags libuv) \
        -o "$build/bench_raw" "$here"/peers/*.c $(pkg-config --libs libuv) \
        >"$build/bench_raw.log" 2>&1; then
        skipped "raw libuv (does not build, see $build/bench_raw.log)"
    else
        run raw "$build/bench_raw" || :
    fi
    if [ -n "${BENCH_SWITCH:-}" ]; then
        run switch "$BENCH_SWITCH" || :
    else
        skipped "raw context switch (BENCH_SWITCH is not set)"
    fi
}

bench_librunner() {
    if [ -z "${BENCH_LIBRUNNER:-}" ]; then
        skipped "librunner (BENCH_LIBRUNNER is not set)"
    else
        run librunner "$BENCH_LIBRUNNER" || failed=1
    fi
}

bench_python() {
    if ! "$python" -c 'import asyncio; asyncio.Runner' 2>/dev/null; then
        skipped "asyncio and uvloop ($python is not Python 3.11 or newer)"
        return
    fi
    if "$python" -c 'import uvloop' 2>/dev/null; then
        run uvloop "$python" "$here/peers/bench_asyncio.py" --loop uvloop || :
    else
        skipped "uvloop ($python does not find it: python3-uvloop)"
    fi
    run asyncio "$python" "$here/peers/bench_asyncio.py" || :
}

bench_tokio() {
    cargo=${CARGO:-cargo}
    if ! command -v "$cargo" >/dev/null; then
        skipped "Tokio (no cargo)"
        return
    elif ! ls -d /usr/share/cargo/registry/tokio-1* >/dev/null 2>&1; then
        skipped "Tokio (no sources: librust-tokio-dev)"
        return
    fi
    # Cargo writes its lock file next to the manifest, which must not be the source tree.
    rm -rf "$build/tokio-src"
    cp -R "$here/peers/tokio" "$build/tokio-src"
    if (cd "$build/tokio-src" && "$cargo" build --release --offline \
        --target-dir "$build/tokio") >"$build/tokio.log" 2>&1; then
        run tokio "$build/tokio/release/bench_tokio" || :
    else
        skipped "Tokio (does not build, see $build/tokio.log)"
    fi
}

bench_raw
bench_librunner
bench_tokio
bench_python

# A busy neighbour on the measured core shows in no other place than the load.
load=$(cut -d ' ' -f 1 /proc/loadavg)
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
set -- "machine: $(nproc) x ${cpu:-unknown CPU}, $(uname -sr), libuv $(pkg-config --modversion libuv 2>/dev/null || echo missing)"
set -- "$@" "load average of the last minute: $load (undisturbed: about 1)"
if [ -n "$quick" ]; then
    set -- "$@" "quick run: 3 repetitions, 100,000 instead of 1,000,000 sleeping tasks"
fi
echo
command -v "$python" >/dev/null || python=python3
"$python" "$here/table.py" "$results" "$@"
exit "$failed"
