"""The load of the retention test: a thread for each topic that writes to it, one that deletes a topic
and makes it again, one that deletes records. They go on over the broker's lives."""

import random
import threading
import time
import traceback

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from book_reader import now_ms
from books import Book, value_of
from broker import expect
from raw_requests import delete_records

TRY_AGAIN_S = 0.1


class Load(threading.Thread):
    """Works in steps until it is stopped; may be paused between them. What fails in it is told to
    whoever waits for the pause."""

    def __init__(self, seed):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.going, self.quiet = threading.Event(), threading.Event()
        self.going.set()
        self.stopping = False
        self.failure = None

    def run(self):
        try:
            while not self.stopping:
                if not self.going.is_set():
                    self.settle()
                    self.quiet.set()
                    self.going.wait()
                    self.quiet.clear()
                    continue
                self.step()
        except Exception:  # noqa: BLE001 - told below
            self.failure = traceback.format_exc()
        self.quiet.set()

    def settle(self):
        """Until nothing is under way."""

    def pause(self):
        self.going.clear()

    def wait_paused(self):
        expect(self.quiet.wait(120), f"{self.name}: the load doesn't come to rest")
        expect(self.failure is None, f"{self.name}: {self.failure}")

    def resume(self):
        self.quiet.clear()
        self.going.set()

    def stop(self):
        self.stopping = True
        self.going.set()


def settings_of(address, codec, idempotent):
    settings = {"bootstrap.servers": address, "compression.type": codec, "acks": "all",
                "linger.ms": 5, "batch.size": 60000, "queue.buffering.max.messages": 2000,
                "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100,
                "retry.backoff.ms": 20, "socket.timeout.ms": 10000,
                "topic.metadata.refresh.fast.interval.ms": 50, "log_level": 0}
    if idempotent:
        return {**settings, "enable.idempotence": True, "message.timeout.ms": 0}
    # Without retries, so that what fails is there at most once.
    return {**settings, "retries": 0, "message.timeout.ms": 10000}


class Writer(Load):
    """Makes a topic, and writes to its partitions at a rate."""

    def __init__(self, address, topic, partitions, rate, codec, idempotent, config, seed):
        super().__init__(seed)
        self.name = topic
        self.address, self.topic, self.partitions, self.config = address, topic, partitions, config
        self.rate = rate
        self.settings = settings_of(address, codec, idempotent)
        self.admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
        self.failures = []
        self.done = 0  # acknowledged in former lives
        self.begin_life(1)
        self.make()

    def begin_life(self, life):
        self.books = [Book(self.topic, life, p) for p in range(self.partitions)]
        self.producer = Producer({**self.settings, "error_cb": self.on_error})
        self.sent, self.since = 0, time.monotonic()

    def on_error(self, error):
        if error.fatal():
            self.failures.append(str(error))

    def make(self):
        """Success: it is there, made by this call or one before that got no answer."""
        topic = NewTopic(self.topic, self.partitions, 1, config=self.config)
        try:
            self.admin.create_topics([topic], request_timeout=5)[self.topic].result()
            return True
        except KafkaException as error:
            return error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS

    def step(self):
        behind = self.rate * (time.monotonic() - self.since) - self.sent
        if behind > self.rate / 4:  # the broker was away
            self.since, self.sent = time.monotonic(), 0
        if behind < 0:
            self.producer.poll(min(0.02, -behind / self.rate))
            return
        self.send(self.random.choice(self.books))

    def send(self, book):
        now = now_ms()
        number = book.next(now)
        value = value_of(book.topic, book.life, book.partition, number)

        def on_delivery(error, message):
            book.on_delivery(number, error, None if error else message.offset())

        while True:
            try:
                self.producer.produce(self.topic, value, partition=book.partition, timestamp=now,
                                      on_delivery=on_delivery)
                break
            except BufferError:
                self.producer.poll(0.05)
            except KafkaException as error:  # the topic isn't known any more
                book.on_delivery(number, error, None)
                break
        self.sent += len(value)
        self.producer.poll(0)
        expect(not self.failures, f"the producer has given up: {self.failures}")

    def settle(self):
        """Everything that was sent is acknowledged or has failed."""
        for _ in range(60):
            if self.producer.flush(1) == 0:
                return
        expect(False, f"{len(self.producer)} records are neither acknowledged nor failed")

    def acknowledged(self):
        return self.done + sum(book.acknowledged for book in self.books)


class Rebirth(Writer):
    """A writer whose topic is deleted and made again. Which of both is under way at a kill, and
    whether it was done, is known only when the next life answers."""

    SECONDS = (0.5, 2.5)
    WRITES, DELETES, MAKES = "writes", "deletes", "makes"

    def __init__(self, *arguments):
        self.state, self.lives, self.due = self.WRITES, 1, time.monotonic()
        super().__init__(*arguments)

    def step(self):
        if self.state == self.WRITES and time.monotonic() >= self.due:
            # Half of the time the records on their way are overtaken.
            if self.random.random() < 0.5:
                self.settle()
            self.state = self.DELETES
        if self.state == self.DELETES and self.delete():
            # What is still to be sent has nowhere to go; what was sent is waited for, or it would
            # go into the next life.
            self.producer.purge(in_queue=True, in_flight=False)
            self.settle()
            self.state = self.MAKES
            self.done = self.acknowledged()
            self.lives += 1
            self.begin_life(self.lives)
        if self.state == self.MAKES and self.make():
            self.state = self.WRITES
            self.due = time.monotonic() + self.random.uniform(*self.SECONDS)
        if self.state == self.WRITES:
            super().step()
        else:
            time.sleep(TRY_AGAIN_S)

    def delete(self):
        try:
            self.admin.delete_topics([self.topic], request_timeout=5)[self.topic].result()
            return True
        except KafkaException as error:
            return error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART

    def check_there(self, there):
        expect(there or self.state != self.WRITES, f"{self.topic}: it is gone")


class Cutter(Load):
    """Deletes records at random places of what is there, and now and then all of them."""

    def __init__(self, address, books, seed):
        super().__init__(seed)
        self.name = "cutter"
        self.address, self.books = address, books
        self.answered = 0

    def step(self):
        time.sleep(self.random.uniform(0.05, 0.4))
        book = self.random.choice(self.books)
        with book.lock:
            if book.last < book.floor:
                return
            to = self.random.randint(book.floor, book.last + 1)
            if self.random.random() < 0.7:  # near the beginning, mostly
                to = book.floor + (to - book.floor) // 4
            book.asked.add(to)
        try:
            code, low = delete_records(self.address, book.topic, book.partition, to)
        except OSError:
            return
        expect(code == 0, f"{book}: DeleteRecords to {to} is answered {code}")
        with book.lock:
            # One that a kill left without an answer may have been done.
            expect(low >= max(to, book.floor) and low in book.asked,
                   f"{book}: asked for {to}, {low} is answered")
            book.floor = low
            self.answered += 1
