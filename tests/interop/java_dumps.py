"""Kafka's own eyes on Millrace's files: after clean stops and after `millrace recover` behind a kill -9,
DumpLogSegments looks at every .log, .index and .timeindex, and a Java broker serves a copy of the
directory. Right after each kill a Java broker has to refuse it and name the remedy. The last line says
how many checks passed."""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from broker import Broker, BrokerError, kcat, kcat_consume  # noqa: E402
import kafka  # noqa: E402

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
PARTITIONS = 6
REMEDY = "MILLRACE_UNCLEAN.run_millrace_recover"


def topic_of(codec):
    return f"dump-{codec}"


class Writer(threading.Thread):
    """Sends text to all partitions of one codec's topic, file by file, until it is told to stop."""

    def __init__(self, broker, codec, folder, seed):
        super().__init__(daemon=True)
        self.address, self.codec = broker.address, codec
        self.random = random.Random(seed)
        self.path = folder / f"writer-{codec}.txt"
        self.stopping = threading.Event()
        self.sent = 0

    def run(self):
        words = ["".join(self.random.choices("abcdefgh \u00e4", k=9)) for _ in range(400)]
        while not self.stopping.is_set():
            lines = ["".join(self.random.choices(words, k=self.random.randint(5, 300)))
                     for _ in range(600)]
            self.path.write_text("\n".join(lines) + "\n")
            try:
                kcat("-P", "-b", self.address, "-t", topic_of(self.codec), "-p",
                     self.random.randrange(PARTITIONS), "-z", self.codec, "-X", "linger.ms=2",
                     "-X", "batch.num.messages=60", "-X", "topic.message.timeout.ms=5000",
                     "-X", "topic.acks=all", "-l", self.path, timeout=30)
            except subprocess.TimeoutExpired:
                return
            self.sent += len(lines)


def make_topics(broker):
    """By asking for them, one after the other, until each has its partitions."""
    for codec in CODECS:
        for _ in range(100):
            done = kcat("-L", "-b", broker.address, "-t", topic_of(codec), "-m", "5", timeout=20,
                        stdout=subprocess.PIPE)
            if f"with {PARTITIONS} partitions" in done.stdout:
                break
            time.sleep(0.1)
        else:
            raise BrokerError(f"{topic_of(codec)} doesn't come into being: {done.stdout[-400:]}")


def write_for(broker, folder, seconds, seed, end):
    """Writes in all codecs at once for a while, then ends the broker by `end`: the writers stop
    before a clean stop and after a kill."""
    writers = [Writer(broker, codec, folder, f"{seed} {codec}") for codec in CODECS]
    for writer in writers:
        writer.start()
    time.sleep(seconds)
    if end == broker.kill:
        broker.kill()
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join()
    if end != broker.kill:
        end()


def check_dump(data, what):
    found = kafka.dump_directory(data)
    if set(found.batches) != set(CODECS) or sum(found.records.values()) != found.deep_records:
        raise kafka.KafkaError(f"{what}: batches {found.batches}, records {found.records}, "
                               f"{found.deep_records} looked at")
    logs = len(list(data.glob("*/*.log")))
    print(f"ok {what}: {found.files} files, {logs} of them logs, batches {found.batches}, "
          f"{found.deep_records} records, no mismatch", flush=True)
    return found.deep_records


def check_served(data, folder, records, what):
    """A Java broker on a copy of the directory has to serve every record."""
    copy, peer = folder / "copy", folder / "peer"
    shutil.copytree(data, copy)
    with kafka.ZooKeeper(peer) as zookeeper:
        zookeeper.start()
        kafka.introduce(zookeeper, copy)
        with kafka.KafkaBroker(peer, copy, zookeeper) as broker:
            broker.start()
            served = 0
            for codec in CODECS:
                for index in range(PARTITIONS):
                    got = folder / "served.txt"
                    consume_served(broker.address, topic_of(codec), index, got)
                    served += got.read_bytes().count(b"\n")
            broker.stop()
        if served != records:
            raise kafka.KafkaError(f"{what}: a Java broker serves {served} of {records} records")
    shutil.rmtree(copy)
    shutil.rmtree(peer)
    print(f"ok {what}: a Java broker serves all {served} records", flush=True)


def consume_served(address, topic, index, got):
    """A broker that has just started may not lead yet."""
    for attempt in range(20):
        try:
            return kcat_consume(address, topic, index, got, 60)
        except BrokerError:
            if attempt == 19:
                raise
            time.sleep(0.5)


def check_refused(data, folder, what):
    peer = folder / "peer"
    with kafka.ZooKeeper(peer) as zookeeper:
        zookeeper.start()
        # In its own cluster, so that nothing but the folder stands in the way.
        kafka.introduce(zookeeper, data)
        with kafka.KafkaBroker(peer, data, zookeeper) as broker:
            line = broker.expect_refusal(REMEDY)
    shutil.rmtree(peer)
    print(f"ok {what}: a Java broker refuses: {line.strip()[:300]}", flush=True)


def recover(binary, data, what):
    done = subprocess.run([binary, "recover", str(data)], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise BrokerError(f"{what}: millrace recover ended with {done.returncode}\n{done.stdout}"
                          f"{done.stderr}")
    if (data / REMEDY).exists():
        raise BrokerError(f"{what}: {REMEDY} is still there after millrace recover")


def one_round(options, number, folder, data):
    """A clean stop, then a kill with a recovery, each with all that is to be seen behind it."""
    overrides = ["log.segment.bytes=1048576", f"num.partitions={PARTITIONS}", "broker.id=0",
                 *options.override]
    with Broker(options.broker, data, folder / "broker.log", overrides) as broker:
        broker.start()
        make_topics(broker)
        write_for(broker, folder, options.seconds, f"{options.seed} {number} stop", broker.stop)
        what = f"clean stop {number}"
        check_served(data, folder, check_dump(data, what), what)
        broker.start()
        write_for(broker, folder, options.seconds, f"{options.seed} {number} kill", broker.kill)
        what = f"kill {number}"
        check_refused(data, folder, what)
        recover(options.broker, data, what)
        what = f"recovery {number}"
        check_served(data, folder, check_dump(data, what), what)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="of writing before each end")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def main():
    options = parse()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="millrace-dumps-") as name:
        folder = Path(name)
        data = folder / "data"
        for number in range(1, options.rounds + 1):
            try:
                one_round(options, number, folder, data)
            except (BrokerError, kafka.KafkaError, subprocess.TimeoutExpired) as error:
                print(f"FAILED in round {number}: {error}")
                print(f"{(number - 1) * 5} passed, 1 failed")
                return 1
        logs = len(list(data.glob("*/*.log")))
        size = sum(path.stat().st_size for path in data.glob("*/*.log"))
    print(f"at the end {logs} logs, {size} bytes")
    print(f"{options.rounds * 5} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
