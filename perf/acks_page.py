"""What a run of `./dev perf acks` says: the figures of each cell, the ratios of those that were
measured in one round, and the page that shows them."""

import statistics
from collections import defaultdict

import limits
import load
import machine
import rounds
import svg
from page import Column, Page, number_of

DURABILITIES = ("flush", "os")
# Of brokers that were told by their address.
THEIRS = "theirs"
DURABILITY_WORDS = {
    "flush": "durability=flush", "os": "durability=os", THEIRS: "these brokers"}
ACKS = ("0", "1", "all")
AXES = ("load", "durability", "acks", "producers", "partitions")
FIGURES = ("mb_per_s", "records_per_s", "p50_us", "p99_us", "p999_us", "flushes_per_s",
           "batches_per_flush", "broker_s_per_gb", "generator_share")


def key_of(run, **changed):
    return tuple({**run, **changed}[axis] for axis in AXES)


def figure_of(run, figure):
    if figure == "p999_us" and run["answers"] < load.ANSWERS_MIN:
        return None
    return run[figure]


def median_of(runs, figure):
    known = [value for value in (figure_of(run, figure) for run in runs) if value is not None]
    return statistics.median(known) if known else None


def gather(runs):
    """The cells in the order of their axes, each with the median of its rounds."""
    by_cell = defaultdict(list)
    for run in runs:
        by_cell[key_of(run)].append(run)
    cells = []
    for key, of_cell in by_cell.items():
        quiet = rounds.quiet(of_cell)
        cells.append({**dict(zip(AXES, key)), "rounds": len(of_cell),
                      **{figure: median_of(quiet, figure) for figure in FIGURES}})
    order = lambda cell: (cell["load"], cell["durability"], cell["partitions"], cell["producers"],
                          ACKS.index(cell["acks"]))
    return sorted(cells, key=order)


def ratios(runs, figure, axis, above, below, **where):
    """`above` divided by `below` on one axis, for each place on the others, of each round in which
    the host took little time."""
    by_round = {(key_of(run), run["round"]): run for run in runs if rounds.is_quiet(run)}
    places = defaultdict(list)
    for (key, turn), run in by_round.items():
        wanted = {**where, axis: above}
        twin = by_round.get((key_of(run, **{axis: below}), turn))
        if twin and all(run[name] == value for name, value in wanted.items()) and twin[figure]:
            places[(run["partitions"], run["producers"])].append((run[figure], twin[figure]))
    return [{"partitions": place[0], "producers": place[1],
             **rounds.spread([one / other for one, other in pairs]), "rounds": len(pairs),
             "above": statistics.median(one for one, _ in pairs),
             "below": statistics.median(other for _, other in pairs)}
            for place, pairs in sorted(places.items())]


def compared(runs, durabilities):
    """The comparisons that the page shows, by name."""
    found = {}
    for durability in durabilities:
        where = {"load": "most", "durability": durability}
        found[f"all/1 {durability}"] = ratios(runs, "mb_per_s", "acks", "all", "1", **where)
        found[f"0/1 {durability}"] = ratios(runs, "mb_per_s", "acks", "0", "1", **where)
    found["flush/os"] = ratios(runs, "mb_per_s", "durability", "flush", "os", load="most",
                               acks="all")
    found["flush/os p99"] = ratios(runs, "p99_us", "durability", "flush", "os", load="steady",
                                   acks="all")
    return found


def summary(records):
    """All that the page shows, as plain data; acks.json is this."""
    head = records[0]
    of_kind = lambda kind: [record for record in records if record["kind"] == kind]
    runs, failed = of_kind("cell"), of_kind("refused")
    durabilities = [THEIRS] if head["bootstrap"] else list(DURABILITIES)
    return {**{name: head[name] for name in ("full", "date", "dir", "bootstrap", "facts", "scale",
                                             "loads")},
            "durabilities": durabilities,
            "limits": (of_kind("limits") or [{"why_not": "not measured"}])[-1],
            "parts": of_kind("part"), "cells": gather(runs),
            "compared": compared(runs, durabilities),
            "failed": {run["id"]: run["why"] for run in failed},
            "disturbed": sum(not rounds.is_quiet(run) for run in runs),
            "generator_bound": sum(run["generator_share"] > load.GENERATOR_SHARE_MAX
                                   for run in runs),
            "unsent": sum(run["unsent"] > 0 for run in runs),
            "batches_refused": sum(sum(run["errors"].values()) for run in runs),
            "latency_error": max((run["latency_error"] or 0 for run in runs), default=0),
            "cells_left": len(set(head["ids"]) - {run["id"] for run in runs + failed})}


