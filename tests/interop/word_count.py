"""A Kafka Streams word count, at least once, in two instances, with a death, a restart of the broker and a
return: the counts that it writes have to become those of the words sent."""

import collections
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from broker import Broker, BrokerError, expect  # noqa: E402
import clients  # noqa: E402
import kafka  # noqa: E402

PARTITIONS = 4
WAIT_S = 120
LINES = 500
WORDS = [f"word{i}" for i in range(40)]


def command():
    classes = kafka.PLACE / "classes-streams"
    jars = kafka.class_path()
    clients.run_quietly(["javac", "-nowarn", "-cp", jars, "-d", str(classes),
                         str(clients.SOURCES / "java" / "WordCount.java")])
    return ["java", "-Xmx256m", kafka.quiet_log_config(), "-cp", f"{classes}:{jars}", "WordCount"]


class Story:
    def __init__(self, options, folder):
        self.folder = folder
        self.command = command()
        self.random = random.Random(1)
        self.sent = collections.Counter()
        self.instances = {}
        settings = [f"listeners=PLAINTEXT://127.0.0.1:{kafka.free_port()}", f"num.partitions={PARTITIONS}",
                    "group.initial.rebalance.delay.ms=500"]
        self.broker = Broker(options.broker, str(folder / "data"), str(folder / "broker.txt"), settings)

    def start(self, name):
        with open(self.folder / f"{name}.txt", "ab") as log:
            self.instances[name] = subprocess.Popen(
                [*self.command, self.broker.address, str(self.folder / f"state-{name}")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kcat(self, *arguments, text=""):
        done = subprocess.run(["kcat", "-b", self.broker.address, *arguments], input=text, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        expect(done.returncode == 0, f"kcat: {done.stderr}")
        return done.stdout

    def send(self):
        lines = [[self.random.choice(WORDS) for _ in range(5)] for _ in range(LINES)]
        for words in lines:
            self.sent.update(words)
        for partition in range(PARTITIONS):
            self.kcat("-P", "-t", "lines", "-p", str(partition),
                      text="".join(" ".join(words) + "\n" for words in lines[partition::PARTITIONS]))

    def counts(self):
        """Each word's last count; the topic comes into being with the first one."""
        if '"counts"' not in self.kcat("-L"):
            return {}
        rows = self.kcat("-C", "-t", "counts", "-e", "-q", "-K", " ").splitlines()
        return {word: int(count) for word, count in (row.split(" ") for row in rows)}

    def wait_for_counts(self, when):
        deadline = time.monotonic() + WAIT_S
        while (found := self.counts()) != self.sent:
            if time.monotonic() > deadline:
                raise BrokerError(f"{when}: {sum(found.values())} words counted, {sum(self.sent.values())} sent\n"
                                  f"{self.tails()}")
            time.sleep(0.5)

    def wait_until_running(self, name):
        deadline = time.monotonic() + WAIT_S
        states = []
        while states[-1:] != ["state RUNNING"]:
            expect(time.monotonic() < deadline, f"{name} doesn't run: {states[-3:]}\n{self.tails()}")
            time.sleep(0.2)
            lines = (self.folder / f"{name}.txt").read_text(errors="replace").splitlines()
            states = [line for line in lines if line.startswith("state ")]

    def tails(self):
        return "\n".join("\n".join(path.read_text(errors="replace").splitlines()[-12:])
                         for path in sorted(self.folder.glob("*.txt")) if path.name != "broker.txt")

    def end(self, name, how):
        self.instances[name].send_signal(how)
        self.instances.pop(name).wait(60)

    def run(self):
        with self.broker:
            self.broker.start()
            self.send()
            try:
                self.parts()
            finally:
                for each in self.instances.values():
                    each.kill()

    def parts(self):
        self.start("first")
        self.wait_until_running("first")
        self.wait_for_counts("one instance")
        self.start("second")
        self.wait_until_running("second")
        self.send()
        self.wait_for_counts("two instances")
        self.end("first", signal.SIGTERM)
        self.send()
        self.wait_for_counts("one has gone")
        self.broker.stop()
        self.broker.start()
        self.send()
        self.wait_for_counts("the broker restarted")
        self.start("first")
        self.wait_until_running("first")
        self.send()
        self.wait_for_counts("the first one is back")
        # In the middle of its work: what it had not committed is counted again.
        self.send()
        self.end("first", signal.SIGKILL)
        self.wait_for_more("one was killed")
        self.end("second", signal.SIGTERM)
        self.broker.stop()

    def wait_for_more(self, when):
        """At least once is what is promised."""
        deadline = time.monotonic() + WAIT_S
        while any(self.counts().get(word, 0) < count for word, count in self.sent.items()):
            expect(time.monotonic() < deadline, f"{when}: not all words counted\n{self.tails()}")
            time.sleep(0.5)
        self.over = sum(self.counts().values()) - sum(self.sent.values())

    def figures(self):
        return (f"{sum(self.sent.values())} words in {len(self.sent)} counts by two instances, exact until one was "
                f"killed at work, {self.over} counted again by then")
