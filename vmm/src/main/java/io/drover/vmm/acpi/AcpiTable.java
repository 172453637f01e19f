package io.drover.vmm.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A table being filled behind its common header (ACPI 6.5, 5.2.6). */
final class AcpiTable {
    static final int HEADER_BYTES = 36;
    static final String OEM = "DROVER";

    private static final int CHECKSUM = 9;
    private static final int OEM_REVISION = 1;

    private final ByteBuffer bytes;

    /**
     * An empty table.
     *
     * @param signature
     *            four letters
     * @param length
     *            in bytes, with the header
     */
    AcpiTable(String signature, int revision, int length) {
        bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(ascii(signature)).putInt(length).put((byte) revision).put((byte) 0);
        bytes.put(ascii(OEM)).put(ascii(OEM + "  ")).putInt(OEM_REVISION).put(ascii("DRVR")).putInt(OEM_REVISION);
    }

    /** What to fill; its position is behind the header. */
    ByteBuffer bytes() {
        return bytes;
    }

    byte[] finish() {
        bytes.put(CHECKSUM, checksum(bytes.array(), 0, bytes.capacity()));
        return bytes.array();
    }

    /** What makes the sum of those bytes zero, when its own place holds zero. */
    static byte checksum(byte[] table, int from, int to) {
        byte sum = 0;
        for (int i = from; i < to; i++) {
            sum -= table[i];
        }
        return sum;
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
