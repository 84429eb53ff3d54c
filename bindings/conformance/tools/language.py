"""The task language: the table of its operations, and the check of whole programs.

The table is read by the check below and by whoever makes programs. The check finds the first
offence in the order that README.md lays down, in its words; every interpreter has one of its own
that says the same.
"""
from __future__ import annotations

import json
import re
from dataclasses import dataclass

MOST = 2**53
"""Numbers go from -MOST to MOST: a double, all that some languages have, holds them exactly."""

MODES = ("first", "first_error", "all")
HANDLERS = ("cancelled", "error", "timeout", "group", "finally")
NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
ERROR_NAME = re.compile(r"[A-Z][A-Za-z]*", re.ASCII)


@dataclass(frozen=True)
class Argument:
    """One argument of an operation.

    `space` is the namespace of a name: "handle", "event", "lock", "semaphore" or "queue"; a
    variable and a closable need none, as nothing has to make them. `makes` tells what kind of thing
    the operation binds the name to: "task", "future", or the namespace itself. `needs` narrows a
    handle that is only used.
    """

    kind: str
    space: str | None = None
    makes: str | None = None
    needs: str | None = None


@dataclass(frozen=True)
class Operation:
    """`opens` tells what stands inside: "block", "group", "closable", "callback" or "try"."""

    arguments: tuple[Argument, ...] = ()
    callback: bool = False
    opens: str | None = None


TEXT = Argument("text")
NUMBER = Argument("number")
TIME = Argument("time")
COUNT = Argument("count")
TASK = Argument("task")
OPS = Argument("ops")
ERROR = Argument("error")
VARIABLE = Argument("name")
HANDLE = Argument("name", "handle")
HANDLES = Argument("names", "handle")
FUTURE = Argument("name", "handle", needs="future")
NEW_TASK = Argument("name", "handle", makes="task")
NEW_FUTURE = Argument("name", "handle", makes="future")
EVENT, NEW_EVENT = Argument("name", "event"), Argument("name", "event", makes="event")
LOCK, NEW_LOCK = Argument("name", "lock"), Argument("name", "lock", makes="lock")
SEMAPHORE = Argument("name", "semaphore")
NEW_SEMAPHORE = Argument("name", "semaphore", makes="semaphore")
QUEUE, NEW_QUEUE = Argument("name", "queue"), Argument("name", "queue", makes="queue")

OPERATIONS: dict[str, Operation] = {
    "log": Operation((TEXT,), callback=True),
    "yield": Operation(),
    "sleep": Operation((TIME,)),
    "spawn": Operation((NEW_TASK, TASK)),
    "await": Operation((HANDLE,)),
    "return": Operation((NUMBER,)),
    "fail": Operation((ERROR,)),
    "raise": Operation(),
    "try": Operation((OPS, Argument("handlers")), opens="try"),
    "cancel": Operation((HANDLE,), callback=True),
    "cancel_self": Operation(),
    "cancelling": Operation(),
    "uncancel": Operation(),
    "state": Operation((HANDLE,)),
    "future": Operation((NEW_FUTURE,)),
    "resolve": Operation((FUTURE, NUMBER), callback=True),
    "reject": Operation((FUTURE, ERROR), callback=True),
    "shield": Operation((HANDLE,)),
    "gather": Operation((HANDLES, Argument("flag"))),
    "wait": Operation((Argument("some names", "handle"), Argument("mode"), Argument("limit"))),
    "group": Operation((OPS,), opens="group"),
    "gspawn": Operation((NEW_TASK, TASK)),
    "timeout": Operation((TIME, OPS), opens="block"),
    "event_new": Operation((NEW_EVENT,)),
    "event_set": Operation((EVENT,), callback=True),
    "event_clear": Operation((EVENT,)),
    "event_wait": Operation((EVENT,)),
    "lock_new": Operation((NEW_LOCK,)),
    "lock": Operation((LOCK, OPS), opens="block"),
    "sem_new": Operation((NEW_SEMAPHORE, COUNT)),
    "sem": Operation((SEMAPHORE, OPS), opens="block"),
    "queue_new": Operation((NEW_QUEUE, COUNT)),
    "put": Operation((QUEUE, NUMBER)),
    "get": Operation((QUEUE,)),
    "call_soon": Operation((OPS,), callback=True, opens="callback"),
    "call_later": Operation((TIME, OPS), callback=True, opens="callback"),
    "var_set": Operation((VARIABLE, NUMBER)),
    "var_get": Operation((VARIABLE,)),
    "closable": Operation((VARIABLE, OPS), opens="closable"),
    "repeat": Operation((COUNT, OPS), opens="block"),
}


