#!/usr/bin/env python3
"""Holds an interpreter against malformed.json: the exact text for every malformed program.

    malformed.py cpython        by ../run
    malformed.py -- COMMAND...  by a command of its own

A case is a whole program (`program`), a text that may not even be one (`text`), or a part of an
otherwise good program: the first operation, the operations or the run of its only task. Each goes
through a file and through --stream. `{file}` stands for what the program is called without a name.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def text_of(case: dict) -> str:
    if "text" in case:
        return case["text"]
    program = case.get("program")
    if program is None:
        ops = case.get("ops", [case["op"]] if "op" in case else [])
        program = {"name": "p", "tasks": {"main": ops}, "runs": [case.get("run", {"task": "main"})]}
    return json.dumps(program, ensure_ascii=False)


def run(command: list, *arguments: str, stdin: str = "") -> tuple:
    done = subprocess.run(
        [*command, *arguments], input=stdin.encode(), capture_output=True, timeout=60, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check(what: str, expected, got) -> bool:
    if expected != got:
        print(f"{what}\n  expected {expected!r}\n  got      {got!r}")
    return expected == got


def check_files(command: list, cases: list) -> list:
    good = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            file = pathlib.Path(folder, "bad.json")
            file.write_text(text_of(case), encoding="utf-8")
            says = case["says"].replace("{file}", file.name)
            good.append(check(text_of(case), (2, "", f"{says}\n"), run(command, str(file))))
        says = "conformance: nowhere.json: cannot be read\n"
        missing = str(pathlib.Path(folder, "nowhere.json"))
        good.append(check("a file that is not there", (2, "", says), run(command, missing)))
    return good


def check_stream(command: list, cases: list) -> list:
    """All at once: a malformed program must leave the interpreter fit for the next one."""
    status, stdout, stderr = run(
        command, "--stream", stdin="".join(f"{text_of(case)}\n" for case in cases)
    )
    lines = stdout.split("\n")[:-1]
    good = [check("--stream", (0, "", len(cases)), (status, stderr, len(lines)))]
    for case, line in zip(cases, lines):
        says = case["says"].replace("{file}", "-")
        good.append(check(f"--stream {text_of(case)}", f"# malformed {says}", line))
    return good


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 1
    command = sys.argv[2:] if sys.argv[1] == "--" else [str(HERE.parent / "run"), sys.argv[1]]
    cases = json.loads((HERE / "malformed.json").read_text(encoding="utf-8"))
    good = check_stream(command, cases) + check_files(command, cases)
    print(f"{good.count(True)} passed, {good.count(False)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
