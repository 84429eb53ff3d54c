#!/bin/sh
# sh tests/swig.sh
# What SWIG wrote for Go, Ruby and Node: that it is complete and comes out the same anywhere, that
# it compiles with the languages that are here, and does what a layer above has to rely on.
#
# Builds librunner (preset release) into build/prefix, and fetches SWIG from PyPI and node-addon-api
# from npm into build. Prints `NAME: N passed, N failed` for each part, and `skipped: NAME: why`
# where something is missing; CI=true: that is a failure.
# shellcheck disable=SC2317,SC2154,SC2030,SC2031 # functions by name; names of go.sh; subshells
set -u
export LC_ALL=C
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cd "$root" || exit 1
# shellcheck source=tests/support/go.sh
. tests/support/go.sh
node_addon_api=8.9.2
failed=0

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

good=0
bad=0

# try NAME COMMAND...: one case of a part.
try() {
    name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        good=$((good + 1))
    else
        bad=$((bad + 1))
        echo "FAILED  $name"
        tail -n 40 "$work/log" | sed 's/^/    /'
    fi
}

# counted NAME COMMAND...: one that prints `...: N passed, N failed` itself.
counted() {
    try "$@"
    count=$(sed -n 's/^[a-z]*: \([0-9]*\) passed, [0-9]* failed$/\1/p' "$work/log" | tail -n 1)
    good=$((good + ${count:-0}))
}

# part NAME: the sum of what was tried.
part() {
    [ "$bad" -eq 0 ] || failed=1
    echo "$1: $good passed, $bad failed"
    good=0
    bad=0
}

skip() {
    echo "skipped: $1: $2"
    [ "${CI:-}" != true ] || failed=1
}

# says SENTENCE COMMAND...: it fails with a line that has this in it.
says() {
    sentence=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        echo "it does not fail"
        return 1
    fi
    cat "$work/said"
    grep -qF -e "$sentence" "$work/said"
}

# ---- the interface -------------------------------------------------------------------------------

checked() { # STATUS
    cat "$work/check"
    return "$1"
}

# In a folder of another name: compared with what is committed.
copied() {
    folder="$work/$1"
    mkdir -p "$folder/capi" "$folder/bindings/go/internal"
    cp -R capi/include "$folder/capi/"
    for path in swig ruby node go/internal/core; do
        cp -R "bindings/$path" "$folder/bindings/${path%core}"
    done
    SWIG="$swig" sh "$folder/bindings/swig/generate.sh" --check
}

generator() {
    swig=${SWIG:-$root/build/swig/bin/swig}
    # It fetches SWIG, if it can.
    sh bindings/swig/generate.sh --check >"$work/check" 2>&1
    status=$?
    if [ $status -eq 77 ]; then
        skip "generate.sh" "$(tail -n 1 "$work/check")"
        return
    fi
    try "generate.sh --check" checked "$status"
    try "the same from another folder" copied "another folder"
    try "another SWIG is refused" says "is wanted" other_swig
}

other_swig() {
    printf '#!/bin/sh\necho "SWIG Version 4.1.0"\n' >"$work/swig"
    chmod +x "$work/swig"
    SWIG="$work/swig" sh bindings/swig/generate.sh --check
}

# ---- Go ------------------------------------------------------------------------------------------

core() { (cd bindings/go && "$GO" "$@" ./internal/core); }

without_cgo() { (export CGO_ENABLED=0 && core build); }

# CGO_CFLAGS: so that nothing comes from Go's cache.
without_library() {
    (
        export PKG_CONFIG_PATH='' PKG_CONFIG_LIBDIR=/nowhere CGO_CFLAGS=-DRUNNER_HEADERS_CKSUM=0
        core build
    )
}

# With the headers of a version to come.
other_headers() {
    cp -R "$prefix" "$work/other"
    sed -i 's/^\(#define RUNNER_VERSION_MINOR\) .*/\1 999/' "$work/other/include/runner/version.h"
    sed -i "s,^prefix=.*,prefix=$work/other," "$(find "$work/other" -name runner.pc)"
    (
        PKG_CONFIG_PATH=$(dirname "$(find "$work/other" -name runner.pc)")
        export PKG_CONFIG_PATH CGO_CFLAGS=-DRUNNER_HEADERS_CKSUM=0
        core build
    )
}

