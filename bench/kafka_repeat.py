#!/usr/bin/env python3
"""Holds two whole runs of `./dev bench kafka` against each other: whether somebody who measures again
would say the same. Ends with 1 when not."""

import argparse
import json
import sys
from pathlib import Path

# Of all ratios, those whose least and most must overlap.
OVERLAP_MIN = 0.95
# Medians of these may differ by so much; far percentiles are told and not judged.
DIFFERENCE_MAX = 1.5
JUDGED = ("cpu_s_per_gb", "cpu_s_per_million", "cpu_us_per_request", "mb_per_s", "records_per_s",
          "p50_ms")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs=2, type=Path, metavar="kafka.json")
    return parser.parse_args()


def pairs_of(one, other):
    """[(workload and figure, spread, spread), ...] of what both runs have."""
    return [(f"{workload} {figure}", spread, other[workload][figure])
            for workload, figures in one.items() for figure, spread in figures.items()
            if figure in other.get(workload, {})]


def overlap(one, other):
    return one["low"] <= other["high"] and other["low"] <= one["high"]


def difference(one, other):
    """How many times one median is the other, 1 or more."""
    return max(one["median"] / other["median"], other["median"] / one["median"])


def words(name, one, other):
    shown = (f"{spread['median']:.3f} ({spread['low']:.3f} to {spread['high']:.3f})"
             for spread in (one, other))
    return f"{name}: {', then '.join(shown)}, {difference(one, other):.2f} times apart"


def judge(pairs):
    """(lines to print, whether it holds)."""
    apart = [pair for pair in pairs if not overlap(*pair[1:])]
    far = [pair for pair in pairs if pair[0].split()[1] in JUDGED
           and difference(*pair[1:]) > DIFFERENCE_MAX]
    share = 1 - len(apart) / max(len(pairs), 1)
    lines = [f"apart: {words(*pair)}" for pair in apart] + [f"far: {words(*pair)}" for pair in far]
    lines.append(f"{len(pairs)} ratios, {100 * share:.1f} % overlap, {len(far)} medians differ by"
                 f" more than {DIFFERENCE_MAX} times")
    return lines, bool(pairs) and share >= OVERLAP_MIN and not far


def main():
    one, other = (json.loads(path.read_text())["ratios"] for path in arguments().runs)
    lines, holds = judge(pairs_of(one, other))
    print("\n".join(lines))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
