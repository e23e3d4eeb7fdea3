"""A million commits of a thousand keys go to a broker whose segments of __consumer_offsets are small. A minute later at
the latest its batches are hardly more than what is committed: less than twice what the newest records take in their
batches, and a segment for each partition. Nothing of what was committed is lost, before a restart and behind it."""

import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

from broker import Broker, expect
import group_wire as wire
import kafka
from raw_produce import Producer, create_topics
from raw_requests import text

FETCH = 1
TOPIC, OFFSETS = "read", "__consumer_offsets"
GROUPS, KEYS_OF_GROUP = 50, 20
PARTITIONS, SEGMENT = 4, 1 << 20
SETTLED_S = 60
# Size, correlation, throttle time, one topic, one partition and its code.
COMMIT_ANSWER = 4 + 4 + 4 + 4 + (2 + len(TOPIC)) + 4 + 6


def commit_of(group, key, offset):
    """Of no member."""
    return wire.request(wire.OFFSET_COMMIT, wire.commit(group, -1, "", None, TOPIC, {key: (offset, "")}))


def commit_all(address, group, rounds):
    """Each round commits each key once, in as many requests; the next begins when all are acknowledged."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 60) as connection, connection.makefile("rb") as stream:
        for turn in range(1, rounds + 1):
            connection.sendall(b"".join(commit_of(group, key, turn) for key in range(KEYS_OF_GROUP)))
            for _ in range(KEYS_OF_GROUP):
                answer = stream.read(COMMIT_ANSWER)
                expect(len(answer) == COMMIT_ANSWER and answer[-2:] == b"\0\0", f"{group}: a commit got {answer.hex()}")


def fetch_batches(address, partition):
    """Bytes of all batches of a partition, of less than 64 MiB."""
    batches, offset = b"", 0
    with Producer(address) as connection:
        while True:
            body = (struct.pack(">iiiibi", -1, 0, 0, 1 << 26, 0, 1) + text(OFFSETS)
                    + struct.pack(">iiqi", 1, partition, offset, 1 << 26))
            answer = connection.call(FETCH, 4, body)
            answer.take("ii")
            answer.text()
            _, _, code, _, _, aborted, size = answer.take("iihqqii")
            expect(code == 0 and aborted <= 0, f"a fetch of {OFFSETS}-{partition} from {offset} got {code}")
            if size <= 0:
                return batches
            batches += answer.data[answer.place:answer.place + size]
            for begin, end in batch_places(batches):
                base, last = struct.unpack_from(">q", batches, begin)[0], struct.unpack_from(">i", batches, begin + 23)[0]
                expect(end <= len(batches), "a fetch ended within a batch")
                offset = base + last + 1


def batch_places(data):
    begin = 0
    while begin < len(data):
        end = begin + 12 + struct.unpack_from(">i", data, begin + 8)[0]
        yield begin, end
        begin = end


def varint(data, place):
    value = shift = 0
    while True:
        value |= (data[place] & 0x7f) << shift
        place, shift = place + 1, shift + 7
        if data[place - 1] < 0x80:
            return (value >> 1) ^ -(value & 1), place


def records(data, begin, end):
    """(key, bytes that it takes) of a batch that isn't compressed."""
    expect(struct.unpack_from(">h", data, begin + 21)[0] & 7 == 0, "the records are not compressed")
    place = begin + 61
    while place < end:
        size, body = varint(data, place)
        _, key = varint(data, body + 1)
        _, key = varint(data, key)
        length, key = varint(data, key)
        yield data[key:key + length], body + size - place
        place = body + size


def live_size(data):
    """Bytes of the newest record of each key, in the batches in which they are; and how many keys."""
    newest = {}
    for begin, end in batch_places(data):
        for key, size in records(data, begin, end):
            newest[key] = (begin, size)
    return 61 * len({begin for begin, _ in newest.values()}) + sum(size for _, size in newest.values()), len(newest)


class CommitStory:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.rounds = options.commits // (GROUPS * KEYS_OF_GROUP)
        self.sizes = []

    def run(self):
        self.folder.mkdir(parents=True)
        port = kafka.free_port()
        self.broker = Broker(self.options.broker, self.folder / "data", self.folder / "broker.log", [
            f"listeners=PLAINTEXT://127.0.0.1:{port}", f"offsets.topic.num.partitions={PARTITIONS}",
            f"offsets.topic.segment.bytes={SEGMENT}", *self.options.override])
        with self.broker:
            self.broker.start()
            create_topics(self.broker.address, {TOPIC: {}}, KEYS_OF_GROUP)
            self.wait_for_coordinator()
            began = time.monotonic()
            with ThreadPoolExecutor(GROUPS) as pool:
                list(pool.map(lambda group: commit_all(self.broker.address, group, self.rounds), self.groups()))
            self.commits_s = time.monotonic() - began
            self.wait_until_small()
            self.check_offsets()
            self.broker.stop()
            self.broker.start()
            self.check_offsets()
            self.broker.stop()

    @staticmethod
    def groups():
        return [f"group-{each}" for each in range(GROUPS)]

    def wait_for_coordinator(self):
        deadline = time.monotonic() + 60
        with Producer(self.broker.address) as connection:
            for group in self.groups():
                while wire.found_coordinator(connection.call(*wire.FIND_COORDINATOR, wire.find_coordinator(group))):
                    expect(time.monotonic() < deadline, f"{group} has no coordinator")
                    time.sleep(0.1)
        time.sleep(1)

    def wait_until_small(self):
        ended = time.monotonic()
        while True:
            self.sizes, live, keys = [], 0, 0
            for partition in range(PARTITIONS):
                data = fetch_batches(self.broker.address, partition)
                of_newest, count = live_size(data)
                self.sizes.append(len(data))
                live, keys = live + of_newest, keys + count
            self.settled_s = time.monotonic() - ended
            expect(keys == GROUPS * KEYS_OF_GROUP, f"{keys} keys are there")
            self.live = live
            if sum(self.sizes) < 2 * live + PARTITIONS * SEGMENT:
                return
            expect(self.settled_s < SETTLED_S, f"{self.sizes} bytes are there for {live} of the newest records "
                                               f"{self.settled_s:.0f} s behind the last commit")
            time.sleep(1)

    def check_offsets(self):
        expected = {key: (self.rounds, "") for key in range(KEYS_OF_GROUP)}
        with Producer(self.broker.address) as connection:
            for group in self.groups():
                found = self.fetch_offsets(connection, group)
                expect(found == (wire.NONE, expected), f"{group} has {found}")

    @staticmethod
    def fetch_offsets(connection, group):
        deadline = time.monotonic() + 60
        while True:
            answer = connection.call(*wire.OFFSET_FETCH, wire.fetch_offsets(group))
            code, offsets = wire.fetched_offsets(wire.GroupAnswer(answer.data))
            if code != wire.LOAD_IN_PROGRESS or time.monotonic() > deadline:
                return code, offsets
            time.sleep(0.1)

    def figure(self):
        commits = self.rounds * GROUPS * KEYS_OF_GROUP
        return (f"{commits} commits of {GROUPS * KEYS_OF_GROUP} keys in {self.commits_s:.0f} s: {self.settled_s:.0f} s later "
                f"{sum(self.sizes)} bytes are left of them, {self.live} of the newest records and their batches")
