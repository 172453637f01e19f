package io.drover.vmm.net;

/**
 * A packet as a nic and its network hand it to each other: {@code struct virtio_net_hdr} with the number of buffers (virtio 1.2,
 * 5.1.6; linux/virtio_net.h has it as virtio_net_hdr_v1), then an Ethernet frame without its checksum.
 */
public final class PacketLayout {
    public static final int HEADER_BYTES = 12;
    /** In the header, 16 bits little endian: over how many of the driver's buffers a received packet goes. */
    public static final int NUM_BUFFERS = 10;
    /** The Ethernet header alone. */
    public static final int MIN_FRAME_BYTES = 14;
    /** The Ethernet header with a VLAN tag, and the largest IP packet. */
    public static final int MAX_FRAME_BYTES = 18 + 65_535;
    public static final int MAX_PACKET_BYTES = HEADER_BYTES + MAX_FRAME_BYTES;

    private PacketLayout() {}
}