def is_number(value) -> bool:
    return type(value) is int and -MOST <= value <= MOST


def is_natural(value) -> bool:
    return is_number(value) and value >= 0


def is_text(value) -> bool:
    """Control characters are out: a trace has one line for each event."""
    return isinstance(value, str) and min(value, default=" ") >= " "


def is_name(value) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def is_names(value) -> bool:
    return isinstance(value, list) and all(is_name(name) for name in value)


def is_handlers(value) -> bool:
    return isinstance(value, dict) and all(
        isinstance(ops, list) for key, ops in value.items() if key in HANDLERS
    )


# What an argument of each kind must be, in the words of the report, and whether a value is that.
KINDS = {
    "text": ("a text", is_text),
    "number": ("a number", is_number),
    "time": ("a time", is_natural),
    "count": ("a count", is_natural),
    "name": ("a name", is_name),
    "names": ("a list of names", is_names),
    "some names": ("a list of names", lambda value: is_names(value) and value != []),
    "error": ("an error name",
              lambda value: isinstance(value, str) and ERROR_NAME.fullmatch(value) is not None),
    "task": ("a task", lambda value: isinstance(value, str)),
    "ops": ("a list of operations", lambda value: isinstance(value, list)),
    "handlers": ("handlers", is_handlers),
    "flag": ("true or false", lambda value: isinstance(value, bool)),
    "mode": ("a mode", lambda value: isinstance(value, str) and value in MODES),
    "limit": ("a time or null", lambda value: value is None or is_natural(value)),
}


class Malformed(Exception):
    """What is wrong with a program: the whole line for stderr."""

    def __init__(self, program: str, *parts: str):
        line = ": ".join(("conformance", program, *parts))
        super().__init__("".join(char if char >= " " else "?" for char in line))


@dataclass(frozen=True)
class Place:
    """Where an operation stands, as far as that decides what is allowed there."""

    group: bool = False
    handler: bool = False
    callback: bool = False

    def inside(self, opens: str) -> Place:
        if opens == "group":
            return Place(group=True, handler=self.handler)
        if opens == "closable":
            return Place()
        if opens == "callback":
            return Place(callback=True)
        return self


