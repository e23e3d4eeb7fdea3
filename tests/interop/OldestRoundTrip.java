// A producer of Kafka 0.8.2 and its SimpleConsumer, which speak message sets of magic 0. Sends COUNT
// messages with the codec and reads them back: HOST PORT TOPIC CODEC COUNT. Every value and offset
// must come back as it was sent.

import java.nio.ByteBuffer;
import java.util.Properties;
import kafka.api.FetchRequestBuilder;
import kafka.javaapi.FetchResponse;
import kafka.javaapi.consumer.SimpleConsumer;
import kafka.message.MessageAndOffset;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

public final class OldestRoundTrip {
    private static final String STRINGS = "org.apache.kafka.common.serialization.StringSerializer";

    private static String text(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return new String(bytes);
    }

    public static void main(String[] arguments) throws Exception {
        String host = arguments[0];
        int port = Integer.parseInt(arguments[1]);
        String topic = arguments[2];
        int count = Integer.parseInt(arguments[4]);
        Properties settings = new Properties();
        settings.put("bootstrap.servers", host + ":" + port);
        settings.put("compression.type", arguments[3]);
        settings.put("acks", "all");
        settings.put("linger.ms", "5");
        settings.put("key.serializer", STRINGS);
        settings.put("value.serializer", STRINGS);
        KafkaProducer<String, String> producer = new KafkaProducer<>(settings);
        long first = producer.send(new ProducerRecord<>(topic, 0, "k0", "value 0")).get().offset();
        for (int i = 1; i < count; i++) {
            producer.send(new ProducerRecord<>(topic, 0, "k" + i, "value " + i));
        }
        producer.close();
        SimpleConsumer consumer = new SimpleConsumer(host, port, 30_000, 1 << 16, "oldest");
        int seen = 0;
        while (seen < count) {
            FetchResponse response = consumer.fetch(new FetchRequestBuilder().clientId("oldest")
                    .addFetch(topic, 0, first + seen, 1 << 20).build());
            if (response.hasError()) {
                throw new AssertionError("error " + response.errorCode(topic, 0));
            }
            int before = seen;
            for (MessageAndOffset each : response.messageSet(topic, 0)) {
                if (each.offset() < first + seen) continue;
                boolean right = each.offset() == first + seen
                        && text(each.message().key()).equals("k" + seen)
                        && text(each.message().payload()).equals("value " + seen);
                if (!right) throw new AssertionError("at " + seen + ": offset " + each.offset());
                seen++;
            }
            if (seen == before) throw new AssertionError("nothing at " + (first + seen));
        }
        consumer.close();
        System.out.println(arguments[3] + ": " + seen + " messages");
    }
}
