#!/usr/bin/env python3
"""Pins what the generator makes of one small schema, and what it says to wrong ones.

    generate_test.py GENERATOR             compares; add --accept to write the expected files anew
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
HEAD = "api 1 Wrong\nversions 0-3\nflexible 2+\nrequest\n"


def generate(schema, out):
    return subprocess.run([sys.executable, GENERATOR, schema, "--out", out],
                          capture_output=True, text=True, check=False)


class Generate(unittest.TestCase):
    maxDiff = None

    def test_makes_of_the_tiny_schema_what_is_written_down(self):
        with tempfile.TemporaryDirectory() as out:
            self.assertEqual(generate(HERE / "99_tiny.msg", out).returncode, 0)
            for name in ("tiny.hpp", "tiny.cpp"):
                made = (pathlib.Path(out) / "protocol" / "message" / name).read_text()
                expected = HERE / f"{name}.expected"
                if ACCEPT:
                    expected.write_text(made)
                self.assertEqual(made, expected.read_text())

    def refuses(self, fields, complaint):
        with tempfile.TemporaryDirectory() as out:
            schema = pathlib.Path(out) / "01_wrong.msg"
            schema.write_text(HEAD + fields)
            result = generate(schema, out)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(complaint, result.stderr)
            self.assertFalse((pathlib.Path(out) / "protocol").exists())

    def test_names_the_line_of_an_error(self):
        self.refuses("  a int32 0+\n  b int32 zero\n", "01_wrong.msg:6: not a version range: zero")

    def test_refuses_unknown_words(self):
        self.refuses("  a int32 0+ nulable=1+\n", "unknown attribute")
        self.refuses("  a int31 0+\n", "unknown type: int31")
        self.refuses("  a int32 0+\nreqest\n", "unknown directive")

    def test_refuses_what_cannot_be_encoded(self):
        self.refuses("  a int32 1+ tag=0\n", "tagged in a version that is not flexible")
        self.refuses("  a int32 2+ tag=0\n  b int32 2+ tag=0\n", "tag 0 is there twice")
        self.refuses("  a int32 0+\n  a int32 0+\n", "a is there twice")
        self.refuses("  a int32 4+\n", "a is in no version")
        self.refuses("  a Node 0+\nstruct Node 0+\n  b Node 0+\n", "contains itself")
        self.refuses("  a int32 0+ nullable=0+\n", "cannot be null")
        self.refuses("  a bytes 0+ nullable=1+ default=null\n", "null by default")

    def test_refuses_defaults_of_another_type(self):
        self.refuses("  a bool 0+ default=False\n", "not a bool")
        self.refuses("  a int32 0+ default=one\n", "01_wrong.msg:5")

    def test_refuses_a_field_without_a_struct_around_it(self):
        self.refuses("  a int32 0+\n    b int32 0+\n", "indented deeper")

    def test_refuses_two_structs_of_one_name(self):
        self.refuses("  a A 0+\n    x int32 0+\n  b A 0+\n    y int32 0+\n", "two different structs")


if __name__ == "__main__":
    ACCEPT = "--accept" in sys.argv
    GENERATOR = sys.argv[1]
    unittest.main(argv=sys.argv[:1])
