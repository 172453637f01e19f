package io.drover.vmm.client;

import io.drover.proto.vmm.v1.NicStatus;

/**
 * A nic, and what it has done since its VMM started, as the guest sees it.
 *
 * @param droppedIn
 *            frames that came while the guest could not take them
 * @param droppedOut
 *            what the guest sent that is no frame
 * @param leaving
 *            the guest was asked to let go of it and has not yet, or it is being closed
 */
public record VmmNicStatus(String id, long framesIn, long bytesIn, long droppedIn, long framesOut, long bytesOut,
        long droppedOut, boolean leaving) {
    static VmmNicStatus of(NicStatus status) {
        return new VmmNicStatus(status.getId(), status.getFramesIn(), status.getBytesIn(), status.getDroppedIn(),
                status.getFramesOut(), status.getBytesOut(), status.getDroppedOut(), status.getLeaving());
    }

    NicStatus toProto() {
        return NicStatus.newBuilder().setId(id).setFramesIn(framesIn).setBytesIn(bytesIn).setDroppedIn(droppedIn)
                .setFramesOut(framesOut).setBytesOut(bytesOut).setDroppedOut(droppedOut).setLeaving(leaving).build();
    }
}
