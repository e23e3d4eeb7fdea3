// Reads messages off standard input, a line each: KEY ROLE VERSION BASE64 JSON. Each must be, byte for
// byte, what Kafka's own class for it encodes from that JSON, and must come back through its decoder.
// With an argument, writes there a line for each message and version: the CRC-32C of the first
// instances' bytes, one behind the other, as Kafka encodes them.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;

public final class Wire {
    private static final int RECORDED = 20;
    private static final int SHOWN_MAX = 20;

    private final ObjectMapper mapper = new ObjectMapper();
    private final Map<Class<?>, Method> readers = new HashMap<>();
    private final Map<String, CRC32C> recorded = new TreeMap<>();
    private final Map<String, Integer> counts = new TreeMap<>();
    private long passed;
    private long failed;

    private static ApiMessage fresh(short key, String role) {
        ApiMessageType type = ApiMessageType.fromApiKey(key);
        return role.equals("request") ? type.newRequest() : type.newResponse();
    }

    private ApiMessage parse(ApiMessage kind, String json, short version) throws Exception {
        Method reader = readers.get(kind.getClass());
        if (reader == null) {
            Class<?> converter = Class.forName(kind.getClass().getName() + "JsonConverter");
            reader = converter.getMethod("read", JsonNode.class, short.class);
            readers.put(kind.getClass(), reader);
        }
        return (ApiMessage) reader.invoke(null, mapper.readTree(json), version);
    }

    private static byte[] encode(ApiMessage message, short version) {
        ByteBuffer buffer = MessageUtil.toByteBuffer(message, version);
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private void check(String line) throws Exception {
        String[] words = line.split(" ", 5);
        short key = Short.parseShort(words[0]);
        short version = Short.parseShort(words[2]);
        byte[] ours = Base64.getDecoder().decode(words[3]);
        byte[] theirs = encode(parse(fresh(key, words[1]), words[4], version), version);
        if (!java.util.Arrays.equals(ours, theirs)) {
            throw new Exception("encoded otherwise: " + Base64.getEncoder().encodeToString(theirs));
        }
        ByteBuffer rest = ByteBuffer.wrap(ours);
        ApiMessage decoded = fresh(key, words[1]);
        decoded.read(new ByteBufferAccessor(rest), version);
        if (rest.hasRemaining() || !java.util.Arrays.equals(ours, encode(decoded, version))) {
            throw new Exception("does not come back through the decoder");
        }
        record(words[0] + " " + words[1] + " " + version, theirs);
    }

    private void record(String name, byte[] bytes) {
        if (counts.merge(name, 1, Integer::sum) > RECORDED) return;
        recorded.computeIfAbsent(name, each -> new CRC32C()).update(bytes);
    }

    private void run() throws Exception {
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 20);
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            try {
                check(line);
                ++passed;
            } catch (Exception problem) {
                Throwable cause = problem.getCause() == null ? problem : problem.getCause();
                if (++failed <= SHOWN_MAX) System.out.println(line + "\n  " + cause);
            }
        }
    }

    private void write(Path path) throws Exception {
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, CRC32C> each : recorded.entrySet()) {
            lines.add(String.format("%s %08x", each.getKey(), each.getValue().getValue()));
        }
        Files.write(path, lines);
    }

    public static void main(String[] arguments) throws Exception {
        Wire wire = new Wire();
        wire.run();
        if (arguments.length > 0) wire.write(Path.of(arguments[0]));
        System.out.printf("%d messages and versions%n", wire.counts.size());
        System.out.printf("%d passed, %d failed%n", wire.passed, wire.failed);
        System.exit(wire.failed == 0 ? 0 : 1);
    }
}
