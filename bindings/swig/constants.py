#!/usr/bin/env python3
"""Writes constants.go: the constants of the public headers as Go constants, so that they cannot
drift from the C side and cost no call.

Usage: constants.py INCLUDE_DIR > constants.go
"""
import pathlib
import re
import sys

HOST = "RUNNER_HOST_"
# What of host.h is neither an event nor an operation: name -> Go type of the field it belongs to.
FLAGS = {"SUSPENDED": "uint32", "RELEASED": "int64", "ABORTS": "int64", "FOREVER": "int64"}

# Families of other headers: (header, C prefix, Go prefix, Go type, what they are).
FAMILIES = [
    ("types.h", "RUNNER_", "", "int32", "Options with three states."),
    ("gather.h", "RUNNER_", "", "int32", "When [Runner.Wait] comes back."),
    ("queue.h", "RUNNER_QUEUE_", "Queue", "uint64", "Kinds of queue, B of OpQueueNew."),
    ("task.h", "RUNNER_REASON_", "Reason", "int64", "Why a task was cancelled, A of OpCancelling."),
    ("report.h", "RUNNER_REPORT_", "Report", "int32", "Kinds of [ReportEntry]."),
    ("inspect.h", "RUNNER_STATE_", "State", "int32", "States of a task, [TaskInfo]."),
]
# Times in milliseconds: typed as the fields of Options.
WIDE = {"FOREVER": ("ForeverMS", "uint64"), "NO_WAIT": ("NoWaitMS", "uint64")}
ACRONYMS = {"FIFO", "LIFO", "SIGINT", "SIGTERM", "SIGHUP"}
VALUES = {
    "INT64_MAX": "1<<63 - 1",
    "UINT64_MAX": "1<<64 - 1",
    "(UINT64_MAX - 1)": "1<<64 - 2",
}


def camel(name):
    return "".join(word if word in ACRONYMS else word.capitalize() for word in name.split("_"))


def value_of(text):
    text = re.sub(r"U?INT(?:32|64)_C\((\w+)\)", r"\1", text.strip())
    if text in VALUES:
        return VALUES[text]
    number = text.strip("()")
    if not re.fullmatch(r"-?(?:0x[0-9A-Fa-f]+|\d+)", number):
        sys.exit(f"constants.py: no number: {text}")
    return number


def defines(text, prefix):
    """(name without the prefix, value) of each constant, in the order of the header"""
    pattern = rf"^#define {prefix}([A-Z0-9_]+)[ \t]+(\S.*?)\s*$"
    for name, value in re.findall(pattern, text, flags=re.M):
        yield name, value_of(value)


def block(doc, rows):
    """A const block; rows are (name, type, value)."""
    names = [name for name, _, _ in rows]
    if not rows or len(set(names)) != len(names):
        sys.exit(f"constants.py: none, or one twice: {doc} {names}")
    print(f"\n// {doc}\nconst (")
    for name, kind, value in rows:
        print(f"\t{name} {kind} = {value}")
    print(")")


def codes(include):
    found = re.findall(r'XX\((E[A-Z]+), (-\d+), "([^"]*)"\)', (include / "error.h").read_text())
    print("\n// Codes of the library.\nconst (")
    for name, value, text in found:
        print(f"\t{name} int32 = {value} // {text}")
    print(")")


def host(include):
    text = (include / "host.h").read_text()
    before, after = text.split("typedef struct runner_host_cmd {")
    kinds = [("Kind" + camel(name), "int32", value) for name, value in defines(before, HOST)]
    rest = list(defines(after, HOST))
    flags = [(camel(name), FLAGS[name], value) for name, value in rest if name in FLAGS]
    ops = [("Op" + camel(name), "uint32", value) for name, value in rest if name not in FLAGS]
    for family in (kinds, ops):
        if len({value for _, _, value in family}) != len(family):
            sys.exit("constants.py: two events or two operations have one number")
    block("Kinds of [Event].", kinds)
    block("Operations of [Cmd].", ops)
    block(
        "Suspended is added to Op, Released and Aborts to A of OpDone; Forever is no time at all.",
        flags,
    )


def main():
    include = pathlib.Path(sys.argv[1]) / "runner"
    print("package core")
    codes(include)
    host(include)
    for header, prefix, go_prefix, kind, doc in FAMILIES:
        rows = []
        for name, value in defines((include / header).read_text(), prefix):
            wide = WIDE.get(name) if header == "types.h" else None
            rows.append((*wide, value) if wide else (go_prefix + camel(name), kind, value))
        block(doc, rows)


if __name__ == "__main__":
    main()
