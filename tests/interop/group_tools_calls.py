"""The calls of Kafka's tools that group_tools.py compares, in the order in which they are made."""

from tools import OFFSETS, PRODUCER, TOPICS, CONSUMER, at, call

GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
PERF = "org.apache.kafka.tools.ConsumerPerformance"
PRODUCER_PERF = "org.apache.kafka.tools.ProducerPerformance"
RESETTER = "org.apache.kafka.tools.StreamsResetter"
VERIFIABLE_PRODUCER = "org.apache.kafka.tools.VerifiableProducer"
VERIFIABLE_CONSUMER = "org.apache.kafka.tools.VerifiableConsumer"
FORMATTERS = "org.apache.kafka.tools.consumer"
ASSIGNORS = "partition.assignment.strategy=org.apache.kafka.clients.consumer"

# Their rows come in the order of hash tables.
UNORDERED = (GROUPS, RESETTER)

# Members that live beside the calls: group, client, and what else a console consumer is told.
MEMBERS = (("live", "first", "--topic", "t"),
           ("live", "second", "--topic", "t", "--consumer-property", "group.instance.id=static-1"),
           ("thin", "third", "--topic", "u"),
           ("thin", "fourth", "--topic", "u", "--consumer-property", f"{ASSIGNORS}.CooperativeStickyAssignor"))

TOPIC_PARTITIONS = (("t", 3), ("u", 1), ("v", 1), ("perf", 1), ("in", 2), ("through", 1),
                    ("app-store-changelog", 1), ("app-by-key-repartition", 2), ("app2-store-changelog", 1))


def records():
    for topic, partitions in TOPIC_PARTITIONS:
        yield at(f"create-{topic}", TOPICS, "--create", "--topic", topic, "--partitions", str(partitions))
    for topic, count in (("t", 30), ("in", 12), ("through", 7)):
        yield at(f"produce-{topic}", PRODUCER, "--topic", topic, "--property", "parse.key=true", "--property",
                 "key.separator=:", text="".join(f"key{i}:value {i}\n" for i in range(count)))
    yield at("produce-u", PRODUCER, "--topic", "u", text="".join(f"line {i}\n" for i in range(10)))
    yield at("offsets-t", OFFSETS, "--topic", "t")


def consume(name, *arguments):
    return at(name, CONSUMER, "--property", "print.offset=true", *arguments)


def quiet(name, *arguments):
    """Until nothing has come for a while."""
    return consume(name, "--timeout-ms", "2500", *arguments)


def console():
    yield consume("all-console-from-beginning", "--topic", "t", "--from-beginning", "--group", "g",
                  "--max-messages", "30")
    yield quiet("console-again", "--topic", "t", "--from-beginning", "--group", "g")
    yield consume("console-some", "--topic", "u", "--from-beginning", "--group", "h", "--max-messages", "4")
    yield consume("console-goes-on", "--topic", "u", "--group", "h", "--max-messages", "3")
    yield quiet("console-latest", "--topic", "u", "--group", "late")
    yield consume("all-console-many", "--include", "t|u", "--from-beginning", "--group", "i", "--max-messages", "40")
    yield quiet("console-no-offset", "--topic", "u", "--group", "none", "--consumer-property",
                "auto.offset.reset=none")
    yield quiet("console-no-commit", "--topic", "u", "--from-beginning", "--group", "forgetful",
                "--consumer-property", "enable.auto.commit=false")
    yield consume("console-static", "--topic", "u", "--from-beginning", "--group", "fixed", "--max-messages", "5",
                  "--consumer-property", "group.instance.id=one", "--consumer-property", "session.timeout.ms=20000")
    yield group("describe-static", "--describe", "--members", "--verbose", "--group", "fixed")
    yield group("describe-static-state", "--describe", "--state", "--group", "fixed")
    yield consume("console-cooperative", "--topic", "u", "--from-beginning", "--group", "coop", "--max-messages",
                  "10", "--consumer-property", f"{ASSIGNORS}.CooperativeStickyAssignor")
    yield consume("console-committed-only", "--topic", "u", "--from-beginning", "--group", "rc", "--max-messages",
                  "10", "--isolation-level", "read_committed")
    yield quiet("console-empty-group", "--topic", "u", "--group", "")
    yield quiet("console-short-session", "--topic", "u", "--group", "s", "--consumer-property",
                "session.timeout.ms=100", "--consumer-property", "heartbeat.interval.ms=30")
    # The client warns at 0, 0.1, 0.3, 0.7, 1.5 and 2.4 s, each a fifth earlier or later: it ends where no warning is.
    yield consume("console-nowhere", "--timeout-ms", "1900", "--topic", "no_such_topic", "--group", "w",
                  "--consumer-property", "allow.auto.create.topics=false")


