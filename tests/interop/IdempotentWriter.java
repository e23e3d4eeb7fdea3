// Kafka's own producer as it comes, which is idempotent: numbers each partition's records from 0
// until standard input ends, then waits until all are acknowledged and prints "sent PARTITION COUNT"
// for each. Arguments: ADDRESS TOPIC PARTITIONS.
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

public final class IdempotentWriter {
    private static final String PADDING = "x".repeat(200);
    private static final AtomicReference<Exception> failure = new AtomicReference<>();

    private static Properties settings(String address) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", address);
        settings.put("key.serializer", StringSerializer.class.getName());
        settings.put("value.serializer", StringSerializer.class.getName());
        // Only for the broker's restarts: nothing of what makes it idempotent.
        settings.put("batch.size", "4096");
        settings.put("buffer.memory", "2097152");
        settings.put("delivery.timeout.ms", "600000");
        settings.put("request.timeout.ms", "10000");
        settings.put("reconnect.backoff.max.ms", "200");
        return settings;
    }

    public static void main(String[] arguments) throws Exception {
        String topic = arguments[1];
        int partitions = Integer.parseInt(arguments[2]);
        long count = 0;
        try (var producer = new KafkaProducer<String, String>(settings(arguments[0]))) {
            while (failure.get() == null && System.in.available() == 0) {
                for (int partition = 0; partition < partitions; partition++) {
                    String value = partition + " " + count + " " + PADDING;
                    producer.send(new ProducerRecord<>(topic, partition, null, value),
                        (metadata, exception) -> failure.compareAndSet(null, exception));
                }
                count++;
                if (count % 10 == 0) Thread.sleep(2);
            }
            producer.flush();
        }
        if (failure.get() != null) throw failure.get();
        for (int partition = 0; partition < partitions; partition++) {
            System.out.println("sent " + partition + " " + count);
        }
    }
}
