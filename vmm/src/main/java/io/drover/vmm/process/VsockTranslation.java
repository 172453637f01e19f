package io.drover.vmm.process;

import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmVsock;
import io.drover.vmm.client.VmmVsockStatus;
import io.drover.vmm.machine.VsockSettings;
import io.drover.vmm.virtio.vsock.VsockCounts;
import java.util.Optional;

/** The socket device between the process's settings and status, and the machine's. */
final class VsockTranslation {
    private VsockTranslation() {}

    /** Refuses what cannot be, with an {@link IllegalArgumentException} for the operator. */
    static Optional<VsockSettings> of(VmmSettings settings) {
        if (settings.vsock().isEmpty()) {
            return Optional.empty();
        }
        VmmVsock vsock = settings.vsock().get();
        return Optional.of(new VsockSettings(vsock.socket(), vsock.guestCid()));
    }

    /** What is told of it. */
    static VmmVsockStatus status(VsockCounts counts) {
        return new VmmVsockStatus(counts.open(), counts.fromHost(), counts.fromGuest(), counts.refused(),
                counts.bytesIn(), counts.bytesOut());
    }
}
