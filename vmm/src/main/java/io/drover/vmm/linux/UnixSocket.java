package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Stream sockets of unix(7), as files: what the JDK has cannot be waited for together with an eventfd. */
public final class UnixSocket {
    /** The longest path that there can be, in bytes of UTF-8. */
    public static final int MAX_PATH_BYTES = 107;

    /** sys/socket.h. */
    private static final long AF_UNIX = 1;
    private static final long SOCK_STREAM = 1;
    private static final long SOCK_NONBLOCK = 0x800;
    private static final long SOCK_CLOEXEC = 0x80000;
    private static final long SHUT_RD = 0;
    private static final long SHUT_WR = 1;

    /** {@code struct sockaddr_un} (sys/un.h): the family, then the path with a zero behind it. */
    private static final int PATH = 2;
    private static final int ADDRESS_BYTES = PATH + MAX_PATH_BYTES + 1;

    /** {@code struct pollfd} (poll.h): descriptor, what is asked for, what is so. */
    private static final int POLLFD_BYTES = 8;
    private static final int EVENTS = 4;
    private static final int REVENTS = 6;
    private static final int POLLIN = 1;
    private static final int POLLERR = 8;
    private static final int POLLHUP = 16;

    private UnixSocket() {}

    /**
     * connect(2): a connection whose reads and writes do not wait.
     *
     * @throws SystemCallException
     *             with ENOENT or ECONNREFUSED while nobody listens there, with EAGAIN while too many wait to be accepted
     */
    public static FileHandle connect(Path path) throws SystemCallException {
        FileHandle socket = create(path);
        try (Arena arena = Arena.ofConfined()) {
            long result = SystemCall.invoke(SystemCall.CONNECT, socket.number(), address(path, arena).address(),
                    ADDRESS_BYTES);
            if (result < 0) {
                socket.close();
                throw new SystemCallException("connect", path.toString(), (int) -result);
            }
            return socket;
        }
    }

    /**
     * bind(2) and listen(2).
     *
     * @param backlog
     *            the most that wait to be accepted
     * @throws SystemCallException
     *             with EADDRINUSE when there is a file of that name
     */
    static FileHandle listen(Path path, int backlog) throws SystemCallException {
        FileHandle socket = create(path);
        try (Arena arena = Arena.ofConfined()) {
            long result = SystemCall.invoke(SystemCall.BIND, socket.number(), address(path, arena).address(),
                    ADDRESS_BYTES);
            if (result < 0) {
                socket.close();
                throw new SystemCallException("bind", path.toString(), (int) -result);
            }
            result = SystemCall.invoke(SystemCall.LISTEN, socket.number(), backlog, 0);
            if (result < 0) {
                socket.close();
                throw new SystemCallException("listen", path.toString(), (int) -result);
            }
            return socket;
        }
    }

    /** socketpair(2): two that are connected to each other, whose reads and writes do not wait. */
    public static List<FileHandle> pair() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocate(2L * Integer.BYTES, Integer.BYTES);
            long result = SystemCall.invoke(SystemCall.SOCKETPAIR, AF_UNIX,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, numbers.address(), 0, 0);
            if (result < 0) {
                throw new SystemCallException("socketpair", "AF_UNIX", (int) -result);
            }
            return List.of(FileHandle.adopt("socket pair, one end", numbers.get(ValueLayout.JAVA_INT, 0)),
                    FileHandle.adopt("socket pair, other end", numbers.get(ValueLayout.JAVA_INT, Integer.BYTES)));
        }
    }

    /** accept4(2): the number of a connection whose reads and writes do not wait, or the negative error number. */
    static long accept(FileHandle listening) {
        return SystemCall.invoke(SystemCall.ACCEPT4, listening.number(), 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0);
    }

    /** shutdown(2) with SHUT_WR: the other side reads what was written, then the end. */
    public static void endWriting(FileHandle socket) {
        // It fails only where there is nobody any more to whom it would matter.
        SystemCall.invoke(SystemCall.SHUTDOWN, socket.number(), SHUT_WR, 0);
    }

    /** shutdown(2) with SHUT_RD: what the other side writes from now on fails there with EPIPE. */
    public static void endReading(FileHandle socket) {
        SystemCall.invoke(SystemCall.SHUTDOWN, socket.number(), SHUT_RD, 0);
    }

    /** poll(2): whether nothing can go either way any more, as when the other side is closed. */
    public static boolean isHungUp(FileHandle socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment asked = arena.allocate(POLLFD_BYTES, Integer.BYTES);
            asked.set(ValueLayout.JAVA_INT, 0, socket.number());
            SystemCall.invoke(SystemCall.POLL, asked.address(), 1, 0);
            return (asked.get(ValueLayout.JAVA_SHORT, REVENTS) & (POLLHUP | POLLERR)) != 0;
        }
    }

    /**
     * poll(2): waits until there is something to read or to accept, or the other side has ended.
     *
     * @return false when nothing was in time
     */
    public static boolean awaitReadable(FileHandle socket, Duration timeout) {
        long until = System.nanoTime() + timeout.toNanos();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment asked = arena.allocate(POLLFD_BYTES, Integer.BYTES);
            asked.set(ValueLayout.JAVA_INT, 0, socket.number());
            asked.set(ValueLayout.JAVA_SHORT, EVENTS, (short) POLLIN);
            while (true) {
                long left = until - System.nanoTime();
                long ready = SystemCall.invoke(SystemCall.POLL, asked.address(), 1,
                        Math.max(0, Math.ceilDiv(left, 1_000_000)));
                if (ready != -Errno.EINTR) {
                    return ready > 0;
                }
            }
        }
    }

    /**
     * Refuses a path that no socket can have, with an {@link IllegalArgumentException}.
     *
     * @param room
     *            bytes that something else is to be appended of
     */
    public static void checkPath(Path path, int room) {
        int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MAX_PATH_BYTES - room) {
            throw new IllegalArgumentException("socket " + path + " : " + bytes + " bytes long (expected: at most "
                    + (MAX_PATH_BYTES - room) + ")");
        }
    }

    private static FileHandle create(Path path) throws SystemCallException {
        checkPath(path, 0);
        long created = SystemCall.invoke(SystemCall.SOCKET, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (created < 0) {
            throw new SystemCallException("socket", "AF_UNIX", (int) -created);
        }
        return FileHandle.adopt(path.toString(), created);
    }

    private static MemorySegment address(Path path, Arena arena) {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        MemorySegment address = arena.allocate(ADDRESS_BYTES, Short.BYTES);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, PATH, name.length);
        return address;
    }
}
