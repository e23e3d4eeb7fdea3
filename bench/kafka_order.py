"""What order is worth through a broker: a topic read from its beginning against single records at
random offsets, and appends to one partition against appends to many in turn."""

import contextlib
import random
import statistics
import time

import kafka_wire as wire
from group_wire import request
from kafka_clients import moment, read_all, spent_since
from kafka_topics import filled, loaded
from raw_requests import Answer

# A batch with its head is a little less than a block of a disk.
ONE_A_BATCH = {"record-bytes": 4000, "batch-records": 1, "acks": "1", "rate": 8000}
SEED = 1


def point_fetches(address, topic, records, seconds):
    """Has single records sent, one after the other, at offsets that nobody can foresee. Returns
    the seconds that each took."""
    places, took = random.Random(SEED), []
    with contextlib.closing(wire.connect(address)) as connection:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            offset = places.randrange(records)
            asked = request(wire.FETCH, wire.fetch_body(topic, offset, 0, 1))
            began = time.monotonic()
            connection.sendall(asked)
            data = wire.answered(connection)
            took.append(time.monotonic() - began)
            found, size = wire.first_batch(Answer(data[4:]))
            if found != offset or size > 2 * ONE_A_BATCH["record-bytes"]:
                raise RuntimeError(f"{size} bytes from offset {found} on came for {offset}")
    return took


def points(side, topic, records, seconds):
    before = moment(side)
    took = point_fetches(side.address, topic, records, seconds)
    spent = spent_since(before, side)
    return {"point_mb_per_s": len(took) * ONE_A_BATCH["record-bytes"] / spent.seconds / 1e6,
            "point_cpu_us": spent.cpu_s / len(took) * 1e6,
            "point_p50_ms": statistics.median(took) * 1e3,
            "point_p99_ms": statistics.quantiles(took, n=100)[98] * 1e3}


def order_of_reads(room, side, workload):
    """Both orders of one cell find the files as cold, or as warm."""
    count = room.scale.fill_bytes
    topic, records = filled(room, side, workload, count, ONE_A_BATCH)
    cold = workload.more["cold"]
    if cold:
        side.flush(topic, gives_up_cache=True)
    front = read_all(side, topic, records * ONE_A_BATCH["record-bytes"])
    if cold:
        side.flush(topic, gives_up_cache=True)
    found = points(side, topic, records, room.scale.seconds)
    return {**front, **found, "order_worth": front["mb_per_s"] / found["point_mb_per_s"]}


def order_of_appends(room, side, workload):
    one, many = (loaded(room, side, workload, {**workload.load, "partitions": partitions},
                        room.scale.seconds) for partitions in (1, workload.more["partitions"]))
    return {**one, **{f"many_{figure}": many[figure] for figure in ("mb_per_s", "cpu_s_per_gb")},
            "order_worth": one["mb_per_s"] / many["mb_per_s"]}
