# shellcheck shell=sh disable=SC2154 # root is the caller's
# For scripts that build Go programs; to be sourced, with `root` set to the top of the tree.
#
# go_find               sets GO to a Go that is new enough, or fails
# go_package            prints the Debian package that has one, or fails; after `apt-get update`
# go_environment PREFIX exports what building and running with a librunner installed in PREFIX needs,
#                       and sets libdir; -ldflags "-r '$libdir'" makes a program that finds it itself
#
# GO: the one to use, if it is not in PATH, /usr/local/go or /usr/lib/go-*.

# shellcheck source=tests/support/library.sh
. "$root/tests/support/library.sh"

go_minor=24

# go_new_enough GO
go_new_enough() {
    version=$(cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
    version=${version#*go1.}
    version=${version%%[!0-9]*}
    [ "${version:-0}" -ge $go_minor ]
}

go_find() {
    for GO in "${GO:-}" "$(command -v go)" /usr/local/go/bin/go /usr/lib/go-*/bin/go; do
        # shellcheck disable=SC2015 # it is a condition
        [ -x "$GO" ] && go_new_enough "$GO" && return
    done
    GO=
    return 1
}

go_package() {
    minor=$(apt-cache policy golang-go 2>/dev/null |
        sed -n 's/^ *Candidate: \([0-9]*:\)\{0,1\}1\.\([0-9]*\).*/\2/p')
    if [ "${minor:-0}" -ge $go_minor ]; then
        echo golang-go
        return
    fi
    # Backports have packages for a version each.
    minor=$(apt-cache search --names-only '^golang-1\.[0-9]+-go$' 2>/dev/null |
        sed -n 's/^golang-1\.\([0-9]*\)-go.*/\1/p' | sort -n | tail -n 1)
    [ "${minor:-0}" -ge $go_minor ] && echo "golang-1.$minor-go"
}

go_environment() {
    library_environment "$1" || return
    # Go asks pkg-config, and sees the headers of C, only when it compiles: with another library or other
    # headers it would take from its cache what was compiled and is to be linked with the first ones.
    inputs=$({ echo "$1" && find "$1/include" -name '*.h' -print0 | sort -z | xargs -0 cat; } | cksum)
    export CGO_CFLAGS="-g -O2 -DRUNNER_INPUTS=${inputs%% *}"
    export GO CGO_ENABLED=1 GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GOWORK=off GO111MODULE=on
    if [ -z "${HOME:-}" ]; then
        export GOCACHE="${GOCACHE:-$root/build/go-cache}" GOPATH="${GOPATH:-$root/build/go-path}"
    fi
}
