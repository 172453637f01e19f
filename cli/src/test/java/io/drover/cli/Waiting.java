package io.drover.cli;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what another thread or process brings about, with a deadline. */
public final class Waiting {
    private static final Duration POLL = Duration.ofMillis(20);

    private Waiting() {}

    public static void until(Duration timeout, BooleanSupplier condition) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + timeout);
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }
}
