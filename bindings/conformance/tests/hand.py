#!/usr/bin/env python3
"""Holds an interpreter against the traces in hand/, which were derived by hand.

    hand.py            the oracle, on every CPython from 3.11 on that is found
    hand.py NAME...    other interpreters, by ../run

A page of hand/ has a program, a table that follows it entry by entry, and the trace.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RUN = str(HERE.parent / "run")
BLOCK = re.compile(r"^```(json|trace)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OLDEST = (3, 11)


def read(page: pathlib.Path) -> tuple:
    """The program, and what the interpreter has to print."""
    blocks = dict(BLOCK.findall(page.read_text(encoding="utf-8")))
    return blocks["json"], f"# {page.stem}\n{blocks['trace']}"


def version_of(python: str) -> tuple:
    """Empty if it does not run, as the shims of pyenv may, or is no CPython."""
    ask = "import sys; print(sys.implementation.name, *sys.version_info[:3])"
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
    words = done.stdout.split()
    return tuple(map(int, words[1:])) if done.returncode == 0 and words[0] == "cpython" else ()


def pythons() -> dict:
    """One for each version."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    folders = [*os.get_exec_path(), *pyenv.glob("versions/3.*/bin")]
    names = ("python3", *(f"python3.{minor}" for minor in range(OLDEST[1], 21)))
    paths = [shutil.which(name, path=folder) for folder in folders for name in names]
    found = {version_of(path): path for path in paths if path}
    return {version: found[version] for version in sorted(found) if version >= OLDEST}


def targets(names: list) -> list:
    """What to hold against the traces: a title, the arguments of `run`, the environment."""
    if names:
        return [(name, name, os.environ) for name in names]
    return [
        (".".join(map(str, version)), "cpython", {**os.environ, "CONFORMANCE_PYTHON": python})
        for version, python in pythons().items()
    ]


def check(title: str, name: str, environment, page: pathlib.Path) -> bool:
    program, expected = read(page)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, f"{page.stem}.json")
        file.write_text(program, encoding="utf-8")
        done = subprocess.run(
            [RUN, name, str(file)], capture_output=True, text=True, env=environment, check=False
        )
    if (done.returncode, done.stdout, done.stderr) == (0, expected, ""):
        return True
    print(f"{title}: {page.stem}: status {done.returncode}\n--- expected\n{expected}--- got")
    print(done.stdout + done.stderr, end="")
    return False


def main() -> int:
    pages = sorted(HERE.glob("hand/*.md"))
    all_good = True
    for title, name, environment in targets(sys.argv[1:]):
        good = [check(title, name, environment, page) for page in pages]
        print(f"{title}: {good.count(True)} passed, {good.count(False)} failed")
        all_good = all_good and all(good) and good != []
    return 0 if all_good else 1


if __name__ == "__main__":
    sys.exit(main())
