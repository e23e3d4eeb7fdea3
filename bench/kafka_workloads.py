"""What is compared, as plain data: the workloads, each the same on both sides, how long their
cells take, and the order in which sides take turns."""

import itertools
from collections import namedtuple

OURS, THEIRS = SIDES = ("millrace", "kafka")

# `measure` names how; `load` is of the load generator; `topic` and `settings` are what a side gets
# beyond its defaults, as {side: ...}; `more` is what only this measure needs.
Workload = namedtuple("Workload", "id words measure load topic settings more quick sides",
                      defaults=({}, {}, {}, {}, False, SIDES))
# `java_s` is how long Java's compiler gets for each of some loads after a start, `idle_s` how long
# nothing is done, `memory_bytes` what is touched before each pair, `roofs` how often each roof is
# measured, `again_s` how long what is over too soon is done again: reading what is in memory, and
# kcat's lines.
Scale = namedtuple("Scale", "pairs java_s warm_up_s seconds latency_s fill_bytes cold_bytes idle_s "
                            "connections memory_bytes roofs again_s")
QUICK = Scale(5, 3.5, 0.25, 0.75, 1.2, 128 << 20, 512 << 20, 1, 1000, 1 << 30, 1, 0)
# A minute of latencies on each side, in five cells.
FULL = Scale(5, 8, 1, 5, 12, 1 << 30, 4 << 30, 10, 10_000, 4 << 30, 1, 4)
# Half an hour in slices of a minute, in turns as all else.
SOAK = Scale(15, 15, 1, 8, 58, 0, 0, 0, 0, 1 << 30, 0, 0)

# Kafka flushes a segment when it rolls, 1 GiB by default. A load that fills one in two seconds is
# measured for `latency_s`: in `seconds` there are one or two flushes, and what a cell says is which.
ROLLS = {"rolls": True}

# Whether all is on stable storage before it is answered.
ROOFS = {"durable": True, "unkept": False}

RECORD_BYTES = 1024
LARGE = {"record-bytes": RECORD_BYTES, "batch-records": 900, "acks": "1"}
MANY = {"record-bytes": RECORD_BYTES, "batch-records": 128, "request-batches": 8, "acks": "1"}
SMALL = {"record-bytes": RECORD_BYTES, "batch-records": 16}
ONE = {"record-bytes": 100, "batch-records": 1, "acks": "1"}
# Few records for each of many partitions, as when a producer spreads them at random.
SPREAD = {"record-bytes": RECORD_BYTES, "batch-records": 4, "request-batches": 256, "acks": "1"}
DURABLE = {"record-bytes": RECORD_BYTES, "batch-records": 64, "partitions": 4, "acks": "all"}
STEADY = {"record-bytes": RECORD_BYTES, "batch-records": 1, "in-flight": 1000, "acks": "1",
          "rate": 2000}
STEADY_MANY = {**STEADY, "batch-records": 10, "rate": 20_000}
# To one partition, Kafka's flushes one behind the other take all of a slow disk's time: what is
# told of them is then how long its queue has become.
STEADY_DURABLE = {**DURABLE, "batch-records": 1, "in-flight": 1000, "producers": 64, "rate": 2000}

# Kafka acknowledges what the kernel has; with this, as Millrace by default, what the disk has.
FLUSHED = {THEIRS: {"flush.messages": 1}}
# One for both, so that they share a start: a cache that holds little of what is read, and a session
# that doesn't long outlive a broker that was killed.
SMALL_CACHE = {OURS: (f"cache.bytes={64 << 20}",), THEIRS: ("zookeeper.session.timeout.ms=4000",)}
TINY_CACHE = {OURS: (f"cache.bytes={16 << 20}",)}
TINY_SEGMENTS = dict.fromkeys(SIDES, {"segment.bytes": 4 << 20, "retention.bytes": 16 << 20})
OFTEN_CHECKED = dict.fromkeys(SIDES, ("log.retention.check.interval.ms=1000",))


def partitions_words(count):
    return f"{count:,} partition{'' if count == 1 else 's'}"


def spread_over(count, quick=False):
    return Workload(f"W10-{count}", f"4 records of 1 KiB a batch over {partitions_words(count)}",
                    "produce", {**SPREAD, "partitions": count}, quick=quick)


def durable_of(producers, quick=False):
    plural = "" if producers == 1 else "s"
    return Workload(f"W5-{producers}", f"flushed before the answer, {producers} producer{plural}",
                    "produce", {**DURABLE, "producers": producers}, FLUSHED, quick=quick)


def fan_out_to(readers, quick=False):
    return Workload(f"W16-{readers}", f"{readers} consumers of one topic at once, warm", "fetch",
                    more={"readers": readers}, quick=quick)


