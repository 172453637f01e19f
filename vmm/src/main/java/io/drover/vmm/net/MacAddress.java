package io.drover.vmm.net;

import java.util.regex.Pattern;

/**
 * A nic's address.
 *
 * @param bits
 *            48, the first byte highest; of one station, not of a group
 */
public record MacAddress(long bits) {
    public static final int BYTES = 6;

    private static final Pattern TEXT = Pattern.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}");
    private static final long GROUP = 1L << 40;

    public MacAddress {
        if (bits <= 0 || bits >= 1L << 48 || (bits & GROUP) != 0) {
            throw new IllegalArgumentException("mac : " + text(bits)
                    + " (expected: one of a single station: not zero, and the first byte even)");
        }
    }

    /** Of six bytes in hexadecimal with colons between them. */
    public static MacAddress of(String text) {
        if (!TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException("mac : " + text + " (expected: like 52:54:00:12:34:56)");
        }
        return new MacAddress(Long.parseLong(text.replace(":", ""), 16));
    }

    /** One of its bytes, 0 the first. */
    public int octet(int index) {
        return (int) (bits >>> (8 * (BYTES - 1 - index))) & 0xFF;
    }

    @Override
    public String toString() {
        return text(bits);
    }

    private static String text(long bits) {
        StringBuilder text = new StringBuilder();
        for (int index = 0; index < BYTES; index++) {
            int octet = (int) (bits >>> (8 * (BYTES - 1 - index))) & 0xFF;
            text.append(index == 0 ? "" : ":").append(Character.forDigit(octet >> 4, 16))
                    .append(Character.forDigit(octet & 15, 16));
        }
        return text.toString();
    }
}
