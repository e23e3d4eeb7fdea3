#!/usr/bin/env python3
"""Measures what it costs that the journal makes room: two brokers with 2,000 partitions get the
same loads in turns, one whose journal is so small that there is always one soon, and one whose is
so large that none begins. Writes a page of it, and goes on where it was after an end that came
early."""

import argparse
import contextlib
import shutil
import sys
import time
from collections import namedtuple

import broker_figures
import harness
import journal_page
import limits
import load
import machine
import task_states

sys.path.insert(0, str(harness.ROOT / "tests/integration"))
from broker import Broker, BrokerError  # noqa: E402
from journal_page import OFTEN, RARE  # noqa: E402

NAME = "journal"
PROGRAM = harness.ROOT / "build/release/bench/load/millrace_load_generator"
BROKER = harness.ROOT / "build/release/millrace"
DATA = "millrace-journal-data"
QUICK_SECONDS_MAX = 9.5 * 60
DISK_BYTES = 16 << 30
# A checkpoint begins when a quarter is used. Of 64 MiB it would be some ten a second at full rate,
# each with a write and a flush for a thousand files.
JOURNAL_BYTES = {OFTEN: 256 << 20, RARE: 16 << 30}
# Of a cell: its topic is made, takes first records and goes.
CELL_OVERHEAD_S, START_S = 7, 50
# A cell in which a checkpoint fell, or none, is measured anew, but not for ever.
TRIES = 5

# `seconds` are those that count, by load.
Scale = namedtuple("Scale", "rounds partitions warm_up_s seconds")
QUICK = Scale(7, 2000, 1, {"steady": 8, "most": 2})
# Not longer at full throughput: a quarter of the large journal has to take a cell.
FULL = Scale(7, 2000, 1, {"steady": 60, "most": 2})
# A batch of ten records a request, so that each request is another partition's.
STEADY = {"record-bytes": 1024, "batch-records": 10, "in-flight": 1000, "rate": 20_000}
# As fast as answers come, each request with a small batch for each of many partitions.
MOST = {"record-bytes": 1024, "batch-records": 4, "request-batches": 256}
LOADS = {"steady": STEADY, "most": MOST}
# For what doesn't count: slow enough that a journal that grows has the next file ready in time.
PACED = {**MOST, "rate": 100_000}
PACED_S, GROWN_S_MAX = 5, 120
ERRORS = (BrokerError, broker_figures.NoFigures, OSError, ValueError, RuntimeError, LookupError)


def add_options(parser):
    parser.add_argument("--broker", default=str(BROKER), help=argparse.SUPPRESS)
    parser.set_defaults(program=str(PROGRAM))


def make_plan(scale):
    """In turns: with checkpoints and without; which comes first changes from round to round."""
    return [{"id": f"{name}-{side}~{turn}", "load": name, "side": side, "round": turn}
            for name in LOADS for turn in range(1, scale.rounds + 1)
            for side in ((OFTEN, RARE) if turn % 2 else (RARE, OFTEN))]


