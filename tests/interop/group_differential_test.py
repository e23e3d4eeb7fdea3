"""What counts as a difference between two brokers, and what as the chance of a moment."""

import asyncio
import contextlib
import io
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))
import group_differential as differential  # noqa: E402
from group_differential import sides_were_swapped  # noqa: E402


class Swapped(unittest.TestCase):
    def test_a_side_that_never_gives_the_others_answer_differs(self):
        self.assertFalse(sides_were_swapped([{"state": ("Empty", "Stable")}] * 4))
        self.assertFalse(sides_were_swapped([{"state": ("Empty", "Stable")}, {"other": ("Stable", "Empty")}]))
        self.assertFalse(sides_were_swapped([{"state": ("Empty", "Stable")}, {"state": ("Stable", "Dead")}]))

    def test_sides_that_have_given_each_others_answers_do_not(self):
        self.assertTrue(sides_were_swapped([{"count": (3, 2)}, {"count": (3, 2)}, {"count": (2, 3)}]))


class FakePlay:
    """Differs until `equal_from`, the number of the play."""

    late, asked, trace, name = 0, 1, [], "g1.0"

    def __init__(self, has_one_timeout, equal_from, number):
        self.has_one_timeout, self.is_equal = has_one_timeout, number >= equal_from

    async def run(self):
        if not self.is_equal:
            raise differential.Differs("they differ", {"state": ("Empty", "Stable")})


class Repeats(unittest.TestCase):
    def played(self, has_one_timeout, equal_from):
        """How many count as different, as chance, and how often it was played."""
        plays = []

        def play(*_):
            plays.append(FakePlay(has_one_timeout, equal_from, len(plays)))
            return plays[-1]

        comparison = differential.Comparison([], 1, False)
        with mock.patch.object(differential, "Play", play), contextlib.redirect_stdout(io.StringIO()), \
                mock.patch.object(comparison, "clean_later"):
            asyncio.run(comparison.sequence(1))
        return comparison.different, comparison.timing, len(plays)

    def test_what_differs_each_time_is_different(self):
        self.assertEqual(self.played(False, 99), (1, 0, 4))
        self.assertEqual(self.played(True, 99), (1, 0, 25))

    def test_one_equal_play_is_enough(self):
        self.assertEqual(self.played(False, 3), (0, 1, 4))
        self.assertEqual(self.played(False, 4), (1, 0, 4))

    def test_what_chance_decides_in_java_too_is_played_more_often(self):
        self.assertEqual(self.played(True, 24), (0, 1, 25))


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - min(bad, result.testsRun)} passed, {bad} failed")
    sys.exit(1 if bad else 0)
