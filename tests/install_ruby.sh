#!/bin/sh
# sh tests/install_ruby.sh PREFIX
# Uses the gem as a program outside of the tree does: packed, installed into an empty folder of gems,
# with librunner installed in PREFIX, and with nothing of this tree around it. Prints
# `N passed, N failed`.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# shellcheck source=tests/support/ruby.sh
. "$root/tests/support/ruby.sh"
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"
if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo "usage: sh tests/install_ruby.sh PREFIX" >&2
    exit 2
fi
ruby_find || {
    echo "skipped: needs $ruby_wanted"
    exit 77
}
prefix=$(cd "$1" && pwd)
minor=$(sed -n 's/^#define RUNNER_VERSION_MINOR //p' "$prefix/include/runner/version.h")
pc=$(dirname "$(find "$prefix" -name runner.pc)")
unset RUBYLIB RUBYOPT LD_LIBRARY_PATH PKG_CONFIG_PATH LIBRUNNER_WERROR GEM_PATH
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

gem() { (cd "$work" && "$RUBY" -S gem "$@"); }

# install_gem FOLDER [OPTION-OF-EXTCONF...]: into an empty folder of gems.
install_gem() {
    folder=$1
    shift
    rm -rf "${work:?}/$folder"
    [ $# -eq 0 ] || set -- -- "$@"
    gem install --local --no-document --install-dir "$work/$folder" "$work/librunner.gem" "$@"
}

# run_program FOLDER: the program of the README, with the gems in the folder.
run_program() {
    (
        cd "$work" || exit
        GEM_HOME="$work/$1"
        GEM_PATH=$GEM_HOME
        export GEM_HOME GEM_PATH
        "$RUBY" -w program.rb >printed && diff expected printed
    )
}

# ---- the gem and the program ---------------------------------------------------------------------

make_program() {
    first_block ruby "$root/bindings/ruby/README.md" >"$work/program.rb"
    first_block text "$root/bindings/ruby/README.md" >"$work/expected"
    [ -s "$work/program.rb" ] && [ -s "$work/expected" ] && return
    echo "README.md has no block of ruby, or no block of text with what it prints"
    return 1
}

# Packed from a folder that has nothing but it.
pack() {
    cp -R "$root/bindings/ruby" "$work/source" &&
        (cd "$work/source" && "$RUBY" -S gem build --strict librunner.gemspec -o "$work/librunner.gem")
}

# What makes the gem, and nothing that only its tests need.
packed_files() {
    tar -xOf "$work/librunner.gem" data.tar.gz | tar -tzf - | sort >"$work/packed"
    (
        cd "$root/bindings/ruby" &&
            find lib sig -type f && find ext -name '*.[ch]' && echo ext/librunner/extconf.rb &&
            printf '%s\n' .yardopts LICENSE README.md
    ) | sort >"$work/wanted"
    diff "$work/wanted" "$work/packed"
}

# Whoever installs the gem does not have SWIG: this one is found first, and fails.
without_swig() {
    mkdir "$work/bin"
    printf '#!/bin/sh\necho called >"%s"\nexit 1\n' "$work/swig-called" >"$work/bin/swig"
    chmod +x "$work/bin/swig"
    export PATH="$work/bin:$PATH"
}

# Nothing of this tree is used: librunner.so is found by what native.so remembers.
by_pkg_config() {
    (PKG_CONFIG_PATH=$pc && export PKG_CONFIG_PATH && install_gem gems) && run_program gems || return
    [ ! -e "$work/swig-called" ] || { echo "SWIG was called"; return 1; }
}

by_folder() { install_gem named "--with-librunner-dir=$prefix" && run_program named; }

# A folder whose name has a blank, and no pkg-config.
without_pkg_config() {
    cp -R "$prefix" "$work/a prefix" && install_gem blank "--with-librunner-dir=$work/a prefix" \
        --with-pkg-config=no-such-program && run_program blank
}

# Then whoever starts the program says where it is.
without_rpath() {
    install_gem bare "--with-librunner-dir=$prefix" --disable-librunner-rpath || return
    said 'librunner\.so.*cannot open shared object file' run_program bare &&
        (LD_LIBRARY_PATH=$(dirname "$pc") && export LD_LIBRARY_PATH && run_program bare)
}

# Its signatures are found as those of any gem.
# shellcheck disable=SC2016 # for Ruby
signatures() {
    (
        GEM_HOME="$work/gems"
        export GEM_HOME
        cd "$work" && "$RUBY" -r rbs -r rbs/cli \
            -e 'RBS::CLI.new(stdout: $stdout, stderr: $stderr).run(ARGV)' -- \
            -r librunner method --singleton Librunner run | grep -q 'accessibility: public'
    )
}

# ---- what has to be refused ----------------------------------------------------------------------

no_library() {
    (
        export PKG_CONFIG_LIBDIR="$work/empty"
        said 'Package .*runner.* was not found in the pkg-config search path' install_gem refused &&
            grep -q 'gem install librunner -- --with-librunner-dir=' "$work/said"
    )
}

no_pkg_config() {
    said 'librunner was not found: there is no pkg-config' \
        install_gem refused --with-pkg-config=no-such-program
}

no_such_folder() {
    said '^ *--with-librunner-dir=/nowhere: there is no such folder' \
        install_gem refused --with-librunner-dir=/nowhere
}

empty_folder() {
    mkdir "$work/empty"
    said 'librunner is not in .*/empty\.' install_gem refused "--with-librunner-dir=$work/empty"
}

other_headers() {
    cp -R "$prefix" "$work/other" &&
        sed -i 's/^\(#define RUNNER_VERSION_MINOR\) .*/\1 99/' "$work/other/include/runner/version.h" &&
        said "librunner 0\\.99\\.[0-9]* was found, and this gem needs librunner 0\\.$minor" \
            install_gem refused "--with-librunner-dir=$work/other"
}

# A library of another minor version behind the gem that was installed.
other_library() {
    cat >"$work/other.c" <<END
unsigned runner_abi_version(void);
unsigned runner_abi_version(void)
{
    return $((minor + 1))u << 8;
}
END
    "${CC:-cc}" -shared -fPIC -o "$work/other.so" "$work/other.c" || return
    (
        export LD_PRELOAD="$work/other.so"
        said "librunner 0\\.$((minor + 1)).* was found; built for 0\\.$minor" run_program gems
    )
}

# --------------------------------------------------------------------------------------------------

check "the README has a program, and says what it prints" make_program
check "the gem is packed without a warning" pack
if [ "$failed" -eq 0 ]; then
    check "it has the files that it needs, and no others" packed_files
    without_swig
    check "it is installed without SWIG, and the program prints what the README says" by_pkg_config
    check "the same with --with-librunner-dir" by_folder
    check "the same without pkg-config, in a folder whose name has a blank" without_pkg_config
    check "with --disable-librunner-rpath the library has to be named" without_rpath
    if "$RUBY" -e 'require "rbs"' 2>/dev/null; then
        check "its signatures are found" signatures
    fi
    check "without librunner the installation says what pkg-config says" no_library
    check "without pkg-config it says so" no_pkg_config
    check "a folder that is not there is refused" no_such_folder
    check "a folder without librunner is refused" empty_folder
    check "headers of another version are refused" other_headers
    check "a library of another version is refused" other_library
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
