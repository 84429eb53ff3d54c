# shellcheck shell=sh disable=SC2034 # failed is for the caller
# For scripts that run gates and tests, and print `NAME: N passed, N failed` for each; to be sourced.
# $work is a folder that is gone at the end; $failed is 1 once something has failed.
#
# gate NAME COMMAND...     one that passes or fails
# script NAME COMMAND...   one that prints `N passed, N failed` itself, and a line `ok NAME` for each
# skip NAME WHY            says so; CI=true: it is a failure
failed=0

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

gate() {
    name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "$name: 1 passed, 0 failed"
    else
        failed=1
        cat "$work/log"
        echo "$name: 0 passed, 1 failed"
    fi
}

script() {
    name=$1
    shift
    "$@" >"$work/log" 2>&1
    status=$?
    grep -a -v -e '^ok ' -e '^[0-9]* passed, [0-9]* failed$' "$work/log"
    count=$(grep -a '^[0-9]* passed, [0-9]* failed$' "$work/log" | tail -n 1)
    case $count in
    *" 0 failed") [ "$status" -eq 0 ] || count="${count%% *} passed, 1 failed" ;;
    "") count="0 passed, 1 failed" ;;
    esac
    [ "$status" -eq 0 ] || failed=1
    echo "$name: $count"
}

skip() {
    echo "skipped: $1: $2"
    [ "${CI:-}" != true ] || failed=1
}
