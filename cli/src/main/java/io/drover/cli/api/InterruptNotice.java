package io.drover.cli.api;

import io.drover.cli.Surroundings;

/** While it is open, a user who presses Ctrl-C is told that the work goes on and how to follow it. */
public final class InterruptNotice implements AutoCloseable {
    private final Thread hook;

    public InterruptNotice(Surroundings surroundings, String followUp) {
        hook = Thread.ofPlatform().name("interrupt-notice").unstarted(() -> {
            surroundings.err().println("\nno longer waiting; the task goes on: " + followUp);
            surroundings.err().flush();
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException expected) {
            // The JVM is going down: the notice is being shown.
        }
    }
}
