package io.drover.vmm.disk.qcow2;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.disk.HostFile;
import io.drover.vmm.disk.zstd.ZstdDecoder;
import io.drover.vmm.disk.zstd.ZstdFormatException;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads compressed clusters, one at a time. The one read last is kept, since a guest reads a cluster in several requests. Takes
 * memory, some four clusters, when it is first used.
 */
final class CompressedClusters implements AutoCloseable {
    /** No compressed cluster's entry: these have a bit set. */
    private static final long NONE = 0;

    private final HostFile file;
    private final int clusterBits;
    private final CompressionType compression;
    @GuardedBy("this")
    private byte[] cluster = new byte[0];
    @GuardedBy("this")
    private byte[] packed = new byte[0];
    @GuardedBy("this")
    private ByteBuffer input = ByteBuffer.allocateDirect(0);
    @GuardedBy("this")
    private long kept = NONE;
    @GuardedBy("this")
    private final Inflater inflater = new Inflater(true);
    @GuardedBy("this")
    private final ZstdDecoder zstd = new ZstdDecoder();

    CompressedClusters(HostFile file, Qcow2Header header) {
        this.file = file;
        this.clusterBits = header.clusterBits();
        this.compression = header.compression();
    }

    /**
     * Copies a part of a cluster.
     *
     * @param entry
     *            its L2 entry
     * @param from
     *            the first byte in the cluster
     */
    synchronized void read(long entry, int from, int length, IoVector into, long at) throws IOException {
        if (kept != entry) {
            kept = NONE;
            unpack(entry);
            kept = entry;
        }
        into.copyFrom(at, ByteBuffer.wrap(cluster, from, length));
    }

    @GuardedBy("this")
    private void unpack(long entry) throws IOException {
        int length = L2Entry.compressedBytes(entry, clusterBits);
        if (cluster.length == 0) {
            cluster = new byte[1 << clusterBits];
        }
        if (packed.length < length) {
            packed = new byte[length];
            input = ByteBuffer.allocateDirect(length);
        }
        long offset = L2Entry.compressedOffset(entry, clusterBits);
        IoVector vector = new IoVector(1);
        vector.add(input, 0, length);
        // The last one in a file need not fill its sector.
        int read = (int) file.read(offset, vector);
        input.get(0, packed, 0, read);
        boolean whole = switch (compression) {
            case ZLIB -> inflate(read);
            case ZSTD -> decode(read);
        };
        if (!whole) {
            throw Qcow2FormatException.corrupt(file.name(), "compressed cluster of " + length + " bytes at " + offset
                    + " is no " + compression + " of " + (1 << clusterBits) + " bytes");
        }
    }

    @GuardedBy("this")
    private boolean inflate(int length) {
        inflater.reset();
        inflater.setInput(packed, 0, length);
        try {
            int done = 0;
            while (done < cluster.length) {
                int more = inflater.inflate(cluster, done, cluster.length - done);
                if (more == 0) {
                    return false;
                }
                done += more;
            }
            return true;
        } catch (DataFormatException ignored) {
            return false;
        }
    }

    @GuardedBy("this")
    private boolean decode(int length) {
        try {
            return zstd.decode(packed, length, cluster) == cluster.length;
        } catch (ZstdFormatException ignored) {
            return false;
        }
    }

    @Override
    public synchronized void close() {
        inflater.end();
    }
}
