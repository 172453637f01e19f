package io.drover.vmm.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Encodes the pieces of AML that our DSDT is made of (ACPI 6.5, chapter 20); a piece is its bytes. */
final class Aml {
    private static final int ZERO = 0x00;
    private static final int ONE = 0x01;
    private static final int NAME = 0x08;
    private static final int BYTE = 0x0A;
    private static final int WORD = 0x0B;
    private static final int DWORD = 0x0C;
    private static final int STRING = 0x0D;
    private static final int SCOPE = 0x10;
    private static final int BUFFER = 0x11;
    private static final int PACKAGE = 0x12;
    private static final int EXTENDED = 0x5B;
    private static final int DEVICE = 0x82;

    private static final int IO_DESCRIPTOR = 0x47;
    private static final int DECODES_16_BITS = 1;
    private static final int IRQ_DESCRIPTOR = 0x22;
    private static final int END_TAG = 0x79;

    private Aml() {}

    /** A named object: {@code Name (path, value)}. */
    static byte[] name(String path, byte[] value) {
        return join(bytes(NAME), path(path), value);
    }

    static byte[] scope(String path, byte[]... contents) {
        return join(bytes(SCOPE), sized(path(path), join(contents)));
    }

    static byte[] device(String path, byte[]... contents) {
        return join(bytes(EXTENDED, DEVICE), sized(path(path), join(contents)));
    }

    /** {@code Package () {elements}}. */
    static byte[] list(byte[]... elements) {
        return join(bytes(PACKAGE), sized(bytes(elements.length), join(elements)));
    }

    /** In the shortest of the forms that hold it. */
    static byte[] integer(int value) {
        if (value == 0) {
            return bytes(ZERO);
        }
        if (value == 1) {
            return bytes(ONE);
        }
        if (value >>> 8 == 0) {
            return bytes(BYTE, value);
        }
        if (value >>> 16 == 0) {
            return bytes(WORD, value, value >>> 8);
        }
        return bytes(DWORD, value, value >>> 8, value >>> 16, value >>> 24);
    }

    static byte[] string(String text) {
        return join(bytes(STRING), text.getBytes(StandardCharsets.US_ASCII), bytes(0));
    }

    /**
     * A Plug and Play id packed into an integer: {@code EisaId ("PNP0501")}.
     *
     * @param id
     *            three capital letters and four hexadecimal digits
     */
    static byte[] eisaId(String id) {
        int letters = (id.charAt(0) - '@') << 10 | (id.charAt(1) - '@') << 5 | (id.charAt(2) - '@');
        int number = Integer.parseInt(id.substring(3), 16);
        return integer(Integer.reverseBytes(letters << 16 | number));
    }

    /** {@code ResourceTemplate () {descriptors}}. */
    static byte[] resources(byte[]... descriptors) {
        // A checksum of zero is taken as right.
        byte[] template = join(join(descriptors), bytes(END_TAG, 0));
        return join(bytes(BUFFER), sized(integer(template.length), template));
    }

    /** {@code IO (Decode16, port, port, 0, ports)}. */
    static byte[] ports(int port, int ports) {
        return bytes(IO_DESCRIPTOR, DECODES_16_BITS, port, port >>> 8, port, port >>> 8, 0, ports);
    }

    /** {@code IRQNoFlags () {irq}}: edge-triggered, active high, not shared. */
    static byte[] interrupt(int irq) {
        return bytes(IRQ_DESCRIPTOR, 1 << irq, 1 << irq >>> 8);
    }

    /** A package length, which counts itself, and what it is the length of (20.2.4). */
    private static byte[] sized(byte[]... parts) {
        byte[] contents = join(parts);
        if (contents.length + 1 < 1 << 6) {
            return join(bytes(contents.length + 1), contents);
        }
        int followers = contents.length + 2 < 1 << 12 ? 1 : 2;
        int length = contents.length + 1 + followers;
        byte[] lead = new byte[1 + followers];
        lead[0] = (byte) (followers << 6 | (length & 15));
        for (int i = 0; i < followers; i++) {
            lead[1 + i] = (byte) (length >>> (4 + 8 * i));
        }
        return join(lead, contents);
    }

    /** One name segment, padded to four; perhaps behind a root. */
    private static byte[] path(String path) {
        boolean rooted = path.startsWith("\\");
        String segment = rooted ? path.substring(1) : path;
        return ((rooted ? "\\" : "") + segment + "_".repeat(4 - segment.length())).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            whole.writeBytes(part);
        }
        return whole.toByteArray();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
