"""Which interpreters exist, and how they are started. `run` knows where they are."""

import os
import subprocess
from pathlib import Path

SUITE = Path(__file__).resolve().parent.parent
RUN = SUITE / "run"
ORACLE = "cpython"
NOT_INTERPRETERS = {"programs", "tests", "tools"}
VARIANTS = {"host"}
"""Interpreters that share the folder of another one."""
VARIABLES = {"CONFORMANCE_C": ("c", "C"), "CONFORMANCE_GO": ("go", "Go"),
             "CONFORMANCE_RUBY": ("ruby", "Ruby"), "CONFORMANCE_NODE": ("node", "JavaScript")}
"""What names a program that is built already."""


def stream_command(name):
    return [str(RUN), name, "--stream"]


def built():
    """The names of all interpreters that can be started, the oracle first."""
    folders = {path.name for path in SUITE.iterdir() if path.is_dir()} - NOT_INTERPRETERS
    names = sorted(folders | VARIANTS, key=lambda name: (name != ORACLE, name))
    return [name for name in names if _run(name, "--probe").returncode == 0]


def choose(wanted):
    """The interpreters for `--langs`: all that are built, or those named, which have to be."""
    found = built()
    if ORACLE not in found:
        raise LookupError("no CPython for the oracle")
    for variable, (name, language) in VARIABLES.items():
        if name not in found and os.environ.get(variable):
            raise LookupError(f"{variable} is not the interpreter in {language}")
    names = found if wanted is None else [name for name in wanted.split(",") if name]
    missing = [name for name in names if name not in found]
    if missing:
        raise LookupError(f"not built: {', '.join(missing)}")
    for name in names:
        make_ready(name)
    return names


def make_ready(name):
    """Starts it once, without a program: one that is built when it is needed takes its time for
    that, which no program has to spare."""
    start = _call(stream_command(name))
    if start.returncode != 0:
        raise LookupError(f"{name} does not start: {start.stderr.strip()}")


def oracle_version():
    """The version of CPython that the oracle runs on, as a tuple."""
    return version(_run(ORACLE, "--version").stdout.split()[-1])


def version(text):
    """"3.12" and "3.12.1" as tuples that can be compared."""
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _run(*arguments):
    return _call([str(RUN), *arguments])


def _call(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
