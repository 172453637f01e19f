package io.drover.vmm.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.disk.qcow2.Qcow2Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DiskImagesTest {
    @TempDir
    Path temp;

    private static VmmDisk.File raw(Path file) {
        return new VmmDisk.File(file, VmmDisk.Format.RAW);
    }

    private static VmmDisk.File qcow2(Path file) {
        return new VmmDisk.File(file, VmmDisk.Format.QCOW2);
    }

    @Test
    void emptyImageHasTheSizeAsked() throws Exception {
        Path image = temp.resolve("empty.qcow2");
        DiskImages.create(image, 20L << 30, Optional.empty());

        assertThat(DiskImages.size(qcow2(image))).isEqualTo(20L << 30);
        assertThat(Files.size(image)).as("space comes with what is written").isLessThan(1 << 20);
        assertThatThrownBy(() -> DiskImages.create(image, 1 << 20, Optional.empty())).isInstanceOf(IOException.class);
    }

    @Test
    void cloneIsLargerThanItsImageAndOpensOnIt() throws Exception {
        Path base = Files.write(temp.resolve("base"), new byte[1 << 20]);
        Path clone = temp.resolve("clone.qcow2");
        DiskImages.create(clone, 4 << 20, Optional.of(raw(base)));

        try (Disk disk = Qcow2Disk.open(LinuxFile.open(clone, true),
                Optional.of(RawDisk.open(LinuxFile.open(base, true), true)), true, 1 << 16)) {
            assertThat(disk.size()).isEqualTo(4 << 20);
        }
    }

    @Test
    void imageThatLiesOnAnotherOrIsNoneIsRefused() throws Exception {
        Path base = Files.write(temp.resolve("base"), new byte[1 << 20]);
        Path clone = temp.resolve("clone.qcow2");
        DiskImages.create(clone, 1 << 20, Optional.of(raw(base)));

        assertThatThrownBy(() -> DiskImages.size(qcow2(clone))).isInstanceOf(UnusableImageException.class)
                .hasMessageContaining("backing file");
        assertThatThrownBy(() -> DiskImages.size(qcow2(base))).isInstanceOf(UnusableImageException.class);
        Path odd = Files.write(temp.resolve("odd"), new byte[513]);
        assertThatThrownBy(() -> DiskImages.size(raw(odd))).isInstanceOf(UnusableImageException.class)
                .hasMessageContaining("513");
        assertThatThrownBy(() -> DiskImages.size(raw(temp.resolve("none")))).isInstanceOf(IOException.class)
                .isNotInstanceOf(UnusableImageException.class);
    }
}
