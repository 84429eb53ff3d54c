# shellcheck shell=sh disable=SC2154 # $work is the caller's
# For scripts that use an installed binding as a program outside of the tree does; to be sourced. $work
# is a folder that is gone at the end; what failed in the end is $failed.
passed=0
failed=0

pass() {
    passed=$((passed + 1))
    echo "ok      $*"
}

fail() {
    failed=$((failed + 1))
    echo "FAILED  $*"
    sed 's/^/    /' "$work/log"
}

# check NAME COMMAND...: its output is shown if it fails.
check() {
    name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        pass "$name"
    else
        fail "$name"
    fi
}

# said PATTERN COMMAND...: fails, and one of its lines matches the basic regular expression.
said() {
    pattern=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        echo "it succeeded; it should have said: $pattern"
        return 1
    fi
    cat "$work/said"
    grep -q -e "$pattern" "$work/said"
}

# first_block LANGUAGE README: the lines of the first block in that language.
first_block() {
    awk -v fence="\`\`\`$1" '
        inside && /^```/ { exit }
        inside { print }
        $0 == fence { inside = 1 }' "$2"
}
