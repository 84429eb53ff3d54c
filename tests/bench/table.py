#!/usr/bin/env python3
"""Prints one table from the result lines of all benchmark programs, and the goals that are missed.

Usage: table.py RESULTS.tsv [note ...]; the notes are printed above the table. OPS.md explains the
operations.
"""

import sys
from collections import namedtuple

# A goal as (kind, figure[, op]):
#   ("max", x)          at most x of the operation's unit
#   ("uvloop", x)       at least x times faster than uvloop in the same run
#   ("times", x, op)    at most x times the floor `op` in the same run
# A floor as ((how often, op), ...): what the operation cannot do without, summed.
Row = namedtuple("Row", "op label goals floor", defaults=((), ()))

ROWS = (
    Row("spawn_await", "spawn + await, C coroutine",
        (("max", 50), ("uvloop", 60)), ((2, "switch"),)),
    Row("callback_task", "spawn + run + finish, callback task", (("max", 20),), ((1, "call"),)),
    Row("yield_1", "yield, one task", (), ((2, "switch"),)),
    Row("yield_2", "yield between two tasks", (("max", 20),), ((1, "switch"),)),
    Row("yield_2_callback", "yield between two callback tasks", (("max", 8),), ((1, "call"),)),
    Row("yield_1000", "yield among 1,000 tasks", (), ((1, "switch"),)),
    Row("spawn_park_cancel_await", "spawn + park + cancel + await",
        (("max", 120),), ((4, "switch"),)),
    Row("timer_fire_100k", "timer start + fire, batch of 100,000",
        (("max", 250),), ((1, "timer_fire_100k"),)),
    Row("timer_cancel_100k_armed", "timer start + cancel, 100,000 armed",
        (("max", 120),), ((1, "timer_cancel_100k_armed"),)),
    Row("timer_cancel_100k_soonest", "  the same, sooner than all of those",
        (), ((1, "timer_cancel_100k_soonest"),)),
    Row("sleep_1m_bytes", "1,000,000 sleeping tasks: memory of one",
        (("max", 4400),), ((1, "page_touch_bytes"),)),
    Row("sleep_1m_cold_ns", "  start one until it is parked, cold",
        (("max", 5000),), ((1, "page_touch_ns"),)),
    Row("sleep_1m_warm_ns", "  start one until it is parked, warm", (("max", 700),)),
    Row("sleep_1m_callback_bytes", "1,000,000 sleeping callback tasks: memory of one",
        (("max", 256),)),
    Row("sleep_1m_callback_park_ns", "  start one until it is parked", (("max", 150),)),
    Row("group", "group of 100,000 callback tasks, one of them",
        (("max", 80),), ((1, "call"),)),
    Row("group_coroutines", "group of 10,000 C coroutines, one of them", (), ((1, "switch"),)),
    Row("timeout", "timeout that does not fire: new + open + close", (("max", 40),)),
    Row("timeout_with", "  the same around a function", ()),
    Row("gather", "gather of 1,000 tasks that yield, one of them", (), ((2, "switch"),)),
    Row("lock", "lock, uncontended acquire + release", (("max", 5),), ((2, "call"),)),
    Row("lock_contended", "  handed to the other of two tasks", (), ((1, "switch"),)),
    Row("semaphore", "semaphore, uncontended acquire + release", (), ((2, "call"),)),
    Row("event", "event: set, and wait for the other task's", (), ((1, "switch"),)),
    Row("queue", "queue of 64: put + get between two tasks", (("max", 60),), ((2, "call"),)),
    Row("queue_1", "  queue of 1", (), ((2, "switch"),)),
    Row("queue_unbounded", "  unbounded, bursts of 1,000", (), ((2, "call"),)),
    Row("poll", "wait for a descriptor: a byte through a pipe", (), ((1, "poll"),)),
    Row("submit_bulk", "thread-safe submit in bulk, one core",
        (("max", 25),), ((1, "submit_bulk"),)),
    Row("submit_bulk_2cores", "thread-safe submit in bulk, two cores",
        (("max", 40),), ((1, "submit_bulk_2cores"),)),
    Row("executor_round_trip", "to_thread round trip",
        (("max", 10000),), ((1, "executor_round_trip"),)),
    Row("run_warm_nosignals", "run of a trivial task, warm, signals off",
        (("max", 500),), ((1, "loop_iteration"),)),
    Row("run_warm_signals", "run of a trivial task, warm, signals on",
        (("max", 1500),), ((1, "loop_iteration"), (1, "sigaction_pair"))),
    Row("run_cold", "main of a trivial task, cold",
        (("times", 1.3, "loop_init_close"),), ((1, "loop_init_close"),)),
    Row("run_first", "  the same, the first in its process", (), ((1, "loop_init_close_first"),)),
)

