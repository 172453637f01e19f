package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.time.Duration;

/** Sockets of tcp(7), as files: what the JDK has cannot be given to another process. */
public final class TcpSocket {
    /** sys/socket.h. */
    private static final short AF_INET = 2;
    private static final short AF_INET6 = 10;
    private static final long SOCK_STREAM = 1;
    private static final long SOCK_CLOEXEC = 0x80000;
    private static final int BACKLOG = 16;
    private static final ValueLayout.OfShort PORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

    /** {@code struct sockaddr_in} and {@code sockaddr_in6} (netinet/in.h): family, port, address. */
    private static final long PORT_OFFSET = 2;
    private static final long ADDRESS_OFFSET = 4;
    private static final long ADDRESS6_OFFSET = 8;
    private static final long SCOPE_OFFSET = 24;
    private static final int BYTES = 16;
    private static final int BYTES6 = 28;

    private TcpSocket() {}

    /**
     * connect(2).
     *
     * @throws SystemCallException
     *             ECONNREFUSED and the like, and EINPROGRESS when nobody answered in time
     */
    public static FileHandle connect(InetSocketAddress address, Duration timeout) throws SystemCallException {
        FileHandle socket = create(address);
        try (Arena arena = Arena.ofConfined()) {
            StreamConnection.setTimeout(socket, timeout);
            MemorySegment name = address(address, arena);
            check("connect", address,
                    SystemCall.invoke(SystemCall.CONNECT, socket.number(), name.address(), name.byteSize()));
            return socket;
        } catch (SystemCallException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * bind(2) and listen(2).
     *
     * @param address
     *            port 0: one that is free, see {@link #port}
     * @param timeout
     *            of each {@link #accept}
     */
    public static FileHandle listen(InetSocketAddress address, Duration timeout) throws SystemCallException {
        FileHandle socket = create(address);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = address(address, arena);
            StreamConnection.setTimeout(socket, timeout);
            check("bind", address,
                    SystemCall.invoke(SystemCall.BIND, socket.number(), name.address(), name.byteSize()));
            check("listen", address, SystemCall.invoke(SystemCall.LISTEN, socket.number(), BACKLOG, 0));
            return socket;
        } catch (SystemCallException e) {
            socket.close();
            throw e;
        }
    }

    /** accept4(2): EAGAIN when nobody came in time, EINVAL when listening was ended by {@link #end}. */
    public static FileHandle accept(FileHandle listening) throws SystemCallException {
        long accepted = SystemCall.invoke(SystemCall.ACCEPT4, listening.number(), 0, 0, SOCK_CLOEXEC, 0, 0);
        if (accepted < 0) {
            throw new SystemCallException("accept", listening.toString(), (int) -accepted);
        }
        return FileHandle.adopt(listening + " peer", accepted);
    }

    /** shutdown(2): whoever waits in {@link #accept} comes back. */
    public static void end(FileHandle listening) {
        SystemCall.invoke(SystemCall.SHUTDOWN, listening.number(), 2, 0);
    }

    /** getsockname(2): the port that is listened at. */
    public static int port(FileHandle listening) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(BYTES6, Integer.BYTES);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, BYTES6);
            long result = SystemCall.invoke(SystemCall.GETSOCKNAME, listening.number(), name.address(),
                    length.address());
            if (result < 0) {
                throw new SystemCallException("getsockname", listening.toString(), (int) -result);
            }
            return name.get(PORT, PORT_OFFSET) & 0xFFFF;
        }
    }

    private static FileHandle create(InetSocketAddress address) throws SystemCallException {
        if (address.isUnresolved()) {
            throw new SystemCallException("socket", address + ", a name that does not resolve", Errno.EINVAL);
        }
        short family = address.getAddress() instanceof Inet6Address ? AF_INET6 : AF_INET;
        long created = SystemCall.invoke(SystemCall.SOCKET, family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (created < 0) {
            throw new SystemCallException("socket", address.toString(), (int) -created);
        }
        return FileHandle.adopt("tcp " + address, created);
    }

    private static MemorySegment address(InetSocketAddress address, Arena arena) {
        InetAddress ip = address.getAddress();
        byte[] bytes = ip.getAddress();
        MemorySegment name;
        if (ip instanceof Inet6Address six) {
            name = arena.allocate(BYTES6, Integer.BYTES);
            name.set(ValueLayout.JAVA_SHORT, 0, AF_INET6);
            MemorySegment.copy(bytes, 0, name, ValueLayout.JAVA_BYTE, ADDRESS6_OFFSET, bytes.length);
            name.set(ValueLayout.JAVA_INT, SCOPE_OFFSET, six.getScopeId());
        } else {
            name = arena.allocate(BYTES, Integer.BYTES);
            name.set(ValueLayout.JAVA_SHORT, 0, AF_INET);
            MemorySegment.copy(bytes, 0, name, ValueLayout.JAVA_BYTE, ADDRESS_OFFSET, bytes.length);
        }
        name.set(PORT, PORT_OFFSET, (short) address.getPort());
        return name;
    }

    private static void check(String call, InetSocketAddress address, long result) throws SystemCallException {
        if (result < 0) {
            throw new SystemCallException(call, address.toString(), (int) -result);
        }
    }
}
