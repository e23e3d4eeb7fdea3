"""Ends a real broker with kill -9 at random moments under an idempotent producer, which goes on with
each next life of it. At the end every record has to be there exactly once, in order.

The producer is a program of its own (`--writer`): it is given address, topic and the number of
partitions, numbers each partition's records from 0 until its standard input ends, and prints
"sent PARTITION COUNT" when all of them are acknowledged. Without the option it is librdkafka's."""

import argparse
import random
import re
import subprocess
import sys
import time
from pathlib import Path

from broker import (Broker, expect, free_port, kcat, kcat_consume, run_in_folder,
                    run_story)

TOPIC = "idempotent"
# Debian's own Python, which has Debian's confluent_kafka.
WRITER = ["/usr/bin/python3", str(Path(__file__).resolve().parent / "idempotent_writer.py")]


class Story:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.random = random.Random(options.seed)
        # Every life listens on the same port: the producer knows no other.
        self.broker = Broker(options.broker, folder / "data", folder / "broker.log",
                             [f"listeners=PLAINTEXT://127.0.0.1:{free_port()}",
                              f"num.partitions={options.partitions}",
                              "log.segment.bytes=1048576", *options.override])

    def run(self):
        self.broker.start()
        kcat("-L", "-b", self.broker.address, "-t", TOPIC, timeout=30)
        writer = subprocess.Popen([*self.options.writer, self.broker.address, TOPIC,
                                   str(self.options.partitions)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, errors="replace")
        try:
            for _ in range(self.options.kills):
                self.live_and_die(writer)
            time.sleep(self.random.uniform(*self.options.seconds))
            said, complaints = writer.communicate("\n", timeout=180)
        finally:
            writer.kill()
        expect(writer.returncode == 0, f"the producer ended with {writer.returncode}: "
                                       f"{complaints[-2000:]}")
        records = self.check(said)
        again = self.broker_log().count("recovered")
        self.broker.stop()
        print(f"figure: {self.options.kills} kills, {again} recoveries, {records} records of "
              f"{self.options.partitions} partitions exactly once and in order")

    def broker_log(self):
        return Path(self.broker.log_path).read_text(errors="replace")

    def live_and_die(self, writer):
        time.sleep(self.random.uniform(*self.options.seconds))
        expect(writer.poll() is None, "the producer has given up: " +
               (writer.stderr.read()[-2000:] if writer.poll() is not None else ""))
        self.broker.kill()
        self.broker.start()

    def check(self, said):
        counts = {int(p): int(n) for p, n in re.findall(r"^sent (\d+) (\d+)$", said, re.M)}
        expect(len(counts) == self.options.partitions, f"the producer says: {said[:500]}")
        for partition, count in counts.items():
            path = self.folder / f"got-{partition}.txt"
            kcat_consume(self.broker.address, TOPIC, partition, path, 120)
            with open(path, encoding="utf-8", errors="replace") as lines:
                got = 0
                for got, line in enumerate(lines, 1):
                    wanted = f"{partition} {got - 1} "
                    expect(line.startswith(wanted),
                           f"partition {partition}: {line[:40]!r} where {wanted!r} is due")
            expect(got == count, f"partition {partition}: {got} records of {count}")
            expect(count > 0, f"partition {partition}: nothing was sent")
        return sum(counts.values())


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--seconds", type=float, nargs=2, default=(0.3, 1.5), help="of each life")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--writer", nargs=argparse.REMAINDER, default=WRITER)
    return parser.parse_args()


def run_in(options, folder):
    story = Story(options, folder)
    return run_story(story.broker, story.run)


if __name__ == "__main__":
    sys.exit(run_in_folder(run_in, parse(), "idempotence"))
