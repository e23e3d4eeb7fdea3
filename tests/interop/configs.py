"""Has Kafka's own classes judge keys of a configuration that Millrace judges too: some values, good and
bad, of every broker key and every topic key of 3.9, in one JVM. They have to accept and refuse the same,
but for the differences in configs_differences.txt. Run with --keys PROGRAM."""

import argparse
import base64
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import kafka

HERE = Path(__file__).resolve().parent
DIFFERENCES = HERE / "configs_differences.txt"
LIMITS = {"SHORT": 2**15, "INT": 2**31, "LONG": 2**63}
ANY_TEXT = ["", " ", "x", "a b", "a,b", "a, b ,", ",", "0", "-1", "true", "null", "a=b", "#", "*", "ümläut",
            "${file:/x:y}", "PLAINTEXT", "/tmp/x", "a:b", "1:2"]


def compiled(name):
    """The class path with that class on it, which is made anew when its source has changed."""
    source, classes = HERE / f"{name}.java", kafka.PLACE / "classes"
    made = classes / f"{name}.class"
    jars = kafka.class_path()
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["javac", "-cp", jars, "-d", classes, source], check=True)
    return f"{classes}:{jars}"


def java(*arguments, **options):
    return subprocess.run(["java", kafka.quiet_log_config(), "-cp", compiled("Configs"), "Configs", *arguments],
                          stdout=subprocess.PIPE, text=True, check=True, **options).stdout.splitlines()


def number_values(kind, key, rng):
    limit = LIMITS[kind]
    values = [key["default"], "0", "1", "-1", "-2", str(limit - 1), str(limit), str(-limit), str(-limit - 1),
              " 7 ", "+7", "", "x", "1.5", "0x10", "1e3"]
    for bound in re.findall(r"-?\d+", key["range"]):
        values += [str(int(bound) - 1), bound, str(int(bound) + 1)]
    return values + [str(rng.randint(-10, 100_000)) for _ in range(8)]


def double_values(key, rng):
    return [key["default"], "0", "1", "-1", "0.5", ".5", "5.", "1e3", "1d", "2F", "NaN", "Infinity", "-Infinity",
            "inf", "x", "", " 0.25 ", "1.0000001", "-0.0000001", "1e", str(rng.random())]


def words_of(key):
    return [word for word in re.split(r"[\[\], ]+", key["range"]) if re.fullmatch(r"[\w.-]+", word)]


def text_values(key, rng):
    words = words_of(key)
    values = [key["default"], *words[:8], *[word.upper() for word in words[:2]], *[f" {word} " for word in words[:2]]]
    if key["type"] == "LIST":
        values += [",".join(words[:2]), ", ".join(reversed(words[:3])), ",".join(words[:1] * 2), ",".join(words[:1]) + ","]
    return values + rng.sample(ANY_TEXT, len(ANY_TEXT))


def special_values(name):
    """Forms that only these keys have."""
    endpoints = ["PLAINTEXT://:9092", "PLAINTEXT://127.0.0.1:0", "PLAINTEXT://[::1]:9092", "plaintext://h:1", "PLAINTEXT://0.0.0.0:9092",
                 "PLAINTEXT://h", "PLAINTEXT//h:1", "OTHER://h:1", "PLAINTEXT://:1,PLAINTEXT://:2", "PLAINTEXT://a b:1",
                 "PLAINTEXT://h:70000", "PLAINTEXT://h:-1", "SSL://h:1", "PLAINTEXT://a:1,SSL://b:1", "PLAINTEXT://a:1,SSL://b:2",
                 "PLAINTEXT://h:x", " PLAINTEXT://h:1 ", "", ",", "PLAINTEXT://h:1,"]
    return {
        "listeners": endpoints,
        "advertised.listeners": endpoints,
        "listener.security.protocol.map": ["PLAINTEXT:PLAINTEXT", "plaintext:plaintext", "A:SSL", "PLAINTEXT:PLAINTEXT,A:SSL",
                                           "PLAINTEXT:NONE", "PLAINTEXT", "PLAINTEXT:PLAINTEXT,PLAINTEXT:SSL", "", "PLAINTEXT:PLAINTEXT,"],
        "inter.broker.listener.name": ["PLAINTEXT", "plaintext", "SSL", "X", "", "INTERNAL"],
        "early.start.listeners": ["PLAINTEXT", "plaintext", "SSL", "", "PLAINTEXT, PLAINTEXT", "X"],
        "controller.listener.names": ["CONTROLLER", "PLAINTEXT", "", "A,B"],
        "control.plane.listener.name": ["PLAINTEXT", "CONTROLLER", ""],
        "max.connections.per.ip.overrides": ["127.0.0.1:5", "h:5,i:6", "h:x", "h", "::1:5", "h h:5", ":5", "h:-1", "h:5,", ",", "a b:c:1"],
        "controller.quorum.voters": ["1@h:9093", "1@h:9093,2@i:9093", "h:9093", "1@h", "x@h:1", "1@h:70000", "1@h:x", "1@:1", "1@2@h:1", "-1@h:1", ","],
        "controller.quorum.bootstrap.servers": ["h:9093", "h:1,i:2", "h", "h:x", "h:70000", ":1", "[::1]:1", ","],
        "inter.broker.protocol.version": ["3.9", "3.9-IV0", "2.8", "2.8.1", "0.10.2", "0.11.0", "0.8.2", "4.0", "3.10", "3.0-IV0", "0.9.0.1", "1.0", "3"],
        "log.message.format.version": ["3.9", "2.8", "0.10.2", "0.10.2.1", "4.0", "4.0-IV0", "0.8", "x", "1.0", "2.8."],
        "message.format.version": ["3.9", "2.8", "0.10.2", "0.10.2.1", "4.0", "4.0-IV0", "0.8", "x", "1.0", "2.8."],
        "leader.replication.throttled.replicas": ["*", "0:1", "0:1,1:2", "0", "0:", "a:1", "0:1,", "*,*", "0:1:2", " 0:1 , 1:2 "],
        "follower.replication.throttled.replicas": ["*", "0:1", "0:1,1:2", "0", "0:", "a:1", "0:1,", "*,*", "0:1:2", " 0:1 , 1:2 "],
        "log.dirs": ["/tmp/a", "/tmp/a,/tmp/b", "/tmp/a,/tmp/a", "", ","],
        "log.dir": ["/tmp/a", "/tmp/a,/tmp/b", "", ","],
        "broker.id": ["0", "1000", "1001", "-1", "-2"],
        "node.id": ["0", "1000", "1001", "-1", "-2"],
        "log.cleaner.dedupe.buffer.size": ["1048576", "1048577", "1048575"],
        "log.cleaner.threads": ["127", "128", "129"],
        "replica.fetch.wait.max.ms": ["30000", "30001"],
        "queued.max.request.bytes": ["104857599", "104857600"],
        "connections.max.idle.ms": ["100", "101", "99"],
        "connection.failed.authentication.delay.ms": ["599999", "600000"],
        "offsets.topic.compression.codec": ["2", "3", "4", "5"],
    }.get(name, [])


