"""An interpreter for the tests of these tools: its trace is the operations of a program.

    fake_interpreter.py [--bug op,… [--crash]] [--misbehave]

With --bug it is wrong about every program that has all these operations, or crashes there. With
--misbehave a `log` of main tells what to do: "crash", "hang", "malformed", "other", "extra",
"missing", "defect", "exit".
"""

import json
import os
import sys
import time

import shrink

misbehaves = "--misbehave" in sys.argv
bug = set(sys.argv[sys.argv.index("--bug") + 1].split(",")) if "--bug" in sys.argv else None
status = 0

for line in sys.stdin:
    program = json.loads(line)
    ops = [op for _, ops in shrink.blocks(program) for op in ops]
    trace = ["0 main start", *(f"0 main did {op[0]}" for op in ops), "0 main end value 0"]
    orders = {op[1] for op in program["tasks"]["main"] if op[0] == "log"} if misbehaves else set()
    has_bug = bug is not None and bug <= {op[0] for op in ops}
    if "crash" in orders or has_bug and "--crash" in sys.argv:
        print("it went wrong", file=sys.stderr, flush=True)
        os.abort()
    if "hang" in orders:
        time.sleep(600)
    if "exit" in orders:
        status = 23
    if "other" in orders or has_bug:
        trace[-1] = "0 main end value 1"
    if "extra" in orders:
        trace.append("0 closed")
    if "missing" in orders:
        trace.pop()
    if "malformed" in orders:
        print("# malformed conformance: no", flush=True)
    else:
        print(*trace, "# end R87" if "defect" in orders else "# end", sep="\n", flush=True)

sys.exit(status)
