"""A broker on a disk that fills up: appends are refused and no record that was acknowledged is lost,
over a kill -9 and a clean stop on the full disk, and appends are taken again when somebody frees
space. DIR is an empty folder on a small filesystem of its own. Run with --broker PATH --dir DIR."""

import argparse
import errno
import os
import sys
import tempfile
import time
from pathlib import Path

from broker import Broker, expect, kcat, kcat_consume, run_story

TOPIC = "full"
LINE_BYTES = 64 << 10
LINES_PER_RUN = 256
PATIENCE_S = 30


class Producer:
    """Sends numbered lines in order, one request at a time; knows how many were acknowledged."""

    def __init__(self, broker, folder):
        self.broker = broker
        self.path = folder / "lines.txt"
        self.sent = 0

    def line(self, number):
        return f"{number} ".ljust(LINE_BYTES, "x")

    def run(self, count, timeout_s):
        """Whether all were taken. What a refused run has sent is read back by catch_up()."""
        with open(self.path, "w") as out:
            for number in range(self.sent, self.sent + count):
                out.write(self.line(number) + "\n")
        done = kcat("-P", "-b", self.broker.address, "-t", TOPIC, "-p", 0, "-l", self.path,
                    "-X", "topic.acks=all", "-X", "max.in.flight=1",
                    "-X", f"topic.message.timeout.ms={timeout_s * 1000}",
                    timeout=timeout_s + 30)
        self.sent += count if done.returncode == 0 else 0
        return done.returncode == 0


def numbers_held(broker, folder):
    """The numbers of the lines that a reader gets, each of which must be whole."""
    path = folder / "got.txt"
    kcat_consume(broker.address, TOPIC, 0, path, 120)
    numbers = []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            number, rest = line.rstrip("\n").split(" ", 1)
            expect(len(line) == LINE_BYTES + 1 and rest == "x" * len(rest), "a line was changed")
            numbers.append(int(number))
    return numbers


def check_held(broker, producer, folder, where):
    """What was acknowledged is there in order, each once more for each run that was refused."""
    numbers = numbers_held(broker, folder)
    wanted = 0
    for number in numbers:
        wanted += number == wanted
    expect(wanted >= producer.sent, f"{where}: {producer.sent} acknowledged, {wanted} in order")
    return len(numbers)


def has_said(broker, text):
    return text in broker.log_path.read_text(errors="replace")


def wait_until_said(broker, text):
    deadline = time.monotonic() + PATIENCE_S
    while not has_said(broker, text):
        expect(time.monotonic() < deadline, f"nothing said '{text}' in {PATIENCE_S} s")
        time.sleep(0.05)


def free_bytes(folder):
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize


def fill_disk(path):
    """Somebody else's file: all the room that is left, to the last block."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for size in (1 << 20, 4096):
        try:
            while os.write(file, b"x" * size) == size:
                pass
        except OSError as error:
            expect(error.errno == errno.ENOSPC, str(error))
    os.close(file)


def story(broker, root, folder):
    producer = Producer(broker, folder)
    broker.start()
    expect(producer.run(LINES_PER_RUN, 30), "an empty disk takes no records")
    fill_disk(root / "somebody-elses")
    while producer.run(LINES_PER_RUN, 5):
        expect(producer.sent < 100_000, "the disk is never full")
    wait_until_said(broker, "a log directory is full")
    records = check_held(broker, producer, folder, "full")
    print(f"{producer.sent} lines of 64 KiB acknowledged, {records} held; {free_bytes(root)} bytes free")
    broker.kill()
    broker.start()
    check_held(broker, producer, folder, "after a kill -9 on the full disk")
    expect(not producer.run(1, 3), "a full disk took a record")
    broker.stop()
    expect((broker.data_dir / ".kafka_cleanshutdown").exists(), "a clean stop left no marker")
    broker.start()
    check_held(broker, producer, folder, "after a clean stop on the full disk")
    (root / "somebody-elses").unlink()
    wait_until_said(broker, "takes appends again")
    expect(producer.run(LINES_PER_RUN, 30), "no appends though there is room")
    check_held(broker, producer, folder, "with room again")
    broker.stop()
    expect(not has_said(broker, "out of service"), "the directory went out of service")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--dir", required=True, type=Path)
    parser.add_argument("--override", action="append", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="millrace-full-") as name:
        folder = Path(name)
        overrides = ["log.segment.bytes=33554432", *options.override]
        broker = Broker(options.broker, options.dir / "data", folder / "broker.log", overrides)
        return run_story(broker, lambda: story(broker, options.dir, folder))


if __name__ == "__main__":
    sys.exit(main())
