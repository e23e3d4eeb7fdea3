"""Consumer groups with one client of many, as it comes, against a real broker: a member reads, a second one
joins, the first dies, the broker restarts under the second, and once it was killed (-9) and is back a new
member goes on from the committed offsets. Records are sent all the time by kcat. Checked: each record is read at least once;
once a rebalance has settled each partition has one owner; the last member begins where the one before it had
ended. Static members also come back under their name without a rebalance.

Each client is a program in the folder `clients` with the command line

    member ADDRESS TOPIC GROUP ASSIGNOR INSTANCE

with "-" for what isn't chosen. It commits what it has read at least every second and, when SIGTERM ends it,
before it leaves. It prints "read PARTITION OFFSET" for each record and, where the library tells, "owns" with
all partitions that it has now, behind each change."""

import argparse
import functools
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import namedtuple
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from broker import Broker, BrokerError, expect  # noqa: E402
import clients  # noqa: E402
import kafka  # noqa: E402
import word_count  # noqa: E402

PARTITIONS = 6
TOPIC, GROUP = "records", "readers"
WAIT_S = 90
SETTLED_ROUNDS = 2
JAVA_ASSIGNORS = ("Range", "RoundRobin", "Sticky", "CooperativeSticky")
SETTINGS = [f"num.partitions={PARTITIONS}", "group.initial.rebalance.delay.ms=500"]

# `prepare` brings what the client needs and returns the command of a member.
Client = namedtuple("Client", "prepare assignor static", defaults=["-", False])


def python_client(script):
    """On the newest libraries, in an environment of their own."""
    place = kafka.PLACE / "python"
    wanted = clients.SOURCES / "python" / "requirements.txt"
    stamp = place / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        clients.run_quietly([sys.executable, "-m", "venv", "--clear", str(place)])
        clients.run_quietly([str(place / "bin" / "pip"), "install", "-q", "-r", str(wanted)])
        shutil.copy(wanted, stamp)
    return [str(place / "bin" / "python"), str(clients.SOURCES / "python" / script), "member"]


def debian_client(script):
    """On Debian's own, older libraries."""
    return ["/usr/bin/python3", str(clients.SOURCES / "python" / script), "member"]


def go_client(library):
    return [*clients.go_client(library)[0], "member"]


def node_client():
    place = kafka.PLACE / "node"
    clients.kafkajs()
    shutil.copy(clients.SOURCES / "node" / "kafkajs_member.js", place)
    return ["node", str(place / "kafkajs_member.js"), "member"]


def java_client(version=None):
    """Of Kafka 3.9.2, or of that age."""
    classes = kafka.PLACE / f"classes-member-{version or 'now'}"
    jars = kafka.class_path(clients.SOURCES / "java" / f"kafka-{version}.xml", f"libs-{version}") if version \
        else kafka.class_path()
    clients.run_quietly(["javac", "-nowarn", "-cp", jars, "-d", str(classes),
                         str(clients.SOURCES / "java" / "Member.java")])
    return ["java", "-Xmx128m", kafka.quiet_log_config(), "-cp", f"{classes}:{jars}", "Member"]


CLIENTS = {
    "confluent-kafka": Client(functools.partial(python_client, "confluent_member.py")),
    "kafka-python": Client(functools.partial(python_client, "kafka_python_member.py")),
    "aiokafka": Client(functools.partial(python_client, "aiokafka_member.py")),
    "python3-kafka": Client(functools.partial(debian_client, "kafka_python_member.py")),
    "python3-confluent-kafka": Client(functools.partial(debian_client, "confluent_member.py")),
    "kafkajs": Client(node_client),
    "sarama": Client(functools.partial(go_client, "sarama")),
    "kafka-go": Client(functools.partial(go_client, "kafka-go")),
    "franz-go": Client(functools.partial(go_client, "franz-go")),
    "java-0.10.2": Client(functools.partial(java_client, "0.10.2"), "Range"),
    **{f"java-{assignor}{'-static' if static else ''}": Client(java_client, assignor, static)
       for assignor in JAVA_ASSIGNORS for static in (False, True)},
}
STREAMS = "kafka-streams"


