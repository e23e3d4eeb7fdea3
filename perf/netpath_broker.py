"""The same paths through the broker: one topic, filled once, which kcat reads from its beginning
over each `delivery.path` in turn. Costs are the broker's; how fast it goes, kcat decides."""

import random
import resource
import shutil
import subprocess
import sys
import time
from collections import namedtuple

import broker_figures
import harness
import machine
import perf_events
import watch

sys.path.insert(0, str(harness.ROOT / "tests/integration"))
from broker import Broker, BrokerError, kcat  # noqa: E402

PATHS = ("memory", "sendfile", "mmap", "splice", "auto")
FILES = "millrace-netpath-broker"
TOPIC = "records"
RECORD_BYTES = 1024  # with its line end, which kcat takes off
SEGMENT_BYTES = 32 << 20
# As little memory as it takes, so that records come from files; segments that are short, so that
# nearly all are closed ones, since the last one is read into memory on any path; one thread, so
# that no path is lucky with who has the connection.
OVERRIDES = ("admin.listener=127.0.0.1:0", f"cache.bytes={16 << 20}", f"journal.bytes={256 << 20}",
             f"log.segment.bytes={SEGMENT_BYTES}", "num.partitions=1", "shards=1")
PRODUCER = ("-z", "none", "-X", "batch.size=16384", "-X", "queue.buffering.max.kbytes=65536")
TIMEOUT_S = 600
# What perf counts of the broker, by the names that the figures per MB have.
EVENTS = {"calls_per_mb": "raw_syscalls:sys_enter",
          "punts_per_mb": "io_uring:io_uring_queue_async_work"}
NO_PERF = watch.Seen(why_not="perf is not installed")
# What the estimate is meant for: bytes a second that the topic is filled with and read at, and
# seconds of a start and a stop.
FILL_RATE, READ_RATE, START_S = 60e6, 250e6, 2

# Bytes of responses; {way: bytes of batches that went this way}; sends whose bytes were not in the
# page cache.
Figures = namedtuple("Figures", "sent went misses")
Scale = namedtuple("Scale", "topic_bytes sizes rounds")
QUICK = Scale(1 << 30, {"64k": 64 << 10, "1m": 1 << 20}, 3)
FULL = Scale(4 << 30, {"64k": 64 << 10, "1m": 1 << 20, "8m": 8 << 20}, 5)


def scale_of(full):
    return FULL if full else QUICK


def cell_id(path, size, number):
    return f"broker-{path}-{size}~{number}"


def plan(full):
    scale = scale_of(full)
    ids = [cell["id"] for group in cells_of(scale) for cell, _ in group]
    passes = len(ids) + len(ids) // scale.rounds
    seconds = (scale.topic_bytes / FILL_RATE + passes * (scale.topic_bytes / READ_RATE + 1)
               + len(PATHS) * scale.rounds * START_S)
    return {"ids": ids, "seconds": seconds, "disk_bytes": scale.topic_bytes + (1 << 30)}


