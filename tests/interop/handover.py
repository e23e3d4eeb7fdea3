"""One log directory, handed from Millrace to a Java broker 3.9.2 and back, on the same port. Each one
serves what the other has written, record by record, and goes on from there.

`chain` begins with Millrace: all codecs, 200 partitions, idempotent producers, deletions, a clean stop,
and a kill -9 with `millrace recover`. `flow` begins with Java and hands over five times under idempotent
producers and a consumer that go on over all of it, a new pair of producers with each life; then every
record is there exactly once, in order. Run by Debian's own Python, which has Debian's confluent_kafka."""

import argparse
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from broker import Broker, BrokerError, expect, run_in_folder  # noqa: E402
import kafka  # noqa: E402
from book_reader import BookReader, now_ms, wait_for  # noqa: E402
from java_dumps import CODECS, recover  # noqa: E402
from raw_requests import delete_records  # noqa: E402
from books import Book, value_of  # noqa: E402
from zookeeper_state import hand_over  # noqa: E402

SETTINGS = ["log.segment.bytes=1048576", "auto.create.topics.enable=false", "log.retention.ms=-1",
            "log.segment.delete.delay.ms=400"]
HERE = Path(__file__).resolve().parent


class Directory:
    """A log directory, and whoever serves it at the moment."""

    def __init__(self, options, folder):
        self.folder, self.data = folder, folder / "data"
        self.port = kafka.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.millrace = Broker(options.broker, self.data, folder / "broker.log",
                               [*SETTINGS, "broker.id=0", "journal.bytes=4194304",
                                f"listeners=PLAINTEXT://{self.address}", *options.override])
        self.zookeeper = kafka.ZooKeeper(folder / "peer")
        self.java = kafka.KafkaBroker(folder / "peer", self.data, self.zookeeper, SETTINGS)
        self.java.port = self.port
        self.server = None

    def __enter__(self):
        self.zookeeper.start()
        return self

    def __exit__(self, *_):
        self.millrace.kill()
        self.java.__exit__()
        self.zookeeper.__exit__()

    def serve(self, server):
        """Whoever serves it stops cleanly, and the other one starts."""
        self.stop()
        if server is self.java and (self.data / "millrace.store").exists():
            hand_over(self.zookeeper, self.data)
        self.server = server
        server.start()
        self.wait_until_led()

    def stop(self):
        if self.server is None:
            return
        self.server.stop()
        expect((self.data / ".kafka_cleanshutdown").exists(), "it didn't stop cleanly")

    def kill_and_recover(self, binary):
        self.millrace.kill()
        recover(binary, self.data, "kill")
        self.server = None

    def wait_until_led(self):
        def complaint():
            with BookReader(self.address) as reader:
                try:
                    led = [p for each in reader.topics().values() for p in each.values()]
                except KafkaException as error:
                    return str(error)
            folders = len([path for path in self.data.glob("*/partition.metadata")
                           if not path.parent.name.endswith("-delete")])
            return None if led.count(0) == folders else f"{led.count(0)} leaders of {folders}"

        wait_for("start", complaint)

    def name(self):
        return "Java" if self.server is self.java else "Millrace"


