"""Groups at scale: 100,000 groups with 10 committed offsets each, loaded after a clean stop and after kill -9,
every offset compared, and what one costs in memory; 10,000 members of one group that join at once; the
processor time of an OffsetCommit and of a Heartbeat beside Apache Kafka 3.9.2's. Times have their bounds; what
things cost is reported as it falls. The last line says how many of the bounds hold."""

import argparse
import asyncio
import socket
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import group_crowd as crowd  # noqa: E402
import group_wire as wire  # noqa: E402
from broker import Broker, BrokerError, expect  # noqa: E402
import kafka  # noqa: E402
import usage  # noqa: E402

TOPIC = "scale"
OFFSETS_PARTITIONS = 50
PARTITIONS = 10              # of the topic; each group has an offset of each
LOADED_WITHIN_S, JOINED_WITHIN_S = 5, 10
BYTES_GOAL, CPU_GOAL = 100, 1 / 8   # not bounds: they are told beside what is so
LOADERS, CALLERS = 200, 64
GROUP_BYTES = 16 << 20
SESSION_MS, REBALANCE_MS = 45_000, 300_000   # what Java's consumer has unless told otherwise


def group_name(number):
    return f"group-{number}"


def offset_of(number, partition):
    return number * 100 + partition


def commit_exchanges(groups):
    expected = struct.pack(">i", 0) + wire.array([wire.text(TOPIC) + wire.array(
        [struct.pack(">ih", partition, wire.NONE) for partition in range(PARTITIONS)])])
    for number in range(groups):
        offsets = {partition: (offset_of(number, partition), "") for partition in range(PARTITIONS)}
        body = wire.commit(group_name(number), -1, "", None, TOPIC, offsets)
        yield wire.request(wire.OFFSET_COMMIT, body), expected


def fetch_exchange(number):
    rows = [struct.pack(">iqi", partition, offset_of(number, partition), -1) + wire.text("")
            + struct.pack(">h", wire.NONE) for partition in range(PARTITIONS)]
    expected = struct.pack(">i", 0) + wire.array([wire.text(TOPIC) + wire.array(rows)]) + struct.pack(">h", 0)
    return wire.request(wire.OFFSET_FETCH, wire.fetch_offsets(group_name(number))), expected


def one_group_of_each_partition(groups):
    found = {}
    for number in range(groups):
        found.setdefault(wire.group_partition(group_name(number), OFFSETS_PARTITIONS), number)
        if len(found) == OFFSETS_PARTITIONS:
            break
    return list(found.values())


def exchange_all(connection, exchanges):
    """The answers to requests that are sent in one go."""
    connection.sendall(b"".join(request for request, _ in exchanges))
    answers = []
    with connection.makefile("rb") as stream:
        for _ in exchanges:
            head = stream.read(4)
            if len(head) < 4:
                raise ConnectionError("closed without an answer")
            answers.append(stream.read(struct.unpack(">i", head)[0])[4:])
    return answers


async def prepare(port, partitions):
    """The topic is there, and groups are coordinated. A Java broker that has just started knows of no broker."""
    deadline = time.monotonic() + 60
    connection = await wire.Connection.open(port)
    for kind, body, told in ((wire.CREATE_TOPICS, wire.create_topic(TOPIC, partitions), wire.created),
                             (wire.FIND_COORDINATOR, wire.find_coordinator("any"), wire.found_coordinator)):
        while (code := told(await connection.call(kind, body))) not in (wire.NONE, wire.TOPIC_EXISTS):
            expect(time.monotonic() < deadline, f"no topic and coordinator in 60 s: error {code}")
            await asyncio.sleep(0.1)
    connection.drop()


