package io.drover.vmm.virtio.balloon;

import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.memory.BackingFile;
import io.drover.vmm.virtio.GuestFaultLog;
import io.drover.vmm.virtio.RequestServer;
import io.drover.vmm.virtio.queue.DescriptorChain;
import io.drover.vmm.virtio.queue.GuestBuffers;

/**
 * Pieces of memory that nobody in the guest uses, and nobody will until they are given back (virtio 1.2, 5.5.6.7): the buffers of
 * the request themselves. Linux reports pieces of 2 MiB and more, so that no huge page is taken apart.
 */
final class ReportRequests implements RequestServer {
    private final BackingFile backing;
    private final BalloonConfiguration configuration;
    private final BalloonCounters counters;
    private final GuestFaultLog log;

    ReportRequests(BackingFile backing, BalloonConfiguration configuration, BalloonCounters counters,
            GuestFaultLog log) {
        this.backing = backing;
        this.configuration = configuration;
        this.counters = counters;
        this.log = log;
    }

    @Override
    public long serve(DescriptorChain request) {
        // What is given back reads as zeros, and a driver that poisons free pages with something else relies on finding that.
        if (configuration.poison() != 0) {
            return 0;
        }
        GuestBuffers pieces = request.writable();
        try {
            int first = 0;
            while (first < pieces.count()) {
                long address = pieces.guestAddress(first);
                long length = pieces.length(first);
                int next = first + 1;
                while (next < pieces.count() && pieces.guestAddress(next) == address + length) {
                    length += pieces.length(next);
                    next++;
                }
                counters.reported(backing.giveBack(address, length));
                first = next;
            }
        } catch (SystemCallException e) {
            log.warn("memory is not given back: " + e.getMessage());
        }
        return 0;
    }
}
