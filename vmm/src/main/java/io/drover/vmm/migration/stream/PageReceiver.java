package io.drover.vmm.migration.stream;

import io.drover.vmm.linux.IoVector;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.GuestPages;
import io.drover.vmm.memory.PageSet;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** The pages that come over one connection. Owned by one thread; allocates a little for each frame, nothing for each page. */
final class PageReceiver {
    private final FrameChannel channel;
    private final GuestPages guest;
    private final PageSet suspects;
    private final int index;
    private final int connections;
    private final Unpacker unpacker;
    private final ByteBuffer entries = ByteBuffer.allocateDirect(Protocol.MAX_ENTRIES * Protocol.ENTRY_BYTES);
    private final CRC32C digest;
    /** Whether there ever was a suspect among this connection's pages. */
    private boolean suspected;
    private long pages;
    private long inPass;

    /**
     * For one connection.
     *
     * @param suspects
     *            gets pages whose bytes and checksum do not match, until they come again
     * @param digest
     *            of the connection: of all entries that came, in their order
     */
    PageReceiver(FrameChannel channel, GuestMemory memory, PageSet suspects, Unpacker unpacker, int index,
            int connections, CRC32C digest) {
        this.channel = channel;
        this.unpacker = unpacker;
        this.guest = new GuestPages(memory);
        this.suspects = suspects;
        this.index = index;
        this.connections = connections;
        this.digest = digest;
    }

    /** Pages that came, those that came twice counted twice. */
    long pages() {
        return pages;
    }

    /** Takes the body of a PAGES frame whose header was read. */
    void takePages(long count) throws StreamException {
        checkCount(count, Protocol.MAX_ENTRIES);
        readEntries((int) count, 0);
        IoVector vector = channel.newReading();
        long before = -1;
        long runFirst = -1;
        for (int entry = 0; entry < count; entry++) {
            long page = number(entry, 0);
            check(page, before);
            if (entry == 0) {
                runFirst = page;
            } else if (page != before + 1 || !guest.followsInMemory(page)) {
                guest.addTo(vector, runFirst, before - runFirst + 1);
                runFirst = page;
            }
            before = page;
        }
        guest.addTo(vector, runFirst, before - runFirst + 1);
        channel.readWithNextHeader();
        for (int entry = 0; entry < count; entry++) {
            verify(number(entry, 0), (int) number(entry, Integer.BYTES));
        }
        pages += count;
        inPass += count;
    }

    /** Takes the body of a PACKED frame whose header was read. */
    void takePacked(long count) throws StreamException {
        checkCount(count, Protocol.MAX_PACKED_PAGES);
        readEntries((int) count, Integer.BYTES);
        long before = -1;
        for (int entry = 0; entry < count; entry++) {
            check(number(entry, 0), before);
            before = number(entry, 0);
        }
        byte[] raw = unpacker.read(number((int) count, 0), (int) count * Protocol.PAGE_BYTES);
        for (int entry = 0; entry < count; entry++) {
            guest.copyFrom(number(entry, 0), raw, entry * Protocol.PAGE_BYTES);
            verify(number(entry, 0), (int) number(entry, Integer.BYTES));
        }
        pages += count;
        inPass += count;
    }

    private void check(long page, long before) throws StreamException {
        if (page <= before || page >= guest.count() || Protocol.connectionOf(page, connections) != index) {
            throw damaged("page " + page + " (expected: one of " + guest.count() + ", behind " + before
                    + ", that goes over connection " + index + ")");
        }
    }

    private void verify(long page, int announced) {
        if (guest.checksum(page) != announced) {
            suspected = true;
            suspects.add(page);
        } else if (suspected) {
            suspects.remove(page);
        }
    }

    /** Takes the body of a ZEROS frame whose header was read. */
    void takeZeros(long count) throws StreamException {
        checkCount(count, Protocol.MAX_ENTRIES);
        readEntries((int) count, 0);
        for (int entry = 0; entry < count; entry++) {
            long first = number(entry, 0);
            long run = number(entry, Integer.BYTES);
            if (run < 1 || first + run > guest.count()
                    || first / Protocol.STRIPE_PAGES != (first + run - 1) / Protocol.STRIPE_PAGES
                    || Protocol.connectionOf(first, connections) != index) {
                throw damaged("a run of " + run + " pages of zeros from " + first + " on (expected: of "
                        + guest.count() + ", in one stripe, that goes over connection " + index + ")");
            }
            for (long page = first; page < first + run; page++) {
                guest.clear(page);
                suspects.remove(page);
            }
            inPass += run;
        }
    }

    /** Ends a pass in which so many came, as the sender says. */
    void endPass(long announced) throws StreamException {
        if (announced != inPass) {
            throw damaged(inPass + " pages of a pass came over connection " + index + " (sent: " + announced + ")");
        }
        inPass = 0;
    }

    /** And so many bytes behind them. */
    private void readEntries(int count, int more) throws StreamException {
        channel.read(entries, count * Protocol.ENTRY_BYTES + more);
        digest.update(entries.limit(count * Protocol.ENTRY_BYTES).position(0));
        entries.clear();
    }

    private static void checkCount(long count, int most) throws StreamException {
        if (count < 1 || count > most) {
            throw damaged("a frame of " + count + " pages or runs (expected: 1 to " + most + ")");
        }
    }

    /** Of an entry, not negative. */
    private long number(int entry, int offset) {
        return entries.getInt(entry * Protocol.ENTRY_BYTES + offset) & 0xFFFF_FFFFL;
    }

    private static StreamException damaged(String what) {
        return new StreamException(FailureKind.DAMAGED, what);
    }
}
