package io.drover.vmm.snapshot;

import io.drover.vmm.state.SavedStateException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The first page of a file.
 *
 * @param memoryBytes
 *            of the machine
 * @param dataBytes
 *            of its memory that are in the file
 * @param stateOffset
 *            in the file, behind all memory
 * @param stateBytes
 *            behind which the file ends
 * @param stateChecksum
 *            of the state
 */
record SnapshotHeader(long memoryBytes, long dataBytes, long stateOffset, int stateBytes, int stateChecksum) {
    static final int BYTES = 4096;
    static final int FORMAT = 1;

    /** "DROVERVM". */
    private static final long MAGIC = 0x4D56_5245_564F_5244L;
    private static final int FORMAT_AT = 8;
    private static final int MEMORY_BYTES = 16;
    private static final int DATA_BYTES = 24;
    private static final int STATE_OFFSET = 32;
    private static final int STATE_BYTES = 40;
    private static final int STATE_CHECKSUM = 44;
    private static final int CHECKSUM = BYTES - Integer.BYTES;

    ByteBuffer encode() {
        ByteBuffer page = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        page.putLong(0, MAGIC).putInt(FORMAT_AT, FORMAT).putLong(MEMORY_BYTES, memoryBytes)
                .putLong(DATA_BYTES, dataBytes).putLong(STATE_OFFSET, stateOffset).putInt(STATE_BYTES, stateBytes)
                .putInt(STATE_CHECKSUM, stateChecksum);
        return page.putInt(CHECKSUM, checksum(page));
    }

    /**
     * Reads it.
     *
     * @param page
     *            of {@link #BYTES}
     * @param fileBytes
     *            how long the file is
     * @param name
     *            of the file
     */
    static SnapshotHeader decode(ByteBuffer page, long fileBytes, String name) throws SavedStateException {
        page.order(ByteOrder.LITTLE_ENDIAN);
        if (page.getLong(0) != MAGIC) {
            throw new SavedStateException(name + " : no saved machine (expected: a file that begins with DROVERVM)");
        }
        if (page.getInt(FORMAT_AT) != FORMAT) {
            throw new SavedStateException(name + " format : " + page.getInt(FORMAT_AT) + " (expected: " + FORMAT
                    + "; restore it with the release that saved it, or a newer one)");
        }
        if (page.getInt(CHECKSUM) != checksum(page)) {
            throw new SavedStateException(
                    name + " : damaged header (expected: one whose checksum is right; next: another"
                            + " copy of the file)");
        }
        SnapshotHeader header = new SnapshotHeader(page.getLong(MEMORY_BYTES), page.getLong(DATA_BYTES),
                page.getLong(STATE_OFFSET), page.getInt(STATE_BYTES), page.getInt(STATE_CHECKSUM));
        if (header.stateOffset < BYTES || header.stateBytes < 0
                || header.stateOffset > Long.MAX_VALUE - header.stateBytes
                || header.stateOffset + header.stateBytes != fileBytes) {
            throw new SavedStateException(name + " size : " + fileBytes + " bytes (expected: "
                    + (header.stateOffset + header.stateBytes) + "; the file was cut off; next: another copy of it)");
        }
        return header;
    }

    private static int checksum(ByteBuffer page) {
        CRC32C sum = new CRC32C();
        sum.update(page.slice(0, CHECKSUM));
        return (int) sum.getValue();
    }
}
