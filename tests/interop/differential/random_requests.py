"""Random requests, good and bad, in the JSON of Kafka's own message classes: each has the fields of all versions.
What differs between brokers in the same state (topic ids, producer ids, session ids) is named here, by strings that
begin with "$", and each side puts its own in."""

import base64

from batches import batch, message

FIXED = ("a", "b", "appended", "zipped", "small")
MADE = ("x1", "x2", "x3", "x.4", "x_4")
BAD_NAMES = ("", "bad name", "..", "n" * 250, "nowhere")
TOPIC, BROKER, LOGGER = 2, 4, 8
TOPIC_CONFIGS = (("retention.ms", "86400000"), ("retention.ms", "-1"), ("retention.ms", "-2"), ("retention.ms", "soon"),
                 ("max.message.bytes", "3000"), ("max.message.bytes", "1048588"), ("max.message.bytes", "-1"),
                 ("compression.type", "gzip"), ("compression.type", "producer"), ("compression.type", "bzip"),
                 ("cleanup.policy", "delete"), ("cleanup.policy", "burn"), ("segment.bytes", "1048576"),
                 ("segment.bytes", "10"), ("message.timestamp.type", "CreateTime"), ("colour", "blue"),
                 ("min.insync.replicas", "1"), ("flush.messages", "100"), ("unclean.leader.election.enable", "maybe"),
                 ("index.interval.bytes", "4096"), ("segment.jitter.ms", "5"), ("preallocate", "true"))
BROKER_CONFIGS = (("log.retention.ms", "7200000"), ("log.retention.ms", "0"), ("num.io.threads", "9"), ("num.io.threads", "0"),
                  ("log.segment.bytes", "1000000"), ("message.max.bytes", "1000012"), ("broker.id", "3"), ("colour", "blue"),
                  ("log.cleaner.threads", "2"), ("num.partitions", "3"), ("background.threads", "7"))


