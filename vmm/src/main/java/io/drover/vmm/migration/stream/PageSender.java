package io.drover.vmm.migration.stream;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.GuestPages;
import io.drover.vmm.memory.PageSet;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** The pages of one connection. Owned by one thread at a time; allocates a little for each frame, nothing for each page. */
final class PageSender {
    private final FrameChannel channel;
    private final GuestPages guest;
    /** Pages that the other end has as something else than zeros. */
    private final PageSet sent;
    private final SendRate rate;
    private final Packer packer;
    private final int index;
    private final int connections;
    private final ByteBuffer pages = ByteBuffer
            .allocateDirect(Protocol.HEADER_BYTES + Protocol.MAX_ENTRIES * Protocol.ENTRY_BYTES + Integer.BYTES);
    private final ByteBuffer zeros = ByteBuffer
            .allocateDirect(Protocol.HEADER_BYTES + Protocol.MAX_ENTRIES * Protocol.ENTRY_BYTES);
    private final IoVector vector = new IoVector(Protocol.MAX_ENTRIES + 1);
    private int pageCount;
    private int zeroRuns;
    /** Of the last run. */
    private long zeroFirst;
    private long zeroPages;
    private long sentInPass;
    private final CRC32C digest;

    /**
     * For one connection.
     *
     * @param digest
     *            of the connection: of all entries that were sent, in their order
     */
    PageSender(FrameChannel channel, GuestPages guest, PageSet sent, SendRate rate, Packer packer, int index,
            int connections, CRC32C digest) {
        this.channel = channel;
        this.guest = guest;
        this.sent = sent;
        this.rate = rate;
        this.packer = packer;
        this.index = index;
        this.connections = connections;
        this.digest = digest;
    }

    /**
     * Sends what is this connection's of a set.
     *
     * @return how many pages that were
     */
    long send(PageSet set) throws StreamException {
        sentInPass = 0;
        // A stripe is a word of the set.
        for (int stripe = index; stripe < set.words(); stripe += connections) {
            long some = 0;
            for (long left = set.word(stripe); left != 0; left &= left - 1) {
                if (take((long) stripe * Protocol.STRIPE_PAGES + Long.numberOfTrailingZeros(left))) {
                    some |= left & -left;
                }
            }
            if (some != 0) {
                sent.addWord(stripe, some);
            }
        }
        flushPages();
        flushZeros();
        return sentInPass;
    }

    /** Whether the page is something else than zeros. */
    private boolean take(long page) throws StreamException {
        int checksum = guest.checksum(page);
        if (checksum == GuestPages.ZERO_CHECKSUM && guest.isZero(page)) {
            // Memory begins as zeros at the other end too.
            if (sent.contains(page)) {
                sent.remove(page);
                addZero(page);
            }
            return false;
        }
        int at = Protocol.HEADER_BYTES + pageCount * Protocol.ENTRY_BYTES;
        pages.putInt(at, (int) page);
        pages.putInt(at + Integer.BYTES, checksum);
        pageCount++;
        if (pageCount == (packer.isOn() ? Protocol.MAX_PACKED_PAGES : Protocol.MAX_ENTRIES)) {
            flushPages();
        }
        return true;
    }

    private void addZero(long page) throws StreamException {
        if (zeroRuns > 0 && page == zeroFirst + zeroPages && page % Protocol.STRIPE_PAGES != 0) {
            zeroPages++;
        } else {
            if (zeroRuns == Protocol.MAX_ENTRIES) {
                flushZeros();
            }
            zeroFirst = page;
            zeroPages = 1;
            zeroRuns++;
        }
        int at = Protocol.HEADER_BYTES + (zeroRuns - 1) * Protocol.ENTRY_BYTES;
        zeros.putInt(at, (int) zeroFirst).putInt(at + Integer.BYTES, (int) zeroPages);
        sentInPass++;
    }

    private void flushPages() throws StreamException {
        if (pageCount == 0) {
            return;
        }
        int headBytes = Protocol.HEADER_BYTES + pageCount * Protocol.ENTRY_BYTES;
        digest.update(pages.limit(headBytes).position(Protocol.HEADER_BYTES));
        pages.clear();
        vector.clear();
        if (!packer.isOn() || !addPacked(headBytes)) {
            addAsTheyAre(headBytes);
        }
        rate.await(vector.byteCount());
        channel.write(vector);
        rate.sent(vector.byteCount(), pageCount);
        sentInPass += pageCount;
        pageCount = 0;
    }

    /** Whether they are fewer bytes so. */
    private boolean addPacked(int headBytes) {
        for (int i = 0; i < pageCount; i++) {
            guest.copyTo(page(i), packer.raw(), i * Protocol.PAGE_BYTES);
        }
        int bytes = packer.pack(pageCount * Protocol.PAGE_BYTES);
        if (bytes < 0) {
            return false;
        }
        pages.putInt(0, Protocol.PACKED << 24).putInt(4, pageCount).putInt(headBytes, bytes);
        vector.add(pages, 0, headBytes + Integer.BYTES);
        vector.add(packer.packed(), 0, bytes);
        rate.saved((long) pageCount * Protocol.PAGE_BYTES - bytes);
        return true;
    }

    private void addAsTheyAre(int headBytes) {
        pages.putInt(0, Protocol.PAGES << 24).putInt(4, pageCount);
        vector.add(pages, 0, headBytes);
        int runStart = 0;
        for (int i = 1; i <= pageCount; i++) {
            if (i == pageCount || page(i) != page(i - 1) + 1 || !guest.followsInMemory(page(i))) {
                guest.addTo(vector, page(runStart), i - runStart);
                runStart = i;
            }
        }
    }

    private long page(int entry) {
        return pages.getInt(Protocol.HEADER_BYTES + entry * Protocol.ENTRY_BYTES) & 0xFFFF_FFFFL;
    }

    private void flushZeros() throws StreamException {
        if (zeroRuns == 0) {
            return;
        }
        int bytes = Protocol.HEADER_BYTES + zeroRuns * Protocol.ENTRY_BYTES;
        zeros.putInt(0, Protocol.ZEROS << 24).putInt(4, zeroRuns);
        digest.update(zeros.limit(bytes).position(Protocol.HEADER_BYTES));
        zeros.clear();
        rate.await(bytes);
        channel.write(zeros, bytes);
        rate.sent(bytes, 0);
        zeroRuns = 0;
    }
}
