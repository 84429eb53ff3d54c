"""The state of one program while it runs: its names and its trace."""
from __future__ import annotations

import asyncio
import contextvars

from loop import VirtualLoop
from outcomes import Failure, outcome_of_error


class Machine:
    """What all bodies and callbacks of a program share. Names live here, each kind by itself."""

    def __init__(self, program: dict, loop: VirtualLoop):
        self.bodies: dict[str, list] = program["tasks"]
        self.loop = loop
        self.lines: list[str] = []
        self.handles: dict[str, asyncio.Future] = {}
        self.events: dict[str, asyncio.Event] = {}
        self.locks: dict[str, asyncio.Lock] = {}
        self.semaphores: dict[str, asyncio.Semaphore] = {}
        self.queues: dict[str, asyncio.Queue] = {}
        self.variables: dict[str, contextvars.ContextVar] = {}
        self.spawns: dict[str, int] = {}
        self.main: asyncio.Task | None = None  # of the current run
        self.interrupted = False  # the current run, by a SIGINT
        self.differs: set[str] = set()  # the known defects of asyncio that the program has met
        loop.set_exception_handler(self.report)

    def trace(self, who: str, what: str):
        self.lines.append(f"{self.loop.now} {who} {what}")

    def report(self, _loop: VirtualLoop, context: dict):
        """The exception handler. A loop that is thrown away talks to nobody any more."""
        if self.loop.over:
            return
        who = "none"
        task = context.get("task") or context.get("future")
        if "asyncgen" in context:
            who = "closable"
        elif isinstance(task, asyncio.Task):
            who = task.get_name()
        error = context.get("exception")
        self.trace("report", f"{who} {'nothing' if error is None else outcome_of_error(error)}")

    def variable(self, name: str) -> contextvars.ContextVar:
        if name not in self.variables:
            self.variables[name] = contextvars.ContextVar(name)
        return self.variables[name]

    def primitive(self, names: dict, name: str, made):
        names[name] = made
        self.loop.primitives.append(made)


class Frame:
    """One body that runs: who it is, the groups that it is in, what its handlers have caught."""

    def __init__(self, machine: Machine, path: str):
        self.machine = machine
        self.path = path
        self.groups: list[asyncio.TaskGroup] = []
        self.caught: list[BaseException] = []

    def trace(self, what: str):
        self.machine.trace(self.path, what)


def find(names: dict, name: str):
    """What the name is bound to. Something in the program binds it, but perhaps not yet."""
    try:
        return names[name]
    except KeyError:
        raise Failure("NameError") from None
