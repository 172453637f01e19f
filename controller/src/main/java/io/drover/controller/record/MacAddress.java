package io.drover.controller.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The address of a nic.
 *
 * @param bits 48, the first byte highest; of one station, not of a group
 */
public record MacAddress(long bits) {
    public static final String RULE = "like 52:54:00:12:34:56, of one station: not zero, and the first byte even";

    private static final Pattern TEXT = Pattern.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}");
    private static final int BYTES = 6;
    private static final long GROUP = 1L << 40;
    /** 52:54:00 is of those that are assigned locally (IEEE 802, 8.4), and known as those of virtual machines. */
    private static final long MADE = 0x52_54_00L << 24;
    private static final int MADE_BITS = 24;

    public MacAddress {
        if (bits <= 0 || bits >= 1L << 48 || (bits & GROUP) != 0) {
            throw new IllegalArgumentException("mac : " + Long.toHexString(bits) + " (expected: " + RULE + ")");
        }
    }

    /** Empty when the text is no such address. */
    public static Optional<MacAddress> parse(String text) {
        if (!TEXT.matcher(text).matches()) {
            return Optional.empty();
        }
        long bits = HexFormat.fromHexDigitsToLong(text.replace(":", ""));
        return bits == 0 || (bits & GROUP) != 0 ? Optional.empty() : Optional.of(new MacAddress(bits));
    }

    /** The address of a nic that was given none: the same for the same VM and name. */
    static MacAddress made(String uid, String nic) {
        byte[] hash = Sha256.digest().digest((uid + "/" + nic).getBytes(StandardCharsets.UTF_8));
        return new MacAddress(MADE | (ByteBuffer.wrap(hash).getInt() >>> (Integer.SIZE - MADE_BITS)));
    }

    @Override
    public String toString() {
        byte[] all = ByteBuffer.allocate(Long.BYTES).putLong(bits).array();
        return HexFormat.ofDelimiter(":").formatHex(all, Long.BYTES - BYTES, Long.BYTES);
    }
}