class Library:
    """Topics of all codecs, with a book for each partition."""

    def __init__(self, directory, partitions, seed):
        self.directory, self.partitions = directory, partitions
        self.random = random.Random(seed)
        self.books = {}
        self.lives = Counter()
        self.admin = AdminClient({"bootstrap.servers": directory.address, "log_level": 0})

    def make(self, topic, partitions):
        def complaint():
            try:
                self.admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result()
            except KafkaException as error:
                # Java answers a deletion before it is done.
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
                return error.args[0].str()
            return None

        wait_for(topic, complaint)
        self.lives[topic] += 1
        self.books[topic] = [Book(topic, self.lives[topic], p) for p in range(partitions)]
        self.directory.wait_until_led()

    def make_all(self):
        for codec in CODECS:
            self.make(f"all-{codec}", self.partitions)

    def remove(self, topic):
        self.admin.delete_topics([topic])[topic].result()
        del self.books[topic]

    def write(self, records, records_of_first):
        """Fresh idempotent producers, one for each codec, write to all partitions."""
        for topic, books in self.books.items():
            codec = topic.rpartition("-")[2]
            producer = Producer({
                "bootstrap.servers": self.directory.address, "enable.idempotence": True,
                "compression.type": codec if codec in CODECS else "none", "linger.ms": 5,
                "batch.size": 60000, "log_level": 0})
            for number in range(records_of_first):
                for book in books if number < records else books[:1]:
                    self.send(producer, book)
            expect(producer.flush(120) == 0, f"{topic}: not all was acknowledged")
            for book in books:
                expect(not book.failed, f"{book}: records have failed: {sorted(book.failed)[:5]}")

    def send(self, producer, book):
        now = now_ms()
        number = book.next(now)
        value = value_of(book.topic, book.life, book.partition, number)

        def on_delivery(error, message):
            book.on_delivery(number, error, None if error else message.offset())

        while True:
            try:
                producer.produce(book.topic, value, partition=book.partition, timestamp=now,
                                 on_delivery=on_delivery)
                break
            except BufferError:
                producer.poll(0.05)
        producer.poll(0)

    def cut(self):
        """DeleteRecords in some partitions of each topic, the first one among them."""
        for books in self.books.values():
            for book in {books[0], self.random.choice(books)}:
                to = self.random.randint(book.floor, book.last + 1)
                book.asked.add(to)
                code, low = delete_records(self.directory.address, book.topic, book.partition, to)
                expect((code, low) == (0, to), f"{book}: to {to} is answered {code} {low}")
                book.floor = low

    def compare(self, what):
        with BookReader(self.directory.address) as reader:
            there = set(reader.topics()) - {"flow", "__consumer_offsets"}
            expect(there == set(self.books), f"{what}: {there} instead of {set(self.books)}")
            records = 0
            for books in self.books.values():
                records += reader.read(books)
                for book in books:
                    book.check_asked()
        print(f"ok {what}: {self.directory.name()} serves {records} records of "
              f"{sum(map(len, self.books.values()))} partitions as they were sent", flush=True)
        return records


class Chain:
    """Begins with Millrace; each life adds records of all codecs, and deletes some."""

    def __init__(self, options, folder):
        self.options = options
        self.directory = Directory(options, folder)
        self.library = Library(self.directory, options.partitions, options.seed)

    def live(self, what):
        """What is there is compared; then it goes on."""
        self.library.compare(what)
        self.library.write(8, 150)
        self.library.cut()
        if self.library.lives["reborn"] < 5:
            self.library.remove("reborn")
            self.library.make("reborn", 3)
        self.library.write(2, 2)

    def run(self):
        directory, library = self.directory, self.library
        with directory:
            directory.serve(directory.millrace)
            library.make_all()
            library.make("gone", 4)
            library.make("reborn", 3)
            library.write(30, 600)
            library.remove("gone")
            self.live("written by Millrace")
            directory.serve(directory.java)
            self.live("after a clean stop")
            directory.serve(directory.millrace)
            self.live("behind Java")
            directory.kill_and_recover(self.options.broker)
            directory.serve(directory.java)
            self.live("after a recovery")
            directory.serve(directory.millrace)
            self.live("behind Java again")
            directory.stop()
            directory.server = None
            found = kafka.dump_directory(directory.data)
        return (f"{sum(map(len, library.books.values()))} partitions, "
                f"{found.deep_records} records in {found.files} files, batches {found.batches}")


