package io.drover.vmm.virtio.vsock;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.UnixSocket;
import io.drover.vmm.virtio.queue.GuestBuffers;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * One stream between a port of the guest's and a Unix socket. What it has to say to the guest it remembers as what it owes, which
 * is little and bounded, and says when the guest has room. Owned by the device's I/O thread.
 */
final class Connection {
    private enum Phase {
        /** A client has connected, and has not said yet to which port. */
        COMMAND,
        /** The guest is asked for its part. */
        REQUESTED, OPEN,
        /** The host's side is closed, and the guest is to close its own. */
        CLOSING,
        /** The guest's side is closed, and the host's gets what is held for it. */
        DRAINING, OVER
    }

    private static final int OWES_REQUEST = 1;
    private static final int OWES_RESPONSE = 1 << 1;
    private static final int OWES_CREDIT_REQUEST = 1 << 2;
    private static final int OWES_CREDIT_UPDATE = 1 << 3;
    private static final int OWES_SHUTDOWN = 1 << 4;
    /** The last that the guest hears of it. */
    private static final int OWES_RESET = 1 << 5;

    private final FileHandle socket;
    private final ConnectionParts parts;
    private final ConnectCommand command = new ConnectCommand();
    private final Credit credit = new Credit();
    private Phase phase;
    private int hostPort;
    private int guestPort;
    private int owed;
    private Optional<HeldBytes> held = Optional.empty();
    /** The socket may have something to read. */
    private boolean readable = true;
    /** The host's side sends no more. */
    private boolean hostDone;
    /** Halves that the guest has closed, and those that it is told are closed on this side. */
    private int guestShutdown;
    private int hostShutdown;
    /** When it became half closed, to be compared with others. */
    private long halfClosedAt;

    private Connection(FileHandle socket, ConnectionParts parts, Phase phase) {
        this.socket = socket;
        this.parts = parts;
        this.phase = phase;
    }

    /** Of a client that has just connected. */
    static Connection fromHost(FileHandle client, ConnectionParts parts) {
        return new Connection(client, parts, Phase.COMMAND);
    }

    /** Which the guest has asked for, to somebody who listens. */
    static Connection fromGuest(FileHandle server, PacketHeader request, ConnectionParts parts) {
        Connection connection = new Connection(server, parts, Phase.OPEN);
        connection.hostPort = request.hostPort();
        connection.guestPort = request.guestPort();
        connection.credit.heard(request.bufferBytes(), request.forwarded());
        connection.owed = OWES_RESPONSE;
        parts.counters().begunByGuest();
        return connection;
    }

    /** Whether packets of the guest's with these ports are of this stream. */
    boolean isBetween(int host, int guest) {
        return hostPort == host && guestPort == guest && isKnownToGuest();
    }

    private boolean isKnownToGuest() {
        return phase == Phase.REQUESTED || phase == Phase.OPEN || phase == Phase.CLOSING;
    }

    /** Unsigned; when its command is complete. */
    int guestPort() {
        return guestPort;
    }

    /** Unsigned; when the guest knows of it. */
    int hostPort() {
        return hostPort;
    }

    FileHandle socket() {
        return socket;
    }

    /** Nothing is left of it. */
    boolean isOver() {
        return phase == Phase.OVER;
    }

    /** Only one side of it is left, which may take as long as it likes: another may have its place. */
    boolean isHalfClosed() {
        return phase == Phase.CLOSING || phase == Phase.DRAINING;
    }

    long halfClosedAt() {
        return halfClosedAt;
    }

    void setHalfClosedAt(long order) {
        halfClosedAt = order;
    }

    /**
     * Reads on in a client's command.
     *
     * @return whether it is complete now: {@link #request} follows
     */
    boolean readCommand() {
        if (phase != Phase.COMMAND) {
            return false;
        }
        while (true) {
            parts.part().clear();
            parts.part().add(parts.text().address(), 1);
            long result = socket.readStream(parts.part());
            if (result == -Errno.EAGAIN) {
                return false;
            }
            if (result == -Errno.EINTR) {
                continue;
            }
            if (result <= 0) {
                end();
                return false;
            }
            switch (command.take(parts.text().read8(0))) {
                case MORE -> {
                    // The next byte tells.
                }
                case COMPLETE -> {
                    guestPort = command.port();
                    return true;
                }
                case WRONG -> {
                    end();
                    return false;
                }
            }
        }
    }

    /** Asks the guest, under a port of the host's that no other stream to the same port of the guest's has. */
    void request(int port) {
        hostPort = port;
        phase = Phase.REQUESTED;
        owed = OWES_REQUEST;
    }

