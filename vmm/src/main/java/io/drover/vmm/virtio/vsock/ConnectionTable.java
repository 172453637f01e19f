package io.drover.vmm.virtio.vsock;

import java.util.Arrays;
import java.util.Optional;

/** The streams of a device, each in a slot. Owned by the I/O thread. */
final class ConnectionTable {
    /** The most streams at once. Those who want more wait, or are refused. */
    static final int SLOTS = 128;
    /** The host's ports for streams that begin here: far from any that programs choose. */
    private static final int FIRST_HOST_PORT = 1 << 30;

    private static final Optional<Connection> NONE = Optional.empty();

    private final Optional<Connection>[] slots = slots();
    private int open;
    private int nextHostPort = FIRST_HOST_PORT;
    /** Whose turn it is. */
    private int turn;
    private long halfCloses;

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Optional<Connection>[] slots() {
        Optional<Connection>[] slots = new Optional[SLOTS];
        Arrays.fill(slots, NONE);
        return slots;
    }

    int open() {
        return open;
    }

    boolean isFull() {
        return open == SLOTS;
    }

    Optional<Connection> at(int slot) {
        return slots[slot];
    }

    /** Gives a stream a slot. When it is not full. */
    int add(Connection connection) {
        int slot = 0;
        while (slots[slot].isPresent()) {
            slot++;
        }
        slots[slot] = Optional.of(connection);
        open++;
        return slot;
    }

    /** Of the packets with these ports, and its slot is {@link #at}'s. */
    Optional<Connection> find(int hostPort, int guestPort) {
        for (Optional<Connection> slot : slots) {
            if (slot.isPresent() && slot.get().isBetween(hostPort, guestPort)) {
                return slot;
            }
        }
        return NONE;
    }

    /** A port of the host's that no stream to this port of the guest's has. */
    int newHostPort(int guestPort) {
        int port;
        do {
            port = nextHostPort;
            nextHostPort = Math.max(nextHostPort + 1, FIRST_HOST_PORT);
        } while (find(port, guestPort).isPresent());
        return port;
    }

    /** The next stream in turn that wants to send. */
    Optional<Connection> nextToSend() {
        for (int i = 0; i < SLOTS; i++) {
            turn = (turn + 1) % SLOTS;
            if (slots[turn].isPresent() && slots[turn].get().wantsToSend()) {
                return slots[turn];
            }
        }
        return NONE;
    }

    /** Looks again at a stream that something has happened to: one that is over loses its slot. */
    void settle(Connection connection) {
        if (connection.isOver()) {
            for (int slot = 0; slot < SLOTS; slot++) {
                if (slots[slot].isPresent() && slots[slot].get() == connection) {
                    slots[slot] = NONE;
                    open--;
                }
            }
        } else if (connection.isHalfClosed() && connection.halfClosedAt() == 0) {
            halfCloses++;
            connection.setHalfClosedAt(halfCloses);
        }
    }

    /** Of those of which only one side is left, the one that it has been so for longest. */
    Optional<Connection> longestHalfClosed() {
        Optional<Connection> longest = NONE;
        for (Optional<Connection> slot : slots) {
            if (slot.isPresent() && slot.get().isHalfClosed()
                    && (longest.isEmpty() || slot.get().halfClosedAt() < longest.get().halfClosedAt())) {
                longest = slot;
            }
        }
        return longest;
    }
}
