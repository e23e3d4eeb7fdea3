"""Sends lines of text into a real broker with kcat, reads them back with kcat, and compares the two
by SHA-256, partition by partition, for combinations of acks, codec and number of partitions. Also
looks into the stored batches for the codec that was asked for, with --dump through Kafka's own tool. The last line says how many
combinations passed."""

import argparse
import concurrent.futures
import hashlib
import itertools
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from broker import Broker, BrokerError, kcat, kcat_consume
from segments import records_by_codec

ACKS = ("0", "1", "all")
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
# What ./dev test runs: every codec, every acks and both partition counts at least once.
SMALL = (("all", "none", 1), ("1", "gzip", 3), ("0", "lz4", 3), ("all", "zstd", 3),
         ("1", "snappy", 1))
# librdkafka stores a batch plain when compression did not make it smaller, which happens to the odd
# batch of one short line.
CODEC_SHARE_MIN = 0.95


def sample_lines(count, seed, vocabulary=2000):
    """Lines that compress like text: a number, and words of a small vocabulary."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz\u00e4\u00df", k=rng.randint(2, 9)))
             for _ in range(vocabulary)]
    for number in range(count):
        yield f"{number} {' '.join(rng.choices(words, k=rng.randint(1, 12)))}".encode()


def split_lines(source, folder, partitions):
    """Deals the lines of `source` over one file per partition, in turn; returns the files and the
    number of lines in each."""
    paths = [folder / f"sent-{partitions}-{index}.txt" for index in range(partitions)]
    counts = [0] * partitions
    files = [open(path, "wb") for path in paths]
    with open(source, "rb") as lines:
        for number, line in enumerate(lines):
            counts[number % partitions] += 1
            files[number % partitions].write(line)
    for file in files:
        file.close()
    return paths, counts


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(
            hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()


def count_lines(path):
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def produce(address, topic, partition, path, acks, codec, timeout):
    done = kcat("-P", "-b", address, "-t", topic, "-p", partition, "-z", codec,
                "-X", f"topic.acks={acks}", "-X", "queue.buffering.max.messages=500000",
                "-l", path, timeout=timeout)
    if done.returncode != 0 or "failed" in done.stderr.lower():
        raise BrokerError(f"kcat -P {topic}-{partition} ended with {done.returncode}: "
                          f"{done.stderr.strip()[-400:]}")


def compare(address, topic, partition, sent, lines, folder, timeout):
    """Reads one partition back. With acks=0 the client is done before the broker is, so a short
    answer is asked for again until the time is up."""
    got = folder / f"got-{partition}.txt"
    deadline = time.monotonic() + timeout
    while True:
        kcat_consume(address, topic, partition, got, timeout)
        if count_lines(got) >= lines or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    if digest(got) != digest(sent):
        raise BrokerError(f"{topic}-{partition}: sent {lines} lines, {digest(sent)}; "
                          f"got {count_lines(got)} lines, {digest(got)}")
    got.unlink()


def dumped_by_kafka(data_dir, topic):
    """The same count out of Kafka's own kafka-dump-log."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))
    import kafka  # pylint: disable=import-outside-toplevel

    found = kafka.dump_segments(data_dir, sorted(data_dir.glob(f"{topic}-*/*.log")), deep=False)
    return Counter(found.records)


def check_codec(counts, topic, codec, lines):
    if sum(counts.values()) != lines:
        raise BrokerError(f"{topic}: {lines} records sent, on disk {dict(counts)}")
    share = counts[codec] / lines
    if share < (1.0 if codec == "none" else CODEC_SHARE_MIN):
        raise BrokerError(f"{topic}: asked for {codec}, stored as {dict(counts)}")


def one_combination(options, sent, counts, combination, folder):
    """A fresh broker, all lines in, all lines out, a clean stop, a look at its files."""
    acks, codec, partitions = combination
    data = folder / "data"
    topic = f"round-{acks}-{codec}-{partitions}"
    overrides = [f"num.partitions={partitions}", *options.override]
    with Broker(options.broker, data, folder / "broker.log", overrides, options.env) as broker:
        broker.start()
        # The first producer brings the topic into being; the others then find all partitions.
        produce(broker.address, topic, 0, sent[0], acks, codec, options.timeout)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda index: produce(broker.address, topic, index, sent[index], acks,
                                                codec, options.timeout), range(1, partitions)))
        for index in range(partitions):
            compare(broker.address, topic, index, sent[index], counts[index], folder,
                    options.timeout)
        broker.stop()
        if options.check_files:
            check_codec(records_by_codec(data, topic), topic, codec, sum(counts))
        if options.dump:
            check_codec(dumped_by_kafka(data, topic), topic, codec, sum(counts))
    shutil.rmtree(data, ignore_errors=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--file", help="text to send, no empty lines; else lines are made up")
    parser.add_argument("--lines", type=int, default=20000, help="how many lines to make up")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--matrix", choices=("small", "full", "one"), default="small")
    parser.add_argument("--acks", nargs="*", default=ACKS, help="with --matrix full")
    parser.add_argument("--codecs", nargs="*", default=CODECS, help="with --matrix full")
    parser.add_argument("--partitions", nargs="*", type=int, default=(1, 12))
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for each client run")
    parser.add_argument("--no-check-files", dest="check_files", action="store_false")
    parser.add_argument("--dump", action="store_true",
                        help="let Kafka's own DumpLogSegments show the codec too")
    parser.add_argument("--done", type=Path, help="a file of combinations that need no repeating")
    options = parser.parse_args()
    options.env = [setting.split("=", 1) for setting in options.env]
    return options


def main():
    options = parse()
    combinations = {
        "small": SMALL,
        "one": (("all", "lz4", options.partitions[-1]),),
        "full": tuple(itertools.product(options.acks, options.codecs, options.partitions)),
    }[options.matrix]
    done = set(options.done.read_text().split("\n")) if options.done and options.done.exists() \
        else set()
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="millrace-roundtrip-") as name:
        folder = Path(name)
        source = Path(options.file) if options.file else folder / "lines.txt"
        if not options.file:
            source.write_bytes(b"\n".join(sample_lines(options.lines, options.seed)) + b"\n")
        splits = {}
        for combination in combinations:
            acks, codec, partitions = combination
            label = f"acks={acks} codec={codec} partitions={partitions}"
            if label in done:
                passed += 1
                continue
            if partitions not in splits:
                splits[partitions] = split_lines(source, folder, partitions)
            began = time.monotonic()
            try:
                one_combination(options, *splits[partitions], combination, folder)
            except Exception as error:  # noqa: BLE001 - any failure is this combination's
                failed += 1
                print(f"FAILED {label}: {error}", flush=True)
                shutil.rmtree(folder / "data", ignore_errors=True)
                continue
            passed += 1
            lines = sum(splits[partitions][1])
            print(f"ok {label}: {lines} lines, {source.stat().st_size} bytes, equal SHA-256, "
                  f"{time.monotonic() - began:.1f} s", flush=True)
            if options.done:
                with options.done.open("a") as out:
                    out.write(label + "\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
