"""Holds made-up runs of the comparison against each other."""

import contextlib
import io
import json
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests/perf")]
from driver import run_tests  # noqa: E402
import kafka_repeat  # noqa: E402


def spread(median, low=None, high=None):
    return {"median": median, "low": low or median, "high": high or median}


class Repeat(unittest.TestCase):
    def said(self, one, other, status):
        with TemporaryDirectory() as folder:
            paths = [Path(folder) / name for name in ("one.json", "other.json")]
            for path, ratios in zip(paths, (one, other)):
                path.write_text(json.dumps({"ratios": ratios}))
            said = io.StringIO()
            with mock.patch.object(sys, "argv", ["repeat", *map(str, paths)]), \
                    contextlib.redirect_stdout(said):
                self.assertEqual(kafka_repeat.main(), status, said.getvalue())
        return said.getvalue()

    def test_ratios_that_overlap_say_the_same(self):
        one = {"W1": {"cpu_s_per_gb": spread(0.5, 0.4, 0.6), "p99_ms": spread(1, 1, 9)}}
        other = {"W1": {"cpu_s_per_gb": spread(0.6, 0.55, 0.8), "p99_ms": spread(8, 8, 9)},
                 "W2": {"mb_per_s": spread(1)}}
        self.assertIn("2 ratios, 100.0 % overlap, 0 medians", self.said(one, other, 0))

    def test_one_in_twenty_may_be_apart_and_no_more(self):
        one = {f"W{number}": {"rss_mib": spread(1)} for number in range(20)}
        other = {**one, "W0": {"rss_mib": spread(2)}}
        self.assertIn("apart: W0 rss_mib: 1.000 (1.000 to 1.000), then 2.000 (2.000 to 2.000),"
                      " 2.00 times apart", self.said(one, other, 0))
        self.said(one, {**other, "W1": {"rss_mib": spread(2)}}, 1)

    def test_a_judged_median_may_not_be_far_off(self):
        for median, status in ((0.31, 1), (0.34, 0)):
            one = {"W1": {"p50_ms": spread(0.5, 0.1, 0.9)}}
            self.said(one, {"W1": {"p50_ms": spread(median, 0.1, 0.9)}}, status)

    def test_runs_that_share_nothing_are_no_proof(self):
        self.assertIn("0 ratios", self.said({}, {"W1": {"p50_ms": spread(1)}}, 1))


if __name__ == "__main__":
    run_tests()
