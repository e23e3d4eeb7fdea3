"""A broker that cleans small segments without a pause is killed under load. Behind each start, everything is read: of
each key the newest record that was acknowledged, or a later one of a request that was under way, is there; each record
that is there is one that was sent, at most once, at its offset; and the offsets rise."""

import random
import threading
import time

from confluent_kafka import Consumer, TopicPartition

from broker import Broker, expect
import kafka
from batches import batch
from raw_produce import Producer, create_topics

PARTITIONS = 3
TOPIC = "killed"
SETTINGS = {"cleanup.policy": "compact", "segment.bytes": "20000", "min.cleanable.dirty.ratio": "0.01",
            "delete.retention.ms": str(1 << 50), "file.delete.delay.ms": "500"}


class Book(threading.Thread):
    """Writes one partition, batch by batch, and knows what must be there and what may be."""

    def __init__(self, story, partition, seed):
        super().__init__(daemon=True)
        self.story, self.partition = story, partition
        self.random = random.Random(seed)
        self.sent = {}    # number: (key, is a tombstone); each record's value or header names its number
        self.newest = {}  # key: number, acknowledged
        self.doubtful = set()
        self.next = 0
        self.acknowledged = 0
        self.begin = threading.Event()
        self.idle = threading.Event()
        self.idle.set()
        self.stopping = False

    def make_batch(self):
        records, numbers = [], []
        for _ in range(self.random.choice([1, 3, 10])):
            key = b"%d" % self.random.randrange(40)
            dead = self.random.random() < 0.1
            number, self.next = self.next, self.next + 1
            self.sent[number] = (key, dead)
            numbers.append(number)
            records.append((key, None if dead else b"%d " % number + b"x" * self.random.randint(0, 300)))
        # A record's time is its number, so that tombstones are known, too.
        return numbers, batch(records, attributes=self.random.choice([0, 1]), timestamps=[1 + each for each in numbers])

    def run(self):
        while not self.stopping:
            self.begin.wait()
            self.idle.clear()
            try:
                with Producer(self.story.broker.address) as producer:
                    while self.begin.is_set():
                        self.write(producer)
            except OSError:
                self.begin.clear()
            self.idle.set()

    def write(self, producer):
        numbers, data = self.make_batch()
        self.doubtful.update(numbers)
        producer.send({TOPIC: data}, self.partition)
        self.doubtful.difference_update(numbers)
        for number in numbers:
            self.newest[self.sent[number][0]] = number
        self.acknowledged += len(numbers)

    def check(self, found):
        """`found`: (offset, key, number) in the order of the log."""
        there = {}
        last = -1
        for offset, key, number in found:
            expect(offset > last, f"{self.partition}: offset {offset} behind {last}")
            last = offset
            expect(self.sent.get(number, (None,))[0] == key, f"{self.partition}: {key} was never sent as {number}")
            expect(number not in there, f"{self.partition}: {number} is there twice")
            there[number] = key
        newest = {}
        for number, key in there.items():
            newest[key] = max(newest.get(key, -1), number)
        for key, number in self.newest.items():
            expect(number in there or newest.get(key, -1) > number and newest[key] in self.doubtful,
                   f"{self.partition}: {key} is lost, {number} was acknowledged, {newest.get(key)} is there")
        return len(found)


class KillStory:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.random = random.Random(options.seed)
        self.records = self.lives = self.cleanings = 0

    def run(self):
        self.folder.mkdir(parents=True)
        port = kafka.free_port()
        self.broker = Broker(self.options.broker, self.folder / "data", self.folder / "broker.log", [
            f"listeners=PLAINTEXT://127.0.0.1:{port}", "log.cleaner.backoff.ms=20", "journal.bytes=4194304",
            "auto.create.topics.enable=false", *self.options.override])
        with self.broker:
            self.broker.start()
            create_topics(self.broker.address, {TOPIC: SETTINGS}, PARTITIONS)
            self.books = [Book(self, partition, f"{self.options.seed} {partition}") for partition in range(PARTITIONS)]
            for book in self.books:
                book.start()
            for kill in range(self.options.kills):
                self.live()
                if kill % 6 == 5:
                    self.stop_and_dump()
            self.broker.stop()
        for book in self.books:
            book.stopping = True

    def live(self):
        for book in self.books:
            book.begin.set()
        time.sleep(self.random.uniform(0.3, 2.5))
        self.broker.kill()
        self.end_writing()
        self.broker.start()
        self.lives += 1
        self.check()

    def end_writing(self):
        for book in self.books:
            book.begin.clear()
        for book in self.books:
            expect(book.idle.wait(60), "a writer doesn't end")

    def check(self):
        for book in self.books:
            self.records += book.check(self.read(book.partition))
        left = [path.name for path in (self.folder / "data").glob("*/*") if path.name.endswith((".swap",))]
        expect(not left, f"{left} is left of an exchange")
        self.cleanings = (self.folder / "broker.log").read_text(errors="replace").count("cleaned a log")

    def read(self, partition):
        consumer = Consumer({"bootstrap.servers": self.broker.address, "group.id": "none", "enable.auto.commit": False,
                             "enable.partition.eof": True, "check.crcs": True, "auto.offset.reset": "earliest"})
        consumer.assign([TopicPartition(TOPIC, partition, 0)])
        found = []
        while True:
            message = consumer.poll(30)
            expect(message is not None, f"{partition}: nothing comes")
            if message.error():
                break
            found.append((message.offset(), message.key(), message.timestamp()[1] - 1))
        consumer.close()
        return found

    def stop_and_dump(self):
        self.broker.stop()
        kafka.dump_directory(self.folder / "data", has_gaps=True)
        self.broker.start()
        self.check()

    def figure(self):
        acknowledged = sum(book.acknowledged for book in self.books) if self.lives else 0
        return (f"{self.lives} kills under {self.cleanings} cleanings: {acknowledged} records acknowledged, "
                f"{self.records} compared")
