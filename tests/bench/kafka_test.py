"""Runs the driver of `./dev bench kafka` over a stand-in for its generator and for both sides: they
take turns, pairs that the host disturbed are measured anew, an end that comes early loses no pair,
and the page tells how the gates stand."""

import contextlib
import io
import itertools
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import kafka_pairs  # noqa: E402
import kafka_measure  # noqa: E402
import kafka_page  # noqa: E402
import kafka_roof  # noqa: E402
import kafka_sides  # noqa: E402
import kafka_targets  # noqa: E402
import kafka_topics  # noqa: E402
import kafka_wire as wire  # noqa: E402
import kafka_workloads as workloads  # noqa: E402
from raw_requests import Answer  # noqa: E402

GENERATOR = '''#!/usr/bin/env python3
import json, os, sys
told = lambda name: sys.argv[sys.argv.index(name) + 1]
if "W2" in told("--topic"):
    print("what went wrong", file=sys.stderr)
    sys.exit(1)
with open(os.environ["SEEN"], "a") as seen:
    print(told("--bootstrap"), told("--topic"), file=seen)
print(json.dumps({"kind": "begin"}), flush=True)
latency = {"answers": 4000, "p50": 100, "p95": 150, "p99": 200, "p999": 300, "max": 400}
print(json.dumps({"kind": "result", "mb_per_s": 100, "records_per_s": 7, "records": 10**6,
                  "bytes": 10**9, "requests": 1000, "latency_us": latency, "cpu_s": 0.5,
                  "seconds": 1, "requests_unsent": 0, "records_in_all": 10**6, "errors": {}}))
'''
SMALL = workloads.Scale(3, 0, 0, 0.01, 0.01, 1 << 20, 1 << 20, 0.01, 10, 1 << 20, 2, 0.01)


class FakeSide:
    """A broker that uses `step` seconds whenever somebody asks for how much it has used."""

    pid = os.getpid()

    def __init__(self, name, step):
        self.name, self.address, self.filled = name, f"{name}:1", {}
        self.used = itertools.count(0, step)

    def is_up(self):
        return True

    def rss_mib(self):
        return 100

    def cpu_s(self):
        return next(self.used)


@contextlib.contextmanager
def fake_sides(_options, _folder, _settings, names=workloads.SIDES):
    sides = [FakeSide(workloads.OURS, 1), FakeSide(workloads.THEIRS, 4)]
    yield [side for side in sides if side.name in names]


@contextlib.contextmanager
def fake_roof(*_):
    yield FakeSide("roof", 0.5)


