"""The few requests of the comparison that no client at hand sends as it needs them: a topic with
settings of its own, the first record after a start, and consumers who only wait."""

import socket
import struct
import time

from batches import batch
from group_wire import array, blob, maybe_text, request
from raw_requests import call, text

CREATE_TOPICS, DELETE_TOPICS, API_VERSIONS = (19, 1), (20, 1), (18, 0)
PRODUCE, FETCH = (0, 3), (1, 4)
NONE, TOPIC_EXISTS = 0, 36
# Longer than anybody measures, so that a consumer asks once.
WAIT_MS = 600_000
RETRY_S = 0.005
PRODUCE_SECONDS_MAX = 60
# A broker that makes files at a partition's first record takes 15 ms for each, and for all of a
# request it has PRODUCE_SECONDS_MAX.
REQUEST_PARTITIONS_MAX = 250
# More than an index has an entry for, by default (index.interval.bytes).
INTERVAL = bytes(5000)


class WireError(Exception):
    """A broker refused what it was asked; carries the error code."""


def create_topic(address, name, partitions, settings):
    pairs = array([text(key) + maybe_text(str(value)) for key, value in settings.items()])
    topic = text(name) + struct.pack(">ih", partitions, 1) + array([]) + pairs
    body = array([topic]) + struct.pack(">i?", 60_000, False)
    answer = call(address, *CREATE_TOPICS, body, timeout=90)
    answer.take("i")
    answer.text()
    code = answer.take("h")
    if code not in (NONE, TOPIC_EXISTS):
        raise WireError(f"the topic {name} was refused with error {code}")


def remove_topic(address, name):
    body = array([text(name)]) + struct.pack(">i", 60_000)
    answer = call(address, *DELETE_TOPICS, body, timeout=90)
    answer.take("ii")
    answer.text()
    code = answer.take("h")
    if code != NONE:
        raise WireError(f"the topic {name} wasn't removed: error {code}")


def produce(address, topic, partitions, value=b"first"):
    """Sends a record of now to each, acks=all: one of long ago would have the next one begin a new
    segment. Returns {partition: error code} of those that refused it; raises OSError."""
    sent = blob(batch([(None, value)], timestamps=(int(time.time() * 1000),)))
    rows = [struct.pack(">i", each) + sent for each in partitions]
    body = maybe_text(None) + struct.pack(">hi", -1, 10_000) + array([text(topic) + array(rows)])
    answer = call(address, *PRODUCE, body, timeout=PRODUCE_SECONDS_MAX)
    answer.take("i")
    answer.text()
    count = answer.take("i")
    codes = dict(answer.take("ihqq")[:2] for _ in range(count))
    return {partition: code for partition, code in codes.items() if code != NONE}


def produce_one(address, topic):
    """The same to partition 0. Raises WireError when it's refused."""
    refused = produce(address, topic, [0])
    if refused:
        raise WireError(f"a record was refused with error {refused[0]}")


def begin_all(address, topic, count, seconds_max):
    """Brings as much into each partition of a topic that has just been made as its indexes need for
    their first entries: each index of Kafka's is mapped, and a disk's readahead long that costs
    milliseconds once."""
    for _ in range(2):
        bring_to_all(address, topic, count, seconds_max)


def bring_to_all(address, topic, count, seconds_max):
    """A record to each partition; those that can't take it yet are asked again."""
    until, left = time.monotonic() + seconds_max, range(count)
    while left:
        refused = {}
        for first in range(0, len(left), REQUEST_PARTITIONS_MAX):
            piece = left[first:first + REQUEST_PARTITIONS_MAX]
            refused |= produce(address, topic, piece, INTERVAL)
        left = sorted(refused)
        if left and time.monotonic() > until:
            raise WireError(f"{len(left)} of {count} partitions took no record in {seconds_max} s:"
                            f" error {refused[left[0]]}")
        time.sleep(RETRY_S)


def first_ack_s(address, topic, begun, seconds_max):
    """When, after the moment `begun`, a record is acknowledged for the first time."""
    while True:
        try:
            produce_one(address, topic)
            return time.monotonic() - begun
        except (OSError, WireError, struct.error) as error:
            if time.monotonic() - begun > seconds_max:
                raise WireError(f"nothing was acknowledged in {seconds_max} s: {error}") from error
            time.sleep(RETRY_S)


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), 30)


def answered(connection):
    with connection.makefile("rb") as stream:
        return stream.read(struct.unpack(">i", stream.read(4))[0])


def idle_connections(address, count):
    """Connections that have said who they are, as clients do, and then nothing. Raises OSError."""
    connections = []
    for _ in range(count):
        connections.append(connect(address))
        connections[-1].sendall(request(API_VERSIONS, b""))
        answered(connections[-1])
    return connections


def fetch_body(topic, offset, wait_ms, partition_bytes):
    """A Fetch of partition 0 that waits for a byte, and takes at most so many; of a batch that is
    larger, the whole."""
    partition = struct.pack(">iqi", 0, offset, partition_bytes)
    body = struct.pack(">iiiib", -1, wait_ms, 1, 1 << 20, 0)
    return body + array([text(topic) + array([partition])])


def first_batch(answer):
    """(base offset, bytes of all batches) of what came for partition 0. Raises WireError."""
    answer.take("ii")
    answer.text()
    _, _, code, _, _, aborted = answer.take("iihqqi")
    if code != NONE or aborted > 0:
        raise WireError(f"a fetch was refused with error {code}")
    size, base_offset = answer.take("iq")
    return base_offset, size


def waiting_consumers(address, topic, count):
    """Connections that each wait for a first record of partition 0 of an empty topic."""
    body = fetch_body(topic, 0, WAIT_MS, 1 << 20)
    connections = []
    for _ in range(count):
        connections.append(connect(address))
        connections[-1].sendall(request(FETCH, body))
    return connections


def close(connections):
    for connection in connections:
        connection.close()
