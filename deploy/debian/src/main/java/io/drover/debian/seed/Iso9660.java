package io.drover.debian.seed;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * A file system image of a few files, all in its root folder, as ISO 9660 (ECMA-119) with the names as they are in a second tree
 * (Joliet). The same files always give the same bytes.
 */
final class Iso9660 {
    private static final int SECTOR = 2048;
    /** What the standard leaves to the system: 16 sectors. */
    private static final int SYSTEM_AREA = 16;
    private static final int PRIMARY_DESCRIPTOR = SYSTEM_AREA;
    private static final int JOLIET_DESCRIPTOR = SYSTEM_AREA + 1;
    private static final int TERMINATOR = SYSTEM_AREA + 2;
    /** A path table for each tree and each order of bytes. */
    private static final int PATH_TABLES = SYSTEM_AREA + 3;
    private static final int PRIMARY_ROOT = PATH_TABLES + 4;
    private static final int JOLIET_ROOT = PRIMARY_ROOT + 1;
    private static final int FILES = JOLIET_ROOT + 1;
    /** A path table that has the root folder only: ECMA-119, 9.4. */
    private static final int PATH_TABLE_BYTES = 10;
    /** Without its identifier: ECMA-119, 9.1. */
    private static final int RECORD_BYTES = 33;
    private static final int IDENTIFIER_AT = 32;
    /** UCS-2 level 3, by its escape sequence in a supplementary descriptor. */
    private static final byte[] JOLIET = {'%', '/', 'E'};

    private final String label;
    private final SequencedMap<String, byte[]> files;

    /** A file in one of the trees. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    private record Entry(byte[] identifier, int sector, int bytes) {}

    /**
     * @param label at most 16 characters of ASCII
     * @param files by their names; the first 8 letters and digits of each tell it from the others
     */
    Iso9660(String label, SequencedMap<String, byte[]> files) {
        if (label.length() > 16 || !StandardCharsets.US_ASCII.newEncoder().canEncode(label)) {
            throw new IllegalArgumentException("label : '" + label + "' (expected: at most 16 characters of ASCII)");
        }
        if (files.keySet().stream().map(Iso9660::shortName).distinct().count() != files.size()) {
            throw new IllegalArgumentException("files : " + files.keySet() + " (expected: other first 8 letters each)");
        }
        this.label = label;
        this.files = new TreeMap<>(files);
        if (folderBytes(this.files.keySet().stream()
                .map(name -> new Entry(name.getBytes(StandardCharsets.UTF_16BE), 0, 0)).toList()) > SECTOR) {
            throw new IllegalArgumentException("files : " + files.keySet() + " (expected: fewer, or shorter names)");
        }
    }

    /** The bytes that a folder's records take. */
    private static int folderBytes(List<Entry> entries) {
        return 2 * recordBytes(1) + entries.stream().mapToInt(entry -> recordBytes(entry.identifier().length)).sum();
    }

    private static int recordBytes(int identifierBytes) {
        return (RECORD_BYTES + identifierBytes + 1) & ~1;
    }

    private static int sectors(int bytes) {
        return (bytes + SECTOR - 1) / SECTOR;
    }

    byte[] toBytes() {
        List<Entry> primary = new ArrayList<>();
        List<Entry> joliet = new ArrayList<>();
        int end = FILES;
        for (var file : files.entrySet()) {
            int bytes = file.getValue().length;
            primary.add(new Entry(shortName(file.getKey()).getBytes(StandardCharsets.US_ASCII), end, bytes));
            joliet.add(new Entry(file.getKey().getBytes(StandardCharsets.UTF_16BE), end, bytes));
            end += sectors(bytes);
        }
        // ECMA-119, 9.3: a folder's records are in the order of their identifiers.
        primary.sort((one, other) -> Arrays.compareUnsigned(one.identifier(), other.identifier()));
        joliet.sort((one, other) -> Arrays.compareUnsigned(one.identifier(), other.identifier()));

        ByteBuffer image = ByteBuffer.allocate(end * SECTOR);
        descriptor(at(image, PRIMARY_DESCRIPTOR), 1, end, PATH_TABLES, PRIMARY_ROOT);
        descriptor(at(image, JOLIET_DESCRIPTOR), 2, end, PATH_TABLES + 2, JOLIET_ROOT);
        at(image, TERMINATOR).put((byte) 255).put(ascii("CD001")).put((byte) 1);
        for (int table = 0; table < 4; table++) {
            pathTable(at(image, PATH_TABLES + table), table % 2 == 0 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN,
                    table < 2 ? PRIMARY_ROOT : JOLIET_ROOT);
        }
        folder(at(image, PRIMARY_ROOT), PRIMARY_ROOT, primary);
        folder(at(image, JOLIET_ROOT), JOLIET_ROOT, joliet);
        int sector = FILES;
        for (byte[] content : files.values()) {
            at(image, sector).put(content);
            sector += sectors(content.length);
        }
        return image.array();
    }

