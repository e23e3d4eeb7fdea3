// Asks a broker over many connections what standard input says, a line each: CONNECTION KEY VERSION ONEWAY JSON, behind
// the connection's name as Ask takes it, or CONNECTION close. A connection is made with its first request and asked one
// thing at a time; others don't wait for it. Each answer is a line: CONNECTION and what Ask answers. Argument: the
// broker's port.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

public final class AskMany {
    private static void answer(Ask ask, String name, String request) {
        String answer;
        try {
            answer = ask.answer(request);
        } catch (Exception failure) {
            answer = "failed: " + failure.toString().replace('\n', ' ');
        }
        synchronized (System.out) {
            System.out.println(name + " " + answer);
            System.out.flush();
        }
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        Map<String, Ask> connections = new HashMap<>();
        ExecutorService threads = Executors.newCachedThreadPool();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ", 2);
            if (words[1].equals("close")) {
                Ask ended = connections.remove(words[0]);
                if (ended != null) ended.close();
                continue;
            }
            Ask ask = connections.computeIfAbsent(words[0], name -> new Ask(port));
            threads.execute(() -> answer(ask, words[0], words[1]));
        }
        for (Ask each : connections.values()) each.close();
        threads.shutdown();
    }
}