class Flow:
    """Begins with Java; producers and a consumer go on over the hand-overs."""

    PARTITIONS = 4
    PAUSE_MS = 60

    def __init__(self, options, folder):
        self.options, self.errors = options, folder / "flow.txt"
        self.directory = Directory(options, folder)
        self.library = Library(self.directory, 2, options.seed)
        self.random = random.Random(options.seed)

    def run(self):
        directory, library = self.directory, self.library
        with directory:
            directory.serve(directory.java)
            library.make_all()
            library.make("flow", self.PARTITIONS)
            del library.books["flow"]
            library.write(400, 800)
            library.cut()
            classes = kafka.compiled(HERE / "Flow.java")
            with open(self.errors, "w") as errors, subprocess.Popen(
                    ["java", kafka.quiet_log_config(), "-Xmx256m", "-cp",
                     f"{classes}:{kafka.class_path()}", "Flow", directory.address, "flow",
                     str(self.PARTITIONS), str(self.PAUSE_MS)], stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=errors, text=True) as self.flow:
                try:
                    self.hand_over_and_back()
                    return self.end()
                finally:
                    self.flow.kill()

    def begin_writer(self, life):
        self.expect(self.flow.poll() is None, "it has given up")
        self.flow.stdin.write(f"writer{life}\n")
        self.flow.stdin.flush()

    def expect(self, holds, what):
        expect(holds, f"the flow: {what}: {self.errors.read_text(errors='replace')[-2000:]}")

    def hand_over_and_back(self):
        servers = [self.directory.java, self.directory.millrace]
        self.begin_writer(0)
        for life in range(1, self.options.handovers + 1):
            time.sleep(self.random.uniform(*self.options.seconds))
            self.directory.serve(servers[life % 2])
            self.begin_writer(life)
            self.library.compare(f"hand-over {life}")
            self.library.write(20, 40)
            self.library.cut()
        time.sleep(self.random.uniform(*self.options.seconds))

    def end(self):
        said, _ = self.flow.communicate(timeout=180)
        self.expect(self.flow.returncode == 0, f"it ended with {self.flow.returncode}")
        sent, got = ({(name, int(p)): int(count) for name, p, count in
                      re.findall(rf"^{what} (\S+) (\d+) (\d+)$", said, re.M)}
                     for what in ("sent", "read"))
        wanted = (self.options.handovers + 1) * self.PARTITIONS
        expect(len(sent) == wanted and all(sent.values()), f"only {sent} was sent")
        expect(got == sent, f"the consumer that went on has read {got} of {sent}")
        found = self.read_all()
        expect(found == sent, f"{found} are there of {sent}")
        self.directory.stop()
        self.directory.server = None
        files = kafka.dump_directory(self.directory.data).files
        return (f"{self.options.handovers} hand-overs under {self.options.handovers + 1} idempotent "
                f"producers and a consumer, {sum(sent.values())} records exactly once and in order, "
                f"{files} files accepted")

    def read_all(self):
        """{(producer, partition): records}, each of them in order."""
        with BookReader(self.directory.address) as reader:
            ends = {p: reader.consumer.get_watermark_offsets(TopicPartition("flow", p), timeout=20)
                    for p in range(self.PARTITIONS)}
            reader.consumer.assign([TopicPartition("flow", p, 0) for p in ends])
            counts, places = Counter(), Counter()
            deadline = time.monotonic() + 120
            while any(places[p] < ends[p][1] for p in ends):
                expect(time.monotonic() < deadline, f"{places} of {ends} are read")
                for message in reader.consumer.consume(5000, 0.5):
                    expect(message.error() is None, f"flow: {message.error()}")
                    self.count(message, counts, places)
        return dict(counts)

    def count(self, message, counts, places):
        p = message.partition()
        name, partition, number = message.value().decode().split(" ", 3)[:3]
        expect((message.offset(), int(partition), int(number)) == (places[p], p, counts[name, p]),
               f"flow-{p} offset {message.offset()}: {name} {partition} {number} where "
               f"{counts[name, p]} at {places[p]} is due")
        counts[name, p] += 1
        places[p] += 1


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("story", choices=("chain", "flow"))
    parser.add_argument("--broker", required=True, help="the broker's binary")
    parser.add_argument("--partitions", type=int, default=40, help="of each codec in `chain`")
    parser.add_argument("--handovers", type=int, default=5, help="in `flow`")
    parser.add_argument("--seconds", type=float, nargs=2, default=(3, 6), help="of each life")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--keep", help="a folder in which everything is left")
    parser.add_argument("--override", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def run_in(options, folder):
    story = {"chain": Chain, "flow": Flow}[options.story](options, folder)
    try:
        print(f"figure: {story.run()}")
    except (BrokerError, KafkaException, kafka.KafkaError, OSError,
            subprocess.TimeoutExpired) as error:
        print(f"FAILED: {error}")
        for log in (folder / "broker.log", folder / "peer" / "kafka.txt"):
            print(f"{log}:\n" + "\n".join(
                log.read_text(errors="replace").splitlines()[-25:] if log.exists() else []))
        print("0 passed, 1 failed")
        return 1
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(run_in_folder(run_in, parse(), "handover"))
