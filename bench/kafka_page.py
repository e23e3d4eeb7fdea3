"""What a run of `./dev bench kafka` says: the ratios of the pairs beside the gates, the figures of
both sides, and the page that shows them."""

import kafka_run
import kafka_targets as targets
import rounds
import svg
from kafka_bars import RATIO_MIN, gate_bars, gate_words, name_of
from kafka_workloads import BY_ID, OURS, ROOFS, THEIRS
from page import Column, Page, number_of

# (heading, figures of its targets, what the ratio is of).
PICTURES = (
    ("Processor time", ("cpu_s_per_gb", "cpu_s_per_million", "cpu_us_per_request"),
     "Millrace / Kafka, broker's processor time: less is better"),
    ("Latency", ("p99_ms",), "Millrace / Kafka, p99: less is better"),
    ("Throughput", ("mb_per_s",), "Millrace / Kafka, MB/s: more is better"),
    ("Memory, start, and doing nothing", ("rss_mib", "first_ack_s", "idle_percent"),
     "Millrace / Kafka: less is better"),
)
FIGURES = ("mb_per_s", "records_per_s", "cpu_s_per_gb", "cpu_s_per_million", "cpu_us_per_request",
           "machine_s_per_gb", "p50_ms", "p99_ms", "p999_ms", "max_ms", "rss_mib", "client_share")
# Only some workloads have these.
RARE = {"first_ack_s": "start to the first answer, s", "idle_percent": "of a core while idle, %",
        "kib_per_connection": "memory of an idle connection, KiB",
        "alone_p99_ms": "p99 without the reader, ms", "p99_growth": "p99 with the reader / without",
        "punted_percent": "writes that left the ring's thread, %"}
DRIFT = ("p99_ms", "rss_mib")


def figures_of(quiet):
    return {name: median_of(quiet, name) for name in (*FIGURES, *RARE)}


def median_of(records, figure):
    known = [{figure: targets.figure_of(record, figure)} for record in records]
    return rounds.median_of(known, figure)


def summary(records):
    """All that the page shows, as plain data; kafka.json is this."""
    cells = kafka_run.cells_of(records)
    judged = targets.judge(cells, kafka_run.of_kind(records, "roof"))
    return {**kafka_run.summary(records), "targets": judged,
            "sides": kafka_run.rows_of(cells, figures_of),
            "ratios": targets.ratios(cells, (*FIGURES, *RARE)),
            "drift": drift_of(cells) if records[0]["soak"] else {}}


def drift_of(cells):
    return {side: {figure: targets.slope_percent_per_hour(
        [one for one in cells if one["side"] == side], figure) for figure in DRIFT}
        for side in kafka_run.NAMES}


def answer(data):
    """How the gates stand, in some sentences."""
    if data["soak"]:
        return " ".join(drift_words(data)) or "Nothing was measured yet."
    judged = [one for one in data["targets"] if one["holds"] is not None]
    if not judged:
        return "Nothing was measured yet that has a gate."
    missed = [name_of(one) for one in judged if not one["holds"]]
    held = len(judged) - len(missed)
    text = f"Of {number_of(len(judged), 'gate')} that this run can tell, {held}"
    text += f" {'holds' if held == 1 else 'hold'}."
    return text + (f" Not held: {'; '.join(missed)}." if missed else "")


def drift_words(data):
    for side, name in kafka_run.NAMES.items():
        slopes = data["drift"][side]
        if None not in slopes.values():
            yield (f"{name}: p99 moved by {slopes['p99_ms']:+.0f} % an hour and resident memory by"
                   f" {slopes['rss_mib']:+.1f} %.")


def pictures(data):
    for heading, figures, unit in PICTURES:
        # Of nothing at all there is no logarithm; the table has it.
        measured = [one for one in data["targets"] if one["figure"] in figures
                    and one["ratio"]["low"]]
        if measured:
            yield heading, gate_bars(heading, measured, unit), says(measured)


def says(measured):
    gated = [one for one in measured if one["holds"] is not None]
    held = sum(one["holds"] for one in gated)
    even = sum(one["ratio"]["low"] <= 1 <= one["ratio"]["high"] for one in measured)
    text = f"Gates held: {held} of {len(gated)}."
    if even:
        text += (f" In {even} the pairs disagree on which side is better, so there is no difference"
                 " that this run could see.")
    if any(one["ratio"]["low"] < RATIO_MIN for one in measured):
        text += f" Ratios under {RATIO_MIN}× are drawn there."
    return text


def spread_words(spread):
    if spread["median"] is None:
        return "–"
    return (f"{svg.short(spread['median'])} ({svg.short(spread['low'])} to"
            f" {svg.short(spread['high'])})")


VERDICTS = {True: "holds", False: "does not hold"}
TARGET_COLUMNS = (
    Column("target", words=True), Column("verdict", words=True), Column("ratio", "times Kafka's"),
    Column("Millrace", "in the unit"), Column("Kafka", "in the unit"),
    Column("durable roof", "in the unit"), Column("unkept roof", "in the unit"),
    Column("unit", words=True),
    Column("gate", words=True), Column("ahead of all", "as the gate"), Column("pairs", "count"))
SIDE_COLUMNS = (
    Column("workload", words=True), Column("side", words=True), Column("rounds", "count"),
    Column("rate", "MB/s"), Column("records", "1/s"), Column("broker", "processor s/GB"),
    Column("broker", "s/million records"), Column("broker", "µs/request"),
    Column("machine without client", "s/GB"), Column("p50", "ms"), Column("p99", "ms"),
    Column("p99.9", "ms"), Column("slowest", "ms"), Column("resident", "MiB"),
    Column("client", "of one processor"))
