"""kafka-python as a member of a group."""

from group_member import Ending, Said, arguments
from kafka import KafkaConsumer

address, topic, group = arguments()
ending, said = Ending(), Said()
consumer = KafkaConsumer(topic, bootstrap_servers=address, group_id=group, auto_offset_reset="earliest",
                         session_timeout_ms=6000, heartbeat_interval_ms=1000, auto_commit_interval_ms=500)
while not ending.asked:
    for records in consumer.poll(timeout_ms=200).values():
        for record in records:
            said.read(record.partition, record.offset)
    said.owns(each.partition for each in consumer.assignment())
consumer.close()
