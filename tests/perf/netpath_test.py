"""Runs the driver of `./dev perf netpath` over stand-ins for its program and for a broker:
it goes on where it was, tells what was refused and why, and writes its figures and its page."""

import re
import unittest
import xml.etree.ElementTree as xml
from unittest import mock

from driver import DriverCase, run_tests
import harness
import netpath
import netpath_broker
import netpath_page
from broker import BrokerError

# Two ways at two sizes, one of them only once and one not at all; a run measures three of them.
STAND_IN = '''#!/usr/bin/env python3
import json, sys
from pathlib import Path
IDS = [f"{path}-{size}~1" for size in ("4k", "64k")
       for path in ("memory", "sendfile", "ring-send-zc")]
if "--plan" in sys.argv:
    print(json.dumps({"kind": "plan", "seconds": 6, "disk_bytes": 1, "ids": IDS}))
    sys.exit()
done = Path(sys.argv[sys.argv.index("--done") + 1]).read_text().split()
print(json.dumps({"kind": "machine", "compiler": "GCC 12", "file_bytes": 1 << 27,
                  "receive_bytes": 1 << 17, "memory_copy_gb_per_s": 8, "punts_why_not": None}))
for one in [i for i in IDS if i not in done][:3]:
    path, size = one[:-2].rsplit("-", 1)
    what = {"id": one, "round": 1, "path": path, "size": size}
    cost = {"memory": 0.2, "sendfile": 0.25, "ring-send-zc": 0.5}[path]
    if one == "ring-send-zc-64k~1":
        print(json.dumps({"kind": "refused", **what, "why": "SEND_ZC: Invalid argument"}))
        continue
    zc = 40 if path == "ring-send-zc" else 0
    print(json.dumps({"kind": "cell", **what, "bytes": 10**9, "elapsed_s": 0.5, "mb_per_s": 2000,
                      "sender_s_per_gb": cost, "system_s_per_gb": 2 * cost,
                      "receiver_s_per_gb": 0.2, "calls_per_mb": 15, "punts_per_mb": 0,
                      "notices": zc, "copied": zc, "steal_share": 0}))
print(json.dumps({"kind": "end", "left": 0}))
'''


class Topic:
    """Stands in for netpath_broker.Topic: what its brokers tell is made up."""

    bytes = 10**6
    broken = None  # what can't be done

    def __init__(self, *_):
        self.went, self.spent = {}, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def start(self, path):
        if self.broken == "start":
            raise BrokerError("no 'started' line\nand more of its log")
        self.path = path

    def stop(self):
        self.went = {}

    def fill(self):
        pass

    warm = check = fill

    def consume(self, fetch_bytes):
        if self.broken == self.path:
            raise BrokerError(f"kcat -C ended with 1: no {self.path}")
        way = {"memory": "read", "auto": "sendfile"}.get(self.path, self.path)
        self.went[way] = self.went.get(way, 0) + self.bytes
        self.spent += 0.0004 if self.path == "splice" else 0.0002

    def calls_and_punts(self, fetch_bytes):
        return {"calls_per_mb": 30} if self.path != "auto" else {"not_counted": "no perf here"}

    def figures(self):
        return netpath_broker.Figures(sum(self.went.values()), dict(self.went), 0)

    def cpu_s(self):
        return self.spent


class Driver(DriverCase):
    driver = netpath
    stand_in = STAND_IN

    def setUp(self):
        super().setUp()
        scale = netpath_broker.Scale(1 << 20, {"64k": 65536, "1m": 1 << 20}, 2)
        for name, stand_in in (("QUICK", scale), ("FULL", scale), ("Topic", Topic)):
            patch = mock.patch.object(netpath_broker, name, stand_in)
            patch.start()
            self.addCleanup(patch.stop)
        quiet = mock.patch("machine.steal_share", return_value=0)
        quiet.start()
        self.addCleanup(quiet.stop)

    def test_goes_on_where_it_was_and_says_how_much_is_left(self):
        self.assertRegex(self.run_once(), r"(?m)^26 cells, about \d+ s, at most 1.0 GiB")
        self.assertEqual(self.summary()["cells_left"], 3)
        self.assertRegex(self.run_once(), r"(?m)^3 cells left, about")
        self.assertEqual(self.summary()["cells_left"], 0)
        self.assertRegex(self.run_once(), r"(?m)^26 cells, about")

    def test_figures_are_related_to_sendfile(self):
        self.run_once()
        self.run_once()
        data = self.summary()
        ratios = {(row["path"], row["size"]): row["sender_to_base"]["median"]
                  for row in data["sockets"]}
        self.assertAlmostEqual(ratios["memory", "4k"], 0.8)
        self.assertAlmostEqual(ratios["ring-send-zc", "4k"], 2)
        broker = {(row["path"], row["size"]): row for row in data["broker"]}
        self.assertAlmostEqual(broker["splice", "1m"]["sender_to_base"]["median"], 2)
        self.assertEqual(broker["splice", "1m"]["rounds"], 2)
        self.assertEqual(broker["splice", "1m"]["calls_per_mb"], 30)
        self.assertIsNone(broker["splice", "1m"]["punts_per_mb"])
        self.assertEqual(broker["memory", "64k"]["went"], {"read": 2 * Topic.bytes})
        self.assertEqual(broker["auto", "64k"]["went"], {"sendfile": 2 * Topic.bytes})

    def test_both_ends_are_related_to_sendfile_too(self):
        self.run_once()
        both = {row["path"]: row["both_to_base"]["median"] for row in self.summary()["sockets"]
                if row["size"] == "4k"}
        self.assertAlmostEqual(both["memory"], (0.2 + 0.2) / (0.25 + 0.2))
        self.assertIn("both ends' s/GB".replace("'", "&#x27;"), self.file("html").read_text())

    def test_the_page_is_well_formed_and_says_what_was_not_possible(self):
        self.run_once()
        self.run_once()
        html = self.file("html").read_text()
        xml.fromstring(re.search(r"<body>.*</body>", html, re.S).group(0))
        for words in ("SEND_ZC: Invalid argument", "fio is not installed",
                      "Of 40 sends by SEND_ZC the kernel said afterwards that it had copied 40 (",
                      "read 100.0 %", "no perf here", "MB/s are the limit of the consumer"):
            self.assertIn(words, html)

    def test_a_path_that_a_consumer_can_not_read_by_is_named_and_the_others_go_on(self):
        with mock.patch.object(Topic, "broken", "mmap"):
            self.run_once()
        data = self.summary()
        self.assertEqual({why for cell, why in data["refused"].items()
                          if cell.startswith("broker-mmap")}, {"kcat -C ended with 1: no mmap"})
        self.assertNotIn("mmap", {row["path"] for row in data["broker"]})
        self.assertIn("splice", {row["path"] for row in data["broker"]})

    def test_without_a_broker_that_starts_the_rest_is_a_page(self):
        with mock.patch.object(Topic, "broken", "start"):
            self.run_once()
            self.run_once()
        data = self.summary()
        self.assertEqual(data["cells_left"], 0)
        self.assertEqual(data["broker"], [])
        self.assertIn("no 'started' line", data["refused"].values())
        self.assertNotIn("with a real consumer", self.file("html").read_text())

    def test_starts_no_broker_when_the_time_is_up(self):
        with mock.patch.object(netpath, "QUICK_SECONDS_MAX", -1):
            self.run_once()
        self.assertEqual(self.summary()["broker"], [])
        self.assertEqual(self.summary()["cells_left"], 23)

    def test_its_files_are_gone(self):
        self.run_once()
        self.assertEqual(sorted(path.name for path in self.out.iterdir()),
                         ["netpath.html", "netpath.json", "netpath.ndjson"])


