#!/bin/sh
# sh tests/install_node.sh PREBUILDS
# Uses the package as a program outside of the tree does: packed with the folder PREBUILDS, installed
# without a network where there is neither a compiler nor SWIG, and without prebuilt addons where there is a
# compiler. Prints `N passed, N failed`.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=tests/support/node.sh
. "$root/tests/support/node.sh"
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"
if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo "usage: sh tests/install_node.sh PREBUILDS" >&2
    exit 2
fi
prebuilds=$(cd "$1" && pwd)
if ! node_find || ! node_tools; then
    echo "skipped: needs $node_wanted, and the packages of npm"
    exit 77
fi
modules=$node_work/npm/node_modules
unset NODE_PATH LIBRUNNER_PREBUILD CFLAGS CXXFLAGS LDFLAGS
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# npm looks for node in PATH, node-gyp for headers in the prefix.
PATH="$(dirname "$NODE"):$PATH"
prefix=$("$NODE" -p 'require("path").resolve(process.execPath, "../..")')

# ---- the package and the programs ----------------------------------------------------------------

# What the README begins with: a module with `import`, and the same as CommonJS and in TypeScript.
make_programs() {
    mkdir "$work/programs" && cd "$work/programs" || return
    first_block js "$root/bindings/node/README.md" >first.mjs
    first_block text "$root/bindings/node/README.md" >expected
    cp first.mjs typed.mts
    {
        sed -n "s/^import \({.*}\) from \('.*'\)/const \1 = require(\2)/p" first.mjs
        echo ';(async () => {'
        grep -v '^import ' first.mjs
        echo '})()'
    } >first.cjs
    if [ ! -s expected ] || ! grep -q "^import .* from 'librunner'" first.mjs; then
        echo "README.md has no block of js that imports librunner, or no block of text with what it prints"
        return 1
    fi
}

# With no network, and nothing that was fetched before. All that it finds is in $search.
search=$PATH
alone() {
    timeout -k 5 300 env PATH="$search" npm --offline --cache "$work/cache" --no-audit --no-fund "$@"
}

# pack FOLDER: from a folder that has nothing but it, beside the C library.
pack() {
    mkdir -p "$work/$1/bindings" && ln -s "$root/capi" "$work/$1/capi" || return
    (
        cd "$root/bindings" && tar -cf - --exclude=node/node_modules --exclude=node/build \
            --exclude=node/deps --exclude=node/prebuilds node
    ) | tar -xf - -C "$work/$1/bindings" || return
    ln -s "$modules" "$work/$1/bindings/node/node_modules"
    [ "$1" != with ] || cp -R "$prebuilds" "$work/$1/bindings/node/prebuilds" || return
    cd "$work/$1/bindings/node" && alone pack --silent && mv librunner-*.tgz "$work/$1.tgz" || return
    [ ! -e deps ] || { echo "deps is left behind"; return 1; }
}

# What installing and using it needs, and nothing that only its tests need.
packed_files() {
    tar -tzf "$work/with.tgz" | sort >"$work/packed"
    {
        cd "$root/bindings/node" && find lib -type f && find src -name '*.[ch]' -o -name '*.cpp' &&
            printf '%s\n' LICENSE README.md binding.gyp index.d.mts index.d.ts package.json \
                scripts/places.js scripts/sources.js src/exports.map
        cd "$root/capi" && find src include -name '*.[chS]' | sed 's,^,deps/capi/,'
        for header in LICENSE.md napi.h napi-inl.h napi-inl.deprecated.h; do
            echo "deps/node-addon-api/$header"
        done
        cd "$prebuilds" && find . -name '*.node' | sed 's,^\.,prebuilds,'
    } | sed 's,^,package/,' | sort >"$work/wanted"
    diff "$work/wanted" "$work/packed"
}

# Of what it needs, as npm's cache would have it.
pack_dependency() { cd "$work" && alone pack --silent "$modules/node-gyp-build"; }

