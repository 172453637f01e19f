package io.drover.vmm.net;

/**
 * What may be left undone in packets, as their header says what it is.
 *
 * @param checksum
 *            the checksum of TCP and UDP
 * @param tso4
 *            cutting TCP over IPv4 into segments; only with {@code checksum}
 * @param tso6
 *            cutting TCP over IPv6 into segments; only with {@code checksum}
 */
public record Offloads(boolean checksum, boolean tso4, boolean tso6) {
    public static final Offloads NONE = new Offloads(false, false, false);
}
