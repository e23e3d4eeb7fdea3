"""What counts as a difference between two brokers, and what as the chance of a moment."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from group_differential import by_chance, sides_were_swapped  # noqa: E402


class Swapped(unittest.TestCase):
    def test_a_side_that_never_gives_the_others_answer_differs(self):
        self.assertFalse(sides_were_swapped([{"state": ("Empty", "Stable")}] * 4))
        self.assertFalse(sides_were_swapped([{"state": ("Empty", "Stable")}, {"other": ("Stable", "Empty")}]))
        self.assertFalse(sides_were_swapped([{"state": ("Empty", "Stable")}, {"state": ("Stable", "Dead")}]))

    def test_sides_that_have_given_each_others_answers_do_not(self):
        self.assertTrue(sides_were_swapped([{"count": (3, 2)}, {"count": (3, 2)}, {"count": (2, 3)}]))


class ByChance(unittest.TestCase):
    found = [{"count": (3, 2)}, {"count": (3, 2), "state": ("Empty", "Dead")}]

    def test_all_that_differed_has_to_differ_between_java_brokers(self):
        self.assertTrue(by_chance(self.found, [{"count": (2, 3)}, {"state": ("Empty", "Dead")}]))
        self.assertFalse(by_chance(self.found, [{"count": (2, 3)}]))
        self.assertFalse(by_chance(self.found, []))

    def test_by_the_same_answers(self):
        self.assertFalse(by_chance(self.found[:1], [{"count": (2, 4)}]))
        self.assertFalse(by_chance(self.found[:1], [{"counts": (2, 3)}]))
        self.assertFalse(by_chance([{"code": (0, "0")}], [{"code": (0, 25)}]))


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - min(bad, result.testsRun)} passed, {bad} failed")
    sys.exit(1 if bad else 0)
