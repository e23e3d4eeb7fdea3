"""Reads what `perf script` and `perf stat` print of tracepoints."""

import math
import re
from collections import Counter, defaultdict

SWITCH = re.compile(r"^\s*.+?\s+(\d+)\s+\[-?\d+\]\s+(\d+\.\d+):\s+(.*)$")
BLOCK = re.compile(r"(\d+\.\d+):\s+block:block_rq_(issue|complete): (\d+,\d+) (\w+) .*?"
                   r"(\d+) \+ \d+")
PUNT = re.compile(r"io_uring_queue_async_work:.* opcode (\w+),.* (normal|hashed) queue")
# By the first letter of the scheduler's states.
STATES = {"S": "asleep until something comes", "D": "held up by a disk or a lock of the kernel",
          "R": "ready, but others had the processor"}


def punts(text):
    """Counter of (opcode, queue)."""
    return Counter((match[1], match[2]) for match in PUNT.finditer(text))


def counts(text):
    """{event: count} of `perf stat -x,`; what wasn't counted is left out."""
    lines = (line.split(",") for line in text.splitlines())
    return {line[2]: int(line[0]) for line in lines if len(line) > 2 and line[0].isdigit()}


def off_cpu(text):
    """{state: [seconds of each time that a thread was off its processor]}. A switch out follows the
    tracepoint that tells the state; without one, only who was displaced is known."""
    state, left, away = {}, {}, defaultdict(list)
    for line in text.splitlines():
        match = SWITCH.match(line)
        if not match:
            continue
        thread, at, what = match[1], float(match[2]), match[3]
        told = re.search(r"prev_state=(\w)", what)
        if told:
            state[thread] = told[1]
        elif "SWITCH OUT" in what:
            left[thread] = (at, state.pop(thread, "R" if "preempt" in what else "S"))
        elif "SWITCH IN" in what and thread in left:
            began, why = left.pop(thread)
            away[STATES.get(why, "otherwise")].append(at - began)
    return dict(away)


def kind_of(flags):
    """Of a request by its flags: F before anything else is a flush, R and W what they say."""
    if flags.startswith("FF"):
        return "flush"
    return {"R": "read", "W": "write", "D": "discard"}.get(flags.lstrip("F")[:1], "other")


def block_latencies(text):
    """{kind of request: [microseconds from when the disk got it until it was done]}. A flush has no
    place, and there is one at a time per disk."""
    begun, latencies = {}, defaultdict(list)
    for match in BLOCK.finditer(text):
        at, step, disk, flags, sector = match.groups()
        kind = kind_of(flags)
        key = (disk, kind if kind == "flush" else sector)
        if step == "issue":
            begun[key] = float(at)
        elif key in begun:
            latencies[kind].append((float(at) - begun.pop(key)) * 1e6)
    return dict(latencies)


def histogram(values):
    """{power of two that is not below: count}."""
    bounds = Counter(1 << math.ceil(math.log2(max(value, 1))) for value in values)
    return dict(sorted(bounds.items()))


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

