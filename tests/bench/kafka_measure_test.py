"""What a cell of compressed lines leaves, and what it counts."""

import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests/perf")]
from driver import run_tests  # noqa: E402
import kafka_sides  # noqa: E402, F401 -- first: it says where the other modules are
import kafka_clients  # noqa: E402
import kafka_measure  # noqa: E402
import kafka_workloads as workloads  # noqa: E402

SCALE = workloads.QUICK._replace(fill_bytes=1 << 20, again_s=4)
SECONDS, CPU_S = 1.5, 0.6  # of each time that the lines are sent


class Compressed(unittest.TestCase):
    def test_counts_all_lines_and_leaves_no_topic(self):
        done = types.SimpleNamespace(returncode=0, stderr="")
        sent = 0
        removed = []

        def kcat(*_, **__):
            nonlocal sent
            sent += 1
            return done

        def moment(_):
            return kafka_clients.Moment(sent * SECONDS, sent * CPU_S, 0, None)

        with tempfile.TemporaryDirectory() as folder, \
                mock.patch.multiple(kafka_measure, kcat=kcat, moment=moment,
                                    spent_since=lambda before, side: kafka_clients.Spent(
                                        moment(side).time - before.time,
                                        moment(side).cpu_s - before.cpu_s, 0, 0),
                                    fresh_topic=lambda *_: "lines-1",
                                    settle=lambda _: None), \
                mock.patch.object(kafka_clients.time, "monotonic", lambda: sent * SECONDS), \
                mock.patch.object(kafka_measure.wire, "remove_topic",
                                  lambda address, topic: removed.append((address, topic))):
            room = kafka_measure.Room(None, SCALE, Path(folder))
            figures = kafka_measure.compressed(room, mock.Mock(address="here:1"),
                                               workloads.BY_ID["W9-lz4"])
            gigabytes = (Path(folder) / "lines").stat().st_size / 1e9
        self.assertEqual(sent, 3)
        self.assertEqual(removed, [("here:1", "lines-1")])
        self.assertAlmostEqual(figures["cpu_s_per_gb"], CPU_S / gigabytes)
        self.assertAlmostEqual(figures["mb_per_s"], gigabytes * 1e3 / SECONDS)


if __name__ == "__main__":
    run_tests()
