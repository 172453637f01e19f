package io.drover.vmm.machine;

import io.drover.vmm.net.MacAddress;
import io.drover.vmm.net.user.UserNetwork;
import io.drover.vmm.virtio.net.NetDevice;
import java.util.Objects;

/**
 * What a nic is to be.
 *
 * @param id
 *            1 to 63 of a-z, 0-9 and '-'
 * @param mtuBytes
 *            68 to 65535; 0: as suits the network
 * @param queuePairs
 *            1 to {@link NetDevice#MAX_PAIRS}, on a user network 1; 0: 1
 */
public record NicSettings(String id, MacAddress mac, NetworkSettings network, int mtuBytes, int queuePairs,
        FrameRate receiveRate, FrameRate sendRate) {
    /** The least of IPv4 (RFC 791), which virtio wants too (1.2, 5.1.4.1). */
    private static final int MIN_MTU = 68;
    private static final int MAX_MTU = 65_535;
    private static final int ETHERNET_MTU = 1500;

    /** Refuses values that no host could run, with an {@link IllegalArgumentException} for the operator. */
    public NicSettings {
        DeviceId.check("nic id", id);
        Objects.requireNonNull(mac, "mac");
        Objects.requireNonNull(network, "network");
        Objects.requireNonNull(receiveRate, "receiveRate");
        Objects.requireNonNull(sendRate, "sendRate");
        if (mtuBytes == 0) {
            mtuBytes = network instanceof NetworkSettings.User ? UserNetwork.DEFAULT_MTU_BYTES : ETHERNET_MTU;
        }
        if (mtuBytes < MIN_MTU || mtuBytes > MAX_MTU) {
            throw new IllegalArgumentException("mtu of nic " + id + " : " + mtuBytes + " (expected: " + MIN_MTU + " to "
                    + MAX_MTU + ")");
        }
        if (queuePairs == 0) {
            queuePairs = 1;
        }
        int most = network instanceof NetworkSettings.User ? 1 : NetDevice.MAX_PAIRS;
        if (queuePairs < 1 || queuePairs > most) {
            throw new IllegalArgumentException("queue pairs of nic " + id + " : " + queuePairs + " (expected: 1 to "
                    + most + ")");
        }
    }
}
