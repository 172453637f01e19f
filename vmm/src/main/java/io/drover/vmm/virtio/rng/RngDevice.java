package io.drover.vmm.virtio.rng;

import io.drover.vmm.linux.Entropy;
import io.drover.vmm.virtio.Activation;
import io.drover.vmm.virtio.RequestLoop;
import io.drover.vmm.virtio.RequestServer;
import io.drover.vmm.virtio.VirtioDevice;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.GuestBuffers;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** The entropy device (virtio 1.2, 5.4): buffers come empty and go back full of the host's random bytes. */
public final class RngDevice implements VirtioDevice {
    private static final int DEVICE_TYPE = 4;
    /** A device of no class that PCI knows. */
    private static final int PCI_CLASS = 0xFF_0000;
    private static final int QUEUE_SIZE = 64;
    /** The most for one request: a driver that wants more asks again, and the thread can be stopped between. */
    private static final long MAX_BYTES = 64 << 10;

    private final AtomicLong given = new AtomicLong();

    /** Bytes that went to the guest since the VM started. Any thread. */
    public long bytes() {
        return given.getAcquire();
    }

    @Override
    public int deviceType() {
        return DEVICE_TYPE;
    }

    @Override
    public int pciClass() {
        return PCI_CLASS;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public int queues() {
        return 1;
    }

    @Override
    public int maxQueueSize() {
        return QUEUE_SIZE;
    }

    @Override
    public long readConfig(int offset, int bytes) {
        return 0;
    }

    @Override
    public void writeConfig(int offset, int bytes, long value, long negotiated) {
        // It has none.
    }

    @Override
    public void activate(Activation activation) throws IOException {
        Optional<Virtqueue> requests = activation.queue(0);
        if (requests.isPresent()) {
            activation.addThread("requests", new RequestLoop(new Filler(), requests.get()),
                    List.of(requests.get()));
        }
    }

    @Override
    public void reset() {
        // It remembers nothing of the guest's.
    }

    @Override
    public void close() {
        // It holds nothing.
    }

    private final class Filler implements RequestServer {
        @Override
        public long serve(DescriptorChain request) {
            GuestBuffers buffers = request.writable();
            long done = 0;
            for (int piece = 0; piece < buffers.count() && done < MAX_BYTES; piece++) {
                long bytes = Math.min(buffers.length(piece), MAX_BYTES - done);
                Entropy.fill(buffers.hostAddress(piece), bytes);
                done += bytes;
            }
            buffers.markWritten(0, done);
            // This thread alone writes it.
            given.setRelease(given.getPlain() + done);
            return done;
        }
    }
}
