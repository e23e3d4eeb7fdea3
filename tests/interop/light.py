"""How light the broker is: writes that leave the ring thread, idle cost, time to the first acknowledged
record, memory, each with its limit; then the same load on it and on Apache Kafka 3.9.2, in turns,
reported as it falls. The last line says how many of the limits hold."""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from broker import Broker, BrokerError  # noqa: E402
import kafka  # noqa: E402
import roundtrip  # noqa: E402
import usage  # noqa: E402

PUNTED_MAX = 0.01          # of the writes submitted
IDLE_MAX = 0.005           # of a core
IDLE_CONSUMERS, IDLE_PARTITIONS = 10, 50
FIRST_ACK_MAX_MS = 200
MEMORY_MAX_MIB = 192
CACHE_BYTES = 64 << 20
RECORD_BYTES, BATCH_RECORDS, PARTITIONS = 1024, 64, 12


class Light:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.passed = self.failed = 0
        self.figures = []

    def judge(self, holds, text):
        self.passed += holds
        self.failed += not holds
        self.figures.append(text)
        print(f"{'ok' if holds else 'TOO MUCH'}: {text}", flush=True)

    def broker(self, name, *overrides):
        folder = self.folder / name
        folder.mkdir()
        return Broker(self.options.broker, folder / "data", folder / "broker.log", overrides)

    def load(self, port, **shape):
        settings = [f"{name}={value}" for name, value in shape.items()]
        done = subprocess.run([self.options.client, "produce", str(port), *settings],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise BrokerError(f"the load went wrong: {done.stdout}{done.stderr}")
        return {key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+)", done.stdout)}

    def bulk(self, port, mib):
        requests = mib * 1024 * 1024 // (RECORD_BYTES * BATCH_RECORDS)
        return self.load(port, topic="bulk", connections=4, window=5, batch=BATCH_RECORDS,
                         bytes=RECORD_BYTES, requests=requests)

    # The limits.

    def punts(self):
        kind = subprocess.run(["stat", "-f", "-c", "%T", self.folder], capture_output=True,
                              text=True, check=True).stdout.strip()
        if kind != "ext2/ext3":
            raise BrokerError(f"{self.folder} is on {kind}, not on ext4")
        with self.broker("punts", f"num.partitions={PARTITIONS}") as broker:
            broker.start()
            with usage.RingEvents(broker.process.pid) as events:
                time.sleep(0.5)
                self.bulk(broker.port, self.options.mib)
                self.load(broker.port, topic="bulk", connections=2, rate=2000, window=100,
                          requests=2000 * 5)
            broker.stop()
        apart = ", ".join(f"{name} {events.punted[name]} of {events.submitted[name]}"
                          for name in ("FSYNC", "FALLOCATE"))
        writes, punted = events.submitted["WRITE"], events.punted["WRITE"]
        self.judge(writes > 1000 and punted < PUNTED_MAX * writes,
                   f"{punted} of {writes} WRITEs punted on ext4 (apart: {apart})")

    def idle(self):
        with self.broker("idle", f"num.partitions={IDLE_PARTITIONS}") as broker:
            broker.start()
            self.load(broker.port, topic="idle", requests=IDLE_PARTITIONS)
            consumers = [subprocess.Popen(["kcat", "-C", "-b", broker.address, "-t", "idle", "-o",
                                           "end", "-q"], stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL)
                         for _ in range(IDLE_CONSUMERS)]
            try:
                time.sleep(5)
                before, began = usage.cpu_of(broker.process.pid), time.monotonic()
                time.sleep(self.options.idle_seconds)
                spent = usage.cpu_between(before, usage.cpu_of(broker.process.pid))
                seconds = time.monotonic() - began
                if any(consumer.poll() is not None for consumer in consumers):
                    raise BrokerError("a consumer ended while it should wait")
            finally:
                for consumer in consumers:
                    consumer.kill()
                    consumer.wait()
            broker.stop()
        share = sum(spent) / seconds
        self.judge(share < IDLE_MAX,
                   f"idle with {IDLE_PARTITIONS} partitions and {IDLE_CONSUMERS} long-polling "
                   f"consumers {share * 100:.2f} % of a core over {seconds:.0f} s")

    def first_ack(self):
        """On an empty directory, then on the one that a clean stop left, several times each."""
        took = {"new": [], "existing": []}
        for attempt in range(self.options.starts):
            with self.broker(f"first-{attempt}") as broker:
                for kind in took:
                    took[kind].append(self.one_first_ack(broker))
                    broker.stop()
        slowest = max(max(each) for each in took.values())
        text = ", ".join(f"{kind} directory {statistics.median(each):.0f} ms (at most "
                         f"{max(each):.0f})" for kind, each in took.items())
        self.judge(slowest < FIRST_ACK_MAX_MS, f"start to first acknowledged record: {text}")

    def one_first_ack(self, broker):
        port = kafka.free_port()
        broker.overrides = [f"listeners=PLAINTEXT://127.0.0.1:{port}"]
        with subprocess.Popen([self.options.client, "first", str(port), "first"], text=True,
                              stdout=subprocess.PIPE) as client:
            time.sleep(0.2)
            begun = time.monotonic_ns()
            broker.start(wait=False)
            line = client.stdout.readline()
        moment = int(line.partition("ns=")[2] or 0)
        if moment == 0:
            raise BrokerError(f"nothing was acknowledged\n{broker.log_tail()}")
        return (moment - begun) / 1e6

    def memory(self):
        """roundtrip's load on one broker: every codec, to one partition and to twelve, in and out."""
        source = self.options.file
        if source is None:
            source = self.folder / "lines.txt"
            source.write_bytes(b"\n".join(roundtrip.sample_lines(self.options.lines, 1)) + b"\n")
        with self.broker("memory", f"num.partitions={PARTITIONS}",
                         f"cache.bytes={CACHE_BYTES}") as broker:
            broker.start()
            for partitions in (1, PARTITIONS):
                sent, counts = roundtrip.split_lines(source, self.folder, partitions)
                for codec in roundtrip.CODECS:
                    topic = f"memory-{codec}-{partitions}"
                    for index in range(partitions):
                        roundtrip.produce(broker.address, topic, index, sent[index], "all", codec, 600)
                    for index in range(partitions):
                        roundtrip.compare(broker.address, topic, index, sent[index], counts[index],
                                          self.folder, 600)
            now = usage.memory_mib(broker.process.pid)
            peak = usage.memory_mib(broker.process.pid, "VmHWM")
            broker.stop()
        self.judge(now < MEMORY_MAX_MIB, f"{now:.0f} MiB resident after roundtrip's load with "
                   f"cache.bytes=64MiB (at most {peak:.0f})")

    # Beside Kafka.

    def measure(self, port, pid):
        """One broker's figures: processor seconds per GB, microseconds per request, latency."""
        figures = {}
        self.bulk(port, self.options.mib // 4)
        bulk = self.cost(pid, lambda: self.bulk(port, self.options.mib))
        gigabytes = self.options.mib * 1024 * 1024 / 1e9
        figures["s_per_gb"] = sum(bulk[0]) / gigabytes
        figures["s_per_gb_user"] = bulk[0].user / gigabytes
        figures["s_per_gb_machine"] = bulk[1] / gigabytes
        figures["mb_per_s"] = gigabytes * 1000 / bulk[2]["seconds"]
        single = {"topic": "single", "connections": 1, "window": 5}
        self.load(port, requests=self.options.requests // 5, **single)
        requests = self.cost(pid, lambda: self.load(port, requests=self.options.requests, **single))
        figures["us_per_request"] = sum(requests[0]) * 1e6 / self.options.requests
        figures["us_per_request_user"] = requests[0].user * 1e6 / self.options.requests
        late = self.load(port, topic="single", rate=2000, window=1000, connections=1,
                         requests=2000 * self.options.latency_seconds)
        figures["p50_ms"], figures["p99_ms"] = late["p50_us"] / 1000, late["p99_us"] / 1000
        return figures

    def cost(self, pid, work):
        before, machine, clients = usage.cpu_of(pid), usage.machine(), usage.children()
        result = work()
        after = usage.machine()
        # The machine's time without the client's: page-cache writes go on in kernel threads.
        others = after.busy - machine.busy - (usage.children() - clients)
        steal, idle = after.steal - machine.steal, after.idle - machine.idle
        share = steal / max(after.busy - machine.busy + idle + steal, 0.01)
        if share > 0.05:
            print(f"stolen from this machine meanwhile: {share * 100:.0f} %")
        return usage.cpu_between(before, usage.cpu_of(pid)), others, result

    def ours(self, name):
        with self.broker(name, f"num.partitions={PARTITIONS}", "durability=flush") as broker:
            broker.start()
            figures = self.measure(broker.port, broker.process.pid)
            figures["memory_mib"] = usage.memory_mib(broker.process.pid)
            broker.stop()
        return figures

    def theirs(self, name):
        folder = self.folder / name
        with kafka.ZooKeeper(folder) as zookeeper:
            zookeeper.start()
            with kafka.KafkaBroker(folder, folder / "data", zookeeper,
                                   [f"num.partitions={PARTITIONS}"]) as broker:
                broker.start()
                figures = self.measure(broker.port, broker.process.pid)
                figures["memory_mib"] = usage.memory_mib(broker.process.pid)
                broker.stop()
        return figures

    def beside_kafka(self):
        # Guest memory that was never touched makes page-cache writes dearer: touched first.
        warm = bytearray(self.options.warm_mib << 20)
        warm[::4096] = b"x" * len(warm[::4096])
        del warm
        pairs = []
        for number in range(self.options.pairs):
            pair = self.ours(f"ours-{number}"), self.theirs(f"theirs-{number}")
            pairs.append(pair)
            for who, figures in zip(("millrace, flush", "Kafka 3.9.2, page cache"), pair):
                print(f"pair {number + 1}, {who}: " + ", ".join(
                    f"{name} {value:.2f}" for name, value in figures.items()), flush=True)
        for name in pairs[0][0]:
            mine, other = ([pair[side][name] for pair in pairs] for side in (0, 1))
            ratios = [a / b for a, b in zip(mine, other) if b > 0] or [0]
            text = (f"{name} {statistics.median(mine):.2f} against {statistics.median(other):.2f}, "
                    f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
            print(text)
            if name in ("s_per_gb", "us_per_request", "p50_ms", "p99_ms"):
                self.figures.append(text)

    def where_time_goes(self):
        with self.broker("profile", f"num.partitions={PARTITIONS}") as broker:
            broker.start()
            shapes = {"bulk": {"connections": 4, "window": 5, "batch": BATCH_RECORDS,
                               "bytes": RECORD_BYTES, "requests": 1 << 30},
                      "one-record requests": {"connections": 1, "window": 5, "requests": 1 << 30}}
            for what, shape in shapes.items():
                settings = [f"{name}={value}" for name, value in shape.items()]
                client = subprocess.Popen([self.options.client, "produce", str(broker.port),
                                           "topic=profile", *settings], stdout=subprocess.DEVNULL)
                try:
                    time.sleep(1)
                    lines = usage.hottest(broker.process.pid, 4, str(self.folder / "perf.data"))
                finally:
                    client.kill()
                    client.wait()
                print(f"where its time goes with {what}:", *lines[:14], sep="\n", flush=True)
            broker.stop()


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--client", required=True, help="millrace_load")
    parser.add_argument("--folder", type=Path, help="on the filesystem to measure; default: build/")
    parser.add_argument("--file", type=Path, help="text for the memory figure; else lines are made up")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--mib", type=int, default=1024, help="of each measured bulk load")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--latency-seconds", type=int, default=30)
    parser.add_argument("--idle-seconds", type=int, default=30)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--warm-mib", type=int, default=8192)
    parser.add_argument("--only", nargs="*", help="parts, by name")
    return parser.parse_args()


def main():
    options = parse()
    place = options.folder or Path(__file__).resolve().parents[2] / "build"
    with tempfile.TemporaryDirectory(prefix="millrace-light-", dir=place) as name:
        light = Light(options, Path(name))
        for part in ("punts", "idle", "first_ack", "memory", "beside_kafka", "where_time_goes"):
            if options.only is None or part in options.only:
                getattr(light, part)()
    print("figures: " + "; ".join(light.figures))
    print(f"{light.passed} passed, {light.failed} failed")
    return 1 if light.failed else 0


if __name__ == "__main__":
    sys.exit(main())