def values_of(key, count, rng):
    if key["type"] == "BOOLEAN":
        values = ["true", "false", "TRUE", "False", " true ", "yes", "no", "1", "0", "", "t", "on", "truefalse",
                  "true,false", "null", "\ttrue", "tru e", "-", "wahr", "FALSE "]
    elif key["type"] in LIMITS:
        values = number_values(key["type"], key, rng)
    elif key["type"] == "DOUBLE":
        values = double_values(key, rng)
    else:
        values = text_values(key, rng)
    values = [value for value in [*special_values(key["name"]), *values] if value is not None]
    return list(dict.fromkeys(values))[:max(count, len(special_values(key["name"])))]


def encoded(text):
    return base64.b64encode(text.encode()).decode() or "-"


def read_differences():
    """Each line: WHOSE, KEY, a pattern of values between slashes, and the reason."""
    rows = []
    for line in DIFFERENCES.read_text().splitlines():
        if line and not line.startswith("#"):
            whose, name, pattern, reason = re.fullmatch(r"(\S+) (\S+) /(.*)/ (.+)", line).groups()
            rows.append((whose, name, re.compile(pattern), reason))
    return rows


def reason_for(differences, whose, name, value):
    for known_whose, known_name, pattern, reason in differences:
        if known_whose == whose and known_name in (name, "*") and pattern.fullmatch(value):
            return reason
    return None


def compare(options):
    rng = random.Random(9)
    cases = []
    for line in java("keys"):
        whose, name, kind, default, allowed = line.split("\t")
        key = {"name": name, "type": kind, "default": None if default == "null" else default, "range": allowed}
        cases += [(whose, name, value) for value in values_of(key, options.count, rng)]
    text = "".join(f"{whose} {encoded(name)} {encoded(value)}\n" for whose, name, value in cases)
    theirs = java(input=text)
    ours = subprocess.run([options.keys], input=text, stdout=subprocess.PIPE, text=True,
                          check=True).stdout.splitlines()
    if not len(cases) == len(theirs) == len(ours):
        raise SystemExit(f"{len(cases)} cases, but {len(theirs)} and {len(ours)} verdicts")
    return report(cases, theirs, ours)


def is_same(whose, their, our):
    """A topic's refusal is shown by clients, so its words count too."""
    if whose == "topic" and their.startswith("refused"):
        return our == their
    return our.split()[0] == their.split()[0] or our.startswith("unbuilt")


def report(cases, theirs, ours):
    counts, unexplained, differences = Counter(), [], read_differences()
    for (whose, name, value), their, our in zip(cases, theirs, ours):
        counts[whose, our.split()[0]] += 1
        if is_same(whose, their, our):
            continue
        if reason_for(differences, whose, name, value):
            counts["differences", whose] += 1
        else:
            unexplained.append(f"{whose} {name}={value!r}\n  kafka:    {their[:300]}\n  millrace: {our[:300]}")
    print("\n".join(unexplained[:400]))
    keys = len({(whose, name) for whose, name, _ in cases})
    print(f"{keys} keys, {len(cases)} values: " +
          ", ".join(f"{count} {' '.join(what)}" for what, count in sorted(counts.items())))
    print(f"{len(unexplained)} unexplained differences")
    return bool(unexplained)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", required=True)
    parser.add_argument("--count", type=int, default=20)
    return compare(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
