package io.drover.vmm.disk.qcow2;

import io.drover.vmm.disk.Disk;
import io.drover.vmm.disk.DiskRange;
import io.drover.vmm.disk.HostFile;
import io.drover.vmm.disk.ImageFingerprint;
import io.drover.vmm.disk.Zeros;
import io.drover.vmm.linux.IoVector;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A disk in a qcow2 image. Reads, and writes to clusters that are there, go straight between the caller's memory and the file
 * and allocate nothing; other writes first take clusters, and fill what of them they do not write from what the guest saw
 * there.
 */
public final class Qcow2Disk implements Disk {
    private final HostFile file;
    private final Qcow2Header header;
    private final int clusterBits;
    private final ClusterMap map;
    private final Requests requests = new Requests();
    private final CompressedClusters compressed;
    private final Optional<Disk> backing;
    /** Empty where the disk is read-only. */
    private final Optional<Qcow2Metadata> metadata;
    private volatile long size;

    private Qcow2Disk(HostFile file, Qcow2Header header, Optional<Disk> backing, ClusterMap map,
            Optional<Qcow2Metadata> metadata) {
        this.file = file;
        this.header = header;
        this.clusterBits = header.clusterBits();
        this.map = map;
        this.compressed = new CompressedClusters(file, header);
        this.backing = backing;
        this.metadata = metadata;
        this.size = header.size();
    }

    /**
     * Opens an image. An image that was not closed, and may count clusters that it does not use, is counted again before it is
     * written to.
     *
     * @param file
     *            taken over, and so is the backing disk: both are closed with the disk, or at once when this fails
     * @param backing
     *            what the image lies on, as the operator names it; the name in the image decides nothing but whether there
     *            must be one
     * @param cacheBytes
     *            at most so much memory for L2 tables: 1 MiB is 8 GiB of disk with clusters of 64 KiB, in proportion
     */
    public static Qcow2Disk open(HostFile file, Optional<Disk> backing, boolean readOnly, long cacheBytes)
            throws IOException {
        boolean opened = false;
        try {
            Qcow2Image image = Qcow2Image.load(file, readOnly);
            checkBacking(file, image.header(), backing);
            ClusterMap map = image.map(cacheBytes);
            Optional<Qcow2Metadata> metadata = readOnly ? Optional.empty()
                    : Optional.of(new Qcow2Metadata(file, image.header(), map, image.refcounts(map)));
            if (image.header().has(Qcow2Header.DIRTY) && !readOnly) {
                new RefcountRepair(file, image, map).run();
            }
            Qcow2Disk disk = new Qcow2Disk(file, image.header(), backing, map, metadata);
            opened = true;
            return disk;
        } finally {
            if (!opened) {
                closeBoth(file, backing);
            }
        }
    }

