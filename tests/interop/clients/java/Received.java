// What the Java consumers among the clients received: one file per partition. The offsets of each
// have to follow each other from 0, and no more than as many as are due are taken.

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;

final class Received {
    private static final long IDLE_NANOS = 60_000_000_000L;

    private final OutputStream[] files;
    private final long[] due;
    private final long[] seen;
    private long last = System.nanoTime();

    // Arguments: those of a program, FOLDER and one COUNT for each partition from `begin` on.
    Received(String[] arguments, int begin) throws IOException {
        due = Arrays.stream(arguments, begin + 1, arguments.length).mapToLong(Long::parseLong).toArray();
        seen = new long[due.length];
        files = new OutputStream[due.length];
        for (int i = 0; i < files.length; i++) {
            files[i] = new BufferedOutputStream(
                Files.newOutputStream(Paths.get(arguments[begin], i + ".txt")), 1 << 16);
        }
    }

    int partitions() { return due.length; }

    long next(int partition) { return seen[partition]; }

    boolean complete(int partition) { return seen[partition] >= due[partition]; }

    private static boolean isFirstWord(byte[] key, byte[] value) {
        if (key == null || key.length > value.length) return false;
        for (int i = 0; i < key.length; i++) {
            if (key[i] != value[i]) return false;
        }
        return key.length == value.length || value[key.length] == ' ';
    }

    void add(int partition, long offset, byte[] key, byte[] value) throws IOException {
        if (offset != seen[partition] || !isFirstWord(key, value)) {
            throw new AssertionError("partition " + partition + ": offset " + offset + " where "
                + seen[partition] + " is due, value " + new String(value));
        }
        if (seen[partition]++ < due[partition]) {
            files[partition].write(value);
            files[partition].write('\n');
        }
        last = System.nanoTime();
    }

    // Whether all have come; throws when nothing comes any more.
    boolean complete() throws IOException {
        for (int i = 0; i < due.length; i++) {
            if (complete(i)) continue;
            if (System.nanoTime() - last > IDLE_NANOS) {
                throw new AssertionError("nothing for a minute, got " + Arrays.toString(seen));
            }
            return false;
        }
        for (OutputStream file : files) file.close();
        return true;
    }
}
