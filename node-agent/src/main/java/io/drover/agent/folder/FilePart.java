package io.drover.agent.folder;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** A piece of a file, in memory. */
public final class FilePart {
    private FilePart() {}

    /** Reads {@code length} bytes at {@code position}: fewer where the file ends before that. */
    public static ByteBuffer read(FileChannel file, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        int got = 0;
        while (got >= 0 && buffer.hasRemaining()) {
            got = file.read(buffer, position + buffer.position());
        }
        return buffer.flip();
    }

    /** Reads the last {@code length} bytes, or all when there are fewer. */
    public static ByteBuffer readEnd(FileChannel file, int length) throws IOException {
        long from = Math.max(0, file.size() - length);
        return read(file, from, length);
    }
}
