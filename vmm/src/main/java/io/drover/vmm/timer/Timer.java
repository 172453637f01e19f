package io.drover.vmm.timer;

/** Wakes devices up. */
public interface Timer {
    /** An action that waits for its time. */
    interface Wakeup {
        /** It does not run any more, unless it has begun to. */
        void cancel();
    }

    /**
     * Runs {@code action} once, on another thread and under no lock of the caller's, after that time.
     *
     * @param nanos
     *            at least 0
     */
    Wakeup after(long nanos, Runnable action);
}
