"""How errors and outcomes are called in a trace."""
from __future__ import annotations

import asyncio


class Failure(Exception):
    """An error of the language; its text is its name."""


CATCHABLE = (Exception, asyncio.CancelledError)
"""What handlers see. Not GeneratorExit: a body that is thrown away runs nothing any more."""


def kind_of_error(error: BaseException) -> str:
    """Which handler of `try` it belongs to."""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    if isinstance(error, BaseExceptionGroup):
        return "group"
    if isinstance(error, TimeoutError):
        return "timeout"
    return "error"


def outcome_of_error(error: BaseException) -> str:
    kind = kind_of_error(error)
    if kind == "group":
        return f"group [{', '.join(sorted(map(outcome_of_error, error.exceptions)))}]"
    if kind != "error":
        return kind
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, Failure):
        return f"error {error}"
    return f"error {type(error).__name__}"


def outcome_of_result(result) -> str:
    """Of an item of gather(): an error that is returned is as good as one that is raised."""
    if isinstance(result, BaseException):
        return outcome_of_error(result)
    return f"value {result}"


def outcome_of(future: asyncio.Future) -> str:
    """Looks at the outcome, which asyncio takes for retrieving it."""
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    return outcome_of_result(future.result() if error is None else error)
