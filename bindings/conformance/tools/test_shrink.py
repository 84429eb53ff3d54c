"""Tests of the shrinker, and of a whole search for a planted difference."""

import contextlib
import io
import json
import multiprocessing
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import fuzz
import generate
import interpreters
import shrink
import stream
from interpreters import ORACLE
from language import Checker
from test_stream import FAKE


def ops_of(program):
    return [op for _, ops in shrink.blocks(program) for op in ops]


def names_of(program):
    return {op[0] for op in ops_of(program)}


def first_with(*names):
    """The first random program of some size that has all these operations."""
    return next(program for program in (generate.program("shrink", index) for index in range(10**6))
                if shrink.size(program) > 30 and set(names) <= names_of(program))


class Shrink(unittest.TestCase):
    def shrunk(self, program, fails):
        tried = []

        def checked(candidate):
            Checker(candidate, "p").check()
            tried.append(candidate)
            return fails(candidate)

        small = shrink.shrink(program, checked)
        self.assertTrue(fails(small))
        self.assertLess(len(tried), 3000)
        return small

    def test_only_what_is_needed_stays(self):
        small = self.shrunk(first_with("shield", "timeout", "lock"),
                            lambda program: {"shield", "timeout", "lock"} <= names_of(program))
        self.assertLessEqual(shrink.size(small), 6)  # what makes the lock and the handle too
        self.assertEqual(len(small["runs"]), 1)

    def test_tasks_and_runs_go(self):
        program = next(one for index in range(1000)
                       if len((one := generate.program(3, index))["runs"]) == 3)
        small = self.shrunk(program, lambda program: True)
        self.assertEqual(shrink.size(small), 0)
        self.assertEqual((len(small["runs"]), len(small["tasks"])), (1, 1))

    def test_scopes_are_unwrapped_around_what_matters(self):
        body = [["group", [["timeout", 5, [["try", [["repeat", 3, [["gspawn", "a1", "a"]]]],
                                            {"finally": [["yield"]]}]]]]]]
        program = {"name": "p", "tasks": {"main": body, "a": [["fail", "Boom"]]},
                   "runs": [{"task": "main"}]}
        small = self.shrunk(program, lambda program: "fail" in names_of(program))
        self.assertEqual(small["tasks"], {"a": [["fail", "Boom"]]})

    def test_numbers_are_lowered_as_far_as_they_may(self):
        program = {"name": "p", "tasks": {"main": [["sleep", 100], ["log", "x"]]},
                   "runs": [{"task": "main", "interrupt_at": [70, 30]}]}
        small = self.shrunk(program, lambda program: any(
            op[0] == "sleep" and op[1] >= 7 for op in ops_of(program))
            and sum(program["runs"][0].get("interrupt_at", ())) > 20)
        self.assertEqual(small["tasks"]["main"], [["sleep", 7]])
        self.assertEqual(small["runs"][0]["interrupt_at"], [21])

    def test_names_in_lists_go(self):
        program = {"name": "p", "runs": [{"task": "main"}], "tasks": {
            "main": [["future", "f1"], ["future", "f2"], ["wait", ["f1", "f2"], "all", 3]]}}
        small = self.shrunk(program, lambda program: "wait" in names_of(program))
        self.assertEqual(shrink.size(small), 2)
        self.assertEqual(small["tasks"]["main"][1][3], None)


