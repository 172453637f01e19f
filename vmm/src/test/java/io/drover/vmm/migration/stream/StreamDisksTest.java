package io.drover.vmm.migration.stream;

import static io.drover.vmm.migration.stream.StreamRig.STATE;
import static io.drover.vmm.migration.stream.StreamRig.failureOf;
import static io.drover.vmm.migration.stream.StreamRig.rig;
import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.disk.CrashingFile;
import io.drover.vmm.disk.DirtyBlocks;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskBytes;
import io.drover.vmm.disk.HostFile;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.disk.TrackedDisk;
import io.drover.vmm.disk.image.DiskFormat;
import io.drover.vmm.disk.image.DiskImage;
import io.drover.vmm.disk.qcow2.Qcow2Creation;
import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.SystemCallException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Disks whose content goes with the memory. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StreamDisksTest {
    private static final int BLOCK = DirtyBlocks.BLOCK_BYTES;
    /** Ends within a block, and within a cluster. */
    private static final int SIZE = 100 * BLOCK + 512;

    @TempDir
    private Path folder;

    private final List<Disk> open = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (Disk disk : open) {
            disk.close();
        }
    }

    private <T extends Disk> T opened(T disk) {
        open.add(disk);
        return disk;
    }

    private TrackedDisk tracked(Disk disk) {
        TrackedDisk tracked = opened(new TrackedDisk(disk));
        tracked.track();
        return tracked;
    }

    private static RawDisk inMemory(int bytes) throws IOException {
        return RawDisk.open(new CrashingFile(new byte[bytes]), false);
    }

    private Disk qcow2(String name, Path base) throws IOException {
        DiskImage image = new DiskImage(folder.resolve(name), DiskFormat.QCOW2);
        DiskImage.create(image.path(), Qcow2Creation.of(SIZE,
                Optional.of(new Qcow2Creation.BackingFile(base.toString(), "raw"))));
        return DiskImage.open(List.of(image, new DiskImage(base, DiskFormat.RAW)), false);
    }

    private static List<BitSet> own(TrackedDisk disk) throws IOException {
        BitSet blocks = new BitSet();
        disk.addOwn(blocks);
        return List.of(blocks);
    }

    private static List<BitSet> changed(TrackedDisk disk) {
        BitSet blocks = new BitSet();
        disk.drainChanged(blocks);
        return List.of(blocks);
    }

    private static StreamRig rigOf(int connections, TrackedDisk source, Disk target) throws Exception {
        return rig().connections(connections).pages(64).disks(List.of(new SentDisk("d", source)),
                List.of(new ReceivedDisk("d", target))).build().fill().receive();
    }

    private static void assertSame(Disk source, Disk target) throws IOException {
        assertThat(DiskBytes.read(target, 0, (int) target.size())).isEqualTo(DiskBytes.read(source, 0,
                (int) source.size()));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void blocksArriveAndZerosAsZerosAndAllIsDurableWhenItHasBeenReceived(int connections) throws Exception {
        CrashingFile file = new CrashingFile(new byte[SIZE]);
        RawDisk target = opened(RawDisk.open(file, false));
        TrackedDisk source = tracked(inMemory(SIZE));
        DiskBytes.write(source, 0, DiskBytes.random(new Random(1), SIZE));
        source.writeZeroes(20 * BLOCK, 40L * BLOCK, true);
        try (StreamRig rig = rigOf(connections, source, target)) {
            rig.sender.open();
            long bytes = rig.sender.sendPass(0, rig.all(), own(source));
            assertThat(bytes).as("but zeros").isBetween(61L * BLOCK, 62L * BLOCK + (1 << 19));
            changed(source);
            DiskBytes.write(source, 5 * BLOCK + 512, DiskBytes.random(new Random(2), 512));
            source.discard(90 * BLOCK, 2 * BLOCK);
            List<BitSet> second = changed(source);
            assertThat(second.getFirst()).hasToString("{5, 90, 91}");
            rig.sender.sendPass(1, rig.pages(), second);
            assertThat(rig.sender.diskBytes()).isEqualTo(SIZE + 3L * BLOCK);
            rig.sender.finish(STATE);
            rig.assertArrived();
            assertThat(rig.receiver.receivedDiskBytes()).isEqualTo(SIZE + 3L * BLOCK);
        }
        assertThat(file.afterCrash(new Random(3))).isEqualTo(DiskBytes.read(source, 0, SIZE));
    }

    @Test
    void packedBlocksArriveAndThoseThatCannotBePackedToo() throws Exception {
        RawDisk target = opened(inMemory(SIZE));
        TrackedDisk source = tracked(inMemory(SIZE));
        byte[] text = "what is written again and again ".repeat(SIZE / 32).getBytes(StandardCharsets.US_ASCII);
        DiskBytes.write(source, 0, Arrays.copyOf(text, SIZE));
        DiskBytes.write(source, 7 * BLOCK, DiskBytes.random(new Random(1), 10 * BLOCK));
        try (StreamRig rig = rig().packing(true).connections(2).pages(64).disks(List.of(new SentDisk("d", source)),
                List.of(new ReceivedDisk("d", target))).build().receive()) {
            rig.sender.open();
            assertThat(rig.sender.sendPass(0, rig.pages(), own(source))).isBetween((long) SIZE, SIZE + 20_000L);
            assertThat(rig.rate.sentBytes()).isBetween(10L * BLOCK, 12L * BLOCK);
            rig.sender.finish(STATE);
            rig.assertArrived();
            assertThat(rig.receiver.receivedDiskBytes()).isEqualTo(SIZE);
        }
        assertSame(source, target);
    }

    @Test
    void imageIsSentWithoutWhatItLiesOnAndWithTheZerosThatHideThat() throws Exception {
        Path base = Files.write(folder.resolve("base"), DiskBytes.random(new Random(4), SIZE));
        TrackedDisk source = tracked(qcow2("source", base));
        Disk target = opened(qcow2("target", base));
        DiskBytes.write(source, 3 * BLOCK, DiskBytes.random(new Random(5), 2 * BLOCK));
        source.writeZeroes(30 * BLOCK, 10 * BLOCK, true);
        try (StreamRig rig = rigOf(2, source, target)) {
            rig.sender.open();
            List<BitSet> own = own(source);
            assertThat(own.getFirst()).hasToString("{3, 4, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39}");
            rig.sender.sendPass(0, rig.pages(), own);
            rig.sender.finish(STATE);
            assertThat(rig.outcome()).isEmpty();
        }
        assertSame(source, target);
        assertThat(target.extent(5 * BLOCK, SIZE).own()).isFalse();
    }

    @Test
    void diskThatIsWrittenAllTheWhileArrivesOnceThatHasEnded() throws Exception {
        Path base = Files.write(folder.resolve("base"), DiskBytes.random(new Random(6), SIZE));
        TrackedDisk source = tracked(qcow2("source", base));
        Disk target = opened(qcow2("target", base));
        AtomicBoolean ended = new AtomicBoolean();
        List<Thread> guests = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (int guest = 0; guest < 2; guest++) {
            Random random = new Random(guest);
            guests.add(Thread.ofPlatform().start(() -> {
                try {
                    while (!ended.get()) {
                        change(source, random);
                    }
                } catch (IOException e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                }
            }));
        }
        try (StreamRig rig = rigOf(2, source, target)) {
            rig.sender.open();
            rig.sender.sendPass(0, rig.all(), own(source));
            for (int pass = 1; pass < 6; pass++) {
                rig.sender.sendPass(pass, rig.pages(), changed(source));
            }
            ended.set(true);
            for (Thread guest : guests) {
                assertThat(guest.join(Duration.ofSeconds(30))).isTrue();
            }
            rig.sender.sendPass(6, rig.pages(), changed(source));
            rig.sender.finish(STATE);
            assertThat(rig.outcome()).isEmpty();
        }
        assertThat(failures).isEmpty();
        assertSame(source, target);
    }

    private static void change(Disk disk, Random random) throws IOException {
        long offset = random.nextInt(SIZE / 512) * 512L;
        int length = (int) Math.min(SIZE - offset, (1 + random.nextInt(300)) * 512L);
        switch (random.nextInt(8)) {
            case 0 -> disk.discard(offset, length);
            case 1 -> disk.writeZeroes(offset, length, random.nextBoolean());
            case 2 -> disk.flush();
            default -> DiskBytes.write(disk, offset, DiskBytes.random(random, length));
        }
    }

    @Test
    void hostWithoutRoomForTheDiskIsNamedAtBothEnds() throws Exception {
        TrackedDisk source = tracked(inMemory(SIZE));
        DiskBytes.write(source, 0, DiskBytes.random(new Random(1), SIZE));
        Disk target = opened(RawDisk.open(new FullFile(SIZE), false));
        try (StreamRig rig = rigOf(1, source, target)) {
            rig.sender.open();
            StreamException failure = failureOf(() -> rig.sender.sendPass(0, rig.pages(), own(source)));
            assertThat(failure.kind()).isEqualTo(FailureKind.NO_SPACE);
            assertThat(failure).hasMessageContaining("disk d : the file system is full");
            assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.NO_SPACE);
        }
    }

    @Test
    void diskOfAnotherSizeIsRefusedBeforeAnythingIsSent() throws Exception {
        try (StreamRig rig = rigOf(2, tracked(inMemory(SIZE)), opened(inMemory(SIZE - 512)))) {
            isRefusedAtOnce(rig, "disk d : " + (SIZE - 512) + " bytes at the destination (expected: " + SIZE);
        }
    }

    @Test
    void disksThatOnlyOneEndHasAreRefusedBeforeAnythingIsSent() throws Exception {
        try (StreamRig rig = rig().disks(List.of(new SentDisk("extra", tracked(inMemory(SIZE)))), List.of()).build()
                .receive()) {
            isRefusedAtOnce(rig, "disk extra : is sent, and the destination has no image for it");
        }
        try (StreamRig rig = rig().disks(List.of(), List.of(new ReceivedDisk("lone", opened(inMemory(SIZE))))).build()
                .receive()) {
            isRefusedAtOnce(rig, "disk lone : the source does not send it");
        }
    }

    private static void isRefusedAtOnce(StreamRig rig, String why) throws Exception {
        StreamException failure = failureOf(rig.sender::open);
        assertThat(failure.kind()).isEqualTo(FailureKind.DISK);
        assertThat(failure).hasMessageContaining(why);
        assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.DISK);
    }

    @Test
    void olderSenderIsRefusedByNameBeforeAnythingIsSent() throws Exception {
        try (StreamRig rig = rigOf(1, tracked(inMemory(SIZE)), opened(inMemory(SIZE)))) {
            StreamException failure = failureOf(() -> rig.sender.open(1, 1));
            assertThat(failure.kind()).isEqualTo(FailureKind.VERSION);
            assertThat(failure).hasMessageContaining("speaks an older version");
        }
    }

    @Test
    void blockThatWasDamagedOnItsWayIsRefused() throws Exception {
        TrackedDisk source = tracked(inMemory(SIZE));
        DiskBytes.write(source, 0, DiskBytes.random(new Random(1), SIZE));
        // HELLO, DISKS with one, a block's header, and some of it.
        try (StreamRig rig = rig().through(DamagingWire.flipping(64 + 8 + 10 + 24 + 1000))
                .disks(List.of(new SentDisk("d", source)), List.of(new ReceivedDisk("d", opened(inMemory(SIZE)))))
                .build().receive()) {
            rig.sender.open();
            StreamException failure = failureOf(() -> rig.sender.sendPass(0, rig.pages(), own(source)));
            assertThat(failure.kind()).isEqualTo(FailureKind.DAMAGED);
            assertThat(failure).hasMessageContaining("checksum of the block at 0 of disk d");
        }
    }

    @Test
    void diskThatIsTakenAwayWhileItIsSentEndsTheStreamAndNothingElse() throws Exception {
        TrackedDisk source = new TrackedDisk(inMemory(SIZE));
        DiskBytes.write(source, 0, DiskBytes.random(new Random(1), SIZE));
        try (StreamRig rig = rigOf(1, source, opened(inMemory(SIZE)))) {
            rig.sender.open();
            List<BitSet> own = own(source);
            source.close();
            StreamException failure = failureOf(() -> rig.sender.sendPass(0, rig.pages(), own));
            assertThat(failure.kind()).isEqualTo(FailureKind.FAILED);
            assertThat(failure).hasMessageContaining("taken away");
        }
    }

    /** On a file system that has no room. */
    private static final class FullFile implements HostFile {
        private final long size;

        FullFile(long size) {
            this.size = size;
        }

        @Override
        public String name() {
            return "full";
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public long read(long offset, IoVector into) {
            return 0;
        }

        @Override
        public void write(long offset, IoVector from) throws IOException {
            throw new IOException("the file system is full",
                    new SystemCallException("pwritev", "full", Errno.ENOSPC));
        }

        @Override
        public void flush() {
            // Nothing was written.
        }

        @Override
        public boolean punchHole(long offset, long length) {
            return false;
        }

        @Override
        public void zeroRange(long offset, long length) {
            // They are.
        }

        @Override
        public void setSize(long bytes) {
            throw new IllegalStateException("nobody asks for it");
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }
}
