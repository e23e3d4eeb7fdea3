"""The readers of `./dev perf zerocopy` on a broker of its own: one at the tail, and one far behind
with its files in the page cache and without. Each is watched once with delivery.path=auto; then
those behind are timed over each path in turns, unwatched, since watching costs."""

import contextlib
import os
import subprocess
import time

import broker_figures
import harness
import netpath_broker
import probes
import watch
from broker import BrokerError
from netpath_broker import Topic, first_line

FILES = "millrace-zerocopy-broker"
TAIL_TOPIC = "tail"
PATHS = ("auto", "memory", "sendfile", "mmap", "splice")
PLACES = ("warm", "cold")
FETCH_BYTES = 1 << 20
MIB = 1 << 20
# A reader at the tail gets what is produced at this rate: slow enough to keep up with.
TAIL_RATE, TAIL_TICK_S = 16e6, 0.05
QUICK_BEHIND_MIB, FULL_BEHIND_MIB = 1024, 2048
QUICK_ROUNDS, FULL_ROUNDS = 3, 5
QUICK_TAIL_S, FULL_TAIL_S = 8, 20
# Of perf: until it watches, and until it has told what it saw.
WATCH_S = 12
ERRORS = (*netpath_broker.ERRORS, subprocess.SubprocessError)


def scale(options):
    """How much the reader is behind, how many rounds, and how long the one at the tail is."""
    full = options.full
    return {"behind_mib": options.behind or (FULL_BEHIND_MIB if full else QUICK_BEHIND_MIB),
            "rounds": FULL_ROUNDS if full else QUICK_ROUNDS,
            "tail_s": FULL_TAIL_S if full else QUICK_TAIL_S}


def watch_id(name, size):
    return f"watch-{name}-{size['behind_mib']}m"


def cell_of(place, path, number, size):
    return {"id": f"{place}-{path}-{size['behind_mib']}m~{number}", "part": "pass", "place": place,
            "path": path, "round": number}


def turns(size):
    """[[cells of one start of the broker], ...]."""
    return [[cell_of(place, path, number, size) for place in PLACES]
            for number in range(1, size["rounds"] + 1) for path in PATHS]


def plan(size):
    watched = [watch_id(name, size) for name in ("tail", *PLACES)]
    timed = [cell["id"] for turn in turns(size) for cell in turn]
    one_pass = size["behind_mib"] * MIB / netpath_broker.READ_RATE + 1
    seconds = (size["behind_mib"] * MIB / netpath_broker.FILL_RATE + len(timed) * one_pass
               + len(timed) / 2 * netpath_broker.START_S
               + size["tail_s"] + 3 * (WATCH_S + one_pass))
    return {"ids": [*watched, *timed], "seconds": seconds,
            "disk_bytes": size["behind_mib"] * MIB + int(size["tail_s"] * TAIL_RATE) + (1 << 30)}


def segments(topic):
    return sorted((topic.folder / "data" / f"{netpath_broker.TOPIC}-0").glob("*.log"))


def evict(topic):
    """Has the kernel drop the topic's files from the page cache, and no others; what has not been
    written yet can't be dropped."""
    for segment in segments(topic):
        with open(segment, "rb", buffering=0) as file:
            os.fdatasync(file)
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def prepare(topic, place):
    topic.warm() if place == "warm" else evict(topic)


@contextlib.contextmanager
def reader_at_the_tail(topic):
    command = ["kcat", "-C", "-b", topic.broker.address, "-t", TAIL_TOPIC, "-p", "0", "-o", "end",
               "-q", "-u", "-X", "fetch.wait.max.ms=50"]
    reader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield
        if reader.poll() is not None:
            raise BrokerError(f"kcat -C ended with {reader.returncode}: "
                              f"{reader.stderr.read().decode(errors='replace').strip()}")
    finally:
        reader.terminate()
        reader.communicate()


