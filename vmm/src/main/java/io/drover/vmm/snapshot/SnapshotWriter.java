package io.drover.vmm.snapshot;

import com.google.protobuf.ByteString;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.MemoryRegion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/** Writes a machine into a file. */
public final class SnapshotWriter implements AutoCloseable {
    /** The most in one record, and how often progress is told. */
    static final int PIECE_BYTES = 1 << 20;
    static final int RECORD_BYTES = 16;
    static final int RECORD_LENGTH = 8;
    static final int RECORD_CHECKSUM = 12;

    private static final int PAGE = (int) GuestMemory.PAGE_BYTES;

    private final Path file;
    private final Path aside;
    private final FileChannel channel;
    private final ByteBuffer zeros = ByteBuffer.allocateDirect(PAGE);
    private final ByteBuffer record = ByteBuffer.allocateDirect(RECORD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long written;
    private boolean whole;

    private SnapshotWriter(Path file, Path aside, FileChannel channel) {
        this.file = file;
        this.aside = aside;
        this.channel = channel;
    }

    /**
     * Begins a file, under another name.
     *
     * @param file
     *            must not be there
     */
    public static SnapshotWriter create(Path file) throws IOException {
        if (Files.exists(file)) {
            throw new IOException("saved machine " + file + " : is there (expected: a name that is free)");
        }
        Path aside = file.resolveSibling(file.getFileName() + ".part");
        FileChannel channel;
        try {
            channel = FileChannel.open(aside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new IOException("saved machine " + aside + " : cannot be made: " + e, e);
        }
        return new SnapshotWriter(file, aside, channel);
    }

    /**
     * Writes everything; afterwards the file is there under its name, and durable.
     *
     * @param memory
     *            which nobody writes meanwhile
     * @param backing
     *            of the memory
     * @param state
     *            as {@link io.drover.vmm.state.SavedStates#parse} reads it
     */
    public void write(GuestMemory memory, BackingFile backing, ByteString state, SaveProgress progress)
            throws IOException {
        channel.position(SnapshotHeader.BYTES);
        writeMemory(memory, backing, progress);
        long stateOffset = channel.position();
        writeAll(state.asReadOnlyByteBuffer());
        CRC32C sum = new CRC32C();
        sum.update(state.asReadOnlyByteBuffer());
        ByteBuffer header = new SnapshotHeader(memory.size(), written, stateOffset, state.size(), (int) sum.getValue())
                .encode();
        channel.position(0);
        writeAll(header);
        channel.force(true);
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        whole = true;
        try (FileChannel folder = FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException e) {
            // Whoever is told that it failed lets the guest run on: nobody may go on from the file then.
            Files.deleteIfExists(file);
            throw e;
        }
    }

    private void writeMemory(GuestMemory memory, BackingFile backing, SaveProgress progress) throws IOException {
        long before = 0;
        for (MemoryRegion region : memory.regions()) {
            long at = 0;
            while (at < region.length()) {
                // Where nothing was ever written, nothing is read: that would take memory.
                at = Math.min(Math.max(backing.nextData(before + at) - before, at), region.length()) & -PAGE;
                int bytes = (int) Math.min(PIECE_BYTES, region.length() - at);
                if (bytes > 0) {
                    writePiece(memory, region.address() + at, before + at, bytes);
                    at += bytes;
                }
                progress.at(before + at, written);
            }
            before += region.length();
        }
        writeRecord(before, ByteBuffer.allocate(0));
    }

    /** The runs of pages in it that are not all zeros. */
    private void writePiece(GuestMemory memory, long address, long place, int bytes) throws IOException {
        ByteBuffer piece;
        try {
            piece = memory.buffer(address, bytes);
        } catch (GuestAddressException e) {
            throw new IllegalStateException("a piece of a region", e);
        }
        int run = 0;
        for (int page = 0; page < bytes; page += PAGE) {
            if (piece.slice(page, PAGE).equals(zeros)) {
                writeRun(piece, place, run, page);
                run = page + PAGE;
            }
        }
        writeRun(piece, place, run, bytes);
    }

    private void writeRun(ByteBuffer piece, long place, int from, int to) throws IOException {
        if (to > from) {
            writeRecord(place + from, piece.slice(from, to - from));
            written += to - from;
        }
    }

    private void writeRecord(long place, ByteBuffer data) throws IOException {
        record.clear().putLong(0, place).putInt(RECORD_LENGTH, data.remaining());
        record.putInt(RECORD_CHECKSUM, checksum(record, data));
        ByteBuffer[] both = {record, data};
        while (record.hasRemaining() || data.hasRemaining()) {
            channel.write(both);
        }
    }

    /** Of the place, the length and the data. */
    static int checksum(ByteBuffer record, ByteBuffer data) {
        CRC32C sum = new CRC32C();
        sum.update(record.slice(0, RECORD_CHECKSUM));
        sum.update(data.duplicate());
        return (int) sum.getValue();
    }

    private void writeAll(ByteBuffer data) throws IOException {
        while (data.hasRemaining()) {
            channel.write(data);
        }
    }

    /** Leaves nothing behind of a file that is not whole. */
    @Override
    public void close() throws IOException {
        channel.close();
        if (!whole) {
            Files.deleteIfExists(aside);
        }
    }
}