class Requests:
    def __init__(self, random):
        self.random = random
        self.sequences = {}  # of a producer in a partition: the next one
        self.producers = 0   # how many ids were given
        self.sessions = {}   # epochs by session
        self.written = 0

    # Pools.

    def one_of(self, *choices):
        return self.random.choice(choices)

    def chance(self, part, whole):
        return self.random.randrange(whole) < part

    def topic(self):
        if self.chance(1, 12):
            return self.one_of(*BAD_NAMES)
        return self.one_of(*FIXED, *FIXED, *MADE)

    def some_topics(self, most=3):
        return self.distinct(self.topic() for _ in range(self.random.randint(1, most)))

    @staticmethod
    def distinct(names):
        """Each once, and no two that collide: which of them a Java broker makes first is up to a hash table."""
        return list({name.replace("_", "."): name for name in names}.values())

    def partition(self):
        return self.one_of(0, 0, 0, 0, 1, 1, 2, 7, -1)

    def some_partitions(self, most=2):
        return list(dict.fromkeys(self.partition() for _ in range(self.random.randint(1, most))))

    def offset(self):
        return self.one_of(0, 0, 1, 2, 5, 10, self.random.randrange(200), -1, 10**6)

    def epoch(self):
        return self.one_of(-1, -1, -1, -1, 0, 0, 1, 5)

    def id_of(self, name):
        return f"$topic:{name}"

    # Records.

    def records(self, version):
        """In base64."""
        self.written += 1
        if version < 3 and self.chance(3, 4):
            return base64.b64encode(self.message_set()).decode()
        return base64.b64encode(self.good_batch()).decode()

    def odd_records(self):
        """Base64, or None."""
        self.written += 1
        return None if self.chance(1, 50) else base64.b64encode(self.odd_batch()).decode()

    def pairs(self):
        return [(self.one_of(None, b"k", b"key"), f"{self.written}.{i}".encode() * self.one_of(1, 1, 5))
                for i in range(self.random.randint(1, 4))]

    def times(self):
        start = 1_700_000_000_000 + self.random.randrange(10_000)
        return tuple(start + self.random.randint(-50, 50) for _ in range(4))

    def good_batch(self):
        return batch(self.pairs(), attributes=self.one_of(0, 0, 1), timestamps=self.times())

    def odd_batch(self):
        pairs, times = self.pairs(), self.times()
        return self.one_of(
            lambda: batch(pairs, crc_off=1), lambda: batch(pairs, magic=3), lambda: batch(pairs, magic=1),
            lambda: batch(pairs, count=len(pairs) + 1), lambda: batch(pairs, last_delta=len(pairs) + 2),
            lambda: batch(pairs, base_offset=17, timestamps=times), lambda: batch([]), lambda: batch(pairs, timestamps=(-1,)),
            lambda: batch(pairs, timestamps=(1,)), lambda: batch(pairs, timestamps=(9_900_000_000_000,)),
            lambda: batch(pairs, attributes=8, timestamps=times), lambda: batch(pairs, attributes=16),
            lambda: batch(pairs, attributes=32), lambda: batch(pairs, attributes=5), lambda: batch(pairs, attributes=4),
            lambda: batch(pairs) + batch(pairs), lambda: batch(pairs)[:-3], lambda: batch(pairs, length_off=5), lambda: b"",
            lambda: batch([(b"k", bytes(2500))], timestamps=times), lambda: batch([(None, bytes(1_100_000))]),
            lambda: batch(pairs, producer=(77, 0, 5), timestamps=times),
            lambda: message(b"old"))()

    def message_set(self):
        magic = self.one_of(0, 1, 1)
        count = self.random.randint(1, 3)
        return b"".join(message(f"{self.written}.{i}".encode(), key=self.one_of(None, b"k"), magic=magic, offset=i,
                                timestamp=self.times()[0], crc_off=1 if self.chance(1, 20) else 0) for i in range(count))

    # Requests by API key: each returns the JSON.

    def produce(self, version):
        acks = self.one_of(-1, -1, -1, 1, 1, 0, 2)
        topics = [{"name": name, "partitionData": [{"index": each, "records": self.records(version)}
                                                  for each in self.some_partitions()]}
                  for name in self.some_topics(2)]
        if self.chance(1, 4):
            # Alone: in a Java broker one malformed batch fails them all.
            topics = [{"name": self.topic(), "partitionData": [{"index": self.partition(), "records": self.odd_records()}]}]
        return {"transactionalId": self.one_of(None, None, None, None, None, None, "t"), "acks": acks, "timeoutMs": 5000,
                "topicData": topics}

    def idempotent_produce(self, _):
        """Of one of the ids that were given: the next batch, one again, or one out of order."""
        number = self.random.randrange(max(1, self.producers))
        name, partition = self.one_of("a", "b"), self.one_of(0, 1)
        place = (number, name, partition)
        following = self.sequences.get(place, 0)
        pairs = self.pairs()
        sequence = following if self.chance(3, 4) else max(0, following + self.one_of(-1, -2, -4, -9, 1, 6))
        if sequence == following:
            self.sequences[place] = following + len(pairs)
        fields = {"pairs": [[key.decode() if key else None, value.decode()] for key, value in pairs],
                  "epoch": 0 if self.chance(9, 10) else self.one_of(1, 2), "sequence": sequence, "producer": number}
        return {"transactionalId": None, "acks": -1, "timeoutMs": 5000,
                "topicData": [{"name": name, "partitionData": [{"index": partition, "records": {"$batch": fields}}]}]}

    def fetch(self, version):
        topics = [{"topic": name, "topicId": self.id_of(name), "partitions": [
            {"partition": each, "currentLeaderEpoch": self.epoch(), "fetchOffset": self.offset(),
             "lastFetchedEpoch": self.one_of(-1, -1, -1, 0), "logStartOffset": -1,
             "partitionMaxBytes": self.one_of(1 << 20, 1 << 20, 200, 1, 0),
             "replicaDirectoryId": "AAAAAAAAAAAAAAAAAAAAAA"} for each in self.some_partitions()]} for name in self.some_topics()]
        session, epoch = self.session()
        forgotten = [] if self.chance(4, 5) else [
            {"topic": name, "topicId": self.id_of(name), "partitions": self.some_partitions()} for name in self.some_topics(1)]
        if epoch > 0 and self.chance(1, 2):
            topics = []
        return {"clusterId": None, "replicaId": -1, "maxWaitMs": self.one_of(0, 0, 10), "minBytes": self.one_of(0, 1, 1),
                "maxBytes": self.one_of(1 << 20, 1 << 20, 500, 1, 0), "isolationLevel": self.one_of(0, 0, 0, 1),
                "sessionId": session, "sessionEpoch": epoch, "topics": topics, "forgottenTopicsData": forgotten, "rackId": ""}

    def session(self):
        """A session's name and epoch: none, a new one, one that goes on, or nonsense."""
        what = self.random.randrange(10)
        if what < 4:
            return 0, -1
        if what < 6 or not self.sessions:
            return 0, 0
        name = self.one_of(*self.sessions)
        if what == 6:
            return self.one_of((name, self.sessions[name] + 3), (12345, 1), (name, -1), (name, 0))
        epoch = self.sessions[name]
        self.sessions[name] = epoch + 1
        return name, epoch

    def list_offsets(self, version):
        # Version 0 goes by the times of files in Java, and by those of records in Millrace: there are no such times here.
        moment = 0 if version == 0 else 1_700_000_000_000 + self.random.randrange(10_000)
        return {"replicaId": self.one_of(-1, -1, -1, -2, 0), "isolationLevel": self.one_of(0, 0, 1), "topics": [
            {"name": name, "partitions": [
                {"partitionIndex": each, "currentLeaderEpoch": self.epoch(),
                 "timestamp": self.one_of(-1, -2, -3, -4, -5, -9, 0, moment, 1 << 61),
                 "maxNumOffsets": self.one_of(1, 1, 2, 10, 0)} for each in self.some_partitions()]}
            for name in self.some_topics()]}

    def metadata(self, version):
        named = [{"topicId": "AAAAAAAAAAAAAAAAAAAAAA", "name": name} for name in self.some_topics()]
        if version >= 10 and self.chance(1, 3):
            named = [{"topicId": self.id_of(name), "name": None} for name in self.some_topics()]
        topics = self.one_of(named, named, named, [], None if version >= 1 else [])
        return {"topics": topics, "allowAutoTopicCreation": self.chance(1, 3),
                "includeClusterAuthorizedOperations": self.chance(1, 4), "includeTopicAuthorizedOperations": self.chance(1, 4)}

    def find_coordinator(self, _):
        kind = self.one_of(0, 1, 2, 7, -1)
        return {"key": self.one_of("group", ""), "keyType": kind, "coordinatorKeys": self.one_of(["group"], ["g", "h"], [], [""])}

    def api_versions(self, _):
        return {"clientSoftwareName": self.one_of("ask", "ask", "", "-bad-", "a b"),
                "clientSoftwareVersion": self.one_of("1.0", "1.0", "", "_", "a.b-c")}

    def configs(self, most=2):
        chosen = dict(self.one_of(*TOPIC_CONFIGS) for _ in range(self.random.randint(0, most)))
        return [{"name": name, "value": value if self.chance(19, 20) else None} for name, value in chosen.items()]

    # A Java broker takes an assignment to brokers that aren't there, or to none, and then waits for the topic to come
    # into being, so there is none here; Millrace refuses it.
    def create_topics(self, _):
        topics = []
        for name in self.distinct(self.one_of(*MADE, *MADE, self.topic()) for _ in range(self.random.randint(1, 2))):
            assigned = [{"partitionIndex": i, "brokerIds": self.one_of([0], [0], [0, 0])}
                        for i in range(self.random.randint(1, 2))] if self.chance(1, 6) else []
            plain = self.one_of((2, 1), (2, 1), (1, 1), (3, 1), (-1, -1), (0, 1), (1, 0), (1, 3), (-2, 1), (1, -3))
            counts = (-1, -1) if assigned and self.chance(2, 3) else plain
            topics.append({"name": name, "numPartitions": counts[0], "replicationFactor": counts[1], "assignments": assigned,
                           "configs": self.configs()})
        if self.chance(1, 25):
            topics.append(dict(topics[0]))
        return {"topics": topics, "timeoutMs": 20_000, "validateOnly": self.chance(1, 4)}

    def delete_topics(self, version):
        names = [self.one_of(*MADE, self.one_of(*BAD_NAMES)) for _ in range(self.random.randint(1, 2))]
        topics = [{"name": name, "topicId": "AAAAAAAAAAAAAAAAAAAAAA"} if self.chance(1, 2) else
                  {"name": None, "topicId": self.id_of(name)} for name in names]
        return {"topics": topics, "topicNames": names, "timeoutMs": 20_000}

    def delete_records(self, _):
        return {"topics": [{"name": name, "partitions": [
            {"partitionIndex": each, "offset": self.one_of(-1, 0, 1, 2, 3, 10**6, -5)} for each in self.some_partitions()]}
            for name in self.some_topics(2)], "timeoutMs": 5000}

    def init_producer_id(self, version):
        begins = self.chance(2, 3) or version < 3
        return {"transactionalId": self.one_of(None, None, None, None, ""), "transactionTimeoutMs": self.one_of(60_000, 1, 0, -1),
                "producerId": -1 if begins else self.one_of(f"$producer:{self.random.randrange(max(1, self.producers))}", 5, -1),
                "producerEpoch": -1 if begins else self.one_of(0, 0, 1, -1, 32766)}

    def offset_for_leader_epoch(self, _):
        return {"replicaId": self.one_of(-1, -1, -2, 0), "topics": [{"topic": name, "partitions": [
            {"partition": each, "currentLeaderEpoch": self.epoch(), "leaderEpoch": self.one_of(0, 0, 1, -1, 9)}
            for each in self.some_partitions()]} for name in self.some_topics()]}

    def resource(self):
        kind = self.one_of(TOPIC, TOPIC, TOPIC, BROKER, BROKER, LOGGER, 3, 16)
        if kind == TOPIC:
            return kind, self.topic()
        return kind, self.one_of("0", "0", "0", "", "1", "me")

    def describe_configs(self, _):
        resources = []
        for _ in range(self.random.randint(1, 2)):
            kind, name = self.resource()
            keys = self.one_of(None, None, [], ["retention.ms", "colour"], ["compression.type", "log.retention.ms"])
            resources.append({"resourceType": kind, "resourceName": name, "configurationKeys": keys})
        return {"resources": resources, "includeSynonyms": self.chance(1, 2), "includeDocumentation": False}

    def changed_configs(self, with_operation):
        resources, seen = [], set()
        for _ in range(self.random.randint(1, 2)):
            kind, name = (TOPIC, self.one_of(*MADE, self.topic())) if self.chance(3, 4) else self.resource()
            if (kind, name) in seen:
                continue
            seen.add((kind, name))
            pool = TOPIC_CONFIGS if kind == TOPIC else BROKER_CONFIGS
            chosen = dict(self.one_of(*pool) for _ in range(self.random.randint(1, 2)))
            configs = [{"name": key, "value": value if self.chance(15, 16) else None} for key, value in chosen.items()]
            for each in configs:
                if with_operation:
                    each["configOperation"] = self.one_of(0, 0, 0, 1, 2, 3, 7)
            resources.append({"resourceType": kind, "resourceName": name, "configs": configs})
        return {"resources": resources, "validateOnly": self.chance(1, 3)}

    def alter_configs(self, _):
        return self.changed_configs(False)

    def incremental_alter_configs(self, _):
        return self.changed_configs(True)

    def describe_log_dirs(self, _):
        topics = [{"topic": name, "partitions": self.some_partitions()} for name in self.some_topics()]
        return {"topics": self.one_of(None, topics, topics, [])}

    # A Java broker fails wholly on names that aren't names in ZooKeeper either: there are none here.
    def create_partitions(self, _):
        topics = []
        for name in self.distinct(self.one_of(*MADE, *FIXED, "nowhere") for _ in range(self.random.randint(1, 2))):
            assigned = None if self.chance(3, 4) else [{"brokerIds": [0]}
                                                      for _ in range(self.random.randint(0, 2))]
            topics.append({"name": name, "count": self.one_of(1, 2, 3, 3, 4, 4, 0, -1), "assignments": assigned})
        return {"topics": topics, "timeoutMs": 20_000, "validateOnly": self.chance(1, 3)}

    def describe_cluster(self, _):
        return {"includeClusterAuthorizedOperations": self.chance(1, 3), "endpointType": self.one_of(1, 1, 1, 2, 0, 9)}

    def describe_producers(self, _):
        return {"topics": [{"name": name, "partitionIndexes": self.some_partitions()} for name in self.some_topics()]}


# By API key, with weights: changes of state wait until both brokers have settled.
KINDS = {
    "produce": (0, 4), "idempotent_produce": (0, 4), "fetch": (1, 8), "list_offsets": (2, 4), "metadata": (3, 3),
    "find_coordinator": (10, 1), "api_versions": (18, 2), "create_topics": (19, 3), "delete_topics": (20, 2),
    "delete_records": (21, 2), "init_producer_id": (22, 3), "offset_for_leader_epoch": (23, 2), "describe_configs": (32, 3),
    "alter_configs": (33, 1), "describe_log_dirs": (35, 2), "create_partitions": (37, 2),
    "incremental_alter_configs": (44, 1), "describe_cluster": (60, 2), "describe_producers": (61, 2),
}
