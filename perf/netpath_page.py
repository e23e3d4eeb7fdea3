"""What a run of `./dev perf netpath` says: the figures of each way from a file to a socket, alone
and through the broker, their ratios to sendfile, and the page that shows them."""

import statistics
from collections import defaultdict

import limits
import machine
import rounds
import svg
from page import Column, Page

BASE = "sendfile"
SIZES = ("4k", "16k", "64k", "256k", "1m", "8m")
FIGURES = ("mb_per_s", "sender_s_per_gb", "receiver_s_per_gb", "both_s_per_gb", "system_s_per_gb",
           "calls_per_mb", "punts_per_mb")

# {path: (words, short words, copies by the processor: from the page cache into the program's
# memory, from there or from a mapping into the socket)}; the receiver copies once more on each.
WAYS = {
    "sendfile": ("sendfile", "sendfile", 0, 0),
    "memory": ("send from memory", "memory", 0, 1),
    "mmap-send": ("send from a mapping", "mmap, send", 0, 1),
    "splice": ("splice through a pipe", "splice", 0, 0),
    "read-send": ("pread, then send", "pread, send", 1, 1),
    "ring-send": ("ring: SEND from memory", "ring memory", 0, 1),
    "ring-read-send": ("ring: READ, SEND", "ring read", 1, 1),
    "ring-fixed-read-send": ("ring: READ_FIXED, SEND", "ring fixed", 1, 1),
    "ring-splice": ("ring: SPLICE, SPLICE", "ring splice", 0, 0),
    "ring-send-zc": ("ring: SEND_ZC from memory", "ring zc", 0, None),
    "ring-fixed-read-send-zc": ("ring: READ_FIXED, SEND_ZC", "ring fixed zc", 1, None),
}
BROKER_WAYS = {
    "sendfile": "sendfile",
    "memory": "memory: read into it, sent from it",
    "mmap": "mmap: mapped, sent from there",
    "splice": "splice, by the ring's workers",
    "auto": "auto, which is sendfile",
}


def size_words(size):
    return f"{size[:-1]} {'KiB' if size.endswith('k') else 'MiB'}"


def part_of(record):
    return record.get("part", "socket")


def ratios_to_base(group, base, figure):
    """For each round in which the host left both alone; `base` is {round: record}."""
    pairs = [(one, base[one["round"]]) for one in group if one["round"] in base]
    return rounds.spread([one[figure] / other[figure] for one, other in pairs
                          if rounds.is_quiet(one) and rounds.is_quiet(other) and other[figure]])


def row_of(path, size, group, base):
    quiet = rounds.quiet(group)
    went = defaultdict(int)
    for one in group:
        for way, count in one.get("went", {}).items():
            went[way] += count
    return {"path": path, "size": size, "rounds": len(group),
            "disturbed": sum(not rounds.is_quiet(one) for one in group),
            **{figure: rounds.median_of(quiet, figure) for figure in FIGURES},
            "sender_to_base": ratios_to_base(group, base, "sender_s_per_gb"),
            "both_to_base": ratios_to_base(group, base, "both_s_per_gb"),
            "rate_to_base": ratios_to_base(group, base, "mb_per_s"),
            "notices": sum(one.get("notices", 0) for one in group),
            "copied": sum(one.get("copied", 0) for one in group),
            "bytes": sum(one["bytes"] for one in group), "went": dict(went),
            "misses": sum(one.get("misses", 0) for one in group),
            "not_counted": next(filter(None, (one.get("not_counted") for one in group)), None)}


def rows_of(records, part, paths):
    """By size, and within one in the order of `paths`."""
    groups = defaultdict(list)
    for record in records:
        if record["kind"] == "cell" and part_of(record) == part:
            both = record["sender_s_per_gb"] + record["receiver_s_per_gb"]
            record = {**record, "both_s_per_gb": both}
            groups[record["size"], record["path"]].append(record)
    rows = []
    for size in SIZES:
        base = {one["round"]: one for one in groups.get((size, BASE), ())}
        rows += [row_of(path, size, groups[size, path], base) for path in paths
                 if (size, path) in groups]
    return rows


