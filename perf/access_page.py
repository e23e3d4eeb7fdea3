"""What a run of millrace_access says: the figures of each cell and its ratio to order, and the page
that shows them."""

from collections import defaultdict

import limits
import machine
import rounds
import svg
from page import Column, Page

AXES = ("operation", "pattern", "size", "depth", "engine", "sync", "cache", "layout")
SIZES = ("512", "4k", "16k", "64k", "256k", "1m", "4m")
PATTERNS = ("sequential", "random", "zipf", "files16", "files256", "files4096")
FIGURES = ("mb_per_s", "settled_mb_per_s", "iops", "p50_us", "p99_us", "cpu_us_per_op",
           "punts_per_op", "settle_s")

BASES = {
    "consumer-cold": "A consumer reads a log that is not in memory",
    "consumer-warm": "A consumer reads a log that is in memory",
    "point-fetch": "A fetch of one place that is not in memory",
    "append-durable": "Appending to one log, each on the disk before the next",
    "append-cached": "Appending to one log in the page cache",
    "append-many": "Appending to 256 logs in turn in the page cache",
}
ENGINES = {"psync": "pread, pwrite", "mmap": "mmap", "uring": "io_uring, buffered",
           "direct": "io_uring, O_DIRECT", "registered": "io_uring, O_DIRECT, registered buffers"}
PATTERN_WORDS = {"sequential": "sequential", "random": "random", "zipf": "zipf",
                 "files16": "16 files in turn", "files256": "256 files in turn",
                 "files4096": "4096 files in turn"}


def axes(name):
    return dict(zip(AXES, name.split("~")[0].split("-")))


def name_of(cell_axes, **changed):
    return "-".join({**cell_axes, **changed}[axis] for axis in AXES)


def size_words(size):
    return {"k": f"{size[:-1]} KiB", "m": f"{size[:-1]} MiB"}.get(size[-1], f"{size} B")


def settled(record):
    """MB/s until the data is on the disk: a write to memory alone is no work for a disk."""
    scale = record["elapsed_s"] / (record["elapsed_s"] + record["settle_s"])
    return record["mb_per_s"] * scale


def gather(records):
    """The cells by name, each with the median of its rounds."""
    by_name = defaultdict(list)
    for record in records:
        if record["kind"] == "cell":
            record = {**record, "settled_mb_per_s": settled(record)}
            by_name[record["id"].split("~")[0]].append(record)
    cells = {}
    for name, all_rounds in by_name.items():
        quiet = rounds.quiet(all_rounds)
        cells[name] = {"name": name, **axes(name), "rounds": len(all_rounds),
                       "disturbed": sum(not rounds.is_quiet(one) for one in all_rounds),
                       **{figure: rounds.median_of(quiet, figure) for figure in FIGURES}}
    for cell in cells.values():
        twin = cells.get(name_of(axes(cell["name"]), pattern="sequential"))
        cell["ratio_to_sequential"] = (
            cell["settled_mb_per_s"] / twin["settled_mb_per_s"] if twin else None)
    return cells


def pair_ratios(records, base):
    """In order divided by not in order, for each round in which the host took little time."""
    by_round = defaultdict(dict)
    for record in records:
        if record["kind"] == "cell" and record["part"] == "pair" and record["base"] == base:
            by_round[record["round"]][record["pattern"] == "sequential"] = record
    whole = [pair for pair in by_round.values() if len(pair) == 2]
    quiet = [pair for pair in whole if all(map(rounds.is_quiet, pair.values()))]
    ratios = [settled(pair[True]) / settled(pair[False]) for pair in quiet]
    names = {key: one["id"].split("~")[0] for pair in whole[:1] for key, one in pair.items()}
    return {"base": base, "rounds": len(whole), "left_out": len(whole) - len(quiet),
            "in_order": names.get(True), "other": names.get(False), **rounds.spread(ratios)}


def summary(records):
    """All that the page shows, as plain data; access.json is this."""
    head = records[0]
    of_kind = lambda kind: [record for record in records if record["kind"] == kind]
    refused = {record["id"].split("~")[0]: record["why"] for record in of_kind("refused")}
    done = {record["id"] for record in of_kind("cell") + of_kind("refused")}
    return {"full": head["full"], "date": head["date"], "dir": head["dir"],
            "facts": head["facts"], "bases": head["bases"],
            "limits": (of_kind("limits") or [{"why_not": "not measured"}])[-1],
            "program": (of_kind("machine") or [{}])[-1], "parts": of_kind("part"),
            "pairs": [pair_ratios(records, base) for base in head["bases"]],
            "cells": gather(records), "refused": refused,
            "cells_left": len(set(head["ids"]) - done)}