    private static ByteBuffer at(ByteBuffer image, int sector) {
        return image.position(sector * SECTOR);
    }

    /** ECMA-119, 8.4 and 8.5. */
    private void descriptor(ByteBuffer out, int type, int sectors, int pathTable, int rootSector) {
        int start = out.position();
        boolean joliet = type == 2;
        out.put((byte) type).put(ascii("CD001")).put((byte) 1).put((byte) 0);
        text(out, "", 32, joliet);
        text(out, label, 32, joliet);
        out.position(start + 80);
        bothOrders32(out, sectors);
        if (joliet) {
            out.put(JOLIET);
        }
        out.position(start + 120);
        bothOrders16(out, 1);
        bothOrders16(out, 1);
        bothOrders16(out, SECTOR);
        bothOrders32(out, PATH_TABLE_BYTES);
        out.order(ByteOrder.LITTLE_ENDIAN).putInt(pathTable).putInt(0);
        out.order(ByteOrder.BIG_ENDIAN).putInt(pathTable + 1).putInt(0);
        record(out, new byte[] {0}, rootSector, SECTOR, true);
        // The names of a set, a publisher, a preparer, an application and three files.
        text(out, "", 128 * 4 + 37 * 3, joliet);
        out.position(start + 813);
        for (int date = 0; date < 4; date++) {
            // Not specified: ECMA-119, 8.4.26.1.
            out.put(ascii("0000000000000000")).put((byte) 0);
        }
        out.put((byte) 1);
    }

    private static void pathTable(ByteBuffer out, ByteOrder order, int rootSector) {
        out.order(order).put((byte) 1).put((byte) 0).putInt(rootSector).putShort((short) 1).put((byte) 0);
    }

    private static void folder(ByteBuffer out, int sector, List<Entry> entries) {
        record(out, new byte[] {0}, sector, SECTOR, true);
        record(out, new byte[] {1}, sector, SECTOR, true);
        for (Entry entry : entries) {
            record(out, entry.identifier(), entry.sector(), entry.bytes(), false);
        }
    }

    /** ECMA-119, 9.1. */
    private static void record(ByteBuffer out, byte[] identifier, int sector, int bytes, boolean isFolder) {
        int start = out.position();
        out.put((byte) recordBytes(identifier.length)).put((byte) 0);
        bothOrders32(out, sector);
        bothOrders32(out, bytes);
        // 1970-01-01, in UTC.
        out.put(new byte[] {70, 1, 1, 0, 0, 0, 0});
        out.put((byte) (isFolder ? 2 : 0)).put((byte) 0).put((byte) 0);
        bothOrders16(out, 1);
        out.position(start + IDENTIFIER_AT).put((byte) identifier.length).put(identifier);
        out.position(start + recordBytes(identifier.length));
    }

    private static void bothOrders16(ByteBuffer out, int value) {
        out.order(ByteOrder.LITTLE_ENDIAN).putShort((short) value).order(ByteOrder.BIG_ENDIAN).putShort((short) value);
    }

    private static void bothOrders32(ByteBuffer out, int value) {
        out.order(ByteOrder.LITTLE_ENDIAN).putInt(value).order(ByteOrder.BIG_ENDIAN).putInt(value);
    }

    /** Filled up with blanks, which Joliet has in UCS-2 as all its text. */
    private static void text(ByteBuffer out, String value, int bytes, boolean joliet) {
        int end = out.position() + bytes;
        out.put(value.getBytes(joliet ? StandardCharsets.UTF_16BE : StandardCharsets.US_ASCII));
        byte[] blank = joliet ? new byte[] {0, ' '} : new byte[] {' '};
        while (out.position() + blank.length <= end) {
            out.put(blank);
        }
        out.position(end);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** {@code user-data} as {@code USERDATA.;1}, for who does not know Joliet. */
    private static String shortName(String name) {
        String letters = name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "");
        return letters.substring(0, Math.min(8, letters.length())) + ".;1";
    }
}
