"""Generates programs, holds every interpreter's trace against the oracle's, and shrinks what fails.

Program i of a seed depends on the seed and i alone: `--seed S --only i` does it again.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import generate
import interpreters
import shrink
import stream
import verdict
from interpreters import ORACLE

OUT = interpreters.SUITE.parent.parent / "build" / "fuzz"
WINDOW = 48
CHUNK = 64


class Found(NamedTuple):
    """A program for which an interpreter, or the oracle itself, fails. Without a program it is the
    end of a process that fails."""

    name: str
    failure: verdict.Failure
    program: dict | None


def failures(names, answers):
    """(interpreter, Failure) of one program's answers; only the oracle's own if it has one."""
    oracle = verdict.judge(answers[ORACLE])
    if oracle is not None:
        return [(ORACLE, oracle)]
    judged = ((name, verdict.compare(answers[name], answers[ORACLE])) for name in names
              if name != ORACLE)
    return [(name, failure) for name, failure in judged if failure is not None]


def search(programs, names, fleet, report, tick=lambda answers: None):
    """Calls report(Found) for each failure; every program goes through all interpreters."""
    for program in programs:
        fleet.add(program)
        while len(fleet) > WINDOW:
            take(names, fleet, report, tick)
    while len(fleet):
        take(names, fleet, report, tick)
    for name, end in fleet.close().items():
        report(Found(name, verdict.judge(end), None))


def take(names, fleet, report, tick):
    program, answers = fleet.take()
    for name, failure in failures(names, answers):
        report(Found(name, failure, program))
    tick(answers)


def reduce(found, commands, time_limit, seconds):
    """The shrunk program, its Failure and its answers. Where a fresh process does not fail, the
    program as it is: something that ran before it matters."""
    names = list(dict.fromkeys((ORACLE, found.name)))
    with stream.Fleet({name: commands[name] for name in names}, time_limit) as fleet:
        def fails(program):
            return any(name == found.name and failure.way == found.failure.way
                       for name, failure in failures(names, fleet.ask(program)))

        program, failure = found.program, found.failure
        if fails(program):
            program = shrink.shrink(program, fails, seconds)
            answers = fleet.ask(program)
            failure = dict(failures(names, answers)).get(found.name, failure)
        else:
            failure = verdict.Failure(failure.way, f"not in a fresh process: {failure.text}")
            answers = fleet.ask(program)
    return program, failure, answers


def save(folder, found, program, answers):
    """Writes the shrunk program, the original, and the traces; returns the stem of their names."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{found.program['name'].replace(' ', '-')}-{found.name}"
    for suffix, one in ((".json", program), (".original.json", found.program)):
        stem.with_name(stem.name + suffix).write_text(layout(one), encoding="utf-8")
    for name, answer in answers.items():
        failure = "" if answer.kind == "trace" else f"# {answer.kind} {answer.detail}\n"
        trace = stem.with_name(f"{stem.name}.{name}.trace")
        trace.write_text(answer.text + failure, encoding="utf-8")
    return stem


def layout(program):
    """JSON with a line for each task and each operation of its body."""
    def compact(value):
        return json.dumps(value, ensure_ascii=False)

    tasks = ",\n".join(
        f"    {compact(name)}: [" + ",".join(f"\n      {compact(op)}" for op in body) + "\n    ]"
        for name, body in program["tasks"].items())
    return (f'{{\n  "name": {compact(program["name"])},\n  "tasks": {{\n{tasks}\n  }},\n'
            f'  "runs": {compact(program["runs"])}\n}}\n')


class Counts(NamedTuple):
    """What all processes count together."""

    programs: object
    defects: object  # programs that show a known defect of asyncio, and are not compared

    def count(self, answers):
        for counter, more in zip(self, (1, answers[ORACLE].kind == "trace"
                                        and answers[ORACLE].detail != "")):
            with counter.get_lock():
                counter.value += more


