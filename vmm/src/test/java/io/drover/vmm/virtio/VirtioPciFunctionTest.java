package io.drover.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.virtio.rng.RngDevice;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The transport, by the simplest device that there is. */
class VirtioPciFunctionTest {
    private static final long BUFFER = 0x8_0000;
    private static final long ALL = VirtioFeatures.VERSION_1 | VirtioFeatures.EVENT_IDX | VirtioFeatures.INDIRECT_DESC;

    private VirtioBench bench;
    private TestDriver driver;
    private final RngDevice rng = new RngDevice();

    @BeforeEach
    void plug() throws Exception {
        bench = new VirtioBench();
        bench.plug(rng);
        driver = new TestDriver(bench, 1).probe();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private TestQueue start(long features) throws Exception {
        driver.useMsix().negotiate(features);
        assertThat(driver.status()).isEqualTo(11);
        TestQueue queue = driver.addQueue(0, 16, (features & VirtioFeatures.EVENT_IDX) != 0);
        driver.driverOk();
        assertThat(driver.status()).isEqualTo(15);
        return queue;
    }

    @Test
    void driverFindsTheDevice() {
        assertThat(driver.config(0x00, 4)).isEqualTo(0x1044_1AF4L);
        assertThat(driver.config(0x08, 4)).isEqualTo(0xFF00_0001L);
        assertThat(driver.common(18, 2)).as("queues").isEqualTo(1);
        assertThat(driver.deviceFeatures()).isEqualTo(ALL);
        driver.setCommon(0, 4, 2);
        assertThat(driver.common(4, 4)).as("features from 64 up").isZero();
        driver.setCommon(22, 2, 1);
        assertThat(driver.common(24, 2)).as("size of a queue that is not there").isZero();
    }

    @Test
    void requestIsServedAndInterrupts() throws Exception {
        TestQueue queue = start(VirtioFeatures.VERSION_1);
        queue.describe(3, BUFFER, 64, TestQueue.WRITE, 0);
        queue.offer(3);
        assertThat(rng.bytes()).isZero();
        driver.kick(0);
        assertThat(queue.awaitUsed()).isEqualTo((3L << 32) | 64);
        assertThat(rng.bytes()).isEqualTo(64);
        assertThat(bench.messages().await(TestDriver.message(1), 1, TestDriver.DEADLINE_MILLIS)).isTrue();
        byte[] bytes = new byte[64];
        bench.memory().copyOut(BUFFER, bytes);
        assertThat(bytes).as("64 zeros are no random bytes").isNotEqualTo(new byte[64]);
        assertThat(bench.memory().read64(BUFFER + 64)).as("behind the buffer").isZero();
    }

    @Test
    void indirectChainIsServed() throws Exception {
        TestQueue queue = start(ALL);
        queue.describeAt(0x7_0000, BUFFER, 8, TestQueue.WRITE | TestQueue.NEXT, 1);
        queue.describeAt(0x7_0010, BUFFER + 0x100, 8, TestQueue.WRITE, 0);
        queue.describe(0, 0x7_0000, 32, TestQueue.INDIRECT, 0);
        queue.offer(0);
        driver.kick(0);
        assertThat(queue.awaitUsed()).isEqualTo(16);
        assertThat(bench.memory().read64(BUFFER + 0x100)).isNotZero();
    }

    @Test
    void kickGoesByTheDoorbellOnceTheDriverIsReady() throws Exception {
        assertThat(bench.doorbells()).isEmpty();
        start(ALL);
        assertThat(bench.doorbells()).containsOnlyKeys(driver.notifyAddress(0));
        driver.reset();
        assertThat(bench.doorbells()).isEmpty();
    }

    @Test
    void doorbellsMoveWithTheBar() throws Exception {
        TestQueue queue = start(ALL);
        long old = driver.notifyAddress(0);
        driver.setConfig(0x10, 4, 0);
        driver.setConfig(0x14, 4, 0x20);
        driver.barHasMovedTo(0x20_0000_0000L);
        assertThat(bench.doorbells()).containsOnlyKeys(driver.notifyAddress(0));
        assertThat(driver.status()).isEqualTo(15);
        assertThat(bench.mmio().read(old, 4)).isEqualTo(0xFFFF_FFFFL);
        queue.describe(0, BUFFER, 8, TestQueue.WRITE, 0);
        queue.offer(0);
        driver.kick(0);
        assertThat(queue.awaitUsed()).isEqualTo(8);
        // Without the doorbell the write comes to the device.
        queue.offer(0);
        bench.mmio().write(driver.notifyAddress(0), 2, 0);
        assertThat(queue.awaitUsed()).isEqualTo(8);
    }

    @Test
    void withoutMsixThePinIsPulledAndTheStatusReadOnce() throws Exception {
        driver.negotiate(VirtioFeatures.VERSION_1);
        TestQueue queue = driver.addQueue(0, 16, false);
        driver.driverOk();
        queue.describe(0, BUFFER, 8, TestQueue.WRITE, 0);
        queue.offer(0);
        driver.kick(0);
        queue.awaitUsed();
        long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
        long isr = 0;
        while (isr == 0) {
            assertThat(System.nanoTime()).isLessThan(until);
            isr = driver.isr();
        }
        assertThat(isr).isEqualTo(1);
        assertThat(driver.isr()).isZero();
        assertThat(bench.line(1).asserted()).isFalse();
        assertThat(bench.line(1).edges()).isEqualTo(1);
        assertThat(bench.messages().raised()).isEmpty();
    }

    @Test
    void nothingIsDoneForAFunctionThatMayNotTouchMemory() throws Exception {
        TestQueue queue = start(ALL);
        driver.setConfig(0x04, 2, 0b010);
        queue.describe(0, BUFFER, 8, TestQueue.WRITE, 0);
        queue.offer(0);
        driver.kick(0);
        assertThat(queue.usedIndex()).isZero();
        driver.setConfig(0x04, 2, 0b110);
        assertThat(queue.awaitUsed()).isEqualTo(8);
    }

    @Test
    void breachNeedsAResetAndAfterItTheDeviceWorksAgain() throws Exception {
        TestQueue queue = start(ALL);
        queue.describe(0, -1, 8, TestQueue.WRITE, 0);
        queue.offer(0);
        driver.kick(0);
        driver.awaitStatus(15 | 64);
        assertThat(bench.messages().await(TestDriver.message(0), 1, TestDriver.DEADLINE_MILLIS))
                .as("told by the configuration's interrupt").isTrue();
        assertThat(bench.log()).contains("0xffffffffffffffff", "needs a reset");

        queue = start(ALL);
        queue.describe(0, BUFFER, 8, TestQueue.WRITE, 0);
        queue.offer(0);
        driver.kick(0);
        assertThat(queue.awaitUsed()).isEqualTo(8);
    }

    @Test
    void queueThatIsNotInMemoryNeedsAReset() {
        driver.negotiate(ALL);
        driver.setCommon(22, 2, 0);
        driver.setCommon(32, 8, 0x7FFF_FFFF_FFFF_0000L);
        driver.setCommon(28, 2, 1);
        driver.driverOk();
        assertThat(driver.status()).isEqualTo(15 | 64);
        assertThat(bench.log()).contains("descriptor table", "0x7fffffffffff0000");
        driver.reset();
    }

    @Test
    void featuresThatWereNotOfferedAreNotAccepted() {
        driver.negotiate(ALL | 1L << 40);
        assertThat(driver.status()).isEqualTo(3);
        driver.negotiate(VirtioFeatures.EVENT_IDX);
        assertThat(driver.status()).as("without VERSION_1").isEqualTo(3);
        driver.negotiate(ALL);
        driver.setCommon(8, 4, 0);
        driver.setCommon(12, 4, 0);
        assertThat(driver.common(12, 4)).as("fixed once accepted").isEqualTo(ALL & 0xFFFF_FFFFL);
    }

    @Test
    void stepThatIsSkippedIsIgnored() {
        driver.reset();
        driver.setStatus(15);
        assertThat(driver.status()).isZero();
        driver.setStatus(1);
        driver.setStatus(5);
        assertThat(driver.status()).isEqualTo(1);
    }

    @Test
    void queuesAreSetUpOnlyAfterTheFeatures() {
        driver.reset();
        driver.setCommon(22, 2, 0);
        driver.setCommon(24, 2, 8);
        driver.setCommon(28, 2, 1);
        assertThat(driver.common(24, 2)).isEqualTo(64);
        assertThat(driver.common(28, 2)).isZero();
    }

    @Test
    void vectorThatIsNotThereReadsAsNone() {
        driver.negotiate(ALL);
        driver.setCommon(16, 2, 2);
        assertThat(driver.common(16, 2)).isEqualTo(0xFFFF);
        driver.setCommon(16, 2, 1);
        assertThat(driver.common(16, 2)).isEqualTo(1);
    }

    @Test
    void registersAreReachedThroughConfigurationSpace() {
        int window = (int) driver.config(0x34, 1);
        while (driver.config(window, 1) != 0x09 || driver.config(window + 3, 1) != 5) {
            window = (int) driver.config(window + 1, 1);
        }
        driver.setConfig(0x04, 2, 0);
        driver.setConfig(window + 8, 4, 18);
        driver.setConfig(window + 12, 4, 2);
        assertThat(driver.config(window + 16, 2)).as("queues").isEqualTo(1);
        driver.setConfig(window + 8, 4, 20);
        driver.setConfig(window + 12, 4, 1);
        driver.setConfig(window + 16, 1, 1);
        assertThat(driver.config(window + 16, 1)).isEqualTo(1);
        driver.setConfig(window + 8, 4, 0xFFFF_FFFFL);
        driver.setConfig(window + 12, 4, 4);
        assertThat(driver.config(window + 16, 4)).as("nowhere").isZero();
    }

    @Property(tries = 60)
    void anyRegisterAccessesLeaveADeviceThatCanBeReset(@ForAll long seed) throws Exception {
        try (VirtioBench any = new VirtioBench()) {
            any.plug(new RngDevice());
            TestDriver guest = new TestDriver(any, 1).probe();
            long bar = guest.bar();
            Random random = new Random(seed);
            for (int i = 0; i < 2000; i++) {
                long address = bar + switch (random.nextInt(6)) {
                    case 0 -> 20;
                    case 1 -> 0x1000L * random.nextInt(8) + random.nextInt(32);
                    default -> random.nextInt(64);
                };
                int bytes = 1 << random.nextInt(4);
                if (random.nextInt(3) == 0) {
                    any.mmio().read(address, bytes);
                } else if (address == bar + 20) {
                    any.mmio().write(address, 1, new int[] {0, 1, 3, 11, 15}[random.nextInt(5)]);
                } else {
                    any.mmio().write(address, bytes, random.nextInt(4) == 0 ? random.nextLong()
                            : random.nextInt(VirtioBench.MEMORY_BYTES));
                }
            }
            assertThat(any.mmio().read(PciWindows.LOW_BASE + 18, 2)).isEqualTo(1);
            guest.reset();
            assertThat(any.log()).doesNotContain("ERROR");
        }
    }
}
