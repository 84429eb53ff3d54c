#!/bin/sh
# Random programs: 5,000 that are always the same, and 2,000 of today; and 2,000 for a host that gives
# its commands one by one. What fails is written to build/fuzz. Only a CPython of the reference
# version can be asked what is right.
#   sh fuzz.sh           with the interpreters in C
#   sh fuzz.sh NAME      2,000 of the same, and 1,000 of today, with another one
set -u
cd "$(dirname -- "$0")/.." || exit 1
version=$(./run cpython --version) || exit 77
case $version in
*" 3.1"[3-9]*) ;;
*)
    echo "not fuzzed: that needs CPython 3.13 or newer, and the newest here is $version"
    exit 0
    ;;
esac
out=../../build/fuzz
today=$(date +%Y%m%d)
if [ $# -gt 0 ]; then
    ./fuzz --seed 1 --count 2000 --langs "$1" --out "$out" || exit 1
    exec ./fuzz --seed "$today" --count 1000 --langs "$1" --out "$out"
fi
langs=c
! ./run host --probe 2>/dev/null || langs=c,host
./fuzz --seed 1 --count 5000 --langs $langs --out "$out" || exit 1
./fuzz --seed "$today" --count 2000 --langs $langs --out "$out" || exit 1
[ $langs != c ] || exit 0
CONFORMANCE_HOST=plain ./fuzz --seed 2 --count 2000 --langs host --out "$out"
