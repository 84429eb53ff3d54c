"""Programs through long-lived interpreters: one process for each, fed while it works.

An interpreter in `--stream` mode reads a program a line and has written out the whole trace of one
before it begins the next. So the programs that follow can be written early, and when a process ends
or hangs, the first program without an answer is the one that did it.
"""

import json
import os
import re
import select
import signal
import subprocess
import tempfile
import time
from collections import deque
from typing import NamedTuple

ANSWER_END = re.compile(rb"^# (end[^\n]*|malformed [^\n]*)\n", re.MULTILINE)
STDERR_SHOWN = 4000
UNATTENDED = 1.0
"""Seconds after which a fleet that nobody turned does not hold the time against its processes."""


class Answer(NamedTuple):
    """What an interpreter made of a program.

    `kind` is "trace", "malformed", "crash" or "hang". `text` is the trace, or as much of it as
    came. `detail` tells more of what is not a trace; of the oracle's trace, the rows of known
    defects that it shows ("R87 R130").
    """

    kind: str
    text: str
    detail: str = ""


class Interpreter:
    """One interpreter; its process is started when there is a program, and again after it ended."""

    def __init__(self, name, command, time_limit):
        self.name = name
        self.command = command
        self.time_limit = time_limit
        self.process = None
        self.waiting = deque()  # (key, line) of every program without an answer
        self.unwritten = b""
        self.unread = bytearray()
        self.answers = []  # (key, Answer) that nobody has taken
        self.begun = 0.0  # when the first of the waiting came to be the first

    def add(self, key, program):
        line = json.dumps(program, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if self.process is None:
            self._start()
        if not self.waiting:
            self.begun = time.monotonic()
        self.waiting.append((key, line))
        self.unwritten += line

    def write(self):
        try:
            written = os.write(self.process.stdin.fileno(), self.unwritten)
            self.unwritten = self.unwritten[written:]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self.unwritten = b""  # the end of its output tells the rest

    def read(self):
        data = os.read(self.process.stdout.fileno(), 1 << 18)
        if not data:
            self._ended()
            return
        self.unread += data
        begin = 0
        for found in ANSWER_END.finditer(self.unread):
            self._take(bytes(self.unread[begin:found.start()]), found[1].decode())
            begin = found.end()
        del self.unread[:begin]

    def check_time(self):
        if self.waiting and time.monotonic() - self.begun > self.time_limit:
            self._kill()
            self._fail("hang", f"no answer after {self.time_limit:g} s")

    def close(self):
        """Ends the process; an Answer if that does not go well: tools that look for leaks say so
        at the end."""
        if self.process is None:
            return None
        self.process.stdin.close()
        try:
            status = self.process.wait(self.time_limit)
        except subprocess.TimeoutExpired:
            self._kill()
            return Answer("hang", "", f"does not end at the end of its input\n{self._stderr()}")
        answer = Answer("crash", "", f"{_status(status)} at the end\n{self._stderr()}")
        self._forget()
        return answer if status != 0 else None

    def kill(self):
        if self.process is not None:
            self._kill()
            self._forget()

    def _start(self):
        self.stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.stderr, start_new_session=True,
                                        preexec_fn=_take_sigint)
        os.set_blocking(self.process.stdin.fileno(), False)
        self.unread.clear()
        self.unwritten = b"".join(line for _, line in self.waiting)
        self.begun = time.monotonic()

    def _take(self, trace, end):
        if not self.waiting:
            return
        text = trace.decode("utf-8", "replace")
        if text.startswith("# "):
            text = text.partition("\n")[2]  # the program's name
        kind, _, detail = end.partition(" ")
        self._answer(Answer("trace" if kind == "end" else kind, text, detail))

    def _answer(self, answer):
        key, _ = self.waiting.popleft()
        self.answers.append((key, answer))
        self.begun = time.monotonic()

    def _ended(self):
        status = self.process.wait()
        self._fail("crash", _status(status))

    def _fail(self, kind, detail):
        """The first program that waits has failed; the rest goes to a new process."""
        detail = f"{detail}\n{self._stderr()}".rstrip("\n")
        partial = bytes(self.unread).decode("utf-8", "replace")
        self._forget()
        if self.waiting:
            self._answer(Answer(kind, partial, detail))
        if self.waiting:
            self._start()

    def _stderr(self):
        size = self.stderr.seek(0, os.SEEK_END)
        self.stderr.seek(max(0, size - STDERR_SHOWN))
        return self.stderr.read().decode("utf-8", "replace")

    def _kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def _forget(self):
        for stream in (self.process.stdin, self.process.stdout, self.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass
        self.process = None
        self.unwritten = b""
        self.unread.clear()


class Fleet:
    """Several interpreters that are given the same programs."""

    def __init__(self, commands, time_limit=10.0):
        self.interpreters = {name: Interpreter(name, command, time_limit)
                             for name, command in commands.items()}
        self.jobs = deque()  # (key, program, names)
        self.answers = {}  # key -> {name: Answer}
        self.made = 0
        self.turned = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for interpreter in self.interpreters.values():
            interpreter.kill()

    def __len__(self):
        return len(self.jobs)

    def add(self, program, names=None):
        """Gives a program to all interpreters, or to those named."""
        key, names = self.made, list(names or self.interpreters)
        self.made += 1
        self.jobs.append((key, program, names))
        self.answers[key] = {}
        for name in names:
            self.interpreters[name].add(key, program)
        self._turn(0)

    def take(self):
        """The program that was given first and is still here, and {name: Answer}."""
        key, program, names = self.jobs[0]
        while len(self.answers[key]) < len(names):
            self._turn(0.5)
        self.jobs.popleft()
        return program, self.answers.pop(key)

    def ask(self, program, names=None):
        """The answers to one program, with nothing else under way."""
        self.add(program, names)
        return self.take()[1]

    def close(self):
        """Ends all processes: {name: Answer} of those that do not end well."""
        ends = {name: one.close() for name, one in self.interpreters.items()}
        return {name: end for name, end in ends.items() if end is not None}

    def _turn(self, seconds):
        running = [one for one in self.interpreters.values() if one.process is not None]
        now = time.monotonic()
        if now - self.turned > UNATTENDED:
            for one in running:
                one.begun = now
        self.turned = now
        readers = {one.process.stdout.fileno(): one for one in running}
        writers = {one.process.stdin.fileno(): one for one in running if one.unwritten}
        readable, writable, _ = select.select(readers, writers, (), seconds)
        for descriptor in writable:
            writers[descriptor].write()
        for descriptor in readable:
            readers[descriptor].read()
        for one in running:
            one.check_time()
            for key, answer in one.answers:
                self.answers[key][one.name] = answer
            one.answers.clear()


def _take_sigint():
    """Programs raise SIGINT. In the background it is ignored, which would be inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _status(status):
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"
