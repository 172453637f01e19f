package io.drover.vmm.memory;

import io.drover.vmm.linux.MappedMemory;
import io.drover.vmm.linux.MemoryBarrier;
import io.drover.vmm.linux.SystemCallException;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.List;

/**
 * The guest's RAM by guest-physical address: one region from 0 up to at most {@link #LOW_RAM_LIMIT}, and what does not fit
 * there from {@link #HIGH_RAM_BASE} up. Between them is the hole where the local APIC, the IOAPIC and PCI live.
 *
 * <p>
 * Every range is checked before anything is touched; one that leaves RAM, wraps around or spans the hole is refused with a
 * {@link GuestAddressException} and leaves memory as it was. Numbers are little endian and need no alignment.
 *
 * <p>
 * While somebody tracks ({@link #track}), what is written here is noted, after the write, page by page. Whoever writes by other
 * means, through a {@link #slice}, a {@link #buffer} or a {@link #hostAddress}, says so afterwards by {@link #markWritten}.
 *
 * <p>
 * Safe for use by several threads, as far as memory is: the guest's vCPUs write to it all the time, accesses here are plain,
 * and one of several bytes may be torn. Read a value that matters once.
 */
public final class GuestMemory {
    /** The most that lies below the hole: 3 GiB. */
    public static final long LOW_RAM_LIMIT = 3L << 30;
    /** Where RAM goes on above the hole: 4 GiB. */
    public static final long HIGH_RAM_BASE = 4L << 30;
    /** Sizes are whole pages of this many bytes. */
    public static final long PAGE_BYTES = 4096;

    private static final ValueLayout.OfShort INT16 = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong INT64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The largest piece given to a channel at once: a ByteBuffer holds less than 2 GiB. */
    private static final long CHANNEL_PIECE_BYTES = 1L << 30;

    private final MemoryRegion low;
    private final MemoryRegion high;
    private final List<MemoryRegion> regions;
    /** Null while nobody wants to know. */
    private volatile PageSet written;

    private GuestMemory(MemoryRegion low, MemoryRegion high) {
        this.low = low;
        this.high = high;
        this.regions = high.length() == 0 ? List.of(low) : List.of(low, high);
    }

    /**
     * Lays {@code ram} out as a machine's RAM: its first 3 GiB below the hole, the rest above.
     *
     * @param ram
     *            at least one page, whole pages; must outlive this object, and be accessible to every thread that uses it
     */
    public static GuestMemory of(MemorySegment ram) {
        return split(ram, LOW_RAM_LIMIT);
    }

    /** As {@link #of}, with less below the hole: lets a test have RAM on both sides of it without 3 GiB to spare. */
    static GuestMemory split(MemorySegment ram, long lowBytes) {
        long bytes = ram.byteSize();
        if (bytes == 0 || bytes % PAGE_BYTES != 0) {
            throw new IllegalArgumentException("guest memory : " + bytes + " bytes (expected: whole pages of "
                    + PAGE_BYTES + ", at least one)");
        }
        long below = Math.min(bytes, lowBytes);
        return new GuestMemory(new MemoryRegion(0, ram.asSlice(0, below)),
                new MemoryRegion(HIGH_RAM_BASE, ram.asSlice(below)));
    }

    /** The regions by ascending address: one or two. */
    public List<MemoryRegion> regions() {
        return regions;
    }

    /** All RAM, in bytes. */
    public long size() {
        return low.length() + high.length();
    }

    /** Whether all of the range is RAM, in one region. The empty range is, where a byte could be or just behind it. */
    public boolean contains(long address, long length) {
        return low.holds(address, length) || (high.length() != 0 && high.holds(address, length));
    }

    /** The bytes of the range themselves, not a copy: at most as long-lived as the memory. */
    public MemorySegment slice(long address, long length) throws GuestAddressException {
        MemoryRegion region = regionOf(address, length);
        return region.segment().asSlice(address - region.address(), length);
    }

