"""The rules by which instruction counts are held against the recorded ones."""

import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import instructions  # noqa: E402


class Instructions(unittest.TestCase):
    def test_two_percent_more_is_taken_and_a_little_more_is_not(self):
        self.assertEqual(instructions.check({"batch": 1000}, {"batch": 1020}, None), [])
        self.assertEqual(len(instructions.check({"batch": 1000}, {"batch": 1021}, None)), 1)

    def test_a_figure_without_a_record_is_told(self):
        self.assertEqual(len(instructions.check({}, {"batch": 1000}, None)), 1)

    def test_a_higher_record_needs_a_word_in_a_commit(self):
        for explained, bad in ((True, 0), (False, 1)):
            with mock.patch.object(instructions, "at_commit", return_value={"batch": 900}), \
                    mock.patch.object(instructions, "is_explained", return_value=explained):
                self.assertEqual(len(instructions.check({"batch": 1000}, {"batch": 1000}, "base")), bad)

    def test_what_is_recorded_is_read_again(self):
        found = {"produce": 100, "fetch": 50, "produce-16-batches": 100 + 15 * 7}
        now = instructions.figures(found)
        self.assertEqual(now, {"produce request": 100, "fetch request": 50, "batch": 7})
        self.assertEqual(instructions.parse("# a word\nproduce request  100\nfetch request 50\nbatch 7\n"), now)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - min(bad, result.testsRun)} passed, {bad} failed")
    sys.exit(1 if bad else 0)
