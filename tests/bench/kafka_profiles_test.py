"""Which workloads are profiled, and what is written of what perf has seen."""

import argparse
import json
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import kafka_profiles  # noqa: E402
import kafka_sides  # noqa: E402
import kafka_workloads as workloads  # noqa: E402

SEEN = {"workload": "W1-1", "figures": {"cpu_s_per_gb": 0.5}, "why_not": None,
        "stacks": {"uring run;kernel copy <to> iter": 30, "uring run;core crc32c": 10}}
NOT_SEEN = {"workload": "W2", "figures": {}, "why_not": "perf is not installed", "stacks": {}}


def target(workload, holds):
    return {"workload": workload, "holds": holds}


class Profiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name)
        self.options = argparse.Namespace(out=self.out, dir=self.out, profile=[])

    def test_those_whose_gate_is_missed_and_which_have_a_load_are_chosen_once(self):
        found = kafka_profiles.missed([
            target("W1-1", False), target("W2", True), target("W3-1", None),
            target("copies", False), target("W8-2000", False), target("W1-1", False)])
        self.assertEqual(found, ["W1-1", "W8-2000"])

    def test_the_last_run_says_which_unless_they_are_named(self):
        with self.assertRaises(SystemExit):
            kafka_profiles.chosen(self.options)
        (self.out / "kafka.json").write_text(json.dumps({"targets": [target("W2", False)]}))
        self.assertEqual(kafka_profiles.chosen(self.options), ["W2"])
        self.options.profile = ["W7"]
        self.assertEqual(kafka_profiles.chosen(self.options), ["W7"])

    def run_with(self, seen):
        names = iter(seen)
        self.options.profile = [one["workload"] for one in seen]
        with mock.patch.object(kafka_profiles, "profile", lambda *_: next(names)), \
             mock.patch("builtins.print"):
            return kafka_profiles.run(self.options, [("processor", "one")])

    def test_each_picture_is_on_the_page_and_a_file_that_stands_alone(self):
        self.assertEqual(self.run_with([SEEN]), 0)
        page = (self.out / "kafka-profiles.html").read_text()
        self.assertIn("copy &lt;to&gt; iter", page)
        root = xml.fromstring((self.out / "kafka-profiles-W1-1.svg").read_text())
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertIn("prefers-color-scheme", "".join(root.itertext()))

    def test_what_perf_could_not_see_fails_and_says_why(self):
        self.assertEqual(self.run_with([SEEN, NOT_SEEN]), 1)
        self.assertIn("perf is not installed", (self.out / "kafka-profiles.html").read_text())
        self.assertFalse((self.out / "kafka-profiles-W2.svg").exists())

    def test_one_side_can_be_started_alone(self):
        options = argparse.Namespace(broker="millrace")
        with mock.patch.object(kafka_sides.Side, "start"), \
             mock.patch.object(kafka_sides.Millrace, "close"), \
             kafka_sides.started(options, self.out / "data", {}, (workloads.OURS,)) as sides:
            self.assertEqual([side.name for side in sides], [workloads.OURS])


if __name__ == "__main__":
    unittest.main()
