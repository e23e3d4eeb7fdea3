#!/usr/bin/env python3
"""Measures what acks=0, 1 and all cost, with records flushed before they are acknowledged and
without, and writes a page of it. Drives millrace_load_generator against brokers of its own, or
against any Kafka by its address; keeps what it finished, and goes on there after an end that came
early."""

import argparse
import contextlib
import itertools
import os
import shutil
import sys
import time
from collections import namedtuple

import acks_page
import broker_figures
import harness
import limits
import load
import machine

sys.path.insert(0, str(harness.ROOT / "tests/integration"))
from broker import Broker, BrokerError  # noqa: E402

NAME = "acks"
PROGRAM = harness.ROOT / "build/release/bench/load/millrace_load_generator"
BROKER = harness.ROOT / "build/release/millrace"
# From the start to the page; what is not measured by then stays out, and the page says so.
QUICK_SECONDS_MAX = 9.5 * 60
DATA = "millrace-acks-data"
# What a run takes besides its warm-up and what is measured: a topic comes and goes.
RUN_OVERHEAD_S = 0.6
DISK_BYTES = 12 << 30

Scale = namedtuple("Scale", "producers partitions rounds warm_up_s seconds")
QUICK = Scale((1, 8, 64), (1, 16), 3, 0.5, 2)
FULL = Scale((1, 8, 64), (1, 16, 256), 5, 1, 5)
# As fast as answers come: small batches, as of producers that don't linger.
MOST = {"record-bytes": 1024, "batch-records": 16, "request-batches": 1, "in-flight": 5}
# A load that nothing saturates, each record a request of its own; latency counts from when it was
# due.
STEADY = {"record-bytes": 1024, "batch-records": 1, "request-batches": 1, "in-flight": 1000,
          "rate": 2000}
LOADS = {"most": MOST, "steady": STEADY}
STEADY_PARTITIONS = 16


def add_options(parser):
    parser.add_argument("--bootstrap", metavar="HOST:PORT",
                        help="measure these brokers and start none")
    parser.add_argument("--broker", default=str(BROKER), help=argparse.SUPPRESS)
    parser.set_defaults(program=str(PROGRAM))


def make_plan(scale, durabilities):
    """All runs, in their order: what is compared follows one on the other, and a round is through
    all cells before the next one begins."""
    plan = []
    for turn, name in itertools.product(range(1, scale.rounds + 1), LOADS):
        partitions = scale.partitions if name == "most" else (STEADY_PARTITIONS,)
        # Nobody tells how long a record with acks=0 takes.
        acks = acks_page.ACKS if name == "most" else ("1", "all")
        for place in itertools.product(partitions, scale.producers, durabilities, acks):
            plan.append(run_of(name, *place, turn))
    return plan


def run_of(name, partitions, producers, durability, acks, turn):
    return {"id": f"{name}-{durability}-{acks}-{producers}-{partitions}~{turn}", "load": name,
            "durability": durability, "acks": acks, "producers": producers,
            "partitions": partitions, "round": turn}


@contextlib.contextmanager
def targets(options):
    """What to measure, by durability: a broker for each, or the one address that was told."""
    if options.bootstrap:
        yield {acks_page.THEIRS: load.Target(options.bootstrap, None, None)}
        return
    folder = options.dir / DATA
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with own_brokers(options.broker, folder, acks_page.DURABILITIES) as found:
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def own_brokers(binary, folder, durabilities):
    with contextlib.ExitStack() as stack:
        yield {durability: start(binary, folder, durability, stack) for durability in durabilities}


def start(binary, folder, durability, stack):
    broker = Broker(binary, folder / durability, folder / f"{durability}.log",
                    [f"durability={durability}", "admin.listener=127.0.0.1:0",
                     "log.segment.delete.delay.ms=0"])
    stack.enter_context(broker)
    broker.start()
    return load.target_of(broker)


def command_of(options, run, target, scale):
    topic = f"millrace-acks-{os.getpid()}-{run['id'].replace('~', '-')}"
    return [options.program, "--bootstrap", target.address, "--topic", topic, "--remove-topic",
            "--tell-begin", "--acks", run["acks"], "--producers", str(run["producers"]),
            "--partitions", str(run["partitions"]), "--seconds", str(scale.seconds),
            "--warm-up", str(scale.warm_up_s), *load.options_of(LOADS[run["load"]])]


