"""Kafka 3.9.2's command-line tools against Millrace and against a Java broker in the same state: what they
print and how they end has to be the same, but for the differences that are listed here with a reason.
Run with --broker PROGRAM."""

import argparse
import base64
import difflib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import broker as millrace  # noqa: E402
import kafka  # noqa: E402

SOURCE = Path(__file__).resolve().parent / "Tools.java"

TOPICS = "org.apache.kafka.tools.TopicCommand"
CONFIGS = "kafka.admin.ConfigCommand"
PRODUCER = "kafka.tools.ConsoleProducer"
CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"
PERF = "org.apache.kafka.tools.ProducerPerformance"
OFFSETS = "org.apache.kafka.tools.GetOffsetShell"
DELETE_RECORDS = "org.apache.kafka.tools.DeleteRecordsCommand"
LOG_DIRS = "org.apache.kafka.tools.LogDirsCommand"
VERSIONS = "kafka.admin.BrokerApiVersionsCommand"
CLUSTER = "org.apache.kafka.tools.ClusterTool"
DUMP = "kafka.tools.DumpLogSegments"

# Lines that may differ: the call's name, what such a line looks like, and why.
DIFFERENCES = [
    ("perf", r"records/sec", "measured speed"),
    ("perf-acks-1", r"records/sec", "measured speed"),
    ("describe-broker", r"zookeeper|advertised|listeners|log\.dir|admin\.listener", "where the two run"),
    ("describe-broker", r"^  (cache\.bytes|delivery\.path|durability|journal\.bytes|logger\.format|"
     r"segment\.writes|shards)=", "keys of Millrace alone"),
]
# What both are told.
SETTINGS = ["broker.id=0", "offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1"]


def call(name, tool, *arguments, text=""):
    return (name, tool, list(arguments), text)


def at(name, tool, *arguments, text=""):
    """A call of a tool that takes the broker's address."""
    return call(name, tool, "--bootstrap-server", "{address}", *arguments, text=text)


def creations():
    yield at("create", TOPICS, "--create", "--topic", "t", "--partitions", "3", "--replication-factor", "1",
             "--config", "retention.ms=86400000", "--config", "segment.bytes=1048576")
    yield at("create-defaults", TOPICS, "--create", "--topic", "defaults")
    yield at("create-single", TOPICS, "--create", "--topic", "single", "--partitions", "1")
    yield at("create-again", TOPICS, "--create", "--topic", "t")
    yield at("create-if-not-exists", TOPICS, "--create", "--topic", "t", "--if-not-exists")
    yield at("create-bad-name", TOPICS, "--create", "--topic", "bad name")
    yield at("create-colliding", TOPICS, "--create", "--topic", "a.b")
    yield at("create-collision", TOPICS, "--create", "--topic", "a_b")
    yield at("create-too-many-replicas", TOPICS, "--create", "--topic", "r", "--replication-factor", "3")
    yield at("create-no-partitions", TOPICS, "--create", "--topic", "p", "--partitions", "0")
    yield at("create-bad-config", TOPICS, "--create", "--topic", "c", "--config", "retention.ms=soon")
    yield at("create-assigned", TOPICS, "--create", "--topic", "assigned", "--replica-assignment", "0,0")
    yield at("list", TOPICS, "--list")
    yield at("describe", TOPICS, "--describe")
    yield at("describe-one", TOPICS, "--describe", "--topic", "t")
    yield at("describe-none", TOPICS, "--describe", "--topic", "nowhere")
    yield at("describe-overrides", TOPICS, "--describe", "--topics-with-overrides")
    yield at("grow", TOPICS, "--alter", "--topic", "t", "--partitions", "5")
    yield at("grow-equal", TOPICS, "--alter", "--topic", "t", "--partitions", "5")
    yield at("shrink", TOPICS, "--alter", "--topic", "t", "--partitions", "2")
    yield at("describe-grown", TOPICS, "--describe", "--topic", "t")


