package io.drover.vmm.migration.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.client.VmmSendOptions;
import org.junit.jupiter.api.Test;

class ProtocolVersionTest {
    @Test
    void hostsSayWhichStreamTheirVmmsMustFind() {
        assertThat(VmmSendOptions.PROTOCOL).isEqualTo(Protocol.OLDEST);
    }
}
