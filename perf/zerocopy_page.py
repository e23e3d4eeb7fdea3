"""The page of `./dev perf zerocopy`: which way the bytes took, what the path that the broker chose
costs against the others, what the probes saw, and where the processor time went."""

import byte_path
import flame
import machine
import probes
import rounds
import svg
from page import Column, Page
from zerocopy_rows import BASE, cheapest, row_named

NAMES = {"tail": "A reader at the tail", "warm": "A reader behind, files in the page cache",
         "cold": "A reader behind, files on the disk", "live": "The load that ran"}
PLACES = ("warm", "cold")


def shares_words(went):
    whole = sum(went.values())
    shares = sorted(((way, count) for way, count in went.items() if count),
                    key=lambda pair: -pair[1])
    return ", ".join(f"{way} {100 * count / whole:.1f} %" for way, count in shares) or "nothing"


def spread_words(spread, unit):
    return (f"{svg.short(spread['median'])} {unit} ({svg.short(spread['low'])} to"
            f" {svg.short(spread['high'])})")


def verdict(row):
    """Whether a path was cheaper than the broker's choice in each round, or in some."""
    low, high = row["cost_to_base"]["low"], row["cost_to_base"]["high"]
    if low is None:
        return "but there is no round in which the host left both alone"
    if high < 1:
        return "so that it beat auto in each round"
    return "so that nothing beat auto" if low > 1 else "and the rounds disagree on which is cheaper"


def faster(rows, place):
    """The paths that were faster than auto in each round, in words."""
    mine = [row for row in rows if row["place"] == place and row["path"] != BASE]
    named = [f"{row['path']}, {spread_words(row['rate_to_base'], 'times its MB/s')}"
             for row in mine if (row["rate_to_base"]["low"] or 0) > 1]
    return f" Faster than auto in each round: {'; '.join(named)}." if named else (
        " No path was faster than auto in each round.")


def answer(rows, place):
    """What the broker chose for a reader that is behind, against the best of what was forced."""
    chosen, best = row_named(rows, place, BASE), cheapest(rows, place)
    if chosen is None:
        return f"{NAMES[place]}: auto was not measured."
    says = (f"{NAMES[place]}: auto delivered by {shares_words(chosen['went'])}, at"
            f" {spread_words(chosen['mb_per_s'], 'MB/s')} and"
            f" {spread_words(chosen['s_per_gb'], 's/GB')} of the broker's processor time.")
    if best is None:
        return says
    return (f"{says} Cheapest of the paths that were forced was {best['path']}, at"
            f" {spread_words(best['mb_per_s'], 'MB/s')} and"
            f" {spread_words(best['s_per_gb'], 's/GB')}; in the same round it took"
            f" {spread_words(best['cost_to_base'], 'times')} of auto's, {verdict(best)}."
            f"{faster(rows, place)}")


def watch_answer(one):
    return (f"{NAMES[one['name']]}: {byte_path.amount(sum(one['went'].values()))} in"
            f" {svg.short(one['elapsed_s'])} s, by {shares_words(one['went'])}.")


def path_pictures(watches):
    for one in watches:
        read = one["bytes_read"]
        disk = ("what came from a disk can't be known here" if read is None
                else f"from a disk came {byte_path.amount(read)}")
        yield (NAMES[one["name"]], byte_path.picture(NAMES[one["name"]], one["went"], read),
               f"{watch_answer(one)} For the process {disk}.")


def bars(rows, place, figure, note):
    for row in rows:
        if row["place"] == place and row["path"] != BASE:
            spread = row[figure]
            yield svg.Bar(row["path"], spread["median"], spread["low"], spread["high"],
                          spread_words(row[note[0]], note[1]))


def ratio_pictures(rows):
    for place in PLACES:
        for title, figure, note, unit in (
                ("Processor time", "cost_to_base", ("s_per_gb", "s/GB"),
                 "broker's s/GB / that of auto"),
                ("Throughput", "rate_to_base", ("mb_per_s", "MB/s"), "MB/s / that of auto")):
            drawn = list(bars(rows, place, figure, note))
            base = row_named(rows, place, BASE)
            if drawn and base:
                yield (f"{title}: {NAMES[place].lower()}", svg.ratio_bars(title, drawn, unit),
                       f"auto: {spread_words(base[note[0]], note[1])}.")


ROW_COLUMNS = (
    Column("reader", words=True), Column("delivery.path", words=True), Column("rounds", "count"),
    Column("rate", "MB/s"), Column("least", "MB/s"), Column("most", "MB/s"),
    Column("broker", "s/GB"), Column("least", "s/GB"), Column("most", "s/GB"),
    Column("machine", "s/GB"), Column("broker / auto's", "times"), Column("misses", "count"),
    Column("read from the disk", "% of the bytes"),
    Column("the way that the bytes took", words=True))


def table_rows(rows):
    for row in rows:
        yield [row["place"], row["path"], row["rounds"],
               *(svg.short(row[figure][end]) for figure in ("mb_per_s", "s_per_gb")
                 for end in ("median", "low", "high")),
               svg.short(row["machine_s_per_gb"]["median"]),
               svg.short(row["cost_to_base"]["median"]), row["misses"],
               svg.short(100 * row["bytes_read"] / row["bytes"]), shares_words(row["went"])]


def probe_rows(name, watches):
    """[what, value of each watch, ..., unit], a figure that only one of them has included."""
    found = {}
    for index, one in enumerate(watches):
        for what, value, unit in one["probes"][name]["rows"]:
            found.setdefault((what, unit), [None] * len(watches))[index] = value
    return [[what, *map(svg.short, values), unit] for (what, unit), values in found.items()]