def of(kind, name):
    return "--entity-type", kind, "--entity-name", name


def topic_configs():
    yield at("describe-topic", CONFIGS, *of("topics", "t"), "--describe")
    yield at("describe-topic-all", CONFIGS, *of("topics", "t"), "--describe", "--all")
    yield at("describe-topics", CONFIGS, "--entity-type", "topics", "--describe")
    yield at("alter-topic", CONFIGS, *of("topics", "t"), "--alter", "--add-config",
             "max.message.bytes=2000000,cleanup.policy=[compact,delete]")
    yield at("alter-topic-bad", CONFIGS, *of("topics", "t"), "--alter", "--add-config", "cleanup.policy=burn")
    yield at("alter-topic-unknown", CONFIGS, *of("topics", "t"), "--alter", "--add-config", "colour=blue")
    yield at("alter-nowhere", CONFIGS, *of("topics", "nowhere"), "--alter", "--add-config", "retention.ms=1")
    yield at("alter-topic-delete", CONFIGS, *of("topics", "t"), "--alter", "--delete-config", "cleanup.policy")
    yield at("describe-topic-altered", CONFIGS, *of("topics", "t"), "--describe")


def broker_configs():
    every = "--entity-type", "brokers", "--entity-default"
    yield at("describe-broker", CONFIGS, *of("brokers", "0"), "--describe", "--all")
    yield at("alter-brokers", CONFIGS, *every, "--alter", "--add-config", "log.retention.ms=7200000")
    yield at("alter-broker", CONFIGS, *of("brokers", "0"), "--alter", "--add-config", "log.retention.ms=3600000")
    yield at("alter-broker-read-only", CONFIGS, *of("brokers", "0"), "--alter", "--add-config",
             "num.partitions=3")
    yield at("describe-brokers", CONFIGS, *every, "--describe")
    yield at("describe-broker-own", CONFIGS, *of("brokers", "0"), "--describe")
    yield at("describe-inherited", CONFIGS, *of("topics", "defaults"), "--describe", "--all")
    yield at("alter-broker-delete", CONFIGS, *of("brokers", "0"), "--alter", "--delete-config",
             "log.retention.ms")


def records():
    keyed = "".join(f"key{i}:value {i}\n" for i in range(40))
    yield at("produce", PRODUCER, "--topic", "t", "--property", "parse.key=true", "--property",
             "key.separator=:", text=keyed)
    yield at("produce-plain", PRODUCER, "--topic", "defaults", "--producer-property",
             "enable.idempotence=false", "--compression-codec", "lz4", text="one\ntwo\nthree\n")
    yield at("produce-one", PRODUCER, "--topic", "single", "--compression-codec", "gzip", text="one\n")
    for partition in range(5):
        yield at(f"offsets-{partition}", OFFSETS, "--topic-partitions", f"t:{partition}")
    yield at("offsets-all", OFFSETS, "--topic", "t")
    yield at("offsets-earliest", OFFSETS, "--topic", "t", "--time", "earliest")
    yield at("offsets-max", OFFSETS, "--topic", "single", "--time", "max-timestamp")
    yield at("offsets-at", OFFSETS, "--topic", "t", "--time", "1000")
    yield at("offsets-nowhere", OFFSETS, "--topic", "nowhere")
    yield consume("consume-0", "0", "earliest", "3")
    yield consume("consume-1", "1", "earliest", "3")
    yield consume("consume-2-at", "2", "2", "2")


def consume(name, partition, offset, count):
    shown = [each for what in ("key", "offset", "partition", "headers")
             for each in ("--property", f"print.{what}=true")]
    return at(name, CONSUMER, "--topic", "t", "--partition", partition, "--offset", offset,
              "--max-messages", count, "--timeout-ms", "20000", *shown)


