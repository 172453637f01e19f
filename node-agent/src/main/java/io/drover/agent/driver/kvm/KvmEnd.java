package io.drover.agent.driver.kvm;

import io.drover.agent.driver.MachineEnd;
import io.drover.agent.folder.RunLog;
import io.drover.agent.process.DetachedProcess.ExitStatus;
import io.drover.vmm.client.VmmEnd;
import java.io.IOException;
import java.util.Optional;

/** Tells from what a VMM process left behind how it ended. */
final class KvmEnd {
    private KvmEnd() {}

    /** What the VMM itself left; empty when it left nothing, as one that was killed. */
    static Optional<MachineEnd> left(KvmFiles files) throws IOException {
        return VmmEnd.read(files.exit()).map(KvmEnd::of);
    }

    private static MachineEnd of(VmmEnd end) {
        return switch (end.cause()) {
            case GUEST_POWERED_OFF -> new MachineEnd.PoweredOff(end.message());
            case GUEST_REBOOTED -> new MachineEnd.Rebooted();
            case GUEST_PANICKED -> new MachineEnd.Panicked(end.message());
            case KILLED -> new MachineEnd.Failed("the VMM was told to end from outside: " + end.message());
            case VMM_FAILED -> new MachineEnd.Failed(end.message());
            case START_FAILED -> new MachineEnd.NeverRan(end.message());
            case HOST_FAILED -> new MachineEnd.HostFailed(end.message());
        };
    }

    /**
     * How it ended, in any case.
     *
     * @param status empty when the process was not this agent's child
     */
    static MachineEnd of(KvmFiles files, Optional<ExitStatus> status) {
        try {
            Optional<MachineEnd> left = left(files);
            if (left.isPresent()) {
                return left.get();
            }
        } catch (IOException e) {
            return new MachineEnd.Failed("the VMM ended, and how it ended cannot be read: " + e.getMessage());
        }
        String how = status.isPresent() ? status.get().toString()
                : "gone without an account of its end, so it was killed or crashed";
        String said = new RunLog(files.folder().vmmLog()).lastWords();
        return new MachineEnd.Failed("the VMM " + how + (said.isEmpty() ? "" : "; its last words: " + said));
    }
}