def cell(path, number, cost, steal=0.0):
    return {"kind": "cell", "id": f"{path}-4k~{number}", "path": path, "size": "4k",
            "round": number, "bytes": 1, "sender_s_per_gb": cost, "receiver_s_per_gb": 1,
            "mb_per_s": 1 / cost, "steal_share": steal}


class Figures(unittest.TestCase):
    def test_a_ratio_is_of_one_round_and_leaves_out_what_the_host_disturbed(self):
        records = [cell("sendfile", 1, 1), cell("splice", 1, 2), cell("sendfile", 2, 10),
                   cell("splice", 2, 40), cell("sendfile", 3, 1, 0.2), cell("splice", 3, 99)]
        rows = netpath_page.rows_of(records, "socket", netpath_page.WAYS)
        self.assertEqual([row["path"] for row in rows], ["sendfile", "splice"])
        self.assertEqual(rows[1]["sender_to_base"], {"median": 3, "low": 2, "high": 4})
        self.assertEqual((rows[0]["disturbed"], rows[1]["disturbed"]), (1, 0))

    def test_a_way_without_sendfile_has_no_ratio(self):
        rows = netpath_page.rows_of([cell("splice", 1, 2)], "socket", netpath_page.WAYS)
        self.assertIsNone(rows[0]["sender_to_base"]["median"])

    def test_nobodys_share_is_what_neither_end_used(self):
        rows = [{"both_s_per_gb": both, "system_s_per_gb": 1} for both in (0.9, 0.7, 0.1)]
        self.assertAlmostEqual(netpath_page.nobodys_share(rows), 0.3)

    def test_the_time_left_has_the_time_of_what_comes_later(self):
        self.assertAlmostEqual(harness.Progress(10, 100, later=50).left_seconds(), 150, delta=1)


class Broker(unittest.TestCase):
    def test_all_paths_take_turns(self):
        ids = netpath_broker.plan(False)["ids"]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(ids[:3], ["broker-memory-64k~1", "broker-memory-1m~1",
                                   "broker-sendfile-64k~1"])
        self.assertEqual([one for one in ids if "memory-64k" in one],
                         [f"broker-memory-64k~{number}" for number in (1, 2, 3)])

    def test_the_lines_have_the_size_of_a_record(self):
        lines = b"".join(netpath_broker.lines_of(1500)).splitlines(keepends=True)
        self.assertEqual(len(lines), 1500)
        self.assertEqual({len(line) for line in lines}, {netpath_broker.RECORD_BYTES})
        self.assertGreater(len(set(lines)), 999)

    def test_fewer_bytes_than_were_produced_are_an_error(self):
        topic = Topic()
        topic.start("sendfile")
        told = [netpath_broker.Figures(sent, {}, 0) for sent in (5, 15)]
        with mock.patch.object(topic, "figures", side_effect=told):
            with self.assertRaisesRegex(BrokerError, "sent 10 bytes of 1000000"):
                netpath_broker.measure_cell(topic, 65536)


class Time(unittest.TestCase):
    def test_both_parts_fit_their_announced_limits(self):
        quick, full = (netpath_broker.plan(kind)["seconds"] for kind in (False, True))
        self.assertLess(quick, netpath.QUICK_SECONDS_MAX - 180)
        self.assertLess(full, harness.PART_SECONDS_MAX - 20 * 60)


if __name__ == "__main__":
    run_tests()
