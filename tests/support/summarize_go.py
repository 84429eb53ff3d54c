#!/usr/bin/env python3
"""Reads what `go test -json` wrote. Prints what failed with its output, what was skipped, and
"NAME: N passed, N failed". A test with subtests counts as its subtests, except for a failure of its
own; a package that fails without a failed test (it does not build, it died) counts as one failure.
What was skipped is a failure if CI=true, unless the run was one of -short tests.
Usage: summarize_go.py NAME JSON_FILE
"""
import json
import os
import sys
from collections import defaultdict

ENDS = ("pass", "fail", "skip")
FIRST_LINES, LAST_LINES = 40, 20  # of the output of a test


class Run:
    """The outcomes and outputs of all packages."""

    def __init__(self):
        self.tests = defaultdict(dict)  # package -> test -> outcome; None while it runs
        self.packages = {}  # package -> outcome
        self.output = defaultdict(list)  # (package, test or "") -> lines
        self.stray = []  # lines that are not JSON

    def read(self, lines):
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                self.stray.append(line)
                continue
            self.take(event)

    def take(self, event):
        action, test = event.get("Action"), event.get("Test", "")
        # The output of a build stands under a name like "PACKAGE [PACKAGE.test]".
        package = event.get("Package") or event.get("ImportPath", "").split(" ")[0]
        if action in ("output", "build-output"):
            self.output[package, test].append(event["Output"])
        elif test and action == "run":
            self.tests[package][test] = None
        elif test and action in ENDS:
            self.tests[package][test] = action
        elif action in ENDS or action == "build-fail":
            self.packages[package] = "fail" if action == "build-fail" else action

    def leaves(self, package):
        """The tests that count: those without subtests, and those that failed by themselves."""
        tests = self.tests[package]
        for name, outcome in tests.items():
            inner = [of for other, of in tests.items() if other.startswith(name + "/")]
            alone = outcome in ("fail", None) and not any(of in ("fail", None) for of in inner)
            if not inner or alone:
                yield name, outcome

    def show(self, package, test):
        lines = self.output[package, test]
        if len(lines) > FIRST_LINES + LAST_LINES:
            lines = lines[:FIRST_LINES] + ["..."] + lines[-LAST_LINES:]
        for line in lines:
            print(f"    {line.rstrip()}")


def summarize(run):
    """Prints what did not pass; returns how many passed, failed and were skipped."""
    passed = failed = skipped = 0
    for package in sorted(set(run.packages) | set(run.tests)):
        before = failed
        for name, outcome in run.leaves(package):
            if outcome == "pass":
                passed += 1
            elif outcome == "skip":
                skipped += 1
                reason = " ".join(line.strip() for line in run.output[package, name]
                                  if not line.lstrip().startswith(("===", "---")))
                print(f"  skipped: {package} {name}: {reason}")
            else:
                failed += 1
                print(f"  FAILED: {package} {name}" + ("" if outcome else ": did not end"))
                run.show(package, name)
        if run.packages.get(package) != "pass" and failed == before:
            if run.packages.get(package) == "skip":
                continue  # it has no tests
            failed += 1
            print(f"  FAILED: {package}")
            run.show(package, "")
    return passed, failed, skipped


def main(name, path):
    run = Run()
    with open(path, encoding="utf-8", errors="replace") as lines:
        run.read(lines)
    passed, failed, skipped = summarize(run)
    if not run.packages:
        failed += 1
        print("  FAILED: no package was tested")
    if failed:
        print("".join(f"    {line}" for line in run.stray), end="")
    if os.environ.get("CI") == "true" and "short" not in name:
        failed += skipped
    print(f"{name}: {passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
