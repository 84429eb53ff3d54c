#!/bin/sh
# A debugger inside a task shows the task's frames and stops at its entry.
#   check_gdb.sh EXAMPLE    the built example "hello"
set -u
if ! command -v gdb >/dev/null; then
    echo "skipped: gdb is missing"
    exit 77
fi
trace=$(gdb -nx -batch -ex 'set breakpoint pending on' -ex 'break runner_sleep' -ex run -ex bt \
    "$1" 2>&1 | grep '^#')
printf '%s\n' "$trace"
fail() {
    echo "not so: $1"
    exit 1
}
echo "$trace" | grep -q '^#0 .*runner_sleep' || fail "the innermost frame is the call that waits"
echo "$trace" | grep -q '^#1 .* hello (' || fail "below it stands the body of the task"
echo "$trace" | tail -n 1 | grep -q 'asm_start\|runner__cotask_main\|context' ||
    fail "the trace ends where the coroutine began"
[ "$(echo "$trace" | wc -l)" -le 5 ] || fail "nothing stands below the beginning"
