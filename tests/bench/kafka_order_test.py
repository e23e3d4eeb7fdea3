"""What order is worth through a broker: single records come from the offset that was asked for, and
the page tells the ratio of each cell."""

import re
import socket
import struct
import sys
import threading
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests/perf")]
from driver import run_tests  # noqa: E402
import kafka_sides  # noqa: E402, F401 -- first: it says where the other modules are
import kafka_measure  # noqa: E402
import kafka_order  # noqa: E402
import kafka_order_page  # noqa: E402
import kafka_workloads as workloads  # noqa: E402


def fetched(offset, code=0, size=4071):
    """An answer with a batch for the one partition of the topic t."""
    head = struct.pack(">iih1siihqqii", 0, 1, 1, b"t", 1, 0, code, 9, 9, -1, size)
    return head + struct.pack(">q", offset) + bytes(size - 8)


class Answers:
    """A broker that answers each Fetch with what `answer(offset)` makes."""

    def __init__(self, answer):
        self.answer, self.listener = answer, socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.asked = []

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join()
        self.listener.close()

    def serve(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as stream:
            while head := stream.read(4):
                body = stream.read(struct.unpack(">i", head)[0])
                self.asked.append(struct.unpack(">q", body[-12:-4])[0])
                answer = struct.pack(">i", 1) + self.answer(self.asked[-1])
                connection.sendall(struct.pack(">i", len(answer)) + answer)


class Points(unittest.TestCase):
    def test_records_come_from_all_over_the_topic(self):
        with Answers(fetched) as broker:
            took = kafka_order.point_fetches(broker.address, "t", 100, 0.2)
        self.assertEqual(len(took), len(broker.asked))
        self.assertGreater(len(took), 50)
        self.assertLess(min(broker.asked), 20)
        self.assertGreater(max(broker.asked), 80)
        self.assertLess(max(broker.asked), 100)

    def test_another_place_is_refused(self):
        with Answers(lambda offset: fetched(offset + 1)) as broker, \
                self.assertRaisesRegex(RuntimeError, "bytes from offset"):
            kafka_order.point_fetches(broker.address, "t", 100, 1)

    def test_more_than_a_record_is_refused(self):
        with Answers(lambda offset: fetched(offset, size=9000)) as broker, \
                self.assertRaisesRegex(RuntimeError, "9000 bytes"):
            kafka_order.point_fetches(broker.address, "t", 100, 1)

    def test_an_error_is_told(self):
        with Answers(lambda offset: fetched(offset, code=6)) as broker, \
                self.assertRaisesRegex(kafka_order.wire.WireError, "error 6"):
            kafka_order.point_fetches(broker.address, "t", 100, 1)


FRONT = {"mb_per_s": 100, "cpu_s_per_gb": 1}
POINTS = {"point_mb_per_s": 4, "point_cpu_us": 5, "point_p50_ms": 6, "point_p99_ms": 7}


class Measures(unittest.TestCase):
    def test_cold_files_are_given_up_before_either_order(self):
        side, room = mock.Mock(), mock.Mock()
        for workload, times in (("order-cold", 2), ("order-warm", 0)):
            side.reset_mock()
            with mock.patch.object(kafka_order, "filled", return_value=("t", 10)), \
                    mock.patch.object(kafka_order, "read_all", return_value=FRONT), \
                    mock.patch.object(kafka_order, "points", return_value=POINTS):
                found = kafka_order.order_of_reads(room, side, workloads.BY_ID[workload])
            self.assertEqual(found, {**FRONT, **POINTS, "order_worth": 25})
            self.assertEqual(side.flush.call_args_list,
                             [mock.call("t", gives_up_cache=True)] * times)

    def test_appends_differ_in_their_partitions_alone(self):
        loads = []

        def loaded(room, side, workload, load, seconds):
            loads.append(load)
            return {"mb_per_s": 300 / len(loads), "cpu_s_per_gb": len(loads)}

        with mock.patch.object(kafka_order, "loaded", loaded):
            found = kafka_order.order_of_appends(mock.Mock(), mock.Mock(),
                                                 workloads.BY_ID["order-appends"])
        self.assertEqual([load.pop("partitions") for load in loads], [1, 256])
        self.assertEqual(loads[0], loads[1])
        self.assertEqual((found["order_worth"], found["many_cpu_s_per_gb"]), (2, 2))

    def test_each_is_measured_by_someone(self):
        for workload in workloads.ORDERED:
            self.assertIn(workload.measure, kafka_measure.MEASURES)


def cell(workload, side, pair, worth, **figures):
    return {"kind": "cell", **workloads.cell(workloads.BY_ID[workload], side, pair),
            "steal_share": 0, "order_worth": worth, **FRONT, **figures}


class Page(unittest.TestCase):
    def test_tells_the_ratio_of_each_cell(self):
        cells = [cell("order-warm", side, pair, worth * pair, **POINTS)
                 for side, worth in (("millrace", 2), ("kafka", 10)) for pair in (1, 2, 3)]
        cells.append({**cell("order-warm", "kafka", 4, 999, **POINTS), "steal_share": 0.2})
        cells.append(cell("order-appends", "millrace", 1, 1.5, many_mb_per_s=60))
        head = {"kind": "run", "full": False, "soak": False, "date": "today", "dir": "here",
                "facts": [["Kafka", "3.9.2"]], "scale": workloads.QUICK._asdict(),
                "ids": [one["id"] for one in cells] + ["left"]}
        data = kafka_order_page.summary([head, *cells])
        self.assertIn("4 times (2 to 6) for Millrace and 20 times (10 to 30)"
                      " for Kafka.", kafka_order_page.answer(data))
        self.assertEqual((data["cells_left"], data["disturbed"]), (1, 1))
        with TemporaryDirectory() as folder:
            path = Path(folder) / "page.html"
            kafka_order_page.write(data, path)
            html = path.read_text()
        xml.fromstring(re.search(r"<body>.*</body>", html, re.S).group(0))
        for words in ("100 / 4 MB/s", "100 / 60 MB/s", "3.9.2", "loopback",
                      "Cells that were not reached: 1"):
            self.assertIn(words, html)

    def test_nothing_measured_is_said(self):
        self.assertEqual(kafka_order_page.answer({"rows": []}), "Nothing was measured yet.")


if __name__ == "__main__":
    run_tests()
