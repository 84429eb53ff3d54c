"""Which interpreters exist, and how they are started. `run` knows where they are."""

import os
import subprocess
from pathlib import Path

SUITE = Path(__file__).resolve().parent.parent
RUN = SUITE / "run"
ORACLE = "cpython"
NOT_INTERPRETERS = {"programs", "tests", "tools"}


def stream_command(name):
    return [str(RUN), name, "--stream"]


def built():
    """The names of all interpreters that can be started, the oracle first."""
    folders = {path.name for path in SUITE.iterdir() if path.is_dir()} - NOT_INTERPRETERS
    names = sorted(folders, key=lambda name: (name != ORACLE, name))
    return [name for name in names if _run(name, "--probe").returncode == 0]


def choose(wanted):
    """The interpreters for `--langs`: all that are built, or those named, which have to be."""
    found = built()
    if ORACLE not in found:
        raise LookupError("no CPython for the oracle")
    if "c" not in found and os.environ.get("CONFORMANCE_C"):
        raise LookupError("CONFORMANCE_C is not the interpreter in C")
    if wanted is None:
        return found
    names = [name for name in wanted.split(",") if name]
    missing = [name for name in names if name not in found]
    if missing:
        raise LookupError(f"not built: {', '.join(missing)}")
    return names


def oracle_version():
    """The version of CPython that the oracle runs on, as a tuple."""
    return version(_run(ORACLE, "--version").stdout.split()[-1])


def version(text):
    """"3.12" and "3.12.1" as tuples that can be compared."""
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _run(*arguments):
    return subprocess.run([str(RUN), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