def overall(places):
    """The middle of the cells' ratios, and the least and most of any round, in words."""
    middle = statistics.median(place["median"] for place in places)
    low, high = min(place["low"] for place in places), max(place["high"] for place in places)
    return f"{svg.short(middle)} times", f"{svg.short(low)} to {svg.short(high)}"


def answer(data):
    """What acks=all costs, in some sentences."""
    says = []
    for durability in data["durabilities"]:
        places = data["compared"][f"all/1 {durability}"]
        if places:
            middle, reach = overall(places)
            what = "" if says else " the throughput of acks=1"
            says.append(f"{middle}{what} with {DURABILITY_WORDS[durability]} ({reach} over"
                        f" {len(places)} cells)")
    if not says:
        return "Nothing was measured yet."
    text = f"acks=all gives you {' and '.join(says)}."
    if not data["bootstrap"]:
        text += " One broker answers both at the same moment, so what differs is chance."
    if data["compared"]["flush/os"]:
        middle, reach = overall(data["compared"]["flush/os"])
        text += (f" What costs is stable storage: with acks=all, durability=flush gives {middle}"
                 f" the throughput of durability=os ({reach}).")
    return text


def bar_of(place, unit):
    label = (f"{number_of(place['producers'], 'producer')},"
             f" {number_of(place['partitions'], 'partition')}")
    note = f"{svg.short(place['above'])} / {svg.short(place['below'])} {unit}"
    return svg.Bar(label, place["median"], place["low"], place["high"], note)


def ratio_picture(heading, places, unit, of_what, says):
    picture = svg.ratio_bars(heading, [bar_of(place, unit) for place in places], of_what)
    return heading, picture, says


def even_words(places):
    even = sum(place["low"] <= 1 <= place["high"] for place in places)
    if not even:
        return ""
    return (f" In {even} of {len(places)} cells the rounds disagree on which is faster, so there it"
            " is no difference that this run could see.")


def pictures(data):
    for durability in data["durabilities"]:
        words = DURABILITY_WORDS[durability]
        for above, below in (("all", "1"), ("0", "1")):
            places = data["compared"][f"{above}/{below} {durability}"]
            if places:
                middle, reach = overall(places)
                yield ratio_picture(
                    f"acks={above} against acks={below}, {words}", places, "MB/s",
                    f"acks={above} / acks={below}, MB/s",
                    f"acks={above} gives {middle} the throughput of acks={below} ({reach})."
                    + even_words(places))


def storage_pictures(data):
    places = data["compared"]["flush/os"]
    if places:
        middle, reach = overall(places)
        yield ratio_picture("Throughput, durability=flush against os", places, "MB/s",
                            "flush / os with acks=all, MB/s",
                            f"A flush before each answer leaves {middle} the throughput ({reach})."
                            + even_words(places))
    places = data["compared"]["flush/os p99"]
    if places:
        middle, reach = overall(places)
        yield ratio_picture("Latency at a steady load, durability=flush against os", places, "µs",
                            "flush / os with acks=all, p99 in µs",
                            f"At {data['loads']['steady']['rate']} records/s the slowest of a"
                            f" hundred answers takes {middle} as long with a flush ({reach}).")


COLUMNS = (
    Column("durability", words=True), Column("partitions", "of the topic"),
    Column("producers", "connections"), Column("acks", words=True), Column("rate", "MB/s"),
    Column("records", "1/s"), Column("p50", "µs"), Column("p99", "µs"), Column("p99.9", "µs"),
    Column("flushes", "1/s; os: writes"), Column("batches", "per flush; os: write"),
    Column("broker", "processor s/GB"), Column("generator", "of one processor"))


def rows(data, name):
    for cell in data["cells"]:
        if cell["load"] == name:
            yield [DURABILITY_WORDS[cell["durability"]], cell["partitions"], cell["producers"],
                   cell["acks"], *(svg.short(cell[figure]) for figure in FIGURES)]


