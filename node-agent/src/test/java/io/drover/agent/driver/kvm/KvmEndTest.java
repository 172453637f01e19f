package io.drover.agent.driver.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.agent.driver.MachineEnd;
import io.drover.agent.folder.VmFolder;
import io.drover.proto.vmm.v1.VmmExit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the account of a VMM means. */
final class KvmEndTest {
    @TempDir
    private Path folder;

    private MachineEnd end(VmmExit.Cause cause, String message) throws Exception {
        VmFolder vm = new VmFolder(folder);
        vm.create();
        KvmFiles files = new KvmFiles(vm);
        Files.write(files.exit(), VmmExit.newBuilder().setCause(cause).setMessage(message).build().toByteArray());
        return KvmEnd.of(files, Optional.empty());
    }

    @Test
    void startThatFailedIsThePlansFaultOnlyIfTheVmmSaysSo() throws Exception {
        assertThat(end(VmmExit.Cause.START_FAILED, "cut off")).isEqualTo(new MachineEnd.NeverRan("cut off"));
        assertThat(end(VmmExit.Cause.HOST_FAILED, "ENOMEM")).isEqualTo(new MachineEnd.HostFailed("ENOMEM"));
    }
}
