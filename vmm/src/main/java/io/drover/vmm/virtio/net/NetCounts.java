package io.drover.vmm.virtio.net;

/**
 * What a nic has done since the VM started, as the guest sees it.
 *
 * @param droppedIn
 *            frames that came while the guest could not take them
 * @param droppedOut
 *            what the guest sent that is no frame
 */
public record NetCounts(long framesIn, long bytesIn, long droppedIn, long framesOut, long bytesOut, long droppedOut) {
    static final NetCounts NONE = new NetCounts(0, 0, 0, 0, 0, 0);

    NetCounts plus(NetCounts other) {
        return new NetCounts(framesIn + other.framesIn, bytesIn + other.bytesIn, droppedIn + other.droppedIn,
                framesOut + other.framesOut, bytesOut + other.bytesOut, droppedOut + other.droppedOut);
    }
}
