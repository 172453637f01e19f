package io.drover.vmm.client;

import io.drover.proto.vmm.v1.VsockStatus;

/**
 * What a socket device has done since the VMM started.
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
public record VmmVsockStatus(int open, long fromHost, long fromGuest, long refused, long bytesIn, long bytesOut) {
    static VmmVsockStatus of(VsockStatus status) {
        return new VmmVsockStatus(status.getOpen(), status.getFromHost(), status.getFromGuest(), status.getRefused(),
                status.getBytesIn(), status.getBytesOut());
    }

    VsockStatus toProto() {
        return VsockStatus.newBuilder().setOpen(open).setFromHost(fromHost).setFromGuest(fromGuest).setRefused(refused)
                .setBytesIn(bytesIn).setBytesOut(bytesOut).build();
    }
}
