package io.drover.vmm.process;

import io.drover.vmm.client.ConsoleListener;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** What a console has printed, for who waits for it. */
final class ConsoleText implements ConsoleListener {
    private final StringBuilder text = new StringBuilder();
    private long lostBytes;

    @Override
    public synchronized void output(byte[] data, long lost) {
        text.append(new String(data, StandardCharsets.US_ASCII));
        lostBytes += lost;
        notifyAll();
    }

    /** Fails when the text does not come in time. */
    synchronized void await(String awaited, Duration time) throws InterruptedException {
        long deadline = System.nanoTime() + time.toNanos();
        while (text.indexOf(awaited) < 0) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("no '" + awaited + "' in: " + text);
            }
            wait(left);
        }
    }

    synchronized String text() {
        return text.toString();
    }

    synchronized long lostBytes() {
        return lostBytes;
    }
}
