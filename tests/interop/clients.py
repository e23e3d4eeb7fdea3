"""The round trip with one client of many, as it comes: lines of text into a real broker, for ten
combinations of acks, codec and number of partitions, read back from assigned partitions, and compared
by SHA-256, partition by partition. The codec asked for is shown on the stored batches, at the end by
Kafka's DumpLogSegments too.

Each client is a program in the folder `clients` with the command line

    produce ADDRESS TOPIC PARTITIONS CODEC ACKS FILE
    consume ADDRESS TOPIC FOLDER COUNT...

Line n of the file goes to partition n modulo their number, with its first word as the key. The other
side takes as many records of each partition as its count says, insists on offsets from 0 without a
gap and on the right keys, and writes each partition's values to FOLDER/PARTITION.txt."""

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, namedtuple
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from broker import Broker, BrokerError  # noqa: E402
from segments import records_by_codec  # noqa: E402
import kafka  # noqa: E402
import roundtrip  # noqa: E402

SOURCES = Path(__file__).resolve().parent / "clients"
FIVE = ("none", "gzip", "snappy", "lz4", "zstd")
FOUR = FIVE[:4]   # before zstd came
THREE = FIVE[:3]  # what kafkajs can do with packages in JavaScript
ACKS = ("all", "1", "0")
PARTITIONS = (1, 3, 12)

# With few words a client's small batches get smaller in every codec: else some send them plain.
WORDS = 200

# `prepare` brings what the client needs and returns the commands that produce and consume. With the
# acks of `unordered` the client itself promises no order: what has come is sorted first.
Client = namedtuple("Client", "codecs prepare unordered", defaults=[()])