RARE_COLUMNS = (Column("workload", words=True), Column("figure", words=True),
                Column("Millrace", "in its unit"), Column("Kafka", "in its unit"))


def verdict_words(target):
    if not target["pairs"]:
        return "not measured"
    if target["gate"] is None:
        return "–"
    return VERDICTS.get(target["holds"], "too few pairs")


def target_rows(data):
    for target in data["targets"]:
        yield [name_of(target), verdict_words(target), spread_words(target["ratio"]),
               spread_words(target[OURS]), spread_words(target[THEIRS]),
               *(svg.short(target["roof"].get(kind)) for kind in ROOFS),
               target["unit"], gate_words(target),
               svg.short(target["ahead"]), target["pairs"]]


def side_rows(data):
    for row in data["sides"]:
        yield [f"{row['workload']}: {BY_ID[row['workload']].words}", kafka_run.NAMES[row["side"]],
               row["rounds"], *(svg.short(row[figure]) for figure in FIGURES)]


def rare_rows(data):
    found = {(row["workload"], row["side"]): row for row in data["sides"]}
    for workload in dict.fromkeys(row["workload"] for row in data["sides"]):
        for figure, words in RARE.items():
            values = [found.get((workload, side), {}).get(figure) for side in kafka_run.NAMES]
            if any(value is not None for value in values):
                yield [workload, words, *map(svg.short, values)]


def limit_words(data):
    """How the fastest loads stand to what the disk can do."""
    limit = data["limits"].get("write_mb_per_s")
    rates = {row["side"]: row["mb_per_s"] for row in data["sides"] if row["workload"] == "W1-1"}
    if not limit or None in (rates.get(OURS), rates.get(THEIRS)):
        return ""
    return (f"fio wrote {svg.short(limit)} MB/s to this disk, one block after the other past the"
            f" page cache. In W1-1 Millrace took {svg.short(rates[OURS])} MB/s of records to stable"
            f" storage, and Kafka {svg.short(rates[THEIRS])} MB/s to the page cache.")


CAVEATS = (
    "Clients and brokers share this machine's processors and talk over the loopback interface: no"
    " network is in these figures, and MB/s say as much of the client as of the broker.",
    "One broker on each side, with a single replica of each partition (RF 1). Both are up all the"
    " time, on the same filesystem; while one is measured the other has nothing to do. ZooKeeper's"
    " processor time isn't counted as Kafka's.",
    "Settings are each side's defaults, but for log.segment.delete.delay.ms=0 on both, and Kafka"
    " logs warnings only. So Millrace"
    " flushes each record to stable storage before it acknowledges it, everywhere; Kafka leaves it"
    " to the kernel, except where \"flushed\" is said, whose topics have flush.messages=1 there.",
    "In \"memory\", after a kill and beside or as a cold reader Millrace has cache.bytes=64MiB, and"
    " Kafka zookeeper.session.timeout.ms=4000; the wait for a killed broker's session to end isn't"
    " counted.",
    "Before each pair guest memory is touched and freed, so both sides find it warm; nothing is"
    " measured with memory that the host has still to give, which costs Kafka more. Java's"
    " compiler is warmed up by three loads after each start of the sides, but for those that are"
    " measured themselves, and in each cell again. It goes on compiling while it is measured, above"
    " all in a quick run, whose cells are short: of what Kafka costs after hours, a full run says"
    " more.",
    "The broker's processor time is that of its whole process with the kernel's workers for it."
    " What the kernel writes back later is charged to nobody: it is in \"machine without client\","
    " with all else that ran.",
    "Latency counts from when a request was due (open loop). At 20,000/s ten records share a"
    " request. A reader is kcat, which checks no checksums here.",
    "A cold read is of files whose pages were written and given up; the host's own cache can't be"
    " emptied from here. T16 is of io_uring, which Kafka doesn't use: it has no counterpart.",
    "A roof is what a server of our own reaches that does next to nothing: it receives a request,"
    " takes its checksum and answers. The durable one copies it once and writes it to one file, to"
    " stable storage before the answer; the unkept one forgets it. No broker can be under it.",
    "T17 counts what a broker copies in user space, past the caches or not, in batches of 900 records"
    " of 1 KiB: in a simulated one, since nothing counts that from outside of a process. The copies"
    " of the kernel, one each way over the loopback interface, come on top.",
)


def caveats(data):
    yield from CAVEATS
    yield (f"Each ratio is of a pair, one cell of each side one after the other, of"
           f" {data['scale']['pairs']} pairs. Figures are medians, with the least and the most.")
    yield from kafka_run.warnings(data)


def write(data, path):
    page = Page("Millrace beside Apache Kafka", answer(data))
    if not data["soak"]:
        page.heading("How the gates stand")
        page.pictures(list(pictures(data)))
        page.paragraph("A bar is the median of the ratios of the pairs, the whisker goes from the"
                       " least to the most, and the dashed line is the gate. Beside each: the"
                       " median of Millrace / of Kafka.", soft=True)
        page.table(TARGET_COLUMNS, list(target_rows(data)))
        page.paragraph(limit_words(data))
    page.heading("Both sides")
    page.table(SIDE_COLUMNS, list(side_rows(data)))
    rare = list(rare_rows(data))
    if rare:
        page.paragraph("Figures that only some workloads have:", soft=True)
        page.table(RARE_COLUMNS, rare)
    kafka_run.show_failed(page, data)
    page.machine(kafka_run.machine_facts(data), list(caveats(data)))
    page.write(path)
