"""Makes a failing program smaller while it keeps failing in the same way.

An edit is a function that changes a copy of the program. What an edit leaves without meaning (a
name that nothing makes, a task that nobody spawns) is tidied away; what is still malformed then is
no candidate.
"""

import json
import time
from functools import partial
from itertools import islice

from language import HANDLERS, OPERATIONS, Checker, Malformed

UNMADE = object()


def shrink(program, fails, seconds=30.0):
    """The smallest program found within the time for which `fails(program)` holds."""
    until = time.monotonic() + seconds
    while True:
        before = program
        for edits in PASSES:
            program = _greedy(program, edits, fails, until)
        if program == before or time.monotonic() > until:
            return program


def size(program):
    """How many operations a program has."""
    return sum(len(ops) for _, ops in blocks(program))


def blocks(program):
    """(path, list of operations) of every body and everything inside, from outside to inside."""
    for name, body in program["tasks"].items():
        yield from _blocks(("tasks", name), body)


def _blocks(path, ops):
    yield path, ops
    for index, op in enumerate(ops):
        for position, value in enumerate(op[1:], 1):
            kind = OPERATIONS[op[0]].arguments[position - 1].kind
            if kind == "ops":
                yield from _blocks((*path, index, position), value)
            elif kind == "handlers":
                for key in value:
                    yield from _blocks((*path, index, position, key), value[key])


def _inside(op):
    """The lists of operations that an operation contains."""
    for argument, value in zip(OPERATIONS[op[0]].arguments, op[1:]):
        if argument.kind == "ops":
            yield value
        elif argument.kind == "handlers":
            yield from value.values()


def _greedy(program, edits, fails, until):
    """Applies the edits one after the other and keeps each after which the program still fails."""
    position = 0
    while time.monotonic() < until:
        edit = next(islice(edits(program), position, None), None)
        if edit is None:
            break
        candidate = apply(program, edit)
        if candidate is not None and candidate != program and fails(candidate):
            program = candidate  # the next edit has come to this position
        else:
            position += 1
    return program


def apply(program, edit):
    """The tidied copy after the edit; None if nothing valid is left."""
    candidate = json.loads(json.dumps(program))
    edit(candidate)
    tidy(candidate)
    try:
        Checker(candidate, candidate["name"]).check()
    except Malformed:
        return None
    return candidate


def at(program, path):
    for key in path:
        program = program[key]
    return program


# Edits

def fewer_runs(program):
    for index, run in enumerate(program["runs"]):
        yield partial(_delete, ("runs",), index, 1)
        for key in ("context", "interrupt_at"):
            if key in run:
                yield partial(_forget, ("runs", index), key)
        for position in range(len(run.get("interrupt_at", ()))):
            yield partial(_delete, ("runs", index, "interrupt_at"), position, 1)


def fewer_tasks(program):
    """Tasks that go, that are run at once, or whose body stands where they were spawned."""
    for name in program["tasks"]:
        yield partial(_forget, ("tasks",), name)
    for index, run in enumerate(program["runs"]):
        for name in program["tasks"]:
            if name != run["task"] and name != "main":
                yield partial(_put, ("runs", index), "task", name)
    for path, ops in blocks(program):
        for index, op in enumerate(ops):
            if op[0] in ("spawn", "gspawn"):
                yield partial(_replace, path, index, program["tasks"][op[2]])


def fewer_ops(program):
    """Whole bodies first, then halves, and so on."""
    lists = list(blocks(program))
    count = max((len(ops) for _, ops in lists), default=0)
    while count > 0:
        for path, ops in lists:
            if count == 1 or len(ops) > count // 2:
                for start in range(0, len(ops), count):
                    yield partial(_delete, path, start, count)
        count //= 2


def fewer_scopes(program):
    """A list that stands inside an operation in its place, and handlers that go."""
    for path, ops in blocks(program):
        for index, op in enumerate(ops):
            for inside in _inside(op):
                yield partial(_replace, path, index, inside)
            if op[0] == "try":
                for key in op[2]:
                    yield partial(_forget, (*path, index, 2), key)