def group(name, *arguments):
    return at(name, GROUPS, *arguments)


def looks(prefix, *which):
    """Every way to look at groups."""
    for view in ("", "--offsets", "--members", "--members --verbose", "--state", "--state --verbose",
                 "--offsets --verbose"):
        name = "-".join([prefix, *view.replace("--", "").split()])
        yield group(name, "--describe", *which, *view.split())


def lists(prefix):
    for view in ("", "--state", "--state Empty", "--state Stable", "--state empty,stable,dead", "--state Burning",
                 "--type", "--type classic", "--type consumer", "--type none", "--type classic --state Empty"):
        name = "-".join([prefix, *view.replace("--", "").replace(",", " ").split()])
        yield group(name, "--list", *view.split())


def groups_at_rest():
    yield from lists("list")
    yield from looks("describe-g", "--group", "g")
    yield from looks("describe-nowhere", "--group", "nowhere")
    yield from looks("describe-two", "--group", "g", "--group", "h")
    yield group("describe-forgetful", "--describe", "--group", "forgetful")
    yield group("describe-fixed", "--describe", "--members", "--verbose", "--group", "fixed")
    yield group("describe-members-and-offsets", "--describe", "--members", "--offsets", "--group", "g")
    yield group("describe-no-group", "--describe")
    yield group("timeout", "--describe", "--group", "g", "--timeout", "20000")


def reset(name, *arguments):
    """Both, in the order in which people do it."""
    yield group(f"{name}-dry", "--reset-offsets", *arguments, "--dry-run")
    yield group(name, "--reset-offsets", *arguments, "--execute")


def resets():
    one = ("--group", "g", "--topic", "t")
    yield from reset("reset-earliest", *one, "--to-earliest")
    yield group("describe-earliest", "--describe", "--group", "g")
    yield from reset("reset-latest", *one, "--to-latest")
    yield from reset("reset-offset", *one, "--to-offset", "3")
    yield from reset("reset-offset-beyond", *one, "--to-offset", "5000")
    yield from reset("reset-offset-one", "--group", "g", "--topic", "t:1", "--to-offset", "2")
    yield from reset("reset-shift", *one, "--shift-by", "2")
    yield from reset("reset-shift-back", *one, "--shift-by", "-1")
    yield from reset("reset-shift-far", *one, "--shift-by", "-500")
    yield from reset("reset-current", "--group", "h", "--all-topics", "--to-current")
    yield from reset("reset-datetime", *one, "--to-datetime", "2020-01-01T00:00:00.000")
    yield from reset("reset-datetime-late", *one, "--to-datetime", "2040-01-01T00:00:00.000")
    yield from reset("reset-datetime-bad", *one, "--to-datetime", "yesterday")
    yield from reset("reset-duration", *one, "--by-duration", "P1D")
    yield from reset("reset-duration-none", *one, "--by-duration", "PT0S")
    yield from reset("reset-parts", "--group", "g", "--topic", "t:0,2", "--topic", "u", "--to-earliest")
    yield from reset("reset-all-topics", "--group", "i", "--all-topics", "--shift-by", "-2")
    yield from reset("reset-file", "--group", "g", "--from-file", "{folder}/reset.csv")
    yield from reset("reset-file-groups", "--group", "g", "--group", "h", "--from-file", "{folder}/groups.csv")
    yield from reset("reset-file-bad", "--group", "g", "--from-file", "{folder}/bad.csv")
    yield from reset("reset-new-group", "--group", "fresh", "--topic", "u", "--to-offset", "6")
    yield from reset("reset-new-group-all", "--group", "fresh2", "--all-topics", "--to-earliest")
    yield from reset("reset-nowhere", "--group", "g", "--topic", "no_such_topic", "--to-earliest")
    yield from reset("reset-partition-nowhere", "--group", "g", "--topic", "t:9", "--to-earliest")
    yield group("reset-export", "--reset-offsets", *one, "--to-current", "--export", "--dry-run")
    yield group("reset-export-groups", "--reset-offsets", "--group", "g", "--group", "h", "--all-topics",
                "--to-current", "--export", "--dry-run")
    yield group("reset-neither", "--reset-offsets", *one, "--to-latest")
    yield group("reset-no-scope", "--reset-offsets", "--group", "g", "--to-latest", "--execute")
    yield group("reset-two-ways", "--reset-offsets", *one, "--to-latest", "--to-earliest", "--dry-run")
    yield from reset("reset-all-groups", "--all-groups", "--topic", "u", "--to-offset", "8")
    yield from looks("describe-reset", "--all-groups")
    yield consume("console-after-reset", "--topic", "u", "--group", "fresh", "--max-messages", "2")


