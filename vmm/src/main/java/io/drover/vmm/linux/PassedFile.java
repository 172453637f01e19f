package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Files that go from process to process over a Unix socket (unix(7), SCM_RIGHTS), each with a byte that says what it is. */
public final class PassedFile {
    /** {@code struct msghdr} (sys/socket.h): name, its length, vector, its length, control, its length, flags. */
    private static final long MSGHDR_BYTES = 56;
    private static final long VECTOR = 16;
    private static final long VECTOR_LENGTH = 24;
    private static final long CONTROL = 32;
    private static final long CONTROL_LENGTH = 40;
    /** {@code struct cmsghdr}: length, level, type, then the number of the file. */
    private static final long CMSG_SPACE = 24;
    private static final long CMSG_LENGTH = 20;
    private static final long CMSG_LEVEL = 8;
    private static final long CMSG_TYPE = 12;
    private static final long CMSG_DATA = 16;
    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final long MSG_CMSG_CLOEXEC = 0x4000_0000L;

    private PassedFile() {}

    /**
     * What came.
     *
     * @param what
     *            the byte
     * @param file
     *            the receiver's to close
     */
    public record Received(byte what, Optional<FileHandle> file) {}

    /**
     * sendmsg(2). The sender keeps its own handle of the file.
     *
     * @throws SystemCallException
     *             EAGAIN when the other side does not read
     */
    public static void send(FileHandle socket, byte what, Optional<FileHandle> file) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = message(arena, arena.allocateFrom(ValueLayout.JAVA_BYTE, what));
            if (file.isPresent()) {
                MemorySegment control = arena.allocate(CMSG_SPACE, Long.BYTES);
                control.set(ValueLayout.JAVA_LONG, 0, CMSG_LENGTH);
                control.set(ValueLayout.JAVA_INT, CMSG_LEVEL, SOL_SOCKET);
                control.set(ValueLayout.JAVA_INT, CMSG_TYPE, SCM_RIGHTS);
                control.set(ValueLayout.JAVA_INT, CMSG_DATA, file.get().number());
                message.set(ValueLayout.JAVA_LONG, CONTROL, control.address());
                message.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, CMSG_SPACE);
            }
            long sent = SystemCall.invoke(SystemCall.SENDMSG, socket.number(), message.address(), 0);
            if (sent < 0) {
                throw new SystemCallException("sendmsg", socket.toString(), (int) -sent);
            }
        }
    }

    /**
     * recvmsg(2).
     *
     * @return empty when the other side has ended
     * @throws SystemCallException
     *             EAGAIN when nothing came in time
     */
    public static Optional<Received> receive(FileHandle socket) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment what = arena.allocate(1);
            MemorySegment message = message(arena, what);
            MemorySegment control = arena.allocate(CMSG_SPACE, Long.BYTES);
            message.set(ValueLayout.JAVA_LONG, CONTROL, control.address());
            message.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, CMSG_SPACE);
            long received = SystemCall.invoke(SystemCall.RECVMSG, socket.number(), message.address(),
                    MSG_CMSG_CLOEXEC);
            if (received < 0) {
                throw new SystemCallException("recvmsg", socket.toString(), (int) -received);
            }
            if (received == 0) {
                return Optional.empty();
            }
            boolean passed = message.get(ValueLayout.JAVA_LONG, CONTROL_LENGTH) >= CMSG_LENGTH
                    && control.get(ValueLayout.JAVA_INT, CMSG_LEVEL) == SOL_SOCKET
                    && control.get(ValueLayout.JAVA_INT, CMSG_TYPE) == SCM_RIGHTS;
            return Optional.of(new Received(what.get(ValueLayout.JAVA_BYTE, 0), passed
                    ? Optional
                            .of(FileHandle.adopt("passed over " + socket, control.get(ValueLayout.JAVA_INT, CMSG_DATA)))
                    : Optional.empty()));
        }
    }

    private static MemorySegment message(Arena arena, MemorySegment bytes) {
        MemorySegment vector = arena.allocate(2L * Long.BYTES, Long.BYTES);
        vector.set(ValueLayout.JAVA_LONG, 0, bytes.address());
        vector.set(ValueLayout.JAVA_LONG, Long.BYTES, bytes.byteSize());
        MemorySegment message = arena.allocate(MSGHDR_BYTES, Long.BYTES);
        message.set(ValueLayout.JAVA_LONG, VECTOR, vector.address());
        message.set(ValueLayout.JAVA_LONG, VECTOR_LENGTH, 1);
        return message;
    }
}
