"""A journal that rots while the broker is down: the broker and a plain `millrace recover` refuse the
directory, name the place and change nothing; `millrace recover DIR --accept-loss` says which offsets are
gone, and a broker serves what is left of each partition. Run with --broker PATH."""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from broker import Broker, BrokerError, expect, kcat, kcat_consume, run_story

TOPIC = "loss"
PARTITIONS = (0, 1)
RUNS = 6
LINES_PER_RUN = 5
BLOCK = 4096


def produce(broker, partition, first, folder):
    """Sends LINES_PER_RUN lines, acknowledged; returns them."""
    lines = [f"{partition} {number} {'x' * 100}" for number in range(first, first + LINES_PER_RUN)]
    path = folder / "lines.txt"
    path.write_text("\n".join(lines) + "\n")
    done = kcat("-P", "-b", broker.address, "-t", TOPIC, "-p", partition, "-X", "topic.acks=all",
                "-l", path, timeout=30)
    expect(done.returncode == 0, f"kcat -P ended with {done.returncode}: {done.stderr}")
    return lines


def frames_of(path):
    """Places of the frames behind each other from the file's beginning on."""
    content = path.read_bytes()
    at, places = BLOCK, []
    start = lsn = int.from_bytes(content[24:32], "big")
    while at < len(content) and int.from_bytes(content[at + 8:at + 16], "big") == lsn:
        size = int.from_bytes(content[at + 4:at + 8], "big")
        if size == 0:
            break
        places.append(at)
        at += (size + BLOCK - 1) // BLOCK * BLOCK
        lsn = start + at - BLOCK
    return places


def rot_a_frame(data_dir):
    """Changes a byte of a frame in the middle of the newest file; returns file name and offset."""
    newest = max(data_dir.glob("millrace.journal.0.*"),
                 key=lambda path: int.from_bytes(path.read_bytes()[16:24], "big"))
    places = frames_of(newest)
    expect(len(places) > 6, f"only {len(places)} frames in {newest}")
    place = places[len(places) // 2]
    content = bytearray(newest.read_bytes())
    content[place + 45] ^= 1
    newest.write_bytes(content)
    return newest.name, place


def everything(data_dir):
    return {path: path.read_bytes() for path in sorted(data_dir.rglob("*")) if path.is_file()}


def recover(binary, data_dir, *options):
    done = subprocess.run([binary, "recover", data_dir, *options], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode, done.stdout.decode(errors="replace")


def check_refused(broker, data_dir, file, offset):
    before = everything(data_dir)
    begin = broker.log_path.stat().st_size
    try:
        broker.start()
        raise BrokerError("a broker started on a damaged journal")
    except BrokerError as error:
        expect("it ended with 1" in str(error), str(error))
    started = broker.log_path.read_bytes()[begin:].decode()
    status, said = recover(broker.binary, data_dir)
    expect(status == 1, f"recover ended with {status}: {said}")
    for text in (f"file={file} offset={offset} ", f"millrace recover {data_dir} --accept-loss"):
        expect(text in said, f"recover does not say '{text}': {said}")
        expect(text in started, f"the broker does not say '{text}': {started}")
    expect(everything(data_dir) == before, "what was refused was changed")


def check_left(broker, sent, said, folder):
    """What a reader gets is a prefix, and exactly the rest of what was sent is said to be lost."""
    gone = 0
    for partition, lines in sent.items():
        path = folder / f"got-{partition}.txt"
        kcat_consume(broker.address, TOPIC, partition, path, 30)
        got = path.read_text().splitlines()
        expect(got == lines[:len(got)], f"partition {partition} is no prefix of what was sent")
        told = re.search(rf"lost: {TOPIC}-{partition} offsets (\d+) to (\d+)", said)
        maybe = re.search(rf"lost: {TOPIC}-{partition} may have .* from offset (\d+) on", said)
        if told:
            expect(int(told[1]) == len(got), f"{told[0]}, but {len(got)} are left")
            expect(int(told[2]) == len(lines) - 1, f"{told[0]}, but {len(lines)} were sent")
        elif maybe:
            expect(int(maybe[1]) == len(got), f"{maybe[0]}, but {len(got)} are left")
        else:
            expect(len(got) == len(lines), f"partition {partition} lost what nothing tells of")
        gone += len(lines) - len(got)
        sent[partition] = got
    return gone


def story(broker, data_dir, folder):
    broker.start()
    kcat("-L", "-b", broker.address, "-t", TOPIC, timeout=30)
    sent = {partition: [] for partition in PARTITIONS}
    for _ in range(RUNS):
        for partition, lines in sent.items():
            lines += produce(broker, partition, len(lines), folder)
    broker.kill()
    file, offset = rot_a_frame(data_dir)
    check_refused(broker, data_dir, file, offset)
    status, said = recover(broker.binary, data_dir, "--accept-loss")
    expect(status == 0, f"accepting loss ended with {status}: {said}")
    broker.start()
    gone = check_left(broker, sent, said, folder)
    expect(gone > 0, f"a rotten frame took nothing along: {said}")
    print(f"refused, and then {gone} records given up: {said.count('lost: ')} lines tell of them")
    for partition, lines in sent.items():
        lines += produce(broker, partition, len(lines), folder)
    broker.kill()
    status, said = recover(broker.binary, data_dir, "--accept-loss")
    expect(status == 0 and "nothing was lost" in said, f"it ended with {status}: {said}")
    broker.start()
    expect(check_left(broker, sent, said, folder) == 0, "an undamaged journal lost something")
    broker.stop()
    print("and nothing where nothing is damaged")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="millrace-loss-") as name:
        folder = Path(name)
        data_dir = folder / "data"
        overrides = [f"num.partitions={len(PARTITIONS)}", "shards=1"]
        broker = Broker(options.broker, data_dir, folder / "broker.log", overrides)
        return run_story(broker, lambda: story(broker, data_dir, folder))


if __name__ == "__main__":
    sys.exit(main())