class Scale:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.passed = self.failed = 0
        self.figures = []

    def judge(self, holds, text):
        self.passed += holds
        self.failed += not holds
        self.tell(text)
        print("ok" if holds else "TOO MUCH", flush=True)

    def tell(self, text):
        self.figures.append(text)
        print(text, flush=True)

    def broker(self, name, *overrides):
        folder = self.folder / name
        folder.mkdir()
        return Broker(self.options.broker, folder / "data", folder / "broker.log",
                      [f"listeners=PLAINTEXT://127.0.0.1:{kafka.free_port()}", *overrides,
                       *self.options.override])

    # Many groups.

    def start_until_loaded(self, broker, probes):
        """Seconds from the start of the process until it answers for a group of each partition, and until it
        takes connections."""
        broker.port = int(broker.overrides[0].rsplit(":", 1)[1])
        begun = time.monotonic()
        broker.start(wait=False)
        connection, listens = None, None
        while True:
            expect(time.monotonic() < begun + 60, f"not loaded in 60 s\n{broker.log_tail()}")
            try:
                if connection is None:
                    connection = socket.create_connection(("127.0.0.1", broker.port), 10)
                    listens = time.monotonic() - begun
                answers = exchange_all(connection, probes)
            except OSError:
                connection = None
                time.sleep(0.005)
                continue
            if all(answer == expected for answer, (_, expected) in zip(answers, probes)):
                return time.monotonic() - begun, listens
            codes = {struct.unpack(">h", answer[-2:])[0] for answer in answers}
            expect(codes <= {wire.NONE, *wire.COORDINATOR_ERRORS}, f"answered with {codes}")
            time.sleep(0.01)

    def many_groups(self):
        groups = self.options.groups
        probes = [fetch_exchange(number) for number in one_group_of_each_partition(groups)]
        expect(len(probes) == OFFSETS_PARTITIONS, "too few groups for a probe of each partition")
        with self.broker("groups") as broker:
            broker.start()
            asyncio.run(prepare(broker.port, PARTITIONS))
            broker.stop()
            broker.start()
            time.sleep(1)
            bare = usage.memory_mib(broker.process.pid)
            took = crowd.stream(broker.port, LOADERS, commit_exchanges(groups))
            after = usage.memory_mib(broker.process.pid)
            print(f"{groups} commits of {PARTITIONS} offsets in {took:.1f} s", flush=True)
            for how, end in (("a clean stop", broker.stop), ("kill -9", broker.kill)):
                end()
                loaded, listens = self.start_until_loaded(broker, probes)
                self.judge(loaded < LOADED_WITHIN_S,
                           f"{groups} groups with {PARTITIONS} offsets each answered for {loaded:.2f} s after "
                           f"the start behind {how} (connections from {listens:.2f} s on)")
                time.sleep(1)
                memory = usage.memory_mib(broker.process.pid)
                each = (memory - bare) * 1024 * 1024 / (groups * PARTITIONS)
                self.tell(f"{each:.0f} bytes a committed offset then (goal {BYTES_GOAL}; {memory:.0f} MiB resident, "
                          f"{bare:.0f} without groups)")
                crowd.stream(broker.port, LOADERS, (fetch_exchange(number) for number in range(groups)))
            each = (after - bare) * 1024 * 1024 / (groups * PARTITIONS)
            self.tell(f"{each:.0f} in the process that took the commits")
            self.passed += 1
            broker.stop()

    # Many members.

    def many_members(self):
        # The group's one record is larger than a batch may be by default.
        with self.broker("members", f"message.max.bytes={GROUP_BYTES}") as broker:
            broker.start()
            asyncio.run(prepare(broker.port, PARTITIONS))
            before = usage.memory_mib(broker.process.pid)
            cpu = usage.cpu_of(broker.process.pid)
            moments, memory = asyncio.run(self.join_all(broker))
            spent = sum(usage.cpu_between(cpu, usage.cpu_of(broker.process.pid)))
            took = moments["last share"]
            self.judge(took < JOINED_WITHIN_S,
                       f"{self.options.members} members on as many connections joined one group in {took:.1f} s "
                       f"(ids {moments['last id']:.1f} s, generation told {moments['first generation']:.1f} to "
                       f"{moments['last generation']:.1f} s; group.initial.rebalance.delay.ms=3000, "
                       f"message.max.bytes={GROUP_BYTES}), {spent:.1f} s "
                       f"of CPU, {(memory - before) * 1024 / self.options.members:.0f} KiB a member")
            broker.stop()

    async def join_all(self, broker):
        members = crowd.Joiners("crowd", TOPIC, wire.subscription(TOPIC, b""), SESSION_MS, REBALANCE_MS)
        moments = await members.run(broker.port, self.options.members)
        memory = usage.memory_mib(broker.process.pid)
        connection = await wire.Connection.open(broker.port)
        code, state, ids = wire.described(await connection.call(wire.DESCRIBE, wire.describe(["crowd"])))["crowd"]
        expect((code, state, ids) == (wire.NONE, "Stable", set(members.ids.values())),
               f"the group is {state} with {len(ids)} members, error {code}")
        connection.drop()
        members.hang_up()
        return moments, memory

    # Beside Kafka.

    def cost(self, broker, members, kind, count):
        """Microseconds of processor time a request: all of it, and the broker's own without the kernel's."""
        exchanges = members.heartbeats(count) if kind == "Heartbeat" else members.commits(count)
        before = usage.cpu_of(broker.process.pid)
        crowd.stream(broker.port, CALLERS, exchanges)
        spent = usage.cpu_between(before, usage.cpu_of(broker.process.pid))
        return sum(spent) * 1e6 / count, spent.user * 1e6 / count

    def beside_kafka(self):
        folder = self.folder / "kafka"
        with self.broker("flush", "durability=flush") as flush, self.broker("os", "durability=os") as weak, \
                kafka.ZooKeeper(folder) as zookeeper:
            zookeeper.start()
            with kafka.KafkaBroker(folder, folder / "data", zookeeper) as java:
                brokers = {"flush": flush, "os": weak, "Kafka": java}
                members = {}
                for name, broker in brokers.items():
                    broker.start()
                    asyncio.run(prepare(broker.port, PARTITIONS))
                    members[name] = crowd.Members(broker.port, CALLERS, TOPIC)
                    asyncio.run(members[name].join())
                for kind in ("Heartbeat", "OffsetCommit"):
                    self.compare(kind, brokers, members)
                java.stop()
            flush.stop()
            weak.stop()

    def compare(self, kind, brokers, members):
        count = self.options.requests
        for name, broker in brokers.items():
            self.cost(broker, members[name], kind, 2 * count if name == "Kafka" else count // 5)
        runs = []
        for number in range(self.options.pairs):
            runs.append({name: self.cost(broker, members[name], kind, count)
                         for name, broker in brokers.items()})
            print(f"{kind}, pair {number + 1}: " + ", ".join(
                f"{name} {total:.1f} us ({user:.1f} user)" for name, (total, user) in runs[-1].items()), flush=True)
        for name in ("flush", "os") if kind == "OffsetCommit" else ("flush",):
            what = f"{kind} with durability={name}" if kind == "OffsetCommit" else \
                f"on {CALLERS} connections with one request in flight each a {kind}"
            texts = []
            for place, part in enumerate(("CPU", "it outside the kernel")):
                mine, other = ([run[who][place] for run in runs] for who in (name, "Kafka"))
                ratios = [a / b for a, b in zip(mine, other)]
                texts.append(f"{statistics.median(mine):.1f} us of {part} against {statistics.median(other):.1f}, "
                             f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
            self.tell(f"{what} {', '.join(texts)} (goal {CPU_GOAL:.2f})")


PARTS = ("many_groups", "many_members", "beside_kafka")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--folder", type=Path, help="where the brokers keep their data; default: build/")
    parser.add_argument("--groups", type=int, default=100_000)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=100_000, help="of each measured stream")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    return parser.parse_args()


def main():
    options = parse()
    place = options.folder or Path(__file__).resolve().parents[2] / "build"
    with tempfile.TemporaryDirectory(prefix="millrace-group-scale-", dir=place) as name:
        scale = Scale(options, Path(name))
        for part in options.only:
            try:
                getattr(scale, part)()
            except (BrokerError, kafka.KafkaError, OSError) as error:
                scale.failed += 1
                print(f"FAILED: {error}")
    print("figures: " + "; ".join(scale.figures))
    print(f"{scale.passed} passed, {scale.failed} failed")
    return 1 if scale.failed else 0


if __name__ == "__main__":
    sys.exit(main())