def summary(records):
    """All that the page shows, as plain data; netpath.json is this."""
    head = records[0]
    of_kind = lambda kind: [record for record in records if record["kind"] == kind]
    done = {record["id"] for record in of_kind("cell") + of_kind("refused")}
    return {"full": head["full"], "date": head["date"], "dir": head["dir"],
            "facts": head["facts"],
            "limits": (of_kind("limits") or [{"why_not": "not measured"}])[-1],
            "program": (of_kind("machine") or [{}])[-1], "parts": of_kind("part"),
            "sockets": rows_of(records, "socket", WAYS),
            "broker": rows_of(records, "broker", BROKER_WAYS),
            "refused": {one["id"].split("~")[0]: one["why"] for one in of_kind("refused")},
            "cells_left": len(set(head["ids"]) - done)}


def of_size(rows, size):
    return [row for row in rows if row["size"] == size]


def row_named(rows, path, size):
    return next((row for row in rows if (row["path"], row["size"]) == (path, size)), None)


def bar_of(row, words, end):
    spread = row[f"{end}_to_base"]
    note = f"{svg.short(row[f'{end}_s_per_gb'])} s/GB"
    return svg.Bar(words, spread["median"], spread["low"], spread["high"], note)


def bars_say(rows, words, end):
    """`rows` are those of one size, `words` the names of their paths."""
    base = next((row for row in rows if row["path"] == BASE), None)
    ratio = f"{end}_to_base"
    known = [row for row in rows if row["path"] != BASE and row[ratio]["median"]]
    if base is None or not known:
        return "Nothing to compare with sendfile was measured."
    by_cost = sorted(known, key=lambda row: row[ratio]["median"])
    named = lambda row: f"“{words[row['path']]}” ({svg.short(row[ratio]['median'])} times)"
    even = [row for row in known if row[ratio]["low"] <= 1 <= row[ratio]["high"]]
    says = (f"sendfile takes {svg.short(base[f'{end}_s_per_gb'])} s/GB. Cheapest beside it is "
            f"{named(by_cost[0])}, dearest {named(by_cost[-1])}.")
    if even:
        says += (f" In {len(even)} of {len(known)} cases the rounds disagree on whether it is"
                 " cheaper than sendfile.")
    return says


def cost_pictures(rows, words, end, unit, heading):
    """One for each size; `end` is whose cost: the sender's, or that of both."""
    for size in SIZES:
        mine = of_size(rows, size)
        bars = [bar_of(row, words[row["path"]], end) for row in mine if row["path"] != BASE]
        if bars:
            title = f"{heading} {size_words(size)}"
            yield title, svg.ratio_bars(title, bars, unit), bars_say(mine, words, end)


def heat_says(rows, figure, unit):
    known = [row for row in rows if row[figure]]
    least, most = (pick(known, key=lambda row: row[figure]) for pick in (min, max))
    where = lambda row: (f"{svg.short(row[figure])} {unit} ({WAYS[row['path']][0]}, "
                         f"{size_words(row['size'])})")
    return f"From {where(least)} to {where(most)}."


def heat_pictures(rows):
    sizes = [size for size in SIZES if of_size(rows, size)]
    paths = [path for path in WAYS if any(row["path"] == path for row in rows)]
    for heading, figure, unit in (
            ("Processor time of the sender", "sender_s_per_gb", "s/GB"),
            ("Processor time of both ends", "both_s_per_gb", "s/GB"),
            ("Processor time of the whole machine", "system_s_per_gb", "s/GB"),
            ("Throughput", "mb_per_s", "MB/s")):
        if not any(row[figure] for row in rows):
            continue
        values = [[(row_named(rows, path, size) or {}).get(figure) for size in sizes]
                  for path in paths]
        picture = svg.heat_map(heading, [size.upper() for size in sizes],
                               [WAYS[path][1] for path in paths], values, unit,
                               "bytes per step (K is 1024)", "way")
        yield heading, picture, heat_says(rows, figure, unit)


COPY_COLUMNS = (
    Column("way", words=True), Column("page cache to program", "copies of each byte"),
    Column("into the socket", "copies of each byte"),
    Column("socket to receiver", "copies of each byte"), Column("together", "copies of each byte"))


def copy_rows(data):
    measured = {row["path"] for row in data["sockets"]}
    for path, (words, _, read, sent) in WAYS.items():
        if path in measured:
            least = read + 1 + (sent or 0)
            yield [words, read, "0 or 1" if sent is None else sent, 1,
                   f"{least} or {least + 1}" if sent is None else least]


