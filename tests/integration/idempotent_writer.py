"""An idempotent producer of librdkafka's: numbers each partition's records from 0 until standard input
ends, then waits until all are acknowledged and prints "sent PARTITION COUNT" for each.

    idempotent_writer.py ADDRESS TOPIC PARTITIONS"""

import select
import sys
import time

from confluent_kafka import Producer

PADDING = "x" * 200


class Writer:
    def __init__(self, address, topic, partitions):
        self.topic = topic
        self.counts = [0] * partitions
        self.failures = []
        self.producer = Producer({
            "bootstrap.servers": address, "enable.idempotence": True, "message.timeout.ms": 0,
            "linger.ms": 2, "batch.num.messages": 20, "queue.buffering.max.messages": 5000,
            "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 20,
            "error_cb": self.on_error})

    def on_error(self, error):
        if error.fatal():
            self.failures.append(str(error))

    def on_delivery(self, error, _):
        if error is not None:
            self.failures.append(str(error))

    def write(self):
        """A record to each partition."""
        for partition, number in enumerate(self.counts):
            value = f"{partition} {number} {PADDING}"
            while not self.failures:
                try:
                    self.producer.produce(self.topic, value, partition=partition,
                                          on_delivery=self.on_delivery)
                    break
                except BufferError:
                    self.producer.poll(0.05)
            self.counts[partition] += 1
        self.producer.poll(0)

    def run(self):
        while not self.failures and not select.select([sys.stdin], [], [], 0)[0]:
            for _ in range(10):
                self.write()
            time.sleep(0.002)
        self.producer.flush(60)
        if len(self.producer) > 0 or self.failures:
            print(f"{len(self.producer)} records are not acknowledged, {self.failures[:3]}",
                  file=sys.stderr)
            return 1
        for partition, count in enumerate(self.counts):
            print(f"sent {partition} {count}")
        return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(Writer(sys.argv[1], sys.argv[2], int(sys.argv[3])).run())
