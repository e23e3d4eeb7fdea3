"""The topics of the comparison: one that nobody had before, one for a load, one of many partitions
that stays, and one that is filled once and stays for all pairs."""

import contextlib
import itertools
import time
from collections import namedtuple

import kafka_wire as wire
from kafka_clients import ERRORS, bytes_read, generate, told
from kafka_workloads import DURABLE, STANDING_PARTITIONS

# The rate is one that both sides take, so that both hold the same.
MANY_A_BATCH = {**DURABLE, "rate": 200_000}

# A broker that uses less of a processor has nothing to do.
CALM_SHARE, SETTLE_LOOK_S, SETTLE_SECONDS_MAX = 0.2, 0.05, 20

BEGIN_SECONDS_MAX = 60  # until each partition of a topic takes records

Room = namedtuple("Room", "program scale folder")
# What stays for all pairs of a workload, in a side's `filled` under the workload's id.
Filled = namedtuple("Filled", "topic records", defaults=(None,))
numbers = itertools.count(1)


def fresh_topic(side, workload, partitions=1):
    """A topic that nobody had before, with the settings that this side needs."""
    name = f"{workload.id}-{next(numbers)}"
    settings = workload.topic.get(side.name, {})
    wire.create_topic(side.address, name, partitions, settings)
    return name


def settle(side):
    """Waits until the broker has nothing to do: that many partitions are made, and those of the cell
    before are gone, is answered long before it is done, and would be charged to what comes next."""
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    busy = True
    while busy and time.monotonic() < deadline:
        before, began = side.cpu_s(), time.monotonic()
        time.sleep(SETTLE_LOOK_S)
        busy = side.cpu_s() - before > CALM_SHARE * (time.monotonic() - began)


def standing_topic(side, workload, partitions):
    """A topic that stays for all pairs, of which every partition has taken records."""
    if workload.id not in side.filled:
        topic = fresh_topic(side, workload, partitions)
        wire.begin_all(side.address, topic, partitions, BEGIN_SECONDS_MAX)
        side.filled[workload.id] = Filled(topic)
    return side.filled[workload.id].topic


def remove_others(side, workload):
    """Gives the disk back what stayed for the pairs of other workloads. What a broker in trouble
    keeps goes with its folder."""
    others = [side.filled.pop(name) for name in set(side.filled) - {workload.id}]
    if others and side.is_up():
        for kept in others:
            with contextlib.suppress(*ERRORS):
                wire.remove_topic(side.address, kept.topic)
        settle(side)


def loaded(room, side, workload, load, seconds):
    partitions = load.get("partitions", 1)
    stays = partitions >= STANDING_PARTITIONS
    topic = (standing_topic if stays else fresh_topic)(side, workload, partitions)
    settle(side)
    return told(*generate(room.program, side, topic, load, seconds, room.scale.warm_up_s,
                          *([] if stays else ["--remove-topic"])))


def fill(room, side, topic, count, partitions=1, shape=MANY_A_BATCH):
    """Brings about so many bytes into a topic; returns how many records it has more."""
    load = {**shape, "partitions": partitions, "in-flight": 50}
    seconds = max(count / shape["record-bytes"] / shape["rate"], 0.05)
    result, _ = generate(room.program, side, topic, load, seconds, 0)
    return result["records_in_all"]


def filled(room, side, workload, count, shape=MANY_A_BATCH):
    """A topic that stays for all pairs, and its records. A first reader has got all of them."""
    if workload.id not in side.filled:
        topic = fresh_topic(side, workload)
        records = fill(room, side, topic, count, shape=shape)
        found, due = bytes_read(side, topic), records * (shape["record-bytes"] + 1)
        if found != due:
            raise RuntimeError(f"a reader got {found} bytes of {due}")
        side.flush(topic)
        side.filled[workload.id] = Filled(topic, records)
    return side.filled[workload.id]
