package io.drover.cli.api;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** While it is open, a command that is told to end (Ctrl-C, SIGTERM) is interrupted and has the time to clean up. */
public final class InterruptOnExit implements AutoCloseable {
    private static final long SECONDS_TO_CLEAN_UP = 60;

    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread hook;

    /** Interrupts the thread that makes it, which is the one to close it. */
    public InterruptOnExit() {
        Thread working = Thread.currentThread();
        hook = Thread.ofPlatform().name("interrupt-on-exit").unstarted(() -> {
            working.interrupt();
            try {
                done.await(SECONDS_TO_CLEAN_UP, TimeUnit.SECONDS);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override
    public void close() {
        done.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException expected) {
            // The JVM is going down, and the hook with it.
        }
    }
}
