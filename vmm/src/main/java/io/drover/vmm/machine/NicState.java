package io.drover.vmm.machine;

import io.drover.vmm.virtio.net.NetCounts;

/**
 * A nic at one moment.
 *
 * @param leaving
 *            the guest was asked to let go of it and has not yet, or it is being closed
 */
public record NicState(String id, boolean leaving, NetCounts counts) {}
