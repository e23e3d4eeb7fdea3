"""Reads what perf, the kernel and a broker print, as recorded, and has the probes make figures of
it; runs what watches over a stand-in for perf."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from driver import run_tests
import broker_figures
import perf_events
import probes
import watch
from watch import Seen

PUNTS = """\
 millrace  3388 [001] 15845.698833: io_uring:io_uring_queue_async_work: ring 0xffff888102a54000, \
request 0xffff88833da4ba00, user_data 0x39820340cc0, opcode FALLOCATE, flags 0x10000080010, normal \
queue, work 0xffff88833da4bad8
 millrace  3388 [001] 15845.702399: io_uring:io_uring_queue_async_work: ring 0xffff888102a54000, \
request 0xffff88833da4b500, user_data 0x39820342400, opcode WRITE, flags 0x10000080010, hashed \
queue, work 0xffff88833da4b5d8
"""
SWITCHES = """\
        millrace  3763 [-01] 10.000000: PERF_RECORD_SWITCH IN         
        millrace  3763 [000] 10.100000: sched:sched_switch: prev_comm=millrace prev_pid=3763 \
prev_prio=120 prev_state=S ==> next_comm=perf next_pid=3773 next_prio=120
        millrace  3763 [-01] 10.100001: PERF_RECORD_SWITCH OUT        
        millrace  3763 [-01] 10.350001: PERF_RECORD_SWITCH IN         
    iou-wrk-3763  3770 [001] 10.400000: sched:sched_switch: prev_comm=iou-wrk-3763 prev_pid=3770 \
prev_prio=120 prev_state=D ==> next_comm=swapper/1 next_pid=0 next_prio=120
    iou-wrk-3763  3770 [-01] 10.400000: PERF_RECORD_SWITCH OUT        
        millrace  3763 [-01] 10.500000: PERF_RECORD_SWITCH OUT preempt
    iou-wrk-3763  3770 [-01] 10.402000: PERF_RECORD_SWITCH IN         
        millrace  3763 [-01] 10.504000: PERF_RECORD_SWITCH IN         
        millrace  3763 [-01] 10.600000: PERF_RECORD_SWITCH OUT        
"""
BLOCKS = """\
  millrace 21158 [000] 15845.572175: block:block_rq_issue: 254,0 WS 4096 () \
191763392 + 8 0x2,0,4 [millrace]
      perf  3394 [001] 15845.572316: block:block_rq_complete: 254,0 WS () 191763392 + 8 0x2,0,4 [0]
 kworker/1    44 [001] 15845.578367: block:block_rq_issue: 254,0 FF 0 () 0 + 0 \
0x0,0,0 [kworker/1:1H]
      kcat  3396 [001] 15845.578462: block:block_rq_complete: 254,0 FF () \
18446744073709551615 + 0 0x0,0,0 [0]
      kcat  3396 [001] 15845.579000: block:block_rq_complete: 254,0 R () 77 + 8 0x0,0,0 [0]
