// Describes a topic and a broker as Kafka's Admin sees them, before and after changes of all kinds, and
// what it is told of changes that a broker refuses. Writes a line for each fact, so that two brokers can be
// compared. Argument: the broker's address.

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Describe {
    private static final ConfigResource TOPIC = new ConfigResource(ConfigResource.Type.TOPIC, "facts");
    private static final ConfigResource BROKER = new ConfigResource(ConfigResource.Type.BROKER, "7");
    private static final ConfigResource CLUSTER = new ConfigResource(ConfigResource.Type.BROKER, "");

    private final Admin admin;

    private Describe(Admin admin) {
        this.admin = admin;
    }

    private static String shown(ConfigEntry.ConfigSynonym synonym) {
        return synonym.name() + "=" + synonym.value() + "@" + synonym.source();
    }

    private void describe(String when, ConfigResource resource) throws Exception {
        DescribeConfigsOptions options = new DescribeConfigsOptions().includeSynonyms(true);
        Config config = admin.describeConfigs(Arrays.asList(resource), options).all().get().get(resource);
        Map<String, ConfigEntry> entries = new TreeMap<>();
        for (ConfigEntry each : config.entries()) entries.put(each.name(), each);
        for (ConfigEntry each : entries.values()) {
            List<String> synonyms = new ArrayList<>();
            each.synonyms().forEach(synonym -> synonyms.add(shown(synonym)));
            System.out.printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s%n", when, resource.type() + resource.name(),
                each.name(), each.value(), each.source(), each.type(), each.isReadOnly() ? "readonly" : "",
                each.isSensitive() ? "sensitive" : "", synonyms);
        }
    }

    private void alter(ConfigResource resource, AlterConfigOp.OpType how, String name, String value)
            throws Exception {
        Collection<AlterConfigOp> changes = Arrays.asList(new AlterConfigOp(new ConfigEntry(name, value), how));
        String outcome = "done";
        try {
            admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
        } catch (ExecutionException problem) {
            outcome = problem.getCause().getClass().getSimpleName() + ": " + problem.getCause().getMessage();
        }
        System.out.printf("alter\t%s %s %s=%s\t%s%n", resource.type() + resource.name(), how, name, value, outcome);
    }

    private void set(ConfigResource resource, String name, String value) throws Exception {
        alter(resource, AlterConfigOp.OpType.SET, name, value);
    }

    private void change() throws Exception {
        set(TOPIC, "segment.bytes", " +65536 ");
        set(TOPIC, "min.cleanable.dirty.ratio", "0.250");
        set(TOPIC, "message.timestamp.difference.max.ms", "1000");
        set(TOPIC, "message.format.version", "2.8");
        set(TOPIC, "preallocate", "TRUE");
        alter(TOPIC, AlterConfigOp.OpType.APPEND, "cleanup.policy", "compact");
        alter(TOPIC, AlterConfigOp.OpType.APPEND, "leader.replication.throttled.replicas", "0:7");
        set(CLUSTER, "log.retention.ms", "7200000");
        set(CLUSTER, "message.max.bytes", "2000000");
        set(BROKER, "log.retention.bytes", "99999999");
        set(BROKER, "message.max.bytes", "3000000");
        set(BROKER, "log.cleaner.threads", "2");
        set(CLUSTER, "leader.replication.throttled.rate", "12345");
        set(BROKER, "my.own.key", "x");
    }

    private void undo() throws Exception {
        alter(TOPIC, AlterConfigOp.OpType.SUBTRACT, "cleanup.policy", "compact,nothing");
        alter(TOPIC, AlterConfigOp.OpType.DELETE, "segment.bytes", null);
        alter(TOPIC, AlterConfigOp.OpType.DELETE, "flush.ms", null);
        alter(BROKER, AlterConfigOp.OpType.DELETE, "message.max.bytes", null);
        alter(CLUSTER, AlterConfigOp.OpType.DELETE, "log.retention.ms", null);
    }

    private void fail() throws Exception {
        set(TOPIC, "retention.days", "7");
        set(TOPIC, "retention.ms", "-2");
        set(TOPIC, "retention.ms", "x");
        set(TOPIC, "cleanup.policy", "none");
        set(TOPIC, "min.cleanable.dirty.ratio", "1.5");
        set(TOPIC, "min.compaction.lag.ms", "9223372036854775807");
        set(TOPIC, "max.compaction.lag.ms", "0");
        set(TOPIC, "remote.storage.enable", "true");
        set(TOPIC, "remote.log.copy.disable", "true");
        set(TOPIC, "leader.replication.throttled.replicas", "x");
        alter(TOPIC, AlterConfigOp.OpType.APPEND, "retention.ms", "1");
        alter(TOPIC, AlterConfigOp.OpType.SUBTRACT, "retention.ms", "1");
        alter(TOPIC, AlterConfigOp.OpType.APPEND, "no.such.key", "1");
        set(new ConfigResource(ConfigResource.Type.TOPIC, "absent"), "retention.ms", "1");
        set(new ConfigResource(ConfigResource.Type.TOPIC, ""), "retention.ms", "1");
        set(BROKER, "num.partitions", "3");
        set(BROKER, "log.retention.hours", "3");
        set(BROKER, "log.segment.bytes", "13");
        set(BROKER, "num.io.threads", "100");
        set(BROKER, "ssl.keystore.location", "/x");
        set(CLUSTER, "listeners", "PLAINTEXT://127.0.0.1:1");
        set(CLUSTER, "sasl.enabled.mechanisms", "PLAIN");
        set(BROKER, "compression.type", "brotli");
        set(BROKER, "log.local.retention.ms", "-1");
    }

    /** A Java broker learns of a change a moment after it was answered. */
    private static void settle() throws Exception {
        Thread.sleep(3000);
    }

    private void run() throws Exception {
        for (ConfigResource each : Arrays.asList(TOPIC, BROKER, CLUSTER)) describe("before", each);
        change();
        settle();
        for (ConfigResource each : Arrays.asList(TOPIC, BROKER, CLUSTER)) describe("changed", each);
        undo();
        settle();
        for (ConfigResource each : Arrays.asList(TOPIC, BROKER, CLUSTER)) describe("undone", each);
        fail();
        for (ConfigResource each : Arrays.asList(TOPIC, BROKER, CLUSTER)) describe("after", each);
    }

    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("bootstrap.servers", arguments[0]);
        try (KafkaProducer<byte[], byte[]> maker =
                 new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
             Admin admin = Admin.create(properties)) {
            maker.partitionsFor(TOPIC.name());
            new Describe(admin).run();
        }
    }
}
