#!/usr/bin/env python3
"""Measures Millrace beside Apache Kafka: the same clients and workloads on both, in turns, and
writes a page of the ratios, whichever way they fall. Keeps each pair that it finished, and goes on
there after an end that came early."""

import argparse
import os
import shutil
import sys
import time
from collections import namedtuple

import kafka_sides as sides  # first: it says where the other modules are
import harness
import kafka_measure
import kafka_order_page
import kafka_page
import kafka_profiles
import kafka_roof
import kafka_topics
import kafka_workloads as workloads
import limits
import machine
import machine_limits
import rounds

NAME = "kafka"
BUILD = harness.ROOT / "build/release"
PROGRAM = BUILD / "bench/load/millrace_load_generator"
BROKER = BUILD / "millrace"
# These tell the machine's limits.
ROOF = BUILD / "bench/roof/millrace_roof"
NETPATH, MICRO = BUILD / "perf/netpath/millrace_netpath", BUILD / "bench/micro/millrace_micro"
DATA = "millrace-kafka-data"
# From the start to the page; the same command goes on with what is not measured by then.
QUICK_SECONDS_MAX = 9.5 * 60
DISK_BYTES = {False: 8 << 30, True: 48 << 30}
# A pair that the host disturbed is measured anew, but not for ever.
TRIES = 3

# `until` is the moment at which this part ends.
Course = namedtuple("Course", "options results progress scale until")


def add_options(parser):
    parser.prog = "./dev bench kafka"
    parser.add_argument("--soak", action="store_true",
                        help="W15 instead: half an hour, and how latency and memory drift")
    parser.add_argument("--order", action="store_true",
                        help="instead: what order is worth through a broker")
    names = [workload.id for workload in workloads.WORKLOADS]
    parser.add_argument("--only", nargs="+", metavar="ID", choices=names,
                        help=f"some workloads: {', '.join(names)}")
    parser.add_argument("--profile", nargs="*", metavar="ID", choices=names,
                        help="instead: flame graphs of the broker in these workloads, or in those "
                             "whose gate the last run missed")
    parser.add_argument("--broker", default=str(BROKER), help=argparse.SUPPRESS)
    parser.set_defaults(program=str(PROGRAM))


def work_of(options):
    """(name of the results, workloads, scale)."""
    if options.soak:
        return f"{NAME}-soak", workloads.SOAKED, workloads.SOAK
    if options.order:
        scale = workloads.FULL if options.full else workloads.QUICK
        return f"{NAME}-order", workloads.ORDERED, scale
    found = workloads.chosen(options.full or options.only)
    if options.only:
        found = [workload for workload in found if workload.id in options.only]
    # Some workloads don't take the place of a whole run that is still to go on.
    name = f"{NAME}-some" if options.only else NAME
    return name, found, workloads.FULL if options.full else workloads.QUICK


def pairs_left(results, group, scale):
    """[(workload, pair), ...] of which at least one side isn't there."""
    left = set(harness.ids_left(results.records))
    return [(workload, pair) for workload, pair in workloads.turns_of(group, scale.pairs)
            if any(workloads.cell(workload, side, pair)["id"] in left for side in workload.sides)]


def measure_once(room, both, workload, pair):
    """One cell of each side, one after the other. Both are up, and one has nothing to do."""
    sides.touch_free_memory(room.scale.memory_bytes)
    records = []
    for side in both:
        if side.name in workload.sides:
            at = time.time()
            figures = kafka_measure.measure(room, side, workload)
            records.append({"kind": "refused" if "why" in figures else "cell", "at": at,
                            **workloads.cell(workload, side.name, pair), **figures})
    return records


def measure_pair(course, room, both, workload, pair):
    for attempt in range(1, TRIES + 1):
        records = measure_once(room, both, workload, pair)
        seconds = workloads.pair_seconds(workload, course.scale)
        is_last = attempt == TRIES or time.monotonic() + seconds > course.until
        if is_last or all(map(rounds.is_quiet, records)):
            break
        course.results.add({"kind": "thrown", "workload": workload.id, "pair": pair,
                            "steal_share": max(each["steal_share"] for each in records)})
    for record in records:
        course.results.add(record)
        course.progress.step(record["id"])