@contextlib.contextmanager
def started(options):
    """Both brokers on fresh folders, by side: while one is measured the other has nothing to do."""
    folder = options.dir / DATA
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with contextlib.ExitStack() as stack:
            yield {side: start(options.broker, folder, side, stack) for side in (OFTEN, RARE)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(binary, folder, side, stack):
    broker = Broker(binary, folder / side, folder / f"{side}.log",
                    [f"journal.bytes={JOURNAL_BYTES[side]}", "admin.listener=127.0.0.1:0",
                     "log.segment.delete.delay.ms=0"])
    stack.enter_context(broker)
    broker.start()
    return load.target_of(broker)


def generate(options, target, scale, topic, words, seconds):
    """`seconds` are those before it counts, and those that do."""
    before, counted = seconds
    command = [options.program, "--bootstrap", target.address, "--topic", topic, "--partitions",
               str(scale.partitions), "--acks", "all", "--seconds", str(counted), "--warm-up",
               str(before), "--tell-begin", *words]
    return load.generate(command, lambda: load.sample(target), before + counted)


def grow_journal(options, target, scale):
    """Files are written full of zeros before they are journal, so not beside what counts: there
    are as many as there will be when the first checkpoint has begun."""
    until = time.monotonic() + GROWN_S_MAX
    while not load.sample(target).figures["millrace_checkpoints_total"]:
        if time.monotonic() > until:
            raise RuntimeError(f"no checkpoint in {GROWN_S_MAX} s")
        generate(options, target, scale, "growth", load.options_of(PACED), (0, PACED_S))
    generate(options, target, scale, "growth", [*load.options_of(PACED), "--remove-topic"], (0, 1))


def carry_out(options, cell, target, scale):
    """The figures of one cell, in a topic of its own, so that what it wrote is gone behind it."""
    topic = cell["id"].replace("~", "-")
    # What each partition makes with its first record.
    generate(options, target, scale, topic, load.options_of(PACED), (0, 1))
    words = [*load.options_of(LOADS[cell["load"]]), "--remove-topic"]
    with task_states.watching(target.pid) as looks:
        result, before, after = generate(options, target, scale, topic, words,
                                         (scale.warm_up_s, scale.seconds[cell["load"]]))
    if result["errors"]:
        raise RuntimeError(f"batches were refused: {result['errors']}")
    return {**told(result), **seen(before, after), "waiting_share": looks.share()}


def told(result):
    latency = result["latency_us"] or {}
    return {"mb_per_s": result["mb_per_s"], "answers": latency.get("answers", 0),
            **{f"{share}_us": latency.get(share) for share in ("p50", "p99", "p999", "max")},
            "generator_share": result["cpu_s"] / result["seconds"],
            "unsent": result["requests_unsent"]}


def seen(before, after):
    """Of the broker, in the seconds that count."""
    grown = lambda name: (after.figures[f"millrace_{name}_total"]
                          - before.figures[f"millrace_{name}_total"])
    appended = grown("bytes_appended")
    if not appended:
        raise RuntimeError("nothing was appended")
    return {"broker_s_per_gb": (after.cpu_s - before.cpu_s) / appended * 1e9,
            "checkpoints": grown("checkpoints"),
            "journal_bytes_per_byte": grown("journal_bytes") / appended,
            "filled_bytes_per_byte": grown("bytes_filled") / appended}


def is_as_meant(cell):
    return (cell["checkpoints"] > 0) == (cell["side"] == OFTEN)


def measure_cell(options, cell, target, scale):
    """A record of it: its figures, or why there are none."""
    for _ in range(TRIES):
        before = machine.ticks()
        try:
            figures = carry_out(options, cell, target, scale)
        except ERRORS as error:
            return {"kind": "refused", **cell, "why": str(error).splitlines()[0]}
        record = {"kind": "cell", **cell, **figures,
                  "steal_share": machine.steal_share(before, machine.ticks())}
        if is_as_meant(record):
            return record
    return {"kind": "refused", **cell, "why": f"{record['checkpoints']} checkpoints fell into it"}


def measure(options, results, plan, scale, until):
    left = set(harness.ids_left(results.records))
    if not left:
        return
    progress = harness.Progress(len(left), seconds_of(plan, left, scale))
    with harness.part_of(results), started(options) as targets:
        for target in targets.values():
            grow_journal(options, target, scale)
        for cell in plan:
            if cell["id"] in left and time.monotonic() < until - cell_seconds(cell, scale):
                results.add(measure_cell(options, cell, targets[cell["side"]], scale))
                progress.step(cell["id"])


def cell_seconds(cell, scale):
    return scale.warm_up_s + scale.seconds[cell["load"]] + CELL_OVERHEAD_S


def seconds_of(plan, left, scale):
    return START_S + sum(cell_seconds(cell, scale) for cell in plan if cell["id"] in left)


def head_of(options, scale, plan):
    return harness.head_of(options, {"ids": [cell["id"] for cell in plan]}, loads=LOADS,
                           scale=scale._asdict(), journal_bytes=JOURNAL_BYTES)


def run():
    began = time.monotonic()
    options = harness.arguments(NAME, __doc__, "within ten minutes", add_options)
    until = began + (harness.PART_SECONDS_MAX if options.full else QUICK_SECONDS_MAX)
    harness.check_space(options.dir, DISK_BYTES)
    scale = FULL if options.full else QUICK
    plan = make_plan(scale)
    with harness.results_of(options, NAME, head_of(options, scale, plan)) as results:
        seconds = seconds_of(plan, set(harness.ids_left(results.records)), scale)
        harness.announce(options, results, seconds + 1.5 * limits.SECONDS, DISK_BYTES)
        if not results.has("limits"):
            results.add({"kind": "limits", **limits.measure(options.dir, durable_writes=True)})
        harness.measured(options, NAME, results,
                         lambda: measure(options, results, plan, scale, until), journal_page)
    return 0


def main():
    try:
        return harness.main(run)
    except ERRORS as error:
        print(f"./dev perf journal: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
