#!/bin/sh
# Which rows of rows.txt a test covers. A test covers the rows that stand in the name of its
# function: R079_leftover_is_cancelled, R079_R083_....
#   coverage_rows.sh           counts the tests that are written
#   coverage_rows.sh TAP_DIR   counts only those that passed, by Check's TAP logs in that folder
# Fails if an M or S row has no test, or if an I or D row has neither a test nor a mention (R21) in
# capi/docs/differences.md. R204, looking at a process from outside, is not there at all.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
tap_dir=${1:-}

# One name a line. A name that failed anywhere does not count.
tests_that_count() {
    if [ -z "$tap_dir" ]; then
        grep -rhoE '^ *START_TEST *\( *\w*R[0-9]{3}\w*' "$here" --include='*.c' | sed 's/.*( *//'
        return
    fi
    cat "$tap_dir"/*.tap | awk '
        match($0, /:[A-Za-z0-9_]*R[0-9][0-9][0-9][A-Za-z0-9_]*:/) {
            name = substr($0, RSTART + 1, RLENGTH - 2)
            if ($1 == "not") bad[name] = 1; else good[name] = 1
        }
        END { for (name in good) if (!(name in bad)) print name }'
}

if [ -n "$tap_dir" ] && ! ls "$tap_dir"/*.tap >/dev/null 2>&1; then
    echo "no TAP log in $tap_dir: run the tests first"
    exit 1
fi

documented=$(grep -ohE '\bR[0-9]+\b' "$here/../capi/docs/differences.md" 2>/dev/null)
covered=$(tests_that_count | grep -oE 'R[0-9]{3}' | sort -u)

printf '%s\n' "$covered" "-- differences" "$documented" "-- rows" | cat - "$here/rows.txt" | awk '
    $1 == "--" { part = $2; next }
    $1 == "" || $1 == "#" { next }
    part == "" { tested[substr($1, 2) + 0] = 1; next }
    part == "differences" { mentioned[substr($1, 2) + 0] = 1; next }
    {
        row = substr($1, 2) + 0
        if (row == 204) next
        total[$2]++
        if (row in tested) { done[$2]++; next }
        if (($2 == "I" || $2 == "D") && row in mentioned) { explained[$2]++; next }
        print "no test: " $0
        missing++
    }
    END {
        split("M S I D", levels)
        for (i = 1; i <= 4; i++) {
            level = levels[i]
            printf "%s rows: %d of %d tested", level, done[level], total[level]
            if (explained[level]) printf ", %d documented", explained[level]
            printf "\n"
        }
        exit missing > 0
    }'
