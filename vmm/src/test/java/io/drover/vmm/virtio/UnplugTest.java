package io.drover.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.disk.RevocableDisk;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.limit.RateLimit;
import io.drover.vmm.log.Log;
import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.virtio.block.BlockDevice;
import io.drover.vmm.virtio.rng.RngDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A device that is taken from a guest that goes on using it, and one that is paused while it does. */
@Timeout(60)
class UnplugTest {
    private static final long FEATURES = VirtioFeatures.VERSION_1 | VirtioFeatures.EVENT_IDX;
    private static final long HEADER = 0x8_0000;
    private static final long STATUS = 0x8_1000;
    private static final long DATA = 0x9_0000;

    @TempDir
    private Path folder;

    private VirtioBench bench;
    private SlowDisk disk;
    private VirtioPciFunction function;
    private TestDriver driver;
    private TestQueue queue;

    @BeforeEach
    void start() throws Exception {
        bench = new VirtioBench();
        bench.plug(new RngDevice());
        Path file = Files.write(folder.resolve("disk"), new byte[1 << 20]);
        disk = new SlowDisk(RawDisk.open(LinuxFile.openLocked(file, false), false));
        function = bench
                .plug(new BlockDevice(disk, "", 1, true, RateLimit.none(), "disk", new Log(System.err, "test")));
        driver = new TestDriver(bench, function.slot()).probe().useMsix().negotiate(FEATURES);
        queue = driver.addQueue(0, 64, true);
        driver.driverOk();
        bench.memory().write32(HEADER, 1);
        bench.memory().write64(HEADER + 8, 0);
        for (int request = 0; request < 20; request++) {
            queue.describe(3 * request, HEADER, 16, TestQueue.NEXT, 3 * request + 1);
            queue.describe(3 * request + 1, DATA, 512, TestQueue.NEXT, 3 * request + 2);
            queue.describe(3 * request + 2, STATUS, 1, TestQueue.WRITE, 0);
        }
    }

    @AfterEach
    void close() {
        disk.go.release(1000);
        bench.close();
    }

    private void offer(int requests) throws Exception {
        for (int request = 0; request < requests; request++) {
            queue.offer(3 * request);
        }
        driver.kick(0);
    }

