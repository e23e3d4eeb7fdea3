"""The two requests that the tests need and Debian's Python clients don't have, on a connection each."""

import socket
import struct

ALL_TOPICS = -1


def text(value):
    raw = value.encode()
    return struct.pack(">h", len(raw)) + raw


class Answer:
    """Takes an answer apart from its beginning on."""

    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.place)
        self.place += struct.calcsize(">" + form)
        return values if len(values) > 1 else values[0]

    def text(self):
        size = self.take("h")
        self.place += size
        return self.data[self.place - size:self.place].decode()


def call(address, api, version, body, timeout=10):
    """Sends one request with an old header; returns the answer behind its header. Raises OSError."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout) as connection:
        request = struct.pack(">hhi", api, version, 1) + text("raw") + body
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            head = stream.read(4)
            data = stream.read(struct.unpack(">i", head)[0]) if len(head) == 4 else b""
    if len(data) < 4:
        raise ConnectionError("closed without an answer")
    return Answer(data[4:])


def delete_records(address, topic, partition, offset):
    """DeleteRecords of one partition; returns (error code, low watermark)."""
    body = (struct.pack(">i", 1) + text(topic) + struct.pack(">iiq", 1, partition, offset)
            + struct.pack(">i", 10_000))
    answer = call(address, 21, 1, body)
    answer.take("ii")
    answer.text()
    _, _, low, code = answer.take("iiqh")
    return code, low


def log_sizes(address):
    """DescribeLogDirs of everything; returns {(topic, partition): bytes}."""
    answer = call(address, 35, 1, struct.pack(">i", ALL_TOPICS))
    sizes = {}
    _, directories = answer.take("ii")
    for _ in range(directories):
        answer.take("h")
        answer.text()
        for _ in range(answer.take("i")):
            topic = answer.text()
            for _ in range(answer.take("i")):
                partition, size, _, _ = answer.take("iqqb")
                sizes[topic, partition] = size
    return sizes
