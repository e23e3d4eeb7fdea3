"""Kafka 3.9.2's tools for groups against Millrace and against a Java broker in the same state: the console
consumer, consumer-groups, consumer-perf-test, verifiable producer and consumer, and
streams-application-reset. What they print and how they end has to be the same, but for the differences
that are listed here with a reason. Run with --broker PROGRAM."""

import argparse
import base64
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import broker as millrace  # noqa: E402
import group_tools_calls as calls  # noqa: E402
import kafka  # noqa: E402
import tools  # noqa: E402

# Lines that may differ: the call's name, what such a line looks like, and why.
DIFFERENCES = [
    ("produce-perf", r"records/sec", "measured speed"),
    *((name, r"Caused by|TimeoutException", "where the client's retries were when its time was over")
      for name in ("reset-partition-nowhere-dry", "reset-partition-nowhere")),
]
SETTINGS = [*tools.SETTINGS, "offsets.topic.num.partitions=4", "group.initial.rebalance.delay.ms=300"]
CALL_TIMEOUT_S = 120
STABLE_TIMEOUT_S = 60
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Names that tools make up when they are given none.
RANDOM_GROUP = re.compile(r"\b(console-consumer|perf-consumer)-\d+\b")
# Its table is as wide as such a name, which has one digit more or less.
AS_WIDE_AS_A_NAME = "list-left"
# In the order of hash tables, over random names.
LISTED = re.compile(r"(?<=consumer groups \(')[^']*(?='\))")
MEMBERS = re.compile(r"(?<=following members: \[).*(?=\]\. Make sure)")
TIMES = ("timestamp", "commitTimestamp", "expireTimestamp", "currentStateTimestamp")


class Tools:
    """One JVM that runs tools one after the other; what each printed is kept by its name."""

    def __init__(self, address, folder):
        self.address = address
        self.folder = folder
        self.printed = {}
        class_path = f"{kafka.compiled(tools.SOURCE)}:{kafka.class_path()}"
        with open(folder / "tools.stderr.txt", "ab") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx512m", kafka.quiet_log_config(), "-cp", class_path, "Tools"], text=True,
                errors="replace", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def lines_of(self, call):
        """What the tool printed, without the places in Java's stack traces, and how it ended."""
        name, tool, arguments, text = call
        filled = [each.replace("{address}", self.address).replace("{folder}", str(self.folder))
                  for each in arguments]
        words = [name, tool, base64.b64encode(text.encode()).decode(), *filled]
        watchdog = threading.Timer(CALL_TIMEOUT_S, self.process.kill)
        watchdog.start()
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line.strip() and not line.startswith(("\tat ", f"== {name}")):
                lines.append(line)
            if line.startswith("-- "):
                watchdog.cancel()
                return lines
        raise kafka.KafkaError(f"{name} didn't end in {CALL_TIMEOUT_S} s, or ended the JVM: {lines}")

    def run(self, some):
        for call in some:
            lines = [part for line in self.lines_of(call) for part in parts_of(line)]
            lines = [neutral(call, line, self.address) for line in lines]
            # A warning comes as often as the client has tried.
            self.printed[call[0]] = [line for line, before in zip(lines, [None, *lines]) if line != before]
            if call[1] in calls.UNORDERED or call[0].startswith("all-"):
                self.printed[call[0]].sort()

    def wait_for_members(self, group, count):
        """Until the group has settled with so many members."""
        state = "Stable" if count else "Empty"
        deadline = time.monotonic() + STABLE_TIMEOUT_S
        asked = calls.at("wait", calls.GROUPS, "--describe", "--state", "--group", group)
        while True:
            lines = self.lines_of(asked)
            if any(re.search(rf"\b{state} +{count}\b", line) for line in lines):
                return
            if time.monotonic() > deadline:
                raise kafka.KafkaError(f"{group} isn't {state} with {count} members: {lines}")
            time.sleep(0.2)

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


def parts_of(line):
    """A line, or the JSON objects that it has; the formatters of stored records put nothing between them."""
    decoder = json.JSONDecoder()
    while line.startswith("{"):
        _, end = decoder.raw_decode(line)
        yield line[:end]
        line = line[end:].lstrip()
    if line:
        yield line


def neutral(call, line, address):
    """What is another one's in each run goes: ids, times, addresses, and how the work was cut up."""
    name, tool = call[:2]
    line = RANDOM_GROUP.sub(r"\1-N", UUID.sub("UUID", line))
    if name == AS_WIDE_AS_A_NAME:
        line = re.sub(" +", " ", line)
    if line.startswith("{"):
        return json.dumps(without_times(json.loads(line)), sort_keys=True)
    if tool == calls.PERF and line.count(", ") == 9 and not line.startswith(("start.time", "time")):
        words = line.split(", ")
        return f"{words[2]} MB, {words[4]} records"
    line = LISTED.sub(lambda found: ", ".join(sorted(found.group().split(", "))), line)
    line = MEMBERS.sub(lambda found: ", ".join(sorted(re.split(r", (?=\(memberId)", found.group()))), line)
    return tools.neutral(line, address, "DATA")


def without_times(value):
    """Members come in the order of their random ids."""
    if isinstance(value, dict):
        return {key: "TIME" if key in TIMES and each != -1 else without_times(each)
                for key, each in value.items()}
    if isinstance(value, list):
        return sorted((without_times(each) for each in value), key=json.dumps)
    return value


