package io.drover.lab.tests;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What a guest prints, as it comes from some thread, for a test that waits for words in it. */
final class ConsoleText {
    private final StringBuilder text = new StringBuilder();
    private String end = "";
    private int taken;

    synchronized void append(String more) {
        text.append(more);
        notifyAll();
    }

    /** Nothing more comes. */
    synchronized void end(String reason) {
        end = reason;
        notifyAll();
    }

    synchronized boolean hasEnded() {
        return !end.isEmpty();
    }

    /** All that ever came. */
    synchronized String all() {
        return text.toString();
    }

    /** What came since the last call, to the end of {@code wanted}. */
    synchronized String readTo(String wanted, Duration limit) throws InterruptedException, TimeoutException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            int found = text.indexOf(wanted, taken);
            if (found >= 0) {
                String read = text.substring(taken, found + wanted.length());
                taken = found + wanted.length();
                return read;
            }
            long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (millis <= 0 || !end.isEmpty()) {
                throw new TimeoutException("'" + wanted + "' did not come (" + (end.isEmpty() ? "in " + limit : end)
                        + "); the console says:\n" + text.substring(taken));
            }
            wait(millis);
        }
    }
}
