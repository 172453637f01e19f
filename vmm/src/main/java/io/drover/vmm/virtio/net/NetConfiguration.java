package io.drover.vmm.virtio.net;

import io.drover.vmm.net.MacAddress;

/** {@code struct virtio_net_config} (virtio 1.2, 5.1.4). Nothing in it can be written. Any thread. */
final class NetConfiguration {
    /** VIRTIO_NET_S_LINK_UP. */
    private static final int LINK_UP = 1;
    /** VIRTIO_NET_S_ANNOUNCE. */
    private static final int ANNOUNCE = 2;

    private static final int STATUS = MacAddress.BYTES;
    private static final int PAIRS = 8;
    private static final int MTU = 10;
    private static final int BYTES = 12;

    private final MacAddress mac;
    private final int pairs;
    private final int mtuBytes;
    private volatile boolean linkUp;
    private volatile boolean announce;
    private volatile int usedPairs = 1;

    NetConfiguration(MacAddress mac, int pairs, int mtuBytes) {
        this.mac = mac;
        this.pairs = pairs;
        this.mtuBytes = mtuBytes;
    }

    void setLink(boolean up) {
        linkUp = up;
    }

    /** Whether the driver is asked to tell the network where it is. */
    void setAnnounce(boolean asked) {
        announce = asked;
    }

    /** Pairs that the driver uses: 1 until it says otherwise. */
    int usedPairs() {
        return usedPairs;
    }

    void setUsedPairs(int used) {
        usedPairs = used;
    }

    long read(int offset, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes && offset + i < BYTES; i++) {
            value |= (long) octet(offset + i) << (8 * i);
        }
        return value;
    }

    private int octet(int offset) {
        if (offset < STATUS) {
            return mac.octet(offset);
        }
        int word = switch (offset & -2) {
            case STATUS -> (linkUp ? LINK_UP : 0) | (announce ? ANNOUNCE : 0);
            case PAIRS -> pairs;
            case MTU -> mtuBytes;
            default -> 0;
        };
        return (word >>> (8 * (offset & 1))) & 0xFF;
    }
}