def run_quietly(command, **options):
    """Runs a step of the preparation; what it printed comes with the error."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", **options)
    except FileNotFoundError:
        raise BrokerError(f"there is no {command[0]} here") from None
    if done.returncode != 0:
        raise BrokerError(f"{command[0]} ended with {done.returncode}:\n"
                          f"{done.stdout[-1000:]}{done.stderr[-2000:]}")


def python_client(script):
    # Debian's own Python, which has Debian's packages.
    command = ["/usr/bin/python3", str(SOURCES / "python" / script)]
    return command, command


def go_client(library):
    place = kafka.PLACE / "go"
    program = place / "clients"
    environment = {**os.environ, "GOMODCACHE": str(place / "mod"), "GOCACHE": str(place / "cache"),
                   "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false", "GOTOOLCHAIN": "local"}
    run_quietly(["go", "build", "-o", str(program), "."], cwd=SOURCES / "go", env=environment)
    command = [str(program), library]
    return command, command


def java_client(version, producer, consumer):
    """Both programs, compiled against the jars of that version: None is Kafka 3.9.2."""
    folder = f"libs-{version}" if version else "libs"
    jars = kafka.class_path(SOURCES / "java" / f"kafka-{version}.xml", folder) if version \
        else kafka.class_path()
    classes = kafka.PLACE / f"classes-{version or 'now'}"
    sources = [str(SOURCES / "java" / f"{name}.java") for name in (producer, consumer, "Received")]
    run_quietly(["javac", "-nowarn", "-cp", jars, "-d", str(classes), *sources])
    java = ["java", kafka.quiet_log_config(), "-cp", f"{classes}:{jars}"]
    # The verb is in the program's name.
    return [*java, producer], [*java, consumer]


def kafkajs():
    """Consumed by the Java consumer: its own takes groups only."""
    place = kafka.PLACE / "node"
    place.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "kafkajs.js"):
        shutil.copy(SOURCES / "node" / name, place / name)
    run_quietly(["npm", "ci", "--no-audit", "--no-fund"], cwd=place)
    return ["node", str(place / "kafkajs.js")], java_client(None, "Produce", "Consume")[1]


CLIENTS = {
    "python3-kafka": Client(FIVE, functools.partial(python_client, "kafka_python.py")),
    "python3-confluent-kafka": Client(FIVE, functools.partial(python_client, "confluent.py")),
    "sarama": Client(FIVE, functools.partial(go_client, "sarama")),
    "franz-go": Client(FIVE, functools.partial(go_client, "franz-go")),
    # Which of its connections a batch takes is left to chance where no answer is waited for. Lines
    # come out of order with Kafka 3.9.2 too.
    "kafka-go": Client(FIVE, functools.partial(go_client, "kafka-go"), unordered=("0",)),
    "kafkajs": Client(THREE, kafkajs),
    "java-3.9.2": Client(FIVE, functools.partial(java_client, None, "Produce", "Consume")),
    "java-0.10.2": Client(FOUR, functools.partial(java_client, "0.10.2", "Produce", "Consume")),
    "java-0.8.2": Client(FOUR, functools.partial(java_client, "0.8.2", "Produce", "SimpleConsume")),
}


def combinations(codecs):
    """Ten of (acks, codec, partitions), no two alike, with each value among them."""
    # Factors with which none goes in step with another, for three to five codecs.
    ten = [(ACKS[i % 3], codecs[(i + 20 * (i // 3)) % len(codecs)],
            PARTITIONS[(i + i // 3 + i // 9) % 3]) for i in range(10)]
    assert [set(values) for values in zip(*ten)] == [set(ACKS), set(codecs), set(PARTITIONS)]
    assert len(set(ten)) == 10
    return ten


def run_client(command, arguments, timeout):
    verb = [] if command[0] == "java" else [arguments[0]]
    done = subprocess.run([*command, *verb, *map(str, arguments[1:])], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", timeout=timeout)
    if done.returncode != 0:
        raise BrokerError(f"{arguments[0]} ended with {done.returncode}:\n"
                          f"{done.stdout[-1000:]}{done.stderr[-2000:]}")


class Trips:
    """The ten round trips of one client; each leaves its log directory for the dump at the end."""

    def __init__(self, options, folder, client):
        self.options = options
        self.folder = folder
        self.unordered = client.unordered
        self.produce, self.consume = client.prepare()
        self.source = folder / "lines.txt"
        lines = roundtrip.sample_lines(options.lines, options.seed, WORDS)
        self.source.write_bytes(b"\n".join(lines) + b"\n")
        self.splits = {count: roundtrip.split_lines(self.source, folder, count)
                       for count in PARTITIONS}
        self.records = Counter()

    def compare(self, got, acks, partitions):
        sent, _ = self.splits[partitions]
        for index, path in enumerate(sent):
            come = got / f"{index}.txt"
            if acks in self.unordered:
                # Each line begins with its number, and they were sent in its order.
                lines = come.read_bytes().splitlines(keepends=True)
                come.write_bytes(b"".join(sorted(lines, key=lambda line: int(line.split()[0]))))
            if roundtrip.digest(come) != roundtrip.digest(path):
                raise BrokerError(f"partition {index}: sent {roundtrip.digest(path)}; got "
                                  f"{roundtrip.count_lines(come)} lines, {roundtrip.digest(come)}")

    def run(self, acks, codec, partitions):
        """A fresh broker, all lines in, all lines out, a clean stop, a look at its files."""
        name = f"trip-{acks}-{codec}-{partitions}"
        got = self.folder / "got"
        got.mkdir()
        data = self.folder / "data" / name
        overrides = [f"num.partitions={partitions}", *self.options.override]
        with Broker(self.options.broker, data, self.folder / f"{name}.txt", overrides) as broker:
            broker.start()
            run_client(self.produce, ["produce", broker.address, name, partitions, codec, acks,
                                      self.source], self.options.timeout)
            run_client(self.consume, ["consume", broker.address, name, got,
                                      *self.splits[partitions][1]], self.options.timeout)
            self.compare(got, acks, partitions)
            broker.stop()
        stored = records_by_codec(data, name)
        roundtrip.check_codec(stored, name, codec, self.options.lines)
        self.records += stored

    def dump(self):
        """Kafka's own tool has to find the same in what all the trips have left."""
        data = self.folder / "data"
        paths = [path for suffix in ("log", "index", "timeindex")
                 for path in sorted(data.glob(f"*/*/*.{suffix}"))]
        found = kafka.dump_segments(data, paths, deep=False)
        if Counter(found.records) != self.records:
            raise BrokerError(f"stored {dict(self.records)}, dumped {found.records}")
        return f"{found.files} files dumped, records {dict(self.records)}"


def ten_trips(options, client, folder):
    passed = failed = 0
    trips = Trips(options, folder, client)
    for combination in combinations(client.codecs):
        label = "{} acks={} codec={} partitions={}".format(options.client, *combination)
        began = time.monotonic()
        try:
            trips.run(*combination)
        except Exception as error:  # noqa: BLE001 - any failure is this combination's
            failed += 1
            print(f"FAILED {label}: {error}", flush=True)
        else:
            passed += 1
            print(f"ok {label}: {options.lines} lines, equal SHA-256, "
                  f"{time.monotonic() - began:.1f} s", flush=True)
        shutil.rmtree(folder / "got", ignore_errors=True)
    if not failed:
        print(f"ok {options.client}: {trips.dump()}")
    return passed, failed


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="only print the clients' names")
    parser.add_argument("--broker", help="the broker's binary")
    parser.add_argument("--client", choices=CLIENTS)
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for each client run")
    options = parser.parse_args()
    if not options.list and not (options.broker and options.client):
        parser.error("--broker and --client are needed")
    return options


def main():
    options = parse()
    if options.list:
        print("\n".join(CLIENTS))
        return 0
    with tempfile.TemporaryDirectory(prefix="millrace-clients-") as name:
        try:
            passed, failed = ten_trips(options, CLIENTS[options.client], Path(name))
        except (BrokerError, kafka.KafkaError) as error:
            print(f"FAILED {options.client}: {error}")
            passed, failed = 0, 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
