"""Keeps made-up runs as lines of a history, and draws them."""

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
from driver import run_tests  # noqa: E402
import history  # noqa: E402
import history_page  # noqa: E402


def run_of(commit, median=0.4, **changed):
    spread = {"median": median, "low": median / 2, "high": median * 2}
    target = {"id": "T1", "words": "produce", "unit": "s/GB", "gate_ratio": 0.5, "pairs": 5,
              "ratio": spread, "millrace": spread, "kafka": spread}
    return {"facts": [["processor", "P"], ["Millrace", f"commit {commit}"]], "date": "a day",
            "full": False, "cells_left": 0, "targets": [target, {**target, "pairs": 0}], **changed}


class History(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "history.ndjson"
        self.file.write_text("")

    def run_once(self, *more):
        argv = ["history.py", "--file", str(self.file), "--out", str(self.folder / "out"), *more]
        said = io.StringIO()
        with mock.patch.object(sys, "argv", argv), contextlib.redirect_stdout(said):
            self.assertEqual(history.main(), 0)
        return said.getvalue()

    def add(self, data):
        path = self.folder / "kafka.json"
        path.write_text(json.dumps(data))
        return self.run_once("--add", str(path))

    def lines(self):
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def page(self):
        html = (self.folder / "out/history.html").read_text()
        xml.fromstring(re.search(r"<body>.*</body>", html, re.S).group(0))
        return html

    def test_a_run_is_a_line_and_each_commit_has_one(self):
        self.assertIn("1 measured commits", self.add(run_of("aaa")))
        self.add(run_of("bbb", 0.3))
        self.add(run_of("aaa", 0.2))
        lines = self.lines()
        self.assertEqual([line["commit"] for line in lines], ["bbb", "aaa"])
        self.assertEqual(lines[1]["targets"]["T1 produce"]["ratio"]["median"], 0.2)
        self.assertEqual(list(lines[0]["targets"]), ["T1 produce"])
        self.assertGreater(lines[0]["instructions"]["produce request"], 1000)
        html = self.page()
        for words in ("T1 produce", "bbb", "Now 0.200×, gate 0.500× (dashed).", "times Kafka&#x27;s"):
            self.assertIn(words, html)

    def test_what_cannot_be_repeated_is_refused(self):
        for data, why in ((run_of("aaa-dirty"), "the tree had changes that aaa doesn't have"),
                          (run_of("aaa", cells_left=3), "3 cells")):
            with self.assertRaisesRegex(SystemExit, why):
                self.add(data)
        self.assertEqual(self.lines(), [])

    def test_other_machines_are_drawn_apart(self):
        self.add(run_of("aaa"))
        other = [["processor", "Q"], ["Millrace", "commit aaa"]]
        self.add(run_of("aaa", facts=other))
        self.assertEqual(self.page().count("Quick runs:"), 2)

    def test_an_empty_one_is_a_page_too(self):
        self.assertIn("0 measured commits", self.run_once())
        self.assertIn("No commit was measured yet.", self.page())


class Series(unittest.TestCase):
    def test_stays_inside_the_picture(self):
        for count in (1, 2, 7, 40):
            points = [(0.001 * 3 ** place, 0.0005 * 3 ** place, None) for place in range(count)]
            root = xml.fromstring(history_page.series("t", ["c"] * count, points, "times", 0.5))
            for node in root.iter("{http://www.w3.org/2000/svg}circle"):
                self.assertTrue(history_page.LEFT <= float(node.get("cx")) <= history_page.RIGHT)
                self.assertTrue(0 <= float(node.get("cy")) <= history_page.HEIGHT)

    def test_figures_that_hardly_differ_have_ticks(self):
        picture = history_page.series("t", ["a", "b"], [(40046, None, None), (39500, None, None)],
                                      "instructions")
        self.assertIn("40,046", picture)
        self.assertIn("39,500", picture)

    def test_a_commit_without_a_figure_is_left_out(self):
        picture = history_page.series("t", ["a", "b", "c"], [(1, 1, 1), None, (2, 2, 2)], "times")
        self.assertEqual(picture.count("<circle"), 2)


if __name__ == "__main__":
    run_tests()
