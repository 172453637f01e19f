package io.drover.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A process that outlives the demo and cleans up behind it: also when the demo is killed, as it notices by the pipe between
 * them. All ends of the demo go this one way.
 */
public final class Janitor {
    /** SIGTERM, three SIGKILLs and their waits, with room. */
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final Process process;

    private Janitor(Process process) {
        this.process = process;
    }

    /**
     * Starts it.
     *
     * @param folder is removed at the end
     * @param mark   the value of {@link Cloud#MARK_VARIABLE} in the processes that are ended
     */
    public static Janitor start(Path folder, String mark) throws IOException {
        String script;
        try (InputStream in = Optional.ofNullable(Janitor.class.getResourceAsStream("janitor.sh")).orElseThrow()) {
            script = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        // A session of its own: signals to the terminal's processes are not for it.
        ProcessBuilder builder = new ProcessBuilder("setsid", "sh", "-c", script, "drover-demo-janitor")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD)
                .directory(Path.of("/").toFile());
        builder.environment().put("JANITOR_MARK", mark);
        builder.environment().put("JANITOR_FOLDER", folder.toString());
        return new Janitor(builder.start());
    }

    /** Sends it away for good: nothing is cleaned up. */
    public void dismiss() throws IOException {
        try (OutputStream pipe = process.getOutputStream()) {
            pipe.write("keep\n".getBytes(StandardCharsets.US_ASCII));
        }
    }

    /** Lets it clean up, and waits until it has. May be called again, and while it works. */
    public void cleanUp() {
        try {
            process.getOutputStream().close();
        } catch (IOException ignored) {
            // It is gone, or knows already.
        }
        try {
            if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("the clean-up takes more than " + PATIENCE.toSeconds() + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
