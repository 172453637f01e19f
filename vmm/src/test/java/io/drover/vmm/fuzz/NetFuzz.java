package io.drover.vmm.fuzz;

import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.HostBuffer;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.LinkListener;
import io.drover.vmm.net.MacAddress;
import io.drover.vmm.net.Network;
import io.drover.vmm.net.Offloads;
import io.drover.vmm.net.PacketLayout;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import io.drover.vmm.virtio.net.FrameLimit;
import io.drover.vmm.virtio.net.NetDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A nic whose rings, frames and control commands are the input, on a network that sends back what it gets: all that is sent or
 * commanded is answered, or the device needs a reset, and gets it.
 */
public final class NetFuzz {
    private static final long CONTENTS = 0x4_0000;
    private static final int MOST_BYTES = 0x1_0000;
    private static final int QUEUE_SIZE = 8;
    private static final int PAIRS = 2;
    private static final int RUNNING = 15;
    private static final long MERGEABLE = 1L << 15;
    /** VIRTIO_NET_F_MAC, STATUS, CTRL_VQ, CTRL_RX, GUEST_ANNOUNCE and MQ (virtio 1.2, 5.1.3). */
    private static final long FEATURES = VirtioFeatures.VERSION_1 | VirtioFeatures.INDIRECT_DESC | 1L << 5 | 1L << 16
            | 1L << 17 | 1L << 18 | 1L << 21 | 1L << 22;

    private NetFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        FuzzBytes guest = new FuzzBytes(input);
        try (VirtioBench bench = new VirtioBench()) {
            NetDevice device = new NetDevice("nic", MacAddress.of("52:54:00:12:34:56"), 1500, new Echo(),
                    FrameLimit.NONE, FrameLimit.NONE);
            device.start(bench.plug(device)::configurationChanged);
            boolean mergeable = (guest.next8() & 1) != 0;
            TestDriver driver = new TestDriver(bench, 1).probe().useMsix()
                    .negotiate(FEATURES | (mergeable ? MERGEABLE : 0));
            TestQueue in = driver.addQueue(0, QUEUE_SIZE, false);
            TestQueue out = driver.addQueue(1, QUEUE_SIZE, false);
            TestQueue control = driver.addQueue(2 * PAIRS, QUEUE_SIZE, false);
            driver.driverOk();
            int received = fill(in, guest);
            int sent = fill(out, guest);
            int commanded = fill(control, guest);
            byte[] contents = guest.rest();
            bench.memory().copyIn(CONTENTS, contents.length > MOST_BYTES ? new byte[0] : contents);
            offer(in, received);
            offer(out, sent);
            offer(control, commanded);
            driver.kick(0);
            driver.kick(1);
            driver.kick(2 * PAIRS);
            long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
            while ((out.usedIndex() != sent || control.usedIndex() != commanded) && driver.status() == RUNNING) {
                if (System.nanoTime() > until) {
                    throw new AssertionError("neither answered nor broken: " + bench.log());
                }
            }
            driver.reset();
            if (bench.log().contains("ERROR")) {
                throw new AssertionError(bench.log());
            }
        }
    }

    /** Mostly near the input's bytes, so that there is something to find; {@return how many chains} */
    private static int fill(TestQueue queue, FuzzBytes guest) throws Exception {
        int chains = guest.next8() % (QUEUE_SIZE + 1);
        for (int index = 0; index < QUEUE_SIZE; index++) {
            int flags = guest.next8();
            long address = (flags & 0x80) != 0 ? guest.next64() : CONTENTS + guest.next16();
            int length = (flags & 0x40) != 0 ? (int) guest.next32() : guest.next16() & 0x1FFF;
            queue.describe(index, address, length, flags & 7, guest.next8() & 15);
        }
        return chains;
    }

    private static void offer(TestQueue queue, int chains) throws Exception {
        for (int chain = 0; chain < chains; chain++) {
            queue.offer(chain);
        }
    }

    /** Sends what it gets back, by the pair through which it came. */
    private static final class Echo implements Network {
        private final List<EchoPort> ports;

        Echo() throws IOException {
            this.ports = List.of(new EchoPort(), new EchoPort());
        }

        @Override
        public int pairs() {
            return ports.size();
        }

        @Override
        public boolean offloads() {
            return true;
        }

        @Override
        public boolean learns() {
            return false;
        }

        @Override
        public FramePort port(int pair) {
            return ports.get(pair);
        }

        @Override
        public void start(LinkListener listener) {
            listener.linkChanged(true);
        }

        @Override
        public void setOffloads(Offloads accepted) {
            // What comes back is as the guest made it.
        }

        @Override
        public void usePairs(int pairs) {
            if (pairs < 1 || pairs > ports.size()) {
                throw new AssertionError("pairs : " + pairs);
            }
        }

        @Override
        public void close() {
            ports.forEach(port -> port.wake.close());
        }
    }

    private static final class EchoPort implements FramePort {
        private final EventFile wake = EventFile.create("echo");
        private final HostBuffer buffer = new HostBuffer(PacketLayout.MAX_PACKET_BYTES);
        private final Queue<byte[]> packets = new ConcurrentLinkedQueue<>();

        EchoPort() throws IOException {
            // The event's file is all that there is to open.
        }

        @Override
        public void attach(Watch watch) throws IOException {
            watch.changes(wake.file());
        }

        @Override
        public void detach() {
            packets.clear();
        }

        @Override
        public int receive() {
            byte[] packet = packets.poll();
            if (packet == null) {
                return 0;
            }
            buffer.copyIn(0, packet);
            return packet.length;
        }

        @Override
        public HostBuffer buffer() {
            return buffer;
        }

        @Override
        public long position() {
            return 0;
        }

        @Override
        public boolean send(IoVector packet) {
            long bytes = packet.byteCount();
            if (bytes < PacketLayout.HEADER_BYTES + PacketLayout.MIN_FRAME_BYTES
                    || bytes > PacketLayout.MAX_PACKET_BYTES) {
                throw new AssertionError("packet : " + bytes + " bytes");
            }
            ByteBuffer copy = ByteBuffer.allocate((int) bytes);
            packet.copyTo(0, copy);
            packets.add(copy.array());
            wake.ring();
            return true;
        }

        @Override
        public boolean flush() {
            return true;
        }
    }
}