WORKLOADS = (
    Workload("W1-1", "produce 1 KiB, batches of 900, 1 partition", "produce", LARGE, more=ROLLS,
             quick=True),
    Workload("W1-16", "produce 1 KiB, 8 batches of 128 a request, 16 partitions", "produce",
             {**MANY, "partitions": 16}),
    Workload("W2", "produce 100 bytes, batches of 8,000", "produce",
             {"record-bytes": 100, "batch-records": 8000, "acks": "1"}, more=ROLLS, quick=True),
    Workload("W3-1", "one record a request, 1 connection, 5 in flight", "produce",
             {**ONE, "in-flight": 5}, quick=True),
    Workload("W3-64", "one record a request, 64 connections", "produce",
             {**ONE, "in-flight": 1, "producers": 64}, quick=True),
    durable_of(64, quick=True),
    Workload("W6-warm", "1 consumer of a topic, warm", "fetch", more={"readers": 1}, quick=True),
    fan_out_to(16, quick=True),
    Workload("W8-2000", "2,000 records/s, one a request", "latency", STEADY, quick=True),
    Workload("W8-20000", "20,000 records/s, ten a request", "latency", STEADY_MANY, quick=True),
    Workload("W8-flushed", "2,000 records/s of 64 producers, flushed before the answer", "latency",
             STEADY_DURABLE, FLUSHED, quick=True),
    Workload("idle", "1,000 consumers that wait", "idle", more={"consumers": 1000}, quick=True),
    Workload("W14-clean", "start after a clean stop, 25 partitions", "restart",
             {"partitions": 25}, more={"kill": False}, quick=True),
    Workload("punts", "writes that left the ring's thread", "punts", MANY, sides=(OURS,),
             quick=True),
    Workload("copies", "copies in user space, in a simulated broker", "copies", sides=(OURS,),
             quick=True),
    # The last of their settings: what follows would be measured beside so many partitions. A short
    # run has no time for 2,000: Kafka takes seconds for each cell before it acknowledges anything.
    spread_over(256, quick=True),
    spread_over(2000),
    Workload("W7", "2,000 records/s beside a reader of what only the disk has", "beside_reader",
             STEADY, settings=SMALL_CACHE, quick=True),
    Workload("W14-killed", "start after kill -9, 25 partitions", "restart", {"partitions": 25},
             more={"kill": True}, settings=SMALL_CACHE, quick=True),
    Workload("memory", "resident after W1-1 and W10-256", "memory",
             more={"loads": (LARGE, {**SPREAD, "partitions": 256})}, settings=SMALL_CACHE,
             quick=True),
    *(Workload(f"W4-{acks}", f"acks={acks}, batches of 16", "produce",
               {**SMALL, "acks": acks, "partitions": 16, "producers": 8})
      for acks in ("0", "1", "all")),
    durable_of(1), durable_of(8),
    fan_out_to(4),
    Workload("W6-tail", "one consumer at the end of what is produced, 20,000 records/s", "tail",
             STEADY_MANY),
    Workload("W6-cold", "one consumer of what only the disk has", "fetch", settings=SMALL_CACHE,
             more={"readers": 1, "cold": True}),
    *(Workload(f"W9-{codec}", f"kcat, compression {codec}", "compressed", more={"codec": codec})
      for codec in ("none", "lz4", "zstd")),
    spread_over(1), spread_over(16),
    Workload("W11", "idle connections, and an active one", "connections", STEADY),
    Workload("W12", "50 producers, 288 partitions, 10,000 keys", "produce",
             {**SMALL, "keys": 10_000, "producers": 50, "partitions": 288, "acks": "1"}),
    Workload("W13", "20,000 records/s, segments of 4 MiB that come and go", "latency",
             STEADY_MANY, TINY_SEGMENTS, OFTEN_CHECKED),
)
SOAKED = (Workload("W15", "20,000 records/s for half an hour, a minute each in turns", "latency",
                   STEADY_MANY, quick=True),)
# What order is worth: two loads in one cell, that differ in it alone.
ORDERED = tuple(workload._replace(quick=True) for workload in (
    Workload("order-appends", "appends to 1 partition / to 256 in turn", "order_of_appends",
             {**SMALL, "acks": "1", "producers": 8}, more={"partitions": 256}),
    Workload("order-warm", "front to back / single records at random, warm", "order_of_reads",
             settings=TINY_CACHE, more={"cold": False}),
    Workload("order-cold", "front to back / single records at random, cold", "order_of_reads",
             settings=TINY_CACHE, more={"cold": True}),
))
BY_ID = {workload.id: workload for workload in (*WORKLOADS, *SOAKED, *ORDERED)}


def chosen(full):
    return [workload for workload in WORKLOADS if full or workload.quick]


def cell(workload, side, pair):
    return {"id": f"{workload.id}-{side}~{pair}", "workload": workload.id, "side": side,
            "pair": pair}


def plan_of(workloads, scale):
    """All cells: within a workload the sides take turns, A B A B; a pair is two neighbours."""
    return [cell(workload, side, pair) for workload in workloads
            for pair in range(1, scale.pairs + 1) for side in workload.sides]