def zero_copy_says(rows):
    notices = sum(row["notices"] for row in rows)
    copied = sum(row["copied"] for row in rows)
    if not notices:
        return "SEND_ZC was not possible here."
    return (f"Of {notices} sends by SEND_ZC the kernel said afterwards that it had copied {copied}"
            f" ({100 * copied / notices:.1f} %) after all.")


LIMIT_COLUMNS = (Column("limit", words=True), Column("at", words=True), Column("rate", "MB/s"),
                 Column("processor", "s/GB"))


def limit_rows(data):
    copy = data["program"].get("memory_copy_gb_per_s")
    if copy:
        yield ["copying memory that no cache holds, one thread",
               f"{data['program']['file_bytes'] >> 21} MiB at a time", svg.short(copy * 1e3),
               svg.short(1 / copy)]
    for path in ("memory", BASE):
        mine = [row for row in data["sockets"] if row["path"] == path]
        if mine:
            best = max(mine, key=lambda row: row["mb_per_s"])
            yield [f"loopback, {WAYS[path][0]}, the best size", size_words(best["size"]),
                   svg.short(best["mb_per_s"]), svg.short(best["sender_s_per_gb"])]


def share_words(row):
    shares = sorted(row["went"].items(), key=lambda way: -way[1])
    return ", ".join(f"{way} {100 * count / row['bytes']:.1f} %" for way, count in shares)


BROKER_COLUMNS = (
    Column("delivery.path", words=True), Column("fetch", words=True), Column("rounds", "count"),
    Column("rate", "MB/s"), Column("broker", "s/GB"), Column("of sendfile", "times"),
    Column("kcat", "s/GB"), Column("machine", "s/GB"), Column("system calls", "per MB"),
    Column("punts", "per MB"), Column("misses of the cache", "count"),
    Column("the way that the bytes took", words=True))


def broker_rows(rows):
    for row in rows:
        yield [row["path"], size_words(row["size"]), row["rounds"], svg.short(row["mb_per_s"]),
               svg.short(row["sender_s_per_gb"]), svg.short(row["sender_to_base"]["median"]),
               *(svg.short(row[figure]) for figure in ("receiver_s_per_gb", "system_s_per_gb",
                                                       "calls_per_mb", "punts_per_mb")),
               row["misses"], share_words(row)]


SOCKET_COLUMNS = (
    Column("way", words=True), Column("step", words=True), Column("rounds", "count"),
    Column("rate", "MB/s"), Column("sender", "s/GB"), Column("receiver", "s/GB"),
    Column("both", "s/GB"), Column("machine", "s/GB"), Column("system calls", "per MB"),
    Column("punts", "per MB"), Column("sender / sendfile's", "times"),
    Column("both / sendfile's", "times"), Column("rate / sendfile's", "times"))


def socket_rows(rows):
    for row in rows:
        yield [WAYS[row["path"]][0], size_words(row["size"]), row["rounds"],
               *(svg.short(row[figure]) for figure in FIGURES),
               *(svg.short(row[ratio]["median"])
                 for ratio in ("sender_to_base", "both_to_base", "rate_to_base"))]


def nobodys_share(rows):
    """Of the machine's time, what neither of the two ends used."""
    shares = [1 - row["both_s_per_gb"] / row["system_s_per_gb"] for row in rows
              if row["system_s_per_gb"]]
    return statistics.median(shares) if shares else 0


def machine_facts(data):
    return [*data["facts"], ("compiler", data["program"].get("compiler", "unknown")),
            ("limits of the disk, by fio", limits.words(data["limits"])), *machine.run_facts(data)]


