package io.drover.vmm.virtio;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.log.Log;

/** Logs what a guest does wrong, but not for ever: a guest must not be able to fill the host's disk. */
public final class GuestFaultLog {
    private static final int MOST = 32;

    private final Log log;
    private final String device;
    @GuardedBy("this")
    private int linesLeft = MOST;

    /** For one device, which is named in every line. */
    public GuestFaultLog(Log log, String device) {
        this.log = log;
        this.device = device;
    }

    /** Logs a line, if there have not been too many. */
    public void warn(String message) {
        int left;
        synchronized (this) {
            left = linesLeft;
            if (left > 0) {
                linesLeft--;
            }
        }
        if (left > 0) {
            log.warn(device + ": " + message
                    + (left == 1 ? " (what the guest does wrong from now on is not logged)" : ""));
        }
    }

    /** Logs a fault of our own. */
    public void error(String message, Throwable cause) {
        log.error(device + ": " + message, cause);
    }
}
