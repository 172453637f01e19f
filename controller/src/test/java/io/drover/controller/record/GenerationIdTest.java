package io.drover.controller.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import org.junit.jupiter.api.Test;

class GenerationIdTest {
    @Test
    void sameVmHasTheSameForeverAndAnotherHasAnother() {
        String uid = "0b5c9d3e-7a7e-4a53-9b0e-1f6f0c2d4e5f";
        // Written down, as a guest that was started by an older controller must not see another.
        assertThat(GenerationId.of(uid).value()).hasToString("2d7cc92f-316b-a0cc-a872-1d93f0ed6c40");
        assertThat(GenerationId.of("0b5c9d3e-7a7e-4a53-9b0e-1f6f0c2d4e60")).isNotEqualTo(GenerationId.of(uid));
    }

    @Test
    void bytesAreInTheOrderInWhichItIsWritten() {
        assertThat(new GenerationId(UUID.fromString("00112233-4455-6677-8899-aabbccddeeff")).bytes()).inHexadecimal()
                .containsExactly(0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD,
                        0xEE, 0xFF);
    }
}
