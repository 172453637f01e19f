package io.drover.agent.testing;

import io.drover.agent.console.Console;
import io.drover.agent.console.ConsoleChunk;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A session on a console that reads along. For one thread. */
public final class ConsoleReader implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Console console;
    private final Console.Session session;
    private final Semaphore readable = new Semaphore(1);
    private final ByteArrayOutputStream seen = new ByteArrayOutputStream();
    private long lost;

    public ConsoleReader(Console console) {
        this.console = console;
        this.session = console.attach(false, readable::release);
    }

    /** Reads until {@code text} was seen, and forgets all up to its end. */
    public String await(String text) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!text().contains(text)) {
            if (!readable.tryAcquire(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                throw new AssertionError("not seen within " + PATIENCE + " : " + text + "; seen: " + text());
            }
            readable.drainPermits();
            take();
            if (session.isFinished() && !text().contains(text)) {
                throw new AssertionError("the console ended without : " + text + "; seen: " + text());
            }
        }
        String all = text();
        int end = all.indexOf(text) + text.length();
        seen.reset();
        seen.writeBytes(all.substring(end).getBytes(StandardCharsets.ISO_8859_1));
        return all.substring(0, end);
    }

    /** What was read and not yet forgotten. */
    public String text() {
        return seen.toString(StandardCharsets.ISO_8859_1);
    }

    /** How many bytes this session was told that it lost. */
    public long lost() {
        return lost;
    }

    public void type(String text) throws InterruptedException {
        if (!console.type(text.getBytes(StandardCharsets.ISO_8859_1), PATIENCE)) {
            throw new AssertionError("the guest does not read : " + text);
        }
    }

    private void take() {
        Optional<ConsoleChunk> chunk = session.poll(1 << 20);
        while (chunk.isPresent()) {
            lost += chunk.get().lostBytes();
            seen.writeBytes(chunk.get().output().toByteArray());
            chunk = session.poll(1 << 20);
        }
    }

    @Override
    public void close() {
        session.close();
    }
}
