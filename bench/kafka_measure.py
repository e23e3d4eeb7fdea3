"""How one side of a pair is measured, a function for each kind of workload: what the clients said,
and what the broker's whole process has used meanwhile."""

import contextlib
import itertools
import json
import os
import subprocess
import threading
import time
from collections import namedtuple

import kafka_sides as sides
import kafka_wire as wire
import machine
import usage
from broker import kcat
from kafka_workloads import RECORD_BYTES, DURABLE

TIMEOUT_S = 120
FILL_RATE = 200_000  # records a second: what both sides take, so that both hold the same
LINE_BYTES = RECORD_BYTES + 1
# Half of such a line can be taken away by compression.
LINE = b"a line of text that repeats itself, with a number: "

Room = namedtuple("Room", "program scale folder")
Moment = namedtuple("Moment", "time cpu_s clients_s ticks")
Spent = namedtuple("Spent", "seconds cpu_s clients_s busy_s")

ERRORS = (*sides.ERRORS, subprocess.SubprocessError, RuntimeError, ValueError, LookupError)
numbers = itertools.count(1)


def moment(side):
    return Moment(time.monotonic(), side.cpu_s(), usage.children(), machine.ticks())


def spent_since(before, side):
    now = moment(side)
    return Spent(now.time - before.time, now.cpu_s - before.cpu_s,
                 now.clients_s - before.clients_s, machine.busy_s(before.ticks, now.ticks))


def fresh_topic(side, workload, partitions=1):
    """A topic that nobody had before, with the settings that this side needs."""
    name = f"{workload.id}-{next(numbers)}"
    settings = workload.topic.get(side.name, {})
    wire.create_topic(side.address, name, partitions, settings)
    return name


@contextlib.contextmanager
def killed_after(child, seconds):
    guard = threading.Timer(seconds, child.kill)
    guard.start()
    try:
        yield
    finally:
        guard.cancel()