def carry_out(command, target, scale):
    """What the generator said, and what the broker did meanwhile; or why there is nothing."""
    try:
        result, before, after = load.generate(command, lambda: load.sample(target),
                                              scale.warm_up_s + scale.seconds)
    except RuntimeError as error:
        return {"why": str(error)}
    return {**told(result), **seen(before, after)}


def told(result):
    """Of the generator's object what the page needs."""
    latency = result["latency_us"] or {}
    return {"mb_per_s": result["mb_per_s"], "records_per_s": result["records_per_s"],
            "answers": latency.get("answers", 0), "latency_error": latency.get("error_share"),
            **{f"{share}_us": latency.get(share) for share in ("p50", "p99", "p999", "max")},
            "generator_share": result["cpu_s"] / result["seconds"],
            "unsent": result["requests_unsent"], "errors": result["errors"]}


def seen(before, after):
    """Of the broker, while it was measured; None where nobody tells. A frame of the journal is a
    flush where flushes are asked for."""
    if not after.figures:
        return dict.fromkeys(("flushes_per_s", "batches_per_flush", "broker_s_per_gb"))
    grown = lambda name: after.figures[name] - before.figures[name]
    frames = grown("millrace_journal_frames_total")
    gigabytes = grown("millrace_bytes_appended_total") / 1e9
    return {"flushes_per_s": frames / (after.time - before.time),
            "batches_per_flush": grown("millrace_batches_appended_total") / max(frames, 1),
            "broker_s_per_gb": (after.cpu_s - before.cpu_s) / gigabytes if gigabytes else None}


def measure(options, results, plan, scale, until):
    left = set(harness.ids_left(results.records))
    progress = harness.Progress(len(left), len(left) * run_seconds(scale))
    with harness.part_of(results), targets(options) as measured:
        for run in plan:
            if run["id"] not in left:
                continue
            if time.monotonic() > until - run_seconds(scale):
                break
            target = measured[run["durability"]]
            before = machine.ticks()
            figures = carry_out(command_of(options, run, target, scale), target, scale)
            kind = "refused" if "why" in figures else "cell"
            results.add({"kind": kind, **run, **figures,
                         "steal_share": machine.steal_share(before, machine.ticks())})
            progress.step(run["id"])


def run_seconds(scale):
    return scale.warm_up_s + scale.seconds + RUN_OVERHEAD_S


def head_of(options, scale, plan):
    """The first record of a run: what it measures, and where."""
    head = harness.head_of(options, {"ids": [run["id"] for run in plan]},
                           bootstrap=options.bootstrap, scale=scale._asdict(), loads=LOADS)
    if options.bootstrap:
        head["facts"].append(["brokers", options.bootstrap])
    return head


def limits_of(options):
    if options.bootstrap:
        return {"why_not": "the disk of these brokers can't be seen from here"}
    return limits.measure(options.dir, durable_writes=True)


def run_all():
    began = time.monotonic()
    options = harness.arguments(NAME, __doc__, "within ten minutes", add_options)
    until = began + (harness.PART_SECONDS_MAX if options.full else QUICK_SECONDS_MAX)
    disk_bytes = 0 if options.bootstrap else DISK_BYTES
    harness.check_space(options.dir, disk_bytes)
    scale = FULL if options.full else QUICK
    plan = make_plan(scale, [acks_page.THEIRS] if options.bootstrap else acks_page.DURABILITIES)
    with harness.results_of(options, NAME, head_of(options, scale, plan)) as results:
        seconds = len(harness.ids_left(results.records)) * run_seconds(scale)
        harness.announce(options, results, seconds + 1.5 * limits.SECONDS, disk_bytes)
        if options.bootstrap:
            print(f"topics come and go at {options.bootstrap}")
        if not results.has("limits"):
            results.add({"kind": "limits", **limits_of(options)})
        harness.measured(options, NAME, results,
                         lambda: measure(options, results, plan, scale, until), acks_page)
    return 0


def main():
    try:
        return harness.main(run_all)
    except (BrokerError, OSError, broker_figures.NoFigures) as error:
        print(f"./dev perf acks: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
