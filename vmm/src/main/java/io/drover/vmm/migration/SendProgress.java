package io.drover.vmm.migration;

import java.time.Duration;
import java.util.Optional;

/**
 * How far the sending of a guest has come.
 *
 * @param passes
 *            that have ended
 * @param sentBytes
 *            of all passes
 * @param bytesPerSecond
 *            as the policy counts on; 0 before the first pass has ended
 * @param dirtyBytesPerSecond
 *            at which the guest wrote to pages during the last pass
 * @param remainingBytes
 *            of this pass
 * @param predictedDowntime
 *            if it were switched now; empty before the first pass has ended
 * @param throttlePercent
 *            of their time that vCPUs are held out of the guest
 * @param left
 *            until it can be switched, if it goes on like this; empty where that is not known, or never
 * @param disks
 *            of all that, what is of disks
 */
public record SendProgress(SendState state, int passes, long sentBytes, long bytesPerSecond, long dirtyBytesPerSecond,
        long remainingBytes, Optional<Duration> predictedDowntime, int throttlePercent, Duration elapsed,
        Optional<Duration> left, DiskProgress disks) {
    /**
     * How far the disks have come.
     *
     * @param sentBytes
     *            of all passes; zeros count as if they were sent
     * @param remainingBytes
     *            of this pass
     * @param totalBytes
     *            of the first pass: what their images had
     */
    public record DiskProgress(long sentBytes, long remainingBytes, long totalBytes) {}
}
