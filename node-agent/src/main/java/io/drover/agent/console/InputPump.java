package io.drover.agent.console;

import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries what is typed into a console to one machine, on a thread of its own, until closed or the machine takes no
 * more.
 */
public final class InputPump implements AutoCloseable {
    /** The machine's end. */
    @FunctionalInterface
    public interface Sink {
        /** Writes all of it, waiting for the guest as long as that takes. */
        void write(byte[] bytes) throws IOException, InterruptedException;
    }

    private static final Logger log = LoggerFactory.getLogger(InputPump.class);

    private final Thread thread;

    public InputPump(String name, Console console, Sink sink) {
        thread = Thread.ofVirtual().name("console-input " + name).start(() -> pump(name, console, sink));
    }

    private static void pump(String name, Console console, Sink sink) {
        try {
            Optional<byte[]> typed = console.takeInput();
            while (typed.isPresent()) {
                sink.write(typed.get());
                typed = console.takeInput();
            }
        } catch (InterruptedException expected) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.debug("{}: console input ended", name, e);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
