package io.drover.vmm.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.net.MacAddress;
import io.drover.vmm.net.Offloads;
import io.drover.vmm.net.PacketLayout;
import io.drover.vmm.net.RevocableNetwork;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import io.drover.vmm.virtio.VirtioPciFunction;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class NetDeviceTest {
    private static final MacAddress MAC = MacAddress.of("52:54:00:12:34:56");
    private static final int MTU = 9000;
    private static final long BUFFER = 0x20_0000;
    private static final int BUFFER_BYTES = 2048;
    /** Of the configuration. */
    private static final int LINK = 6;
    private static final long COMMAND = 0x8_0000;
    private static final long PLAIN = VirtioFeatures.VERSION_1 | VirtioFeatures.EVENT_IDX | NetFeatures.MAC
            | NetFeatures.STATUS | NetFeatures.CTRL_VQ | NetFeatures.CTRL_RX | NetFeatures.GUEST_ANNOUNCE;
    private static final long MERGEABLE = PLAIN | NetFeatures.MRG_RXBUF;

    private final VirtioBench bench = new VirtioBench();
    private FakeNetwork network;
    private NetDevice device;
    private TestDriver driver;
    private TestQueue in;
    private TestQueue out;
    private TestQueue control;

    @AfterEach
    void close() {
        bench.close();
    }

    private void plug(int pairs, boolean offloads, FrameLimit inLimit, FrameLimit outLimit) throws Exception {
        network = new FakeNetwork(pairs, offloads);
        device = new NetDevice("nic", MAC, MTU, network, inLimit, outLimit);
        VirtioPciFunction function = bench.plug(device);
        device.start(function::configurationChanged);
        driver = new TestDriver(bench, 1).probe();
    }

    private void start(long features) throws Exception {
        if (network == null) {
            plug(1, false, FrameLimit.NONE, FrameLimit.NONE);
        }
        driver.useMsix().negotiate(features);
        assertThat(driver.status()).isEqualTo(11);
        boolean eventIndex = (features & VirtioFeatures.EVENT_IDX) != 0;
        in = driver.addQueue(0, 16, eventIndex);
        out = driver.addQueue(1, 16, eventIndex);
        control = driver.addQueue((features & NetFeatures.MQ) != 0 ? 2 * network.pairs() : 2, 16, eventIndex);
        driver.driverOk();
        assertThat(driver.status()).isEqualTo(15);
    }

    /** What a guest needs to let go of a nic that was taken from it. */
    @Test
    void nicWhoseNetworkIsRevokedHasNoLinkAndAnswersItsDriver() throws Exception {
        network = new FakeNetwork(1, false);
        RevocableNetwork revocable = new RevocableNetwork(network);
        device = new NetDevice("nic", MAC, MTU, revocable, FrameLimit.NONE, FrameLimit.NONE);
        VirtioPciFunction function = bench.plug(device);
        device.start(function::configurationChanged);
        driver = new TestDriver(bench, 1).probe();
        start(MERGEABLE);
        network.setLink(true);
        assertThat(driver.deviceConfig(LINK, 2)).isEqualTo(1);
        network.fake(0).setStuck(true);
        send(0, packet(100, 1));
        network.fake(0).heard();

        revocable.revoke();
        CountDownLatch idle = new CountDownLatch(1);
        function.whenIdle(idle::countDown);
        assertThat(idle.await(TestDriver.DEADLINE_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        revocable.close();
        revocable.close();

        assertThat(network.fake(0).isPartlySent()).as("it is detached").isFalse();
        assertThat(driver.deviceConfig(LINK, 2)).isZero();
        send(1, packet(100, 2));
        out.awaitUsed();
        out.awaitUsed();
        assertThat(network.fake(0).hasHeardMore()).isFalse();
        assertThat(command(0, 0, 1)).as("promiscuous").isZero();
        assertThat(driver.reset().status()).isZero();
    }

    private static byte[] packet(int frameBytes, int seed) {
        byte[] packet = new byte[PacketLayout.HEADER_BYTES + frameBytes];
        byte[] frame = new byte[frameBytes];
        new Random(seed).nextBytes(frame);
        System.arraycopy(frame, 0, packet, PacketLayout.HEADER_BYTES, frameBytes);
        return packet;
    }

    private void giveBuffers(int first, int count, int bytes) throws Exception {
        for (int i = first; i < first + count; i++) {
            in.describe(i, BUFFER + (long) BUFFER_BYTES * i, bytes, TestQueue.WRITE, 0);
            in.offer(i);
        }
        driver.kick(0);
    }

    private byte[] memory(long address, int bytes) throws Exception {
        byte[] copy = new byte[bytes];
        bench.memory().copyOut(address, copy);
        return copy;
    }

    private static void await(BooleanSupplier condition) {
        long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(until);
            Thread.onSpinWait();
        }
    }

    private void send(int head, byte[] packet) throws Exception {
        bench.memory().copyIn(BUFFER + (long) BUFFER_BYTES * head, packet);
        out.describe(head, BUFFER + (long) BUFFER_BYTES * head, packet.length, 0, 0);
        out.offer(head);
        driver.kick(1);
    }

    /** The answer to a command. */
    private int command(int... bytes) throws Exception {
        for (int i = 0; i < bytes.length; i++) {
            bench.memory().write8(COMMAND + i, bytes[i]);
        }
        bench.memory().write8(COMMAND + 0x1000, 0xFF);
        control.describe(0, COMMAND, bytes.length, TestQueue.NEXT, 1);
        control.describe(1, COMMAND + 0x1000, 1, TestQueue.WRITE, 0);
        control.offer(0);
        driver.kick(controlNumber());
        assertThat(control.awaitUsed()).isEqualTo(1);
        return bench.memory().read8(COMMAND + 0x1000);
    }

    private int controlNumber() {
        return network.pairs() > 1 ? 2 * network.pairs() : 2;
    }

    @Test
    void configurationIsWhatTheNicIs() throws Exception {
        plug(1, false, FrameLimit.NONE, FrameLimit.NONE);
        assertThat(driver.config(0, 4)).isEqualTo(0x1041_1AF4L);
        assertThat(driver.config(8, 4)).isEqualTo(0x0200_0001L);
        assertThat(driver.deviceConfig(0, 4)).isEqualTo(0x1200_5452L);
        assertThat(driver.deviceConfig(4, 2)).isEqualTo(0x5634);
        assertThat(driver.deviceConfig(8, 2)).as("pairs").isEqualTo(1);
        assertThat(driver.deviceConfig(10, 2)).isEqualTo(MTU);
        assertThat(driver.deviceConfig(12, 4)).as("behind it").isZero();
        assertThat(driver.deviceFeatures() & (NetFeatures.OFFLOADS | NetFeatures.MQ)).isZero();
    }

    @Test
    void receivedPacketIsInTheGuestWithItsHeader() throws Exception {
        start(MERGEABLE);
        giveBuffers(0, 2, BUFFER_BYTES);
        byte[] packet = packet(60, 1);
        network.fake(0).say(packet);
        assertThat(in.awaitUsed()).isEqualTo(packet.length);
        assertThat(bench.messages().await(TestDriver.message(1), 1, TestDriver.DEADLINE_MILLIS)).isTrue();
        byte[] got = memory(BUFFER, packet.length);
        assertThat(got[PacketLayout.NUM_BUFFERS]).isEqualTo((byte) 1);
        got[PacketLayout.NUM_BUFFERS] = 0;
        assertThat(got).isEqualTo(packet);
        assertThat(device.counts()).isEqualTo(new NetCounts(1, 60, 0, 0, 0, 0));
    }

    @Test
    void largePacketGoesOverSeveralBuffers() throws Exception {
        start(MERGEABLE);
        giveBuffers(0, 6, 1000);
        byte[] packet = packet(4500, 2);
        network.fake(0).say(packet);
        byte[] got = new byte[packet.length];
        for (int i = 0; i < 5; i++) {
            int bytes = Math.min(1000, packet.length - 1000 * i);
            assertThat(in.awaitUsed()).isEqualTo(((long) i << 32) | bytes);
            System.arraycopy(memory(BUFFER + (long) BUFFER_BYTES * i, bytes), 0, got, 1000 * i, bytes);
        }
        assertThat(got[PacketLayout.NUM_BUFFERS]).isEqualTo((byte) 5);
        got[PacketLayout.NUM_BUFFERS] = 0;
        assertThat(got).isEqualTo(packet);
    }

    @Test
    void packetWaitsForBuffersAndIsSeenWhole() throws Exception {
        start(MERGEABLE);
        giveBuffers(0, 3, 1000);
        network.fake(0).say(packet(100, 1), packet(2500, 2));
        assertThat(in.awaitUsed()).as("the first is not held back by the second").isEqualTo(112);
        assertThat(in.usedIndex()).isEqualTo(1);
        giveBuffers(3, 1, 1000);
        for (int i = 1; i <= 3; i++) {
            assertThat(in.awaitUsed() >>> 32).isEqualTo(i);
        }
        assertThat(memory(BUFFER + BUFFER_BYTES, 12)[PacketLayout.NUM_BUFFERS]).isEqualTo((byte) 3);
    }

    @Test
    void packetThatDoesNotFitIsDroppedWhereBuffersDoNotMerge() throws Exception {
        start(PLAIN);
        giveBuffers(0, 1, 1000);
        network.fake(0).say(packet(1000, 1), packet(900, 2));
        assertThat(in.awaitUsed()).isEqualTo(912);
        assertThat(device.counts().droppedIn()).isEqualTo(1);
    }

    @Test
    void bufferWithoutRoomForAHeaderIsABreach() throws Exception {
        start(MERGEABLE);
        giveBuffers(0, 1, 11);
        network.fake(0).say(packet(60, 1));
        driver.awaitStatus(15 | 64);
        assertThat(bench.log()).contains("receive buffer : 11 bytes");
    }

    @Test
    void manyMorePacketsThanBuffersArriveInOrder() throws Exception {
        start(MERGEABLE);
        byte[][] packets = new byte[500][];
        for (int i = 0; i < packets.length; i++) {
            packets[i] = packet(60 + i % 700, i);
        }
        network.fake(0).say(packets);
        giveBuffers(0, 16, BUFFER_BYTES);
        for (int i = 0; i < packets.length; i++) {
            long used = in.awaitUsed();
            int head = (int) (used >>> 32);
            assertThat((int) used).isEqualTo(packets[i].length);
            byte[] got = memory(BUFFER + (long) BUFFER_BYTES * head, packets[i].length);
            assertThat(Arrays.copyOfRange(got, 12, got.length))
                    .isEqualTo(Arrays.copyOfRange(packets[i], 12, got.length));
            in.offer(head);
            driver.kick(0);
        }
    }

    @Test
    void sentPacketIsInTheNetwork() throws Exception {
        start(MERGEABLE);
        byte[] packet = packet(1000, 3);
        bench.memory().copyIn(BUFFER, packet);
        out.describe(0, BUFFER, 12, TestQueue.NEXT, 1);
        out.describe(1, BUFFER + 12, 500, TestQueue.NEXT, 2);
        out.describe(2, BUFFER + 512, 500, 0, 0);
        out.offer(0);
        driver.kick(1);
        assertThat(network.fake(0).heard()).isEqualTo(packet);
        assertThat(out.awaitUsed()).isZero();
        assertThat(device.counts()).isEqualTo(new NetCounts(0, 0, 0, 1, 1000, 0));
    }

    @Test
    void aPortThatWasEmptyIsNotAskedAgainForEachKick() throws Exception {
        start(PLAIN);
        // The thread's first look at everything is over when it has heard the second kick.
        sendAndAwait(1);
        sendAndAwait(2);
        int asked = network.fake(0).timesAsked();
        for (int packets = 3; packets <= 10; packets++) {
            sendAndAwait(packets);
        }
        assertThat(network.fake(0).timesAsked()).isEqualTo(asked);

        giveBuffers(0, 1, BUFFER_BYTES);
        network.fake(0).say(packet(60, 1));
        assertThat(in.awaitUsed()).as("head and bytes").isEqualTo(PacketLayout.HEADER_BYTES + 60);
    }

    private void sendAndAwait(int packets) throws Exception {
        send(0, packet(60, packets));
        network.fake(0).heard();
        assertThat(out.awaitUsed()).isZero();
    }

    @Test
    void whatIsNoFrameIsDropped() throws Exception {
        start(MERGEABLE);
        send(0, packet(13, 1));
        send(1, new byte[1]);
        // 72 KiB of the same memory over and over.
        for (int i = 2; i < 11; i++) {
            out.describe(i, 0x10_0000, 8192, i == 10 ? 0 : TestQueue.NEXT, i + 1);
        }
        out.offer(2);
        byte[] good = packet(14, 2);
        send(12, good);
        for (int head : new int[] {0, 1, 2, 12}) {
            assertThat(out.awaitUsed()).isEqualTo((long) head << 32);
        }
        assertThat(network.fake(0).heard()).isEqualTo(good);
        assertThat(network.fake(0).hasHeardMore()).isFalse();
        assertThat(device.counts().droppedOut()).isEqualTo(3);
    }

    @Test
    void chainIsNotGivenBackBeforeAllOfItIsSent() throws Exception {
        start(MERGEABLE);
        network.fake(0).setStuck(true);
        send(0, packet(60, 1));
        network.fake(0).heard();
        send(1, packet(61, 2));
        await(network.fake(0)::isPartlySent);
        assertThat(out.usedIndex()).isZero();
        network.fake(0).setStuck(false);
        assertThat(out.awaitUsed()).isZero();
        assertThat(out.awaitUsed() >>> 32).isEqualTo(1);
        assertThat(network.fake(0).heard()).hasSize(73);
    }

    @Test
    void linkIsShownAndChangesInterrupt() throws Exception {
        start(MERGEABLE);
        assertThat(driver.deviceConfig(6, 2)).isZero();
        long generation = driver.common(21, 1);
        network.setLink(true);
        assertThat(bench.messages().await(TestDriver.message(0), 1, TestDriver.DEADLINE_MILLIS)).isTrue();
        assertThat(driver.deviceConfig(6, 2)).isEqualTo(1);
        assertThat(driver.common(21, 1)).isNotEqualTo(generation);
        network.setLink(false);
        assertThat(driver.deviceConfig(6, 2)).isZero();
    }

    @Test
    void announcementIsAskedForUntilTheDriverHasDoneIt() throws Exception {
        start(MERGEABLE);
        network.setLink(true);
        device.announce();
        assertThat(driver.deviceConfig(6, 2)).isEqualTo(3);
        assertThat(command(3, 0)).isZero();
        assertThat(driver.deviceConfig(6, 2)).isEqualTo(1);
    }

    /** RFC 903, which other hypervisors send, too: a driver need not know anything of it. */
    @Test
    void networkThatLearnsIsToldOnceWhereTheGuestIs() throws Exception {
        start(MERGEABLE & ~NetFeatures.GUEST_ANNOUNCE);
        network.setLearns(true);
        device.announce();
        send(0, packet(100, 1));

        byte[] told = network.fake(0).heard();

        assertThat(HexFormat.of().formatHex(told)).isEqualTo("00".repeat(12) + "ffffffffffff" + "525400123456" + "8035"
                + "0001" + "0800" + "06" + "04" + "0003" + "525400123456" + "00000000" + "525400123456" + "00000000"
                + "00".repeat(18));
        assertThat(network.fake(0).heard()).isEqualTo(packet(100, 1));
        send(1, packet(100, 2));
        assertThat(network.fake(0).heard()).isEqualTo(packet(100, 2));
    }

    @Test
    void networkThatDoesNotLearnIsToldNothing() throws Exception {
        start(MERGEABLE);
        device.announce();
        send(0, packet(100, 1));
        assertThat(network.fake(0).heard()).isEqualTo(packet(100, 1));
    }

    @Test
    void receiveModesAreAccepted() throws Exception {
        start(MERGEABLE);
        assertThat(command(0, 0, 1)).as("promiscuous").isZero();
        assertThat(command(0, 1, 0)).as("all multicast").isZero();
        assertThat(command(1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0)).as("tables").isZero();
    }

    @Test
    void commandsThatAreNoneAreRefused() throws Exception {
        start(MERGEABLE);
        assertThat(command(0, 2, 1)).isEqualTo(1);
        assertThat(command(0, 0)).isEqualTo(1);
        assertThat(command(1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0)).as("a table that is not there").isEqualTo(1);
        assertThat(command(1, 1, 2, 0, 0, 0, 0, 1)).as("an address of its own").isEqualTo(1);
        assertThat(command(4, 0, 2, 0)).as("more pairs than there are").isEqualTo(1);
        assertThat(command(200, 200)).isEqualTo(1);
        control.describe(0, COMMAND, 2, 0, 0);
        control.offer(0);
        driver.kick(2);
        driver.awaitStatus(15 | 64);
    }

    @Test
    void pairsAreUsedAsTheDriverSays() throws Exception {
        plug(4, true, FrameLimit.NONE, FrameLimit.NONE);
        driver.useMsix().negotiate(MERGEABLE | NetFeatures.MQ | NetFeatures.OFFLOADS);
        TestQueue secondIn = driver.addQueue(2, 16, true);
        TestQueue secondOut = driver.addQueue(3, 16, true);
        control = driver.addQueue(8, 16, true);
        driver.driverOk();
        assertThat(network.accepted()).isEqualTo(new Offloads(true, true, true));
        assertThat(driver.deviceConfig(8, 2)).isEqualTo(4);
        assertThat(command(4, 0, 2, 0)).isZero();
        assertThat(network.used()).isEqualTo(2);
        assertThat(command(4, 0, 5, 0)).isEqualTo(1);
        assertThat(command(4, 0, 0, 0)).isEqualTo(1);
        secondIn.describe(0, BUFFER, BUFFER_BYTES, TestQueue.WRITE, 0);
        secondIn.offer(0);
        driver.kick(2);
        network.fake(1).say(packet(60, 1));
        assertThat(secondIn.awaitUsed()).isEqualTo(72);
        bench.memory().copyIn(BUFFER + 0x1000, packet(80, 2));
        secondOut.describe(0, BUFFER + 0x1000, 92, 0, 0);
        secondOut.offer(0);
        driver.kick(3);
        assertThat(network.fake(1).heard()).isEqualTo(packet(80, 2));
        driver.reset();
        assertThat(network.used()).isEqualTo(1);
        assertThat(network.accepted()).isEqualTo(Offloads.NONE);
    }

    @Test
    void heldBackFramesGoWhenTheLimitLetsThem() throws Exception {
        AtomicBoolean open = new AtomicBoolean();
        FrameLimit limit = frameBytes -> open.get() ? 0 : 1_000_000;
        plug(1, false, limit, limit);
        start(MERGEABLE);
        giveBuffers(0, 1, BUFFER_BYTES);
        network.fake(0).say(packet(60, 1));
        send(4, packet(60, 2));
        assertThat(command(0, 0, 1)).as("the thread goes on meanwhile").isZero();
        assertThat(in.usedIndex()).isZero();
        assertThat(network.fake(0).hasHeardMore()).isFalse();
        open.set(true);
        assertThat(in.awaitUsed()).isEqualTo(72);
        assertThat(network.fake(0).heard()).isEqualTo(packet(60, 2));
    }

    @Test
    void resetWithinEverythingLeavesANicThatWorks() throws Exception {
        start(MERGEABLE);
        network.fake(0).setStuck(true);
        send(0, packet(60, 1));
        network.fake(0).heard();
        network.fake(0).say(packet(3000, 2));
        giveBuffers(0, 1, 1000);
        driver.reset();
        network.fake(0).setStuck(false);
        start(MERGEABLE);
        // Whether the packet of before the reset is lost with it or comes now, there is room for both.
        giveBuffers(0, 4, BUFFER_BYTES);
        send(5, packet(70, 3));
        assertThat(network.fake(0).heard()).isEqualTo(packet(70, 3));
        network.fake(0).say(packet(64, 4));
        long used;
        do {
            used = in.awaitUsed();
        } while ((int) used != 64 + PacketLayout.HEADER_BYTES);
        byte[] frame = memory(BUFFER + BUFFER_BYTES * (used >>> 32) + PacketLayout.HEADER_BYTES, 64);
        assertThat(frame).isEqualTo(Arrays.copyOfRange(packet(64, 4), PacketLayout.HEADER_BYTES, 76));
    }

    @Property(tries = 40)
    void anyRingsLeaveANicThatCanBeReset(@ForAll long seed) throws Exception {
        Random random = new Random(seed);
        try (VirtioBench any = new VirtioBench()) {
            FakeNetwork fake = new FakeNetwork(2, true);
            NetDevice nic = new NetDevice("nic", MAC, MTU, fake, FrameLimit.NONE, FrameLimit.NONE);
            nic.start(any.plug(nic)::configurationChanged);
            TestDriver guest = new TestDriver(any, 1).probe();
            for (int round = 0; round < 3; round++) {
                boolean several = random.nextBoolean();
                guest.useMsix().negotiate(MERGEABLE | (several ? NetFeatures.MQ : 0));
                TestQueue[] queues = new TestQueue[several ? 5 : 3];
                for (int number = 0; number < queues.length; number++) {
                    TestQueue made = guest.addQueue(number, 8, true);
                    queues[number] = made;
                    for (int i = 0; i < 8; i++) {
                        made.describe(i, random.nextInt(20) == 0 ? random.nextLong() : random.nextInt(1 << 21),
                                random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(9000),
                                random.nextInt(20) == 0 ? random.nextInt(8) : number % 2 == 0 ? TestQueue.WRITE : 0,
                                random.nextInt(9));
                    }
                }
                guest.driverOk();
                for (int i = 0; i < 30; i++) {
                    int number = random.nextInt(queues.length);
                    queues[number].offer(random.nextInt(random.nextInt(10) == 0 ? 0x1_0000 : 8));
                    guest.kick(number);
                    fake.fake(random.nextInt(2)).say(packet(14 + random.nextInt(9000), i));
                    any.memory().write32(0x10_0000 + random.nextInt(0x5_0000), random.nextInt());
                }
                guest.reset();
            }
            assertThat(any.log()).doesNotContain("ERROR");
        }
    }
}
