"""What a run of `./dev perf zerocopy` says as plain data: what was seen of each reader, and what
each path costs a broker against what it chooses by itself."""

from collections import defaultdict

import rounds

BASE = "auto"
# {figure: its name in a cell}
FIGURES = {"mb_per_s": "mb_per_s", "s_per_gb": "sender_s_per_gb",
           "machine_s_per_gb": "system_s_per_gb"}


def spread_of(records, figure):
    return rounds.spread([record[figure] for record in records])


def to_base(group, base, figure):
    """In rounds in which the host left both alone; `base` is {round: record}."""
    pairs = [(one, base[one["round"]]) for one in group if one["round"] in base]
    return rounds.spread([one[figure] / other[figure] for one, other in pairs
                          if rounds.is_quiet(one) and rounds.is_quiet(other) and other[figure]])


def together(counts):
    whole = defaultdict(int)
    for count in counts:
        for way, value in count.items():
            whole[way] += value
    return dict(whole)


def row_of(place, path, group, base):
    quiet = rounds.quiet(group)
    return {"place": place, "path": path, "rounds": len(group),
            "disturbed": sum(not rounds.is_quiet(one) for one in group),
            **{name: spread_of(quiet, figure) for name, figure in FIGURES.items()},
            "cost_to_base": to_base(group, base, "sender_s_per_gb"),
            "rate_to_base": to_base(group, base, "mb_per_s"),
            "went": together(one["went"] for one in group),
            "bytes": sum(one["bytes"] for one in group),
            "bytes_read": sum(one["bytes_read"] for one in group),
            "misses": sum(one["misses"] for one in group)}


def rows_of(records):
    """By place, and there by path, in the order in which they were measured."""
    groups = defaultdict(list)
    for record in records:
        if record["kind"] == "cell" and record["part"] == "pass":
            groups[record["place"], record["path"]].append(record)
    rows = []
    for (place, path), group in groups.items():
        base = {one["round"]: one for one in groups.get((place, BASE), ())}
        rows.append(row_of(place, path, group, base))
    return sorted(rows, key=lambda row: row["place"], reverse=True)


def summary(records):
    """All that the page shows; zerocopy.json is this."""
    head = records[0]
    of_kind = lambda kind: [record for record in records if record["kind"] == kind]
    done = {record["id"] for record in of_kind("cell") + of_kind("refused")}
    return {**{name: head.get(name) for name in ("full", "date", "dir", "facts", "behind_mib",
                                                 "seconds")},
            "parts": of_kind("part"), "rows": rows_of(records),
            "watches": [record for record in of_kind("cell") if record["part"] == "watch"],
            "refused": {one["id"]: one["why"] for one in of_kind("refused")},
            "cells_left": len(set(head["ids"]) - done)}


def row_named(rows, place, path):
    return next((row for row in rows if (row["place"], row["path"]) == (place, path)), None)


def cheapest(rows, place):
    """Of the paths that were forced, the one that cost the broker least."""
    known = [row for row in rows if row["place"] == place and row["path"] != BASE
             and row["s_per_gb"]["median"] is not None]
    return min(known, key=lambda row: row["s_per_gb"]["median"], default=None)