    /**
     * The range as a buffer, little endian: for what is read and written so often that a check of each access counts.
     *
     * @param length
     *            less than 2 GiB
     */
    public ByteBuffer buffer(long address, int length) throws GuestAddressException {
        return slice(address, length).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Where in this process the range lies, for a system call that reads or writes it. Valid for as long as the memory is mapped:
     * it must be, until that call has returned.
     */
    public long hostAddress(long address, long length) throws GuestAddressException {
        MemoryRegion region = regionOf(address, length);
        return region.segment().address() + (address - region.address());
    }

    /** Zero-extended. */
    public int read8(long address) throws GuestAddressException {
        MemoryRegion region = regionOf(address, 1);
        return region.segment().get(ValueLayout.JAVA_BYTE, address - region.address()) & 0xFF;
    }

    /** Zero-extended. */
    public int read16(long address) throws GuestAddressException {
        MemoryRegion region = regionOf(address, 2);
        return region.segment().get(INT16, address - region.address()) & 0xFFFF;
    }

    public int read32(long address) throws GuestAddressException {
        MemoryRegion region = regionOf(address, 4);
        return region.segment().get(INT32, address - region.address());
    }

    public long read64(long address) throws GuestAddressException {
        MemoryRegion region = regionOf(address, 8);
        return region.segment().get(INT64, address - region.address());
    }

    /** Writes the lowest 8 bits of the value. */
    public void write8(long address, int value) throws GuestAddressException {
        MemoryRegion region = regionOf(address, 1);
        region.segment().set(ValueLayout.JAVA_BYTE, address - region.address(), (byte) value);
        note(address, 1);
    }

    /** Writes the lowest 16 bits of the value. */
    public void write16(long address, int value) throws GuestAddressException {
        MemoryRegion region = regionOf(address, 2);
        region.segment().set(INT16, address - region.address(), (short) value);
        note(address, 2);
    }

    public void write32(long address, int value) throws GuestAddressException {
        MemoryRegion region = regionOf(address, 4);
        region.segment().set(INT32, address - region.address(), value);
        note(address, 4);
    }

    public void write64(long address, long value) throws GuestAddressException {
        MemoryRegion region = regionOf(address, 8);
        region.segment().set(INT64, address - region.address(), value);
        note(address, 8);
    }

    /** Writes all of {@code source} into the guest. */
    public void copyIn(long address, byte[] source) throws GuestAddressException {
        copyIn(address, MemorySegment.ofArray(source));
    }

    /** Writes all of {@code source} into the guest. */
    public void copyIn(long address, MemorySegment source) throws GuestAddressException {
        slice(address, source.byteSize()).copyFrom(source);
        note(address, source.byteSize());
    }

    /** Writes a part of {@code source} into the guest. Allocates nothing. */
    public void copyIn(long address, HostBuffer source, long from, long length) throws GuestAddressException {
        MemoryRegion region = regionOf(address, length);
        MemorySegment.copy(source.segment(), from, region.segment(), address - region.address(), length);
        note(address, length);
    }

    /** Fills all of {@code target} from the guest. */
    public void copyOut(long address, byte[] target) throws GuestAddressException {
        copyOut(address, MemorySegment.ofArray(target));
    }

    /** Fills all of {@code target} from the guest. */
    public void copyOut(long address, MemorySegment target) throws GuestAddressException {
        target.copyFrom(slice(address, target.byteSize()));
    }

    /** Fills a part of {@code target} from the guest. Allocates nothing. */
    public void copyOut(long address, HostBuffer target, long to, long length) throws GuestAddressException {
        MemoryRegion region = regionOf(address, length);
        MemorySegment.copy(region.segment(), address - region.address(), target.segment(), to, length);
    }

    public void fill(long address, long length, byte value) throws GuestAddressException {
        slice(address, length).fill(value);
        note(address, length);
    }

    /**
     * Reads {@code length} bytes of a file straight into the guest, without a copy on the heap. The channel's own position
     * stays.
     *
     * @throws EOFException
     *             when the file ends before; what was there has been written
     */
    public void readFrom(FileChannel file, long position, long address, long length)
            throws GuestAddressException, IOException {
        MemorySegment target = slice(address, length);
        long done = 0;
        while (done < length) {
            long piece = Math.min(length - done, CHANNEL_PIECE_BYTES);
            ByteBuffer buffer = target.asSlice(done, piece).asByteBuffer();
            int read = file.read(buffer, position + done);
            if (read < 0) {
                throw new EOFException("file ends after " + (position + done) + " bytes (expected: "
                        + (position + length) + ")");
            }
            done += read;
            note(address, done);
        }
    }

    /** All RAM, in pages. */
    public long pages() {
        return size() / PAGE_BYTES;
    }

    /**
     * Takes all of it from the host now, so that nobody waits for a page later, and none is missing.
     *
     * @throws SystemCallException
     *             when the host has not enough
     */
    public void populate() throws SystemCallException {
        for (MemoryRegion region : regions) {
            MappedMemory.populate(region.segment());
        }
    }

    /**
     * Begins to note what is written here, from nothing. What was written before this returns may or may not be noted, but every
     * thread sees it in memory.
     */
    public void track() {
        written = new PageSet(pages());
        // A thread may have looked for the set before, while its write is not in memory yet. With this it is.
        MemoryBarrier.onAllThreads();
    }

    /** Ends it. */
    public void endTracking() {
        written = null;
    }

    /** Moves what was noted since the last time into a set; nothing while nobody tracks. */
    public void drainWritten(PageSet into) {
        PageSet set = written;
        if (set != null) {
            set.drainTo(into);
        }
    }

    /**
     * Notes a write that was made by other means than this object's, after it was made.
     *
     * @param length
     *            0 or more; all of the range is in one region
     */
    public void markWritten(long address, long length) {
        note(address, length);
    }

    private void note(long address, long length) {
        PageSet set = written;
        if (set != null && length > 0) {
            long offset = low.holds(address, length) ? address : address - high.address() + low.length();
            set.add(offset / PAGE_BYTES, (offset + length - 1) / PAGE_BYTES - offset / PAGE_BYTES + 1);
        }
    }

    private MemoryRegion regionOf(long address, long length) throws GuestAddressException {
        if (low.holds(address, length)) {
            return low;
        }
        if (high.length() != 0 && high.holds(address, length)) {
            return high;
        }
        throw new GuestAddressException(address, length);
    }
}