"""
COUNTS = """\
Events disabled
Events enabled
22285,,raw_syscalls:sys_enter,421038521,100.00,,
<not counted>,,syscalls:sys_enter_io_uring_enter,0,0.00,,
"""
METRICS = """\
# HELP millrace_delivered_bytes_total Bytes
millrace_delivered_bytes_total{path="sendfile"} 750
millrace_delivered_bytes_total{path="read"} 250
millrace_requests_total{api="Fetch"} 8
millrace_requests_total{api="Produce"} 2
millrace_journal_frame_bytes_bucket{le="+Inf"} 3
millrace_connections -1
"""


def seen(**more):
    views = {name: Seen(why_not=f"no {name}")
             for name in ("samples", "punts", "switches", "blocks", "calls", "copies")}
    return {**views, "stacks": {}, **more}


def spent(**more):
    return {"metrics": broker_figures.parse(METRICS), "io": {"rchar": 760, "write_bytes": 500},
            "disks_written": 900, "cpu_s": 1, "elapsed_s": 2, "steal_share": 0, **more}


def rows(probe, what, views):
    return {(row[0], row[2]): row[1] for row in probe(what, views)["rows"]}


class Events(unittest.TestCase):
    def test_punts_are_counted_by_opcode_and_queue(self):
        self.assertEqual(perf_events.punts(PUNTS),
                         {("FALLOCATE", "normal"): 1, ("WRITE", "hashed"): 1})

    def test_time_away_is_told_by_why_a_thread_left(self):
        away = perf_events.off_cpu(SWITCHES)
        figures = {state: [round(one, 6) for one in times] for state, times in away.items()}
        states = perf_events.STATES
        self.assertEqual(figures, {states["S"]: [0.25], states["D"]: [0.002],
                                   states["R"]: [0.004]})

    def test_a_request_is_matched_by_its_place_and_a_flush_by_its_disk(self):
        found = perf_events.block_latencies(BLOCKS)
        self.assertEqual(sorted(found), ["flush", "write"])
        self.assertAlmostEqual(found["write"][0], 141, delta=0.1)
        self.assertAlmostEqual(found["flush"][0], 95, delta=0.1)

    def test_kinds_of_requests(self):
        kinds = [perf_events.kind_of(flags) for flags in ("R", "RA", "WS", "FWFS", "FF", "D", "N")]
        self.assertEqual(kinds, ["read", "read", "write", "write", "flush", "discard", "other"])

    def test_a_bucket_holds_what_is_not_above_it(self):
        self.assertEqual(perf_events.histogram([0.5, 1, 2, 3, 4, 5]), {1: 2, 2: 1, 4: 2, 8: 1})

    def test_what_was_not_counted_is_left_out(self):
        self.assertEqual(perf_events.counts(COUNTS), {"raw_syscalls:sys_enter": 22285})


class Broker(unittest.TestCase):
    def test_figures_are_read_with_their_labels(self):
        metrics = broker_figures.parse(METRICS)
        self.assertEqual(broker_figures.delivered(metrics), {"sendfile": 750, "read": 250})
        self.assertEqual(broker_figures.total(metrics, "millrace_requests_total"), 10)
        self.assertEqual(metrics["millrace_connections"], -1)

    def test_only_what_changed_between_two_snapshots_is_left(self):
        before = {"metrics": {"a": 1, "b": 2}, "io": {"rchar": 5}, "cpu_s": 1, "disks_written": 0,
                  "at": 10, "ticks": [0] * 8}
        after = {"metrics": {"a": 1, "b": 5, "c": 7}, "io": {"rchar": 9}, "cpu_s": 1.5,
                 "disks_written": 512, "at": 12, "ticks": [0] * 8}
        found = broker_figures.spent(before, after)
        self.assertEqual(found["metrics"], {"b": 3, "c": 7})
        self.assertEqual((found["io"], found["cpu_s"], found["elapsed_s"]), ({"rchar": 4}, 0.5, 2))

    def test_nobody_there_is_said(self):
        with self.assertRaisesRegex(broker_figures.NoFigures, "no figures at http://127.0.0.1:1/"):
            broker_figures.fetch("127.0.0.1:1")


class Probes(unittest.TestCase):
    def test_each_says_in_one_sentence_what_it_means_and_what_is_good(self):
        for probe in probes.PROBES:
            for words in (probe.means, probe.good):
                self.assertRegex(words, r"^[A-Z][^.]*(\.\d+[^.]*)*\.$")
            self.assertTrue(probe.good.startswith("Good is "))

    def test_without_perf_each_has_figures_or_a_reason(self):
        found = probes.figures(spent(), seen())
        for told in found.values():
            self.assertTrue(told["rows"] or told["why_not"])
        self.assertEqual(found["Punts by opcode"]["why_not"], "no punts")
        self.assertEqual(found["Write amplification"]["why_not"], probes.NOTHING_APPENDED)
        self.assertIn("no copies", found["Copies"]["note"])

    def test_punts_that_can_not_be_counted_are_sampled(self):
        samples = {"kernel io_wq_worker;kernel io_fsync": 1, "core a;kernel b": 3}
        told = probes.punts(spent(), seen(stacks=samples))
        self.assertEqual(told["rows"], [["in the ring's worker threads", 25,
                                         "% of the processor time"]])
        self.assertIn("only sampled: no punts", told["note"])

    def test_samples_without_the_kernel_tell_nothing_of_copies(self):
        told = probes.copies(spent(), seen(samples=Seen(""), stacks={"core a": 1}))
        self.assertEqual([row[0] for row in told["rows"]],
                         ["copied for each byte delivered, by design at most"])
        self.assertIn("no sample names a function of the kernel", told["note"])

    def test_copies_by_design_are_weighed_by_the_bytes(self):
        found = rows(probes.copies, spent(), seen())
        self.assertEqual(found["copied for each byte delivered, by design at most", "bytes"], 0.5)

    def test_copies_that_were_counted_are_told(self):
        found = rows(probes.copies, spent(), seen(copies=Seen("\n\n@bytes: 2000\n")))
        self.assertEqual(found["copied for each byte delivered, counted, what was received"
                               " included", "bytes"], 2)

    def test_sendfile_has_a_second_witness(self):
        copying = {"kernel do_sendfile;kernel memcpy": 1}
        found = rows(probes.zero_copy, spent(), seen(stacks=copying))
        self.assertAlmostEqual(found["the kernel's count / the broker's of sendfile", "times"],
                               760 / 750)
        self.assertEqual(found["those that were in a copy", "% of these"], 100)

    def test_calls_and_punts_are_told_per_request(self):
        calls = rows(probes.system_calls, spent(), seen(calls=Seen(COUNTS)))
        self.assertEqual(calls["all", "per request"], 2228.5)
        punts = rows(probes.punts, spent(), seen(punts=Seen(PUNTS)))
        self.assertEqual(punts["together", "per 1000 requests"], 200)

    def test_writing_is_told_per_byte_appended(self):
        metrics = {"millrace_bytes_appended_total": 100, "millrace_journal_bytes_total": 150,
                   "millrace_bytes_filled_total": 100}
        found = rows(probes.write_amplification, spent(metrics=metrics), seen())
        self.assertEqual([*found.values()], [1.5, 1, 5, 9])


FAKE_PERF = r"""#!/usr/bin/env python3
import os, re, signal, sys
if sys.argv[1] == "script":
    sys.exit(print("told") or 0)
