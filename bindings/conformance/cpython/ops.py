"""What the operations do: one function each.

Those that can wait are coroutines; they return a value if a `return` inside them was reached, and
None else. A value is passed along instead of being raised because `return` leaves a group or a
timeout without an error.
"""
from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from loop import OrderedGroup
from machine import Frame, Machine, find
from outcomes import (
    CATCHABLE,
    Failure,
    kind_of_error,
    outcome_of,
    outcome_of_error,
    outcome_of_result,
)

WAIT_MODES = {
    "first": asyncio.FIRST_COMPLETED,
    "first_error": asyncio.FIRST_EXCEPTION,
    "all": asyncio.ALL_COMPLETED,
}


async def run_ops(frame: Frame, ops: list) -> int | None:
    for op in ops:
        plain = PLAIN.get(op[0])
        if plain is not None:
            plain(frame, *op[1:])
        elif op[0] == "return":
            return op[1]
        else:
            value = await WAITING[op[0]](frame, *op[1:])
            if value is not None:
                return value
    return None


async def run_body(machine: Machine, path: str, ops: list) -> int:
    """The coroutine of a task; and what a closable does when it is closed."""
    asyncio.current_task().set_name(path)
    frame = Frame(machine, path)
    frame.trace("start")
    try:
        value = await run_ops(frame, ops) or 0
    except CATCHABLE as error:
        frame.trace(f"end {outcome_of_error(error)}")
        raise
    frame.trace(f"end value {value}")
    return value


async def closable(machine: Machine, path: str, ops: list) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await run_body(machine, path, ops)


# Operations that cannot wait


def log(frame: Frame, text: str):
    frame.trace(text)


def spawn_with(frame: Frame, create_task, name: str, task: str):
    """A task that is refused was not spawned: it has no number. CPython 3.13 closes the coroutine
    that a group refuses, older ones leave that to the caller."""
    machine = frame.machine
    number = machine.spawns.get(frame.path, 0) + 1
    body = run_body(machine, f"{frame.path}/{task}#{number}", machine.bodies[task])
    try:
        machine.handles[name] = create_task(body)
    except RuntimeError:
        body.close()
        raise
    machine.spawns[frame.path] = number


def spawn(frame: Frame, name: str, task: str):
    spawn_with(frame, asyncio.create_task, name, task)


def gspawn(frame: Frame, name: str, task: str):
    spawn_with(frame, frame.groups[-1].create_task, name, task)


def fail(_frame: Frame, error: str):
    raise Failure(error)


def raise_again(frame: Frame):
    raise frame.caught[-1]


def cancel(frame: Frame, name: str):
    """asyncio's cancel() of what has failed already makes it forget to report the failure, which is
    no part of the language: what is done is not asked."""
    future = find(frame.machine.handles, name)
    asked = not future.done() and future.cancel()
    frame.trace(f"cancel {name} {str(asked).lower()}")


def cancel_self(frame: Frame):
    frame.trace(f"cancel self {str(asyncio.current_task().cancel()).lower()}")


def cancelling(frame: Frame):
    frame.trace(f"cancelling {asyncio.current_task().cancelling()}")


def uncancel(frame: Frame):
    if frame.machine.interrupted and asyncio.current_task() is frame.machine.main:
        frame.machine.differs.add("R135")
    frame.trace(f"uncancel {asyncio.current_task().uncancel()}")


def state(frame: Frame, name: str):
    frame.trace(f"state {name} {outcome_of(find(frame.machine.handles, name))}")


def future(frame: Frame, name: str):
    frame.machine.handles[name] = frame.machine.loop.new_future()


def resolve(frame: Frame, name: str, value: int):
    settled = find(frame.machine.handles, name)
    if settled.done():
        frame.trace(f"settled {name}")
    else:
        settled.set_result(value)


def reject(frame: Frame, name: str, error: str):
    settled = find(frame.machine.handles, name)
    if settled.done():
        frame.trace(f"settled {name}")
    else:
        settled.set_exception(Failure(error))


def event_new(frame: Frame, name: str):
    frame.machine.primitive(frame.machine.events, name, asyncio.Event())


def event_set(frame: Frame, name: str):
    find(frame.machine.events, name).set()


def event_clear(frame: Frame, name: str):
    find(frame.machine.events, name).clear()


def lock_new(frame: Frame, name: str):
    frame.machine.primitive(frame.machine.locks, name, asyncio.Lock())


def sem_new(frame: Frame, name: str, value: int):
    frame.machine.primitive(frame.machine.semaphores, name, asyncio.Semaphore(value))


def queue_new(frame: Frame, name: str, most: int):
    frame.machine.primitive(frame.machine.queues, name, asyncio.Queue(most))


def call_soon(frame: Frame, ops: list):
    frame.machine.loop.call_soon(run_callback, frame.machine, ops)


def call_later(frame: Frame, ms: int, ops: list):
    frame.machine.loop.call_later(ms, run_callback, frame.machine, ops)


def var_set(frame: Frame, name: str, value: int):
    frame.machine.variable(name).set(value)


def var_get(frame: Frame, name: str):
    frame.trace(f"var {name} {frame.machine.variable(name).get('unset')}")


