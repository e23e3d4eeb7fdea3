#!/usr/bin/env python3
"""Reads what a harness prints and passes it on; ends with 1 unless each cell has figures, in about the
time that it announced and within the one that it promises. What is built before isn't counted."""

import argparse
import re
import sys
import time

ANNOUNCED = re.compile(r"^\d+ cells, about (\d+) (s|min), at most")
LACKING = re.compile(r"^\d+ cells are left|^no figures of ")
# A shared machine is slower at times, and a minute is announced without its seconds.
LATE_MAX, LATE_S = 1.3, 30


def announced_s(line):
    found = ANNOUNCED.match(line)
    return int(found[1]) * (60 if found[2] == "min" else 1) if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=float, required=True, help="seconds that it promises")
    options = parser.parse_args()
    announced, began, lacks = None, 0, False
    for line in sys.stdin:
        print(line, end="", flush=True)
        lacks |= bool(LACKING.match(line))
        if announced is None and (seconds := announced_s(line)):
            announced, began = seconds, time.monotonic()
    if announced is None:
        print("it announced no time")
        return 1
    took = time.monotonic() - began
    print(f"took {took:.0f} s of {announced} s")
    is_late = took > min(options.most, announced * LATE_MAX + LATE_S)
    return 1 if is_late or lacks else 0


if __name__ == "__main__":
    sys.exit(main())
