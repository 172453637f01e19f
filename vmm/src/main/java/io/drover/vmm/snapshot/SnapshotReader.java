package io.drover.vmm.snapshot;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.MemoryRegion;
import io.drover.vmm.state.SavedStateException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * Reads a machine from a file. Whatever is not as it was written is a {@link SavedStateException} that names the file and what is
 * wrong with it.
 */
public final class SnapshotReader implements AutoCloseable {
    private final String name;
    private final FileChannel channel;
    private final SnapshotHeader header;

    private SnapshotReader(String name, FileChannel channel, SnapshotHeader header) {
        this.name = name;
        this.channel = channel;
        this.header = header;
    }

    /** Opens a file, and looks at its header and its length. */
    public static SnapshotReader open(Path file) throws IOException {
        String name = "saved machine " + file;
        FileChannel channel;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
        } catch (IOException e) {
            throw new SavedStateException(name + " : cannot be read: " + e, e);
        }
        try {
            ByteBuffer page = ByteBuffer.allocate(SnapshotHeader.BYTES);
            if (!fill(channel, page, 0)) {
                throw new SavedStateException(name + " size : " + channel.size() + " bytes (expected: at least "
                        + SnapshotHeader.BYTES + "; the file was cut off; next: another copy of it)");
            }
            return new SnapshotReader(name, channel, SnapshotHeader.decode(page.flip(), channel.size(), name));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Of the machine. */
    public long memoryBytes() {
        return header.memoryBytes();
    }

    /** Of its memory that are in the file. */
    public long dataBytes() {
        return header.dataBytes();
    }

    /** The saved state, whose bytes are those that were written. */
    public ByteString state() throws IOException {
        ByteBuffer state = ByteBuffer.allocate(header.stateBytes());
        CRC32C sum = new CRC32C();
        if (!fill(channel, state, header.stateOffset())) {
            throw damaged("the state ends too soon");
        }
        sum.update(state.flip().duplicate());
        if ((int) sum.getValue() != header.stateChecksum()) {
            throw damaged("the state's checksum is wrong");
        }
        return UnsafeByteOperations.unsafeWrap(state);
    }

    /** Looks at every byte and keeps none, so that a damaged file is known before anything is given up for it. */
    public void verify() throws IOException {
        ByteBuffer scratch = ByteBuffer.allocateDirect(SnapshotWriter.PIECE_BYTES);
        readMemory((place, bytes) -> scratch.clear().limit(bytes));
        state();
    }

    /**
     * Fills a machine's memory.
     *
     * @param memory
     *            all zeros, of as many bytes as {@link #memoryBytes}
     */
    public void readMemory(GuestMemory memory) throws IOException {
        if (memory.size() != header.memoryBytes()) {
            throw new SavedStateException(name + " memory : " + header.memoryBytes() + " bytes (expected: "
                    + memory.size() + ", as the machine is to have)");
        }
        readMemory((place, bytes) -> target(memory, place, bytes));
    }

    /** Where a record's data goes. */
    private interface Targets {
        /**
         * A buffer.
         *
         * @param place
         *            within the memory, checked
         */
        ByteBuffer at(long place, int bytes) throws IOException;
    }

    private ByteBuffer target(GuestMemory memory, long place, int bytes) throws SavedStateException {
        long before = 0;
        for (MemoryRegion region : memory.regions()) {
            if (place < before + region.length()) {
                try {
                    return memory.buffer(region.address() + place - before, bytes);
                } catch (GuestAddressException e) {
                    throw new SavedStateException(name + " : damaged: a record leaves its region at " + place, e);
                }
            }
            before += region.length();
        }
        throw damaged("a record lies behind the memory, at " + place);
    }

    private void readMemory(Targets targets) throws IOException {
        ByteBuffer record = ByteBuffer.allocateDirect(SnapshotWriter.RECORD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        long at = SnapshotHeader.BYTES;
        long end = 0;
        long read = 0;
        while (true) {
            if (at > header.stateOffset() - SnapshotWriter.RECORD_BYTES || !fill(channel, record.clear(), at)) {
                throw damaged("the memory ends too soon");
            }
            at += SnapshotWriter.RECORD_BYTES;
            long place = record.getLong(0);
            int bytes = record.getInt(SnapshotWriter.RECORD_LENGTH);
            if (place < end || place > header.memoryBytes() || bytes < 0 || bytes > SnapshotWriter.PIECE_BYTES
                    || bytes > header.memoryBytes() - place || bytes > header.stateOffset() - at
                    || (place | bytes) % GuestMemory.PAGE_BYTES != 0) {
                throw damaged("a record of " + bytes + " bytes for " + place);
            }
            ByteBuffer data = bytes == 0 ? ByteBuffer.allocate(0) : targets.at(place, bytes);
            if (!fill(channel, data, at)) {
                throw damaged("the memory ends too soon");
            }
            if (SnapshotWriter.checksum(record.clear(), data.flip()) != record
                    .getInt(SnapshotWriter.RECORD_CHECKSUM)) {
                throw damaged("the checksum of the memory at " + place + " is wrong");
            }
            at += bytes;
            end = place + bytes;
            read += bytes;
            if (bytes == 0) {
                break;
            }
        }
        if (at != header.stateOffset() || end != header.memoryBytes() || read != header.dataBytes()) {
            throw damaged("the memory has " + read + " bytes up to " + at + ", not " + header.dataBytes() + " up to "
                    + header.stateOffset());
        }
    }

    private SavedStateException damaged(String what) {
        return new SavedStateException(name + " : damaged: " + what
                + " (expected: a file as it was written; next: another copy of it)");
    }

    /** False when the file ends before. */
    private static boolean fill(FileChannel channel, ByteBuffer buffer, long position) throws IOException {
        long at = position;
        while (buffer.hasRemaining()) {
            int read = channel.read(buffer, at);
            if (read < 0) {
                return false;
            }
            at += read;
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
