#!/usr/bin/env python3
"""Holds four lists of names against each other, in both directions:

  the functions declared in the public headers
  the names in runner.map
  the names that librunner.so exports
  the `@since` in each function's doc comment and the map node that exports it

and looks that every global name in librunner.a begins with `runner_`.
Usage: check_symbols.py --shared librunner.so --static librunner.a
"""
import argparse
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent / "include"
FUNCTION = re.compile(r"\b(runner_[a-z0-9_]+)\s*\(")


def declarations(text):
    """(doc comment or '', statement) for each statement at file level."""
    comments = []

    def keep(match):
        comments.append(match.group(0))
        return f"\x01{len(comments) - 1}\x02" if re.match(r"/\*\*[^<]", match.group(0)) else " "

    text = re.sub(r"/\*.*?\*/|//[^\n]*", keep, text, flags=re.S)
    text = re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", "", text, flags=re.M)
    text = re.sub(r'extern\s+"C"\s*\{', "", text)
    statement, doc, depth = "", "", 0
    for token in re.findall(r"\x01\d+\x02|[{};]|[^\x01{};]+", text):
        if token.startswith("\x01"):
            if depth == 0:  # whatever stood before it was a macro of its own, RUNNER_BEGIN_DECLS
                doc, statement = comments[int(token[1:-1])], ""
        elif token == "{":
            depth += 1
        elif token == "}":
            depth = max(0, depth - 1)
        elif token == ";" and depth == 0:
            yield doc, statement.strip()
            statement, doc = "", ""
        elif depth == 0:
            statement += token


def declared_functions():
    """name -> (header, doc comment)"""
    found = {}
    for header in sorted(INCLUDE.rglob("*.h")):
        for doc, statement in declarations(header.read_text(encoding="utf-8")):
            if statement.startswith("typedef"):
                continue
            match = FUNCTION.search(statement)
            if match:
                found[match.group(1)] = (header.relative_to(INCLUDE), doc)
    return found


def mapped_names():
    """name -> node, read from runner.map"""
    text = (HERE / "runner.map").read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/|#[^\n]*", "", text, flags=re.S)
    found = {}
    for node, body in re.findall(r"(\w+(?:\.\w+)*)\s*\{(.*?)\}[^;]*;", text, flags=re.S):
        exported = body.split("local:")[0].replace("global:", "")
        for name in filter(None, (part.strip() for part in exported.split(";"))):
            found[name] = node
    return found


def nm(*arguments):
    return subprocess.run(["nm", *arguments], check=True, capture_output=True, text=True).stdout


def exported_names(library):
    """name -> node, read from the dynamic symbol table"""
    found = {}
    for line in nm("-D", "--defined-only", "--with-symbol-versions", library).splitlines():
        kind, symbol = line.split()[-2:]
        name, _, node = symbol.partition("@@")
        if kind != "A":  # the nodes themselves
            found[name] = node
    return found


def global_names(library):
    found = set()
    for line in nm("--defined-only", "--extern-only", library).splitlines():
        fields = line.split()
        if len(fields) == 3:
            found.add(fields[2])
    return found


def check(shared, static):
    declared, mapped = declared_functions(), mapped_names()
    if not declared or not mapped:
        yield "no function found in the headers, or no name in runner.map"
    for name in sorted(declared.keys() - mapped.keys()):
        yield f"{name}: declared in {declared[name][0]}, not in runner.map"
    for name in sorted(mapped.keys() - declared.keys()):
        yield f"{name}: in runner.map, declared in no public header"
    if shared:
        exported = exported_names(shared)
        for name in sorted(mapped.keys() - exported.keys()):
            yield f"{name}: in runner.map, not exported by the library"
        for name in sorted(exported.keys() - mapped.keys()):
            yield f"{name}: exported by the library, not in runner.map"
        for name in sorted(exported.keys() & mapped.keys()):
            if exported[name] != mapped[name]:
                yield f"{name}: exported by node {exported[name]}, mapped in {mapped[name]}"
    for name, (header, doc) in sorted(declared.items()):
        since = re.search(r"@since\s+(\d+\.\d+)", doc)
        if not since:
            yield f"{name}: no @since in its doc comment ({header})"
        elif name in mapped and mapped[name] != f"RUNNER_{since.group(1)}":
            yield f"{name}: @since {since.group(1)}, exported by {mapped[name]} ({header})"
    if static:
        for name in sorted(global_names(static)):
            if not name.startswith("runner_"):
                yield f"{name}: global in the static library without the prefix runner_"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", help="the shared library")
    parser.add_argument("--static", help="the static library")
    arguments = parser.parse_args()
    mistakes = list(check(arguments.shared, arguments.static))
    print("\n".join(mistakes) if mistakes else f"symbols: {len(mapped_names())} names agree")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
