"""Compares what Kafka's Admin is told of configurations by a Java broker and by Millrace: of a topic, the
broker and the cluster, before and after changes, and of changes that are refused. Run with --millrace PROGRAM
and --folder FOLDER."""

import argparse
import re
import signal
import subprocess
import sys
from pathlib import Path

import kafka
from configs import compiled

OUR_KEYS = ("admin.listener cache.bytes delivery.path durability journal.bytes logger.format "
            "segment.writes shards").split()
# Their values are the test's own.
PLACES = re.compile(r"127\.0\.0\.1:\d+|/[\w/.-]*(data|kafka)\b")
SETTINGS = ["broker.id=7", "broker.id.generation.enable=false", "num.partitions=2", "log.retention.minutes=1440", "log.roll.hours=24",
            "log.segment.bytes=104857600", "log.cleanup.policy=delete", "message.max.bytes=1500000", "log.flush.scheduler.interval.ms=2000",
            "log.message.timestamp.difference.max.ms=86400000", "compression.type=lz4", "min.insync.replicas=1",
            "log.cleaner.min.cleanable.ratio=0.75", "num.io.threads=4", "offsets.topic.replication.factor=1",
            "transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1", "host.name=old",
            "super.users=User:a", "ssl.keystore.password=secret", "log.initial.task.delay.ms=100", "group.max.size=+500"]


class Millrace(kafka.Peer):
    """Ours, with a file like the Java broker's."""

    def __init__(self, program, folder):
        super().__init__(Path(folder) / "millrace.txt")
        self.program = program
        self.folder = Path(folder)
        self.port = kafka.free_port()

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "millrace.properties"
        config.write_text("\n".join([f"listeners=PLAINTEXT://127.0.0.1:{self.port}", f"log.dirs={self.folder}/data",
                                     "zookeeper.connect=", "admin.listener=", *SETTINGS]) + "\n")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.program, str(config)], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        self.wait_for_port(self.port, 30)


class JavaBroker(kafka.KafkaBroker):
    def __init__(self, folder, zookeeper):
        super().__init__(folder, Path(folder) / "data", zookeeper, SETTINGS)


def describe(port):
    with subprocess.Popen(["java", kafka.quiet_log_config(), "-cp", compiled("Describe"), "Describe", f"127.0.0.1:{port}"],
                          stdout=subprocess.PIPE, text=True) as process:
        return process.stdout.read().splitlines()


def keyed(lines):
    """Each fact by what it is about; where things are is left out."""
    facts = {}
    for line in lines:
        cells = PLACES.sub("PLACE", line).split("\t")
        about = tuple(cells[:2]) if cells[0] == "alter" else tuple(cells[:3])
        if about[-1] in OUR_KEYS or about[-1] == "zookeeper.connect":
            continue
        facts[about] = cells[len(about):]
    return facts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millrace", required=True)
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    folder = Path(options.folder).resolve()
    with kafka.ZooKeeper(folder / "zookeeper") as zookeeper, \
            JavaBroker(folder / "kafka", zookeeper) as java, \
            Millrace(options.millrace, folder / "millrace") as ours:
        zookeeper.start()
        java.start()
        ours.start()
        theirs, mine = keyed(describe(java.port)), keyed(describe(ours.port))
        ours.stop(signal.SIGTERM)
        java.stop(signal.SIGTERM)
    different = sorted(about for about in theirs.keys() | mine.keys() if theirs.get(about) != mine.get(about))
    for about in different:
        print(f"{' '.join(about)}\n  kafka:    {theirs.get(about)}\n  millrace: {mine.get(about)}")
    print(f"{len(theirs)} facts of Kafka, {len(different)} different")
    return bool(different) or len(theirs) < 1000


if __name__ == "__main__":
    sys.exit(main())
