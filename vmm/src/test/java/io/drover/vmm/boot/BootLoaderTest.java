package io.drover.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BootLoaderTest {
    private static final long RSDP = 0xE_0000;
    private static final long MEMORY_BYTES = 8 << 20;
    private static final byte[] ELF = TinyGuest.withBanner("hello").elf();
    /** The code of {@link #ELF} as it must lie in memory. */
    private static final byte[] ELF_CODE = Arrays.copyOfRange(ELF, 0x1000, ELF.length);
    private static final byte[] CPIO = KernelFiles.cpio("init", new byte[5000]);

    @TempDir
    private Path folder;

    private final GuestMemory memory = GuestMemory.of(Arena.ofAuto().allocate(MEMORY_BYTES));

    @Test
    void elfIsEnteredByPvhIn32BitMode() throws Exception {
        EntryState entry = load(ELF, Optional.of(CPIO), "console=ttyS0");

        assertThat(bytesAt(0x10_0000, ELF_CODE.length)).isEqualTo(ELF_CODE);
        assertThat(entry.rip()).isEqualTo(0x10_0000);
        assertThat(entry.cr0()).isEqualTo(0x11);
        assertThat(entry.efer()).isZero();
        assertThat(entry.code().wide()).isTrue();
        assertThat(entry.code().longMode()).isFalse();

        long info = entry.rbx();
        assertThat(memory.read32(info)).isEqualTo(0x336E_C578);
        assertThat(memory.read32(info + 4)).isEqualTo(1);
        assertThat(memory.read32(info + 12)).isEqualTo(1);
        long module = memory.read64(info + 16);
        assertThat(bytesAt(memory.read64(module), CPIO.length)).isEqualTo(CPIO);
        assertThat(memory.read64(module + 8)).isEqualTo(CPIO.length);
        assertThat(textAt(memory.read64(info + 24))).isEqualTo("console=ttyS0");
        assertThat(memory.read64(info + 32)).isEqualTo(RSDP);
        long map = memory.read64(info + 40);
        assertThat(memory.read32(info + 48)).isEqualTo(4);
        assertThat(memory.read64(map + 2 * 24)).isEqualTo(0x10_0000);
        assertThat(memory.read64(map + 2 * 24 + 8)).isEqualTo(MEMORY_BYTES - 0x10_0000);
        assertThat(memory.read32(map + 2 * 24 + 16)).isEqualTo(MemoryMap.USABLE);
    }

    private void assertLinux64(EntryState entry) throws GuestAddressException {
        assertThat(entry.cr0()).isEqualTo(0x8000_0011L);
        assertThat(entry.cr4()).isEqualTo(0x20);
        assertThat(entry.efer()).isEqualTo(0x500);
        assertThat(entry.code().longMode()).isTrue();
        assertThat(entry.code().wide()).isFalse();
        long zeroPage = entry.rsi();
        assertThat(memory.read32(zeroPage + 0x202)).isEqualTo(0x5372_6448);
        assertThat(memory.read8(zeroPage + 0x210)).isEqualTo(0xFF);
        assertThat(memory.read64(zeroPage + 0x70)).isEqualTo(RSDP);
        assertThat(textAt(memory.read32(zeroPage + 0x228))).isEqualTo("quiet");
        assertThat(memory.read8(zeroPage + 0x1E8)).isEqualTo(4);
        assertThat(memory.read64(zeroPage + 0x2D0)).isZero();
        assertThat(memory.read64(zeroPage + 0x2D8)).isEqualTo(0x9_FC00);
        for (long address : new long[] {0, 0x1F_FFFF, 0x10_0000, 0x4000_0123L, 0xFFFF_FFFFL}) {
            assertThat(translated(entry.cr3(), address)).isEqualTo(address);
        }
    }

    /** A walk of four-level tables down to a 2 MiB page. */
    private long translated(long tables, long address) throws GuestAddressException {
        long level3 = memory.read64(tables + 8 * (address >>> 39)) & ~0xFFFL;
        long level2 = memory.read64(level3 + 8 * (address >>> 30 & 511)) & ~0xFFFL;
        long page = memory.read64(level2 + 8 * (address >>> 21 & 511));
        assertThat(page & 0x83).isEqualTo(0x83);
        return (page & ~0x1F_FFFFL) | (address & 0x1F_FFFF);
    }

    @Test
    void bzImageIsEnteredIn64BitModeAndUnpacksItself() throws Exception {
        byte[] file = KernelFiles.bzImage(5000);

        EntryState entry = load(file, Optional.of(CPIO), "quiet");

        assertThat(entry.rip()).isEqualTo(0x10_0200);
        assertLinux64(entry);
        assertThat(bytesAt(0x10_0000, file.length - 1024)).isEqualTo(Arrays.copyOfRange(file, 1024, file.length));
        assertThat(memory.read32(entry.rsi() + 0x218)).isEqualTo((int) (MEMORY_BYTES - 8192));
        assertThat(memory.read32(entry.rsi() + 0x21C)).isEqualTo(CPIO.length);
        assertThat(bytesAt(MEMORY_BYTES - 8192, CPIO.length)).isEqualTo(CPIO);
    }

    @Test
    void tinyBzImageIsEnteredAtItsCode() throws Exception {
        EntryState entry = load(TinyGuest.withBanner("hello").bzImage(), Optional.empty(), "quiet");
        assertThat(memory.read8(entry.rip())).as("cli").isEqualTo(0xFA);
        assertLinux64(entry);
    }

    @Test
    void gdtHoldsTheSegmentsThatTheVcpuStartsWith() throws Exception {
        EntryState entry = load(ELF, Optional.empty(), "");
        assertThat(memory.read64(entry.gdtBase() + entry.code().selector())).isEqualTo(0x00CF_9B00_0000_FFFFL);
        assertThat(memory.read64(entry.gdtBase() + entry.data().selector())).isEqualTo(0x00CF_9300_0000_FFFFL);
        assertThat(memory.read64(entry.gdtBase() + entry.task().selector())).isEqualTo(0x0000_8B00_0000_0067L);
        assertThat(entry.gdtLimit()).isEqualTo(0x2F);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"boot flag|2|0x1FE|0x1234|boot flag : 0x1234 (expected: 0xaa55)",
            "protocol|2|0x206|0x20B|boot protocol 2.11 (expected: 2.12 or later",
            "zImage|1|0x211|0|a zImage, which is loaded below 1 MiB (expected: a bzImage)",
            "32-bit|2|0x236|0|a 32-bit kernel: it has no 64-bit entry (expected: an x86-64 kernel)",
            "header end|1|0x201|0x10|setup header ends at 0x212", "size|4|0x1F4|0|size of the protected-mode part : 0",
            "cut off|4|0x1F4|0x10000|(expected: 1049600, as its header says: copy it again)",
            "alignment|4|0x230|0x300|kernel alignment : 0x300",
            "address|4|0x258|0x1000|preferred address : 0x1000", "init size|4|0x260|0|memory needed to start : 0",
            "memory|4|0x260|0x7000000|needs memory up to 0x7200000 to start (expected: at most 0x800000, where memory ends"})
    void headerFieldsOutOfRangeAreRefused(String what, int bytes, String offset, String value, String message) {
        byte[] file = KernelFiles.bzImage(5000);
        ByteBuffer edit = KernelFiles.edit(file);
        for (int i = 0; i < bytes; i++) {
            edit.put(Integer.decode(offset) + i, (byte) (Integer.decode(value) >> (8 * i)));
        }
        assertRefused(file, message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"32-bit|4|1|ELF class 1, machine 62 (expected: a 64-bit kernel for x86-64)",
            "machine|18|40|ELF class 2, machine 40", "entry size|54|32|2 program headers of 32 bytes",
            "table|33|0x40|program headers of 56 bytes at 0x4040 (expected: of 56 bytes, within the first 4096)",
            "count|57|0xFF|65282 program headers", "no loads|64|9|nothing to load",
            "below 1 MiB|90|0|for 0x0 (expected: between 1 MiB and 0x800000, where memory ends",
            "above memory|91|1|for 0x1100000 (expected: between 1 MiB and 0x800000, where memory ends",
            "huge|111|0x70|(expected: between 1 MiB", "negative|111|0xFF|(expected: between 1 MiB",
            "more in file than in memory|103|0x10|(expected: not more than that)", "note|120|9|without a PVH entry",
            "no such note|184|0|without a PVH entry", "huge notes|154|1|notes of 65560 bytes (expected: at most 65536)",
            "endless note|179|0xFF|without a PVH entry", "entry elsewhere|194|1|PVH entry 0x"})
    void hostileElfIsRefused(String what, int offset, String value, String message) {
        byte[] file = ELF.clone();
        file[offset] = Integer.decode(value).byteValue();
        assertRefused(file, message);
    }

    @Test
    void overlappingSegmentsAreRefused() {
        byte[] file = ELF.clone();
        System.arraycopy(file, 64, file, 64 + 56, 56);
        assertRefused(file, "segments overlap at 0x100000");
    }

    @Test
    void everyCutOfAnElfIsNoticed() {
        for (int length = 4; length < ELF.length; length += 37) {
            assertRefused(Arrays.copyOf(ELF, length), "");
        }
        assertRefused(Arrays.copyOf(ELF, ELF.length - 1), "copy it again");
    }

    @Test
    void filesThatAreNoKernelAreRefused() {
        assertRefused(new byte[0], "is empty (expected: a bzImage, or an ELF kernel with a PVH entry)");
        assertRefused(new byte[] {1}, "not a kernel that we know");
        assertRefused(new byte[100_000], "not a kernel that we know");
        assertRefused("#!/bin/sh\n".getBytes(StandardCharsets.US_ASCII), "not a kernel that we know");
    }

    @Test
    void filesThatCannotBeReadAreNamed() {
        Path missing = folder.resolve("missing");
        assertThatExceptionOfType(BootException.class)
                .isThrownBy(() -> BootLoader.load(memory, new BootSource(missing, Optional.empty(), ""), RSDP))
                .withMessage("kernel " + missing + " : cannot be read: no such file (expected: a readable file)");
        assertThatExceptionOfType(BootException.class)
                .isThrownBy(() -> BootLoader.load(memory, new BootSource(folder, Optional.empty(), ""), RSDP))
                .withMessage("kernel " + folder + " : cannot be read: Is a directory (expected: a readable file)");
        assertThatExceptionOfType(BootException.class).isThrownBy(() -> {
            Path kernel = Files.write(folder.resolve("kernel"), ELF);
            BootLoader.load(memory, new BootSource(kernel, Optional.of(missing), ""), RSDP);
        }).withMessage("initramfs " + missing + " : cannot be read: no such file (expected: a readable file)");
    }

    @Test
    void initramfsThatDoesNotFitIsRefused() {
        byte[] big = KernelFiles.cpio("big", new byte[7 << 20]);
        assertThatExceptionOfType(BootException.class).isThrownBy(() -> load(ELF, Optional.of(big), ""))
                .withMessageContaining("initramfs " + folder).withMessageContaining(big.length + " bytes do not fit")
                .withMessageContaining("give the machine more memory");
    }

    @Test
    void initramfsStaysBelowTheLimitOfTheKernel() throws Exception {
        byte[] file = KernelFiles.bzImage(5000);
        KernelFiles.edit(file).putInt(0x22C, 0x3F_FFFF);
        EntryState entry = load(file, Optional.of(CPIO), "");
        assertThat(memory.read32(entry.rsi() + 0x218)).isEqualTo(0x40_0000 - 8192);
    }

    @Test
    void truncatedOrEmptyInitramfsIsRefused() {
        byte[] cut = Arrays.copyOf(CPIO, CPIO.length - 1000);
        assertThatExceptionOfType(BootException.class).isThrownBy(() -> load(ELF, Optional.of(cut), ""))
                .withMessage("initramfs " + folder.resolve("initramfs")
                        + " : is cut off: its cpio archive goes on behind byte "
                        + cut.length + " (expected: a whole file: copy it again)");
        assertThatExceptionOfType(BootException.class).isThrownBy(() -> load(ELF, Optional.of(new byte[0]), ""))
                .withMessageContaining("is empty");
    }

    @Test
    void commandLineHasTheKernelsOwnLimit() throws Exception {
        byte[] file = KernelFiles.bzImage(5000);
        KernelFiles.edit(file).putInt(0x238, 100);
        load(file, Optional.empty(), "x".repeat(100));
        assertThatExceptionOfType(BootException.class).isThrownBy(() -> load(file, Optional.empty(), "x".repeat(101)))
                .withMessage(
                        "command line : 101 bytes (expected: at most 100, which is what " + folder.resolve("kernel")
                                + " takes)");
        load(ELF, Optional.empty(), "x".repeat(2047));
        assertThatExceptionOfType(BootException.class)
                .isThrownBy(() -> load(ELF, Optional.empty(), "x".repeat(2046) + "é"))
                .withMessageContaining("command line : 2048 bytes (expected: at most 2047");
        assertThatExceptionOfType(BootException.class).isThrownBy(() -> load(ELF, Optional.empty(), "a\0b"))
                .withMessage("command line : a NUL at character 1 (expected: none)");
    }

    @Test
    void tooLittleMemoryIsRefused() {
        GuestMemory small = GuestMemory.of(Arena.ofAuto().allocate(1 << 20));
        assertThatExceptionOfType(BootException.class).isThrownBy(() -> {
            Path kernel = Files.write(folder.resolve("kernel"), ELF);
            BootLoader.load(small, new BootSource(kernel, Optional.empty(), ""), RSDP);
        }).withMessage("memory : 1048576 bytes (expected: at least 2097152)");
    }

    @Test
    void memoryMapLeavesTheHoleOut() {
        GuestMemory large = GuestMemory.of(java.lang.foreign.MemorySegment.ofAddress(0x1000).reinterpret(5L << 30));
        assertThat(MemoryMap.of(large)).containsExactly(new MemoryMap.Entry(0, 0x9_FC00, 1),
                new MemoryMap.Entry(0x9_FC00, 0x6_0400, 2), new MemoryMap.Entry(0x10_0000, (3L << 30) - 0x10_0000, 1),
                new MemoryMap.Entry(0xFEC0_0000L, 0x140_0000, 2), new MemoryMap.Entry(4L << 30, 2L << 30, 1));
    }

    private EntryState load(byte[] kernel, Optional<byte[]> initramfs, String commandLine)
            throws BootException, IOException {
        Path kernelPath = Files.write(folder.resolve("kernel"), kernel);
        Optional<Path> initramfsPath = Optional.empty();
        if (initramfs.isPresent()) {
            initramfsPath = Optional.of(Files.write(folder.resolve("initramfs"), initramfs.get()));
        }
        return BootLoader.load(memory, new BootSource(kernelPath, initramfsPath, commandLine), RSDP);
    }

    private void assertRefused(byte[] kernel, String message) {
        Consumer<BootException> namesTheFile = e -> assertThat(e)
                .hasMessageContaining(folder.resolve("kernel").toString());
        assertThatExceptionOfType(BootException.class).isThrownBy(() -> load(kernel, Optional.empty(), ""))
                .withMessageContaining(message).satisfies(namesTheFile);
    }

    private byte[] bytesAt(long address, int length) throws GuestAddressException {
        byte[] bytes = new byte[length];
        memory.copyOut(address, bytes);
        return bytes;
    }

    private String textAt(long address) throws GuestAddressException {
        byte[] bytes = bytesAt(address, 2048);
        int end = 0;
        while (bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }
}
