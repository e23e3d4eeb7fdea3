// The Java producer of any age among the clients, with its defaults: sends the lines of a file, line n
// to partition n modulo their number, its first word as the key.
// Arguments: ADDRESS TOPIC PARTITIONS CODEC ACKS FILE.

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

public final class Produce {
    private static final String BYTES = "org.apache.kafka.common.serialization.ByteArraySerializer";

    private static Properties settings(String[] arguments) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("compression.type", arguments[3]);
        settings.put("acks", arguments[4]);
        settings.put("key.serializer", BYTES);
        settings.put("value.serializer", BYTES);
        return settings;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    public static void main(String[] arguments) throws Exception {
        String topic = arguments[1];
        int partitions = Integer.parseInt(arguments[2]);
        AtomicReference<Exception> failure = new AtomicReference<>();
        KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings(arguments));
        try (BufferedReader lines =
                 Files.newBufferedReader(Paths.get(arguments[5]), StandardCharsets.ISO_8859_1)) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                producer.send(new ProducerRecord<>(topic, number++ % partitions,
                                                   bytes(line.split(" ", 2)[0]), bytes(line)),
                              (metadata, exception) -> failure.compareAndSet(null, exception));
            }
        }
        producer.close();
        if (failure.get() != null) throw failure.get();
    }
}