class Checker:
    """Goes through a program in the documented order and raises Malformed at the first offence."""

    def __init__(self, program: dict, name: str):
        self.program = program
        self.name = name
        self.task = ""
        self.makers: dict[tuple[str, str], set[str]] = {}
        self.seen: dict[tuple[str, str], str] = {}

    def fail(self, *parts: str):
        raise Malformed(self.name, *parts)

    def check(self):
        self.keys(self.program, ("name", "tasks", "runs"), ("min_version", "differs"))
        if not is_program_name(self.program["name"]):
            self.fail('"name" must be a text')
        self.tasks(self.program["tasks"])
        self.runs(self.program["runs"])
        for key in ("min_version", "differs"):
            if not isinstance(self.program.get(key, ""), str):
                self.fail(f'"{key}" must be a text')

    def keys(self, value, needed: tuple[str, ...], allowed: tuple[str, ...], *where: str):
        for key in needed:
            if key not in value:
                self.fail(*where, f'missing key "{key}"')
        for key in value:
            if key not in needed and key not in allowed:
                self.fail(*where, f'unknown key "{key}"')

    def tasks(self, tasks):
        if not isinstance(tasks, dict):
            self.fail('"tasks" must be an object')
        for body in tasks.values():
            self.collect(body)
        for task, body in tasks.items():
            if not is_name(task):
                self.fail(f'bad task name "{task}"')
            self.task = task
            if not isinstance(body, list):
                self.fail(f"task {task}", "body must be a list")
            self.ops(body, "", Place())

    def runs(self, runs):
        if not isinstance(runs, list):
            self.fail('"runs" must be a list')
        if not runs:
            self.fail('"runs" must not be empty')
        for index, run in enumerate(runs):
            where = f"run {index}"
            if not isinstance(run, dict):
                self.fail(where, "not a JSON object")
            self.keys(run, ("task",), ("context", "interrupt_at"), where)
            if not isinstance(run["task"], str):
                self.fail(where, '"task" must be a text')
            if run["task"] not in self.program["tasks"]:
                self.fail(where, f'undefined task "{run["task"]}"')
            if run.get("context", "fresh") != "fresh":
                self.fail(where, '"context" must be "fresh"')
            times = run.get("interrupt_at", [])
            if not isinstance(times, list) or len(times) > 2 or not all(map(is_natural, times)):
                self.fail(where, '"interrupt_at" must be a list of at most 2 times')

    def collect(self, ops):
        """What the program makes, before the check: an operation may stand above the one that makes
        what it names. Reads past anything that is malformed."""
        for op in ops if isinstance(ops, list) else ():
            known = isinstance(op, list) and op and isinstance(op[0], str)
            operation = OPERATIONS.get(op[0]) if known else None
            for argument, value in zip(operation.arguments, op[1:]) if operation else ():
                if argument.makes is not None and is_name(value):
                    self.makers.setdefault((argument.space, value), set()).add(argument.makes)
                elif argument.kind == "ops":
                    self.collect(value)
                elif argument.kind == "handlers" and isinstance(value, dict):
                    for key in HANDLERS:
                        self.collect(value.get(key))

    def ops(self, ops: list, prefix: str, place: Place):
        """`prefix` and a position are the index of an operation."""
        for position, op in enumerate(ops):
            self.op(op, prefix, position, place)

    def op(self, op, prefix: str, position: int, place: Place):
        reason = self.offence(op, place)
        if reason is not None:
            self.fail(f"task {self.task}, op {prefix}{position}", reason)
        opens = OPERATIONS[op[0]].opens
        if opens == "try":
            self.handlers(op, f"{prefix}{position}.", place)
        elif opens is not None:
            self.ops(op[-1], f"{prefix}{position}.", place.inside(opens))

    def offence(self, op, place: Place) -> str | None:
        """What is wrong with one operation, apart from those inside it."""
        if not isinstance(op, list) or not op or not isinstance(op[0], str):
            return "not an operation"
        name = op[0]
        operation = OPERATIONS.get(name)
        if operation is None:
            return f'unknown operation "{name}"'
        if place.callback and not operation.callback:
            return f'"{name}" cannot be used in a callback'
        if name == "gspawn" and not place.group:
            return '"gspawn" outside of a group'
        if name == "raise" and not place.handler:
            return '"raise" outside of a handler'
        takes, got = len(operation.arguments), len(op) - 1
        if got != takes:
            return f'"{name}" takes {takes} argument{"" if takes == 1 else "s"}, got {got}'
        for number, argument in enumerate(operation.arguments, 1):
            reason = self.argument(name, number, argument, op[number])
            if reason is not None:
                return reason
        return None

    def argument(self, op: str, number: int, argument: Argument, value) -> str | None:
        if argument.kind == "handlers" and isinstance(value, dict):
            for key in value:
                if key not in HANDLERS:
                    return f'unknown handler "{key}"'
        words, is_one = KINDS[argument.kind]
        if not is_one(value):
            return f'argument {number} of "{op}" must be {words}'
        if argument.kind == "task" and value not in self.program["tasks"]:
            return f'undefined task "{value}"'
        if argument.space is not None:
            for name in value if isinstance(value, list) else (value,):
                reason = self.reference(argument, name)
                if reason is not None:
                    return reason
        return None

    def reference(self, argument: Argument, name: str) -> str | None:
        """Whether a name of a handle, an event and so on means what the operation takes it for."""
        if argument.makes is not None:
            as_before = self.seen.setdefault((argument.space, name), argument.makes)
            if as_before != argument.makes:
                return f'"{name}" is both a task and a future'
            return None
        made = self.makers.get((argument.space, name))
        if made is None:
            return f'undefined name "{name}"'
        if argument.needs is not None and argument.needs not in made:
            return f'"{name}" is not a future'
        return None

    def handlers(self, op: list, prefix: str, place: Place):
        self.ops(op[1], f"{prefix}body.", place)
        for key in HANDLERS:
            if key in op[2]:
                caught = Place(group=place.group, handler=key != "finally")
                self.ops(op[2][key], f"{prefix}{key}.", caught)


def is_program_name(value) -> bool:
    return is_text(value) and value != ""


def refuse_constant(word: str):
    raise ValueError(f"{word} is not JSON")


def decode(data: bytes) -> object:
    """The JSON value of a text; ValueError also for what Python reads though it is no JSON."""
    value = json.loads(data.decode("utf-8"), parse_constant=refuse_constant)
    if b"\\u" in data:
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair
    return value


def load(data: bytes, file: str) -> dict:
    """The program that the text holds, checked. `file` names it where it has no name of its own."""
    try:
        program = decode(data)
    except (ValueError, RecursionError):
        raise Malformed(file, "not a JSON object") from None
    if not isinstance(program, dict):
        raise Malformed(file, "not a JSON object")
    name = program.get("name")
    Checker(program, name if is_program_name(name) else file).check()
    return program
