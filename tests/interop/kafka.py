"""Apache Kafka 3.9.2 as a peer: brings its classes up by Maven, runs its tools, and starts throw-away
brokers and the ZooKeeper that they need, on the loopback interface. Standard library only."""

import hashlib
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parents[1] / "build" / "interop"
POM = HERE / "pom.xml"
# The flags of Kafka's own start script.
BROKER_FLAGS = ("-Xms1g -Xmx1g -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 "
                "-XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent").split()
# The longest argument that Linux takes is 128 KiB.
FILES_ARGUMENT_MAX = 100_000
# The folder of a Kafka that somebody unpacked; its jars are used instead of Maven's.
home = None
CODEC = re.compile(r"^baseOffset: .*\bcount: (\d+) .*\bcompresscodec: (\w+)")


class KafkaError(Exception):
    """A peer did not do what the test needs; carries what it printed."""


def class_path(pom=POM, folder="libs"):
    """Kafka's jars, brought by Maven when they are missing or the list has changed."""
    if home and pom == POM:
        return f"{home}/libs/*"
    libs, stamp = PLACE / folder, PLACE / f"{folder}.stamp"
    wanted = hashlib.sha256(pom.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        PLACE.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies",
                               f"-DoutputDirectory={libs}"], capture_output=True, text=True)
        if done.returncode != 0:
            raise KafkaError(f"Maven could not bring Kafka's classes:\n{done.stdout[-2000:]}")
        stamp.write_text(wanted)
    return f"{libs}/*"


def quiet_log_config():
    """Only warnings and errors, to standard error: what the tools print is their result."""
    PLACE.mkdir(parents=True, exist_ok=True)
    path = PLACE / "quiet.properties"
    path.write_text("log4j.rootLogger=WARN, stderr\n"
                    "log4j.appender.stderr=org.apache.log4j.ConsoleAppender\n"
                    "log4j.appender.stderr.Target=System.err\n"
                    "log4j.appender.stderr.layout=org.apache.log4j.PatternLayout\n"
                    "log4j.appender.stderr.layout.ConversionPattern=%p %m%n\n")
    return f"-Dlog4j.configuration=file:{path}"


def java(class_name, *arguments, flags=(), **options):
    jars = class_path()
    return subprocess.Popen(["java", *flags, quiet_log_config(), "-cp", jars, class_name,
                             *map(str, arguments)], text=True, errors="replace", **options)


def compiled(source):
    """Where a Java program's class is, made anew when its source has changed. It may use those made before it."""
    classes = PLACE / "classes"
    made = classes / f"{source.stem}.class"
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["javac", "-cp", f"{class_path()}:{classes}", "-d", classes, source], check=True)
    return classes


class Dump:
    """What DumpLogSegments found in a number of files."""

    def __init__(self):
        self.files = 0
        self.batches = {}  # codec: batches
        self.records = {}  # codec: records
        self.deep_records = 0

    def add_line(self, line):
        batch = CODEC.match(line)
        if batch:
            codec = batch.group(2).lower()
            self.batches[codec] = self.batches.get(codec, 0) + 1
            self.records[codec] = self.records.get(codec, 0) + int(batch.group(1))
        elif line.startswith("| offset: "):
            self.deep_records += 1


def chunks(paths):
    """Splits paths so that each part fits into one comma-separated argument."""
    part, size = [], 0
    for path in paths:
        if part and size + len(path) + 1 > FILES_ARGUMENT_MAX:
            yield part
            part, size = [], 0
        part.append(path)
        size += len(path) + 1
    if part:
        yield part


def looks_damaged(line):
    text = line.lower()
    return "mismatch" in text or "isvalid: false" in text or "not found in log" in text \
        or "isn't less than" in text or "couldn't be" in text or "out of order" in text \
        or "corrupt" in text or "invalid bytes" in text


