"""Tests of stream.py."""

import sys
import unittest
from pathlib import Path

import stream

FAKE = [sys.executable, str(Path(__file__).with_name("fake_interpreter.py"))]


def program(*orders, ops=()):
    return {"name": "p", "tasks": {"main": [*(["log", order] for order in orders), *ops]},
            "runs": [{"task": "main"}]}


def trace(*did):
    return "".join(f"{line}\n" for line in
                   ("0 main start", *(f"0 main did {op}" for op in did), "0 main end value 0"))


class Streams(unittest.TestCase):
    def fleet(self, time_limit=10.0, **flags):
        commands = {name: FAKE + more for name, more in flags.items()} or {"one": FAKE}
        fleet = stream.Fleet(commands, time_limit)
        self.addCleanup(fleet.__exit__)
        return fleet

    def test_answers_come_in_the_order_of_the_programs(self):
        fleet = self.fleet(one=[], two=[])
        for number in range(500):
            fleet.add(program(ops=[["yield"]] * (number % 7)))
        for number in range(500):
            _, answers = fleet.take()
            for name in ("one", "two"):
                self.assertEqual(answers[name].text, trace(*["yield"] * (number % 7)))
        self.assertEqual(fleet.close(), {})

    def test_much_can_be_written_before_anything_is_read(self):
        fleet = self.fleet()
        big = program(ops=[["log", "x" * 100]] * 2000)
        for _ in range(30):
            fleet.add(big)
        for _ in range(30):
            self.assertEqual(fleet.take()[1]["one"].text.count("\n"), 2002)

    def test_only_those_named_are_asked(self):
        fleet = self.fleet(one=[], two=[])
        self.assertEqual(list(fleet.ask(program(), ["two"])), ["two"])

    def test_a_crash_belongs_to_its_program_and_the_next_ones_are_answered(self):
        fleet = self.fleet(one=["--misbehave"])
        for orders in ((), ("crash",), (), ("crash",), ()):
            fleet.add(program(*orders))
        answers = [fleet.take()[1]["one"] for _ in range(5)]
        self.assertEqual([answer.kind for answer in answers],
                         ["trace", "crash", "trace", "crash", "trace"])
        self.assertIn("ended by SIGABRT", answers[1].detail)
        self.assertIn("it went wrong", answers[1].detail)

    def test_a_hang_ends_at_the_time_limit(self):
        fleet = self.fleet(time_limit=0.5, one=["--misbehave"])
        fleet.add(program("hang"))
        fleet.add(program())
        self.assertEqual([fleet.take()[1]["one"].kind for _ in range(2)], ["hang", "trace"])

    def test_a_malformed_program_is_told_from_an_empty_trace(self):
        answer = self.fleet(one=["--misbehave"]).ask(program("malformed"))["one"]
        self.assertEqual(answer, stream.Answer("malformed", "", "conformance: no"))

    def test_a_bad_status_at_the_end_is_told(self):
        fleet = self.fleet(one=["--misbehave"], two=[])
        fleet.ask(program("exit"))
        ends = fleet.close()
        self.assertEqual(list(ends), ["one"])
        self.assertIn("ended with status 23", ends["one"].detail)

    def test_an_interpreter_that_cannot_even_begin_fails_every_program(self):
        fleet = stream.Fleet({"one": [sys.executable, "-c", "import sys; sys.exit(3)"]})
        for _ in range(3):
            fleet.add(program())
        for _ in range(3):
            answer = fleet.take()[1]["one"]
            self.assertEqual(answer.kind, "crash")
            self.assertIn("ended with status 3", answer.detail)

    def test_the_line_with_the_name_is_no_part_of_the_trace(self):
        script = 'input(); print("# p\\n0 main start\\n# end", flush=True)'
        fleet = stream.Fleet({"one": [sys.executable, "-c", script]})
        self.addCleanup(fleet.__exit__)
        self.assertEqual(fleet.ask(program())["one"].text, "0 main start\n")


if __name__ == "__main__":
    unittest.main()
