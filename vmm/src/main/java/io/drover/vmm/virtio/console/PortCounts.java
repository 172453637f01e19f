package io.drover.vmm.virtio.console;

/**
 * What a port has done since the VM started.
 *
 * @param name
 *            empty: the console
 * @param connected
 *            whether somebody on the host is, at this moment
 * @param guestOpen
 *            whether somebody in the guest has it open
 * @param bytesIn
 *            to the guest
 * @param bytesOut
 *            from the guest
 */
public record PortCounts(String name, boolean connected, boolean guestOpen, long bytesIn, long bytesOut) {}
