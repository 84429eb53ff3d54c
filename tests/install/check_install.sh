#!/bin/sh
# Installs a build into an empty prefix, moves the prefix, and builds and runs a C and a C++ program
# there in one of these ways:
#   pkgconfig_shared  pkgconfig_static  cmake_shared  cmake_static
#   static_only       a build without the shared library, through pkg-config and CMake
# Usage: check_install.sh WAY BUILD_DIR
set -eu
way=$1
build=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cc=${CC:-cc}
cxx=${CXX:-c++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix="$work/moved prefix"

fail() {
    echo "FAILED: $*"
    exit 1
}

install_moved() {
    cmake --install "$1" --prefix "$work/prefix" >/dev/null
    mv "$work/prefix" "$prefix"
    pc=$(find "$prefix" -name runner.pc)
    [ -n "$pc" ] || fail "no runner.pc installed"
    libdir=$(dirname "$(dirname "$pc")")
    export PKG_CONFIG_PATH="$libdir/pkgconfig"
    if grep -rqF "$work/prefix" "$prefix" --include=*.pc --include=*.cmake; then
        fail "an installed file names the prefix it was installed into"
    fi
}

# What pkg-config prints is quoted for a shell, and the prefix has a space in its name.
compile_pkgconfig() {
    for language in c c++; do
        compiler=$cc
        [ $language = c ] || compiler=$cxx
        eval "$compiler -Wall -Wextra -Werror -x $language \"\$here/consumer.c\" -x none" \
            "-o \"\$work/consumer_$language\" $(pkg-config --cflags --libs "$@" runner) $extra"
    done
}

run_both() {
    for program in "$1" "$2"; do
        LD_LIBRARY_PATH="$libdir" "$program" || fail "$program ended with $?"
    done
}

needs_library() {
    readelf -d "$1" | grep -q "NEEDED.*\[$2"
}

# built_pkgconfig FLAGS-FOR-THE-COMPILER OPTIONS-FOR-PKG-CONFIG...
built_pkgconfig() {
    extra=$1
    shift
    compile_pkgconfig "$@"
    run_both "$work/consumer_c" "$work/consumer_c++"
}

built_cmake() {
    cmake -S "$here" -B "$work/build" -DTARGET="$1" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" >"$work/log" 2>&1 ||
        { cat "$work/log"; fail "find_package(runner)"; }
    cmake --build "$work/build" >"$work/log" 2>&1 || { cat "$work/log"; fail "build with $1"; }
    run_both "$work/build/consumer_c" "$work/build/consumer_cxx"
    built=$work/build/consumer_c
}

case $way in
pkgconfig_shared)
    install_moved "$build"
    built_pkgconfig ""
    needs_library "$work/consumer_c" librunner.so || fail "not linked to librunner.so"
    case $(pkg-config --libs runner) in
    *uv*) fail "a shared link names libuv" ;;
    esac
    ;;
pkgconfig_static)
    install_moved "$build"
    built_pkgconfig "" --static
    if pkg-config --exists libuv-static; then
        # libuv's archive calls getaddrinfo(), about which a static link of glibc warns.
        built_pkgconfig "-static 2>\"\$work/warnings\"" --static
        ! needs_library "$work/consumer_c" lib || fail "-static left a shared library in"
    else
        echo "libuv has no archive here: the link with -static was left out"
    fi
    ;;
cmake_shared)
    install_moved "$build"
    built_cmake runner::runner
    needs_library "$built" librunner.so || fail "not linked to librunner.so"
    ;;
cmake_static)
    install_moved "$build"
    built_cmake runner::runner_static
    ! needs_library "$built" librunner.so || fail "linked to librunner.so"
    ;;
static_only)
    cmake -S "$here/../.." -B "$work/static" -DCMAKE_C_COMPILER="$cc" -DRUNNER_BUILD_SHARED=OFF \
        -DRUNNER_BUILD_TESTS=OFF -DRUNNER_BUILD_EXAMPLES=OFF >/dev/null
    cmake --build "$work/static" >"$work/log" 2>&1 || { cat "$work/log"; fail "static build"; }
    install_moved "$work/static"
    [ -z "$(find "$prefix" -name 'librunner.so*')" ] || fail "a shared library was installed"
    built_pkgconfig ""
    built_pkgconfig "" --static
    built_cmake runner::runner
    ;;
*)
    fail "no such way: $way"
    ;;
esac
echo "installed and used: $way"
