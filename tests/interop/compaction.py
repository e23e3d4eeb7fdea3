"""Kafka's cleaner and ours on the same logs: random histories of keys, tombstones, batches of many sizes, codecs and
producers go to both brokers in the same bytes; each cleans its copy, in turns also what the other one has cleaned
before, and what is left is the same, batch by batch and record by record. Then ours is killed again and again while it
cleans: nothing that is the newest of its key is lost, and nothing else comes back.

Run by Debian's own Python, which has Debian's confluent_kafka. The last line says how many histories passed."""

import argparse
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "differential"), str(HERE.parent / "integration")]
from broker import Broker, BrokerError, expect, run_in_folder  # noqa: E402
import kafka  # noqa: E402
from book_reader import wait_for  # noqa: E402
from batches import batch, crc32c  # noqa: E402
from compaction_commits import CommitStory  # noqa: E402
from compaction_kills import KillStory  # noqa: E402
from raw_produce import Producer, create_topics  # noqa: E402

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
PHASES = 3
CLEANED_WITHIN_S = 120
FOREVER = 1 << 50
# What the clock, the leaders and the compressors make of it.
OWN = re.compile(r"(?:position|size|partitionLeaderEpoch|crc|LogAppendTime): \S+ ?|(?<=OptionalLong\[)\d+")


class History:
    """One topic of one partition: batches in the order in which they are sent, in PHASES parts."""

    def __init__(self, number, rng):
        self.topic = f"history-{number}"
        self.settings = {
            "cleanup.policy": rng.choice(["compact", "compact", "compact,delete"]),
            "segment.bytes": str(rng.choice([5_000, 8_000, 30_000])),
            "index.interval.bytes": str(rng.choice([1, 500, 4096])),
            "delete.retention.ms": str(rng.choice([0, 0, FOREVER])),
            "message.timestamp.type": rng.choice(["CreateTime"] * 3 + ["LogAppendTime"]),
            "min.cleanable.dirty.ratio": "0.01", "retention.ms": "-1",
        }
        keys = rng.choice([1, 5, 30, 200])
        producers = [None] * 3 + [[1000 * number + each, 0] for each in range(rng.choice([0, 1, 4]))]
        self.time = int(time.time() * 1000)
        self.parts = [[self.make_batch(rng, keys, producers) for _ in range(rng.randint(5, 40))]
                      for _ in range(PHASES)]

    def make_batch(self, rng, keys, producers):
        """(codec, plain batch)."""
        records = []
        for _ in range(rng.choice([1, 1, 3, 20])):
            key = b"key-%d" % rng.randrange(keys)
            value = None if rng.random() < 0.2 else rng.randbytes(rng.choice([0, 10, 100])) + b"v" * rng.randint(0, 90)
            records.append((key, value))
        times = [self.time + rng.randrange(-1000, 1000) for _ in records]
        self.time += 10
        producer = rng.choice(producers)
        sequence = (-1, -1, -1)
        if producer:
            sequence = (producer[0], 0, producer[1])
            producer[1] += len(records)
        return rng.choice(CODECS), batch(records, timestamps=times, producer=sequence)


def unplaced(data):
    """A batch out of a log as a producer would send it."""
    return b"\0" * 8 + data[8:12] + b"\xff" * 4 + data[16:]


def split(data):
    while data:
        size = 12 + int.from_bytes(data[8:12], "big")
        yield data[:size]
        data = data[size:]


