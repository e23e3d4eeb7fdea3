"""What a Java broker finds in ZooKeeper before it gets a directory that Millrace had: the cluster, the
topics with ids, partitions and configurations, leader epochs above those that clients have seen, and a
block of producer ids behind those that were given out. All of it from millrace.store."""

import json
import re
from collections import namedtuple
from pathlib import Path

import kafka

Topic = namedtuple("Topic", "id partitions epoch configs")
Store = namedtuple("Store", "cluster producer_ids topics")


def read_store(data_dir):
    words = [line.split(" ") for line in (Path(data_dir) / "millrace.store").read_text().splitlines()]
    first = {line[0]: line[1] for line in words if len(line) == 2}
    topics, configs = {}, {}
    for line in words:
        if line[0] in ("broker", "topic"):
            configs = {}
        if line[0] == "topic":
            topics[line[1]] = Topic(line[2], int(line[3]), int(line[4]), configs)
        if line[0] == "config":
            configs[line[1]] = " ".join(line[2:])
    return Store(first["cluster"], int(first["producer-ids"]), topics)


def known_topics(zookeeper):
    said = kafka.zookeeper_shell(zookeeper, ["ls /brokers/topics"])
    found = re.findall(r"^\[(.*)\]$", said, re.M)
    return set(found[-1].split(", ")) - {""} if found else set()


def put(path, value=None):
    """Makes a node if it isn't there, and sets it. No blank in it, or the shell would end it there."""
    if value is None:
        return [f"create {path}"]
    text = json.dumps(value, separators=(",", ":"))
    return [f"create {path} {text}", f"set {path} {text}"]


def topic_nodes(name, topic):
    base = f"/brokers/topics/{name}"
    replicas = {str(p): [0] for p in range(topic.partitions)}
    commands = put(base, {"removing_replicas": {}, "partitions": replicas, "topic_id": topic.id,
                          "adding_replicas": {}, "version": 3})
    commands += put(f"{base}/partitions")
    for p in range(topic.partitions):
        commands += put(f"{base}/partitions/{p}")
        commands += put(f"{base}/partitions/{p}/state",
                        {"controller_epoch": 1, "leader": 0, "version": 1,
                         "leader_epoch": topic.epoch + 1, "isr": [0]})
    return commands


def hand_over(zookeeper, data_dir):
    """REQUIRES: Millrace has stopped cleanly, and no Java broker of this ZooKeeper runs."""
    store = read_store(data_dir)
    commands = put("/cluster") + put("/cluster/id", {"version": "1", "id": store.cluster})
    for path in ("/brokers", "/brokers/topics", "/config", "/config/topics"):
        commands += put(path)
    known = known_topics(zookeeper)
    for name in sorted(known - set(store.topics)):
        commands += [f"deleteall /brokers/topics/{name}", f"deleteall /config/topics/{name}"]
    for name, topic in store.topics.items():
        commands += topic_nodes(name, topic)
        # What Java was told of a topic that it had is in ZooKeeper only.
        if name not in known:
            commands += put(f"/config/topics/{name}", {"version": 1, "config": topic.configs})
    return kafka.zookeeper_shell(zookeeper, commands)