def before_members():
    yield consume("all-console-live", "--topic", "t", "--from-beginning", "--group", "live", "--max-messages", "30")
    yield consume("console-thin", "--topic", "u", "--from-beginning", "--group", "thin", "--max-messages", "10")


def on_members():
    yield from lists("list-live")
    yield from looks("describe-live", "--group", "live")
    yield from looks("describe-thin", "--group", "thin")
    yield from looks("describe-all-live", "--all-groups")
    yield from reset("reset-live", "--group", "live", "--topic", "t", "--to-earliest")
    yield from reset("reset-some-live", "--group", "live", "--group", "g", "--topic", "t", "--to-earliest")
    yield quiet("console-other-protocol", "--topic", "u", "--group", "thin", "--consumer-property",
                f"{ASSIGNORS}.RoundRobinAssignor")
    yield group("delete-live", "--delete", "--group", "live")
    yield group("delete-live-and-other", "--delete", "--group", "live", "--group", "late", "--group", "nowhere")
    yield group("delete-offsets-live", "--delete-offsets", "--group", "live", "--topic", "t")
    yield group("delete-offsets-live-one", "--delete-offsets", "--group", "live", "--topic", "t:1")
    yield group("delete-offsets-live-other", "--delete-offsets", "--group", "live", "--topic", "u")
    yield at("streams-live", RESETTER, "--application-id", "live", "--input-topics", "t")


def on_dead_members():
    yield group("describe-dead", "--describe", "--members", "--group", "live")
    yield at("streams-live-forced", RESETTER, "--application-id", "live", "--input-topics", "t", "--force")
    yield group("describe-forced", "--describe", "--group", "live")
    yield group("describe-forced-state", "--describe", "--state", "--group", "live")
    yield at("streams-thin-forced", RESETTER, "--application-id", "thin", "--force")


def perf():
    yield call("produce-perf", PRODUCER_PERF, "--topic", "perf", "--num-records", "20000", "--record-size", "100",
               "--throughput", "-1", "--producer-props", "bootstrap.servers={address}")
    many = ("--topic", "perf", "--messages", "20000")
    yield at("perf", PERF, *many, "--group", "perf")
    yield at("perf-again", PERF, "--topic", "perf", "--messages", "10", "--group", "perf", "--timeout", "2000")
    yield at("perf-details", PERF, *many, "--group", "perf2", "--show-detailed-stats", "--reporting-interval",
             "100000")
    yield at("perf-latest", PERF, "--topic", "perf", "--messages", "10", "--group", "perf3", "--from-latest",
             "--timeout", "2000", "--hide-header")
    yield at("perf-without-group", PERF, *many, "--hide-header")
    yield group("describe-perf", "--describe", "--group", "perf")


