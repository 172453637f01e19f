package io.drover.vmm.migration.stream;

import io.drover.vmm.disk.DirtyBlocks;
import io.drover.vmm.disk.Disk;
import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.linux.SystemCallException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/** The blocks of disks that come over one connection. Owned by one thread. */
final class BlockReceiver {
    /** So much is written at most before it is made durable: the last flush is to be short, as the guest stands still by then. */
    private static final long UNFLUSHED_BYTES = 64 << 20;

    private final FrameChannel channel;
    private final List<ReceivedDisk> disks;
    private final int index;
    private final int connections;
    private final CRC32C digest;
    private final Unpacker unpacker;
    private final ByteBuffer body = ByteBuffer.allocateDirect(Protocol.BLOCK_HEAD_BYTES + DirtyBlocks.BLOCK_BYTES);
    private final IoVector data = new IoVector(1);
    private long bytes;
    private long unflushed;
    private long inPass;

    /**
     * For one connection.
     *
     * @param digest
     *            of the connection
     */
    BlockReceiver(FrameChannel channel, List<ReceivedDisk> disks, Unpacker unpacker, int index, int connections,
            CRC32C digest) {
        this.unpacker = unpacker;
        this.channel = channel;
        this.disks = disks;
        this.index = index;
        this.connections = connections;
        this.digest = digest;
    }

    /** Of disks, that came; zeros too, and what came twice counted twice. */
    long bytes() {
        return bytes;
    }

    /** Takes the body of a BLOCK frame whose header was read. */
    void takeBlock(long length) throws StreamException {
        if (length < Disk.SECTOR_BYTES || length > DirtyBlocks.BLOCK_BYTES) {
            throw damaged("a block of " + length + " bytes (expected: " + Disk.SECTOR_BYTES + " to "
                    + DirtyBlocks.BLOCK_BYTES + ")");
        }
        int dataBytes = (int) length;
        channel.read(body, Protocol.BLOCK_HEAD_BYTES + dataBytes);
        digest.update(body.slice(0, Protocol.BLOCK_HEAD_BYTES));
        long offset = body.getLong(8);
        ReceivedDisk disk = check(body.getInt(0), offset, 1);
        if (dataBytes != blockBytes(disk, offset)) {
            throw damaged("a block of " + dataBytes + " bytes at " + offset + " of disk " + disk.id() + " (expected: "
                    + blockBytes(disk, offset) + ")");
        }
        write(disk, offset, dataBytes);
    }

    /** Takes the body of a PACKED_BLOCK frame whose header was read. */
    void takePacked(long length) throws StreamException {
        channel.read(body, Protocol.BLOCK_HEAD_BYTES);
        digest.update(body.slice(0, Protocol.BLOCK_HEAD_BYTES));
        long offset = body.getLong(8);
        ReceivedDisk disk = check(body.getInt(0), offset, 1);
        int dataBytes = (int) blockBytes(disk, offset);
        body.put(Protocol.BLOCK_HEAD_BYTES, unpacker.read(length, dataBytes), 0, dataBytes);
        write(disk, offset, dataBytes);
    }

    /** Checks the bytes behind the head in {@link #body}, and writes them. */
    private void write(ReceivedDisk disk, long offset, int dataBytes) throws StreamException {
        CRC32C crc = new CRC32C();
        crc.update(body.slice(Protocol.BLOCK_HEAD_BYTES, dataBytes));
        if ((int) crc.getValue() != body.getInt(4)) {
            throw damaged("checksum of the block at " + offset + " of disk " + disk.id()
                    + " does not match what came; next: look at the network between the hosts");
        }
        data.clear();
        data.add(body, Protocol.BLOCK_HEAD_BYTES, dataBytes);
        try {
            disk.disk().write(offset, data);
        } catch (IOException e) {
            throw failed(disk, e);
        }
        taken(1, dataBytes);
    }

    /** Takes the body of a BLOCK_ZEROS frame whose header was read. */
    void takeZeros(long count) throws StreamException {
        if (count < 1 || count > Protocol.MAX_ENTRIES) {
            throw damaged("a frame of " + count + " runs of blocks (expected: 1 to " + Protocol.MAX_ENTRIES + ")");
        }
        int length = (int) count * Protocol.BLOCK_RUN_BYTES;
        channel.read(body, length);
        digest.update(body.slice(0, length));
        for (int at = 0; at < length; at += Protocol.BLOCK_RUN_BYTES) {
            long offset = body.getLong(at + 8);
            long blocks = body.getInt(at + 4) & 0xFFFF_FFFFL;
            ReceivedDisk disk = check(body.getInt(at), offset, blocks);
            long zeros = Math.min(disk.disk().size() - offset, blocks * DirtyBlocks.BLOCK_BYTES);
            try {
                disk.disk().writeZeroes(offset, zeros, true);
            } catch (IOException e) {
                throw failed(disk, e);
            }
            taken(blocks, zeros);
        }
    }

    private ReceivedDisk check(int number, long offset, long blocks) throws StreamException {
        if (number < 0 || number >= disks.size()) {
            throw damaged("a block of disk " + number + " (expected: one of " + disks.size() + ")");
        }
        ReceivedDisk disk = disks.get(number);
        long first = offset / DirtyBlocks.BLOCK_BYTES;
        if (offset < 0 || offset % DirtyBlocks.BLOCK_BYTES != 0 || blocks < 1 || blocks > Protocol.STRIPE_BLOCKS
                || first + blocks > DirtyBlocks.blocks(disk.disk().size())
                || first / Protocol.STRIPE_BLOCKS != (first + blocks - 1) / Protocol.STRIPE_BLOCKS
                || Protocol.connectionOfBlock(first, connections) != index) {
            throw damaged(blocks + " blocks at " + offset + " of disk " + disk.id() + " (expected: within "
                    + disk.disk().size() + " bytes, in one stripe, that goes over connection " + index + ")");
        }
        return disk;
    }

    private static long blockBytes(ReceivedDisk disk, long offset) {
        return Math.min(DirtyBlocks.BLOCK_BYTES, disk.disk().size() - offset);
    }

    private void taken(long blocks, long length) throws StreamException {
        inPass += blocks;
        bytes += length;
        unflushed += length;
        if (unflushed >= UNFLUSHED_BYTES) {
            unflushed = 0;
            flush(disks);
        }
    }

    /** Ends a pass in which so many came, as the sender says. */
    void endPass(long announced) throws StreamException {
        if (announced != inPass) {
            throw damaged(inPass + " blocks of a pass came over connection " + index + " (sent: " + announced + ")");
        }
        inPass = 0;
    }

    /** Makes durable what was written to them. */
    static void flush(List<ReceivedDisk> disks) throws StreamException {
        for (ReceivedDisk disk : disks) {
            try {
                disk.disk().flush();
            } catch (IOException e) {
                throw failed(disk, e);
            }
        }
    }

    private static StreamException failed(ReceivedDisk disk, IOException e) {
        return new StreamException(isFull(e) ? FailureKind.NO_SPACE : FailureKind.DISK,
                "disk " + disk.id() + " : " + e.getMessage());
    }

    private static boolean isFull(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SystemCallException call
                    && (call.errno() == Errno.ENOSPC || call.errno() == Errno.EDQUOT)) {
                return true;
            }
        }
        return false;
    }

    private static StreamException damaged(String what) {
        return new StreamException(FailureKind.DAMAGED, what);
    }
}
