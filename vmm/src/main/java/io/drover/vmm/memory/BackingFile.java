package io.drover.vmm.memory;

import io.drover.vmm.linux.FileHandle;
import io.drover.vmm.linux.SystemCallException;

/**
 * The file in the host's memory that a guest's RAM is mapped from, shared. Only by a hole in that file does memory come back to
 * the host: to unmap pages, or to advise against them, leaves them in the file. A hole reads as zeros, through every mapping and
 * for vCPUs too, and takes memory again when it is touched.
 *
 * <p>
 * Safe for use by several threads, until it is closed.
 */
public final class BackingFile implements AutoCloseable {
    private final FileHandle file;
    private final GuestMemory memory;
    private final long pageBytes;

    /**
     * Of memory that is mapped from the file's beginning, all of it in one piece.
     *
     * @param file
     *            made by {@link FileHandle#memory}, closed with this
     */
    public BackingFile(FileHandle file, GuestMemory memory) throws SystemCallException {
        this.file = file;
        this.memory = memory;
        this.pageBytes = Math.max(file.blockBytes(), GuestMemory.PAGE_BYTES);
    }

    /**
     * Gives back what of a range of guest addresses is RAM and makes up whole pages of the host. Whatever else is in the range
     * stays as it is, so the range may be anything that a guest has said.
     *
     * @param address
     *            unsigned
     * @return how many bytes were given back; also those count that took no memory
     * @throws SystemCallException
     *             when the host would not; a part may have been given back
     */
    public long giveBack(long address, long length) throws SystemCallException {
        long done = 0;
        long offset = 0;
        for (MemoryRegion region : memory.regions()) {
            if (address >= 0 && length > 0 && address < region.end() && length > region.address() - address) {
                // Neither sum can overflow: what is behind the region is cut off first.
                long from = Math.max(address, region.address());
                long to = length >= region.end() - address ? region.end() : address + length;
                long given = punch(offset + from - region.address(), offset + to - region.address());
                if (given > 0) {
                    // A little more than the whole pages in it, which costs a page sent twice at most.
                    memory.markWritten(from, to - from);
                }
                done += given;
            }
            offset += region.length();
        }
        return done;
    }

    private long punch(long from, long to) throws SystemCallException {
        long first = (from + pageBytes - 1) & -pageBytes;
        long end = to & -pageBytes;
        if (end <= first) {
            return 0;
        }
        long result = file.punchHole(first, end - first);
        if (result < 0) {
            throw new SystemCallException("fallocate", file + ", a hole of " + (end - first) + " bytes at " + first,
                    (int) -result);
        }
        return end - first;
    }

    /**
     * Where something was ever written, and not given back since.
     *
     * @param from
     *            0 to the memory's size, as if there were no hole for devices in it
     * @return at least {@code from}; the memory's size when there is nothing behind that
     */
    public long nextData(long from) throws SystemCallException {
        return file.nextData(from);
    }

    /**
     * Adds the pages that take memory to a set: all others read as zeros, and to read one would have it take memory. A page that
     * is first touched meanwhile may be left out.
     */
    public void addResident(PageSet into) throws SystemCallException {
        long size = memory.size();
        long from = nextData(0);
        while (from < size) {
            long to = file.nextHole(from);
            long first = from / GuestMemory.PAGE_BYTES;
            into.add(first, Math.ceilDiv(to, GuestMemory.PAGE_BYTES) - first);
            from = nextData(to);
        }
    }

    /** How much of the host's memory the guest's RAM takes. */
    public long residentBytes() {
        try {
            return file.allocatedBytes();
        } catch (SystemCallException e) {
            throw new IllegalStateException("a file in memory that is open has a size", e);
        }
    }

    /** After the last use of it; what is mapped stays mapped. */
    @Override
    public void close() {
        file.close();
    }
}
