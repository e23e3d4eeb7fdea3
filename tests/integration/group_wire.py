"""The requests of groups as bytes, in the last versions with old headers, and a connection of asyncio that
sends them one at a time. Light enough for thousands of members in one process."""

import asyncio
import struct

from raw_requests import Answer, text

CREATE_TOPICS, OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR = (19, 1), (8, 7), (9, 5), (10, 1)
JOIN, HEARTBEAT, LEAVE, SYNC, DESCRIBE = (11, 5), (12, 3), (13, 3), (14, 3), (15, 4)

NONE, LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR = 0, 14, 15, 16
ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS = 22, 25, 27
TOPIC_EXISTS, MEMBER_ID_REQUIRED, FENCED_INSTANCE_ID = 36, 79, 82
COORDINATOR_ERRORS = (LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR)

CLIENT = "proof"


def maybe_text(value):
    return struct.pack(">h", -1) if value is None else text(value)


def blob(data):
    return struct.pack(">i", len(data)) + data


def array(parts):
    return struct.pack(">i", len(parts)) + b"".join(parts)


def request(kind, body, correlation=1):
    head = struct.pack(">hhi", *kind, correlation) + text(CLIENT)
    return struct.pack(">i", len(head) + len(body)) + head + body


class GroupAnswer(Answer):
    def maybe_text(self):
        size = self.take("h")
        if size < 0:
            return None
        self.place += size
        return self.data[self.place - size:self.place].decode()

    def blob(self):
        size = self.take("i")
        self.place += size
        return bytes(self.data[self.place - size:self.place])


def create_topic(name, partitions):
    topic = text(name) + struct.pack(">ih", partitions, 1) + array([]) + array([])
    return array([topic]) + struct.pack(">i?", 10_000, False)


def created(answer):
    """The error code of the one topic."""
    answer.take("i")
    answer.text()
    return answer.take("h")


def find_coordinator(group):
    return text(group) + struct.pack(">b", 0)


def found_coordinator(answer):
    return answer.take("ih")[1]


def join(group, member_id, instance, protocol_type, protocols, session_ms, rebalance_ms):
    """`protocols` are (name, metadata), the most wanted first."""
    return (text(group) + struct.pack(">ii", session_ms, rebalance_ms) + text(member_id)
            + maybe_text(instance) + text(protocol_type)
            + array([text(name) + blob(data) for name, data in protocols]))


def joined(answer):
    """(code, generation, leader, member id, {member id: (instance, metadata)})."""
    _, code, generation = answer.take("ihi")
    answer.text()
    leader, member_id = answer.text(), answer.text()
    members = {}
    for _ in range(answer.take("i")):
        each = answer.text()
        members[each] = answer.maybe_text(), answer.blob()
    return code, generation, leader, member_id, members


def who(group, generation, member_id, instance):
    return text(group) + struct.pack(">i", generation) + text(member_id) + maybe_text(instance)


def sync(group, generation, member_id, instance, shares):
    """`shares` is {member id: bytes}, of the leader."""
    return who(group, generation, member_id, instance) + array(
        [text(each) + blob(data) for each, data in shares.items()])


def synced(answer):
    return answer.take("ih")[1], answer.blob()


def heartbeat_code(answer):
    return answer.take("ih")[1]


def leave(group, member_id, instance):
    return text(group) + array([text(member_id) + maybe_text(instance)])


def left(answer):
    """The member's error code, or that of the whole request."""
    code = answer.take("ih")[1]
    if code != NONE or answer.take("i") == 0:
        return code
    answer.text()
    answer.maybe_text()
    return answer.take("h")


def commit(group, generation, member_id, instance, topic, offsets):
    """`offsets` is {partition: (offset, metadata)}."""
    rows = [struct.pack(">iqi", partition, offset, -1) + maybe_text(metadata)
            for partition, (offset, metadata) in offsets.items()]
    return who(group, generation, member_id, instance) + array([text(topic) + array(rows)])


def committed(answer):
    """{partition: error code} of the one topic."""
    answer.take("ii")
    answer.text()
    return {partition: code for partition, code in (answer.take("ih") for _ in range(answer.take("i")))}


def fetch_offsets(group):
    """Of all that the group has committed."""
    return text(group) + struct.pack(">i", -1)


def fetched_offsets(answer):
    """(code, {partition: (offset, metadata)}) of the one topic."""
    offsets = {}
    _, topics = answer.take("ii")
    for _ in range(topics):
        answer.text()
        for _ in range(answer.take("i")):
            partition, offset, _ = answer.take("iqi")
            metadata = answer.maybe_text()
            answer.take("h")
            offsets[partition] = offset, metadata
    return answer.take("h"), offsets


def describe(groups):
    return array([text(each) for each in groups]) + struct.pack(">?", False)


def described(answer):
    """{group: (code, state, set of member ids)}."""
    found = {}
    answer.take("i")
    for _ in range(answer.take("i")):
        code = answer.take("h")
        group, state = answer.text(), answer.text()
        answer.text()
        answer.text()
        members = set()
        for _ in range(answer.take("i")):
            members.add(answer.text())
            answer.maybe_text()
            answer.text()
            answer.text()
            answer.blob()
            answer.blob()
        answer.take("i")
        found[group] = code, state, members
    return found


def subscription(topic, user_data):
    """What a consumer says of itself, in its first version."""
    return struct.pack(">h", 0) + array([text(topic)]) + blob(user_data)


def subscribed_data(metadata):
    answer = GroupAnswer(metadata)
    answer.take("h")
    for _ in range(answer.take("i")):
        answer.text()
    return answer.blob()


def share(topic, partitions):
    """What a consumer is assigned, in its first version."""
    rows = array([struct.pack(">i", each) for each in sorted(partitions)])
    return struct.pack(">h", 0) + array([text(topic) + rows]) + blob(b"")


def shared(data):
    """The partitions; an empty share has none."""
    if not data:
        return set()
    answer = GroupAnswer(data)
    answer.take("h")
    partitions = set()
    for _ in range(answer.take("i")):
        answer.text()
        partitions |= {answer.take("i") for _ in range(answer.take("i"))}
    return partitions


def group_partition(group, count):
    """The partition of __consumer_offsets that keeps the group; ASCII only."""
    value = 0
    for each in group.encode("ascii"):
        value = (31 * value + each) & 0xffffffff
    value = value - (1 << 32) if value >> 31 else value
    return (0 if value == -(1 << 31) else abs(value)) % count


class Connection:
    """One request at a time. Raises OSError when the broker has gone, TimeoutError when it is silent."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port):
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def call(self, kind, body, seconds=60):
        self.writer.write(request(kind, body))
        async with asyncio.timeout(seconds):
            try:
                head = await self.reader.readexactly(4)
                data = await self.reader.readexactly(struct.unpack(">i", head)[0])
            except asyncio.IncompleteReadError:
                raise ConnectionError("closed without an answer") from None
        return GroupAnswer(data[4:])

    def drop(self):
        self.writer.transport.abort()
