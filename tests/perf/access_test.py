"""Runs the driver of `./dev perf access` over a stand-in for its program that measures three cells,
one a run: it goes on where it was, begins anew when it is done, and writes its figures and its page."""

import io
import re
import unittest
import xml.etree.ElementTree as xml

from driver import DriverCase, run_tests
import access
import access_page
import harness

STAND_IN = '''#!/usr/bin/env python3
import json, sys
from pathlib import Path
IDS = ["read-sequential-4k-d1-psync-none-cold-written", "read-random-4k-d1-psync-none-cold-written",
       "read-random-512-d1-direct-none-cold-written"]
if "--plan" in sys.argv:
    print(json.dumps({"kind": "plan", "seconds": 3, "disk_bytes": 1, "ids": IDS,
                      "bases": {"point-fetch": IDS[1]}}))
    sys.exit()
done = Path(sys.argv[sys.argv.index("--done") + 1]).read_text().split()
print(json.dumps({"kind": "machine", "direct_unit": 4096, "punts_why_not": None,
                  "latency_error": 0.0078}))
left = [i for i in IDS if i not in done]
one = {"id": left[0], "round": 1, "part": "pair", "base": "point-fetch",
       "pattern": left[0].split("-")[1]}
if "direct" in left[0]:
    print(json.dumps({"kind": "refused", "why": "O_DIRECT takes multiples of 4096 bytes", **one}))
else:
    rate = 100 if "sequential" in left[0] else 25
    print(json.dumps({"kind": "cell", **one, "mb_per_s": rate, "iops": 9, "p50_us": 1, "p99_us": 2,
                      "elapsed_s": 1, "cpu_us_per_op": 3, "punts_per_op": None, "settle_s": 0,
                      "steal_share": 0}))
print(json.dumps({"kind": "end", "left": len(left) - 1}))
'''


class Driver(DriverCase):
    driver = access
    stand_in = STAND_IN

    def test_goes_on_where_it_was_and_says_how_much_is_left(self):
        self.assertRegex(self.run_once(), r"^3 cells, about \d+ s, at most")
        self.assertEqual(self.summary()["cells_left"], 2)
        self.assertRegex(self.run_once(), r"^2 cells left, about")
        self.assertRegex(self.run_once(), r"^1 cells left, about")
        data = self.summary()
        self.assertEqual(data["cells_left"], 0)
        self.assertEqual(data["pairs"][0]["median"], 4)
        self.assertEqual(data["cells"]["read-random-4k-d1-psync-none-cold-written"]
                         ["ratio_to_sequential"], 0.25)
        self.assertEqual(list(data["refused"].values()), ["O_DIRECT takes multiples of 4096 bytes"])

    def test_begins_anew_when_it_was_done_or_is_told_to(self):
        for _ in range(3):
            self.run_once()
        self.assertRegex(self.run_once(), "^3 cells,")
        self.assertRegex(self.run_once("--fresh"), "^3 cells,")
        self.assertRegex(self.run_once("--full"), "^3 cells,")

    def test_a_line_that_was_cut_off_is_measured_again(self):
        self.run_once()
        with open(self.file("ndjson"), "a", encoding="utf-8") as file:
            file.write('{"kind": "cell", "id": "read-ran')
        self.assertRegex(self.run_once(), "^2 cells left")

    def test_the_page_is_well_formed_and_says_what_was_not_possible(self):
        for _ in range(3):
            self.run_once()
        html = self.file("html").read_text()
        xml.fromstring(re.search(r"<body>.*</body>", html, re.S).group(0))
        self.assertIn("O_DIRECT takes multiples of 4096 bytes", html)
        self.assertIn("fio is not installed", html)

    def test_its_files_are_gone(self):
        self.run_once()
        self.assertEqual(sorted(path.name for path in self.out.iterdir()),
                         ["access.html", "access.json", "access.ndjson"])


class Figures(unittest.TestCase):
    def test_a_write_is_rated_until_it_is_on_the_disk(self):
        record = {"mb_per_s": 1000, "elapsed_s": 1, "settle_s": 4}
        self.assertEqual(access_page.settled(record), 200)

    def test_rounds_that_the_host_disturbed_are_left_out(self):
        records = []
        for number, steal, rate in ((1, 0, 100), (2, 0.2, 999), (3, 0, 300)):
            for pattern, mb_per_s in (("sequential", rate), ("random", 50)):
                records.append({"kind": "cell", "part": "pair", "base": "b", "round": number,
                                "pattern": pattern, "id": f"write-{pattern}", "elapsed_s": 1,
                                "mb_per_s": mb_per_s, "settle_s": 0, "steal_share": steal})
        pair = access_page.pair_ratios(records, "b")
        self.assertEqual((pair["low"], pair["median"], pair["high"]), (2, 4, 6))
        self.assertEqual((pair["rounds"], pair["left_out"]), (3, 1))

    def test_time_left_follows_the_cells_so_far(self):
        progress = harness.Progress(10, 100, io.StringIO())
        progress.done, progress.began = 5, harness.time.monotonic() - 20
        self.assertAlmostEqual(progress.left_seconds(), 20, delta=1)


if __name__ == "__main__":
    run_tests()
