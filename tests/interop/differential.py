"""Asks two brokers the same random requests in lock step and compares their answers, field by field. Run with
--broker PROGRAM: a Java broker against a Java broker as the control, where nothing may differ, then against
Millrace, where only what differential/differences.py lists may."""

import argparse
import copy
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent / "differential"))

import broker as millrace  # noqa: E402
import kafka  # noqa: E402
from differences import reason_for  # noqa: E402
from random_requests import FIXED, KINDS, Requests  # noqa: E402
from side import Side  # noqa: E402

SETTINGS = ["broker.id=0", "num.partitions=2", "log.retention.ms=-1", "offsets.topic.replication.factor=1",
            "offsets.topic.num.partitions=1", "transaction.state.log.replication.factor=1",
            "transaction.state.log.num.partitions=1", "transaction.state.log.min.isr=1",
            "log.initial.task.delay.ms=600000"]
FIXED_CONFIGS = {"a": {}, "b": {}, "appended": {"message.timestamp.type": "LogAppendTime"},
                 "zipped": {"compression.type": "gzip"}, "small": {"max.message.bytes": "2000"}}
API_VERSIONS, CREATE_TOPICS, DELETE_TOPICS, FETCH, INIT_PRODUCER_ID, METADATA, CREATE_PARTITIONS = 18, 19, 20, 1, 22, 3, 37
NONE, LEADER_NOT_AVAILABLE, REQUEST_TIMED_OUT = 0, 5, 7
CHANGES_TOPICS = {3, 19, 20, 37}
CHANGES_CONFIGS = {33, 44}
QUESTIONS = {2, 3, 10, 23, 32, 35, 60, 61}  # change nothing that the same question wouldn't change again
SETTLED_S = 20
AGAIN_S = 2
SHOWN_MAX = 60
NEVER_ANSWERED = "a Java broker never answers a request without records"
CUT_SHORT = "converted messages, which are larger than what was read, come in more answers"
# What an element of a list is known by.
IDENTITIES = ("name", "topic", "partitionIndex", "index", "partition", "apiKey", "resourceName", "producerId", "topicId")


