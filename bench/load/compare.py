#!/usr/bin/env python3
"""What the load generator costs a broker, beside other clients that send the same: kcat, which is
librdkafka, and Kafka's own kafka-producer-perf-test where Java and Maven are. In turns against one
broker; each sends batches of 16 records of 1 KiB to one partition, acks=all, five requests in
flight. A generator is of use when a broker can't tell it from them."""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/interop"), str(ROOT / "perf")]
import acks  # noqa: E402
import kafka  # noqa: E402

RECORD_BYTES = 1024
BATCH_RECORDS = 16
# What Java's producer reckons for such a batch, and not for one record more.
JAVA_BATCH_BYTES = 16_800
TIMEOUT_S = 300


def generator(options, address, topic):
    return [str(acks.PROGRAM), "-b", address, "--topic", topic, "--partitions", "1", "--seconds",
            str(options.seconds), "--warm-up", "0", "--batch-records", str(BATCH_RECORDS),
            "--record-bytes", str(RECORD_BYTES)]


def kcat(options, address, topic):
    settings = (f"batch.num.messages={BATCH_RECORDS}", "linger.ms=1000", "acks=all",
                "max.in.flight=5", "queue.buffering.max.kbytes=1048576")
    return ["kcat", "-P", "-b", address, "-t", topic, "-p", "0", "-l", options.lines,
            *(word for setting in settings for word in ("-X", setting))]


def perf_test(options, address, topic):
    return ["java", "-Xmx512m", kafka.quiet_log_config(), "-cp", kafka.class_path(),
            "org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records",
            str(options.records), "--record-size", str(RECORD_BYTES), "--throughput", "-1",
            "--producer-props", f"bootstrap.servers={address}", "acks=all", "linger.ms=1000",
            f"batch.size={JAVA_BATCH_BYTES}", "max.in.flight.requests.per.connection=5",
            "enable.idempotence=false", "partitioner.ignore.keys=true"]


def clients_of_this_machine():
    found = {"generator": generator}
    if shutil.which("kcat"):
        found["kcat"] = kcat
    if shutil.which("java") and shutil.which("mvn"):
        found["kafka-producer-perf-test"] = perf_test
    return found


def client_cpu_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(command, target):
    """What the broker used and counted while a client ran, per GB of its batches."""
    own, before = client_cpu_s(), acks.sample(target)
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    after = acks.sample(target)
    if done.returncode:
        said = done.stderr or done.stdout
        sys.exit(f"{command[0]} ended with {done.returncode}: {said[-800:]}")
    grown = lambda name: after.figures.get(name, 0) - before.figures.get(name, 0)
    gigabytes = grown("millrace_bytes_appended_total") / 1e9
    batches = grown("millrace_batches_appended_total")
    return {"broker s/GB": (after.cpu_s - before.cpu_s) / gigabytes,
            "client s/GB": (client_cpu_s() - own) / gigabytes,
            "bytes/batch": gigabytes * 1e9 / batches,
            "batches/request": batches / grown('millrace_requests_total{api="Produce"}'),
            "MB/s": gigabytes * 1e3 / (after.time - before.time)}


def compare(options, target):
    found = clients_of_this_machine()
    rounds = {name: [] for name in found}
    for turn in range(options.rounds):
        for name, command in found.items():
            topic = f"compare-{name}-{turn}"
            rounds[name].append(run(command(options, target.address, topic), target))
    for name, figures in rounds.items():
        print(f"\n{name}")
        for figure in figures[0]:
            print(f"  {figure:18} {spread([each[figure] for each in figures])}")
        ratios = [each["broker s/GB"] / twin["broker s/GB"]
                  for each, twin in zip(rounds["generator"], figures)]
        print(f"  {'generator / it':18} {spread(ratios)} of the broker's s/GB")


def spread(values):
    return f"{statistics.median(values):9.3f} ({min(values):.3f} to {max(values):.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", default=str(acks.BROKER))
    parser.add_argument("--durability", choices=("flush", "os"), default="os")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=200_000, help="of kcat and of Java's client")
    parser.add_argument("--seconds", type=float, default=2, help="of the generator")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        options.lines = os.path.join(folder, "lines")
        Path(options.lines).write_text(("x" * RECORD_BYTES + "\n") * options.records)
        with acks.own_brokers(options.broker, Path(folder), (options.durability,)) as targets:
            compare(options, targets[options.durability])
    return 0


if __name__ == "__main__":
    sys.exit(main())
