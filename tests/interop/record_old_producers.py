"""Makes tests/core/storage/old_producers.txt anew: the message sets that Kafka's producers 0.8.2 and
0.10.2 send, in each of their codecs, as they come out of their Produce requests on the way to a broker.
One line each: version, codec, hexadecimal digits."""

import argparse
import socket
import struct
import tempfile
import threading
from pathlib import Path

import clients
from broker import Broker, BrokerError

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "core" / "storage" / "old_producers.txt"
TEXT = "three words repeated, " * 4
LINES = [f"{number} {TEXT}{TEXT[:number]}".rstrip() for number in range(4)]
TRIES = 30


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


def message_set(frame):
    """The records of a Produce request to one partition, None for any other request."""
    key, = struct.unpack_from(">h", frame)
    if key != 0:
        return None
    client_id, = struct.unpack_from(">h", frame, 8)
    at = 10 + max(client_id, 0) + 2 + 4  # acks, timeout
    topics, name = struct.unpack_from(">ih", frame, at)
    partitions, _, size = struct.unpack_from(">iii", frame, at + 6 + name)
    begin = at + 6 + name + 12
    if (topics, partitions, len(frame)) != (1, 1, begin + size):
        raise BrokerError("a request to more than one partition")
    return frame[begin:]


class Between:
    """Hands on what clients and broker say to each other, and keeps the message sets."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.broker_port = None
        self.sets = []

    def start(self, broker_port):
        self.broker_port = broker_port
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            broker = socket.create_connection(("127.0.0.1", self.broker_port))
            for step in (self._requests, self._answers):
                threading.Thread(target=step, args=(client, broker), daemon=True).start()

    def _requests(self, client, broker):
        while (head := read_exactly(client, 4)) is not None:
            frame = read_exactly(client, struct.unpack(">i", head)[0])
            records = message_set(frame)
            if records is not None:
                self.sets.append(records)
            broker.sendall(head + frame)
        broker.shutdown(socket.SHUT_WR)

    @staticmethod
    def _answers(client, broker):
        try:
            while data := broker.recv(65536):
                client.sendall(data)
        except OSError:
            pass  # the client has gone


def record(between, command, topic, codec, path):
    """Whether all lines come in one request is up to the producer's threads."""
    for _ in range(TRIES):
        between.sets.clear()
        clients.run_client(command, ["produce", f"127.0.0.1:{between.port}", topic, 1, codec, "all",
                                     path], 60)
        if len(between.sets) == 1:
            return between.sets[0]
    raise BrokerError(f"{codec}: never all lines in one request")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True, help="the broker's binary")
    options = parser.parse_args()
    rows, between = [], Between()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "lines.txt"
        path.write_text("\n".join(LINES) + "\n")
        with Broker(options.broker, f"{name}/data", f"{name}/log.txt",
                    [f"advertised.listeners=PLAINTEXT://127.0.0.1:{between.port}"]) as broker:
            broker.start()
            between.start(broker.port)
            for version in ("0.8.2", "0.10.2"):
                command, _ = clients.CLIENTS[f"java-{version}"].prepare()
                for codec in clients.FOUR:
                    sent = record(between, command, f"old-{version}-{codec}", codec, path)
                    rows.append(f"{version} {codec} {sent.hex()}\n")
            broker.stop()
    OUT.write_text("".join(rows))
    print(f"{len(rows)} message sets, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
