"""How often the clients of the comparison do what is over too soon."""

import sys
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests/perf")]
from driver import run_tests  # noqa: E402
import kafka_sides  # noqa: E402, F401 -- first: it says where the other modules are
import kafka_clients  # noqa: E402


class Again(unittest.TestCase):
    def count(self, seconds, took):
        """How often something that takes so long is done."""
        now = 0.0

        def do():
            nonlocal now
            now += took

        with mock.patch.object(kafka_clients.time, "monotonic", lambda: now):
            times = kafka_clients.again(seconds, do)
        self.assertAlmostEqual(now, times * took)
        return times

    def test_once_when_it_need_not_last(self):
        self.assertEqual(self.count(0, 0.7), 1)

    def test_once_when_it_lasts(self):
        self.assertEqual(self.count(4, 5), 1)

    def test_until_the_time_has_passed(self):
        self.assertEqual(self.count(4, 1.5), 3)


if __name__ == "__main__":
    run_tests()
