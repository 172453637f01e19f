package io.drover.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.AfterFailureMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever a kernel file holds, loading it ends in a state or in a BootException, and stays inside the guest. */
class BootLoaderFuzzTest {
    private static final int GUARD_BYTES = 1 << 16;
    private static final int MEMORY_BYTES = 4 << 20;
    private static final byte[][] KERNELS = {TinyGuest.withBanner("x").elf(), TinyGuest.withBanner("x").bzImage(),
            KernelFiles.bzImage(5000)};

    private static Path file;

    private final MemorySegment all = Arena.ofAuto().allocate(GUARD_BYTES + MEMORY_BYTES + GUARD_BYTES);
    private final GuestMemory memory = GuestMemory.of(all.asSlice(GUARD_BYTES, MEMORY_BYTES));

    @BeforeContainer
    static void createFile() throws IOException {
        file = Files.createTempFile("kernel", "");
    }

    @AfterContainer
    static void deleteFile() throws IOException {
        Files.delete(file);
    }

    @Property(tries = 800, afterFailure = AfterFailureMode.SAMPLE_ONLY)
    void mutatedKernelsHurtNobody(@ForAll @IntRange(min = 0, max = 2) int which,
            @ForAll @IntRange(min = 1, max = 6) int mutations, @ForAll long seed) throws IOException {
        Random random = new Random(seed);
        byte[] kernel = KERNELS[which].clone();
        for (int i = 0; i < mutations; i++) {
            // The headers are where it hurts most.
            int range = random.nextBoolean() ? 0x2A0 : kernel.length;
            kernel[random.nextInt(range)] = (byte) (random.nextBoolean() ? 0xFF : random.nextInt(256));
        }
        if (random.nextInt(4) == 0) {
            kernel = Arrays.copyOf(kernel, random.nextInt(kernel.length));
        }
        Files.write(file, kernel);
        try {
            EntryState entry = BootLoader.load(memory, new BootSource(file, Optional.empty(), "quiet"), 0xE_0000);
            assertThat(memory.contains(entry.rip(), 1)).isTrue();
        } catch (BootException e) {
            assertThat(e.getMessage()).contains(" : ").contains("expected");
        }
        assertUntouched(0);
        assertUntouched(GUARD_BYTES + MEMORY_BYTES);
    }

    private void assertUntouched(long from) {
        for (long at = from; at < from + GUARD_BYTES; at += 8) {
            assertThat(all.get(ValueLayout.JAVA_LONG, at)).isZero();
        }
    }
}
