package io.drover.agent.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.confinement.Confinement;
import io.drover.agent.confinement.ConfinementChoice;
import io.drover.agent.confinement.Confinements;
import io.drover.agent.driver.kvm.KvmDriver;
import io.drover.agent.driver.kvm.VmmProgram;
import io.drover.agent.folder.FolderWatch;
import io.drover.vmm.selftest.Check;
import io.drover.vmm.selftest.SelfTestResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** On any /dev/kvm that opens, also one that only emulates: a tiny guest has time. With the confinement that an agent finds. */
class KvmDriverTest extends DriverSuite {
    @Override
    final Driver driver(FolderWatch watches) throws Exception {
        Path device = Path.of("/dev/kvm");
        assumeTrue(Files.isReadable(device) && Files.isWritable(device), "no /dev/kvm that this user may open");
        VmmProgram program = VmmProgram.installed();
        Path data = Files.createDirectory(temp.toRealPath().resolve("data"));
        Confinement confinement = confinement(new Confinements(data, program.files(), List.of()));
        return new KvmDriver(program, confinement, new DriverStatus.Usable("opens"));
    }

    /** An assumption fails, saying what is missing, where it does not work. */
    Confinement confinement(Confinements confinements) throws Exception {
        return confinements.find(ConfinementChoice.AUTO);
    }

    @Test
    void kvmThatFailsTheSelfTestIsUnusableForTheSameReason() {
        DriverStatus status = KvmDriver
                .status(new SelfTestResult.Unusable(
                        List.of(new Check("speed", false, "1.5 million instructions a second"))));

        assertThat(status).isEqualTo(new DriverStatus.Unusable("speed: 1.5 million instructions a second"));
    }
}
