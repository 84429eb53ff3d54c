#!/bin/sh
# sh tests/go.sh [short]
# The gates and tests of what is written in Go: format, vet, the tests of the binding (as they are,
# under the race detector, with Go's strict check of pointers given to C), use from a module of its
# own, and the example treesum. `short` is vet and the short tests alone.
#
# Builds librunner (preset release) into build/prefix. Prints `NAME: N passed, N failed` for each,
# and ends with 77 where there is no Go that is new enough. Needs no network.
# shellcheck disable=SC2317 # functions are called by name
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cd "$root" || exit 1
# shellcheck source=tests/support/go.sh
. tests/support/go.sh
# shellcheck source=tests/support/gates.sh
. tests/support/gates.sh

# suite NAME OPTIONS...: the tests of the binding. Never from Go's cache: the library may be new.
suite() {
    name=$1
    shift
    (cd bindings/go && "$GO" test -json -count=1 -timeout 5m "$@" ./...) >"$work/json" 2>&1
    python3 tests/support/summarize_go.py "$name" "$work/json" || failed=1
}

formatted() {
    found=$("$("$GO" env GOROOT)/bin/gofmt" -l bindings tests) || return
    [ -z "$found" ] && return
    echo "not as gofmt has it:"
    echo "$found"
    return 1
}

vetted() { (cd bindings/go && "$GO" vet ./...); }

# The run-time library of the race detector is not in every package of Go.
race_detector() {
    printf 'package main\n\nfunc main() {}\n' >"$work/race.go"
    "$GO" build -race -o "$work/race" "$work/race.go" 2>"$work/log"
}

treesum() {
    mkdir -p build/go
    (cd bindings/go &&
        "$GO" build -ldflags "-r '$libdir'" -o "$root/build/go/treesum" ./examples/treesum) &&
        TREESUM="$root/build/go/treesum" sh tests/examples.sh build/release treesum
}

go_find || {
    echo "needs Go 1.$go_minor or newer"
    exit 77
}
prefix=$(library_prefix 2>"$work/build") || {
    cat "$work/build"
    exit 1
}
go_environment "$prefix" || exit 1

if [ "${1:-}" = short ]; then
    gate "go vet" vetted
    suite "go test -short" -short -timeout 1m
    exit $failed
fi

gate gofmt formatted
gate "go vet" vetted
suite "go test"
if race_detector; then
    suite "go test -race" -race
else
    cat "$work/log"
    skip "go test -race" "this Go has no race detector"
fi
GOEXPERIMENT=cgocheck2
export GOEXPERIMENT
suite "go test, cgocheck2"
unset GOEXPERIMENT
script "install (Go)" sh tests/install_go.sh "$prefix"
script "treesum (Go)" treesum
exit $failed
