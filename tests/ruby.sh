#!/bin/sh
# sh tests/ruby.sh [short]
# The gates and tests of what is written in Ruby: syntax, signatures, documentation, the tests of the
# binding (as they are, with a collector that is always at work, with one that moves everything, with
# all types looked at), use as an installed gem, and the example treesum. `short` is syntax and the
# tests as they are.
#
# Builds librunner (preset release) into build/prefix, and the extension into build/ruby; there and in
# the tests, warnings are errors. Prints `NAME: N passed, N failed` for each, and ends with 77 where
# there is no Ruby that is new enough. Needs no network.
# shellcheck disable=SC2317 # functions are called by name
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cd "$root" || exit 1
# shellcheck source=tests/support/ruby.sh
. tests/support/ruby.sh
# shellcheck source=tests/support/gates.sh
. tests/support/gates.sh
processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# ---- gates ---------------------------------------------------------------------------------------

# Every file, one after the other: `ruby -c` looks at the first one alone.
syntax() {
    find bindings tests \( -name '*.rb' -o -name '*.gemspec' \) -type f | sort >"$work/files"
    silent=0
    while IFS= read -r file; do
        "$RUBY" -wc "$file" >"$work/said" 2>&1 || silent=1
        grep -vx 'Syntax OK' "$work/said" && silent=1
    done <"$work/files"
    return "$silent"
}

has_gem() { "$RUBY" -e 'require ARGV[0]' "$1" 2>/dev/null; }

# The libraries that the signatures stand on.
signatures_use() {
    [ ! -e bindings/ruby/sig/manifest.yaml ] ||
        sed -n 's/^ *- *name: *\([a-z_-]*\) *$/-r \1/p' bindings/ruby/sig/manifest.yaml
}

signatures_are_valid() {
    # shellcheck disable=SC2016,SC2046 # for Ruby; a list of options
    "$RUBY" -r rbs -r rbs/cli -e 'RBS::CLI.new(stdout: $stdout, stderr: $stderr).run(ARGV)' -- \
        -I bindings/ruby/sig $(signatures_use) validate --silent
}

documented() { "$RUBY" tests/support/check_yard.rb "$root/bindings/ruby"; }
signatures_agree() { "$RUBY" tests/support/check_rbs.rb "$root/bindings/ruby"; }
same_licence() { cmp LICENSE bindings/ruby/LICENSE; }

# ---- tests ---------------------------------------------------------------------------------------

# suite NAME OPTION...: the tests of the binding, each file in a process of its own.
suite() {
    "$RUBY" tests/support/run_minitest.rb "$@" --ruby -w \
        --ruby "-r$root/tests/support/ruby_warnings.rb" bindings/ruby/test/test_*.rb || failed=1
}

under_collector() { # VARIANT
    LIBRUNNER_TEST_GC=$1
    export LIBRUNNER_TEST_GC
    suite "minitest, GC.$1" --jobs "$processors" --limit 900 --ruby "-r$root/tests/support/ruby_gc.rb"
    unset LIBRUNNER_TEST_GC
}

# Whether the tests pass is not asked: the calls go through other methods.
types() {
    TYPE_ERRORS=$work/types
    export TYPE_ERRORS
    : >"$TYPE_ERRORS"
    (suite types --jobs "$processors" --ruby "-r$root/tests/support/ruby_types.rb") >"$work/types.log"
    cat "$work/types"
    grep -q '^types: [1-9]' "$work/types.log" || {
        cat "$work/types.log"
        return 1
    }
    [ ! -s "$work/types" ]
}

# One file to call, as if it were compiled.
treesum() {
    cat >build/ruby/treesum <<END
#!/bin/sh
exec '$RUBY' --disable=gems '$root/bindings/ruby/examples/treesum.rb' "\$@"
END
    chmod +x build/ruby/treesum
    TREESUM="$root/build/ruby/treesum" TREESUM_LANGUAGE=Ruby sh tests/examples.sh build/release treesum
}

# ---- all of them ---------------------------------------------------------------------------------

ruby_find || {
    echo "needs $ruby_wanted"
    exit 77
}
prefix=$(library_prefix 2>"$work/build") || {
    cat "$work/build"
    exit 1
}
LIBRUNNER_WERROR=1
export LIBRUNNER_WERROR
gate "extension (Ruby)" ruby_environment "$prefix" build/ruby
[ "$failed" -eq 0 ] || exit 1
gate "ruby -wc" syntax

if [ "${1:-}" = short ]; then
    SHORT=1
    export SHORT
    suite "minitest, short"
    exit $failed
fi

gate "licence (Ruby)" same_licence
if has_gem rbs; then
    gate "rbs validate" signatures_are_valid
else
    skip "rbs" "no gem rbs"
fi
if has_gem yard; then
    gate "yard" documented
    if has_gem rbs; then
        gate "signatures (Ruby)" signatures_agree
    fi
else
    skip "yard" "no gem yard (Debian: yard)"
fi
suite "minitest"
under_collector stress
under_collector compact
! has_gem rbs || gate "types of all calls (Ruby)" types
script "install (Ruby)" sh tests/install_ruby.sh "$prefix"
script "treesum (Ruby)" treesum
exit $failed