def produce_slowly(topic, seconds):
    """At TAIL_RATE, to a topic that comes into being with its first record."""
    count = int(TAIL_RATE * TAIL_TICK_S / netpath_broker.RECORD_BYTES)
    block = b"".join(netpath_broker.lines_of(count))
    command = ["kcat", "-P", "-b", topic.broker.address, "-t", TAIL_TOPIC,
               *netpath_broker.PRODUCER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as producer:
        due = began = time.monotonic()
        while due < began + seconds:
            producer.stdin.write(block)
            producer.stdin.flush()
            due += TAIL_TICK_S
            time.sleep(max(due - time.monotonic(), 0))
        said = producer.communicate()[1].decode(errors="replace").strip()
    if producer.returncode:
        raise BrokerError(f"kcat -P ended with {producer.returncode}: {said[-300:]}")


def watched(pid, address, folder, load):
    """What the probes say of a broker while `load()` runs."""
    binary = watch.binary_of(pid)
    with watch.watching(pid, folder) as seen:
        before = broker_figures.snapshot(address, pid)
        load()
        spent = broker_figures.spent(before, broker_figures.snapshot(address, pid))
    seen = probes.with_stacks(seen, binary)
    went = broker_figures.delivered(spent["metrics"])
    return {"went": went, "bytes_read": spent["io"].get("read_bytes"),
            "appended": spent["metrics"].get("millrace_bytes_appended_total", 0),
            "cpu_s": spent["cpu_s"], "elapsed_s": spent["elapsed_s"],
            "steal_share": spent["steal_share"], "event": seen["event"].text,
            "no_samples": seen["samples"].why_not,
            "probes": probes.figures(spent, seen), "stacks": seen["stacks"]}


def watch_topic(topic, name, size):
    address, pid = f"127.0.0.1:{topic.admin_port}", topic.broker.process.pid
    if name != "tail":
        prepare(topic, name)
        return watched(pid, address, topic.folder, lambda: topic.consume(FETCH_BYTES))
    produce_slowly(topic, 1)
    with reader_at_the_tail(topic):
        time.sleep(1)  # until it asks for what isn't there yet
        return watched(pid, address, topic.folder, lambda: produce_slowly(topic, size["tail_s"]))


def tried(measure, what, results, progress):
    """Keeps what was measured, or why it wasn't."""
    try:
        results.add({"kind": "cell", **what, **measure()})
    except ERRORS as error:
        results.add({"kind": "refused", **what, "why": first_line(error)})
    progress.step(what["id"])


def watch_all(topic, results, progress, size, left):
    names = [name for name in ("tail", *PLACES) if watch_id(name, size) in left]
    for name in names:
        topic.start("auto")
        tried(lambda: watch_topic(topic, name, size),
              {"id": watch_id(name, size), "part": "watch", "name": name}, results, progress)
        topic.stop()


def bytes_read(topic):
    """What the broker's process had the disk read: the proof that cold was cold."""
    return broker_figures.process_io(topic.broker.process.pid).get("read_bytes", 0)


def time_turn(topic, cells, results, progress):
    def one_pass(place):
        prepare(topic, place)
        read = bytes_read(topic)
        cell = netpath_broker.measure_pass(topic, FETCH_BYTES)
        return {**cell, "bytes_read": bytes_read(topic) - read}

    topic.start(cells[0]["path"])
    for cell in cells:
        tried(lambda: one_pass(cell["place"]), cell, results, progress)
    topic.stop()


def cells_left(results, size):
    left = set(harness.ids_left(results.records))
    return [cells for cells in ([cell for cell in turn if cell["id"] in left]
                                for turn in turns(size)) if cells]


def fill(topic):
    topic.start("auto")
    topic.fill()
    topic.warm()
    topic.check()
    topic.stop()


def refuse_left(results, progress, why):
    for one in harness.ids_left(results.records):
        results.add({"kind": "refused", "id": one, "why": why})
        progress.step(one)


def measure(options, results, progress, size, until):
    """Measures what is left of the plan, and starts no broker after `until`."""
    if not harness.ids_left(results.records):
        return
    print(f"filling a topic with {size['behind_mib']} MiB", flush=True)
    with harness.part_of(results), Topic(options.broker, options.dir / FILES,
                                         size["behind_mib"] * MIB) as topic:
        try:
            fill(topic)
            watch_all(topic, results, progress, size, set(harness.ids_left(results.records)))
            for cells in cells_left(results, size):
                if time.monotonic() < until:
                    time_turn(topic, cells, results, progress)
        except ERRORS as error:
            refuse_left(results, progress, first_line(error))