def lines_of(count, seed=1):
    """Lines of what nothing compresses well, in blocks of a thousand or less."""
    rng = random.Random(seed)
    block = [rng.randbytes(RECORD_BYTES // 2).hex()[1:] + "\n" for _ in range(1000)]
    for begin in range(0, count, len(block)):
        yield "".join(block[:count - begin]).encode()


class Topic:
    """A topic in the folder, and the broker over it, which is started for each path anew."""

    def __init__(self, binary, folder, size_bytes):
        self.binary, self.folder = binary, folder
        self.records = size_bytes // RECORD_BYTES
        self.bytes = self.records * RECORD_BYTES
        self.broker = self.admin_port = None

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self

    def __exit__(self, *_):
        if self.broker:
            self.broker.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, path):
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        self.broker = Broker(self.binary, str(self.folder / "data"), str(log),
                             [*OVERRIDES, f"delivery.path={path}"])
        self.broker.start()
        self.admin_port = broker_figures.admin_port(log)

    def stop(self):
        self.broker.stop()
        self.broker = None

    def fill(self):
        command = ["kcat", "-P", "-b", self.broker.address, "-t", TOPIC, *PRODUCER]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as producer:
            try:
                for block in lines_of(self.records):
                    producer.stdin.write(block)
                producer.stdin.close()
            except BrokenPipeError:
                pass  # it has ended, and its status says why
            said = producer.stderr.read().decode(errors="replace").strip()
        if producer.returncode or "failed" in said.lower():
            raise BrokerError(f"kcat -P ended with {producer.returncode}: {said[-300:]}")

    def warm(self):
        """What is in files is in the page cache, too: nobody measures the disk here."""
        buffer = bytearray(1 << 20)
        for segment in sorted((self.folder / "data" / f"{TOPIC}-0").glob("*.log")):
            with open(segment, "rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass

    def consume(self, fetch_bytes, out=subprocess.DEVNULL):
        done = kcat("-C", "-b", self.broker.address, "-t", TOPIC, "-p", 0, "-o", "beginning", "-e",
                    "-q", "-X", f"fetch.message.max.bytes={fetch_bytes}",
                    "-X", "fetch.wait.max.ms=10", stdout=out, timeout=TIMEOUT_S)
        if done.returncode:
            raise BrokerError(f"kcat -C ended with {done.returncode}: {done.stderr.strip()}")

    def check(self):
        """Whether a reader gets all that was produced; it is the first reader, too, who pays for
        what everyone uses."""
        with subprocess.Popen(["wc", "-c"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as counter:
            self.consume(1 << 20, counter.stdin)
            counter.stdin.close()
            seen = int(counter.stdout.read())
        if seen != self.bytes:
            raise BrokerError(f"a reader got {seen} bytes of {self.bytes}")

    def figures(self):
        """What the broker tells of itself."""
        metrics = broker_figures.fetch(f"127.0.0.1:{self.admin_port}")
        return Figures(broker_figures.total(metrics, "millrace_bytes_sent_total"),
                       broker_figures.delivered(metrics),
                       broker_figures.total(metrics, "millrace_delivery_misses_total"))

    def cpu_s(self):
        """Of the broker, its threads and the kernel's workers for it."""
        return broker_figures.cpu_s(self.broker.process.pid)

    def calls_and_punts(self, fetch_bytes):
        """Of the broker in one pass, per MB, or why they aren't counted. Not while it is timed:
        counting makes each call dearer."""
        view = watch.View("stat", ("-x,", "-e", ",".join(EVENTS.values()),
                                   "-p", str(self.broker.process.pid)))
        running = watch.start(view, None) if shutil.which("perf") else NO_PERF
        if isinstance(running, watch.Seen):
            return {"not_counted": running.why_not}
        sent = self.figures().sent
        try:
            self.consume(fetch_bytes)
        finally:
            seen = watch.finish(running)
        sent = self.figures().sent - sent
        counts = perf_events.counts(seen.text or "")
        return {name: counts[event] / sent * 1e6 for name, event in EVENTS.items()
                if event in counts}


def children_cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure_cell(topic, fetch_bytes):
    topic.warm()
    return measure_pass(topic, fetch_bytes)


def measure_pass(topic, fetch_bytes):
    """What one pass over the topic costs; kcat is the only child that ends meanwhile."""
    before, broker_s = topic.figures(), topic.cpu_s()
    ticks, kcat_s, began = machine.ticks(), children_cpu_s(), time.monotonic()
    topic.consume(fetch_bytes)
    elapsed, kcat_s, ticks_after = (time.monotonic() - began, children_cpu_s() - kcat_s,
                                    machine.ticks())
    broker_s = topic.cpu_s() - broker_s
    after = topic.figures()
    sent = after.sent - before.sent
    if sent < topic.bytes:
        raise BrokerError(f"the broker sent {sent} bytes of {topic.bytes}")
    went = {way: count - before.went.get(way, 0) for way, count in after.went.items()}
    return {"bytes": sent, "elapsed_s": elapsed, "mb_per_s": sent / elapsed / 1e6,
            "sender_s_per_gb": broker_s / sent * 1e9, "receiver_s_per_gb": kcat_s / sent * 1e9,
            "system_s_per_gb": machine.busy_s(ticks, ticks_after) / sent * 1e9,
            "went": {way: count for way, count in went.items() if count},
            "misses": after.misses - before.misses,
            "steal_share": machine.steal_share(ticks, ticks_after)}


# What of a broker, of its consumer or of its figures may go wrong.
ERRORS = (BrokerError, broker_figures.NoFigures, OSError, ValueError, subprocess.TimeoutExpired)


def first_line(error):
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def measure_path(topic, path, cells, results, progress):
    """Measures cells, each with its fetch size, on a broker that is started for them. What has no
    spread is counted in the first round only."""
    topic.start(path)
    for cell, fetch_bytes in cells:
        try:
            record = {"kind": "cell", **cell, **measure_cell(topic, fetch_bytes)}
            if cell["round"] == 1:
                record |= topic.calls_and_punts(fetch_bytes)
            results.add(record)
        except ERRORS as error:
            results.add({"kind": "refused", **cell, "why": first_line(error)})
        progress.step(cell["id"])
    topic.stop()


def prepare(topic):
    topic.start("auto")
    topic.fill()
    topic.warm()
    topic.check()
    topic.stop()


def cells_of(scale):
    """In turns, [[(what it is, bytes of a fetch), ...] of one start of the broker, ...]."""
    return [[({"id": cell_id(path, size, number), "part": "broker", "path": path, "size": size,
               "round": number}, count) for size, count in scale.sizes.items()]
            for number in range(1, scale.rounds + 1) for path in PATHS]


def cells_left(results, scale):
    left = set(harness.ids_left(results.records))
    groups = ([(cell, count) for cell, count in group if cell["id"] in left]
              for group in cells_of(scale))
    return [group for group in groups if group]


def measure(options, results, progress, until):
    """Measures what is left of the plan, and starts no broker after `until`. When a broker can't be
    started, filled or stopped, all that is left is refused with the reason."""
    scale = scale_of(options.full)
    if not cells_left(results, scale):
        return
    print(f"filling a topic with {scale.topic_bytes >> 20} MiB", flush=True)
    with harness.part_of(results), Topic(options.broker, options.dir / FILES,
                                         scale.topic_bytes) as topic:
        try:
            prepare(topic)
            for group in cells_left(results, scale):
                if time.monotonic() < until:
                    measure_path(topic, group[0][0]["path"], group, results, progress)
        except ERRORS as error:
            for cell, _ in sum(cells_left(results, scale), []):
                results.add({"kind": "refused", **cell, "why": first_line(error)})
                progress.step(cell["id"])