go_part() {
    try "Go: compiles" core build
    try "Go: vet" core vet
    try "Go: says that it needs cgo" says "librunner_needs_cgo" without_cgo
    try "Go: says that the library is missing" says "Package runner was not found" without_library
    try "Go: refuses other headers" says "This binding is made for librunner" other_headers
    part "swig, Go"
}

# ---- Ruby ----------------------------------------------------------------------------------------

# What SWIG itself writes has parameters, functions and initializers that -Wextra does not like.
warnings="-Wall -Wextra -Werror -Wno-unused-parameter -Wno-unused-function -Wno-unused-label"

ruby_compiles() {
    # shellcheck disable=SC2046,SC2086 # lists of options
    ${CC:-cc} -std=gnu11 -O1 -g -fPIC -shared $warnings -Wno-missing-field-initializers \
        $(ruby -r rbconfig -e 'c = RbConfig::CONFIG
            puts c.values_at("rubyhdrdir", "rubyarchhdrdir").map { |d| "-isystem#{d}" }') \
        -o "$work/core.so" bindings/ruby/ext/librunner/librunner_wrap.c \
        $(pkg-config --cflags --libs runner)
}

ruby_part() {
    command -v ruby >/dev/null || { skip "swig, Ruby" "no ruby"; return; }
    ruby -r rbconfig -e 'exit File.exist?(RbConfig::CONFIG["rubyhdrdir"] + "/ruby.h")' ||
        { skip "swig, Ruby" "no ruby.h (Debian: ruby-dev)"; return; }
    try "Ruby: compiles" ruby_compiles
    counted "Ruby: core_test.rb" timeout 300 ruby -w bindings/swig/test/core_test.rb "$work"
    part "swig, Ruby"
}

# ---- Node ----------------------------------------------------------------------------------------

node_compiles() { # OPTION...
    # shellcheck disable=SC2046,SC2086 # lists of options
    ${CXX:-c++} -std=c++17 -O1 -g -fPIC -shared $warnings -DNAPI_VERSION=9 "$@" \
        -isystem "$node_headers" -isystem "$addon_api" -o "$work/core.node" \
        bindings/node/src/librunner_wrap.cpp $(pkg-config --cflags --libs runner)
}

node_part() {
    command -v node >/dev/null || { skip "swig, Node" "no node"; return; }
    node_headers=$(node -p 'require("path").resolve(process.execPath, "../../include/node")')
    [ -e "$node_headers/node_api.h" ] ||
        { skip "swig, Node" "no $node_headers/node_api.h (Debian: libnode-dev)"; return; }
    addon_api=build/node/node_modules/node-addon-api
    if ! grep -qs "\"version\": \"$node_addon_api\"" $addon_api/package.json; then
        npm install --prefix build/node --no-save --no-audit --no-fund --ignore-scripts \
            "node-addon-api@$node_addon_api" >"$work/log" 2>&1 ||
            { skip "swig, Node" "no node-addon-api $node_addon_api from npm"; return; }
    fi
    try "Node: compiles with exceptions" node_compiles -fexceptions
    try "Node: compiles without" node_compiles -fno-exceptions -fno-rtti -Wno-maybe-uninitialized
    counted "Node: core_test.js" \
        timeout 300 node --expose-gc bindings/swig/test/core_test.js "$work/core.node"
    part "swig, Node"
}

# ---- all of it -----------------------------------------------------------------------------------

if ! go_find; then
    skip "swig, Go" "no Go 1.$go_minor or newer"
else
    PATH="$(dirname "$GO"):$PATH" # for gofmt
fi
try "check_wrapped.py" python3 bindings/swig/check_wrapped.py
generator
part "swig"
prefix=$(library_prefix 2>"$work/build") || { cat "$work/build"; exit 1; }
go_environment "$prefix" || exit 1
[ -z "$GO" ] || go_part
ruby_part
node_part
exit $failed
