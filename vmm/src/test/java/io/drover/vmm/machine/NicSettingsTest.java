package io.drover.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.drover.vmm.limit.IoRate;
import io.drover.vmm.net.MacAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class NicSettingsTest {
    private static final NetworkSettings USER = new NetworkSettings.User(Path.of("/folder/socket"), List.of());
    private static final NetworkSettings TAP = new NetworkSettings.Tap("tap0");

    private static NicSettings nic(String id, NetworkSettings network, int mtuBytes, int queuePairs) {
        return new NicSettings(id, MacAddress.of("52:54:00:00:00:01"), network, mtuBytes, queuePairs, FrameRate.ANY,
                FrameRate.ANY);
    }

    @Test
    void whatIsNotSaidSuitsTheNetwork() {
        assertThat(nic("a", USER, 0, 0).mtuBytes()).isEqualTo(65_520);
        assertThat(nic("a", TAP, 0, 0).mtuBytes()).isEqualTo(1500);
        assertThat(nic("a", TAP, 0, 0).queuePairs()).isEqualTo(1);
    }

    @Test
    void whatCannotBeIsRefusedByItsName() {
        assertThatIllegalArgumentException().isThrownBy(() -> nic("../a", USER, 0, 0)).withMessageContaining("../a");
        assertThatIllegalArgumentException().isThrownBy(() -> nic("a", USER, 67, 0)).withMessageContaining("67");
        assertThatIllegalArgumentException().isThrownBy(() -> nic("a", USER, 65_536, 0)).withMessageContaining("65536");
        assertThatIllegalArgumentException().isThrownBy(() -> nic("a", USER, 0, 2)).withMessageContaining("1 to 1");
        assertThatIllegalArgumentException().isThrownBy(() -> nic("a", TAP, 0, 5)).withMessageContaining("1 to 4");
        assertThatIllegalArgumentException().isThrownBy(() -> new FrameRate(-1, 0)).withMessageContaining("-1");
        assertThatIllegalArgumentException().isThrownBy(() -> new FrameRate(IoRate.MAX + 1, 0))
                .withMessageContaining("expected: 0 to " + IoRate.MAX);
    }
}
