package io.drover.vmm.rtc;

/** Wakes the clock up. */
public interface RtcTimer {
    /**
     * Runs {@code action} once, on another thread and under no lock of the caller's, after that time.
     *
     * @param nanos
     *            at least 0
     */
    void after(long nanos, Runnable action);
}
