"""confluent-kafka as a member of a group."""

from confluent_kafka import Consumer
from group_member import Ending, Said, arguments

address, topic, group = arguments()
ending, said = Ending(), Said()
consumer = Consumer({"bootstrap.servers": address, "group.id": group, "auto.offset.reset": "earliest",
                     "session.timeout.ms": 6000, "heartbeat.interval.ms": 1000, "auto.commit.interval.ms": 500})
consumer.subscribe([topic])
while not ending.asked:
    record = consumer.poll(0.2)
    if record is not None and not record.error():
        said.read(record.partition(), record.offset())
    said.owns(each.partition for each in consumer.assignment())
consumer.close()
