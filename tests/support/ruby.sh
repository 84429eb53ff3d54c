# shellcheck shell=sh disable=SC2154,SC2034 # of the caller: root; for it: ruby_wanted
# For scripts that run Ruby programs; to be sourced, with `root` set to the top of the tree.
#
# ruby_find               sets RUBY to a Ruby that is new enough and has its headers, or fails
# ruby_extension FOLDER   builds FOLDER/librunner/native.so with the librunner that pkg-config finds,
#                         unless it is there; prints what went wrong
# ruby_environment PREFIX FOLDER
#                         the two above for a librunner installed in PREFIX; exports what a program
#                         needs that requires "librunner", and sets libdir
#
# RUBY: the one to use, if it is not in PATH, /usr/local/bin or /usr/bin.

# shellcheck source=tests/support/library.sh
. "$root/tests/support/library.sh"

ruby_wanted="CRuby 3.1 or newer with its headers (Debian: ruby ruby-dev)"

# ruby_new_enough RUBY
ruby_new_enough() {
    "$1" -r rbconfig -e '
        exit RUBY_ENGINE == "ruby" && (RUBY_VERSION.split(".").map(&:to_i) <=> [3, 1]) >= 0 &&
          File.exist?(File.join(RbConfig::CONFIG["rubyhdrdir"], "ruby.h"))' 2>/dev/null
}

ruby_find() {
    for RUBY in "${RUBY:-}" "$(command -v ruby)" /usr/local/bin/ruby /usr/bin/ruby[34].*; do
        # shellcheck disable=SC2015 # it is a condition
        [ -x "$RUBY" ] && ruby_new_enough "$RUBY" && return
    done
    RUBY=
    return 1
}

# What decides beside the sources.
ruby_made_with() {
    "$RUBY" -v
    echo "$RUBY ${LIBRUNNER_WERROR:-}"
    pkg-config --modversion --cflags --libs runner
    ruby_headers=$(pkg-config --variable=includedir runner)
    cat "$ruby_headers/runner.h" "$ruby_headers"/runner/*.h | cksum
}

ruby_is_built() { # FOLDER
    [ -e "$1/librunner/native.so" ] &&
        [ "$(cat "$1/made_with" 2>/dev/null)" = "$(ruby_made_with 2>&1)" ] &&
        [ -z "$(find "$root/bindings/ruby/ext" -newer "$1/librunner/native.so" -name '[!.]*' -print)" ]
}

# Another one may build it at the same time: each appears at once, whole.
ruby_extension() {
    mkdir -p "$1/librunner" || return
    ruby_is_built "$1" && return
    ruby_new=$(cd "$1" && mktemp -d "$PWD/new.XXXXXX") || return
    : >"$ruby_new/began"
    if ! (cd "$ruby_new" && "$RUBY" "$root/bindings/ruby/ext/librunner/extconf.rb" &&
        make -j "$(getconf _NPROCESSORS_ONLN)") >"$ruby_new/log" 2>&1; then
        cat "$ruby_new/log"
        rm -rf "$ruby_new"
        return 1
    fi
    # What was edited meanwhile is newer.
    touch -r "$ruby_new/began" "$ruby_new/native.so"
    mv -f "$ruby_new/native.so" "$1/librunner/native.so" && ruby_made_with >"$1/made_with" 2>&1
    rm -rf "$ruby_new"
}

ruby_environment() {
    library_environment "$1" && ruby_extension "$2" || return
    RUBYLIB="$root/bindings/ruby/lib:$(cd "$2" && pwd)"
    export RUBY RUBYLIB
}