def flat(value, place=""):
    """Every place of an answer with what is there. What has a name or number of its own goes by that in a list."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flat(each, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        yield place + "#", len(value)
        seen = Counter()
        for i, each in enumerate(value):
            names = [str(each[key]) for key in IDENTITIES if key in each] if isinstance(each, dict) else []
            name = names[0] if names else str(i)
            seen[name] += 1
            yield from flat(each, f"{place}[{name}{'~' * (seen[name] - 1)}]")
    else:
        yield place, value


def holds_null(produce):
    return any(each["records"] is None for topic in produce.get("topicData", ()) for each in topic["partitionData"])


def joined(topics):
    """A Java broker names a topic twice when another one comes between its partitions."""
    by_topic = {}
    for each in topics:
        name = each.get("topicId", each.get("topic"))
        by_topic.setdefault(name, {**each, "partitions": []})["partitions"] += each["partitions"]
    return list(by_topic.values())


def cut(theirs, ours):
    """Leaves out the converted messages that Millrace has not sent yet; says in how many places."""
    found = {(topic["topic"], each["partitionIndex"]): each for topic in ours["responses"] for each in topic["partitions"]}
    places = 0
    for topic in theirs["responses"]:
        for each in topic["partitions"]:
            mine = found.get((topic["topic"], each["partitionIndex"]), {}).get("batches", [])
            if mine and len(mine) < len(each["batches"]):
                each["batches"] = each["batches"][:len(mine)]
                places += 1
    return places


class Comparison:
    def __init__(self, left, right, seed):
        self.sides = (left, right)
        self.random = random.Random(seed)
        self.requests = Requests(self.random)
        self.asked = Counter()
        self.answers = Counter()      # by API and error code
        self.reviewed = Counter()
        self.different = 0
        self.common = set()           # APIs that both serve
        self.ranges = {}

    # Before.

    def prepare(self):
        ranges = []
        for side in self.sides:
            answer = side.ask(API_VERSIONS, 3, {"clientSoftwareName": "ask", "clientSoftwareVersion": "1"})
            ranges.append({each["apiKey"]: (each["minVersion"], each["maxVersion"]) for each in answer["apiKeys"]})
        self.common = ranges[0].keys() & ranges[1].keys()
        self.ranges = {key: ranges[1][key] for key, _ in KINDS.values()}
        wanted = [{"name": name, "numPartitions": 3 if name == "a" else 2, "replicationFactor": 1, "assignments": [],
                   "configs": [{"name": key, "value": value} for key, value in FIXED_CONFIGS[name].items()]} for name in FIXED]
        for side in self.sides:
            side.ask(CREATE_TOPICS, 5, {"topics": wanted, "timeoutMs": 20_000, "validateOnly": False})
        self.settle(())
        # A Java broker's first answer is that it has no ids yet.
        for side in self.sides:
            while self.producer_id(side)["errorCode"] != 0:
                time.sleep(0.1)

    @staticmethod
    def producer_id(side):
        return side.ask(INIT_PRODUCER_ID, 1, {"transactionalId": None, "transactionTimeoutMs": 1000})

    @staticmethod
    def promised(key, request, answers):
        """{topic: partitions, at least} that a broker has begun to make, maybe behind its answer."""
        if not all(isinstance(each, dict) for each in answers):
            return {}
        if key == METADATA:
            return {each["name"]: 1 for each in answers[0]["topics"] if each["errorCode"] == LEADER_NOT_AVAILABLE}
        if key not in (CREATE_TOPICS, CREATE_PARTITIONS) or request["validateOnly"]:
            return {}
        begun = answers[0]["topics" if key == CREATE_TOPICS else "results"]
        begun = {each["name"] for each in begun if each["errorCode"] in (NONE, REQUEST_TIMED_OUT)}
        return {each["name"]: each.get("count", 1) for each in request["topics"] if each["name"] in begun}

    def settle(self, deleted, promised=None):
        """Waits until both have the same topics, those that were promised, and nothing is left of deleted ones."""
        deadline = time.monotonic() + SETTLED_S
        while True:
            states = [side.state() for side in self.sides]
            has = {each[0]: each[2] for each in states[0]}
            is_kept = all(has.get(name, 0) >= count for name, count in (promised or {}).items())
            if is_kept and states[0] == states[1] and not any(each[1] or each[3] for each in states[0]) and all(
                    side.is_free(name) for side in self.sides for name in deleted if name not in side.topics):
                return
            if time.monotonic() > deadline:
                raise kafka.KafkaError(f"they don't come to the same topics: {states}")
            time.sleep(0.02)

    # One request.

    def draw(self):
        kinds = list(KINDS)
        kind = self.random.choices(kinds, [KINDS[each][1] for each in kinds])[0]
        key = KINDS[kind][0]
        low, high = self.ranges[key]
        version = self.random.randint(max(low, 3) if kind == "idempotent_produce" else low, high)
        return key, version, getattr(self.requests, kind)(version)

    def step(self):
        key, version, request = self.draw()
        one_way = key == 0 and request["acks"] == 0
        for side in self.sides:
            side.begin(key, version, request, one_way)
        answers = [side.end() for side in self.sides]
        self.learn(key, request, answers)
        if key in QUESTIONS and self.unexplained(key, version, request, answers):
            # A Java broker goes on with what it has answered, and two of them not at one pace.
            time.sleep(AGAIN_S)
            answers = [side.ask(key, version, request) for side in self.sides]
        self.compare(key, version, request, answers)
        if key in CHANGES_TOPICS:
            self.settle(self.deleted_by(key, request), self.promised(key, request, answers))
        elif key in CHANGES_CONFIGS:
            time.sleep(0.15)

    def learn(self, key, request, answers):
        if not all(isinstance(each, dict) for each in answers):
            return
        if key == CREATE_TOPICS:
            for side, answer in zip(self.sides, answers):
                side.past.update((each["topicId"], each["name"]) for each in answer["topics"] if "topicId" in each)
        if key == INIT_PRODUCER_ID and all(each["errorCode"] == 0 for each in answers):
            for side, answer in zip(self.sides, answers):
                side.producers.append(answer["producerId"])
            self.requests.producers = len(self.sides[0].producers)
        if key == FETCH and request["sessionEpoch"] == 0 and all(each.get("sessionId", 0) for each in answers):
            self.requests.sessions[f"$session:{len(self.sides[0].sessions)}"] = 1
            for side, answer in zip(self.sides, answers):
                side.sessions.append(answer["sessionId"])
        if key == FETCH and any(each.get("errorCode", 0) for each in answers):
            self.requests.sessions.pop(request["sessionId"], None)

    def deleted_by(self, key, request):
        if key != DELETE_TOPICS:
            return ()
        return [each for each in request["topicNames"] if each.startswith("x")]

    def unexplained(self, key, version, request, answers):
        """Looks without counting."""
        looker = copy.copy(self)
        looker.answers, looker.reviewed = Counter(), Counter()
        return looker.places(key, version, request, copy.deepcopy(answers))[0]

    def places(self, key, version, request, answers):
        """Where the answers differ without a reason, and what is there."""
        if answers[0] == "late" and holds_null(request):
            self.reviewed[NEVER_ANSWERED] += 1
            return [], None
        if key == API_VERSIONS and all(isinstance(each, dict) for each in answers):
            # Of the APIs that both serve.
            for each in answers:
                each["apiKeys"] = [one for one in each["apiKeys"] if one["apiKey"] in self.common]
        if key == FETCH and all(isinstance(each, dict) for each in answers):
            for each in answers:
                each["responses"] = joined(each["responses"])
            if version < 4:
                self.reviewed[CUT_SHORT] += cut(*answers)
        facts = [dict(flat(side.neutral(each))) for side, each in zip(self.sides, answers)]
        for place, value in facts[0].items():
            if place.endswith("rrorCode"):
                self.answers[key, value] += 1
        places = [place for place in list(facts[0]) + [each for each in facts[1] if each not in facts[0]]
                  if facts[0].get(place) != facts[1].get(place)]
        unexplained = []
        for place in places:
            reason = reason_for(key, place or "whole", facts[0].get(place), facts[1].get(place))
            if reason is None:
                unexplained.append(place)
            else:
                self.reviewed[reason] += 1
        return unexplained, facts

    def compare(self, key, version, request, answers):
        self.asked[key] += 1
        unexplained, facts = self.places(key, version, request, answers)
        if not unexplained:
            return
        self.different += 1
        if self.different <= SHOWN_MAX:
            print(f"DIFFERENT {key} version {version}: {str(request)[:1500]}")
            for place in unexplained[:10]:
                print(f"  {place}: {facts[0].get(place)!r}, {facts[1].get(place)!r}", flush=True)

    def run(self, count):
        self.prepare()
        for _ in range(count):
            self.step()


def report(name, comparison):
    codes = len({each for each in comparison.answers})
    for reason, count in sorted(comparison.reviewed.items()):
        print(f"reviewed, {count} places: {reason}")
    print(f"{name}: {sum(comparison.asked.values())} requests, {codes} pairs of API and error code, "
          f"{comparison.different} different", flush=True)
    return comparison


def compare(name, left, right, options):
    sides = [Side("left", left.port, left.data_dir), Side("right", right.port, right.data_dir)]
    comparison = Comparison(*sides, options.seed)
    try:
        comparison.run(options.requests)
    finally:
        report(name, comparison)
        for side in sides:
            side.close()
    return comparison


class JavaBroker:
    """A Java broker with a ZooKeeper of its own."""

    def __init__(self, folder):
        self.zookeeper = kafka.ZooKeeper(folder / "zookeeper")
        self.broker = kafka.KafkaBroker(folder / "java", folder / "data", self.zookeeper, SETTINGS[1:])

    def __enter__(self):
        self.zookeeper.start()
        self.broker.start()
        return self.broker

    def __exit__(self, *_):
        self.broker.stop(9)
        self.zookeeper.stop(9)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", type=int, default=1000, help="requests of the control; 0 leaves it out")
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory(prefix="differential.") as place:
        folder = Path(place)
        if options.control:
            with JavaBroker(folder / "one") as left, JavaBroker(folder / "two") as right:
                asked = argparse.Namespace(**{**vars(options), "requests": options.control})
                figures.append(compare("Java against Java", left, right, asked))
        with JavaBroker(folder / "three") as left:
            ours = millrace.Broker(options.broker, str(folder / "ours"), str(folder / "millrace.log"), SETTINGS)
            with ours as right:
                right.start()
                figures.append(compare("Java against Millrace", left, right, options))
    failed = sum(each.different for each in figures)
    asked = [sum(each.asked.values()) for each in figures]
    print(f"figure: {' and '.join(map(str, asked))} requests, {[each.different for each in figures]} answers different, "
          f"{len(figures[-1].reviewed)} reasons for {sum(figures[-1].reviewed.values())} places")
    print(f"{sum(asked) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
