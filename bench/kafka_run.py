"""What each page of the comparison says of its run: where it was measured, what failed, and what to
keep in mind."""

import kafka_targets as targets
import limits
import load
import machine
import machine_limits
import rounds
from kafka_workloads import BY_ID, OURS, THEIRS
from page import Column, counted, number_of

NAMES = {OURS: "Millrace", THEIRS: "Kafka"}


def of_kind(records, kind):
    return [record for record in records if record["kind"] == kind]


def cells_of(records):
    return of_kind(records, "cell")


def last_of(records, kind):
    return (of_kind(records, kind) or [{"why_not": "not measured"}])[-1]


def summary(records):
    head, cells, failed = records[0], cells_of(records), of_kind(records, "refused")
    return {**{name: head[name] for name in ("full", "soak", "date", "dir", "facts", "scale")},
            "limits": last_of(records, "limits"),
            "machine_limits": last_of(records, "machine limits"),
            "parts": of_kind(records, "part"),
            "failed": {record["id"]: record["why"] for record in failed},
            "thrown": len(of_kind(records, "thrown")),
            "disturbed": sum(not rounds.is_quiet(record) for record in cells),
            "steal_max": max((record["steal_share"] for record in cells), default=0),
            "generator_bound": sum(record.get("client_share", 0) > load.GENERATOR_SHARE_MAX
                                   for record in cells),
            "unsent": sum(record.get("unsent", 0) > 0 for record in cells),
            "errors": sum(record.get("errors", 0) for record in cells),
            "cells_left": len(set(head["ids"]) - {one["id"] for one in cells + failed})}


def machine_facts(data):
    return [*data["facts"], ("limits, by fio", limits.words(data["limits"])),
            ("durable writes, by fio", limits.durable_words(data["limits"])),
            ("limits beside the disk", machine_limits.words(data["machine_limits"])),
            ("most taken by the host in a cell", f"{100 * data['steal_max']:.1f} %"),
            *machine.run_facts(data)]


def rows_of(cells, figures):
    """A row for each workload and side; `figures(records)` are those of its quiet cells."""
    rows = []
    for workload, pairs in targets.by_pair(cells).items():
        for side in BY_ID[workload].sides:
            records = [pair[side] for pair in pairs.values() if side in pair]
            if records:
                rows.append({"workload": workload, "side": side, "rounds": len(records),
                             **figures(rounds.quiet(records))})
    return rows


def show_failed(page, data):
    if data["failed"]:
        page.table((Column("failed", words=True), Column("why", words=True)),
                   sorted(data["failed"].items()),
                   f"{number_of(len(data['failed']), 'cell')} failed")


def warnings(data):
    """Only what happened."""
    if data["thrown"]:
        yield (f"Pairs that were measured anew, because the host took more than"
               f" {100 * rounds.STEAL_MAX:.0f} % of the time of a side: {data['thrown']}.")
    yield from counted((
        (data["disturbed"], "Cells that the host disturbed and whose pairs are left out"),
        (data["generator_bound"],
         "Cells in which the client used up its one thread, so that the broker may be faster"),
        (data["unsent"],
         "Cells at a fixed rate in which not all that was due was sent, so that latencies are "
         "too low"),
        (data["errors"], "Batches that were refused for now, and counted nowhere else"),
        (data["cells_left"], "Cells that were not reached")))
