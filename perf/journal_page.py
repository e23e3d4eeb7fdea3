"""What a run of `./dev perf journal` says: the ratios of the cells that were measured in one round,
with checkpoints and without, and the page that shows them."""

from collections import defaultdict

import limits
import load
import machine
import rounds
import svg
from page import Column, Page, counted, number_of

# A broker whose journal makes room all the time, and one whose never does.
OFTEN, RARE = "often", "rare"
SIDE_WORDS = {OFTEN: "with checkpoints", RARE: "without"}
LOAD_WORDS = {"steady": "at a fixed rate", "most": "as fast as answers come"}
FIGURES = ("mb_per_s", "p50_us", "p99_us", "p999_us", "max_us", "broker_s_per_gb", "checkpoints",
           "waiting_share", "journal_bytes_per_byte", "filled_bytes_per_byte", "generator_share")
# (load, figure, label, unit of what stands beside it).
COMPARED = (("steady", "p50_us", "p50 of an answer", "µs"),
            ("steady", "p99_us", "p99 of an answer", "µs"),
            ("steady", "p999_us", "p99.9 of an answer", "µs"),
            ("steady", "broker_s_per_gb", "broker's processor at a fixed rate", "s/GB"),
            ("most", "mb_per_s", "throughput", "MB/s"),
            ("most", "broker_s_per_gb", "broker's processor at full throughput", "s/GB"))


def figure_of(cell, figure):
    if figure == "p999_us" and cell["answers"] < load.ANSWERS_MIN:
        return None
    return cell[figure]


def of_load(cells, name):
    return [cell for cell in cells if cell["load"] == name]


def compare(cells, figure):
    """With checkpoints divided by without, of each round in which the host took little time."""
    by_round = defaultdict(dict)
    for cell in cells:
        by_round[cell["round"]][cell["side"]] = cell
    pairs = [(figure_of(pair[OFTEN], figure), figure_of(pair[RARE], figure))
             for pair in by_round.values()
             if len(pair) == 2 and all(map(rounds.is_quiet, pair.values()))]
    whole = [pair for pair in pairs if all(pair)]
    return {**rounds.spread([often / rare for often, rare in whole]), "pairs": len(whole),
            **{side: rounds.spread([pair[place] for pair in whole])["median"]
               for place, side in enumerate((OFTEN, RARE))}}


def medians(cells):
    """A row for each load and side."""
    rows = []
    for name in LOAD_WORDS:
        for side in SIDE_WORDS:
            found = [cell for cell in of_load(cells, name) if cell["side"] == side]
            if found:
                quiet = [{figure: figure_of(cell, figure) for figure in FIGURES}
                         for cell in rounds.quiet(found)]
                rows.append({"load": name, "side": side, "rounds": len(found),
                             **{figure: rounds.median_of(quiet, figure) for figure in FIGURES}})
    return rows


def summary(records):
    """All that the page shows, as plain data; journal.json is this."""
    head = records[0]
    of_kind = lambda kind: [record for record in records if record["kind"] == kind]
    cells, failed = of_kind("cell"), of_kind("refused")
    return {**{name: head[name] for name in ("full", "date", "dir", "facts", "scale", "loads",
                                             "journal_bytes")},
            "limits": (of_kind("limits") or [{"why_not": "not measured"}])[-1],
            "parts": of_kind("part"), "cells": medians(cells),
            "compared": {f"{name} {figure}": compare(of_load(cells, name), figure)
                         for name, figure, _, _ in COMPARED},
            "failed": {cell["id"]: cell["why"] for cell in failed},
            "disturbed": sum(not rounds.is_quiet(cell) for cell in cells),
            "generator_bound": sum(cell["generator_share"] > load.GENERATOR_SHARE_MAX
                                   for cell in cells),
            "unsent": sum(cell["unsent"] > 0 for cell in cells),
            "cells_left": len(set(head["ids"]) - {one["id"] for one in cells + failed})}


def spread_words(found):
    return (f"{svg.short(found['median'])} times ({svg.short(found['low'])} to"
            f" {svg.short(found['high'])})")