def generate(room, side, topic, load, seconds, warm_up_s, *more):
    """Runs the load generator; returns what it said and what the side used in the seconds that
    count. Raises RuntimeError with what it complained of."""
    options = [word for name, value in load.items() for word in (f"--{name}", str(value))]
    command = [room.program, "--bootstrap", side.address, "--topic", topic, "--seconds",
               str(seconds), "--warm-up", str(warm_up_s), "--tell-begin", *options, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as child, killed_after(child, seconds + warm_up_s + TIMEOUT_S):
        child.stdout.readline()
        before = moment(side)
        line = child.stdout.readline()
        spent = spent_since(before, side)
        complaint = child.stderr.read().strip()
    if child.returncode or not line:
        raise RuntimeError(complaint or f"the generator ended with {child.returncode}")
    return json.loads(line), spent


def told(result, spent):
    """Figures of a load: the client's, and the broker's per GB, record and request."""
    if not result["records"]:
        raise RuntimeError(f"nothing was acknowledged: {result['errors']}")
    gigabytes = result["bytes"] / 1e9
    latency = result["latency_us"] or {}
    own = {f"{share}_ms": latency[share] / 1e3 for share in ("p50", "p99", "p999", "max")
           if share in latency}
    return {"mb_per_s": result["mb_per_s"], "records_per_s": result["records_per_s"],
            "cpu_s_per_gb": spent.cpu_s / gigabytes,
            "cpu_s_per_million": spent.cpu_s / result["records"] * 1e6,
            "cpu_us_per_request": spent.cpu_s / result["requests"] * 1e6,
            "machine_s_per_gb": max(spent.busy_s - result["cpu_s"], 0) / gigabytes,
            "client_share": result["cpu_s"] / result["seconds"], **own,
            "answers": latency.get("answers", 0), "unsent": result["requests_unsent"],
            "errors": sum(result["errors"].values())}


def loaded(room, side, workload, load, seconds):
    topic = fresh_topic(side, workload, load.get("partitions", 1))
    return told(*generate(room, side, topic, load, seconds, room.scale.warm_up_s, "--remove-topic"))


def produce(room, side, workload):
    return loaded(room, side, workload, workload.load, room.scale.seconds)


def latency(room, side, workload):
    return loaded(room, side, workload, workload.load, room.scale.latency_s)


def memory(room, side, workload):
    for load in workload.more["loads"]:
        loaded(room, side, workload, load, room.scale.seconds)
    return {}


def fill(room, side, topic, count, partitions=1):
    """Brings about so many bytes into a topic; returns how many records it has more."""
    load = {**DURABLE, "partitions": partitions, "rate": FILL_RATE, "in-flight": 50}
    seconds = max(count / RECORD_BYTES / FILL_RATE, 0.05)
    result, _ = generate(room, side, topic, load, seconds, 0)
    return result["records_in_all"]


def reader(side, topic, *more, out=subprocess.DEVNULL):
    return subprocess.Popen(["kcat", "-C", "-b", side.address, "-t", topic, "-p", "0", "-o",
                             "beginning", "-q", "-X", "fetch.wait.max.ms=10", *more],
                            stdout=out, stderr=subprocess.PIPE)


def finish(child, timeout=TIMEOUT_S):
    try:
        _, said = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise RuntimeError(f"kcat had not read all after {timeout:.0f} s") from None
    if child.returncode:
        raise RuntimeError(f"kcat ended with {child.returncode}: {said.decode().strip()[-200:]}")


def bytes_read(side, topic):
    child = reader(side, topic, "-e", out=subprocess.PIPE)
    count = sum(len(block) for block in iter(lambda: child.stdout.read(1 << 20), b""))
    child.stdout.close()
    child.stdout = None
    finish(child)
    return count


def filled(room, side, workload, count):
    """A topic that stays for all pairs, and its records. A first reader has got all of them."""
    if workload.id not in side.filled:
        topic = fresh_topic(side, workload)
        records = fill(room, side, topic, count)
        found = bytes_read(side, topic)
        if found != records * LINE_BYTES:
            raise RuntimeError(f"a reader got {found} bytes of {records * LINE_BYTES}")
        side.flush(topic)
        side.filled[workload.id] = topic, records
    return side.filled[workload.id]


def fetch(room, side, workload):
    """All readers begin at the first record at once; of warm ones, each is delivered the same."""
    cold = workload.more.get("cold", False)
    count = room.scale.cold_bytes if cold else room.scale.fill_bytes
    topic, records = filled(room, side, workload, count)
    if cold:
        side.flush(topic, gives_up_cache=True)
    before = moment(side)
    children = [reader(side, topic, "-e") for _ in range(workload.more["readers"])]
    for child in children:
        finish(child)
    spent = spent_since(before, side)
    gigabytes = records * RECORD_BYTES * len(children) / 1e9
    return {"mb_per_s": gigabytes * 1e3 / spent.seconds, "cpu_s_per_gb": spent.cpu_s / gigabytes,
            "machine_s_per_gb": max(spent.busy_s - spent.clients_s, 0) / gigabytes,
            "client_share": spent.clients_s / spent.seconds}


def tail(room, side, workload):
    """The reader must have got what was produced, or its part of the broker's time isn't there."""
    topic = fresh_topic(side, workload)
    due = int(workload.load["rate"] * room.scale.latency_s)
    child = reader(side, topic, "-c", str(due))
    try:
        figures = told(*generate(room, side, topic, workload.load, room.scale.latency_s,
                                 room.scale.warm_up_s))
        finish(child, 10)
    finally:
        child.kill()
    return figures


@contextlib.contextmanager
def cold_reader(side, topic):
    """Somebody reads the topic from the disk, over and over, and tells nobody how far it is."""
    done = threading.Event()

    def read():
        while not done.is_set():
            side.flush(topic, gives_up_cache=True)
            child = reader(side, topic, "-e")
            while child.poll() is None and not done.wait(0.05):
                pass
            child.kill()
            child.communicate()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


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
        side.filled[workload.id] = topic
    (side.kill if workload.more["kill"] else side.stop)()
    begun = time.monotonic()
    side.launch()
    return {"first_ack_s": wire.first_ack_s(side.address, side.filled[workload.id], begun,
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


def connections(room, side, workload):
    count = room.scale.connections
    before = side.rss_mib()
    opened = wire.idle_connections(side.address, count)
    try:
        grown = side.rss_mib() - before
        return {**latency(room, side, workload), "kib_per_connection": grown * 1024 / count}
    finally:
        wire.close(opened)


def compressed(room, side, workload):
    """kcat compresses, and the broker looks into what it gets."""
    path = room.folder / "lines"
    if not path.exists():
        rows = (LINE * 10 + os.urandom(RECORD_BYTES // 4).hex().encode() for _ in range(1000))
        block = b"".join(row[:RECORD_BYTES] + b"\n" for row in rows)
        path.write_bytes(block * max(room.scale.fill_bytes // len(block), 1))
    topic = fresh_topic(side, workload)
    before = moment(side)
    done = kcat("-P", "-b", side.address, "-t", topic, "-p", "0", "-z", workload.more["codec"],
                "-X", "acks=1", "-X", "linger.ms=5", "-l", path, timeout=TIMEOUT_S)
    spent = spent_since(before, side)
    if done.returncode:
        raise RuntimeError(f"kcat ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    gigabytes = path.stat().st_size / 1e9
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


MEASURES = {each.__name__: each for each in (
    produce, latency, memory, fetch, tail, beside_reader, restart, idle, connections, compressed,
    punts)}


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
    """Java compiles what has run for a while; the other side gets the same."""
    for load in ({**DURABLE, "acks": "1"}, {"record-bytes": 100, "batch-records": 1, "acks": "1"}):
        generate(room, side, f"warm-up-{next(numbers)}", load, max(room.scale.seconds, 1.5), 0,
                 "--remove-topic")
