"""Runs the driver of `./dev perf acks` over stand-ins for its generator and its broker: it
finishes, goes on where it was, measures brokers that it was told, and writes its page."""

import contextlib
import io
import json
import re
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "perf"))
import acks  # noqa: E402
import acks_page  # noqa: E402
from load_stand_ins import write_stand_ins  # noqa: E402

SMALL = acks.Scale((1,), (1,), 2, 0, 0.01)
RUNS = 2 * (2 * 3 + 2 * 2)


class Driver(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out = self.folder / "out"
        write_stand_ins(self.folder)

    def run_once(self, *more, status=0):
        argv = ["acks.py", "--program", str(self.folder / "generator"), "--broker",
                str(self.folder / "broker"), "--out", str(self.out), *more]
        said = io.StringIO()
        with mock.patch.object(sys, "argv", argv), contextlib.redirect_stdout(said), \
                contextlib.redirect_stderr(said), mock.patch.object(acks, "QUICK", SMALL), \
                mock.patch("limits.shutil.which", return_value=None):
            self.assertEqual(acks.main(), status, said.getvalue())
        return said.getvalue()

    def summary(self):
        return json.loads((self.out / "acks.json").read_text())

    def page(self):
        html = (self.out / "acks.html").read_text()
        xml.fromstring(re.search(r"<body>.*</body>", html, re.S).group(0))
        return html

    def interrupted_after(self, runs):
        whole, count = acks.carry_out, iter(range(runs))

        def carry_out(*args):
            if next(count, None) is None:
                raise KeyboardInterrupt
            return whole(*args)

        return mock.patch.object(acks, "carry_out", carry_out)

    def test_measures_all_and_answers_first(self):
        said = self.run_once()
        self.assertRegex(said, rf"^{RUNS} cells, about \d+ s, at most")
        self.assertIn("acks=all gives you 0.500 times the throughput of acks=1 with", said)
        data = self.summary()
        self.assertEqual(data["cells_left"], 0)
        self.assertEqual([place["median"] for place in data["compared"]["all/1 flush"]], [0.5])
        self.assertEqual([place["median"] for place in data["compared"]["0/1 os"]], [1.5])
        self.assertEqual([place["median"] for place in data["compared"]["flush/os"]], [1])
        self.assertEqual({cell["batches_per_flush"] for cell in data["cells"]}, {4})
        html = self.page()
        self.assertLess(html.index("0.500 times"), html.index("<svg"))
        self.assertIn("fio is not installed", html)
        self.assertIn("RF 1", html)

    def test_nothing_but_the_results_is_left(self):
        self.run_once()
        self.assertEqual(sorted(path.name for path in self.out.iterdir()),
                         ["acks.html", "acks.json", "acks.ndjson"])

    def test_goes_on_after_an_interrupt_and_begins_anew_when_done(self):
        with self.interrupted_after(5):
            self.run_once(status=130)
        self.assertEqual(self.summary()["cells_left"], RUNS - 5)
        self.assertIn(f"Runs that were not reached: {RUNS - 5}", self.page())
        self.assertRegex(self.run_once(), f"^{RUNS - 5} cells left, about")
        self.assertRegex(self.run_once(), f"^{RUNS} cells, about")
        with self.interrupted_after(1):
            self.run_once(status=130)
        self.assertRegex(self.run_once("--fresh"), f"^{RUNS} cells, about")

    def test_an_end_before_the_first_run_leaves_a_page(self):
        with self.interrupted_after(0):
            self.run_once(status=130)
        self.assertIn("Nothing was measured yet", self.page())

    def test_brokers_that_were_told_are_not_looked_into(self):
        said = self.run_once("--bootstrap", "other:9092")
        self.assertRegex(said, rf"^{RUNS // 2} cells, about \d+ s, at most 0.0 GiB")
        self.assertIn("topics come and go at other:9092", said)
        data = self.summary()
        self.assertEqual({cell["durability"] for cell in data["cells"]}, {acks_page.THEIRS})
        self.assertEqual({cell["flushes_per_s"] for cell in data["cells"]}, {None})
        self.assertIn("seen from outside", self.page())

    def test_a_run_that_fails_is_named_with_the_reason(self):
        self.run_once("--bootstrap", "refuses:1")
        self.assertEqual(set(self.summary()["failed"].values()), {"what went wrong"})
        self.assertIn("what went wrong", self.page())

    def test_where_nobody_answers_it_ends(self):
        self.assertIn("what went wrong", self.run_once("--bootstrap", "gone:1", status=1))
        self.assertEqual(self.summary()["cells_left"], RUNS // 2)


def run(turn=1, acks_of="all", steal=0, **figures):
    return {**acks.run_of("most", 16, 8, "flush", acks_of, turn), "kind": "cell",
            "steal_share": steal, "answers": 5000, **dict.fromkeys(acks_page.FIGURES, 1), **figures}


class Figures(unittest.TestCase):
    def test_ratios_are_of_one_round_and_leave_disturbed_ones_out(self):
        runs = []
        for turn, steal, above, below in ((1, 0, 100, 50), (2, 0.2, 999, 1), (3, 0, 60, 60)):
            runs += [run(turn, "all", steal, mb_per_s=above), run(turn, "1", 0, mb_per_s=below)]
        runs.append(run(4, "all", mb_per_s=7))
        found = acks_page.ratios(runs, "mb_per_s", "acks", "all", "1", durability="flush")
        self.assertEqual([(one["low"], one["median"], one["high"], one["rounds"]) for one in found],
                         [(1, 1.5, 2, 2)])

    def test_few_answers_have_no_far_percentile(self):
        cells = acks_page.gather([run(answers=999, p999_us=5)])
        self.assertIsNone(cells[0]["p999_us"])
        self.assertEqual(acks_page.gather([run(p999_us=5)])[0]["p999_us"], 5)

    def test_what_is_compared_is_measured_one_after_the_other(self):
        plan = acks.make_plan(acks.QUICK, acks_page.DURABILITIES)
        self.assertEqual(len({one["id"] for one in plan}), len(plan))
        most = [one for one in plan if one["load"] == "most"]
        self.assertEqual([one["acks"] for one in most[:6]], ["0", "1", "all"] * 2)
        for first, last in zip(most[0::6], most[5::6]):
            for axis in ("producers", "partitions", "round"):
                self.assertEqual(first[axis], last[axis])

    def test_each_scale_fits_the_time_that_it_has(self):
        for scale, seconds in ((acks.QUICK, acks.QUICK_SECONDS_MAX),
                               (acks.FULL, acks.harness.PART_SECONDS_MAX)):
            plan = acks.make_plan(scale, acks_page.DURABILITIES)
            self.assertLess(len(plan) * acks.run_seconds(scale), seconds)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - min(bad, result.testsRun)} passed, {bad} failed")
    sys.exit(1 if bad else 0)
