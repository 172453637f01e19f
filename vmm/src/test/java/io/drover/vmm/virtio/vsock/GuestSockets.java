package io.drover.vmm.virtio.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.virtio.TestDriver;
import io.drover.vmm.virtio.TestQueue;
import io.drover.vmm.virtio.VirtioBench;
import io.drover.vmm.virtio.VirtioFeatures;
import java.nio.ByteBuffer;

/** The guest's end of a socket device: a driver that does what a test says and no more. */
public final class GuestSockets {
    public static final int CID = 3;
    public static final int REQUEST = 1;
    public static final int RESPONSE = 2;
    public static final int RST = 3;
    public static final int SHUTDOWN = 4;
    public static final int RW = 5;
    public static final int CREDIT_UPDATE = 6;
    public static final int CREDIT_REQUEST = 7;
    /** Of each buffer for packets, as Linux has it. */
    static final int BUFFER_BYTES = 4096;
    static final int BUFFERS = 32;
    static final int HEADER_BYTES = 44;

    private static final int TRANSMIT_SIZE = 128;
    private static final int EVENT_SIZE = 4;
    private static final long RECEIVE = 0x20_0000;
    private static final long TRANSMIT = 0x28_0000;
    private static final long EVENT = 0x8_0000;

    /** One that the guest got. */
    record Packet(long sourceCid, long destinationCid, int hostPort, int guestPort, int type, int operation, int flags,
            int bufferBytes, int forwarded, ByteBuffer data) {}

    private final VirtioBench bench;
    private final TestDriver driver;
    private TestQueue in;
    private TestQueue out;
    private TestQueue events;

    public GuestSockets(VirtioBench bench) {
        this.bench = bench;
        this.driver = new TestDriver(bench, 1).probe();
    }

    TestDriver driver() {
        return driver;
    }

    TestQueue in() {
        return in;
    }

    TestQueue out() {
        return out;
    }

    TestQueue events() {
        return events;
    }

    /** Begins anew. */
    public GuestSockets start(boolean eventIndex) throws GuestAddressException {
        driver.useMsix().negotiate(VirtioFeatures.VERSION_1 | (eventIndex ? VirtioFeatures.EVENT_IDX : 0));
        assertThat(driver.status()).isEqualTo(11);
        in = driver.addQueue(0, BUFFERS, eventIndex);
        out = driver.addQueue(1, TRANSMIT_SIZE, eventIndex);
        events = driver.addQueue(2, EVENT_SIZE, eventIndex);
        driver.driverOk();
        return this;
    }

    /** Room for as many packets. */
    public GuestSockets giveBuffers(int first, int count) throws GuestAddressException {
        for (int i = first; i < first + count; i++) {
            in.describe(i, RECEIVE + (long) BUFFER_BYTES * i, BUFFER_BYTES, TestQueue.WRITE, 0);
            in.offer(i);
        }
        driver.kick(0);
        return this;
    }

    GuestSockets giveEventBuffer() throws GuestAddressException {
        bench.memory().fill(EVENT, 8, (byte) 0xFF);
        events.describe(0, EVENT, 4, TestQueue.WRITE, 0);
        events.offer(0);
        driver.kick(2);
        return this;
    }

    int awaitEvent() throws GuestAddressException {
        assertThat(events.awaitUsed()).isEqualTo(4);
        return bench.memory().read32(EVENT);
    }

    /** The next packet, whose buffer goes back. */
    Packet next() throws GuestAddressException {
        long used = in.awaitUsed();
        int head = (int) (used >>> 32);
        long at = RECEIVE + (long) BUFFER_BYTES * head;
        int length = bench.memory().read32(at + 24);
        assertThat((int) used).isEqualTo(HEADER_BYTES + length);
        byte[] data = new byte[length];
        bench.memory().copyOut(at + HEADER_BYTES, data);
        Packet packet = new Packet(bench.memory().read64(at), bench.memory().read64(at + 8),
                bench.memory().read32(at + 16), bench.memory().read32(at + 20), bench.memory().read16(at + 28),
                bench.memory().read16(at + 30), bench.memory().read32(at + 32), bench.memory().read32(at + 36),
                bench.memory().read32(at + 40), ByteBuffer.wrap(data));
        in.offer(head);
        driver.kick(0);
        return packet;
    }

    /** The next packet, which must be this. */
    Packet next(int operation) throws GuestAddressException {
        Packet packet = next();
        assertThat(packet.operation()).as("%s", packet).isEqualTo(operation);
        return packet;
    }

    void write(int head, long sourceCid, int type, int operation, int hostPort, int guestPort, int flags,
            int bufferBytes,
            int forwarded, int length, byte[] data) throws GuestAddressException {
        long at = TRANSMIT + 0x3000L * head;
        bench.memory().write64(at, sourceCid);
        bench.memory().write64(at + 8, 2);
        bench.memory().write32(at + 16, guestPort);
        bench.memory().write32(at + 20, hostPort);
        bench.memory().write32(at + 24, length);
        bench.memory().write16(at + 28, type);
        bench.memory().write16(at + 30, operation);
        bench.memory().write32(at + 32, flags);
        bench.memory().write32(at + 36, bufferBytes);
        bench.memory().write32(at + 40, forwarded);
        bench.memory().copyIn(at + HEADER_BYTES, data);
        // Cut as no driver need, but may.
        out.describe(head, at, 20, TestQueue.NEXT, head + 1);
        out.describe(head + 1, at + 20, HEADER_BYTES - 20 + data.length, 0, 0);
    }

    /** Sends a packet of a stream, with room for 256 KiB and nothing forwarded, and waits until it was taken. */
    void send(int operation, int hostPort, int guestPort, int flags, byte... data) throws GuestAddressException {
        send(operation, hostPort, guestPort, flags, 256 << 10, 0, data);
    }

    void send(int operation, int hostPort, int guestPort, int flags, int bufferBytes, int forwarded, byte[] data)
            throws GuestAddressException {
        write(0, CID, 1, operation, hostPort, guestPort, flags, bufferBytes, forwarded, data.length, data);
        out.offer(0);
        driver.kick(1);
        assertThat(out.awaitUsed()).isZero();
    }
}
