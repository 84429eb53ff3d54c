# shellcheck shell=sh disable=SC2154 # root is the caller's
# For scripts that build programs with librunner; to be sourced, with `root` set to the top of the tree.
#
# library_prefix              builds librunner and installs it: prints the prefix
# library_environment PREFIX  exports what building and running with a librunner installed in PREFIX
#                             needs, and sets libdir

# Only the library: the tests of this build are not needed.
library_prefix() {
    (
        cd "$root" || exit 1
        cmake --preset release >&2 &&
            cmake --build --preset release --target runner runner_static >&2 &&
            cmake --install build/release --prefix build/prefix >/dev/null
    ) && echo "$root/build/prefix"
}

library_environment() {
    pc=$(find "$1" -name runner.pc | head -n 1)
    if [ -z "$pc" ]; then
        echo "no runner.pc below $1" >&2
        return 1
    fi
    libdir=$(dirname "$(dirname "$pc")")
    export PKG_CONFIG_PATH="$libdir/pkgconfig"
    export LD_LIBRARY_PATH="$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
}
