"""The two sides of the comparison behind one interface: Millrace, and Apache Kafka with its own
defaults. A side starts, stops, is killed, and tells what its whole process has used, from /proc.
Each has a folder and a port of its own, on the same filesystem."""

import contextlib
import mmap
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("perf", "tests/interop", "tests/interop/differential",
                                           "tests/integration")]
import kafka  # noqa: E402
import kafka_wire as wire  # noqa: E402
import machine  # noqa: E402
import usage  # noqa: E402
from broker import Broker, BrokerError, free_port  # noqa: E402
from kafka_workloads import OURS, SIDES, THEIRS  # noqa: E402

# What a removed topic leaves is gone at once, or the disk would hold the topics of a minute.
HOUSEKEEPING = ("log.segment.delete.delay.ms=0",)
# For as long as the session of a broker that was killed lasts, ZooKeeper refuses its successor.
SESSION_SECONDS_MAX = 40
MADV_POPULATE_WRITE = 23  # since Linux 5.14

ERRORS = (BrokerError, kafka.KafkaError, wire.WireError, OSError)


def processor_clock(pid):
    """The clock of what /proc/PID/stat tells in ticks, and this in nanoseconds: for a broker that
    does next to nothing."""
    return ~pid << 3 | 2


class Side:
    """One broker. `data` is its log directory; `address` stays the same over restarts."""

    def __init__(self, folder):
        self.folder, self.data = folder, folder / "data"
        self.filled = {}  # what stays for all pairs, by the workload's id
        folder.mkdir(parents=True)

    @property
    def pid(self):
        return self.broker.process.pid

    def is_up(self):
        return self.broker.process is not None and self.broker.process.poll() is None

    def start(self):
        self.launch()
        wait_for_port(self.address, 90, self.is_up)

    def rss_mib(self):
        if not self.is_up():
            raise BrokerError(f"{self.name} has ended")
        return usage.memory_mib(self.pid)

    def cpu_s(self):
        """Of the process, its threads, also those that ended, and the kernel's workers for it."""
        return time.clock_gettime(processor_clock(self.pid))

    def flush(self, topic, gives_up_cache=False):
        """Has the page cache's part of a topic's records written, these files and no others: so
        that nobody's writing back falls into the other's time, or that they are read from the
        disk."""
        for path in sorted(self.data.glob(f"{topic}-*/*.log")):
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                if gives_up_cache:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Millrace(Side):
    name = OURS

    def __init__(self, folder, binary, settings):
        super().__init__(folder)
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.broker = Broker(binary, self.data, folder / "millrace.txt",
                             [f"listeners=PLAINTEXT://{self.address}", *HOUSEKEEPING, *settings])

    def launch(self):
        self.broker.start(wait=False)

    def stop(self):
        self.broker.stop()

    def kill(self):
        self.broker.kill()

    def close(self):
        self.broker.kill()


class Kafka(Side):
    """Kafka in ZooKeeper mode, whose own processor time isn't counted."""

    name = THEIRS

    def __init__(self, folder, settings):
        super().__init__(folder)
        self.zookeeper = kafka.ZooKeeper(folder)
        self.broker = kafka.KafkaBroker(folder, self.data, self.zookeeper,
                                        [*HOUSEKEEPING, *settings])
        self.address = self.broker.address

    def launch(self):
        if self.zookeeper.process is None:
            self.zookeeper.start()
        self.broker.launch()

    def stop(self):
        self.broker.stop()

    def kill(self):
        self.broker.stop(signal.SIGKILL)
        self.wait_for_session_end()

    def wait_for_session_end(self):
        deadline = time.monotonic() + SESSION_SECONDS_MAX
        while "/brokers/ids/0" in four_letters(self.zookeeper.port, "dump"):
            if time.monotonic() > deadline:
                raise kafka.KafkaError("ZooKeeper still has the session of the killed broker")
            time.sleep(0.1)

    def close(self):
        self.broker.stop(signal.SIGKILL)
        self.zookeeper.stop(signal.SIGKILL)


def four_letters(port, word):
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(word.encode())
        with connection.makefile("rb") as stream:
            return stream.read().decode(errors="replace")


def wait_for_port(address, seconds, is_up):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not is_up():
            raise BrokerError("it ended while it should start")
        with contextlib.suppress(OSError):
            wire.connect(address).close()
            return
        time.sleep(0.02)
    raise BrokerError(f"nothing listens at {address} after {seconds} s")


def made(options, name, folder, settings):
    return Millrace(folder, options.broker, settings) if name == OURS else Kafka(folder, settings)


@contextlib.contextmanager
def started(options, folder, settings, names=SIDES):
    """The sides, on fresh folders, up: while one is measured the other is idle. `settings` are
    {side: settings} beyond the defaults."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        sides = [made(options, name, folder / name, settings.get(name, ())) for name in names]
        for side in sides:
            stack.callback(side.close)
            side.start()
        yield sides


def allow_connections():
    """As many descriptors as this user may have, also for the brokers that are started then."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def touch_free_memory(count):
    """Takes memory, touches it and gives it back. A virtual machine's host takes free memory away,
    and whichever side is first to fill the page cache would pay for getting it again."""
    available = int(machine.field("/proc/meminfo", "MemAvailable").split()[0]) * 1024
    with mmap.mmap(-1, min(count, available // 2)) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        memory.madvise(MADV_POPULATE_WRITE)


def use_home(home):
    """Has the jars of a Kafka that somebody unpacked used instead of Maven's."""
    if home and not (Path(home) / "libs").is_dir():
        sys.exit(f"KAFKA_HOME={home} has no folder libs")
    kafka.home = home


def output_of(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return (done.stdout or done.stderr).strip()


def versions():
    """[name, value] of what is compared."""
    jars = " ".join(path.name for path in Path(kafka.class_path()).parent.glob("kafka_2.*.jar"))
    version = re.search(r"kafka_[\d.]+-(\d[\w.]*?)\.jar", jars)
    java = output_of("java", "-version").splitlines()[0]
    return [["Millrace", f"commit {output_of('git', 'describe', '--always', '--dirty')}"],
            ["Apache Kafka", f"{version[1] if version else 'unknown'}, in ZooKeeper mode"],
            ["Java", f"{java}; {' '.join(kafka.BROKER_FLAGS)}"]]
