package io.drover.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.disk.LinuxFile;
import io.drover.vmm.disk.RawDisk;
import io.drover.vmm.limit.RateLimit;
import io.drover.vmm.log.Log;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.virtio.block.BlockDevice;
import io.drover.vmm.virtio.rng.RngDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Virtio devices whose driver goes on with another one that was loaded with their state. */
class SavedDeviceTest {
    private static final long HEADER = 0x8_0000;
    private static final long STATUS = 0x8_1000;
    private static final long DATA = 0x9_0000;
    private static final int DISK_BYTES = 1 << 20;
    private static final long FEATURES = VirtioFeatures.VERSION_1 | VirtioFeatures.EVENT_IDX;
    private static final int IN = 0;

    @TempDir
    private Path folder;

    private final VirtioBench first = new VirtioBench();
    private final VirtioBench second = new VirtioBench();
    private Path file;

    @BeforeEach
    void makeDisk() throws IOException {
        byte[] contents = new byte[DISK_BYTES];
        new Random(1).nextBytes(contents);
        file = Files.write(folder.resolve("disk"), contents);
    }

    @AfterEach
    void close() {
        first.close();
        second.close();
    }

    private BlockDevice disk(int queues) throws IOException {
        return new BlockDevice(RawDisk.open(LinuxFile.open(file, true), true), "serial", queues, true, RateLimit.none(),
                "disk", new Log(System.err, "test"));
    }

    /** Offers a read of 512 bytes, which takes the descriptors from {@code 3 * request} on. */
    private static void offerRead(VirtioBench bench, TestQueue queue, int request, long sector) throws Exception {
        long header = HEADER + 16L * request;
        bench.memory().write32(header, IN);
        bench.memory().write64(header + 8, sector);
        bench.memory().write8(STATUS + request, 0xFF);
        int index = 3 * request;
        queue.describe(index, header, 16, TestQueue.NEXT, index + 1);
        queue.describe(index + 1, DATA + 512L * request, 512, TestQueue.NEXT | TestQueue.WRITE, index + 2);
        queue.describe(index + 2, STATUS + request, 1, TestQueue.WRITE, 0);
        queue.offer(index);
    }

    private static void still(VirtioPciFunction function) throws InterruptedException {
        function.pause();
        assertThat(function.awaitStill(System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000)).isTrue();
    }

    private SavedFunction moved(VirtioPciFunction from) throws Exception {
        byte[] all = new byte[VirtioBench.MEMORY_BYTES];
        first.memory().copyOut(0, all);
        second.memory().copyIn(0, all);
        return SavedFunction.parseFrom(from.save().build().toByteString());
    }

    @Test
    void requestsThatWereOfferedAreServedByTheOtherOnceAndInOrder() throws Exception {
        VirtioPciFunction function = first.plug(disk(1));
        TestDriver driver = new TestDriver(first, 1).probe().useMsix().negotiate(FEATURES);
        TestQueue queue = driver.addQueue(0, 16, true);
        driver.driverOk();
        for (int round = 0; round < 5; round++) {
            offerRead(first, queue, 0, round);
            driver.kick(0);
            assertThat(queue.awaitUsed()).isEqualTo(513);
        }
        still(function);
        int raised = first.messages().raised().size();
        offerRead(first, queue, 1, 11);
        offerRead(first, queue, 2, 12);
        driver.kick(0);

        VirtioPciFunction other = second.plug(disk(1));
        other.load(moved(function));
        TestQueue there = queue.movedTo(second.memory());
        assertThat(there.usedIndex()).as("nothing before it goes on").isEqualTo(5);
        other.resume();
        assertThat(there.awaitUsed()).isEqualTo(3L << 32 | 513);
        assertThat(there.awaitUsed()).isEqualTo(6L << 32 | 513);

        // The driver goes on, too, with a doorbell that is where it was, and its interrupts.
        assertThat(second.doorbells()).containsOnlyKeys(driver.notifyAddress(0));
        there.setUsedEvent(7);
        offerRead(second, there, 0, 13);
        second.store(driver.notifyAddress(0), 2, 0);
        assertThat(there.awaitUsed()).isEqualTo(513);
        assertThat(second.messages().await(TestDriver.message(1), 2, TestDriver.DEADLINE_MILLIS)).isTrue();
        byte[] contents = Files.readAllBytes(file);
        for (int request : new int[] {1, 2}) {
            byte[] read = new byte[512];
            second.memory().copyOut(DATA + 512L * request, read);
            assertThat(read).isEqualTo(Arrays.copyOfRange(contents, (10 + request) * 512,
                    (11 + request) * 512));
            assertThat(second.memory().read8(STATUS + request)).isZero();
        }
        assertThat(first.messages().raised()).as("nothing more comes from the one that stands still").hasSize(raised);
    }

