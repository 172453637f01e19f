package io.drover.vmm.machine;

import io.drover.vmm.virtio.block.BlockCounts;

/**
 * A disk at one moment.
 *
 * @param leaving
 *            the guest was asked to let go of it and has not yet, or it is being closed
 */
public record DiskState(String id, long sizeBytes, boolean leaving, BlockCounts counts) {}