class Search(unittest.TestCase):
    def test_a_planted_difference_is_found_and_shrunk_to_a_handful_of_operations(self):
        commands = {ORACLE: FAKE, "one": [*FAKE, "--bug", "shield,lock,closable"]}
        found = []
        with stream.Fleet(commands) as fleet:
            programs = (generate.program("planted", index) for index in range(400))
            fuzz.search(programs, commands, fleet, found.append)
        self.assertGreater(len(found), 3)
        program, failure, answers = fuzz.reduce(found[0], commands, 10, 30)
        self.assertLessEqual(shrink.size(program), 6)
        self.assertIn("got    : 0 main end value 1", failure.text)
        with tempfile.TemporaryDirectory() as folder:
            stem = fuzz.save(Path(folder) / "new", found[0], program, answers)
            self.assertEqual(json.loads(Path(f"{stem}.json").read_text()), program)
            original = json.loads(Path(f"{stem}.original.json").read_text())
            self.assertEqual(original, found[0].program)
            traces = [Path(f"{stem}.{name}.trace").read_text() for name in commands]
            self.assertEqual(traces, [answers[name].text for name in commands])
            self.assertNotEqual(*traces)

    def test_a_crash_and_a_failing_end_are_found(self):
        commands = {ORACLE: FAKE, "one": [*FAKE, "--misbehave"]}
        programs = [{"name": order, "tasks": {"main": [["yield"], ["log", order]]},
                     "runs": [{"task": "main"}]} for order in ("crash", "fine", "exit")]
        found = []
        with stream.Fleet(commands) as fleet:
            fuzz.search(programs, commands, fleet, found.append)
        ways = [(one.failure.way[0], one.program and one.program["name"]) for one in found]
        self.assertEqual(ways, [("crash", "crash"), ("crash", None)])
        program, _, _ = fuzz.reduce(found[0], commands, 10, 30)
        self.assertEqual(program["tasks"]["main"], [["log", "crash"]])

    def test_where_the_oracle_shows_a_defect_only_crashes_are_found(self):
        commands = {ORACLE: [*FAKE, "--misbehave"], "one": [*FAKE, "--bug", "log"],
                    "two": [*FAKE, "--bug", "log", "--crash"]}
        program = {"name": "p", "tasks": {"main": [["log", "defect"]]}, "runs": [{"task": "main"}]}
        found, counts = [], fuzz.Counts(multiprocessing.Value("q"), multiprocessing.Value("q"))
        with stream.Fleet(commands) as fleet:
            fuzz.search([program], commands, fleet, found.append, counts.count)
        self.assertEqual([(one.name, one.failure.way[0]) for one in found], [("two", "crash")])
        self.assertEqual((counts.programs.value, counts.defects.value), (1, 1))

    def test_the_oracle_itself_can_fail(self):
        commands = {ORACLE: [*FAKE, "--misbehave"], "one": FAKE}
        program = {"name": "p", "tasks": {"main": [["log", "crash"]]}, "runs": [{"task": "main"}]}
        found = []
        with stream.Fleet(commands) as fleet:
            fuzz.search([program], commands, fleet, found.append)
        self.assertEqual([one.name for one in found], [ORACLE])

    def test_jobs_share_the_programs_and_one_alone_can_be_done_again(self):
        for jobs in (1, 3):
            options = fuzz.argparse.Namespace(only=None, count=300, jobs=jobs)
            parts = [list(fuzz.indexes(options, part)) for part in range(jobs)]
            self.assertEqual(sorted(sum(parts, [])), list(range(300)))
            options.only = 41
            alone = [index for part in range(jobs) for index in fuzz.indexes(options, part)]
            self.assertEqual(alone, [41])

    def test_the_whole_command(self):
        fakes = {ORACLE: FAKE, "c": [*FAKE, "--bug", "gather"]}
        printed = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(printed), \
                mock.patch.object(interpreters, "built", lambda: list(fakes)), \
                mock.patch.object(interpreters, "VARIABLES", {}), \
                mock.patch.object(interpreters, "stream_command", fakes.get):
            arguments = ["--count", "200", "--jobs", "2", "--out", folder]
            self.assertEqual(fuzz.main([*arguments, "--failures", "2"]), 1)
            self.assertGreaterEqual(len(list(Path(folder).glob("*-c.json"))), 2)
            self.assertIn("stopped after 2 failures", printed.getvalue())
            fakes["c"] = FAKE
            self.assertEqual(fuzz.main(arguments), 0)
            self.assertIn("200 programs with cpython, c", printed.getvalue())


if __name__ == "__main__":
    unittest.main()
