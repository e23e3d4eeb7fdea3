"""Produce with record batches as they are, many topics at once, over one connection; and the topics for it."""

import socket
import struct

from confluent_kafka.admin import AdminClient, NewTopic

from raw_requests import Answer, text

METADATA, PRODUCE = 3, 0
TIMEOUT_S = 30


def create_topics(address, topics, partitions=1):
    """{topic: settings}. Raises KafkaException."""
    admin = AdminClient({"bootstrap.servers": address})
    wanted = [NewTopic(topic, partitions, 1, config=settings) for topic, settings in topics.items()]
    for future in admin.create_topics(wanted).values():
        future.result(TIMEOUT_S)


class Producer:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.connection = socket.create_connection((host, int(port)), TIMEOUT_S)
        self.stream = self.connection.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.connection.close()

    def call(self, api, version, body):
        request = struct.pack(">hhi", api, version, 1) + text("raw") + body
        self.connection.sendall(struct.pack(">i", len(request)) + request)
        head = self.stream.read(4)
        data = self.stream.read(struct.unpack(">i", head)[0]) if len(head) == 4 else b""
        if len(data) < 4:
            raise ConnectionError("closed without an answer")
        return Answer(data[4:])

    def send(self, batches, partition=0):
        """{topic: batch}, acknowledged by all; returns {topic: base offset}. Raises ConnectionError."""
        body = struct.pack(">hhii", -1, -1, TIMEOUT_S * 1000, len(batches))
        for topic, data in batches.items():
            body += text(topic) + struct.pack(">iii", 1, partition, len(data)) + data
        answer = self.call(PRODUCE, 7, body)
        offsets = {}
        for _ in range(answer.take("i")):
            topic = answer.text()
            for _ in range(answer.take("i")):
                _, code, offset, _, _ = answer.take("ihqqq")
                if code != 0:
                    raise ConnectionError(f"{topic}: error {code}")
                offsets[topic] = offset
        return offsets

    def not_led(self, topics):
        """Those of `topics` whose partition 0 has no leader."""
        body = struct.pack(">i", len(topics)) + b"".join(text(topic) for topic in topics) + b"\0"
        answer = self.call(METADATA, 4, body)
        answer.take("i")
        for _ in range(answer.take("i")):
            answer.take("i")
            answer.text()
            answer.take("i")
            self.skip_text(answer)
        self.skip_text(answer)
        answer.take("i")
        missing = set(topics)
        for _ in range(answer.take("i")):
            code = answer.take("h")
            topic = answer.text()
            answer.take("b")
            led = code == 0
            for _ in range(answer.take("i")):
                wrong, _, leader = answer.take("hii")
                led = led and wrong == 0 and leader >= 0
                for _ in range(2):
                    replicas = answer.take("i")
                    answer.place += 4 * replicas
            if led:
                missing.discard(topic)
        return missing

    @staticmethod
    def skip_text(answer):
        size = answer.take("h")
        answer.place += max(size, 0)
