"""What a log keeps, under load and kill -9: topics that keep a size, keep a time, are cut by
DeleteRecords, are deleted and made again under the same name, or keep everything. After each kill, and
all the time in between, it is compared with what was sent and acknowledged and what may be gone: nothing
comes back, nothing else goes. After each clean stop Kafka's DumpLogSegments looks at every file.

Run by Debian's own Python, which has Debian's confluent_kafka. The last lines: a figure, and how many
kills and clean stops passed."""

import argparse
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from confluent_kafka import KafkaException

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from broker import Broker, BrokerError, expect, run_in_folder  # noqa: E402
import kafka  # noqa: E402
from book_reader import BookReader, wait_for  # noqa: E402
from raw_requests import log_sizes  # noqa: E402
from retention_load import Cutter, Rebirth, Writer  # noqa: E402

SEGMENT = 1 << 20
RETENTION_BYTES = 3 << 20
RETENTION_MS = 3000
# What is appended counts for retention.bytes, and a kill may take the last requests with it.
IN_FLIGHT = 5 << 16
KEEP = {"retention.ms": "-1", "retention.bytes": "-1"}
#        topic: partitions, bytes a second, codec, idempotent, settings
TOPICS = {
    "by-size": (3, 3 << 20, "none", True, {**KEEP, "retention.bytes": str(RETENTION_BYTES)}),
    "by-time": (3, 2 << 20, "zstd", True, {**KEEP, "retention.ms": str(RETENTION_MS)}),
    "cut": (3, 2 << 20, "lz4", False, KEEP),
    "reborn": (3, 2 << 20, "gzip", False, KEEP),
    "kept": (2, 1 << 18, "snappy", False, KEEP),
}
BROKER_SETTINGS = [
    f"log.segment.bytes={SEGMENT}", "journal.bytes=4194304", "auto.create.topics.enable=false",
    "log.retention.check.interval.ms=300", "log.initial.task.delay.ms=300",
    "log.segment.delete.delay.ms=400",
]


