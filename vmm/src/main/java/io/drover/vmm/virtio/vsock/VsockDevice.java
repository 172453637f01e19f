package io.drover.vmm.virtio.vsock;

import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.HostBuffer;
import io.drover.vmm.virtio.Activation;
import io.drover.vmm.virtio.VirtioDevice;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Sockets between the guest and its host (virtio 1.2, 5.10). */
public final class VsockDevice implements VirtioDevice {
    /** The host's address, as every guest knows it. */
    public static final long HOST_CID = 2;
    /** A guest's, when nobody says otherwise: each has a socket of its own, so that all may have the same. */
    public static final long DEFAULT_GUEST_CID = 3;
    /** VMADDR_CID_ANY, which is no guest's, nor is anything above. */
    public static final long CID_ANY = 0xFFFF_FFFFL;

    private static final int DEVICE_TYPE = 19;
    /** A device of no class that PCI knows. */
    private static final int PCI_CLASS = 0xFF_0000;
    private static final int QUEUE_SIZE = 128;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int EVENTS = 2;
    private static final int QUEUES = 3;
    /** VIRTIO_VSOCK_F_STREAM. */
    private static final long STREAM = 1;

    private final String name;
    private final long guestCid;
    private final HostSockets sockets;
    private final EventFile resetAsked;
    private final VsockCounters counters = new VsockCounters();
    private final HeldBytesPool pool = new HeldBytesPool();
    /** The next driver is to be told first that all streams are gone. Guarded by the session's lock. */
    private boolean resetOwed;

    private VsockDevice(String name, long guestCid, HostSockets sockets, EventFile resetAsked) {
        this.name = name;
        this.guestCid = guestCid;
        this.sockets = sockets;
        this.resetAsked = resetAsked;
    }

    /**
     * A device whose socket listens from now on. Clients wait until the guest's driver is ready.
     *
     * @param name
     *            of its threads
     * @param guestCid
     *            {@link #DEFAULT_GUEST_CID} up to below {@link #CID_ANY}
     * @param socket
     *            the VM's; at most 96 bytes long, as what listens for the guest has it as its beginning
     * @throws IOException
     *             when the socket cannot be made, or another process listens on it
     */
    public static VsockDevice listen(String name, long guestCid, Path socket) throws IOException {
        EventFile resetAsked = EventFile.create(name + " reset");
        try {
            return new VsockDevice(name, guestCid, HostSockets.listen(socket), resetAsked);
        } catch (IOException | IllegalArgumentException e) {
            resetAsked.close();
            throw e;
        }
    }

    /** Refuses a socket's path that is too long, with an {@link IllegalArgumentException} for the operator. */
    public static void checkSocket(Path socket) {
        HostSockets.checkPath(socket);
    }

    /**
     * Ends all streams and tells the driver so, as after the VM has come from another host (5.10.6.7). Nothing else goes to the
     * guest before it has been told. Any thread.
     */
    public void resetTransport() {
        resetAsked.ring();
    }

    /** What it has done so far. Any thread. */
    public VsockCounts counts() {
        return counters.counts();
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
        return STREAM;
    }

    @Override
    public int queues() {
        return QUEUES;
    }

    @Override
    public int maxQueueSize() {
        return QUEUE_SIZE;
    }

    @Override
    public long readConfig(int offset, int bytes) {
        return offset < Long.BYTES ? guestCid >>> (8 * offset) : 0;
    }

    @Override
    public void writeConfig(int offset, int bytes, long value, long negotiated) {
        // The guest's address is not its own to choose.
    }

    @Override
    public void activate(Activation activation) throws IOException {
        Optional<Virtqueue> receive = activation.queue(RECEIVE);
        Optional<Virtqueue> transmit = activation.queue(TRANSMIT);
        if (receive.isEmpty() || transmit.isEmpty()) {
            // Half a device is none: there would be no answers.
            return;
        }
        List<Virtqueue> queues = new ArrayList<>(List.of(receive.get(), transmit.get()));
        activation.queue(EVENTS).ifPresent(queues::add);
        ConnectionParts parts = new ConnectionParts(counters, pool, new IoVector(QUEUE_SIZE), new IoVector(QUEUE_SIZE),
                new HostBuffer(ConnectionParts.TEXT_BYTES));
        VsockHandler handler = new VsockHandler(guestCid, sockets, resetAsked, EventFile.create(name + " again"),
                new GuestInbox(receive.get(), guestCid), transmit.get(), activation.queue(EVENTS), parts, resetOwed);
        resetOwed = false;
        handler.begin(activation.addThread("streams", handler, queues));
    }

    /** Streams do not outlive their VMM: the driver is told so before anything else goes to it. */
    @Override
    public void load(SavedVirtio saved) {
        resetOwed = true;
    }

    @Override
    public void reset() {
        resetOwed = false;
        // The streams ended with the I/O thread.
        resetAsked.take();
    }

    @Override
    public void close() {
        sockets.close();
        resetAsked.close();
    }
}
