package io.drover.vmm.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/** The calls of a tap device (tun(4), linux/if_tun.h), each on a file that is one of its queues. */
public final class TapDevice {
    /** The longest name of a network device: IFNAMSIZ of linux/if.h, less the zero at its end. */
    public static final int MAX_NAME_BYTES = 15;

    private static final Path DEVICE = Path.of("/dev/net/tun");

    /** _IOW('T', number, int), although the first and the last take a struct ifreq. */
    private static final long TUNSETIFF = 0x4004_54CAL;
    private static final long TUNSETOFFLOAD = 0x4004_54D0L;
    private static final long TUNSETVNETHDRSZ = 0x4004_54D8L;
    private static final long TUNSETQUEUE = 0x4004_54D9L;
    private static final int IFF_TAP = 0x0002;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;
    private static final int IFF_MULTI_QUEUE = 0x0100;
    private static final int IFF_ATTACH_QUEUE = 0x0200;
    private static final int IFF_DETACH_QUEUE = 0x0400;
    private static final long TUN_F_CSUM = 1;
    private static final long TUN_F_TSO4 = 2;
    private static final long TUN_F_TSO6 = 4;

    /** {@code struct ifreq} (linux/if.h): the name, then a union of which the flags are a short. */
    private static final long IFREQ_BYTES = 40;
    private static final long IFREQ_FLAGS = MAX_NAME_BYTES + 1L;

    private TapDevice() {}

    /**
     * Opens a queue of a device, which is made if it is not there. Each read and write is one packet behind a virtio header, and
     * none waits.
     *
     * @param several
     *            whether it is a device of several queues
     * @param headerBytes
     *            of the virtio header: 10 or 12
     */
    public static FileHandle open(String device, boolean several, int headerBytes) throws SystemCallException {
        FileHandle file = FileHandle.openNonBlocking(DEVICE);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, Long.BYTES);
            request.setString(0, device);
            request.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS,
                    (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (several ? IFF_MULTI_QUEUE : 0)));
            file.ioctl("TUNSETIFF", device, TUNSETIFF, request);
            file.ioctl("TUNSETVNETHDRSZ", device, TUNSETVNETHDRSZ,
                    arena.allocateFrom(ValueLayout.JAVA_INT, headerBytes));
            return file;
        } catch (SystemCallException e) {
            file.close();
            throw e;
        }
    }

    /** TUNSETOFFLOAD, of the whole device: what may be left undone in the packets that are read. */
    public static void setOffloads(FileHandle queue, boolean checksum, boolean tso4, boolean tso6)
            throws SystemCallException {
        long flags = (checksum ? TUN_F_CSUM : 0) | (tso4 ? TUN_F_TSO4 : 0) | (tso6 ? TUN_F_TSO6 : 0);
        queue.ioctl("TUNSETOFFLOAD", Long.toString(flags), TUNSETOFFLOAD, flags);
    }

    /** TUNSETQUEUE: whether packets come to this queue. */
    public static void attach(FileHandle queue, boolean attached) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, Long.BYTES);
            request.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS,
                    (short) (attached ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE));
            queue.ioctl("TUNSETQUEUE", queue.toString(), TUNSETQUEUE, request);
        }
    }
}
