package io.drover.vmm.disk.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskBytes;
import io.drover.vmm.disk.ImageInUseException;
import io.drover.vmm.disk.qcow2.Qcow2Creation;
import io.drover.vmm.disk.qcow2.QemuImg;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiskImageTest {
    private static final int SIZE = 1 << 20;

    @TempDir
    private Path folder;

    @Test
    void imageHasOneWriterOrSeveralReaders() throws IOException {
        DiskImage image = qcow2("image", Optional.empty());
        try (Disk writer = DiskImage.open(List.of(image), false)) {
            assertThat(writer.readOnly()).isFalse();
            assertThatThrownBy(() -> DiskImage.open(List.of(image), false)).isInstanceOf(IOException.class)
                    .hasMessageContaining(image.path() + ": in use by this very VM (asked to write it); next:");
            assertThatThrownBy(() -> DiskImage.open(List.of(image), true)).isInstanceOf(IOException.class)
                    .hasMessageContaining("asked to read it");
        }
        try (Disk reader = DiskImage.open(List.of(image), true); Disk other = DiskImage.open(List.of(image), true)) {
            assertThat(reader.size()).isEqualTo(other.size());
            assertThatThrownBy(() -> DiskImage.open(List.of(image), false)).isInstanceOf(IOException.class);
        }
        DiskImage.open(List.of(image), false).close();
    }

    @Test
    void clonesShareWhatTheyLieOnAndNobodyWritesIt() throws IOException {
        Path base = folder.resolve("base.raw");
        byte[] bytes = DiskBytes.random(new Random(1), SIZE);
        Files.write(base, bytes);
        DiskImage under = new DiskImage(base, DiskFormat.RAW);
        DiskImage one = qcow2("one", Optional.of(base));
        DiskImage two = qcow2("two", Optional.of(base));
        try (Disk first = DiskImage.open(List.of(one, under), false);
                Disk second = DiskImage.open(List.of(two, under), false)) {
            DiskBytes.write(first, 512, new byte[512]);
            assertThat(DiskBytes.read(second, 0, SIZE)).isEqualTo(bytes);
            assertThat(DiskBytes.read(first, 512, 512)).containsOnly(0);
            assertThatThrownBy(() -> DiskImage.open(List.of(under), false)).isInstanceOf(IOException.class)
                    .hasMessageContaining(base + ": in use");
        }
        assertThat(Files.readAllBytes(base)).isEqualTo(bytes);
    }

    @Test
    void qemuKeepsOffWhatWeWriteAndMayReadWhatWeRead() throws IOException {
        QemuImg.assumeInstalled();
        DiskImage image = qcow2("image", Optional.empty());
        try (Disk disk = DiskImage.open(List.of(image), false)) {
            assertThat(disk.size()).isEqualTo(SIZE);
            assertThat(QemuImg.io(image.path(), "qcow2", "write 0 512")).satisfies(outcome -> {
                assertThat(outcome.exitCode()).isNotZero();
                assertThat(outcome.output()).contains("Failed to get").contains("lock");
            });
            assertThat(QemuImg.run("info", image.path())).satisfies(outcome -> {
                assertThat(outcome.exitCode()).isNotZero();
                assertThat(outcome.output()).contains("Failed to get shared \"write\" lock");
            });
        }
        try (Disk disk = DiskImage.open(List.of(image), true)) {
            assertThat(disk.readOnly()).isTrue();
            QemuImg.image("info", image.path());
            assertThat(QemuImg.io(image.path(), "qcow2", "write 0 512").exitCode()).isNotZero();
        }
    }

    @Test
    void weKeepOffWhatQemuWritesAndSayWhoItIs() throws Exception {
        QemuImg.assumeInstalled();
        DiskImage image = qcow2("image", Optional.empty());
        Process holder = new ProcessBuilder("qemu-io", "-f", "qcow2", image.path().toString()).redirectErrorStream(true)
                .start();
        try (OutputStream commands = holder.getOutputStream()) {
            commands.write("length\n".getBytes(StandardCharsets.US_ASCII));
            commands.flush();
            // Its prompt, then the answer: it has the image by then.
            assertThat(holder.getInputStream().read()).isPositive();
            awaitText(holder, "MiB");
            assertThatThrownBy(() -> DiskImage.open(List.of(image), false)).isInstanceOf(IOException.class)
                    .hasMessageContaining(image.path() + ": in use by process " + holder.pid() + " (qemu-io)");
        }
        assertThat(holder.waitFor(30, TimeUnit.SECONDS)).isTrue();
        DiskImage.open(List.of(image), false).close();
    }

    @Test
    void whatCannotBeOpenedIsNotLeftLocked() throws IOException {
        Path odd = folder.resolve("odd");
        Files.write(odd, new byte[100]);
        DiskImage image = new DiskImage(odd, DiskFormat.RAW);
        assertThatThrownBy(() -> DiskImage.open(List.of(image), false)).hasMessageContaining("size : 100");
        Files.write(odd, new byte[1024]);
        DiskImage.open(List.of(image), false).close();
        DiskImage missing = new DiskImage(folder.resolve("missing"), DiskFormat.RAW);
        DiskImage top = qcow2("top", Optional.of(missing.path()));
        assertThatThrownBy(() -> DiskImage.open(List.of(top, missing), false)).hasMessageContaining("ENOENT");
        assertThatThrownBy(() -> DiskImage.open(List.of(image, top), false)).hasMessageContaining("lies on nothing");
        Files.write(missing.path(), new byte[SIZE]);
        DiskImage.open(List.of(top, missing), false).close();
    }

    @Test
    void creationLeavesAnExistingFileAlone() throws IOException {
        Path path = folder.resolve("precious");
        Files.write(path, new byte[] {1, 2, 3});
        assertThatThrownBy(() -> DiskImage.create(path, Qcow2Creation.of(SIZE, Optional.empty())))
                .isInstanceOf(IOException.class).hasMessageContaining("EEXIST");
        assertThat(path).hasBinaryContent(new byte[] {1, 2, 3});
        Path tooLong = folder.resolve("new");
        assertThatThrownBy(() -> DiskImage.create(tooLong, Qcow2Creation.of(SIZE,
                Optional.of(new Qcow2Creation.BackingFile("x".repeat(2000), "raw")))))
                .hasMessageContaining("2000 bytes");
        assertThat(tooLong).doesNotExist();
    }

    @Test
    void imageThatIsReleasedIsCleanAndTakesNoChangesUntilItIsHeldAgain() throws IOException {
        QemuImg.assumeInstalled();
        DiskImage image = qcow2("image", Optional.empty());
        byte[] bytes = DiskBytes.random(new Random(7), 4096);
        try (Disk disk = DiskImage.open(List.of(image), false)) {
            DiskBytes.write(disk, 0, bytes);
            disk.release();
            QemuImg.image("check", image.path());
            assertThatThrownBy(() -> DiskBytes.write(disk, 0, new byte[512])).isInstanceOf(IOException.class)
                    .hasMessageContaining("was given up");
            assertThatThrownBy(() -> disk.discard(0, 1 << 16)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> disk.grow(2 * SIZE)).isInstanceOf(IOException.class);
            assertThat(DiskBytes.read(disk, 0, 4096)).isEqualTo(bytes);
            try (Disk other = DiskImage.open(List.of(image), false)) {
                assertThatThrownBy(disk::hold).isInstanceOf(ImageInUseException.class);
                DiskBytes.write(other, 8192, new byte[512]);
                assertThatThrownBy(disk::hold).isInstanceOf(ImageInUseException.class);
            }
            disk.hold();
            assertThatThrownBy(() -> DiskImage.open(List.of(image), false)).isInstanceOf(ImageInUseException.class);
        }
    }

    @Test
    void imageThatIsAwaitedIsLookedAtOnlyUntilItIsHeld() throws IOException {
        for (DiskImage image : List.of(qcow2("image", Optional.empty()),
                new DiskImage(Files.write(folder.resolve("raw"), new byte[SIZE]), DiskFormat.RAW))) {
            try (Disk source = DiskImage.open(List.of(image), false)) {
                // The source goes on after all, and never was another's.
                source.release();
                try (Disk target = AwaitedDisk.open(List.of(image))) {
                    source.hold();
                    assertThatThrownBy(target::hold).isInstanceOf(ImageInUseException.class);
                }
                byte[] last = DiskBytes.random(new Random(8), 70_000 / 512 * 512);
                try (Disk target = AwaitedDisk.open(List.of(image))) {
                    assertThat(target.size()).isEqualTo(SIZE);
                    assertThat(target.readOnly()).isFalse();
                    assertThatThrownBy(() -> DiskBytes.write(target, 0, new byte[512])).isInstanceOf(IOException.class);
                    target.flush();
                    target.release();
                    assertThatThrownBy(target::hold).isInstanceOf(ImageInUseException.class);
                    DiskBytes.write(source, 512, last);
                    source.release();
                    target.hold();
                    target.hold();
                    assertThat(DiskBytes.read(target, 512, last.length)).as("as it is by now").isEqualTo(last);
                    assertThatThrownBy(source::hold).isInstanceOf(ImageInUseException.class);
                    DiskBytes.write(target, 0, last);
                }
            }
        }
    }

    private DiskImage qcow2(String name, Optional<Path> backing) throws IOException {
        Path path = folder.resolve(name);
        DiskImage.create(path, Qcow2Creation.of(SIZE,
                backing.map(each -> new Qcow2Creation.BackingFile(each.toString(), "raw"))));
        return new DiskImage(path, DiskFormat.QCOW2);
    }

    private static void awaitText(Process process, String text) throws IOException {
        StringBuilder seen = new StringBuilder();
        while (seen.indexOf(text) < 0) {
            int next = process.getInputStream().read();
            assertThat(next).as("qemu-io said " + seen).isNotNegative();
            seen.append((char) next);
        }
    }
}
