// Judges keys of a configuration as Kafka's own KafkaConfig and LogConfig do, a line of standard input
// each: WHOSE (broker or topic), then KEY and VALUE in base64. Writes a line for each: accepted, or
// refused and why.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import kafka.server.KafkaConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.storage.internals.log.LogConfig;

public final class Configs {
    private static final Properties BROKER = brokerWith(null, null);
    private static final Map<?, ?> DEFAULTS = new KafkaConfig(BROKER, false).extractLogConfigMap();

    /** A broker needs its ZooKeeper; everything else is by default. */
    private static Properties brokerWith(String key, String value) {
        Properties properties = new Properties();
        properties.setProperty("zookeeper.connect", "127.0.0.1:2181");
        if (key != null) properties.setProperty(key, value);
        return properties;
    }

    /** A dash stands for nothing. */
    private static String decoded(String base64) {
        if (base64.equals("-")) return "";
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    private static void judge(String whose, String key, String value) {
        if (whose.equals("broker")) {
            new KafkaConfig(brokerWith(key, value), false);
            return;
        }
        Properties topic = new Properties();
        topic.setProperty(key, value);
        LogConfig.validate(Collections.emptyMap(), topic, DEFAULTS, false, true);
        LogConfig.fromProps(DEFAULTS, topic);
    }

    private static String verdict(String line) {
        String[] words = line.split(" ", -1);
        try {
            judge(words[0], decoded(words[1]), decoded(words[2]));
            return "accepted";
        } catch (Throwable problem) {
            return "refused " + problem.getMessage();
        }
    }

    private static void print(String whose, Map<String, ConfigDef.ConfigKey> keys) {
        for (ConfigDef.ConfigKey key : new TreeMap<>(keys).values()) {
            String value = ConfigDef.convertToString(key.defaultValue, key.type);
            System.out.printf("%s\t%s\t%s\t%s\t%s%n", whose, key.name, key.type, value,
                              key.validator == null ? "" : key.validator);
        }
    }

    /** With an argument, writes all keys: WHOSE, name, type, default, and what is allowed. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) {
            print("broker", KafkaConfig.configDef().configKeys());
            print("topic", LogConfig.configKeys());
            return;
        }
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream verdicts = new PrintStream(System.out, false, "UTF-8");
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            verdicts.println(verdict(line).replaceAll("[\\x00-\\x1f]", " "));
        }
        verdicts.flush();
    }
}
