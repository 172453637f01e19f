package io.drover.vmm.virtio.vsock;

/**
 * What the device has done since the VM started.
 *
 * @param open
 *            streams at this moment
 * @param fromHost
 *            streams that clients on the host began and the guest took
 * @param fromGuest
 *            streams that the guest began and somebody on the host took
 * @param refused
 *            that were wanted by one side and not taken by the other
 * @param bytesIn
 *            to the guest
 * @param bytesOut
 *            from the guest
 */
public record VsockCounts(int open, long fromHost, long fromGuest, long refused, long bytesIn, long bytesOut) {}