def deletions(files):
    yield at("delete-records", DELETE_RECORDS, "--offset-json-file", files["delete"])
    yield at("delete-records-beyond", DELETE_RECORDS, "--offset-json-file", files["beyond"])
    yield at("offsets-after-deletion", OFFSETS, "--topic", "t", "--time", "earliest")
    yield consume("consume-after-deletion", "0", "earliest", "1")
    yield at("log-dirs", LOG_DIRS, "--describe", "--topic-list", "t,defaults")
    yield at("api-versions", VERSIONS)
    yield call("cluster-id", CLUSTER, "cluster-id", "--bootstrap-server", "{address}")
    yield call("cluster-unregister", CLUSTER, "unregister", "--id", "0", "--bootstrap-server", "{address}")
    yield at("delete", TOPICS, "--delete", "--topic", "t")
    yield call("perf", PERF, "--topic", "perf", "--num-records", "20000", "--record-size", "200",
               "--throughput", "-1", "--producer-props", "bootstrap.servers={address}")
    yield at("offsets-perf", OFFSETS, "--topic", "perf")
    yield call("perf-acks-1", PERF, "--topic", "perf", "--num-records", "20000", "--record-size", "200",
               "--throughput", "-1", "--producer-props", "bootstrap.servers={address}", "acks=1",
               "compression.type=zstd")
    yield at("delete-nowhere", TOPICS, "--delete", "--topic", "nowhere")
    yield at("list-after-deletion", TOPICS, "--list")
    yield at("create-after-deletion", TOPICS, "--create", "--topic", "t", "--partitions", "1")
    yield at("offsets-made-again", OFFSETS, "--topic", "t")


def calls(files):
    """Every call of a tool on a running broker, in order: name, class, arguments, standard input."""
    for some in (creations(), topic_configs(), broker_configs(), records(), deletions(files)):
        yield from some


def dumps():
    """Calls on the directory of a stopped one."""
    for name, topic in (("defaults", "defaults-0"), ("single", "single-0")):
        files = "{data}/%s/00000000000000000000" % topic
        yield call(f"dump-{name}", DUMP, "--files", f"{files}.log", "--print-data-log")
        yield call(f"dump-{name}-indexes", DUMP, "--files", f"{files}.index,{files}.timeindex",
                   "--verify-index-only")


