"""How one side of a pair is measured, a function for each kind of workload: what the clients said,
and what the broker's whole process has used meanwhile."""

import contextlib
import json
import os
import subprocess
import time

import kafka_wire as wire
import machine
import kafka_sides as sides
import usage
from broker import kcat
from kafka_clients import (ERRORS, TIMEOUT_S, again, cold_reader, finish, generate, moment, read_all,
                           reader, spent_since, told)
from kafka_order import order_of_appends, order_of_reads
from kafka_topics import Filled, Room, fill, filled, fresh_topic, loaded, numbers, settle
from kafka_workloads import RECORD_BYTES, THEIRS, WARM_UPS, load_seconds

# Half of such a line can be taken away by compression.
LINE = b"a line of text that repeats itself, with a number: "
SETTLE_S = 3  # after a start, before its memory is looked at
COPIES = sides.ROOT / "build/release/bench/instructions/millrace_copies"

def produce(room, side, workload):
    return loaded(room, side, workload, workload.load, load_seconds(workload, room.scale))


def latency(room, side, workload):
    return loaded(room, side, workload, workload.load, room.scale.latency_s)


def memory(room, side, workload):
    for load in workload.more["loads"]:
        loaded(room, side, workload, load, room.scale.seconds)
    return {}


def fetch(room, side, workload):
    """All readers begin at the first record at once; of warm ones, each is delivered the same."""
    cold = workload.more.get("cold", False)
    count = room.scale.cold_bytes if cold else room.scale.fill_bytes
    topic, records = filled(room, side, workload, count)
    if cold:
        side.flush(topic, gives_up_cache=True)
    return read_all(side, topic, records * RECORD_BYTES, workload.more["readers"],
                    0 if cold else room.scale.again_s)


def tail(room, side, workload):
    """The reader must have got what was produced, or its part of the broker's time isn't there."""
    topic = fresh_topic(side, workload)
    due = int(workload.load["rate"] * room.scale.latency_s)
    child = reader(side, topic, "-c", str(due))
    try:
        figures = told(*generate(room.program, side, topic, workload.load, room.scale.latency_s,
                                 room.scale.warm_up_s))
        finish(child, 10)
    finally:
        child.kill()
    return figures


def beside_reader(room, side, workload):
    topic, _ = filled(room, side, workload, room.scale.cold_bytes)
    alone = latency(room, side, workload)
    with cold_reader(side, topic):
        figures = latency(room, side, workload)
    return {**figures, "alone_p99_ms": alone["p99_ms"],
            "p99_growth": figures["p99_ms"] / alone["p99_ms"]}


def restart(room, side, workload):
    """From the start of the process until a record is acknowledged for the first time. Before a
    kill there are records that no clean stop has flushed."""
    if workload.id not in side.filled or workload.more["kill"]:
        topic = fresh_topic(side, workload, workload.load["partitions"])
        fill(room, side, topic, room.scale.fill_bytes, workload.load["partitions"])
        if not workload.more["kill"]:
            side.flush(topic)
        side.filled[workload.id] = Filled(topic)
    (side.kill if workload.more["kill"] else side.stop)()
    begun = time.monotonic()
    side.launch()
    return {"first_ack_s": wire.first_ack_s(side.address, side.filled[workload.id].topic, begun,
                                            TIMEOUT_S)}


def idle(room, side, workload):
    topic = fresh_topic(side, workload)
    consumers = wire.waiting_consumers(side.address, topic, workload.more["consumers"])
    try:
        time.sleep(1)
        before, began = side.cpu_s(), time.monotonic()
        time.sleep(room.scale.idle_s)
        used = side.cpu_s() - before
        return {"idle_percent": 100 * used / (time.monotonic() - began)}
    finally:
        wire.close(consumers)


@contextlib.contextmanager
def idle_connections(room, side):
    opened = wire.idle_connections(side.address, room.scale.connections)
    try:
        yield len(opened)
    finally:
        wire.close(opened)


def connections(room, side, workload):
    """The active one on a broker that has run for a while; memory on one that has just started, or
    what it gives back of earlier loads would hide what connections take."""
    with idle_connections(room, side):
        figures = latency(room, side, workload)
    side.stop()
    side.start()
    time.sleep(SETTLE_S)
    before = side.rss_mib()
    with idle_connections(room, side) as count:
        return {**figures, "kib_per_connection": (side.rss_mib() - before) * 1024 / count}


def compressed(room, side, workload):
    """kcat compresses, and the broker looks into what it gets."""
    path = room.folder / "lines"
    if not path.exists():
        rows = (LINE * 10 + os.urandom(RECORD_BYTES // 4).hex().encode() for _ in range(1000))
        block = b"".join(row[:RECORD_BYTES] + b"\n" for row in rows)
        path.write_bytes(block * max(room.scale.fill_bytes // len(block), 1))
    topic = fresh_topic(side, workload)

    def send():
        done = kcat("-P", "-b", side.address, "-t", topic, "-p", "0", "-z", workload.more["codec"],
                    "-X", "acks=1", "-X", "linger.ms=5", "-l", path, timeout=TIMEOUT_S)
        if done.returncode:
            raise RuntimeError(f"kcat ended with {done.returncode}: {done.stderr.strip()[-200:]}")

    before = moment(side)
    times = again(room.scale.again_s, send)
    spent = spent_since(before, side)
    # Gigabytes for each cell; the other side isn't to be measured beside their going.
    wire.remove_topic(side.address, topic)
    settle(side)
    gigabytes = path.stat().st_size * times / 1e9
    return {"mb_per_s": gigabytes * 1e3 / spent.seconds, "cpu_s_per_gb": spent.cpu_s / gigabytes,
            "client_share": spent.clients_s / spent.seconds}


def punts(room, side, workload):
    with usage.RingEvents(side.pid) as events:
        time.sleep(0.5)
        figures = produce(room, side, workload)
    writes = events.submitted["WRITE"]
    if not writes:
        raise RuntimeError("no write was counted")
    return {**figures, "punted_percent": 100 * events.punted["WRITE"] / writes}


def copies(*_):
    """Of a broker in the simulated world, where each copy can be seen."""
    done = subprocess.run([COPIES], capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    return {f"{way}_copies": count for way, count in json.loads(done.stdout).items()}


MEASURES = {each.__name__: each for each in (
    produce, latency, memory, fetch, tail, beside_reader, restart, idle, connections, compressed,
    punts, copies, order_of_reads, order_of_appends)}


def measure(room, side, workload):
    """The figures of one side, or under "why" why there are none."""
    before = machine.ticks()
    try:
        if not side.is_up():
            side.start()
        figures = MEASURES[workload.measure](room, side, workload)
        figures["rss_mib"] = side.rss_mib()
    except ERRORS as error:
        lines = str(error).splitlines()
        figures = {"why": lines[0] if lines else type(error).__name__}
    return {**figures, "steal_share": machine.steal_share(before, machine.ticks())}


def warm_up(room, side):
    """Java compiles what has run for a while. The other side has nothing to compile, and gets the
    same loads for as long as a cell."""
    seconds = room.scale.java_s if side.name == THEIRS else room.scale.seconds
    for load in WARM_UPS:
        generate(room.program, side, f"warm-up-{next(numbers)}", load, seconds, 0, "--remove-topic")
