"""Tests of the generator: programs depend on their numbers alone, are valid, bounded and varied."""

import collections
import json
import math
import subprocess
import sys
import unittest
from pathlib import Path

import generate
import shrink
from language import OPERATIONS, Checker
from plan import MOST_TASKS

COUNT = 2000


def operations(body):
    """(op, how often it is repeated) of a body and everything inside."""
    program = {"tasks": {"body": body}}
    for path, ops in shrink.blocks(program):
        around = (shrink.at(program, path[:end]) for end in range(3, len(path)))
        repeats = math.prod(op[1] for op in around if isinstance(op, list) and op[0] == "repeat")
        for op in ops:
            yield op, repeats


class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.programs = [generate.program(7, index) for index in range(COUNT)]

    def test_a_program_depends_on_its_numbers_alone(self):
        for index in (1999, 3, 0):
            self.assertEqual(generate.program(7, index), self.programs[index])
        self.assertNotEqual(generate.program(8, 3)["tasks"], self.programs[3]["tasks"])

    def test_another_process_makes_the_same(self):
        code = "import generate, json; print(json.dumps(generate.program('7', 5)))"
        made = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, text=True,
                              capture_output=True, check=True, env={"PYTHONHASHSEED": "99"})
        self.assertEqual(json.loads(made.stdout), self.programs[5])

    def test_all_are_valid(self):
        for program in self.programs:
            Checker(json.loads(json.dumps(program)), "p").check()

    def test_all_differ(self):
        texts = {json.dumps(program["tasks"]) for program in self.programs}
        self.assertGreater(len(texts), COUNT * 0.99)

    def test_every_operation_and_key_occurs(self):
        seen = collections.Counter()
        for program in self.programs:
            seen.update({op[0] for _, ops in shrink.blocks(program) for op in ops})
            seen.update({key for run in program["runs"] for key in run})
        wanted = [*OPERATIONS, "context", "interrupt_at"]
        rare = {name for name in wanted if seen[name] < COUNT / 100}
        self.assertEqual(rare, set())

    def test_bodies_spawn_and_await_only_what_comes_later(self):
        """Else tasks could wait for each other in a circle, or spawn each other for ever."""
        for program in self.programs:
            order = {name: position for position, name in enumerate(sorted(
                program["tasks"], key=lambda name: (not name.startswith(("main", "again")), name)))}
            order.update({name: -1 for name in order if name.startswith(("main", "again"))})
            task_of = {op[1]: op[2] for _, ops in shrink.blocks(program) for op in ops
                       if op[0] in ("spawn", "gspawn")}
            for name, body in program["tasks"].items():
                for op, _ in operations(body):
                    if op[0] in ("spawn", "gspawn"):
                        self.assertGreater(order[op[2]], order[name])
                    awaited = {"await": op[1:], "gather": op[1] if len(op) > 1 else ()}
                    for handle in awaited.get(op[0], ()):
                        if handle in task_of and not self.awaits_itself(program, name, handle, op):
                            self.assertGreater(order[task_of[handle]], order[name])

    def awaits_itself(self, program, name, handle, op):
        """Allowed where the handle is bound once, to the only task of its definition."""
        spawns = [spawn for body in program["tasks"].values() for spawn, repeats in operations(body)
                  for _ in range(repeats)
                  if spawn[0] in ("spawn", "gspawn") and name in spawn[2:]]
        mains = [run["task"] for run in program["runs"]].count("main")
        return (op[0] == "await" and mains == 1 and len(spawns) == 1 and spawns[0][1] == handle)

    def test_the_work_is_bounded(self):
        for program in self.programs:
            self.assertLess(shrink.size(program), 400)
            self.assertLess(self.spawned(program), 10 * MOST_TASKS)

    def spawned(self, program):
        made = {}

        def tasks(name):
            if name not in made:
                made[name] = sum(repeats * (1 + tasks(op[2]))
                                 for op, repeats in operations(program["tasks"][name])
                                 if op[0] in ("spawn", "gspawn"))
            return made[name]

        return sum(tasks(run["task"]) for run in program["runs"])


if __name__ == "__main__":
    unittest.main()
