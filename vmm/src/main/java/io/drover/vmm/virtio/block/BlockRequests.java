package io.drover.vmm.virtio.block;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.linux.IoVector;
import io.drover.vmm.virtio.GuestFaultLog;
import io.drover.vmm.virtio.RequestServer;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.GuestBuffers;
import io.drover.vmm.virtio.queue.QueueBreachException;
import java.io.IOException;

/**
 * Serves the requests of one queue (virtio 1.2, 5.2.6): a header of 16 bytes, data, and a last byte for the status. Data goes
 * straight between guest memory and the disk. Whatever a request asks for, it is answered with a status; one that has no place
 * for a status is a breach. Allocates nothing, but for a failure.
 */
final class BlockRequests implements RequestServer {
    private static final int VIRTIO_BLK_T_IN = 0;
    private static final int VIRTIO_BLK_T_OUT = 1;
    private static final int VIRTIO_BLK_T_FLUSH = 4;
    private static final int VIRTIO_BLK_T_GET_ID = 8;
    private static final int VIRTIO_BLK_T_DISCARD = 11;
    private static final int VIRTIO_BLK_T_WRITE_ZEROES = 13;

    private static final int VIRTIO_BLK_S_OK = 0;
    private static final int VIRTIO_BLK_S_IOERR = 1;
    private static final int VIRTIO_BLK_S_UNSUPP = 2;

    private static final int HEADER_BYTES = 16;
    private static final int HEADER_SECTOR = 8;
    private static final int ID_BYTES = 20;
    /** {@code struct virtio_blk_discard_write_zeroes}. */
    private static final int RANGE_BYTES = 16;
    private static final int RANGE_SECTORS = 8;
    private static final int RANGE_FLAGS = 12;
    private static final int RANGE_UNMAP = 1;

    private final Disk disk;
    private final BlockConfiguration configuration;
    private final boolean flushNegotiated;
    private final byte[] id;
    private final BlockCounters counters;
    private final GuestFaultLog log;
    private final IoVector data = new IoVector(BlockLimits.QUEUE_SIZE);

    /**
     * For one queue's thread.
     *
     * @param flushNegotiated
     *            whether the driver can flush: if it cannot, every write is durable when it is done
     * @param id
     *            what the driver gets for the serial number, {@link #ID_BYTES} long
     */
    BlockRequests(Disk disk, BlockConfiguration configuration, boolean flushNegotiated, byte[] id,
            BlockCounters counters, GuestFaultLog log) {
        this.disk = disk;
        this.configuration = configuration;
        this.flushNegotiated = flushNegotiated;
        this.id = id;
        this.counters = counters;
        this.log = log;
    }

    /** A serial number as the driver gets it. */
    static byte[] id(byte[] serial) {
        byte[] id = new byte[ID_BYTES];
        System.arraycopy(serial, 0, id, 0, Math.min(serial.length, ID_BYTES));
        return id;
    }

    /** Bytes of data in a request, whatever it is. */
    static long dataBytes(DescriptorChain request) {
        return Math.max(0, request.readable().bytes() - HEADER_BYTES) + Math.max(0, request.writable().bytes() - 1);
    }

    @Override
    public long serve(DescriptorChain request) throws QueueBreachException {
        GuestBuffers in = request.readable();
        GuestBuffers out = request.writable();
        if (in.bytes() < HEADER_BYTES || out.bytes() == 0) {
            throw new QueueBreachException("block request : " + in.bytes() + " bytes to read and " + out.bytes()
                    + " to write (expected: at least " + HEADER_BYTES + " and 1)");
        }
        int status;
        try {
            status = serve(in, out);
        } catch (IOException e) {
            log.warn(e.getMessage());
            status = VIRTIO_BLK_S_IOERR;
        }
        if (status != VIRTIO_BLK_S_OK) {
            counters.failed();
        }
        out.write8(out.bytes() - 1, status);
        return out.bytes();
    }