class Member:
    """A running program; what it says is followed as it comes."""

    def __init__(self, command, address, assignor, instance, log_path):
        self.log_path = log_path
        self.read = []      # (partition, offset), in their order
        self.owns = None    # what it said last
        self.changes = 0    # how often it said so
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen([*command, address, TOPIC, GROUP, assignor, instance], text=True,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        self.follower = threading.Thread(target=self.follow, daemon=True)
        self.follower.start()

    def follow(self):
        for line in self.process.stdout:
            word, *numbers = line.split()
            if word == "read":
                self.read.append((int(numbers[0]), int(numbers[1])))
            elif word == "owns":
                self.owns = {int(each) for each in numbers}
                self.changes += 1

    def end(self, how=signal.SIGKILL):
        """By SIGTERM it has to end by itself, and well."""
        self.process.send_signal(how)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise BrokerError(f"SIGTERM didn't end a member in 60 s\n{self.tail()}") from None
        self.follower.join(10)
        if how == signal.SIGTERM:
            expect(status in (0, -signal.SIGTERM, 128 + signal.SIGTERM),
                   f"a member ended with {status}\n{self.tail()}")

    def tail(self):
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-12:])


class Story:
    """One client's life with a broker of its own."""

    def __init__(self, options, folder, client):
        self.client = client
        self.command = client.prepare()
        self.folder = folder
        self.members = []       # all that ever ran
        self.sent = [0] * PARTITIONS
        settings = [f"listeners=PLAINTEXT://127.0.0.1:{kafka.free_port()}", *SETTINGS]
        self.broker = Broker(options.broker, str(folder / "data"), str(folder / "broker.txt"), settings)

    def start_member(self, instance):
        log_path = self.folder / f"member-{len(self.members)}.txt"
        member = Member(self.command, self.broker.address, self.client.assignor,
                        instance if self.client.static else "-", log_path)
        self.members.append(member)
        return member

    def send(self, count):
        """So many records to each partition."""
        for partition in range(PARTITIONS):
            lines = "".join(f"{partition} {self.sent[partition] + i}\n" for i in range(count))
            done = kcat_send(self.broker.address, partition, lines)
            expect(done.returncode == 0, f"kcat: {done.stderr}")
            self.sent[partition] += count

    def everything(self):
        return {(partition, offset) for partition, count in enumerate(self.sent) for offset in range(count)}

    def wait(self, holds, what):
        deadline = time.monotonic() + WAIT_S
        while not holds():
            for each in self.members:
                expect(each.process.poll() in (None, -signal.SIGKILL, 0, -signal.SIGTERM, 128 + signal.SIGTERM),
                       f"a member ended with {each.process.poll()}\n{each.tail()}")
            if time.monotonic() > deadline:
                said = [(each.owns, len(each.read), each.process.poll()) for each in self.members]
                raise BrokerError(f"not in {WAIT_S} s: {what}; members {said}\n" +
                                  "\n".join(each.tail() for each in self.members))
            time.sleep(0.05)

    def wait_until_all_read(self):
        self.wait(lambda: self.everything() <= {each for member in self.members for each in member.read},
                  f"{sum(self.sent)} records are read")

    def owners(self, living):
        """Sends a record to each partition and returns who reads it: one member each, or None."""
        before = list(self.sent)
        self.send(1)
        self.wait_until_all_read()
        time.sleep(0.3)  # for a second reader of the same
        probes = list(enumerate(before))
        readers = [[member for member in living if probe in member.read] for probe in probes]
        return [each[0] if len(each) == 1 else None for each in readers]

    def settle(self, *living):
        """Until each partition is read by one of the living, each of them has some, twice in a row."""
        deadline, last, equal = time.monotonic() + WAIT_S, None, 0
        while equal < SETTLED_ROUNDS:
            owners = self.owners(living)
            good = None not in owners and set(owners) == set(living) and \
                all(each.owns in (None, parts_of(each, owners)) for each in living)
            equal = equal + 1 if good and owners == last else int(good)
            last = owners
            expect(time.monotonic() < deadline, f"no owners that stay in {WAIT_S} s: " +
                   str([(each.owns, parts_of(each, owners)) for each in living]))
        # What is owned stays so.
        self.send(20)
        self.wait_until_all_read()
        for owner, probes in zip(last, self.latest(20)):
            for member in living:
                expect(member is owner or not probes & set(member.read), "a partition has two owners")
        return last

    def latest(self, count):
        return [{(partition, offset) for offset in range(sent - count, sent)}
                for partition, sent in enumerate(self.sent)]

    def comes_back(self, member, other):
        """A static member that dies and is back within its session has its partitions, the other one sees
        nothing of it."""
        owned, changes = member.owns, other.changes
        member.end()
        member = self.start_member("first")
        self.settle(member, other)
        expect(member.owns == owned and other.changes == changes,
               f"a static member came back to {member.owns} from {owned}, the other one had "
               f"{other.changes - changes} rebalances")
        return member

    def run(self):
        with self.broker:
            self.broker.start()
            self.send(50)
            try:
                self.parts()
            finally:
                for member in self.members:
                    if member.process.poll() is None:
                        member.process.kill()

    def parts(self):
        first = self.start_member("first")
        self.settle(first)
        second = self.start_member("second")
        self.settle(first, second)
        if self.client.static:
            first = self.comes_back(first, second)
        first.end()
        self.settle(second)
        self.broker.stop()
        self.broker.start()
        self.settle(second)
        second.end(signal.SIGTERM)
        self.broker.kill()
        self.broker.start()
        begins = list(self.sent)
        self.send(10)
        third = self.start_member("third")
        self.settle(third)
        found = [min(offset for partition, offset in third.read if partition == index)
                 for index in range(PARTITIONS)]
        expect(found == begins, f"the last member begins at {found}, committed is {begins}")
        third.end(signal.SIGTERM)
        self.broker.stop()

    def figures(self):
        read = sum(len(each.read) for each in self.members)
        return f"{sum(self.sent)} records sent, {read} read, by {len(self.members)} members"


