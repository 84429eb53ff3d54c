"""Tests of compare.py and verdict.py: every kind of difference is noticed."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import compare
import stream
import verdict
from interpreters import ORACLE
from test_stream import FAKE, program, trace


class Files(unittest.TestCase):
    """A folder with programs, and fake interpreters: the oracle, and `one` that may misbehave."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, *orders, recorded="", name="p", **keys):
        """A program, with the trace that `recorded` gives or else the right one."""
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps({**program(*orders), **keys}))
        if recorded is not None:
            path.with_suffix(".trace").write_text(recorded or trace(*["log"] * len(orders)))
        return path

    def compare(self, *paths, one=("--misbehave",), oracle=(), names=("one",), version=(3, 13)):
        """The counts, and what was printed."""
        count = compare.Count()
        commands = {ORACLE: [*FAKE, *oracle], "one": [*FAKE, *one]}
        printed = io.StringIO()
        with stream.Fleet(commands, 1.0) as fleet, contextlib.redirect_stdout(printed):
            cases = compare.read_cases(paths, names, version, count)
            compare.compare(cases, names, fleet, count)
        return (count.passed, count.failed), printed.getvalue()


class Compare(Files):
    def test_equal_traces_pass(self):
        paths = [self.write(name=f"p{number}") for number in range(80)]
        self.assertEqual(self.compare(*paths), ((80, 0), ""))

    def test_every_pair_counts(self):
        self.assertEqual(self.compare(self.write(), names=(ORACLE, "one")), ((2, 0), ""))

    def test_a_line_that_differs_is_shown_with_what_stands_before(self):
        counts, printed = self.compare(self.write("other"))
        self.assertEqual(counts, (0, 1))
        self.assertIn("p.json, one: line 3 differs", printed)
        self.assertIn("0 main did log\n  recorded: 0 main end value 0\n"
                      "  got     : 0 main end value 1", printed)

    def test_a_line_too_many(self):
        _, printed = self.compare(self.write("extra"))
        self.assertIn("line 4 differs", printed)
        self.assertIn("recorded: (nothing)\n  got     : 0 closed", printed)

    def test_a_line_too_few(self):
        _, printed = self.compare(self.write("missing"))
        self.assertIn("recorded: 0 main end value 0\n  got     : (nothing)", printed)

    def test_a_crash_shows_its_stderr_and_the_next_program_is_compared(self):
        counts, printed = self.compare(self.write("crash"), self.write(name="next"))
        self.assertEqual(counts, (1, 1))
        self.assertIn("crash: ended by SIGABRT\nit went wrong", printed)

    def test_a_hang(self):
        counts, printed = self.compare(self.write("hang"), self.write(name="next"))
        self.assertEqual(counts, (1, 1))
        self.assertIn("hang: no answer after 1 s", printed)

    def test_a_refusal(self):
        counts, printed = self.compare(self.write("malformed"))
        self.assertEqual(counts, (0, 1))
        self.assertIn("malformed: conformance: no", printed)

    def test_a_bad_end_of_the_process(self):
        counts, printed = self.compare(self.write("exit"))
        self.assertEqual(counts, (1, 1))
        self.assertIn("FAIL one: crash: ended with status 23", printed)

    def test_no_recorded_trace(self):
        counts, printed = self.compare(self.write(recorded=None), names=(ORACLE, "one"))
        self.assertEqual(counts, (0, 2))
        self.assertIn("no recorded trace", printed)

    def test_a_malformed_program_fails_everywhere(self):
        counts, printed = self.compare(self.write(runs=[]), names=(ORACLE, "one"))
        self.assertEqual(counts, (0, 2))
        self.assertIn('"runs" must not be empty', printed)

    def test_a_file_that_is_not_there(self):
        self.assertEqual(self.compare(self.folder / "p.json")[0], (0, 1))

    def test_a_recorded_trace_that_only_the_oracle_disowns(self):
        path = self.write(recorded="0 main end value 1\n")
        counts, printed = self.compare(path, names=(ORACLE,))
        self.assertEqual(counts, (0, 1))
        self.assertIn(f"p.json, {ORACLE}: line 1 differs", printed)

    def test_right_by_the_record_but_not_by_the_oracle(self):
        counts, printed = self.compare(self.write("other"), one=(), oracle=("--misbehave",))
        self.assertEqual(counts, (0, 1))
        self.assertIn("cpython: 0 main end value 1", printed)

    def test_the_oracle_is_not_asked_where_it_differs(self):
        path = self.write("other", differs="R85")
        result = self.compare(path, one=(), oracle=("--misbehave",), names=(ORACLE, "one"))
        self.assertEqual(result, ((1, 0), ""))

    def test_the_oracle_is_not_asked_where_it_is_too_old(self):
        path = self.write("other", min_version="3.12")
        asked = {"one": (), "oracle": ("--misbehave",), "names": (ORACLE, "one")}
        self.assertEqual(self.compare(path, version=(3, 11, 7), **asked)[0], (1, 0))
        self.assertEqual(self.compare(path, version=(3, 12, 1), **asked)[0], (0, 2))

    def test_the_oracle_is_not_believed_where_it_shows_a_defect(self):
        path = self.write("defect", "other", recorded=trace("log", "log"))
        self.assertEqual(self.compare(path, one=(), oracle=("--misbehave",)), ((1, 0), ""))
        self.assertEqual(self.compare(path, oracle=("--misbehave",))[0], (0, 1))


