#!/usr/bin/env python3
"""Keeps what a whole run of `./dev bench kafka` has measured as a line of perf/history.ndjson, one
for each measured commit, and draws how the figures went over these."""

import argparse
import json
import re
import sys
from pathlib import Path

import harness
import history_page

HISTORY = harness.ROOT / "perf/history.ndjson"
INSTRUCTIONS = harness.ROOT / "bench/instructions.txt"
# Of a machine what its figures depend on.
MACHINE = ("processor", "memory", "kernel", "filesystem", "disk", "Apache Kafka")


def arguments():
    parser = argparse.ArgumentParser(prog="./dev perf history", description=__doc__)
    parser.add_argument("--add", type=Path, metavar="JSON", help="the kafka.json of a whole run")
    parser.add_argument("--file", type=Path, default=HISTORY, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=harness.ROOT / "build/perf/history",
                        help="where the page goes (default: build/perf/history)")
    return parser.parse_args()


def instructions():
    lines = INSTRUCTIONS.read_text().splitlines()
    found = (re.fullmatch(r"(\w[\w ]*?)\s+(\d+)", line) for line in lines)
    return {match[1]: int(match[2]) for match in found if match}


def line_of(data):
    """What is kept of a run. Exits with the reason when it can't be."""
    facts = dict(data["facts"])
    commit = facts["Millrace"].split()[-1]
    if commit.endswith("-dirty"):
        sys.exit(f"the tree had changes that {commit[:-6]} doesn't have")
    if data["cells_left"]:
        sys.exit(f"{data['cells_left']} cells of that run were not reached")
    kept = ("ratio", "millrace", "kafka")
    targets = {f"{one['id']} {one['words']}": {name: one[name] for name in
                                              ("unit", "gate_ratio", *kept)}
               for one in data["targets"] if one["pairs"]}
    return {"commit": commit, "date": data["date"], "full": data["full"],
            "machine": {name: facts.get(name, "unknown") for name in MACHINE},
            "targets": targets, "instructions": instructions()}


def add(file, line):
    """Puts a line behind those that are there, in place of one of the same commit and machine."""
    same = ("commit", "full", "machine")
    lines = [one for one in harness.whole_records(file)
             if any(one[name] != line[name] for name in same)]
    file.write_text("".join(json.dumps(one) + "\n" for one in [*lines, line]))


def main():
    options = arguments()
    if options.add:
        add(options.file, line_of(json.loads(options.add.read_text())))
    lines = harness.whole_records(options.file)
    options.out.mkdir(parents=True, exist_ok=True)
    page = options.out / "history.html"
    history_page.write(lines, page)
    print(f"{len(lines)} measured commits")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
