"""What the Python programs among the clients share: the command line, the lines that are sent, the
files that received records go to. `clients.py` tells the command line."""

import sys
import time
from pathlib import Path

IDLE_S = 60


def lines_of(path, partitions):
    """Yields (partition, key, line): line n belongs to partition n modulo their number, its first
    word is its key."""
    with open(path, "rb") as lines:
        for number, line in enumerate(lines):
            line = line.rstrip(b"\n")
            yield number % partitions, line.split(b" ", 1)[0], line


class Received:
    """One file per partition in `folder`; the offsets of each have to follow each other from 0, and
    no more than `counts` of them are taken."""

    def __init__(self, folder, counts):
        self.files = [open(Path(folder) / f"{index}.txt", "wb") for index in range(len(counts))]
        self.counts = counts
        self.seen = [0] * len(counts)
        self.last = time.monotonic()

    def add(self, partition, offset, key, value):
        if offset != self.seen[partition]:
            sys.exit(f"partition {partition}: offset {offset} where {self.seen[partition]} is due")
        if key != value.split(b" ", 1)[0]:
            sys.exit(f"partition {partition}: offset {offset} has key {key!r} for {value[:40]!r}")
        self.seen[partition] += 1
        if self.seen[partition] <= self.counts[partition]:
            self.files[partition].write(value + b"\n")
        self.last = time.monotonic()

    def complete(self):
        """Whether all have come; ends the program when nothing comes any more."""
        if all(seen >= count for seen, count in zip(self.seen, self.counts)):
            for file in self.files:
                file.close()
            return True
        if time.monotonic() - self.last > IDLE_S:
            sys.exit(f"nothing for {IDLE_S} s, got {self.seen} of {self.counts}")
        return False


def main(produce, consume):
    verb, address, topic, *rest = sys.argv[1:]
    if verb == "produce":
        partitions, codec, acks, path = rest
        produce(address, topic, codec, acks, lines_of(path, int(partitions)))
    else:
        counts = [int(count) for count in rest[1:]]
        consume(address, topic, len(counts), Received(rest[0], counts))
