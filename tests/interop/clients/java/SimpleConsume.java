// SimpleConsumer of Kafka 0.8.2 among the clients, which reads message sets of magic 0. Looks up the
// partitions and their first offsets as programs of its time did.
// Arguments: ADDRESS TOPIC FOLDER COUNT..., one count for each partition.

import java.nio.ByteBuffer;
import java.util.Collections;
import kafka.api.FetchRequestBuilder;
import kafka.api.PartitionOffsetRequestInfo;
import kafka.common.TopicAndPartition;
import kafka.javaapi.FetchResponse;
import kafka.javaapi.OffsetRequest;
import kafka.javaapi.OffsetResponse;
import kafka.javaapi.PartitionMetadata;
import kafka.javaapi.TopicMetadata;
import kafka.javaapi.TopicMetadataRequest;
import kafka.javaapi.consumer.SimpleConsumer;
import kafka.message.MessageAndOffset;

public final class SimpleConsume {
    private static final String CLIENT = "simple";
    private static final int FETCH_BYTES = 1 << 20;
    private static final long EARLIEST = -2;

    private static byte[] bytes(ByteBuffer buffer) {
        if (buffer == null) return null;
        byte[] found = new byte[buffer.remaining()];
        buffer.get(found);
        return found;
    }

    private static void expect(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    private static void checkMetadata(SimpleConsumer consumer, String topic, int partitions) {
        TopicMetadata found = consumer.send(new TopicMetadataRequest(Collections.singletonList(topic)))
            .topicsMetadata().get(0);
        expect(found.errorCode() == 0, "error of the topic " + found.errorCode());
        expect(found.partitionsMetadata().size() == partitions, found.toString());
        for (PartitionMetadata each : found.partitionsMetadata()) {
            expect(each.errorCode() == 0 && each.leader().port() == consumer.port(), each.toString());
        }
    }

    private static void checkFirstOffset(SimpleConsumer consumer, String topic, int partition) {
        OffsetResponse found = consumer.getOffsetsBefore(new OffsetRequest(
            Collections.singletonMap(new TopicAndPartition(topic, partition),
                                     new PartitionOffsetRequestInfo(EARLIEST, 1)),
            kafka.api.OffsetRequest.CurrentVersion(), CLIENT));
        expect(!found.hasError() && found.offsets(topic, partition).length == 1
            && found.offsets(topic, partition)[0] == 0, "first offset of partition " + partition);
    }

    private static void fetch(SimpleConsumer consumer, String topic, Received received) throws Exception {
        FetchRequestBuilder request = new FetchRequestBuilder().clientId(CLIENT).maxWait(500).minBytes(1);
        for (int i = 0; i < received.partitions(); i++) {
            if (!received.complete(i)) request.addFetch(topic, i, received.next(i), FETCH_BYTES);
        }
        FetchResponse response = consumer.fetch(request.build());
        for (int i = 0; i < received.partitions(); i++) {
            if (received.complete(i)) continue;
            expect(response.errorCode(topic, i) == 0, "error of the fetch " + response.errorCode(topic, i));
            for (MessageAndOffset each : response.messageSet(topic, i)) {
                // A compressed set comes whole, with what lies before the offset that was asked for.
                if (each.offset() < received.next(i)) continue;
                each.message().ensureValid();
                received.add(i, each.offset(), bytes(each.message().key()), bytes(each.message().payload()));
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        String[] address = arguments[0].split(":");
        String topic = arguments[1];
        Received received = new Received(arguments, 2);
        SimpleConsumer consumer =
            new SimpleConsumer(address[0], Integer.parseInt(address[1]), 30_000, 1 << 16, CLIENT);
        checkMetadata(consumer, topic, received.partitions());
        for (int i = 0; i < received.partitions(); i++) checkFirstOffset(consumer, topic, i);
        while (!received.complete()) fetch(consumer, topic, received);
        consumer.close();
    }
}