def work(options, names, part, counts, stop, results):
    """One of several processes: every chunk of programs whose number is its own."""
    commands = {name: interpreters.stream_command(name) for name in names}

    def programs():
        for index in indexes(options, part):
            if stop.is_set():
                break
            yield generate.program(options.seed, index)

    def report(found):
        if stop.is_set():
            return
        if found.program is None:
            results.put((found.name, found.failure.text, None))
            return
        program, failure, answers = reduce(found, commands, options.time_limit, options.shrink)
        stem = save(options.out, found, program, answers)
        results.put((found.name, failure.text, str(stem)))

    try:
        with stream.Fleet(commands, options.time_limit) as fleet:
            search(programs(), names, fleet, report, counts.count)
    except KeyboardInterrupt:
        pass  # the terminal's; the parent has it too


def indexes(options, part):
    if options.only is not None:
        return (options.only,) if part == 0 else ()
    return (index for start in range(part * CHUNK, options.count, options.jobs * CHUNK)
            for index in range(start, min(start + CHUNK, options.count)))


def fuzz(options, names):
    """Returns how many programs there were, how many of them with known defects, and how many
    failures."""
    counts = Counts(multiprocessing.Value("q", 0), multiprocessing.Value("q", 0))
    stop = multiprocessing.Event()
    results = multiprocessing.SimpleQueue()
    workers = [multiprocessing.Process(target=work, daemon=True,
                                       args=(options, names, part, counts, stop, results))
               for part in range(options.jobs)]
    for worker in workers:
        worker.start()
    failed = 0
    while any(worker.is_alive() for worker in workers) or not results.empty():
        if results.empty():
            time.sleep(0.05)
            continue
        name, text, stem = results.get()
        failed += 1
        print(f"FAIL {name}: {text}\n  {stem}.json" if stem else f"FAIL {name}: {text}", flush=True)
        if failed >= options.failures and not stop.is_set():
            stop.set()
            print(f"stopped after {failed} failures", flush=True)
    crashed = sum(worker.exitcode != 0 for worker in workers)
    return counts.programs.value, counts.defects.value, failed + crashed


def parse(arguments):
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default="1", metavar="S", help="number or text (default 1)")
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="default 1000")
    parser.add_argument("--only", type=int, metavar="I", help="only the program of this index")
    parser.add_argument("--print", action="store_true", help="print the programs, run nothing")
    parser.add_argument("--langs", metavar="c,…", help="only these (default: all that are built)")
    parser.add_argument("--out", type=Path, default=OUT, metavar="FOLDER",
                        help=f"where failing programs go (default {OUT})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N",
                        help="how many of each interpreter at a time (default: as many as cores)")
    parser.add_argument("--failures", type=int, default=10, metavar="N",
                        help="stop after so many (default 10)")
    parser.add_argument("--shrink", type=float, default=30, metavar="S",
                        help="seconds for shrinking one program (default 30)")
    parser.add_argument("--time-limit", type=float, default=10, metavar="S",
                        help="seconds for one program (default 10)")
    options = parser.parse_args(arguments)
    if options.jobs < 1 or options.count < 0:
        parser.error("--jobs must be at least 1, --count not negative")
    options.names = None
    if not options.print:
        try:
            wanted = interpreters.choose(options.langs)
        except LookupError as error:
            parser.error(str(error))
        options.names = list(dict.fromkeys((ORACLE, *wanted)))
        if options.names == [ORACLE]:
            parser.error("no interpreter is built that could be compared with the oracle")
    return options


def main(arguments=None):
    options = parse(arguments)
    if options.print:
        for index in indexes(argparse.Namespace(**{**vars(options), "jobs": 1}), 0):
            print(json.dumps(generate.program(options.seed, index), ensure_ascii=False))
        return 0
    begun = time.monotonic()
    try:
        count, defects, failed = fuzz(options, options.names)
    except KeyboardInterrupt:
        return 130
    seconds = time.monotonic() - begun
    print(f"{count} programs with {', '.join(options.names)} in {seconds:.1f} s "
          f"({count / seconds:.0f} a second), {defects} of them show defects of asyncio and were "
          f"only run, {failed} failures")
    return 1 if failed else 0
