"""The binary's own tools against Kafka 3.9.2's broker: tests/integration/own_tools.py, whole; keys, which
go where Kafka's console producer sends them; and a group that is shared with its console consumer."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import kafka

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import own_tools as story  # noqa: E402  the one of tests/integration

RECORDS = 600
KEYED = 2000
TOGETHER_S = 60


def run(binary, address, *words, stdin=None):
    return subprocess.run([binary, *words, "-b", address], input=stdin, capture_output=True,
                          timeout=120, check=True).stdout.decode()


def wait_for_two(binary, address):
    deadline = time.monotonic() + TOGETHER_S
    seen = ""
    while time.monotonic() < deadline:
        seen = run(binary, address, "groups", "describe", "shared")
        if "Stable, 2 members, range" in seen:
            return seen
        time.sleep(0.5)
    raise kafka.KafkaError(f"ours and theirs don't come together:\n{seen}")


def places_of(binary, address, topic):
    """Partition, key and value of each record."""
    records = map(json.loads, run(binary, address, "consume", topic, "--json").splitlines())
    return sorted((each["partition"], each["key"], each["value"]) for each in records)


def keys_as_java(binary, address):
    """Ours and Java's producer send the same records to the same partitions; an empty key is a key."""
    lines = "".join(f"{'k' * (i % 9)}{i if i % 9 else ''}:{i}\n" for i in range(KEYED)).encode()
    for topic in ("keys-ours", "keys-theirs"):
        run(binary, address, "produce", topic, "--create", stdin=b"")
    run(binary, address, "produce", "keys-ours", "-k", ":", stdin=lines)
    java = kafka.java("kafka.tools.ConsoleProducer", "--bootstrap-server", address, "--topic",
                      "keys-theirs", "--property", "parse.key=true", "--property",
                      "key.separator=:", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                      stderr=subprocess.PIPE)
    _, told = java.communicate(lines.decode(), timeout=TOGETHER_S)
    ours, theirs = (places_of(binary, address, f"keys-{whose}") for whose in ("ours", "theirs"))
    if len(theirs) != KEYED or ours != theirs:
        raise kafka.KafkaError(f"{len(ours)} and {len(theirs)} records go to other places: {told}")
    print(f"keys: {KEYED} records in the same partitions as by Kafka's console producer")


def share_a_group(binary, address, folder):
    """Ours and Java's consumer get half of the partitions each, and each record once."""
    lines = "".join(f"{i}\n" for i in range(RECORDS)).encode()
    with open(folder / "theirs.txt", "wb") as theirs, open(folder / "ours.txt", "wb") as ours:
        run(binary, address, "produce", "shared", "--create", stdin=b"first\n")
        run(binary, address, "consume", "shared", "--group", "shared")
        java = kafka.java("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server",
                          address, "--topic", "shared", "--group", "shared", stdout=theirs,
                          stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        mine = subprocess.Popen([binary, "consume", "shared", "--group", "shared", "--follow",
                                 "-b", address], stdout=ours, stderr=subprocess.DEVNULL)
        try:
            print(wait_for_two(binary, address))
            run(binary, address, "produce", "shared", "--round-robin", stdin=lines)
            deadline = time.monotonic() + TOGETHER_S
            while time.monotonic() < deadline:
                got = [(folder / name).read_bytes().split() for name in ("ours.txt", "theirs.txt")]
                if len(got[0]) + len(got[1]) >= RECORDS:
                    break
                time.sleep(0.5)
        finally:
            mine.terminate()
            java.terminate()
            mine.wait(60)
            java.wait(60)
    if sorted(got[0] + got[1]) != sorted(lines.split()) or not got[0] or not got[1]:
        raise kafka.KafkaError(f"{RECORDS} records, ours {len(got[0])}, theirs {len(got[1])}")
    print(f"a shared group: ours {len(got[0])}, theirs {len(got[1])}, each record once")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the binary whose tools run")
    parser.add_argument("--lines", type=int, default=20000)
    parser.add_argument("--large-mib", type=int, default=20)
    parser.add_argument("--topics", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    binary = str(Path(options.broker).resolve())
    with tempfile.TemporaryDirectory(prefix="millrace-tools-") as name:
        folder = Path(name)
        with kafka.ZooKeeper(folder / "zookeeper") as zookeeper:
            zookeeper.start()
            with kafka.KafkaBroker(folder / "java", folder / "data", zookeeper,
                                   ["num.partitions=12",
                                    "group.initial.rebalance.delay.ms=0"]) as java:
                java.start()
                try:
                    own = story.Tools(binary, java.address)
                    story.tell(own, options, "own")
                    story.outlives(own, "own", lambda: (java.stop(), java.start()))
                    keys_as_java(binary, java.address)
                    share_a_group(binary, java.address, folder)
                except (kafka.KafkaError, story.BrokerError) as error:
                    print(f"FAILED: {error}")
                    return 1
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
