package io.drover.vmm.net.user;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Frames as a guest sends them, made by hand. */
final class Frames {
    static final byte[] GUEST_MAC = {0x52, 0x54, 0, 1, 2, 3};

    private static final int ARP = 0x0806;
    private static final int IPV4 = 0x0800;
    private static final int UDP = 17;

    private Frames() {}

    /** Who has this address? */
    static byte[] arpRequest(byte[] sender, byte[] target) {
        byte[] frame = new byte[14 + 28];
        ethernet(frame, ARP).putShort((short) 1).putShort((short) IPV4).put((byte) 6).put((byte) 4)
                .putShort((short) 1).put(GUEST_MAC).put(sender).put(new byte[6]).put(target);
        return frame;
    }

    /** DHCPDISCOVER (RFC 2131) over UDP to everybody. */
    static byte[] dhcpDiscover() {
        int dhcpBytes = 300;
        byte[] bytes = new byte[14 + 28 + dhcpBytes];
        ByteBuffer frame = ethernet(bytes, IPV4);
        ByteBuffer header = ByteBuffer.allocate(20).put((byte) 0x45).put((byte) 0).putShort((short) (28 + dhcpBytes))
                .putInt(0).put((byte) 64).put((byte) UDP).putShort((short) 0).putInt(0).putInt(-1);
        header.putShort(10, checksum(header));
        frame.put(header.array()).putShort((short) 68).putShort((short) 67).putShort((short) (8 + dhcpBytes))
                .putShort((short) 0);
        int dhcp = frame.position();
        frame.put(new byte[] {1, 1, 6, 0}).put("test".getBytes(StandardCharsets.US_ASCII));
        frame.put(dhcp + 28, GUEST_MAC).position(dhcp + 236);
        frame.putInt(0x6382_5363).put(new byte[] {53, 1, 1, (byte) 255});
        return bytes;
    }

    private static ByteBuffer ethernet(byte[] frame, int type) {
        byte[] everybody = {-1, -1, -1, -1, -1, -1};
        return ByteBuffer.wrap(frame).put(everybody).put(GUEST_MAC).putShort((short) type);
    }

    private static short checksum(ByteBuffer header) {
        int sum = 0;
        for (int at = 0; at < header.capacity(); at += Short.BYTES) {
            sum += header.getShort(at) & 0xFFFF;
        }
        return (short) ~(sum + (sum >>> 16));
    }
}
