#!/bin/sh
# sh capi/examples/run.sh [DIR]
# Builds the examples hello and treesum in C, Go, Ruby and Node. hello has to print the same in each;
# treesum is run on a directory tree (default /usr/include), and what it prints compared with sha256sum.
# On Debian, run as root, it installs the packages that are missing, but for Node, which most have from
# elsewhere.
#
# BUILD_DIR: where to build, default build/examples. CI=true: what is skipped is a failure.
set -u
export LC_ALL=C
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
build=${BUILD_DIR:-$root/build/examples}
dir=${1:-/usr/include}
ran=0
failed=0

# shellcheck source=tests/support/go.sh
. "$root/tests/support/go.sh"
# shellcheck source=tests/support/ruby.sh
. "$root/tests/support/ruby.sh"
# shellcheck source=tests/support/node.sh
. "$root/tests/support/node.sh"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { echo "$*" >&2; }

fail() {
    say "$*"
    failed=1
}

skip() {
    echo "skipped: $*"
    [ "${CI:-}" != true ] || failed=1
}

# quietly COMMAND...: its output only if it fails.
quietly() {
    "$@" >"$work/log" 2>&1 && return
    cat "$work/log" >&2
    say "failed: $*"
    return 1
}

# install PACKAGE...: with apt-get, as root.
install() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "missing, and only root can install it with apt-get: $*"
        return 1
    fi
    say "installing $*"
    quietly apt-get update -q &&
        quietly env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends "$@"
}

# need COMMAND PACKAGE, need_library NAME PACKAGE: add the package to $missing unless it is there.
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
need_library() {
    command -v pkg-config >/dev/null && pkg-config --exists "$1" || missing="$missing $2"
}

# Once, and not before it is needed: /usr/include may come with the packages.
expect() {
    { find "$dir" -type f -print0 | sort -z | xargs -0 -r sha256sum; } \
        >"$work/expected" 2>"$work/errors"
}

# greet LANGUAGE COMMAND...: COMMAND prints what README.md promises.
greet() {
    language=$1
    shift
    if "$@" >"$work/greeting" && echo "hello world" | cmp -s - "$work/greeting"; then
        echo "hello ($language): $(cat "$work/greeting")"
    else
        fail "hello ($language): does not greet, but prints: $(cat "$work/greeting")"
    fi
}

# compare LANGUAGE COMMAND...: COMMAND DIR prints what sha256sum prints.
compare() {
    language=$1
    shift
    [ -e "$work/expected" ] || expect
    ran=$((ran + 1))
    "$@" "$dir" >"$work/got"
    status=$?
    if [ ! -e "$dir" ]; then
        failed=1 # treesum has said so
    elif ! cmp -s "$work/expected" "$work/got"; then
        diff "$work/expected" "$work/got" | head -n 10 >&2
        fail "treesum ($language): not equal to sha256sum"
    elif [ "$status" -ne 0 ] && [ ! -s "$work/errors" ]; then
        fail "treesum ($language): ended with status $status"
    else
        echo "treesum ($language): $(($(wc -l <"$work/got"))) files, equal to sha256sum"
    fi
}

# provide LANGUAGE: has what is missing installed, or skips that language.
provide() {
    # shellcheck disable=SC2086 # one word for each package
    [ -z "$missing" ] || install $missing || {
        skip "treesum ($1): needs$missing"
        return 1
    }
}

need_for_library() {
    missing=
    need cc build-essential
    need cmake cmake
    need ninja ninja-build
    need pkg-config pkg-config
    need_library libuv libuv1-dev
}

# built TARGET...: in $build.
built() {
    say "building in $build: $*"
    (cd "$root" && quietly cmake --preset release -B "$build" -D RUNNER_BUILD_TESTS=OFF &&
        quietly cmake --build "$build" --target "$@")
}

run_c() {
    need_for_library
    need_library libcrypto libssl-dev
    provide C || return
    if built example_hello example_treesum; then
        greet C "$build/capi/hello"
        compare C "$build/capi/treesum"
    else
        fail "treesum (C): not built"
    fi
}

# Debian's packages are too old before release 13.
have_go() {
    go_find && return
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return
    quietly apt-get update -q && package=$(go_package) && install "$package" && go_find
}

# installed: in $build/prefix.
installed() {
    built runner runner_static && quietly cmake --install "$build" --prefix "$build/prefix"
}

built_go() {
    installed && go_environment "$build/prefix" &&
        (cd "$root/bindings/go" && quietly "$GO" build -ldflags "-r '$libdir'" \
            -o "$build/go/" ./examples/hello ./examples/treesum)
}

run_go() {
    need_for_library
    provide Go || return
    if ! have_go; then
        skip "treesum (Go): needs Go 1.$go_minor or newer"
    elif built_go; then
        greet Go "$build/go/hello"
        compare Go "$build/go/treesum"
    else
        fail "treesum (Go): not built"
    fi
}

have_ruby() {
    ruby_find && return
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return
    install ruby ruby-dev && ruby_find
}

run_ruby() {
    need_for_library
    provide Ruby || return
    if ! have_ruby; then
        skip "treesum (Ruby): needs $ruby_wanted"
    elif installed && quietly ruby_environment "$build/prefix" "$build/ruby"; then
        greet Ruby "$RUBY" "$root/bindings/ruby/examples/hello.rb"
        compare Ruby "$RUBY" "$root/bindings/ruby/examples/treesum.rb"
    else
        fail "treesum (Ruby): not built"
    fi
}

run_node() {
    if ! node_find; then
        skip "treesum (Node): needs $node_wanted"
        return
    fi
    missing=
    need cc build-essential
    need c++ build-essential
    need make build-essential
    need python3 python3
    provide Node || return
    say "building in $build/node"
    if ! quietly node_tools; then
        skip "treesum (Node): npm cannot fetch what bindings/node/package-lock.json names"
    elif quietly node_environment "$build/node"; then
        greet Node "$NODE" "$root/bindings/node/examples/hello.mjs"
        compare Node "$NODE" "$root/bindings/node/examples/treesum.mjs"
    else
        fail "treesum (Node): not built"
    fi
}

mkdir -p "$build" && build=$(cd "$build" && pwd) || exit 1
run_c
run_go
run_ruby
run_node

if [ "$ran" -eq 0 ]; then
    fail "nothing was run"
elif [ "$failed" -eq 0 ] && [ -s "$work/expected" ]; then
    echo "The first of these files:"
    head -n 5 "$work/expected"
fi
[ "$failed" -eq 0 ]
