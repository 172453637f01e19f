package io.drover.vmm.virtio.net;

/** Feature bits of a network device (virtio 1.2, 5.1.3), as masks. */
final class NetFeatures {
    static final long CSUM = 1L << 0;
    static final long GUEST_CSUM = 1L << 1;
    static final long MTU = 1L << 3;
    static final long MAC = 1L << 5;
    static final long GUEST_TSO4 = 1L << 7;
    static final long GUEST_TSO6 = 1L << 8;
    static final long HOST_TSO4 = 1L << 11;
    static final long HOST_TSO6 = 1L << 12;
    static final long MRG_RXBUF = 1L << 15;
    static final long STATUS = 1L << 16;
    static final long CTRL_VQ = 1L << 17;
    static final long CTRL_RX = 1L << 18;
    static final long GUEST_ANNOUNCE = 1L << 21;
    static final long MQ = 1L << 22;

    /** What every nic has. */
    static final long ALWAYS = MAC | MTU | MRG_RXBUF | STATUS | CTRL_VQ | CTRL_RX | GUEST_ANNOUNCE;
    /** What one has whose network deals with packets that are not whole. */
    static final long OFFLOADS = CSUM | GUEST_CSUM | GUEST_TSO4 | GUEST_TSO6 | HOST_TSO4 | HOST_TSO6;

    private NetFeatures() {}
}
