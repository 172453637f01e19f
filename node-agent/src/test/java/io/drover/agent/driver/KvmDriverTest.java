package io.drover.agent.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.driver.kvm.KvmDriver;
import io.drover.agent.driver.kvm.VmmProgram;
import io.drover.agent.folder.FolderWatch;
import io.drover.vmm.selftest.Check;
import io.drover.vmm.selftest.SelfTestResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** On any /dev/kvm that opens, also one that only emulates: a tiny guest has time. */
final class KvmDriverTest extends DriverSuite {
    @Override
    Driver driver(FolderWatch watches) {
        Path device = Path.of("/dev/kvm");
        assumeTrue(Files.isReadable(device) && Files.isWritable(device), "no /dev/kvm that this user may open");
        return new KvmDriver(VmmProgram.installed(), new DriverStatus.Usable("opens"));
    }

    @Test
    void kvmThatFailsTheSelfTestIsUnusableForTheSameReason() {
        DriverStatus status = KvmDriver
                .status(new SelfTestResult.Unusable(
                        List.of(new Check("speed", false, "1.5 million instructions a second"))));

        assertThat(status).isEqualTo(new DriverStatus.Unusable("speed: 1.5 million instructions a second"));
    }
}
