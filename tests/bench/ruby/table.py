#!/usr/bin/env python3
"""Prints one table from what Ruby's benchmarks printed, and the goals that are missed.

Usage: table.py RESULTS.tsv [note ...]; the notes are printed above the table. A figure is the median
of those in the file. ../OPS.md explains the operations.
"""

import statistics
import sys
from collections import defaultdict, namedtuple

# A goal as ("most", figure), ("least", figure): times what async has in the same run; or
# ("below", figure) in the unit of the row.
Row = namedtuple("Row", "op label unit goal", defaults=(None,))

ROWS = (
    Row("spawn_await", "spawn + await, one by one", "µs", ("most", 0.6)),
    Row("spawn_1000", "spawn 1,000 + await each, one of them", "µs", ("most", 0.6)),
    Row("yield_1", "yield, one task", "µs"),
    Row("yield_1000", "yield of one of 1,000 tasks", "µs"),
    Row("sleep0_1", "Kernel#sleep(0), one task", "µs", ("most", 0.2)),
    Row("sleep0_1000", "Kernel#sleep(0) of one of 1,000 tasks", "µs", ("most", 0.2)),
    Row("queue", "Thread::Queue between two tasks, a hop", "µs"),
    Row("sleepers_start", "10,000 sleeping tasks: time to start", "ms", ("most", 0.8)),
    Row("sleepers_bytes", "10,000 sleeping tasks: memory of one", "KiB", ("most", 0.8)),
    Row("echo", "TCP echo, 1,000 tasks, with connect", "/s", ("least", 1.0)),
    Row("echo_open", "TCP echo, 1,000 tasks, round trips alone", "/s", ("least", 1.0)),
    Row("http", "Net::HTTP, 1,000 requests at once", "/s", ("least", 1.0)),
    Row("callbacks_busy", "100 callbacks of one turn, CPU-bound thread", "ms", ("below", 1000)),
)

PEERS = ("async_io", "fibers", "threads")
HEADINGS = ("operation", "librunner", "async", "× async", "goal", "met?", "async-io", "fibers",
            "threads")
NONE = "–"
SCALES = {"µs": 1e6, "ms": 1e3, "KiB": 1 / 1024, "/s": 1}


def read(path):
    """(op, peer) -> median"""
    found = defaultdict(list)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = line.rstrip("\n").split("\t")
            if len(words) == 4:
                peer, op, value, _ = words
                found[op, peer].append(float(value))
    return {key: statistics.median(values) for key, values in found.items()}


def scaled(row, results, peer):
    value = results.get((row.op, peer))
    return None if value is None else value * SCALES[row.unit]


def amount(row, value):
    if value is None:
        return NONE
    return f"{value:,.0f} {row.unit}" if value >= 1000 else f"{value:.3g} {row.unit}"


def words(row):
    if row.goal is None:
        return NONE
    kind, figure = row.goal
    return {
        "most": f"≤ {figure} ×",
        "least": f"≥ {figure} ×",
        "below": f"< {figure:,} {row.unit}",
    }[kind]


def judge(row, results):
    """The word for the `met?` column, and what is to be said about a goal that is not met."""
    if row.goal is None:
        return NONE, None
    kind, figure = row.goal
    mine = scaled(row, results, "librunner")
    peer = 1 if kind == "below" else scaled(row, results, "async")
    if mine is None or peer is None:
        return "?", f"not judged: {row.label}: not measured"
    times = mine / peer
    if {"most": times <= figure, "least": times >= figure, "below": times < figure}[kind]:
        return "yes", None
    limit = amount(row, figure * peer)
    return "NO", f"missed: {row.label}: {amount(row, mine)}, goal {words(row)} = {limit}"


def cells(row, results):
    mine = scaled(row, results, "librunner")
    other = scaled(row, results, "async")
    return (
        row.label,
        amount(row, mine),
        amount(row, other),
        f"{mine / other:.2f}" if mine and other else NONE,
        words(row),
        judge(row, results)[0],
        *(amount(row, scaled(row, results, peer)) for peer in PEERS),
    )


def print_table(rows, results):
    lines = [HEADINGS] + [cells(row, results) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    lines.insert(1, tuple("-" * width for width in widths))
    for line in lines:
        aligned = [line[0].ljust(widths[0])]
        aligned += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print(" | ".join(aligned).rstrip())


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    results = read(sys.argv[1])
    for note in sys.argv[2:]:
        print(note)
    measured = {op for op, _ in results}
    rows = [row for row in ROWS if row.op in measured]
    print()
    print_table(rows, results)
    print("\n× async: librunner's figure beside async's in the same run; /s: more is better")
    if len(rows) < len(ROWS):
        print("not measured:", ", ".join(row.op for row in ROWS if row not in rows))
    problems = [text for row in rows if (text := judge(row, results)[1])]
    for text in problems:
        print(text)
    goals = sum(row.goal is not None for row in rows)
    if goals and not problems:
        print(f"all {goals} goals are met")


if __name__ == "__main__":
    main()
