#!/usr/bin/env python3
"""Prints one table from what Node's benchmarks printed, and how many of the goals are met.

Usage: table.py RESULTS.tsv [note ...]; the notes are printed above the table. A figure is the median
of those in the file. ../OPS.md explains the operations.
"""

import statistics
import sys
from collections import defaultdict, namedtuple

# A goal: at most so many times what that peer has in the same run; or, with an operation, what
# librunner itself has there.
Goal = namedtuple("Goal", "most peer op", defaults=(None,))
Row = namedtuple("Row", "op label unit goal", defaults=(None,))

AT_ONCE = ("at_once_group", "at_once_gather", "at_once_all", "at_once_each")

ROWS = (
    Row("spawn_await", "await task.spawn(fn), one by one", "ns", Goal(10, "plain")),
    Row("at_once", "20,000 at once, the best way", "ns", Goal(1.2, "immediate")),
    Row("at_once_group", "- in a group", "ns"),
    Row("at_once_gather", "- gather", "ns"),
    Row("at_once_all", "- Promise.all", "ns"),
    Row("at_once_each", "- await of each", "ns"),
    Row("sleepers_cpu", "100,000 sleeping tasks: CPU", "ms", Goal(0.9, "timers")),
    Row("sleepers_heap", "100,000 sleeping tasks: heap of one", "B", Goal(1.0, "timers")),
    Row("sleepers_rss", "100,000 sleeping tasks: memory of one", "B"),
    Row("cancel_5000", "5,000 cancelled by one signal: each", "ns"),
    Row("cancel_20000", "20,000 cancelled by one signal: each", "ns",
        Goal(1.3, "librunner", "cancel_5000")),
    Row("yield_1", "yield, one task", "ns"),
    Row("yield_1000", "yield of one of 1,000 tasks", "ns"),
    Row("sleep0_1", "sleep(0)", "ns"),
    Row("group_1", "a group of one", "ns"),
    Row("timeout_1", "a timeout around a yield", "ns"),
    Row("until_1", "until(promise)", "ns"),
    Row("queue", "a queue between two tasks, a hop", "ns"),
    Row("lock", "a lock that two tasks hand over", "ns"),
    Row("event", "two tasks that wake each other", "ns"),
    Row("callback", "callSoon of one that calls the next", "ns"),
    Row("run_warm", "run of a runner that has run", "ns"),
    Row("run_cold", "run, with a runner of its own", "ns"),
)

PEERS = ("plain", "immediate", "timers")
NONE = "–"
SCALES = {"ns": 1e9, "ms": 1e3, "B": 1}


def read(path):
    """version -> (op, peer) -> median"""
    found = defaultdict(lambda: defaultdict(list))
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = line.rstrip("\n").split("\t")
            if len(words) == 5:
                version, peer, op, value, _ = words
                found[version][op, peer].append(float(value))
    results = {}
    for version, values in found.items():
        results[version] = {key: statistics.median(each) for key, each in values.items()}
        add_best(results[version])
    return results


def add_best(results):
    """The row `at_once`: the fastest of librunner's ways, beside what the peers have."""
    ways = [results[op, "librunner"] for op in AT_ONCE if (op, "librunner") in results]
    if ways:
        results["at_once", "librunner"] = min(ways)
    for peer in PEERS:
        if ("at_once_all", peer) in results:
            results["at_once", peer] = results["at_once_all", peer]


def scaled(row, results, peer, op=None):
    value = results.get((op or row.op, peer))
    return None if value is None else value * SCALES[row.unit]


def amount(row, value):
    if value is None:
        return NONE
    return f"{value:,.0f} {row.unit}" if value >= 100 else f"{value:.3g} {row.unit}"


def ratio(row, results):
    """librunner's figure beside the one that its goal names, or None."""
    if row.goal is None:
        return None
    mine = scaled(row, results, "librunner")
    other = scaled(row, results, row.goal.peer, row.goal.op)
    return mine / other if mine and other else None


def goal_words(goal):
    return f"≤ {goal.most} × {goal.op or goal.peer}"


def verdict(row, results):
    times = ratio(row, results)
    if row.goal is None:
        return NONE
    if times is None:
        return "?"
    return "yes" if times <= row.goal.most else "NO"


def cells(row, results):
    times = ratio(row, results)
    return (
        row.label,
        amount(row, scaled(row, results, "librunner")),
        NONE if times is None else f"{times:.2f}",
        NONE if row.goal is None else goal_words(row.goal),
        verdict(row, results),
        *(amount(row, scaled(row, results, peer)) for peer in PEERS),
    )


def print_lines(headings, lines):
    lines = [headings] + lines
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    lines.insert(1, tuple("-" * width for width in widths))
    for line in lines:
        aligned = [line[0].ljust(widths[0])]
        aligned += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print(" | ".join(aligned).rstrip())


def print_others(rows, results):
    """What the goals are in other versions, each beside its own peers."""
    versions = list(results)
    lines = []
    for row in rows:
        if row.goal is not None:
            times = [ratio(row, results[version]) for version in versions]
            lines.append((row.label, goal_words(row.goal),
                          *(NONE if one is None else f"{one:.2f}" for one in times)))
    print()
    print_lines(("ratio", "goal", *versions), lines)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    results = read(sys.argv[1])
    for note in sys.argv[2:]:
        print(note)
    first = next(iter(results.values()))
    measured = {op for op, peer in first if peer == "librunner"}
    rows = [row for row in ROWS if row.op in measured]
    print()
    print_lines(("operation", "librunner", "ratio", "goal", "met?", *PEERS),
                [cells(row, first) for row in rows])
    if len(results) > 1:
        print_others(rows, results)
    if len(rows) < len(ROWS):
        print("\nnot measured:", ", ".join(row.op for row in ROWS if row not in rows))
    goals = [row for row in rows if row.goal is not None]
    met = 0
    print()
    for row in goals:
        word = verdict(row, first)
        met += word == "yes"
        if word != "yes":
            kind = "missed" if word == "NO" else "not judged"
            times = ratio(row, first)
            print(f"{kind}: {row.label}: {NONE if times is None else f'{times:.2f}'}, "
                  f"goal {goal_words(row.goal)}")
    print(f"{met} of {len(goals)} goals are met")


if __name__ == "__main__":
    main()
