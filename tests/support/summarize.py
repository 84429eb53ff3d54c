#!/usr/bin/env python3
"""Reads what CTest wrote with --output-junit. Prints the closing line of every Check program, the
failed cases below it, and CTest's own count; writes "<passed> <failed>" to a file. Check's cases
count one by one, and so does what a script sums up as "N passed, N failed"; any other program
counts as one, and so does a program that fails in spite of its line.
Usage: summarize.py JUNIT_XML COUNT_FILE
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)$", re.M)
FAILURE = re.compile(r"^\S+:\d+:[FE]:.*$", re.M)
SCRIPT = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)


def count(case):
    """(passed, failed, lines to print) of one test"""
    name, status = case.get("name"), case.get("status")
    output = case.findtext("system-out") or ""
    passed = failed = 0
    closing = None
    for closing in CHECK.finditer(output):
        checks, failures, errors = map(int, closing.groups())
        passed, failed = passed + checks - failures - errors, failed + failures + errors
    if not closing:
        for closing in SCRIPT.finditer(output):
            passed, failed = passed + int(closing.group(1)), failed + int(closing.group(2))
    shown = f"{name}: {closing.group(0)}" if closing else None
    skipped = re.search(r"^skipped:.*$", output, re.M)
    if case.find("skipped") is not None or (status == "run" and skipped):
        must_run = os.environ.get("CI") == "true"
        return passed, failed + must_run, f"{name}: {skipped.group(0) if skipped else 'skipped'}"
    if status == "run" and not closing:
        passed += 1
    elif status != "run" and failed == 0:
        failed, shown = 1, f"{name}: FAILED {shown or ''}".rstrip()
    return passed, failed, "\n    ".join(filter(None, [shown, *FAILURE.findall(output)]))


def main(junit, count_file):
    suite = ElementTree.parse(junit).getroot()
    cases = suite.findall("testcase")
    passed = failed = 0
    for case in cases:
        more_passed, more_failed, shown = count(case)
        passed, failed = passed + more_passed, failed + more_failed
        if shown:
            print(f"  {shown}")
    bad = int(suite.get("failures", "0"))
    print(f"  ctest: {len(cases) - bad} of {len(cases)} programs passed")
    with open(count_file, "w", encoding="utf-8") as file:
        file.write(f"{passed} {failed}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
