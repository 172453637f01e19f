package io.drover.vmm.virtio.balloon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.log.Log;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BalloonDeviceTest {
    private static final int PAGE = 4096;
    private static final int PAGES = VirtioBench.MEMORY_BYTES / PAGE;
    private static final long POISON = 1L << 4;
    private static final long REPORTING = 1L << 5;
    private static final long STATISTICS = 1L << 1;
    private static final long ALL = STATISTICS | 1L << 2 | POISON | REPORTING;
    private static final int INFLATE = 0;
    private static final int DEFLATE = 1;
    /** Guest memory that the rings do not take. */
    private static final int ARRAY = 0x8_0000;
    private static final int FREE = 0x20_0000;
    private static final Instant NOW = Instant.parse("2026-11-22T20:00:00Z");

    private VirtioBench bench = new VirtioBench();
    private BalloonDevice device;
    private TestDriver driver;

    @AfterEach
    void close() {
        bench.close();
    }

    private void plug(boolean deflateOnOom, boolean reporting, int statisticsSeconds) throws Exception {
        BalloonOptions options = new BalloonOptions(deflateOnOom, reporting, Duration.ofSeconds(statisticsSeconds));
        device = new BalloonDevice("balloon", options, bench.backing(), VirtioBench.MEMORY_BYTES, () -> NOW,
                new Log(System.err, "test"));
        device.start(bench.plug(device)::configurationChanged);
        driver = new TestDriver(bench, 1).probe().useMsix();
    }

    /** As Linux does: queues are numbered without those that are not there. */
    private void start(long features, int... queues) throws Exception {
        plug(true, true, 1);
        driver.negotiate(VirtioFeatures.VERSION_1 | features);
        assertThat(driver.status()).isEqualTo(11);
        for (int queue : queues) {
            driver.addQueue(queue, 64, false);
        }
        driver.driverOk();
    }

    private void useAllMemory() throws Exception {
        bench.memory().fill(ARRAY, PAGE, (byte) 0x5A);
        bench.memory().fill(FREE, VirtioBench.MEMORY_BYTES - FREE, (byte) 0x5A);
    }

    private void send(int queue, int... pages) throws Exception {
        for (int i = 0; i < pages.length; i++) {
            bench.memory().write32(ARRAY + 4L * i, pages[i]);
        }
        driver.queue(queue).describe(0, ARRAY, 4 * pages.length, 0, 0);
        driver.queue(queue).offer(0);
        driver.kick(queue);
        assertThat(driver.queue(queue).awaitUsed()).isZero();
    }

    private boolean isEmpty(int page) throws Exception {
        int first = bench.memory().read8((long) page * PAGE);
        assertThat(bench.memory().read8((long) page * PAGE + PAGE - 1)).isEqualTo(first);
        return first == 0;
    }

    @Test
    void offersWhatItWasMadeWith() throws Exception {
        plug(true, true, 1);
        assertThat(driver.deviceFeatures() & 0xFFFF).isEqualTo(ALL);
        assertThat(driver.config(2, 2)).isEqualTo(0x1045);
        try (VirtioBench other = new VirtioBench()) {
            other.plug(new BalloonDevice("balloon", new BalloonOptions(false, false, Duration.ZERO), other.backing(),
                    VirtioBench.MEMORY_BYTES, () -> NOW, new Log(System.err, "test")));
            assertThat(new TestDriver(other, 1).probe().deviceFeatures() & 0xFFFF).isZero();
        }
    }

    @Test
    void targetIsToldAsPagesOfTheBalloonWithAnInterrupt() throws Exception {
        start(ALL, INFLATE, DEFLATE);
        assertThat(driver.deviceConfig(0, 4)).isZero();

        device.setTarget(3 << 20);

        assertThat(driver.deviceConfig(0, 4)).isEqualTo(256);
        assertThat(bench.messages().await(TestDriver.message(0), 1, TestDriver.DEADLINE_MILLIS)).isTrue();
        driver.setDeviceConfig(4, 4, 256);
        assertThat(driver.deviceConfig(4, 4)).isEqualTo(256);
        assertThat(device.state().wantedBytes()).isEqualTo(1 << 20);
        assertThat(device.state().actualBytes()).isEqualTo(1 << 20);
    }

    @Test
    void targetOutlivesTheDriverAndItsPagesDoNot() throws Exception {
        start(ALL, INFLATE, DEFLATE);
        device.setTarget(3 << 20);
        driver.setDeviceConfig(4, 4, 256);
        driver.reset();
        assertThat(driver.deviceConfig(0, 4)).isEqualTo(256);
        assertThat(driver.deviceConfig(4, 4)).isZero();
    }

    @Test
    void targetThatCannotBeIsRefused() throws Exception {
        plug(true, true, 1);
        for (long target : new long[] {0, -PAGE, VirtioBench.MEMORY_BYTES + PAGE, PAGE + 1}) {
            assertThatIllegalArgumentException().isThrownBy(() -> device.setTarget(target))
                    .withMessageContaining("memory target : " + target);
        }
        assertThat(driver.deviceConfig(0, 4)).isZero();
    }

    @Test
    void configurationTakesWholeWordsOnly() throws Exception {
        start(ALL & ~POISON, INFLATE);
        driver.setDeviceConfig(0, 4, 7);
        driver.setDeviceConfig(4, 2, 7);
        driver.setDeviceConfig(5, 4, 7);
        driver.setDeviceConfig(12, 4, 7);
        driver.setDeviceConfig(4000, 8, 7);
        assertThat(driver.deviceConfig(0, 8)).isZero();
        assertThat(driver.deviceConfig(8, 8)).isZero();
        assertThat(driver.deviceConfig(4000, 8)).isZero();
    }

    @Test
    void inflatedPagesGoBackToTheHostAndComeBackEmpty() throws Exception {
        start(ALL, INFLATE, DEFLATE);
        useAllMemory();
        long before = device.state().residentBytes();

        send(INFLATE, 1020, 1022, 1021, 600, 1021);

        assertThat(device.state().residentBytes()).isEqualTo(before - 4 * PAGE);
        assertThat(device.state().inflatedBytes()).isEqualTo(4 * PAGE);
        for (int page : new int[] {600, 1020, 1021, 1022}) {
            assertThat(isEmpty(page)).isTrue();
        }
        assertThat(isEmpty(1019)).isFalse();
        assertThat(isEmpty(1023)).isFalse();

        send(DEFLATE, 1020, 600);
        bench.memory().write8(600L * PAGE, 1);
        assertThat(bench.memory().read8(600L * PAGE)).isEqualTo(1);
    }

    @Test
    void pagesThatAreNoneAreSkipped() throws Exception {
        start(ALL, INFLATE, DEFLATE);
        useAllMemory();
        send(INFLATE, PAGES, -1, 0x8_0000, 0x10_0000, 700, 0x7FFF_FFFF);
        assertThat(device.state().inflatedBytes()).isEqualTo(PAGE);
        assertThat(isEmpty(700)).isTrue();
        assertThat(driver.status()).isEqualTo(15);
    }

    @Test
    void veryLongArrayIsTakenInPart() throws Exception {
        start(ALL, INFLATE, DEFLATE);
        for (int i = 0; i < 0x1_0000 / 4; i++) {
            bench.memory().write32(0x18_0000 + 4L * i, FREE / PAGE + i % 512);
        }
        driver.queue(INFLATE).describe(0, 0x18_0000, 0x1_0000, 0, 0);
        driver.queue(INFLATE).offer(0);
        driver.kick(INFLATE);
        assertThat(driver.queue(INFLATE).awaitUsed()).isZero();
        assertThat(device.state().inflatedBytes()).isEqualTo(512 * PAGE);
    }

    @Property(tries = 40)
    void exactlyThePagesThatWereNamedAreTaken(@ForAll long seed) throws Exception {
        try (VirtioBench fresh = new VirtioBench()) {
            bench = fresh;
            start(ALL, INFLATE, DEFLATE);
            useAllMemory();
            Random random = new Random(seed);
            TreeSet<Integer> named = new TreeSet<>();
            int[] pages = new int[random.nextInt(200)];
            for (int i = 0; i < pages.length; i++) {
                pages[i] = FREE / PAGE + random.nextInt(PAGES - FREE / PAGE + 40);
                named.add(pages[i]);
            }
            send(INFLATE, pages);
            for (int page = FREE / PAGE; page < PAGES; page++) {
                assertThat(isEmpty(page)).as("page %s", page).isEqualTo(named.contains(page));
            }
            assertThat(device.state().inflatedBytes()).isEqualTo((long) PAGE * named.headSet(PAGES).size());
        }
    }

    /** One request of free memory. */
    private void report(int queue) throws Exception {
        TestQueue free = driver.queue(queue);
        free.describe(0, FREE, 0x1_0000, TestQueue.WRITE | TestQueue.NEXT, 1);
        free.describe(1, FREE + 0x1_0000, 0x1_0000, TestQueue.WRITE | TestQueue.NEXT, 2);
        free.describe(2, FREE + 0x4_0001, 2 * PAGE, TestQueue.WRITE, 0);
        free.offer(0);
        driver.kick(queue);
        assertThat(free.awaitUsed()).isZero();
    }

    @Test
    void reportedMemoryGoesBackToTheHost() throws Exception {
        start(ALL, 0, 1, 2, 4);
        useAllMemory();
        long before = device.state().residentBytes();
        report(4);
        assertThat(device.state().reportedBytes()).isEqualTo(0x2_0000 + PAGE);
        assertThat(device.state().residentBytes()).isEqualTo(before - 0x2_0000 - PAGE);
        assertThat(isEmpty(FREE / PAGE + 31)).isTrue();
        assertThat(isEmpty(FREE / PAGE + 32)).isFalse();
    }

    @Test
    void reportingQueueIsFoundWhereLinuxPutsIt() throws Exception {
        start(ALL, 0, 1, 2, 3);
        useAllMemory();
        report(3);
        assertThat(device.state().reportedBytes()).isPositive();
    }

    @Test
    void reportingQueueIsFoundWithoutStatistics() throws Exception {
        start(ALL & ~STATISTICS, 0, 1, 2);
        useAllMemory();
        report(2);
        assertThat(device.state().reportedBytes()).isPositive();
    }

    @Test
    void memoryThatADriverPoisonsStays() throws Exception {
        start(ALL & ~STATISTICS, 0, 1, 4);
        driver.setDeviceConfig(12, 4, 0xAAAA_AAAAL);
        assertThat(driver.deviceConfig(12, 4)).isEqualTo(0xAAAA_AAAAL);
        useAllMemory();
        report(4);
        assertThat(device.state().reportedBytes()).isZero();
        assertThat(isEmpty(FREE / PAGE)).isFalse();
        driver.setDeviceConfig(12, 4, 0);
        report(4);
        assertThat(device.state().reportedBytes()).isPositive();
    }

    private void tell(int slot, int... tagsAndValues) throws Exception {
        long at = ARRAY + 0x1000L * slot;
        for (int i = 0; i < tagsAndValues.length / 2; i++) {
            bench.memory().write16(at + 10L * i, tagsAndValues[2 * i]);
            bench.memory().write64(at + 10L * i + 2, tagsAndValues[2 * i + 1]);
        }
        driver.queue(2).describe(slot, at, 5 * tagsAndValues.length, 0, 0);
        driver.queue(2).offer(slot);
        driver.kick(2);
    }

    private MemoryStatistics awaitStatistics(Statistic statistic, long value) {
        long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
        while (device.state().statistics().isEmpty()
                || !Long.valueOf(value).equals(device.state().statistics().get().values().get(statistic))) {
            assertThat(System.nanoTime()).as("%s", device.state()).isLessThan(until);
            Thread.onSpinWait();
        }
        return device.state().statistics().get();
    }

    @Test
    void statisticsAreAskedForAgainAndAgain() throws Exception {
        start(ALL, 0, 1, 2, 3);
        tell(0, 4, 1000, 5, 2000, 999, 1, 6, -1);

        assertThat(awaitStatistics(Statistic.FREE, 1000))
                .isEqualTo(new MemoryStatistics(Map.of(Statistic.FREE, 1000L, Statistic.TOTAL, 2000L), NOW));
        assertThat(driver.queue(2).awaitUsed()).as("asked again after a second").isZero();
        tell(0, 4, 1500);
        assertThat(awaitStatistics(Statistic.FREE, 1500).values()).hasSize(1);
        assertThat(driver.queue(2).awaitUsed()).isZero();
    }

    @Test
    void secondBufferForStatisticsSendsTheFirstOneBack() throws Exception {
        start(ALL, 0, 1, 2, 3);
        tell(0, 4, 1);
        awaitStatistics(Statistic.FREE, 1);
        tell(1, 4, 2);
        awaitStatistics(Statistic.FREE, 2);
        assertThat(driver.queue(2).awaitUsed()).as("head 0").isZero();
    }

    @Test
    void statisticsGoWithTheDriver() throws Exception {
        start(ALL, 0, 1, 2, 3);
        tell(0, 4, 1);
        awaitStatistics(Statistic.FREE, 1);
        driver.reset();
        assertThat(device.state().statistics()).isEmpty();
    }

    @Test
    void emptyAndOddBuffersAreAnswered() throws Exception {
        start(ALL, 0, 1, 2, 3);
        driver.queue(0).describe(0, ARRAY, 3, 0, 0);
        driver.queue(0).offer(0);
        driver.kick(0);
        assertThat(driver.queue(0).awaitUsed()).isZero();
        driver.queue(0).describe(1, ARRAY, 4096, TestQueue.WRITE, 0);
        driver.queue(0).offer(1);
        driver.kick(0);
        assertThat(driver.queue(0).awaitUsed()).isEqualTo(1L << 32);
        driver.queue(3).describe(2, FREE, 4096, 0, 0);
        driver.queue(3).offer(2);
        driver.kick(3);
        assertThat(driver.queue(3).awaitUsed()).isEqualTo(2L << 32);
        driver.queue(2).describe(3, ARRAY, 9, 0, 0);
        driver.queue(2).offer(3);
        driver.kick(2);
        assertThat(driver.queue(2).awaitUsed()).isEqualTo(3L << 32);
        assertThat(device.state().inflatedBytes() + device.state().reportedBytes()).isZero();
    }

    @Test
    void brokenRingNeedsAResetAndTheNextDriverWorks() throws Exception {
        start(ALL, INFLATE, DEFLATE);
        driver.queue(INFLATE).describe(0, 1L << 40, 4, 0, 0);
        driver.queue(INFLATE).offer(0);
        driver.kick(INFLATE);
        driver.awaitStatus(15 | 64);
        driver.negotiate(VirtioFeatures.VERSION_1 | ALL);
        driver.addQueue(INFLATE, 64, false);
        driver.driverOk();
        useAllMemory();
        send(INFLATE, 800);
        assertThat(isEmpty(800)).isTrue();
    }

    @Test
    void intervalThatCannotBeIsRefused() {
        for (Duration interval : new Duration[] {Duration.ofSeconds(-1), Duration.ofMillis(1500),
                Duration.ofSeconds(3601)}) {
            assertThatIllegalArgumentException().isThrownBy(() -> new BalloonOptions(true, true, interval))
                    .withMessageContaining(interval.toString());
        }
    }

    @Test
    void savedBalloonIsAsLargeAsItWas() throws Exception {
        start(ALL, INFLATE, DEFLATE);
        device.setTarget(3 << 20);
        driver.setDeviceConfig(4, 4, 200);
        SavedVirtio.Builder saved = SavedVirtio.newBuilder();
        device.save(saved);
        try (VirtioBench other = new VirtioBench()) {
            BalloonDevice next = new BalloonDevice("balloon", new BalloonOptions(true, true, Duration.ofSeconds(1)),
                    other.backing(), VirtioBench.MEMORY_BYTES, () -> NOW, new Log(System.err, "test"));
            next.load(SavedVirtio.parseFrom(saved.build().toByteString()));
            assertThat(next.state().wantedBytes()).isEqualTo(1 << 20);
            assertThat(next.state().actualBytes()).isEqualTo(200 * PAGE);
            next.close();
        }
    }
}
