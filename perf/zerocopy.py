#!/usr/bin/env python3
"""Answers which way the bytes of a broker's log took to their readers: watches a broker that runs
already, or starts one of its own with readers at the tail and behind, and writes a page of it."""

import sys
import time

import harness
import netpath
import watch
import zerocopy_broker
import zerocopy_page
import zerocopy_rows

NAME = "zerocopy"
# From the start to the page.
QUICK_SECONDS_MAX = 9 * 60
LIVE_ID = "watch-live"
LIVE_SECONDS = 10


def add_options(parser):
    netpath.add_options(parser)
    parser.add_argument("--behind", type=int, metavar="MIB",
                        help="how much the reader is behind (default: "
                             f"{zerocopy_broker.QUICK_BEHIND_MIB}, with --full "
                             f"{zerocopy_broker.FULL_BEHIND_MIB})")
    live = parser.add_argument_group("a broker that runs already")
    live.add_argument("--admin", metavar="HOST:PORT", help="its admin.listener")
    live.add_argument("--pid", type=int, help="its process, on this machine")
    live.add_argument("--seconds", type=float, default=LIVE_SECONDS,
                      help=f"how long to watch it (default: {LIVE_SECONDS})")


def is_live(options):
    if bool(options.admin) != bool(options.pid):
        sys.exit("--admin and --pid go together: figures and process of one broker")
    return bool(options.pid)


def head_of(options, plan, size):
    head = harness.head_of(options, plan, **size)
    perf = netpath.output_of("perf", "--version")
    return {**head, "facts": head["facts"] + [["perf", perf]] + netpath.versions()}


def watch_live(options, results):
    print(f"watching process {options.pid} for {options.seconds:.0f} s", flush=True)
    load = lambda: time.sleep(options.seconds)
    with harness.part_of(results):
        found = zerocopy_broker.watched(options.pid, options.admin, options.dir, load)
    results.add({"kind": "cell", "id": LIVE_ID, "part": "watch", "name": "live",
                 "binary": watch.binary_of(options.pid), **found})


def run_live(options):
    options.fresh = True
    head = head_of(options, {"ids": [LIVE_ID]}, {"seconds": options.seconds})
    with harness.results_of(options, NAME, head) as results:
        watch_live(options, results)
        harness.publish(options, NAME, zerocopy_rows.summary(results.records),
                        zerocopy_page.write)


def run_own(options, began):
    size = zerocopy_broker.scale(options)
    plan = zerocopy_broker.plan(size)
    harness.check_space(options.dir, plan["disk_bytes"])
    until = began + (harness.PART_SECONDS_MAX if options.full else QUICK_SECONDS_MAX)
    with harness.results_of(options, NAME, head_of(options, plan, size)) as results:
        left = len(harness.ids_left(results.records))
        seconds = plan["seconds"] * left / len(plan["ids"])
        harness.announce(options, results, seconds, plan["disk_bytes"])
        zerocopy_broker.measure(options, results, harness.Progress(left, seconds), size, until)
        harness.publish(options, NAME, zerocopy_rows.summary(results.records),
                        zerocopy_page.write)


def run():
    began = time.monotonic()
    options = harness.arguments(NAME, __doc__, "within ten minutes", add_options)
    try:
        run_live(options) if is_live(options) else run_own(options, began)
    except zerocopy_broker.broker_figures.NoFigures as error:
        sys.exit(f"zerocopy: {error}")
    return 0


def main():
    return harness.main(run)


if __name__ == "__main__":
    sys.exit(main())