HEADINGS = ("operation", "librunner", "goal", "met?", "raw floor", "uvloop", "asyncio",
            "Tokio", "uvloop/librunner")
NONE = "–"


def read(path):
    results = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            peer, op, value, unit = line.rstrip("\n").split("\t")
            results[peer, op] = (float(value), unit)
    return results


def number(value):
    return f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}"


def amount(result):
    return NONE if result is None else f"{number(result[0])} {result[1]}"


def floor_of(row, results):
    """The summed floor, or None while one of its parts was not measured."""
    parts = [(times, results.get(("raw", op))) for times, op in row.floor]
    if not parts or any(result is None for _, result in parts):
        return None
    return sum(times * result[0] for times, result in parts), parts[0][1][1]


def limit(goal, row, results):
    """The most the operation may cost by this goal, or None if what it refers to is missing."""
    if goal[0] == "max":
        return goal[1]
    reference = results.get(("uvloop", row.op) if goal[0] == "uvloop" else ("raw", goal[2]))
    if reference is None:
        return None
    return reference[0] / goal[1] if goal[0] == "uvloop" else reference[0] * goal[1]


def words(goal):
    if goal[0] == "max":
        return f"≤ {goal[1]:,}"
    return f"≥ {goal[1]} × uvloop" if goal[0] == "uvloop" else f"≤ {goal[1]} × raw"


def judge(row, results):
    """The word for the `met?` column, and a line for each goal that is missed or has no peer."""
    mine = results.get(("librunner", row.op))
    if mine is None or not row.goals:
        return NONE, []
    missed, unknown = [], []
    for goal in row.goals:
        most = limit(goal, row, results)
        if most is None:
            unknown.append(f"not judged: {row.op} {words(goal)}: its peer was not measured")
        elif mine[0] > most:
            missed.append(f"missed: {row.op} is {amount(mine)}, goal {words(goal)}"
                          f" = {number(most)} {mine[1]}, {mine[0] / most:.2f} times as much")
    return "NO" if missed else "?" if unknown else "yes", missed + unknown


def cells(row, results):
    mine = results.get(("librunner", row.op))
    uvloop = results.get(("uvloop", row.op))
    tokio = [results.get((peer, row.op)) for peer in ("tokio", "tokio_io")]
    return (
        row.label,
        amount(mine),
        ", ".join(words(goal) for goal in row.goals) or NONE,
        judge(row, results)[0],
        amount(floor_of(row, results)),
        amount(uvloop),
        amount(results.get(("asyncio", row.op))),
        " / ".join(amount(result) for result in tokio if result) or NONE,
        f"{number(uvloop[0] / mine[0])}" if mine and uvloop and mine[0] else NONE,
    )


def print_table(results):
    lines = [HEADINGS] + [cells(row, results) for row in ROWS]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    lines.insert(1, tuple("-" * width for width in widths))
    for line in lines:
        aligned = [line[0].ljust(widths[0])]
        aligned += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print(" | ".join(aligned).rstrip())


def print_calibration(results):
    call, syscall = results.get(("raw", "call")), results.get(("raw", "syscall"))
    print(f"calibration: function call {amount(call)} (no kernel in it),"
          f" system call {amount(syscall)};"
          " the goals were set where they cost 1.4 ns and 170 ns")


def print_verdict(results):
    if not any(peer == "librunner" for peer, _ in results):
        print("no goal was judged: librunner was not measured")
        return
    goals = sum(len(row.goals) for row in ROWS)
    problems = [line for row in ROWS for line in judge(row, results)[1]]
    absent = [f"not judged: {row.op} was not measured" for row in ROWS
              if row.goals and ("librunner", row.op) not in results]
    for line in problems + absent:
        print(line)
    if not problems and not absent:
        print(f"all {goals} goals are met")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    results = read(sys.argv[1])
    print_calibration(results)
    for note in sys.argv[2:]:
        print(note)
    print()
    print_table(results)
    print("\nraw floor: what libuv, the kernel or bare switches charge for the same step;"
          " Tokio: without / with its I/O driver")
    print_verdict(results)


if __name__ == "__main__":
    main()
