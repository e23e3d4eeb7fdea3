"""python3-confluent-kafka, which is librdkafka, among the clients."""

import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

import lines


def produce(address, topic, codec, acks, records):
    failures = []

    def told(error, _message):
        if error:
            failures.append(error)

    producer = Producer({"bootstrap.servers": address, "acks": acks, "compression.codec": codec})
    for partition, key, value in records:
        while True:
            try:
                producer.produce(topic, value, key, partition, on_delivery=told)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(60) or failures:
        sys.exit(f"not acknowledged: {failures[:3]}")


def consume(address, topic, partitions, received):
    # It can't do without the name of a group; with assigned partitions nothing of it is used.
    consumer = Consumer({"bootstrap.servers": address, "group.id": "none", "check.crcs": True,
                         "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, index, OFFSET_BEGINNING) for index in range(partitions)])
    while not received.complete():
        for record in consumer.consume(10000, 0.5):
            if record.error():
                sys.exit(str(record.error()))
            received.add(record.partition(), record.offset(), record.key(), record.value())
    consumer.close()


if __name__ == "__main__":
    lines.main(produce, consume)
