package io.drover.vmm.selftest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.vmm.kvm.Kvm;
import io.drover.vmm.linux.SystemCallException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SelfTestTest {
    @Test
    void missingDeviceIsUnusableWithTheWayOut(@TempDir Path folder) {
        SelfTestResult result = SelfTest.run(folder.resolve("kvm"));
        assertThat(result).isInstanceOfSatisfying(SelfTestResult.Unusable.class,
                unusable -> assertThat(unusable.reason()).contains("ENOENT").contains("kvm_intel or kvm_amd"));
    }

    @Test
    void fileThatIsNoKvmIsUnusable(@TempDir Path folder) throws Exception {
        SelfTestResult result = SelfTest.run(Files.createFile(folder.resolve("kvm")));
        assertThat(result).isInstanceOfSatisfying(SelfTestResult.Unusable.class,
                unusable -> assertThat(unusable.reason()).contains("KVM_GET_API_VERSION"));
    }

    @Test
    void figureDecidesAndIsTheReason() throws Exception {
        try (Kvm kvm = open()) {
            List<Check> slowEnough = new ArrayList<>();
            OptionalLong speed = SpeedGuest.measure(kvm, 1, slowEnough);
            assertThat(speed.orElseThrow()).isPositive();
            assertThat(slowEnough).allMatch(Check::passed).extracting(Check::name).containsExactly("64-bit guest",
                    "guest speed");

            List<Check> tooSlow = new ArrayList<>();
            assertThat(SpeedGuest.measure(kvm, Long.MAX_VALUE, tooSlow)).isPresent();
            assertThat(tooSlow).filteredOn(check -> !check.passed()).singleElement().satisfies(
                    check -> assertThat(check.detail()).contains("million instructions per second (expected:"));
        }
    }

    @Test
    void resultNamesEveryThingThatWasLookedAt() {
        assumeTrue(Files.isReadable(Kvm.DEVICE), "needs a /dev/kvm");
        SelfTestResult result = SelfTest.run();
        assertThat(result.checks()).extracting(Check::name).startsWith("/dev/kvm", "KVM API version").contains(
                "KVM_CAP_IRQCHIP", "KVM_CAP_IMMEDIATE_EXIT", "guest speed");
    }

    private static Kvm open() {
        try {
            return Kvm.open(Kvm.DEVICE);
        } catch (SystemCallException e) {
            return abort("needs a /dev/kvm: " + e.getMessage());
        }
    }
}
