"""What a test knows of each partition: what was sent and acknowledged, where it was seen to begin and to
end, what may be deleted of it; and what follows from that for what a broker shows."""

import base64
import random
import threading

from broker import BrokerError, expect

SIZES = (90, 8000)
TEXT = base64.b64encode(random.Random(7).randbytes(96 << 10)).decode()


def value_of(topic, life, partition, number):
    """A record's value follows from its place alone, so that it can be compared without keeping it."""
    size = SIZES[0] + (number * 7919 + partition * 104729) % (SIZES[1] - SIZES[0])
    begin = number * 977 % (len(TEXT) - SIZES[1])
    return f"{topic} {life} {partition} {number} {TEXT[begin:begin + size]}"


class Book:
    """One partition in one life of its topic. Records are numbered from 0 in the order in which they
    are sent, which is the order in the log; what fails may be in it or not."""

    def __init__(self, topic, life, partition):
        self.topic, self.life, self.partition = topic, life, partition
        self.lock = threading.RLock()
        self.times = []       # of each number, in ms
        self.at = {}          # offset: number, of what was acknowledged or read
        self.offsets = {}     # the same the other way round
        self.last = -1        # the largest offset of these
        self.failed = set()   # numbers that may be there or not
        self.start = 0        # the largest start seen
        self.starts = {}      # each start that was seen, and when first, in ms
        self.end = 0          # the largest end seen
        self.asked = set()    # where DeleteRecords was asked to begin
        self.floor = 0        # what it promised
        self.acknowledged = 0

    def __str__(self):
        return f"{self.topic}-{self.partition} (life {self.life})"

    def next(self, now):
        with self.lock:
            self.times.append(now)
            return len(self.times) - 1

    def on_delivery(self, number, error, offset):
        with self.lock:
            if error is not None:
                self.failed.add(number)
                return
            self.acknowledged += 1
            self.note(offset, number)

    def note(self, offset, number):
        """It is there, acknowledged or read: it stays what it is as long as it isn't deleted."""
        expect(self.at.setdefault(offset, number) == number,
               f"{self}: offset {offset} is record {number}, and was {self.at[offset]}")
        expect(self.offsets.setdefault(number, offset) == offset,
               f"{self}: record {number} is at {offset}, and was at {self.offsets[number]}")
        self.last = max(self.last, offset)

    def see(self, floor, start, end, now):
        """A broker says that the log begins and ends there; `floor` was promised when it was asked."""
        with self.lock:
            expect(start >= self.start, f"{self}: began at {self.start}, then at {start}")
            expect(start >= floor, f"{self}: begins at {start}, {floor} was promised")
            expect(end >= self.end, f"{self}: ended at {self.end}, then at {end}")
            self.start, self.end = start, end
            self.starts.setdefault(start, now)

    def check_unmoved(self):
        expect(self.start == 0, f"{self}: begins at {self.start}, and nothing may be deleted")

    def check_asked(self):
        for start in self.starts:
            expect(start == 0 or start in self.asked,
                   f"{self}: began at {start}, where nobody asked for it")

    def check_bases(self, bases):
        """Only whole segments went."""
        for start in self.starts:
            expect(start == 0 or start in bases, f"{self}: began at {start}, inside a segment")

    def check_ages(self, retention_ms):
        """Nothing that was younger was missed. REQUIRES: nothing is under way."""
        for start, seen in self.starts.items():
            newest = max((self.times[self.at[offset]] for offset in range(max(0, start - 50), start)
                          if offset in self.at), default=None)
            expect(newest is None or seen - newest > retention_ms,
                   f"{self}: began at {start} when the record before it was "
                   f"{seen - (newest or 0)} ms old")


class Reading:
    """Takes a partition's records from its start to its end, and compares them with the book."""

    def __init__(self, book, start, end):
        self.book, self.begin, self.end = book, start, end
        self.next = start
        self.number = -1  # of the last record
        self.records = 0

    @property
    def done(self):
        return self.next >= self.end

    def take(self, offset, timestamp, value):
        book = self.book
        if self.done:
            return
        expect(offset == self.next, f"{book}: offset {offset} where {self.next} is due")
        words = value.split(" ", 4)
        if len(words) < 5 or words[:3] != [book.topic, str(book.life), str(book.partition)]:
            raise BrokerError(f"{book}: offset {offset} holds {value[:60]!r}")
        number = int(words[3])
        expect(number < len(book.times) and
               value == value_of(book.topic, book.life, book.partition, number),
               f"{book}: offset {offset} holds what was never sent: {value[:60]!r}")
        expect(timestamp == book.times[number],
               f"{book}: offset {offset} has time {timestamp}, not {book.times[number]}")
        expect(number > self.number,
               f"{book}: offset {offset} is record {number}, behind {self.number}")
        known = book.offsets.get(number)
        expect(known is not None or number in book.failed,
               f"{book}: record {number} is neither acknowledged nor failed")
        book.note(offset, number)
        self.number, self.next = number, offset + 1
        self.records += 1

    def check_end(self):
        """Nothing that was acknowledged lies behind the end."""
        expect(self.book.last < self.end,
               f"{self.book}: ends at {self.end}, {self.book.last} was acknowledged")