def answer(data):
    p99, most = data["compared"]["steady p99_us"], data["compared"]["most mb_per_s"]
    if p99["median"] is None:
        return "Nothing was measured yet."
    text = (f"While checkpoints make room in the journal, the slowest of a hundred answers takes"
            f" {spread_words(p99)} as long as without: {svg.short(p99[OFTEN])} against"
            f" {svg.short(p99[RARE])} µs.")
    if most["median"] is not None:
        text += f" At full throughput they leave {spread_words(most)} the rate."
    return text


def bars(data):
    for name, figure, label, unit in COMPARED:
        found = data["compared"][f"{name} {figure}"]
        if found["median"] is not None:
            note = f"{svg.short(found[OFTEN])} / {svg.short(found[RARE])} {unit}"
            yield svg.Bar(label, found["median"], found["low"], found["high"], note)


def picture(data):
    heading = "With checkpoints against without"
    even = sum(bar.low <= 1 <= bar.high for bar in bars(data))
    says = ("Each bar is the median of the rounds, and the whisker goes from the least to the"
            " most.")
    if even:
        says += (f" In {even} of {len(list(bars(data)))} the rounds disagree on which is more, so"
                 " there checkpoints cost nothing that this run could see.")
    return heading, svg.ratio_bars(heading, list(bars(data)), "with / without"), says


COLUMNS = (
    Column("load", words=True), Column("checkpoints", words=True), Column("rounds", "count"),
    Column("rate", "MB/s"), Column("p50", "µs"), Column("p99", "µs"), Column("p99.9", "µs"),
    Column("slowest", "µs"), Column("broker", "processor s/GB"),
    Column("checkpoints", "in a cell"), Column("waiting for the disk", "% of the time"),
    Column("to the journal", "bytes/byte"), Column("to segments", "bytes/byte"),
    Column("generator", "of one processor"))


def rows(data):
    for row in data["cells"]:
        waiting = row["waiting_share"]
        figures = {**row, "waiting_share": None if waiting is None else 100 * waiting}
        yield [LOAD_WORDS[row["load"]], SIDE_WORDS[row["side"]], row["rounds"],
               *(svg.short(figures[figure]) for figure in FIGURES)]


def caveats(data):
    scale, steady = data["scale"], data["loads"]["steady"]
    small, large = (data["journal_bytes"][side] >> 20 for side in (OFTEN, RARE))
    yield (f"Two brokers with all settings alike but journal.bytes, {small:,} MiB and {large:,}"
           f" MiB: a checkpoint begins when a quarter is used. Both have {scale['partitions']:,}"
           " partitions of one topic, a single replica of each (RF 1), and flush each record before"
           " they acknowledge it; while one is measured the other has nothing to do.")
    yield (f"The fixed rate is {steady['rate']:,} records of {steady['record-bytes']} bytes a"
           f" second, {steady['batch-records']} in a batch and one batch a request, and latency"
           " counts from when a request was due. A cell in which no checkpoint fell, or one where"
           " none should, was measured anew.")
    yield ("“Waiting for the disk”: how often a thread that runs a ring was found in the kernel's"
           " state D, by a look every five milliseconds. Such a thread serves nobody meanwhile.")
    yield ("Generator and broker share this machine's processors, and talk over the loopback"
           " interface: no network is in these figures.")
    yield from counted((
        (data["disturbed"], "Cells that the host disturbed and that are left out of the ratios"),
        (data["generator_bound"],
         "Cells in which the generator used up its one thread, so that the broker may be "
         "faster"),
        (data["unsent"],
         "Cells at a fixed rate in which not all that was due was sent, so that latencies are "
         "too low"),
        (data["cells_left"], "Cells that were not reached")))


def write(data, path):
    page = Page("What it costs that the journal makes room", answer(data))
    if any(True for _ in bars(data)):
        page.heading("What checkpoints cost")
        page.pictures([picture(data)])
    page.heading("Both, by load")
    page.table(COLUMNS, list(rows(data)))
    if data["failed"]:
        page.table((Column("failed", words=True), Column("why", words=True)),
                   sorted(data["failed"].items()),
                   f"{number_of(len(data['failed']), 'cell')} failed")
    page.machine([*data["facts"], ("limits, by fio", limits.words(data["limits"])),
                  ("durable writes, by fio", limits.durable_words(data["limits"])),
                  *machine.run_facts(data)], list(caveats(data)))
    page.write(path)
