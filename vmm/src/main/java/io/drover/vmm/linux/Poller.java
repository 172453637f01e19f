package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An epoll(7) instance: one thread waits here for several files to become readable. Files may be added by any thread; waiting,
 * and closing, belong to one. Waiting allocates nothing.
 */
public final class Poller implements AutoCloseable {
    private static final long EPOLL_CLOEXEC = 0x80000;
    private static final long EPOLL_CTL_ADD = 1;
    private static final int EPOLLIN = 1;
    private static final int EPOLLOUT = 4;
    private static final int EPOLLET = 1 << 31;

    /** {@code struct epoll_event} (linux/eventpoll.h), packed on x86-64. */
    private static final long EVENT_BYTES = 12;
    private static final long EVENTS = 0;
    private static final long DATA = 4;

    private static final int MAX_READY = 16;

    private final FileHandle epoll;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment ready = arena.allocate(MAX_READY * EVENT_BYTES, 8);

    private Poller(FileHandle epoll) {
        this.epoll = epoll;
    }

    /** Waits for nothing yet. */
    public static Poller create() throws SystemCallException {
        long created = SystemCall.invoke(SystemCall.EPOLL_CREATE1, EPOLL_CLOEXEC, 0, 0);
        if (created < 0) {
            throw new SystemCallException("epoll_create1", "EPOLL_CLOEXEC", (int) -created);
        }
        return new Poller(FileHandle.adopt("epoll", created));
    }

    /**
     * Waits for a file from now on, until the file is closed: it is ready for as long as it can be read.
     *
     * @param source
     *            what {@link #source} calls it
     */
    public void add(FileHandle file, int source) throws SystemCallException {
        add(file, EPOLLIN, source);
    }

    /**
     * Waits for what happens to a file from now on, until the file is closed: it is ready once each time that it has become able
     * to be read or written, and once at the beginning if it is. Whoever waits so, reads or writes until EAGAIN.
     */
    public void addChanges(FileHandle file, int source) throws SystemCallException {
        add(file, EPOLLIN | EPOLLOUT | EPOLLET, source);
    }

    private void add(FileHandle file, int events, int source) throws SystemCallException {
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment event = temporary.allocate(EVENT_BYTES, 8);
            event.set(ValueLayout.JAVA_INT, EVENTS, events);
            event.set(ValueLayout.JAVA_INT, DATA, source);
            long result = SystemCall.invoke(SystemCall.EPOLL_CTL, epoll.number(), EPOLL_CTL_ADD, file.number(),
                    event.address(), 0, 0);
            if (result < 0) {
                throw new SystemCallException("epoll_ctl", "EPOLL_CTL_ADD, " + file, (int) -result);
            }
        }
    }

    /** As {@link #add(FileHandle, int)}: ready until its rings are taken. */
    public void add(EventFile event, int source) throws SystemCallException {
        add(event.file(), source);
    }

    /** Waits for rings of an event, which need not be taken: those that come between two waits are one. */
    public void addRings(EventFile event, int source) throws SystemCallException {
        add(event.file(), EPOLLIN | EPOLLET, source);
    }

    /**
     * Waits until a file is ready.
     *
     * @return how many are, at least 1: {@link #source} tells which
     */
    public int await() throws SystemCallException {
        long result;
        do {
            result = SystemCall.invoke(SystemCall.EPOLL_WAIT, epoll.number(), ready.address(), MAX_READY, -1, 0, 0);
        } while (result == -Errno.EINTR || result == 0);
        if (result < 0) {
            throw new SystemCallException("epoll_wait", "", (int) -result);
        }
        return (int) result;
    }

    /**
     * Which file is ready.
     *
     * @param index
     *            below what {@link #await} returned last
     */
    public int source(int index) {
        return ready.get(ValueLayout.JAVA_INT, index * EVENT_BYTES + DATA);
    }

    @Override
    public void close() {
        epoll.close();
        arena.close();
    }
}