class Driver(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out, self.seen = self.folder / "out", self.folder / "seen"
        (self.folder / "generator").write_text(GENERATOR)
        (self.folder / "generator").chmod(0o755)
        for target, value in ((("QUICK"), SMALL), ("SOAK", SMALL)):
            self.patch(mock.patch.object(workloads, target, value))
        self.patch(mock.patch.object(kafka_sides, "started", fake_sides))
        self.patch(mock.patch.object(kafka_sides, "versions", return_value=[["Kafka", "3.9.2"]]))
        self.patch(mock.patch.object(kafka_sides, "use_home"))
        self.patch(mock.patch.object(kafka_pairs.machine_limits, "measure",
                                     return_value={"why_not": "no limit here"}))
        self.patch(mock.patch.object(kafka_measure.wire, "create_topic"))
        self.removed = self.patch(mock.patch.object(kafka_measure.wire, "remove_topic"))
        self.patch(mock.patch.object(kafka_topics, "settle"))
        self.patch(mock.patch.object(kafka_measure, "warm_up"))
        self.patch(mock.patch.object(kafka_roof, "running", fake_roof))
        self.patch(mock.patch.object(kafka_pairs, "DISK_BYTES", {False: 1, True: 1}))
        self.patch(mock.patch.dict(os.environ, SEEN=str(self.seen)))
        self.steal = self.patch(mock.patch.object(kafka_measure.machine, "steal_share"))
        self.steal.return_value = 0.0

    def patch(self, patcher):
        self.addCleanup(patcher.stop)
        return patcher.start()

    def run_once(self, *more, status=0):
        argv = ["kafka_pairs.py", "--program", str(self.folder / "generator"), "--out",
                str(self.out), *more]
        said = io.StringIO()
        # fio isn't there; all else is.
        with mock.patch.object(sys, "argv", argv), contextlib.redirect_stdout(said), \
                contextlib.redirect_stderr(said), \
                mock.patch("shutil.which", side_effect=lambda tool: tool != "fio"):
            self.assertEqual(kafka_pairs.main(), status, said.getvalue())
        return said.getvalue()

    def summary(self, name="kafka-some"):
        return json.loads((self.out / f"{name}.json").read_text())

    def page(self, name="kafka-some"):
        html = (self.out / f"{name}.html").read_text()
        xml.fromstring(re.search(r"<body>.*</body>", html, re.S).group(0))
        return html

    def turns(self):
        """Of the sides; the roof comes behind them."""
        return [line.split(":")[0] for line in self.seen.read_text().splitlines()
                if not line.startswith("roof")]

    def interrupted_after(self, cells):
        whole, count = kafka_measure.measure, iter(range(cells))

        def measure(*args):
            if next(count, None) is None:
                raise KeyboardInterrupt
            return whole(*args)

        return mock.patch.object(kafka_measure, "measure", measure)

    def test_sides_take_turns_and_ratios_are_of_pairs(self):
        said = self.run_once("--only", "W1-1", "W3-1")
        self.assertRegex(said, r"^12 cells, about \d+ s, at most")
        self.assertEqual(self.turns(), ["millrace", "kafka"] * 6)
        found = {one["id"]: one for one in self.summary()["targets"]}
        self.assertEqual(found["T1"]["ratio"], {"median": 0.25, "low": 0.25, "high": 0.25})
        self.assertEqual((found["T1"]["pairs"], found["T1"]["holds"]), (3, True))
        self.assertEqual(found["T2"]["pairs"], 0)
        self.assertIn("Of 2 gates that this run can tell, 2 hold.", said)
        html = self.page()
        self.assertLess(html.index("2 hold"), html.index("<svg"))
        for words in ("stroke-dasharray", "loopback", "RF 1", "3.9.2", "fio is not installed",
                      "no limit here", "T17"):
            self.assertIn(words, html)

    def test_an_interrupted_pair_is_measured_anew_as_a_whole(self):
        with self.interrupted_after(3):
            self.run_once("--only", "W1-1", status=130)
        self.assertEqual(self.summary()["cells_left"], 4)
        self.assertRegex(self.run_once("--only", "W1-1"), "^4 cells left")
        self.assertEqual(self.turns(), ["millrace", "kafka", "millrace"]
                         + ["millrace", "kafka"] * 2)
        self.assertRegex(self.run_once("--only", "W1-1"), "^6 cells, about")

    def test_the_roofs_are_measured_once_behind_all_pairs(self):
        self.run_once("--only", "W1-1", "idle")
        self.run_once("--only", "W1-1")
        self.assertEqual([line.split(":")[0] for line in self.seen.read_text().splitlines()[-4:]],
                         ["roof"] * 4)
        found = {one["id"]: one for one in self.summary()["targets"]}
        self.assertEqual(found["T1"]["roof"], {"durable": 0.5, "unkept": 0.5})
        self.assertEqual(found["T2"]["roof"], {})

    def test_a_roof_beside_a_reader_has_the_same_reader(self):
        read = []

        @contextlib.contextmanager
        def reader(side, topic):
            read.append((side.name, topic))
            yield

        for module in (kafka_measure, kafka_roof):
            filled = kafka_topics.Filled("kept", 1)
            self.patch(mock.patch.object(module, "filled", return_value=filled))
            self.patch(mock.patch.object(module, "cold_reader", reader))
        self.run_once("--only", "W7")
        self.assertEqual(read, [(name, "kept") for name in workloads.SIDES * 3]
                         + [(workloads.OURS, "kept")] * len(workloads.ROOFS) * SMALL.roofs)
        found = {one["id"]: one for one in self.summary()["targets"]}
        self.assertEqual(set(found["T9"]["roof"]), set(workloads.ROOFS))

    def test_told_to_end_it_closes_both_sides(self):
        closed = []

        @contextlib.contextmanager
        def sides(*args):
            with fake_sides(*args) as both:
                try:
                    yield both
                finally:
                    closed.append(both)

        with mock.patch.object(kafka_sides, "started", sides), mock.patch.object(
                kafka_measure, "measure", lambda *_: os.kill(os.getpid(), signal.SIGTERM)):
            with self.assertRaises(SystemExit) as end:
                self.run_once("--only", "W1-1")
        self.assertEqual(end.exception.code, 143)
        self.assertEqual(len(closed), 1)

    def test_a_part_ends_before_a_pair_that_would_not_fit(self):
        with mock.patch.object(kafka_pairs, "QUICK_SECONDS_MAX", 1):
            self.assertIn("this part ends after 1 s", self.run_once("--only", "W1-1"))
        self.assertFalse(self.seen.exists())
        self.assertIn("Nothing was measured yet", self.page())

    def test_a_disturbed_pair_is_measured_anew(self):
        self.steal.side_effect = itertools.chain([0, 0.2], itertools.repeat(0))
        self.run_once("--only", "W1-1")
        self.assertEqual(self.turns(), ["millrace", "kafka"] * 4)
        data = self.summary()
        self.assertEqual((data["thrown"], data["disturbed"], data["cells_left"]), (1, 0, 0))

    def test_what_stays_disturbed_is_in_no_ratio(self):
        self.steal.side_effect = itertools.chain([0.2] * 6, itertools.repeat(0))
        self.run_once("--only", "W1-1")
        data = self.summary()
        self.assertEqual((data["thrown"], data["disturbed"]), (2, 2))
        self.assertEqual(data["targets"][0]["pairs"], 2)

    def test_a_side_that_fails_is_named_with_the_reason(self):
        self.run_once("--only", "W2")
        self.assertEqual(set(self.summary()["failed"].values()), {"what went wrong"})
        self.assertIn("what went wrong", self.page())

    def test_where_a_side_does_not_start_all_its_pairs_are_refused(self):
        with mock.patch.object(kafka_sides, "started", side_effect=OSError("no such port")):
            self.run_once("--only", "W1-1")
        self.assertEqual(len(self.summary()["failed"]), 6)

    def test_what_stayed_for_the_pairs_of_a_workload_goes_before_the_next(self):
        with mock.patch.object(wire, "begin_all") as begun:
            self.run_once("--only", "W10-256", "W10-2000")
        sides = [each.args[0] for each in begun.call_args_list]
        self.assertEqual(sides, 2 * ["millrace:1", "kafka:1"])
        self.assertEqual([each.args for each in self.removed.call_args_list],
                         [each.args[:2] for each in begun.call_args_list[:2]])

    def test_the_soak_tells_how_both_drift(self):
        self.run_once("--soak")
        self.assertEqual(set(self.summary("kafka-soak")["drift"]), {"millrace", "kafka"})
        self.assertIn("resident memory by +0.0 %", self.page("kafka-soak"))


class Plan(unittest.TestCase):
    def test_within_a_workload_sides_alternate_and_each_cell_is_there_once(self):
        plan = workloads.plan_of(workloads.WORKLOADS, workloads.FULL)
        self.assertEqual(len({one["id"] for one in plan}), len(plan))
        both = [one for one in plan
                if workloads.BY_ID[one["workload"]].sides == workloads.SIDES]
        for ours, theirs in zip(both[0::2], both[1::2]):
            self.assertEqual((ours["side"], theirs["side"]), workloads.SIDES)
            self.assertEqual((ours["workload"], ours["pair"]), (theirs["workload"], theirs["pair"]))

    def test_each_has_five_pairs_and_a_run_fits_into_its_time(self):
        for scale, most in ((workloads.QUICK, kafka_pairs.QUICK_SECONDS_MAX),
                            (workloads.FULL, kafka_pairs.harness.PART_SECONDS_MAX)):
            self.assertGreaterEqual(scale.pairs, 5)
            found = workloads.chosen(scale is workloads.FULL)
            seconds = workloads.seconds_of(workloads.plan_of(found, scale), scale)
            self.assertLess(seconds + kafka_roof.seconds_of(found, scale), most)

    def test_a_full_run_has_a_minute_of_latencies_on_each_side(self):
        self.assertGreaterEqual(workloads.FULL.pairs * workloads.FULL.latency_s, 60)

    def test_a_load_that_fills_segments_is_measured_for_longer_and_planned_so(self):
        rolls, other = workloads.BY_ID["W1-1"], workloads.BY_ID["W1-16"]
        longer = workloads.FULL.latency_s - workloads.FULL.seconds
        self.assertGreaterEqual(workloads.cell_seconds(rolls, workloads.FULL),
                                workloads.cell_seconds(other, workloads.FULL) + longer)
        for workload, seconds in ((rolls, workloads.FULL.latency_s),
                                  (other, workloads.FULL.seconds)):
            with mock.patch.object(kafka_measure, "loaded") as loaded:
                kafka_measure.produce(mock.Mock(scale=workloads.FULL), None, workload)
            self.assertEqual(loaded.call_args.args[-1], seconds)

    def test_each_pair_fits_into_a_part(self):
        for workload in workloads.WORKLOADS:
            self.assertLess(workloads.start_seconds(workloads.FULL)
                            + workloads.pair_seconds(workload, workloads.FULL),
                            kafka_pairs.harness.PART_SECONDS_MAX)

    def test_neighbours_of_one_setting_share_a_start(self):
        groups = workloads.groups_of(workloads.WORKLOADS)
        self.assertLess(len(groups), len(workloads.WORKLOADS))
        for group in groups:
            self.assertTrue(all(one.settings == group[0].settings for one in group))

    def test_neighbours_take_turns_unless_their_topics_stay(self):
        group = [workloads.BY_ID[name] for name in ("W1-1", "W2", "W6-warm", "W16-16", "W8-2000",
                                                    "W10-256")]
        self.assertEqual([(one.id, pair) for one, pair in workloads.turns_of(group, 2)],
                         [("W1-1", 1), ("W2", 1), ("W1-1", 2), ("W2", 2),
                          ("W6-warm", 1), ("W6-warm", 2), ("W16-16", 1), ("W16-16", 2),
                          ("W8-2000", 1), ("W8-2000", 2), ("W10-256", 1), ("W10-256", 2)])

    def test_each_target_is_measured_and_all_but_that_of_2000_partitions_by_a_quick_run(self):
        targets = {target.workload for target in kafka_targets.TARGETS}
        for full, left_out in ((True, set()), (False, {"W10-2000"})):
            found = {workload.id for workload in workloads.chosen(full)}
            self.assertEqual(targets - found, left_out)
        for workload in workloads.BY_ID.values():
            self.assertIn(workload.measure, kafka_measure.MEASURES)


def cells(workload, figure, pairs):
    return [{"kind": "cell", **workloads.cell(workloads.BY_ID[workload], side, number),
             figure: value, "steal_share": 0, "at": 3600 * number}
            for number, pair in enumerate(pairs, 1)
            for side, value in zip(workloads.SIDES, pair)]


def target_of(found, figure, workload):
    return next(one for one in kafka_targets.judge(found)
                if (one["figure"], one["workload"]) == (figure, workload))


class Gates(unittest.TestCase):
    def test_a_share_of_kafkas_is_kept_by_the_median_of_the_ratios(self):
        for ours, held in (((50, 50, 90), True), ((51, 51, 10), False)):
            found = cells("W1-1", "cpu_s_per_gb", [(value, 100) for value in ours])
            self.assertEqual(target_of(found, "cpu_s_per_gb", "W1-1")["holds"], held)

    def test_where_more_is_better_it_must_be_reached(self):
        for ours, held in ((299, False), (300, True)):
            found = cells("W5-64", "mb_per_s", [(ours, 100)] * 3)
            self.assertEqual(target_of(found, "mb_per_s", "W5-64")["holds"], held)

    def test_an_absolute_one_is_of_our_own_figure_and_stands_beside_the_ratios(self):
        for ours, held in ((192, True), (193, False)):
            one = target_of(cells("memory", "rss_mib", [(ours, 1920)] * 3), "rss_mib", "memory")
            self.assertEqual((one["holds"], one["gate_ratio"]), (held, 0.1))

    def test_what_one_side_alone_has_is_judged_without_a_ratio(self):
        found = cells("punts", "punted_percent", [(0.5,), (3,), (0,)])
        one = target_of(found, "punted_percent", "punts")
        self.assertEqual((one["holds"], one["pairs"], one["ratio"]["median"]), (True, 3, None))

    def test_a_side_without_its_twin_is_in_no_ratio(self):
        found = cells("W1-1", "cpu_s_per_gb", [(1, 2), (1, 4)])[:-1]
        self.assertEqual(target_of(found, "cpu_s_per_gb", "W1-1")["pairs"], 1)

    def test_two_pairs_are_no_verdict(self):
        found = cells("W1-1", "cpu_s_per_gb", [(1, 100)] * 2)
        self.assertEqual(target_of(found, "cpu_s_per_gb", "W1-1")["holds"], None)
        row = next(kafka_page.target_rows({"targets": kafka_targets.judge(found)}))
        self.assertEqual(row[1], "too few pairs")

    def test_nothing_at_all_has_no_bar_but_a_row(self):
        found = cells("idle", "idle_percent", [(0, 2)] * 3)
        data = {"targets": kafka_targets.judge(found)}
        self.assertEqual(list(kafka_page.pictures(data)), [])
        row = next(row for row in kafka_page.target_rows(data) if row[0].startswith("T19"))
        self.assertEqual(row[1], "holds")

    def test_a_slope_is_in_percent_of_the_median_an_hour(self):
        found = cells("W15", "p99_ms", [(1.0, 9), (1.1, 9), (1.2, 9)])
        ours = [one for one in found if one["side"] == "millrace"]
        self.assertAlmostEqual(kafka_targets.slope_percent_per_hour(ours, "p99_ms"), 100 / 11)


def produced(*codes):
    """An answer to a record for each of so many partitions of the topic t."""
    rows = (struct.pack(">ihqq", partition, code, 0, -1) for partition, code in enumerate(codes))
    return Answer(struct.pack(">ih1si", 1, 1, b"t", len(codes)) + b"".join(rows) + bytes(4))


class Wire(unittest.TestCase):
    def test_the_first_answer_is_waited_for(self):
        answers = [ConnectionRefusedError(), produced(3), produced(0), produced(0)]
        with mock.patch.object(wire, "call", side_effect=answers) as call:
            wire.first_ack_s("kafka:1", "t", time.monotonic(), 10)
        self.assertEqual(call.call_count, 3)

    def test_what_refuses_its_first_record_is_asked_again(self):
        refused = [{1: 3, 2: 3}, {2: 6}, {}, {}]
        with mock.patch.object(wire, "produce", side_effect=refused) as produce:
            wire.begin_all("kafka:1", "t", 3, 10)
        self.assertEqual([list(each.args[2]) for each in produce.call_args_list],
                         [[0, 1, 2], [1, 2], [2], [0, 1, 2]])
        with mock.patch.object(wire, "produce", return_value={1: 3}), \
                self.assertRaisesRegex(wire.WireError, "1 of 3 partitions .* error 3"):
            wire.begin_all("kafka:1", "t", 3, 0)

    def test_first_records_go_in_requests_that_are_answered_in_time(self):
        with mock.patch.object(wire, "produce", return_value={}) as produce:
            wire.bring_to_all("kafka:1", "t", 600, 10)
        asked = [list(each.args[2]) for each in produce.call_args_list]
        self.assertEqual([len(each) for each in asked], [250, 250, 100])
        self.assertEqual(sum(asked, []), list(range(600)))

    def test_a_first_record_is_of_now(self):
        with mock.patch.object(wire, "batch", wraps=wire.batch) as batch, \
                mock.patch.object(wire, "call", return_value=produced(0)):
            before = time.time() * 1000 - 1
            wire.produce("kafka:1", "t", [0])
        self.assertGreaterEqual(batch.call_args.kwargs["timestamps"][0], before)

    def test_each_partition_answers_for_itself(self):
        with mock.patch.object(wire, "call", return_value=produced(0, 3, 0)):
            self.assertEqual(wire.produce("kafka:1", "t", range(3)), {1: 3})

    def test_nobody_waits_for_ever(self):
        with mock.patch.object(wire, "call", side_effect=ConnectionRefusedError("nobody there")), \
                self.assertRaisesRegex(wire.WireError, "nobody there"):
            wire.first_ack_s("kafka:1", "t", time.monotonic(), 0)

    def test_a_refused_topic_is_told_and_one_that_is_there_is_fine(self):
        for code, refused in ((36, False), (40, True)):
            answer = Answer(struct.pack(">ih1sh", 1, 1, b"t", code))
            told = self.assertRaises(wire.WireError) if refused else contextlib.nullcontext()
            with mock.patch.object(wire, "call", return_value=answer), told:
                wire.create_topic("kafka:1", "t", 1, {"flush.messages": 1})


class Calm(unittest.TestCase):
    def looks(self, *used):
        """How often a broker is looked at that has used so much, from look to look."""
        side = mock.Mock()
        side.cpu_s.side_effect = itertools.chain(*((0, each) for each in used))
        with mock.patch.object(kafka_topics, "SETTLE_LOOK_S", 0.001):
            kafka_topics.settle(side)
        return side.cpu_s.call_count // 2

    def test_a_broker_that_has_nothing_to_do_is_looked_at_once(self):
        self.assertEqual(self.looks(0), 1)

    def test_a_busy_one_is_waited_for(self):
        self.assertEqual(self.looks(1, 1, 1, 0), 4)

    def test_but_not_for_ever(self):
        with mock.patch.object(kafka_topics, "SETTLE_SECONDS_MAX", 0.05):
            self.assertLess(self.looks(*[1] * 1000), 1000)


class Sides(unittest.TestCase):
    def test_a_processs_clock_tells_what_proc_does(self):
        work = "x = sum(range(3_000_000)); print(flush=True); input()"
        with subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            time.sleep(0.05)
            told = sum(kafka_sides.usage.cpu_of(child.pid))
            exact = time.clock_gettime(kafka_sides.processor_clock(child.pid))
            child.communicate(b"\n")
        self.assertAlmostEqual(told, exact, delta=0.03)

    def test_a_kafka_of_the_users_needs_its_jars(self):
        with tempfile.TemporaryDirectory() as home:
            with self.assertRaises(SystemExit):
                kafka_sides.use_home(home)
            (Path(home) / "libs").mkdir()
            with mock.patch.object(kafka_sides.kafka, "home", None):
                kafka_sides.use_home(home)
                self.assertEqual(kafka_sides.kafka.class_path(), f"{home}/libs/*")


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - min(bad, result.testsRun)} passed, {bad} failed")
    sys.exit(1 if bad else 0)
