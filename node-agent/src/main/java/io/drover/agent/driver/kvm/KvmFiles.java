package io.drover.agent.driver.kvm;

import io.drover.agent.driver.MachineConsoles;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.folder.VmFolder;
import io.drover.vmm.client.VmmConsole;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.client.VmmVsock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a VMM is given and keeps in a VM's folder. The socket is named relative to its run folder: the whole path may be
 * longer than a socket's may be (108).
 */
record KvmFiles(VmFolder folder) {
    static final Path CONTROL_SOCKET = Path.of("vmm.sock");
    private static final Path VSOCK = Path.of("vsock");

    /** The settings with the sockets and ports of the plan, which clients on the host find in the run folder. */
    VmmSettings withSockets(VmmSettings settings, MachinePlan plan) {
        VmmSettings result = plan.vsock() ? settings.withVsock(new VmmVsock(VSOCK, 0)) : settings;
        return plan.consoles().any() ? result.withConsole(new VmmConsole(plan.consoles().virtio(),
                plan.consoles().ports().stream()
                        .map(name -> new VmmConsole.Port(name, Path.of(MachineConsoles.socket(name)))).toList()))
                : result;
    }

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
