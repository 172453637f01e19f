package io.drover.vmm.virtio.balloon;

import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.virtio.GuestFaultLog;
import io.drover.vmm.virtio.RequestServer;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.GuestBuffers;
import java.util.Arrays;

/**
 * Pages that the driver hands over (virtio 1.2, 5.5.6): an array of their numbers, in any order. Neighbours are given back
 * together, as each hole costs a system call. A number that is no page of RAM is skipped.
 */
final class InflateRequests implements RequestServer {
    /** Of the numbers, whatever the size of pages is on either side (5.5.6). */
    static final int PAGE_SHIFT = 12;
    /** Linux sends 256 at once. What is behind these stays the guest's, which the specification allows. */
    private static final int MOST_PAGES = 4096;

    private final BackingFile backing;
    private final BalloonCounters counters;
    private final GuestFaultLog log;
    private final long[] pages = new long[MOST_PAGES];

    InflateRequests(BackingFile backing, BalloonCounters counters, GuestFaultLog log) {
        this.backing = backing;
        this.counters = counters;
        this.log = log;
    }

    @Override
    public long serve(DescriptorChain request) {
        GuestBuffers numbers = request.readable();
        int count = (int) Math.min(numbers.bytes() / Integer.BYTES, MOST_PAGES);
        for (int i = 0; i < count; i++) {
            pages[i] = numbers.read32((long) Integer.BYTES * i) & 0xFFFF_FFFFL;
        }
        Arrays.sort(pages, 0, count);
        try {
            int first = 0;
            while (first < count) {
                int next = first + 1;
                // One that comes twice is one.
                while (next < count && pages[next] - pages[next - 1] <= 1) {
                    next++;
                }
                long length = (pages[next - 1] - pages[first] + 1) << PAGE_SHIFT;
                counters.inflated(backing.giveBack(pages[first] << PAGE_SHIFT, length));
                first = next;
            }
        } catch (SystemCallException e) {
            log.warn("memory is not given back: " + e.getMessage());
        }
        return 0;
    }
}
