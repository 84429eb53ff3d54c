#!/usr/bin/env python3
"""tests/api/CPYTHON.md names tests that exist: every name in backquotes of its right column that is
no function of the library, file or test of CPython stands in a START_TEST. Prints one line per
offence; says nothing when there is none.
"""
import pathlib
import re
import sys

API = pathlib.Path(__file__).resolve().parents[1] / "api"
PAGE = API / "CPYTHON.md"


def written():
    """The names of all tests in api/."""
    for source in API.glob("*.c"):
        yield from re.findall(r"START_TEST\(\s*(\w+)", source.read_text())


def named():
    """(line, name) of what the page says is a test of ours: a word of at least four parts."""
    for number, line in enumerate(PAGE.read_text().split("\n"), 1):
        cells = line.split("|")
        if len(cells) < 4:
            continue
        for name in re.findall(r"`(?:[TSWAFD] )?(\w+)`", "|".join(cells[2:])):
            if name.count("_") >= 3 and not name.startswith(("_", "runner_", "RUNNER_", "test_", "check_")):
                yield number, name


def main():
    tests = set(written())
    missing = [f"{PAGE.name}:{number}: no test {name}" for number, name in named() if name not in tests]
    print("\n".join(missing), end="\n" if missing else "")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
