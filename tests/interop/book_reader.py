"""Reads partitions with Debian's confluent_kafka and compares them with their books."""

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from broker import BrokerError, expect
from books import Reading

PATIENCE_S = 60  # for what comes in its time; only a fault takes longer
OUT_OF_RANGE = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)


def now_ms():
    return int(time.time() * 1000)


def wait_for(what, complaint_of, seconds=PATIENCE_S):
    """Until `complaint_of()` answers nothing to complain of."""
    deadline = time.monotonic() + seconds
    while complaint := complaint_of():
        expect(time.monotonic() < deadline, f"{what}: {complaint} after {seconds} s")
        time.sleep(0.1)


class BookReader:
    def __init__(self, address):
        self.consumer = Consumer({
            "bootstrap.servers": address, "group.id": "none", "check.crcs": True,
            "enable.auto.commit": False, "auto.offset.reset": "error", "fetch.wait.max.ms": 20,
            "fetch.error.backoff.ms": 20, "log_level": 0})

    def close(self):
        self.consumer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def topics(self):
        """{name: {partition: leader}}."""
        found = self.consumer.list_topics(timeout=20).topics
        return {name: {p: each.leader for p, each in topic.partitions.items()}
                for name, topic in found.items()}

    def ask(self, book):
        """Where the partition begins and ends."""
        floor = book.floor
        try:
            start, end = self.consumer.get_watermark_offsets(
                TopicPartition(book.topic, book.partition), timeout=20, cached=False)
        except KafkaException as error:
            raise BrokerError(f"{book}: no watermarks: {error}") from error
        book.see(floor, start, end, now_ms())
        return start, end

    def read(self, books):
        """Compares all of a topic's partitions; returns the number of records. REQUIRES: nothing
        is under way to them."""
        readings = {book.partition: Reading(book, *self.ask(book)) for book in books}
        deadline, moved = time.monotonic() + PATIENCE_S, True
        while pending := {p: each for p, each in readings.items() if not each.done}:
            expect(time.monotonic() < deadline, f"{books[0]}: nothing more to read")
            if moved:
                self.consumer.assign([TopicPartition(books[0].topic, p, each.next)
                                      for p, each in pending.items()])
                moved = False
            for message in self.consumer.consume(2000, 0.2):
                moved = self.take(readings[message.partition()], message) or moved
        self.consumer.unassign()
        for reading in readings.values():
            reading.check_end()
        return sum(each.records for each in readings.values())

    def take(self, reading, message):
        """Whether the partition begins further on now, because its time has come."""
        error, book = message.error(), reading.book
        if error is None:
            reading.take(message.offset(), message.timestamp()[1], message.value().decode())
            return False
        expect(error.code() in OUT_OF_RANGE, f"{book}: {error}")
        start, _ = self.ask(book)
        expect(start > reading.next, f"{book}: offset {reading.next} is out of range: {error}")
        reading.next = start
        return True

    def read_below(self, books):
        """What is gone can't be read."""
        below = {book.partition: book for book in books if book.start > 0}
        self.consumer.assign([TopicPartition(book.topic, p, book.start - 1)
                              for p, book in below.items()])
        deadline = time.monotonic() + PATIENCE_S
        while below:
            expect(time.monotonic() < deadline, f"{books[0]}: no answer below the start")
            for message in self.consumer.consume(100, 0.2):
                error, book = message.error(), books[message.partition()]
                expect(error is not None and error.code() in OUT_OF_RANGE,
                       f"{book}: begins at {book.start}, and {error or message.offset()} is read")
                below.pop(message.partition(), None)
        self.consumer.unassign()