    private static void checkBacking(HostFile file, Qcow2Header header, Optional<Disk> backing) throws IOException {
        if (header.backingName().isPresent() && backing.isEmpty()) {
            throw Qcow2FormatException.refused(file.name(), "it lies on a backing file, which it calls '"
                    + header.backingName().get() + "', and none was given", "name the backing file with its format");
        }
        if (header.backingName().isEmpty() && backing.isPresent()) {
            throw Qcow2FormatException.refused(file.name(), "it has no backing file, and one was given",
                    "name none, or make an image with one");
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return metadata.isEmpty();
    }

    @Override
    public void read(long offset, IoVector into) throws IOException {
        long length = into.byteCount();
        DiskRange.check(offset, length, size);
        if (length == 0) {
            return;
        }
        Request request = begin(offset, length, false);
        try {
            readRuns(request, offset, into, length);
        } finally {
            requests.end(request);
        }
    }

    @Override
    public void write(long offset, IoVector from) throws IOException {
        long length = from.byteCount();
        DiskRange.checkWrite(offset, length, size, readOnly());
        for (long done = 0; done < length;) {
            done += writeInPlace(offset + done, from, done, length - done);
            if (done < length) {
                done += writeAllocating(offset + done, from, done, length - done);
            }
        }
    }

    @Override
    public void flush() throws IOException {
        if (metadata.isPresent()) {
            metadata.get().flush();
        }
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        DiskRange.checkWrite(offset, length, size, readOnly());
        if (backing.isPresent() && header.version() < 3) {
            // Clusters given up would show the backing file again, and version 2 cannot say that they are zeros.
            return;
        }
        long clusterMask = header.clusterBytes() - 1L;
        // The last cluster of a disk ends with the disk.
        long end = offset + length == size ? offset + length + clusterMask : offset + length;
        emptyClusters((offset + clusterMask) >>> clusterBits, end >>> clusterBits,
                backing.isPresent() ? Qcow2Metadata.Emptying.ZERO : Qcow2Metadata.Emptying.UNALLOCATED);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
        DiskRange.checkWrite(offset, length, size, readOnly());
        zero(offset, offset + length, size, mayUnmap);
    }

    /** Zeros of a disk that ends at {@code diskEnd}. */
    private void zero(long offset, long end, long diskEnd, boolean mayUnmap) throws IOException {
        long firstWhole = Math.min(end, roundUp(offset));
        long lastWhole = end == diskEnd ? roundUp(end) : roundDown(end);
        boolean byEntries = header.version() >= 3 || (mayUnmap && backing.isEmpty());
        if (!byEntries || firstWhole >= lastWhole) {
            writeZeros(offset, end);
            return;
        }
        writeZeros(offset, firstWhole);
        emptyClusters(firstWhole >>> clusterBits, lastWhole >>> clusterBits,
                !mayUnmap ? Qcow2Metadata.Emptying.ZERO_KEEPING_SPACE
                        : backing.isEmpty() ? Qcow2Metadata.Emptying.UNALLOCATED : Qcow2Metadata.Emptying.ZERO);
        writeZeros(lastWhole, end);
    }

    @Override
    public synchronized void grow(long newSize) throws IOException {
        DiskRange.checkGrowth(size, newSize, readOnly());
        Qcow2Metadata changes = changes();
        long oldSize = size;
        changes.growTable(newSize);
        // What of a longer backing file was behind the end must not come to light.
        long covered = backing.isPresent() ? Math.min(newSize, backing.get().size()) : oldSize;
        if (covered > oldSize) {
            zero(oldSize, covered, newSize, true);
        }
        changes.setSize(newSize);
        size = newSize;
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        DiskRange.check(offset & -(long) SECTOR_BYTES, 0, size);
        Request run = new Request();
        map.find(run, offset, maxBytes, false);
        return new Extent(run.bytes, switch (run.kind) {
            case DATA, COMPRESSED -> true;
            case ZERO -> backing.isPresent();
            case UNALLOCATED -> false;
        });
    }

    @Override
    public OptionalLong releasedFingerprint() throws IOException {
        return ImageFingerprint.ofReleased(file);
    }

    @Override
    public void release() throws IOException {
        if (metadata.isPresent()) {
            metadata.get().clean();
        }
        file.unlock();
    }

    @Override
    public void hold() throws IOException {
        file.lock();
    }

    @Override
    public void close() throws IOException {
        try {
            if (metadata.isPresent()) {
                metadata.get().clean();
            }
        } finally {
            compressed.close();
            closeBoth(file, backing);
        }
    }

    private static void closeBoth(HostFile file, Optional<Disk> backing) throws IOException {
        try (file) {
            if (backing.isPresent()) {
                backing.get().close();
            }
        }
    }

    @Override
    public String toString() {
        return file.name();
    }

    private void readRuns(Request request, long offset, IoVector into, long length) throws IOException {
        for (long done = 0; done < length; done += request.bytes) {
            map.find(request, offset + done, length - done, false);
            switch (request.kind) {
                case DATA -> readData(request, into, done);
                case ZERO -> into.clearBytes(done, request.bytes);
                case UNALLOCATED -> readBacking(request, offset + done, into, done);
                case COMPRESSED -> compressed.read(request.entry, (int) ((offset + done) & (header.clusterBytes() - 1)),
                        (int) request.bytes, into, done);
            }
        }
    }

    private void readData(Request request, IoVector into, long at) throws IOException {
        IoVector part = part(request, into, at, request.bytes);
        long read = file.read(request.hostOffset, part);
        if (read < request.bytes) {
            // The last cluster of a file need not be all there.
            part.clearBytes(read, request.bytes - read);
        }
    }

    private void readBacking(Request request, long offset, IoVector into, long at) throws IOException {
        long inBacking = backing.isEmpty() ? 0
                : Math.max(0, Math.min(request.bytes, backing.get().size() - offset));
        if (inBacking > 0) {
            backing.get().read(offset, part(request, into, at, inBacking));
        }
        if (inBacking < request.bytes) {
            into.clearBytes(at + inBacking, request.bytes - inBacking);
        }
    }

    /** Writes what begins with clusters that may be written in place, up to the first that may not. */
    private long writeInPlace(long offset, IoVector from, long at, long length) throws IOException {
        Request request = begin(offset, length, false);
        try {
            long done = 0;
            while (done < length) {
                map.find(request, offset + done, length - done, true);
                if (!request.inPlace) {
                    break;
                }
                file.write(request.hostOffset, part(request, from, at + done, request.bytes));
                done += request.bytes;
            }
            return done;
        } finally {
            requests.end(request);
        }
    }

    /** Writes to clusters that must be allocated first, as far as they are in one slice and in one piece of the file. */
    private long writeAllocating(long offset, IoVector from, long at, long length) throws IOException {
        long cluster = offset >>> clusterBits;
        long sliceEnd = (cluster + map.clustersToSliceEnd(cluster)) << clusterBits;
        long most = Math.min(length, sliceEnd - offset);
        Request request = begin(offset, most, true);
        try {
            map.find(request, offset, most, true);
            if (request.inPlace) {
                // Somebody else was faster.
                return 0;
            }
            if (request.kind == Request.Kind.ZERO && L2Entry.isCopied(request.entry)
                    && map.isDataCluster(L2Entry.hostOffset(request.entry))) {
                return writeIntoZeroCluster(request, offset, from, at, most);
            }
            int wanted = allocationWanted(request, offset, most);
            Qcow2Metadata.Extent extent = changes().allocate(cluster, wanted);
            boolean linked = false;
            try {
                long clustersEnd = (cluster + extent.clusters()) << clusterBits;
                long bytes = Math.min(most, clustersEnd - offset);
                writeExtent(request, extent.hostOffset(), extent.fresh(), offset, from, at, bytes);
                changes().link(cluster, extent);
                linked = true;
                return bytes;
            } finally {
                if (!linked) {
                    changes().giveBack(extent);
                }
            }
        } finally {
            requests.end(request);
        }
    }

    /** How many clusters from this one on are no one's to write in place, nor have space of their own. */
    private int allocationWanted(Request request, long offset, long most) throws IOException {
        long end = offset + most;
        long at = ((offset >>> clusterBits) + 1) << clusterBits;
        while (at < end) {
            map.find(request, at, end - at, true);
            boolean hasSpace = request.inPlace || (request.kind == Request.Kind.ZERO
                    && L2Entry.hostOffset(request.entry) != 0);
            if (hasSpace) {
                break;
            }
            // A run of zeros may hold clusters with space further on; one at a time then.
            at += request.kind == Request.Kind.ZERO ? header.clusterBytes() : roundUp(request.bytes);
        }
        return (int) ((Math.min(roundUp(end), at) - roundDown(offset)) >>> clusterBits);
    }

    private long roundDown(long bytes) {
        return bytes & -(long) header.clusterBytes();
    }

    private long roundUp(long bytes) {
        return roundDown(bytes + header.clusterBytes() - 1);
    }

    private long writeIntoZeroCluster(Request request, long offset, IoVector from, long at, long most)
            throws IOException {
        long cluster = offset >>> clusterBits;
        long entry = request.entry;
        long bytes = Math.min(most, ((cluster + 1) << clusterBits) - offset);
        writeExtent(request, L2Entry.hostOffset(entry), false, offset, from, at, bytes);
        changes().linkInPlace(cluster, entry);
        return bytes;
    }

    /**
     * Writes a part of host clusters that are nobody's yet, and around it what the guest sees there now.
     *
     * @param fresh
     *            whether the host clusters read as zeros
     */
    private void writeExtent(Request request, long hostOffset, boolean fresh, long offset, IoVector from, long at,
            long bytes) throws IOException {
        long start = roundDown(offset);
        long end = roundUp(offset + bytes);
        copy(request, start, offset, hostOffset, fresh);
        file.write(hostOffset + (offset - start), part(request, from, at, bytes));
        copy(request, offset + bytes, end, hostOffset + (offset + bytes - start), fresh);
    }

    /** Writes what the guest sees in a range, which may reach behind the disk's end, to a place in the file. */
    private void copy(Request request, long offset, long end, long hostOffset, boolean fresh) throws IOException {
        long at = offset;
        while (at < end) {
            map.find(request, at, end - at, false);
            long bytes = request.bytes;
            long host = hostOffset + (at - offset);
            if (readsAsZeros(request, at)) {
                if (!fresh) {
                    Zeros.write(file, host, bytes);
                }
            } else {
                bytes = Math.min(bytes, request.copyBytes());
                IoVector vector = request.copyVector((int) bytes);
                readRuns(request, at, vector, bytes);
                file.write(host, vector);
            }
            at += bytes;
        }
    }

    private boolean readsAsZeros(Request run, long offset) {
        return run.kind == Request.Kind.ZERO
                || (run.kind == Request.Kind.UNALLOCATED && (backing.isEmpty() || offset >= backing.get().size()));
    }

    /** Writes zeros over what is not zeros anyway. */
    private void writeZeros(long offset, long end) throws IOException {
        IoVector vector = new IoVector(1);
        long at = offset;
        while (at < end) {
            Request request = begin(at, end - at, false);
            boolean zeros;
            long bytes;
            try {
                map.find(request, at, end - at, false);
                zeros = readsAsZeros(request, at);
                bytes = request.bytes;
            } finally {
                requests.end(request);
            }
            if (!zeros) {
                Zeros.fill(vector, bytes);
                bytes = vector.byteCount();
                for (long done = 0; done < bytes;) {
                    done += writeInPlace(at + done, vector, done, bytes - done);
                    if (done < bytes) {
                        done += writeAllocating(at + done, vector, done, bytes - done);
                    }
                }
            }
            at += bytes;
        }
    }

    private void emptyClusters(long first, long end, Qcow2Metadata.Emptying how) throws IOException {
        long cluster = first;
        while (cluster < end) {
            if (backing.isEmpty() && L2Entry.hostOffset(map.table(cluster)) == 0) {
                cluster = (cluster | (header.l2Entries() - 1)) + 1;
                continue;
            }
            int count = (int) Math.min(end - cluster, map.clustersToSliceEnd(cluster));
            Request request = requests.begin(cluster, cluster + count - 1, true);
            try {
                changes().empty(cluster, count, how);
            } finally {
                requests.end(request);
            }
            cluster += count;
        }
    }

    private Request begin(long offset, long length, boolean exclusive) {
        return requests.begin(offset >>> clusterBits, (offset + length - 1) >>> clusterBits, exclusive);
    }

    private static IoVector part(Request request, IoVector whole, long at, long bytes) {
        if (at == 0 && bytes == whole.byteCount()) {
            return whole;
        }
        request.part.clear();
        whole.slice(at, bytes, request.part);
        return request.part;
    }

    private Qcow2Metadata changes() throws IOException {
        if (metadata.isEmpty()) {
            throw new IOException(file.name() + " is read-only");
        }
        return metadata.get();
    }
}
