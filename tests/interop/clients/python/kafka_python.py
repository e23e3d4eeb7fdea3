"""python3-kafka among the clients."""

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

import lines


def produce(address, topic, codec, acks, records):
    producer = KafkaProducer(bootstrap_servers=address, acks=acks if acks == "all" else int(acks),
                             compression_type=None if codec == "none" else codec,
                             # Else a batch has the one record that is there first, and a record
                             # alone is seldom made smaller.
                             linger_ms=20)
    failures = []
    for partition, key, value in records:
        producer.send(topic, value, key, partition=partition).add_errback(failures.append)
    producer.close()
    if failures:
        raise failures[0]


def consume(address, topic, partitions, received):
    consumer = KafkaConsumer(bootstrap_servers=address, group_id=None)
    consumer.assign([TopicPartition(topic, index) for index in range(partitions)])
    consumer.seek_to_beginning()
    while not received.complete():
        for batch in consumer.poll(500).values():
            for record in batch:
                received.add(record.partition, record.offset, record.key, record.value)
    consumer.close()


if __name__ == "__main__":
    lines.main(produce, consume)
