package io.drover.vmm.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.drover.vmm.interrupt.RecordedLine;
import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class GenerationIdDeviceTest {
    private static final UUID FIRST = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final UUID SECOND = UUID.fromString("fedcba98-7654-3210-0123-456789abcdef");

    private final GuestMemory memory = GuestMemory.of(Arena.ofAuto().allocate(2 << 20, 4096));
    private final RecordedLine line = new RecordedLine();

    private String inMemory() throws GuestAddressException {
        byte[] bytes = new byte[16];
        memory.copyOut(GenerationIdDevice.ADDRESS, bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void idIsThereBeforeTheGuestRunsAndNobodyIsTold() throws GuestAddressException {
        GenerationIdDevice device = new GenerationIdDevice(memory, line, FIRST);
        assertThat(inMemory()).isEqualTo("33221100554477668899aabbccddeeff");
        assertThat(line.edges()).isZero();
        device.change(SECOND);
        assertThat(inMemory()).isEqualTo("98badcfe547610320123456789abcdef");
        assertThat(line.edges()).isEqualTo(1);
        assertThat(line.asserted()).as("ready for the next edge").isFalse();
        device.change(FIRST);
        assertThat(line.edges()).isEqualTo(2);
    }

    @Test
    void liesWhereNoTableAndNoOtherDeviceDoes() {
        assertThat(GenerationIdDevice.ADDRESS % 4096).isZero();
        assertThat(GenerationIdDevice.ADDRESS).isBetween(0xE_0000L, 0xF_F000L);
    }

    @Test
    void machineWithoutThatMemoryIsRefused() {
        GuestMemory small = GuestMemory.of(Arena.ofAuto().allocate(0xF_0000, 4096));
        assertThatExceptionOfType(GuestAddressException.class)
                .isThrownBy(() -> new GenerationIdDevice(small, line, FIRST));
    }
}
