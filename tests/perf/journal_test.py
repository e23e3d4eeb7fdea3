"""Runs the driver of `./dev perf journal` over stand-ins for its generator and its brokers: it
finishes, goes on where it was, measures anew what wasn't as meant, and writes its page."""

import os
import re
import sys
import time
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "perf"))
from driver import DriverCase, run_tests  # noqa: E402
import journal  # noqa: E402
import journal_page  # noqa: E402
import load_stand_ins  # noqa: E402
import task_states  # noqa: E402

SMALL = journal.Scale(2, 4, 0, {"steady": 0.01, "most": 0.01})
CELLS = 2 * 2 * 2


class Driver(DriverCase):
    driver = journal
    stand_in = load_stand_ins.GENERATOR

    def setUp(self):
        super().setUp()
        load_stand_ins.write_stand_ins(self.folder)
        for patcher in (mock.patch.object(journal, "QUICK", SMALL),
                        mock.patch.object(journal, "DISK_BYTES", 1),
                        mock.patch("machine.steal_share", return_value=0)):
            patcher.start()
            self.addCleanup(patcher.stop)

    def measured(self, *more):
        return self.run_once("--broker", str(self.folder / "broker"), *more)

    def page(self):
        html = self.file("html").read_text()
        xml.fromstring(re.search(r"<body>.*</body>", html, re.S).group(0))
        return html

    def test_measures_all_and_answers_first(self):
        said = self.measured()
        self.assertRegex(said, rf"^{CELLS} cells, about \d+ (s|min), at most")
        self.assertIn("takes 1.00 times (1.00 to 1.00) as long as without: 200 against 200", said)
        data = self.summary()
        self.assertEqual((data["cells_left"], data["failed"]), (0, {}))
        self.assertEqual([(row["load"], row["side"], row["rounds"], row["checkpoints"],
                           row["journal_bytes_per_byte"]) for row in data["cells"]],
                         [(name, side, 2, 3 if side == "often" else 0, 2)
                          for name in ("steady", "most") for side in ("often", "rare")])
        self.assertIn("With checkpoints against without", self.page())
        self.assertEqual(sorted(path.name for path in self.out.iterdir()),
                         ["journal.html", "journal.json", "journal.ndjson"])

    def test_goes_on_where_it_was(self):
        whole, count = journal.carry_out, iter(range(4))

        def some(*args):
            if next(count, None) is None:
                raise KeyboardInterrupt
            return whole(*args)

        argv = ["journal.py", "--program", self.program, "--out", str(self.out), "--broker",
                str(self.folder / "broker")]
        with mock.patch.object(journal, "carry_out", some), mock.patch.object(sys, "argv", argv), \
                mock.patch("limits.shutil.which", return_value=None):
            self.assertEqual(journal.main(), 130)
        self.assertEqual(self.summary()["cells_left"], CELLS - 4)
        self.assertIn(f"Cells that were not reached: {CELLS - 4}", self.page())
        self.assertRegex(self.measured(), f"^{CELLS - 4} cells left, about")
        self.assertEqual(self.summary()["cells_left"], 0)

    def test_a_cell_that_is_not_as_meant_is_measured_anew_and_then_refused(self):
        tries = []
        whole = journal.carry_out

        def with_a_checkpoint(options, cell, *more):
            if cell["id"] == "steady-rare~1":
                tries.append(cell)
                return {**whole(options, cell, *more), "checkpoints": 7}
            return whole(options, cell, *more)

        with mock.patch.object(journal, "carry_out", with_a_checkpoint):
            said = self.measured()
        self.assertIn("no figures of steady-rare~1: 7 checkpoints fell into it\n", said)
        self.assertEqual(len(tries), journal.TRIES)
        self.assertEqual(self.summary()["failed"],
                         {"steady-rare~1": "7 checkpoints fell into it"})
        self.assertIn("7 checkpoints fell into it", self.page())


    def test_a_cell_in_which_batches_were_refused_has_no_figures(self):
        generator = load_stand_ins.GENERATOR.replace('"errors": {}', '"errors": {"KAFKA_STORAGE_ERROR": 9}')
        (self.folder / "program").write_text(generator)
        said = self.measured()
        self.assertIn("no figures of most-rare~2: batches were refused", said)
        self.assertEqual(len(self.summary()["failed"]), CELLS)


def cell(side, turn, steal=0, **figures):
    return {"kind": "cell", "load": "steady", "side": side, "round": turn, "steal_share": steal,
            "answers": 5000, **dict.fromkeys(journal_page.FIGURES, 1), **figures}


class Figures(unittest.TestCase):
    def test_ratios_are_of_one_round_and_leave_disturbed_ones_out(self):
        cells = [cell("often", 1, p99_us=6), cell("rare", 1, p99_us=2),
                 cell("often", 2, 0.2, p99_us=99), cell("rare", 2, p99_us=1),
                 cell("often", 3, p99_us=8), cell("rare", 3, p99_us=4), cell("often", 4)]
        found = journal_page.compare(cells, "p99_us")
        self.assertEqual((found["low"], found["median"], found["high"], found["pairs"]),
                         (2, 2.5, 3, 2))
        self.assertEqual((found["often"], found["rare"]), (7, 3))

    def test_sides_take_turns_at_being_first(self):
        sides = [one["side"] for one in journal.make_plan(journal.QUICK) if one["load"] == "steady"]
        self.assertEqual(sides[:4], ["often", "rare", "rare", "often"])
        self.assertEqual((sides.count("often"), sides.count("rare")), (7, 7))

    def test_each_scale_fits_the_time_that_it_has(self):
        for scale, seconds in ((journal.QUICK, journal.QUICK_SECONDS_MAX),
                               (journal.FULL, journal.harness.PART_SECONDS_MAX)):
            plan = journal.make_plan(scale)
            left = {one["id"] for one in plan}
            self.assertLess(journal.seconds_of(plan, left, scale), seconds)

    def test_threads_are_looked_at(self):
        with task_states.watching(os.getpid()) as looks:
            time.sleep(0.1)
        self.assertGreater(looks.count, 2)
        self.assertEqual(task_states.state_of(Path("/proc/self")), "R")
        with mock.patch.object(task_states, "state_of", return_value="D"), \
                task_states.watching(os.getpid()) as looks:
            time.sleep(0.05)
        self.assertEqual(looks.share(), 1)


if __name__ == "__main__":
    run_tests()