def caveats(data):
    yield ("Everything went over the loopback interface. There the receiver shares the processors"
           " with the sender, and the kernel copies what SEND_ZC asks it not to copy: what that is"
           " worth on a network card can't be seen here.")
    yield ("All bytes are brought into the page cache before each cell. No disk is measured here;"
           " what is not cached costs every way the same disk.")
    misses = sum(row["misses"] for row in data["broker"])
    if misses:
        yield (f"{misses} sends of the broker found their first byte gone from the page cache"
               " again: memory is short, or the kernel took it for something else.")
    yield ("How much is on its way in the socket's buffers is up to the scheduler, and decides"
           " whether the receiver still finds the bytes in the processor's caches: that moves cost"
           " between the two ends from round to round.")
    yield ("Each way has one step at a time under way, since the bytes of a socket have an order. A"
           " ring that serves many connections with one system call pays less per step.")
    yield ("The file was mapped once and its pages touched before. The broker maps anew for each"
           " send.")
    yield ("The machine's time, and all times of the broker part, are counted in ticks of"
           " a hundredth of a second, so a cell of half a second knows the machine's time to about"
           " 2 %. It has in it whatever else ran on the machine: nobody's part of it was"
           f" {100 * nobodys_share(data['sockets']):.0f} % of the whole in the median cell, and"
           " small on a quiet machine.")
    why = data["program"].get("punts_why_not")
    if why:
        yield f"Punts to kernel workers aren't counted without a broker: {why}."
    for why in sorted({row["not_counted"] for row in data["broker"]} - {None}):
        yield f"The broker's system calls and punts aren't counted: {why}."
    left_out = sum(row["disturbed"] for row in data["sockets"] + data["broker"])
    if left_out:
        yield (f"Cells left out of the ratios, because the host took more than"
               f" {100 * rounds.STEAL_MAX:.0f} % of their time: {left_out}.")
    if data["cells_left"]:
        yield f"Cells that were not reached: {data['cells_left']}."


def add_sockets(page, data):
    page.heading("What each way costs the sender")
    words = {path: way[0] for path, way in WAYS.items()}
    page.pictures(list(cost_pictures(data["sockets"], words, "sender",
                                     "sender's s/GB / that of sendfile", "Steps of")))
    page.paragraph("A sender reads a file that is in the page cache and gives it to a TCP socket,"
                   " one step after the other; a second process receives it and throws it away."
                   " Within one size all ways take turns; each bar is the median of the rounds"
                   " against sendfile in the same round, and the whisker goes from the least to"
                   " the most. Processor time is that of all threads and kernel workers of the"
                   " sender. Left of 1 is cheaper than sendfile.", soft=True)
    page.heading("What both ends pay together")
    page.pictures(list(cost_pictures(data["sockets"], words, "both",
                                     "both ends' s/GB / that with sendfile", "Steps of")))
    page.paragraph("Where the sender hands over pages that it has never read, as with sendfile and"
                   " splice, the receiver is the first to bring them into its processor's caches,"
                   " and pays for it: what counts on the loopback interface is both ends together."
                   " A network card reads them by itself.", soft=True)
    page.heading("Size of a step")
    page.pictures(list(heat_pictures(data["sockets"])))
    page.heading("Copies that each way makes by design")
    page.table(COPY_COLUMNS, list(copy_rows(data)))
    page.paragraph(zero_copy_says(data["sockets"]))


def add_broker(page, data):
    page.heading("Through the broker, with a real consumer")
    page.pictures(list(cost_pictures(data["broker"], BROKER_WAYS, "sender",
                                     "broker's s/GB / that with sendfile", "Fetches of")))
    page.paragraph("One topic of 1 KiB records, read by kcat from its beginning; the broker is"
                   " started anew with each delivery.path, on one thread and with as little cache"
                   " as it takes. MB/s are the limit of the consumer, which has to take every"
                   " record apart; s/GB are the broker's. “auto” is the same as sendfile: how far"
                   " it is from 1 is what chance does. The last segment, which is still open, is read"
                   " into memory on any path; “read” has in it, too, what the broker reads to find"
                   " the batch that a fetch begins with, so that the ways can add up to more than"
                   " what was sent. System calls and punts are those of one pass that isn't timed.",
                   soft=True)
    page.table(BROKER_COLUMNS, list(broker_rows(data["broker"])))


def write(data, path):
    page = Page("From a log's file to a socket",
                "What the ways cost on which a broker can deliver a log's bytes to a consumer, and"
                " which of them it should take.")
    if data["sockets"]:
        add_sockets(page, data)
    if data["broker"]:
        add_broker(page, data)
    page.heading("Physical limits in the same run")
    page.table(LIMIT_COLUMNS, list(limit_rows(data)))
    page.heading("All cells")
    page.table(SOCKET_COLUMNS, list(socket_rows(data["sockets"])),
               f"{len(data['sockets'])} cells without a broker")
    if data["refused"]:
        page.table((Column("not possible here", words=True), Column("why", words=True)),
                   sorted(data["refused"].items()), f"{len(data['refused'])} not possible here")
    page.machine(machine_facts(data), list(caveats(data)))
    page.write(path)
