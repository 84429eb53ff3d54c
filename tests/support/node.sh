# shellcheck shell=sh disable=SC2154 # root is the caller's
# For scripts that run Node programs; to be sourced, with `root` set to the top of the tree.
#
# node_find             sets NODE to a Node that is new enough and has its headers, or fails
# node_tools            fetches from npm what building and testing need into build/node/npm, unless it
#                       is there; prints what went wrong
# node_addon FOLDER [asan]
#                       builds FOLDER/bindings/node/build/Release/librunner.node, unless it is there;
#                       prints what went wrong
# node_prebuilt FOLDER  builds FOLDER/bindings/node/prebuilds, as they are published; prints what went wrong
# node_use FOLDER       exports what a program needs that requires "librunner", with that addon
# node_environment FOLDER [asan]
#                       node_find, node_tools, node_addon, node_use
# node_under_asan       what is started afterwards can load an addon that was built with `asan`
# node_other VERSION    prints the path of that Node, fetched from npm
#
# NODE: the one to use, if it is not in PATH, /usr/local/bin or /usr/bin.

node_wanted="Node 20.3 or newer with its headers (node_api.h), and npm"
node_work=$root/build/node

# node_new_enough NODE
node_new_enough() {
    "$1" -e '
        const [major, minor] = process.versions.node.split(".").map(Number)
        const header = require("path").resolve(process.execPath, "../../include/node/node_api.h")
        const enough = major > 20 || (major === 20 && minor >= 3)
        process.exit(enough && require("fs").existsSync(header) ? 0 : 1)' 2>/dev/null
}

node_find() {
    command -v npm >/dev/null || return
    for NODE in "${NODE:-}" "$(command -v node)" /usr/local/bin/node /usr/bin/node; do
        # shellcheck disable=SC2015 # it is a condition
        [ -x "$NODE" ] && node_new_enough "$NODE" && return
    done
    NODE=
    return 1
}

# node_quietly LOG COMMAND...: what it prints only if it fails.
node_quietly() {
    node_log=$1
    shift
    "$@" >"$node_log" 2>&1 && return
    cat "$node_log"
    return 1
}

# node_alone FOLDER: until this subshell ends, others that want the folder wait.
node_alone() {
    mkdir -p "$1" || return
    command -v flock >/dev/null || return 0
    exec 9>"$1/lock" && flock 9
}

# npm looks for node in PATH.
node_npm() { PATH="$(dirname "$NODE"):$PATH" npm "$@" --ignore-scripts --no-audit --no-fund; }

# What package-lock.json names, and nothing else.
node_tools() (
    node_alone "$node_work/npm" && cd "$node_work/npm" || exit
    cmp -s "$root/bindings/node/package-lock.json" installed && exit
    rm -f installed
    cp "$root/bindings/node/package.json" "$root/bindings/node/package-lock.json" . &&
        node_quietly log node_npm ci && cp package-lock.json installed
)

node_other() (
    node_package=$("$NODE" -p '`node-${process.platform}-${process.arch}`')
    node_folder=$node_work/$1
    node_binary=$node_folder/node_modules/$node_package/bin/node
    node_alone "$node_folder" || exit
    if [ "$("$node_binary" --version 2>/dev/null)" != "v$1" ]; then
        node_quietly "$node_folder/log" node_npm install --prefix "$node_folder" --no-save \
            "$node_package@$1" >&2 && [ "$("$node_binary" --version)" = "v$1" ] || exit
    fi
    echo "$node_binary"
)

# node_copy FOLDER: the package, in a tree of its own, beside the C library and with node_modules.
node_copy() {
    mkdir -p "$1/bindings/node" && ln -sfn "$root/capi" "$1/capi" &&
        ln -sfn "$root/bindings/node/src" "$1/bindings/node/src" &&
        ln -sfn "$node_work/npm/node_modules" "$1/bindings/node/node_modules" || return
    # These look around from where they are.
    for node_part in binding.gyp package.json scripts; do
        cp -pR "$root/bindings/node/$node_part" "$1/bindings/node/" || return
    done
}

# A warning about what is written by hand is an error; as in tests/swig.sh, what SWIG writes has
# parameters, functions and labels that nothing uses. Optimising that under a sanitizer takes half a
# minute.
node_flags() {
    CFLAGS="-Wall -Wextra -Wconversion -Werror"
    CXXFLAGS="-Wall -Wextra -Werror -Wno-unused-parameter -Wno-unused-function -Wno-unused-label"
    CXXFLAGS="$CXXFLAGS -Wno-maybe-uninitialized"
    LDFLAGS=
    if [ "${1:-}" = asan ]; then
        CFLAGS="$CFLAGS -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined"
        CFLAGS="$CFLAGS -fno-sanitize-recover=all"
        CXXFLAGS="$CXXFLAGS -g -O0 -fno-omit-frame-pointer -fsanitize=address"
        LDFLAGS=-fsanitize=address,undefined
    fi
    export CFLAGS CXXFLAGS LDFLAGS
}

# In the folder of a package, with the headers of NODE.
node_in() { # FOLDER COMMAND...
    cd "$1/bindings/node" || return
    shift
    PATH="$PWD/node_modules/.bin:$(dirname "$NODE"):$PATH"
    npm_config_nodedir=$("$NODE" -p 'require("path").resolve(process.execPath, "../..")')
    JOBS=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
    export PATH npm_config_nodedir JOBS
    node_quietly build.log "$@"
}

node_addon() (
    node_alone "$1" && node_copy "$1" && node_flags "${2:-}" && node_in "$1" node-gyp configure build
)

node_prebuilt() (
    node_alone "$1" && node_copy "$1" && node_flags &&
        node_in "$1" prebuildify --napi --strip --tag-libc
)

# node-gyp-build takes the addon from LIBRUNNER_PREBUILD, and is itself in NODE_PATH.
node_use() {
    LIBRUNNER_PREBUILD=$(cd "$1/bindings/node" && pwd) || return
    NODE_PATH=$node_work/npm/node_modules
    export NODE LIBRUNNER_PREBUILD NODE_PATH
}

node_environment() {
    if ! node_find; then
        echo "needs $node_wanted"
        return 1
    fi
    node_tools && node_addon "$1" "${2:-}" && node_use "$1"
}

# Who has allocated a leak decides: Node and other programs do not free all they have at the end, and the
# generated part loses the descriptors of its functions, once in an environment. Only that caller is
# remembered, as those above it would count, too; ASAN_OPTIONS=malloc_context_size=30 shows them.
node_under_asan() {
    node_asan=$("${CC:-cc}" -print-file-name=libasan.so)
    case $node_asan in
    /*) ;;
    *) echo "the compiler has no libasan.so"; return 1 ;;
    esac
    printf 'leak:%s\n' ^/usr/bin/ ^/bin/ "^$(realpath "$NODE")$" /libnode.so \
        Napi::PropertyDescriptor::Function >"$node_work/leaks" || return
    LD_PRELOAD="$node_asan${LD_PRELOAD:+:$LD_PRELOAD}"
    ASAN_OPTIONS="detect_leaks=1:malloc_context_size=2:strict_string_checks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
    LSAN_OPTIONS=suppressions=$node_work/leaks:print_suppressions=0
    UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    export LD_PRELOAD ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS
}