    @Test
    void chainsThatAHandlerKeepsAreTakenAgain() throws Exception {
        KeepingDevice keeper = new KeepingDevice();
        VirtioPciFunction function = first.plug(keeper);
        TestDriver driver = new TestDriver(first, 1).probe().useMsix().negotiate(FEATURES);
        TestQueue queue = driver.addQueue(0, 16, true);
        driver.driverOk();
        for (int head = 0; head < 3; head++) {
            queue.describe(head, DATA, 16, TestQueue.WRITE, 0);
            queue.offer(head);
        }
        driver.kick(0);
        keeper.awaitKept(3);
        still(function);

        SavedFunction saved = moved(function);
        assertThat(saved.getVirtio().getQueues(0).getNextAvailable()).isZero();
        KeepingDevice next = new KeepingDevice();
        VirtioPciFunction other = second.plug(next);
        other.load(saved);
        other.resume();
        next.awaitKept(3);
        assertThat(other.save().getVirtio().getQueues(0).getNextUsed()).isZero();
    }

    @Test
    void maskedInterruptThatWaitsIsRaisedByTheOther() throws Exception {
        VirtioPciFunction function = first.plug(new RngDevice());
        TestDriver driver = new TestDriver(first, 1).probe().useMsix().negotiate(FEATURES);
        TestQueue queue = driver.addQueue(0, 16, true);
        driver.driverOk();
        // The function's mask.
        driver.setConfig(driver.msixCapability() + 2, 2, 0xC000);
        queue.describe(0, DATA, 16, TestQueue.WRITE, 0);
        queue.offer(0);
        driver.kick(0);
        queue.awaitUsed();
        still(function);
        assertThat(first.messages().raised()).isEmpty();

        VirtioPciFunction other = second.plug(new RngDevice());
        SavedFunction saved = moved(function);
        assertThat(saved.getVectors(1).getPending()).isTrue();
        other.load(saved);
        assertThat(second.messages().raised()).isEmpty();
        new TestDriver(second, 1).setConfig(driver.msixCapability() + 2, 2, 0x8000);
        assertThat(second.messages().raised()).containsExactly(TestDriver.message(1));
    }

    @Test
    void movedBarIsWhereItWasAndAnotherDeviceIsRefused() throws Exception {
        VirtioPciFunction function = first.plug(disk(2));
        TestDriver driver = new TestDriver(first, 1).probe();
        driver.setConfig(0x10, 4, 0x4_0000);
        driver.setConfig(0x14, 4, 0x40);
        assertThat(driver.barAddress()).isEqualTo(0x40_0004_0000L);
        still(function);
        SavedFunction saved = moved(function);
        VirtioPciFunction other = second.plug(disk(2));
        other.load(saved);
        assertThat(other.save().build()).isEqualTo(saved);
        assertThat(second.mmio().read(0x40_0004_0000L + 18, 2)).as("queues").isEqualTo(2);

        VirtioPciFunction rng = second.plug(new RngDevice());
        assertThatThrownBy(() -> rng.load(saved)).isInstanceOf(SavedStateException.class)
                .hasMessageContaining("configuration of device1");
        VirtioPciFunction narrow = second.plug(disk(1));
        assertThatThrownBy(() -> narrow.load(saved)).isInstanceOf(SavedStateException.class)
                .hasMessageContaining("device2");
    }

    @Test
    void queueThatCannotBeAndFeaturesThatAreNotOfferedAreRefused() throws Exception {
        VirtioPciFunction function = first.plug(disk(1));
        TestDriver driver = new TestDriver(first, 1).probe().useMsix().negotiate(FEATURES);
        driver.addQueue(0, 16, true);
        driver.driverOk();
        still(function);
        SavedFunction saved = moved(function);
        SavedFunction.Builder badQueue = saved.toBuilder();
        badQueue.getVirtioBuilder().getQueuesBuilder(0).setSize(17);
        assertThatThrownBy(() -> second.plug(disk(1)).load(badQueue.build())).isInstanceOf(SavedStateException.class)
                .hasMessageContaining("cannot go on");
        SavedFunction.Builder badFeatures = saved.toBuilder();
        badFeatures.getVirtioBuilder().setDriverFeatures(1L << 60);
        assertThatThrownBy(() -> new SecondBench(badFeatures.build())).isInstanceOf(SavedStateException.class)
                .hasMessageContaining("features of");
        Files.write(file, new byte[4096]);
        assertThatThrownBy(() -> new SecondBench(saved)).isInstanceOf(SavedStateException.class)
                .hasMessageContaining("size of disk : " + DISK_BYTES);
    }

    /** A fresh bench, where the BAR's place is free. */
    private final class SecondBench {
        SecondBench(SavedFunction saved) throws IOException {
            try (VirtioBench bench = new VirtioBench()) {
                bench.plug(disk(1)).load(saved);
            }
        }
    }

    @Test
    void deviceThatNeedsAResetStillDoes() throws Exception {
        VirtioPciFunction function = first.plug(disk(1));
        TestDriver driver = new TestDriver(first, 1).probe().useMsix().negotiate(FEATURES);
        TestQueue queue = driver.addQueue(0, 16, true);
        driver.driverOk();
        queue.setAvailableIndex(100);
        driver.kick(0);
        driver.awaitStatus(79);
        still(function);
        VirtioPciFunction other = second.plug(disk(1));
        other.load(moved(function));
        SavedVirtio.Builder there = other.save().getVirtioBuilder();
        assertThat(there.getStatus()).isEqualTo(79);
        TestDriver next = new TestDriver(second, 1).probe();
        assertThat(next.status()).isEqualTo(79);
        next.reset();
        assertThat(next.status()).isZero();
    }
}