    @Test
    void deviceUnderLoadStopsAfterTheRequestItIsAtAndClosesItsFileOnce() throws Exception {
        int messages = bench.messages().held();
        offer(20);
        disk.begun.acquire();
        CountDownLatch stopped = new CountDownLatch(1);
        function.remove(stopped::countDown);
        assertThat(stopped.getCount()).as("a request is under way").isEqualTo(1);
        assertThat(driver.config(0, 4)).as("the slot is empty at once").isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.mmio().read(driver.bar(), 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.doorbells()).isEmpty();
        disk.go.release(1000);
        assertThat(stopped.await(TestDriver.DEADLINE_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        assertThat(disk.writes.get()).isEqualTo(1);
        assertThat(disk.closes.get()).isZero();
        bench.unplug(function);
        assertThat(disk.closes.get()).isEqualTo(1);
        assertThat(bench.messages().held()).isEqualTo(messages - 2);
        LinuxFile.openLocked(folder.resolve("disk"), false).close();
    }

    @Test
    void slotAndItsPlaceForABarAreFreeAgain() throws Exception {
        disk.go.release(1000);
        bench.unplug(function);
        VirtioPciFunction next = bench.plug(new RngDevice());
        assertThat(next.slot()).isEqualTo(function.slot());
        TestDriver nextDriver = new TestDriver(bench, next.slot()).probe();
        assertThat(nextDriver.bar()).isEqualTo(driver.bar());
        assertThat(nextDriver.useMsix().negotiate(VirtioFeatures.VERSION_1).status()).isEqualTo(11);
    }

    @Test
    void busThatIsFullSaysSoAndTakesOneAgainWhenOneIsGone() throws Exception {
        VirtioPciFunction last = function;
        while (last.slot() < 31) {
            last = bench.plug(new RngDevice());
        }
        assertThatThrownBy(() -> bench.plug(new RngDevice())).isInstanceOf(IOException.class)
                .hasMessageContaining("at most 31 devices");
        disk.go.release(1000);
        bench.unplug(function);
        assertThat(bench.plug(new RngDevice()).slot()).isEqualTo(2);
    }

    /** Other vCPUs go on writing to all registers while the device goes: nothing is thrown, nothing starts again. */
    @Test
    void accessesThatAreUnderWayHurtNobody() throws Exception {
        disk.go.release(1_000_000);
        Optional<Throwable>[] thrown = hammered();
        assertThat(thrown[0]).isEmpty();
        assertThat(bench.doorbells()).isEmpty();
        assertThat(bench.log()).doesNotContain("ERROR");
        assertThat(disk.closes.get()).isEqualTo(1);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private Optional<Throwable>[] hammered() throws Exception {
        Optional<Throwable>[] thrown = new Optional[] {Optional.empty()};
        AtomicBoolean over = new AtomicBoolean();
        CountDownLatch running = new CountDownLatch(1);
        long config = PciWindows.ECAM_BASE + ((long) function.slot() << 15);
        Thread vcpu = Thread.ofPlatform().start(() -> {
            Random random = new Random(7);
            try {
                while (!over.get()) {
                    long at = random.nextBoolean() ? driver.bar() + random.nextInt(32 << 10)
                            : config + random.nextInt(256);
                    bench.store(at & -4, 4, random.nextInt(3) == 0 ? 15 : random.nextLong());
                    bench.store(config + 4, 2, 6);
                    running.countDown();
                }
            } catch (Throwable e) {
                thrown[0] = Optional.of(e);
            }
        });
        running.await();
        offer(20);
        bench.unplug(function);
        over.set(true);
        vcpu.join();
        return thrown;
    }

    @Test
    void pausedDeviceEndsWhatItIsAtAndBeginsNothing() throws Exception {
        offer(20);
        disk.begun.acquire();
        function.pause();
        assertThat(function.awaitStill(System.nanoTime() + 1_000_000)).as("a request is under way").isFalse();
        disk.go.release();
        assertThat(function.awaitStill(System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000)).isTrue();
        assertThat(disk.writes.get()).isEqualTo(1);
        assertThat(queue.usedIndex()).as("what was done is shown").isEqualTo(1);
        queue.offer(57);
        driver.kick(0);
        disk.go.release(1000);
        function.pause();
        assertThat(function.awaitStill(System.nanoTime())).isTrue();
        assertThat(disk.writes.get()).isEqualTo(1);
        function.resume();
        for (int request = 0; request < 20; request++) {
            queue.awaitUsed();
        }
        assertThat(disk.writes.get()).isGreaterThanOrEqualTo(20);
        assertThat(driver.status()).isEqualTo(15);
    }

    @Test
    void pausedDeviceCanBeResetAndTakenAway() throws Exception {
        disk.go.release(1000);
        function.pause();
        assertThat(function.awaitStill(System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000)).isTrue();
        driver.reset();
        function.resume();
        driver.negotiate(FEATURES);
        queue = driver.addQueue(0, 64, true);
        driver.driverOk();
        function.pause();
        bench.unplug(function);
        assertThat(disk.closes.get()).isEqualTo(1);
    }

    @Test
    void deviceThatIsAskedWhenItIsIdleEndsTheRequestsThatItIsAtAndGoesOn() throws Exception {
        offer(20);
        disk.begun.acquire();
        CountDownLatch idle = new CountDownLatch(1);
        function.whenIdle(idle::countDown);
        assertThat(idle.getCount()).as("a request is under way").isEqualTo(1);
        disk.go.release(1000);
        assertThat(idle.await(TestDriver.DEADLINE_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        for (int request = 0; request < 20; request++) {
            queue.awaitUsed();
        }
        assertThat(disk.writes.get()).as("none was lost").isEqualTo(20);
    }

    @Test
    void deviceWithNothingToDoIsIdle() throws Exception {
        CountDownLatch idle = new CountDownLatch(3);
        function.whenIdle(idle::countDown);
        function.pause();
        assertThat(function.awaitStill(System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000)).isTrue();
        function.whenIdle(idle::countDown);
        assertThat(idle.getCount()).as("also while it is paused").isLessThanOrEqualTo(1);
        driver.reset();
        function.whenIdle(idle::countDown);
        assertThat(idle.await(TestDriver.DEADLINE_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
    }

    /** What a guest needs to let go of a disk that was taken from it: an answer to each request, and to its reset. */
    @Test
    void diskThatIsRevokedFailsRequestsAndItsFileIsClosedBeneathTheDriver() throws Exception {
        Path file = Files.write(folder.resolve("revoked"), new byte[1 << 20]);
        RevocableDisk revoked = new RevocableDisk(RawDisk.open(LinuxFile.openLocked(file, false), false));
        VirtioPciFunction second = bench.plug(
                new BlockDevice(revoked, "", 1, true, RateLimit.none(), "disk two", new Log(System.err, "test")));
        TestDriver its = new TestDriver(bench, second.slot()).probe().useMsix().negotiate(FEATURES);
        TestQueue requests = its.addQueue(0, 64, true);
        its.driverOk();
        requests.describe(0, HEADER, 16, TestQueue.NEXT, 1);
        requests.describe(1, DATA, 512, TestQueue.NEXT, 2);
        requests.describe(2, STATUS, 1, TestQueue.WRITE, 0);
        requests.offer(0);
        its.kick(0);
        requests.awaitUsed();
        assertThat(bench.memory().read8(STATUS)).isZero();

        revoked.revoke();
        CountDownLatch idle = new CountDownLatch(1);
        second.whenIdle(idle::countDown);
        assertThat(idle.await(TestDriver.DEADLINE_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        revoked.close();
        LinuxFile.openLocked(file, false).close();
        requests.offer(0);
        its.kick(0);
        requests.awaitUsed();

        assertThat(bench.memory().read8(STATUS)).as("VIRTIO_BLK_S_IOERR").isEqualTo(1);
        assertThat(its.reset().status()).isZero();
        assertThat(revoked.size()).isEqualTo(1 << 20);
        disk.go.release(1000);
        bench.unplug(second);
    }

    /** A disk whose writes wait until they may go. */
    private static final class SlowDisk implements Disk {
        private final Disk disk;
        private final Semaphore begun = new Semaphore(0);
        private final Semaphore go = new Semaphore(0);
        private final AtomicInteger writes = new AtomicInteger();
        private final AtomicInteger closes = new AtomicInteger();

        SlowDisk(Disk disk) {
            this.disk = disk;
        }

        @Override
        public long size() {
            return disk.size();
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(long offset, IoVector into) throws IOException {
            disk.read(offset, into);
        }

        @Override
        public void write(long offset, IoVector from) throws IOException {
            begun.release();
            go.acquireUninterruptibly();
            disk.write(offset, from);
            writes.incrementAndGet();
        }

        @Override
        public void flush() throws IOException {
            disk.flush();
        }

        @Override
        public void discard(long offset, long length) throws IOException {
            disk.discard(offset, length);
        }

        @Override
        public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
            disk.writeZeroes(offset, length, mayUnmap);
        }

        @Override
        public void grow(long newSize) throws IOException {
            disk.grow(newSize);
        }

        @Override
        public void close() throws IOException {
            closes.incrementAndGet();
            disk.close();
        }
    }
}
