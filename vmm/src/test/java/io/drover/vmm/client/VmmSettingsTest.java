package io.drover.vmm.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.drover.proto.vmm.v1.DiskConfig;
import io.drover.proto.vmm.v1.VmmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmmSettingsTest {
    @TempDir
    private Path folder;

    private VmmSettings settings() {
        return new VmmSettings("vm", "uid", 3, 2, 4096, Path.of("/kernel"), Optional.of(Path.of("/initramfs")), "quiet",
                Path.of("/control"), Path.of("/console"), 7, Path.of("/exit"), true);
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        VmmSettings settings = settings().withDevices(List.of(VmmDisk.raw(Path.of("/disk"), "one"),
                new VmmDisk(new VmmDisk.File(Path.of("/image"), VmmDisk.Format.QCOW2),
                        List.of(new VmmDisk.File(Path.of("/base"), VmmDisk.Format.RAW)), true, "",
                        VmmDisk.Cache.WRITE_THROUGH, 3)),
                true);
        Path file = folder.resolve("vmm.pb");
        settings.write(file);
        assertThat(VmmSettings.read(file)).isEqualTo(settings);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(2);
    }

    @Test
    void olderVmmUnderstandsSettingsWithoutDevices() throws IOException {
        Path file = folder.resolve("vmm.pb");
        settings().write(file);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(1);
        assertThat(VmmSettings.read(file)).isEqualTo(settings());
    }

    @Test
    void formatOfADiskIsNeverGuessed() throws IOException {
        Path file = folder.resolve("vmm.pb");
        Files.write(file, VmmConfig.newBuilder().setFormat(2).addDisks(DiskConfig.getDefaultInstance()).build()
                .toByteArray());
        assertThatIOException().isThrownBy(() -> VmmSettings.read(file)).withMessageContaining("RAW or QCOW2");
    }

    @Test
    void newerFormatIsRefused() throws IOException {
        Path file = folder.resolve("vmm.pb");
        Files.write(file, VmmConfig.newBuilder().setFormat(3).build().toByteArray());
        assertThatIOException().isThrownBy(() -> VmmSettings.read(file)).withMessageContaining("expected: 1 to 2");
    }
}