def run_callback(machine: Machine, ops: list):
    """Nobody could catch an error here: an operation on a name that is not bound does nothing."""
    frame = Frame(machine, "loop")
    for op in ops:
        try:
            PLAIN[op[0]](frame, *op[1:])
        except Failure:
            pass


# Operations that can wait


async def yield_turn(_frame: Frame):
    await asyncio.sleep(0)


async def sleep(_frame: Frame, ms: int):
    await asyncio.sleep(ms)


async def await_one(frame: Frame, name: str):
    future = find(frame.machine.handles, name)
    if future is asyncio.current_task() and future._asyncio_future_blocking:
        frame.machine.differs.add("R42")  # refused before, and told of an `await` that is none
    frame.trace(f"got {await future}")


async def shield(frame: Frame, name: str):
    inner = find(frame.machine.handles, name)
    try:
        frame.trace(f"got {await asyncio.shield(inner)}")
    except asyncio.CancelledError:
        if inner.done() and inner._exception is not None:  # asking for it would count as looking
            frame.machine.differs.add("R185")
        raise


async def gather(frame: Frame, names: list, return_errors: bool):
    futures = [find(frame.machine.handles, name) for name in names]
    results = await asyncio.gather(*futures, return_exceptions=return_errors)
    frame.trace(f"gathered [{', '.join(map(outcome_of_result, results))}]")


async def wait(frame: Frame, names: list, mode: str, ms: int | None):
    """What asyncio.wait() does, without the set that it makes of its argument: in which order it
    looks at futures that are done already decides whose error it takes."""
    futures = {find(frame.machine.handles, name): name for name in names}
    done, pending = await asyncio.tasks._wait(
        list(futures), ms, WAIT_MODES[mode], asyncio.get_running_loop()
    )
    lists = (
        " ".join(name for future, name in futures.items() if future in those)
        for those in (done, pending)
    )
    frame.trace("done [{}] pending [{}]".format(*lists))


async def group(frame: Frame, ops: list) -> int | None:
    async with OrderedGroup() as members:
        frame.groups.append(members)
        try:
            value = await run_ops(frame, ops)
        finally:
            frame.groups.pop()
    return value


async def timeout(frame: Frame, ms: int, ops: list) -> int | None:
    async with asyncio.timeout(ms):
        value = await run_ops(frame, ops)
    return value


async def event_wait(frame: Frame, name: str):
    await find(frame.machine.events, name).wait()


async def lock(frame: Frame, name: str, ops: list) -> int | None:
    async with find(frame.machine.locks, name):
        value = await run_ops(frame, ops)
    return value


async def sem(frame: Frame, name: str, ops: list) -> int | None:
    async with find(frame.machine.semaphores, name):
        value = await run_ops(frame, ops)
    return value


async def put(frame: Frame, name: str, value: int):
    await find(frame.machine.queues, name).put(value)


async def get(frame: Frame, name: str):
    frame.trace(f"got {await find(frame.machine.queues, name).get()}")


async def make_closable(frame: Frame, name: str, ops: list):
    """The first step of the generator does not wait; it makes the loop know it."""
    await anext(closable(frame.machine, f"{frame.path}/~{name}", ops))


async def repeat(frame: Frame, count: int, ops: list) -> int | None:
    for _ in range(count):
        value = await run_ops(frame, ops)
        if value is not None:
            return value
    return None


async def handled(frame: Frame, body: list, handlers: dict) -> int | None:
    try:
        return await run_ops(frame, body)
    except CATCHABLE as error:
        handler = handlers.get(kind_of_error(error))
        if handler is None:
            raise
        frame.caught.append(error)
        try:
            return await run_ops(frame, handler)
        finally:
            frame.caught.pop()


async def try_body(frame: Frame, body: list, handlers: dict) -> int | None:
    """`finally` is written out, as a body that is thrown away must not run it."""
    at_last = handlers.get("finally", [])
    try:
        value = await handled(frame, body, handlers)
    except CATCHABLE:
        value = await run_ops(frame, at_last)
        if value is None:
            raise
        return value
    instead = await run_ops(frame, at_last)
    return value if instead is None else instead


PLAIN = {
    "log": log,
    "spawn": spawn,
    "gspawn": gspawn,
    "fail": fail,
    "raise": raise_again,
    "cancel": cancel,
    "cancel_self": cancel_self,
    "cancelling": cancelling,
    "uncancel": uncancel,
    "state": state,
    "future": future,
    "resolve": resolve,
    "reject": reject,
    "event_new": event_new,
    "event_set": event_set,
    "event_clear": event_clear,
    "lock_new": lock_new,
    "sem_new": sem_new,
    "queue_new": queue_new,
    "call_soon": call_soon,
    "call_later": call_later,
    "var_set": var_set,
    "var_get": var_get,
}

WAITING = {
    "yield": yield_turn,
    "sleep": sleep,
    "await": await_one,
    "shield": shield,
    "gather": gather,
    "wait": wait,
    "group": group,
    "timeout": timeout,
    "event_wait": event_wait,
    "lock": lock,
    "sem": sem,
    "put": put,
    "get": get,
    "closable": make_closable,
    "repeat": repeat,
    "try": try_body,
}
