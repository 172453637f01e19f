package io.drover.vmm.virtio;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.log.Log;

/**
 * Logs what goes wrong by a guest's doing, a burst at once and then a line every ten seconds: a guest must not be able to fill
 * the host's disk. Safe for use by several threads.
 */
public final class GuestFaultLog {
    private static final int BURST = 32;
    private static final long NANOS_PER_LINE = 10_000_000_000L;

    private final Log log;
    private final String device;
    @GuardedBy("this")
    private int lines = BURST;
    @GuardedBy("this")
    private long filledNanos = System.nanoTime();
    @GuardedBy("this")
    private long dropped;

    /** For one device, which is named in every line. */
    public GuestFaultLog(Log log, String device) {
        this.log = log;
        this.device = device;
    }

    /** Logs a line, unless there have been too many; the next one tells how many were not. */
    public void warn(String message) {
        long before;
        synchronized (this) {
            long earned = (System.nanoTime() - filledNanos) / NANOS_PER_LINE;
            filledNanos += earned * NANOS_PER_LINE;
            lines = (int) Math.min(BURST, lines + earned);
            if (lines == 0) {
                dropped++;
                return;
            }
            lines--;
            before = dropped;
            dropped = 0;
        }
        log.warn(device + ": " + message + (before > 0 ? " (" + before + " lines before it were not logged)" : ""));
    }

    /** Logs a fault of our own. */
    public void error(String message, Throwable cause) {
        log.error(device + ": " + message, cause);
    }
}
