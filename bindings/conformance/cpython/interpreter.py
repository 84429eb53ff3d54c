#!/usr/bin/env python3
"""The oracle: runs programs of the task language on asyncio and prints their traces.

    interpreter.py FILE...      the traces of programs
    interpreter.py --stream     one program a line on stdin
    interpreter.py --version    of CPython

README.md beside this folder is the contract. CPython 3.11 or newer.
"""
from __future__ import annotations

import asyncio
import contextvars
import gc
import pathlib
import platform
import signal
import sys
import warnings

PROGRAMS_PER_COLLECTION = 20

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))

from language import Malformed, load  # noqa: E402  (the path comes first)
from loop import Deadlock, VirtualLoop  # noqa: E402
from machine import Machine  # noqa: E402
from ops import run_body  # noqa: E402
from outcomes import outcome_of_error  # noqa: E402


def raise_sigint(machine: Machine):
    if machine.main.done():
        machine.differs.add("R130")
    machine.interrupted = True
    signal.raise_signal(signal.SIGINT)


async def be_main(machine: Machine, task: str) -> int:
    machine.main = asyncio.current_task()
    return await run_body(machine, task, machine.bodies[task])


def do_run(runner: asyncio.Runner, machine: Machine, run: dict) -> str:
    """One run; its outcome."""
    loop = runner.get_loop()
    machine.interrupted = False
    signals = [loop.call_later(ms, raise_sigint, machine) for ms in run.get("interrupt_at", ())]
    context = contextvars.Context() if "context" in run else None
    task = run["task"]
    try:
        value = runner.run(be_main(machine, task), context=context)
    except Deadlock:
        return "deadlock"
    except BaseException as error:
        return outcome_of_error(error)
    finally:
        for timer in signals:
            timer.cancel()
    return f"value {value}"


def do_close(runner: asyncio.Runner, machine: Machine) -> str:
    """The shutdown, and then the failures that nobody took; how it ended."""
    loop = machine.loop
    loop.closing = True
    before = len(loop.futures)
    how = ""
    try:
        runner.close()
    except Exception as error:  # a circle of tasks, which is not in the suite
        how = f" {outcome_of_error(error)}"
    late = [future for future in loop.futures[before:] if isinstance(future, asyncio.Task)]
    if any(not task.done() for task in late if task not in loop.closing_tasks()):
        machine.differs.add("R87")
    if loop.late_closable:
        machine.differs.add("R96")
    if loop.left_behind:
        machine.differs.add("R97")
    for future in loop.futures:
        # By this flag CPython decides, when it collects a future, whether to tell of its error.
        if future._log_traceback:
            loop.call_exception_handler(
                {"message": "", "exception": future.exception(), "future": future}
            )
    return f"closed{' deadlock' if loop.stuck else how}"


def trace_of(program: dict) -> tuple[list[str], set[str]]:
    """The trace, and the rows that it is no oracle for."""
    loop = VirtualLoop()
    machine = Machine(program, loop)
    runner = asyncio.Runner(debug=False, loop_factory=lambda: loop)
    try:
        for index, run in enumerate(program["runs"]):
            outcome = do_run(runner, machine, run)
            machine.trace("run", f"{index} {outcome}")
        end = do_close(runner, machine)
        machine.lines.append(f"{loop.now} {end}")
    finally:
        loop.throw_away()
    return machine.lines, machine.differs


def lines_of(data: bytes, file: str) -> tuple[list[str], set[str]]:
    program = load(data, file)
    lines, differs = trace_of(program)
    return [f"# {program['name']}", *lines], differs


def emit(lines: list[str]):
    sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode())
    sys.stdout.buffer.flush()


def stream():
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            lines, differs = lines_of(line, "-")
            emit([*lines, " ".join(["# end", *sorted(differs)])])
        except Malformed as malformed:
            emit([f"# malformed {malformed}"])
        if number % PROGRAMS_PER_COLLECTION == 0:
            gc.collect()


def read(file: str) -> bytes:
    try:
        return pathlib.Path(file).read_bytes()
    except OSError:
        raise Malformed(pathlib.Path(file).name, "cannot be read") from None


def files(names: list[str]) -> int:
    for name in names:
        try:
            emit(lines_of(read(name), pathlib.Path(name).name)[0])
        except Malformed as malformed:
            sys.stderr.buffer.write(f"{malformed}\n".encode())
            return 2
    return 0


def main() -> int:
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"CPython {platform.python_version()}")
        return 0
    if not arguments or (arguments[0].startswith("--") and arguments != ["--stream"]):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 1
    # Runner takes SIGINT only where it is as Python leaves it, and a shell's background jobs begin
    # with a SIGINT that is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.simplefilter("ignore")
    # What is thrown away must not run inside another program: garbage goes between two of them. All
    # that is there already is left out of the collections, which makes them cheap.
    gc.disable()
    gc.freeze()
    if arguments == ["--stream"]:
        stream()
        return 0
    return files(arguments)


if __name__ == "__main__":
    sys.exit(main())
