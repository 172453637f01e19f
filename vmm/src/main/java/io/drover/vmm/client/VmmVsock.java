package io.drover.vmm.client;

import io.drover.proto.vmm.v1.VsockConfig;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A guest's socket device.
 *
 * @param socket
 *            what clients on the host connect to: at most 96 bytes long. What serves the guest at port P listens on the same path
 *            with {@code _P} behind it
 * @param guestCid
 *            the guest's address: 3 to 2^32 - 2; 0: 3
 */
public record VmmVsock(Path socket, long guestCid) {
    public VmmVsock {
        Objects.requireNonNull(socket, "socket");
    }

    static VmmVsock of(VsockConfig config) {
        return new VmmVsock(Path.of(config.getSocketPath()), config.getGuestCid());
    }

    VsockConfig toProto() {
        return VsockConfig.newBuilder().setSocketPath(socket.toString()).setGuestCid(guestCid).build();
    }
}
