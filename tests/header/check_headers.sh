#!/bin/sh
# Every public header compiles alone and when included twice, as C99, C11, C++98 and C++17, without
# a warning; two files of one program may include all of them; doc comments name the parameters
# that the functions have.
# shellcheck disable=SC2086 # $flags is a list
set -u
include=$(CDPATH='' cd -- "$(dirname -- "$0")/../../capi/include" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# compile LABEL COMMAND...
compile() {
    label=$1
    shift
    if ! "$@" >"$work/out" 2>&1; then
        echo "FAILED $label"
        sed 's/^/    /' "$work/out"
        failed=$((failed + 1))
    fi
}

header_alone() {
    printf '#include <%s>\n#include <%s>\ntypedef int runner_header_test_t;\n' "$1" "$1" >"$work/x.c"
    for std in c99 c11; do
        compile "$1 $cc $std" "$cc" -x c -std=$std $flags "$work/x.c"
    done
    for std in c++98 c++17; do
        compile "$1 $cc $std" "$cc" -x c++ -std=$std $flags "$work/x.c"
    done
    compile "$1 $cc SWIG" "$cc" -x c -std=c99 $flags -DSWIG "$work/x.c"
    compile "$1 $cc RUNNER_NO_DEPRECATED" "$cc" -x c -std=c99 $flags -DRUNNER_NO_DEPRECATED "$work/x.c"
}

two_files() {
    printf '#include <runner.h>\nint other(void);\nint main(void) { return other(); }\n' >"$work/a.c"
    printf '#include <runner.h>\nint other(void);\nint other(void) { return 0; }\n' >"$work/b.c"
    compile "two files $cc c" "$cc" -I"$include" -o "$work/two" "$work/a.c" "$work/b.c"
    compile "two files $cc c++" "$cc" -x c++ -I"$include" -o "$work/two" "$work/a.c" "$work/b.c"
}

headers=$(cd "$include" && find . -name '*.h' | sed 's|^\./||' | sort)
[ -n "$headers" ] || { echo "no header in $include"; exit 1; }
compilers=
for cc in gcc clang; do
    command -v $cc >/dev/null || { echo "skipped: no $cc"; continue; }
    compilers="$compilers $cc"
    flags="-fsyntax-only -pedantic -Wall -Wextra -Werror -I$include"
    [ $cc = clang ] && flags="$flags -Wdocumentation"
    for header in $headers; do
        header_alone "$header"
    done
    two_files
done
[ -n "$compilers" ] || exit 77
if [ "${CI:-}" = true ] && [ "$compilers" != " gcc clang" ]; then
    echo "FAILED: CI needs gcc and clang, found:$compilers"
    exit 1
fi
[ "$failed" -eq 0 ]
