package io.drover.vmm.migration.stream;

import static io.drover.vmm.migration.stream.StreamRig.STATE;
import static io.drover.vmm.migration.stream.StreamRig.failureOf;
import static io.drover.vmm.migration.stream.StreamRig.rig;
import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.PageSet;
import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StreamTest {
    /** HELLO and DISKS. */
    private static final long GREETING = 8 + 56 + 8;
    /** Then the first PAGES frame with its entries: behind this come the bytes of pages. */
    private static final long FIRST_PAGE = GREETING + 8 + 256 * 8;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 16})
    void memoryAndStateArriveWhole(int connections) throws Exception {
        try (StreamRig rig = rig().connections(connections).pages(1500).build().fill().receive()) {
            rig.sender.open();
            long bytes = rig.sendPass(0, rig.all());
            assertThat(rig.rate.sentPages()).as("but pages of zeros").isEqualTo(1500 - 187);
            assertThat(bytes).isBetween(1313 * 4096L, 1313 * 4096L + 20_000);
            rig.sender.finish(STATE);
            rig.assertArrived();
            assertThat(rig.receiver.receivedBytes()).isEqualTo(1313 * 4096L);
        }
    }

    @Test
    void laterPassSendsItsPagesOnlyAndZerosAsZeros() throws Exception {
        try (StreamRig rig = rig().connections(2).build().fill().receive()) {
            rig.sender.open();
            rig.sendPass(0, rig.all());
            rig.source.write8(3 * 4096, 0x55);
            rig.source.fill(100 * 4096, 40 * 4096, (byte) 0);
            PageSet dirty = rig.pages(3);
            dirty.add(100, 40);
            long before = rig.rate.sentPages();
            long bytes = rig.sendPass(1, dirty);
            assertThat(rig.rate.sentPages() - before).isEqualTo(1);
            assertThat(bytes).isLessThan(4096 + 1000);
            rig.sendPass(2, rig.pages());
            rig.sender.finish(STATE);
            rig.assertArrived();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void memoryThatChangesWhileItIsSentArrivesOnceItStandsStill(boolean packing) throws Exception {
        try (StreamRig rig = rig().packing(packing).connections(2).pages(4096).build().fill().receive()) {
            rig.source.track();
            rig.sender.open();
            CountDownLatch stop = new CountDownLatch(1);
            Thread guest = Thread.ofPlatform().start(() -> scribble(rig, stop));
            PageSet dirty = rig.all();
            for (int pass = 0; pass < 6; pass++) {
                rig.sendPass(pass, dirty);
                dirty.clear();
                rig.source.drainWritten(dirty);
            }
            stop.countDown();
            assertThat(guest.join(Duration.ofSeconds(20))).isTrue();
            rig.source.drainWritten(dirty);
            rig.sendPass(6, dirty);
            rig.sender.finish(STATE);
            rig.assertArrived();
        }
    }

    private static void scribble(StreamRig rig, CountDownLatch stop) {
        Random random = new Random(1);
        try {
            while (stop.getCount() > 0) {
                long page = random.nextInt(4096);
                rig.source.fill(page * 4096 + random.nextInt(2048), 2048, (byte) random.nextInt(4));
            }
        } catch (GuestAddressException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void packedMemoryArrivesWholeAndIsLess(int connections) throws Exception {
        try (StreamRig rig = rig().packing(true).connections(connections).pages(1500).build().fill().receive()) {
            noise(rig, 200, 16);
            rig.sender.open();
            assertThat(rig.sendPass(0, rig.all())).as("as if nothing were packed")
                    .isBetween(1313 * 4096L, 1313 * 4096L + 20_000);
            assertThat(rig.rate.sentBytes()).isBetween(14 * 4096L, 40 * 4096L);
            rig.source.write8(3 * 4096, 0x55);
            rig.source.fill(100 * 4096, 40 * 4096, (byte) 0);
            PageSet dirty = rig.pages(3, 1499);
            dirty.add(100, 40);
            rig.sendPass(1, dirty);
            rig.sender.finish(STATE);
            rig.assertArrived();
            assertThat(rig.receiver.receivedBytes()).as("unpacked").isEqualTo(1317 * 4096L);
        }
    }

    /** Pages that cannot be packed. */
    private static void noise(StreamRig rig, long first, int count) throws GuestAddressException {
        Random random = new Random(3);
        for (long at = first * 4096; at < (first + count) * 4096; at += 8) {
            rig.source.write64(at, random.nextLong());
        }
    }

    @Test
    void nothingIsPackedForAnOlderReceiver() throws Exception {
        try (StreamRig rig = rig().packing(true).build().fill().receive()) {
            rig.sender.open(2, 2);
            rig.sendPass(0, rig.all());
            rig.sender.finish(STATE);
            rig.assertArrived();
            assertThat(rig.rate.sentBytes()).isGreaterThan(448 * 4096L);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 100, 140, 200})
    void damagedPackedPageIsRefused(int at) throws Exception {
        try (StreamRig rig = rig().packing(true).through(DamagingWire.flipping(GREETING + 8 + at)).build().fill()
                .receive()) {
            rig.sender.open();
            StreamException failure = failureOf(() -> {
                rig.sendPass(0, rig.all());
                rig.sender.finish(STATE);
            });
            assertThat(failure.kind()).isEqualTo(FailureKind.DAMAGED);
            assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.DAMAGED);
        }
    }

    @Test
    void damagedPageThatIsNotSentAgainIsRefused() throws Exception {
        try (StreamRig rig = rig().through(DamagingWire.flipping(FIRST_PAGE + 5 * 4096 + 1)).build().fill()
                .receive()) {
            rig.sender.open();
            rig.sendPass(0, rig.all());
            StreamException failure = failureOf(() -> rig.sender.finish(STATE));
            assertThat(failure.kind()).isEqualTo(FailureKind.DAMAGED);
            assertThat(failure).hasMessageContaining("checksum of page 5");
            assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.DAMAGED);
        }
    }

    @Test
    void damagedPageThatIsSentAgainIsGood() throws Exception {
        try (StreamRig rig = rig().through(DamagingWire.flipping(FIRST_PAGE + 5 * 4096 + 1)).build().fill()
                .receive()) {
            rig.sender.open();
            rig.sendPass(0, rig.all());
            rig.sendPass(1, rig.pages(5));
            rig.sender.finish(STATE);
            rig.assertArrived();
        }
    }

    @Test
    void damagedFrameIsRefusedAtOnce() throws Exception {
        // The number of the first page becomes another.
        try (StreamRig rig = rig().through(DamagingWire.flipping(GREETING + 8 + 3)).build().fill().receive()) {
            rig.sender.open();
            StreamException failure = failureOf(() -> rig.sendPass(0, rig.all()));
            assertThat(failure.kind()).isEqualTo(FailureKind.DAMAGED);
            assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.DAMAGED);
        }
    }

    @Test
    void streamThatIsCutFailsAtBothEnds() throws Exception {
        try (StreamRig rig = rig().through(DamagingWire.cuttingAt(500_000)).build().fill().receive()) {
            rig.sender.open();
            assertThat(failureOf(() -> rig.sendPass(0, rig.all())).kind()).isEqualTo(FailureKind.CUT);
            assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.CUT);
        }
    }

    @Test
    void otherVersionIsRefusedWithBothNumbers() throws Exception {
        try (StreamRig rig = rig().build().receive()) {
            StreamException failure = failureOf(() -> rig.sender.open(4, 5));
            assertThat(failure.kind()).isEqualTo(FailureKind.VERSION);
            assertThat(failure).hasMessageContaining("versions 4 to 5").hasMessageContaining("this one 2 to 3");
            assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.VERSION);
        }
    }

    @Test
    void otherMemoryIsRefused() throws Exception {
        try (StreamRig rig = rig().pages(64).targetPages(65).build().receive()) {
            StreamException failure = failureOf(rig.sender::open);
            assertThat(failure.kind()).isEqualTo(FailureKind.MISMATCH);
            assertThat(failure).hasMessageContaining("64 pages").hasMessageContaining("expected: 65");
        }
    }

    @Test
    void stateThatCannotBeLoadedIsRefusedWithTheReason() throws Exception {
        try (StreamRig rig = rig().taker(state -> {
            throw new IOException("no device \"disk7\"");
        }).build().receive()) {
            rig.sender.open();
            rig.sendPass(0, rig.all());
            StreamException failure = failureOf(() -> rig.sender.finish(STATE));
            assertThat(failure.kind()).isEqualTo(FailureKind.MISMATCH);
            assertThat(failure).hasMessageContaining("no device \"disk7\"");
            assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.MISMATCH);
        }
    }

    @Test
    void senderThatIsCancelledComesBack() throws Exception {
        try (StreamRig rig = rig().connections(2).cap(20_000).build().fill().receive()) {
            rig.sender.open();
            Thread cancelling = Thread.ofVirtual().start(() -> {
                while (rig.rate.sentBytes() == 0) {
                    Thread.onSpinWait();
                }
                rig.sender.cancel("by the operator");
            });
            StreamException failure = failureOf(() -> rig.sendPass(0, rig.all()));
            cancelling.join();
            assertThat(failure.kind()).isEqualTo(FailureKind.CANCELLED);
            assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.CUT);
        }
    }

    @Test
    void receiverThatIsCancelledTellsTheSender() throws Exception {
        try (StreamRig rig = rig().connections(2).build().fill().receive()) {
            rig.sender.open();
            rig.sendPass(0, rig.all());
            rig.receiver.cancel("the VM is deleted");
            assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.CANCELLED);
            StreamException failure = failureOf(() -> rig.sendPass(1, rig.all()));
            assertThat(failure.kind()).isEqualTo(FailureKind.CANCELLED);
            assertThat(failure).hasMessageContaining("the VM is deleted");
        }
    }

    @Test
    void peerThatTakesNothingIsAStall() throws Exception {
        try (StreamRig rig = rig().timeout(Duration.ofMillis(200)).build()) {
            assertThat(failureOf(rig.sender::open).kind()).isEqualTo(FailureKind.STALLED);
        }
    }

    @Test
    void peerThatSaysNothingIsAStall() throws Exception {
        try (StreamRig rig = rig().timeout(Duration.ofMillis(300)).build().receive()) {
            rig.sender.open();
            assertThat(rig.outcome().orElseThrow().kind()).isEqualTo(FailureKind.STALLED);
            StreamException failure = failureOf(() -> rig.sendPass(0, rig.all()));
            assertThat(failure.kind()).as("told by the receiver").isEqualTo(FailureKind.STALLED);
        }
    }

    @Test
    void capIsKeptUntilItIsLifted() throws Exception {
        try (StreamRig rig = rig().pages(600).cap(4 << 20).build().fill().receive()) {
            rig.sender.open();
            long start = System.nanoTime();
            rig.sendPass(0, rig.all());
            // 525 pages in frames of 256: the last frame waits until the bucket has room for it again.
            assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(300));
            rig.rate.lift();
            rig.sendPass(1, rig.all());
            rig.sender.finish(STATE);
            rig.assertArrived();
        }
    }

    @Test
    void signsOfLifeAreNothingElse() throws Exception {
        try (StreamRig rig = rig().connections(3).build().fill().receive()) {
            rig.sender.open();
            rig.sender.keepAlive();
            rig.sendPass(0, rig.all());
            rig.sender.keepAlive();
            rig.sender.finish(STATE);
            rig.assertArrived();
        }
    }
}
