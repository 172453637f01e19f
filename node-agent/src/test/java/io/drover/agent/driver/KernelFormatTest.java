package io.drover.agent.driver;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.testing.TinyGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KernelFormatTest {
    @TempDir
    Path temp;

    private final byte[] elf = TinyGuest.withBanner("x").elf();
    private final byte[] bzImage = TinyGuest.withBanner("x").bzImage();

    private void check(byte[] kernel) throws Exception {
        KernelFormat.check(Files.write(temp.resolve("kernel"), kernel));
    }

    @Test
    void bzImageAndElfWithAPvhNoteAreKernels() {
        assertThatCode(() -> check(elf)).doesNotThrowAnyException();
        assertThatCode(() -> check(bzImage)).doesNotThrowAnyException();
    }

    @Test
    void everyShorterFileIsRefused() {
        for (int length = 0; length < elf.length; length += 61) {
            byte[] cut = Arrays.copyOf(elf, length);
            assertThatThrownBy(() -> check(cut)).isInstanceOf(UnbootableException.class);
        }
        for (int length = 0; length < bzImage.length; length += 61) {
            byte[] cut = Arrays.copyOf(bzImage, length);
            assertThatThrownBy(() -> check(cut)).isInstanceOf(UnbootableException.class);
        }
    }

    /** Whatever a file holds, the answer is yes, or no with a reason. */
    @Property(tries = 300)
    void damagedHeadersNeverThrowAnythingElse(@ForAll long seed) throws Exception {
        Random random = new Random(seed);
        byte[] damaged = (random.nextBoolean() ? elf : bzImage).clone();
        for (int i = 0; i < 4; i++) {
            damaged[random.nextInt(0x260)] = (byte) random.nextInt();
        }
        Path file = Files.createTempFile("kernel", "");
        try {
            KernelFormat.check(Files.write(file, damaged));
        } catch (UnbootableException expected) {
            // The other permitted answer.
        } finally {
            Files.delete(file);
        }
    }
}
