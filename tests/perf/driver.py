"""What the tests of the drivers do alike: run one over a stand-in for its program, and say how many
tests passed."""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "perf"))


class DriverCase(unittest.TestCase):
    """Has a folder of its own, and no fio. REQUIRES: `driver`, the module, and `stand_in`, the text
    of the program."""

    driver = None
    stand_in = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out = self.folder / "out"
        program = self.folder / "program"
        program.write_text(self.stand_in)
        program.chmod(0o755)
        self.program = str(program)

    def run_once(self, *more):
        argv = ["driver.py", "--program", self.program, "--out", str(self.out), *more]
        said = io.StringIO()
        with mock.patch.object(sys, "argv", argv), contextlib.redirect_stdout(said), \
                mock.patch("limits.shutil.which", return_value=None):
            self.assertEqual(self.driver.main(), 0)
        return said.getvalue()

    def file(self, ending):
        return self.out / f"{self.driver.NAME}.{ending}"

    def summary(self):
        return json.loads(self.file("json").read_text())


def run_tests():
    result = unittest.main(module="__main__", exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - min(bad, result.testsRun)} passed, {bad} failed")
    sys.exit(1 if bad else 0)