def streams():
    app = ("--application-id", "app", "--input-topics", "in")
    yield at("streams-nowhere", RESETTER, "--application-id", "app", "--input-topics", "no_such_topic")
    yield consume("all-console-app", "--topic", "in", "--group", "app", "--from-beginning", "--max-messages", "12")
    yield consume("console-app-through", "--topic", "through", "--group", "app", "--from-beginning",
                  "--max-messages", "3")
    yield at("streams-dry", RESETTER, *app, "--intermediate-topics", "through", "--dry-run")
    for name, how in (("earliest", "--to-earliest"), ("latest", "--to-latest"), ("offset", "--to-offset 2"),
                      ("shift", "--shift-by -1"), ("datetime", "--to-datetime 2020-01-01T00:00:00.000"),
                      ("duration", "--by-duration P1D"), ("file", "--from-file {folder}/streams.csv")):
        yield at(f"streams-{name}-dry", RESETTER, *app, *how.split(), "--dry-run")
        yield group(f"describe-streams-{name}-dry", "--describe", "--group", "app")
    for name, how in (("offset", "--to-offset 2"), ("shift", "--shift-by 1"),
                      ("file", "--from-file {folder}/streams.csv"), ("latest", "--to-latest"),
                      ("datetime", "--to-datetime 2020-01-01T00:00:00.000")):
        yield at(f"streams-{name}", RESETTER, *app, *how.split(), "--internal-topics", "app-store-changelog",
                 "--dry-run")
        yield at(f"streams-{name}-done", RESETTER, *app, *how.split(), "--intermediate-topics", "through")
        yield group(f"describe-streams-{name}", "--describe", "--group", "app")
    yield at("streams-internal-wrong", RESETTER, *app, "--internal-topics", "u")
    yield at("streams-all", RESETTER, *app)
    yield at("streams-topics", TOPICS, "--list")


def deletions():
    yield group("delete-offsets", "--delete-offsets", "--group", "i", "--topic", "u")
    yield group("delete-offsets-part", "--delete-offsets", "--group", "i", "--topic", "t:0,2")
    yield group("delete-offsets-none", "--delete-offsets", "--group", "i", "--topic", "perf")
    yield group("delete-offsets-nowhere", "--delete-offsets", "--group", "i", "--topic", "no_such_topic")
    yield group("delete-offsets-no-group", "--delete-offsets", "--group", "nowhere", "--topic", "t")
    yield group("delete-offsets-no-topic", "--delete-offsets", "--group", "i")
    yield group("describe-i", "--describe", "--group", "i")
    yield group("delete-nowhere", "--delete", "--group", "nowhere")
    yield group("delete", "--delete", "--group", "h")
    yield group("delete-again", "--delete", "--group", "h")
    yield group("delete-two", "--delete", "--group", "g", "--group", "nowhere")
    yield group("delete-with-topic", "--delete", "--group", "i", "--topic", "t")
    yield at("delete-topic", TOPICS, "--delete", "--topic", "t")
    yield group("describe-after-topic", "--describe", "--group", "i")
    yield group("list-left", "--list", "--state")
    yield quiet("console-without-group", "--topic", "u", "--from-beginning")
    yield group("list-anonymous", "--list")
    yield group("delete-all", "--delete", "--all-groups")
    yield group("list-none", "--list")
    yield group("describe-none", "--describe", "--all-groups")


def stored():
    """The coordinator's own records, as Kafka's formatters read them."""
    stored_topic = ("--topic", "__consumer_offsets", "--from-beginning", "--timeout-ms", "4000", "--formatter")
    yield at("stored-offsets", CONSUMER, *stored_topic, f"{FORMATTERS}.OffsetsMessageFormatter")
    yield at("stored-groups", CONSUMER, *stored_topic, f"{FORMATTERS}.GroupMetadataMessageFormatter")
    yield at("describe-stored", TOPICS, "--describe", "--topic", "__consumer_offsets")


def write_files(folder):
    for name, text in (("reset", "t,0,1\nt,1,2\nu,0,3\n"), ("groups", "g,t,2,4\nh,u,0,5\n"),
                       ("bad", "t,first,1\n"), ("streams", "in,0,1\nin,1,2\n")):
        (folder / f"{name}.csv").write_text(text)