class Story:
    def __init__(self, options, folder):
        self.options, self.folder, self.data = options, folder, folder / "data"
        self.random = random.Random(options.seed)
        port = kafka.free_port()
        self.broker = Broker(options.broker, self.data, folder / "broker.log",
                             [*BROKER_SETTINGS, f"durability={options.durability}",
                              f"listeners=PLAINTEXT://127.0.0.1:{port}", *options.override])
        self.totals = Counter()
        self.bases = {}    # (topic, partition): where segments were seen to begin
        self.full = set()  # partitions that have had RETENTION_BYTES

    def run(self):
        self.broker.start()
        address = self.broker.address
        self.writers = {topic: (Rebirth if topic == "reborn" else Writer)
                        (address, topic, *settings, self.random.random())
                        for topic, settings in TOPICS.items()}
        self.cutter = Cutter(address, self.writers["cut"].books, self.random.random())
        self.loads = [*self.writers.values(), self.cutter]
        try:
            for load in self.loads:
                load.start()
            self.campaign()
        finally:
            for load in self.loads:
                load.stop()

    def campaign(self):
        for kill in range(1, self.options.kills + 1):
            self.watch(self.random.uniform(*self.options.seconds))
            if kill % self.options.rebirth_every == 0:
                self.wait_for_rebirth()
            self.broker.kill()
            self.totals["kills"] += 1
            self.totals["half"] += self.writers["reborn"].state != Rebirth.WRITES
            self.go_on(f"after kill {kill}")
            if kill % self.options.stop_every == 0:
                self.stop_and_look(kill)
                self.go_on(f"after the stop behind kill {kill}")

    def wait_for_rebirth(self):
        """A topic is being deleted, or is gone and not made again."""
        deadline = time.monotonic() + 3
        while self.writers["reborn"].state == Rebirth.WRITES and time.monotonic() < deadline:
            time.sleep(0.0005)
        time.sleep(self.random.uniform(0, 0.03))

    def go_on(self, what):
        """Starts the broker under the load that waits for it, then compares everything."""
        try:
            self.broker.start()
            self.note_bases()
            self.pause()
            self.compare(what)
        except BrokerError as error:
            raise BrokerError(f"{what}: {error}") from error
        self.resume()

    def pause(self):
        """Everything that was sent is acknowledged or has failed when it returns."""
        for load in self.loads:
            load.pause()
        for load in self.loads:
            load.wait_paused()

    def resume(self):
        for load in self.loads:
            load.resume()

    # What is seen while everything goes on.

    def watch(self, seconds):
        until = time.monotonic() + seconds
        reader = BookReader(self.broker.address)
        while time.monotonic() < until:
            self.note_bases()
            self.look(reader)
            self.look_at_sizes()
            time.sleep(0.03)
        reader.close()

    def look(self, reader):
        for topic, writer in self.writers.items():
            if topic == "reborn":
                continue  # which life it was can't be told; it is compared when all is quiet
            for book in writer.books:
                reader.ask(book)
            self.totals["looks"] += 1

    def look_at_sizes(self):
        """A log that has once had retention.bytes keeps as many."""
        for (topic, partition), size in log_sizes(self.broker.address).items():
            if topic != "by-size":
                continue
            if size >= RETENTION_BYTES:
                self.full.add(partition)
            expect(size >= self.least_size() or partition not in self.full,
                   f"{topic}-{partition}: only {size} bytes are left")

    def least_size(self):
        return RETENTION_BYTES - (IN_FLIGHT if self.totals["kills"] else 0)

    def note_bases(self):
        for topic in ("by-size", "by-time"):
            for partition in range(TOPICS[topic][0]):
                self.bases.setdefault((topic, str(partition)), set()).update(
                    int(path.stem) for path in self.data.glob(f"{topic}-{partition}/*.log"))

    # What is seen when all is quiet.

    def compare(self, what):
        reader = BookReader(self.broker.address)
        records = 0
        for topic, writer in self.writers.items():
            if topic == "reborn" and not self.is_there(reader, writer):
                continue
            records += reader.read(writer.books)
            reader.read_below(writer.books)
        reader.close()
        self.check_starts()
        wait_for(what, self.removed_folders)
        self.totals["records"] += records
        print(f"{what}: {records} records as they were sent, begins: " + ", ".join(
            f"{topic} {[book.start for book in writer.books]}"
            for topic, writer in self.writers.items()), flush=True)

    def is_there(self, reader, writer):
        there = "reborn" in reader.topics()
        writer.check_there(there)
        return there

    def check_starts(self):
        for text in re.findall(r"rolled a segment (.*)", self.broker_log()):
            topic, partition = re.search(r"partition=(\S+)-(\d+)", text).groups()
            base = int(re.search(r"base_offset=(\d+)", text).group(1))
            self.bases.setdefault((topic, partition), set()).add(base)
        for topic, writer in self.writers.items():
            for book in writer.books:
                bases = self.bases.get((topic, str(book.partition)), set())
                if topic in ("kept", "reborn"):
                    book.check_unmoved()
                elif topic == "cut":
                    book.check_asked()
                else:
                    book.check_bases(bases)
                if topic == "by-time":
                    book.check_ages(RETENTION_MS)

    def removed_folders(self):
        left = [path.name for path in self.data.iterdir() if path.name.endswith("-delete")]
        return f"folders that should be gone: {left}" if left else None

    def broker_log(self):
        return Path(self.broker.log_path).read_text(errors="replace")

    # What is seen in the files.

    def stop_and_look(self, kill):
        self.watch(self.random.uniform(*self.options.seconds))
        self.pause()
        reader = BookReader(self.broker.address)
        wait_for("by-time", lambda: self.too_old(reader))
        wait_for("by-size", self.too_large)
        wait_for("cut", self.not_cut)
        wait_for("files", self.removed_files)
        self.look(reader)
        reader.close()
        self.broker.stop()
        self.look_at_files()
        found = kafka.dump_directory(self.data)
        self.totals["stops"] += 1
        self.totals["files"] += found.files
        print(f"stop behind kill {kill}: DumpLogSegments accepts {found.files} files with "
              f"{found.deep_records} records, batches {found.batches}", flush=True)

    def too_old(self, reader):
        for book in self.writers["by-time"].books:
            start, end = reader.ask(book)
            if start != end:
                return f"{book} begins at {start} and ends at {end}"
        return None

    def logs(self, topic, partition):
        """{base: size} of a partition's segments."""
        return {int(path.stem): path.stat().st_size
                for path in sorted(self.data.glob(f"{topic}-{partition}/*.log"))}

    def too_large(self):
        for (topic, partition), size in log_sizes(self.broker.address).items():
            if topic == "by-size" and size >= RETENTION_BYTES + SEGMENT:
                return f"{topic}-{partition} has {size} bytes"
        return None

    def not_cut(self):
        for book in self.writers["cut"].books:
            bases = list(self.logs("cut", book.partition))
            if len(bases) > 1 and bases[1] <= book.start:
                return f"{book} begins at {book.start}, its files at {bases}"
        return None

    def removed_files(self):
        left = [str(path.relative_to(self.data)) for path in self.data.glob("*/*.deleted")]
        return f"files that should be gone: {left[:5]}" if left else self.removed_folders()

    def look_at_files(self):
        starts = self.checkpointed_starts()
        for topic, writer in self.writers.items():
            for book in writer.books:
                logs = self.logs(topic, book.partition)
                if topic == "reborn" and not logs:
                    continue
                self.look_at_logs(book, logs)
                start = starts.get((topic, book.partition), min(logs))
                expect(start == book.start, f"{book}: the checkpoint says {start}, not {book.start}")

    def look_at_logs(self, book, logs):
        bases = list(logs)
        expect(bases[0] <= book.start, f"{book}: begins at {book.start}, its files at {bases[0]}")
        if book.topic == "by-size" and bases[0] > 0:
            size = sum(logs.values())
            expect(self.least_size() <= size < RETENTION_BYTES + logs[bases[0]],
                   f"{book}: {size} bytes are left, {logs}")
        if book.topic == "by-time":
            expect(list(logs.values()) == [0], f"{book}: {logs} is left")

    def checkpointed_starts(self):
        lines = (self.data / "log-start-offset-checkpoint").read_text().splitlines()[2:]
        return {(topic, int(partition)): int(offset)
                for topic, partition, offset in (line.split() for line in lines)}

    def figure(self):
        lives = self.writers["reborn"].lives
        gone = sum(book.start for topic in ("by-size", "by-time")
                   for book in self.writers[topic].books)
        acknowledged = sum(writer.acknowledged() for writer in self.writers.values())
        return (f"durability={self.options.durability}: {self.totals['kills']} kills, "
                f"{self.totals['stops']} clean stops with {self.totals['files']} files accepted by "
                f"DumpLogSegments, {acknowledged} records acknowledged, {gone} gone by size and "
                f"time, {self.cutter.answered} DeleteRecords, {lives} lives of one topic "
                f"({self.totals['half']} kills between two), "
                f"{self.totals['records']} records compared, {self.totals['looks']} looks")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--stop-every", type=int, default=6, help="kills to a clean stop")
    parser.add_argument("--durability", default="flush")
    parser.add_argument("--seconds", type=float, nargs=2, default=(0.3, 4), help="of each life")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--rebirth-every", type=int, default=3,
                        help="kills to one that waits until a topic is deleted")
    parser.add_argument("--keep", help="a folder in which everything is left")
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def run_in(options, folder):
    story = Story(options, folder)
    with story.broker:
        try:
            story.run()
        except (BrokerError, KafkaException, kafka.KafkaError, OSError,
                subprocess.TimeoutExpired) as error:
            print(f"FAILED: {error}\n{story.broker.log_tail()}")
            print(f"{max(story.totals['kills'] - 1, 0)} passed, 1 failed")
            return 1
    print(f"figure: {story.figure()}")
    print(f"{story.totals['kills'] + story.totals['stops']} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(run_in_folder(run_in, parse(), "retention"))