def flush_words(data):
    """How the flushes of the cells stand to what the disk can do."""
    if data["bootstrap"]:
        return ("Flushes, batches per flush and the processor time of these brokers can't be seen"
                " from outside.")
    flushed = [cell for cell in data["cells"] if cell["durability"] == "flush"
               and cell["load"] == "most" and cell["acks"] != "0" and cell["flushes_per_s"]]
    if not flushed:
        return "No flushes were counted."
    most = max(flushed, key=lambda cell: cell["flushes_per_s"])
    shared = max(flushed, key=lambda cell: cell["batches_per_flush"])
    text = (f"With durability=flush the broker flushed up to {svg.short(most['flushes_per_s'])}"
            f" times a second, and one flush made up to {svg.short(shared['batches_per_flush'])}"
            f" batches durable ({number_of(shared['producers'], 'producer')},"
            f" {number_of(shared['partitions'], 'partition')}).")
    durable_us = data["limits"].get("durable_write_p50_us")
    if durable_us:
        text += (f" One durable write of 16 KiB after the other took fio {svg.short(durable_us)} µs"
                 f" (p50) on this disk: {svg.short(1e6 / durable_us)} a second. The broker has a"
                 " journal for each of its threads, at most four, which don't wait for each other.")
    return text


def machine_facts(data):
    own = ("two of Millrace's own, one for each durability, with a replica of each partition"
           " (RF 1), default settings")
    return [*data["facts"], ("limits, by fio", limits.words(data["limits"])),
            ("durable writes, by fio", limits.durable_words(data["limits"])),
            ("brokers", data["bootstrap"] or own), *machine.run_facts(data)]


def caveats(data):
    scale, most = data["scale"], data["loads"]["most"]
    if data["bootstrap"]:
        yield ("How durable an acknowledged record is, and how many replicas have it, is what these"
               " brokers are configured to; topics have their default replication factor.")
    else:
        yield ("One broker answers acks=1 and acks=all alike: when its journal has the record, on"
               " stable storage with durability=flush, in the kernel's hands with durability=os."
               " With replicas on other brokers acks=all would wait for them too; that isn't"
               " measured here.")
        yield ("A flush is a frame of the journal, written with its own flush. Those of segments"
               " and of checkpoints in the background aren't counted.")
        yield ("Generator and broker share this machine's processors, and talk over the loopback"
               " interface: no network is in these figures.")
    yield (f"Throughput: {most['in-flight']} requests in flight on each connection, each of one"
           f" batch of {most['batch-records']} records of {most['record-bytes']} bytes, the"
           " partitions in turn. Its latencies are those of a queue that is kept full:"
           " producers x in flight / throughput.")
    yield (f"Each run is {scale['warm_up_s']:g} s of warm-up and {scale['seconds']:g} s that count,"
           f" on a topic of its own, in {scale['rounds']} rounds. Cells are medians of them.")
    yield (f"A percentile is at most {100 * data['latency_error']:.1f} % above the value that was"
           f" measured. p99.9 needs {load.ANSWERS_MIN} answers. Latency at a steady load counts"
           " from when a record was due, so the generator's own lateness is in it.")
    yield from warnings(data)


def warnings(data):
    """Only what happened."""
    if data["disturbed"]:
        yield (f"Runs left out of the ratios, because the host took more than"
               f" {100 * rounds.STEAL_MAX:.0f} % of their time: {data['disturbed']}.")
    if data["generator_bound"]:
        yield (f"Runs in which the generator used more than"
               f" {100 * load.GENERATOR_SHARE_MAX:.0f} % of its one thread, so that the broker may be faster: {data['generator_bound']}.")
    if data["unsent"]:
        yield (f"Runs at a steady load in which not all that was due was sent, so that latencies"
               f" are too low: {data['unsent']}.")
    if data["batches_refused"]:
        yield ("Batches that were refused for now, and counted nowhere else:"
               f" {data['batches_refused']}.")
    if data["cells_left"]:
        yield f"Runs that were not reached: {data['cells_left']}."


def write(data, path):
    page = Page("What acks=all costs", answer(data))
    page.heading("How many answers to wait for")
    page.pictures(list(pictures(data)))
    page.paragraph("Each ratio is of two runs of one round; the bar is the median of the rounds and"
                   " the whisker goes from the least to the most. The figures beside it are medians"
                   " on their own. With acks=0 nobody answers, so a producer is as fast as the"
                   " broker reads.", soft=True)
    stored = list(storage_pictures(data))
    if stored:
        page.heading("What a flush before the answer costs")
        page.pictures(stored)
    page.paragraph(flush_words(data))
    page.heading("Throughput, and latency of a full queue")
    page.table(COLUMNS, list(rows(data, "most")))
    page.heading(f"Latency at {data['loads']['steady']['rate']} records/s, one per request")
    page.table(COLUMNS, list(rows(data, "steady")))
    if data["failed"]:
        page.table((Column("failed", words=True), Column("why", words=True)),
                   sorted(data["failed"].items()), f"{len(data['failed'])} runs failed")
    page.machine(machine_facts(data), list(caveats(data)))
    page.write(path)