    /** The socket can be read or written, or nobody is at its other end any more. */
    void hostMoved() {
        readable = true;
        switch (phase) {
            case REQUESTED -> {
                if (UnixSocket.isHungUp(socket)) {
                    parts.counters().refused();
                    reset();
                }
            }
            case OPEN -> {
                flush();
                if (phase == Phase.OPEN && hostDone && UnixSocket.isHungUp(socket)) {
                    closeHost();
                }
            }
            case DRAINING -> flush();
            case COMMAND, CLOSING, OVER -> {
                // There is nothing to be done with it.
            }
        }
    }

    /**
     * A packet of this stream.
     *
     * @param data
     *            at {@link PacketHeader#BYTES}, if the operation has any, all of it there
     */
    void guestSays(PacketHeader packet, GuestBuffers data) {
        credit.heard(packet.bufferBytes(), packet.forwarded());
        if (owes(OWES_RESET)) {
            // It will hear soon enough.
            if (packet.operation() == PacketHeader.VIRTIO_VSOCK_OP_RST) {
                guestGone();
            }
            return;
        }
        switch (packet.operation()) {
            case PacketHeader.VIRTIO_VSOCK_OP_RESPONSE -> guestAccepts();
            case PacketHeader.VIRTIO_VSOCK_OP_RST -> {
                if (phase == Phase.REQUESTED) {
                    parts.counters().refused();
                }
                guestGone();
            }
            case PacketHeader.VIRTIO_VSOCK_OP_SHUTDOWN -> guestShutsDown(packet.flags());
            case PacketHeader.VIRTIO_VSOCK_OP_RW -> deliver(data, packet.length());
            case PacketHeader.VIRTIO_VSOCK_OP_CREDIT_UPDATE -> {
                // Every packet is one.
            }
            case PacketHeader.VIRTIO_VSOCK_OP_CREDIT_REQUEST -> owed |= OWES_CREDIT_UPDATE;
            default -> reset();
        }
    }

    private void guestAccepts() {
        if (phase != Phase.REQUESTED || owes(OWES_REQUEST)) {
            reset();
            return;
        }
        byte[] answer = ("OK " + Integer.toUnsignedString(hostPort) + '\n').getBytes(StandardCharsets.US_ASCII);
        parts.text().copyIn(0, answer);
        parts.part().clear();
        parts.part().add(parts.text().address(), answer.length);
        // Nothing was written to the socket before: it has room for a line.
        if (socket.writeStream(parts.part()) == answer.length) {
            phase = Phase.OPEN;
            parts.counters().begunByHost();
        } else {
            reset();
        }
    }

    private void guestShutsDown(int flags) {
        if (phase == Phase.REQUESTED) {
            reset();
            return;
        }
        guestShutdown |= flags & PacketHeader.SHUTDOWN_BOTH;
        if (guestShutdown == PacketHeader.SHUTDOWN_BOTH) {
            // The reset is how the other side agrees (virtio 1.2, 5.10.6.5).
            owed = OWES_RESET;
            if (phase == Phase.OPEN && held.isEmpty()) {
                socket.close();
            }
            return;
        }
        if (phase == Phase.OPEN) {
            if ((guestShutdown & PacketHeader.VIRTIO_VSOCK_SHUTDOWN_RCV) != 0) {
                UnixSocket.endReading(socket);
                hostDone = true;
            } else if (guestShutdown != 0 && held.isEmpty()) {
                UnixSocket.endWriting(socket);
            }
        }
    }

    private void deliver(GuestBuffers packet, long bytes) {
        if (phase != Phase.OPEN || (guestShutdown & PacketHeader.VIRTIO_VSOCK_SHUTDOWN_SEND) != 0
                || owes(OWES_RESPONSE) || !credit.receive(bytes)) {
            reset();
            return;
        }
        if (bytes == 0) {
            return;
        }
        parts.counters().received(bytes);
        int rest = (int) bytes;
        if (held.isEmpty()) {
            IoVector data = data(packet, rest);
            long written = socket.writeStream(data);
            if (written < 0 && written != -Errno.EAGAIN && written != -Errno.EINTR) {
                reset();
                return;
            }
            int taken = (int) Math.max(0, written);
            credit.forward(taken);
            rest -= taken;
        }
        if (rest > 0) {
            boolean first = held.isEmpty();
            HeldBytes ring = first ? parts.pool().take() : held.get();
            held = Optional.of(ring);
            ring.add(packet, PacketHeader.BYTES + bytes - rest, rest);
            if (first) {
                // In case that it was not for lack of room: then nobody would tell of any.
                flush();
            }
        }
    }

    private IoVector data(GuestBuffers packet, int bytes) {
        parts.whole().clear();
        for (int piece = 0; piece < packet.count(); piece++) {
            parts.whole().add(packet.hostAddress(piece), packet.length(piece));
        }
        parts.part().clear();
        parts.whole().slice(PacketHeader.BYTES, bytes, parts.part());
        return parts.part();
    }