class Story:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        rng = random.Random(options.seed)
        self.histories = [History(number, rng) for number in range(options.histories)]
        self.ours, self.java = folder / "ours", folder / "java"
        self.zookeeper = kafka.ZooKeeper(folder / "zookeeper")
        self.records = self.left = self.empty = self.tombstones = 0

    def run(self):
        with self.zookeeper:
            self.zookeeper.start()
            self.compress()
            for phase in range(PHASES):
                self.append(phase)
                self.clean(phase)
                self.compare(phase)

    def millrace(self, data, cleans):
        port = kafka.free_port()
        settings = [f"listeners=PLAINTEXT://127.0.0.1:{port}", "broker.id=0", *self.cleaner(cleans),
                    "auto.create.topics.enable=false", *self.options.override]
        return Broker(self.options.broker, data, self.folder / "millrace.log", settings)

    def kafka_broker(self, data, cleans):
        return kafka.KafkaBroker(self.folder / "kafka", data, self.zookeeper,
                                 [*self.cleaner(cleans), "auto.create.topics.enable=false"])

    @staticmethod
    def cleaner(cleans):
        # The files of segments that were exchanged stay for the dump to leave out.
        return [f"log.cleaner.enable={str(cleans).lower()}", "log.cleaner.backoff.ms=100",
                "log.cleaner.dedupe.buffer.size=8388608", "log.retention.check.interval.ms=3600000"]

    def compress(self):
        """Plain batches of the histories become those of their codecs, by topics that compress."""
        wanted = {codec: [] for codec in CODECS}
        for history in self.histories:
            for part in history.parts:
                for codec, plain in part:
                    wanted[codec].append(plain)
        data = self.folder / "codecs"
        broker = self.millrace(data, False)
        with broker:
            broker.start()
            create_topics(broker.address, {f"as-{codec}": {"compression.type": codec} if codec != "none" else {}
                                           for codec in CODECS})
            with Producer(broker.address) as producer:
                for codec, batches in wanted.items():
                    for plain in batches:
                        # Without its producer, for all histories go into one log.
                        producer.send({f"as-{codec}": with_producer(plain, (-1, -1, -1))})
            broker.stop()
        made = {codec: iter([each for path in sorted(data.glob(f"as-{codec}-0/*.log"))
                             for each in split(path.read_bytes())]) for codec in CODECS}
        for history in self.histories:
            history.parts = [[with_producer(unplaced(next(made[codec])), producer_of(plain))
                              for codec, plain in part] for part in history.parts]

    def append(self, phase):
        with self.millrace(self.ours, False) as ours:
            ours.start()
            if phase == 0:
                create_topics(ours.address, {each.topic: each.settings for each in self.histories})
            self.send(ours.address, phase)
            ours.stop()
        if phase == 0:
            shutil.copytree(self.ours, self.java)
            self.introduce()
            return
        with self.kafka_broker(self.java, False) as java:
            java.start()
            wait_for("leaders", lambda: self.try_send(java.address, phase))
            java.stop()

    def introduce(self):
        rows = ["create /config", "create /config/topics"]
        for each in self.histories:
            pairs = ",".join(f'"{key}":"{value}"' for key, value in each.settings.items())
            rows.append(f'create /config/topics/{each.topic} {{"version":1,"config":{{{pairs}}}}}')
        kafka.introduce(self.zookeeper, self.java)
        kafka.zookeeper_shell(self.zookeeper, rows)

    def try_send(self, address, phase):
        """Once a broker leads everything; until then nothing is sent."""
        with Producer(address) as producer:
            missing = producer.not_led([each.topic for each in self.histories])
        if missing:
            return f"{len(missing)} topics have no leader"
        self.send(address, phase)
        return None

    def send(self, address, phase):
        rounds = max(len(each.parts[phase]) for each in self.histories)
        with Producer(address) as producer:
            for turn in range(rounds):
                producer.send({each.topic: each.parts[phase][turn] for each in self.histories
                               if turn < len(each.parts[phase])})

    def clean(self, phase):
        # Each goes on where the other has ended, every second time.
        ours, theirs = (self.ours, self.java) if phase % 2 == 0 else (self.java, self.ours)
        with self.millrace(ours, True) as broker:
            broker.start()
            wait_for("our cleaner", lambda: self.dirty(ours), CLEANED_WITHIN_S)
            broker.stop()
        with self.kafka_broker(theirs, True) as java:
            java.start()
            wait_for("Kafka's cleaner", lambda: self.dirty(theirs), CLEANED_WITHIN_S)
            java.stop()

    def dirty(self, data):
        path = data / "cleaner-offset-checkpoint"
        lines = path.read_text().splitlines()[2:] if path.exists() else []
        cleaned = {line.split()[0]: int(line.split()[2]) for line in lines}
        left = [each.topic for each in self.histories
                if cleaned.get(each.topic, 0) != self.last_base(data, each)]
        return f"{len(left)} logs are dirty, {left[:3]}" if left else None

    @staticmethod
    def last_base(data, history):
        return max(int(path.stem) for path in data.glob(f"{history.topic}-0/*.log"))

    def compare(self, phase):
        mine, its = self.dump(self.ours), self.dump(self.java)
        for each in self.histories:
            left, right = mine[each.topic], its[each.topic]
            for number, (line, other) in enumerate(zip(left + [None], right + [None])):
                expect(line == other, f"{each.topic} {each.settings}, phase {phase}, line {number}:\n{line}\n{other}")
            self.left += sum(line.startswith("| offset") for line in left)
            self.empty += sum(" count: 0 " in line for line in left)
            self.tombstones += sum("OptionalLong[]" in line for line in left)
        print(f"phase {phase}: {len(self.histories)} logs are the same", flush=True)

    def dump(self, data):
        """{topic: lines of DumpLogSegments}, without what may differ, over all segments."""
        found = {}
        paths = [path for each in self.histories for path in sorted(data.glob(f"{each.topic}-0/*.log"))]
        relative = [str(path.relative_to(data)) for path in paths]
        for part in kafka.chunks(relative):
            with kafka.java("kafka.tools.DumpLogSegments", "--deep-iteration", "--print-data-log", "--files",
                            ",".join(part), cwd=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
                lines = []
                for line in process.stdout:
                    named = re.match(r"Dumping (history-\d+)-0/", line)
                    if named:
                        lines = found.setdefault(named.group(1), [])
                        # Which segments there are is compared, too.
                        lines.append(line)
                    elif line.startswith(("baseOffset: ", "| offset: ")):
                        expect("isvalid: false" not in line, line)
                        lines.append(OWN.sub("", line))
            expect(process.returncode == 0, f"DumpLogSegments ended with {process.returncode}")
        return found

    def figure(self):
        sent = sum(len(part) for each in self.histories for part in each.parts)
        return (f"{len(self.histories)} histories of {sent} batches in {PHASES} phases: {self.left} records, {self.empty} "
                f"empty batches and {self.tombstones} with a delete horizon left by both cleaners")


def producer_of(data):
    return (int.from_bytes(data[43:51], "big", signed=True), int.from_bytes(data[51:53], "big", signed=True),
            int.from_bytes(data[53:57], "big", signed=True))


def with_producer(data, producer):
    pid, epoch, sequence = producer
    covered = (data[21:43] + pid.to_bytes(8, "big", signed=True) + epoch.to_bytes(2, "big", signed=True)
               + sequence.to_bytes(4, "big", signed=True) + data[57:])
    return data[:17] + crc32c(covered).to_bytes(4, "big") + covered


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--commits", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--keep", help="a folder in which everything is left")
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def run_in(options, folder):
    try:
        story = Story(options, folder)
        if options.histories:
            story.run()
        commits = CommitStory(options, folder / "commits")
        commits.run()
        kills = KillStory(options, folder / "kills")
        if options.kills:
            kills.run()
    except (BrokerError, kafka.KafkaError, OSError, subprocess.TimeoutExpired) as error:
        print(f"FAILED: {error}")
        print("0 passed, 1 failed")
        return 1
    print(f"figure: {story.figure()}; {commits.figure()}; {kills.figure()}")
    print(f"{options.histories + options.kills + 1} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(run_in_folder(run_in, parse(), "compaction"))