def pair_bar(pair, cells):
    label = BASES.get(pair["base"], pair["base"])
    if pair["median"] is None:
        return svg.Bar(label, None)
    one, other = cells[pair["in_order"]], cells[pair["other"]]
    note = (f"{size_words(one['size'])}: {svg.short(one['settled_mb_per_s'])} / "
            f"{svg.short(other['settled_mb_per_s'])} MB/s")
    return svg.Bar(label, pair["median"], pair["low"], pair["high"], note)


def pairs_say(pairs):
    known = [pair for pair in pairs if pair["median"]]
    if not known:
        return "No pair was measured."
    most = max(known, key=lambda pair: pair["median"])
    even = [pair for pair in known if pair["low"] <= 1 <= pair["high"]]
    says = (f"Order is worth most here to “{BASES[most['base']]}”: "
            f"{svg.short(most['median'])} times.")
    if even:
        says += (f" In {len(even)} of {len(known)} cases the rounds disagree on which is faster,"
                 " so there order is worth nothing that this run could see.")
    return says


def heat_rows(cells, operation, engine):
    wanted = {(cell["pattern"], cell["depth"]) for cell in cells.values()
              if is_map_cell(cell, operation, engine)}
    return sorted(wanted, key=lambda row: (PATTERNS.index(row[0]), int(row[1][1:])))


def is_map_cell(cell, operation, engine):
    return (cell["operation"], cell["engine"], cell["sync"], cell["cache"], cell["layout"]) == (
        operation, engine, "none", "cold", "written")


def heat_of(cells, operation, engine):
    """(rows, sizes, values) of a map; rows are (pattern, depth)."""
    values = {(cell["pattern"], cell["depth"], cell["size"]): cell["settled_mb_per_s"]
              for cell in cells.values() if is_map_cell(cell, operation, engine)}
    # A row or a column with one field is a cell of an axis and not of the map.
    rows = [row for row in heat_rows(cells, operation, engine)
            if sum((*row, size) in values for size in SIZES) > 2]
    sizes = [size for size in SIZES if sum((*row, size) in values for row in rows) > 1]
    return rows, sizes, [[values.get((*row, size)) for size in sizes] for row in rows]


def heat_says(rows, sizes, values):
    by_row = dict(zip(rows, values))
    ratios = [one / other for (pattern, depth), row in by_row.items() if pattern == "sequential"
              for one, other in zip(row, by_row.get(("random", depth), ())) if one and other]
    known = [(value, row, size) for row, line in by_row.items()
             for value, size in zip(line, sizes) if value]
    least, most = min(known), max(known)
    where = lambda field: (f"{PATTERN_WORDS[field[1][0]]}, {size_words(field[2])}, "
                           f"depth {field[1][1][1:]}")
    says = (f"From the slowest field ({where(least)}) to the fastest ({where(most)}) it is "
            f"{svg.short(most[0] / least[0])} times")
    if ratios:
        says += (f"; at equal size and depth, sequential is {svg.short(min(ratios))} to "
                 f"{svg.short(max(ratios))} times random")
    return says + "."


def heat_pictures(cells):
    for engine in ("psync", "direct"):
        for operation in ("read", "write"):
            rows, sizes, values = heat_of(cells, operation, engine)
            if not rows or not sizes:
                continue
            heading = f"{operation.capitalize()}s: {ENGINES[engine]}"
            labels = [f"{PATTERN_WORDS[pattern].replace(' in turn', '')}, {depth[1:]}"
                      for pattern, depth in rows]
            unit = "MB/s until on the disk" if operation == "write" else "MB/s"
            picture = svg.heat_map(heading, [size.upper() for size in sizes], labels, values, unit,
                                   "bytes per operation (K is 1024)", "pattern, depth")
            yield heading, picture, heat_says(rows, sizes, values)


def axis_bars(base_name, cells):
    """What moving one axis does to the base: a bar for each value, by axis."""
    base = cells[base_name]
    for axis in AXES[1:]:
        moved = [cell for cell in cells.values() if cell[axis] != base[axis] and
                 all(cell[other] == base[other] for other in AXES if other != axis)]
        order = {"pattern": PATTERNS.index, "size": SIZES.index,
                 "depth": lambda depth: int(depth[1:])}.get(axis, str)
        for cell in sorted(moved, key=lambda one: order(one[axis])):
            yield svg.Bar(f"{axis} {words_of(axis, cell[axis])}",
                          cell["settled_mb_per_s"] / base["settled_mb_per_s"],
                          note=f"{svg.short(cell['settled_mb_per_s'])} MB/s")


def words_of(axis, value):
    if axis == "size":
        return size_words(value)
    if axis == "depth":
        return value[1:]
    return {"engine": ENGINES, "pattern": PATTERN_WORDS}.get(axis, {}).get(value, value)


