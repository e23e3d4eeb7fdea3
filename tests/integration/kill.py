"""Ends a real broker with kill -9 at random moments while kcat produces with acks=all, and looks
after each restart whether everything that was acknowledged is still there, in order and unchanged.

A writer per partition sends small files of lines, one kcat run each with retries off. A run that
ends with 0 had all its lines acknowledged. One that fails may have left any of its lines, so they
may be in the log or not, but must not be anything else. The last line says how many lives passed.
"""

import argparse
import random
import sys
import threading
import time

from broker import Broker, BrokerError, kcat, kcat_consume, run_in_folder

TOPIC = "kill"
LINES_PER_RUN = 200


class Writer(threading.Thread):
    """Sends runs of lines to one partition until it is told to stop, and remembers for each run
    whether it was acknowledged. Holds its lines between lives."""

    def __init__(self, address, partition, runs, seed, folder):
        super().__init__(daemon=True)
        self.address = address
        self.partition = partition
        self.runs = runs
        self.random = random.Random(seed)
        self.path = folder / f"writer-{partition}.txt"
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            number = len(self.runs)
            lines = [f"{self.partition} {number} {index} "
                     f"{'x' * self.random.randint(80, 2000)}" for index in range(LINES_PER_RUN)]
            self.path.write_text("\n".join(lines) + "\n")
            run = {"lines": lines, "acknowledged": False}
            self.runs.append(run)
            run["acknowledged"] = self.send()

    def send(self):
        try:
            done = kcat("-P", "-b", self.address, "-t", TOPIC, "-p", self.partition,
                        "-X", "topic.acks=all", "-X", "retries=0",
                        "-X", "topic.message.timeout.ms=4000", "-m", "4", "-l", self.path,
                        timeout=20)
        except Exception:  # noqa: BLE001 - a client that hangs has acknowledged nothing
            return False
        return done.returncode == 0 and "failed" not in done.stderr.lower()


def check_partition(runs, got):
    """`got` must be all acknowledged runs in order, with only lines of the other runs, each at its
    place, in between. Returns how many acknowledged lines it found."""
    at, found = 0, 0
    for number, run in enumerate(runs):
        if run["acknowledged"]:
            if got[at:at + len(run["lines"])] != run["lines"]:
                raise BrokerError(f"acknowledged run {number} is not at line {at}: "
                                  f"{[line[:60] for line in got[at:at + 2]]}")
            at += len(run["lines"])
            found += len(run["lines"])
            continue
        for line in run["lines"]:
            if at < len(got) and got[at] == line:
                at += 1
    if at != len(got):
        raise BrokerError(f"line {at} of {len(got)} was never sent there: {got[at][:80]!r}")
    return found


def read_all(broker, partitions, folder):
    for partition in partitions:
        path = folder / f"got-{partition}.txt"
        kcat_consume(broker.address, TOPIC, partition, path, 60)
        yield partition, path.read_text().splitlines()


def one_life(broker, runs, life, options, folder, rng):
    """Starts the broker, checks what former lives left, writes until the kill."""
    broker.start()
    found = 0
    if any(run["acknowledged"] for each in runs.values() for run in each):
        for partition, got in read_all(broker, runs, folder):
            found += check_partition(runs[partition], got)
    writers = [Writer(broker.address, partition, runs[partition],
                      f"{options.seed} {life} {partition}", folder) for partition in runs]
    for writer in writers:
        writer.start()
    time.sleep(rng.uniform(*options.seconds))
    broker.kill()
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join()
    return found


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--partitions", type=int, default=3)
    parser.add_argument("--seconds", type=float, nargs=2, default=(0.5, 2.5), help="of each life")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def run_in(options, folder):
    rng = random.Random(options.seed)
    runs = {partition: [] for partition in range(options.partitions)}
    passed = 0
    overrides = [f"num.partitions={options.partitions}", *options.override]
    with Broker(options.broker, folder / "data", folder / "broker.log", overrides) as broker:
        try:
            for life in range(options.kills):
                found = one_life(broker, runs, life, options, folder, rng)
                passed += life > 0
                print(f"life {life}: {found} acknowledged lines of former lives read back",
                      flush=True)
            broker.start()
            found = sum(check_partition(runs[p], got) for p, got in read_all(broker, runs, folder))
            broker.stop()
            if found == 0:
                raise BrokerError("nothing was ever acknowledged, so nothing was shown")
            passed += 1
            print(f"after {options.kills} kills: {found} acknowledged lines read back")
        except BrokerError as error:
            print(f"FAILED with seed {options.seed}: {error}\n{broker.log_tail()}")
            print(f"{passed} passed, 1 failed")
            return 1
    print(f"{passed} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(run_in_folder(run_in, parse(), "kill"))