    /** Writes what is held, as far as the host's side takes it. */
    private void flush() {
        while (held.isPresent()) {
            HeldBytes ring = held.get();
            ring.describe(parts.part());
            long written = socket.writeStream(parts.part());
            if (written == -Errno.EAGAIN) {
                return;
            }
            if (written > 0) {
                ring.remove((int) written);
                credit.forward((int) written);
            } else if (written != -Errno.EINTR) {
                reset();
                return;
            }
            if (ring.isEmpty()) {
                releaseHeld();
                if (phase == Phase.DRAINING) {
                    end();
                } else if (guestShutdown == PacketHeader.SHUTDOWN_BOTH) {
                    socket.close();
                } else if (guestShutdown == PacketHeader.VIRTIO_VSOCK_SHUTDOWN_SEND) {
                    UnixSocket.endWriting(socket);
                }
            }
        }
    }

    /** Whether {@link #send} may have something to send. */
    boolean wantsToSend() {
        return owed != 0 || (isKnownToGuest() && credit.isNews()) || mayRead();
    }

    private boolean mayRead() {
        return phase == Phase.OPEN && readable && !hostDone && credit.maySend() > 0;
    }

    /** Sends one packet, when there is room, or finds that there is none to send. */
    void send(GuestInbox inbox) {
        if (owes(OWES_RESET)) {
            packet(inbox, PacketHeader.VIRTIO_VSOCK_OP_RST, 0, 0);
            guestGone();
        } else if (take(OWES_REQUEST)) {
            packet(inbox, PacketHeader.VIRTIO_VSOCK_OP_REQUEST, 0, 0);
        } else if (take(OWES_RESPONSE)) {
            packet(inbox, PacketHeader.VIRTIO_VSOCK_OP_RESPONSE, 0, 0);
        } else if (take(OWES_CREDIT_REQUEST)) {
            packet(inbox, PacketHeader.VIRTIO_VSOCK_OP_CREDIT_REQUEST, 0, 0);
        } else if (mayRead() && sendData(inbox)) {
            if (credit.maySend() == 0) {
                // For a driver that does not tell of room by itself.
                owed |= OWES_CREDIT_REQUEST;
            }
        } else if (take(OWES_SHUTDOWN)) {
            packet(inbox, PacketHeader.VIRTIO_VSOCK_OP_SHUTDOWN, hostShutdown, 0);
        } else if (take(OWES_CREDIT_UPDATE) || (isKnownToGuest() && credit.isNews())) {
            packet(inbox, PacketHeader.VIRTIO_VSOCK_OP_CREDIT_UPDATE, 0, 0);
        }
    }

    /** False when there was nothing to read. */
    private boolean sendData(GuestInbox inbox) {
        long result = socket.readStream(inbox.data(credit.maySend()));
        if (result > 0) {
            credit.sent((int) result);
            parts.counters().sent(result);
            packet(inbox, PacketHeader.VIRTIO_VSOCK_OP_RW, 0, (int) result);
            return true;
        }
        if (result == 0) {
            hostDone = true;
            if (UnixSocket.isHungUp(socket)) {
                closeHost();
            } else {
                shutDown(PacketHeader.VIRTIO_VSOCK_SHUTDOWN_SEND);
            }
        } else if (result == -Errno.EAGAIN) {
            readable = false;
        } else if (result != -Errno.EINTR) {
            reset();
        }
        return false;
    }

    private void packet(GuestInbox inbox, int operation, int flags, int dataBytes) {
        inbox.send(hostPort, guestPort, operation, flags, dataBytes, Credit.WINDOW_BYTES, credit.tell());
        owed &= ~OWES_CREDIT_UPDATE;
    }

    private void shutDown(int flags) {
        hostShutdown |= flags;
        owed |= OWES_SHUTDOWN;
    }

    /** The host's side has closed for good, after all that it sent went to the guest. */
    private void closeHost() {
        socket.close();
        releaseHeld();
        phase = Phase.CLOSING;
        shutDown(PacketHeader.SHUTDOWN_BOTH);
    }

    /** Something went wrong: both sides lose what is under way. */
    private void reset() {
        socket.close();
        releaseHeld();
        if (phase == Phase.REQUESTED && owes(OWES_REQUEST)) {
            end();
        } else if (isKnownToGuest()) {
            phase = Phase.CLOSING;
            owed = OWES_RESET;
        } else {
            end();
        }
    }

    /** The guest has let go of it. */
    private void guestGone() {
        owed = 0;
        if (phase == Phase.OPEN && held.isPresent()) {
            phase = Phase.DRAINING;
        } else {
            end();
        }
    }

    /** Ends it at once, whoever still knows of it. */
    void end() {
        socket.close();
        releaseHeld();
        owed = 0;
        phase = Phase.OVER;
    }

    private void releaseHeld() {
        if (held.isPresent()) {
            parts.pool().giveBack(held.get());
            held = Optional.empty();
        }
    }

    private boolean owes(int what) {
        return (owed & what) != 0;
    }

    private boolean take(int what) {
        boolean was = owes(what);
        owed &= ~what;
        return was;
    }
}
