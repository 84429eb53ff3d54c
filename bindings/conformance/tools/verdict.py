"""Whether two answers to a program are the same, and how to say where they are not."""

from itertools import zip_longest
from typing import NamedTuple

CONTEXT = 3
EVENTS = frozenset("start end got cancel cancelling uncancel state settled gathered done "
                   "var".split())
OUTCOME_AT = {"end": 3, "state": 4, "report": 3, "run": 3}
NOTHING = "(nothing)"


class Failure(NamedTuple):
    """What is wrong with one interpreter's answer.

    `way` is what stays the same while a program shrinks; `text` is for the reader.
    """

    way: tuple
    text: str


def judge(answer, expected=None, source="expected"):
    """A Failure, or None if the answer is a trace, and the expected one if that is known."""
    if answer.kind == "malformed":
        return Failure(("malformed",), f"malformed: {answer.detail}")
    if answer.kind != "trace":
        return Failure(_way_of_end(answer), f"{answer.kind}: {_with_trace(answer)}")
    if expected is None or answer.text == expected:
        return None
    return _difference(answer.text, expected, source)


def compare(answer, oracle):
    """A Failure if an interpreter's answer is not the trace of the oracle; where that trace shows a
    defect of asyncio, only if it is none at all."""
    is_right = oracle.kind == "trace" and not oracle.detail
    return judge(answer, oracle.text if is_right else None, "cpython")


def _difference(got, expected, source):
    wanted_lines, got_lines = _lines(expected), _lines(got)
    pairs = enumerate(zip_longest(wanted_lines, got_lines, fillvalue=NOTHING))
    number, (wanted, found) = next((number, pair) for number, pair in pairs if pair[0] != pair[1])
    width = max(len(source), len("got"))
    before = wanted_lines[max(0, number - CONTEXT):number]
    text = "".join(f"  {'':{width}}  {line}\n" for line in before)
    text += f"  {source:{width}}: {wanted}\n  {'got':{width}}: {found}"
    return Failure(("differs", _word(wanted), _word(found)), f"line {number + 1} differs\n{text}")


def _lines(trace):
    """The lines; where the last line break is missing, the last line is another one."""
    *lines, rest = trace.split("\n")
    return [*lines, f"{rest} (without a line break)"] if rest else lines


def _word(line):
    """What kind of line it is: the event, with the kind of its outcome."""
    parts = line.split(" ")
    if line == NOTHING or len(parts) < 2:
        return line
    who, event = parts[1], parts[2] if len(parts) > 2 else ""
    if who == "closed":
        return " ".join(parts[1:])
    if who in OUTCOME_AT:
        return " ".join([who, *parts[OUTCOME_AT[who]:][:1]])
    if event in OUTCOME_AT and len(parts) > OUTCOME_AT[event]:
        return f"{event} {parts[OUTCOME_AT[event]]}"
    return event if event in EVENTS else "text"


def _way_of_end(answer):
    return (answer.kind, answer.detail.partition("\n")[0])


def _with_trace(answer):
    trace = "".join(f"    {line}\n" for line in answer.text.splitlines()[-CONTEXT:])
    return answer.detail + (f"\n  the trace ended with\n{trace}" if trace else "")
