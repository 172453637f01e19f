package io.drover.agent.driver.kvm;

import io.drover.agent.folder.VmFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a VMM is given and keeps in a VM's folder. The socket is named relative to its run folder: the whole path may be
 * longer than a socket's may be (108).
 */
record KvmFiles(VmFolder folder) {
    static final Path CONTROL_SOCKET = Path.of("vmm.sock");

    Path settings() {
        return folder.path().resolve("vmm.pb");
    }

    /** Where the VMM leaves how it ended. */
    Path exit() {
        return folder.run().resolve("exit.pb");
    }

    /** Removes what an earlier process left, so that nothing of it is taken for the next one's. */
    void clear() throws IOException {
        Files.deleteIfExists(exit());
        Files.deleteIfExists(folder.run().resolve(CONTROL_SOCKET));
    }
}
