package io.drover.vmm.virtio.net;

import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.HostBuffer;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.PacketLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The end of a {@link FakeNetwork} that a nic has. */
final class FakePort implements FramePort, AutoCloseable {
    private final EventFile wake = EventFile.create("fake port");
    private final HostBuffer buffer = new HostBuffer(PacketLayout.MAX_PACKET_BYTES + 100);
    private final Queue<byte[]> in = new ConcurrentLinkedQueue<>();
    private final BlockingQueue<byte[]> out = new LinkedBlockingQueue<>();
    private volatile boolean stuck;
    private volatile boolean partlySent;
    private final AtomicInteger asked = new AtomicInteger();

    FakePort() throws IOException {
        // The event's file is all that there is to open.
    }

    /** Packets that come, each with its header. */
    void say(byte[]... packets) {
        for (byte[] packet : packets) {
            in.add(packet);
        }
        wake.ring();
    }

    /** The next packet that was sent. */
    byte[] heard() throws InterruptedException {
        byte[] packet = out.poll(10, TimeUnit.SECONDS);
        if (packet == null) {
            throw new AssertionError("nothing was sent");
        }
        return packet;
    }

    boolean hasHeardMore() {
        return !out.isEmpty();
    }

    /** Whether a packet that is sent stays half sent. */
    void setStuck(boolean stays) {
        stuck = stays;
        wake.ring();
    }

    /** How often somebody wanted a packet. */
    int timesAsked() {
        return asked.get();
    }

    boolean isPartlySent() {
        return partlySent;
    }

    @Override
    public void attach(Watch watch) throws IOException {
        watch.changes(wake.file());
    }

    @Override
    public void detach() {
        partlySent = false;
    }

    @Override
    public int receive() {
        asked.incrementAndGet();
        byte[] packet = in.poll();
        if (packet == null) {
            return 0;
        }
        buffer.copyIn(100, packet);
        return packet.length;
    }

    @Override
    public HostBuffer buffer() {
        return buffer;
    }

    @Override
    public long position() {
        return 100;
    }

    @Override
    public boolean send(IoVector packet) {
        ByteBuffer copy = ByteBuffer.allocate((int) packet.byteCount());
        packet.copyTo(0, copy);
        out.add(copy.array());
        partlySent = stuck;
        return !partlySent;
    }

    @Override
    public boolean flush() {
        partlySent = partlySent && stuck;
        return !partlySent;
    }

    @Override
    public void close() {
        wake.close();
    }
}
