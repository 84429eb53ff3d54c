#!/bin/sh
# sh tests/support/check_readme.sh
# Whether the programs that README.md begins with are the examples that are compiled and run: the first
# block of each language has to be all of the file but the comment at its beginning.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"

# What a file has before its last N lines that is no comment.
before() { # N FILE
    head -n "-$1" "$2" | grep -v -e '^$' -e '^//' -e '^#' -e '^/\*' -e '^ \*'
}

# In README.md, and in a file of that language.
same_program() { # LANGUAGE FILE
    first_block "$1" "$root/README.md" >"$work/block"
    lines=$(wc -l <"$work/block")
    [ "$lines" -gt 0 ] || { echo "README.md has no block of $1"; return 1; }
    tail -n "$lines" "$root/$2" | diff "$work/block" - && ! before "$lines" "$root/$2"
}

check "README.md: the program in C" same_program c capi/examples/hello.c
check "README.md: the program in Go" same_program go bindings/go/examples/hello/main.go
check "README.md: the program in Ruby" same_program ruby bindings/ruby/examples/hello.rb
check "README.md: the program in Node" same_program js bindings/node/examples/hello.mjs
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
