"""Tests of interpreters.py."""

import os
import unittest
from unittest import mock

import interpreters
from interpreters import ORACLE, VARIABLES


class Choose(unittest.TestCase):
    def choose(self, wanted, built=(ORACLE, "c"), **environment):
        self.made_ready = []
        with mock.patch.object(interpreters, "built", lambda: list(built)), \
                mock.patch.object(interpreters, "make_ready", self.made_ready.append), \
                mock.patch.dict(os.environ, {**dict.fromkeys(VARIABLES, ""), **environment}):
            return interpreters.choose(wanted)

    def test_all_that_are_built_or_those_named(self):
        self.assertEqual(self.choose(None), [ORACLE, "c"])
        self.assertEqual(self.choose("c"), ["c"])
        self.assertEqual(self.made_ready, ["c"])

    def test_what_is_named_must_be_there(self):
        with self.assertRaisesRegex(LookupError, "not built: ruby"):
            self.choose("c,ruby")
        with self.assertRaisesRegex(LookupError, "no CPython"):
            self.choose(None, built=("c",))

    def test_a_wrong_path_is_not_passed_over(self):
        with self.assertRaisesRegex(LookupError, "CONFORMANCE_C"):
            self.choose(None, built=(ORACLE,), CONFORMANCE_C="/nowhere")
        with self.assertRaisesRegex(LookupError, "CONFORMANCE_GO is not the interpreter in Go"):
            self.choose("c", CONFORMANCE_GO="/nowhere")
        with self.assertRaisesRegex(LookupError, "CONFORMANCE_RUBY is not the interpreter in Ruby"):
            self.choose("c", CONFORMANCE_RUBY="/nowhere")
        with self.assertRaisesRegex(LookupError, "CONFORMANCE_NODE is not the interpreter in Java"):
            self.choose("c", CONFORMANCE_NODE="/nowhere")
        self.assertEqual(self.choose(None, built=(ORACLE,)), [ORACLE])

    def test_versions_can_be_compared(self):
        self.assertLess(interpreters.version("3.9"), interpreters.version("3.12"))
        self.assertLess(interpreters.version("3.12"), interpreters.version("3.12.1"))
        self.assertEqual(interpreters.version(""), ())


class Built(unittest.TestCase):
    """With the real `run`."""

    def test_folders_that_hold_no_interpreter_are_left_out(self):
        found = interpreters.built()
        self.assertEqual(found[0], ORACLE)
        self.assertEqual(set(found) & interpreters.NOT_INTERPRETERS, set())

    def test_an_interpreter_may_share_the_folder_of_another(self):
        asked = []
        with mock.patch.object(interpreters, "_run",
                               lambda name, _: asked.append(name) or mock.Mock(returncode=0)):
            self.assertLess(interpreters.VARIANTS | {"c"}, set(interpreters.built()))
        self.assertLess(interpreters.VARIANTS, set(asked))

    def test_what_cannot_start_says_why(self):
        interpreters.make_ready(ORACLE)
        with self.assertRaisesRegex(LookupError, "nowhere does not start: Runs programs"):
            interpreters.make_ready("nowhere")

    def test_the_oracle_tells_its_version(self):
        self.assertGreaterEqual(interpreters.oracle_version(), (3, 11))


if __name__ == "__main__":
    unittest.main()
