package io.drover.vmm.virtio.vsock;

import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.virtio.IoThread;
import io.drover.vmm.virtio.QueueHandler;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The work of the device's thread: whatever wakes it, both directions get a turn, and as long as there is more it wakes itself,
 * so that what waits meanwhile comes in between.
 */
final class VsockHandler implements QueueHandler {
    /** Packets in one turn, so that the other direction has its turns. */
    private static final int BATCH = 64;
    /** VIRTIO_VSOCK_EVENT_TRANSPORT_RESET, a {@code struct virtio_vsock_event} (5.10.6.7). */
    private static final byte[] TRANSPORT_RESET = {0, 0, 0, 0};

    /** Of the files that the thread watches. */
    private static final int AGAIN = 0;
    private static final int LISTENER = 1;
    private static final int RESET_ASKED = 2;
    private static final int FIRST_CONNECTION = 3;

    private final long guestCid;
    private final HostSockets sockets;
    private final EventFile resetAsked;
    private final EventFile again;
    private final GuestInbox inbox;
    private final Virtqueue outbox;
    private final Optional<Virtqueue> events;
    private final ConnectionParts parts;
    private final DescriptorChain chain;
    private final PacketHeader header = new PacketHeader();
    private final ConnectionTable connections = new ConnectionTable();
    private final Refusals refusals = new Refusals();
    private Optional<IoThread> thread = Optional.empty();
    /** Clients may wait to be accepted. */
    private boolean mayAccept = true;
    /** The driver is to be told that all streams are gone. */
    private boolean resetOwed;
    /** It was told, and has not given the buffer for the next event yet: until then nothing else goes to it. */
    private OptionalInt offeredWhenTold = OptionalInt.empty();

    /**
     * For one driver.
     *
     * @param resetAsked
     *            stays open, as do the sockets
     * @param again
     *            closed with this
     * @param resetOwed
     *            whether the driver is to be told first that all streams are gone
     */
    VsockHandler(long guestCid, HostSockets sockets, EventFile resetAsked, EventFile again, GuestInbox inbox,
            Virtqueue outbox, Optional<Virtqueue> events, ConnectionParts parts, boolean resetOwed) {
        this.resetOwed = resetOwed && events.isPresent();
        this.guestCid = guestCid;
        this.sockets = sockets;
        this.resetAsked = resetAsked;
        this.again = again;
        this.inbox = inbox;
        this.outbox = outbox;
        this.events = events;
        this.parts = parts;
        this.chain = outbox.newChain();
    }

    /** Tells of the thread, before it starts, and has it watch what it must. */
    void begin(IoThread newThread) throws IOException {
        thread = Optional.of(newThread);
        newThread.watchChanges(again.file(), AGAIN);
        newThread.watchChanges(sockets.listening(), LISTENER);
        newThread.watch(resetAsked, RESET_ASKED);
    }

    @Override
    public boolean kicked(Virtqueue queue) throws QueueBreachException {
        takeTurns();
        return false;
    }

    @Override
    public void ready(int source) throws QueueBreachException {
        switch (source) {
            case AGAIN -> {
                // It is for a turn.
            }
            case LISTENER -> mayAccept = true;
            case RESET_ASKED -> {
                if (resetAsked.take()) {
                    resetTransport();
                }
            }
            default -> moved(connections.at(source - FIRST_CONNECTION));
        }
        if (thread.isPresent() && thread.get().mayTouchMemory()) {
            takeTurns();
        }
    }

    private void moved(Optional<Connection> found) {
        // A stream that ended may have been ready: its slot is empty then, or another's, which just looks.
        if (found.isEmpty()) {
            return;
        }
        Connection connection = found.get();
        if (connection.readCommand()) {
            connection.request(connections.newHostPort(connection.guestPort()));
        }
        connection.hostMoved();
        settle(connection);
    }

    private void takeTurns() throws QueueBreachException {
        acceptClients();
        tellReset();
        boolean moreOut = takePackets();
        boolean moreIn = givePackets();
        if (moreIn || moreOut) {
            again.ring();
        }
    }

    private void acceptClients() {
        while (mayAccept && haveSlot()) {
            try {
                Optional<FileHandle> client = sockets.accept();
                if (client.isEmpty()) {
                    mayAccept = false;
                } else {
                    add(Connection.fromHost(client.get(), parts));
                }
            } catch (SystemCallException tooManyFiles) {
                // They wait, and the next wake tries again.
                return;
            }
        }
    }

    private boolean haveSlot() {
        if (connections.isFull()) {
            Optional<Connection> halfClosed = connections.longestHalfClosed();
            if (halfClosed.isEmpty() || refusals.isFull()) {
                return false;
            }
            // In case that the guest still knows of it.
            refusals.add(halfClosed.get().hostPort(), halfClosed.get().guestPort());
            halfClosed.get().end();
            settle(halfClosed.get());
        }
        return true;
    }

    private boolean add(Connection connection) {
        int slot = connections.add(connection);
        parts.counters().setOpen(connections.open());
        try {
            if (thread.isPresent()) {
                thread.get().watchChanges(connection.socket(), FIRST_CONNECTION + slot);
            }
            return true;
        } catch (IOException outOfMemory) {
            connection.end();
            settle(connection);
            return false;
        }
    }

