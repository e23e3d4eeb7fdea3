"""What a run of `./dev perf access --brokers` says: what order is worth through each broker, and the
page that shows it."""

import kafka_run
import rounds
import svg
from kafka_workloads import BY_ID
from page import Column, Page

IN_ORDER = ("mb_per_s", "cpu_s_per_gb")
POINTS = ("point_mb_per_s", "point_cpu_us", "point_p50_ms", "point_p99_ms")
APPENDS = ("many_mb_per_s", "many_cpu_s_per_gb")


def figures_of(quiet):
    """What order is worth is of each cell by itself."""
    return {"worth": rounds.spread([one["order_worth"] for one in quiet]),
            **{figure: rounds.median_of(quiet, figure)
               for figure in (*IN_ORDER, *POINTS, *APPENDS)}}


def summary(records):
    """All that the page shows, as plain data; kafka-order.json is this."""
    return {**kafka_run.summary(records),
            "rows": kafka_run.rows_of(kafka_run.cells_of(records), figures_of)}


def spread_words(spread):
    return (f"{svg.short(spread['median'])} times ({svg.short(spread['low'])} to"
            f" {svg.short(spread['high'])})")


def answer(data):
    """What order is worth, a sentence for each workload."""
    says = []
    for workload in dict.fromkeys(row["workload"] for row in data["rows"]):
        found = " and ".join(f"{spread_words(row['worth'])} for {kafka_run.NAMES[row['side']]}"
                             for row in data["rows"] if row["workload"] == workload)
        words = BY_ID[workload].words
        says.append(f"{words[0].upper()}{words[1:]}: {found}.")
    return " ".join(says) or "Nothing was measured yet."


def other_of(row):
    """MB/s of what isn't in order."""
    return row["many_mb_per_s" if row["point_mb_per_s"] is None else "point_mb_per_s"]


def pictures(data):
    for workload in dict.fromkeys(row["workload"] for row in data["rows"]):
        rows = [row for row in data["rows"] if row["workload"] == workload]
        bars = [svg.Bar(kafka_run.NAMES[row["side"]], row["worth"]["median"], row["worth"]["low"],
                        row["worth"]["high"],
                        f"{svg.short(row['mb_per_s'])} / {svg.short(other_of(row))} MB/s")
                for row in rows]
        heading = BY_ID[workload].words
        yield heading, svg.ratio_bars(heading, bars, f"{heading}, MB/s"), says(rows)


def says(rows):
    return " ".join(f"{kafka_run.NAMES[row['side']]}: {spread_words(row['worth'])}."
                    for row in rows)


COLUMNS = (
    Column("workload", words=True), Column("side", words=True), Column("rounds", "count"),
    Column("in order", "MB/s"), Column("broker", "processor s/GB"),
    Column("single records", "MB/s"), Column("broker", "processor µs/record"),
    Column("p50", "ms"), Column("p99", "ms"), Column("256 partitions", "MB/s"),
    Column("broker", "processor s/GB"))


def table_rows(data):
    for row in data["rows"]:
        yield [BY_ID[row["workload"]].words, kafka_run.NAMES[row["side"]], row["rounds"],
               *(svg.short(row[figure]) for figure in (*IN_ORDER, *POINTS, *APPENDS))]


CAVEATS = (
    "A topic of records of 4,000 bytes, one in a batch: read by kcat from its beginning, and then"
    " single records, each asked for by a request of its own when the one before it is there, at"
    " offsets that are spread evenly. So the ratio is of request size and of depth as much as of"
    " order.",
    "Appends are batches of 16 records of 1 KiB, one a request, from 8 producers with acks=1, to"
    " one partition or to 256 in turn. Millrace flushes each before it answers, Kafka leaves that"
    " to the kernel: both have their defaults.",
    "Cold: the files were written and their pages given up before each of the two; the host's own"
    " cache can't be emptied from here. Where topics are read, cold or warm, Millrace has"
    " cache.bytes=16MiB, so that most of them isn't in its memory.",
    "Clients and brokers share this machine's processors and talk over the loopback interface: no"
    " network is in these figures. One broker on each side, a single replica of each partition"
    " (RF 1). Both are up all the time; while one is measured the other has nothing to do.",
)


def write(data, path):
    page = Page("Sequential against random, through a broker", answer(data))
    page.heading("What order is worth")
    page.pictures(list(pictures(data)))
    page.paragraph("A cell measures both, one after the other, and the ratio is of one cell: the bar"
                   " is the median, the whisker goes from the least to the most.", soft=True)
    page.heading("Both sides")
    page.table(COLUMNS, list(table_rows(data)))
    kafka_run.show_failed(page, data)
    page.machine(kafka_run.machine_facts(data), [*CAVEATS, *kafka_run.warnings(data)])
    page.write(path)
