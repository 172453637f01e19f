package io.drover.vmm.virtio.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.limit.IoRate;
import io.drover.vmm.limit.RateLimit;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.log.Log;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import io.drover.vmm.virtio.VirtioPciFunction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockDeviceTest {
    private static final int DISK_BYTES = 1 << 20;
    private static final long HEADER = 0x8_0000;
    private static final long STATUS = 0x8_1000;
    private static final long DATA = 0x9_0000;
    private static final int OK = 0;
    private static final int IOERR = 1;
    private static final int UNSUPP = 2;
    private static final long FLUSH = 1L << 9;
    private static final long CONFIG_WCE = 1L << 11;
    private static final long COMMON = VirtioFeatures.VERSION_1 | VirtioFeatures.EVENT_IDX;

    @TempDir
    private Path folder;

    private VirtioBench bench;
    private Path file;
    private BlockDevice device;
    private VirtioPciFunction function;
    private TestDriver driver;
    private TestQueue queue;

    @BeforeEach
    void open() {
        bench = new VirtioBench();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private Disk rawDisk(boolean readOnly) throws IOException {
        file = folder.resolve("disk");
        byte[] contents = new byte[DISK_BYTES];
        new Random(1).nextBytes(contents);
        Files.write(file, contents);
        return RawDisk.open(LinuxFile.open(file, readOnly), readOnly);
    }

    private void start(Disk disk, boolean cached, int queues, long features) throws Exception {
        start(disk, cached, queues, features, RateLimit.none());
    }

    private void start(Disk disk, boolean cached, int queues, long features, RateLimit limit)
            throws Exception {
        device = new BlockDevice(disk, "serial-0123456789-too-long", queues, cached, limit, "disk",
                new Log(System.err, "test"));
        function = bench.plug(device);
        driver = new TestDriver(bench, 1).probe().useMsix().negotiate(features);
        assertThat(driver.status()).isEqualTo(11);
        for (int number = queues - 1; number >= 0; number--) {
            queue = driver.addQueue(number, 16, true);
        }
        driver.driverOk();
    }

    /** One request whose data is in one piece; returns its status. */
    private int request(int type, long sector, int bytes, boolean deviceWrites) throws Exception {
        bench.memory().write32(HEADER, type);
        bench.memory().write32(HEADER + 4, 0);
        bench.memory().write64(HEADER + 8, sector);
        bench.memory().write8(STATUS, 0xFF);
        queue.describe(0, HEADER, 16, TestQueue.NEXT, bytes > 0 ? 1 : 2);
        queue.describe(1, DATA, bytes, TestQueue.NEXT | (deviceWrites ? TestQueue.WRITE : 0), 2);
        queue.describe(2, STATUS, 1, TestQueue.WRITE, 0);
        queue.offer(0);
        driver.kick(0);
        long used = queue.awaitUsed();
        assertThat(used).isEqualTo((deviceWrites ? bytes : 0) + 1);
        return bench.memory().read8(STATUS);
    }

    private byte[] data(int bytes) throws Exception {
        byte[] data = new byte[bytes];
        bench.memory().copyOut(DATA, data);
        return data;
    }

    /** Exact at small periods: a hundred operations a second are one every ten milliseconds, not ten every hundred. */
    @Test
    void operationsComeAsFastAsTheLimitAllowsAndNoFaster() throws Exception {
        RateLimit limit = new RateLimit(Optional.empty(), Optional.of(new IoRate(200, 1)), System.nanoTime());
        start(rawDisk(false), true, 1, COMMON | FLUSH, limit);
        long begun = System.nanoTime();
        for (int done = 0; done < 41; done++) {
            assertThat(request(0, done, 512, true)).isEqualTo(OK);
        }
        long millis = (System.nanoTime() - begun) / 1_000_000;
        assertThat(millis).as("40 operations at 200 a second").isBetween(199L, 2000L);
    }

    @Test
    void bytesComeAsFastAsTheLimitAllowsAndNoFaster() throws Exception {
        RateLimit limit = new RateLimit(Optional.of(new IoRate(1 << 20, 4096)), Optional.empty(), System.nanoTime());
        start(rawDisk(false), true, 1, COMMON | FLUSH, limit);
        long begun = System.nanoTime();
        for (int done = 0; done < 52; done++) {
            assertThat(request(1, done, 4096, false)).isEqualTo(OK);
        }
        long millis = (System.nanoTime() - begun) / 1_000_000;
        assertThat(millis).as("204 KiB behind a burst of 4 at 1 MiB a second").isBetween(198L, 2000L);
    }

    @Test
    void requestThatWaitsForItsTurnIsNoObstacleToAReset() throws Exception {
        RateLimit limit = new RateLimit(Optional.empty(), Optional.of(new IoRate(1, 1)), System.nanoTime());
        start(rawDisk(false), true, 2, COMMON | FLUSH, limit);
        assertThat(request(0, 0, 512, true)).isEqualTo(OK);
        queue.offer(0);
        driver.kick(0);
        driver.reset();
        assertThat(bench.log()).doesNotContain("ERROR");
    }

    @Test
    void requestThatWaitsUnderALimitGoesAtOnceWhenTheLimitIsLifted() throws Exception {
        RateLimit limit = new RateLimit(Optional.of(new IoRate(1, 1)), Optional.empty(), System.nanoTime());
        start(rawDisk(false), true, 1, COMMON | FLUSH, limit);
        assertThat(request(0, 0, 3600, true)).as("no whole sectors, to be paid for in an hour").isEqualTo(IOERR);
        queue.offer(0);
        driver.kick(0);
        limit.change(Optional.empty(), Optional.empty(), System.nanoTime());
        function.kickAll();
        assertThat(queue.awaitUsed()).isEqualTo(3601);
        long begun = System.nanoTime();
        for (int done = 0; done < 20; done++) {
            assertThat(request(0, done, 512, true)).isEqualTo(OK);
        }
        assertThat(System.nanoTime() - begun).as("twenty without a limit").isLessThan(5_000_000_000L);
    }

    @Test
    void limitHoldsFromThenOnForADeviceThatHadNone() throws Exception {
        RateLimit limit = RateLimit.none();
        start(rawDisk(false), true, 1, COMMON | FLUSH, limit);
        for (int done = 0; done < 20; done++) {
            assertThat(request(0, done, 512, true)).isEqualTo(OK);
        }
        limit.change(Optional.empty(), Optional.of(new IoRate(100, 1)), System.nanoTime());
        long begun = System.nanoTime();
        for (int done = 0; done < 11; done++) {
            assertThat(request(0, done, 512, true)).isEqualTo(OK);
        }
        long millis = (System.nanoTime() - begun) / 1_000_000;
        assertThat(millis).as("10 operations at 100 a second").isBetween(99L, 2000L);
    }

    @Test
    void configurationSaysWhatThereIs() throws Exception {
        start(rawDisk(false), true, 2, COMMON | FLUSH);
        assertThat(driver.deviceConfig(0, 8)).isEqualTo(DISK_BYTES / 512);
        assertThat(driver.deviceConfig(12, 4)).isEqualTo(254);
        assertThat(driver.deviceConfig(20, 4)).isEqualTo(512);
        assertThat(driver.deviceConfig(32, 1)).isEqualTo(1);
        assertThat(driver.deviceConfig(34, 2)).isEqualTo(2);
        assertThat(driver.deviceConfig(4000, 8)).isZero();
        assertThat(driver.config(0x08, 4)).isEqualTo(0x0180_0001);
        assertThat(driver.common(18, 2)).isEqualTo(2);
    }

    @Test
    void dataIsReadAndWritten() throws Exception {
        start(rawDisk(false), true, 1, COMMON | FLUSH);
        byte[] before = Files.readAllBytes(file);
        assertThat(request(0, 3, 4096, true)).isEqualTo(OK);
        assertThat(data(4096)).isEqualTo(Arrays.copyOfRange(before, 3 * 512, 3 * 512 + 4096));

        byte[] written = new byte[1024];
        Arrays.fill(written, (byte) 0x5A);
        bench.memory().copyIn(DATA, written);
        assertThat(request(1, 2046, 1024, false)).isEqualTo(OK);
        assertThat(request(4, 0, 0, false)).isEqualTo(OK);
        byte[] after = Files.readAllBytes(file);
        assertThat(after).startsWith(Arrays.copyOf(before, 2046 * 512)).endsWith(written).hasSize(DISK_BYTES);
        assertThat(device.counts()).isEqualTo(new BlockCounts(1, 4096, 1, 1024, 1, 0, 0));
    }

    @Test
    void headerDataAndStatusMayBeCutAnywhere() throws Exception {
        start(rawDisk(false), true, 1, COMMON | FLUSH);
        bench.memory().write32(HEADER, 0);
        bench.memory().write64(HEADER + 8, 5);
        queue.describe(4, HEADER, 3, TestQueue.NEXT, 5);
        queue.describe(5, HEADER + 3, 13, TestQueue.NEXT, 6);
        queue.describe(6, DATA, 100, TestQueue.NEXT | TestQueue.WRITE, 7);
        queue.describe(7, DATA + 200, 412 + 1, TestQueue.WRITE, 0);
        bench.memory().write8(DATA + 612, 0xFF);
        queue.offer(4);
        driver.kick(0);
        assertThat(queue.awaitUsed()).isEqualTo((4L << 32) | 513);
        byte[] disk = Files.readAllBytes(file);
        byte[] data = data(613);
        assertThat(Arrays.copyOf(data, 100)).isEqualTo(Arrays.copyOfRange(disk, 5 * 512, 5 * 512 + 100));
        assertThat(Arrays.copyOfRange(data, 200, 612)).isEqualTo(Arrays.copyOfRange(disk, 5 * 512 + 100, 6 * 512));
        assertThat(data[612]).isZero();
    }

    @Test
    void whatCannotBeDoneFailsAndTheNextRequestIsServed() throws Exception {
        start(rawDisk(false), true, 1, COMMON | FLUSH);
        byte[] before = Files.readAllBytes(file);
        assertThat(request(0, 2047, 1024, true)).as("beyond the end").isEqualTo(IOERR);
        assertThat(request(1, -1, 512, false)).isEqualTo(IOERR);
        assertThat(request(1, 1L << 55, 512, false)).as("overflows to sector 0").isEqualTo(IOERR);
        assertThat(request(0, 0, 100, true)).as("no whole sector").isEqualTo(IOERR);
        assertThat(request(77, 0, 512, true)).isEqualTo(UNSUPP);
        assertThat(request(8, 0, 19, true)).as("too short for an id").isEqualTo(IOERR);
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        assertThat(request(0, 0, 512, true)).isEqualTo(OK);
        assertThat(device.counts().failures()).isEqualTo(6);
    }

    @Test
    void serialNumberIsCutAtTwentyBytes() throws Exception {
        start(rawDisk(false), true, 1, COMMON | FLUSH);
        assertThat(request(8, 0, 20, true)).isEqualTo(OK);
        assertThat(data(20)).asString().isEqualTo("serial-0123456789-to");
    }

    @Test
    void readOnlyDiskIsOfferedAsSuchAndKeepsItsContents() throws Exception {
        start(rawDisk(true), true, 1, COMMON | 1L << 5);
        byte[] before = Files.readAllBytes(file);
        assertThat(request(1, 0, 512, false)).isEqualTo(IOERR);
        assertThat(request(0, 0, 512, true)).isEqualTo(OK);
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        assertThat(driver.deviceFeatures() & (1L << 13 | 1L << 14)).as("discard and write zeroes").isZero();
    }

    @Test
    void rangesAreClearedWithinLimits() throws Exception {
        start(rawDisk(false), true, 1, COMMON | FLUSH | 1L << 14);
        range(0, 16, 4, 1);
        range(1, 32, 1, 0);
        assertThat(request(13, 0, 32, false)).isEqualTo(OK);
        byte[] disk = Files.readAllBytes(file);
        assertThat(Arrays.copyOfRange(disk, 16 * 512, 20 * 512)).containsOnly(0);
        assertThat(Arrays.copyOfRange(disk, 32 * 512, 33 * 512)).containsOnly(0);
        range(0, 64, 8, 0);
        assertThat(request(11, 0, 16, false)).as("discard").isEqualTo(OK);
        range(0, 64, 8, 2);
        assertThat(request(11, 0, 16, false)).as("unknown flag").isEqualTo(UNSUPP);
        range(0, 0, -1, 0);
        assertThat(request(13, 0, 16, false)).as("too long").isEqualTo(IOERR);
        assertThat(request(13, 0, 15, false)).as("no whole range").isEqualTo(IOERR);
        assertThat(request(13, 0, 0, false)).as("no range").isEqualTo(IOERR);
        assertThat(request(13, 0, 17 * 16, false)).as("too many").isEqualTo(IOERR);
        assertThat(device.counts().discards()).isEqualTo(2);
    }

    private void range(int index, long sector, int sectors, int flags) throws Exception {
        bench.memory().write64(DATA + 16L * index, sector);
        bench.memory().write32(DATA + 16L * index + 8, sectors);
        bench.memory().write32(DATA + 16L * index + 12, flags);
    }

    @Test
    void writesAreDurableWhenTheyAreDoneUnlessTheGuestCanFlush() throws Exception {
        RecordingDisk disk = new RecordingDisk();
        start(disk, true, 1, COMMON | FLUSH | CONFIG_WCE);
        assertThat(request(1, 0, 512, false)).isEqualTo(OK);
        assertThat(disk.flushes).hasValue(0);
        driver.setDeviceConfig(32, 1, 0);
        assertThat(request(1, 0, 512, false)).isEqualTo(OK);
        assertThat(disk.flushes).as("write-through by the guest's wish").hasValue(1);
        driver.negotiate(COMMON);
        queue = driver.addQueue(0, 16, true);
        driver.driverOk();
        assertThat(driver.deviceConfig(32, 1)).as("as new").isEqualTo(1);
        assertThat(request(1, 0, 512, false)).isEqualTo(OK);
        assertThat(disk.flushes).as("a driver that cannot flush").hasValue(2);
    }

    @Test
    void writeThroughOffersNoFlush() throws Exception {
        RecordingDisk disk = new RecordingDisk();
        start(disk, false, 1, COMMON);
        assertThat(driver.deviceFeatures() & (FLUSH | CONFIG_WCE)).isZero();
        assertThat(request(1, 0, 512, false)).isEqualTo(OK);
        assertThat(disk.flushes).hasValue(1);
    }

    @Test
    void resetIsDoneWhenTheLastRequestIs() throws Exception {
        RecordingDisk disk = new RecordingDisk();
        start(disk, true, 1, COMMON | FLUSH);
        disk.hold = new CountDownLatch(1);
        queue.describe(0, HEADER, 16, TestQueue.NEXT, 1);
        queue.describe(1, DATA, 513, TestQueue.WRITE, 0);
        bench.memory().fill(HEADER, 16, (byte) 0);
        queue.offer(0);
        driver.kick(0);
        assertThat(disk.entered.await(10, TimeUnit.SECONDS)).isTrue();
        driver.setStatus(0);
        assertThat(driver.status()).as("not yet").isEqualTo(15);
        driver.setStatus(1);
        assertThat(driver.status()).as("nothing else counts").isEqualTo(15);
        disk.hold.countDown();
        driver.awaitStatus(0);
    }

    @Test
    void requestWithoutPlaceForAStatusIsABreach() throws Exception {
        start(rawDisk(false), true, 1, COMMON | FLUSH);
        queue.describe(0, HEADER, 16, 0, 0);
        queue.offer(0);
        driver.kick(0);
        driver.awaitStatus(15 | 64);
        assertThat(bench.log()).contains("block request");
    }

    @Test
    void queuesAreServedSideBySide() throws Exception {
        RecordingDisk disk = new RecordingDisk();
        start(disk, true, 2, COMMON | FLUSH);
        TestQueue first = queue;
        disk.hold = new CountDownLatch(1);
        first.describe(0, HEADER, 16, TestQueue.NEXT, 1);
        first.describe(1, DATA, 513, TestQueue.WRITE, 0);
        bench.memory().fill(HEADER, 16, (byte) 0);
        first.offer(0);
        driver.kick(0);
        assertThat(disk.entered.await(10, TimeUnit.SECONDS)).isTrue();
        TestQueue second = driver.queue(1);
        second.describe(0, HEADER + 32, 16, TestQueue.NEXT, 1);
        second.describe(1, STATUS, 1, TestQueue.WRITE, 0);
        bench.memory().write32(HEADER + 32, 4);
        second.offer(0);
        driver.kick(1);
        assertThat(second.awaitUsed()).isEqualTo(1);
        disk.hold.countDown();
        assertThat(first.awaitUsed()).isEqualTo(513);
    }

    @Property(tries = 40)
    void anyRequestsAreAnsweredOrABreach(@ForAll long seed) throws Exception {
        Random random = new Random(seed);
        try (VirtioBench any = new VirtioBench()) {
            any.plug(new BlockDevice(new RecordingDisk(), "", 1, true, RateLimit.none(), "disk",
                    new Log(System.err, "test")));
            TestDriver guest = new TestDriver(any, 1).probe().useMsix()
                    .negotiate(COMMON | FLUSH | VirtioFeatures.INDIRECT_DESC);
            TestQueue ring = guest.addQueue(0, 16, true);
            guest.driverOk();
            for (int i = 0; i < 50 && guest.status() == 15; i++) {
                any.memory().write32(HEADER, random.nextInt(15));
                any.memory().write64(HEADER + 8, random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(3000));
                int last = random.nextInt(6);
                for (int index = 0; index <= last; index++) {
                    ring.describe(index, index == 0 ? HEADER : random.nextInt(VirtioBench.MEMORY_BYTES - 0x2000),
                            index == 0 ? 16 : 512 * random.nextInt(8) + (index == last ? 1 : 0),
                            (index < last ? TestQueue.NEXT : 0) | (index > last / 2 ? TestQueue.WRITE : 0), index + 1);
                }
                ring.offer(0);
                guest.kick(0);
                long until = System.nanoTime() + 10_000_000_000L;
                while (ring.usedIndex() != i + 1 && guest.status() == 15) {
                    assertThat(System.nanoTime()).isLessThan(until);
                }
            }
            guest.reset();
            assertThat(any.log()).doesNotContain("ERROR");
        }
    }

    /** In memory; counts flushes, and holds reads up if it is told to. */
    private static final class RecordingDisk implements Disk {
        private final AtomicInteger flushes = new AtomicInteger();
        private final CountDownLatch entered = new CountDownLatch(1);
        private volatile CountDownLatch hold = new CountDownLatch(0);

        @Override
        public long size() {
            return DISK_BYTES;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(long offset, IoVector into) throws IOException {
            entered.countDown();
            try {
                if (!hold.await(10, TimeUnit.SECONDS)) {
                    throw new IOException("held for too long");
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void write(long offset, IoVector from) {
            // Forgets.
        }

        @Override
        public void flush() {
            flushes.incrementAndGet();
        }

        @Override
        public void discard(long offset, long length) {
            // Forgets.
        }

        @Override
        public void writeZeroes(long offset, long length, boolean mayUnmap) {
            // Forgets.
        }

        @Override
        public void grow(long newSize) throws IOException {
            throw new IOException("does not grow");
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }
}
