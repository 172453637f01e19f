package io.drover.vmm.machine;

import io.drover.vmm.virtio.vsock.VsockDevice;
import java.nio.file.Path;

/**
 * What a socket device is to be.
 *
 * @param socket
 *            at most 96 bytes long
 * @param guestCid
 *            {@link VsockDevice#DEFAULT_GUEST_CID} up to below {@link VsockDevice#CID_ANY}; 0: the former
 */
public record VsockSettings(Path socket, long guestCid) {
    /** Refuses values that no host could run, with an {@link IllegalArgumentException} for the operator. */
    public VsockSettings {
        VsockDevice.checkSocket(socket);
        if (guestCid == 0) {
            guestCid = VsockDevice.DEFAULT_GUEST_CID;
        }
        if (guestCid < VsockDevice.DEFAULT_GUEST_CID || guestCid >= VsockDevice.CID_ANY) {
            throw new IllegalArgumentException("guest cid : " + guestCid + " (expected: "
                    + VsockDevice.DEFAULT_GUEST_CID + " to " + (VsockDevice.CID_ANY - 1) + ")");
        }
    }
}
