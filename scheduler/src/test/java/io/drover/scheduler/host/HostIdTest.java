package io.drover.scheduler.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

final class HostIdTest {
    @Test
    void namesAsInDnsAreTaken() {
        for (String name : List.of("h", "h1", "rack-2-host-10", "a".repeat(63))) {
            assertThat(new HostId(name)).hasToString(name);
        }
    }

    @Test
    void otherNamesAreRefused() {
        for (String name : List.of("", "1h", "-h", "h-", "H1", "h.1", "h_1", "hö", "a".repeat(64))) {
            assertThatIllegalArgumentException().isThrownBy(() -> new HostId(name))
                    .withMessageContaining("host name : " + name);
        }
    }

    @Test
    void driversAreKnownByTheirIds() {
        assertThat(Driver.ofId("kvm")).contains(Driver.KVM);
        assertThat(Driver.ofId("qemu")).contains(Driver.QEMU);
        assertThat(Driver.ofId("xen")).isEmpty();
        assertThat(Driver.BY_PREFERENCE).containsExactly(Driver.KVM, Driver.QEMU);
    }
}
