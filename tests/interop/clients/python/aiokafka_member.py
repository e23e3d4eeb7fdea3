"""aiokafka as a member of a group."""

import asyncio

from aiokafka import AIOKafkaConsumer
from group_member import Ending, Said, arguments


async def main():
    address, topic, group = arguments()
    ending, said = Ending(), Said()
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=address, group_id=group, auto_offset_reset="earliest",
                                session_timeout_ms=6000, heartbeat_interval_ms=1000, auto_commit_interval_ms=500)
    await consumer.start()
    while not ending.asked:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                said.read(record.partition, record.offset)
        said.owns(each.partition for each in consumer.assignment())
    await consumer.stop()


asyncio.run(main())
