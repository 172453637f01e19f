package io.drover.vmm.boot;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** Packs LZ4's legacy frame for tests: the greedy search of the format's description, with a table of the last places. */
final class Lz4LegacyWriter {
    private static final int LEAST_MATCH = 4;
    /** The format wants the last bytes of a block to be literals. */
    private static final int LAST_LITERALS = 12;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private Lz4LegacyWriter() {}

    static byte[] frame(byte[] data, int blockBytes) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.writeBytes(new byte[] {0x02, 0x21, 0x4C, 0x18});
        for (int at = 0; at < data.length; at += blockBytes) {
            byte[] block = new Lz4LegacyWriter()
                    .block(Arrays.copyOfRange(data, at, Math.min(at + blockBytes, data.length)));
            frame.writeBytes(KernelFiles.edit(new byte[4]).putInt(0, block.length).array());
            frame.writeBytes(block);
        }
        return frame.toByteArray();
    }

    private byte[] block(byte[] data) {
        int[] lastPlace = new int[1 << 16];
        Arrays.fill(lastPlace, -1);
        int literalsFrom = 0;
        int at = 0;
        while (at + LEAST_MATCH + LAST_LITERALS <= data.length) {
            int word = KernelFiles.edit(data).getInt(at);
            int hash = (word * 0x9E37_79B1) >>> 16;
            int place = lastPlace[hash];
            lastPlace[hash] = at;
            if (place >= 0 && at - place < 1 << 16 && KernelFiles.edit(data).getInt(place) == word) {
                int length = LEAST_MATCH;
                while (at + length + LAST_LITERALS < data.length && data[at + length] == data[place + length]) {
                    length++;
                }
                sequence(data, literalsFrom, at - literalsFrom, at - place, length);
                at += length;
                literalsFrom = at;
            } else {
                at++;
            }
        }
        sequence(data, literalsFrom, data.length - literalsFrom, 0, 0);
        return out.toByteArray();
    }

    private void sequence(byte[] data, int from, int literals, int offset, int match) {
        int extra = Math.max(match - LEAST_MATCH, 0);
        out.write(Math.min(literals, 15) << 4 | Math.min(extra, 15));
        length(literals);
        out.write(data, from, literals);
        if (match > 0) {
            out.write(offset);
            out.write(offset >> 8);
            length(extra);
        }
    }

    private void length(int length) {
        for (int left = length - 15; left >= 0; left -= 255) {
            out.write(Math.min(left, 255));
        }
    }
}