def axis_pictures(data):
    cells = data["cells"]
    for base, name in data["bases"].items():
        bars = list(axis_bars(name, cells)) if name in cells else []
        if len(bars) < 3:
            continue
        most = max(bars, key=lambda bar: max(bar.value, 1 / bar.value))
        says = (f"Moving one axis away from “{BASES[base]}” "
                f"({svg.short(cells[name]['settled_mb_per_s'])} MB/s) changes most with "
                f"{most.label}: {svg.short(most.value)} times.")
        yield BASES[base], svg.ratio_bars(BASES[base], bars, "MB/s against the base cell"), says


COLUMNS = (
    Column("operation", words=True), Column("pattern", words=True), Column("size", words=True),
    Column("engine", words=True), Column("sync", words=True), Column("cache", words=True),
    Column("layout", words=True), Column("depth", "in flight"), Column("rate", "MB/s"),
    Column("to the disk", "MB/s"), Column("operations", "1/s"), Column("p50", "µs"),
    Column("p99", "µs"), Column("processor", "µs/op"), Column("punts", "per op"),
    Column("of sequential", "times"))


def table_rows(cells):
    order = lambda cell: (cell["operation"], ENGINES_ORDER[cell["engine"]], cell["layout"],
                          cell["sync"], cell["cache"], SIZES.index(cell["size"]),
                          int(cell["depth"][1:]), PATTERNS.index(cell["pattern"]))
    for cell in sorted(cells.values(), key=order):
        words = [words_of(axis, cell[axis]) for axis in ("pattern", "size")]
        figures = [svg.short(cell[figure]) for figure in FIGURES[:7]]
        yield [cell["operation"], *words, cell["engine"], cell["sync"], cell["cache"],
               cell["layout"], cell["depth"][1:], *figures,
               svg.short(cell["ratio_to_sequential"])]


ENGINES_ORDER = {engine: place for place, engine in enumerate(ENGINES)}


def machine_facts(data):
    unit = data["program"].get("direct_unit", 0)
    return [*data["facts"], ("O_DIRECT", f"multiples of {unit} bytes" if unit else "not here"),
            ("limits, by fio", limits.words(data["limits"])), *machine.run_facts(data)]


def caveats(data):
    yield ("A disk of a virtual machine may be cached by its host: what is cold here can be warm"
           " there.")
    yield ("“To the disk” counts the time until what the cell left in memory is written and"
           " flushed once, so that a write to memory isn't taken for a write to a disk. The ratios"
           " use it.")
    yield (f"A percentile is at most {100 * data['program'].get('latency_error', 1 / 32):.1f} %"
           " above the value that was measured.")
    yield ("The sequential places of a cell with depth are handed out in order, and may reach the"
           " disk in another.")
    why = data["program"].get("punts_why_not")
    if why:
        yield f"Punts to kernel workers aren't counted: {why}."
    left_out = sum(pair["left_out"] for pair in data["pairs"])
    if left_out:
        yield (f"Rounds left out of the ratios, because the host took more than"
               f" {100 * rounds.STEAL_MAX:.0f} % of their time: {left_out}.")
    if data["cells_left"]:
        yield f"Cells that were not reached: {data['cells_left']}."


def write(data, path):
    page = Page("Sequential against random on this disk",
                "What it costs a log broker's ways to touch files when they are not in order, and"
                " how that compares with the size of an operation and the number in flight.")
    page.heading("What order is worth")
    bars = [pair_bar(pair, data["cells"]) for pair in data["pairs"]]
    page.pictures([("Sequential against another order, per case",
                    svg.ratio_bars("What order is worth", bars,
                                   "sequential / not sequential, MB/s"),
                    pairs_say(data["pairs"]))])
    page.paragraph("Each case is measured in turns, in order and not; the bar is the median of the"
                   " rounds and the whisker goes from the least to the most. “Not sequential” is"
                   " random, and for the 256 logs it is the same appends spread over them. One log"
                   " that grows is compared in fallocated space, because random can't extend a"
                   " file.",
                   soft=True)
    page.heading("Size, depth and order")
    page.pictures(list(heat_pictures(data["cells"])))
    moved = list(axis_pictures(data)) if data["full"] else []
    if moved:
        page.heading("One axis moved at a time")
        page.pictures(moved)
    page.heading("All cells")
    page.table(COLUMNS, list(table_rows(data["cells"])), f"{len(data['cells'])} cells")
    if data["refused"]:
        page.table((Column("not possible here", words=True), Column("why", words=True)),
                   sorted(data["refused"].items()), f"{len(data['refused'])} not possible here")
    page.machine(machine_facts(data), list(caveats(data)))
    page.write(path)
