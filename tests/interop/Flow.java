// A topic under load that goes on over a broker's lives: Kafka's own idempotent producers, as they come,
// and an assigned consumer that reads from the beginning. A line "NAME" of standard input starts one more
// producer; its end stops them. Values are "NAME PARTITION NUMBER ...", numbered from 0 by each producer in
// each partition; the consumer demands each number once and in order. Prints "sent NAME PARTITION COUNT"
// when all is acknowledged, and "read NAME PARTITION COUNT" when the consumer has come to the end.
// Arguments: ADDRESS TOPIC PARTITIONS PAUSE_MS, the pause behind ten records of each partition.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public final class Flow {
    private static final String PADDING = "x".repeat(200);
    private static final AtomicReference<Throwable> failure = new AtomicReference<>();
    private static final Map<String, Long> next = new TreeMap<>();
    private static volatile boolean stopping = false;
    private static volatile boolean sent = false;
    private static String topic;
    private static int partitions;
    private static long pause;

    private static Properties settings(String address) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", address);
        // Only for the broker's restarts: nothing of what makes it idempotent.
        settings.put("reconnect.backoff.max.ms", "200");
        settings.put("request.timeout.ms", "10000");
        settings.put("metadata.max.age.ms", "5000");
        return settings;
    }

    private static void produce(String address, String name) throws Exception {
        Properties settings = settings(address);
        settings.put("key.serializer", StringSerializer.class.getName());
        settings.put("value.serializer", StringSerializer.class.getName());
        settings.put("batch.size", "4096");
        settings.put("buffer.memory", "2097152");
        settings.put("max.block.ms", "600000");
        settings.put("delivery.timeout.ms", "600000");
        long count = 0;
        try (var producer = new KafkaProducer<String, String>(settings)) {
            for (; failure.get() == null && !stopping; count++) {
                for (int partition = 0; partition < partitions; partition++) {
                    String value = name + " " + partition + " " + count + " " + PADDING;
                    producer.send(new ProducerRecord<>(topic, partition, null, value),
                        (metadata, exception) -> failure.compareAndSet(null, exception));
                }
                if (count % 10 == 9) Thread.sleep(pause);
            }
            producer.flush();
        }
        for (int partition = 0; partition < partitions; partition++) {
            System.out.println("sent " + name + " " + partition + " " + count);
        }
    }

    private static void take(ConsumerRecord<String, String> record) {
        String[] words = record.value().split(" ", 4);
        String key = words[0] + " " + words[1];
        long due = next.getOrDefault(key, 0L);
        if (Long.parseLong(words[2]) != due || Integer.parseInt(words[1]) != record.partition()) {
            throw new IllegalStateException("partition " + record.partition() + " offset "
                + record.offset() + ": " + key + " " + words[2] + " where " + due + " is due");
        }
        next.put(key, due + 1);
    }

    private static boolean atEnd(KafkaConsumer<String, String> consumer, List<TopicPartition> all) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(all);
        return all.stream().allMatch(each -> consumer.position(each) >= ends.get(each));
    }

    private static void consume(String address) {
        Properties settings = settings(address);
        settings.put("key.deserializer", StringDeserializer.class.getName());
        settings.put("value.deserializer", StringDeserializer.class.getName());
        settings.put("auto.offset.reset", "none");
        settings.put("enable.auto.commit", "false");
        List<TopicPartition> all = new ArrayList<>();
        for (int p = 0; p < partitions; p++) all.add(new TopicPartition(topic, p));
        try (var consumer = new KafkaConsumer<String, String>(settings)) {
            consumer.assign(all);
            all.forEach(each -> consumer.seek(each, 0));
            while (failure.get() == null && (!sent || !atEnd(consumer, all))) {
                consumer.poll(Duration.ofMillis(200)).forEach(Flow::take);
            }
        }
        next.forEach((key, count) -> System.out.println("read " + key + " " + count));
    }

    private interface Work {
        void run() throws Exception;
    }

    private static Thread begin(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
            }
        });
        thread.start();
        return thread;
    }

    public static void main(String[] arguments) throws Throwable {
        String address = arguments[0];
        topic = arguments[1];
        partitions = Integer.parseInt(arguments[2]);
        pause = Long.parseLong(arguments[3]);
        Thread consumer = begin(() -> consume(address));
        List<Thread> producers = new ArrayList<>();
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null && failure.get() == null;) {
            String name = line;
            producers.add(begin(() -> produce(address, name)));
        }
        stopping = true;
        for (Thread each : producers) each.join();
        sent = true;
        consumer.join();
        if (failure.get() != null) throw failure.get();
    }
}