def parts_of(member, owners):
    return {index for index, owner in enumerate(owners) if owner is member}


def kcat_send(address, partition, lines):
    return subprocess.run(["kcat", "-P", "-b", address, "-t", TOPIC, "-p", str(partition)], input=lines, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, errors="replace", check=False)


def run_client(options, name):
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="group-clients.") as place:
        story = word_count.Story(options, Path(place)) if name == STREAMS \
            else Story(options, Path(place), CLIENTS[name])
        try:
            story.run()
        except (BrokerError, kafka.KafkaError, subprocess.TimeoutExpired) as error:
            print(f"FAILED {name}: {error}\n{story.broker.log_tail()}", flush=True)
            if options.keep:
                shutil.copytree(place, options.keep, dirs_exist_ok=True)
            return False
        print(f"ok {name}: {story.figures()}, {time.monotonic() - began:.1f} s", flush=True)
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="only print the clients' names")
    parser.add_argument("--broker", help="the broker's binary")
    parser.add_argument("--client", choices=[*CLIENTS, STREAMS], action="append", help="else all of them")
    parser.add_argument("--keep", help="a folder for what a failed client leaves")
    options = parser.parse_args()
    if options.list:
        print("\n".join([*CLIENTS, STREAMS]))
        return 0
    if not options.broker:
        parser.error("--broker is needed")
    names = options.client or [*CLIENTS, STREAMS]
    failed = [name for name in names if not run_client(options, name)]
    print(f"{len(names) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
