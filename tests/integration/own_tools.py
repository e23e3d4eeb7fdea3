"""The binary's own tools against a broker: what is produced from a file or a pipe comes back with
the same SHA-256, with every codec, alone and as a group, in order within each of many partitions;
exit codes; what programs read; the nearest names for a mistyped one; a restart of the broker in the
middle; and how long `topics` takes. With --address they run against any other broker."""

import argparse
import hashlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from broker import Broker, BrokerError, expect, free_port, run_story

TIMEOUT_S = 120
TOPICS_RUNS = 20
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


class Tools:
    """Runs the tools of `binary` against the broker at `address`."""

    def __init__(self, binary, address):
        self.binary = os.path.abspath(binary)
        self.address = address

    def command(self, *words):
        return [self.binary, *map(str, words), "-b", self.address]

    def run(self, *words, stdin=None, code=0):
        done = subprocess.run(self.command(*words), input=stdin, capture_output=True,
                              timeout=TIMEOUT_S, check=False,
                              **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        expect(done.returncode == code, f"{words} ends with {code}, not {done.returncode}: "
                                        f"{done.stderr.decode(errors='replace')[-400:]}")
        return done

    def json(self, *words, **options):
        return json.loads(self.run(*words, "--json", **options).stdout)


def sha(content):
    return hashlib.sha256(content).hexdigest()


def sample(lines, seed):
    """Lines of many lengths, some of them empty, some no UTF-8."""
    prng = random.Random(seed)
    return b"".join(prng.randbytes(prng.choice((0, 1, 20, 200, 3000))).replace(b"\n", b"\r") + b"\n"
                    for _ in range(lines))


def round_trips(tools, content, prefix):
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        for codec in CODECS:
            topic = f"{prefix}-{codec}"
            tools.run("produce", topic, file.name, "--create", "-p", "0", "-z", codec)
            got = tools.run("consume", topic).stdout
            expect(sha(got) == sha(content), f"{codec}: {len(content)} bytes sent, {len(got)} back")
    topic = f"{prefix}-pipe"
    for acks in ("all", "1"):
        tools.run("produce", f"{topic}-{acks}", "--create", "-p", "0", "--acks", acks, stdin=content)
        got = tools.run("consume", f"{topic}-{acks}", "--group", f"{prefix}-{acks}").stdout
        expect(sha(got) == sha(content), f"a group: {len(content)} bytes sent, {len(got)} back")
        again = tools.run("consume", f"{topic}-{acks}", "--group", f"{prefix}-{acks}").stdout
        expect(again == b"", "what is committed isn't read again")


def partitions_of(tools, topic, **options):
    """The (key, value) pairs of each partition, in the order of their offsets."""
    partitions = {}
    for line in tools.run("consume", topic, "--json", **options).stdout.splitlines():
        record = json.loads(line)
        partitions.setdefault(record["partition"], []).append((record["key"], record["value"]))
    return partitions


def keys(tools, prefix):
    """A key has one partition, and each partition keeps the order of the input."""
    topic = f"{prefix}-keys"
    lines = "".join(f"key{i % 50}:{i}\n" for i in range(20_000))
    told = tools.json("produce", topic, "--create", "-k", ":", "-z", "zstd", stdin=lines.encode())
    expect(told["records"] == 20_000, f"20,000 records, not {told}")
    partitions = partitions_of(tools, topic)
    expect(len(partitions) > 1, "keys are spread")
    places = [{key for key, _ in records} for records in partitions.values()]
    expect(sum(map(len, places)) == 50, "a key has one partition")
    in_order(partitions, topic, 20_000)


def in_order(partitions, topic, count):
    """The values are the numbers below `count`, rising in each partition."""
    numbers = [[int(value) for _, value in records] for records in partitions.values()]
    expect(all(each == sorted(each) for each in numbers), f"{topic}: a partition is out of order")
    expect(sorted(sum(numbers, [])) == list(range(count)), f"{topic}: not each record once")


def in_turn(tools, prefix):
    """Records without a key are spread over all partitions, in order in each, with every codec."""
    lines = "".join(f"{i}\n" for i in range(20_000)).encode()
    for codec in CODECS:
        topic = f"{prefix}-turn-{codec}"
        tools.run("produce", topic, "--create", "-z", codec, stdin=lines)
        partitions = partitions_of(tools, topic)
        known = tools.json("topics", topic)["topics"][0]["partitions"]
        expect(len(partitions) == len(known), f"{len(partitions)} of {len(known)} partitions used")
        in_order(partitions, topic, 20_000)


def sha_of_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def large_file(tools, options, prefix):
    """A file of many MiB comes back, and the rates of both ways."""
    with tempfile.TemporaryDirectory(prefix="millrace-large-") as name:
        there, back = Path(name) / "there", Path(name) / "back"
        piece = sample(20_000, options.seed)
        with open(there, "wb") as file:
            for _ in range(max(1, (options.large_mib << 20) // len(piece))):
                file.write(piece)
        topic = f"{prefix}-large"
        sent = tools.run("produce", topic, there, "--create", "-p", "0")
        with open(back, "wb") as file:
            got = subprocess.run(tools.command("consume", topic), stdout=file, check=True,
                                 stderr=subprocess.PIPE, timeout=TIMEOUT_S)
        expect(sha_of_file(there) == sha_of_file(back), "a large file comes back as it was")
    print(f"there: {sent.stderr.decode().strip()}\nback: {got.stderr.decode().strip()}")


def mistakes(tools, prefix):
    tools.run("produce", f"{prefix}-orders", "--create", stdin=b"x\n")
    tools.run("consume", f"{prefix}-orders", "--group", f"{prefix}-billing")
    for words, name in ((("topics", f"{prefix}-oders"), "orders"),
                        (("consume", f"{prefix}-odrers"), "orders"),
                        (("groups", "describe", f"{prefix}-biling"), "billing"),
                        (("groups", "delete", f"{prefix}-bilxing"), "billing")):
        told = tools.run(*words, code=1).stderr.decode()
        expect(f"did you mean '{prefix}-{name}'" in told, f"{words} is answered with {told!r}")
    tools.run("topics", "--what", code=2)
    tools.run("groups", "reset", "g", "--to", "nowhere", code=2)
    nobody = Tools(tools.binary, "127.0.0.1:1")
    nobody.run("topics", code=3)
    expect("error" in json.loads(nobody.run("topics", "--json", code=3).stderr), "an error in JSON")


def groups(tools, prefix):
    topic, group = f"{prefix}-orders", f"{prefix}-billing"
    tools.run("produce", topic, "-p", "0", stdin=b"y\nz\n")
    described = tools.json("groups", "describe", group)["groups"][0]
    expect(described["lag"] == 2, f"two to read, not {described}")
    shown = tools.json("groups", "reset", group, "--to", "end")
    expect(not shown["executed"], "a reset is shown first")
    expect(tools.json("groups", "describe", group)["groups"][0]["lag"] == 2, "and does nothing then")
    tools.run("groups", "reset", group, "--to", "end", "--execute")
    expect(tools.json("groups", "describe", group)["groups"][0]["lag"] == 0, "and then it does")
    listed = [each["group"] for each in tools.json("groups")["groups"]]
    expect(group in listed, f"{group} is among {listed}")
    tools.run("groups", "delete", group)
    expect(group not in [each["group"] for each in tools.json("groups")["groups"]], "it is gone")


def follows(tools, prefix):
    """Ctrl-C ends a follower with 0, its offsets committed; a reader that has gone ends it too."""
    topic, group = f"{prefix}-orders", f"{prefix}-follower"
    with subprocess.Popen(tools.command("consume", topic, "--group", group, "--follow"),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        first = process.stdout.readline()
        expect(first == b"x\n" or first in (b"y\n", b"z\n"), f"a record, not {first!r}")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
        expect(process.returncode == 0, f"SIGINT ends it with 0, not {process.returncode}")
        expect(b"lag 0" in told, f"it says how far it came: {told!r}")
    expect(tools.json("groups", "describe", group)["groups"][0]["lag"] == 0, "it has committed")
    piped = subprocess.run(f"{' '.join(tools.command('consume', topic))} | head -n 1", shell=True,
                           capture_output=True, timeout=30, check=False)
    expect(piped.returncode == 0 and piped.stdout.count(b"\n") == 1, "head gets its line")


def wait_for_numbers(path, count):
    """Until a member of a group has written all numbers below `count`, some of them twice maybe."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        got = set(map(int, Path(path).read_bytes().splitlines()))
        if got == set(range(count)):
            return
        expect(time.monotonic() < deadline, f"{len(got)} of {count} records over a restart")
        time.sleep(0.1)


def outlives(tools, prefix, restart):
    """A producer and a member of a group go on when their broker is stopped and started anew."""
    topic = f"{prefix}-outlives"
    tools.run("produce", topic, "--create")
    with tempfile.NamedTemporaryFile() as out, \
            subprocess.Popen(tools.command("consume", topic, "-g", topic, "-f", "-q"),
                             stdout=out) as reader, \
            subprocess.Popen(tools.command("produce", topic, "-q"), stdin=subprocess.PIPE) as writer:
        try:
            for count in (100, 200):
                writer.stdin.write(b"".join(b"%d\n" % i for i in range(count - 100, count)))
                writer.stdin.flush()
                wait_for_numbers(out.name, count)
                if count == 100:
                    restart()
            writer.stdin.close()
            expect(writer.wait(TIMEOUT_S) == 0, f"the producer ends with {writer.returncode}")
            reader.send_signal(signal.SIGINT)
            expect(reader.wait(TIMEOUT_S) == 0, f"the member ends with {reader.returncode}")
        finally:
            writer.kill()
            reader.kill()
    expect(tools.json("groups", "describe", topic)["groups"][0]["lag"] == 0, "it has committed all")


def time_of_topics(tools, options, prefix):
    known = len(tools.json("topics")["topics"])
    for i in range(known, options.topics):
        tools.run("produce", f"{prefix}-more-{i}", "--create")
    known = len(tools.json("topics")["topics"])
    taken = []
    for _ in range(TOPICS_RUNS):
        began = time.monotonic()
        tools.run("topics")
        taken.append((time.monotonic() - began) * 1000)
    print(f"millrace topics: {statistics.median(taken):.1f} ms, median of {TOPICS_RUNS}, "
          f"{known} topics")


def tell(tools, options, prefix):
    round_trips(tools, sample(options.lines, options.seed), prefix)
    large_file(tools, options, prefix)
    keys(tools, prefix)
    in_turn(tools, prefix)
    mistakes(tools, prefix)
    groups(tools, prefix)
    follows(tools, prefix)
    time_of_topics(tools, options, prefix)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the binary")
    parser.add_argument("--address", help="of a broker that runs; else one of the binary is started")
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--large-mib", type=int, default=20, help="of the large file")
    parser.add_argument("--topics", type=int, default=0, help="as many at least when they are listed")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.address:
        try:
            tell(Tools(options.broker, options.address), options, f"own{os.getpid()}")
        except (BrokerError, subprocess.TimeoutExpired) as error:
            print(f"FAILED: {error}")
            return 1
        print("1 passed, 0 failed")
        return 0
    with tempfile.TemporaryDirectory(prefix="millrace-tools-") as name:
        folder = Path(name)
        broker = Broker(options.broker, folder / "data", folder / "broker.log",
                        [f"listeners=PLAINTEXT://127.0.0.1:{free_port()}", "num.partitions=12",
                         "offsets.topic.num.partitions=3", "group.initial.rebalance.delay.ms=0"])

        def story():
            broker.start()
            tools = Tools(options.broker, broker.address)
            tell(tools, options, "own")
            outlives(tools, "own", lambda: (broker.stop(), broker.start()))
            broker.stop()

        return run_story(broker, story)


if __name__ == "__main__":
    sys.exit(main())
