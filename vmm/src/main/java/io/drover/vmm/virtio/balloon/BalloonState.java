package io.drover.vmm.virtio.balloon;

import java.util.Optional;

/**
 * A balloon at one moment.
 *
 * @param wantedBytes
 *            how large it shall be
 * @param actualBytes
 *            how large its driver says it is: anything
 * @param inflatedBytes
 *            given back by inflating since the VM started; what came back and went again counts again
 * @param reportedBytes
 *            given back by free page reporting, counted in the same way
 * @param residentBytes
 *            of the host's memory that the guest's takes now
 * @param statistics
 *            what the guest told last; empty when it never has, or has no driver now
 */
public record BalloonState(long wantedBytes, long actualBytes, long inflatedBytes, long reportedBytes,
        long residentBytes, Optional<MemoryStatistics> statistics) {}
