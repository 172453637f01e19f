package io.drover.agent.net;

import io.drover.vmm.client.UserNetworks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts a passt(1) as VMs would: what it needs of a host (a default route, user namespaces) differs from version to version, and
 * it says itself what it lacks.
 */
final class UserNetworkTrial {
    private static final Logger log = LoggerFactory.getLogger(UserNetworkTrial.class);
    private static final String UID = "trial";

    private UserNetworkTrial() {}

    /**
     * Tries it.
     *
     * @param data the agent's folder, in which it leaves nothing
     * @return why it does not work; empty when it does
     */
    static Optional<String> run(Path data) throws InterruptedException {
        Path folder = data.resolve("network-trial");
        try {
            UserNetworks.makeFolder(folder);
            PasstProcess.start(folder, UID, UserNetworks.DEFAULT_MTU_BYTES, List.of());
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        } finally {
            PasstProcess.endAll(UID);
            clear(folder);
        }
    }

    private static void clear(Path folder) {
        try {
            for (String file : List.of(UserNetworks.mark(UID), PasstProcess.LOG_FILE)) {
                Files.deleteIfExists(folder.resolve(file));
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            log.warn("{} is left behind", folder, e);
        }
    }
}
