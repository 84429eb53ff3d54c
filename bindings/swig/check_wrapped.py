#!/usr/bin/env python3
"""Holds what SWIG wrote against the library, for Go, Ruby and Node:

  every name of runner.map is wrapped in a language, or ignored there with a reason; never both
  every name that is ignored or wrapped is one of runner.map
  what Go ignores because it calls it through cgo is called there
  every constant of the public headers is one of Ruby and Node

Usage: check_wrapped.py
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "capi" / "abi"))
from check_symbols import INCLUDE, mapped_names  # noqa: E402

GO = ROOT / "bindings/go/internal/core"
# language -> its interface file, its output, and how a function and a constant look there
LANGUAGES = {
    "Go": ("go.i", GO / "core.go", r"^func (Runner_\w+)\(", None),
    "Ruby": (
        "ruby.i",
        ROOT / "bindings/ruby/ext/librunner/librunner_wrap.c",
        r'rb_define_module_function\(mCore, "(runner_\w+)"',
        r'rb_define_const\(mCore, "(RUNNER_\w+)"',
    ),
    "Node": (
        "napi.i",
        ROOT / "bindings/node/src/librunner_wrap.cpp",
        r'PropertyDescriptor::Function\("(runner_\w+)"',
        r'PropertyDescriptor::Accessor<\w+, \w+>\("(RUNNER_\w+)"',
    ),
}


def ignored(interface):
    """name -> the comment above its block"""
    found, reason = {}, ""
    text = (HERE / interface).read_text(encoding="utf-8")
    line = r"(/\*.*?\*/)|^%ignore (\w+);|^([^\n]*\S)|^$"
    for comment, name, _ in re.findall(line, text, flags=re.M | re.S):
        if name:
            found[name] = reason
        else:
            reason = comment
    return found


def constants():
    """Names of the headers that have a value."""
    found = set()
    for header in sorted(INCLUDE.rglob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.S)
        if header.name != "export.h":
            found.update(re.findall(r"^#define[ \t]+(RUNNER_\w+)[ \t]+\S", text, flags=re.M))
        if header.name == "error.h":
            found.update(f"RUNNER_{name}" for name in re.findall(r"XX\((\w+), -", text))
    return found


def check_functions(language, names):
    interface, output, function, _ = LANGUAGES[language]
    wrapped = set(re.findall(function, output.read_text(encoding="utf-8"), flags=re.M))
    wrapped = {name[0].lower() + name[1:] for name in wrapped}  # Go exports names with a capital
    reasons = {**ignored("runner.i"), **ignored(interface)}
    for name in sorted(names - wrapped - reasons.keys()):
        yield f"{name}: neither wrapped nor ignored"
    for name in sorted(wrapped & reasons.keys()):
        yield f"{name}: ignored, and yet in {output.name}"
    for name in sorted((wrapped | reasons.keys()) - names):
        yield f"{name}: not in runner.map"
    for name in sorted(name for name, reason in reasons.items() if not reason):
        yield f"{name}: ignored without a comment that says why"


def check_cgo():
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted(GO.glob("*.go")))
    for name, reason in ignored("go.i").items():
        if "cgo" in reason and f"C.{name}(" not in sources:
            yield f"{name}: not called through cgo in {GO.relative_to(ROOT)}"


def check_constants(language):
    _, output, _, pattern = LANGUAGES[language]
    found = set(re.findall(pattern, output.read_text(encoding="utf-8")))
    for name in sorted(constants() - found):
        yield f"{name}: a constant of the headers that is missing"


def main():
    names, mistakes = set(mapped_names()), []
    for language, (_, _, _, pattern) in LANGUAGES.items():
        mistakes += [f"{language}: {text}" for text in check_functions(language, names)]
        if pattern:
            mistakes += [f"{language}: {text}" for text in check_constants(language)]
    mistakes += [f"Go: {text}" for text in check_cgo()]
    agreed = f"wrapped: {len(names)} names, {len(constants())} constants"
    print("\n".join(mistakes) if mistakes else agreed)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