def measure_group(course, pairs):
    """Pairs that share one start of both sides; when that fails, all refused with the reason."""
    options, folder = course.options, course.options.dir / DATA
    room = kafka_measure.Room(options.program, course.scale, folder)
    try:
        with sides.started(options, folder, pairs[0][0].settings) as both:
            for side in both:
                kafka_measure.warm_up(room, side)
            for workload, pair in pairs:
                for side in both:
                    kafka_topics.remove_others(side, workload)
                if fits(course, workload):
                    measure_pair(course, room, both, workload, pair)
    except kafka_measure.ERRORS as error:
        refuse(course, pairs, str(error).strip().splitlines()[-1])


def measure_roofs(course, group):
    room = kafka_measure.Room(course.options.program, course.scale, course.options.dir)
    for workload in group:
        for kind in kafka_roof.left(course.results.records, workload, course.scale):
            if time.monotonic() + kafka_roof.seconds_of([workload], course.scale) <= course.until:
                course.results.add(kafka_roof.measure(ROOF, course.options, room, workload, kind))


def fits(course, workload, before=0):
    seconds = before + workloads.pair_seconds(workload, course.scale)
    return time.monotonic() + seconds <= course.until


def refuse(course, pairs, why):
    left = set(harness.ids_left(course.results.records))
    for workload, pair in pairs:
        for side in workload.sides:
            one = workloads.cell(workload, side, pair)
            if one["id"] in left:
                course.results.add({"kind": "refused", **one, "why": why, "steal_share": 0})
                course.progress.step(one["id"])


def measure(options, results, found, scale, until):
    cells = cells_left(results, found, scale)
    progress = harness.Progress(len(cells), workloads.seconds_of(cells, scale))
    course = Course(options, results, progress, scale, until)
    with harness.part_of(results):
        for group in workloads.groups_of(found):
            pairs = pairs_left(results, group, scale)
            if pairs and fits(course, pairs[0][0], workloads.start_seconds(scale)):
                measure_group(course, pairs)
            measure_roofs(course, filter(kafka_roof.has_roof, group))


def cells_left(results, found, scale):
    left = set(harness.ids_left(results.records))
    return [one for one in workloads.plan_of(found, scale) if one["id"] in left]


def head_of(options, found, scale):
    plan = workloads.plan_of(found, scale)
    head = harness.head_of(options, {"ids": [one["id"] for one in plan]}, soak=options.soak,
                           scale=scale._asdict())
    head["facts"] += sides.versions()
    return head


def measure_limits(options, results):
    for kind, found in (("limits", lambda: limits.measure(options.dir, durable_writes=True)),
                        ("machine limits",
                         lambda: machine_limits.measure(NETPATH, MICRO, options.dir))):
        if not results.has(kind):
            results.add({"kind": kind, **found()})


def run_all():
    began = time.monotonic()
    options = harness.arguments(NAME, __doc__, "within ten minutes", add_options)
    name, found, scale = work_of(options)
    is_long = options.full or options.soak
    until = began + (harness.PART_SECONDS_MAX if is_long else QUICK_SECONDS_MAX)
    harness.check_space(options.dir, DISK_BYTES[is_long])
    sides.allow_connections()
    if options.profile is not None:
        return kafka_profiles.run(options, machine.facts(options.dir))
    sides.use_home(os.environ.get("KAFKA_HOME"))
    with harness.results_of(options, name, head_of(options, found, scale)) as results:
        cells = cells_left(results, found, scale)
        seconds = (workloads.seconds_of(cells, scale) + 1.5 * limits.SECONDS
                   + machine_limits.SECONDS + kafka_roof.seconds_of(found, scale))
        harness.announce(options, results, seconds, DISK_BYTES[is_long])
        if seconds > until - began:
            print(f"this part ends after {harness.span(until - began)}")
        measure_limits(options, results)
        harness.measured(options, name, results,
                         lambda: measure(options, results, found, scale, until),
                         kafka_order_page if options.order else kafka_page)
    return 0


def main():
    missing = [tool for tool in ("java", "kcat") if not shutil.which(tool)]
    if missing:
        print(f"./dev bench kafka needs {' and '.join(missing)}", file=sys.stderr)
        return 1
    try:
        return harness.main(run_all)
    except kafka_measure.ERRORS as error:
        print(f"./dev bench kafka: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
