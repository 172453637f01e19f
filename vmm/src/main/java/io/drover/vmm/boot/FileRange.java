package io.drover.vmm.boot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;

/** A part of a file, read from its start to its end. Closing it leaves the file open. */
final class FileRange implements ReadableByteChannel {
    private final FileChannel file;
    private final long end;
    private long position;

    FileRange(FileChannel file, long position, long length) {
        this.file = file;
        this.position = position;
        this.end = position + length;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (position >= end) {
            return -1;
        }
        int limit = target.limit();
        target.limit((int) Math.min(limit, target.position() + (end - position)));
        int read = file.read(target, position);
        target.limit(limit);
        if (read > 0) {
            position += read;
        }
        return read;
    }

    @Override
    public boolean isOpen() {
        return file.isOpen();
    }

    @Override
    public void close() {}
}
