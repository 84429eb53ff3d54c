#!/bin/sh
# Compares the library with the recorded ABI: functions and types in baseline.abi, the values of
# constants and error codes in baseline.constants. Every difference stops: one that is meant goes
# into CHANGELOG.md (its ABI line) and is recorded in the same commit.
#   check_abi.sh [LIBRARY]            compare
#   check_abi.sh --record [LIBRARY]   record
# LIBRARY is build/dev/capi/librunner.so if it is not given; it needs debug information.
set -u
export LC_ALL=C
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
include=$root/capi/include
record=
if [ "${1:-}" = --record ]; then
    record=yes
    shift
fi
library=${1:-$root/build/dev/capi/librunner.so}
how="record it with: sh capi/abi/check_abi.sh --record"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# The numbers that a compiled program carries in itself, one `NAME value` a line.
constants() {
    echo '#include <runner.h>' | ${CC:-cc} -I"$include" -E -dM - |
        sed -nE 's/^#define (RUNNER_[A-Z0-9_]+) (\(?[-0-9(U].*)$/\1 \2/p' | grep -v '^RUNNER_VERSION'
    printf '#include <runner.h>\n#define ROW(name, value, text) ~RUNNER_##name value~\n%s\n' \
        'RUNNER_ERROR_MAP(ROW)' | ${CC:-cc} -I"$include" -E -P - | tr '~' '\n' | grep '^RUNNER_E'
}

# Changes inside of any struct that the public headers only declare are the library's own business,
# and so are those of libuv and of the C library. (abidiff can tell by --headers-dir, but goes by
# names of files, and most modules have the name of their public header.)
suppressions() {
    public=$(sed -nE 's/^typedef struct (\w+) \{$/\1/p' "$include"/runner/*.h | paste -s -d '|' -)
    printf '[suppress_type]\n  type_kind = struct\n  name_not_regexp = ^(%s)$\n' "$public"
}

record() {
    # File names without folders: nothing of this machine.
    abidw --short-locs --no-corpus-path --no-comp-dir-path "$library" |
        sed "s|path='$root/|path='|" >"$here/baseline.abi"
    sort "$work/constants" >"$here/baseline.constants"
    wc -l "$here/baseline.abi" "$here/baseline.constants"
}

compare() {
    suppressions >"$work/suppressions"
    sort "$work/constants" | diff "$here/baseline.constants" - &&
        abidiff --suppressions "$work/suppressions" "$here/baseline.abi" "$library"
}

[ -e "$library" ] || { echo "no library $library: build it first"; exit 1; }
constants >"$work/constants"
if [ -n "$record" ]; then
    record
elif [ ! -e "$here/baseline.abi" ]; then
    echo "no baseline; $how"
    [ "${CI:-}" = true ] && exit 1
    exit 77
elif [ "$(uname -m)" != x86_64 ]; then
    echo "the baseline was recorded on x86-64, this is $(uname -m)"
    exit 77
else
    compare || {
        echo "The ABI differs from the baseline. If that is meant, note it in CHANGELOG.md and $how"
        exit 1
    }
fi
