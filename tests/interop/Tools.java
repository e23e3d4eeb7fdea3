// Runs Kafka's own command-line tools one after the other in one JVM. Each line of standard input is a
// call: NAME, CLASS, what the tool reads as its standard input in base64, and its arguments, with tabs
// between them. What it prints follows a line "== NAME", and the line "-- CODE" with its exit code ends it.

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.common.utils.Exit;

public final class Tools {
    /** In place of the process's end, which a tool may take for a failure of its own. */
    private static final class Ended extends RuntimeException {
        Ended() {
            super(null, null, false, false);
        }
    }

    private static final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private static Integer code;  // of the end
    private static int size;      // of what was printed before it

    private static void end(int wanted) {
        if (code == null) {
            System.out.flush();
            code = wanted;
            size = printed.size();
        }
        throw new Ended();
    }

    private static void call(String name, String[] arguments) throws Exception {
        int wanted = 0;
        try {
            Class.forName(name).getMethod("main", String[].class).invoke(null, (Object) arguments);
        } catch (InvocationTargetException failure) {
            if (code == null) System.out.println(failure.getCause());
            wanted = 1;
        }
        try {
            end(wanted);
        } catch (Ended ended) {
            // That was all.
        }
    }

    private static void run(String line, PrintStream screen) throws Exception {
        String[] words = line.split("\t", -1);
        printed.reset();
        code = null;
        PrintStream kept = new PrintStream(printed, true, StandardCharsets.UTF_8);
        System.setOut(kept);
        System.setErr(kept);
        System.setIn(new ByteArrayInputStream(Base64.getDecoder().decode(words[2])));
        // Scala's println goes by a stream of its own.
        scala.Console$.MODULE$.withOut(kept, () -> {
            try {
                call(words[1], Arrays.copyOfRange(words, 3, words.length));
                return code;
            } catch (Exception problem) {
                throw new RuntimeException(problem);
            }
        });
        screen.println("== " + words[0]);
        screen.write(printed.toByteArray(), 0, size);
        screen.println("\n-- " + code);
        screen.flush();
    }

    public static void main(String[] arguments) throws Exception {
        Exit.setExitProcedure((wanted, message) -> end(wanted));
        Exit.setHaltProcedure((wanted, message) -> end(wanted));
        PrintStream screen = System.out;
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            run(line, screen);
        }
        screen.flush();
        Runtime.getRuntime().halt(0);
    }
}
