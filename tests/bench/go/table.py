#!/usr/bin/env python3
"""Prints one table from what Go's benchmarks printed, and the goals that are missed.

Usage: table.py RESULTS.txt [note ...]; the notes are printed above the table. A figure is the median
of those in the file. ../OPS.md explains the operations.
"""

import re
import statistics
import sys
from collections import defaultdict, namedtuple

# A goal as ("max", metric, figure), or ("times", peer, figure): at most that many times the peer's
# time in the same run.
Row = namedtuple("Row", "op label metric goals", defaults=("ns/op", ()))

ROWS = (
    Row("SpawnAwait", "spawn 1,000 + await each, one of them", "ns/op",
        (("times", "errgroup", 1.3), ("max", "allocs/op", 3))),
    Row("Gather", "spawn 1,000 + gather, one of them", "ns/op",
        (("times", "errgroup", 1.3), ("max", "allocs/op", 3))),
    Row("Group", "group of 1,000, one of them"),
    Row("SpawnAwaitOne", "spawn + await, one by one"),
    Row("Yield1000", "sleep(0) of one of 1,000 tasks", "ns/op", (("max", "ns/op", 150),)),
    Row("Yield1", "sleep(0), one task"),
    Row("Completion", "another goroutine's result reaches the loop", "ns/op",
        (("times", "channel", 3),)),
    Row("CompletionAwaited", "  the task that waits for it goes on"),
    Row("ToThread", "to_thread round trip"),
    Row("Queue", "queue of 64: put + get between two tasks"),
    Row("RunWarm", "run of a trivial task, warm, signals on", "ns/op", (("max", "ns/op", 5000),)),
    Row("RunWarmNoSignals", "run of a trivial task, warm, signals off"),
    Row("RunCold", "run of a trivial task, cold"),
    Row("Sleepers", "100,000 sleeping tasks: memory of one", "B/task",
        (("max", "B/task", 4096),)),
)

PEERS = ("errgroup", "waitgroup", "channel", "pull")
HEADINGS = ("operation", "librunner", "allocs", "goal", "met?", "errgroup", "WaitGroup", "channel",
            "iter.Pull", "librunner/least")
NONE = "–"
LINE = re.compile(r"^Benchmark(\w+)/(\w+?)(?:-\d+)?\s+\d+\s+(.*)$")


def read(path):
    """(op, who, metric) -> median"""
    found = defaultdict(list)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            match = LINE.match(line)
            if not match:
                continue
            op, who, rest = match.groups()
            words = rest.split()
            for value, metric in zip(words[::2], words[1::2]):
                found[op, who, metric].append(float(value))
    return {key: statistics.median(values) for key, values in found.items()}


def number(value):
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def amount(value, metric):
    return NONE if value is None else f"{number(value)} {metric.split('/')[0]}"


def words(goal):
    kind, of, figure = goal
    if kind == "times":
        return f"≤ {figure} × {of}"
    return f"≤ {figure:,} {of.split('/')[0]}"


def judge(row, results):
    """The word for the `met?` column, and a line for each goal that is missed or cannot be judged."""
    missed, unknown = [], []
    for goal in row.goals:
        kind, of, figure = goal
        metric = of if kind == "max" else row.metric
        mine = results.get((row.op, "librunner", metric))
        peer = results.get((row.op, of, metric)) if kind == "times" else 1
        if mine is None or peer is None:
            unknown.append(f"not judged: {row.op}, goal {words(goal)}: not measured")
        elif mine > figure * peer:
            missed.append(f"missed: {row.op} is {amount(mine, metric)}, goal {words(goal)}"
                          f" = {amount(figure * peer, metric)},"
                          f" {mine / (figure * peer):.2f} times as much")
    if not row.goals:
        return NONE, []
    return "NO" if missed else "?" if unknown else "yes", missed + unknown


def cells(row, results):
    mine = results.get((row.op, "librunner", row.metric))
    allocs = results.get((row.op, "librunner", "allocs/op"))
    peers = [results.get((row.op, peer, row.metric)) for peer in PEERS]
    known = [peer for peer in peers if peer]
    return (
        row.label,
        amount(mine, row.metric),
        NONE if allocs is None or row.metric != "ns/op" else f"{allocs:.0f}",
        ", ".join(words(goal) for goal in row.goals) or NONE,
        judge(row, results)[0],
        *(amount(peer, row.metric) for peer in peers),
        f"{mine / min(known):.2f}" if mine and known else NONE,
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
    measured = {op for op, _, _ in results}
    rows = [row for row in ROWS if row.op in measured]
    print()
    print_table(rows, results)
    print("\nlibrunner/least: beside the fastest of the peers, in the same run")
    if len(rows) < len(ROWS):
        print("not measured:", ", ".join(row.op for row in ROWS if row not in rows))
    problems = [line for row in rows for line in judge(row, results)[1]]
    for line in problems:
        print(line)
    if not problems:
        print(f"all {sum(len(row.goals) for row in rows)} goals are met")


if __name__ == "__main__":
    main()
