package io.drover.vmm.client;

import io.drover.proto.vmm.v1.ConsolePortStatus;

/**
 * What a port of the virtio console device has done since the VMM started.
 *
 * @param name
 *            empty: the console
 * @param connected
 *            whether somebody on the host is
 * @param guestOpen
 *            whether somebody in the guest has it open
 * @param bytesIn
 *            to the guest
 * @param bytesOut
 *            from the guest
 */
public record VmmPortStatus(String name, boolean connected, boolean guestOpen, long bytesIn, long bytesOut) {
    static VmmPortStatus of(ConsolePortStatus status) {
        return new VmmPortStatus(status.getName(), status.getConnected(), status.getGuestOpen(), status.getBytesIn(),
                status.getBytesOut());
    }

    ConsolePortStatus toProto() {
        return ConsolePortStatus.newBuilder().setName(name).setConnected(connected).setGuestOpen(guestOpen)
                .setBytesIn(bytesIn).setBytesOut(bytesOut).build();
    }
}
