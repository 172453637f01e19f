package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Stream sockets of unix(7), as files: what the JDK has cannot be waited for together with an eventfd. */
public final class UnixSocket {
    /** sys/socket.h. */
    private static final long AF_UNIX = 1;
    private static final long SOCK_STREAM = 1;
    private static final long SOCK_NONBLOCK = 0x800;
    private static final long SOCK_CLOEXEC = 0x80000;

    /** {@code struct sockaddr_un} (sys/un.h): the family, then the path with a zero behind it. */
    private static final int PATH = 2;
    private static final int PATH_BYTES = 108;

    private UnixSocket() {}

    /**
     * connect(2): a connection whose reads and writes do not wait.
     *
     * @throws SystemCallException
     *             with ENOENT or ECONNREFUSED while nobody listens there
     */
    public static FileHandle connect(Path path) throws SystemCallException {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length >= PATH_BYTES) {
            throw new IllegalArgumentException(
                    "socket " + path + " : " + name.length + " bytes long (expected: at most "
                            + (PATH_BYTES - 1) + ")");
        }
        long created = SystemCall.invoke(SystemCall.SOCKET, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (created < 0) {
            throw new SystemCallException("socket", "AF_UNIX", (int) -created);
        }
        FileHandle socket = FileHandle.adopt(path.toString(), created);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(PATH + PATH_BYTES, Short.BYTES);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, PATH, name.length);
            long result = SystemCall.invoke(SystemCall.CONNECT, created, address.address(), address.byteSize());
            if (result < 0) {
                socket.close();
                throw new SystemCallException("connect", path.toString(), (int) -result);
            }
            return socket;
        }
    }
}
