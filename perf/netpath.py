#!/usr/bin/env python3
"""Measures the ways of a log's bytes from their file to a socket, alone and through the broker with
a real consumer, and writes a page of it; goes on where it was after an end that came early."""

import argparse
import re
import shutil
import subprocess
import sys
import time

import harness
import limits
import netpath_broker
import netpath_page

NAME = "netpath"
FILES = "millrace-netpath-files"
# From the start to the page.
QUICK_SECONDS_MAX = 9 * 60


def add_options(parser):
    parser.add_argument("--broker", default=str(harness.ROOT / "build/release/millrace"),
                        help=argparse.SUPPRESS)


def output_of(*command):
    if not shutil.which(command[0]):
        return "unknown"
    done = subprocess.run(command, capture_output=True, text=True, cwd=harness.ROOT)
    return done.stdout.strip() or "unknown"


def versions():
    kcat = re.search(r"Version ([\w.]+).*(librdkafka [\w.]+)", output_of("kcat", "-V"))
    return [["liburing", output_of("pkg-config", "--modversion", "liburing")],
            ["kcat", ", ".join(kcat.groups()) if kcat else "unknown"],
            ["Millrace", output_of("git", "describe", "--always", "--dirty")]]


def head_of(options, plan):
    head = harness.head_of(options, plan)
    return {**head, "facts": head["facts"] + versions()}


def seconds_left(results, plan):
    """What the plan, of the sockets or of the broker, still takes."""
    left = set(harness.ids_left(results.records)) & set(plan["ids"])
    return len(left), plan["seconds"] * len(left) / len(plan["ids"])


def measure(options, results, sockets, through_broker, until):
    cells, seconds = seconds_left(results, sockets)
    broker_cells, broker_seconds = seconds_left(results, through_broker)
    status = 0
    if cells:
        progress = harness.Progress(cells, seconds, later=broker_seconds)
        status = harness.run_program(options, results, progress, until - time.monotonic(), FILES)
    progress = harness.Progress(broker_cells, broker_seconds)
    netpath_broker.measure(options, results, progress, until)
    return status


def run():
    began = time.monotonic()
    options = harness.arguments(NAME, __doc__, "within ten minutes", add_options)
    until = began + (harness.PART_SECONDS_MAX if options.full else QUICK_SECONDS_MAX)
    sockets, through_broker = harness.plan_of(options), netpath_broker.plan(options.full)
    disk_bytes = max(sockets["disk_bytes"], through_broker["disk_bytes"])
    harness.check_space(options.dir, disk_bytes)
    head = head_of(options, {"ids": sockets["ids"] + through_broker["ids"]})
    with harness.results_of(options, NAME, head) as results:
        seconds = sum(seconds_left(results, plan)[1] for plan in (sockets, through_broker))
        harness.announce(options, results, seconds + limits.SECONDS, disk_bytes)
        if not results.has("limits"):
            results.add({"kind": "limits", **limits.measure(options.dir)})
        status = measure(options, results, sockets, through_broker, until)
        harness.publish(options, NAME, netpath_page.summary(results.records), netpath_page.write)
    return status


def main():
    return harness.main(run)


if __name__ == "__main__":
    sys.exit(main())
