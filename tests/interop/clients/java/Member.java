// The Java consumer since 0.10.2 as a member of a group.
// Arguments: ADDRESS TOPIC GROUP ASSIGNOR INSTANCE; "-" for no instance.

import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

public final class Member {
    private static final String BYTES = "org.apache.kafka.common.serialization.ByteArrayDeserializer";

    private static Properties settings(String[] arguments) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("group.id", arguments[2]);
        settings.put("partition.assignment.strategy",
                     "org.apache.kafka.clients.consumer." + arguments[3] + "Assignor");
        if (!arguments[4].equals("-")) settings.put("group.instance.id", arguments[4]);
        settings.put("session.timeout.ms", "6000");
        settings.put("heartbeat.interval.ms", "1000");
        settings.put("auto.commit.interval.ms", "500");
        settings.put("auto.offset.reset", "earliest");
        settings.put("key.deserializer", BYTES);
        settings.put("value.deserializer", BYTES);
        return settings;
    }

    // The one `poll` that clients of both ages have.
    @SuppressWarnings("deprecation")
    private static void read(KafkaConsumer<byte[], byte[]> consumer) {
        Set<TopicPartition> owned = new HashSet<>();
        while (true) {
            for (ConsumerRecord<byte[], byte[]> each : consumer.poll(200)) {
                System.out.println("read " + each.partition() + " " + each.offset());
            }
            if (owned.equals(consumer.assignment())) continue;
            owned = new HashSet<>(consumer.assignment());
            System.out.println("owns " + owned.stream().map(each -> "" + each.partition())
                                             .collect(Collectors.joining(" ")));
        }
    }

    public static void main(String[] arguments) throws Exception {
        KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings(arguments));
        Thread reading = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                reading.join();
            } catch (InterruptedException interrupted) {
                // The process ends all the same.
            }
        }));
        consumer.subscribe(List.of(arguments[1]));
        try {
            read(consumer);
        } catch (WakeupException end) {
            consumer.close();
        }
    }
}
