// Asks a broker in Kafka's bytes what standard input says in JSON, a line each: KEY VERSION ONEWAY JSON. The
// requests go over one connection, which is made anew once the broker has closed it. Each is answered with a
// line: the response in JSON, "closed", "late" when it takes too long, or "none" for a request without a response (ONEWAY is 1), behind which
// the connection still works. Of records it shows what is in the batches; a batch that is cut off at the end of
// them is left out. Argument: the broker's port.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;

public final class Ask {
    private static final int TIMEOUT_MS = 8_000;

    private static final ObjectMapper mapper = new ObjectMapper();

    private final int port;
    private volatile Socket socket;
    private int correlation;

    Ask(int port) {
        this.port = port;
    }

    /** Ends the connection, also under a request that waits: its answer is "closed" then. */
    void close() throws IOException {
        Socket open = socket;
        if (open != null) open.close();
    }

    private static ApiMessage parse(ApiMessage kind, JsonNode json, short version) throws Exception {
        Class<?> converter = Class.forName(kind.getClass().getName() + "JsonConverter");
        return (ApiMessage) converter.getMethod("read", JsonNode.class, short.class).invoke(null, json, version);
    }

    /** What of the JSON a version has, but for tagged fields: requests are written with the fields of all versions. */
    private JsonNode pruned(JsonNode json, Type type) {
        if (type.isArray() && json.isArray()) {
            ArrayNode kept = mapper.createArrayNode();
            for (JsonNode each : json) kept.add(pruned(each, type.arrayElementType().get()));
            return kept;
        }
        if (!(type instanceof Schema) || !json.isObject()) return json;
        ObjectNode kept = mapper.createObjectNode();
        for (BoundField each : ((Schema) type).fields()) {
            if (!(each.def.type instanceof TaggedFields)) copy(json, each.def, kept);
        }
        return kept;
    }

    private void copy(JsonNode json, Field field, ObjectNode kept) {
        StringBuilder name = new StringBuilder();
        for (String word : field.name.split("_")) {
            name.append(name.length() == 0 ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
        }
        if (json.has(name.toString())) kept.set(name.toString(), pruned(json.get(name.toString()), field.type));
    }

    private static JsonNode show(ApiMessage message, short version) throws Exception {
        Class<?> converter = Class.forName(message.getClass().getName() + "JsonConverter");
        return (JsonNode) converter.getMethod("write", message.getClass(), short.class, boolean.class)
            .invoke(null, message, version, false);
    }

    private void send(ApiKeys api, short version, ApiMessage request) throws IOException {
        if (socket == null) {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(TIMEOUT_MS);
            socket.setTcpNoDelay(true);
        }
        RequestHeaderData header = new RequestHeaderData()
            .setRequestApiKey(api.id).setRequestApiVersion(version).setClientId("ask").setCorrelationId(++correlation);
        ByteBuffer head = MessageUtil.toByteBuffer(header, api.requestHeaderVersion(version));
        ByteBuffer body = MessageUtil.toByteBuffer(request, version);
        ByteBuffer frame = ByteBuffer.allocate(4 + head.remaining() + body.remaining());
        frame.putInt(head.remaining() + body.remaining()).put(head).put(body);
        socket.getOutputStream().write(frame.array());
    }

    private ApiMessage receive(ApiKeys api, short version) throws IOException {
        DataInputStream input = new DataInputStream(socket.getInputStream());
        byte[] frame = new byte[input.readInt()];
        input.readFully(frame);
        ByteBufferAccessor rest = new ByteBufferAccessor(ByteBuffer.wrap(frame));
        int got = new ResponseHeaderData(rest, api.responseHeaderVersion(version)).correlationId();
        if (got != correlation) throw new IllegalStateException("correlation id " + got + ", not " + correlation);
        ApiMessage response = ApiMessageType.fromApiKey(api.id).newResponse();
        response.read(rest, version);
        if (rest.remaining() != 0) throw new IllegalStateException(rest.remaining() + " bytes too many");
        return response;
    }

    private ObjectNode show(RecordBatch batch) {
        ObjectNode shown = mapper.createObjectNode();
        shown.put("batch", batch.baseOffset() + "-" + batch.lastOffset() + " magic " + batch.magic() + " "
            + batch.compressionType().name + " " + batch.timestampType().name);
        shown.put("producer", batch.producerId() + "/" + batch.producerEpoch() + "/" + batch.baseSequence());
        shown.put("maxTimestamp", batch.maxTimestamp());
        if (batch.magic() >= RecordBatch.MAGIC_VALUE_V2) shown.put("leaderEpoch", batch.partitionLeaderEpoch());
        ArrayNode records = shown.putArray("records");
        for (Record each : batch) {
            records.addObject().put("offset", each.offset()).put("timestamp", each.timestamp())
                .put("key", text(each.key())).put("value", text(each.value())).put("headers", each.headers().length);
        }
        return shown;
    }

    private static String text(ByteBuffer bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(org.apache.kafka.common.utils.Utils.toArray(bytes));
    }

    private void showRecords(FetchResponseData response, JsonNode shown) {
        for (int i = 0; i < response.responses().size(); ++i) {
            for (int j = 0; j < response.responses().get(i).partitions().size(); ++j) {
                MemoryRecords records = (MemoryRecords) response.responses().get(i).partitions().get(j).records();
                ObjectNode partition = (ObjectNode) shown.get("responses").get(i).get("partitions").get(j);
                partition.remove("recordsSizeInBytes");
                ArrayNode batches = partition.putArray("batches");
                if (records == null) continue;
                for (RecordBatch each : records.batches()) batches.add(show(each));
            }
        }
    }

    String answer(String line) throws Exception {
        String[] words = line.split(" ", 4);
        ApiKeys api = ApiKeys.forId(Short.parseShort(words[0]));
        short version = Short.parseShort(words[1]);
        boolean oneWay = words[2].equals("1");
        ApiMessageType type = ApiMessageType.fromApiKey(api.id);
        JsonNode json = pruned(mapper.readTree(words[3]), type.requestSchemas()[version]);
        ApiMessage request = parse(type.newRequest(), json, version);
        try {
            send(api, version, request);
            if (oneWay) {
                send(ApiKeys.API_VERSIONS, (short) 0, new ApiVersionsRequestData());
                receive(ApiKeys.API_VERSIONS, (short) 0);
                return "none";
            }
            ApiMessage response = receive(api, version);
            JsonNode shown = show(response, version);
            if (response instanceof FetchResponseData) showRecords((FetchResponseData) response, shown);
            return mapper.writeValueAsString(shown);
        } catch (EOFException | SocketException | SocketTimeoutException failure) {
            socket.close();
            socket = null;
            return failure instanceof SocketTimeoutException ? "late" : "closed";
        }
    }

    public static void main(String[] arguments) throws Exception {
        Ask ask = new Ask(Integer.parseInt(arguments[0]));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(ask.answer(line));
            System.out.flush();
        }
    }
}