def member(address, folder, group, client, *more):
    """A console consumer that lives beside the calls."""
    with open(folder / f"{client}.txt", "wb") as log:
        return kafka.java(calls.CONSUMER, "--bootstrap-server", address, "--group", group,
                          "--consumer-property", f"client.id={client}", *more, flags=["-Xmx128m"],
                          stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def with_members(session, address, folder):
    """The calls on groups that have members: a group of two that have work, and one in which one has none."""
    session.run(calls.before_members())
    members = []
    try:
        for count, (group, client, *more) in enumerate(calls.MEMBERS):
            members.append(member(address, folder, group, client, *more))
            session.wait_for_members(group, count % 2 + 1)
        session.run(calls.on_members())
    finally:
        for each in members:
            each.kill()
            each.wait()
    session.run(calls.on_dead_members())


def in_own_process(session, name, tool, *arguments):
    """A tool that says its last words when its process ends."""
    done = subprocess.run(["java", "-Xmx128m", kafka.quiet_log_config(), "-cp", kafka.class_path(), tool,
                           "--bootstrap-server", session.address, *arguments], text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                          timeout=CALL_TIMEOUT_S, check=False)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    session.printed[name] = [*merged(events), f"-- {done.returncode}"]


def merged(events):
    """Events of the verifiable tools; what a fetch and a commit happened to take is added up."""
    lines, consumed, committed = [], {}, {}
    for event in events:
        kind = event["name"]
        if kind == "records_consumed":
            for each in event["partitions"]:
                seen = consumed.setdefault((each["topic"], each["partition"]), [0, each["minOffset"], 0])
                seen[0] += each["count"]
                seen[2] = each["maxOffset"]
        elif kind == "offsets_committed":
            committed |= {(each["topic"], each["partition"]): each["offset"] for each in event["offsets"]}
            lines += [] if event["success"] else [json.dumps(without_times(event), sort_keys=True)]
        else:
            kept = {key: each for key, each in event.items() if key != "avg_throughput"}
            lines.append(json.dumps(without_times(kept), sort_keys=True))
    return [*lines, f"consumed {sorted(consumed.items())}", f"committed {sorted(committed.items())}"]


def verifiable_tools(session):
    in_own_process(session, "verifiable-producer", calls.VERIFIABLE_PRODUCER, "--topic", "v",
                   "--max-messages", "100", "--throughput", "1000")
    in_own_process(session, "verifiable-producer-plain", calls.VERIFIABLE_PRODUCER, "--topic", "v", "--acks",
                   "1", "--max-messages", "50", "--value-prefix", "7", "--repeating-keys", "3")
    consume = ("--topic", "v", "--group-id", "verified")
    in_own_process(session, "verifiable-consumer", calls.VERIFIABLE_CONSUMER, *consume, "--max-messages", "60",
                   "--session-timeout", "10000")
    in_own_process(session, "verifiable-consumer-goes-on", calls.VERIFIABLE_CONSUMER, *consume,
                   "--max-messages", "40", "--verbose", "--assignment-strategy",
                   "org.apache.kafka.clients.consumer.RoundRobinAssignor")
    in_own_process(session, "verifiable-consumer-static", calls.VERIFIABLE_CONSUMER, *consume,
                   "--max-messages", "50", "--group-instance-id", "v-1", "--enable-autocommit",
                   "--session-timeout", "6000")


def results_of(broker, folder):
    """What all calls printed against a running broker."""
    folder.mkdir(exist_ok=True)
    calls.write_files(folder)
    session = Tools(broker.address, folder)
    try:
        session.run(calls.records())
        session.run(calls.console())
        session.wait_for_members("fixed", 0)
        session.run(calls.groups_at_rest())
        session.run(calls.resets())
        with_members(session, broker.address, folder)
        verifiable_tools(session)
        session.run(calls.perf())
        session.run(calls.streams())
        session.run(calls.deletions())
        session.run(calls.stored())
    finally:
        session.close()
    for name in ("stored-offsets", "stored-groups"):
        # The clients commit by the clock, as often as their work takes.
        session.printed[name] = sorted({line for line in session.printed[name] if not line.startswith("Processed")})
    return session.printed


def java_results(folder):
    with kafka.ZooKeeper(folder / "zookeeper") as zookeeper:
        zookeeper.start()
        with kafka.KafkaBroker(folder / "java", folder / "java-data", zookeeper, SETTINGS[4:]) as java:
            java.start()
            return results_of(java, folder / "calls")


def our_results(program, folder):
    ours = millrace.Broker(program, str(folder / "data"), str(folder / "millrace.log"), SETTINGS)
    with ours:
        ours.start()
        results = results_of(ours, folder / "calls")
        ours.stop()
        return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--keep", help="a file for what both printed, as JSON; Java's part is read from it when "
                        "it is there")
    options = parser.parse_args()
    kept = Path(options.keep) if options.keep else None
    with tempfile.TemporaryDirectory(prefix="group-tools.") as place:
        folder = Path(place)
        if kept and kept.exists():
            theirs = json.loads(kept.read_text())["java"]
        else:
            theirs = java_results(folder)
            if kept:
                kept.write_text(json.dumps({"java": theirs}, indent=1))
        ours = our_results(options.broker, folder)
    if kept:
        kept.write_text(json.dumps({"java": theirs, "millrace": ours}, indent=1))
    different = tools.compare_calls(theirs, ours, DIFFERENCES)
    for name, _, reason in DIFFERENCES:
        print(f"difference in {name}: {reason}")
    lines = sum(len(each) for each in theirs.values())
    print(f"figure: {len(theirs) - len(different)} of {len(theirs)} calls of tools print the same, {lines} lines")
    print(f"{len(theirs) - len(different)} passed, {len(different)} failed")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
