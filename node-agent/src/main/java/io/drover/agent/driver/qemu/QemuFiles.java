package io.drover.agent.driver.qemu;

import io.drover.agent.folder.VmFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What QEMU keeps in a VM's run folder. Sockets are named relative to it: the whole path may be longer than a socket's
 * may be (108).
 */
record QemuFiles(VmFolder folder) {
    static final String MONITOR_SOCKET = "qmp.sock";
    /** A FIFO: QEMU's standard input. */
    static final String CONSOLE_INPUT = "console.in";

    Path pidFile() {
        return folder.run().resolve("qemu.pid");
    }

    /** QEMU's own account of resets and shutdowns, which tells how it ended to an agent that was not there. */
    Path account() {
        return folder.run().resolve("qemu-account.log");
    }

    Path consoleInput() {
        return folder.run().resolve(CONSOLE_INPUT);
    }

    /** Removes what an earlier process left, so that nothing of it is taken for the next one's. */
    void clear() throws IOException {
        Files.deleteIfExists(pidFile());
        Files.deleteIfExists(account());
        Files.deleteIfExists(folder.run().resolve(MONITOR_SOCKET));
        Files.deleteIfExists(consoleInput());
    }
}
