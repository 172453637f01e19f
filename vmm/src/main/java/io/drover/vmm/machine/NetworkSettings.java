package io.drover.vmm.machine;

import io.drover.vmm.net.tap.TapNetwork;
import io.drover.vmm.net.user.PortForward;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** What a nic is to be joined to. */
public sealed interface NetworkSettings {
    /**
     * A network that needs no rights.
     *
     * @param socket
     *            of its process, in a folder of its own
     */
    record User(Path socket, List<PortForward> forwards) implements NetworkSettings {
        public User {
            Objects.requireNonNull(socket, "socket");
            forwards = List.copyOf(forwards);
        }
    }

    /** A device of the host's. */
    record Tap(String device) implements NetworkSettings {
        /** Refuses what no device can be named, with an {@link IllegalArgumentException} for the operator. */
        public Tap {
            TapNetwork.checkName(device);
        }
    }
}
