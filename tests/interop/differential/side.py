"""One of two brokers that are asked the same: puts its own ids into a request, and takes them out of the answer."""

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import kafka  # noqa: E402
from batches import batch  # noqa: E402

RECENT = 1_750_000_000_000  # later times are the clock's, not the requests'
SOURCE = Path(__file__).resolve().parents[1] / "Ask.java"
METADATA, CREATE_TOPICS = 3, 19
BROKER_LOGGER = 8
TOPIC_EXISTS = 36


# Where the two run, and keys of Millrace alone.
OWN_KEYS = set("advertised.listeners admin.listener cache.bytes delivery.path durability journal.bytes listeners log.dir "
               "log.dirs logger.format port segment.writes shards zookeeper.connect".split())


def unknown_id(name):
    """An id that no topic has, the same on both sides."""
    return base64.urlsafe_b64encode(hashlib.md5(name.encode()).digest()).decode().rstrip("=")


class Side:
    def __init__(self, name, port, data_dir):
        self.name, self.port, self.data_dir = name, port, str(data_dir)
        self.topics = {}     # ids by name
        self.past = {}       # names by id, of deleted ones too
        self.producers = []
        self.sessions = []
        classes = f"{kafka.compiled(SOURCE)}:{kafka.class_path()}"
        self.process = subprocess.Popen(["java", "-Xmx256m", kafka.quiet_log_config(), "-cp", classes, "Ask", str(port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)

    # Asking.

    def begin(self, key, version, request, one_way=False):
        line = json.dumps(self.filled(request))
        self.process.stdin.write(f"{key} {version} {int(one_way)} {line}\n")
        self.process.stdin.flush()

    def end(self):
        """The answer as it is, or a word."""
        line = self.process.stdout.readline()
        if not line:
            raise kafka.KafkaError(f"{self.name}: the client ended")
        return json.loads(line) if line.startswith("{") else line.strip()

    def ask(self, key, version, request):
        self.begin(key, version, request)
        return self.end()

    def filled(self, value):
        if isinstance(value, dict):
            if "$batch" in value:
                return self.own_batch(value["$batch"])
            return {key: self.filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, str) and value.startswith("$"):
            return self.own(*value[1:].split(":"))
        return value

    def own(self, kind, which):
        if kind == "topic":
            return self.topics.get(which) or unknown_id(which)
        if kind == "producer":
            return self.producers[int(which)] if int(which) < len(self.producers) else 1234
        return self.sessions[int(which)]

    def own_batch(self, fields):
        pairs = [(key.encode() if key else None, value.encode()) for key, value in fields["pairs"]]
        producer = (self.own("producer", fields["producer"]), fields["epoch"], fields["sequence"])
        return base64.b64encode(batch(pairs, producer=producer)).decode()

    # Topics.

    def state(self):
        """Names, partitions and errors of all topics; learns their ids."""
        answer = self.ask(METADATA, 12, {"topics": None, "allowAutoTopicCreation": False,
                                         "includeTopicAuthorizedOperations": False})
        self.topics = {each["name"]: each["topicId"] for each in answer["topics"]}
        self.past.update((topic_id, name) for name, topic_id in self.topics.items())
        return sorted((each["name"], each["errorCode"], len(each["partitions"]),
                       sum(one["errorCode"] for one in each["partitions"])) for each in answer["topics"]
                      if not each["name"].startswith("__"))

    def is_free(self, name):
        """Whether nothing is left of a deleted topic."""
        answer = self.ask(CREATE_TOPICS, 5, {"topics": [
            {"name": name, "numPartitions": 1, "replicationFactor": 1, "assignments": [], "configs": []}],
            "timeoutMs": 1000, "validateOnly": True})
        return answer["topics"][0]["errorCode"] != TOPIC_EXISTS

    # Answers.

    def neutral(self, value, name=""):
        """Without what is this side's own. The order of lists is that of hash tables, but for batches and records."""
        if isinstance(value, dict):
            if value.get("resourceType") == BROKER_LOGGER:
                value = {**value, "configs": []}  # Java's loggers are its own
            return {key: self.neutral(each, key) for key, each in value.items()
                    if not str(value.get("name", "")).startswith("__") and value.get("name") not in OWN_KEYS}
        if isinstance(value, list):
            made = [each for each in (self.neutral(one, name) for one in value) if each != {}]
            return made if name in ("batches", "records", "synonyms") else sorted(made, key=json.dumps)
        if name == "topicId" or name == "ConfigId":
            return self.past.get(value, value)
        if name in ("producerId", "producer"):
            return self.neutral_producer(value)
        if name == "sessionId" and value in self.sessions:
            return f"session {self.sessions.index(value)}"
        if name == "port":
            return "PORT" if value == self.port else value
        if name == "clusterId":
            return "CLUSTER"
        if name in ("totalBytes", "usableBytes"):
            return min(value, 1)
        if isinstance(value, int) and value > RECENT and value < RECENT * 2:
            return "NOW"
        return self.neutral_text(value) if isinstance(value, str) else value

    def neutral_producer(self, value):
        number, slash, rest = str(value).partition("/")
        for i, each in enumerate(self.producers):
            if number == str(each):
                return f"producer {i}{slash}{rest}"
        return value

    def neutral_text(self, value):
        return value.replace(self.data_dir, "DATA").replace(str(self.port), "PORT")
