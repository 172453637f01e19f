package io.drover.vmm.migration.stream;

import io.drover.vmm.disk.DirtyBlocks;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;

/** The blocks of disks that go over one connection. Owned by one thread at a time. */
final class BlockSender {
    private static final int DATA_AT = Protocol.HEADER_BYTES + Protocol.BLOCK_HEAD_BYTES;
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(DirtyBlocks.BLOCK_BYTES);

    private final FrameChannel channel;
    private final List<SentDisk> disks;
    private final SendRate rate;
    private final Packer packer;
    private final AtomicLong sentBytes;
    private final int index;
    private final int connections;
    private final CRC32C digest;
    private final ByteBuffer frame = ByteBuffer.allocateDirect(DATA_AT + DirtyBlocks.BLOCK_BYTES);
    private final ByteBuffer zeros = ByteBuffer
            .allocateDirect(Protocol.HEADER_BYTES + Protocol.MAX_ENTRIES * Protocol.BLOCK_RUN_BYTES);
    private final IoVector data = new IoVector(2);
    private int zeroRuns;
    private int zeroDisk;
    /** Behind the last run. */
    private long zeroEnd;
    private int zeroBlocks;
    private long sentInPass;

    /**
     * For one connection.
     *
     * @param sentBytes
     *            of all connections: grows by what of the disks was sent, zeros too
     * @param digest
     *            of the connection
     */
    BlockSender(FrameChannel channel, List<SentDisk> disks, SendRate rate, Packer packer, AtomicLong sentBytes,
            int index, int connections, CRC32C digest) {
        this.channel = channel;
        this.disks = disks;
        this.rate = rate;
        this.packer = packer;
        this.sentBytes = sentBytes;
        this.index = index;
        this.connections = connections;
        this.digest = digest;
    }

    /**
     * Sends what is this connection's of sets, one for each disk.
     *
     * @return how many blocks that were
     */
    long send(List<BitSet> sets) throws StreamException {
        sentInPass = 0;
        for (int disk = 0; disk < disks.size(); disk++) {
            BitSet set = sets.get(disk);
            for (int block = set.nextSetBit(0); block >= 0; block = set.nextSetBit(block + 1)) {
                if (Protocol.connectionOfBlock(block, connections) == index) {
                    take(disk, block);
                }
            }
        }
        flushZeros();
        return sentInPass;
    }

    private void take(int disk, long block) throws StreamException {
        SentDisk sent = disks.get(disk);
        long offset = block * DirtyBlocks.BLOCK_BYTES;
        int bytes = (int) Math.min(DirtyBlocks.BLOCK_BYTES, sent.disk().size() - offset);
        data.clear();
        data.add(frame, DATA_AT, bytes);
        try {
            sent.disk().copy(offset, data);
        } catch (IOException e) {
            throw new StreamException(FailureKind.FAILED, "disk " + sent.id() + " cannot be read to be sent: "
                    + e.getMessage());
        }
        ByteBuffer content = frame.slice(DATA_AT, bytes);
        if (content.mismatch(ZEROS.slice(0, bytes)) < 0) {
            addZero(disk, block);
        } else {
            write(disk, offset, content);
        }
        sentBytes.addAndGet(bytes);
        sentInPass++;
    }

    private void write(int disk, long offset, ByteBuffer content) throws StreamException {
        CRC32C crc = new CRC32C();
        crc.update(content.duplicate());
        frame.putInt(8, disk).putInt(12, (int) crc.getValue()).putLong(16, offset);
        digest.update(frame.slice(Protocol.HEADER_BYTES, Protocol.BLOCK_HEAD_BYTES));
        int packed = -1;
        if (packer.isOn()) {
            content.get(0, packer.raw(), 0, content.capacity());
            packed = packer.pack(content.capacity());
        }
        data.clear();
        if (packed < 0) {
            frame.putInt(0, Protocol.BLOCK << 24).putInt(4, content.capacity());
            data.add(frame, 0, DATA_AT + content.capacity());
        } else {
            frame.putInt(0, Protocol.PACKED_BLOCK << 24).putInt(4, packed);
            data.add(frame, 0, DATA_AT);
            data.add(packer.packed(), 0, packed);
            rate.saved(content.capacity() - packed);
        }
        long bytes = data.byteCount();
        rate.await(bytes);
        channel.write(data);
        rate.sent(bytes, 0);
    }

    private void addZero(int disk, long block) throws StreamException {
        if (zeroRuns > 0 && disk == zeroDisk && block == zeroEnd && block % Protocol.STRIPE_BLOCKS != 0) {
            zeroBlocks++;
        } else {
            if (zeroRuns == Protocol.MAX_ENTRIES) {
                flushZeros();
            }
            zeroDisk = disk;
            zeroBlocks = 1;
            zeros.putInt(at(), disk).putLong(at() + 8, block * DirtyBlocks.BLOCK_BYTES);
            zeroRuns++;
        }
        zeroEnd = block + 1;
        zeros.putInt(at() - Protocol.BLOCK_RUN_BYTES + 4, zeroBlocks);
    }

    private int at() {
        return Protocol.HEADER_BYTES + zeroRuns * Protocol.BLOCK_RUN_BYTES;
    }

    private void flushZeros() throws StreamException {
        if (zeroRuns == 0) {
            return;
        }
        int bytes = at();
        zeros.putInt(0, Protocol.BLOCK_ZEROS << 24).putInt(4, zeroRuns);
        digest.update(zeros.slice(Protocol.HEADER_BYTES, bytes - Protocol.HEADER_BYTES));
        rate.await(bytes);
        channel.write(zeros, bytes);
        rate.sent(bytes, 0);
        zeroRuns = 0;
    }
}