    private int serve(GuestBuffers in, GuestBuffers out) throws IOException {
        int type = in.read32(0);
        long sector = in.read64(HEADER_SECTOR);
        return switch (type) {
            case VIRTIO_BLK_T_IN -> {
                collect(out, 0, out.bytes() - 1);
                try {
                    disk.read(bytes(sector), data);
                } finally {
                    // One that failed may have come half way.
                    out.markWritten(0, out.bytes() - 1);
                }
                counters.read(data.byteCount());
                yield VIRTIO_BLK_S_OK;
            }
            case VIRTIO_BLK_T_OUT -> {
                collect(in, HEADER_BYTES, in.bytes() - HEADER_BYTES);
                disk.write(bytes(sector), data);
                makeDurable();
                counters.written(data.byteCount());
                yield VIRTIO_BLK_S_OK;
            }
            case VIRTIO_BLK_T_FLUSH -> {
                disk.flush();
                counters.flushed();
                yield VIRTIO_BLK_S_OK;
            }
            case VIRTIO_BLK_T_GET_ID -> getId(out);
            case VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES -> clear(in, type == VIRTIO_BLK_T_DISCARD);
            default -> VIRTIO_BLK_S_UNSUPP;
        };
    }

    /** Of a sector's number that may be anything; one that is too large gives an offset that no disk has. */
    private static long bytes(long sector) {
        return sector >>> (Long.SIZE - 10) == 0 ? sector * Disk.SECTOR_BYTES : Long.MAX_VALUE & -Disk.SECTOR_BYTES;
    }

    /** Fills the vector with a part of the buffers. */
    private void collect(GuestBuffers buffers, long offset, long length) throws IOException {
        if (length > BlockLimits.MAX_DATA_BYTES) {
            throw new IOException("data of a request : " + length + " bytes (expected: at most "
                    + BlockLimits.MAX_DATA_BYTES + ")");
        }
        data.clear();
        long skip = offset;
        long left = length;
        for (int piece = 0; left > 0; piece++) {
            long bytes = buffers.length(piece);
            if (skip >= bytes) {
                skip -= bytes;
            } else {
                long part = Math.min(left, bytes - skip);
                data.add(buffers.hostAddress(piece) + skip, part);
                skip = 0;
                left -= part;
            }
        }
    }

    private void makeDurable() throws IOException {
        if (!flushNegotiated || !configuration.isWriteBack()) {
            disk.flush();
        }
    }

    private int getId(GuestBuffers out) {
        if (out.bytes() - 1 < ID_BYTES) {
            return VIRTIO_BLK_S_IOERR;
        }
        out.copyIn(0, id);
        return VIRTIO_BLK_S_OK;
    }

    private int clear(GuestBuffers in, boolean discard) throws IOException {
        long ranges = (in.bytes() - HEADER_BYTES) / RANGE_BYTES;
        if ((in.bytes() - HEADER_BYTES) % RANGE_BYTES != 0 || ranges == 0 || ranges > BlockLimits.MAX_RANGES) {
            return VIRTIO_BLK_S_IOERR;
        }
        for (int range = 0; range < ranges; range++) {
            long at = HEADER_BYTES + (long) RANGE_BYTES * range;
            int status = clear(in.read64(at), in.read32(at + RANGE_SECTORS) & 0xFFFF_FFFFL,
                    in.read32(at + RANGE_FLAGS), discard);
            if (status != VIRTIO_BLK_S_OK) {
                return status;
            }
        }
        makeDurable();
        counters.discarded();
        return VIRTIO_BLK_S_OK;
    }

    private int clear(long sector, long sectors, int flags, boolean discard) throws IOException {
        if ((flags & ~(discard ? 0 : RANGE_UNMAP)) != 0) {
            return VIRTIO_BLK_S_UNSUPP;
        }
        if (sectors > (discard ? BlockLimits.MAX_DISCARD_SECTORS : BlockLimits.MAX_ZEROES_SECTORS)) {
            return VIRTIO_BLK_S_IOERR;
        }
        if (discard) {
            disk.discard(bytes(sector), sectors * Disk.SECTOR_BYTES);
        } else {
            disk.writeZeroes(bytes(sector), sectors * Disk.SECTOR_BYTES, (flags & RANGE_UNMAP) != 0);
        }
        return VIRTIO_BLK_S_OK;
    }
}
