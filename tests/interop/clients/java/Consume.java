// The Java consumer since 0.10.2 among the clients, on assigned partitions.
// Arguments: ADDRESS TOPIC FOLDER COUNT..., one count for each partition.

import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

public final class Consume {
    private static final String BYTES = "org.apache.kafka.common.serialization.ByteArrayDeserializer";

    private static Properties settings(String address) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", address);
        settings.put("enable.auto.commit", "false");
        settings.put("key.deserializer", BYTES);
        settings.put("value.deserializer", BYTES);
        return settings;
    }

    // The one `poll` that clients of both ages have.
    @SuppressWarnings("deprecation")
    private static void takeAll(KafkaConsumer<byte[], byte[]> consumer, Received received) throws Exception {
        while (!received.complete()) {
            for (ConsumerRecord<byte[], byte[]> each : consumer.poll(500)) {
                received.add(each.partition(), each.offset(), each.key(), each.value());
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        Received received = new Received(arguments, 2);
        List<TopicPartition> partitions = new ArrayList<>();
        for (int i = 0; i < received.partitions(); i++) {
            partitions.add(new TopicPartition(arguments[1], i));
        }
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings(arguments[0]))) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            takeAll(consumer, received);
        }
    }
}