def add_probe(page, probe, watches):
    page.subheading(probe.name)
    page.paragraph(f"{probe.means} {probe.good}")
    rows = probe_rows(probe.name, watches)
    if rows:
        columns = [Column("figure", words=True),
                   *(Column(one["name"], "see unit") for one in watches),
                   Column("unit", words=True)]
        page.table(columns, rows)
    for one in watches:
        told = one["probes"][probe.name]
        if told["why_not"]:
            page.paragraph(f"{NAMES[one['name']]}: none, as {told['why_not']}.", soft=True)
    for note in dict.fromkeys(one["probes"][probe.name]["note"] for one in watches):
        if note:
            page.paragraph(note, soft=True)
    drawn = [one for one in watches if one["probes"][probe.name].get(probes.HISTOGRAM)]
    if drawn:
        page.pictures([latency_picture(one, one["probes"][probe.name][probes.HISTOGRAM])
                       for one in drawn])


def latency_picture(one, histogram):
    """The keys of what was read back are text, those of a fresh run numbers."""
    counts = {kind: {int(bound): count for bound, count in buckets.items()}
              for kind, buckets in histogram.items()}
    bounds = sorted({bound for buckets in counts.values() for bound in buckets})
    known = range(bounds[0].bit_length() - 1, bounds[-1].bit_length())
    columns = [1 << power for power in known]
    values = [[buckets.get(bound) for bound in columns] for buckets in counts.values()]
    words = [str(bound) if bound < 1024 else f"{bound >> 10}k" for bound in columns]
    picture = svg.heat_map("Block latency", words, list(counts), values,
                           "requests", "µs at most (k is 1024)", "kind")
    return NAMES[one["name"]], picture, "How many requests took how long; darker is more."


def add_flames(page, watches):
    page.heading("Where the processor time went")
    for one in watches:
        if one["stacks"]:
            count = sum(one["stacks"].values())
            page.wide_picture(NAMES[one["name"]], flame.graph(NAMES[one["name"]], one["stacks"]),
                              f"Samples of {one['event']}: {count}. What calls is above, and the"
                              " shares of the floors are those of the lowest frames. A pointer on"
                              " a frame shows its name and share.")
        else:
            why = one["no_samples"] or "no sample was taken"
            page.paragraph(f"{NAMES[one['name']]}: nothing to draw, as {why}.", soft=True)


def add_paths(page, data):
    page.heading("Did the broker choose well?")
    for place in PLACES:
        page.paragraph(answer(data["rows"], place))
    page.pictures(list(ratio_pictures(data["rows"])))
    page.paragraph(f"One topic of 1 KiB records, {data['behind_mib']} MiB, which kcat reads from"
                   " its beginning; the broker is started anew with each delivery.path, and all"
                   " paths take turns, unwatched. Each figure is the median of the rounds, with the"
                   " least and the most. auto is sendfile by another name: how far forced sendfile"
                   " is from 1 is what chance does.", soft=True)
    page.table(ROW_COLUMNS, list(table_rows(data["rows"])))


def caveats(data):
    yield ("All went over the loopback interface: a reader copies what it gets out of the socket,"
           " on processors that the broker needs too, and is in no figure of the broker.")
    yield ("perf costs what it watches some speed, so that the rates of the watched readers are no"
           " figures to compare; processor time is sampled, and a share of few samples is a rough"
           " one.")
    if any(one["event"] == "cpu-clock" for one in data["watches"]):
        yield ("The processor's counters can't be had here, so the kernel's clock takes the"
               " samples; it may tell the end of a stretch without interrupts in place of the"
               " stretch.")
    yield ("“read” has in it, too, what the broker reads to find the batch that a fetch begins"
           " with, so that the ways add up to more than what was sent. What it reads of the segment"
           " that is still open comes past the page cache, with one copy less than is told here.")
    if data["behind_mib"]:
        yield ("Processor time is counted in ticks of a hundredth of a second: that of a pass is"
               f" known to {svg.short(0.01 / (data['behind_mib'] * 2**20 / 1e9))} s/GB.")
        yield (f"The reader that is behind is {data['behind_mib']} MiB behind here;"
               " --full makes it 2048, and --behind any other.")
        yield ("One broker, so that nothing is replicated; one topic, one partition, one shard, and"
               " 16 MiB of cache, so that the bytes come out of files.")
        yield ("Cold files are those that the kernel was asked to drop from its page cache. What a"
               " virtual machine's host keeps of them is not cold, and the disk is faster then.")
    left_out = sum(row["disturbed"] for row in data["rows"])
    if left_out:
        yield (f"Passes left out of the ratios, because the host took more than"
               f" {100 * rounds.STEAL_MAX:.0f} % of their time: {left_out}.")
    if data["cells_left"]:
        yield f"Passes that were not reached: {data['cells_left']}."


def write(data, path):
    page = Page("Which way did my bytes take?",
                "How the bytes of a log came to their readers: what was copied on the way, and what"
                " else the broker had to do for them.")
    watches = data["watches"]
    if watches:
        page.pictures(list(path_pictures(watches)))
        page.paragraph("An arrow is as wide as the bytes that took it. Copies are those that a"
                       " processor makes of each byte in the broker's process, by design; what a"
                       " disk or a network card moves by itself is none.", soft=True)
    if data["rows"]:
        add_paths(page, data)
    if watches:
        page.heading("What the probes saw")
        for probe in probes.PROBES:
            add_probe(page, probe, watches)
        add_flames(page, watches)
    if data["refused"]:
        page.heading("Not possible here")
        page.table((Column("what", words=True), Column("why", words=True)),
                   sorted(data["refused"].items()))
    page.machine([*data["facts"], *machine.run_facts(data)], list(caveats(data)))
    page.write(path)
