#!/usr/bin/env python3
"""The layer rule of capi/src: a file includes headers of its own row and of the rows below.

Also what follows from it and can be searched for (OWNERS), and that capi/CMakeLists.txt names
every source. Prints one line per offence; says nothing when there is none.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "capi" / "src"

# Top to bottom. A module is a file name without its ending, or a folder.
ROWS = [
    "runner run shutdown shutdown_loop guest host host_batch host_tell host_commands host_objects host_registered "
    "host_several host_ids",
    "handle state signals executor workers job report inspect handler callback post submission closable gen",
    "group group_children error_group timeout await_for gather shield wait_several as_completed several "
    "event lock condition semaphore barrier queue items waiters "
    "poll poller poll_epoll poll_uv",
    "task tasks task_info cancel park coroutine context",
    "future wait",
    "home",
    "loop timer inbox",
    "coro/",
    "base/",
]
ROW_OF = {module: number for number, row in enumerate(ROWS) for module in row.split()}

# What only some files may say, and which.
OWNERS = [
    (r"\buv_run\s*\(", "uv_run", r"loop\.c"),
    (r"\bsigaction\b|\bsignal\s*\(", "signal dispositions", r"signals\.[ch]|coro/overflow\.[ch]"),
    (r"\b(__)?asm(__)?\b", "assembly", r"coro/.*"),
    (r"\b_WIN32\b", "_WIN32", r"base/platform_?\w*\.[ch]|coro/.*"),
]


def row_of(path):
    """The row of a file, given relative to capi/src; None if it has none."""
    folder, _, _ = path.rpartition("/")
    return ROW_OF.get(f"{folder}/" if folder else path.rsplit(".", 1)[0])


def code_of(text):
    """The lines without comments and string literals; include lines stay whole."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    for line in text.split("\n"):
        yield line if re.match(r"\s*#\s*include", line) else re.sub(r'"(\\.|[^"\\])*"', '""', line)


def included(path, name):
    """What `#include "name"` in the file means, relative to capi/src; None if it is not ours."""
    for base in ((SOURCES / path).parent, SOURCES):
        target = (base / name).resolve()
        if target.is_file() and target.is_relative_to(SOURCES):
            return str(target.relative_to(SOURCES))
    return None


def offences(path):
    own = row_of(path)
    if own is None:
        yield 1, "has no row: add its module to ROWS in tests/support/check_layers.py"
        return
    if path.endswith(".S") and not path.startswith("coro/"):
        yield 1, "assembly outside coro/"
    for number, line in enumerate(code_of((SOURCES / path).read_text(encoding="utf-8")), 1):
        include = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        target = include and included(path, include.group(1))
        if target and row_of(target) is not None and row_of(target) < own:
            yield number, f'includes "{target}" of a row above its own'
        for pattern, what, owners in OWNERS:
            if path.endswith(".S") or re.fullmatch(owners, path):
                continue
            if re.search(pattern, line):
                yield number, f"{what} belongs to {owners}".replace("\\", "")


def main():
    listed = (ROOT / "capi" / "CMakeLists.txt").read_text(encoding="utf-8")
    bad = 0
    for file in sorted(SOURCES.rglob("*")):
        if file.suffix not in (".c", ".h", ".S"):
            continue
        path = str(file.relative_to(SOURCES))
        found = list(offences(path))
        if file.suffix != ".h" and not re.search(rf"\bsrc/{re.escape(path)}\b", listed):
            found.append((1, "is not in the list of capi/CMakeLists.txt"))
        for line, what in found:
            print(f"capi/src/{path}:{line}: {what}")
        bad += len(found)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
