#!/usr/bin/env python3
"""What the load generator costs a broker, beside other clients that send the same: kcat, which is
librdkafka, and Kafka's own kafka-producer-perf-test where Java and Maven are. Batches of 16 records
of 1 KiB go to one partition, acks=all, at most five requests in flight. In turns against one broker:
each client as fast as it can, then the generator at the rate that the client came to, because a
broker that gets more at a time has less to do for each. A generator is of use when a broker can't
tell it from them."""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/interop"), str(ROOT / "perf")]
import acks  # noqa: E402
import kafka  # noqa: E402

RECORD_BYTES = 1024
BATCH_RECORDS = 16
# What Java's producer reckons for such a batch, and not for one record more.
JAVA_BATCH_BYTES = 16_800
BETWEEN_SAMPLES_S = 0.2
BYTES = "millrace_bytes_appended_total"


def generator(options, address, topic, rate):
    """As fast as it can without a rate."""
    return [str(acks.PROGRAM), "-b", address, "--topic", topic, "--partitions", "1", "--seconds",
            str(options.seconds), "--warm-up", "0", "--batch-records", str(BATCH_RECORDS),
            "--record-bytes", str(RECORD_BYTES), *(["--rate", f"{rate:.0f}"] if rate else [])]


def kcat(options, address, topic):
    settings = (f"batch.num.messages={BATCH_RECORDS}", "linger.ms=1000", "acks=all",
                "max.in.flight=5", "queue.buffering.max.kbytes=1048576")
    return ["kcat", "-P", "-b", address, "-t", topic, "-p", "0", "-l", options.lines,
            *(word for setting in settings for word in ("-X", setting))]


def perf_test(options, address, topic):
    jars = kafka.class_path()
    return ["java", "-Xmx512m", kafka.quiet_log_config(), "-cp", jars,
            "org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records",
            str(options.records), "--record-size", str(RECORD_BYTES), "--throughput", "-1",
            "--producer-props", f"bootstrap.servers={address}", "acks=all", "linger.ms=1000",
            f"batch.size={JAVA_BATCH_BYTES}", "max.in.flight.requests.per.connection=5",
            "enable.idempotence=false", "partitioner.ignore.keys=true"]


def clients_of_this_machine():
    found = {}
    if shutil.which("kcat"):
        found["kcat"] = kcat
    if shutil.which("java") and shutil.which("mvn"):
        found["kafka-producer-perf-test"] = perf_test
    return found


def client_cpu_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def samples_while(command, target):
    """One before it, some while it runs, and one behind it."""
    yield acks.sample(target)
    with tempfile.TemporaryFile("w+") as said:
        with subprocess.Popen(command, stdout=said, stderr=said) as child:
            while child.poll() is None:
                time.sleep(BETWEEN_SAMPLES_S)
                yield acks.sample(target)
        if child.returncode:
            said.seek(0)
            sys.exit(f"{command[0]} ended with {child.returncode}: {said.read()[-800:]}")
    yield acks.sample(target)


def run(command, target):
    """What the broker used and counted while a client ran; the rate is that of the time in which
    batches came."""
    own = client_cpu_s()
    samples = list(samples_while(command, target))
    grown = lambda name: samples[-1].figures.get(name, 0) - samples[0].figures.get(name, 0)
    coming = [after.time - before.time for before, after in zip(samples, samples[1:])
              if after.figures[BYTES] > before.figures[BYTES]]
    batches, gigabytes = grown("millrace_batches_appended_total"), grown(BYTES) / 1e9
    return {"broker s/GB": (samples[-1].cpu_s - samples[0].cpu_s) / gigabytes,
            "client s/GB": (client_cpu_s() - own) / gigabytes,
            "bytes/batch": gigabytes * 1e9 / batches,
            "batches/request": batches / grown('millrace_requests_total{api="Produce"}'),
            "batches/journal write": batches / grown("millrace_journal_frames_total"),
            "records/s": batches * BATCH_RECORDS / sum(coming)}


def compare(options, target):
    for name, command in clients_of_this_machine().items():
        its, ours = [], []
        for turn in range(options.rounds):
            its.append(run(command(options, target.address, f"{name}-{turn}"), target))
            rate = its[-1]["records/s"]
            topic = f"{name}-{turn}-generator"
            ours.append(run(generator(options, target.address, topic, rate), target))
        tell(name, its)
        tell(f"the generator at the rate of {name}", ours)
        ratios = [one["broker s/GB"] / other["broker s/GB"] for one, other in zip(ours, its)]
        print(f"  broker s/GB, generator / {name}: {spread(ratios)}")
    most = [run(generator(options, target.address, f"most-{turn}", None), target)
            for turn in range(options.rounds)]
    tell("the generator as fast as it can", most)


def tell(heading, rounds):
    print(f"\n{heading}")
    for figure in rounds[0]:
        print(f"  {figure:22} {spread([each[figure] for each in rounds])}", flush=True)


def spread(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", default=str(acks.BROKER))
    parser.add_argument("--durability", choices=("flush", "os"), default="os")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=200_000, help="of kcat and of Java's client")
    parser.add_argument("--seconds", type=float, default=2, help="of the generator")
    parser.add_argument("--dir", default=ROOT / "build", help="where the broker has its data")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        options.lines = os.path.join(folder, "lines")
        Path(options.lines).write_text(("x" * RECORD_BYTES + "\n") * options.records)
        with acks.own_brokers(options.broker, Path(folder), (options.durability,)) as targets:
            compare(options, targets[options.durability])
    return 0


if __name__ == "__main__":
    sys.exit(main())
