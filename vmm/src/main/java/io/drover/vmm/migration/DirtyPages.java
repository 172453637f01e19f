package io.drover.vmm.migration;

import io.drover.vmm.accelerator.DirtyLog;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.memory.PageSet;
import java.io.IOException;

/**
 * The pages that are written to, by whomever: what the accelerator logs of the vCPUs, and what the VMM has noted of itself. One
 * thread at a time.
 */
final class DirtyPages {
    private final GuestMemory memory;
    private final DirtyLog log;
    private boolean started;

    DirtyPages(GuestMemory memory, DirtyLog log) {
        this.memory = memory;
        this.log = log;
    }

    /** Begins. What is written after this has returned will be collected. */
    void start() throws IOException {
        started = true;
        memory.track();
        log.start();
    }

    /**
     * Adds what was written since the last time. Where this fails, what had been found is in the set, and the rest will be found
     * the next time.
     */
    void collect(PageSet into) throws IOException {
        log.collect(into);
        memory.drainWritten(into);
    }

    /** Ends it. */
    void stop() throws IOException {
        if (started) {
            started = false;
            memory.endTracking();
            log.stop();
        }
    }
}
