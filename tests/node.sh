#!/bin/sh
# sh tests/node.sh [short]
# The gates and tests of what is written for Node: syntax, types, what the addon exports, the tests of the
# binding (with one prebuilt addon on each Node that is supported, and under AddressSanitizer), use as an
# installed package, and the example treesum. `short` is syntax and the tests on one Node.
#
# Builds in build/node, where what npm fetches lies too; a warning of the compiler about what is written by
# hand is an error. Prints `NAME: N passed, N failed` for each, and ends with 77 where there is no Node that
# is new enough, or no npm packages.
# shellcheck disable=SC2317 # functions are called by name
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cd "$root" || exit 1
# shellcheck source=tests/support/node.sh
. tests/support/node.sh
# shellcheck source=tests/support/gates.sh
. tests/support/gates.sh
processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# The newest of each version that is supported beside that in PATH.
others="22.23.3 24.21.0 26.10.0"

# ---- gates ---------------------------------------------------------------------------------------

# Every file, one after the other: `node --check` looks at the first one alone.
syntax() {
    find bindings tests -name node_modules -prune -o -name deps -prune -o \
        -type f \( -name '*.js' -o -name '*.mjs' -o -name '*.cjs' \) -print | sort >"$work/files"
    correct=0
    while IFS= read -r file; do
        "$NODE" --check "$file" || correct=1
    done <"$work/files"
    return "$correct"
}

same_licence() { cmp LICENSE bindings/node/LICENSE; }
same_version() { "$NODE" bindings/node/scripts/version.js; }

# In a copy: packages are looked for beside it.
types() {
    copy=$work/types
    node_copy "$copy" && cp -R bindings/node/types bindings/node/*.d.ts bindings/node/*.d.mts \
        "$copy/bindings/node/" && "$NODE" "$NODE_PATH/typescript/bin/tsc" -p "$copy/bindings/node/types"
}

documented() { "$NODE" tests/support/check_dts.js bindings/node; }
examples() { "$NODE" tests/support/check_examples.js bindings/node; }

# Of all that is compiled in, nothing can meet a librunner.so or a libuv in the same process.
stands_alone() {
    addon=$(find "$node_work/prebuilt/bindings/node/prebuilds" -name '*.node')
    readelf --wide --dynamic "$addon" >"$work/dynamic" &&
        nm --dynamic --defined-only "$addon" | sed 's/.* //' >"$work/names" || return
    printf 'napi_register_module_v1\nnode_api_module_get_api_version_v1\n' | diff - "$work/names" || return
    ! grep -e 'NEEDED.*lib\(uv\|runner\|node\)' -e RPATH -e RUNPATH -e TEXTREL "$work/dynamic" &&
        grep -q NODELETE "$work/dynamic"
}

# ---- tests ---------------------------------------------------------------------------------------

# suite NAME OPTION...: the tests of the binding, each file in a process of its own.
suite() {
    "$NODE" tests/support/run_node_tests.js "$@" --jobs "$processors" --option=--expose-gc \
        --option=--throw-deprecation bindings/node/test/*.test.js || failed=1
}

# With the same file.
on_other() { # VERSION
    if other=$(node_other "$1" 2>"$work/log"); then
        suite "node --test, v$1" --node "$other"
    else
        cat "$work/log"
        skip "node --test, v$1" "not from npm"
    fi
}

with_prebuilt() (
    node_use "$node_work/prebuilt"
    suite "node --test, $("$NODE" --version)"
    for version in $others; do
        on_other "$version"
    done
    exit $failed
)

under_asan() (
    node_use "$node_work/asan" && node_under_asan
    export TEST_LIMIT=120000
    suite "node --test, ASan" --limit 300
    exit $failed
)

# One file to call, as if it were compiled.
treesum() {
    cat >"$node_work/treesum" <<END
#!/bin/sh
exec '$NODE' '$root/bindings/node/examples/treesum.mjs' "\$@"
END
    chmod +x "$node_work/treesum"
    mkdir -p "$node_work/examples/capi"
    TREESUM="$node_work/treesum" TREESUM_LANGUAGE=Node sh tests/examples.sh "$node_work/examples" treesum
}

# ---- all of them ---------------------------------------------------------------------------------

node_find || {
    echo "needs $node_wanted"
    exit 77
}
node_tools || {
    echo "npm cannot fetch what bindings/node/package-lock.json names"
    exit 77
}
gate "addon (Node)" node_addon "$node_work/release"
[ "$failed" -eq 0 ] || exit 1
node_use "$node_work/release"
gate "node --check" syntax
gate "version (Node)" same_version

if [ "${1:-}" = short ]; then
    SHORT=1 TEST_WORKERS=30
    export SHORT TEST_WORKERS
    suite "node --test, short"
    exit $failed
fi

gate "licence (Node)" same_licence
gate "types (Node)" types
gate "index.d.ts" documented
gate "examples in the documentation (Node)" examples
script "README.md" sh tests/support/check_readme.sh
gate "prebuilt addon (Node)" node_prebuilt "$node_work/prebuilt"
gate "names in the addon (Node)" stands_alone
with_prebuilt || failed=1
if (node_under_asan) >"$work/log" 2>&1; then
    gate "addon with ASan (Node)" node_addon "$node_work/asan" asan
    under_asan || failed=1
else
    skip "node --test, ASan" "$(tail -n 1 "$work/log")"
fi
script "install (Node)" sh tests/install_node.sh "$node_work/prebuilt/bindings/node/prebuilds"
script "treesum (Node)" treesum
exit $failed