# install_package TARBALL FOLDER [OPTION...]: into an empty folder.
install_package() {
    tarball=$1
    folder=$2
    shift 2
    mkdir "$work/$folder" && cp "$work"/programs/* "$work/$folder/" && cd "$work/$folder" &&
        echo '{ "private": true }' >package.json &&
        alone install "$@" "$work/$tarball" "$work"/node-gyp-build-*.tgz
}

# run_program FOLDER FILE
run_program() {
    cd "$work/$1" && timeout -k 5 60 "$NODE" --throw-deprecation "$2" >printed && diff expected printed
}

# ---- where a prebuilt one fits -------------------------------------------------------------------

# A folder of programs that npm needs. What could compile says that it was called.
without_compiler() {
    mkdir "$work/bin" || return
    for tool in node npm env sh; do
        ln -s "$(command -v $tool)" "$work/bin/$tool" || return
    done
    for tool in swig cc gcc c++ g++ clang make gmake python python3; do
        printf '#!/bin/sh\necho %s >>"%s"\nexit 1\n' $tool "$work/called" >"$work/bin/$tool" &&
            chmod +x "$work/bin/$tool" || return
    done
}

installs_bare() {
    without_compiler && (search=$work/bin && install_package with.tgz bare) || return
    [ ! -e "$work/called" ] && [ ! -e "$work/bare/node_modules/librunner/build" ] && return
    echo "it was compiled; called:"
    cat "$work/called"
    return 1
}

typed() {
    cd "$work/bare" && "$NODE" "$modules/typescript/bin/tsc" --strict --target es2022 --module nodenext \
        --types node --typeRoots "$modules/@types" typed.mts && run_program bare typed.mjs
}

# A library with the names of librunner comes first in the process, and ends it where it is called.
beside_librunner() {
    sed -n 's/^ *\(runner_[a-z0-9_]*\);.*/void \1(void) { __builtin_trap(); }/p' \
        "$root/capi/abi/runner.map" >"$work/other.c"
    [ "$(wc -l <"$work/other.c")" -gt 100 ] && "${CC:-cc}" -w -shared -fPIC -fno-builtin \
        -Wl,-soname,librunner.so -o "$work/other.so" "$work/other.c" || return
    (
        export LD_PRELOAD="$work/other.so"
        run_program bare first.mjs
    )
}

# ---- where none does -----------------------------------------------------------------------------

# What is not Linux on x64 has to be compiled as well. In a folder whose name has a blank.
compiles() {
    (export npm_config_nodedir="$prefix" && install_package without.tgz "a folder") || return
    [ -e "$work/a folder/node_modules/librunner/build/Release/librunner.node" ] || { echo "it is not there"; return 1; }
    run_program "a folder" first.mjs
}

not_compiled() { install_package without.tgz nothing --ignore-scripts; }

# ---- what has to be refused ----------------------------------------------------------------------

# pretend PROPERTY VALUE FOLDER: a process that says so of itself.
pretend() {
    echo "Object.defineProperty(process, '$1', { value: $2 })" >"$work/pretend.cjs"
    cd "$work/$3" && timeout -k 5 60 "$NODE" -r "$work/pretend.cjs" first.mjs
}

other() { pretend versions "{ ...process.versions, $1: '$2' }" bare; }

old_node() { said 'librunner needs Node\.js 20\.3 or newer, and this is 20\.2\.9' other node 20.2.9; }
other_runtime() { said 'librunner runs on the loop of Node\.js, and this is Bun 1\.4' other bun 1.4; }
other_libuv() { said 'librunner needs libuv 1, and Node\.js .* has 2\.0' other uv 2.0.1; }
windows() { said 'librunner does not run on Windows' pretend platform "'win32'" bare; }
no_addon() {
    said 'cannot be loaded.*`npm rebuild librunner` compiles it' pretend title "'plain'" nothing
}

# --------------------------------------------------------------------------------------------------

check "the README has a program, and says what it prints" make_programs
check "the package is packed" pack with
check "and without a prebuilt addon" pack without
if [ "$failed" -eq 0 ]; then
    check "it has the files that it needs, and no others" packed_files
    check "what it depends on is packed" pack_dependency
    check "it is installed without a compiler" installs_bare
    check "a module runs as the README says" run_program bare first.mjs
    check "so does a script of CommonJS" run_program bare first.cjs
    check "so does a program in TypeScript" typed
    check "so does a module beside another librunner" beside_librunner
    check "without a prebuilt addon it is compiled" compiles
    check "with neither it is installed" not_compiled
    check "and says so when it is used" no_addon
    check "a Node that is too old is refused" old_node
    check "what is not Node is refused" other_runtime
    check "another libuv is refused" other_libuv
    check "Windows is refused" windows
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
