package io.drover.vmm.fuzz;

import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import io.drover.vmm.virtio.vsock.VsockDevice;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A socket device with a client that waits and a server beside its socket, whose packets from the guest are the input:
 * every packet is taken, or the device needs a reset, and gets it.
 */
public final class VsockPacketsFuzz {
    private static final int QUEUE_SIZE = 16;
    private static final int BUFFER_BYTES = 256;
    private static final int HEADER_BYTES = 44;
    private static final int PACKET_BYTES = 0x200;
    private static final long RECEIVE = 0x4_0000;
    private static final long TRANSMIT = 0x5_0000;
    private static final int RUNNING = 15;
    private static final int GUEST_PORT = 5;
    private static final int SERVER_PORT = 7;
    private static final int FIRST_HOST_PORT = 1 << 30;

    private VsockPacketsFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        FuzzBytes guest = new FuzzBytes(input);
        Path folder = Files.createTempDirectory("vsock-fuzz");
        Path socket = folder.resolve("s");
        Path serving = folder.resolve("s_" + SERVER_PORT);
        try (VirtioBench bench = new VirtioBench();
                ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(serving));
            bench.plug(VsockDevice.listen("vsock", VsockDevice.DEFAULT_GUEST_CID, socket));
            client.connect(UnixDomainSocketAddress.of(socket));
            client.write(ByteBuffer.wrap(("CONNECT " + GUEST_PORT + "\nhello").getBytes(StandardCharsets.US_ASCII)));
            TestDriver driver = new TestDriver(bench, 1).probe().useMsix().negotiate(VirtioFeatures.VERSION_1);
            TestQueue in = driver.addQueue(0, QUEUE_SIZE, false);
            TestQueue out = driver.addQueue(1, QUEUE_SIZE, false);
            driver.addQueue(2, QUEUE_SIZE, false);
            driver.driverOk();
            for (int index = 0; index < QUEUE_SIZE; index++) {
                in.describe(index, RECEIVE + (long) BUFFER_BYTES * index, BUFFER_BYTES, TestQueue.WRITE, 0);
                in.offer(index);
            }
            driver.kick(0);
            int packets = 0;
            while (!guest.isUsedUp() && packets < QUEUE_SIZE && driver.status() == RUNNING) {
                write(bench, out, packets, guest);
                out.offer(packets);
                packets++;
                driver.kick(1);
                long until = System.nanoTime() + TestDriver.DEADLINE_MILLIS * 1_000_000;
                while (out.usedIndex() != packets && driver.status() == RUNNING) {
                    if (System.nanoTime() > until) {
                        throw new AssertionError("neither taken nor broken: " + bench.log());
                    }
                }
            }
            driver.reset();
            if (bench.log().contains("ERROR")) {
                throw new AssertionError(bench.log());
            }
        } finally {
            Files.deleteIfExists(serving);
            Files.delete(folder);
        }
    }

    /** Mostly of a stream that is there, so that there is something to find. */
    private static void write(VirtioBench bench, TestQueue out, int index, FuzzBytes guest) throws Exception {
        long at = TRANSMIT + (long) PACKET_BYTES * index;
        int shape = guest.next8();
        boolean toServer = (shape & 1) != 0;
        int dataBytes = guest.next8();
        bench.memory().write64(at, (shape & 0x80) != 0 ? guest.next64() : VsockDevice.DEFAULT_GUEST_CID);
        bench.memory().write64(at + 8, (shape & 0x40) != 0 ? guest.next64() : VsockDevice.HOST_CID);
        bench.memory().write32(at + 16, toServer ? 9 : GUEST_PORT);
        bench.memory().write32(at + 20, toServer ? SERVER_PORT : FIRST_HOST_PORT);
        bench.memory().write32(at + 24, (shape & 0x20) != 0 ? (int) guest.next32() : dataBytes);
        bench.memory().write16(at + 28, (shape & 0x10) != 0 ? guest.next16() : 1);
        bench.memory().write16(at + 30, (shape & 8) != 0 ? guest.next16() : guest.next8() & 7);
        bench.memory().write32(at + 32, guest.next8());
        bench.memory().write32(at + 36, (int) guest.next32());
        bench.memory().write32(at + 40, (int) guest.next32());
        int bytes = (shape & 4) != 0 ? guest.next8() : HEADER_BYTES + dataBytes;
        out.describe(index, at, bytes, (shape & 2) != 0 ? guest.next8() & 7 : 0, guest.next8());
    }
}
