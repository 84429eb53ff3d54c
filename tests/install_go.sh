#!/bin/sh
# sh tests/install_go.sh PREFIX
# Uses the Go package as a program outside of the tree does: a module of its own that requires it,
# with librunner installed in PREFIX and found by pkg-config. The package is a copy that cannot be
# written, as in Go's module cache, with nothing of this tree around it. Prints `N passed, N failed`.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=tests/support/go.sh
. "$root/tests/support/go.sh"
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"
if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo "usage: sh tests/install_go.sh PREFIX" >&2
    exit 2
fi
go_find || {
    echo "skipped: needs Go 1.$go_minor or newer"
    exit 77
}
prefix=$(cd "$1" && pwd)
go_environment "$prefix" || exit 1
export GOPROXY=off # nothing is downloaded
work=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

go() { (cd "$work/program" && "$GO" "$@"); }

# ---- the program ---------------------------------------------------------------------------------

make_program() {
    cp -R "$root/bindings/go" "$work/package" && chmod -R a-w "$work/package" || return
    mkdir "$work/program" || return
    first_block go "$root/bindings/go/README.md" >"$work/program/main.go"
    first_block text "$root/bindings/go/README.md" >"$work/expected"
    if [ ! -s "$work/program/main.go" ] || [ ! -s "$work/expected" ]; then
        echo "README.md has no block of go, or no block of text with what it prints"
        return 1
    fi
    go mod init example.org/program &&
        go mod edit -require example.org/librunner/go@v0.0.0 \
            -replace "example.org/librunner/go=$work/package"
}

# Whoever uses the package does not have SWIG: this one is found first, and fails.
without_swig() {
    mkdir "$work/bin"
    printf '#!/bin/sh\necho called >"%s"\nexit 1\n' "$work/swig-called" >"$work/bin/swig"
    chmod +x "$work/bin/swig"
    export PATH="$work/bin:$PATH"
}

builds_and_runs() {
    go build -o "$work/built" . && "$work/built" >"$work/printed" &&
        diff "$work/expected" "$work/printed" || return
    ldd "$work/built" | grep -q 'librunner\.so' || { echo "not linked to librunner.so"; return 1; }
    [ ! -e "$work/swig-called" ] || { echo "SWIG was called"; return 1; }
}

vendored() {
    go mod vendor && go build -mod=vendor -o "$work/vendored" . && "$work/vendored" >"$work/printed" &&
        diff "$work/expected" "$work/printed"
    status=$?
    chmod -R u+w "$work/program/vendor"
    rm -rf "$work/program/vendor"
    return $status
}

static() {
    go build -tags runner_static -o "$work/static" . || return
    ldd "$work/static"
    ! ldd "$work/static" | grep -q librunner || { echo "linked to librunner.so"; return 1; }
    env -u LD_LIBRARY_PATH "$work/static" >"$work/printed" && diff "$work/expected" "$work/printed"
}

# ---- what has to be refused ----------------------------------------------------------------------

no_cgo() {
    (
        export CGO_ENABLED=0
        said 'librunner.*needs.*cgo' go build -o "$work/refused" .
    )
}

no_library() {
    (
        export PKG_CONFIG_PATH='' PKG_CONFIG_LIBDIR="$work/empty"
        export CGO_CFLAGS="$CGO_CFLAGS -DRUNNER_AGAIN" # or it takes what it compiled before
        said 'Package .*runner.* was not found in the pkg-config search path' \
            go build -o "$work/refused" .
    )
}

# A library of another minor version behind the headers of this one.
other_library() {
    minor=$(sed -n 's/^#define RUNNER_VERSION_MINOR //p' "$prefix/include/runner/version.h")
    cat >"$work/other.c" <<EOF
unsigned runner_abi_version(void);
unsigned runner_abi_version(void)
{
    return $((minor + 1))u << 8;
}
EOF
    "${CC:-cc}" -shared -fPIC -o "$work/other.so" "$work/other.c" || return
    said "librunner 0\\.$((minor + 1)).* was found; built for 0\\.$minor" \
        env LD_PRELOAD="$work/other.so" "$work/built"
}

# Headers of another minor version in front of a library of this one.
other_headers() {
    cp -R "$prefix" "$work/other" &&
        sed -i 's/^\(#define RUNNER_VERSION_MINOR\) .*/\1 99/' "$work/other/include/runner/version.h" &&
        (
            go_environment "$work/other"
            said 'made for librunner .*, and runner.h is of another version' \
                go build -o "$work/refused" .
        )
}

# --------------------------------------------------------------------------------------------------

check "a module outside of the tree, with the README's first program" make_program
if [ "$failed" -eq 0 ]; then
    without_swig
    check "it builds without SWIG, and prints what the README says" builds_and_runs
    check "it builds from a vendor folder" vendored
    check "with runner_static it does without librunner.so" static
    check "without cgo the build says what is missing" no_cgo
    check "without librunner the build says what pkg-config says" no_library
    check "a library of another version is refused" other_library
    check "headers of another version are refused" other_headers
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
