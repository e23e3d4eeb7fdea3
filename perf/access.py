#!/usr/bin/env python3
"""Measures what sequential costs against random on the disk of a folder, and writes a page of it:
drives millrace_access, keeps what it finished, and goes on there after an end that came early."""

import sys
import time

import access_page
import harness
import limits

NAME = "access"
# From the start to the page; what is not measured by then stays out, and the page says so.
QUICK_SECONDS_MAX = 56
FILES = "millrace-access-files"


def measure(options, results, seconds, seconds_max):
    progress = harness.Progress(len(harness.ids_left(results.records)), seconds)
    return harness.run_program(options, results, progress, seconds_max, FILES)


def run():
    began = time.monotonic()
    options = harness.arguments(NAME, __doc__, "within a minute")
    plan = harness.plan_of(options)
    harness.check_space(options.dir, plan["disk_bytes"])
    head = harness.head_of(options, plan, bases=plan["bases"])
    with harness.results_of(options, NAME, head) as results:
        left = len(harness.ids_left(results.records))
        seconds = plan["seconds"] * left / len(plan["ids"])
        harness.announce(options, results, seconds + limits.SECONDS, plan["disk_bytes"])
        if not results.has("limits"):
            results.add({"kind": "limits", **limits.measure(options.dir)})
        whole = harness.PART_SECONDS_MAX if options.full else QUICK_SECONDS_MAX
        status = measure(options, results, seconds, whole - (time.monotonic() - began))
        harness.publish(options, NAME, access_page.summary(results.records), access_page.write)
    return status


def main():
    return harness.main(run)


if __name__ == "__main__":
    sys.exit(main())
