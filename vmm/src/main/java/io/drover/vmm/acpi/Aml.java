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
    private static final int METHOD = 0x14;
    private static final int LOCAL_0 = 0x60;
    private static final int STORE = 0x70;
    private static final int AND = 0x7B;
    private static final int NOTIFY = 0x86;
    private static final int IF = 0xA0;
    private static final int DUAL_NAME = 0x2E;
    private static final int MULTI_NAME = 0x2F;
    private static final int EXTENDED = 0x5B;
    private static final int REGION = 0x80;
    private static final int FIELD = 0x81;
    private static final int DEVICE = 0x82;
    private static final int ACCESS_BY_WORDS_OF_32_BITS = 3;
    private static final int WORD_BITS = 32;

    private static final int IO_DESCRIPTOR = 0x47;
    private static final int DECODES_16_BITS = 1;
    private static final int IRQ_DESCRIPTOR = 0x22;
    private static final int EXTENDED_IRQ_DESCRIPTOR = 0x89;
    private static final int CONSUMER = 1;
    private static final int EDGE_TRIGGERED = 1 << 1;
    private static final int MEMORY_32_FIXED = 0x86;
    private static final int DWORD_SPACE = 0x87;
    private static final int WORD_SPACE = 0x88;
    private static final int QWORD_SPACE = 0x8A;
    private static final int SPACE_MEMORY = 0;
    private static final int SPACE_PORTS = 1;
    private static final int SPACE_BUSES = 2;
    /** Both ends are fixed; what lies between is decoded here. */
    private static final int SPACE_FIXED = 0b1100;
    private static final int WHOLE_PORT_RANGE = 3;
    private static final int WRITABLE = 1;
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

    /**
     * A named procedure: {@code Method (path, arguments)}.
     *
     * @param arguments
     *            0 to 7
     */
    static byte[] method(String path, int arguments, byte[]... statements) {
        return join(bytes(METHOD), sized(path(path), bytes(arguments), join(statements)));
    }

    /**
     * Ports as words of 32 bits with names: {@code OperationRegion} and {@code Field}.
     *
     * @param words
     *            names of the words, in the order of their ports
     */
    static byte[] portWords(String region, int port, String... words) {
        ByteArrayOutputStream fields = new ByteArrayOutputStream();
        for (String word : words) {
            fields.writeBytes(path(word));
            fields.writeBytes(length(WORD_BITS));
        }
        return join(bytes(EXTENDED, REGION), path(region), bytes(SPACE_PORTS), integer(port),
                integer(words.length * Integer.BYTES), bytes(EXTENDED, FIELD),
                sized(path(region), bytes(ACCESS_BY_WORDS_OF_32_BITS), fields.toByteArray()));
    }

    /** {@code Store (value, target)}; also takes the name of a field for a value. */
    static byte[] store(byte[] value, byte[] target) {
        return join(bytes(STORE), value, target);
    }

    /** A name in an expression: each segment has at most four letters, and dots are between them. */
    static byte[] reference(String path) {
        boolean rooted = path.startsWith("\\");
        String[] segments = (rooted ? path.substring(1) : path).split("\\.", -1);
        byte[] prefix = bytes();
        if (segments.length == 2) {
            prefix = bytes(DUAL_NAME);
        } else if (segments.length > 2) {
            prefix = bytes(MULTI_NAME, segments.length);
        }
        ByteArrayOutputStream names = new ByteArrayOutputStream();
        for (String segment : segments) {
            names.writeBytes(path(segment));
        }
        return join(rooted ? bytes('\\') : bytes(), prefix, names.toByteArray());
    }

    /** {@code Local0}, a method's own variable. */
    static byte[] local() {
        return bytes(LOCAL_0);
    }

    /** {@code If (value & mask) {statement}}. */
    static byte[] ifAny(byte[] value, int mask, byte[] statement) {
        // The sum is stored nowhere.
        byte[] sum = join(bytes(AND), value, integer(mask), bytes(ZERO));
        return join(bytes(IF), sized(sum, statement));
    }

    /** {@code Notify (device, what)}. */
    static byte[] tell(byte[] device, int what) {
        return join(bytes(NOTIFY), device, integer(what));
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

    /** {@code Memory32Fixed (ReadWrite, base, length)}. */
    static byte[] memory(long base, long length) {
        return join(bytes(MEMORY_32_FIXED, 9, 0, WRITABLE), number(base, 4), number(length, 4));
    }

    /** {@code WordBusNumber}: the numbers of the buses below a bridge. */
    static byte[] busWindow(int first, int count) {
        return window(WORD_SPACE, SPACE_BUSES, 0, 2, first, count);
    }

    /** {@code WordIO}: ports that are passed on to a bus. */
    static byte[] portWindow(int first, int count) {
        return window(WORD_SPACE, SPACE_PORTS, WHOLE_PORT_RANGE, 2, first, count);
    }

    /** {@code DWordMemory}: addresses below 4 GiB that are passed on to a bus. */
    static byte[] memoryWindow32(long base, long length) {
        return window(DWORD_SPACE, SPACE_MEMORY, WRITABLE, 4, base, length);
    }

    /** {@code QWordMemory}: addresses that are passed on to a bus. */
    static byte[] memoryWindow64(long base, long length) {
        return window(QWORD_SPACE, SPACE_MEMORY, WRITABLE, 8, base, length);
    }

    /** An address space descriptor (6.4.3.5): granularity, first, last, translation and length, each of the same size. */
    private static byte[] window(int tag, int type, int typeFlags, int size, long first, long length) {
        int body = 3 + 5 * size;
        return join(bytes(tag, body, 0, type, SPACE_FIXED, typeFlags), number(0, size), number(first, size),
                number(first + length - 1, size), number(0, size), number(length, size));
    }

    private static byte[] number(long value, int size) {
        byte[] number = new byte[size];
        for (int i = 0; i < size; i++) {
            number[i] = (byte) (value >>> (8 * i));
        }
        return number;
    }

    /** {@code IRQNoFlags () {irq}}: edge-triggered, active high, not shared. */
    static byte[] interrupt(int irq) {
        return bytes(IRQ_DESCRIPTOR, 1 << irq, 1 << irq >>> 8);
    }

    /** {@code Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) {gsi}}. */
    static byte[] edge(int gsi) {
        return join(bytes(EXTENDED_IRQ_DESCRIPTOR, 6, 0, CONSUMER | EDGE_TRIGGERED, 1), number(gsi, 4));
    }

    /** A package length, which counts itself, and what it is the length of (20.2.4). */
    private static byte[] sized(byte[]... parts) {
        byte[] contents = join(parts);
        int lengthBytes = 1;
        while (length(contents.length + lengthBytes).length != lengthBytes) {
            lengthBytes++;
        }
        return join(length(contents.length + lengthBytes), contents);
    }

    /** A length by itself: one byte up to 63, else up to three bytes more. */
    private static byte[] length(int length) {
        if (length < 1 << 6) {
            return bytes(length);
        }
        int followers = length < 1 << 12 ? 1 : 2;
        byte[] lead = new byte[1 + followers];
        lead[0] = (byte) (followers << 6 | (length & 15));
        for (int i = 0; i < followers; i++) {
            lead[1 + i] = (byte) (length >>> (4 + 8 * i));
        }
        return lead;
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