class Record(Files):
    def record(self, path, version=(3, 13), **flags):
        """How many were refused, and why."""
        printed = io.StringIO()
        with stream.Fleet({ORACLE: [*FAKE, "--misbehave"]}, 1.0) as fleet, \
                contextlib.redirect_stderr(printed):
            return compare.record([path], version, fleet), printed.getvalue()

    def test_writes_the_trace_beside_the_program(self):
        path = self.write(recorded=None)
        self.assertEqual(self.record(path), (0, ""))
        self.assertEqual(path.with_suffix(".trace").read_text(), trace())

    def refuse(self, path, why, version=(3, 13)):
        before = path.with_suffix(".trace").read_text()
        refused, printed = self.record(path, version)
        self.assertEqual(refused, 1)
        self.assertIn(why, printed)
        self.assertEqual(path.with_suffix(".trace").read_text(), before)

    def test_refuses_what_is_written_by_hand(self):
        self.refuse(self.write(recorded="by hand\n", differs="R85"), "written by hand")

    def test_refuses_what_needs_a_newer_oracle(self):
        self.refuse(self.write(recorded="new\n", min_version="3.13"), "at least 3.13", (3, 12, 1))

    def test_refuses_what_shows_a_defect(self):
        self.refuse(self.write("defect", recorded="right\n"), "shows R87")

    def test_refuses_what_is_no_trace(self):
        self.refuse(self.write("crash", recorded="old\n"), "ended by SIGABRT")
        self.refuse(self.write("malformed", recorded="old\n"), "malformed")
        self.refuse(self.write(recorded="old\n", runs=[]), '"runs" must not be empty')


class Ways(unittest.TestCase):
    """What counts as failing in the same way while a program shrinks."""

    def way(self, expected, got):
        return verdict.judge(stream.Answer("trace", got), expected).way

    def test_numbers_and_names_do_not_matter(self):
        self.assertEqual(self.way("3 main/a#1 got 4\n", "5 main got 1\n"),
                         self.way("0 main got 2\n", "0 main got 3\n"))

    def test_the_event_and_the_kind_of_outcome_do(self):
        lines = ["0 a start", "0 a got 1", "0 a end value 1", "0 a end error X",
                 "0 a end group [x y]", "0 a state v pending", "0 a state v value 1", "0 report a error X",
                 "0 report a cancelled", "0 run 0 value 1", "0 run 0 deadlock", "0 closed",
                 "0 closed deadlock", "0 a some text", ""]
        ways = {self.way("0 a settled f\n", line and f"{line}\n") for line in lines}
        self.assertEqual(len(ways), len(lines))


if __name__ == "__main__":
    unittest.main()
