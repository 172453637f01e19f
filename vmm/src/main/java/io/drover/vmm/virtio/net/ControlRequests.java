package io.drover.vmm.virtio.net;

import io.drover.vmm.net.Network;
import io.drover.vmm.virtio.RequestServer;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.GuestBuffers;
import io.drover.vmm.virtio.queue.QueueBreachException;

/** What a driver says through the control queue (virtio 1.2, 5.1.6.5): a class, a command, its data, and room for an answer. */
final class ControlRequests implements RequestServer {
    private static final int VIRTIO_NET_OK = 0;
    private static final int VIRTIO_NET_ERR = 1;

    private static final int VIRTIO_NET_CTRL_RX = 0;
    private static final int VIRTIO_NET_CTRL_RX_PROMISC = 0;
    private static final int VIRTIO_NET_CTRL_RX_ALLMULTI = 1;
    private static final int VIRTIO_NET_CTRL_MAC = 1;
    private static final int VIRTIO_NET_CTRL_MAC_TABLE_SET = 0;
    private static final int VIRTIO_NET_CTRL_ANNOUNCE = 3;
    private static final int VIRTIO_NET_CTRL_ANNOUNCE_ACK = 0;
    private static final int VIRTIO_NET_CTRL_MQ = 4;
    private static final int VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET = 0;

    private static final int HEADER_BYTES = 2;
    /** Of a table: the number of its entries, before each of six bytes. */
    private static final int TABLE_BYTES = 4;
    private static final int TABLE_ENTRY_BYTES = 6;

    private final Network network;
    private final NetConfiguration configuration;
    private final int pairs;

    /**
     * For one driver.
     *
     * @param pairs
     *            that it may use
     */
    ControlRequests(Network network, NetConfiguration configuration, int pairs) {
        this.network = network;
        this.configuration = configuration;
        this.pairs = pairs;
    }

    @Override
    public long serve(DescriptorChain request) throws QueueBreachException {
        GuestBuffers in = request.readable();
        if (in.bytes() < HEADER_BYTES || request.writable().bytes() == 0) {
            throw new QueueBreachException("control command : " + in.bytes() + " bytes to read and "
                    + request.writable().bytes() + " to write (expected: at least " + HEADER_BYTES + " and 1)");
        }
        request.writable().write8(0, obey(in, in.read8(0), in.read8(1)) ? VIRTIO_NET_OK : VIRTIO_NET_ERR);
        return 1;
    }

    private boolean obey(GuestBuffers in, int kind, int command) {
        return switch (kind) {
            case VIRTIO_NET_CTRL_RX -> (command == VIRTIO_NET_CTRL_RX_PROMISC
                    || command == VIRTIO_NET_CTRL_RX_ALLMULTI) && in.bytes() == HEADER_BYTES + 1;
            case VIRTIO_NET_CTRL_MAC -> command == VIRTIO_NET_CTRL_MAC_TABLE_SET && areTables(in);
            case VIRTIO_NET_CTRL_ANNOUNCE -> {
                if (command == VIRTIO_NET_CTRL_ANNOUNCE_ACK) {
                    configuration.setAnnounce(false);
                }
                yield command == VIRTIO_NET_CTRL_ANNOUNCE_ACK;
            }
            case VIRTIO_NET_CTRL_MQ -> command == VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET && usePairs(in);
            default -> false;
        };
    }

    /** Two tables of addresses that the driver wants. It gets all that comes, as it may (5.1.6.5.1 calls them best effort). */
    private static boolean areTables(GuestBuffers in) {
        long at = HEADER_BYTES;
        for (int table = 0; table < 2; table++) {
            if (in.bytes() - at < TABLE_BYTES) {
                return false;
            }
            at += TABLE_BYTES + TABLE_ENTRY_BYTES * (in.read32(at) & 0xFFFF_FFFFL);
            if (at > in.bytes()) {
                return false;
            }
        }
        return at == in.bytes();
    }

    private boolean usePairs(GuestBuffers in) {
        if (in.bytes() != HEADER_BYTES + Short.BYTES) {
            return false;
        }
        int wanted = in.read8(HEADER_BYTES) | in.read8(HEADER_BYTES + 1) << 8;
        if (wanted < 1 || wanted > pairs) {
            return false;
        }
        configuration.setUsedPairs(wanted);
        network.usePairs(wanted);
        return true;
    }
}
