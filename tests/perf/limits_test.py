"""Has the limits of the machine measured by stand-ins for the programs that do it."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "perf"))
from driver import run_tests  # noqa: E402
import machine_limits  # noqa: E402

NETPATH = '''#!/usr/bin/env python3
import json, sys
ids = ["memory-64k~1", "sendfile-64k~1", "splice-64k~1", "memory-64k~2"]
if "--plan" in sys.argv:
    print(json.dumps({"kind": "plan", "ids": ids}))
    sys.exit()
print(json.dumps({"kind": "machine", "memory_copy_gb_per_s": 10}))
done = open(sys.argv[sys.argv.index("--done") + 1]).read().split()
for place, one in enumerate(ids):
    if one not in done:
        print(json.dumps({"kind": "cell", "id": one, "mb_per_s": 1000 + 100 * place,
                          "sender_s_per_gb": 0.25 + place}))
'''
MICRO = '''#!/usr/bin/env python3
import json, sys
assert sys.argv[1] == "--benchmark_filter=^crc32c/1048576$", sys.argv
print(json.dumps({"context": {}, "benchmarks": [{"bytes_per_second": 20e9}]}))
'''
BROKEN = '''#!/usr/bin/env python3
print("no object")
'''


class Limits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def measured(self, netpath, micro):
        return machine_limits.measure(self.program("netpath", netpath),
                                      self.program("micro", micro), self.folder / "disk")

    def test_measures_two_ways_and_no_other(self):
        found = self.measured(NETPATH, MICRO)
        self.assertEqual(found, {
            "memory_copy_gb_per_s": 10, "loopback_send_mb_per_s": 1000,
            "loopback_send_s_per_gb": 0.25, "loopback_sendfile_mb_per_s": 1100,
            "loopback_sendfile_s_per_gb": 1.25, "crc32c_gb_per_s": 20})
        self.assertEqual(
            machine_limits.words(found),
            "64 KiB steps over loopback: send 1000 MB/s at 0.250 processor s/GB of the sender,"
            " sendfile 1100 MB/s at 1.25 processor s/GB of the sender; memory copied at 10 GB/s;"
            " CRC32C at 20.0 GB/s")

    def test_says_why_there_are_none(self):
        for netpath, micro in ((BROKEN, MICRO), (NETPATH, BROKEN)):
            self.assertTrue(machine_limits.words(self.measured(netpath, micro))
                            .startswith("not measured: "))
        self.assertIn("why_not", machine_limits.measure("nowhere", "nowhere", self.folder))


if __name__ == "__main__":
    run_tests()
