package io.drover.vmm.memory;

import io.drover.vmm.linux.IoVector;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * RAM page by page, each by its place as in {@link PageSet}, for those who copy all of it. Nothing here allocates but the
 * constructor. Owned by one thread; another takes one of its own. A page that the guest writes meanwhile may be read half old and
 * half new.
 */
public final class GuestPages {
    /** CRC-32C of a page of zeros. */
    public static final int ZERO_CHECKSUM = checksumOfZeros();

    private static final int PAGE = (int) GuestMemory.PAGE_BYTES;
    /** A ByteBuffer holds less than 2 GiB. */
    private static final long WINDOW_PAGES = (1L << 30) / PAGE;

    private final GuestMemory memory;
    private final long lowPages;
    private final long pages;
    private final List<ByteBuffer> low;
    private final List<ByteBuffer> high;
    private final ByteBuffer zeros = ByteBuffer.allocateDirect(PAGE);
    private final CRC32C crc = new CRC32C();

    public GuestPages(GuestMemory memory) {
        this.memory = memory;
        List<MemoryRegion> regions = memory.regions();
        lowPages = regions.getFirst().length() / PAGE;
        pages = memory.pages();
        low = windows(regions.getFirst());
        high = regions.size() == 1 ? List.of() : windows(regions.getLast());
    }

    private static List<ByteBuffer> windows(MemoryRegion region) {
        List<ByteBuffer> windows = new ArrayList<>();
        for (long at = 0; at < region.length(); at += WINDOW_PAGES * PAGE) {
            windows.add(region.segment().asSlice(at, Math.min(WINDOW_PAGES * PAGE, region.length() - at))
                    .asByteBuffer());
        }
        return windows;
    }

    private static int checksumOfZeros() {
        CRC32C crc = new CRC32C();
        crc.update(new byte[PAGE]);
        return (int) crc.getValue();
    }

    /** How many there are. */
    public long count() {
        return pages;
    }

    /** How many of them lie below the hole. */
    public long lowCount() {
        return lowPages;
    }

    /** CRC-32C of a page. */
    public int checksum(long page) {
        crc.reset();
        crc.update(at(page));
        return (int) crc.getValue();
    }

    /** Whether all bytes of a page are zero. */
    public boolean isZero(long page) {
        zeros.clear();
        return at(page).mismatch(zeros) < 0;
    }

    /** Makes all bytes of a page zero. Not noted as written. */
    public void clear(long page) {
        zeros.clear();
        at(page).put(zeros);
    }

    /** Copies a page to a place of an array. */
    public void copyTo(long page, byte[] into, int at) {
        at(page).get(into, at, PAGE);
    }

    /** Makes a page what is at a place of an array. Not noted as written. */
    public void copyFrom(long page, byte[] from, int at) {
        at(page).put(from, at, PAGE);
    }

    /**
     * Appends pages that follow each other to a vector, as one piece.
     *
     * @param count
     *            at least 1; all of them on one side of the hole
     */
    public void addTo(IoVector vector, long first, long count) {
        try {
            vector.add(memory.hostAddress(address(first), count * PAGE), count * PAGE);
        } catch (GuestAddressException e) {
            throw new IndexOutOfBoundsException("pages " + first + " to " + (first + count) + " (expected: of " + pages
                    + ", on one side of " + lowPages + ")");
        }
    }

    /** Whether the page follows the one before it in memory too. */
    public boolean followsInMemory(long page) {
        return page != lowPages;
    }

    /** Where the guest has it. */
    public long address(long page) {
        return page < lowPages ? page * PAGE : GuestMemory.HIGH_RAM_BASE + (page - lowPages) * PAGE;
    }

    private ByteBuffer at(long page) {
        long inRegion = page < lowPages ? page : page - lowPages;
        ByteBuffer window = (page < lowPages ? low : high).get((int) (inRegion / WINDOW_PAGES));
        int offset = (int) (inRegion % WINDOW_PAGES) * PAGE;
        return window.limit(offset + PAGE).position(offset);
    }
}