def run_tools(wanted, address, data_dir):
    """What each call printed, by its name."""
    lines = []
    for name, tool, arguments, text in wanted:
        filled = [each.replace("{address}", address).replace("{data}", str(data_dir)) for each in arguments]
        lines.append("\t".join([name, tool, base64.b64encode(text.encode()).decode(), *filled]))
    class_path = f"{kafka.compiled(SOURCE)}:{kafka.class_path()}"
    done = subprocess.run(["java", kafka.quiet_log_config(), "-cp", class_path, "Tools"], text=True,
                          input="\n".join(lines) + "\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          errors="replace", timeout=1200, check=False)
    printed, name = {}, None
    for line in done.stdout.splitlines():
        if line.startswith("== "):
            name = line[3:]
            printed[name] = []
        elif name and line.strip() and not line.startswith("\tat "):
            printed[name].append(line)
    if len(printed) != len(lines):
        raise kafka.KafkaError(f"the tools stopped behind {name}: {done.stderr[-3000:]}")
    return printed


def neutral(line, address, data_dir):
    """What is another one's in each run goes: addresses, ids, times, places."""
    line = line.replace(address, "ADDRESS").replace(str(data_dir), "DATA")
    line = re.sub(r"\b[A-Za-z0-9_-]{22}\b", "ID", line)
    line = re.sub(r"\b1[67]\d{11}\b", "TIME", line)
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+", "DATE", line)
    line = re.sub(r"\(id: \d+ rack: [^)]*\)", "NODE", line)
    line = re.sub(r"crc: \d+", "crc: CRC", line)
    line = re.sub(r"correlation id \d+", "correlation id ID", line)
    line = re.sub(r"producerId: \d+", "producerId: ID", line)
    # A batch's size hangs on the moments at which the producer took its records.
    line = re.sub(r'\bsize\b("?): ?\d+', r"size\1: 0", line)
    if line.startswith("{"):
        return json.dumps(sorted_parts(json.loads(line)), sort_keys=True)
    # Java's order is a hash table's.
    head, configs, tail = line.partition("Configs: ")
    return head + configs + ",".join(sorted(tail.split(",")))


def sorted_parts(value):
    if isinstance(value, dict):
        return {key: sorted_parts(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted((sorted_parts(each) for each in value), key=json.dumps)
    return value


def api_of(line):
    """The API that a line of kafka-broker-api-versions is about."""
    return line.strip().partition(":")[0]


def compare(theirs, ours):
    """The names of the calls that differ where they may not."""
    unserved = {api_of(line) for line in ours["api-versions"] if "UNSUPPORTED" in line}
    for each in (theirs, ours):
        each["api-versions"] = [line for line in each["api-versions"] if api_of(line) not in unserved]
    return compare_calls(theirs, ours, DIFFERENCES)


def compare_calls(theirs, ours, differences):
    """The same, when all calls count. A difference is a call's name, a pattern for its lines and the reason."""
    different = []
    for name, expected in theirs.items():
        allowed = [re.compile(pattern) for call, pattern, _ in differences if call == name]
        kept = [[line for line in lines if not any(each.search(line) for each in allowed)]
                for lines in (expected, ours[name])]
        if kept[0] == kept[1]:
            print(f"ok {name}: {len(kept[0])} lines")
            continue
        different.append(name)
        print(f"DIFFERENT {name}")
        print("\n".join(difflib.unified_diff(kept[0], kept[1], "java", "millrace", lineterm="", n=0)))
    return different


def write_files(folder):
    files = {"delete": folder / "delete.json", "beyond": folder / "beyond.json"}
    partitions = [{"topic": "t", "partition": 0, "offset": 2}, {"topic": "t", "partition": 1, "offset": -1}]
    files["delete"].write_text(json.dumps({"version": 1, "partitions": partitions}))
    partitions = [{"topic": "t", "partition": 0, "offset": 5000}, {"topic": "nowhere", "partition": 0, "offset": 1}]
    files["beyond"].write_text(json.dumps({"version": 1, "partitions": partitions[:1]}))
    return {name: str(path) for name, path in files.items()}


def results_of(broker, files):
    """What all calls printed against a running broker and, behind its clean stop, against its directory."""
    printed = run_tools(calls(files), broker.address, broker.data_dir)
    broker.stop()
    printed |= run_tools(dumps(), broker.address, broker.data_dir)
    neutral_lines = {name: [neutral(line, broker.address, broker.data_dir) for line in lines]
                     for name, lines in printed.items()}
    # Topics come in the order of a hash table.
    return {name: sorted(lines) if name == "describe-topics" else lines
            for name, lines in neutral_lines.items()}


def java_results(folder, files):
    with kafka.ZooKeeper(folder / "zookeeper") as zookeeper:
        zookeeper.start()
        with kafka.KafkaBroker(folder / "java", folder / "java-data", zookeeper) as java:
            java.start()
            return results_of(java, files)


def our_results(program, folder, files):
    ours = millrace.Broker(program, str(folder / "data"), str(folder / "millrace.log"), SETTINGS)
    ours.start()
    try:
        return results_of(ours, files)
    finally:
        ours.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tools.") as place:
        folder = Path(place)
        files = write_files(folder)
        theirs = java_results(folder, files)
        ours = our_results(options.broker, folder, files)
    different = compare(theirs, ours)
    for name, _, reason in DIFFERENCES:
        print(f"difference in {name}: {reason}")
    print("difference in api-versions: APIs that aren't served yet are left out")
    lines = sum(len(each) for each in theirs.values())
    print(f"figure: {len(theirs) - len(different)} of {len(theirs)} calls of tools print the same, {lines} lines")
    print(f"{len(theirs) - len(different)} passed, {len(different)} failed")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
