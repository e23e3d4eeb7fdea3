"""Runs the driver of `./dev perf zerocopy` over stand-ins for a broker and for what watches it: it
goes on where it was, tells what was refused and why, and says which path the bytes took and what
beat it."""

import contextlib
import re
import unittest
import xml.etree.ElementTree as xml
from types import SimpleNamespace
from unittest import mock

from driver import DriverCase, run_tests
import broker_figures
import zerocopy
import zerocopy_broker
import zerocopy_page
import zerocopy_rows
from broker import BrokerError
from netpath_broker import Figures
from watch import Seen

STAND_IN = "#!/bin/sh\n"
VIEWS = ("samples", "punts", "switches", "blocks", "calls", "copies")
BLOCKS = """\
 a 1 [000] 1.000000: block:block_rq_issue: 254,0 R 4096 () 8 + 8 0x2,0,4 [a]
 a 1 [000] 1.000100: block:block_rq_complete: 254,0 R () 8 + 8 0x2,0,4 [0]
"""


class Topic:
    """Stands in for netpath_broker.Topic. Over splice a byte costs half of it elsewhere."""

    bytes = 10**6
    broken = None  # what can't be done

    def __init__(self, _, folder, __):
        self.folder, self.went, self.spent = folder, {}, 0
        self.admin_port, self.broker = 1, SimpleNamespace(process=SimpleNamespace(pid=1))

    def __enter__(self):
        self.folder.mkdir(parents=True)
        return self

    def __exit__(self, *_):
        self.folder.rmdir()

    def start(self, path):
        if self.broken == "start":
            raise BrokerError("no 'started' line\nand more of its log")
        self.path = path

    def stop(self):
        self.went = {}

    def fill(self):
        pass

    warm = check = fill

    def consume(self, _):
        if self.broken == self.path:
            raise BrokerError(f"kcat -C ended with 1: no {self.path}")
        way = {"memory": "read", "auto": "sendfile"}.get(self.path, self.path)
        self.went[way] = self.went.get(way, 0) + self.bytes
        self.spent += 0.0002 if self.path == "splice" else 0.0004

    def figures(self):
        return Figures(sum(self.went.values()), dict(self.went), 0)

    def cpu_s(self):
        return self.spent


@contextlib.contextmanager
def watching(_pid, _folder):
    views = {name: Seen(why_not=f"no right to see {name}") for name in VIEWS}
    yield {**views, "event": Seen("cpu-clock"), "blocks": Seen(BLOCKS),
           "samples": Seen("a\n\t10 do_sendfile ([kernel.kallsyms])\n")}


def snapshots():
    """As of a broker that has sent 3 MB more each time that it is asked."""
    for number in range(100):
        yield {"metrics": {'millrace_delivered_bytes_total{path="sendfile"}': number * 3 * 10**6},
               "io": {"read_bytes": 0, "rchar": number * 3 * 10**6}, "cpu_s": number, "at": number,
               "disks_written": 0, "ticks": [0] * 8}


class ZerocopyCase(DriverCase):
    driver = zerocopy
    stand_in = STAND_IN

    def setUp(self):
        super().setUp()
        told = snapshots()
        stand_ins = ((zerocopy_broker, "Topic", Topic), (zerocopy_broker, "QUICK_TAIL_S", 0.01),
                     (zerocopy_broker, "evict", lambda _: None),
                     (zerocopy_broker, "produce_slowly", lambda *_: None),
                     (zerocopy_broker, "reader_at_the_tail", lambda _: contextlib.nullcontext()),
                     (zerocopy_broker.time, "sleep", lambda _: None),
                     (zerocopy_broker.watch, "watching", watching),
                     (broker_figures, "snapshot", lambda *_: next(told)))
        for where, name, stand_in in stand_ins:
            patch = mock.patch.object(where, name, stand_in)
            patch.start()
            self.addCleanup(patch.stop)
        quiet = mock.patch("machine.steal_share", return_value=0)
        quiet.start()
        self.addCleanup(quiet.stop)


class OwnBroker(ZerocopyCase):
    def test_says_how_much_the_reader_is_behind_and_how_long_it_takes(self):
        self.assertRegex(self.run_once(), r"(?m)^33 cells, about \d+ min, at most 2.0 GiB")
        self.assertEqual(self.summary()["behind_mib"], 1024)
        self.run_once("--behind", "64")
        self.assertIn("is 64 MiB behind here", self.file("html").read_text())

    def test_what_auto_chose_is_compared_with_what_was_forced_in_the_same_round(self):
        self.run_once()
        data = self.summary()
        self.assertEqual(data["cells_left"], 0)
        self.assertEqual([(row["place"], row["path"]) for row in data["rows"]],
                         [(place, path) for place in ("warm", "cold")
                          for path in zerocopy_broker.PATHS])
        splice = zerocopy_rows.row_named(data["rows"], "cold", "splice")
        self.assertAlmostEqual(splice["cost_to_base"]["median"], 0.5)
        self.assertEqual(splice["rounds"], 3)
        says = zerocopy_page.answer(data["rows"], "cold")
        self.assertIn("auto delivered by sendfile 100.0 %", says)
        self.assertIn("Cheapest of the paths that were forced was splice", says)
        self.assertIn("so that it beat auto in each round", says)

    def test_the_page_is_well_formed_and_says_why_a_probe_is_missing(self):
        self.run_once()
        html = self.file("html").read_text()
        xml.fromstring(re.search(r"<body>.*</body>", html, re.S).group(0))
        for words in ("A reader at the tail: 3.0 MB in 1 s, by sendfile 100.0 %.",
                      "only sampled: no right to see punts.",
                      "do_sendfile [kernel]: 100.0 %, samples: 1", "µs at most"):
            self.assertIn(words, html)

    def test_goes_on_where_it_was_and_starts_no_broker_when_the_time_is_up(self):
        with mock.patch.object(zerocopy, "QUICK_SECONDS_MAX", -1):
            self.run_once()
        self.assertEqual(self.summary()["cells_left"], 30)
        self.assertIn("Passes that were not reached: 30", self.file("html").read_text())
        self.assertRegex(self.run_once(), r"(?m)^30 cells left, about")
        self.assertEqual(self.summary()["cells_left"], 0)

    def test_a_path_that_can_not_be_had_is_named_and_the_others_go_on(self):
        with mock.patch.object(Topic, "broken", "mmap"):
            self.run_once()
        data = self.summary()
        self.assertEqual(len(data["refused"]), 6)
        self.assertEqual(set(data["refused"].values()), {"kcat -C ended with 1: no mmap"})
        self.assertNotIn("mmap", {row["path"] for row in data["rows"]})

    def test_without_a_broker_that_starts_the_reason_is_a_page(self):
        with mock.patch.object(Topic, "broken", "start"):
            self.run_once()
        self.assertEqual(set(self.summary()["refused"].values()), {"no 'started' line"})
        self.assertEqual(self.summary()["cells_left"], 0)
        self.assertIn("no &#x27;started&#x27; line", self.file("html").read_text())

    def test_its_files_are_gone(self):
        self.run_once()
        self.assertEqual(sorted(path.name for path in self.out.iterdir()),
                         ["zerocopy.html", "zerocopy.json", "zerocopy.ndjson"])


