// A producer and an assigned consumer of Kafka 0.10.2, which speak message sets of magic 1. Sends
// COUNT records with the codec and reads them back: ADDRESS TOPIC CODEC COUNT. Every value and
// offset must come back as it was sent.

import java.util.Collections;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

public final class OldRoundTrip {
    private static final String STRINGS = "org.apache.kafka.common.serialization.String";

    public static void main(String[] arguments) throws Exception {
        String topic = arguments[1];
        int count = Integer.parseInt(arguments[3]);
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("compression.type", arguments[2]);
        settings.put("acks", "all");
        settings.put("linger.ms", "5");
        for (String side : new String[] {"key", "value"}) {
            settings.put(side + ".serializer", STRINGS + "Serializer");
            settings.put(side + ".deserializer", STRINGS + "Deserializer");
        }
        long first;
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings)) {
            first = producer.send(new ProducerRecord<>(topic, 0, 1000L, "k0", "value 0")).get().offset();
            for (int i = 1; i < count; i++) {
                producer.send(new ProducerRecord<>(topic, 0, 1000L + i, "k" + i, "value " + i));
            }
        }
        int seen = 0;
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings)) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(Collections.singleton(partition));
            consumer.seek(partition, first);
            long end = System.nanoTime() + 60_000_000_000L;
            while (seen < count && System.nanoTime() < end) {
                for (ConsumerRecord<String, String> each : consumer.poll(500)) {
                    boolean right = each.offset() == first + seen && each.timestamp() == 1000L + seen
                            && each.key().equals("k" + seen) && each.value().equals("value " + seen);
                    if (!right) throw new AssertionError("at " + seen + ": " + each);
                    seen++;
                }
            }
        }
        if (seen != count) throw new AssertionError(seen + " of " + count + " came back");
        System.out.println(arguments[2] + ": " + seen + " records");
    }
}
