package io.drover.vmm.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.DiskConfig;
import io.drover.proto.vmm.v1.NicConfig;
import io.drover.proto.vmm.v1.VmmConfig;
import io.drover.proto.vmm.v1.WatchdogConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
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
    void nicsAreReadAsTheyWereWritten() throws IOException {
        VmmSettings settings = settings().withNics(List.of(
                VmmNic.user("a", "52:54:00:00:00:01", List.of(
                        new VmmNic.Forward(VmmNic.Protocol.TCP, "127.0.0.1", 8080, 80),
                        new VmmNic.Forward(VmmNic.Protocol.UDP, "", 5353, 53))),
                new VmmNic("b", "52:54:00:00:00:02", new VmmNic.Network.Tap("tap0"), 9000, 4,
                        new VmmNic.Rate(1_000_000, 0), new VmmNic.Rate(0, 500))));
        Path file = folder.resolve("vmm.pb");
        settings.write(file);
        assertThat(VmmSettings.read(file)).isEqualTo(settings);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(2);
    }

    @Test
    void cpuModelIsReadAsItWasWrittenAndNotByAnOlderVmm() throws IOException {
        VmmSettings settings = settings().withCpuModel(new VmmCpuModel("rack", List.of(
                new VmmCpuidLeaf(0, 0, 0xD, 0x6874_7541, 0x444D_4163, 0x6974_6E65),
                new VmmCpuidLeaf(0x8000_0001, 0, 0, 0, -1, 1 << 29))));
        Path file = folder.resolve("vmm.pb");
        settings.write(file);
        assertThat(VmmSettings.read(file)).isEqualTo(settings);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(4);
    }

    @Test
    void needOfALeaseIsReadAsItWasWrittenAndNotByAnOlderVmm() throws IOException {
        VmmSettings settings = settings().withLeaseNeeded();
        Path file = folder.resolve("vmm.pb");
        settings.write(file);
        assertThat(VmmSettings.read(file)).isEqualTo(settings);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(8);
        VmmSettings saved = settings.withRestore(Path.of("/saved"));
        saved.write(file);
        assertThat(VmmSettings.read(file)).isEqualTo(saved);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(8);
        VmmSettings incoming = settings.withIncoming();
        incoming.write(file);
        assertThat(VmmSettings.read(file)).isEqualTo(incoming);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(9);
    }

    @Test
    void balloonIsReadAsItWasWrittenAndNotByAnOlderVmm() throws IOException {
        VmmSettings settings = settings().withBalloon(new VmmBalloon(true, false, Duration.ofSeconds(5), 8192));
        Path file = folder.resolve("vmm.pb");
        settings.write(file);
        assertThat(VmmSettings.read(file)).isEqualTo(settings);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(3);
    }

    @Test
    void socketAndConsoleDevicesAreReadAsTheyWereWritten() throws IOException {
        VmmSettings settings = settings().withVsock(new VmmVsock(Path.of("vsock"), 42))
                .withConsole(new VmmConsole(true, List.of(new VmmConsole.Port("agent.0", Path.of("agent")))));
        Path file = folder.resolve("vmm.pb");
        settings.write(file);
        assertThat(VmmSettings.read(file)).isEqualTo(settings);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(3);
    }

    @Test
    void watchdogIsReadAsItWasWritten() throws IOException {
        Path file = folder.resolve("vmm.pb");
        for (VmmWatchdog action : VmmWatchdog.values()) {
            VmmSettings settings = settings().withWatchdog(action);
            settings.write(file);
            assertThat(VmmSettings.read(file)).isEqualTo(settings);
            assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(3);
        }
        Files.write(file, VmmConfig.newBuilder().setFormat(3).setWatchdog(WatchdogConfig.getDefaultInstance()).build()
                .toByteArray());
        assertThatIOException().isThrownBy(() -> VmmSettings.read(file)).withMessageContaining("RESET, POWER_OFF");
    }

    @Test
    void generationIdIsReadAsItWasWrittenByAnOlderVmmToo() throws IOException {
        VmmSettings settings = settings()
                .withGenerationId(UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"));
        Path file = folder.resolve("vmm.pb");
        settings.write(file);
        assertThat(VmmSettings.read(file)).isEqualTo(settings);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(1);
        Files.write(file, VmmConfig.newBuilder().setFormat(1).setGenerationId(ByteString.copyFromUtf8("short")).build()
                .toByteArray());
        assertThatIOException().isThrownBy(() -> VmmSettings.read(file)).withMessageContaining("5 bytes");
    }

    @Test
    void nicWithoutANetworkIsRefused() throws IOException {
        Path file = folder.resolve("vmm.pb");
        Files.write(file, VmmConfig.newBuilder().setFormat(2).addNics(NicConfig.newBuilder().setId("n")).build()
                .toByteArray());
        assertThatIOException().isThrownBy(() -> VmmSettings.read(file)).withMessageContaining("nic n network : none");
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
        Files.write(file, VmmConfig.newBuilder().setFormat(VmmSettings.FORMAT + 1).build().toByteArray());
        assertThatIOException().isThrownBy(() -> VmmSettings.read(file))
                .withMessageContaining("expected: 1 to " + VmmSettings.FORMAT);
    }

    @Test
    void guestThatComesFromElsewhereNeedsAVmmThatKnowsHow() throws IOException {
        Path file = folder.resolve("vmm.pb");
        VmmSettings incoming = new VmmSettings("vm", "uid", 1, 2, 1 << 30, Path.of("/kernel"), Optional.empty(), "",
                Path.of("/control"), Path.of("/console"), 0, Path.of("/exit"), false).withIncoming();
        incoming.write(file);
        assertThat(VmmSettings.read(file)).isEqualTo(incoming);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(9);
    }

    @Test
    void shareOfTheHostIsRememberedAndNeedsAVmmThatKnowsIt() throws IOException {
        Path file = folder.resolve("vmm.pb");
        VmmSettings plain = new VmmSettings("vm", "uid", 1, 2, 1 << 30, Path.of("/kernel"), Optional.empty(), "",
                Path.of("/control"), Path.of("/console"), 0, Path.of("/exit"), false);
        plain.write(file);
        assertThat(VmmSettings.read(file).share()).isEqualTo(VmmShare.PLAIN);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(1);

        VmmShare share = new VmmShare(new VmmMemory(2 << 20, true, List.of(0, 3)), List.of(4, 5),
                List.of(new VmmCpuidEntry(7, 1, 1, -2, 3, 4, 5)));
        plain.withShare(share).write(file);
        assertThat(VmmSettings.read(file).share()).isEqualTo(share);
        assertThat(VmmConfig.parseFrom(Files.readAllBytes(file)).getFormat()).isEqualTo(6);
    }
}
