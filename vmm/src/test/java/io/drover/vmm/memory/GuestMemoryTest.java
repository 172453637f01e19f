package io.drover.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestMemoryTest {
    private static final long LOW_BYTES = 4 * GuestMemory.PAGE_BYTES;
    private static final long HIGH_BYTES = 2 * GuestMemory.PAGE_BYTES;
    private static final long HIGH_END = GuestMemory.HIGH_RAM_BASE + HIGH_BYTES;

    private final Arena arena = Arena.ofAuto();
    private final GuestMemory memory = GuestMemory.split(arena.allocate(LOW_BYTES + HIGH_BYTES), LOW_BYTES);

    @Test
    void ramAboveTheLimitGoesOnAtFourGibibytes() {
        // Only reserved, never touched: 5 GiB of address space.
        MemorySegment ram = MemorySegment.ofAddress(0x1000).reinterpret(5L << 30);

        List<MemoryRegion> regions = GuestMemory.of(ram).regions();

        assertThat(regions).extracting(MemoryRegion::address).containsExactly(0L, 4L << 30);
        assertThat(regions).extracting(MemoryRegion::length).containsExactly(3L << 30, 2L << 30);
        assertThat(regions.get(1).segment().address()).isEqualTo(0x1000 + (3L << 30));
    }

    @Test
    void ramThatFitsBelowTheHoleIsOneRegion() {
        GuestMemory small = GuestMemory.of(arena.allocate(LOW_BYTES));

        assertThat(small.regions()).hasSize(1);
        assertThat(small.size()).isEqualTo(LOW_BYTES);
        assertThat(small.contains(GuestMemory.HIGH_RAM_BASE, 0)).isFalse();
    }

    @Test
    void sizesThatAreNotWholePagesAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> GuestMemory.of(arena.allocate(4097)))
                .withMessageContaining("4097");
        assertThatIllegalArgumentException().isThrownBy(() -> GuestMemory.of(MemorySegment.NULL));
    }

    @Test
    void numbersAreLittleEndianAndMayBeUnaligned() throws GuestAddressException {
        memory.write64(3, 0x8877_6655_4433_2211L);

        assertThat(memory.read8(3)).isEqualTo(0x11);
        assertThat(memory.read16(4)).isEqualTo(0x3322);
        assertThat(memory.read32(7)).isEqualTo(0x8877_6655);
        assertThat(memory.read64(3)).isEqualTo(0x8877_6655_4433_2211L);

        memory.write8(HIGH_END - 1, 0xFFF0);
        memory.write16(HIGH_END - 4, 0xFABCD);
        memory.write32(HIGH_END - 8, -2);
        assertThat(memory.read8(HIGH_END - 1)).isEqualTo(0xF0);
        assertThat(memory.read16(HIGH_END - 4)).isEqualTo(0xABCD);
        assertThat(memory.read32(HIGH_END - 8)).isEqualTo(-2);
    }

    @Test
    void rangesAcrossTheHoleAreRefusedAndChangeNothing() throws GuestAddressException {
        assertThatExceptionOfType(GuestAddressException.class)
                .isThrownBy(() -> memory.write64(LOW_BYTES - 4, -1L))
                .withMessage("guest memory : 8 bytes at 0x3ffc (expected: a range within one region of RAM)")
                .satisfies(e -> assertThat(e.address()).isEqualTo(LOW_BYTES - 4))
                .satisfies(e -> assertThat(e.length()).isEqualTo(8));
        assertThat(memory.read32(LOW_BYTES - 4)).isZero();
    }

    @Test
    void bytesAndSegmentsAreCopiedBothWays() throws GuestAddressException {
        byte[] source = {1, 2, 3, 4, 5};
        memory.copyIn(GuestMemory.HIGH_RAM_BASE, source);
        memory.copyIn(10, memory.slice(GuestMemory.HIGH_RAM_BASE, 5));
        byte[] target = new byte[5];
        memory.copyOut(10, target);
        assertThat(target).isEqualTo(source);

        memory.fill(10, 3, (byte) 9);
        MemorySegment part = MemorySegment.ofArray(new byte[5]);
        memory.copyOut(10, part);
        assertThat(part.toArray(ValueLayout.JAVA_BYTE)).containsExactly(9, 9, 9, 4, 5);
    }

    @Test
    void filesAreReadStraightIn(@TempDir Path folder) throws IOException, GuestAddressException {
        Path path = Files.write(folder.resolve("file"), new byte[] {0, 0, 7, 8, 9});
        try (FileChannel file = FileChannel.open(path)) {
            memory.readFrom(file, 2, 100, 3);
            assertThat(memory.read32(100)).isEqualTo(0x09_08_07);
            assertThat(file.position()).isZero();

            assertThatExceptionOfType(EOFException.class).isThrownBy(() -> memory.readFrom(file, 2, 100, 4))
                    .withMessageContaining("ends after 5 bytes");
            assertThatExceptionOfType(GuestAddressException.class)
                    .isThrownBy(() -> memory.readFrom(file, 0, LOW_BYTES - 1, 2));
        }
    }

    @Property
    void aRangeIsMemoryExactlyWhenEveryByteOfItIs(@ForAll("addresses") long address, @ForAll("lengths") long length) {
        boolean inLow = length >= 0 && address >= 0 && length <= LOW_BYTES && address <= LOW_BYTES - length;
        boolean inHigh = length >= 0 && address >= GuestMemory.HIGH_RAM_BASE && length <= HIGH_BYTES
                && address <= HIGH_END - length;
        assertThat(memory.contains(address, length)).isEqualTo(inLow || inHigh);
        try {
            assertThat(memory.slice(address, length).byteSize()).isEqualTo(length);
            assertThat(inLow || inHigh).isTrue();
        } catch (GuestAddressException e) {
            assertThat(inLow || inHigh).isFalse();
            assertThat(e.address()).isEqualTo(address);
        }
    }

    @Provide
    Arbitrary<Long> addresses() {
        Arbitrary<Long> edge = Arbitraries.of(0L, LOW_BYTES, GuestMemory.HIGH_RAM_BASE, HIGH_END, Long.MAX_VALUE,
                Long.MIN_VALUE, -1L);
        return Arbitraries.oneOf(Arbitraries.longs(),
                edge.flatMap(e -> Arbitraries.longs().between(-9, 9).map(d -> e + d)));
    }

    @Provide
    Arbitrary<Long> lengths() {
        return Arbitraries.oneOf(Arbitraries.longs(), Arbitraries.longs().between(-1, LOW_BYTES + 1),
                Arbitraries.of(0L, 1L, 8L, Long.MAX_VALUE, Long.MIN_VALUE));
    }
}
