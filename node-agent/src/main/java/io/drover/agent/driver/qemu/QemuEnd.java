package io.drover.agent.driver.qemu;

import io.drover.agent.driver.MachineEnd;
import io.drover.agent.folder.RunLog;
import io.drover.agent.process.DetachedProcess.ExitStatus;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells from what a QEMU process left behind how it ended. */
final class QemuEnd {
    private static final Logger log = LoggerFactory.getLogger(QemuEnd.class);

    private QemuEnd() {}

    /**
     * @param status empty when the process was not this agent's child
     */
    static MachineEnd of(QemuFiles files, Optional<ExitStatus> status) {
        String said = new RunLog(files.folder().vmmLog()).lastWords();
        // QEMU traces no reason for a signal that it handles; it says so instead (softmmu/runstate.c,
        // qemu_kill_report).
        boolean terminated = said.contains("terminating on signal");
        Optional<MachineEnd> account = terminated ? Optional.empty() : account(files);
        if (account.isPresent()) {
            return account.get();
        }
        String how = status.isPresent() ? status.get().toString()
                : "gone without an account of its end, so it was killed or crashed";
        return new MachineEnd.Failed("QEMU " + how + (said.isEmpty() ? "" : "; its last words: " + said));
    }

    private static Optional<MachineEnd> account(QemuFiles files) {
        try {
            return QemuAccount.end(files.account());
        } catch (IOException e) {
            log.warn("{} cannot be read", files.account(), e);
            return Optional.empty();
        }
    }
}