class LiveBroker(ZerocopyCase):
    def test_is_watched_and_nothing_else(self):
        said = self.run_once("--admin", "127.0.0.1:9404", "--pid", "1", "--seconds", "3")
        self.assertIn("watching process 1 for 3 s", said)
        data = self.summary()
        self.assertEqual([one["name"] for one in data["watches"]], ["live"])
        self.assertEqual(data["rows"], [])
        html = self.file("html").read_text()
        self.assertIn("The load that ran: 3.0 MB", html)
        self.assertNotIn("MiB behind", html)

    def test_needs_both_its_figures_and_its_process(self):
        with self.assertRaisesRegex(SystemExit, "go together"):
            self.run_once("--pid", "1")

    def test_that_does_not_answer_is_said(self):
        failing = mock.Mock(side_effect=broker_figures.NoFigures("no figures at http://x/metrics"))
        with mock.patch.object(broker_figures, "snapshot", failing):
            with self.assertRaisesRegex(SystemExit, "zerocopy: no figures at http://x/metrics"):
                self.run_once("--admin", "x", "--pid", "1")


def passed(place, path, number, cost, steal=0.0):
    return {"kind": "cell", "part": "pass", "id": f"{place}-{path}~{number}", "place": place,
            "path": path, "round": number, "bytes": 100, "mb_per_s": 1 / cost,
            "sender_s_per_gb": cost, "system_s_per_gb": 2 * cost, "went": {path: 100},
            "misses": 1, "bytes_read": 50, "steal_share": steal}


class Rows(unittest.TestCase):
    def rows(self, *costs):
        """Costs of splice in rounds in which auto costs 1."""
        return zerocopy_rows.rows_of([one for number, cost in enumerate(costs) for one in
                                      (passed("warm", "auto", number, 1),
                                       passed("warm", "splice", number, cost))])

    def test_rounds_that_disagree_are_told_as_such(self):
        for costs, words in (((2, 4), "so that nothing beat auto"),
                             ((0.5, 2), "and the rounds disagree on which is cheaper"),
                             ((0.5, 0.6), "so that it beat auto in each round")):
            self.assertIn(words, zerocopy_page.answer(self.rows(*costs), "warm"))

    def test_what_was_faster_in_each_round_is_named(self):
        self.assertIn("Faster than auto in each round: splice, 2.00 times",
                      zerocopy_page.answer(self.rows(0.5, 0.5), "warm"))
        self.assertIn("No path was faster", zerocopy_page.answer(self.rows(0.5, 2), "warm"))

    def test_what_the_host_disturbed_is_in_no_ratio(self):
        rows = zerocopy_rows.rows_of([passed("warm", "auto", 1, 1),
                                      passed("warm", "splice", 1, 3, 0.2)])
        self.assertIsNone(rows[1]["cost_to_base"]["median"])
        self.assertEqual(rows[1]["disturbed"], 1)

    def test_bytes_that_came_from_the_disk_are_counted(self):
        row = self.rows(1, 1)[1]
        self.assertEqual((row["bytes"], row["bytes_read"]), (200, 100))
        self.assertEqual(row["went"], {"splice": 200})


class Plan(unittest.TestCase):
    def test_all_paths_take_turns(self):
        size = {"behind_mib": 8, "rounds": 3, "tail_s": 1}
        ids = zerocopy_broker.plan(size)["ids"]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(ids[:7], ["watch-tail-8m", "watch-warm-8m", "watch-cold-8m",
                                   "warm-auto-8m~1", "cold-auto-8m~1", "warm-memory-8m~1",
                                   "cold-memory-8m~1"])

    def test_fits_its_announced_limit(self):
        for full, limit in ((False, zerocopy.QUICK_SECONDS_MAX - 60), (True, 30 * 60)):
            size = zerocopy_broker.scale(SimpleNamespace(full=full, behind=None))
            self.assertLess(zerocopy_broker.plan(size)["seconds"], limit)

    def test_full_is_two_gigabytes_behind(self):
        size = zerocopy_broker.scale(SimpleNamespace(full=True, behind=None))
        self.assertEqual(size["behind_mib"], 2048)


if __name__ == "__main__":
    run_tests()