def simpler_ops(program):
    for path, ops in blocks(program):
        for index, op in enumerate(ops):
            if op[0] == "gspawn":
                yield partial(_put, (*path, index), 0, "spawn")
            for position, argument in enumerate(OPERATIONS[op[0]].arguments, 1):
                if argument.kind in ("names", "some names"):
                    for number in range(len(op[position])):
                        yield partial(_delete, (*path, index, position), number, 1)
                elif argument.kind == "limit" and op[position] is not None:
                    yield partial(_put, (*path, index), position, None)


def lower_numbers(program):
    for path, key, number in list(_numbers(program)):
        for lower in dict.fromkeys((0, 1, number // 2, number - 1)):
            if 0 <= lower < number:
                yield partial(_put, path, key, lower)


def _numbers(program):
    for index, run in enumerate(program["runs"]):
        for position, number in enumerate(run.get("interrupt_at", ())):
            yield ("runs", index, "interrupt_at"), position, number
    for path, ops in blocks(program):
        for index, op in enumerate(ops):
            for position, value in enumerate(op[1:], 1):
                if type(value) is int:
                    yield (*path, index), position, value


PASSES = (fewer_runs, fewer_tasks, fewer_ops, fewer_scopes, simpler_ops, lower_numbers)


def _delete(path, start, count, program):
    del at(program, path)[start:start + count]


def _forget(path, key, program):
    del at(program, path)[key]


def _put(path, key, value, program):
    at(program, path)[key] = value


def _replace(path, index, inside, program):
    at(program, path)[index:index + 1] = json.loads(json.dumps(inside))


# Tidying

def tidy(program):
    """Takes away what has no meaning any more, until nothing of that kind is left."""
    tasks, runs = program["tasks"], program["runs"]
    while True:
        before = json.dumps(program)
        runs[:] = [run for run in runs if run["task"] in tasks]
        made = set(_made(program))
        for name in tasks:
            tasks[name] = _tidied(tasks[name], made, tasks, False, False)
        used = {op[2] for _, ops in blocks(program) for op in ops if op[0] in ("spawn", "gspawn")}
        for name in tasks.keys() - used - {run["task"] for run in runs}:
            del tasks[name]
        if json.dumps(program) == before:
            return


def _made(program):
    for _, ops in blocks(program):
        for op in ops:
            for argument, value in zip(OPERATIONS[op[0]].arguments, op[1:]):
                if argument.makes is not None:
                    yield argument.space, value


def _tidied(ops, made, tasks, in_group, in_handler):
    return [kept for op in ops if (kept := _kept(op, made, tasks, in_group, in_handler))]


def _kept(op, made, tasks, in_group, in_handler):
    """The operation with what is inside it tidied; None if it has to go."""
    if op[0] == "gspawn" and not in_group:
        op = ["spawn", *op[1:]]
    if op[0] == "raise" and not in_handler:
        return None
    opens = OPERATIONS[op[0]].opens
    in_group = opens == "group" or in_group and opens not in ("closable", "callback")
    in_handler = in_handler and opens not in ("closable", "callback")
    kept = [op[0]]
    for argument, value in zip(OPERATIONS[op[0]].arguments, op[1:]):
        value = _kept_value(argument, value, made, tasks, in_group, in_handler)
        if value is UNMADE:
            return None
        kept.append(value)
    return kept


def _kept_value(argument, value, made, tasks, in_group, in_handler):
    if argument.kind == "ops":
        return _tidied(value, made, tasks, in_group, in_handler)
    if argument.kind == "handlers":
        return {key: _tidied(value[key], made, tasks, in_group, key != "finally")
                for key in HANDLERS if key in value}
    if argument.kind in ("names", "some names"):
        names = [name for name in value if (argument.space, name) in made]
        return names if names or argument.kind == "names" else UNMADE
    if argument.kind == "task" and value not in tasks:
        return UNMADE
    is_used = argument.space is not None and argument.makes is None
    return UNMADE if is_used and (argument.space, value) not in made else value
