package io.drover.vmm.virtio.net;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.HostBuffer;
import io.drover.vmm.net.FramePort;
import io.drover.vmm.net.MacAddress;
import io.drover.vmm.net.PacketLayout;

/**
 * A frame in the name of the guest, from which bridges and switches learn where its nic is now, whatever the guest's driver
 * knows: a reverse ARP request (RFC 903) to all, as other hypervisors send it. It asks for nothing that anybody on such a network
 * answers.
 */
final class Announcement {
    private static final int ETHERNET_MIN_FRAME_BYTES = 60;
    private static final int ETHERTYPE_RARP = 0x8035;
    private static final int HARDWARE_ETHERNET = 1;
    private static final int PROTOCOL_IPV4 = 0x0800;
    private static final int IPV4_BYTES = 4;
    private static final int REQUEST_REVERSE = 3;

    private final HostBuffer buffer;
    private final IoVector packet = new IoVector(1);
    private volatile boolean owed;

    Announcement(MacAddress mac) {
        byte[] bytes = packet(mac);
        this.buffer = new HostBuffer(bytes.length);
        buffer.copyIn(0, bytes);
        packet.add(buffer.address(), buffer.bytes());
    }

    /** Its header has nothing in it: there is nothing to be done to the frame. */
    private static byte[] packet(MacAddress mac) {
        byte[] packet = new byte[PacketLayout.HEADER_BYTES + ETHERNET_MIN_FRAME_BYTES];
        int at = PacketLayout.HEADER_BYTES;
        for (int octet = 0; octet < MacAddress.BYTES; octet++) {
            packet[at++] = (byte) 0xFF;
        }
        at = put(packet, at, mac);
        at = put16(packet, at, ETHERTYPE_RARP);
        at = put16(packet, at, HARDWARE_ETHERNET);
        at = put16(packet, at, PROTOCOL_IPV4);
        packet[at++] = MacAddress.BYTES;
        packet[at++] = IPV4_BYTES;
        at = put16(packet, at, REQUEST_REVERSE);
        // Of sender and target: the nic's address, and 0.0.0.0.
        at = put(packet, at, mac) + IPV4_BYTES;
        put(packet, at, mac);
        return packet;
    }

    private static int put(byte[] packet, int at, MacAddress mac) {
        for (int octet = 0; octet < MacAddress.BYTES; octet++) {
            packet[at + octet] = (byte) mac.octet(octet);
        }
        return at + MacAddress.BYTES;
    }

    private static int put16(byte[] packet, int at, int value) {
        packet[at] = (byte) (value >> 8);
        packet[at + 1] = (byte) value;
        return at + 2;
    }

    /** It is to be sent, as soon as the guest runs; or not any more. Any thread. */
    void setOwed(boolean now) {
        owed = now;
    }

    /** Sends it if that is to be done. On the port's thread, while no other packet is partly sent. */
    void sendIfOwed(FramePort port) {
        if (owed) {
            owed = false;
            // A network that learns takes a frame at once, or loses it: then the guest's own frames tell, later.
            port.send(packet);
        }
    }
}
