"""Runs programs on every interpreter that is built and holds the traces against the recorded ones
and the oracle's; or records the oracle's traces."""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import interpreters
import language
import stream
import verdict
from interpreters import ORACLE

WINDOW = 32


class Case(NamedTuple):
    """A program of the suite. `asks_oracle`: the oracle that runs here shows what it should do."""

    path: Path
    program: dict
    recorded: str | None
    asks_oracle: bool


def read_case(path, oracle_version):
    """Raises language.Malformed."""
    try:
        data = path.read_bytes()
    except OSError:
        raise language.Malformed(path.name, "cannot be read") from None
    program = language.load(data, path.name)
    trace = path.with_suffix(".trace")
    recorded = trace.read_text(encoding="utf-8") if trace.exists() else None
    newer = interpreters.version(program.get("min_version", "")) > oracle_version
    return Case(path, program, recorded, "differs" not in program and not newer)


def judge(case, name, answers):
    """The Failure of one interpreter with one program, or None."""
    if case.recorded is None:
        return verdict.Failure(("no trace",), "no recorded trace")
    failure = verdict.judge(answers[name], case.recorded, "recorded")
    if failure is None and case.asks_oracle and name != ORACLE:
        failure = verdict.compare(answers[name], answers[ORACLE])
    return failure


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def pair(self, what, failure):
        if failure is None:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {what}: {failure.text}")


def compare(cases, names, fleet, count):
    """Every program with every interpreter of `names`, several programs under way at a time."""
    cases = iter(cases)
    under_way = []
    while True:
        while len(under_way) < WINDOW and (case := next(cases, None)) is not None:
            asked = [name for name in fleet.interpreters if name != ORACLE or case.asks_oracle]
            if asked:
                fleet.add(case.program, asked)
                under_way.append((case, [name for name in names if name in asked]))
        if not under_way:
            break
        case, counted = under_way.pop(0)
        _, answers = fleet.take()
        for name in counted:
            count.pair(f"{show(case.path)}, {name}", judge(case, name, answers))
    for name, end in fleet.close().items():
        count.pair(name, verdict.judge(end))


def record(paths, oracle_version, fleet):
    """Writes the oracle's trace beside each program; how many it did not write."""
    refused = 0
    for path in paths:
        try:
            case = read_case(path, oracle_version)
            if "differs" in case.program:
                why = "its trace is written by hand, as it has \"differs\""
            elif not case.asks_oracle:
                why = f"needs an oracle of at least {case.program['min_version']}"
            else:
                answer = fleet.ask(case.program)[ORACLE]
                failure = verdict.judge(answer)
                why = failure.text if failure else answer.detail and f"shows {answer.detail}"
        except language.Malformed as error:
            why = str(error)
        if not why:
            path.with_suffix(".trace").write_text(answer.text, encoding="utf-8")
        else:
            refused += 1
            print(f"{show(path)}: not recorded: {why}", file=sys.stderr)
    return refused


def read_cases(paths, names, oracle_version, count):
    for path in paths:
        try:
            yield read_case(path, oracle_version)
        except language.Malformed as error:
            for name in names:
                count.pair(f"{show(path)}, {name}", verdict.Failure(("malformed",), str(error)))


def show(path):
    """The path from the suite's folder if it is in there."""
    path = path.resolve()
    return str(path.relative_to(interpreters.SUITE) if path.is_relative_to(interpreters.SUITE)
               else path)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    parser.add_argument("--langs", metavar="c,…", help="only these interpreters")
    parser.add_argument("--record", action="store_true", help="write the oracle's traces")
    parser.add_argument("--time-limit", type=float, default=10, metavar="S",
                        help="seconds for one program (default 10)")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    if options.record and not options.files:
        parser.error("--record needs the programs")
    try:
        names = [ORACLE] if options.record else interpreters.choose(options.langs)
        oracle_version = interpreters.oracle_version()
    except LookupError as error:
        parser.error(str(error))
    paths = options.files or sorted((interpreters.SUITE / "programs").glob("**/*.json"))
    commands = {name: interpreters.stream_command(name) for name in dict.fromkeys([ORACLE, *names])}
    with stream.Fleet(commands, options.time_limit) as fleet:
        if options.record:
            return 1 if record(paths, oracle_version, fleet) else 0
        print(f"{len(paths)} programs with {', '.join(names)}", flush=True)
        count = Count()
        compare(read_cases(paths, names, oracle_version, count), names, fleet, count)
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed or not count.passed else 0
