"""Whether a harness kept the time that it announced, of made-up output."""

import contextlib
import io
import sys
import unittest
from unittest import mock

from driver import run_tests
import announced

HEAD = "8 cells, about 5 s, at most 1.0 GiB in there\n"


class Announced(unittest.TestCase):
    def status(self, text, clock=(0, 5), most=60):
        said = io.StringIO()
        with mock.patch.object(sys, "argv", ["announced.py", "--most", str(most)]), \
                mock.patch.object(sys, "stdin", io.StringIO(text)), \
                mock.patch("time.monotonic", side_effect=clock), contextlib.redirect_stdout(said):
            found = announced.main()
        self.assertTrue(said.getvalue().startswith(text))
        return found

    def test_one_that_measured_all_in_time_passes(self):
        self.assertEqual(self.status("built\n" + HEAD + "8 of 8 cells, 0 s left\npage.html\n"), 0)

    def test_one_that_is_late_does_not(self):
        self.assertEqual(self.status(HEAD, clock=(0, 5 * announced.LATE_MAX + announced.LATE_S + 1)),
                         1)
        self.assertEqual(self.status(HEAD.replace("5 s", "9 min"), clock=(0, 601), most=600), 1)
        self.assertEqual(self.status(HEAD.replace("5 s", "9 min"), clock=(0, 599), most=600), 0)

    def test_one_that_left_something_does_not(self):
        self.assertEqual(self.status(HEAD + "3 cells are left: the same command goes on\n"), 1)

    def test_one_with_a_cell_that_failed_does_not(self):
        self.assertEqual(self.status(HEAD + "no figures of most~1: it was full\npage.html\n"), 1)

    def test_one_that_announced_nothing_does_not(self):
        self.assertEqual(self.status("it died\n", clock=()), 1)


if __name__ == "__main__":
    run_tests()
