"""What a comparison is held against: each target's figure, its gate and what would be ahead of
all, and how the pairs of a run stand to them."""

import statistics
from collections import defaultdict, namedtuple

import load
import rounds
from kafka_workloads import OURS, ROOFS, THEIRS

# A gate is a share of Kafka's figure, or with `is_absolute` a figure of its own. One whose
# `more_is_better` must be reached, any other not passed.
Target = namedtuple("Target", "id words workload figure unit gate ahead is_absolute "
                              "more_is_better", defaults=(None, None, False, False))

# The median of fewer pairs is no verdict.
PAIRS_MIN = 3

TARGETS = (
    Target("T1", "produce, 1 KiB, large batches", "W1-1", "cpu_s_per_gb", "s/GB", 1 / 2, 1 / 3),
    Target("T2", "produce, 100 bytes", "W2", "cpu_s_per_million", "s/million", 1 / 3, 1 / 5),
    Target("T3", "one record a request, 1 connection", "W3-1", "cpu_us_per_request", "µs", 1 / 4,
           1 / 8),
    Target("T3", "one record a request, 64 connections", "W3-64", "cpu_us_per_request", "µs",
           1 / 4, 1 / 8),
    Target("T4", "fetch, warm", "W6-warm", "cpu_s_per_gb", "s/GB", 1, 0.75),
    Target("T5", "16 consumers, per delivered GB", "W16-16", "cpu_s_per_gb", "s/GB", 1),
    Target("T6", "flushed, 64 producers, MB/s", "W5-64", "mb_per_s", "MB/s", 3, 6, False, True),
    Target("T6", "flushed, 64 producers, processor", "W5-64", "cpu_s_per_gb", "s/GB", None,
           1 / 10),
    Target("T7", "flushed, 2,000/s, p99", "W8-flushed", "p99_ms", "ms", 1 / 5),
    Target("T8", "acks=1, 2,000/s, p99", "W8-2000", "p99_ms", "ms", 1),
    Target("T8", "acks=1, 20,000/s, p99", "W8-20000", "p99_ms", "ms", 1 / 2),
    Target("T9", "2,000/s beside a cold reader, p99", "W7", "p99_ms", "ms", 1 / 10),
    Target("T10", "256 partitions", "W10-256", "cpu_s_per_gb", "s/GB", 1 / 4, 1 / 15),
    Target("T10", "2,000 partitions", "W10-2000", "cpu_s_per_gb", "s/GB", 1 / 4, 1 / 15),
    Target("T11", "resident after the load", "memory", "rss_mib", "MiB", 192, 160, True),
    Target("T13", "start to first answer, clean", "W14-clean", "first_ack_s", "s", 0.3, 0.05,
           True),
    Target("T13", "start to first answer, killed", "W14-killed", "first_ack_s", "s"),
    Target("T16", "writes that left the ring's thread", "punts", "punted_percent", "%", 1, 0,
           True),
    Target("T17", "copies of a byte that is produced", "copies", "produced_copies", "copies", 2, 1,
           True),
    Target("T17", "copies of a byte that is fetched", "copies", "fetched_copies", "copies", 1, 0,
           True),
    Target("T19", "1,000 consumers that wait", "idle", "idle_percent", "% of a core", 0.5, 0.1,
           True),
)


def figure_of(record, figure):
    if figure == "p999_ms" and record.get("answers", 0) < load.ANSWERS_MIN:
        return None
    return record.get(figure)


def by_pair(cells):
    """{workload: {pair: {side: record}}}."""
    found = defaultdict(lambda: defaultdict(dict))
    for record in cells:
        found[record["workload"]][record["pair"]][record["side"]] = record
    return found


def quiet_pairs(pairs, sides):
    """Those of which all sides are there, and the host left all alone."""
    return [pair for pair in pairs.values()
            if set(sides) <= set(pair) and all(map(rounds.is_quiet, pair.values()))]


def compare(pairs, figure):
    """Ratios of the pairs, and what either side had in them, each with its least and most."""
    values = [tuple(figure_of(pair[side], figure) for side in (OURS, THEIRS))
              for pair in quiet_pairs(pairs, (OURS, THEIRS))]
    whole = [(ours, theirs) for ours, theirs in values if ours is not None and theirs]
    return {"ratio": rounds.spread([ours / theirs for ours, theirs in whole]), "pairs": len(whole),
            OURS: rounds.spread([ours for ours, _ in whole]),
            THEIRS: rounds.spread([theirs for _, theirs in whole])}


def alone(pairs, figure):
    values = [figure_of(pair[OURS], figure) for pair in quiet_pairs(pairs, (OURS,))]
    values = [value for value in values if value is not None]
    return {"ratio": rounds.spread([]), "pairs": len(values), OURS: rounds.spread(values),
            THEIRS: rounds.spread([])}


def holds(target, found):
    """Whether the median keeps the gate; None when there is no gate, or too little was measured."""
    value = found[OURS if target.is_absolute else "ratio"]["median"]
    if value is None or target.gate is None or found["pairs"] < PAIRS_MIN:
        return None
    return value >= target.gate if target.more_is_better else value <= target.gate


def gate_ratio(target, found):
    """The gate as a share of Kafka's figure, so that it can stand beside the ratios."""
    if not target.is_absolute or target.gate is None:
        return target.gate
    theirs = found[THEIRS]["median"]
    return target.gate / theirs if theirs else None


def roof_over(roofs, target):
    """{kind: median} of what was measured; `roofs` are records of rounds."""
    own = [record for record in roofs if record["workload"] == target.workload]
    return {kind: rounds.median_of(rounds.quiet(found), target.figure) for kind in ROOFS
            if (found := [record for record in own if record["of"] == kind])}


def judge(cells, roofs=()):
    """What became of each target, in their order."""
    found, judged = by_pair(cells), []
    for target in TARGETS:
        pairs = found.get(target.workload, {})
        both = any(THEIRS in pair for pair in pairs.values())
        result = (compare if both else alone)(pairs, target.figure)
        judged.append({**target._asdict(), **result, "holds": holds(target, result),
                       "gate_ratio": gate_ratio(target, result),
                       "roof": roof_over(roofs, target)})
    return judged


def ratios(cells, figures):
    """{workload: {figure: spread of the pairs' ratios}} of all that both sides have."""
    found = {}
    for workload, pairs in by_pair(cells).items():
        compared = {figure: compare(pairs, figure)["ratio"] for figure in figures}
        found[workload] = {figure: spread for figure, spread in compared.items()
                           if spread["median"]}
    return found


def slope_percent_per_hour(records, figure):
    """Of a straight line through all, in percent of their median an hour."""
    points = [(record["at"] / 3600, record[figure]) for record in records if record.get(figure)]
    if len({hour for hour, _ in points}) < 3:
        return None
    line = statistics.linear_regression(*zip(*points))
    return 100 * line.slope / statistics.median(value for _, value in points)