def dump_segments(data_dir, paths, deep, has_gaps=False):
    """Runs kafka-dump-log on files of a log directory, many per JVM, without the flag that hides a
    damaged index. Raises KafkaError unless it ends with 0 and complains of nothing, but for the
    gaps that a cleaner leaves."""
    found = Dump()
    relative = [str(Path(path).relative_to(data_dir)) for path in paths]
    for part in chunks(relative):
        arguments = (["--deep-iteration"] if deep else []) + ["--files", ",".join(part)]
        with java("kafka.tools.DumpLogSegments", *arguments, cwd=data_dir,
                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            last, complaints, opened = [], [], 0
            for line in process.stdout:
                found.add_line(line)
                opened += line.startswith("Dumping ")
                last = (last + [line])[-12:]
                is_gap = "non-consecutive" in line.lower() and not has_gaps
                # A record's own line may hold anything.
                if not line.startswith(("baseOffset: ", "| offset: ")) and (looks_damaged(line) or is_gap) \
                        or "isvalid: false" in line:
                    complaints.append(line)
        if process.returncode != 0 or complaints:
            raise KafkaError(f"DumpLogSegments ended with {process.returncode}:\n"
                             f"{''.join(complaints[:10])}{''.join(last)}")
        if opened != len(part):
            raise KafkaError(f"DumpLogSegments looked at {opened} of {len(part)} files")
        found.files += opened
    return found


def dump_directory(data_dir, has_gaps=False):
    """Every .log, .index, .timeindex and .snapshot of a log directory; records looked at one by one."""
    data_dir = Path(data_dir)
    paths = [path for suffix in ("log", "index", "timeindex", "snapshot")
             for path in sorted(data_dir.glob(f"*/*.{suffix}"))]
    if not paths:
        raise KafkaError(f"no segment files in {data_dir}")
    return dump_segments(data_dir, paths, deep=True, has_gaps=has_gaps)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer:
    """A process in a session of its own; what it prints is kept in `log_path`."""

    def __init__(self, log_path):
        self.log_path = Path(log_path)
        self.process = None

    def output(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def tail(self):
        return "\n".join(self.output().splitlines()[-15:])

    def wait_for_port(self, port, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise KafkaError(f"it ended with {self.process.returncode}:\n{self.tail()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise KafkaError(f"nothing listens on {port} after {seconds} s:\n{self.tail()}")

    def stop(self, how=signal.SIGTERM):
        """Ends the whole session, the hard way when a minute wasn't enough."""
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, how)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGKILL)


class ZooKeeper(Peer):
    """Debian's ZooKeeper on a folder and port of its own."""

    def __init__(self, folder):
        super().__init__(Path(folder) / "zookeeper.txt")
        self.folder = Path(folder)
        self.port = free_port()

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "zoo.cfg"
        config.write_text(f"tickTime=2000\ndataDir={self.folder}/zookeeper\n"
                          f"clientPort={self.port}\nclientPortAddress=127.0.0.1\n"
                          "admin.enableServer=false\n4lw.commands.whitelist=*\n")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["/usr/share/zookeeper/bin/zkServer.sh", "start-foreground", str(config)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, "ZOO_LOG_DIR": str(self.folder), "JVMFLAGS": "-Xmx256m"})
        self.wait_for_port(self.port, 60)


class KafkaBroker(Peer):
    """Kafka 3.9.2's broker in ZooKeeper mode, on a log directory that may not be its own."""

    def __init__(self, folder, data_dir, zookeeper, settings=()):
        super().__init__(Path(folder) / "kafka.txt")
        self.folder = Path(folder)
        self.data_dir = data_dir
        self.zookeeper = zookeeper
        self.settings = list(settings)
        self.port = free_port()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def launch(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "kafka.properties"
        config.write_text("\n".join([
            "broker.id=0", f"listeners=PLAINTEXT://127.0.0.1:{self.port}",
            f"log.dirs={self.data_dir}", f"zookeeper.connect=127.0.0.1:{self.zookeeper.port}",
            "offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1", *self.settings]) + "\n")
        with open(self.log_path, "ab") as log:
            self.process = java("kafka.Kafka", config, flags=BROKER_FLAGS, stdout=log, stderr=log,
                                stdin=subprocess.DEVNULL, start_new_session=True)

    def start(self):
        self.launch()
        self.wait_for_port(self.port, 90)

    def expect_refusal(self, word, seconds=90):
        """It has to end by itself, not with 0, and what it prints has to hold `word`."""
        self.launch()
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise KafkaError(f"the Java broker did start:\n{self.tail()}") from None
        if status == 0 or word not in self.output():
            raise KafkaError(f"it ended with {status} and doesn't say {word}:\n{self.tail()}")
        return next(line for line in self.output().splitlines() if word in line)


def zookeeper_shell(zookeeper, commands):
    """Runs commands in ZooKeeper's shell that Kafka ships."""
    with java("org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka", "-server",
              f"127.0.0.1:{zookeeper.port}", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
              stderr=subprocess.STDOUT) as shell:
        output, _ = shell.communicate("\n".join([*commands, "quit"]) + "\n", timeout=120)
    return output


def introduce(zookeeper, data_dir):
    """Tells a fresh ZooKeeper of the cluster and the topics that a log directory holds, so that a
    Java broker serves them: /cluster/id, and /brokers/topics/T with the topic's id."""
    data_dir = Path(data_dir)
    meta = dict(line.split("=", 1) for line in (data_dir / "meta.properties").read_text().splitlines()
                if "=" in line)
    topics = {}
    for path in data_dir.glob("*/partition.metadata"):
        topic, _, index = path.parent.name.rpartition("-")
        topic_id = re.search(r"topic_id: (\S+)", path.read_text()).group(1)
        topics.setdefault((topic, topic_id), []).append(int(index))
    commands = ["create /cluster", f'create /cluster/id {{"version":"1","id":"{meta["cluster.id"]}"}}',
                "create /brokers", "create /brokers/topics"]
    for (topic, topic_id), indexes in topics.items():
        rows = ",".join(f'"{index}":[0]' for index in sorted(indexes))
        commands.append(f'create /brokers/topics/{topic} {{"removing_replicas":{{}},"partitions":'
                        f'{{{rows}}},"topic_id":"{topic_id}","adding_replicas":{{}},"version":3}}')
    return zookeeper_shell(zookeeper, commands)