def groups_of(workloads):
    """Workloads that share one start of both sides: neighbours of one setting. What isn't at its
    place in the table would be measured long after its neighbours."""
    groups = []
    for workload in workloads:
        if groups and groups[-1][0].settings == workload.settings:
            groups[-1].append(workload)
        else:
            groups.append([workload])
    return groups


def turns_of(group, pairs):
    """[(workload, pair), ...] in the order in which they are measured. Neighbours that measure the
    same take turns, or whatever ails the machine for a minute would meet all pairs of one; those
    whose topic stays for all pairs don't."""
    turns = []
    for _, found in itertools.groupby(group, lambda one: one.id if stays(one) else one.measure):
        neighbours = list(found)
        turns += [(one, pair) for pair in range(1, pairs + 1) for one in neighbours]
    return turns


def stays(workload):
    return (workload.measure in ("fetch", "beside_reader", "restart", "order_of_reads")
            or workload.load.get("partitions", 1) >= STANDING_PARTITIONS)


WARM_UPS = ({**DURABLE, "acks": "1"}, ONE, {**SPREAD, "partitions": 64})
START_S = 8  # of both sides
# A topic comes and goes until the side is calm, the longer the more was written; so many partitions
# come and go in a second.
TOPIC_S, TOPIC_SHARE, PARTITION_RATE = 0.4, 0.25, 500
# One of so many takes a broker seconds to make and to remove, and stays for all pairs.
STANDING_PARTITIONS = 100
# Bytes a second: what estimates take for granted of a topic that is filled, and of all its readers.
FILL_RATE, READ_RATE = 200e6, 1.5e9
SLOW_FILL_RATE = 32e6  # with one record in a batch
TOUCH_RATE = 1.8e9


def start_seconds(scale):
    return START_S + (scale.java_s + scale.seconds) * len(WARM_UPS)


def load_seconds(workload, scale):
    """How long what is produced is measured in a cell."""
    is_short = workload.measure in ("produce", "memory", "punts", "order_of_appends")
    return scale.seconds if is_short and not workload.more.get("rolls") else scale.latency_s


def cell_seconds(workload, scale):
    """About how long one side of a pair takes, with what comes before and behind it."""
    partitions = workload.load.get("partitions", 1)
    comes_and_goes = partitions < STANDING_PARTITIONS
    topic = TOPIC_S + (partitions / PARTITION_RATE if comes_and_goes else 0)
    load = scale.warm_up_s + (1 + TOPIC_SHARE) * load_seconds(workload, scale) + topic
    latency = scale.warm_up_s + scale.latency_s + topic
    fetched = topic_bytes(workload, scale) / READ_RATE
    again = 0 if workload.more.get("cold") else scale.again_s
    return {"produce": load, "latency": latency, "memory": 2 * load, "punts": load + 1,
            "copies": 0.7,
            "tail": latency, "idle": scale.idle_s + 2, "connections": latency + 10,
            "order_of_appends": 2 * load + 1, "order_of_reads": 1 + scale.seconds + fetched,
            "beside_reader": 2 * latency, "compressed": 1 + max(scale.fill_bytes / FILL_RATE, again),
            "fetch": 0.5 + max(fetched * workload.more.get("readers", 1), again),
            "restart": 5 + scale.fill_bytes / FILL_RATE if workload.more.get("kill") else 2,
            }[workload.measure]


def topic_bytes(workload, scale):
    """What a topic is filled with that stays for all pairs."""
    if workload.measure == "order_of_reads":
        return scale.fill_bytes
    is_cold = workload.measure == "beside_reader" or workload.more.get("cold")
    stays = workload.measure in ("beside_reader", "fetch")
    return (scale.cold_bytes if is_cold else scale.fill_bytes) if stays else 0


def fill_seconds(workload, scale):
    """What comes once, of both sides: making many partitions; filling, and a first reader."""
    count, partitions = topic_bytes(workload, scale), workload.load.get("partitions", 1)
    rate = SLOW_FILL_RATE if workload.measure == "order_of_reads" else FILL_RATE
    made = partitions / PARTITION_RATE if partitions >= STANDING_PARTITIONS else 0
    return len(workload.sides) * (made + count / rate + count / READ_RATE)


def pair_seconds(workload, scale):
    return len(workload.sides) * cell_seconds(workload, scale) + scale.memory_bytes / TOUCH_RATE


def seconds_of(cells, scale):
    """About how long these cells take, with the starts of the sides."""
    pairs = {(one["workload"], one["pair"]) for one in cells}
    workloads = [BY_ID[name] for name in dict.fromkeys(one["workload"] for one in cells)]
    return (sum(pair_seconds(BY_ID[name], scale) for name, _ in pairs)
            + sum(fill_seconds(workload, scale) for workload in workloads)
            + start_seconds(scale) * len(groups_of(workloads)))