    private void settle(Connection connection) {
        connections.settle(connection);
        if (connection.isOver()) {
            parts.counters().setOpen(connections.open());
            if (mayAccept) {
                again.ring();
            }
        }
    }

    /** Streams do not outlive what the transport was: as after a migration. */
    private void resetTransport() {
        endAll();
        resetOwed = events.isPresent();
    }

    private void tellReset() throws QueueBreachException {
        if (events.isEmpty()) {
            return;
        }
        Virtqueue queue = events.get();
        if (offeredWhenTold.isPresent() && queue.offered() != offeredWhenTold.getAsInt()) {
            offeredWhenTold = OptionalInt.empty();
        }
        if (!resetOwed) {
            return;
        }
        DescriptorChain event = queue.newChain();
        do {
            if (queue.pop(event)) {
                if (event.writable().bytes() < TRANSPORT_RESET.length) {
                    throw new QueueBreachException("event buffer : " + event.writable().bytes()
                            + " bytes (expected: at least " + TRANSPORT_RESET.length + ")");
                }
                event.writable().copyIn(0, TRANSPORT_RESET);
                int offered = queue.offered();
                queue.push(event.head(), TRANSPORT_RESET.length);
                queue.publish();
                queue.heedNext(offered);
                resetOwed = false;
                if (queue.offered() == offered) {
                    offeredWhenTold = OptionalInt.of(offered);
                }
                return;
            }
        } while (queue.heedKicks());
    }

    /** True when there is more at once. */
    private boolean takePackets() throws QueueBreachException {
        outbox.ignoreKicks();
        for (int left = BATCH; left > 0; left--) {
            if (refusals.isFull()) {
                // The guest must take some before it may say more (virtio 1.2, 5.10.6.1.2).
                outbox.publish();
                return false;
            }
            if (!outbox.pop(chain)) {
                outbox.publish();
                if (!outbox.heedKicks()) {
                    return false;
                }
                continue;
            }
            take();
            outbox.push(chain.head(), 0);
        }
        outbox.publish();
        return true;
    }

    private void take() throws QueueBreachException {
        long bytes = chain.readable().bytes();
        if (bytes < PacketHeader.BYTES) {
            throw new QueueBreachException("queue " + outbox.number() + ": packet : " + bytes
                    + " bytes (expected: at least a header of " + PacketHeader.BYTES + ")");
        }
        header.read(chain.readable());
        if (header.operation() == PacketHeader.VIRTIO_VSOCK_OP_RW && header.length() > bytes - PacketHeader.BYTES) {
            throw new QueueBreachException("queue " + outbox.number() + ": data of a packet : " + header.length()
                    + " bytes (expected: at most " + (bytes - PacketHeader.BYTES) + ", which are there)");
        }
        if (header.sourceCid() != guestCid || header.destinationCid() != VsockDevice.HOST_CID) {
            // There is nobody else here.
            return;
        }
        Optional<Connection> found = connections.find(header.hostPort(), header.guestPort());
        if (header.type() != PacketHeader.VIRTIO_VSOCK_TYPE_STREAM) {
            refuse();
        } else if (found.isPresent()) {
            found.get().guestSays(header, chain.readable());
            settle(found.get());
        } else if (header.operation() == PacketHeader.VIRTIO_VSOCK_OP_REQUEST) {
            open();
        } else {
            refuse();
        }
    }

    private void open() {
        Optional<FileHandle> server = haveSlot() ? sockets.connect(header.hostPort()) : Optional.empty();
        if (server.isEmpty() || !add(Connection.fromGuest(server.get(), header, parts))) {
            parts.counters().refused();
            refuse();
        }
    }

    /** A reset is never answered by another. */
    private void refuse() {
        if (header.operation() != PacketHeader.VIRTIO_VSOCK_OP_RST) {
            refusals.add(header.hostPort(), header.guestPort());
        }
    }

    /** True when there is more at once. */
    private boolean givePackets() throws QueueBreachException {
        if (resetOwed || offeredWhenTold.isPresent()) {
            return false;
        }
        inbox.begin();
        boolean held = refusals.isFull();
        for (int left = BATCH; left > 0; left--) {
            Optional<Connection> next = refusals.isEmpty() ? connections.nextToSend() : Optional.empty();
            if (refusals.isEmpty() && next.isEmpty()) {
                inbox.publish();
                return held;
            }
            if (!inbox.hasRoom()) {
                return held && !refusals.isFull();
            }
            if (next.isPresent()) {
                next.get().send(inbox);
                settle(next.get());
            } else {
                refusals.sendFirst(inbox);
            }
        }
        inbox.publish();
        return true;
    }

    private void endAll() {
        for (int slot = 0; slot < ConnectionTable.SLOTS; slot++) {
            Optional<Connection> connection = connections.at(slot);
            if (connection.isPresent()) {
                connection.get().end();
                settle(connection.get());
            }
        }
    }

    @Override
    public void close() {
        endAll();
        again.close();
    }
}