if "block" in " ".join(sys.argv):
    sys.exit("event syntax error: 'block'\nError:\tNo permissions to read\nHint: x")
if "-x," in sys.argv and "cycles" in sys.argv:
    sys.exit(print("<not supported>,,cycles", file=sys.stderr) or 0)
signal.signal(signal.SIGINT, lambda *_: sys.exit("7,,raw_syscalls:sys_enter,1,1,,"))
hear, tell = map(int, re.search(r"fd:(\d+),(\d+)", " ".join(sys.argv)).groups())
assert os.read(hear, 16) == b"enable\n"
os.write(tell, b"ack\n")
signal.pause()
"""


class Watching(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def watch(self):
        with watch.watching(1, self.folder) as found:
            pass
        return found

    def test_a_view_that_can_not_be_had_leaves_the_others_alone(self):
        program = self.folder / "perf"
        program.write_text(FAKE_PERF)
        program.chmod(0o755)
        path = {"PATH": f"{self.folder}:/usr/bin:/bin"}
        with mock.patch.dict("os.environ", path):
            found = self.watch()
        self.assertEqual(found["blocks"], Seen(why_not="No permissions to read"))
        self.assertEqual(found["punts"].text, "told\n")
        self.assertIn("7,,raw_syscalls:sys_enter", found["calls"].text)
        self.assertEqual(found["event"].text, "cpu-clock")
        self.assertEqual([one.name for one in self.folder.iterdir()], ["perf"])

    def test_without_perf_each_view_says_so(self):
        with mock.patch("watch.shutil.which", return_value=None):
            found = self.watch()
        self.assertEqual({one.why_not for name, one in found.items() if name != "event"},
                         {"perf is not installed"})

    def test_the_cause_is_found_in_what_perf_says(self):
        for said, reason in (
                ("event syntax error: 'x'\n    \\___ can't access trace events\n\nError:\tNo"
                 " permissions to read /sys/x\nHint:\tTry\n", "No permissions to read /sys/x"),
                ("Error:\nAccess to performance monitoring is limited.\nPermission denied\n",
                 "Permission denied"),
                ("Error:\nAccess to performance monitoring is limited.\nConsider x\n",
                 "Access to performance monitoring is limited."),
                ("", "perf ended without a word")):
            self.assertEqual(watch.reason_of(said), reason)


if __name__ == "__main__":
    run_tests()
