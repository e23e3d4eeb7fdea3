"""What several rounds of the same say together: the median, and how far they are apart; rounds in
which the machine was somebody else's count less."""

import statistics

# More than this of the machine's time taken by its host, and a cell is left out of ratios.
STEAL_MAX = 0.05


def is_quiet(record):
    return record["steal_share"] <= STEAL_MAX


def quiet(records):
    """Those that the host left alone; all, when there are none."""
    return [record for record in records if is_quiet(record)] or records


def median_of(records, figure):
    known = [record[figure] for record in records if record.get(figure) is not None]
    return statistics.median(known) if known else None


def spread(values):
    return {"median": statistics.median(values) if values else None,
            "low": min(values, default=None), "high": max(values, default=None)}
